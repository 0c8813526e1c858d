//! Responses, whole and as events (the events and their order:
//! <https://platform.openai.com/docs/api-reference/responses-streaming>). There is no `[DONE]`: the
//! last event carries the whole response, and its usage.

use bytes::Bytes;
use serde_json::{Value, json};

use super::refusal;
use crate::answer::Finish;
use crate::asked::{Asked, Shape};
use crate::play::{self, COMMENT, Events, Reply, Said, Stamp, named, split};
use crate::script::{Counts, Script};

/// The answer to a Responses request.
pub(super) fn reply(asked: &Asked, script: &Script, stamp: Stamp) -> Reply {
    if let Some(reply) = play::scripted(script, 429, |status| json!({ "error": refusal::of_script(script, status) })) {
        return reply;
    }
    let said = play::said(asked, script);
    let play = Play { asked, script, stamp, said: &said };
    if asked.stream { play::streamed(script, play.events()) } else { play::whole(script, &play.whole()) }
}

struct Play<'a> {
    asked: &'a Asked,
    script: &'a Script,
    stamp: Stamp,
    said: &'a Said,
}

/// Numbers the events of one stream.
#[derive(Default)]
struct Numbered(u64);

impl Numbered {
    fn event(&mut self, mut data: Value) -> Bytes {
        data["sequence_number"] = self.0.into();
        self.0 += 1;
        named(&data)
    }
}

impl Play<'_> {
    fn whole(&self) -> Value {
        if self.script.error_after.is_some() {
            return self.failed();
        }
        let mut body = self.envelope(self.status(), self.output());
        match &self.said.finish {
            Finish::Stop | Finish::Sequence(_) => {}
            Finish::Length => body["incomplete_details"] = json!({ "reason": "max_output_tokens" }),
            Finish::Filter => body["incomplete_details"] = json!({ "reason": "content_filter" }),
            Finish::Word(word) => body["incomplete_details"] = json!({ "reason": word }),
        }
        if let Some(usage) = self.said.usage {
            body["usage"] = counts(usage);
        }
        body
    }

    fn failed(&self) -> Value {
        let error = refusal::of_script(self.script, 500);
        let code = error["code"].as_str().unwrap_or("server_error");
        let mut body = self.envelope("failed", json!([]));
        body["error"] = json!({ "code": code, "message": error["message"] });
        body
    }

    fn status(&self) -> &'static str {
        match self.said.finish {
            Finish::Stop | Finish::Sequence(_) => "completed",
            Finish::Length | Finish::Filter | Finish::Word(_) => "incomplete",
        }
    }

    fn envelope(&self, status: &str, output: Value) -> Value {
        let format = match &self.asked.json {
            Shape::Text => json!({ "type": "text" }),
            Shape::Object => json!({ "type": "json_object" }),
            Shape::Schema(schema) => {
                json!({ "type": "json_schema", "name": "answer", "strict": true, "schema": schema })
            }
        };
        json!({
            "id": format!("resp_practice{:06}", self.stamp.nth), "object": "response",
            "created_at": self.stamp.unix_s, "status": status, "background": false, "error": null,
            "incomplete_details": null, "instructions": null, "max_output_tokens": self.asked.max_tokens,
            "model": self.asked.model, "output": output, "parallel_tool_calls": true,
            "previous_response_id": null, "reasoning": { "effort": null, "summary": null },
            "service_tier": "default", "store": true, "temperature": 1.0, "text": { "format": format },
            "tool_choice": "auto", "tools": [], "top_p": 1.0, "truncation": "disabled", "usage": null,
            "user": null, "metadata": {},
        })
    }

    fn reasoning(&self) -> Option<Value> {
        let text = self.script.reasoning.as_deref()?;
        Some(json!({
            "id": self.item("rs"), "type": "reasoning", "summary": [{ "type": "summary_text", "text": text }]
        }))
    }

    /// The message, unless the answer is empty: then there is none.
    fn message(&self) -> Option<Value> {
        (!self.said.text.is_empty()).then(|| {
            json!({
                "id": self.item("msg"), "type": "message", "status": self.status(), "role": "assistant",
                "content": [part(&self.said.text)],
            })
        })
    }

    fn output(&self) -> Value {
        self.reasoning().into_iter().chain(self.message()).collect()
    }

    fn item(&self, kind: &str) -> String {
        format!("{kind}_practice{:06}", self.stamp.nth)
    }

    fn events(&self) -> Events {
        let mut numbered = Numbered::default();
        let started = self.envelope("in_progress", json!([]));
        let head = vec![
            numbered.event(json!({ "type": "response.created", "response": started })),
            numbered.event(json!({ "type": "response.in_progress", "response": started })),
        ];
        let mut opening = self.thoughts(&mut numbered);
        let at = u64::from(self.script.reasoning.is_some());
        let place = json!({ "item_id": self.item("msg"), "output_index": at, "content_index": 0 });
        let placed = |mut data: Value| {
            for name in ["item_id", "output_index", "content_index"] {
                data[name] = place[name].clone();
            }
            data
        };
        let message = self.message();
        if message.is_some() {
            let item = json!({ "id": self.item("msg"), "type": "message", "status": "in_progress", "role": "assistant", "content": [] });
            opening.push(
                numbered.event(json!({ "type": "response.output_item.added", "output_index": at, "item": item })),
            );
            opening.push(numbered.event(placed(json!({ "type": "response.content_part.added", "part": part("") }))));
        }
        let delta = |piece| placed(json!({ "type": "response.output_text.delta", "delta": piece, "logprobs": [] }));
        let pieces = split(&self.said.text).into_iter().map(|piece| numbered.event(delta(piece))).collect();
        let mut closing = Vec::new();
        if let Some(item) = message {
            let text = &self.said.text;
            closing = vec![
                numbered.event(placed(json!({ "type": "response.output_text.done", "text": text, "logprobs": [] }))),
                numbered.event(placed(json!({ "type": "response.content_part.done", "part": part(text) }))),
                numbered.event(json!({ "type": "response.output_item.done", "output_index": at, "item": item })),
            ];
        }
        let end = format!("response.{}", self.status());
        let last = vec![numbered.event(json!({ "type": end, "response": self.whole() }))];
        // As it is sent, not as it is documented: the reference has the fields of `error` one level up
        // (<https://github.com/openai/openai-node/pull/2021>).
        let failed = vec![
            numbered.event(json!({ "type": "error", "error": refusal::of_script(self.script, 500) })),
            numbered.event(json!({ "type": "response.failed", "response": self.failed() })),
        ];
        let malformed =
            Bytes::from_static(b"event: response.output_text.delta\ndata: {\"type\":\"response.output_text\n\n");
        Events { head, ping: COMMENT, opening, pieces, closing, last, malformed, failed }
    }

    fn thoughts(&self, numbered: &mut Numbered) -> Vec<Bytes> {
        let (Some(text), Some(done)) = (self.script.reasoning.as_deref(), self.reasoning()) else { return Vec::new() };
        let id = self.item("rs");
        let item = |kind: &str, item: Value| json!({ "type": kind, "output_index": 0, "item": item });
        let inside = |kind: &str, field: &str, value: Value| {
            let mut data = json!({
                "type": format!("response.reasoning_summary_{kind}"), "item_id": id, "output_index": 0, "summary_index": 0
            });
            data[field] = value;
            data
        };
        let summary = |text: &str| json!({ "type": "summary_text", "text": text });
        let new = json!({ "id": id, "type": "reasoning", "summary": [] });
        let mut events = vec![item("response.output_item.added", new), inside("part.added", "part", summary(""))];
        events.extend(split(text).into_iter().map(|piece| inside("text.delta", "delta", piece.into())));
        events.push(inside("text.done", "text", text.into()));
        events.push(inside("part.done", "part", summary(text)));
        events.push(item("response.output_item.done", done));
        events.into_iter().map(|data| numbered.event(data)).collect()
    }
}

fn part(text: &str) -> Value {
    json!({ "type": "output_text", "annotations": [], "logprobs": [], "text": text })
}

fn counts(usage: Counts) -> Value {
    json!({
        "input_tokens": usage.input, "input_tokens_details": { "cached_tokens": usage.cached },
        "output_tokens": usage.output, "output_tokens_details": { "reasoning_tokens": usage.reasoning },
        "total_tokens": usage.input.saturating_add(usage.output),
    })
}
