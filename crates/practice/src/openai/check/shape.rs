//! The shape of an answer: `response_format` of chat completions, `text.format` of Responses.

use serde_json::{Map, Value};

use super::value::{flag, one_of, only, string, wrong_type};
use crate::asked::{Asked, Shape};
use crate::openai::refusal::Refusal;

pub(super) fn of_chat(body: &Map<String, Value>, asked: &Asked) -> Result<Shape, Refusal> {
    let path = "response_format";
    let Some((format, kind)) = kind(body, path)? else { return Ok(Shape::Text) };
    match kind {
        "text" => only(format, &["type"], path).map(|()| Shape::Text),
        "json_object" => {
            only(format, &["type"], path)?;
            named(
                asked,
                "'messages' must contain the word 'json' in some form, to use 'response_format' of type 'json_object'.",
                "messages",
            )
        }
        _ => {
            only(format, &["type", "json_schema"], path)?;
            let path = "response_format.json_schema";
            let Some(Value::Object(outer)) = format.get("json_schema") else {
                let text = format!("Missing required parameter: '{path}'.");
                return Err(Refusal::of(path, "missing_required_parameter", text));
            };
            only(outer, &["name", "description", "schema", "strict"], path)?;
            schema(outer, path, "response_format").map(Shape::Schema)
        }
    }
}

pub(super) fn of_responses(text: &Map<String, Value>, asked: &Asked) -> Result<Shape, Refusal> {
    let path = "text.format";
    let inner = match text.get("format") {
        Some(format) => Map::from_iter([(path.to_owned(), format.clone())]),
        None => return Ok(Shape::Text),
    };
    let Some((format, kind)) = kind(&inner, path)? else { return Ok(Shape::Text) };
    match kind {
        "text" => only(format, &["type"], path).map(|()| Shape::Text),
        "json_object" => {
            only(format, &["type"], path)?;
            named(
                asked,
                "Response input messages must contain the word 'json' in some form to use 'text.format' of type 'json_object'.",
                "input",
            )
        }
        _ => {
            only(format, &["type", "name", "description", "schema", "strict"], path)?;
            schema(format, path, path).map(Shape::Schema)
        }
    }
}

type Kind<'a> = (&'a Map<String, Value>, &'a str);

fn kind<'a>(body: &'a Map<String, Value>, path: &str) -> Result<Option<Kind<'a>>, Refusal> {
    let format = match body.get(path) {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::Object(format)) => format,
        Some(other) => return Err(wrong_type(path, "an object", other)),
    };
    let kind = string(format, "type", path)?;
    one_of(kind, &["json_object", "json_schema", "text"], &format!("{path}.type"))?;
    Ok(Some((format, kind)))
}

/// A model that was not told of JSON may write spaces for ever, so the API insists on the word.
fn named(asked: &Asked, message: &str, param: &str) -> Result<Shape, Refusal> {
    if asked.texts.iter().any(|(_, text)| text.to_lowercase().contains("json")) {
        return Ok(Shape::Object);
    }
    Err(Refusal { param: Some(param.into()), ..Refusal::plain(message) })
}

fn schema(outer: &Map<String, Value>, path: &str, param: &str) -> Result<Value, Refusal> {
    let name = string(outer, "name", path)?;
    if name.is_empty() || !name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-')) {
        let text = format!(
            "Invalid '{path}.name': string does not match pattern. Expected a string that matches the pattern '^[a-zA-Z0-9_-]+$'."
        );
        return Err(Refusal::of(&format!("{path}.name"), "invalid_value", text));
    }
    let strict = flag(outer, "strict", &format!("{path}.strict"))?;
    let inner = outer.get("schema").cloned().unwrap_or_else(|| Value::Object(Map::new()));
    let bad = |what: &str| {
        let text = format!("Invalid schema for response_format '{name}': {what}");
        Refusal { param: Some(param.into()), ..Refusal::plain(text) }
    };
    if inner["type"] != "object" {
        return Err(bad("schema must be a JSON Schema of 'type: \"object\"', got another type."));
    }
    if strict && inner["additionalProperties"] != Value::Bool(false) {
        return Err(bad("In context=(), 'additionalProperties' is required to be supplied and to be false."));
    }
    Ok(inner)
}
