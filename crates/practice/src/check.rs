//! Checks of a chat completion request, as strict as the real API's and in its words. A request that
//! passes here but not there would let a bug of the codec through, so what the practice server does
//! not play (tools, several choices, audio) is refused, never ignored.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};

use crate::model::Model;
use crate::refusal::Refusal;

/// A request that passed.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Asked {
    pub(crate) model: String,
    /// Text of all messages, in order, with the role.
    pub(crate) texts: Vec<(String, String)>,
    pub(crate) messages: u64,
    /// Kind and size of the pictures.
    pub(crate) pictures: Vec<(&'static str, usize)>,
    pub(crate) max_tokens: Option<u64>,
    pub(crate) stop: Vec<String>,
    pub(crate) json: Shape,
    pub(crate) stream: bool,
    pub(crate) include_usage: bool,
}

/// The shape the answer must have.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) enum Shape {
    #[default]
    Text,
    Object,
    Schema(Value),
}

/// Parameters that are played.
const PLAYED: &[&str] = &[
    "messages",
    "model",
    "frequency_penalty",
    "max_completion_tokens",
    "max_tokens",
    "presence_penalty",
    "response_format",
    "stop",
    "stream",
    "stream_options",
    "temperature",
    "top_p",
];

/// Parameters of the API that change nothing a practice answer shows.
const WITHOUT_EFFECT: &[&str] = &[
    "metadata",
    "prompt_cache_key",
    "prompt_cache_retention",
    "reasoning_effort",
    "safety_identifier",
    "seed",
    "service_tier",
    "store",
    "user",
    "verbosity",
];

/// Parameters of the API that are not played.
const NOT_PLAYED: &[&str] = &[
    "audio",
    "function_call",
    "functions",
    "logit_bias",
    "logprobs",
    "modalities",
    "n",
    "parallel_tool_calls",
    "prediction",
    "tool_choice",
    "tools",
    "top_logprobs",
    "web_search_options",
];

const ROLES: &[&str] = &["system", "assistant", "user", "function", "tool", "developer"];

/// Checks a body. Without `models` every model name is known, and none reasons unless its name says so.
pub(crate) fn check(body: &[u8], models: &[Model]) -> Result<Asked, Refusal> {
    let Ok(Value::Object(body)) = serde_json::from_slice::<Value>(body) else {
        return Err(Refusal::plain(
            "We could not parse the JSON body of your request. (HINT: This likely means you aren't using your HTTP library correctly. The OpenAI API expects a JSON payload, but what was sent was not valid JSON. If you have trouble figuring out how to fix this, please contact us through our help center at help.openai.com.)",
        ));
    };
    arguments(&body)?;
    let model = model(&body, models)?;
    let mut asked = Asked { model: model.name.clone(), ..Asked::default() };
    messages(&body, &mut asked)?;
    numbers(&body)?;
    asked.max_tokens = most_tokens(&body, &model)?;
    if model.reasons {
        reasoning(&body)?;
    }
    asked.stop = stop(&body)?;
    asked.json = shape(&body, &asked)?;
    asked.stream = flag(&body, "stream", "stream")?;
    asked.include_usage = stream_options(&body, asked.stream)?;
    Ok(asked)
}

fn arguments(body: &Map<String, Value>) -> Result<(), Refusal> {
    let known = |name: &str| [PLAYED, WITHOUT_EFFECT, NOT_PLAYED].iter().any(|list| list.contains(&name));
    let unknown: Vec<&str> = body.keys().map(String::as_str).filter(|name| !known(name)).collect();
    match unknown.as_slice() {
        [] => {}
        [one] => return Err(Refusal::plain(format!("Unrecognized request argument supplied: {one}"))),
        several => {
            return Err(Refusal::plain(format!("Unrecognized request arguments supplied: {}", several.join(", "))));
        }
    }
    match body.keys().find(|name| NOT_PLAYED.contains(&name.as_str())) {
        Some(name) => Err(Refusal::plain(format!("The practice server does not play '{name}'."))),
        None => Ok(()),
    }
}

fn model(body: &Map<String, Value>, models: &[Model]) -> Result<Model, Refusal> {
    let name = match body.get("model") {
        None | Some(Value::Null) => return Err(Refusal::plain("you must provide a model parameter")),
        Some(Value::String(name)) if name.is_empty() => {
            return Err(Refusal::plain("you must provide a model parameter"));
        }
        Some(Value::String(name)) => name,
        Some(other) => return Err(wrong_type("model", "a string", other)),
    };
    if models.is_empty() {
        return Ok(Model::from(name.as_str()));
    }
    models.iter().find(|model| model.name == *name).cloned().ok_or_else(|| {
        let message = format!("The model `{name}` does not exist or you do not have access to it.");
        Refusal::coded(404, Some("model_not_found"), message)
    })
}

fn messages(body: &Map<String, Value>, asked: &mut Asked) -> Result<(), Refusal> {
    let list = match body.get("messages") {
        None => {
            let message = "Missing required parameter: 'messages'.";
            return Err(Refusal::of("messages", "missing_required_parameter", message));
        }
        Some(Value::Array(list)) => list,
        Some(other) => return Err(wrong_type("messages", "an array of objects", other)),
    };
    if list.is_empty() {
        let message =
            "Invalid 'messages': empty array. Expected an array with minimum length 1, but got an empty array instead.";
        return Err(Refusal::of("messages", "empty_array", message));
    }
    for (at, message) in list.iter().enumerate() {
        let path = format!("messages[{at}]");
        let Value::Object(message) = message else { return Err(wrong_type(&path, "an object", message)) };
        one_message(message, &path, asked)?;
        asked.messages += 1;
    }
    Ok(())
}

fn one_message(message: &Map<String, Value>, path: &str, asked: &mut Asked) -> Result<(), Refusal> {
    let at = format!("{path}.role");
    let role = match message.get("role") {
        None => {
            let text = format!("Missing required parameter: '{at}'.");
            return Err(Refusal::of(&at, "missing_required_parameter", text));
        }
        Some(Value::String(role)) => one_of(role, ROLES, &at)?,
        Some(other) => return Err(wrong_type(&at, "one of the roles", other)),
    };
    if matches!(role, "tool" | "function") {
        return Err(Refusal::plain(format!("The practice server does not play messages of role '{role}'.")));
    }
    only(message, &["role", "content", "name"], path)?;
    let at = format!("{path}.content");
    match message.get("content") {
        Some(Value::String(text)) => asked.texts.push((role.to_owned(), text.clone())),
        Some(Value::Array(parts)) if parts.is_empty() => {
            let text = format!(
                "Invalid '{at}': empty array. Expected an array with minimum length 1, but got an empty array instead."
            );
            return Err(Refusal::of(&at, "empty_array", text));
        }
        Some(Value::Array(parts)) => {
            for (nth, part) in parts.iter().enumerate() {
                one_part(part, role, &format!("{at}[{nth}]"), asked)?;
            }
        }
        None | Some(Value::Null) => {
            let text = "Invalid value for 'content': expected a string, got null.";
            return Err(Refusal { param: Some(at), ..Refusal::plain(text) });
        }
        Some(other) => return Err(wrong_type(&at, "one of a string or array of objects", other)),
    }
    Ok(())
}

fn one_part(part: &Value, role: &str, path: &str, asked: &mut Asked) -> Result<(), Refusal> {
    let Value::Object(part) = part else { return Err(wrong_type(path, "an object", part)) };
    let at = format!("{path}.type");
    let kind = match part.get("type") {
        Some(Value::String(kind)) => {
            one_of(kind, &["text", "image_url", "input_audio", "refusal", "audio", "file"], &at)?
        }
        None => {
            let text = format!("Missing required parameter: '{at}'.");
            return Err(Refusal::of(&at, "missing_required_parameter", text));
        }
        Some(other) => return Err(wrong_type(&at, "a string", other)),
    };
    match kind {
        "text" => {
            only(part, &["type", "text"], path)?;
            let text = string(part, "text", path)?;
            asked.texts.push((role.to_owned(), text.to_owned()));
        }
        "image_url" => {
            only(part, &["type", "image_url"], path)?;
            if role != "user" {
                let whole = path.split('.').next().unwrap_or(path);
                let text = format!(
                    "Invalid '{whole}'. Image URLs are only allowed for messages with role 'user', but this message with role '{role}' contains an image URL."
                );
                return Err(Refusal::of(whole, "invalid_value", text));
            }
            let at = format!("{path}.image_url");
            let Some(Value::Object(image)) = part.get("image_url") else {
                return Err(wrong_type(&at, "an object", part.get("image_url").unwrap_or(&Value::Null)));
            };
            only(image, &["url", "detail"], &at)?;
            asked.pictures.push(picture(string(image, "url", &at)?, &format!("{at}.url"))?);
        }
        other => return Err(Refusal::plain(format!("The practice server does not play parts of type '{other}'."))),
    }
    Ok(())
}

/// The kind and size of a picture. Its first bytes must be what its media type says a picture is.
fn picture(url: &str, path: &str) -> Result<(&'static str, usize), Refusal> {
    let bad = |what: &str| {
        let text = format!(
            "Invalid image URL: '{path}'. Expected a base64-encoded data URL with an image MIME type (e.g. 'data:image/png;base64,aW1nIGJ5dGVzIGhlcmU='), but got {what}."
        );
        Refusal::of(path, "invalid_value", text)
    };
    if url.starts_with("https://") || url.starts_with("http://") {
        return Ok(("web picture", 0));
    }
    let rest = url.strip_prefix("data:").ok_or_else(|| bad("a value without the 'data:' prefix"))?;
    let (media, data) = rest.split_once(";base64,").ok_or_else(|| bad("a value without the 'base64' marker"))?;
    if !["image/png", "image/jpeg", "image/gif", "image/webp"].contains(&media) {
        return Err(bad(&format!("unsupported MIME type '{media}'")));
    }
    let bytes = STANDARD.decode(data).map_err(|_| bad("an invalid base64-encoded value"))?;
    if bytes.is_empty() {
        return Err(bad("empty base64-encoded bytes"));
    }
    let kinds: [(&'static str, &[u8]); 4] =
        [("PNG", b"\x89PNG\r\n\x1a\n"), ("JPEG", b"\xff\xd8\xff"), ("GIF", b"GIF8"), ("WebP", b"RIFF")];
    let kind = kinds.iter().find(|(_, start)| bytes.starts_with(start)).map(|(name, _)| *name);
    kind.map(|kind| (kind, bytes.len())).ok_or_else(|| {
        let text = "You uploaded an unsupported image. Please make sure your image has of one the following formats: ['png', 'jpeg', 'gif', 'webp'].";
        Refusal::coded(400, Some("invalid_image_format"), text)
    })
}

fn numbers(body: &Map<String, Value>) -> Result<(), Refusal> {
    for (name, least, most) in [
        ("temperature", 0.0, 2.0),
        ("top_p", 0.0, 1.0),
        ("frequency_penalty", -2.0, 2.0),
        ("presence_penalty", -2.0, 2.0),
    ] {
        let value = match body.get(name) {
            None | Some(Value::Null) => continue,
            Some(value) => value,
        };
        let number = value.as_f64().ok_or_else(|| wrong_type(name, "a decimal", value))?;
        let bound = if number > most {
            Some(("above maximum", "<=", most, "decimal_above_max_value"))
        } else if number < least {
            Some(("below minimum", ">=", least, "decimal_below_min_value"))
        } else {
            None
        };
        if let Some((where_to, sign, bound, code)) = bound {
            let text = format!(
                "Invalid '{name}': decimal {where_to} value. Expected a value {sign} {bound}, but got {value} instead."
            );
            return Err(Refusal::of(name, code, text));
        }
    }
    Ok(())
}

fn most_tokens(body: &Map<String, Value>, model: &Model) -> Result<Option<u64>, Refusal> {
    let (old, new) = (tokens(body, "max_tokens")?, tokens(body, "max_completion_tokens")?);
    if old.is_some() && model.reasons {
        let text = "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.";
        return Err(Refusal::of("max_tokens", "unsupported_parameter", text));
    }
    if old.is_some() && new.is_some() {
        let text = "Setting 'max_tokens' and 'max_completion_tokens' at the same time is not supported.";
        return Err(Refusal::of("max_tokens", "invalid_parameter_combination", text));
    }
    Ok(old.or(new))
}

fn tokens(body: &Map<String, Value>, name: &str) -> Result<Option<u64>, Refusal> {
    match body.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(value) if !value.is_i64() && !value.is_u64() => Err(wrong_type(name, "an integer", value)),
        Some(value) => value.as_u64().filter(|count| *count > 0).map(Some).ok_or_else(|| {
            let text = format!(
                "Invalid '{name}': integer below minimum value. Expected a value >= 1, but got {value} instead."
            );
            Refusal::of(name, "integer_below_min_value", text)
        }),
    }
}

/// What a reasoning model does not take.
fn reasoning(body: &Map<String, Value>) -> Result<(), Refusal> {
    if let Some(value) = body.get("temperature").filter(|value| !value.is_null() && value.as_f64() != Some(1.0)) {
        let text = format!(
            "Unsupported value: 'temperature' does not support {value} with this model. Only the default (1) value is supported."
        );
        return Err(Refusal::of("temperature", "unsupported_value", text));
    }
    for name in ["top_p", "frequency_penalty", "presence_penalty", "stop"] {
        if body.get(name).is_some_and(|value| !value.is_null()) {
            let text = format!("Unsupported parameter: '{name}' is not supported with this model.");
            return Err(Refusal::of(name, "unsupported_parameter", text));
        }
    }
    Ok(())
}

fn stop(body: &Map<String, Value>) -> Result<Vec<String>, Refusal> {
    match body.get("stop") {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::String(text)) => Ok(vec![text.clone()]),
        Some(Value::Array(list)) if list.len() > 4 => {
            let text = format!(
                "Invalid 'stop': array too long. Expected an array with maximum length 4, but got an array with length {} instead.",
                list.len()
            );
            Err(Refusal::of("stop", "array_above_max_length", text))
        }
        Some(Value::Array(list)) => list
            .iter()
            .enumerate()
            .map(|(at, text)| {
                let word = text.as_str().map(str::to_owned);
                word.ok_or_else(|| wrong_type(&format!("stop[{at}]"), "a string", text))
            })
            .collect(),
        Some(other) => Err(wrong_type("stop", "one of a string or array of strings", other)),
    }
}

fn shape(body: &Map<String, Value>, asked: &Asked) -> Result<Shape, Refusal> {
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

fn stream_options(body: &Map<String, Value>, stream: bool) -> Result<bool, Refusal> {
    let options = match body.get("stream_options") {
        None | Some(Value::Null) => return Ok(false),
        Some(Value::Object(options)) => options,
        Some(other) => return Err(wrong_type("stream_options", "an object", other)),
    };
    if !stream {
        let text = "The 'stream_options' parameter is only allowed when 'stream' is enabled.";
        return Err(Refusal { param: Some("stream_options".into()), ..Refusal::plain(text) });
    }
    only(options, &["include_usage", "include_obfuscation"], "stream_options")?;
    flag(options, "include_usage", "stream_options.include_usage")
}

fn flag(body: &Map<String, Value>, name: &str, path: &str) -> Result<bool, Refusal> {
    match body.get(name) {
        None | Some(Value::Null) => Ok(false),
        Some(Value::Bool(on)) => Ok(*on),
        Some(other) => Err(wrong_type(path, "a boolean", other)),
    }
}

fn string<'a>(body: &'a Map<String, Value>, name: &str, path: &str) -> Result<&'a str, Refusal> {
    let at = format!("{path}.{name}");
    match body.get(name) {
        None => Err(Refusal::of(&at, "missing_required_parameter", format!("Missing required parameter: '{at}'."))),
        Some(Value::String(text)) => Ok(text),
        Some(other) => Err(wrong_type(&at, "a string", other)),
    }
}

fn only(body: &Map<String, Value>, known: &[&str], path: &str) -> Result<(), Refusal> {
    match body.keys().find(|name| !known.contains(&name.as_str())) {
        None => Ok(()),
        Some(name) => {
            let at = format!("{path}.{name}");
            Err(Refusal::of(&at, "unknown_parameter", format!("Unknown parameter: '{at}'.")))
        }
    }
}

fn one_of<'a>(value: &'a str, known: &[&str], path: &str) -> Result<&'a str, Refusal> {
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

fn wrong_type(path: &str, wanted: &str, got: &Value) -> Refusal {
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
