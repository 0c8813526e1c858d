//! Clients: where each MCP client keeps its servers, and how ours stands there.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::Money;

/// The page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ClientsPage {
    /// One card each.
    pub clients: Vec<ClientCard>,
}

/// One client on this computer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ClientCard {
    /// `claude-desktop`.
    pub id: String,
    /// `Claude Desktop`.
    pub title: String,
    /// How it stands.
    pub state: ClientState,
    /// The settings file, resolved, `~` for the person's folder. The first of `paths`.
    pub path: String,
    /// All settings files found (the Windows packages keep two).
    pub paths: Vec<String>,
    /// Whether its program runs now.
    pub running: bool,
    /// The last call, in ms since 1970.
    #[ts(type = "number | null")]
    pub last_call_ms: Option<i64>,
    /// When it last said hello, in ms since 1970.
    #[ts(type = "number | null")]
    pub hello_ms: Option<i64>,
    /// Charged today.
    pub today: Money,
    /// Calls today.
    pub calls_today: u32,
    /// Backups we keep of its file.
    pub backups: u32,
    /// Our entry as it is written, one line of JSON, secrets masked.
    pub entry: Option<String>,
    /// The other servers in the file, by name.
    pub others: Vec<String>,
    /// Why the file cannot be read.
    pub error: Option<FileError>,
    /// Where we looked, for "not installed".
    pub looked_in: Vec<String>,
}

/// How a client stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum ClientState {
    /// Our entry is there and the client has said hello since it was written.
    Connected,
    /// Our entry is there; the client has not said hello since.
    Waiting,
    /// Our entry is not there.
    NotConnected,
    /// Our entry was there and is gone; or, where the card has an `entry`, was changed so that it no
    /// longer starts this Pointsman as this client.
    Drifted,
    /// The file cannot be read; we do not write into it.
    Unreadable,
    /// The file is there and may not be written.
    ReadOnly,
    /// No settings folder was found.
    NotInstalled,
}

/// Why a file cannot be read, with its place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct FileError {
    /// From 1; 0 where there is no place.
    pub line: u32,
    /// From 1; 0 where there is no place.
    pub column: u32,
    /// What is wrong.
    pub sentence: String,
    /// The number of the first of `lines`.
    pub first_line: u32,
    /// A few lines around the place, secrets masked.
    pub lines: Vec<String>,
}

/// What Connect or Disconnect would write. Nothing has been written yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ConnectPlan {
    /// Names this plan; the file must still be what it was when it is applied.
    pub hash: String,
    /// The client.
    pub client: String,
    /// The file.
    pub path: String,
    /// The name of our entry; where the client has two files, in the one that this is about.
    pub name: String,
    /// The name that was asked for: what Connect is told with the hash. The files may hold others.
    pub asked: String,
    /// Line by line with three lines around each change, secrets masked.
    pub diff: Vec<DiffLine>,
    /// Lines added.
    pub added: u32,
    /// Lines removed.
    pub removed: u32,
    /// Where the backup will be.
    pub backup: String,
    /// Whether the client runs and would overwrite the change.
    pub running: bool,
    /// The file is already as wanted.
    pub nothing_to_do: bool,
    /// An entry of this name exists that is not ours: its text. `name` is then a free one, and
    /// Replace is the other choice.
    pub taken: Option<String>,
    /// The person added something to our entry that stays and may hold a key.
    pub keeps_secrets: bool,
}

/// One line of a diff.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct DiffLine {
    /// What it is.
    pub kind: DiffKind,
    /// Its number in the old file for `del`, else in the new one.
    pub number: u32,
    /// The text without its line end.
    pub text: String,
}

/// What a line of a diff is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum DiffKind {
    /// Unchanged.
    Same,
    /// Only in the new text.
    Add,
    /// Only in the old text.
    Del,
    /// Lines left out here.
    Gap,
}

/// What Connect or Disconnect did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ConnectOutcome {
    /// Whether the file is as wanted now.
    pub done: bool,
    /// What happened and what to do next.
    pub sentence: String,
    /// The backup that was made.
    pub backup: Option<String>,
}

/// What starting the registered command gave.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct TestOutcome {
    /// Whether it said hello and listed its tools.
    pub works: bool,
    /// What happened and what to do.
    pub sentence: String,
    /// The tools it listed.
    pub tools: Vec<String>,
    /// From start to hello, in ms.
    pub hello_ms: u32,
}
