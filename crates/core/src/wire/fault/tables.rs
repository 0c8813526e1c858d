//! What providers write when something goes wrong, in all formats, and what it means. Each row is taken from
//! the provider's own documentation or, where that is silent, from what its API was seen to answer.

use crate::failure::FailureKind as Kind;

/// Codes and types of errors that say more than the status does. A code that is not here decides
/// nothing.
pub(super) const CODES: &[(&str, Kind)] = &[
    // platform.openai.com/docs/guides/error-codes, and all who copy it
    ("context_length_exceeded", Kind::ContextTooLong),
    ("content_filter", Kind::ContentFilter),
    ("content_policy_violation", Kind::ContentFilter),
    ("moderation_blocked", Kind::ContentFilter),
    ("insufficient_quota", Kind::Quota),
    ("billing_hard_limit_reached", Kind::Quota),
    ("billing_not_active", Kind::Quota),
    ("invalid_api_key", Kind::Auth),
    ("model_not_found", Kind::UnknownModel),
    // platform.openai.com/docs/api-reference/responses/object, `error.code`
    ("bio_policy", Kind::ContentFilter),
    ("image_content_policy_violation", Kind::ContentFilter),
    // docs.anthropic.com/en/api/errors
    ("billing_error", Kind::Quota),
    ("request_too_large", Kind::ContextTooLong),
    // cloud.google.com/apis/design/errors: the reason in `details`, with 400 INVALID_ARGUMENT
    ("API_KEY_INVALID", Kind::Auth),
    // github.com/ggml-org/llama.cpp, tools/server
    ("exceed_context_size_error", Kind::ContextTooLong),
];

/// Codes and types that stand in for a status where there is none: an error object inside a response
/// that began with 200.
pub(super) const CODES_WITHOUT_STATUS: &[(&str, Kind)] = &[
    // docs.anthropic.com/en/api/errors and platform.openai.com/docs/guides/error-codes
    ("authentication_error", Kind::Auth),
    ("permission_error", Kind::Auth),
    ("not_found_error", Kind::UnknownModel),
    ("rate_limit_exceeded", Kind::RateLimit),
    ("rate_limit_error", Kind::RateLimit),
    ("overloaded_error", Kind::Overloaded),
    ("server_error", Kind::Provider5xx),
    ("internal_server_error", Kind::Provider5xx),
    ("api_error", Kind::Provider5xx),
    ("timeout", Kind::Timeout),
    ("timeout_error", Kind::Timeout),
    ("invalid_request_error", Kind::InvalidRequest),
    // github.com/openai/openai-dotnet/issues/881 and github.com/vercel/ai/pull/20022: in a Responses stream
    ("too_many_requests", Kind::RateLimit),
    ("service_unavailable_error", Kind::Overloaded),
    // platform.openai.com/docs/api-reference/responses/object, `error.code`
    ("invalid_prompt", Kind::InvalidRequest),
    ("invalid_image", Kind::InvalidRequest),
    ("invalid_image_format", Kind::InvalidRequest),
    ("invalid_base64_image", Kind::InvalidRequest),
    ("image_too_large", Kind::InvalidRequest),
    ("image_too_small", Kind::InvalidRequest),
    ("image_parse_error", Kind::InvalidRequest),
    ("image_file_too_large", Kind::InvalidRequest),
    ("empty_image_file", Kind::InvalidRequest),
    ("unsupported_image_media_type", Kind::InvalidRequest),
    // ai.google.dev/gemini-api/docs/troubleshooting, `error.status`
    ("INVALID_ARGUMENT", Kind::InvalidRequest),
    ("FAILED_PRECONDITION", Kind::InvalidRequest),
    ("OUT_OF_RANGE", Kind::InvalidRequest),
    ("UNAUTHENTICATED", Kind::Auth),
    ("PERMISSION_DENIED", Kind::Auth),
    ("NOT_FOUND", Kind::UnknownModel),
    ("RESOURCE_EXHAUSTED", Kind::RateLimit),
    ("INTERNAL", Kind::Provider5xx),
    ("UNKNOWN", Kind::Provider5xx),
    ("UNAVAILABLE", Kind::Overloaded),
    ("DEADLINE_EXCEEDED", Kind::Timeout),
];

/// What some providers say only in words, with 400 and a code that fits every bad request: all of a row's
/// pieces, in lower case and in this order. The only place where words decide, and only between a malformed
/// call, which no other model would take, and a call that another model may take.
pub(super) const WORDS: &[(&[&str], Kind)] = &[
    // Anthropic: "prompt is too long: 203456 tokens > 200000 maximum"
    (&["prompt is too long:", "tokens >", "maximum"], Kind::ContextTooLong),
    // Anthropic: "input length and `max_tokens` exceed context limit: 199211 + 8192 > 200000"
    (&["input length and `max_tokens` exceed context limit:"], Kind::ContextTooLong),
    // Gemini: "The input token count (1200293) exceeds the maximum number of tokens allowed (1048576)."
    (&["input token count", "exceeds the maximum number of tokens allowed"], Kind::ContextTooLong),
    // DeepSeek, vLLM, OpenRouter: "This model's maximum context length is 65536 tokens. However, you requested …"
    (&["maximum context length is", "tokens"], Kind::ContextTooLong),
    // vLLM: "The decoder prompt (length 5000) is longer than the maximum model length of 4096."
    (&["prompt (length", "is longer than the maximum model length of"], Kind::ContextTooLong),
    // xAI: "This model's maximum prompt length is 131072 but the request contains 537812 tokens."
    (&["maximum prompt length is", "but the request contains", "tokens"], Kind::ContextTooLong),
    // Mistral: "Prompt contains 65673 tokens …, too large for model with 32768 maximum context length"
    (&["prompt contains", "too large for model with", "maximum context length"], Kind::ContextTooLong),
    // Anthropic: "Your credit balance is too low to access the Anthropic API. …"
    (&["your credit balance is too low"], Kind::Quota),
    // Anthropic: "You have reached your specified API usage limits. …"
    (&["you have reached your specified", "usage limits"], Kind::Quota),
];
