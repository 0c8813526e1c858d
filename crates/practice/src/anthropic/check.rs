//! Checks of a request for a message, as strict as the real API's and in its words where they are
//! known. What is not played (tools, documents, text the model should go on with where a model
//! takes none) is refused, never ignored.

use serde_json::{Map, Value};

use super::Version;
use super::messages::{cached, messages, system};
use super::refusal::Refusal;
use crate::asked::{Asked, Shape};
use crate::model::Model;

/// Parameters that are played.
const PLAYED: &[&str] = &[
    "cache_control",
    "max_tokens",
    "messages",
    "model",
    "output_config",
    "stop_sequences",
    "stream",
    "system",
    "thinking",
];

/// Parameters of the API that change nothing a practice answer shows.
const WITHOUT_EFFECT: &[&str] = &["inference_geo", "metadata", "service_tier"];

/// How an answer is drawn. Gone in version 2026-10-21, and with the models from 4.7 on.
const SAMPLING: &[&str] = &["temperature", "top_k", "top_p"];

/// Parameters of the API that are not played.
const NOT_PLAYED: &[&str] =
    &["container", "context_management", "diagnostics", "mcp_servers", "speed", "tool_choice", "tools"];

/// Checks a body. Without `models` every model name is known.
pub(super) fn check(body: &[u8], models: &[Model], version: Version) -> Result<Asked, Refusal> {
    let Ok(Value::Object(body)) = serde_json::from_slice::<Value>(body) else {
        return Err(Refusal::invalid("The request body is not valid JSON"));
    };
    arguments(&body, version)?;
    let model = model(&body, models)?;
    let most = most_tokens(&body, &model)?;
    let mut asked = Asked { model: model.name.clone(), max_tokens: Some(most), ..Asked::default() };
    system(&body, &mut asked)?;
    messages(&body, &model, &mut asked)?;
    if cached(&Value::Object(body.clone())) > 4 {
        return Err(Refusal::invalid("A maximum of 4 blocks with cache_control may be provided."));
    }
    sampling(&body, &model)?;
    thinking(&body, most)?;
    asked.stop = stop(&body)?;
    asked.json = shape(&body)?;
    asked.stream = flag(&body, "stream")?;
    Ok(asked)
}

fn arguments(body: &Map<String, Value>, version: Version) -> Result<(), Refusal> {
    for name in body.keys().map(String::as_str) {
        if NOT_PLAYED.contains(&name) {
            return Err(Refusal::invalid(format!("The practice server does not play '{name}'.")));
        }
        let sampling = version == Version::V2023 && SAMPLING.contains(&name);
        if !sampling && !PLAYED.contains(&name) && !WITHOUT_EFFECT.contains(&name) {
            return Err(Refusal::at(name, "Extra inputs are not permitted"));
        }
    }
    Ok(())
}

fn model(body: &Map<String, Value>, models: &[Model]) -> Result<Model, Refusal> {
    let name = match body.get("model") {
        None => return Err(Refusal::at("model", "Field required")),
        Some(Value::String(name)) if name.is_empty() => {
            return Err(Refusal::at("model", "String should have at least 1 character"));
        }
        Some(Value::String(name)) => name,
        Some(_) => return Err(Refusal::at("model", "Input should be a valid string")),
    };
    if models.is_empty() {
        return Ok(Model::from(name.as_str()));
    }
    let known = models.iter().find(|model| model.name == *name).cloned();
    known.ok_or_else(|| Refusal::new(404, format!("model: {name}")))
}

fn most_tokens(body: &Map<String, Value>, model: &Model) -> Result<u64, Refusal> {
    let Some(value) = body.get("max_tokens") else { return Err(Refusal::at("max_tokens", "Field required")) };
    if !value.is_i64() && !value.is_u64() {
        return Err(Refusal::at("max_tokens", "Input should be a valid integer"));
    }
    let Some(most) = value.as_u64() else {
        return Err(Refusal::at("max_tokens", "Input should be greater than or equal to 0"));
    };
    match model.output {
        _ if most == 0 => {
            Err(Refusal::invalid("The practice server does not play 'max_tokens': 0, which fills the cache."))
        }
        Some(limit) if most > limit => Err(Refusal::at(
            "max_tokens",
            format!("{most} > {limit}, which is the maximum allowed number of output tokens for {}", model.name),
        )),
        _ => Ok(most),
    }
}

fn sampling(body: &Map<String, Value>, model: &Model) -> Result<(), Refusal> {
    for name in SAMPLING.iter().filter(|name| body.contains_key(**name)) {
        let value = &body[*name];
        let Some(number) = value.as_f64() else { return Err(Refusal::at(name, "Input should be a valid number")) };
        if number < 0.0 {
            return Err(Refusal::at(name, "Input should be greater than or equal to 0"));
        }
        if *name == "top_k" && !value.is_u64() {
            return Err(Refusal::at(name, "Input should be a valid integer"));
        }
        if *name != "top_k" && number > 1.0 {
            return Err(Refusal::at(name, "Input should be less than or equal to 1"));
        }
        // Only what changes nothing is let through.
        if model.reasons && (*name, number) != ("temperature", 1.0) {
            return Err(Refusal::invalid(format!("`{name}` is deprecated for this model.")));
        }
    }
    if body.contains_key("temperature") && body.contains_key("top_p") {
        let text = "`temperature` and `top_p` cannot both be specified for this model. Please use only one.";
        return Err(Refusal::invalid(text));
    }
    Ok(())
}

fn thinking(body: &Map<String, Value>, most: u64) -> Result<(), Refusal> {
    let Some(thinking) = object(body, "thinking", "thinking")? else { return Ok(()) };
    match thinking.get("type").and_then(Value::as_str) {
        Some("disabled") => only(thinking, &["type"], "thinking.disabled"),
        Some("adaptive") => only(thinking, &["type", "display"], "thinking.adaptive"),
        Some("enabled") => {
            only(thinking, &["type", "budget_tokens", "display"], "thinking.enabled")?;
            let path = "thinking.enabled.budget_tokens";
            let budget = thinking.get("budget_tokens").ok_or_else(|| Refusal::at(path, "Field required"))?;
            let budget = budget.as_u64().ok_or_else(|| Refusal::at(path, "Input should be a valid integer"))?;
            if budget < 1024 {
                return Err(Refusal::at(path, "Input should be greater than or equal to 1024"));
            }
            if budget >= most {
                return Err(Refusal::invalid("`max_tokens` must be greater than `thinking.budget_tokens`."));
            }
            if body.get("temperature").is_some_and(|value| value.as_f64() != Some(1.0)) {
                return Err(Refusal::invalid("`temperature` may only be set to 1 when thinking is enabled."));
            }
            Ok(())
        }
        _ => {
            let text = "Input tag found using 'type' does not match any of the expected tags: 'adaptive', 'disabled', 'enabled'";
            Err(Refusal::at("thinking", text))
        }
    }
}

fn stop(body: &Map<String, Value>) -> Result<Vec<String>, Refusal> {
    let list = match body.get("stop_sequences") {
        None => return Ok(Vec::new()),
        Some(Value::Array(list)) => list,
        Some(_) => return Err(Refusal::at("stop_sequences", "Input should be a valid list")),
    };
    let mut sequences = Vec::new();
    for (at, sequence) in list.iter().enumerate() {
        let path = format!("stop_sequences.{at}");
        let text = sequence.as_str().ok_or_else(|| Refusal::at(&path, "Input should be a valid string"))?;
        if text.trim().is_empty() {
            return Err(Refusal::at("stop_sequences", "each stop sequence must contain non-whitespace"));
        }
        sequences.push(text.to_owned());
    }
    Ok(sequences)
}

/// `output_config` (<https://platform.claude.com/docs/en/build-with-claude/structured-outputs>).
fn shape(body: &Map<String, Value>) -> Result<Shape, Refusal> {
    let Some(config) = object(body, "output_config", "output_config")? else { return Ok(Shape::Text) };
    only(config, &["effort", "format"], "output_config")?;
    match config.get("effort") {
        None | Some(Value::Null) => {}
        Some(Value::String(word)) if ["low", "medium", "high", "xhigh", "max"].contains(&word.as_str()) => {}
        Some(_) => {
            let text = "Input should be 'low', 'medium', 'high', 'xhigh' or 'max'";
            return Err(Refusal::at("output_config.effort", text));
        }
    }
    let path = "output_config.format";
    let Some(format) = object(config, "format", path)? else { return Ok(Shape::Text) };
    only(format, &["type", "schema"], path)?;
    if format.get("type").and_then(Value::as_str) != Some("json_schema") {
        return Err(Refusal::at("output_config.format.type", "Input should be 'json_schema'"));
    }
    let schema = object(format, "schema", "output_config.format.schema")?;
    let schema = schema.ok_or_else(|| Refusal::at("output_config.format.schema", "Field required"))?;
    let schema = Value::Object(schema.clone());
    if !closed(&schema) {
        let text = "For 'object' type, 'additionalProperties' must be explicitly set to false";
        return Err(Refusal::at("output_config.format.schema", text));
    }
    Ok(Shape::Schema(schema))
}

/// Whether every object of a schema says that it has no other properties.
fn closed(schema: &Value) -> bool {
    let own = schema["type"] != "object" || schema["additionalProperties"] == Value::Bool(false);
    let inner = schema["properties"].as_object().into_iter().flat_map(|all| all.values());
    own && inner.chain(schema.get("items")).all(closed)
}

pub(super) fn object<'a>(
    body: &'a Map<String, Value>,
    name: &str,
    path: &str,
) -> Result<Option<&'a Map<String, Value>>, Refusal> {
    match body.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Object(inner)) => Ok(Some(inner)),
        Some(_) => Err(Refusal::at(path, "Input should be a valid dictionary or object")),
    }
}

pub(super) fn only(body: &Map<String, Value>, known: &[&str], path: &str) -> Result<(), Refusal> {
    match body.keys().find(|name| !known.contains(&name.as_str())) {
        None => Ok(()),
        Some(name) => Err(Refusal::at(&format!("{path}.{name}"), "Extra inputs are not permitted")),
    }
}

fn flag(body: &Map<String, Value>, name: &str) -> Result<bool, Refusal> {
    match body.get(name) {
        None => Ok(false),
        Some(Value::Bool(on)) => Ok(*on),
        Some(_) => Err(Refusal::at(name, "Input should be a valid boolean")),
    }
}
