//! Overview, and the status that every page's header and the tray show.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::{ClientState, DiffLine, Money, RequestRow};

/// What the header chip, the pause button, the sidebar counts and the tray show.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Status {
    /// The one word.
    pub running: Running,
    /// How many problems Overview lists.
    pub problems: u32,
    /// Of these, on Keys.
    pub key_problems: u32,
    /// Of these, on Clients.
    pub client_problems: u32,
    /// While spending is paused.
    pub paused: Option<PauseView>,
    /// A practice home: every amount is simulated.
    pub practice: bool,
    /// Charged today.
    pub today: Money,
    /// The day cap, where one is set for all.
    pub day_limit: Option<Money>,
    /// How full the day cap is, in basis points.
    pub day_used_bp: u16,
    /// Where keys are kept, for sentences: "GNOME Keyring", "macOS Keychain".
    pub store_name: String,
    /// `0.1.0`.
    pub version: String,
}

/// The state of the whole, by the worst of its parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Running {
    /// Calls are answered.
    Running,
    /// Calls are answered and something should be looked at.
    Attention,
    /// The person paused spending.
    Paused,
    /// No call can be answered.
    Stopped,
}

/// A pause under way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct PauseView {
    /// When it ends by itself (ms since 1970), or never.
    #[ts(type = "number | null")]
    pub until_ms: Option<i64>,
}

/// The first page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Overview {
    /// Today's money.
    pub today: MoneyBar,
    /// This month's money.
    pub month: MoneyBar,
    /// Requests of the last 24 hours, by hour, oldest first; always 24 numbers.
    pub hours: Vec<u32>,
    /// Their sum.
    pub requests_24h: u32,
    /// What should be looked at, worst first.
    pub problems: Vec<ProblemRow>,
    /// The last five requests.
    pub recent: Vec<RequestRow>,
    /// Known clients.
    pub clients: Vec<ClientLine>,
    /// An edit of routing.yaml from outside that widens and waits for an answer.
    pub draft: Option<Draft>,
    /// Where routing.yaml is.
    pub policy_path: String,
}

/// Money of one window against the cap for all calls.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct MoneyBar {
    /// Settled.
    pub used: Money,
    /// Reserved by calls under way.
    pub held: Money,
    /// Cap − used − held.
    pub left: Option<Money>,
    /// The cap, where one is set.
    pub limit: Option<Money>,
    /// Used, in basis points of the cap.
    pub used_bp: u16,
    /// Held, in basis points of the cap.
    pub held_bp: u16,
    /// When the window ends, in ms since 1970.
    #[ts(type = "number")]
    pub resets_ms: i64,
}

/// How bad something is; drawn as a shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Lamp {
    /// Does not work.
    Stop,
    /// Works; look at it.
    Caution,
    /// Works.
    Clear,
    /// Not in use.
    Off,
}

/// One row of Problems.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ProblemRow {
    /// Stable while the problem lasts.
    pub id: String,
    /// How bad.
    pub lamp: Lamp,
    /// What happened.
    pub title: String,
    /// What it means.
    pub detail: String,
    /// The one thing to do.
    pub action: Option<Action>,
}

/// A button of a problem.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Action {
    /// What it does.
    pub kind: ActionKind,
    /// What it says.
    pub label: String,
    /// Which provider or client it is about.
    pub target: Option<String>,
}

/// What a problem's button does in the window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum ActionKind {
    /// Opens Keys at the provider.
    OpenKeys,
    /// Opens Clients at the client.
    OpenClients,
    /// Opens routing.yaml in the editor of the system.
    OpenPolicyFile,
    /// Ends the pause.
    Resume,
    /// Asks the keychain to unlock, once.
    UnlockKeychain,
}

/// A client in one line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ClientLine {
    /// `claude-desktop`.
    pub id: String,
    /// `Claude Desktop`.
    pub title: String,
    /// Its state.
    pub state: ClientState,
    /// Its last call, in ms since 1970.
    #[ts(type = "number | null")]
    pub last_call_ms: Option<i64>,
}

/// An edit that waits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Draft {
    /// Of its text; Activate and Discard name it, so that they act on what was shown.
    pub hash: String,
    /// When it was first seen, in ms since 1970.
    #[ts(type = "number")]
    pub seen_ms: i64,
    /// What it would widen, a plain sentence each.
    pub widens: Vec<String>,
    /// Against the active version.
    pub diff: Vec<DiffLine>,
}
