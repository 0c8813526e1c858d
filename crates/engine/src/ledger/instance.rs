//! Instances: one row for each server of ours that a client started and said hello to. The only honest
//! sign that a registration works: Clients turns green by it.

use rusqlite::{Connection, OptionalExtension, Transaction, params};

use super::LedgerError;
use super::change::{self, Topic};

pub(crate) const SQL: &str = "CREATE TABLE IF NOT EXISTS instance (
    id TEXT PRIMARY KEY,
    pid INTEGER NOT NULL,
    ppid INTEGER NOT NULL,
    parent_name TEXT NOT NULL,
    version TEXT NOT NULL,
    client TEXT NOT NULL,
    client_name TEXT NOT NULL,
    client_version TEXT NOT NULL,
    home TEXT NOT NULL,
    probe INTEGER NOT NULL,
    started_ms INTEGER NOT NULL,
    hello_ms INTEGER NOT NULL,
    seen_ms INTEGER NOT NULL,
    ended_ms INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS instance_client ON instance (client, hello_ms);";

/// Rows of servers that ended longer ago than this are forgotten, the newest of each client excepted.
const KEEP_MS: i64 = 30 * 24 * 3600 * 1000;

/// A server that was greeted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Hello {
    pub(crate) id: String,
    pub(crate) pid: u32,
    pub(crate) ppid: u32,
    pub(crate) parent_name: String,
    /// `--client`; empty without.
    pub(crate) client: String,
    /// What the client calls itself. Never trusted for anything but showing.
    pub(crate) client_name: String,
    pub(crate) client_version: String,
    pub(crate) home: String,
    pub(crate) probe: bool,
    pub(crate) started_ms: i64,
    pub(crate) at_ms: i64,
}

/// Records a hello. A second one of the same server is only seen again.
pub(crate) fn hello(tx: &Transaction<'_>, hello: &Hello) -> Result<(), LedgerError> {
    tx.execute(
        "INSERT INTO instance (id, pid, ppid, parent_name, version, client, client_name, client_version, home, probe,
            started_ms, hello_ms, seen_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?12)
         ON CONFLICT (id) DO UPDATE SET seen_ms = ?12, ended_ms = NULL",
        params![
            hello.id,
            hello.pid,
            hello.ppid,
            hello.parent_name,
            env!("CARGO_PKG_VERSION"),
            hello.client,
            hello.client_name,
            hello.client_version,
            hello.home,
            hello.probe,
            hello.started_ms,
            hello.at_ms,
        ],
    )?;
    tx.execute(
        "DELETE FROM instance WHERE hello_ms < ?1 AND hello_ms < (SELECT max(hello_ms) FROM instance AS newer
            WHERE newer.client = instance.client AND newer.probe = instance.probe)",
        [hello.at_ms - KEEP_MS],
    )?;
    change::note(tx, Topic::Client)
}

/// Records the end of a server.
pub(crate) fn goodbye(tx: &Transaction<'_>, id: &str, at_ms: i64) -> Result<(), LedgerError> {
    if tx.execute(
        "UPDATE instance SET ended_ms = ?2, seen_ms = ?2 WHERE id = ?1 AND ended_ms IS NULL",
        params![id, at_ms],
    )? > 0
    {
        change::note(tx, Topic::Client)?;
    }
    Ok(())
}

/// When the client itself last said hello to a server of this home that was started since `since_ms`:
/// a probe of ours, or one whose parent is our own program, proves nothing.
pub(crate) fn last_hello(
    connection: &Connection,
    client: &str,
    home: &str,
    since_ms: i64,
) -> Result<Option<i64>, LedgerError> {
    // Starting times are whole seconds counted from the system's start, a second or two off.
    Ok(connection
        .prepare_cached(
            "SELECT max(hello_ms) FROM instance WHERE client = ?1 AND home = ?2 AND probe = 0 AND hello_ms >= ?3
                AND started_ms + 3000 > ?3 AND parent_name NOT IN ('pointsman', 'pointsman-app')",
        )?
        .query_row(params![client, home, since_ms], |row| row.get(0))
        .optional()?
        .flatten())
}
