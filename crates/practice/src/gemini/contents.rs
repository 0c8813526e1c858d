//! `contents` and `systemInstruction`: roles, parts, pictures.

use serde_json::{Map, Value};

use super::check::{object, only, out_of, wrong_type};
use super::refusal::Refusal;
use crate::asked::Asked;
use crate::picture::{self, Flaw};

pub(super) fn instruction(body: &Map<String, Value>, asked: &mut Asked) -> Result<(), Refusal> {
    let path = "system_instruction";
    let Some(content) = object(body, "systemInstruction", path)? else { return Ok(()) };
    only(content, &["parts", "role"], path)?;
    parts(content, "system", path, asked)?;
    if asked.pictures.is_empty() { Ok(()) } else { Err(Refusal::invalid("system instruction must be text")) }
}

pub(super) fn contents(body: &Map<String, Value>, asked: &mut Asked) -> Result<(), Refusal> {
    let list = match body.get("contents") {
        Some(Value::Array(list)) if !list.is_empty() => list,
        None | Some(Value::Null | Value::Array(_)) => return Err(out_of("contents", "contents is not specified")),
        Some(other) => return Err(wrong_type("contents", "TYPE_MESSAGE", other)),
    };
    for (at, content) in list.iter().enumerate() {
        let path = format!("contents[{at}]");
        let Value::Object(content) = content else { return Err(wrong_type(&path, "TYPE_MESSAGE", content)) };
        only(content, &["parts", "role"], &path)?;
        let role = match content.get("role") {
            None => "user",
            Some(Value::String(role)) if role == "user" => "user",
            Some(Value::String(role)) if role == "model" => "assistant",
            Some(_) => return Err(Refusal::invalid("Please use a valid role: user, model.")),
        };
        parts(content, role, &path, asked)?;
        asked.messages += 1;
    }
    Ok(())
}

fn parts(content: &Map<String, Value>, role: &str, path: &str, asked: &mut Asked) -> Result<(), Refusal> {
    let at = format!("{path}.parts");
    let list = match content.get("parts") {
        Some(Value::Array(list)) if !list.is_empty() => list,
        None | Some(Value::Null | Value::Array(_)) => return Err(out_of(&at, "contents.parts must not be empty.")),
        Some(other) => return Err(wrong_type(&at, "TYPE_MESSAGE", other)),
    };
    for (nth, part) in list.iter().enumerate() {
        one_part(part, role, &format!("{at}[{nth}]"), asked)?;
    }
    Ok(())
}

/// What a part may hold beside text and pictures. None of it is played.
const NOT_PLAYED: &[&str] =
    &["codeExecutionResult", "executableCode", "fileData", "functionCall", "functionResponse", "videoMetadata"];

fn one_part(part: &Value, role: &str, path: &str, asked: &mut Asked) -> Result<(), Refusal> {
    let Value::Object(part) = part else { return Err(wrong_type(path, "TYPE_MESSAGE", part)) };
    if let Some(kind) = part.keys().find(|name| NOT_PLAYED.contains(&name.as_str())) {
        return Err(Refusal::invalid(format!("The practice server does not play parts with '{kind}'.")));
    }
    only(part, &["inlineData", "mediaResolution", "text", "thought", "thoughtSignature"], path)?;
    match (part.get("text"), object(part, "inlineData", &format!("{path}.inline_data"))?) {
        (Some(Value::String(text)), None) => {
            asked.texts.push((role.to_owned(), text.clone()));
            Ok(())
        }
        (Some(Value::Null) | None, Some(data)) => image(data, &format!("{path}.inline_data"), asked),
        (Some(Value::Null) | None, None) => {
            Err(out_of(&format!("{path}.data"), "required oneof field 'data' must have one initialized field"))
        }
        (Some(other), None) => Err(wrong_type(&format!("{path}.text"), "TYPE_STRING", other)),
        (Some(_), Some(_)) => {
            let text = format!(
                "Invalid value at '{path}' (oneof), oneof field 'data' is already set. Cannot set 'inlineData'"
            );
            Err(Refusal::field(path, text))
        }
    }
}

/// GIFs are not among the pictures Gemini takes (<https://ai.google.dev/gemini-api/docs/image-understanding>).
fn image(data: &Map<String, Value>, path: &str, asked: &mut Asked) -> Result<(), Refusal> {
    only(data, &["data", "mimeType"], path)?;
    let media = data.get("mimeType").and_then(Value::as_str).unwrap_or_default();
    if !["image/png", "image/jpeg", "image/webp", "image/heic", "image/heif"].contains(&media) {
        return Err(Refusal::invalid(format!("Unsupported MIME type: {media}")));
    }
    let bytes = data.get("data").and_then(Value::as_str).unwrap_or_default();
    let bad = || {
        Refusal::invalid(
            "Unable to process input image. Please retry or report in https://developers.generativeai.google/guide/troubleshooting",
        )
    };
    let found = picture::look(bytes).map_err(|flaw| match flaw {
        Flaw::Base64 => {
            let at = format!("{path}.data");
            let text = format!("Invalid value at '{at}' (TYPE_BYTES), Base64 decoding failed for \"{bytes}\"");
            Refusal::field(&at, text)
        }
        Flaw::Empty | Flaw::Unknown => bad(),
    })?;
    if picture::media_type(found.0) != media {
        return Err(bad());
    }
    asked.pictures.push(found);
    Ok(())
}
