//! Registration in MCP clients, as decisions: where each client keeps its settings, which entry is
//! ours, what the file would be after an edit, and how that edit is shown.
//!
//! Pure: file texts, environment maps and directory listings come in, new texts go out; reading,
//! locking and writing files is the engine's. An edit touches our entry and nothing else, which is
//! asserted on every edit by reading the result back. A client is one row of [`CLIENTS`].

use serde::{Deserialize, Serialize};

mod diff;
mod edit;
mod json;
mod locate;
mod mask;

pub use diff::{Line, LineKind, diff};
pub use edit::{Edit, Look, Made, Ours, Replace, Undo, look, plan_connect, plan_disconnect};
pub use locate::{Os, candidates, is_process, packages_folder};
pub use mask::excerpt;

/// One MCP client as data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Client {
    /// `claude-desktop`: what `--client` says and the ledger records.
    pub id: &'static str,
    /// `Claude Desktop`.
    pub title: &'static str,
    /// What its window is called in a sentence: `Claude`.
    pub short: &'static str,
    /// How its settings are written.
    pub dialect: Dialect,
    /// The key under which its servers are.
    pub root_key: &'static str,
    /// The last part of the settings file's path.
    pub file: &'static str,
    /// Executables of the running program on Linux, exact.
    pub linux_programs: &'static [&'static str],
    /// Executables of the running program on macOS, exact.
    pub macos_programs: &'static [&'static str],
    /// Parts of the executable's path on Windows, lower case: the name alone is shared with other
    /// programs.
    pub windows_paths: &'static [&'static str],
    /// Whether the running program holds the file in memory and writes it back over our edit.
    pub overwrites_while_running: bool,
}

/// How a settings file is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// JSON as RFC 8259 has it: no comments, no trailing commas.
    StrictJson,
}

/// Every client we can register in.
pub const CLIENTS: &[Client] = &[Client {
    id: "claude-desktop",
    title: "Claude Desktop",
    short: "Claude",
    dialect: Dialect::StrictJson,
    root_key: "mcpServers",
    file: "claude_desktop_config.json",
    linux_programs: &["claude-desktop", "Claude"],
    macos_programs: &["Claude"],
    windows_paths: &["\\anthropicclaude\\", "\\windowsapps\\claude_"],
    overwrites_while_running: true,
}];

/// The client with this id.
pub fn client(id: &str) -> Option<&'static Client> {
    CLIENTS.iter().find(|client| client.id == id)
}

/// What a client starts: our entry in its file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// An absolute path; clients start their servers in no particular folder.
    pub command: String,
    /// Everything the server must know; clients hand over almost no environment.
    pub args: Vec<String>,
}

/// Why a settings file is not written into.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{sentence}")]
pub struct FileTrouble {
    /// From 1; 0 where there is no place.
    pub line: u32,
    /// In characters, from 1; 0 where there is no place.
    pub column: u32,
    /// What is wrong and where: a whole sentence.
    pub sentence: String,
}

#[cfg(test)]
mod tests;
