//! Single values of a request: types, choices, unknown names.

use serde_json::{Map, Value};

use crate::openai::refusal::Refusal;

/// The body, where it is a JSON object.
pub(super) fn parse(body: &[u8]) -> Result<Map<String, Value>, Refusal> {
    match serde_json::from_slice::<Value>(body) {
        Ok(Value::Object(body)) => Ok(body),
        _ => Err(Refusal::plain(
            "We could not parse the JSON body of your request. (HINT: This likely means you aren't using your HTTP library correctly. The OpenAI API expects a JSON payload, but what was sent was not valid JSON. If you have trouble figuring out how to fix this, please contact us through our help center at help.openai.com.)",
        )),
    }
}

/// A number between two bounds, where there is one.
pub(super) fn decimal(body: &Map<String, Value>, name: &str, least: f64, most: f64) -> Result<(), Refusal> {
    let value = match body.get(name) {
        None | Some(Value::Null) => return Ok(()),
        Some(value) => value,
    };
    let number = value.as_f64().ok_or_else(|| wrong_type(name, "a decimal", value))?;
    let (where_to, sign, bound, code) = if number > most {
        ("above maximum", "<=", most, "decimal_above_max_value")
    } else if number < least {
        ("below minimum", ">=", least, "decimal_below_min_value")
    } else {
        return Ok(());
    };
    let text = format!(
        "Invalid '{name}': decimal {where_to} value. Expected a value {sign} {bound}, but got {value} instead."
    );
    Err(Refusal::of(name, code, text))
}

/// A count of tokens, at least `least`, where there is one.
pub(super) fn tokens(body: &Map<String, Value>, name: &str, least: u64) -> Result<Option<u64>, Refusal> {
    match body.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(value) if !value.is_i64() && !value.is_u64() => Err(wrong_type(name, "an integer", value)),
        Some(value) => value.as_u64().filter(|count| *count >= least).map(Some).ok_or_else(|| {
            let text = format!(
                "Invalid '{name}': integer below minimum value. Expected a value >= {least}, but got {value} instead."
            );
            Refusal::of(name, "integer_below_min_value", text)
        }),
    }
}

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
