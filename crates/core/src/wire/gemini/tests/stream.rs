//! Streamed answers, cut at every byte.

use crate::chat::{FinishReason, StreamEvent};
use crate::failure::{Billing, FailureKind, Verdict};
use crate::money::Usage;
use crate::wire::Wire;
use crate::wire::tests::cut::{self, Read};

fn read<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> Read {
    cut::read(Wire::Gemini, parts)
}

fn read_cut_everywhere(stream: &[u8]) -> Read {
    cut::read_cut_everywhere(Wire::Gemini, stream)
}

fn said(text: &str) -> StreamEvent {
    StreamEvent::Text(text.to_owned())
}

fn plain() -> Vec<StreamEvent> {
    vec![
        StreamEvent::Model("gemini-2.5-flash".into()),
        said("Grüße"),
        said(" 👋🏽 \u{2028}\n"),
        said("Ja."),
        StreamEvent::Finish(FinishReason::Stop),
        StreamEvent::Usage(Usage { input: 9, output: 7, ..Usage::default() }),
    ]
}

fn fixtures() -> Vec<(&'static str, Vec<StreamEvent>)> {
    let usage =
        Usage { input: 2_100, cached_input: 512, image: 1_120, output: 106, reasoning: 104, ..Usage::default() };
    vec![
        // ai.google.dev/api/generate-content, streamGenerateContent with alt=sse
        (include_str!("../../fixtures/gemini_stream.sse"), plain()),
        // ai.google.dev/gemini-api/docs/thinking (thought summaries), …/caching (implicit), UsageMetadata
        (
            include_str!("../../fixtures/gemini_thought_stream.sse"),
            vec![
                StreamEvent::Model("gemini-3-pro-preview".into()),
                said("Red"),
                StreamEvent::Finish(FinishReason::Stop),
                StreamEvent::Usage(usage),
            ],
        ),
    ]
}

#[test]
fn streams_say_the_same_wherever_they_are_cut_and_however_lines_end() {
    for (stream, events) in fixtures() {
        for line_end in ["\n", "\r\n", "\r"] {
            for mark in ["", "\u{feff}"] {
                let stream = format!("{mark}{}", stream.replace('\n', line_end));
                assert_eq!(read_cut_everywhere(stream.as_bytes()), (events.clone(), Ok(())), "line end {line_end:?}");
            }
        }
    }
}

#[test]
fn a_stream_sent_as_a_list_is_understood() {
    // ai.google.dev/api/generate-content: without alt=sse the same chunks are one JSON list.
    let list = include_str!("../../fixtures/gemini_list.json");
    assert_eq!(read_cut_everywhere(list.as_bytes()), (plain(), Ok(())));
    let end = list.rfind(']').expect("a bracket");
    for at in 0..end {
        let (said, closed) = read([&list.as_bytes()[..at]]);
        assert_eq!(closed.expect_err("cut").kind, FailureKind::NetworkAfterSend, "at {at}");
        assert!(plain().starts_with(&said), "at {at}");
    }
    let error = r#"[{"error":{"code":503,"message":"The model is overloaded.","status":"UNAVAILABLE"}}]"#;
    assert_eq!(read_cut_everywhere(error.as_bytes()).1.expect_err("an error").kind, FailureKind::Overloaded);
}

#[test]
fn a_close_before_the_reason_to_finish_is_a_cut_and_one_after_it_is_the_end() {
    for (stream, events) in fixtures() {
        let last = stream.trim_end().rfind("data: ").expect("an event");
        let whole = stream.trim_end_matches('\n').len() + 2;
        for at in 0..whole {
            if !stream.is_char_boundary(at) {
                continue;
            }
            let (said, closed) = read([&stream.as_bytes()[..at]]);
            let failure = closed.expect_err("cut");
            assert_eq!((failure.kind, failure.billing()), (FailureKind::NetworkAfterSend, Billing::Unknown), "at {at}");
            assert!(events.starts_with(&said), "what was said before the cut stays the same, at {at}");
            assert_eq!(failure.usage, None, "what was counted before the end is too little, at {at}");
        }
        assert_eq!(read([&stream.as_bytes()[..whole]]), (events.clone(), Ok(())));
        let begun = format!("{stream}data: {{\"candidates\":");
        let failure = read([begun.as_bytes()]).1.expect_err("more had begun");
        assert_eq!(failure.kind, FailureKind::NetworkAfterSend);
        assert!(failure.usage.is_some(), "a final usage is kept");
        let (said, closed) = read([&stream.as_bytes()[..last]]);
        assert!(closed.is_err() && !said.is_empty());
    }
}

fn chunk(parts: &str, rest: &str) -> String {
    format!("data: {{\"candidates\":[{{\"content\":{{\"parts\":[{parts}],\"role\":\"model\"}}{rest}}}]}}\n\n")
}

fn done() -> String {
    chunk(r#"{"text":"Yes"}"#, r#","finishReason":"STOP""#)
}

#[test]
fn what_shows_life_is_no_text() {
    let end = [said("Yes"), StreamEvent::Finish(FinishReason::Stop)];
    for odd in [
        chunk(r#"{"text":"Hm","thought":true}"#, ""),
        chunk(r#"{"text":"","thoughtSignature":"x"}"#, ""),
        chunk("", ""),
        "data: {\"usageMetadata\":{\"promptTokenCount\":4,\"totalTokenCount\":9}}\n\n".to_owned(),
        "data: {\"candidates\":[{\"index\":0}]}\n\n".to_owned(),
        "data: {}\n\n".to_owned(),
        "data:\n\n".to_owned(),
        ": ping\n".to_owned(),
    ] {
        let (events, closed) = read_cut_everywhere(format!("{odd}{}", done()).as_bytes());
        assert_eq!(closed, Ok(()), "{odd}");
        assert_eq!(events[0], StreamEvent::Alive, "{odd}");
        assert_eq!(events[1..], end, "{odd}");
    }
}

#[test]
fn the_last_usage_holds_also_where_it_comes_after_the_reason_to_finish() {
    let usage = |output| {
        format!("data: {{\"usageMetadata\":{{\"promptTokenCount\":4,\"candidatesTokenCount\":{output}}}}}\n\n")
    };
    let (events, closed) = read_cut_everywhere(format!("{}{}{}{}", usage(1), done(), usage(2), usage(3)).as_bytes());
    assert_eq!(closed, Ok(()));
    let counted = |output| StreamEvent::Usage(Usage { input: 4, output, ..Usage::default() });
    let finish = StreamEvent::Finish(FinishReason::Stop);
    assert_eq!(events, [StreamEvent::Alive, said("Yes"), finish, counted(2), counted(3)]);
}

#[test]
fn a_broken_stream_is_classified_and_never_free_once_it_had_begun() {
    use FailureKind as K;
    let text = chunk(r#"{"text":"Yes"}"#, "");
    let thought = chunk(r#"{"text":"Hm","thought":true}"#, "");
    for (breaks, kind) in [
        ("data: {\"candidates\": [\n\n", K::BadResponse),
        // google.aip.dev/193, ai.google.dev/gemini-api/docs/troubleshooting: an error in place of a chunk
        (
            "data: {\"error\":{\"code\":503,\"message\":\"The model is overloaded.\",\"status\":\"UNAVAILABLE\"}}\n\n",
            K::Overloaded,
        ),
        ("data: {\"error\":{\"code\":500,\"message\":\"x\",\"status\":\"INTERNAL\"}}\n\n", K::Provider5xx),
        ("data: {\"error\":{\"code\":429,\"message\":\"x\",\"status\":\"RESOURCE_EXHAUSTED\"}}\n\n", K::RateLimit),
        ("data: {\"promptFeedback\":{\"blockReason\":\"SAFETY\"}}\n\n", K::ContentFilter),
    ] {
        let (events, end) = read_cut_everywhere(breaks.as_bytes());
        let failure = end.expect_err(breaks);
        assert_eq!((failure.kind, failure.billing(), failure.begun), (kind, kind.billing(), false), "{breaks}");
        assert_eq!(events, [], "{breaks}");
        for begun in [&text, &thought] {
            let (events, end) = read_cut_everywhere(format!("{begun}{breaks}").as_bytes());
            let failure = end.expect_err(breaks);
            assert_eq!((failure.kind, failure.billing(), failure.usage), (kind, Billing::Unknown, None), "{breaks}");
            assert_ne!(failure.verdict(), Verdict::Retry, "an answer that had begun is not asked for twice");
            assert_eq!(events.len(), 1);
        }
    }
}

#[test]
fn a_stream_without_a_word_is_a_failure_that_keeps_what_was_billed() {
    let usage = Usage { input: 9, output: 256, reasoning: 256, ..Usage::default() };
    let counts = r#"{"promptTokenCount":9,"thoughtsTokenCount":256,"totalTokenCount":265}"#;
    let stream = format!(
        "data: {{\"candidates\":[{{\"finishReason\":\"MAX_TOKENS\",\"index\":0}}],\"usageMetadata\":{counts}}}\n\n"
    );
    let (_, end) = read_cut_everywhere(stream.as_bytes());
    let failure = end.expect_err("empty");
    assert_eq!((failure.kind, failure.usage), (FailureKind::BadResponse, Some(usage)));
    assert!(failure.sentence.contains("max_tokens"), "{}", failure.sentence);
    let blocked = r#"data: {"promptFeedback":{"blockReason":"SAFETY"},"usageMetadata":{"promptTokenCount":9,"totalTokenCount":9}}"#;
    let (_, end) = read_cut_everywhere(format!("{blocked}\r\n\r\n").as_bytes());
    assert_eq!(end.expect_err("blocked").usage, Some(Usage { input: 9, ..Usage::default() }));
}

#[test]
fn a_server_that_does_not_stream_is_understood() {
    let body = include_str!("../../fixtures/gemini_whole.json");
    let (events, end) = read_cut_everywhere(body.as_bytes());
    assert_eq!(end, Ok(()));
    let usage = Usage { input: 34, output: 856, reasoning: 438, ..Usage::default() };
    assert_eq!(
        events,
        [
            StreamEvent::Model("gemini-3-flash-preview".into()),
            said("Two and two are "),
            said("four. 👋🏽"),
            StreamEvent::Finish(FinishReason::Stop),
            StreamEvent::Usage(usage),
            StreamEvent::End
        ]
    );
}
