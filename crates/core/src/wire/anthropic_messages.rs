//! Anthropic Messages: `POST /messages`, and the servers that speak it too.
//!
//! What differs from the others: system texts stand beside the conversation (`conversation`), newer models
//! refuse sampling parameters (`params`), and usage comes in two parts that leave cached tokens out of
//! `input_tokens` (`usage`). Every event repeats its type inside the JSON.
//!
//! Shapes: docs.anthropic.com/en/api/messages and docs.anthropic.com/en/docs/build-with-claude/streaming.

use serde_json::{Map, Value};

use super::stream::Talk;
use super::{Encoded, fault};
use crate::chat::{Chat, FinishReason, StreamEvent};
use crate::failure::Failure;
use crate::id::ModelName;

mod conversation;
mod params;
mod usage;

/// docs.anthropic.com/en/api/versioning: the only version since 2023.
pub(super) const HEADERS: &[(&str, &str)] = &[("anthropic-version", "2023-06-01")];

/// Where messages are, below the base URL.
const PATH: &str = "/messages";

/// Makes the body of a request.
pub(super) fn encode(chat: &Chat, model: &ModelName, stream: bool) -> Encoded {
    let mut dropped = Vec::new();
    let mut body = Map::new();
    body.insert("model".into(), model.as_str().into());
    let shape = params::insert(&chat.params, model, &mut body, &mut dropped);
    if let Some(system) = conversation::system(chat, shape, &mut dropped) {
        body.insert("system".into(), system);
    }
    body.insert("messages".into(), conversation::messages(chat));
    if stream {
        body.insert("stream".into(), true.into());
    }
    Encoded { path: PATH.to_owned(), body: Value::Object(body).to_string().into_bytes(), streamed: stream, dropped }
}

/// Whether an event is the end mark.
pub(super) fn is_end(data: &str) -> bool {
    serde_json::from_str::<Value>(data).is_ok_and(|event| event["type"] == "message_stop")
}

/// Reads one event of a stream. An event of a type that is not here says nothing of the answer.
pub(super) fn event(talk: &mut Talk, data: &str, events: &mut Vec<StreamEvent>) -> Result<(), Failure> {
    let Ok(event) = serde_json::from_str::<Value>(data) else {
        return Err(talk.broken(fault::unusable("a piece of the stream is not valid JSON")));
    };
    if let Some(failure) = fault::inside(&event) {
        return Err(talk.broken(failure));
    }
    match event["type"].as_str().unwrap_or_default() {
        "message_start" => {
            talk.model(&event["message"]["model"], events);
            talk.usage = Some(usage::begun(&event["message"]["usage"]));
        }
        "content_block_start" => block(talk, &event["content_block"], events),
        "content_block_delta" => block(talk, &event["delta"], events),
        "message_delta" => {
            talk.finish(finish(&event["delta"]), events);
            // What was said at the beginning is never the whole, also where no count comes after it.
            let usage = usage::read(&event["usage"], talk.usage.take(), talk.worded());
            talk.usage(usage, events);
        }
        "message_stop" => {
            if talk.finish.is_none() {
                talk.usage = None;
            }
            return talk.end(events);
        }
        _ => {}
    }
    Ok(())
}

/// Reads a whole body.
pub(super) fn whole(talk: &mut Talk, body: &Value, events: &mut Vec<StreamEvent>) -> Result<(), Failure> {
    let blocks = match &body["content"] {
        Value::Array(blocks) => blocks.as_slice(),
        Value::Null if body["type"] == "message" => &[],
        _ => return Err(fault::unusable("it holds no answer")),
    };
    talk.model(&body["model"], events);
    for each in blocks {
        block(talk, each, events);
    }
    talk.finish(finish(body), events);
    talk.usage(usage::read(&body["usage"], None, talk.worded()), events);
    Ok(())
}

/// A block or a piece of one. Only `text` is the answer; a thought costs money; tools are never offered.
fn block(talk: &mut Talk, block: &Value, events: &mut Vec<StreamEvent>) {
    match block["type"].as_str().unwrap_or_default() {
        "text" | "text_delta" => talk.text(block["text"].as_str().unwrap_or_default().to_owned(), events),
        "thinking" | "redacted_thinking" | "thinking_delta" | "signature_delta" => talk.thought(),
        _ => {}
    }
}

fn finish(message: &Value) -> Option<FinishReason> {
    match message["stop_reason"].as_str()? {
        "" => None,
        "end_turn" | "stop_sequence" => Some(FinishReason::Stop),
        "max_tokens" | "model_context_window_exceeded" => Some(FinishReason::Length),
        "refusal" => Some(FinishReason::ContentFilter),
        other => Some(FinishReason::Other(fault::clean(other, 40))),
    }
}

#[cfg(test)]
mod tests;
