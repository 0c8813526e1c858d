//! Single values of a request: types, choices, unknown names.

use serde_json::{Map, Value};

use crate::refusal::Refusal;

pub(super) fn flag(body: &Map<String, Value>, name: &str, path: &str) -> Result<bool, Refusal> {
    match body.get(name) {
        None | Some(Value::Null) => Ok(false),
        Some(Value::Bool(on)) => Ok(*on),
        Some(other) => Err(wrong_type(path, "a boolean", other)),
    }
}

pub(super) fn string<'a>(body: &'a Map<String, Value>, name: &str, path: &str) -> Result<&'a str, Refusal> {
    let at = format!("{path}.{name}");
    match body.get(name) {
        None => Err(Refusal::of(&at, "missing_required_parameter", format!("Missing required parameter: '{at}'."))),
        Some(Value::String(text)) => Ok(text),
        Some(other) => Err(wrong_type(&at, "a string", other)),
    }
}

pub(super) fn only(body: &Map<String, Value>, known: &[&str], path: &str) -> Result<(), Refusal> {
    match body.keys().find(|name| !known.contains(&name.as_str())) {
        None => Ok(()),
        Some(name) => {
            let at = format!("{path}.{name}");
            Err(Refusal::of(&at, "unknown_parameter", format!("Unknown parameter: '{at}'.")))
        }
    }
}

pub(super) fn one_of<'a>(value: &'a str, known: &[&str], path: &str) -> Result<&'a str, Refusal> {
    if known.contains(&value) {
        return Ok(value);
    }
    let quoted: Vec<String> = known.iter().map(|known| format!("'{known}'")).collect();
    let list = match quoted.split_last() {
        Some((last, rest)) => format!("{}, and {last}", rest.join(", ")),
        None => String::new(),
    };
    Err(Refusal::of(path, "invalid_value", format!("Invalid value: '{value}'. Supported values are: {list}.")))
}

pub(super) fn wrong_type(path: &str, wanted: &str, got: &Value) -> Refusal {
    let got = match got {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(number) if number.is_f64() => "a decimal",
        Value::Number(_) => "an integer",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    };
    let text = format!("Invalid type for '{path}': expected {wanted}, but got {got} instead.");
    Refusal::of(path, "invalid_type", text)
}
