//! From a checked request and a script to what is sent, step by step. Pure: the steps are done in
//! `serve`, so what a script means can be read (and tested) here without a socket.

use std::time::Duration;

use bytes::Bytes;
use serde_json::{Value, json};

use crate::answer;
use crate::check::Asked;
use crate::refusal::{self, Refusal};
use crate::script::{Counts, Script};

/// One step of an answer.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Step {
    /// Waits.
    Wait(Duration),
    /// Waits for `release`.
    Hold,
    /// Sends.
    Send(Bytes),
    /// Says nothing more and keeps the connection open.
    Stall,
    /// Closes the connection; hard: with a reset.
    Cut { reset: bool },
}

/// A response.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Reply {
    pub(crate) before_head: Vec<Step>,
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<Step>,
}

/// Which call this is, for ids and times.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stamp {
    pub(crate) nth: u64,
    pub(crate) unix_s: u64,
}

impl Reply {
    fn whole(script: &Script, status: u16, content_type: &str, body: Vec<u8>) -> Self {
        let headers = vec![
            ("content-type".to_owned(), content_type.to_owned()),
            ("content-length".to_owned(), body.len().to_string()),
        ];
        Self { before_head: before_head(script), status, headers, body: vec![Step::Send(body.into())] }.trimmed(script)
    }

    /// The refusal of a request that no script can change.
    pub(crate) fn refusal(refusal: &Refusal) -> Self {
        Self::whole(&Script::default(), refusal.status, "application/json", refusal.body().to_string().into())
    }

    /// The script's headers, and its limit of bytes.
    fn trimmed(mut self, script: &Script) -> Self {
        self.headers.extend(script.headers.iter().cloned());
        if let Some(mut left) = script.cut_after_bytes {
            let mut kept = Vec::new();
            for step in self.body {
                match step {
                    Step::Send(bytes) if bytes.len() >= left => {
                        kept.extend([Step::Send(bytes.slice(..left)), Step::Cut { reset: script.reset }]);
                        break;
                    }
                    Step::Send(bytes) => {
                        left -= bytes.len();
                        kept.push(Step::Send(bytes));
                    }
                    Step::Wait(_) | Step::Hold | Step::Stall | Step::Cut { .. } => kept.push(step),
                }
            }
            self.body = kept;
        }
        self
    }
}

fn before_head(script: &Script) -> Vec<Step> {
    let mut steps = Vec::new();
    if script.hold {
        steps.push(Step::Hold);
    }
    if script.head_delay_ms > 0 {
        steps.push(Step::Wait(Duration::from_millis(script.head_delay_ms)));
    }
    if script.hang_up {
        steps.push(Step::Cut { reset: script.reset });
    }
    steps
}

/// What a script says instead of an answer.
fn scripted(script: &Script) -> Option<Reply> {
    if let Some(body) = &script.body {
        let content_type = script.content_type.as_deref().unwrap_or("application/json");
        return Some(Reply::whole(script, script.status.unwrap_or(200), content_type, body.clone().into()));
    }
    let status = script.status.filter(|status| *status != 200)?;
    let error = script.error.clone().unwrap_or_else(|| refusal::of_status(status));
    Some(Reply::whole(script, status, "application/json", json!({ "error": error }).to_string().into()))
}

/// The answer to `GET /models`.
pub(crate) fn models(names: &[String], script: &Script, stamp: Stamp) -> Reply {
    scripted(script).unwrap_or_else(|| {
        let list: Vec<Value> = names.iter().map(|name| model(name, stamp)).collect();
        Reply::whole(script, 200, "application/json", json!({ "object": "list", "data": list }).to_string().into())
    })
}

/// One entry of `/models`.
pub(crate) fn model(name: &str, stamp: Stamp) -> Value {
    json!({ "id": name, "object": "model", "created": stamp.unix_s, "owned_by": "practice" })
}

/// The answer to a chat completion.
pub(crate) fn chat(asked: &Asked, script: &Script, stamp: Stamp) -> Reply {
    if let Some(reply) = scripted(script) {
        return reply;
    }
    let (text, finish) = match &script.text {
        Some(text) => (text.clone(), "stop"),
        None => answer::answer(asked),
    };
    let said = Said {
        finish: script.finish_reason.clone().unwrap_or_else(|| finish.to_owned()),
        usage: (!script.no_usage).then(|| script.usage.unwrap_or_else(|| answer::usage(asked, &text))),
        text,
    };
    if asked.stream { streamed(asked, script, stamp, &said) } else { whole(asked, script, stamp, &said) }
}

struct Said {
    text: String,
    finish: String,
    usage: Option<Counts>,
}

fn whole(asked: &Asked, script: &Script, stamp: Stamp, said: &Said) -> Reply {
    let mut message = json!({ "role": "assistant", "content": said.text, "refusal": null, "annotations": [] });
    if let Some(reasoning) = &script.reasoning {
        message["reasoning_content"] = reasoning.as_str().into();
    }
    let mut body = json!({
        "id": id(stamp), "object": "chat.completion", "created": stamp.unix_s, "model": asked.model,
        "choices": [{ "index": 0, "message": message, "logprobs": null, "finish_reason": said.finish }],
    });
    if let Some(usage) = said.usage {
        body["usage"] = counts(usage);
    }
    body["service_tier"] = "default".into();
    body["system_fingerprint"] = "fp_practice".into();
    if script.error_after.is_some() {
        body = json!({ "error": script.error.clone().unwrap_or_else(|| refusal::of_status(500)) });
    }
    let mut bytes = body.to_string().into_bytes();
    if script.malformed_after.is_some() {
        bytes.truncate(bytes.len() / 2);
    }
    let mut reply = Reply::whole(script, 200, "application/json", bytes);
    let ends = [(script.stall_after, Step::Stall), (script.cut_after, Step::Cut { reset: script.reset })];
    for (at, end) in ends {
        match at {
            None => {}
            Some(0) => reply.before_head.push(end),
            Some(_) => {
                if let Some(Step::Send(bytes)) = reply.body.first_mut() {
                    bytes.truncate(bytes.len() / 2);
                }
                reply.body.push(end);
            }
        }
    }
    reply
}

fn streamed(asked: &Asked, script: &Script, stamp: Stamp, said: &Said) -> Reply {
    let chunk = |delta: Value, finish: Value| {
        let choices = json!([{ "index": 0, "delta": delta, "logprobs": null, "finish_reason": finish }]);
        event(&envelope(asked, stamp, choices, Value::Null))
    };
    let pace = || (script.pace_ms > 0).then(|| Step::Wait(Duration::from_millis(script.pace_ms)));
    let mut steps = Vec::new();
    if script.first_token_delay_ms > 0 {
        steps.push(Step::Wait(Duration::from_millis(script.first_token_delay_ms)));
    }
    for _ in 0..script.pings {
        steps.push(Step::Send(Bytes::from_static(b": PRACTICE PROCESSING\n\n")));
        steps.extend(pace());
    }
    let pieces = split(&said.text);
    for at in 0..=pieces.len() {
        if mishap(script, at, pieces.len(), &mut steps) {
            return event_stream(script, steps);
        }
        if at == 0 {
            steps.push(chunk(json!({ "role": "assistant", "content": "", "refusal": null }), Value::Null));
            for piece in script.reasoning.as_deref().map(split).unwrap_or_default() {
                steps.push(chunk(json!({ "reasoning_content": piece }), Value::Null));
                steps.extend(pace());
            }
        }
        if let Some(piece) = pieces.get(at) {
            steps.push(chunk(json!({ "content": piece }), Value::Null));
            steps.extend(pace());
        }
    }
    steps.push(chunk(json!({}), said.finish.as_str().into()));
    if let Some(usage) = said.usage.filter(|_| asked.include_usage) {
        steps.push(event(&envelope(asked, stamp, json!([]), counts(usage))));
    }
    if !script.no_done {
        steps.push(Step::Send(Bytes::from_static(b"data: [DONE]\n\n")));
    }
    event_stream(script, steps)
}

/// Does what the script wants at this position. True where the stream ends with it.
fn mishap(script: &Script, at: usize, last: usize, steps: &mut Vec<Step>) -> bool {
    let due = |position: Option<usize>| position.is_some_and(|position| position.min(last) == at);
    if due(script.malformed_after) {
        steps.push(Step::Send(Bytes::from_static(b"data: {\"id\":\"chatcmpl-\n\n")));
    }
    if due(script.error_after) {
        let error = script.error.clone().unwrap_or_else(|| refusal::of_status(500));
        steps.push(event(&json!({ "error": error })));
        return true;
    }
    if due(script.stall_after) {
        steps.push(Step::Stall);
        return true;
    }
    if due(script.cut_after) {
        steps.push(Step::Cut { reset: script.reset });
        return true;
    }
    false
}

fn event_stream(script: &Script, body: Vec<Step>) -> Reply {
    let headers = vec![("content-type".to_owned(), "text/event-stream; charset=utf-8".to_owned())];
    Reply { before_head: before_head(script), status: 200, headers, body }.trimmed(script)
}

fn envelope(asked: &Asked, stamp: Stamp, choices: Value, usage: Value) -> Value {
    let mut chunk = json!({
        "id": id(stamp), "object": "chat.completion.chunk", "created": stamp.unix_s, "model": asked.model,
        "service_tier": "default", "system_fingerprint": "fp_practice", "choices": choices,
    });
    // With include_usage every chunk has the field; all but the last say null.
    if asked.include_usage {
        chunk["usage"] = usage;
    }
    chunk
}

fn event(chunk: &Value) -> Step {
    Step::Send(format!("data: {chunk}\n\n").into())
}

fn id(stamp: Stamp) -> String {
    format!("chatcmpl-practice{:06}", stamp.nth)
}

fn counts(usage: Counts) -> Value {
    json!({
        "prompt_tokens": usage.input, "completion_tokens": usage.output,
        "total_tokens": usage.input.saturating_add(usage.output),
        "prompt_tokens_details": { "cached_tokens": usage.cached, "audio_tokens": 0 },
        "completion_tokens_details": {
            "reasoning_tokens": usage.reasoning, "audio_tokens": 0,
            "accepted_prediction_tokens": 0, "rejected_prediction_tokens": 0
        },
    })
}

/// Text in pieces as a model makes them: each word with the space before it.
fn split(text: &str) -> Vec<&str> {
    let mut cuts = vec![0];
    let mut in_word = false;
    for (at, c) in text.char_indices() {
        if c.is_whitespace() {
            if in_word {
                cuts.push(at);
            }
            in_word = false;
        } else {
            in_word = true;
        }
    }
    cuts.push(text.len());
    cuts.windows(2).map(|pair| &text[pair[0]..pair[1]]).filter(|piece| !piece.is_empty()).collect()
}
