//! The arguments of a call against the tool's own schema, the one the client was given. All problems
//! are found at once, each with the argument's place and, for a wrong name, the nearest right one.
//!
//! The schemas here are small: object, list, the plain kinds, `enum`, `anyOf` of different kinds,
//! lengths and ranges. A keyword that is not read here must not be used in a schema; a test sees to it.

use pointsman_core::code::{Code, Denial};
use pointsman_core::id::nearest;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

/// At most this many problems are told.
const MOST: usize = 5;

/// Reads arguments as `T`, whose schema is `schema`. `null` and absent are the same.
pub(crate) fn read<T: DeserializeOwned>(mut arguments: Value, schema: &Map<String, Value>) -> Result<T, Denial> {
    if arguments.is_null() {
        arguments = Value::Object(Map::new());
    }
    if let Value::Object(fields) = &mut arguments {
        fields.retain(|_, value| !value.is_null());
    }
    let mut problems = Vec::new();
    check(schema, &arguments, "", &mut problems);
    if problems.is_empty() {
        return serde_json::from_value(arguments)
            .map_err(|error| refused(format!("The arguments could not be read: {error}.")));
    }
    let more = problems.len().saturating_sub(MOST);
    problems.truncate(MOST);
    if more > 0 {
        problems.push(format!("There are {more} more problems."));
    }
    Err(refused(problems.join(" ")))
}

fn refused(sentence: String) -> Denial {
    Denial::new(Code::InvalidRequest, sentence)
}

fn check(schema: &Map<String, Value>, value: &Value, place: &str, problems: &mut Vec<String>) {
    if let Some(Value::Array(branches)) = schema.get("anyOf") {
        return check_branches(branches, value, place, problems);
    }
    if let Some(Value::Array(allowed)) = schema.get("enum") {
        return check_word(allowed, value, place, problems);
    }
    let Some(kind) = schema.get("type").and_then(Value::as_str) else { return };
    if !is(kind, value) {
        problems.push(format!("{} must be {}, not {}.", named(place), kind_words(kind), value_words(value)));
        return;
    }
    match value {
        Value::Object(fields) => check_object(schema, fields, place, problems),
        Value::Array(items) => check_list(schema, items, place, problems),
        Value::Number(number) => check_range(schema, number, place, problems),
        Value::String(text) => {
            if schema
                .get("minLength")
                .and_then(Value::as_u64)
                .is_some_and(|least| (text.chars().count() as u64) < least)
            {
                problems.push(format!("{} is empty.", named(place)));
            }
        }
        Value::Null | Value::Bool(_) => {}
    }
}

/// The branches differ in kind, so the value's kind says which one it is meant for.
fn check_branches(branches: &[Value], value: &Value, place: &str, problems: &mut Vec<String>) {
    let branches: Vec<_> = branches.iter().filter_map(Value::as_object).collect();
    let kind = |branch: &Map<String, Value>| branch.get("type").and_then(Value::as_str).unwrap_or_default().to_owned();
    match branches.iter().find(|branch| is(&kind(branch), value)) {
        Some(branch) => check(branch, value, place, problems),
        None => {
            let kinds: Vec<_> = branches.iter().map(|branch| kind_words(&kind(branch))).collect();
            problems.push(format!("{} must be {}, not {}.", named(place), kinds.join(" or "), value_words(value)));
        }
    }
}

fn check_word(allowed: &[Value], value: &Value, place: &str, problems: &mut Vec<String>) {
    if allowed.contains(value) {
        return;
    }
    let words = || allowed.iter().filter_map(Value::as_str);
    let list = words().collect::<Vec<_>>().join(", ");
    let Some(text) = value.as_str() else {
        return problems.push(format!("{} must be one of {list}.", named(place)));
    };
    let hint = match nearest(text, words()) {
        Some(near) => format!("Did you mean {near}?"),
        None => format!("It is one of {list}."),
    };
    problems.push(format!("{} cannot be {:?}. {hint}", named(place), cut(text)));
}

fn check_object(schema: &Map<String, Value>, fields: &Map<String, Value>, place: &str, problems: &mut Vec<String>) {
    let empty = Map::new();
    let known = schema.get("properties").and_then(Value::as_object).unwrap_or(&empty);
    // An object without named properties takes any: the schema of a JSON answer, say.
    if let Some(known) = schema.get("properties").and_then(Value::as_object) {
        for name in fields.keys().filter(|name| !known.contains_key(*name)) {
            let hint = match nearest(name, known.keys().map(String::as_str)) {
                Some(near) => format!("Did you mean {near}?"),
                None if known.is_empty() => "There are none.".to_owned(),
                None => format!("There are {}.", known.keys().cloned().collect::<Vec<_>>().join(", ")),
            };
            problems.push(format!("There is no argument {:?}. {hint}", cut(&within(place, name))));
        }
    }
    for name in schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str) {
        if !fields.contains_key(name) {
            problems.push(format!("{} is missing.", named(&within(place, name))));
        }
    }
    for (name, value) in fields {
        if let Some(schema) = known.get(name).and_then(Value::as_object) {
            check(schema, value, &within(place, name), problems);
        }
    }
}

fn check_list(schema: &Map<String, Value>, items: &[Value], place: &str, problems: &mut Vec<String>) {
    if schema.get("minItems").and_then(Value::as_u64).is_some_and(|least| (items.len() as u64) < least) {
        problems.push(format!("{} is an empty list.", named(place)));
    }
    if let Some(most) = schema.get("maxItems").and_then(Value::as_u64).filter(|most| items.len() as u64 > *most) {
        problems.push(format!("{} has {} entries; at most {most} are possible.", named(place), items.len()));
    }
    if let Some(schema) = schema.get("items").and_then(Value::as_object) {
        for (index, item) in items.iter().enumerate() {
            check(schema, item, &format!("{place}[{index}]"), problems);
        }
    }
}

fn check_range(schema: &Map<String, Value>, number: &serde_json::Number, place: &str, problems: &mut Vec<String>) {
    let bound = |keyword| schema.get(keyword).and_then(Value::as_f64);
    let Some(given) = number.as_f64() else { return };
    let (least, most) = (bound("minimum"), bound("maximum"));
    if least.is_some_and(|least| given < least) || most.is_some_and(|most| given > most) {
        let range = match (least, most) {
            (Some(least), Some(most)) => format!("from {least} to {most}"),
            (Some(least), None) => format!("at least {least}"),
            (None, Some(most)) => format!("at most {most}"),
            (None, None) => return,
        };
        problems.push(format!("{} must be {range}, not {number}.", named(place)));
    }
}

fn is(kind: &str, value: &Value) -> bool {
    match kind {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "number" => value.is_number(),
        "integer" => value.is_u64() || value.is_i64(),
        "null" => value.is_null(),
        // An unknown kind fits nothing, so a new one in a schema is seen by the first test.
        _ => false,
    }
}

fn kind_words(kind: &str) -> &'static str {
    match kind {
        "object" => "an object",
        "array" => "a list",
        "string" => "text",
        "boolean" => "true or false",
        "number" => "a number",
        "integer" => "a whole number",
        _ => "null",
    }
}

fn value_words(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(given) => given.to_string(),
        Value::Number(given) => given.to_string(),
        Value::String(given) => format!("the text {:?}", cut(given)),
        Value::Array(_) => "a list".to_owned(),
        Value::Object(_) => "an object".to_owned(),
    }
}

fn within(place: &str, name: &str) -> String {
    if place.is_empty() { name.to_owned() } else { format!("{place}.{name}") }
}

fn named(place: &str) -> &str {
    if place.is_empty() { "arguments" } else { place }
}

fn cut(text: &str) -> String {
    text.chars().take(80).collect()
}
