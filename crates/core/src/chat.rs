//! A conversation and an answer, in the form all wire formats share.

use serde::{Deserialize, Serialize};

use crate::money::Usage;

/// Who speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Instructions.
    System,
    /// The person or the calling model.
    User,
    /// The model that answers.
    Assistant,
}

/// A picture that goes with a text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Image {
    /// `image/png`, `image/jpeg`, `image/webp` or `image/gif`.
    pub media_type: String,
    /// The bytes in base64, unchanged from what the caller gave.
    pub base64: String,
}

/// One part of a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Part {
    /// Text.
    Text(String),
    /// A picture.
    Image(Image),
}

/// One message: who says what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// Who.
    pub role: Role,
    /// What, in order.
    pub parts: Vec<Part>,
}

impl Message {
    /// A message of one text.
    pub fn text(role: Role, text: impl Into<String>) -> Self {
        Self { role, parts: vec![Part::Text(text.into())] }
    }

    /// The parts joined by line ends, where all are text.
    pub fn only_text(&self) -> Option<String> {
        let text = |part: &Part| match part {
            Part::Text(text) => Some(text.clone()),
            Part::Image(_) => None,
        };
        self.parts.iter().map(text).collect::<Option<Vec<_>>>().map(|texts| texts.join("\n"))
    }
}

/// A number that only passes through, kept as the digits the caller wrote: nothing here computes
/// with it, and no float comes near money.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Decimal(pub serde_json::Number);

/// How the answer should be shaped.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum ResponseFormat {
    /// Plain text.
    Text,
    /// Any JSON object.
    JsonObject,
    /// JSON that matches a schema.
    JsonSchema {
        /// The schema's name.
        name: String,
        /// The schema.
        schema: serde_json::Value,
        /// Whether the provider should enforce it.
        strict: bool,
    },
}

/// For how long the provider should keep the beginning of the conversation, so that the next call that
/// begins alike reads it at a lower price.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum PrefixCache {
    /// Five minutes from its last use.
    FiveMinutes,
    /// An hour.
    Hour,
}

/// What a caller may set. What is absent is left to the provider.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Params {
    /// The most output tokens; always sent, since it bounds the cost.
    pub max_tokens: Option<u64>,
    /// 0 to 2.
    pub temperature: Option<Decimal>,
    /// 0 to 1.
    pub top_p: Option<Decimal>,
    /// −2 to 2.
    pub frequency_penalty: Option<Decimal>,
    /// −2 to 2.
    pub presence_penalty: Option<Decimal>,
    /// Texts that end the answer.
    pub stop: Vec<String>,
    /// The shape of the answer.
    pub response_format: Option<ResponseFormat>,
    /// Set by the class, never by the caller: writing costs more than reading.
    pub prefix_cache: Option<PrefixCache>,
}

/// A conversation to be answered.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Chat {
    /// In order; system messages first by custom, not by rule.
    pub messages: Vec<Message>,
    /// Parameters.
    pub params: Params,
}

/// Why the model stopped.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FinishReason {
    /// It was done.
    Stop,
    /// It reached `max_tokens`.
    Length,
    /// The provider's filter cut it.
    ContentFilter,
    /// Anything else, in the provider's word.
    Other(String),
}

impl FinishReason {
    /// The reason as text.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Stop => "stop",
            Self::Length => "length",
            Self::ContentFilter => "content_filter",
            Self::Other(word) => word,
        }
    }
}

/// A whole answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    /// The text.
    pub text: String,
    /// Why it ended, where the provider said so.
    pub finish: Option<FinishReason>,
    /// What was counted. `None` where the provider said nothing: the charge is then assumed.
    pub usage: Option<Usage>,
    /// The model that says it answered, where it differs from the one asked.
    pub model: Option<String>,
}

/// One thing a stream says. Decoders emit these in order; [`StreamEvent::End`] is last and only
/// comes from the provider's own end mark, never from a closed connection.
#[derive(Clone, Debug, PartialEq)]
pub enum StreamEvent {
    /// More text.
    Text(String),
    /// Life without text: a ping, a comment, a thinking delta.
    Alive,
    /// What was counted so far; the last one holds.
    Usage(Usage),
    /// Why it ended.
    Finish(FinishReason),
    /// The model that says it answers.
    Model(String),
    /// The provider's end mark.
    End,
}
