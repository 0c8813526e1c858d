//! `response_format`.

use serde_json::{Map, Value};

use super::value::{flag, one_of, only, string, wrong_type};
use super::{Asked, Shape};
use crate::refusal::Refusal;

pub(super) fn shape(body: &Map<String, Value>, asked: &Asked) -> Result<Shape, Refusal> {
    let format = match body.get("response_format") {
        None | Some(Value::Null) => return Ok(Shape::Text),
        Some(Value::Object(format)) => format,
        Some(other) => return Err(wrong_type("response_format", "an object", other)),
    };
    let kind = string(format, "type", "response_format")?;
    match one_of(kind, &["json_object", "json_schema", "text"], "response_format.type")? {
        "text" => only(format, &["type"], "response_format").map(|()| Shape::Text),
        "json_object" => {
            only(format, &["type"], "response_format")?;
            if !asked.texts.iter().any(|(_, text)| text.to_lowercase().contains("json")) {
                let text = "'messages' must contain the word 'json' in some form, to use 'response_format' of type 'json_object'.";
                return Err(Refusal { param: Some("messages".into()), ..Refusal::plain(text) });
            }
            Ok(Shape::Object)
        }
        _ => {
            only(format, &["type", "json_schema"], "response_format")?;
            schema(format.get("json_schema").unwrap_or(&Value::Null)).map(Shape::Schema)
        }
    }
}

fn schema(value: &Value) -> Result<Value, Refusal> {
    let path = "response_format.json_schema";
    let Value::Object(outer) = value else {
        return Err(Refusal::of(path, "missing_required_parameter", format!("Missing required parameter: '{path}'.")));
    };
    only(outer, &["name", "description", "schema", "strict"], path)?;
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
        Refusal { param: Some("response_format".into()), ..Refusal::plain(text) }
    };
    if inner["type"] != "object" {
        return Err(bad("schema must be a JSON Schema of 'type: \"object\"', got another type."));
    }
    if strict && inner["additionalProperties"] != Value::Bool(false) {
        return Err(bad("In context=(), 'additionalProperties' is required to be supplied and to be false."));
    }
    Ok(inner)
}
