//! Envelopes and denials as tool results: structured content, and a text that says all of it to a
//! client that shows only text. Nothing here is a JSON-RPC error.

use pointsman_core::code::{Code, Denial};
use pointsman_engine::reply::{Envelope, Meta, Status};
use pointsman_engine::{Answered, JobProgress, JobStatus};
use rmcp::model::{CallToolResponse, CallToolResult, ContentBlock};
use serde::Serialize;
use serde_json::{Value, json};

/// What a call gave, the job it goes on as, or why it was not made.
pub(crate) fn answered(outcome: Result<Answered, Denial>) -> CallToolResult {
    match outcome {
        Ok(Answered::Done(envelope)) => from_envelope(&envelope),
        Ok(Answered::Running(job)) => running(&job),
        Err(denial) => refused(&denial),
    }
}

/// A job that is not finished. What it costs is said with its answer.
fn running(job: &JobStatus) -> CallToolResult {
    let mut structured = json!({ "status": "running", "meta": { "cost_usd": 0, "warnings": [] } });
    if let (Some(object), Ok(Value::Object(fields))) = (structured.as_object_mut(), serde_json::to_value(job)) {
        object.extend(fields);
    }
    let JobProgress { model, attempt, characters } = &job.progress;
    let far = match (attempt, characters) {
        (0, _) => "nothing is sent yet".to_owned(),
        (nth, 0) => format!("{model} was asked (attempt {nth}) and has not begun to answer"),
        (_, characters) => format!("{model} has answered {characters} characters so far"),
    };
    let id = &job.job_id;
    let text = format!(
        "Not finished: {far}. Call job_result with job_id {id} for the answer; do not ask again, it would be paid twice."
    );
    result(structured, vec![text], false)
}

/// A reply to a question that was taken back.
pub(crate) fn cancelled() -> CallToolResult {
    refused(&Denial::new(Code::Cancelled, "The caller cancelled the call."))
}

/// A denial: nothing was sent and nothing spent.
pub(crate) fn refused(denial: &Denial) -> CallToolResult {
    from_envelope(&Envelope::error(denial.clone(), Meta::default()))
}

/// Something read from the ledger or the policy, with the text that shows it.
pub(crate) fn report(value: &impl Serialize, text: String) -> CallToolResult {
    let mut structured = json!({ "status": "success" });
    match serde_json::to_value(value) {
        Ok(Value::Object(fields)) => {
            if let Some(object) = structured.as_object_mut() {
                object.extend(fields);
            }
            result(structured, vec![text], false)
        }
        Ok(_) | Err(_) => refused(&Denial::new(Code::Internal, "The report could not be written down.")),
    }
}

fn from_envelope(envelope: &Envelope) -> CallToolResult {
    let structured = serde_json::to_value(envelope).unwrap_or_else(|_| json!({ "status": "error" }));
    let texts = match envelope.status {
        Status::Success => {
            let text = envelope.data.as_ref().map(|data| data.text.clone()).unwrap_or_default();
            vec![text, account(&envelope.meta)]
        }
        Status::Error => vec![refusal(envelope)],
    };
    result(structured, texts, envelope.status == Status::Error)
}

fn result(structured: Value, texts: Vec<String>, is_error: bool) -> CallToolResult {
    let blocks = texts.into_iter().map(ContentBlock::text).collect();
    let mut result = if is_error { CallToolResult::error(blocks) } else { CallToolResult::success(blocks) };
    result.structured_content = Some(structured);
    result
}

/// The sentence, its code, and what was spent all the same.
fn refusal(envelope: &Envelope) -> String {
    let code = envelope.code.unwrap_or(Code::Internal).as_str();
    let mut text = format!("{} (code: {code})", envelope.error.as_deref().unwrap_or("The call failed."));
    if envelope.meta.cost_usd.to_string() != "0" {
        text.push_str(&format!("\nCharged all the same: {}.", cost(&envelope.meta)));
    }
    for warning in &envelope.meta.warnings {
        text.push_str(&format!("\nWarning: {warning}"));
    }
    text
}

/// Who answered, what it cost and why that model: one line, then the warnings.
fn account(meta: &Meta) -> String {
    let model = match (&meta.provider, &meta.model) {
        (Some(provider), Some(model)) if model.starts_with(&format!("{provider}/")) => model.clone(),
        (Some(provider), Some(model)) => format!("{provider}/{model}"),
        (None, Some(model)) => model.clone(),
        (Some(_) | None, None) => "no model".to_owned(),
    };
    let mut text = format!("[{model} · {}", cost(meta));
    if let Some(tokens) = meta.tokens {
        text.push_str(&format!(" · {} + {} tokens", tokens.input, tokens.output));
    }
    text.push_str(&format!(" · {} ms", meta.latency_ms));
    if meta.cached {
        text.push_str(" · from the cache");
    }
    match meta.finish_reason.as_deref() {
        Some("length") => text.push_str(" · cut at max_tokens"),
        Some("content_filter") => text.push_str(" · cut by the provider's filter"),
        Some(_) | None => {}
    }
    if let Some(route) = &meta.route {
        text.push_str(&format!(" · {}", route.reason));
    }
    text.push(']');
    for warning in &meta.warnings {
        text.push_str(&format!("\nWarning: {warning}"));
    }
    text
}

fn cost(meta: &Meta) -> String {
    let assumed = if meta.cost_assumed { " assumed" } else { "" };
    let simulated = if meta.simulated { " simulated" } else { "" };
    format!("${}{assumed}{simulated}", meta.cost_usd)
}

/// A result as the plain value that goes on the wire.
pub(crate) fn as_value(response: CallToolResponse) -> Value {
    match response {
        CallToolResponse::Complete(result) => serde_json::to_value(result).unwrap_or_default(),
        // Our tools give no other kind; the enum is open.
        _ => Value::Null,
    }
}
