//! What went wrong, from status, the provider's own code and its words: one table for all formats
//! (product.md §3; its rows are in `tables`).
//!
//! Status and code decide. Words are quoted for the person, and decide only where a provider answers 400
//! to a prompt that is too long and says so nowhere else.

use std::time::Duration;

use serde_json::Value;

use crate::chat::FinishReason;
use crate::failure::{Failure, FailureKind};
use crate::money::Usage;
use crate::wire::Head;

mod tables;

/// The most characters of a provider's words that are quoted.
const LONGEST_QUOTE: usize = 300;

/// Classifies a response whose status is not 200.
pub fn decode_error(head: &Head, body: &[u8]) -> Failure {
    let (error, words) = if is_html(&head.content_type, body) {
        (Value::Null, None)
    } else {
        match serde_json::from_slice::<Value>(body) {
            Ok(body) => (error_of(&body).cloned().unwrap_or(Value::Null), words_of(&body)),
            Err(_) => (Value::Null, quote(&String::from_utf8_lossy(body))),
        }
    };
    let kind = by_code(&error, tables::CODES)
        .filter(|_| (400..500).contains(&head.status))
        .unwrap_or_else(|| by_status(head.status, is_moderation(&error)));
    let kind = by_words(kind, Some(head.status), words.as_deref());
    let sentence = sentence(kind, Some(head.status), words.as_deref());
    let retry_after = head.retry_after.or_else(|| retry_delay(&error));
    Failure { status: Some(head.status), retry_after, ..Failure::new(kind, sentence) }
}

/// The failure of an error object inside a response with status 200: the whole body, one choice, or
/// one event of a stream. `None` where there is no error in it.
pub(in crate::wire) fn inside(body: &Value) -> Option<Failure> {
    let error = error_of(body)?;
    // OpenRouter and Google write the status it would have been into `code`.
    let status = error["code"].as_u64().and_then(|code| u16::try_from(code).ok()).filter(|code| *code >= 400);
    let kind = by_code(error, tables::CODES)
        .or_else(|| status.map(|status| by_status(status, is_moderation(error))))
        .or_else(|| by_code(error, tables::CODES_WITHOUT_STATUS))
        .unwrap_or(FailureKind::BadResponse);
    let words = words_of(body);
    let kind = by_words(kind, status, words.as_deref());
    let sentence = sentence(kind, status, words.as_deref());
    Some(Failure { status: Some(200), retry_after: retry_delay(error), ..Failure::new(kind, sentence) })
}

/// A response with status 200 that is no answer.
pub(in crate::wire) fn unusable(why: &str) -> Failure {
    let sentence = format!("The provider's answer could not be used: {why}.");
    Failure { status: Some(200), ..Failure::new(FailureKind::BadResponse, sentence) }
}

/// An answer without a word. It says why, where the provider did. What a filter removed was made before
/// and may be billed.
pub(in crate::wire) fn empty(finish: Option<&FinishReason>, usage: Option<Usage>) -> Failure {
    let why = match finish {
        Some(FinishReason::Length) => "all of max_tokens was used before the first word; a higher max_tokens may help",
        Some(FinishReason::ContentFilter) => "the provider's content filter removed it",
        Some(FinishReason::Other(_) | FinishReason::Stop) | None => "the model said nothing",
    };
    let sentence = format!("The provider's answer was empty: {why}.");
    let filtered = finish == Some(&FinishReason::ContentFilter);
    let kind = if filtered { FailureKind::ContentFilter } else { FailureKind::BadResponse };
    Failure { status: Some(200), usage, begun: filtered, ..Failure::new(kind, sentence) }
}

/// Whether this is a web page: a proxy, a sign-in page, a wrong address.
pub(in crate::wire) fn is_html(content_type: &str, body: &[u8]) -> bool {
    content_type.starts_with("text/html") || body.trim_ascii_start().starts_with(b"<")
}

/// Text without control characters and without characters that turn the direction of reading, spaces
/// joined, at most `longest` characters.
pub(in crate::wire) fn clean(text: &str, longest: usize) -> String {
    let turns =
        |c: char| matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}');
    let mut out = String::new();
    for word in text.split_whitespace() {
        // No word is taken further than it can be shown: a body may be one word of megabytes.
        let word: String = word.chars().filter(|c| !c.is_control() && !turns(*c)).take(longest + 1).collect();
        if !word.is_empty() && !out.is_empty() {
            out.push(' ');
        }
        out.push_str(&word);
        if out.char_indices().nth(longest).is_some() {
            let shown: String = out.chars().take(longest.saturating_sub(1)).collect();
            return shown + "…";
        }
    }
    out
}

/// The error object: `{"error": {…}}`, a bare text under `error`, or an error that is the whole body
/// (vLLM's `"object": "error"`, the `"type": "error"` of a Responses stream). Google wraps it in a list.
fn error_of(body: &Value) -> Option<&Value> {
    let body = unwrapped(body);
    match &body["error"] {
        Value::Null if body["object"] == "error" || body["type"] == "error" => Some(body),
        Value::Null | Value::Bool(false) => None,
        error => Some(error),
    }
}

fn unwrapped(body: &Value) -> &Value {
    body.get(0).filter(|first| first.is_object()).unwrap_or(body)
}

fn by_code(error: &Value, table: &[(&str, FailureKind)]) -> Option<FailureKind> {
    let reasons = details(error).map(|detail| &detail["reason"]);
    let places = reasons.chain([&error["code"], &error["type"], &error["status"]]);
    places
        .filter_map(Value::as_str)
        .find_map(|text| table.iter().find(|(code, _)| *code == text).map(|(_, kind)| *kind))
}

/// Google's particulars (cloud.google.com/apis/design/errors).
fn details(error: &Value) -> impl Iterator<Item = &Value> {
    error["details"].as_array().into_iter().flatten()
}

/// How long Google asks to wait, which it says in no header: `"retryDelay": "34.07s"`, rounded up.
fn retry_delay(error: &Value) -> Option<Duration> {
    let text = details(error).find_map(|detail| detail["retryDelay"].as_str())?.strip_suffix('s')?;
    let (whole, more) = text.split_once('.').map_or((text, 0), |(whole, _)| (whole, 1));
    whole.parse::<u64>().ok().map(|seconds| Duration::from_secs(seconds.saturating_add(more)))
}

/// A 400 that only the words tell apart from a malformed call.
fn by_words(kind: FailureKind, status: Option<u16>, words: Option<&str>) -> FailureKind {
    let Some(words) = words.filter(|_| kind == FailureKind::InvalidRequest && status.is_none_or(|code| code == 400))
    else {
        return kind;
    };
    let words = words.to_lowercase();
    let says = |pieces: &[&str]| {
        let mut rest = words.as_str();
        pieces.iter().all(|piece| rest.split_once(piece).map(|(_, after)| rest = after).is_some())
    };
    tables::WORDS.iter().find(|(pieces, _)| says(pieces)).map_or(kind, |(_, kind)| *kind)
}

/// OpenRouter says in the metadata that a moderation stopped the prompt.
fn is_moderation(error: &Value) -> bool {
    error["metadata"]["reasons"].is_array() || error["metadata"]["flagged_input"].is_string()
}

fn by_status(status: u16, moderation: bool) -> FailureKind {
    match status {
        401 => FailureKind::Auth,
        402 => FailureKind::Quota,
        403 if moderation => FailureKind::ContentFilter,
        403 => FailureKind::Auth,
        404 => FailureKind::UnknownModel,
        408 => FailureKind::Timeout,
        413 => FailureKind::ContextTooLong,
        429 => FailureKind::RateLimit,
        400..=499 => FailureKind::InvalidRequest,
        503 | 529 => FailureKind::Overloaded,
        500..=599 => FailureKind::Provider5xx,
        // A redirect (never followed), or a success that is not an answer.
        _ => FailureKind::BadResponse,
    }
}

/// The provider's own words, wherever it put them.
fn words_of(body: &Value) -> Option<String> {
    let body = unwrapped(body);
    let error = &body["error"];
    // OpenRouter passes on what the provider behind it said, and says itself only that it did.
    let raw = &error["metadata"]["raw"];
    let nested = raw.as_str().and_then(|raw| serde_json::from_str::<Value>(raw).ok());
    let nested = nested.as_ref().unwrap_or(raw);
    let places = [
        &nested["error"]["message"],
        &nested["message"],
        raw,
        &error["message"],
        error,
        &body["message"],
        &body["detail"],
        &body["detail"][0]["msg"],
    ];
    places.into_iter().find_map(|place| quote(place.as_str()?))
}

fn quote(text: &str) -> Option<String> {
    let text = clean(text, LONGEST_QUOTE);
    (!text.is_empty()).then_some(text)
}

fn sentence(kind: FailureKind, status: Option<u16>, words: Option<&str>) -> String {
    let what = match kind {
        FailureKind::Auth => "The provider refused the key",
        FailureKind::RateLimit => "The provider asks to slow down",
        FailureKind::Quota => "The account at the provider has no credit left",
        FailureKind::Overloaded => "The provider has no capacity at the moment",
        FailureKind::Provider5xx => "The provider failed",
        FailureKind::Timeout => "The provider gave up waiting",
        FailureKind::NetworkBeforeSend | FailureKind::NetworkAfterSend => "The connection to the provider failed",
        FailureKind::ContextTooLong => "The prompt is too long for the model",
        FailureKind::ContentFilter => "The provider refused the content",
        FailureKind::InvalidRequest => "The provider did not accept the request",
        FailureKind::UnknownModel => "The provider does not know the model or the address",
        FailureKind::BadResponse if status.is_some_and(|status| (300..400).contains(&status)) => {
            "The provider sent a redirect, which is never followed"
        }
        FailureKind::BadResponse => "The provider answered with something that is not an answer",
    };
    let status = status.map(|status| format!(" ({status})")).unwrap_or_default();
    match words {
        Some(words) => format!("{what}{status}: “{words}”"),
        None => format!("{what}{status}."),
    }
}

#[cfg(test)]
mod tests;
