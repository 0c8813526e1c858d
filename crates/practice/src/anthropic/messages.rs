//! `system` and `messages`: roles, blocks, pictures, marks for the cache.

use serde_json::{Map, Value};

use super::check::{object, only};
use super::refusal::Refusal;
use crate::asked::Asked;
use crate::model::Model;
use crate::picture::{self, Flaw};

pub(super) fn system(body: &Map<String, Value>, asked: &mut Asked) -> Result<(), Refusal> {
    match body.get("system") {
        None => Ok(()),
        Some(Value::String(text)) => {
            asked.texts.push(("system".to_owned(), text.clone()));
            Ok(())
        }
        Some(Value::Array(blocks)) => {
            for (at, block) in blocks.iter().enumerate() {
                let path = format!("system.{at}");
                let Value::Object(block) = block else { return Err(Refusal::at(&path, "Input should be an object")) };
                if block.get("type").and_then(Value::as_str) != Some("text") {
                    return Err(Refusal::at(&format!("{path}.type"), "Input should be 'text'"));
                }
                text(block, "system", &path, asked)?;
            }
            Ok(())
        }
        Some(_) => Err(Refusal::at("system", "Input should be a valid string or list")),
    }
}

pub(super) fn messages(body: &Map<String, Value>, model: &Model, asked: &mut Asked) -> Result<(), Refusal> {
    let list = match body.get("messages") {
        None => return Err(Refusal::at("messages", "Field required")),
        Some(Value::Array(list)) => list,
        Some(_) => return Err(Refusal::at("messages", "Input should be a valid list")),
    };
    if list.is_empty() {
        return Err(Refusal::at("messages", "at least one message is required"));
    }
    for (at, message) in list.iter().enumerate() {
        let path = format!("messages.{at}");
        let Value::Object(message) = message else {
            return Err(Refusal::at(&path, "Input should be a valid dictionary or object"));
        };
        one_message(message, &path, asked)?;
        asked.messages += 1;
    }
    prefill(list, model)
}

/// The beginning of an answer that the model shall go on with. Models from 4.6 on take none; here
/// those that take no sampling parameter either.
fn prefill(list: &[Value], model: &Model) -> Result<(), Refusal> {
    let Some(last) = list.last().filter(|last| last["role"] == "assistant") else { return Ok(()) };
    if model.reasons {
        return Err(Refusal::invalid(
            "This model does not support assistant message prefill. The conversation must end with a user message.",
        ));
    }
    let said = match &last["content"] {
        Value::Array(blocks) => blocks.last().and_then(|block| block["text"].as_str()),
        content => content.as_str(),
    };
    if said.is_some_and(|text| text.ends_with(char::is_whitespace)) {
        return Err(Refusal::at("messages", "final assistant content cannot end with trailing whitespace"));
    }
    Ok(())
}

fn one_message(message: &Map<String, Value>, path: &str, asked: &mut Asked) -> Result<(), Refusal> {
    let role = match message.get("role").map(|role| role.as_str().unwrap_or_default()) {
        None => return Err(Refusal::at(&format!("{path}.role"), "Field required")),
        Some(role @ ("user" | "assistant")) => role,
        // Newer models take instructions in the middle of a conversation. That is not played.
        Some("system") => {
            return Err(Refusal::invalid(
                "messages: Unexpected role \"system\". The Messages API accepts a top-level `system` parameter, not \"system\" as an input message role.",
            ));
        }
        Some(_) => return Err(Refusal::at(&format!("{path}.role"), "Input should be 'user' or 'assistant'")),
    };
    only(message, &["role", "content"], path)?;
    match message.get("content") {
        None => Err(Refusal::at(&format!("{path}.content"), "Field required")),
        Some(Value::String(text)) if text.is_empty() => Err(empty(path)),
        Some(Value::Array(blocks)) if blocks.is_empty() => Err(empty(path)),
        Some(Value::String(text)) => {
            asked.texts.push((role.to_owned(), text.clone()));
            Ok(())
        }
        Some(Value::Array(blocks)) => {
            let mut blocks = blocks.iter().enumerate();
            blocks.try_for_each(|(nth, block)| one_block(block, role, &format!("{path}.content.{nth}"), asked))
        }
        Some(_) => Err(Refusal::at(&format!("{path}.content"), "Input should be a valid string or list")),
    }
}

fn empty(path: &str) -> Refusal {
    Refusal::at(path, "all messages must have non-empty content except for the optional final assistant message")
}

fn one_block(block: &Value, role: &str, path: &str, asked: &mut Asked) -> Result<(), Refusal> {
    let Value::Object(block) = block else {
        return Err(Refusal::at(path, "Input should be a valid dictionary or object"));
    };
    match block.get("type").and_then(Value::as_str) {
        Some("text") => text(block, role, path, asked),
        Some("image") if role == "user" => image(block, &format!("{path}.image"), asked),
        Some("image") => Err(Refusal::at(path, "image blocks are only permitted in user messages")),
        Some(kind @ ("document" | "search_result" | "thinking" | "redacted_thinking" | "tool_use" | "tool_result")) => {
            Err(Refusal::invalid(format!("The practice server does not play blocks of type '{kind}'.")))
        }
        Some(kind) => Err(Refusal::at(
            path,
            format!("Input tag '{kind}' found using 'type' does not match any of the expected tags"),
        )),
        None => Err(Refusal::at(&format!("{path}.type"), "Field required")),
    }
}

fn text(block: &Map<String, Value>, role: &str, path: &str, asked: &mut Asked) -> Result<(), Refusal> {
    only(block, &["type", "text", "cache_control"], &format!("{path}.text"))?;
    cache_control(block, path)?;
    match block.get("text") {
        None => Err(Refusal::at(&format!("{path}.text.text"), "Field required")),
        Some(Value::String(text)) if text.is_empty() => {
            Err(Refusal::invalid("messages: text content blocks must be non-empty"))
        }
        Some(Value::String(text)) => {
            asked.texts.push((role.to_owned(), text.clone()));
            Ok(())
        }
        Some(_) => Err(Refusal::at(&format!("{path}.text.text"), "Input should be a valid string")),
    }
}

fn image(block: &Map<String, Value>, path: &str, asked: &mut Asked) -> Result<(), Refusal> {
    only(block, &["type", "source", "cache_control"], path)?;
    cache_control(block, path)?;
    let at = format!("{path}.source");
    let source = object(block, "source", &at)?.ok_or_else(|| Refusal::at(&at, "Field required"))?;
    match source.get("type").and_then(Value::as_str) {
        Some("base64") => {}
        Some("url") => {
            only(source, &["type", "url"], &format!("{at}.url"))?;
            asked.pictures.push(("web picture", 0));
            return Ok(());
        }
        _ => {
            let text = "Input tag found using 'type' does not match any of the expected tags: 'base64', 'url', 'file'";
            return Err(Refusal::at(&at, text));
        }
    }
    let at = format!("{at}.base64");
    only(source, &["type", "media_type", "data"], &at)?;
    let media = source.get("media_type").and_then(Value::as_str).unwrap_or_default();
    if !["image/jpeg", "image/png", "image/gif", "image/webp"].contains(&media) {
        let text = "Input should be 'image/jpeg', 'image/png', 'image/gif' or 'image/webp'";
        return Err(Refusal::at(&format!("{at}.media_type"), text));
    }
    let data = source.get("data").and_then(Value::as_str);
    let data = data.ok_or_else(|| Refusal::at(&format!("{at}.data"), "Field required"))?;
    let found = picture::look(data).map_err(|flaw| match flaw {
        Flaw::Base64 => Refusal::at(&at, "invalid base64 data"),
        Flaw::Empty => Refusal::at(&at, "image cannot be empty"),
        Flaw::Unknown => Refusal::invalid("Could not process image"),
    })?;
    if picture::media_type(found.0) != media {
        let text = format!("Image does not match the provided media type {media}");
        return Err(Refusal::at(&format!("{at}.data"), text));
    }
    asked.pictures.push(found);
    Ok(())
}

fn cache_control(block: &Map<String, Value>, path: &str) -> Result<(), Refusal> {
    let at = format!("{path}.cache_control");
    let Some(control) = object(block, "cache_control", &at)? else { return Ok(()) };
    if control.get("type").and_then(Value::as_str) != Some("ephemeral") {
        return Err(Refusal::at(&format!("{at}.type"), "Input should be 'ephemeral'"));
    }
    only(control, &["type", "ttl"], &format!("{at}.ephemeral"))?;
    match control.get("ttl").map(|ttl| ttl.as_str().unwrap_or_default()) {
        None | Some("5m" | "1h") => Ok(()),
        Some(_) => Err(Refusal::at(&format!("{at}.ephemeral.ttl"), "Input should be '5m' or '1h'")),
    }
}

/// How many blocks are marked for the cache.
pub(super) fn cached(value: &Value) -> usize {
    match value {
        Value::Array(items) => items.iter().map(cached).sum(),
        Value::Object(fields) => {
            let own = usize::from(fields.get("cache_control").is_some_and(|control| !control.is_null()));
            own + fields.values().map(cached).sum::<usize>()
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => 0,
    }
}
