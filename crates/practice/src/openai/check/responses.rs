//! Checks of a Responses request: `input` as a text or as messages, `instructions`, `text.format`.
//! Calls of tools, stored conversations and background work are not played and refused.

use serde_json::{Map, Value};

use super::messages::picture;
use super::value::{decimal, flag, one_of, only, parse, string, tokens, wrong_type};
use super::{model, shape};
use crate::asked::Asked;
use crate::model::Model;
use crate::openai::refusal::Refusal;

/// Parameters that are played.
const PLAYED: &[&str] = &[
    "input",
    "instructions",
    "max_output_tokens",
    "model",
    "reasoning",
    "stream",
    "stream_options",
    "temperature",
    "text",
    "top_p",
];

/// Parameters of the API that change nothing a practice answer shows.
const WITHOUT_EFFECT: &[&str] = &[
    "include",
    "metadata",
    "parallel_tool_calls",
    "prompt_cache_key",
    "prompt_cache_options",
    "prompt_cache_retention",
    "safety_identifier",
    "service_tier",
    "store",
    "truncation",
    "user",
];

/// Parameters of the API that are not played.
const NOT_PLAYED: &[&str] = &[
    "background",
    "context_management",
    "conversation",
    "max_tool_calls",
    "moderation",
    "previous_response_id",
    "prompt",
    "tool_choice",
    "tools",
    "top_logprobs",
];

/// Parameters of chat completions, and where they are here. The API says so itself.
const MOVED: &[(&str, &str)] = &[
    ("messages", "input"),
    ("max_tokens", "max_output_tokens"),
    ("max_completion_tokens", "max_output_tokens"),
    ("response_format", "text.format"),
    ("reasoning_effort", "reasoning.effort"),
    ("verbosity", "text.verbosity"),
];

/// Checks a body. Without `models` every model name is known, and none reasons unless its name says so.
pub(in crate::openai) fn check(body: &[u8], models: &[Model]) -> Result<Asked, Refusal> {
    let body = parse(body)?;
    arguments(&body)?;
    let model = model(&body, models)?;
    let mut asked = Asked { model: model.name.clone(), ..Asked::default() };
    match body.get("instructions") {
        None | Some(Value::Null) => {}
        Some(Value::String(text)) => asked.texts.push(("system".to_owned(), text.clone())),
        Some(other) => return Err(wrong_type("instructions", "a string", other)),
    }
    input(&body, &mut asked)?;
    asked.max_tokens = tokens(&body, "max_output_tokens", 16)?;
    sampling(&body, &model)?;
    reasoning(&body, &model)?;
    let text = object(&body, "text", &["format", "verbosity"])?;
    if let Some(text) = text {
        asked.json = shape::of_responses(text, &asked)?;
        choice(text, "verbosity", &["low", "medium", "high"], "text")?;
    }
    asked.stream = flag(&body, "stream", "stream")?;
    object(&body, "stream_options", &["include_obfuscation"])?;
    Ok(asked)
}

fn arguments(body: &Map<String, Value>) -> Result<(), Refusal> {
    for name in body.keys().map(String::as_str) {
        if let Some((_, now)) = MOVED.iter().find(|(old, _)| *old == name) {
            let text = format!(
                "Unsupported parameter: '{name}'. In the Responses API, this parameter has moved to '{now}'. Try again with the new parameter. See the API documentation for more information: https://platform.openai.com/docs/api-reference/responses/create."
            );
            return Err(Refusal::of(name, "unsupported_parameter", text));
        }
        if NOT_PLAYED.contains(&name) {
            return Err(Refusal::plain(format!("The practice server does not play '{name}'.")));
        }
        if !PLAYED.contains(&name) && !WITHOUT_EFFECT.contains(&name) {
            return Err(Refusal::of(name, "unknown_parameter", format!("Unknown parameter: '{name}'.")));
        }
    }
    Ok(())
}

fn sampling(body: &Map<String, Value>, model: &Model) -> Result<(), Refusal> {
    for (name, most) in [("temperature", 2.0), ("top_p", 1.0)] {
        decimal(body, name, 0.0, most)?;
        if model.reasons && body.get(name).is_some_and(|value| !value.is_null()) {
            let text = format!("Unsupported parameter: '{name}' is not supported with this model.");
            return Err(Refusal::of(name, "unsupported_parameter", text));
        }
    }
    Ok(())
}

fn reasoning(body: &Map<String, Value>, model: &Model) -> Result<(), Refusal> {
    let Some(options) = object(body, "reasoning", &["context", "effort", "generate_summary", "mode", "summary"])?
    else {
        return Ok(());
    };
    choice(options, "effort", &["none", "minimal", "low", "medium", "high", "xhigh", "max"], "reasoning")?;
    choice(options, "summary", &["auto", "concise", "detailed"], "reasoning")?;
    if !model.reasons && options.get("effort").is_some_and(|value| !value.is_null()) {
        let text = "Unsupported parameter: 'reasoning.effort' is not supported with this model.";
        return Err(Refusal::of("reasoning.effort", "unsupported_parameter", text));
    }
    Ok(())
}

fn object<'a>(
    body: &'a Map<String, Value>,
    name: &str,
    known: &[&str],
) -> Result<Option<&'a Map<String, Value>>, Refusal> {
    match body.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Object(inner)) => only(inner, known, name).map(|()| Some(inner)),
        Some(other) => Err(wrong_type(name, "an object", other)),
    }
}

fn choice(body: &Map<String, Value>, name: &str, known: &[&str], path: &str) -> Result<(), Refusal> {
    match body.get(name) {
        None | Some(Value::Null) => Ok(()),
        Some(Value::String(word)) => one_of(word, known, &format!("{path}.{name}")).map(drop),
        Some(other) => Err(wrong_type(&format!("{path}.{name}"), "a string", other)),
    }
}

fn input(body: &Map<String, Value>, asked: &mut Asked) -> Result<(), Refusal> {
    match body.get("input") {
        None | Some(Value::Null) => {
            Err(Refusal::of("input", "missing_required_parameter", "Missing required parameter: 'input'."))
        }
        Some(Value::String(text)) => {
            asked.texts.push(("user".to_owned(), text.clone()));
            asked.messages += 1;
            Ok(())
        }
        Some(Value::Array(items)) => {
            for (at, item) in items.iter().enumerate() {
                let path = format!("input[{at}]");
                let Value::Object(item) = item else { return Err(wrong_type(&path, "an input item", item)) };
                one_item(item, &path, asked)?;
                asked.messages += 1;
            }
            Ok(())
        }
        Some(other) => Err(wrong_type("input", "one of a string or array of input items", other)),
    }
}

fn one_item(item: &Map<String, Value>, path: &str, asked: &mut Asked) -> Result<(), Refusal> {
    if let Some(kind) = item.get("type").filter(|kind| *kind != "message") {
        return Err(Refusal::plain(format!("The practice server does not play input items of type {kind}.")));
    }
    only(item, &["type", "role", "content", "id", "status", "phase"], path)?;
    let at = format!("{path}.role");
    let role = one_of(string(item, "role", path)?, &["assistant", "system", "developer", "user"], &at)?;
    let at = format!("{path}.content");
    match item.get("content") {
        Some(Value::String(text)) => asked.texts.push((role.to_owned(), text.clone())),
        Some(Value::Array(parts)) => {
            for (nth, part) in parts.iter().enumerate() {
                one_part(part, role, &format!("{at}[{nth}]"), asked)?;
            }
        }
        None => {
            return Err(Refusal::of(&at, "missing_required_parameter", format!("Missing required parameter: '{at}'.")));
        }
        Some(other) => return Err(wrong_type(&at, "one of a string or array of objects", other)),
    }
    Ok(())
}

fn one_part(part: &Value, role: &str, path: &str, asked: &mut Asked) -> Result<(), Refusal> {
    let Value::Object(part) = part else { return Err(wrong_type(path, "an object", part)) };
    // What the model said itself is output, also when it is sent back.
    let known: &[&str] = match role {
        "assistant" => &["output_text", "refusal"],
        _ => &["input_text", "input_image", "input_file", "input_audio"],
    };
    match one_of(string(part, "type", path)?, known, &format!("{path}.type"))? {
        "input_text" | "output_text" => {
            only(part, &["type", "text", "annotations", "logprobs", "prompt_cache_breakpoint"], path)?;
            asked.texts.push((role.to_owned(), string(part, "text", path)?.to_owned()));
        }
        "input_image" => {
            only(part, &["type", "image_url", "detail", "file_id"], path)?;
            choice(part, "detail", &["low", "high", "auto", "original"], path)?;
            asked.pictures.push(picture(string(part, "image_url", path)?, &format!("{path}.image_url"))?);
        }
        other => return Err(Refusal::plain(format!("The practice server does not play parts of type '{other}'."))),
    }
    Ok(())
}
