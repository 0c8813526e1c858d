//! Every error response × every format: one code each, the same for all (product.md §3).

use super::fixtures::{json, text};
use crate::code::Code;
use crate::wire::{Head, StreamDecoder, Wire, decode, decode_error};

/// Every status a provider may answer with, and what two of them mean by their own code or words.
const CASES: &[(&str, Code)] = &[
    ("400", Code::InvalidRequest),
    ("401", Code::Auth),
    ("402", Code::Quota),
    ("403", Code::Auth),
    ("404", Code::UnknownModel),
    ("408", Code::Timeout),
    ("413", Code::ContextTooLong),
    ("422", Code::InvalidRequest),
    ("429", Code::RateLimit),
    ("500", Code::Provider5xx),
    ("502", Code::Provider5xx),
    ("503", Code::Overloaded),
    ("504", Code::Provider5xx),
    ("529", Code::Overloaded),
    ("quota", Code::Quota),
    ("too_long", Code::ContextTooLong),
];

/// What only some formats have.
const SOMEWHERE: &[(&str, Code)] = &[("bad_key", Code::Auth)];

fn head(status: u16, content_type: &str) -> Head {
    Head { status, content_type: content_type.into(), retry_after: None }
}

/// The formats, and Gemini's errors also while its codec does not stand here.
fn formats() -> Vec<&'static str> {
    let mut formats: Vec<_> = Wire::ALL.iter().map(|wire| wire.name()).collect();
    if !formats.contains(&"gemini") {
        formats.push("gemini");
    }
    formats
}

#[test]
fn every_error_response_has_the_same_code_in_every_format() {
    for format in formats() {
        let file = json(format, "errors.json");
        let cases = file["cases"].as_object().expect("cases");
        for (name, _) in CASES {
            assert!(cases.contains_key(*name), "{format}/errors.json has no {name}");
        }
        for (name, case) in cases {
            let code = CASES.iter().chain(SOMEWHERE).find(|(case, _)| case == name).map(|(_, code)| *code);
            let status = case["status"].as_u64().and_then(|status| u16::try_from(status).ok()).expect("a status");
            let body = match &case["body"] {
                serde_json::Value::String(text) => text.clone(),
                body => body.to_string(),
            };
            let failure = decode_error(&head(status, "application/json"), body.as_bytes());
            assert_eq!(Some(failure.kind.code()), code, "{format} {name}: {body}");
            let message = [&case["body"]["error"]["message"], &case["body"][0]["error"]["message"]];
            for words in message.into_iter().filter_map(serde_json::Value::as_str) {
                assert!(failure.sentence.contains(words), "{format} {name}: {}", failure.sentence);
            }
        }
    }
}

#[test]
fn what_is_no_answer_has_the_same_code_in_every_format() {
    let page = b"<!DOCTYPE html><title>Bad gateway</title>";
    for wire in Wire::ALL.iter().copied() {
        for (status, code) in [
            (400, Code::InvalidRequest),
            (403, Code::Auth),
            (404, Code::UnknownModel),
            (429, Code::RateLimit),
            (502, Code::Provider5xx),
            (503, Code::Overloaded),
        ] {
            let failure = decode_error(&head(status, "text/html; charset=utf-8"), page);
            assert_eq!(failure.kind.code(), code, "{} {status}", wire.name());
            assert!(!failure.sentence.contains("DOCTYPE"), "a web page is not quoted");
        }
        for (content_type, body) in [
            ("text/html", page.as_slice()),
            ("application/json", page),
            ("application/json", b"{\"id\": \"x"),
            ("application/json", b"null"),
            ("application/json", b"[]"),
            ("application/json", b"{}"),
            ("application/json", b""),
        ] {
            let failure = decode(wire, &head(200, content_type), body).expect_err("no answer");
            let shown = String::from_utf8_lossy(body);
            assert_eq!(
                (failure.kind.code(), failure.status),
                (Code::BadResponse, Some(200)),
                "{} {shown}",
                wire.name()
            );
        }
        let mut decoder = StreamDecoder::new(wire);
        let mut events = Vec::new();
        let broken = decoder.push(b"data: {\"id\": \"x\n\n", &mut events).expect_err("broken JSON");
        assert_eq!((broken.kind.code(), broken.begun), (Code::BadResponse, false), "{}", wire.name());
        let stream = text(wire.name(), "streams/plain.sse");
        let mut decoder = StreamDecoder::new(wire);
        decoder.push(&stream.as_bytes()[..stream.len() / 2], &mut events).expect("half of it");
        assert_eq!(decoder.close().expect_err("cut").kind.code(), Code::Network, "{}", wire.name());
    }
}
