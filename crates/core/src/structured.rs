//! Answers in JSON: what a model wrote is read, checked against what was asked for, and where it does
//! not fit, the model is asked once more. Guards that an answer is never a cut-off object: a text from
//! which no single whole value can be read is an error that says why.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::chat::{Chat, Message, ResponseFormat, Role};

/// The most mistakes that are told to the model and to the caller.
const MOST_TOLD: usize = 3;
/// The most characters of one mistake.
const LONGEST_TOLD: usize = 200;
/// The most characters of a wrong answer that are shown to the model again.
const LONGEST_SHOWN: usize = 20_000;

/// The most bytes of a schema. OpenAI takes 120,000 characters of names and values; a form that a person
/// or a program really fills is far below.
const LARGEST_SCHEMA: usize = 64 * 1024;
/// The most regular expressions in a schema: each is compiled, and a hostile one takes about 10 ms.
const MOST_PATTERNS: usize = 32;
/// The most parts of a schema with every reference followed: a ladder of references that each name the
/// next one twice doubles the work with each step.
const MOST_PARTS: u64 = 20_000;

/// Whether a schema can be held against an answer, before anything is spent. A schema that points to
/// another place is refused: nothing is fetched. So is one that would take long to check.
///
/// # Errors
/// What is wrong with it.
pub fn usable(format: &ResponseFormat) -> Result<(), String> {
    match format {
        ResponseFormat::Text | ResponseFormat::JsonObject => Ok(()),
        ResponseFormat::JsonSchema { schema, .. } => {
            bounded(schema)?;
            match jsonschema::validator_for(schema) {
                Ok(_) => Ok(()),
                Err(error) => Err(short(&error.to_string())),
            }
        }
    }
}

fn bounded(schema: &Value) -> Result<(), String> {
    if schema.to_string().len() > LARGEST_SCHEMA {
        return Err(format!("it is larger than {} KB", LARGEST_SCHEMA / 1024));
    }
    if patterns(schema) > MOST_PATTERNS {
        return Err(format!("it has more than {MOST_PATTERNS} patterns"));
    }
    let mut known = BTreeMap::new();
    if parts(schema, schema, &mut known) > MOST_PARTS {
        return Err("its references multiply to more parts than can be checked".to_owned());
    }
    Ok(())
}

fn patterns(schema: &Value) -> usize {
    match schema {
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => 0,
        Value::Array(items) => items.iter().map(patterns).sum(),
        Value::Object(fields) => fields
            .iter()
            .map(|(name, value)| match (name.as_str(), value) {
                ("pattern", Value::String(_)) => 1,
                ("patternProperties", Value::Object(of)) => of.len() + patterns(value),
                _ => patterns(value),
            })
            .sum(),
    }
}

/// The parts of a schema with references followed; one that comes back to itself counts as one part.
fn parts<'s>(root: &'s Value, schema: &'s Value, known: &mut BTreeMap<&'s str, u64>) -> u64 {
    let sum = match schema {
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => 0,
        Value::Array(items) => items.iter().fold(0, |sum: u64, item| sum.saturating_add(parts(root, item, known))),
        Value::Object(fields) => fields.iter().fold(0, |sum: u64, (name, value)| {
            let more = match (name.as_str(), value) {
                ("$ref" | "$dynamicRef", Value::String(to)) => followed(root, to, known),
                _ => parts(root, value, known),
            };
            sum.saturating_add(more)
        }),
    };
    sum.saturating_add(1)
}

fn followed<'s>(root: &'s Value, to: &'s str, known: &mut BTreeMap<&'s str, u64>) -> u64 {
    if let Some(parts) = known.get(to) {
        return *parts;
    }
    known.insert(to, 1);
    let found = to.strip_prefix('#').and_then(|pointer| root.pointer(pointer));
    let sum = found.map_or(1, |schema| parts(root, schema, known));
    known.insert(to, sum);
    sum
}

/// The JSON of an answer, exactly as the model wrote it: all of the text, or the one value inside a
/// code block or prose. A format of text gives the text.
///
/// # Errors
/// Why it is not what was asked for, in words for the model and for the caller.
pub fn read<'t>(format: &ResponseFormat, text: &'t str) -> Result<&'t str, String> {
    let (json, value) = match format {
        ResponseFormat::Text => return Ok(text),
        ResponseFormat::JsonObject | ResponseFormat::JsonSchema { .. } => only_value(text)?,
    };
    match format {
        ResponseFormat::JsonSchema { schema, .. } => fits(schema, &value)?,
        ResponseFormat::JsonObject if !value.is_object() => return Err("it is JSON, but not an object".to_owned()),
        ResponseFormat::Text | ResponseFormat::JsonObject => {}
    }
    Ok(json)
}

/// The conversation in which the model mends its answer.
pub fn repair(chat: &Chat, answer: &str, why: &str) -> Chat {
    let mut chat = chat.clone();
    let shown: String = answer.chars().take(LONGEST_SHOWN).collect();
    let wish = format!(
        "That answer cannot be used: {why}. Answer again with the corrected JSON only: no explanation, no code block."
    );
    chat.messages.extend([Message::text(Role::Assistant, shown), Message::text(Role::User, wish)]);
    chat
}

fn fits(schema: &Value, value: &Value) -> Result<(), String> {
    let validator = jsonschema::validator_for(schema).map_err(|error| short(&error.to_string()))?;
    let mistakes: Vec<_> = validator
        .iter_errors(value)
        .take(MOST_TOLD)
        .map(|error| {
            let place = error.instance_path().to_string();
            let place = if place.is_empty() { "the whole".to_owned() } else { place };
            format!("at {}: {}", short(&place), short(&error.to_string()))
        })
        .collect();
    if mistakes.is_empty() { Ok(()) } else { Err(mistakes.join("; ")) }
}

/// The one JSON value of a text, with the text that it stands in.
fn only_value(text: &str) -> Result<(&str, Value), String> {
    let whole = text.trim();
    let why = match serde_json::from_str(whole) {
        Ok(value) => return Ok((whole, value)),
        Err(error) => format!("it is not valid JSON ({})", short(&error.to_string())),
    };
    // A text that begins as JSON and is none was cut or is broken; a value inside it is a part, not the answer.
    if whole.starts_with(['{', '[']) && values(whole).is_empty() {
        return Err(why);
    }
    match values(whole).as_slice() {
        [] => Err(why),
        [only] => serde_json::from_str(only).map(|value| (*only, value)).map_err(|_| why),
        _ => Err("it holds more than one JSON value".to_owned()),
    }
}

/// The outermost objects and lists of a text that are whole and valid. One that is begun and never
/// ended hides everything after it.
fn values(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(start) = text[from..].find(['{', '[']).map(|at| from + at) {
        let Some(end) = end_of(&text[start..]).map(|length| start + length) else { break };
        let candidate = &text[start..end];
        if serde_json::from_str::<Value>(candidate).is_ok() {
            found.push(candidate);
        }
        from = end;
    }
    found
}

/// The length of the bracketed text that begins at the first byte, brackets in strings left aside.
fn end_of(text: &str) -> Option<usize> {
    let (mut depth, mut quoted, mut escaped) = (0usize, false, false);
    for (at, byte) in text.bytes().enumerate() {
        if std::mem::take(&mut escaped) {
            continue;
        }
        match byte {
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b'{' | b'[' if !quoted => depth += 1,
            b'}' | b']' if !quoted => depth = depth.saturating_sub(1),
            _ => continue,
        }
        if depth == 0 && !quoted {
            return Some(at + 1);
        }
    }
    None
}

fn short(text: &str) -> String {
    let mut shown: String = text.chars().filter(|c| !c.is_control()).take(LONGEST_TOLD).collect();
    if text.chars().nth(LONGEST_TOLD).is_some() {
        shown.push('…');
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn schema(schema: Value) -> ResponseFormat {
        ResponseFormat::JsonSchema { name: "answer".into(), schema, strict: true }
    }

    #[test]
    fn one_whole_value_is_found_and_a_cut_off_one_never_is() {
        let object = ResponseFormat::JsonObject;
        for (text, json) in [
            (r#"{"a":1}"#, r#"{"a":1}"#),
            ("\n {\"a\": {\"b\": [1, {\"c\": \"}\"}]}} \n", r#"{"a": {"b": [1, {"c": "}"}]}}"#),
            ("```json\n{\"a\":1}\n```", r#"{"a":1}"#),
            ("Here you are: {\"a\":\"{ \\\" [\"} I hope it helps.", r#"{"a":"{ \" ["}"#),
            ("~~~\n{\"a\":\"```\"}\n~~~", r#"{"a":"```"}"#),
        ] {
            assert_eq!(read(&object, text), Ok(json), "{text}");
        }
        for (text, why) in [
            ("", "not valid JSON"),
            ("no JSON here", "not valid JSON"),
            (r#"{"a":{"b":1}"#, "not valid JSON"),
            (r#"{"a":{"b":1},"#, "not valid JSON"),
            ("```json\n{\"a\":[{\"b\":1},\n```", "not valid JSON"),
            (r#"{"a":1,}"#, "not valid JSON"),
            (r#"{"a":1} {"a":2}"#, "more than one"),
            ("[1,2]", "not an object"),
            ("7", "not an object"),
        ] {
            let got = read(&object, text).expect_err(text);
            assert!(got.contains(why), "{text}: {got}");
        }
        assert_eq!(read(&ResponseFormat::Text, "{"), Ok("{"), "text is text");
    }

    #[test]
    fn what_does_not_fit_the_schema_is_told_with_its_place() {
        let format = schema(json!({
            "type": "object",
            "properties": { "age": { "type": "integer" }, "tags": { "type": "array", "items": { "type": "string" } } },
            "required": ["age"]
        }));
        assert_eq!(usable(&format), Ok(()));
        assert_eq!(read(&format, r#"{"age":3,"tags":["x"]}"#), Ok(r#"{"age":3,"tags":["x"]}"#));
        let why = read(&format, r#"{"age":"three","tags":["x",1]}"#).expect_err("wrong types");
        assert!(why.contains("/age") && why.contains("/tags/1"), "{why}");
        let why = read(&format, "{}").expect_err("age is missing");
        assert!(why.contains("age"), "{why}");
    }

    #[test]
    fn a_schema_that_is_broken_or_points_elsewhere_is_refused_before_anything_is_spent() {
        assert!(usable(&schema(json!({ "type": "no such type" }))).is_err());
        assert!(usable(&schema(json!({ "$ref": "https://example.com/schema.json" }))).is_err());
        assert!(usable(&schema(json!({ "$ref": "file:///etc/passwd" }))).is_err());
        assert_eq!(usable(&schema(json!(true))), Ok(()));
    }

    #[test]
    fn a_schema_that_would_take_long_to_check_is_refused() {
        let ladder = |levels: usize| {
            let level = |n: usize| {
                let next = format!("#/$defs/l{}", n + 1);
                (format!("l{n}"), json!({ "allOf": [{ "$ref": next }, { "$ref": next }] }))
            };
            let mut defs: serde_json::Map<String, Value> = (0..levels).map(level).collect();
            defs.insert(format!("l{levels}"), json!({ "type": "object" }));
            schema(json!({ "$defs": defs, "$ref": "#/$defs/l0" }))
        };
        assert_eq!(usable(&ladder(5)), Ok(()));
        assert!(usable(&ladder(60)).is_err_and(|why| why.contains("multiply")), "2 to the 60th");
        let many = |count: usize| {
            let one = |n: usize| (format!("p{n}"), json!({ "type": "string", "pattern": "^a{1,9}$" }));
            schema(json!({ "properties": (0..count).map(one).collect::<serde_json::Map<_, _>>() }))
        };
        assert_eq!(usable(&many(32)), Ok(()));
        assert!(usable(&many(33)).is_err_and(|why| why.contains("patterns")));
        let large = json!({ "description": "x".repeat(70_000) });
        assert!(usable(&schema(large)).is_err_and(|why| why.contains("64 KB")));
        let tree = json!({ "$defs": { "node": { "properties": { "left": { "$ref": "#/$defs/node" } } } }, "$ref": "#/$defs/node" });
        assert_eq!(usable(&schema(tree)), Ok(()), "a form that holds itself is a plain thing");
    }

    #[test]
    fn the_model_sees_its_answer_and_what_is_wrong_with_it() {
        let chat = Chat { messages: vec![Message::text(Role::User, "JSON, please")], ..Chat::default() };
        let mended = repair(&chat, "{", "it is not valid JSON");
        assert_eq!(mended.messages.len(), 3);
        assert_eq!(mended.messages[0], chat.messages[0], "the task is unchanged");
        assert_eq!(mended.messages[1], Message::text(Role::Assistant, "{"));
        let crate::chat::Part::Text(wish) = &mended.messages[2].parts[0] else { panic!("a text") };
        assert!(wish.contains("it is not valid JSON"));
    }
}
