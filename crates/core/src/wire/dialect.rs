//! What a provider takes otherwise than the company whose format it speaks: facts of `providers/*.toml`,
//! table `dialect`. A format is code, a dialect is data; without a fact a provider is taken at its word and
//! spoken to like OpenAI itself.
//!
//! Guards that a request is not refused for a field the caller never asked for, and that what a provider
//! cannot take is left out with a word (`dropped`) or said in words (`instruction`).

use serde::Deserialize;

/// The dialect of one provider. The default is OpenAI's own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Dialect {
    /// When a stream counts its tokens.
    pub stream_usage: StreamUsage,
    /// Which wishes for JSON it takes.
    pub json: Json,
    /// Which settings it refuses, whatever the model.
    pub refuses: Settings,
    /// The name under which it takes the bound of the output.
    pub limit: Limit,
}

/// When a stream of chat completions counts its tokens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StreamUsage {
    /// Where `stream_options` asks for it.
    #[default]
    OnRequest,
    /// In every stream, and `stream_options` is refused.
    Always,
}

/// The values of `response_format.type` that a provider takes beside `text`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Json {
    /// `json_schema` and `json_object`.
    #[default]
    Any,
    /// `json_schema` only.
    Schema,
    /// `json_object` only.
    Object,
    /// Neither: JSON is asked for in words.
    None,
}

/// The name of the bound of the output in chat completions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Limit {
    /// `max_tokens`, or `max_completion_tokens` where the model's name says that it wants it.
    #[default]
    ByModel,
    /// `max_completion_tokens`, since the names of its models say nothing.
    MaxCompletionTokens,
}

/// A setting that a provider may refuse.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Setting {
    /// `temperature`.
    Temperature,
    /// `top_p`.
    TopP,
    /// `frequency_penalty`.
    FrequencyPenalty,
    /// `presence_penalty`.
    PresencePenalty,
    /// `stop`.
    Stop,
}

impl Setting {
    /// The name on the wire, and in warnings.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Temperature => "temperature",
            Self::TopP => "top_p",
            Self::FrequencyPenalty => "frequency_penalty",
            Self::PresencePenalty => "presence_penalty",
            Self::Stop => "stop",
        }
    }
}

/// A set of settings: one bit each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(from = "Vec<Setting>")]
pub struct Settings(u8);

impl Settings {
    /// Whether the setting is among them.
    pub const fn contains(self, setting: Setting) -> bool {
        self.0 & (1 << setting as u8) != 0
    }
}

impl From<Vec<Setting>> for Settings {
    fn from(settings: Vec<Setting>) -> Self {
        Self(settings.into_iter().fold(0, |bits, setting| bits | 1 << setting as u8))
    }
}
