//! What a provider lists itself as its models: the shapes of the formats we speak, read as one.
//!
//! The list comes from the network and is not believed further than it can be shown: names that are no
//! plain ASCII are left out and counted, and so is everything beyond [`MOST`]. Nothing here decides
//! what a call costs.

use std::collections::BTreeSet;

use serde_json::Value;

use super::ability::{self, Abilities};
use crate::id::ModelName;
use crate::money::MicroUsd;

/// The most models that are kept of one list. OpenRouter, the longest, has about a thousand.
pub const MOST: usize = 5_000;

/// One model as its provider lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Its name for calls.
    pub model: ModelName,
    /// Tokens of context.
    pub context: Option<u64>,
    /// The most output tokens.
    pub max_output: Option<u64>,
    /// What the provider's list says a million tokens read and made cost now.
    pub asks: Option<(MicroUsd, MicroUsd)>,
    /// What it says the model can.
    pub can: Abilities,
}

/// A whole list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct List {
    /// By name, each once.
    pub models: Vec<Listed>,
    /// Entries without a usable name, and those beyond [`MOST`].
    pub left_out: usize,
    /// The provider has more than it sent.
    pub more: bool,
}

/// Reads a list of models; `None` where the body is none.
///
/// Shapes, each with its source: `{data: [{id}]}`, with `has_more` at Anthropic
/// (platform.claude.com/docs/en/api/models-list) and `context_length` and `pricing` per token at
/// OpenRouter (openrouter.ai/docs/models); `{models: [{name}], nextPageToken}` at Google
/// (ai.google.dev/api/models) and Ollama; a bare list at Together (docs.together.ai/reference/models).
pub fn read(body: &[u8]) -> Option<List> {
    let body: Value = serde_json::from_slice(body).ok()?;
    let entries = match &body {
        Value::Array(entries) => entries,
        Value::Object(fields) => fields.get("data").or_else(|| fields.get("models"))?.as_array()?,
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => return None,
    };
    let more = body["has_more"] == true || body["nextPageToken"].as_str().is_some_and(|token| !token.is_empty());
    let (mut list, mut seen) = (List { more, ..List::default() }, BTreeSet::new());
    for entry in entries {
        match listed(entry) {
            Entry::Model(_) if list.models.len() >= MOST => list.left_out += 1,
            Entry::Model(model) => {
                if seen.insert(model.model.clone()) {
                    list.models.push(model);
                }
            }
            Entry::Other => {}
            Entry::Unusable => list.left_out += 1,
        }
    }
    list.models.sort_by(|a, b| a.model.cmp(&b.model));
    Some(list)
}

enum Entry {
    Model(Listed),
    /// Properly named, and not for conversations.
    Other,
    Unusable,
}

fn listed(entry: &Value) -> Entry {
    let name = entry["id"].as_str().or_else(|| entry["name"].as_str()).unwrap_or_default();
    let name = name.strip_prefix("models/").unwrap_or(name);
    let model = ModelName::parse(name).ok().filter(|name| name.as_str().bytes().all(|byte| byte.is_ascii_graphic()));
    let Some(model) = model else { return Entry::Unusable };
    if let Some(methods) = entry["supportedGenerationMethods"].as_array()
        && !methods.iter().any(|method| method == "generateContent")
    {
        return Entry::Other;
    }
    let first = |names: &[&str]| names.iter().find_map(|name| entry[*name].as_u64()).filter(|tokens| *tokens > 0);
    let context = [
        "context_length",
        "context_window",
        "inputTokenLimit",
        "max_input_tokens",
        "max_model_len",
        "max_context_length",
    ];
    let output = ["outputTokenLimit", "max_completion_tokens", "max_output_tokens", "max_output_length"];
    let of_top = entry["top_provider"]["max_completion_tokens"].as_u64();
    let (context, max_output, can) = (first(&context), first(&output).or(of_top), ability::read(entry));
    Entry::Model(Listed { model, context, max_output, asks: asks(entry), can })
}

/// OpenRouter writes dollars for one token as a text; a million of them are those digits, shifted.
fn asks(entry: &Value) -> Option<(MicroUsd, MicroUsd)> {
    let million = |key: &str| {
        let text = entry["pricing"][key].as_str().filter(|text| text.len() <= 30 && !text.contains(['e', 'E']))?;
        MicroUsd::parse_up(&format!("{text}e6"))
    };
    Some((million("prompt")?, million("completion")?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn names(list: &List) -> Vec<&str> {
        list.models.iter().map(|listed| listed.model.as_str()).collect()
    }

    fn list(body: &Value) -> List {
        read(body.to_string().as_bytes()).expect("a list")
    }

    #[test]
    fn every_shape_is_read() {
        let openai =
            list(&json!({ "object": "list", "data": [{ "id": "gpt-6-sol", "object": "model" }, { "id": "gpt-5" }] }));
        assert_eq!(names(&openai), ["gpt-5", "gpt-6-sol"], "by name");
        let anthropic =
            list(&json!({ "data": [{ "type": "model", "id": "claude-opus-5-5", "display_name": "Claude Opus 5.5",
            "max_input_tokens": 1_000_000 }], "has_more": true, "first_id": "x", "last_id": "y" }));
        assert!(anthropic.more);
        assert_eq!(anthropic.models[0].context, Some(1_000_000));
        let gemini = list(&json!({ "models": [
            { "name": "models/gemini-4-argon", "inputTokenLimit": 1_048_576, "outputTokenLimit": 65_536,
              "supportedGenerationMethods": ["generateContent", "countTokens"] },
            { "name": "models/text-embedding-004", "supportedGenerationMethods": ["embedContent"] }
        ], "nextPageToken": "abc" }));
        assert_eq!((names(&gemini), gemini.more, gemini.left_out), (vec!["gemini-4-argon"], true, 0));
        assert_eq!((gemini.models[0].context, gemini.models[0].max_output), (Some(1_048_576), Some(65_536)));
        let router = list(&json!({ "data": [{ "id": "openai/gpt-4", "context_length": 8192,
            "pricing": { "prompt": "0.00003", "completion": "0.00006" }, "top_provider": { "max_completion_tokens": 4096 } },
            { "id": "openrouter/auto", "pricing": { "prompt": "-1", "completion": "-1" } }] }));
        let gpt = &router.models[0];
        assert_eq!((gpt.context, gpt.max_output), (Some(8192), Some(4096)));
        assert_eq!(gpt.asks, Some((MicroUsd::from_micros(30_000_000), MicroUsd::from_micros(60_000_000))));
        assert_eq!(router.models[1].asks, None, "a price that depends is none");
        let together = list(&json!([{ "id": "Austism/chronos-hermes-13b", "context_length": 2048 }]));
        assert_eq!(names(&together), ["Austism/chronos-hermes-13b"]);
        let ollama = list(&json!({ "models": [{ "name": "qwen3:8b", "model": "qwen3:8b" }] }));
        assert_eq!(names(&ollama), ["qwen3:8b"]);
    }

    #[test]
    fn a_hostile_list_is_bounded_and_cleaned() {
        let many: Vec<Value> = (0..100_000).map(|n| json!({ "id": format!("model-{n:06}") })).collect();
        let many = list(&json!({ "data": many }));
        assert_eq!((many.models.len(), many.left_out), (MOST, 95_000));
        let odd = list(&json!({ "data": [
            { "id": "good" }, { "id": "good" }, { "id": "red\u{1b}[31m" }, { "id": "a\nb" }, { "id": "x\u{202e}y" },
            { "id": "l".repeat(100_000) }, { "id": "" }, { "id": 7 }, null, [], { "id": "big", "context_length": -5 }
        ] }));
        assert_eq!((names(&odd), odd.left_out), (vec!["big", "good"], 8));
        assert_eq!(odd.models[0].context, None);
        let deep = format!("{{\"data\":{}{}}}", "[".repeat(100_000), "]".repeat(100_000));
        for none in ["", "null", "3", "{}", "{\"data\": {}}", "<html>", deep.as_str()] {
            assert_eq!(read(none.as_bytes()), None, "{}", &none[..none.len().min(40)]);
        }
    }
}
