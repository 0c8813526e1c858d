//! Activity: what was asked, who answered and what it cost, live.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::Money;

/// The page: newest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ActivityPage {
    /// At most 200 rows.
    pub rows: Vec<RequestRow>,
    /// Requests today.
    pub today_requests: u32,
    /// Charged today.
    pub today: Money,
}

/// One request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct RequestRow {
    /// Its id.
    pub id: String,
    /// When it began, in ms since 1970.
    #[ts(type = "number")]
    pub at_ms: i64,
    /// `claude-desktop`; empty for the app and the command line.
    pub client: String,
    /// `Claude Desktop`, `Command line`.
    pub client_title: String,
    /// `llm_route`.
    pub tool: String,
    /// The task class.
    pub class: String,
    /// The model that answered or was tried last; empty where none was.
    pub model: String,
    /// Its provider.
    pub provider: String,
    /// Tokens read and made; `None` where nobody counted.
    #[ts(type = "number | null")]
    pub tokens: Option<u64>,
    /// From start to end, in ms; `None` while running.
    #[ts(type = "number | null")]
    pub took_ms: Option<i64>,
    /// How it stands.
    pub state: RequestState,
    /// Charged so far.
    pub cost: Money,
    /// Held while running.
    pub held: Option<Money>,
    /// Whether a part of the cost is assumed.
    pub assumed: bool,
    /// The code of a denial or failure.
    pub code: Option<String>,
    /// Why this model, or why not.
    pub reason: String,
}

/// How a request stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum RequestState {
    /// Under way.
    Running,
    /// The first choice answered.
    Answered,
    /// Another target answered.
    Fallback,
    /// We said no before anything was sent.
    Denied,
    /// No target answered.
    Failed,
    /// The caller cancelled.
    Cancelled,
    /// Its process ended first.
    Interrupted,
}
