//! Every answer × every format, whole and streamed: what the providers send differs, what it says does not.

use super::fixtures::{json, model, names, text};
use crate::chat::{Answer, FinishReason, StreamEvent};
use crate::failure::{Failure, FailureKind};
use crate::money::Usage;
use crate::wire::{Head, StreamDecoder, Wire, decode};

/// What a case says in every format.
enum Says {
    /// A text, why it ended, what was counted, and whether the model is named.
    Answer(&'static str, Option<FinishReason>, Option<Usage>, Named),
    /// No answer; what was counted all the same.
    Failure(FailureKind, Option<Usage>),
}

enum Named {
    Model,
    Nobody,
}

fn counted(input: u64, cached_input: u64, output: u64, reasoning: u64) -> Option<Usage> {
    Some(Usage { input, cached_input, output, reasoning, ..Usage::default() })
}

/// All cases by their name.
fn cases() -> Vec<(&'static str, Says)> {
    use FinishReason::{ContentFilter, Length, Stop};
    use Named::{Model, Nobody};
    let hello = "Hello! How can I help you today?";
    vec![
        ("plain", Says::Answer(hello, Some(Stop), counted(120, 100, 9, 0), Model)),
        ("thought", Says::Answer("Four.", Some(Stop), counted(14, 0, 163, 150), Model)),
        ("length", Says::Answer("Once upon a", Some(Length), counted(12, 0, 3, 0), Model)),
        ("filtered", Says::Answer("I can", Some(ContentFilter), counted(12, 0, 2, 0), Model)),
        ("unicode", Says::Answer("Grüße 👋🏽 \u{2028}\n— 日本語", Some(Stop), counted(19, 0, 10, 0), Model)),
        ("empty_usage", Says::Answer("Yes", Some(Stop), None, Model)),
        ("no_usage", Says::Answer("Yes", Some(Stop), None, Model)),
        ("empty_finish", Says::Answer("Yes", None, counted(5, 0, 1, 0), Nobody)),
        ("unknown_fields", Says::Answer(hello, Some(Stop), counted(120, 100, 9, 0), Model)),
        ("missing_ids", Says::Answer("Yes", None, None, Nobody)),
        ("null_content", Says::Failure(FailureKind::BadResponse, counted(9, 0, 256, 0))),
        ("blank", Says::Failure(FailureKind::BadResponse, counted(9, 0, 2, 0))),
    ]
}

/// Streams that end with the provider's own error: the kind, and whether the answer had begun.
const BROKEN: &[(&str, bool)] = &[("fails_at_once", false), ("fails_midway", true)];

impl Says {
    fn check(&self, wire: Wire, said: Result<Answer, Failure>, place: &str) {
        match (self, said) {
            (Self::Answer(text, finish, usage, named), Ok(said)) => {
                let model = match named {
                    Named::Model => Some(model(wire, "plain").as_str().to_owned()),
                    Named::Nobody => None,
                };
                let told = Answer { text: (*text).to_owned(), finish: finish.clone(), usage: *usage, model };
                assert_eq!(said, told, "{place}");
            }
            (Self::Failure(kind, usage), Err(failure)) => {
                assert_eq!((failure.kind, failure.usage, failure.status), (*kind, *usage, Some(200)), "{place}");
            }
            (Self::Answer(..), Err(failure)) => panic!("{place}: {failure:?}"),
            (Self::Failure(..), Ok(answer)) => panic!("{place}: {answer:?}"),
        }
    }
}

fn ok() -> Head {
    Head { status: 200, content_type: "application/json".into(), retry_after: None }
}

/// A stream in these pieces, as the answer it makes.
fn heard<'a>(wire: Wire, pieces: impl IntoIterator<Item = &'a [u8]>) -> Result<Answer, Failure> {
    let mut decoder = StreamDecoder::new(wire);
    let mut events = Vec::new();
    for piece in pieces {
        decoder.push(piece, &mut events)?;
    }
    decoder.close()?;
    let mut answer = Answer { text: String::new(), finish: None, usage: None, model: None };
    for event in events {
        match event {
            StreamEvent::Text(text) => answer.text.push_str(&text),
            StreamEvent::Usage(usage) => answer.usage = Some(usage),
            StreamEvent::Finish(finish) => answer.finish = Some(finish),
            StreamEvent::Model(model) => answer.model = Some(model),
            StreamEvent::Alive | StreamEvent::End => {}
        }
    }
    Ok(answer)
}

/// The same stream whole, cut in two at every byte, and byte by byte.
fn heard_cut_everywhere(wire: Wire, stream: &[u8], place: &str) -> Result<Answer, Failure> {
    let whole = heard(wire, [stream]);
    for at in 0..=stream.len() {
        let (a, b) = stream.split_at(at);
        assert_eq!(heard(wire, [a, b]), whole, "{place} cut at byte {at}");
    }
    assert_eq!(heard(wire, stream.chunks(1)), whole, "{place} byte by byte");
    whole
}

#[test]
fn every_whole_answer_says_the_same_in_every_format() {
    for wire in Wire::ALL.iter().copied() {
        for (case, says) in cases() {
            let place = format!("{}/answers/{case}.json", wire.name());
            json(wire.name(), &format!("answers/{case}.json"));
            let body = text(wire.name(), &format!("answers/{case}.json"));
            says.check(wire, decode(wire, &ok(), body.as_bytes()), &place);
            // A server that was asked for a stream and sent one body.
            says.check(wire, heard(wire, [body.as_bytes()]), &format!("{place} instead of a stream"));
        }
    }
}

#[test]
fn every_stream_says_the_same_in_every_format_wherever_it_is_cut() {
    for wire in Wire::ALL.iter().copied() {
        let cannot = exceptions(wire);
        for (case, says) in cases() {
            let place = format!("{}/streams/{case}.sse", wire.name());
            let stream = text(wire.name(), &format!("streams/{case}.sse"));
            assert!(
                stream.starts_with(": ") && stream.lines().next().is_some_and(|line| line.contains('.')),
                "{place}"
            );
            let said = heard_cut_everywhere(wire, stream.as_bytes(), &place);
            if cannot.iter().any(|name| name == case) {
                assert_eq!(said.expect_err(&place).kind, FailureKind::NetworkAfterSend, "{place}");
                continue;
            }
            says.check(wire, said, &place);
            for line_end in ["\r\n", "\r"] {
                says.check(wire, heard(wire, [stream.replace('\n', line_end).as_bytes()]), &place);
            }
        }
        let known = cases().into_iter().map(|(case, _)| case).chain(BROKEN.iter().map(|(case, _)| *case));
        let mut known: Vec<_> = known.map(|case| format!("{case}.sse")).collect();
        known.sort();
        let mut there = names(wire.name(), "streams");
        there.retain(|name| name != "exceptions.json");
        assert_eq!(there, known, "{}: no stream is left over", wire.name());
    }
}

/// Cases a format cannot say in a stream: without a reason to end it was cut.
fn exceptions(wire: Wire) -> Vec<String> {
    if !names(wire.name(), "streams").contains(&"exceptions.json".to_owned()) {
        return Vec::new();
    }
    let exceptions = json(wire.name(), "streams/exceptions.json");
    assert!(exceptions["why"].is_string(), "{}: an exception has a reason", wire.name());
    let names = exceptions["network"].as_array().expect("a list");
    names.iter().map(|name| name.as_str().expect("a name").to_owned()).collect()
}

#[test]
fn a_stream_that_is_cut_is_never_taken_for_an_answer_in_any_format() {
    for wire in Wire::ALL.iter().copied() {
        for case in ["plain", "thought"] {
            let stream = text(wire.name(), &format!("streams/{case}.sse"));
            let whole = heard(wire, [stream.as_bytes()]).expect("an answer");
            for at in 0..stream.len() {
                match heard(wire, [&stream.as_bytes()[..at]]) {
                    Ok(answer) => assert_eq!(answer, whole, "{} {case} at byte {at}", wire.name()),
                    Err(failure) => {
                        assert_eq!(failure.kind, FailureKind::NetworkAfterSend, "{} {case} at byte {at}", wire.name());
                        assert!(
                            failure.usage.is_none() || failure.usage == whole.usage,
                            "{} {case} at byte {at}: a count that is not final is none",
                            wire.name()
                        );
                    }
                }
            }
        }
    }
}

#[test]
fn an_error_in_a_stream_is_classified_and_never_free_once_the_answer_had_begun() {
    for wire in Wire::ALL.iter().copied() {
        for (case, begun) in BROKEN {
            let place = format!("{}/streams/{case}.sse", wire.name());
            let stream = text(wire.name(), &format!("streams/{case}.sse"));
            let failure = heard_cut_everywhere(wire, stream.as_bytes(), &place).expect_err(&place);
            assert_eq!(
                (failure.kind, failure.begun, failure.usage),
                (FailureKind::Provider5xx, *begun, None),
                "{place}"
            );
        }
    }
}
