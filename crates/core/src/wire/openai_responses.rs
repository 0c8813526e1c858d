//! OpenAI Responses: `POST /responses`, never stored (`store: false`), every turn sent anew.
//!
//! System texts stay where they stood, as items of role `system`: `instructions` would move them to the
//! front. The provider keeps beginnings by itself, so prefix caching asks for nothing. There is no
//! `stop` and no penalty. A stream ends with the event that holds the finished response, usage included;
//! every event repeats its type inside the JSON.
//!
//! Shapes: platform.openai.com/docs/api-reference/responses and …/responses-streaming.

use serde_json::{Map, Value, json};

use super::openai_chat::usage;
use super::stream::Talk;
use super::{Encoded, dropped, fault, instruction, openai_model};
use crate::chat::{Chat, Decimal, FinishReason, Message, Params, Part, ResponseFormat, Role, StreamEvent};
use crate::failure::Failure;
use crate::id::ModelName;

/// Where responses are, below the base URL.
const PATH: &str = "/responses";

/// Makes the body of a request.
pub(super) fn encode(chat: &Chat, model: &ModelName, stream: bool) -> Encoded {
    let mut body = Map::new();
    body.insert("model".into(), model.as_str().into());
    let instruction = match &chat.params.response_format {
        Some(ResponseFormat::JsonObject) => (!instruction::is_said(chat)).then(instruction::object),
        Some(ResponseFormat::Text | ResponseFormat::JsonSchema { .. }) | None => None,
    };
    body.insert("input".into(), instruction::said(chat, instruction).iter().map(item).collect());
    let dropped = params(&chat.params, model, &mut body);
    body.insert("store".into(), false.into());
    if stream {
        body.insert("stream".into(), true.into());
    }
    Encoded { path: PATH.to_owned(), body: Value::Object(body).to_string().into_bytes(), streamed: stream, dropped }
}

/// A message of texts only is one string, as in chat completions.
fn item(message: &Message) -> Value {
    let content = match message.only_text() {
        Some(text) => text.into(),
        None => message.parts.iter().map(|each| part(each, message.role)).collect::<Value>(),
    };
    json!({ "role": message.role, "content": content })
}

fn part(part: &Part, role: Role) -> Value {
    match part {
        Part::Text(text) => {
            let kind = match role {
                Role::System | Role::User => "input_text",
                Role::Assistant => "output_text",
            };
            json!({ "type": kind, "text": text })
        }
        Part::Image(image) => {
            let url = format!("data:{};base64,{}", image.media_type, image.base64);
            json!({ "type": "input_image", "image_url": url, "detail": "auto" })
        }
    }
}

fn params(params: &Params, model: &ModelName, body: &mut Map<String, Value>) -> Vec<String> {
    let mut dropped = Vec::new();
    if let Some(most) = params.max_tokens {
        body.insert("max_output_tokens".into(), most.into());
    }
    for (name, number) in [("temperature", &params.temperature), ("top_p", &params.top_p)] {
        match number {
            None => {}
            Some(_) if openai_model::refuses_sampling(model.as_str()) => dropped.push(dropped::refused(name, model)),
            Some(Decimal(number)) => drop(body.insert(name.into(), Value::Number(number.clone()))),
        }
    }
    let absent = [
        ("frequency_penalty", params.frequency_penalty.is_some()),
        ("presence_penalty", params.presence_penalty.is_some()),
        ("stop", !params.stop.is_empty()),
    ];
    dropped.extend(absent.into_iter().filter(|(_, set)| *set).map(|(name, _)| dropped::no_such_setting(name)));
    if let Some(format) = &params.response_format {
        body.insert("text".into(), json!({ "format": response_format(format) }));
    }
    dropped
}

fn response_format(format: &ResponseFormat) -> Value {
    match format {
        ResponseFormat::Text => json!({ "type": "text" }),
        ResponseFormat::JsonObject => json!({ "type": "json_object" }),
        ResponseFormat::JsonSchema { name, schema, strict } => {
            json!({ "type": "json_schema", "name": name, "schema": schema, "strict": strict })
        }
    }
}

/// Reads one event of a stream. An event of a type that is not here says nothing of the answer.
pub(super) fn event(talk: &mut Talk, data: &str, events: &mut Vec<StreamEvent>) -> Result<(), Failure> {
    // Some resellers close every stream with it; what ended the answer came before.
    if data == "[DONE]" {
        return Ok(());
    }
    let Ok(event) = serde_json::from_str::<Value>(data) else {
        return Err(talk.broken(fault::unusable("a piece of the stream is not valid JSON")));
    };
    let response = &event["response"];
    if let Some(failure) = fault::inside(&event).or_else(|| fault::inside(response)) {
        return Err(counted(talk, failure, response));
    }
    let kind = event["type"].as_str().unwrap_or_default();
    match kind {
        "response.created" | "response.in_progress" => talk.model(&response["model"], events),
        "response.output_text.delta" | "response.refusal.delta" => {
            talk.text(event["delta"].as_str().unwrap_or_default().to_owned(), events);
        }
        "response.output_item.added" if event["item"]["type"] == "reasoning" => talk.thought(),
        "response.reasoning_text.delta" | "response.reasoning_summary_text.delta" => talk.thought(),
        "response.completed" | "response.incomplete" => {
            finished(talk, response, events);
            return talk.end(events);
        }
        "response.failed" => {
            return Err(counted(talk, fault::unusable("the provider says that it failed"), response));
        }
        _ => {}
    }
    Ok(())
}

/// A failure with what was counted before it: that is billed.
fn counted(talk: &Talk, failure: Failure, response: &Value) -> Failure {
    let failure = talk.broken(failure);
    let usage = failure.usage.or_else(|| usage::read(&response["usage"], &usage::RESPONSES, talk.worded()));
    Failure { usage, ..failure }
}

/// Reads a whole body.
pub(super) fn whole(talk: &mut Talk, body: &Value, events: &mut Vec<StreamEvent>) -> Result<(), Failure> {
    if !body["output"].is_array() && body["object"] != "response" {
        return Err(fault::unusable("it holds no answer"));
    }
    finished(talk, body, events);
    Ok(())
}

/// What a finished response says. Its text, where no piece of it came before.
fn finished(talk: &mut Talk, response: &Value, events: &mut Vec<StreamEvent>) {
    talk.model(&response["model"], events);
    if !talk.worded() {
        talk.text(text_of(response), events);
    }
    talk.finish(finish(response), events);
    talk.usage(usage::read(&response["usage"], &usage::RESPONSES, talk.worded()), events);
}

/// The texts of all messages; a refusal is what the model said too. Reasoning and tools are no messages.
fn text_of(response: &Value) -> String {
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let messages = list(&response["output"]).into_iter().filter(|item| item["type"] == "message");
    let parts = messages.flat_map(|message| list(&message["content"]));
    parts.filter_map(|part| part["text"].as_str().or(part["refusal"].as_str()).map(str::to_owned)).collect()
}

fn finish(response: &Value) -> Option<FinishReason> {
    match response["status"].as_str()? {
        "" => None,
        "completed" => Some(FinishReason::Stop),
        other => Some(match response["incomplete_details"]["reason"].as_str().unwrap_or(other) {
            "max_output_tokens" => FinishReason::Length,
            "content_filter" => FinishReason::ContentFilter,
            other => FinishReason::Other(fault::clean(other, 40)),
        }),
    }
}

#[cfg(test)]
mod tests;
