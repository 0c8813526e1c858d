//! Checks of a request for content, as strict as the real API's and in its words where they are
//! known. Names are taken in lower camel case only, though the real one takes snake case too. What is
//! not played (tools, files, cached contents, several candidates) is refused, never ignored.

use serde_json::{Map, Value};

use super::contents::{contents, instruction};
use super::refusal::Refusal;
use crate::asked::{Asked, Shape};
use crate::model::Model;

/// Fields of the request that are played, and those that change nothing here.
const PLAYED: &[&str] = &["contents", "generationConfig", "systemInstruction", "safetySettings", "store"];

/// Fields of the request that are not played.
const NOT_PLAYED: &[&str] = &["cachedContent", "model", "serviceTier", "toolConfig", "tools"];

/// Fields of `generationConfig` that are played, and those that change nothing here.
const CONFIG: &[&str] = &[
    "candidateCount",
    "frequencyPenalty",
    "maxOutputTokens",
    "mediaResolution",
    "presencePenalty",
    "responseJsonSchema",
    "responseMimeType",
    "responseSchema",
    "seed",
    "stopSequences",
    "temperature",
    "thinkingConfig",
    "topK",
    "topP",
];

/// Fields of `generationConfig` that are not played.
const CONFIG_NOT_PLAYED: &[&str] = &[
    "enableEnhancedCivicAnswers",
    "imageConfig",
    "logprobs",
    "responseLogprobs",
    "responseModalities",
    "speechConfig",
];

/// Checks a body for a model.
pub(super) fn check(body: &[u8], model: &Model) -> Result<Asked, Refusal> {
    let Ok(Value::Object(body)) = serde_json::from_slice::<Value>(body) else {
        return Err(Refusal::invalid("Invalid JSON payload received. Unexpected token.\n\n^"));
    };
    played(&body, NOT_PLAYED)?;
    only(&body, PLAYED, "")?;
    let mut asked = Asked { model: model.name.clone(), ..Asked::default() };
    instruction(&body, &mut asked)?;
    contents(&body, &mut asked)?;
    if let Some(config) = object(&body, "generationConfig", "generation_config")? {
        played(config, CONFIG_NOT_PLAYED)?;
        only(config, CONFIG, "generation_config")?;
        numbers(config)?;
        asked.max_tokens = most_tokens(config, model)?;
        asked.stop = stop(config)?;
        asked.json = shape(config)?;
        thinking(config)?;
    }
    Ok(asked)
}

fn played(body: &Map<String, Value>, not: &[&str]) -> Result<(), Refusal> {
    match body.keys().find(|name| not.contains(&name.as_str())) {
        Some(name) => Err(Refusal::invalid(format!("The practice server does not play '{name}'."))),
        None => Ok(()),
    }
}

fn numbers(config: &Map<String, Value>) -> Result<(), Refusal> {
    for (name, field, least, most) in [
        ("temperature", "temperature", 0.0, 2.0),
        ("topP", "top_p", 0.0, 1.0),
        ("presencePenalty", "presence_penalty", -2.0, 2.0),
        ("frequencyPenalty", "frequency_penalty", -2.0, 2.0),
    ] {
        let Some(value) = present(config, name) else { continue };
        let path = format!("generation_config.{field}");
        let number = value.as_f64().ok_or_else(|| wrong_type(&path, "TYPE_FLOAT", value))?;
        if !(least..=most).contains(&number) {
            return Err(out_of(&path, &format!("{field} must be in the range [{least:.1}, {most:.1}].")));
        }
    }
    for (name, field) in [("topK", "top_k"), ("seed", "seed"), ("candidateCount", "candidate_count")] {
        let Some(value) = present(config, name) else { continue };
        let path = format!("generation_config.{field}");
        let number = value.as_i64().ok_or_else(|| wrong_type(&path, "TYPE_INT32", value))?;
        if field == "top_k" && number < 1 {
            return Err(out_of(&path, "top_k must be positive."));
        }
        if field == "candidate_count" && number != 1 {
            return Err(Refusal::invalid("Multiple candidates is not enabled for this model"));
        }
    }
    Ok(())
}

fn most_tokens(config: &Map<String, Value>, model: &Model) -> Result<Option<u64>, Refusal> {
    let Some(value) = present(config, "maxOutputTokens") else { return Ok(None) };
    let path = "generation_config.max_output_tokens";
    let number = value.as_i64().ok_or_else(|| wrong_type(path, "TYPE_INT32", value))?;
    match u64::try_from(number) {
        Err(_) | Ok(0) => Err(out_of(path, "max_output_tokens must be positive.")),
        Ok(most) => match model.output.filter(|limit| most > *limit) {
            Some(limit) => Err(Refusal::invalid(format!(
                "Unable to submit request because it has a maxOutputTokens value of {most} but the supported range is from 1 (inclusive) to {} (exclusive). Update the value and try again.",
                limit + 1
            ))),
            None => Ok(Some(most)),
        },
    }
}

fn stop(config: &Map<String, Value>) -> Result<Vec<String>, Refusal> {
    let list = match present(config, "stopSequences") {
        None => return Ok(Vec::new()),
        Some(Value::Array(list)) => list,
        Some(other) => return Err(wrong_type("generation_config.stop_sequences", "TYPE_STRING", other)),
    };
    if list.len() > 5 {
        let text = "the number of stop_sequences must not exceed 5.";
        return Err(out_of("generation_config.stop_sequences", text));
    }
    let words = list.iter().enumerate().map(|(at, word)| {
        let path = format!("generation_config.stop_sequences[{at}]");
        match word.as_str() {
            Some("") => Err(out_of(&path, "stop_sequences must not contain empty strings.")),
            Some(word) => Ok(word.to_owned()),
            None => Err(wrong_type(&path, "TYPE_STRING", word)),
        }
    });
    words.collect()
}

/// The shape of the answer (<https://ai.google.dev/gemini-api/docs/structured-output>).
fn shape(config: &Map<String, Value>) -> Result<Shape, Refusal> {
    let json = match present(config, "responseMimeType") {
        None => false,
        Some(Value::String(kind)) if kind == "text/plain" => false,
        Some(Value::String(kind)) if kind == "application/json" => true,
        Some(Value::String(_)) => {
            let text = "allowed mimetypes are `text/plain`, `application/json`, `application/xml`, `application/yaml` and `text/x.enum`.";
            return Err(out_of("generation_config.response_mime_type", text));
        }
        Some(other) => return Err(wrong_type("generation_config.response_mime_type", "TYPE_STRING", other)),
    };
    let schema = match (present(config, "responseSchema"), present(config, "responseJsonSchema")) {
        (Some(_), Some(_)) => {
            let text = "Only one of response_schema and response_json_schema may be set.";
            return Err(out_of("generation_config.response_json_schema", text));
        }
        (schema, json_schema) => schema.or(json_schema),
    };
    match schema {
        None if json => Ok(Shape::Object),
        None => Ok(Shape::Text),
        Some(schema) if json && schema.is_object() => Ok(Shape::Schema(lower(schema))),
        Some(schema) if json => Err(wrong_type("generation_config.response_json_schema", "TYPE_MESSAGE", schema)),
        Some(_) => {
            let text = "response schema requires a response mime type of `application/json`.";
            Err(out_of("generation_config.response_schema", text))
        }
    }
}

/// `responseSchema` names types in capitals; the example is made from JSON Schema.
fn lower(schema: &Value) -> Value {
    let mut schema = schema.clone();
    if let Some(kind) = schema["type"].as_str().map(str::to_lowercase) {
        schema["type"] = kind.into();
    }
    if let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) {
        properties.values_mut().for_each(|inner| *inner = lower(inner));
    }
    if let Some(items) = schema.get_mut("items") {
        *items = lower(items);
    }
    schema
}

fn thinking(config: &Map<String, Value>) -> Result<(), Refusal> {
    let path = "generation_config.thinking_config";
    let Some(thinking) = object(config, "thinkingConfig", path)? else { return Ok(()) };
    only(thinking, &["includeThoughts", "thinkingBudget", "thinkingLevel"], path)?;
    if let Some(value) = present(thinking, "includeThoughts").filter(|value| !value.is_boolean()) {
        return Err(wrong_type(&format!("{path}.include_thoughts"), "TYPE_BOOL", value));
    }
    if let Some(value) = present(thinking, "thinkingBudget").filter(|value| !value.is_i64()) {
        return Err(wrong_type(&format!("{path}.thinking_budget"), "TYPE_INT32", value));
    }
    if present(thinking, "thinkingBudget").is_some() && present(thinking, "thinkingLevel").is_some() {
        return Err(Refusal::invalid("You can only set only one of thinking budget and thinking level."));
    }
    Ok(())
}

/// A field that is there and not null.
fn present<'a>(body: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    body.get(name).filter(|value| !value.is_null())
}

pub(super) fn object<'a>(
    body: &'a Map<String, Value>,
    name: &str,
    path: &str,
) -> Result<Option<&'a Map<String, Value>>, Refusal> {
    match present(body, name) {
        None => Ok(None),
        Some(Value::Object(inner)) => Ok(Some(inner)),
        Some(other) => Err(wrong_type(path, "TYPE_MESSAGE", other)),
    }
}

pub(super) fn only(body: &Map<String, Value>, known: &[&str], path: &str) -> Result<(), Refusal> {
    let Some(name) = body.keys().find(|name| !known.contains(&name.as_str())) else { return Ok(()) };
    let at = if path.is_empty() { String::new() } else { format!(" at '{path}'") };
    let text = format!("Invalid JSON payload received. Unknown name \"{name}\"{at}: Cannot find field.");
    Err(Refusal::field(path, text))
}

pub(super) fn wrong_type(path: &str, wanted: &str, got: &Value) -> Refusal {
    Refusal::field(path, format!("Invalid value at '{path}' ({wanted}), {got}"))
}

/// A value the model's own check refuses.
pub(super) fn out_of(path: &str, text: &str) -> Refusal {
    Refusal::invalid(format!("* GenerateContentRequest.{path}: {text}\n"))
}
