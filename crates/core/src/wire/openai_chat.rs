//! OpenAI chat completions, and the many servers that speak it almost the same way: encode is strict
//! in what it sends, decode is lenient in what it takes. Where they differ in what they take is their
//! [`Dialect`].
//!
//! Guards the cost bound: `max_tokens` is on the wire in every request, under the name the model takes.
//! What each failure means is decided here, once (`fault`), and never again.

use serde_json::{Map, Value, json};

use super::stream::Talk;
use super::{Dialect, Encoded, Json, Limit, Setting, StreamUsage, dropped, fault, instruction, openai_model};
use crate::chat::{Chat, FinishReason, Message, Params, Part, ResponseFormat, StreamEvent};
use crate::failure::Failure;
use crate::id::ModelName;

mod piece;
pub(in crate::wire) mod usage;

use piece::{Piece, piece};

/// Where chat completions are, below the base URL.
const PATH: &str = "/chat/completions";

/// Makes the body of a request.
pub(super) fn encode(dialect: Dialect, chat: &Chat, model: &ModelName, stream: bool) -> Encoded {
    let (format, instruction) = shape(chat, dialect.json);
    let mut body = Map::new();
    body.insert("model".into(), model.as_str().into());
    body.insert("messages".into(), instruction::said(chat, instruction).iter().map(message).collect());
    let dropped = params(dialect, &chat.params, model, &mut body);
    if let Some(format) = format {
        body.insert("response_format".into(), format);
    }
    if stream {
        body.insert("stream".into(), true.into());
        match dialect.stream_usage {
            StreamUsage::OnRequest => drop(body.insert("stream_options".into(), json!({ "include_usage": true }))),
            StreamUsage::Always => {}
        }
    }
    Encoded { path: PATH.to_owned(), body: Value::Object(body).to_string().into_bytes(), streamed: stream, dropped }
}

/// A message of texts only is sent as one string, because some compatible servers take nothing else.
fn message(message: &Message) -> Value {
    let content = match message.only_text() {
        Some(text) => text.into(),
        None => message.parts.iter().map(part).collect::<Value>(),
    };
    json!({ "role": message.role, "content": content })
}

fn part(part: &Part) -> Value {
    match part {
        Part::Text(text) => json!({ "type": "text", "text": text }),
        Part::Image(image) => {
            let url = format!("data:{};base64,{}", image.media_type, image.base64);
            json!({ "type": "image_url", "image_url": { "url": url } })
        }
    }
}

/// Sets the parameters, and says which are left out: OpenAI's own reasoning models answer 400 to them, and
/// some providers to some of them.
fn params(dialect: Dialect, params: &Params, model: &ModelName, body: &mut Map<String, Value>) -> Vec<String> {
    let name = model.as_str();
    let mut dropped = Vec::new();
    if let Some(most) = params.max_tokens {
        let completion = match dialect.limit {
            Limit::ByModel => openai_model::takes_completion_tokens(name),
            Limit::MaxCompletionTokens => true,
        };
        body.insert(if completion { "max_completion_tokens" } else { "max_tokens" }.into(), most.into());
    }
    let numbers = [
        (Setting::Temperature, &params.temperature),
        (Setting::TopP, &params.top_p),
        (Setting::FrequencyPenalty, &params.frequency_penalty),
        (Setting::PresencePenalty, &params.presence_penalty),
    ];
    for (setting, number) in numbers {
        let refused = openai_model::refuses_sampling(name) || dialect.refuses.contains(setting);
        match number {
            None => {}
            Some(_) if refused => dropped.push(dropped::refused(setting.name(), model)),
            Some(number) => drop(body.insert(setting.name().into(), Value::Number(number.0.clone()))),
        }
    }
    if !params.stop.is_empty() {
        if openai_model::refuses_stop(name) || dialect.refuses.contains(Setting::Stop) {
            dropped.push(dropped::refused(Setting::Stop.name(), model));
        } else {
            body.insert("stop".into(), params.stop.clone().into());
        }
    }
    dropped
}

/// What asks for the answer's shape: `response_format`, an instruction, or both.
fn shape(chat: &Chat, takes: Json) -> (Option<Value>, Option<String>) {
    let object = || json!({ "type": "json_object" });
    match (&chat.params.response_format, takes) {
        (None, _) | (Some(ResponseFormat::Text), Json::None) => (None, None),
        (Some(ResponseFormat::Text), Json::Any | Json::Schema | Json::Object) => {
            (Some(json!({ "type": "text" })), None)
        }
        (Some(ResponseFormat::JsonObject), Json::Any | Json::Object) => {
            (Some(object()), (!instruction::is_said(chat)).then(instruction::object))
        }
        (Some(ResponseFormat::JsonObject), Json::Schema | Json::None) => (None, Some(instruction::object())),
        (Some(ResponseFormat::JsonSchema { name, schema, strict }), Json::Any | Json::Schema) => {
            let schema = json!({ "name": name, "schema": schema, "strict": strict });
            (Some(json!({ "type": "json_schema", "json_schema": schema })), None)
        }
        (Some(ResponseFormat::JsonSchema { schema, .. }), Json::Object) => {
            // A list, say, would never come where an object is enforced.
            ((schema["type"] == "object").then(object), Some(instruction::fitting(schema)))
        }
        (Some(ResponseFormat::JsonSchema { schema, .. }), Json::None) => (None, Some(instruction::fitting(schema))),
    }
}

/// Reads one event of a stream.
pub(super) fn event(talk: &mut Talk, data: &str, events: &mut Vec<StreamEvent>) -> Result<(), Failure> {
    if data == "[DONE]" {
        return talk.end(events);
    }
    if let Some(Piece { model, text }) = piece(data) {
        talk.model_name(model.as_deref(), events);
        talk.text(text.into_owned(), events);
        return Ok(());
    }
    let Ok(chunk) = serde_json::from_str::<Value>(data) else {
        return Err(talk.broken(fault::unusable("a piece of the stream is not valid JSON")));
    };
    let choice = first_choice(&chunk).unwrap_or(&Value::Null);
    if let Some(failure) = fault::inside(&chunk).or_else(|| fault::inside(choice)) {
        let failure = talk.broken(failure);
        // Once the answer has begun the worst is assumed: some servers count along, and that is too little.
        return Err(if failure.begun { failure } else { counted(failure, &chunk) });
    }
    let delta = &choice["delta"];
    if ["reasoning", "reasoning_content"].iter().any(|name| !delta[name].is_null()) {
        talk.thought();
    }
    say(talk, &chunk, choice, delta, events);
    Ok(())
}

/// A failure with what was counted before it: that is billed.
fn counted(failure: Failure, body: &Value) -> Failure {
    let usage = failure.usage.or_else(|| usage::read(&body["usage"], &usage::CHAT, failure.begun));
    Failure { usage, ..failure }
}

/// Reads a whole body.
pub(super) fn whole(talk: &mut Talk, body: &Value, events: &mut Vec<StreamEvent>) -> Result<(), Failure> {
    let choice = first_choice(body).ok_or_else(|| fault::unusable("it holds no answer"))?;
    if let Some(failure) = fault::inside(choice) {
        // What the model had written before it failed (openrouter.ai/docs/api/reference/errors-and-debugging).
        talk.text(text_of(&choice["message"]), &mut Vec::new());
        return Err(counted(talk.broken(failure), body));
    }
    say(talk, body, choice, &choice["message"], events);
    Ok(())
}

/// What a chunk, or a whole body, says.
fn say(talk: &mut Talk, body: &Value, choice: &Value, message: &Value, events: &mut Vec<StreamEvent>) {
    talk.model(&body["model"], events);
    talk.text(text_of(message), events);
    talk.finish(finish(choice), events);
    talk.usage(usage::read(&body["usage"], &usage::CHAT, talk.worded()), events);
}

/// The answer of index 0; we never ask for more than one.
fn first_choice(body: &Value) -> Option<&Value> {
    let choices = body["choices"].as_array()?;
    choices.iter().find(|choice| choice["index"].as_u64().unwrap_or(0) == 0)
}

/// `content` as text or as a list of parts; where it is absent, `refusal`: it is what the model said.
fn text_of(message: &Value) -> String {
    let said = |value: &Value| match value {
        Value::String(text) => text.clone(),
        Value::Array(parts) => parts.iter().filter_map(|part| part["text"].as_str().or(part.as_str())).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => String::new(),
    };
    let text = said(&message["content"]);
    if text.is_empty() { said(&message["refusal"]) } else { text }
}

fn finish(choice: &Value) -> Option<FinishReason> {
    match choice["finish_reason"].as_str()? {
        "" => None,
        "stop" => Some(FinishReason::Stop),
        "length" => Some(FinishReason::Length),
        "content_filter" => Some(FinishReason::ContentFilter),
        other => Some(FinishReason::Other(fault::clean(other, 40))),
    }
}

#[cfg(test)]
mod tests;
