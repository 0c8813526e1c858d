//! Pauses. A pause restrains, so a row is enough; ending one early is an answer only a person gives,
//! so it carries a signature. A pause row whose signature is wrong pauses until it is resumed.

use rusqlite::{Connection, OptionalExtension, Transaction, params};

use super::LedgerError;
use super::change::{self, Topic};

pub(crate) const SQL: &str = "CREATE TABLE IF NOT EXISTS pause (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    made_ms INTEGER NOT NULL,
    until_ms INTEGER,
    resumed_ms INTEGER,
    resume_mac BLOB
) STRICT;";

/// The newest pause.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) id: i64,
    pub(crate) made_ms: i64,
    pub(crate) until_ms: Option<i64>,
    pub(crate) resumed_ms: Option<i64>,
    pub(crate) resume_mac: Option<Vec<u8>>,
}

/// The newest pause, ended or not.
pub(crate) fn newest(connection: &Connection) -> Result<Option<Row>, LedgerError> {
    let mut query = connection
        .prepare_cached("SELECT id, made_ms, until_ms, resumed_ms, resume_mac FROM pause ORDER BY id DESC LIMIT 1")?;
    Ok(query
        .query_row([], |row| {
            Ok(Row {
                id: row.get(0)?,
                made_ms: row.get(1)?,
                until_ms: row.get(2)?,
                resumed_ms: row.get(3)?,
                resume_mac: row.get(4)?,
            })
        })
        .optional()?)
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
