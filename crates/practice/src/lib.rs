//! Loopback servers that speak a provider's API as the real one does: they check requests as strictly,
//! answer whole or streamed, do what a script says, and publish what arrived. Tests, the demo and
//! practice mode use them; nothing here depends on the rest of Pointsman, so that a mistake of the
//! codec is not repeated here. That they speak truly is checked with the official clients
//! (`tests/sdk`, and `tests/oracle.rs` of the repository).
//!
//! One server plays all sides at once, each under its own path and with its own key header:
//!
//! | side | where | whole and streamed | list |
//! |---|---|---|---|
//! | OpenAI chat completions | `/v1` | `/chat/completions` | `/models` |
//! | OpenAI Responses | `/v1` | `/responses` | `/models` |
//! | Anthropic Messages, versions 2023-06-01 and 2026-10-21 | `/v1` | `/messages` | `/models` with `anthropic-version` |
//! | Gemini | `/v1beta` | `/models/{model}:generateContent`, `:streamGenerateContent?alt=sse` | `/models` |
//! | OpenRouter's additions | as OpenAI chat | `usage.cost`, `cache_write_tokens` | `context_length`, `pricing` |
//!
//! Played: text, system instructions, pictures as base64 (decoded, and looked at), stop sequences,
//! limits of tokens, JSON by a schema (filled with examples), reasoning before the text, pings, usage
//! with what came from and went to the cache and with reasoning, empty answers, every error status in
//! the side's own body, `Retry-After`, streams that are cut, reset, stalled, malformed, or end in an
//! error or without their last event. Parameters that change nothing here are checked by name only.
//!
//! Not played, and refused instead of ignored: tools, files and documents, audio, several choices,
//! stored conversations, background work, batches, `count_tokens`, caches that are made by a call of
//! their own, Gemini's streams without `alt=sse`, its keys in the address and its names in snake case.
//! Pictures by web address are let in (OpenAI, Anthropic) and never fetched. Words of refusals are the
//! real ones where people have published them, and close to them elsewhere: do not match on them.
//!
//! ```no_run
//! # async fn run() -> std::io::Result<()> {
//! use pointsman_practice::{Options, Practice, Script};
//! let server = Practice::start(Options::default()).await?;
//! server.script(Script::text("Forty-two."));
//! // … a request to `server.base_url()` …
//! server.arrived(1).await;
//! assert_eq!(server.received()[0].path, "/v1/chat/completions");
//! # Ok(()) }
//! ```
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use bytes::Bytes;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

mod answer;
mod anthropic;
mod asked;
mod gemini;
mod lines;
mod model;
mod openai;
mod picture;
mod play;
mod script;
mod serve;
mod socket;

pub use lines::serve_until_stdin_closes;
pub use model::{Model, Prices};
pub use script::{Counts, Endpoint, Script};

/// What a practice server is.
#[derive(Clone, Debug)]
pub struct Options {
    /// The only key that is let in; without one, any or none.
    pub key: Option<String>,
    /// The models it has; without any, every name is answered.
    pub models: Vec<Model>,
    /// The path before `/chat/completions`, `/responses` and `/messages`, such as `/v1` (the default) or
    /// nothing. Gemini's is always `/v1beta`.
    pub prefix: String,
    /// The port; 0 (the default) takes a free one.
    pub port: u16,
    /// Whose chat completions it plays.
    pub company: Company,
}

impl Default for Options {
    fn default() -> Self {
        Self { key: None, models: Vec::new(), prefix: "/v1".to_owned(), port: 0, company: Company::OpenAi }
    }
}

/// Whose chat completions are played: most take what OpenAI takes, and refuse some of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Company {
    /// OpenAI itself.
    #[default]
    OpenAi,
    /// Refuses `stream_options`, and counts in every stream.
    Mistral,
    /// Refuses `json_schema`.
    DeepSeek,
    /// Refuses `json_object`.
    LmStudio,
    /// Refuses both penalties and `stop`.
    Xai,
}

/// One request as it arrived.
#[derive(Clone, Debug)]
pub struct Received {
    /// `POST`.
    pub method: String,
    /// `/v1/chat/completions`.
    pub path: String,
    /// What followed `?`, such as `alt=sse`.
    pub query: String,
    /// In order, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The bytes.
    pub body: Bytes,
    /// When the last byte had arrived.
    pub at: Instant,
}

impl Received {
    /// The first header of this name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// The body as JSON; null where it is none.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }

    /// The bytes of all pictures in the body, in order, whatever its format.
    pub fn pictures(&self) -> Vec<Vec<u8>> {
        picture::all(&self.json())
    }

    /// Whether it asks for an answer, in any format.
    fn is_chat(&self) -> bool {
        ["/chat/completions", "/responses", "/messages", ":generateContent", ":streamGenerateContent"]
            .iter()
            .any(|end| self.path.ends_with(end))
    }
}

/// A running practice server. Dropped, it stops.
#[derive(Debug)]
pub struct Practice {
    address: SocketAddr,
    shared: Arc<serve::Shared>,
    task: Option<JoinHandle<io::Result<()>>>,
}

impl Practice {
    /// Starts a server on 127.0.0.1.
    ///
    /// # Errors
    /// Where the port cannot be had.
    pub async fn start(options: Options) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, options.port)).await?;
        let address = listener.local_addr()?;
        let shared = Arc::new(serve::Shared::new(options));
        let router = Router::new().fallback(serve::handle).with_state(shared.clone());
        let service = router.into_make_service_with_connect_info::<socket::End>();
        let stop = shared.stop.clone().cancelled_owned();
        let task =
            tokio::spawn(
                async move { axum::serve(socket::Loopback(listener), service).with_graceful_shutdown(stop).await },
            );
        Ok(Self { address, shared, task: Some(task) })
    }

    /// Where the API of OpenAI, and that of Anthropic, begins: `http://127.0.0.1:41234/v1`.
    pub fn base_url(&self) -> String {
        format!("http://{}{}", self.address, self.shared.options.prefix)
    }

    /// Where Gemini's API begins: `http://127.0.0.1:41234/v1beta`.
    pub fn gemini_url(&self) -> String {
        format!("http://{}/v1beta", self.address)
    }

    /// The address alone.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Adds a script to the queue of its endpoint. Each call takes one.
    pub fn script(&self, script: Script) {
        self.shared.push(script);
    }

    /// What calls get when the queue of their endpoint is empty.
    pub fn default_script(&self, script: Script) {
        self.shared.set_default(script);
    }

    /// Everything that arrived so far.
    pub fn received(&self) -> Vec<Received> {
        self.shared.received_since(0)
    }

    /// The requests for answers among [`Practice::received`].
    pub fn chats(&self) -> Vec<Received> {
        self.received().into_iter().filter(Received::is_chat).collect()
    }

    /// Waits until this many requests have arrived.
    pub async fn arrived(&self, count: usize) {
        // The sender lives in `shared`, so waiting cannot fail.
        let _ = self.shared.arrived.subscribe().wait_for(|so_far| *so_far >= count).await;
    }

    /// Waits until this many clients have closed the connection before their answer was complete.
    pub async fn left(&self, count: usize) {
        let _ = self.shared.left.subscribe().wait_for(|so_far| *so_far >= count).await;
    }

    /// How many clients have closed the connection before their answer was complete.
    pub fn left_so_far(&self) -> usize {
        *self.shared.left.borrow()
    }

    /// Lets this many held calls go on, present or future ones.
    pub fn release(&self, count: usize) {
        self.shared.gate.add_permits(count);
    }

    /// Lets all held calls go on, from now on.
    pub fn release_all(&self) {
        self.shared.gate.close();
    }

    /// Stops: the port is closed, unfinished answers are cut. A connection that never sent a whole
    /// request holds it up for a second at most.
    pub async fn stop(mut self) {
        self.shared.stop.cancel();
        if let Some(mut task) = self.task.take()
            && tokio::time::timeout(Duration::from_secs(1), &mut task).await.is_err()
        {
            task.abort();
        }
    }
}

impl Drop for Practice {
    fn drop(&mut self) {
        self.shared.stop.cancel();
    }
}
