//! Streamed answers, cut at every byte.

use crate::chat::{FinishReason, StreamEvent};
use crate::failure::{Billing, FailureKind, Verdict};
use crate::money::{MicroUsd, Usage};
use crate::wire::Wire;
use crate::wire::tests::cut::{self, Read};

fn read<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> Read {
    cut::read(Wire::OpenAiChat, parts)
}

fn read_cut_everywhere(stream: &[u8]) -> Read {
    cut::read_cut_everywhere(Wire::OpenAiChat, stream)
}

fn said(text: &str) -> StreamEvent {
    StreamEvent::Text(text.to_owned())
}

fn fixtures() -> Vec<(&'static str, Vec<StreamEvent>)> {
    use StreamEvent::{Alive, End, Finish, Model};
    let usage = |input, cached_input, cache_write, output, reasoning| {
        StreamEvent::Usage(Usage { input, cached_input, cache_write, output, reasoning, ..Usage::default() })
    };
    vec![
        // platform.openai.com/docs/api-reference/chat-streaming, with include_usage
        (
            include_str!("../../fixtures/openai_stream.sse"),
            vec![
                Model("gpt-4o-mini".into()),
                said("Grüße"),
                said(" 👋🏽 \u{2028}\n"),
                Finish(FinishReason::Stop),
                usage(19, 8, 0, 10, 0),
                End,
            ],
        ),
        // openrouter.ai/docs/api/reference/streaming: comments, reasoning, usage with cost
        (
            include_str!("../../fixtures/openrouter_stream.sse"),
            vec![
                Alive,
                Alive,
                Model("deepseek/deepseek-r1".into()),
                said("Four."),
                Finish(FinishReason::Stop),
                StreamEvent::Usage(Usage {
                    input: 14,
                    cache_write: 4,
                    output: 163,
                    reasoning: 150,
                    cost: Some(MicroUsd::from_micros(415)),
                    ..Usage::default()
                }),
                End,
            ],
        ),
        // api-docs.deepseek.com/guides/reasoning_model, and its keep-alive comments
        (
            include_str!("../../fixtures/deepseek_stream.sse"),
            vec![
                Alive,
                Model("deepseek-reasoner".into()),
                said("Hello"),
                Finish(FinishReason::Stop),
                usage(17, 16, 0, 9, 3),
                End,
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
fn a_stream_without_its_end_mark_was_cut_wherever_that_happened() {
    for (stream, events) in fixtures() {
        let end = stream.find("data: [DONE]").expect("an end mark");
        for at in 0..end + "data: [DONE".len() {
            if !stream.is_char_boundary(at) {
                continue;
            }
            let (said, closed) = read([&stream.as_bytes()[..at]]);
            let failure = closed.expect_err("cut");
            assert_eq!((failure.kind, failure.billing()), (FailureKind::NetworkAfterSend, Billing::Unknown), "at {at}");
            assert!(events.starts_with(&said), "what was said before the cut stays the same, at {at}");
            assert_eq!(
                failure.usage.is_some(),
                said.iter().any(|event| matches!(event, StreamEvent::Usage(_))),
                "a final usage is kept, at {at}"
            );
        }
        for rest in ["", "\n", "\n\n", "\r\n"] {
            let (_, closed) = read([format!("{}data: [DONE]{rest}", &stream[..end]).as_bytes()]);
            assert_eq!(closed, Ok(()), "the end mark counts without a blank line too: {rest:?}");
        }
    }
}

fn chunk(delta: &str, rest: &str) -> String {
    format!("data: {{\"choices\":[{{\"index\":0,\"delta\":{delta}{rest}}}]}}\n\n")
}

#[test]
fn what_shows_life_is_no_text() {
    let silent = [
        "{}",
        r#"{"role":"assistant"}"#,
        r#"{"content":""}"#,
        r#"{"content":null}"#,
        r#"{"reasoning_content":"Hm"}"#,
        r#"{"reasoning":"Hm"}"#,
        r#"{"reasoning":"","reasoning_details":[{}]}"#,
    ];
    for delta in silent {
        let stream = format!("{}{}data: [DONE]\n\n", chunk(delta, ""), chunk(r#"{"content":"Yes"}"#, ""));
        assert_eq!(
            read_cut_everywhere(stream.as_bytes()),
            (vec![StreamEvent::Alive, said("Yes"), StreamEvent::End], Ok(())),
            "{delta}"
        );
    }
    for odd in [
        "data:\n\n",
        ": ping\n",
        "data: {\"choices\":null}\n\n",
        "data: {}\n\n",
        "event: ping\ndata: {\"type\":\"ping\"}\n\n",
    ] {
        let stream = format!("{odd}{}data: [DONE]\n\n", chunk(r#"{"content":"Yes"}"#, ""));
        assert_eq!(read([stream.as_bytes()]).0, [StreamEvent::Alive, said("Yes"), StreamEvent::End], "{odd:?}");
    }
}

#[test]
fn data_over_several_lines_is_one_chunk() {
    let stream = "data: {\"choices\":[{\"delta\":\ndata: {\"content\":\"Yes\"}}]}\n\ndata: [DONE]\n\nafter the end";
    assert_eq!(read_cut_everywhere(stream.as_bytes()), (vec![said("Yes"), StreamEvent::End], Ok(())));
}

#[test]
fn a_broken_stream_is_classified_and_never_free_once_it_had_begun() {
    use FailureKind as K;
    let text = chunk(r#"{"content":"Yes"}"#, "");
    let thought = chunk(r#"{"reasoning":"Hm"}"#, "");
    for (breaks, kind) in [
        ("data: {\"id\":\"chatcmpl-\n\n", K::BadResponse),
        ("data: [1\n\n", K::BadResponse),
        // platform.openai.com: an error object in place of a chunk
        (
            "data: {\"error\":{\"message\":\"The server had an error\",\"type\":\"server_error\",\"param\":null,\"code\":null}}\n\n",
            K::Provider5xx,
        ),
        // openrouter.ai/docs/api/reference/streaming: mid-stream errors
        (
            "data: {\"id\":\"gen-1\",\"object\":\"chat.completion.chunk\",\"provider\":\"openai\",\"error\":{\"code\":\"server_error\",\"message\":\"Provider disconnected unexpectedly\"},\"choices\":[{\"index\":0,\"delta\":{\"content\":\"\"},\"finish_reason\":\"error\"}]}\n\n",
            K::Provider5xx,
        ),
        ("data: {\"error\":{\"code\":429,\"message\":\"slow\"}}\n\n", K::RateLimit),
        (
            "data: {\"choices\":[{\"index\":0,\"error\":{\"code\":502,\"message\":\"x\"},\"delta\":{},\"finish_reason\":\"error\"}]}\n\n",
            K::Provider5xx,
        ),
        // github.com/vllm-project/vllm
        (
            "event: error\ndata: {\"object\":\"error\",\"message\":\"x\",\"type\":\"BadRequestError\",\"code\":400}\n\n",
            K::InvalidRequest,
        ),
        ("data: {\"error\":{\"code\":\"context_length_exceeded\",\"message\":\"long\"}}\n\n", K::ContextTooLong),
        ("data: {\"error\":{\"message\":\"who knows\"}}\n\n", K::BadResponse),
    ] {
        let (events, end) = read_cut_everywhere(breaks.as_bytes());
        let failure = end.expect_err(breaks);
        assert_eq!((failure.kind, failure.billing(), failure.begun), (kind, kind.billing(), false), "{breaks}");
        assert_eq!(events, [], "{breaks}");
        for begun in [&text, &thought] {
            let (events, end) = read_cut_everywhere(format!("{begun}{breaks}").as_bytes());
            let failure = end.expect_err(breaks);
            assert_eq!(
                (failure.kind, failure.billing(), failure.usage),
                (kind, Billing::Unknown, None),
                "{begun}{breaks}"
            );
            assert_ne!(failure.verdict(), Verdict::Retry, "an answer that had begun is not asked for twice");
            assert_eq!(events.len(), 1);
        }
    }
}

#[test]
fn a_stream_without_a_word_is_a_failure_that_keeps_what_was_billed() {
    let stream = format!(
        "{}data: {{\"choices\":[],\"usage\":{{\"prompt_tokens\":9,\"completion_tokens\":256}}}}\n\ndata: [DONE]\n\n",
        chunk(r#"{"content":"\n"}"#, r#","finish_reason":"length""#)
    );
    let (_, end) = read_cut_everywhere(stream.as_bytes());
    let failure = end.expect_err("empty");
    assert_eq!(failure.kind, FailureKind::BadResponse);
    assert_eq!(failure.usage, Some(Usage { input: 9, output: 256, ..Usage::default() }));
    assert!(failure.sentence.contains("max_tokens"), "{}", failure.sentence);
    let (_, end) = read_cut_everywhere(stream.replace("length", "content_filter").as_bytes());
    let failure = end.expect_err("removed");
    assert_eq!((failure.kind, failure.billing()), (FailureKind::ContentFilter, Billing::Unknown));
    assert_eq!(failure.usage, Some(Usage { input: 9, output: 256, ..Usage::default() }));
}

#[test]
fn what_was_counted_along_is_not_the_whole_also_where_the_stream_is_cut_after_its_reason_to_finish() {
    let counts = r#","usage":{"prompt_tokens":9,"completion_tokens":1}}"#;
    let along = chunk(r#"{"content":"Yes"}"#, "").replace("}\n\n", &format!("{counts}\n\n"));
    let finish = chunk("{}", r#","finish_reason":"stop""#);
    let last = format!("data: {{\"choices\":[]{counts}\n\n");
    let usage = Usage { input: 9, output: 1, ..Usage::default() };
    for (stream, known) in [(format!("{along}{finish}"), None), (format!("{along}{finish}{last}"), Some(usage))] {
        let (events, end) = read_cut_everywhere(stream.as_bytes());
        assert!(events.contains(&StreamEvent::Usage(usage)), "{stream}");
        assert_eq!(end.expect_err("cut").usage, known, "{stream}");
    }
}

#[test]
fn an_event_of_more_than_a_mebibyte_is_refused() {
    let huge = format!("data: {}", "x".repeat(crate::wire::sse::LONGEST_EVENT));
    for parts in [vec![huge.as_bytes()], huge.as_bytes().chunks(1000).collect()] {
        assert_eq!(read(parts).1.expect_err("too long").kind, FailureKind::BadResponse);
    }
}

#[test]
fn a_server_that_does_not_stream_is_understood() {
    let body = "\r\n {\"model\":\"m\",\"choices\":[{\"message\":{\"content\":\"a } \\\" { b\"},\"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":2}} \n";
    let (events, end) = read_cut_everywhere(body.as_bytes());
    let usage = Usage { input: 3, output: 2, ..Usage::default() };
    assert_eq!(end, Ok(()));
    assert_eq!(
        events,
        [
            StreamEvent::Model("m".into()),
            said("a } \" { b"),
            StreamEvent::Finish(FinishReason::Stop),
            StreamEvent::Usage(usage),
            StreamEvent::End
        ]
    );
    for (body, kind) in [
        ("{\"error\":{\"code\":429,\"message\":\"slow\"}}", FailureKind::RateLimit),
        ("{\"choices\":[]}", FailureKind::BadResponse),
        ("{\"choices\":[{\"message\":{\"content\":\"\"}}]}", FailureKind::BadResponse),
        ("{]}", FailureKind::BadResponse),
        ("{\"choices\":[{\"message\":{\"content\":\"half", FailureKind::NetworkAfterSend),
        ("\n<!DOCTYPE html><html>", FailureKind::BadResponse),
        ("", FailureKind::NetworkAfterSend),
    ] {
        assert_eq!(read_cut_everywhere(body.as_bytes()).1.expect_err(body).kind, kind, "{body}");
    }
}
