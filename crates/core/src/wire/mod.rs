//! Wire formats: how a conversation becomes bytes and bytes become an answer. A closed enum; the
//! codec of each format is private to its file, and what all share stands beside them: server-sent
//! events (`sse`), reading a stream (`stream`), what a failure means (`fault`), token counts (`count`), the
//! words for what is left out (`dropped`) and for JSON (`instruction`), and what a provider takes otherwise than
//! others (`dialect`). Nothing here sends anything.

use std::time::Duration;

use crate::chat::{Answer, Chat};
use crate::failure::Failure;
use crate::id::ModelName;

mod anthropic_messages;
mod count;
mod dialect;
mod dropped;
mod fault;
mod gemini;
mod instruction;
mod openai_chat;
mod openai_model;
mod openai_responses;
pub mod sse;
mod stream;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod usage_tests;

pub use dialect::{Dialect, Json, Limit, Setting, Settings, StreamUsage};
pub use fault::decode_error;
pub use stream::StreamDecoder;

use stream::Talk;

/// A format, not a company.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Wire {
    /// OpenAI chat completions and all who speak it.
    OpenAiChat,
    /// OpenAI Responses.
    OpenAiResponses,
    /// Anthropic Messages.
    AnthropicMessages,
    /// Google's generateContent.
    Gemini,
}

impl Wire {
    /// All formats.
    pub const ALL: &'static [Self] = &[Self::OpenAiChat, Self::OpenAiResponses, Self::AnthropicMessages, Self::Gemini];

    /// The name in routing.yaml.
    pub const fn name(self) -> &'static str {
        match self {
            Self::OpenAiChat => "openai_chat",
            Self::OpenAiResponses => "openai_responses",
            Self::AnthropicMessages => "anthropic_messages",
            Self::Gemini => "gemini",
        }
    }

    /// The format of a name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|wire| wire.name() == name)
    }

    /// Where the key goes, unless the provider says otherwise.
    pub const fn key_header(self) -> KeyHeader {
        match self {
            Self::OpenAiChat | Self::OpenAiResponses => KeyHeader::Bearer,
            Self::AnthropicMessages => KeyHeader::XApiKey,
            Self::Gemini => KeyHeader::XGoogApiKey,
        }
    }

    /// Headers every request of the format needs, checks of a key included.
    pub const fn headers(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::OpenAiChat | Self::OpenAiResponses | Self::Gemini => &[],
            Self::AnthropicMessages => anthropic_messages::HEADERS,
        }
    }
}

/// The header that carries a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KeyHeader {
    /// `Authorization: Bearer …`.
    Bearer,
    /// `x-api-key`: Anthropic.
    XApiKey,
    /// `x-goog-api-key`: Google.
    XGoogApiKey,
    /// `api-key`: Azure.
    ApiKey,
}

impl KeyHeader {
    const ALL: [Self; 4] = [Self::Bearer, Self::XApiKey, Self::XGoogApiKey, Self::ApiKey];

    /// The header of a name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|header| header.name() == name)
    }

    /// The header's name, in lower case.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Bearer => "authorization",
            Self::XApiKey => "x-api-key",
            Self::XGoogApiKey => "x-goog-api-key",
            Self::ApiKey => "api-key",
        }
    }
}

/// What has to be sent: made by [`encode`], sent by the engine, which adds the key and
/// [`Wire::headers`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Encoded {
    /// Below the provider's base URL; may hold a query.
    pub path: String,
    /// The body; always `application/json`.
    pub body: Vec<u8>,
    /// Whether the answer will be a stream of server-sent events.
    pub streamed: bool,
    /// What the caller set and this format or model cannot take: a sentence each, for `warnings`.
    pub dropped: Vec<String>,
}

/// The head of an HTTP response, as far as codecs need it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Head {
    /// The status.
    pub status: u16,
    /// `Content-Type`, in lower case.
    pub content_type: String,
    /// `Retry-After`, already read: seconds, or a date minus now.
    pub retry_after: Option<Duration>,
}

/// Makes the bytes of a request. Deterministic: the same conversation gives the same bytes.
/// `chat.params.max_tokens` must be set: it bounds the cost, so it is sent in every format and dialect.
/// Only chat completions have dialects: the other formats are spoken as their company speaks them.
pub fn encode(wire: Wire, dialect: Dialect, chat: &Chat, model: &ModelName, stream: bool) -> Encoded {
    match wire {
        Wire::OpenAiChat => openai_chat::encode(dialect, chat, model, stream),
        Wire::OpenAiResponses => openai_responses::encode(chat, model, stream),
        Wire::AnthropicMessages => anthropic_messages::encode(chat, model, stream),
        Wire::Gemini => gemini::encode(chat, model, stream),
    }
}

/// Reads a whole answer from a response with status 200.
///
/// # Errors
/// A classified [`Failure`]: invalid JSON, HTML, an error object with status 200, an empty answer (it
/// carries the usage: it was billed).
pub fn decode(wire: Wire, head: &Head, body: &[u8]) -> Result<Answer, Failure> {
    if fault::is_html(&head.content_type, body) {
        return Err(fault::unusable("it is a web page, not an answer of a model"));
    }
    let mut events = Vec::new();
    let talk = Talk::of_whole(wire, body, &mut events)?;
    Ok(talk.answer(events))
}
