//! What a message is, whole and as events
//! (<https://platform.claude.com/docs/en/build-with-claude/streaming>).

use bytes::Bytes;
use serde_json::{Value, json};

use super::refusal;
use crate::answer::Finish;
use crate::asked::Asked;
use crate::play::{self, Events, Reply, Said, Stamp, named, split};
use crate::script::{Counts, Script};

/// What the API signs a thought with, to know it again. Opaque.
const SIGNATURE: &str = "UHJhY3RpY2U=";

/// The answer to a request for a message.
pub(super) fn reply(asked: &Asked, script: &Script, stamp: Stamp, id: &str) -> Reply {
    if let Some(reply) = play::scripted(script, 400, |status| refusal::of_script(script, status, id)) {
        return reply;
    }
    let said = play::said(asked, script);
    if asked.stream {
        return play::streamed(script, events(asked, script, stamp, &said, id));
    }
    match script.error_after {
        Some(_) => play::whole(script, &refusal::of_script(script, 500, id)),
        None => play::whole(script, &whole(asked, script, stamp, &said)),
    }
}

fn whole(asked: &Asked, script: &Script, stamp: Stamp, said: &Said) -> Value {
    let thought = script.reasoning.as_deref();
    let thought = thought.map(|text| json!({ "type": "thinking", "thinking": text, "signature": SIGNATURE }));
    // An empty answer has no block of text, not an empty one.
    let text = (!said.text.is_empty()).then(|| json!({ "type": "text", "text": said.text }));
    let (reason, sequence) = reason(&said.finish);
    let mut message = envelope(asked, stamp);
    message["content"] = thought.into_iter().chain(text).collect();
    message["stop_reason"] = reason.into();
    message["stop_sequence"] = sequence.into();
    if let Some(usage) = said.usage {
        message["usage"] = counts(usage, usage.output);
    }
    message
}

fn envelope(asked: &Asked, stamp: Stamp) -> Value {
    json!({
        "model": asked.model, "id": format!("msg_practice{:06}", stamp.nth), "type": "message", "role": "assistant",
        "content": [], "stop_reason": null, "stop_sequence": null, "stop_details": null,
    })
}

/// `stop_reason` and `stop_sequence`.
fn reason(finish: &Finish) -> (&str, Option<&str>) {
    match finish {
        Finish::Stop => ("end_turn", None),
        Finish::Sequence(sequence) => ("stop_sequence", Some(sequence)),
        Finish::Length => ("max_tokens", None),
        Finish::Filter => ("refusal", None),
        Finish::Word(word) => (word, None),
    }
}

fn events(asked: &Asked, script: &Script, stamp: Stamp, said: &Said, id: &str) -> Events {
    let mut message = envelope(asked, stamp);
    if let Some(usage) = said.usage {
        // At the start one token is counted as said; `message_delta` has the sum.
        message["usage"] = counts(usage, usage.output.min(1));
    }
    let mut opening = thoughts(script);
    let at = u64::from(script.reasoning.is_some());
    let mut closing = Vec::new();
    if !said.text.is_empty() {
        let block = json!({ "type": "text", "text": "" });
        opening.push(named(&json!({ "type": "content_block_start", "index": at, "content_block": block })));
        closing.push(named(&json!({ "type": "content_block_stop", "index": at })));
    }
    let (reason, sequence) = reason(&said.finish);
    let delta = json!({ "stop_reason": reason, "stop_sequence": sequence, "stop_details": null });
    let mut end = json!({ "type": "message_delta", "delta": delta });
    if let Some(usage) = said.usage {
        end["usage"] = sums(usage, usage.output);
    }
    closing.push(named(&end));
    Events {
        head: vec![named(&json!({ "type": "message_start", "message": message }))],
        ping: named(&json!({ "type": "ping" })),
        opening,
        pieces: split(&said.text)
            .into_iter()
            .map(|text| piece(at, &json!({ "type": "text_delta", "text": text })))
            .collect(),
        closing,
        last: vec![named(&json!({ "type": "message_stop" }))],
        malformed: Bytes::from_static(
            b"event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":\n\n",
        ),
        failed: vec![named(&refusal::of_script(script, 529, id))],
    }
}

fn thoughts(script: &Script) -> Vec<Bytes> {
    let Some(text) = script.reasoning.as_deref() else { return Vec::new() };
    let block = json!({ "type": "thinking", "thinking": "", "signature": "" });
    let mut events = vec![named(&json!({ "type": "content_block_start", "index": 0, "content_block": block }))];
    let words = split(text).into_iter();
    events.extend(words.map(|word| piece(0, &json!({ "type": "thinking_delta", "thinking": word }))));
    events.push(piece(0, &json!({ "type": "signature_delta", "signature": SIGNATURE })));
    events.push(named(&json!({ "type": "content_block_stop", "index": 0 })));
    events
}

fn piece(at: u64, delta: &Value) -> Bytes {
    named(&json!({ "type": "content_block_delta", "index": at, "delta": delta }))
}

/// `input_tokens` are those that had nothing to do with the cache
/// (<https://platform.claude.com/docs/en/build-with-claude/prompt-caching>).
fn sums(usage: Counts, output: u64) -> Value {
    let written = usage.cache_write_5m.saturating_add(usage.cache_write_1h);
    json!({
        "input_tokens": usage.input.saturating_sub(usage.cached).saturating_sub(written),
        "cache_creation_input_tokens": written, "cache_read_input_tokens": usage.cached,
        "output_tokens": output, "output_tokens_details": { "thinking_tokens": usage.reasoning.min(output) },
    })
}

fn counts(usage: Counts, output: u64) -> Value {
    let mut counts = sums(usage, output);
    counts["cache_creation"] = json!({
        "ephemeral_5m_input_tokens": usage.cache_write_5m, "ephemeral_1h_input_tokens": usage.cache_write_1h
    });
    counts["service_tier"] = "standard".into();
    counts
}
