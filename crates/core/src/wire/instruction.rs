//! Asking for JSON in words, where a provider has no field for the wish or insists on the word. The same
//! words in every format; whether the answer keeps to them is checked where it is used (`structured`).
//!
//! Guards the bound of the cost: what is added here is part of what `estimate` counts for a wish for JSON.

use std::borrow::Cow;

use serde_json::Value;

use crate::chat::{Chat, Message, Part, Role};

const ONLY: &str = "and nothing else: no other words, no code fence";

/// One object, of any shape.
pub(super) fn object() -> String {
    format!("Answer with one JSON object {ONLY}.")
}

/// A value that fits a schema.
pub(super) fn fitting(schema: &Value) -> String {
    format!("Answer with one JSON value that matches this JSON Schema {ONLY}.\n{schema}")
}

/// Whether any message has the word JSON. Where none has, OpenAI, DeepSeek and others answer 400 to
/// `json_object`, because a model that was not told may write spaces for ever
/// (platform.openai.com/docs/guides/structured-outputs, "JSON mode"; api-docs.deepseek.com/guides/json_mode).
pub(super) fn is_said(chat: &Chat) -> bool {
    let says = |part: &Part| match part {
        Part::Text(text) => text.as_bytes().windows(4).any(|word| word.eq_ignore_ascii_case(b"json")),
        Part::Image(_) => false,
    };
    chat.messages.iter().any(|message| message.parts.iter().any(says))
}

/// The messages with an instruction: at the end of the first message where that is the system's, since many
/// servers take one system message, at the beginning, and no other.
pub(super) fn said(chat: &Chat, instruction: Option<String>) -> Cow<'_, [Message]> {
    let Some(instruction) = instruction else { return Cow::Borrowed(&chat.messages) };
    let mut messages = chat.messages.clone();
    match messages.first_mut().filter(|first| first.role == Role::System) {
        Some(first) => first.parts.push(Part::Text(instruction)),
        None => messages.insert(0, Message::text(Role::System, instruction)),
    }
    Cow::Owned(messages)
}
