//! Whole answers.

use crate::chat::{Answer, FinishReason};
use crate::failure::{Billing, Failure, FailureKind};
use crate::money::Usage;
use crate::wire::{self, Head, Wire};

fn decode(body: &[u8]) -> Result<Answer, Failure> {
    let head = Head { status: 200, content_type: "application/json; charset=utf-8".into(), retry_after: None };
    wire::decode(Wire::Gemini, &head, body)
}

fn answer(candidate: &str) -> String {
    let usage = r#"{"promptTokenCount":9,"candidatesTokenCount":4,"totalTokenCount":13}"#;
    format!(r#"{{"candidates":[{candidate}],"usageMetadata":{usage}}}"#)
}

#[test]
fn a_whole_answer_is_its_texts_without_the_thoughts() {
    // firebase.google.com/docs/ai-logic/server-prompt-templates/manage-templates (usage and ids),
    // ai.google.dev/gemini-api/docs/thinking (thought summaries)
    let answer = decode(include_bytes!("../../fixtures/gemini_whole.json")).expect("an answer");
    assert_eq!(answer.text, "Two and two are four. 👋🏽");
    assert_eq!(answer.finish, Some(FinishReason::Stop));
    assert_eq!(answer.model.as_deref(), Some("gemini-3-flash-preview"));
    let usage = Usage { input: 34, output: 418 + 438, reasoning: 438, ..Usage::default() };
    assert_eq!(answer.usage, Some(usage), "thoughts are not among the candidates' tokens");
}

#[test]
fn every_reason_to_finish_has_its_meaning() {
    use FinishReason::{ContentFilter, Length, Other, Stop};
    for (said, finish) in [
        ("STOP", Some(Stop)),
        ("MAX_TOKENS", Some(Length)),
        ("SAFETY", Some(ContentFilter)),
        ("RECITATION", Some(ContentFilter)),
        ("BLOCKLIST", Some(ContentFilter)),
        ("PROHIBITED_CONTENT", Some(ContentFilter)),
        ("SPII", Some(ContentFilter)),
        ("IMAGE_SAFETY", Some(ContentFilter)),
        ("LANGUAGE", Some(Other("LANGUAGE".into()))),
        ("OTHER", Some(Other("OTHER".into()))),
        ("MALFORMED_FUNCTION_CALL", Some(Other("MALFORMED_FUNCTION_CALL".into()))),
        ("A_NEW_ONE", Some(Other("A_NEW_ONE".into()))),
        ("FINISH_REASON_UNSPECIFIED", None),
        ("", None),
    ] {
        let body = answer(&format!(r#"{{"content":{{"parts":[{{"text":"Yes"}}]}},"finishReason":"{said}"}}"#));
        let answer = decode(body.as_bytes()).expect(said);
        assert_eq!((answer.text.as_str(), answer.finish), ("Yes", finish), "{said}");
        assert_eq!(answer.usage, Some(Usage { input: 9, output: 4, ..Usage::default() }), "{said}");
    }
}

#[test]
fn odd_answers_are_read_as_far_as_they_say_something() {
    for candidate in [
        r#"{"content":{"parts":[{"text":"Yes"}]},"groundingMetadata":{},"new":[{}]}"#,
        r#"{"content":{"parts":[{"text":"Y"},{"functionCall":{"name":"f"}},{"text":"es"}],"role":null},"finishReason":null}"#,
        r#"{"index":1,"content":{"parts":[{"text":"No"}]}},{"index":0,"content":{"parts":[{"text":"Yes","thought":false}]}}"#,
    ] {
        let answer = decode(answer(candidate).as_bytes()).unwrap_or_else(|failure| panic!("{candidate}: {failure:?}"));
        assert_eq!((answer.text.as_str(), answer.finish, answer.model), ("Yes", None, None), "{candidate}");
    }
}

#[test]
fn a_prompt_that_was_blocked_is_a_refusal_that_keeps_what_was_read() {
    // ai.google.dev/api/generate-content, PromptFeedback
    let body = r#"{"promptFeedback":{"blockReason":"PROHIBITED_CONTENT","safetyRatings":[]},"usageMetadata":{"promptTokenCount":638,"totalTokenCount":638},"modelVersion":"gemini-2.5-flash"}"#;
    let failure = decode(body.as_bytes()).expect_err("blocked");
    assert_eq!(failure.kind, FailureKind::ContentFilter);
    assert_eq!(failure.usage, Some(Usage { input: 638, ..Usage::default() }));
    assert!(failure.sentence.contains("PROHIBITED_CONTENT"), "{}", failure.sentence);
    let without = decode(br#"{"promptFeedback":{"blockReason":"OTHER"}}"#).expect_err("blocked");
    assert_eq!((without.kind, without.usage), (FailureKind::ContentFilter, None));
    let not = answer(r#"{"content":{"parts":[{"text":"Yes"}]}}"#).replacen('{', r#"{"promptFeedback":{},"#, 1);
    assert_eq!(decode(not.as_bytes()).expect("an answer").text, "Yes", "feedback without a reason blocks nothing");
}

#[test]
fn an_empty_answer_is_a_failure_that_keeps_what_was_billed() {
    for (candidate, sentence) in [
        (r#"{"finishReason":"MAX_TOKENS","index":0}"#, "all of max_tokens was used"),
        (r#"{"content":{"role":"model"},"finishReason":"MAX_TOKENS"}"#, "all of max_tokens was used"),
        (r#"{"content":{"parts":[]},"finishReason":"SAFETY"}"#, "content filter"),
        (r#"{"content":{"parts":[{"text":" \n"}]},"finishReason":"STOP"}"#, "said nothing"),
        (r#"{"content":{"parts":[{"text":"Hm","thought":true}]},"finishReason":"STOP"}"#, "said nothing"),
        (r#"{"content":{"parts":[{"functionCall":{}}]}}"#, "said nothing"),
    ] {
        let failure = decode(answer(candidate).as_bytes()).expect_err(candidate);
        let filtered = sentence == "content filter";
        let kind = if filtered { FailureKind::ContentFilter } else { FailureKind::BadResponse };
        assert_eq!((failure.kind, failure.billing()), (kind, Billing::Unknown), "{candidate}");
        assert_eq!(failure.usage, Some(Usage { input: 9, output: 4, ..Usage::default() }), "{candidate}");
        assert!(failure.sentence.contains(sentence), "{candidate}: {}", failure.sentence);
    }
    let failure = decode(answer("").as_bytes()).expect_err("no candidate");
    assert_eq!(failure.usage, Some(Usage { input: 9, output: 4, ..Usage::default() }));
}

#[test]
fn a_200_that_is_no_answer_is_a_failure() {
    for (body, kind) in [
        ("", FailureKind::BadResponse),
        ("{\"candidates\": [", FailureKind::BadResponse),
        ("null", FailureKind::BadResponse),
        ("{}", FailureKind::BadResponse),
        (r#"{"candidates":{}}"#, FailureKind::BadResponse),
        ("<!DOCTYPE html><title>Sign in</title>", FailureKind::BadResponse),
        (r#"{"error":{"code":429,"message":"slow","status":"RESOURCE_EXHAUSTED"}}"#, FailureKind::RateLimit),
        (r#"{"error":{"code":503,"message":"full","status":"UNAVAILABLE"}}"#, FailureKind::Overloaded),
    ] {
        assert_eq!(decode(body.as_bytes()).expect_err(body).kind, kind, "{body}");
    }
}
