//! Parameters, and which model takes which.
//!
//! A schema the provider is asked to enforce is native (`output_config`) where the model can; any other
//! wish for JSON becomes an instruction after the system texts, and whether the answer keeps to it is
//! checked where the answer is used.

use serde_json::{Map, Value, json};

use crate::chat::{Decimal, Params, ResponseFormat};
use crate::id::ModelName;
use crate::wire::dropped::{no_such_setting, refused};
use crate::wire::instruction;

/// Since 4.5 a model enforces a schema (docs.anthropic.com/en/docs/build-with-claude/structured-outputs).
const ENFORCES_SCHEMAS: Version = (4, 5);
/// Since 4.1 a model takes temperature or top_p, not both (docs.anthropic.com/en/docs/about-claude/models/migration-guide).
const TAKES_ONE_OF_TWO: Version = (4, 1);
/// Since 4.7 a model answers 400 to both (platform.claude.com/docs/en/about-claude/models/migration-guide).
const REFUSES_SAMPLING: Version = (4, 7);

/// Major and minor.
type Version = (u32, u32);

/// Sets the parameters, and says which are left out. What comes back belongs after the system texts.
pub(super) fn insert(
    params: &Params,
    model: &ModelName,
    body: &mut Map<String, Value>,
    dropped: &mut Vec<String>,
) -> Option<String> {
    let version = version(model.as_str());
    if let Some(most) = params.max_tokens {
        body.insert("max_tokens".into(), most.into());
    }
    sampling(params, version, model, body, dropped);
    for (name, number) in
        [("frequency_penalty", &params.frequency_penalty), ("presence_penalty", &params.presence_penalty)]
    {
        if number.is_some() {
            dropped.push(no_such_setting(name));
        }
    }
    // One that is blank is answered with 400.
    let (blank, stop): (Vec<_>, Vec<_>) = params.stop.iter().partition(|stop| stop.trim().is_empty());
    if !stop.is_empty() {
        body.insert("stop_sequences".into(), stop.into_iter().cloned().collect());
    }
    if !blank.is_empty() {
        dropped.push("A stop text of only white space was not sent: the provider takes none.".to_owned());
    }
    let (native, instruction) = shape(params.response_format.as_ref(), version);
    if let Some(format) = native {
        body.insert("output_config".into(), json!({ "format": format }));
    }
    instruction
}

fn sampling(
    params: &Params,
    version: Option<Version>,
    model: &ModelName,
    body: &mut Map<String, Value>,
    dropped: &mut Vec<String>,
) {
    let since = |first: Version| version.is_some_and(|version| version >= first);
    match &params.temperature {
        None => {}
        Some(_) if since(REFUSES_SAMPLING) => dropped.push(refused("temperature", model)),
        Some(Decimal(number)) if number.as_f64().is_some_and(|number| number > 1.0) => {
            body.insert("temperature".into(), 1.into());
            dropped.push(format!("temperature was sent as 1 instead of {number}: the provider takes 0 to 1."));
        }
        Some(Decimal(number)) => drop(body.insert("temperature".into(), Value::Number(number.clone()))),
    }
    match &params.top_p {
        None => {}
        Some(_) if since(REFUSES_SAMPLING) => dropped.push(refused("top_p", model)),
        Some(_) if params.temperature.is_some() && since(TAKES_ONE_OF_TWO) => {
            dropped.push(format!("top_p was not sent: {model} does not take it together with temperature."));
        }
        Some(Decimal(number)) => drop(body.insert("top_p".into(), Value::Number(number.clone()))),
    }
}

/// What asks for the answer's shape: a native format, or an instruction.
fn shape(format: Option<&ResponseFormat>, version: Option<Version>) -> (Option<Value>, Option<String>) {
    match format {
        None | Some(ResponseFormat::Text) => (None, None),
        Some(ResponseFormat::JsonObject) => (None, Some(instruction::object())),
        Some(ResponseFormat::JsonSchema { schema, strict: true, .. })
            if version.is_some_and(|version| version >= ENFORCES_SCHEMAS) =>
        {
            (Some(json!({ "type": "json_schema", "schema": schema })), None)
        }
        // Enforced schemas must be closed and may not bound lengths or numbers, else the answer is 400.
        Some(ResponseFormat::JsonSchema { schema, .. }) => (None, Some(instruction::fitting(schema))),
    }
}

/// The version in a name such as `claude-opus-4-7`, `claude-3-5-sonnet-20241022` or a cloud's
/// `anthropic.claude-opus-4-20250514-v1:0`. A Claude without one is a new one; `None` is another company's
/// model, of which nothing is known: DeepSeek, Moonshot and others answer in this format too.
fn version(model: &str) -> Option<Version> {
    let (_, rest) = model.split_once("claude-")?;
    let number = |part: &str| part.parse::<u32>().ok().filter(|_| part.len() <= 2);
    let parts: Vec<&str> = rest.split(['-', '.', '@', ':']).collect();
    let at = parts.iter().position(|part| number(part).is_some());
    let major = at.and_then(|at| number(parts[at]));
    let minor = at.and_then(|at| number(parts.get(at + 1)?));
    Some((major.unwrap_or(u32::MAX), minor.unwrap_or(0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_read_from_every_way_to_write_a_name() {
        for (name, read) in [
            ("claude-opus-4-7", Some((4, 7))),
            ("claude-opus-4-20250514", Some((4, 0))),
            ("claude-opus-4-1@20250805", Some((4, 1))),
            ("claude-sonnet-4-5-20250929", Some((4, 5))),
            ("claude-sonnet-5", Some((5, 0))),
            ("claude-3-5-sonnet-20241022", Some((3, 5))),
            ("claude-3-opus-latest", Some((3, 0))),
            ("claude-2.1", Some((2, 1))),
            ("anthropic/claude-sonnet-4.6", Some((4, 6))),
            ("anthropic.claude-opus-4-20250514-v1:0", Some((4, 0))),
            ("eu.anthropic.claude-opus-4-7-v1:0", Some((4, 7))),
            ("claude-mythos-preview", Some((u32::MAX, 0))),
            ("deepseek-chat", None),
            ("kimi-k2", None),
        ] {
            assert_eq!(version(name), read, "{name}");
        }
    }
}
