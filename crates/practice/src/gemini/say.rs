//! What a `GenerateContentResponse` is, whole and in chunks
//! (<https://ai.google.dev/api/generate-content#v1beta.GenerateContentResponse>). Numbers that are
//! zero and lists that are empty are left out, as Google's JSON leaves them out.

use bytes::Bytes;
use serde_json::{Value, json};

use super::refusal;
use crate::answer::Finish;
use crate::asked::Asked;
use crate::play::{self, COMMENT, Events, Reply, Said, Stamp, split};
use crate::script::{Counts, Script};

/// The answer to a request for content.
pub(super) fn reply(asked: &Asked, script: &Script, stamp: Stamp) -> Reply {
    if let Some(reply) = play::scripted(script, 429, |status| refusal::of_script(script, status)) {
        return reply;
    }
    let said = play::said(asked, script);
    if asked.stream {
        return play::streamed(script, events(asked, script, stamp, &said));
    }
    if script.error_after.is_some() {
        return play::whole(script, &refusal::of_script(script, 500));
    }
    let thought = script.reasoning.as_deref().map(thought);
    let text = (!said.text.is_empty()).then(|| json!({ "text": said.text }));
    let parts: Vec<Value> = thought.into_iter().chain(text).collect();
    play::whole(script, &response(asked, stamp, &parts, Some(&said.finish), said.usage))
}

fn events(asked: &Asked, script: &Script, stamp: Stamp, said: &Said) -> Events {
    // Until the end only what was read is counted.
    let read = said.usage.map(|usage| Counts { output: 0, reasoning: 0, ..usage });
    let chunk = |part: Value| event(&response(asked, stamp, &[part], None, read));
    let thoughts = script.reasoning.as_deref().map(split).unwrap_or_default();
    let end: &[Value] = if said.text.is_empty() { &[] } else { &[json!({ "text": "" })] };
    Events {
        head: Vec::new(),
        ping: COMMENT,
        opening: thoughts.into_iter().map(|text| chunk(thought(text))).collect(),
        pieces: split(&said.text).into_iter().map(|text| chunk(json!({ "text": text }))).collect(),
        closing: Vec::new(),
        last: vec![event(&response(asked, stamp, end, Some(&said.finish), said.usage))],
        malformed: Bytes::from_static(b"data: {\"candidates\": [{\"content\":\r\n\r\n"),
        failed: vec![event(&refusal::of_script(script, 503))],
    }
}

fn thought(text: &str) -> Value {
    json!({ "text": text, "thought": true })
}

fn event(data: &Value) -> Bytes {
    format!("data: {data}\r\n\r\n").into()
}

fn response(asked: &Asked, stamp: Stamp, parts: &[Value], finish: Option<&Finish>, usage: Option<Counts>) -> Value {
    let mut content = json!({ "role": "model" });
    if !parts.is_empty() {
        content["parts"] = parts.into();
    }
    let mut candidate = json!({ "content": content });
    if let Some(finish) = finish {
        candidate["finishReason"] = word(finish).into();
    }
    candidate["index"] = 0.into();
    let mut body = json!({ "candidates": [candidate] });
    if let Some(usage) = usage {
        body["usageMetadata"] = counts(usage);
    }
    body["modelVersion"] = asked.model.as_str().into();
    body["responseId"] = format!("practice{:06}", stamp.nth).into();
    body
}

fn word(finish: &Finish) -> &str {
    match finish {
        Finish::Stop | Finish::Sequence(_) => "STOP",
        Finish::Length => "MAX_TOKENS",
        Finish::Filter => "SAFETY",
        Finish::Word(word) => word,
    }
}

/// What was thought is counted beside the candidates, not among them
/// (<https://ai.google.dev/api/generate-content#UsageMetadata>).
fn counts(usage: Counts) -> Value {
    let said = usage.output.saturating_sub(usage.reasoning);
    let mut counts = json!({ "promptTokenCount": usage.input });
    for (name, count) in [
        ("candidatesTokenCount", said),
        ("totalTokenCount", usage.input.saturating_add(usage.output)),
        ("cachedContentTokenCount", usage.cached),
        ("thoughtsTokenCount", usage.reasoning),
    ] {
        if count > 0 {
            counts[name] = count.into();
        }
    }
    counts["promptTokensDetails"] = json!([{ "modality": "TEXT", "tokenCount": usage.input }]);
    if usage.cached > 0 {
        counts["cacheTokensDetails"] = json!([{ "modality": "TEXT", "tokenCount": usage.cached }]);
    }
    counts
}
