//! Pauses. A pause restrains, so a row is enough; ending one early is an answer only a person gives,
//! so it carries a signature. Every row counts for itself: a newer one ends no older one, and a resume
//! whose signature is wrong ends none.

use rusqlite::{Connection, Transaction, params};

use super::LedgerError;
use super::change::{self, Topic};

pub(crate) const SQL: &str = "CREATE TABLE IF NOT EXISTS pause (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    made_ms INTEGER NOT NULL,
    until_ms INTEGER,
    resumed_ms INTEGER,
    resume_mac BLOB
) STRICT;
CREATE TRIGGER IF NOT EXISTS pause_is_not_edited BEFORE UPDATE OF id, made_ms, until_ms ON pause
BEGIN SELECT RAISE(ABORT, 'a pause is not edited'); END;
CREATE TRIGGER IF NOT EXISTS pause_is_not_deleted BEFORE DELETE ON pause
BEGIN SELECT RAISE(ABORT, 'a pause is not deleted'); END;";

/// One pause.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) id: i64,
    pub(crate) made_ms: i64,
    pub(crate) until_ms: Option<i64>,
    pub(crate) resume_mac: Option<Vec<u8>>,
}

/// Every pause that has no end or one after `now_ms`, resumed or not.
pub(crate) fn unended(connection: &Connection, now_ms: i64) -> Result<Vec<Row>, LedgerError> {
    let mut query = connection.prepare_cached(
        "SELECT id, made_ms, until_ms, resume_mac FROM pause WHERE until_ms IS NULL OR until_ms > ?1",
    )?;
    let rows = query.query_map([now_ms], |row| {
        Ok(Row { id: row.get(0)?, made_ms: row.get(1)?, until_ms: row.get(2)?, resume_mac: row.get(3)? })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Whether a pause is under way besides those whose resume was found to be signed.
pub(crate) fn stops(tx: &Transaction<'_>, now_ms: i64, resumed: &[i64]) -> Result<bool, LedgerError> {
    let mut query = tx.prepare_cached("SELECT id FROM pause WHERE until_ms IS NULL OR until_ms > ?1")?;
    let mut rows = query.query([now_ms])?;
    while let Some(row) = rows.next()? {
        if !resumed.contains(&row.get(0)?) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Begins a pause.
pub(crate) fn begin(tx: &Transaction<'_>, made_ms: i64, until_ms: Option<i64>) -> Result<(), LedgerError> {
    tx.execute("INSERT INTO pause (made_ms, until_ms) VALUES (?1, ?2)", params![made_ms, until_ms])?;
    change::note(tx, Topic::Pause)
}

/// Ends a pause with the signature of the person's answer.
pub(crate) fn end(tx: &Transaction<'_>, id: i64, at_ms: i64, mac: &[u8]) -> Result<(), LedgerError> {
    tx.execute("UPDATE pause SET resumed_ms = ?2, resume_mac = ?3 WHERE id = ?1", params![id, at_ms, mac])?;
    change::note(tx, Topic::Pause)
}
