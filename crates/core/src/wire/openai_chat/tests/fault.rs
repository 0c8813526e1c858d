//! Error responses: their kind, and the provider's words.

use std::time::Duration;

use crate::failure::FailureKind;
use crate::wire::Head;
use crate::wire::{decode_error, fault};

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
