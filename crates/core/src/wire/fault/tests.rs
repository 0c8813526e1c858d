//! Error responses: their kind, and the provider's words.

use std::time::Duration;

use crate::failure::FailureKind;
use crate::wire::{Head, decode_error, fault};

#[test]
fn every_status_and_code_has_its_kind() {
    use FailureKind as K;
    let openai = |code: &str| {
        format!(r#"{{"error":{{"message":"Words.","type":"invalid_request_error","param":null,"code":{code}}}}}"#)
    };
    for (status, body, kind) in [
        // platform.openai.com/docs/guides/error-codes
        (401, openai(r#""invalid_api_key""#), K::Auth),
        (403, openai(r#""unsupported_country_region_territory""#), K::Auth),
        (429, openai(r#""rate_limit_exceeded""#), K::RateLimit),
        (429, openai(r#""insufficient_quota""#), K::Quota),
        (400, openai(r#""billing_hard_limit_reached""#), K::Quota),
        (400, openai(r#""context_length_exceeded""#), K::ContextTooLong),
        (400, openai(r#""content_policy_violation""#), K::ContentFilter),
        // learn.microsoft.com/azure/ai-services/openai/concepts/content-filter
        (400, openai(r#""content_filter""#), K::ContentFilter),
        (400, openai(r#""unsupported_parameter""#), K::InvalidRequest),
        (404, openai(r#""model_not_found""#), K::UnknownModel),
        (400, openai(r#""model_not_found""#), K::UnknownModel),
        (500, openai("null"), K::Provider5xx),
        // A code that does not belong to a failing server decides nothing.
        (500, openai(r#""context_length_exceeded""#), K::Provider5xx),
        // openrouter.ai/docs/api/reference/errors-and-debugging
        (402, r#"{"error":{"code":402,"message":"Insufficient credits"}}"#.into(), K::Quota),
        (403, r#"{"error":{"code":403,"message":"Your input was flagged","metadata":{"reasons":["violence"],"flagged_input":"…","provider_name":"X","model_slug":"y"}}}"#.into(), K::ContentFilter),
        (403, r#"{"error":{"code":403,"message":"Key limit exceeded"}}"#.into(), K::Auth),
        // Statuses alone
        (400, String::new(), K::InvalidRequest),
        (402, String::new(), K::Quota),
        (408, String::new(), K::Timeout),
        (413, String::new(), K::ContextTooLong),
        (418, String::new(), K::InvalidRequest),
        (422, r#"{"detail":[{"loc":["body"],"msg":"field required"}]}"#.into(), K::InvalidRequest),
        (502, "<html>Bad gateway</html>".into(), K::Provider5xx),
        (504, String::new(), K::Provider5xx),
        (503, String::new(), K::Overloaded),
        (529, String::new(), K::Overloaded),
        (520, String::new(), K::Provider5xx),
        (307, String::new(), K::BadResponse),
        (204, String::new(), K::BadResponse),
        (999, String::new(), K::BadResponse),
    ] {
        let head = Head { status, content_type: "application/json".into(), retry_after: Some(Duration::from_secs(3)) };
        let failure = decode_error(&head, body.as_bytes());
        assert_eq!(failure.kind, kind, "{status} {body}");
        assert_eq!((failure.status, failure.retry_after), (Some(status), Some(Duration::from_secs(3))));
        assert!(failure.sentence.contains(&format!("({status})")), "{}", failure.sentence);
    }
}

#[test]
fn the_providers_words_are_quoted_wherever_they_are() {
    let long = format!("{}end", "word ".repeat(100));
    for (body, quoted) in [
        (r#"{"error":{"message":"No such thing."}}"#, "“No such thing.”"),
        // github.com/ollama/ollama, api errors
        (r#"{"error":"model \"x\" not found, try pulling it first"}"#, "“model \"x\" not found, try pulling it first”"),
        // github.com/vllm-project/vllm, ErrorResponse
        (
            r#"{"object":"error","message":"The model `x` does not exist.","type":"NotFoundError","param":null,"code":404}"#,
            "“The model `x` does not exist.”",
        ),
        // fastapi.tiangolo.com, HTTPException
        (r#"{"detail":"Not Found"}"#, "“Not Found”"),
        (r#"{"detail":[{"msg":"field required"}]}"#, "“field required”"),
        // openrouter.ai: what the provider behind it said
        (
            r#"{"error":{"code":404,"message":"Provider returned error","metadata":{"provider_name":"P","raw":"{\"error\":{\"message\":\"inner\"}}"}}}"#,
            "“inner”",
        ),
        (
            r#"{"error":{"code":404,"message":"Provider returned error","metadata":{"raw":"plain words"}}}"#,
            "“plain words”",
        ),
        ("not json at all\r\n", "“not json at all”"),
        ("a\u{7}b\u{1b}[31mc\u{202e}d\u{200b}\n\n  e\u{0}", "“ab[31mcd e”"),
        ("{}", "(404)."),
        ("<html>secret page</html>", "(404)."),
        ("", "(404)."),
    ] {
        let head = Head { status: 404, content_type: "application/json".into(), retry_after: None };
        let sentence = decode_error(&head, body.as_bytes()).sentence;
        assert!(sentence.ends_with(quoted), "{body}: {sentence}");
    }
    let sentence = decode_error(&Head { status: 400, ..Head::default() }, long.as_bytes()).sentence;
    let quote = sentence.split('“').nth(1).map(|rest| rest.trim_end_matches('”')).unwrap_or_default();
    assert_eq!(quote.chars().count(), 300, "{quote}");
    assert!(quote.ends_with('…'));
    assert_eq!(fault::clean(&"ü".repeat(300), 300), "ü".repeat(300), "what fits is not cut");
    assert_eq!(fault::clean(&"ü".repeat(301), 300).chars().count(), 300);
}

#[test]
fn a_prompt_that_is_too_long_is_known_by_its_words_where_nothing_else_says_it() {
    use FailureKind as K;
    let kind = |status, message: &str| {
        let body = serde_json::json!({ "error": { "type": "invalid_request_error", "message": message } });
        decode_error(&Head { status, ..Head::default() }, body.to_string().as_bytes()).kind
    };
    for (words, meant) in [
        ("prompt is too long: 203456 tokens > 200000 maximum", K::ContextTooLong),
        (
            "input length and `max_tokens` exceed context limit: 199211 + 8192 > 200000, decrease input length or `max_tokens` and try again",
            K::ContextTooLong,
        ),
        ("The input token count (1200293) exceeds the maximum number of tokens allowed (1048576).", K::ContextTooLong),
        (
            "This model's maximum context length is 65536 tokens. However, you requested 66343 tokens (62247 in the messages, 4096 in the completion).",
            K::ContextTooLong,
        ),
        (
            "This endpoint's maximum context length is 163840 tokens. However, you requested about 170000 tokens.",
            K::ContextTooLong,
        ),
        (
            "The decoder prompt (length 5000) is longer than the maximum model length of 4096. Make sure that `max_model_len` is no smaller.",
            K::ContextTooLong,
        ),
        ("This model's maximum prompt length is 131072 but the request contains 537812 tokens.", K::ContextTooLong),
        (
            "Prompt contains 65673 tokens and 0 draft tokens, too large for model with 32768 maximum context length",
            K::ContextTooLong,
        ),
        ("Your credit balance is too low to access the Anthropic API.", K::Quota),
        (
            "You have reached your specified API usage limits. You will regain access on 2026-12-01 at 00:00 UTC.",
            K::Quota,
        ),
        ("max_tokens: 300000 > 64000, which is the maximum allowed number of output tokens", K::InvalidRequest),
        ("messages.0.content: the prompt is too long to be a title", K::InvalidRequest),
        ("maximum: tokens > prompt is too long:", K::InvalidRequest),
        ("`temperature` is deprecated for this model.", K::InvalidRequest),
    ] {
        assert_eq!(kind(400, words), meant, "{words}");
        // Another status has said what it means.
        assert_eq!(
            (kind(401, words), kind(422, words), kind(500, words)),
            (K::Auth, K::InvalidRequest, K::Provider5xx)
        );
    }
}

#[test]
fn what_google_says_in_the_particulars_is_heard() {
    // ai.google.dev/gemini-api/docs/troubleshooting; cloud.google.com/apis/design/errors
    let head = Head { status: 429, ..Head::default() };
    let body = |delay: &str| {
        format!(
            r#"[{{"error":{{"code":429,"message":"Slow.","status":"RESOURCE_EXHAUSTED","details":[{{"@type":"type.googleapis.com/google.rpc.Help"}},{{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"{delay}"}}]}}}}]"#
        )
    };
    for (delay, waits) in
        [("39s", Some(39)), ("34.074824224s", Some(35)), ("0s", Some(0)), ("soon", None), ("-1s", None), ("s", None)]
    {
        let failure = decode_error(&head, body(delay).as_bytes());
        assert_eq!(failure.kind, FailureKind::RateLimit);
        assert_eq!(failure.retry_after, waits.map(Duration::from_secs), "{delay}");
        assert!(failure.sentence.contains("Slow."), "words are found in a list too");
    }
    let told = Head { retry_after: Some(Duration::from_secs(3)), ..head };
    assert_eq!(decode_error(&told, body("39s").as_bytes()).retry_after, told.retry_after, "the header is first");
}

#[test]
fn an_error_inside_an_answer_is_known_by_its_own_word_in_every_format() {
    use FailureKind as K;
    for (error, kind) in [
        (r#"{"type":"overloaded_error"}"#, K::Overloaded),
        (r#"{"type":"not_found_error"}"#, K::UnknownModel),
        (r#"{"type":"request_too_large"}"#, K::ContextTooLong),
        (r#"{"type":"billing_error"}"#, K::Quota),
        (r#"{"type":"timeout_error"}"#, K::Timeout),
        (r#"{"type":"permission_error"}"#, K::Auth),
        (r#"{"type":"rate_limit_error"}"#, K::RateLimit),
        (r#"{"type":"api_error"}"#, K::Provider5xx),
        (r#"{"status":"UNAVAILABLE"}"#, K::Overloaded),
        (r#"{"status":"INTERNAL"}"#, K::Provider5xx),
        (r#"{"status":"UNAUTHENTICATED"}"#, K::Auth),
        (r#"{"status":"NOT_FOUND"}"#, K::UnknownModel),
        (r#"{"status":"DEADLINE_EXCEEDED"}"#, K::Timeout),
        (r#"{"status":"RESOURCE_EXHAUSTED"}"#, K::RateLimit),
        (r#"{"code":503,"status":"UNAVAILABLE"}"#, K::Overloaded),
        (r#"{"code":400,"status":"INVALID_ARGUMENT","details":[{"reason":"API_KEY_INVALID"}]}"#, K::Auth),
        (r#"{"type":"exceed_context_size_error","code":400,"n_prompt_tokens":9}"#, K::ContextTooLong),
        (r#"{"code":"invalid_base64_image"}"#, K::InvalidRequest),
        (r#"{"code":"unheard_of"}"#, K::BadResponse),
    ] {
        for body in [format!(r#"{{"error":{error}}}"#), format!(r#"[{{"error":{error}}}]"#)] {
            let body = serde_json::from_str(&body).expect("JSON");
            assert_eq!(fault::inside(&body).map(|failure| failure.kind), Some(kind), "{body}");
        }
    }
    for fine in [r#"{"error":null}"#, r#"{"type":"message"}"#, "[]", "[1]", r#"[{"text":"x"}]"#, "null"] {
        assert_eq!(fault::inside(&serde_json::from_str(fine).expect("JSON")), None, "{fine}");
    }
}
