//! Jobs: calls that were not finished when their caller had to be answered. A row holds what is asked until
//! the answer is there, and the answer until a day after; a lease says which process runs it.
//!
//! A row written with another program starts nothing that its own process could not: whoever claims it asks
//! the policy and the caps anew, as whom the row says.

use rusqlite::{Connection, OptionalExtension, Transaction, params};

use super::LedgerError;
use super::change::{self, Topic};

pub(super) const SQL: &str = "CREATE TABLE job (
    id TEXT PRIMARY KEY,
    tool TEXT NOT NULL,
    surface TEXT NOT NULL,
    client TEXT,
    project TEXT,
    ask TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('running', 'ended')),
    waits TEXT NOT NULL CHECK (waits IN ('model', 'approval')),
    owner TEXT,
    lease_ms INTEGER NOT NULL,
    sends INTEGER NOT NULL,
    cancel INTEGER NOT NULL DEFAULT 0,
    progress TEXT NOT NULL,
    result TEXT,
    at_ms INTEGER NOT NULL,
    ended_ms INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX job_running ON job (lease_ms) WHERE state = 'running';";

/// How long a lease lasts; it is renewed three times in that time.
pub(crate) const LEASE_MS: i64 = 15_000;
/// How long an answer is kept after its job ended: product.md §8.
const KEEP_MS: i64 = 24 * 3600 * 1000;
/// How many jobs are listed.
const LISTED: i64 = 200;

/// One job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) id: String,
    pub(crate) tool: String,
    pub(crate) surface: String,
    pub(crate) client: Option<String>,
    pub(crate) project: Option<String>,
    /// What is asked, as JSON; empty once there is an answer.
    pub(crate) ask: String,
    pub(crate) running: bool,
    pub(crate) waits: String,
    pub(crate) owner: Option<String>,
    pub(crate) lease_ms: i64,
    /// How often it was begun.
    pub(crate) sends: i64,
    pub(crate) cancel: bool,
    /// As JSON.
    pub(crate) progress: String,
    /// The envelope, as JSON.
    pub(crate) result: Option<String>,
    pub(crate) at_ms: i64,
    pub(crate) ended_ms: Option<i64>,
}

const COLUMNS: &str = "id, tool, surface, client, project, ask, state = 'running', waits, owner, lease_ms, sends, cancel, progress, result, at_ms, ended_ms";

fn row(row: &rusqlite::Row<'_>) -> rusqlite::Result<Row> {
    Ok(Row {
        id: row.get(0)?,
        tool: row.get(1)?,
        surface: row.get(2)?,
        client: row.get(3)?,
        project: row.get(4)?,
        ask: row.get(5)?,
        running: row.get(6)?,
        waits: row.get(7)?,
        owner: row.get(8)?,
        lease_ms: row.get(9)?,
        sends: row.get(10)?,
        cancel: row.get(11)?,
        progress: row.get(12)?,
        result: row.get(13)?,
        at_ms: row.get(14)?,
        ended_ms: row.get(15)?,
    })
}

/// Records a job that its own process runs.
pub(crate) fn begin(tx: &Transaction<'_>, new: &Row) -> Result<(), LedgerError> {
    tx.execute(
        "INSERT INTO job (id, tool, surface, client, project, ask, state, waits, owner, lease_ms, sends, progress, at_ms)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, 'running', ?7, ?8, ?9, ?10, ?11, ?12)",
        params![
            new.id,
            new.tool,
            new.surface,
            new.client,
            new.project,
            new.ask,
            new.waits,
            new.owner,
            new.lease_ms,
            new.sends,
            new.progress,
            new.at_ms,
        ],
    )?;
    change::note(tx, Topic::Request)
}

/// One job by its id.
pub(crate) fn get(connection: &Connection, id: &str) -> Result<Option<Row>, LedgerError> {
    let sql = format!("SELECT {COLUMNS} FROM job WHERE id = ?1");
    Ok(connection.prepare_cached(&sql)?.query_row([id], row).optional()?)
}

/// The newest jobs.
pub(crate) fn newest(connection: &Connection) -> Result<Vec<Row>, LedgerError> {
    let sql = format!("SELECT {COLUMNS} FROM job ORDER BY at_ms DESC LIMIT ?1");
    let mut query = connection.prepare_cached(&sql)?;
    let rows = query.query_map([LISTED], row)?.collect::<Result<_, _>>()?;
    Ok(rows)
}

/// Keeps a job for its owner: how far it is, and that the process lives. Says whether somebody wants it
/// ended; `None` where it is no longer this owner's.
pub(crate) fn keep(
    tx: &Transaction<'_>,
    id: &str,
    owner: &str,
    progress: &str,
    now_ms: i64,
) -> Result<Option<bool>, LedgerError> {
    let kept = tx.execute(
        "UPDATE job SET lease_ms = ?3, progress = ?4 WHERE id = ?1 AND owner = ?2 AND state = 'running'",
        params![id, owner, now_ms + LEASE_MS, progress],
    )?;
    if kept == 0 {
        return Ok(None);
    }
    Ok(Some(tx.query_row("SELECT cancel FROM job WHERE id = ?1", [id], |row| row.get(0))?))
}

/// Whether somebody wants the job ended: `None` where it is no longer this owner's.
pub(crate) fn is_wanted(connection: &Connection, id: &str, owner: &str) -> Result<Option<bool>, LedgerError> {
    let mut query =
        connection.prepare_cached("SELECT cancel FROM job WHERE id = ?1 AND owner = ?2 AND state = 'running'")?;
    Ok(query.query_row([id, owner], |row| row.get::<_, bool>(0)).optional()?.map(|cancel| !cancel))
}

/// The jobs nobody runs: their process is gone, or let go of them.
pub(crate) fn orphans(connection: &Connection, now_ms: i64) -> Result<Vec<String>, LedgerError> {
    let mut query = connection
        .prepare_cached("SELECT id FROM job WHERE state = 'running' AND lease_ms < ?1 ORDER BY at_ms LIMIT 20")?;
    let rows = query.query_map([now_ms], |row| row.get(0))?.collect::<Result<_, _>>()?;
    Ok(rows)
}

/// Takes over a job that nobody runs; `None` where another process was faster. A send is counted.
pub(crate) fn claim(tx: &Transaction<'_>, id: &str, owner: &str, now_ms: i64) -> Result<Option<Row>, LedgerError> {
    let claimed = tx.execute(
        "UPDATE job SET owner = ?2, lease_ms = ?3, sends = sends + 1 WHERE id = ?1 AND state = 'running' AND lease_ms < ?4",
        params![id, owner, now_ms + LEASE_MS, now_ms],
    )?;
    if claimed == 0 {
        return Ok(None);
    }
    get(tx, id)
}

/// Lets go of a job, so that another process may run it at once.
pub(crate) fn let_go(tx: &Transaction<'_>, id: &str, owner: &str) -> Result<(), LedgerError> {
    tx.execute(
        "UPDATE job SET owner = NULL, lease_ms = 0 WHERE id = ?1 AND owner = ?2 AND state = 'running'",
        params![id, owner],
    )?;
    change::note(tx, Topic::Request)
}

/// Asks whoever runs a job to end it.
pub(crate) fn cancel(tx: &Transaction<'_>, id: &str) -> Result<(), LedgerError> {
    tx.execute("UPDATE job SET cancel = 1 WHERE id = ?1 AND state = 'running'", [id])?;
    change::note(tx, Topic::Request)
}

/// Ends a job with its answer, if it is still this owner's; what was asked is forgotten.
pub(crate) fn end(tx: &Transaction<'_>, id: &str, owner: &str, result: &str, now_ms: i64) -> Result<bool, LedgerError> {
    let ended = tx.execute(
        "UPDATE job SET state = 'ended', ask = '', result = ?3, ended_ms = ?4, owner = NULL, lease_ms = 0
         WHERE id = ?1 AND owner = ?2 AND state = 'running'",
        params![id, owner, result, now_ms],
    )?;
    change::note(tx, Topic::Request)?;
    Ok(ended > 0)
}

/// Forgets jobs that ended a day ago.
pub(crate) fn prune(tx: &Transaction<'_>, now_ms: i64) -> Result<(), LedgerError> {
    tx.execute("DELETE FROM job WHERE state = 'ended' AND ended_ms < ?1", [now_ms - KEEP_MS])?;
    Ok(())
}

/// Forgets the answers of all jobs that have ended.
pub(crate) fn forget(tx: &Transaction<'_>) -> Result<usize, LedgerError> {
    Ok(tx.execute("DELETE FROM job WHERE state = 'ended'", [])?)
}
