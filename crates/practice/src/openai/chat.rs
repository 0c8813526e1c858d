//! Chat completions, whole and as chunks.

use bytes::Bytes;
use serde_json::{Value, json};

use super::refusal;
use crate::answer::Finish;
use crate::asked::Asked;
use crate::play::{self, COMMENT, Events, Reply, Said, Stamp, nameless, split};
use crate::script::{Counts, Script};

/// The answer to a chat completion.
pub(super) fn reply(asked: &Asked, script: &Script, stamp: Stamp) -> Reply {
    if let Some(reply) = play::scripted(script, 429, |status| json!({ "error": refusal::of_script(script, status) })) {
        return reply;
    }
    let said = play::said(asked, script);
    if asked.stream {
        return play::streamed(script, events(asked, script, stamp, &said));
    }
    match script.error_after {
        Some(_) => play::whole(script, &json!({ "error": refusal::of_script(script, 500) })),
        None => play::whole(script, &whole(asked, script, stamp, &said)),
    }
}

fn whole(asked: &Asked, script: &Script, stamp: Stamp, said: &Said) -> Value {
    let mut message = json!({ "role": "assistant", "content": said.text, "refusal": null, "annotations": [] });
    if let Some(reasoning) = &script.reasoning {
        message["reasoning_content"] = reasoning.as_str().into();
    }
    let mut body = json!({
        "id": id(stamp), "object": "chat.completion", "created": stamp.unix_s, "model": asked.model,
        "choices": [{ "index": 0, "message": message, "logprobs": null, "finish_reason": word(&said.finish) }],
    });
    if let Some(usage) = said.usage {
        body["usage"] = counts(usage, script);
    }
    body["service_tier"] = "default".into();
    body["system_fingerprint"] = "fp_practice".into();
    body
}

fn events(asked: &Asked, script: &Script, stamp: Stamp, said: &Said) -> Events {
    let chunk = |delta: Value, finish: Value| {
        let choices = json!([{ "index": 0, "delta": delta, "logprobs": null, "finish_reason": finish }]);
        nameless(&envelope(asked, stamp, choices, Value::Null))
    };
    let reasoning = script.reasoning.as_deref().map(split).unwrap_or_default();
    let start = chunk(json!({ "role": "assistant", "content": "", "refusal": null }), Value::Null);
    let thoughts = reasoning.into_iter().map(|piece| chunk(json!({ "reasoning_content": piece }), Value::Null));
    let mut closing = vec![chunk(json!({}), word(&said.finish).into())];
    if let Some(usage) = said.usage.filter(|_| asked.include_usage) {
        closing.push(nameless(&envelope(asked, stamp, json!([]), counts(usage, script))));
    }
    Events {
        head: Vec::new(),
        ping: COMMENT,
        opening: std::iter::once(start).chain(thoughts).collect(),
        pieces: split(&said.text).into_iter().map(|piece| chunk(json!({ "content": piece }), Value::Null)).collect(),
        closing,
        last: vec![Bytes::from_static(b"data: [DONE]\n\n")],
        malformed: Bytes::from_static(b"data: {\"id\":\"chatcmpl-\n\n"),
        failed: vec![nameless(&json!({ "error": refusal::of_script(script, 500) }))],
    }
}

fn word(finish: &Finish) -> &str {
    match finish {
        Finish::Stop | Finish::Sequence(_) => "stop",
        Finish::Length => "length",
        Finish::Filter => "content_filter",
        Finish::Word(word) => word,
    }
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

fn id(stamp: Stamp) -> String {
    format!("chatcmpl-practice{:06}", stamp.nth)
}

/// With a cost, as OpenRouter counts (<https://openrouter.ai/docs/use-cases/usage-accounting>).
fn counts(usage: Counts, script: &Script) -> Value {
    let mut counts = json!({
        "prompt_tokens": usage.input, "completion_tokens": usage.output,
        "total_tokens": usage.input.saturating_add(usage.output),
        "prompt_tokens_details": { "cached_tokens": usage.cached, "audio_tokens": 0 },
        "completion_tokens_details": {
            "reasoning_tokens": usage.reasoning, "audio_tokens": 0,
            "accepted_prediction_tokens": 0, "rejected_prediction_tokens": 0
        },
    });
    if let Some(cost) = &script.cost {
        counts["cost"] = Value::Number(cost.clone());
        counts["is_byok"] = false.into();
        counts["cost_details"] = json!({ "upstream_inference_cost": null });
    }
    let written = usage.cache_write_5m.saturating_add(usage.cache_write_1h);
    if written > 0 {
        counts["prompt_tokens_details"]["cache_write_tokens"] = written.into();
    }
    counts
}
