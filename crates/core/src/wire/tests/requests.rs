//! Every conversation × every format → one file.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use super::conversations::{self, PNG};
use super::fixtures::{golden, model, names};
use crate::catalog;
use crate::chat::Chat;
use crate::estimate::most_input_tokens;
use crate::id::{ModelName, ProviderId};
use crate::wire::{Dialect, Encoded, Wire, encode};

/// Conversations that the newest models take differently.
const NEWEST: &[&str] = &["all_parameters", "cool", "json_schema_strict", "stop_list"];

#[test]
fn every_conversation_becomes_what_is_kept_for_it_in_every_format() {
    for wire in Wire::ALL.iter().copied() {
        let mut made = Vec::new();
        for (case, chat) in conversations::all() {
            made.push(format!("{case}.json"));
            golden(
                wire.name(),
                &format!("requests/{case}.json"),
                &shown(wire, Dialect::default(), &chat, &model(wire, "plain")),
            );
            if NEWEST.contains(&case) {
                made.push(format!("{case}.newest.json"));
                golden(
                    wire.name(),
                    &format!("requests/{case}.newest.json"),
                    &shown(wire, Dialect::default(), &chat, &model(wire, "newest")),
                );
            }
        }
        made.sort();
        assert_eq!(names(wire.name(), "requests"), made, "{}: no file is left over", wire.name());
    }
}

/// Providers of chat completions, and the conversations that become something else for them.
const DIALECTS: &[(&str, &[&str])] = &[
    ("azure-openai", &["plain"]),
    ("deepseek", &["json_schema_strict"]),
    ("groq", &["json_object", "json_schema_strict", "text_format"]),
    ("lmstudio", &["json_object"]),
    ("mistral", &["plain"]),
    ("xai", &["all_parameters"]),
];

#[test]
fn each_provider_gets_what_it_takes() {
    for (id, cases) in DIALECTS {
        let dialect = dialects().into_iter().find(|(known, _)| known == id).expect("a built-in provider").1;
        for (case, chat) in conversations::all().into_iter().filter(|(case, _)| cases.contains(case)) {
            let made = shown(Wire::OpenAiChat, dialect, &chat, &model(Wire::OpenAiChat, "plain"));
            assert_ne!(made, shown(Wire::OpenAiChat, Dialect::default(), &chat, &model(Wire::OpenAiChat, "plain")));
            golden(Wire::OpenAiChat.name(), &format!("dialects/{id}.{case}.json"), &made);
        }
    }
    let kept = DIALECTS.iter().map(|(_, cases)| cases.len()).sum::<usize>();
    assert_eq!(names(Wire::OpenAiChat.name(), "dialects").len(), kept, "no file is left over, and no case is missing");
}

/// The dialect of each built-in provider, and OpenAI's own.
fn dialects() -> Vec<(String, Dialect)> {
    let azure = ProviderId::parse("azure-openai").expect("an id");
    let url = catalog::BaseUrl::parse("https://mine.openai.azure.com/openai/v1").expect("a URL");
    let azure = catalog::placed(&azure, &url).expect("placed");
    let all = catalog::built_in().values().chain([&azure]);
    all.map(|provider| (provider.id.to_string(), provider.dialect)).collect()
}

/// A request as a person can read it. The body's bytes are those that its JSON gives again, so nothing of
/// it is lost here.
fn shown(wire: Wire, dialect: Dialect, chat: &Chat, model: &ModelName) -> String {
    let encoded = encode(wire, dialect, chat, model, true);
    assert!(encoded.streamed);
    let body = body(&encoded);
    assert_eq!(body.to_string().into_bytes(), encoded.body, "the body is JSON without a space too many");
    let headers: Map<String, Value> =
        wire.headers().iter().map(|(name, value)| ((*name).to_owned(), (*value).into())).collect();
    let shown = json!({ "path": encoded.path, "headers": headers, "dropped": encoded.dropped, "body": body });
    format!("{shown:#}\n")
}

/// Both models in every dialect.
fn both() -> impl Iterator<Item = (&'static str, Dialect)> {
    ["plain", "newest"].into_iter().flat_map(|which| dialects().into_iter().map(move |(_, dialect)| (which, dialect)))
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
            for (which, dialect) in both() {
                let sent =
                    String::from_utf8(encode(wire, dialect, &chat, &model(wire, which), false).body).expect("UTF-8");
                assert_eq!(sent.matches("7919").count(), 1, "{} {case} {which}: {sent}", wire.name());
            }
        }
    }
}

#[test]
fn no_format_writes_more_than_the_bound_of_the_cost_counts() {
    for wire in Wire::ALL.iter().copied() {
        for (case, chat) in conversations::all() {
            for (which, dialect) in both() {
                let body = body(&encode(wire, dialect, &chat, &model(wire, which), true));
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
        let body = body(&encode(wire, Dialect::default(), &chat, &model(wire, "plain"), true));
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
