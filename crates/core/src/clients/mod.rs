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

impl Entry {
    /// Whether starting this comes to the same as starting `wanted`: the same program, told the same
    /// home and client. What the person added besides does not count.
    pub fn starts(&self, wanted: &Self) -> bool {
        self.is_command_of(&wanted.command) && own_flags(&self.args) == own_flags(&wanted.args)
    }

    /// Whether it starts this program as a server.
    fn is_command_of(&self, command: &str) -> bool {
        self.command == command && self.args.first().is_some_and(|arg| arg == "mcp")
    }

    /// `wanted`, and besides what the person added to this one, where it stands.
    fn renewed(&self, wanted: &Self) -> Self {
        let mut missing = own_flags(&wanted.args);
        let mut args = Vec::new();
        let mut old = self.args.iter().peekable();
        while let Some(arg) = old.next() {
            let Some((flag, value)) = own_flag(arg) else {
                args.push(arg.clone());
                continue;
            };
            if value.is_none() {
                old.next_if(|next| !next.starts_with('-'));
            }
            // One that stands twice goes: the server would refuse to start.
            if let Some(at) = missing.iter().position(|(name, _)| *name == flag) {
                let (_, value) = missing.remove(at);
                args.push(flag.to_owned());
                args.extend(value.map(str::to_owned));
            }
        }
        let missing = missing.into_iter().flat_map(|(flag, value)| [Some(flag), value]).flatten().map(str::to_owned);
        let at = args.len().min(1);
        args.splice(at..at, missing);
        Self { command: wanted.command.clone(), args }
    }
}

/// What our own flags are set to, in the order of their names.
fn own_flags(args: &[String]) -> Vec<(&'static str, Option<&str>)> {
    let mut found: Vec<_> = args
        .iter()
        .enumerate()
        .filter_map(|(at, arg)| {
            let (flag, value) = own_flag(arg)?;
            let next = args.get(at + 1).map(String::as_str).filter(|next| !next.starts_with('-'));
            Some((flag, value.or(next)))
        })
        .collect();
    // Stable and by name: a repeated flag stays repeated, `--client` first or last is the same.
    found.sort_by_key(|(flag, _)| std::cmp::Reverse(*flag));
    found
}

/// The flag of ours that this argument is, and its value where it stands in the same argument.
fn own_flag(arg: &str) -> Option<(&'static str, Option<&str>)> {
    let (name, value) = arg.split_once('=').map_or((arg, None), |(name, value)| (name, Some(value)));
    ["--home", "--client"].into_iter().find(|flag| *flag == name).map(|flag| (flag, value))
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
