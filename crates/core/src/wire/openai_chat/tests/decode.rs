//! Whole answers.

use super::ok;
use crate::chat::Answer;
use crate::chat::FinishReason;
use crate::failure::{Billing, Failure, FailureKind};
use crate::money::Usage;
use crate::wire::Head;
use crate::wire::openai_chat::usage;
use crate::wire::{self, Wire};

fn decode(head: &Head, body: &[u8]) -> Result<Answer, Failure> {
    wire::decode(Wire::OpenAiChat, head, body)
}

#[test]
fn whole_answers_of_real_servers_are_read() {
    // platform.openai.com/docs/api-reference/chat/object
    let answer = decode(&ok(), include_bytes!("../../fixtures/openai_whole.json")).expect("an answer");
    assert_eq!(answer.text, "Hello! How can I assist you today?");
    assert_eq!(answer.finish, Some(FinishReason::Stop));
    assert_eq!(answer.usage, Some(Usage { input: 19, output: 10, ..Usage::default() }));
    assert_eq!(answer.model.as_deref(), Some("gpt-4.1-2025-04-14"));
    // api-docs.deepseek.com/api/create-chat-completion: its own name for cached tokens
    let answer = decode(&ok(), include_bytes!("../../fixtures/deepseek_whole.json")).expect("an answer");
    assert_eq!(answer.text, "Nine.", "reasoning is no part of the answer");
    assert_eq!(
        answer.usage,
        Some(Usage { input: 16, cached_input: 12, cache_write: 0, output: 10, reasoning: 7, ..Usage::default() })
    );
    // github.com/ollama/ollama, docs/openai.md
    let answer = decode(&ok(), include_bytes!("../../fixtures/ollama_whole.json")).expect("an answer");
    assert_eq!(answer.usage, Some(Usage { input: 26, output: 6, ..Usage::default() }));
}

#[test]
fn odd_answers_are_read_as_far_as_they_say_something() {
    let text = |body: &str| decode(&ok(), body.as_bytes()).unwrap_or_else(|failure| panic!("{body}: {failure:?}"));
    for (body, finish) in [
        (r#"{"choices":[{"message":{"content":"Yes"},"finish_reason":""}],"usage":{}}"#, None),
        (r#"{"choices":[{"message":{"content":"Yes"},"finish_reason":null}],"usage":null}"#, None),
        (r#"{"choices":[{"message":{"content":"Yes"}}],"error":null,"model":""}"#, None),
        (
            r#"{"choices":[{"index":1,"message":{"content":"No"}},{"index":0,"message":{"content":[{"type":"text","text":"Y"},{"type":"text","text":"es"}]},"finish_reason":"eos"}],"new":[{}]}"#,
            Some(FinishReason::Other("eos".into())),
        ),
        (
            r#"{"choices":[{"message":{"content":null,"refusal":"Yes"},"finish_reason":"length"}]}"#,
            Some(FinishReason::Length),
        ),
    ] {
        let answer = text(body);
        assert_eq!(
            (answer.text.as_str(), answer.finish, answer.usage, answer.model),
            ("Yes", finish, None, None),
            "{body}"
        );
    }
}

#[test]
fn usage_is_normalised_and_an_unbelievable_one_is_unknown() {
    let usage = |usage: &str| usage::read(&serde_json::from_str(usage).expect("JSON"), &usage::CHAT, true);
    let counts = |input, cached_input, cache_write, output, reasoning| {
        Some(Usage { input, cached_input, cache_write, output, reasoning, ..Usage::default() })
    };
    for (said, read) in [
        (r#"{"prompt_tokens":10,"completion_tokens":5}"#, counts(10, 0, 0, 5, 0)),
        // docs.x.ai and Gemini's compatible endpoint leave reasoning out of completion_tokens.
        (
            r#"{"prompt_tokens":10,"completion_tokens":5,"total_tokens":115,"completion_tokens_details":{"reasoning_tokens":100}}"#,
            counts(10, 0, 0, 105, 100),
        ),
        (
            r#"{"prompt_tokens":10,"completion_tokens":5,"completion_tokens_details":{"reasoning_tokens":100}}"#,
            counts(10, 0, 0, 105, 100),
        ),
        (r#"{"prompt_tokens":10,"completion_tokens":5,"total_tokens":115}"#, counts(10, 0, 0, 105, 0)),
        (r#"{"prompt_tokens":10,"total_tokens":15}"#, counts(10, 0, 0, 5, 0)),
        (r#"{"prompt_tokens":10.0,"completion_tokens":5.0}"#, counts(10, 0, 0, 5, 0)),
        (
            r#"{"prompt_tokens":10,"completion_tokens":5,"prompt_tokens_details":{"cached_tokens":99,"cache_write_tokens":99}}"#,
            counts(10, 10, 0, 5, 0),
        ),
        (
            r#"{"prompt_tokens":10,"completion_tokens":5,"prompt_tokens_details":null,"completion_tokens_details":null}"#,
            counts(10, 0, 0, 5, 0),
        ),
        (r#"{"prompt_tokens":18446744073709551615,"completion_tokens":18446744073709551615,"total_tokens":1}"#, None),
        ("{}", None),
        ("null", None),
        ("[]", None),
        (r#"{"prompt_tokens":0,"completion_tokens":0,"total_tokens":0}"#, None),
        (r#"{"prompt_tokens":10,"completion_tokens":0}"#, None),
        (r#"{"prompt_tokens":10}"#, None),
        (r#"{"prompt_tokens":-1,"completion_tokens":5}"#, None),
        (r#"{"prompt_tokens":"10","completion_tokens":5}"#, None),
        (r#"{"prompt_tokens":1.5,"completion_tokens":5}"#, None),
    ] {
        assert_eq!(usage(said), read, "{said}");
    }
}

#[test]
fn an_empty_answer_is_a_failure_that_keeps_what_was_billed() {
    let billed = r#""usage":{"prompt_tokens":9,"completion_tokens":256}"#;
    for (choice, sentence) in [
        (r#"{"message":{"content":""},"finish_reason":"length"}"#, "all of max_tokens was used"),
        (r#"{"message":{"content":null},"finish_reason":"content_filter"}"#, "content filter"),
        (r#"{"message":{"content":" \n"},"finish_reason":"stop"}"#, "said nothing"),
        (r#"{"message":{"tool_calls":[]},"finish_reason":"tool_calls"}"#, "said nothing"),
    ] {
        let failure = decode(&ok(), format!(r#"{{"choices":[{choice}],{billed}}}"#).as_bytes()).expect_err(choice);
        let filtered = sentence == "content filter";
        let kind = if filtered { FailureKind::ContentFilter } else { FailureKind::BadResponse };
        assert_eq!((failure.kind, failure.billing()), (kind, Billing::Unknown), "{choice}");
        assert_eq!(failure.usage, Some(Usage { input: 9, output: 256, ..Usage::default() }), "{choice}");
        assert!(failure.sentence.contains(sentence), "{choice}: {}", failure.sentence);
    }
}

#[test]
fn a_200_that_is_no_answer_is_a_failure() {
    for (body, kind) in [
        ("", FailureKind::BadResponse),
        ("{\"id\": \"chatcmpl-", FailureKind::BadResponse),
        ("null", FailureKind::BadResponse),
        ("[]", FailureKind::BadResponse),
        ("{}", FailureKind::BadResponse),
        (r#"{"choices":[]}"#, FailureKind::BadResponse),
        (r#"{"choices":{}}"#, FailureKind::BadResponse),
        ("  <!DOCTYPE html><title>Sign in</title>", FailureKind::BadResponse),
        // openrouter.ai/docs/api/reference/errors-and-debugging: errors after the head are sent with 200.
        (r#"{"error":{"code":502,"message":"Provider returned error"}}"#, FailureKind::Provider5xx),
        (r#"{"error":{"code":429,"message":"slow"},"choices":[]}"#, FailureKind::RateLimit),
        (
            r#"{"choices":[{"error":{"code":503,"message":"gone"},"message":{"content":"par"},"finish_reason":"error"}]}"#,
            FailureKind::Overloaded,
        ),
        (r#"{"error":"out of memory"}"#, FailureKind::BadResponse),
        (r#"{"error":{"code":200,"message":"odd"}}"#, FailureKind::BadResponse),
        (r#"{"object":"error","message":"x","code":40303}"#, FailureKind::BadResponse),
    ] {
        let failure = decode(&ok(), body.as_bytes()).expect_err(body);
        assert_eq!((failure.kind, failure.status), (kind, Some(200)), "{body}");
    }
    let html = Head { content_type: "text/html; charset=utf-8".into(), ..ok() };
    assert_eq!(decode(&html, b"{}").expect_err("HTML").kind, FailureKind::BadResponse);
}

#[test]
fn what_was_counted_of_an_answer_that_failed_is_billed() {
    let usage = r#""usage":{"prompt_tokens":90,"completion_tokens":40,"total_tokens":130}"#;
    // openrouter.ai/docs/api/reference/errors-and-debugging: an error in place of a choice's end
    let part = format!(
        r#"{{"choices":[{{"error":{{"code":502,"message":"gone"}},"message":{{"content":"par"}},"finish_reason":"error"}}],{usage}}}"#
    );
    let failure = decode(&ok(), part.as_bytes()).expect_err("an error");
    assert_eq!((failure.kind, failure.begun), (FailureKind::Provider5xx, true), "it is not tried again");
    assert_eq!(failure.usage.map(|usage| (usage.input, usage.output)), Some((90, 40)));
    let uncounted = part.replace(usage, r#""usage":null"#);
    let failure = decode(&ok(), uncounted.as_bytes()).expect_err("an error");
    assert_eq!((failure.usage, failure.billing()), (None, Billing::Unknown), "what was written was paid for");
}
