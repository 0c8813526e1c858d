//! Every conversation × every format → one file.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use super::conversations::{self, PNG};
use super::fixtures::{golden, model, names};
use crate::chat::Chat;
use crate::estimate::most_input_tokens;
use crate::id::ModelName;
use crate::wire::{Encoded, Wire, encode};

/// Conversations that the newest models take differently.
const NEWEST: &[&str] = &["all_parameters", "cool", "json_schema_strict", "stop_list"];

#[test]
fn every_conversation_becomes_what_is_kept_for_it_in_every_format() {
    for wire in Wire::ALL.iter().copied() {
        let mut made = Vec::new();
        for (case, chat) in conversations::all() {
            made.push(format!("{case}.json"));
            golden(wire.name(), &format!("requests/{case}.json"), &shown(wire, &chat, &model(wire, "plain")));
            if NEWEST.contains(&case) {
                made.push(format!("{case}.newest.json"));
                golden(
                    wire.name(),
                    &format!("requests/{case}.newest.json"),
                    &shown(wire, &chat, &model(wire, "newest")),
                );
            }
        }
        made.sort();
        assert_eq!(names(wire.name(), "requests"), made, "{}: no file is left over", wire.name());
    }
}

/// A request as a person can read it. The body's bytes are those that its JSON gives again, so nothing of
/// it is lost here.
fn shown(wire: Wire, chat: &Chat, model: &ModelName) -> String {
    let encoded = encode(wire, chat, model, true);
    assert!(encoded.streamed);
    let body = body(&encoded);
    assert_eq!(body.to_string().into_bytes(), encoded.body, "the body is JSON without a space too many");
    let headers: Map<String, Value> =
        wire.headers().iter().map(|(name, value)| ((*name).to_owned(), (*value).into())).collect();
    let shown = json!({ "path": encoded.path, "headers": headers, "dropped": encoded.dropped, "body": body });
    format!("{shown:#}\n")
}

fn body(encoded: &Encoded) -> Value {
    serde_json::from_slice(&encoded.body).expect("JSON")
}

#[test]
fn the_bound_of_the_cost_is_in_every_request_of_every_format() {
    for wire in Wire::ALL.iter().copied() {
        for (case, mut chat) in conversations::all() {
            // A number that stands nowhere else.
            chat.params.max_tokens = Some(7919);
            for which in ["plain", "newest"] {
                let sent = String::from_utf8(encode(wire, &chat, &model(wire, which), false).body).expect("UTF-8");
                assert_eq!(sent.matches("7919").count(), 1, "{} {case} {which}: {sent}", wire.name());
            }
        }
    }
}

#[test]
fn no_format_writes_more_than_the_bound_of_the_cost_counts() {
    for wire in Wire::ALL.iter().copied() {
        for (case, chat) in conversations::all() {
            for which in ["plain", "newest"] {
                let body = body(&encode(wire, &chat, &model(wire, which), true));
                let written = read_by_a_model(&body);
                let most = most_input_tokens(wire, &chat);
                assert!(written as u64 <= most, "{} {case} {which}: {written} bytes, {most} tokens held", wire.name());
            }
        }
    }
}

/// The bytes of a body that a model reads as text, instructions and schemas included.
fn read_by_a_model(body: &Value) -> usize {
    match body {
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => 0,
        Value::Array(items) => items.iter().map(read_by_a_model).sum(),
        Value::Object(fields) => fields
            .iter()
            .map(|(name, value)| match (name.as_str(), value) {
                ("text" | "content" | "system", Value::String(text)) => text.len(),
                ("schema" | "responseSchema" | "responseJsonSchema", schema) => schema.to_string().len(),
                (_, value) => read_by_a_model(value),
            })
            .sum(),
    }
}

#[test]
fn a_picture_arrives_byte_for_byte_in_every_format() {
    let sent = STANDARD.decode(PNG).expect("base64");
    let (_, chat) = conversations::all().into_iter().find(|(case, _)| *case == "image").expect("the picture");
    for wire in Wire::ALL.iter().copied() {
        let body = body(&encode(wire, &chat, &model(wire, "plain"), true));
        let mut texts = Vec::new();
        strings(&body, &mut texts);
        let data = |text: &&str| text.rsplit(',').next().and_then(|base64| STANDARD.decode(base64).ok());
        let arrived: Vec<_> = texts.iter().filter_map(data).filter(|bytes| *bytes == sent).collect();
        assert_eq!(arrived.len(), 1, "{}: {body}", wire.name());
        assert!(texts.iter().any(|text| text.contains("image/png")), "{}: {body}", wire.name());
    }
}

fn strings<'a>(value: &'a Value, texts: &mut Vec<&'a str>) {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
        Value::String(text) => texts.push(text),
        Value::Array(items) => items.iter().for_each(|item| strings(item, texts)),
        Value::Object(fields) => fields.values().for_each(|field| strings(field, texts)),
    }
}
