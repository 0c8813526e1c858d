//! Gemini's generateContent and streamGenerateContent: Google's own format, neither OpenAI's nor like it.
//! The names on the wire are those of ai.google.dev/api/generate-content and of the public REST
//! discovery document of generativelanguage v1beta.
//!
//! Guards the cost bound: `maxOutputTokens` is in every request, and it bounds thoughts and answer
//! together. A stream has no end mark of its own: it has ended where a reason to finish has come and the
//! connection then closes between two events.

use serde_json::{Map, Value, json};

use super::stream::Talk;
use super::{Encoded, fault};
use crate::chat::{Chat, Decimal, FinishReason, Message, Params, Part, PrefixCache, ResponseFormat, Role, StreamEvent};
use crate::failure::{Failure, FailureKind};
use crate::id::ModelName;

mod usage;

/// The most texts of `stopSequences` (ai.google.dev/api/generate-content, `GenerationConfig`).
const MOST_STOPS: usize = 5;

/// Makes the body of a request.
pub(super) fn encode(chat: &Chat, model: &ModelName, stream: bool) -> Encoded {
    let mut dropped = Vec::new();
    let mut body = Map::new();
    let system = system(&chat.messages, &mut dropped);
    let contents = contents(&chat.messages);
    if contents.is_empty() {
        // The format refuses a conversation in which nobody but the system speaks.
        body.insert("contents".into(), json!([{ "role": "user", "parts": system }]));
    } else {
        if !system.is_empty() {
            body.insert("systemInstruction".into(), json!({ "parts": system }));
        }
        body.insert("contents".into(), contents.into());
    }
    body.insert("generationConfig".into(), config(&chat.params, model, &mut dropped).into());
    Encoded {
        path: path(model.as_str(), stream),
        body: Value::Object(body).to_string().into_bytes(),
        streamed: stream,
        dropped,
    }
}

/// Below the base URL. The method stands behind the model's name, so the name must not be able to say
/// more than a name: everything but letters, digits and `-._~` is percent-encoded.
fn path(model: &str, stream: bool) -> String {
    let mut path = "/models/".to_owned();
    for byte in model.strip_prefix("models/").unwrap_or(model).bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            path.push(char::from(byte));
        } else {
            path.push_str(&format!("%{byte:02X}"));
        }
    }
    path.push_str(if stream { ":streamGenerateContent?alt=sse" } else { ":generateContent" });
    path
}

/// All that the system says, wherever it stands: the format has one place for it, and for texts only.
fn system(messages: &[Message], dropped: &mut Vec<String>) -> Vec<Value> {
    let parts = messages.iter().filter(|message| message.role == Role::System).flat_map(said);
    let mut texts = Vec::new();
    let mut pictures = false;
    for one in parts {
        match one {
            Part::Text(_) => texts.push(part(one)),
            Part::Image(_) => pictures = true,
        }
    }
    if pictures {
        dropped.push("A picture in a system message was left out: Gemini takes only text there.".to_owned());
    }
    texts
}

/// What user and model say. Several messages of one of them in a row are one turn.
fn contents(messages: &[Message]) -> Vec<Value> {
    let mut turns: Vec<(&str, Vec<Value>)> = Vec::new();
    for message in messages.iter().filter(|message| said(message).next().is_some()) {
        let role = match message.role {
            Role::System => continue,
            Role::User => "user",
            Role::Assistant => "model",
        };
        let parts = said(message).map(part);
        match turns.last_mut() {
            Some((last, turn)) if *last == role => turn.extend(parts),
            Some(_) | None => turns.push((role, parts.collect())),
        }
    }
    turns.into_iter().map(|(role, parts)| json!({ "role": role, "parts": parts })).collect()
}

/// What a message says: an empty text is refused by the provider and says nothing.
fn said(message: &Message) -> impl Iterator<Item = &Part> {
    message.parts.iter().filter(|part| match part {
        Part::Text(text) => !text.is_empty(),
        Part::Image(_) => true,
    })
}

fn part(part: &Part) -> Value {
    match part {
        Part::Text(text) => json!({ "text": text }),
        Part::Image(image) => json!({ "inlineData": { "mimeType": image.media_type, "data": image.base64 } }),
    }
}

fn config(params: &Params, model: &ModelName, dropped: &mut Vec<String>) -> Map<String, Value> {
    let mut config = Map::new();
    if let Some(most) = params.max_tokens {
        config.insert("maxOutputTokens".into(), most.into());
    }
    for (name, number) in [("temperature", &params.temperature), ("topP", &params.top_p)] {
        if let Some(number) = number {
            config.insert(name.into(), Value::Number(number.0.clone()));
        }
    }
    let penalties = [
        ("frequencyPenalty", "frequency_penalty", &params.frequency_penalty),
        ("presencePenalty", "presence_penalty", &params.presence_penalty),
    ];
    for (name, setting, number) in penalties {
        match number {
            None => {}
            Some(number) if refuses_penalties(model.as_str()) && !is_zero(number) => {
                dropped.push(format!("{setting} was not sent: {model} does not take it."));
            }
            Some(number) => drop(config.insert(name.into(), Value::Number(number.0.clone()))),
        }
    }
    if !params.stop.is_empty() {
        let stops: Vec<&str> = params.stop.iter().take(MOST_STOPS).map(String::as_str).collect();
        config.insert("stopSequences".into(), stops.into());
    }
    if params.stop.len() > MOST_STOPS {
        dropped.push(format!("Gemini takes {MOST_STOPS} stop texts; the others were left out."));
    }
    if params.prefix_cache == Some(PrefixCache::Hour) {
        let sentence =
            "Gemini keeps the beginning of a prompt by itself for as long as it likes; an hour cannot be asked for.";
        dropped.push(sentence.to_owned());
    }
    match &params.response_format {
        None => {}
        Some(format) => response_format(format, &mut config),
    }
    config
}

/// Of Google's own models only the 2.0 series takes a penalty; the others answer 400 to any but zero
/// (github.com/google-gemini/cookbook/issues/1290).
fn refuses_penalties(model: &str) -> bool {
    let name = model.strip_prefix("models/").unwrap_or(model);
    name.starts_with("gemini-") && !name.starts_with("gemini-2.0-")
}

/// Whether a number has no digit but zero before its exponent.
fn is_zero(number: &Decimal) -> bool {
    let text = number.0.to_string();
    let digits = text.split(['e', 'E']).next().unwrap_or_default();
    !digits.bytes().any(|digit| matches!(digit, b'1'..=b'9'))
}

/// `responseJsonSchema` takes JSON Schema; the older `responseSchema` refuses `additionalProperties` and a
/// list of types (ai.google.dev/api/generate-content, `GenerationConfig`). The format has no place for the
/// schema's name, and a schema always binds.
fn response_format(format: &ResponseFormat, config: &mut Map<String, Value>) {
    let media = match format {
        ResponseFormat::Text => "text/plain",
        ResponseFormat::JsonObject | ResponseFormat::JsonSchema { .. } => "application/json",
    };
    config.insert("responseMimeType".into(), media.into());
    match format {
        ResponseFormat::Text | ResponseFormat::JsonObject => {}
        ResponseFormat::JsonSchema { schema, name: _, strict: _ } => {
            config.insert("responseJsonSchema".into(), schema.clone());
        }
    }
}

/// Reads one event of a stream.
pub(super) fn event(talk: &mut Talk, data: &str, events: &mut Vec<StreamEvent>) -> Result<(), Failure> {
    let Ok(chunk) = serde_json::from_str::<Value>(data) else {
        return Err(talk.broken(fault::unusable("a piece of the stream is not valid JSON")));
    };
    if let Some(failure) = fault::inside(&chunk).or_else(|| blocked(&chunk)) {
        let usage = failure.usage;
        let failure = talk.broken(failure);
        return Err(Failure { usage: failure.usage.or(usage), ..failure });
    }
    say(talk, &chunk, events);
    // Every chunk counts along; what is said before the end is too little.
    if talk.finish.is_some() {
        talk.usage(usage::read(&chunk["usageMetadata"], talk.worded()), events);
    }
    Ok(())
}

/// Reads a whole body.
pub(super) fn whole(talk: &mut Talk, body: &Value, events: &mut Vec<StreamEvent>) -> Result<(), Failure> {
    if let Some(failure) = blocked(body) {
        return Err(failure);
    }
    if candidate(body).is_none() {
        let usage = usage::read(&body["usageMetadata"], false);
        return Err(Failure { usage, ..fault::unusable("it holds no answer") });
    }
    say(talk, body, events);
    talk.usage(usage::read(&body["usageMetadata"], talk.worded()), events);
    Ok(())
}

/// Whether a connection that closes now has said all: a reason to finish has come, and nothing after
/// it was cut off.
pub(super) fn has_ended(talk: &Talk, unfinished: Option<&str>) -> bool {
    talk.finish.is_some() && unfinished.is_none()
}

/// What a chunk, or a whole body, says of the answer.
fn say(talk: &mut Talk, body: &Value, events: &mut Vec<StreamEvent>) {
    let candidate = candidate(body).unwrap_or(&Value::Null);
    talk.model(&body["modelVersion"], events);
    for part in candidate["content"]["parts"].as_array().into_iter().flatten() {
        match part["text"].as_str().filter(|_| part["thought"] != true) {
            Some(text) => talk.text(text.to_owned(), events),
            None => talk.thought(),
        }
    }
    talk.finish(finish(candidate), events);
}

/// The answer of index 0; we never ask for more than one.
fn candidate(body: &Value) -> Option<&Value> {
    let candidates = body["candidates"].as_array()?;
    candidates.iter().find(|candidate| candidate["index"].as_u64().unwrap_or(0) == 0)
}

/// A prompt that the filter stopped before the model saw it: no candidate, a reason, and the tokens that
/// were read (ai.google.dev/api/generate-content, `PromptFeedback`).
fn blocked(body: &Value) -> Option<Failure> {
    let reason = body["promptFeedback"]["blockReason"].as_str()?;
    if reason.is_empty() || reason == "BLOCK_REASON_UNSPECIFIED" {
        return None;
    }
    let sentence = format!("The provider refused the prompt: “{}”.", fault::clean(reason, 40));
    let usage = usage::read(&body["usageMetadata"], false);
    Some(Failure { status: Some(200), usage, ..Failure::new(FailureKind::ContentFilter, sentence) })
}

fn finish(candidate: &Value) -> Option<FinishReason> {
    match candidate["finishReason"].as_str()? {
        // “Unspecified” is the format's word for absent.
        "" | "FINISH_REASON_UNSPECIFIED" => None,
        "STOP" => Some(FinishReason::Stop),
        "MAX_TOKENS" => Some(FinishReason::Length),
        "SAFETY"
        | "RECITATION"
        | "BLOCKLIST"
        | "PROHIBITED_CONTENT"
        | "SPII"
        | "IMAGE_SAFETY"
        | "IMAGE_PROHIBITED_CONTENT"
        | "IMAGE_RECITATION" => Some(FinishReason::ContentFilter),
        other => Some(FinishReason::Other(fault::clean(other, 40))),
    }
}

#[cfg(test)]
mod tests;
