//! What a practice server is told to do with a call. Every field may be left out; a script without
//! fields is the plain, friendly answer. The same type is the JSON that other processes send.
//!
//! A script shapes the answer to a call that passed the checks. A malformed request, a wrong key or
//! an unknown model is refused as the real API would, and uses up no script. A script is in no
//! format's words: the same one plays with every format, and each says it in its own.

use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};
use serde_json::{Number, Value};

/// Which calls a script is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Endpoint {
    /// Calls for an answer, whatever their format.
    #[default]
    Chat,
    /// Model lists.
    Models,
}

/// Token counts, in our words; the server writes them in the API's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Counts {
    /// All tokens read, those from and to the cache among them.
    pub input: u64,
    /// Of these, from the cache.
    pub cached: u64,
    /// Of these, written to the cache for five minutes. Only Anthropic and OpenRouter count them.
    pub cache_write_5m: u64,
    /// Of these, written to the cache for an hour.
    pub cache_write_1h: u64,
    /// All tokens produced, reasoning among them.
    pub output: u64,
    /// Of these, reasoning.
    pub reasoning: u64,
}

/// What to do with one call, or with several alike.
///
/// Positions in a stream are counted in pieces of text: 0 is before the first, a number beyond the
/// last is after all text and before the finish reason. In a whole answer every position above 0 is
/// the middle of the body.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Script {
    /// Which calls this is for.
    pub on: Endpoint,
    /// For how many calls; 0 counts as 1.
    pub times: u32,
    /// Waits for `release` before anything is answered.
    pub hold: bool,
    /// Closes the connection instead of answering.
    pub hang_up: bool,
    /// Milliseconds before the head.
    pub head_delay_ms: u64,
    /// Answers with this status and no model's answer.
    pub status: Option<u16>,
    /// The `error` object of that answer; one that fits the status where it is left out.
    pub error: Option<Value>,
    /// That answer says that the account has no credit. With `status` 429 where none is given, except
    /// with Anthropic, which sends 400.
    pub no_credit: bool,
    /// Sends exactly this body instead, with `status` or 200.
    pub body: Option<String>,
    /// `Content-Type` of `body`; JSON where it is left out.
    pub content_type: Option<String>,
    /// More headers.
    pub headers: Vec<(String, String)>,
    /// Milliseconds between the head and the first piece.
    pub first_token_delay_ms: u64,
    /// Signs of life before the first piece, at the pace of `pace_ms`: comments (`: PRACTICE
    /// PROCESSING`), or Anthropic's `ping` events.
    pub pings: u32,
    /// Milliseconds between pieces.
    pub pace_ms: u64,
    /// Reasoning that comes before the text: `reasoning_content`, a `thinking` block, parts with
    /// `thought`, or a summary.
    pub reasoning: Option<String>,
    /// The text of the answer. An empty one is an empty answer.
    pub text: Option<String>,
    /// The finish reason. `stop` (also where it is left out), `length` and `content_filter` are said in
    /// the format's own words, any other is sent as it is.
    pub finish_reason: Option<String>,
    /// The usage; one that fits the bytes where it is left out.
    pub usage: Option<Counts>,
    /// Says nothing about usage.
    pub no_usage: bool,
    /// `usage.cost` of a chat completion, in dollars, as OpenRouter counts it.
    pub cost: Option<Number>,
    /// Ends the stream properly, but without what marks its end: `[DONE]`, `message_stop`, the event
    /// with the whole response, or the chunk with `finishReason`.
    pub no_done: bool,
    /// Says no more from here on, and keeps the connection open.
    pub stall_after: Option<usize>,
    /// Sends a piece here that is no JSON.
    pub malformed_after: Option<usize>,
    /// Sends an error object here (`error`, or one of status 500) and ends.
    pub error_after: Option<usize>,
    /// Closes the connection here.
    pub cut_after: Option<usize>,
    /// Closes the connection after this many bytes of the body.
    pub cut_after_bytes: Option<usize>,
    /// Where the connection is closed, resets it (RST) instead.
    pub reset: bool,
}

impl Script {
    /// Answers with this text.
    pub fn text(text: impl Into<String>) -> Self {
        Self { text: Some(text.into()), ..Self::default() }
    }

    /// Answers with an error of this status, worded as the real API words it.
    pub fn status(status: u16) -> Self {
        Self { status: Some(status), ..Self::default() }
    }

    /// Refuses because the account has no credit, which no waiting helps.
    pub fn no_credit() -> Self {
        Self { no_credit: true, ..Self::default() }
    }

    /// Answers a page of HTML with this status.
    pub fn html(status: u16) -> Self {
        Self {
            status: Some(status),
            body: Some("<!DOCTYPE html>\n<html><head><title>Sign in</title></head><body>Sign in to the network.</body></html>\n".into()),
            content_type: Some("text/html; charset=utf-8".into()),
            ..Self::default()
        }
    }

    /// Answers 200 with a body that is no JSON.
    pub fn invalid_json() -> Self {
        Self { body: Some("{\"id\": \"chatcmpl-".into()), ..Self::default() }
    }

    /// Redirects.
    pub fn redirect(to: impl Into<String>) -> Self {
        Self { status: Some(307), body: Some(String::new()), ..Self::default() }.header("location", to)
    }

    /// Stops after this many pieces and keeps the connection open.
    pub fn stall(after: usize) -> Self {
        Self { stall_after: Some(after), ..Self::default() }
    }

    /// Closes the connection after this many pieces.
    pub fn cut(after: usize) -> Self {
        Self { cut_after: Some(after), ..Self::default() }
    }

    /// Closes the connection instead of answering.
    pub fn hang_up() -> Self {
        Self { hang_up: true, ..Self::default() }
    }

    /// Waits for `release` first.
    #[must_use]
    pub fn held(self) -> Self {
        Self { hold: true, ..self }
    }

    /// For this many calls.
    #[must_use]
    pub fn times(self, times: u32) -> Self {
        Self { times, ..self }
    }

    /// For another endpoint.
    #[must_use]
    pub fn on(self, on: Endpoint) -> Self {
        Self { on, ..self }
    }

    /// Counts these tokens.
    #[must_use]
    pub fn usage(self, usage: Counts) -> Self {
        Self { usage: Some(usage), ..self }
    }

    /// With one more header.
    #[must_use]
    pub fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    /// Asks to come back after this time: `Retry-After` in seconds.
    #[must_use]
    pub fn retry_after(self, wait: Duration) -> Self {
        self.header("retry-after", wait.as_secs().to_string())
    }

    /// Asks to come back at this time: `Retry-After` as a date.
    #[must_use]
    pub fn retry_at(self, when: SystemTime) -> Self {
        self.header("retry-after", httpdate::fmt_http_date(when))
    }
}
