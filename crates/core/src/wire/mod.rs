//! Wire formats: how a conversation becomes bytes and bytes become an answer. A closed enum; the
//! codec of each format is private to its file. Nothing here sends anything.

use std::time::Duration;

use crate::chat::{Answer, Chat, StreamEvent};
use crate::failure::Failure;
use crate::id::ModelName;

pub mod openai_chat;
pub mod sse;

/// A format, not a company.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Wire {
    /// OpenAI chat completions and all who speak it.
    OpenAiChat,
}

impl Wire {
    /// All formats.
    pub const ALL: &'static [Self] = &[Self::OpenAiChat];

    /// The name in routing.yaml.
    pub const fn name(self) -> &'static str {
        match self {
            Self::OpenAiChat => "openai_chat",
        }
    }

    /// The format of a name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|wire| wire.name() == name)
    }
}

/// What has to be sent: made by [`encode`], sent by the engine, which adds the key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Encoded {
    /// Below the provider's base URL.
    pub path: &'static str,
    /// The body; always `application/json`.
    pub body: Vec<u8>,
    /// Whether the answer will be a stream of server-sent events.
    pub streamed: bool,
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

/// Makes the bytes of a request. `chat.params.max_tokens` must be set: it bounds the cost, so it is
/// sent in every format.
pub fn encode(wire: Wire, chat: &Chat, model: &ModelName, stream: bool) -> Encoded {
    match wire {
        Wire::OpenAiChat => openai_chat::encode(chat, model, stream),
    }
}

/// Reads a whole answer from a response with status 200.
///
/// # Errors
/// A classified [`Failure`]: invalid JSON, HTML, an error object with status 200, an empty answer.
pub fn decode(wire: Wire, head: &Head, body: &[u8]) -> Result<Answer, Failure> {
    match wire {
        Wire::OpenAiChat => openai_chat::decode(head, body),
    }
}

/// Classifies a response whose status is not 200.
pub fn decode_error(wire: Wire, head: &Head, body: &[u8]) -> Failure {
    match wire {
        Wire::OpenAiChat => openai_chat::decode_error(head, body),
    }
}

/// Reads a streamed answer bit by bit. Bytes may be cut anywhere, also inside a character.
#[derive(Debug)]
pub enum StreamDecoder {
    /// OpenAI chat completions.
    OpenAiChat(openai_chat::Decoder),
}

impl StreamDecoder {
    /// A decoder for one response.
    pub fn new(wire: Wire) -> Self {
        match wire {
            Wire::OpenAiChat => Self::OpenAiChat(openai_chat::Decoder::default()),
        }
    }

    /// Takes the next bytes; appends what they say to `events`.
    ///
    /// # Errors
    /// A malformed chunk, an error object inside the stream, or an event over 1 MiB.
    pub fn push(&mut self, bytes: &[u8], events: &mut Vec<StreamEvent>) -> Result<(), Failure> {
        match self {
            Self::OpenAiChat(decoder) => decoder.push(bytes, events),
        }
    }

    /// Says that the connection has closed.
    ///
    /// # Errors
    /// Where the provider's own end mark was missing: the stream was cut.
    pub fn close(&mut self) -> Result<(), Failure> {
        match self {
            Self::OpenAiChat(decoder) => decoder.close(),
        }
    }
}
