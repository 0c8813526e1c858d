//! The messages of a request: roles, parts, pictures.

use serde_json::{Map, Value};

use super::value::{one_of, only, string, wrong_type};
use crate::asked::Asked;
use crate::openai::refusal::Refusal;
use crate::picture::{self, Flaw};

const ROLES: &[&str] = &["system", "assistant", "user", "function", "tool", "developer"];

pub(super) fn messages(body: &Map<String, Value>, asked: &mut Asked) -> Result<(), Refusal> {
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
pub(super) fn picture(url: &str, path: &str) -> Result<(&'static str, usize), Refusal> {
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
    picture::look(data).map_err(|flaw| match flaw {
        Flaw::Base64 => bad("an invalid base64-encoded value"),
        Flaw::Empty => bad("empty base64-encoded bytes"),
        Flaw::Unknown => {
            let text = "You uploaded an unsupported image. Please make sure your image has of one the following formats: ['png', 'jpeg', 'gif', 'webp'].";
            Refusal::coded(400, Some("invalid_image_format"), text)
        }
    })
}
