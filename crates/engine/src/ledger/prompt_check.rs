//! Prompts a person saved, each with the model it should go to. They are texts of the person, kept because
//! they said so; what came of the last run is not kept, since it is made anew at each save.

use rusqlite::{Connection, Transaction, params};

use super::LedgerError;
use super::change::{self, Topic};

pub(super) const SQL: &str = "CREATE TABLE prompt_check (
    id TEXT PRIMARY KEY,
    ask TEXT NOT NULL,
    expects TEXT NOT NULL,
    at_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;";

/// One saved prompt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) id: String,
    /// What is asked, as JSON.
    pub(crate) ask: String,
    /// `provider/model`.
    pub(crate) expects: String,
}

/// All of them, the oldest first.
pub(crate) fn all(connection: &Connection) -> Result<Vec<Row>, LedgerError> {
    let mut query = connection.prepare_cached("SELECT id, ask, expects FROM prompt_check ORDER BY at_ms, id")?;
    let rows = query.query_map([], |row| Ok(Row { id: row.get(0)?, ask: row.get(1)?, expects: row.get(2)? }))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Saves one, in the place of the one with its id.
pub(crate) fn put(tx: &Transaction<'_>, row: &Row, now_ms: i64) -> Result<(), LedgerError> {
    tx.execute(
        "INSERT INTO prompt_check (id, ask, expects, at_ms) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (id) DO UPDATE SET ask = ?2, expects = ?3",
        params![row.id, row.ask, row.expects, now_ms],
    )?;
    change::note(tx, Topic::Policy)
}

/// Deletes one. Whether there was one.
pub(crate) fn delete(tx: &Transaction<'_>, id: &str) -> Result<bool, LedgerError> {
    let gone = tx.execute("DELETE FROM prompt_check WHERE id = ?1", [id])? > 0;
    change::note(tx, Topic::Policy)?;
    Ok(gone)
}
