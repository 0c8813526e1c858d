//! What a request asks for once its format's checks have passed: the same for every format, so that
//! the answer is made in one place.

use serde_json::Value;

/// A request that passed.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Asked {
    pub(crate) model: String,
    /// Text of all messages, in order, with the role. Instructions have the role `system`.
    pub(crate) texts: Vec<(String, String)>,
    pub(crate) messages: u64,
    /// Kind and size of the pictures.
    pub(crate) pictures: Vec<(&'static str, usize)>,
    /// The most tokens to say.
    pub(crate) max_tokens: Option<u64>,
    pub(crate) stop: Vec<String>,
    pub(crate) json: Shape,
    pub(crate) stream: bool,
    /// Chat completions: the stream ends with a chunk of usage.
    pub(crate) include_usage: bool,
}

/// The shape the answer must have.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) enum Shape {
    #[default]
    Text,
    Object,
    Schema(Value),
}
