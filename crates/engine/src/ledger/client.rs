//! What we wrote into clients' settings files: one row for each file that has our entry.

use rusqlite::{Connection, Row as SqlRow, Transaction, params};

use super::LedgerError;
use super::change::{self, Topic};

pub(crate) const SQL: &str = "CREATE TABLE IF NOT EXISTS client_entry (
    client TEXT NOT NULL,
    path TEXT NOT NULL,
    name TEXT NOT NULL,
    entry_text TEXT NOT NULL,
    made TEXT NOT NULL,
    file_hash_after TEXT NOT NULL,
    file_hash_before TEXT,
    backup TEXT,
    written_ms INTEGER NOT NULL,
    trouble TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (client, path)
) STRICT, WITHOUT ROWID;";

/// One file with our entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) client: String,
    /// The file itself, links resolved.
    pub(crate) path: String,
    pub(crate) name: String,
    /// The entry as JSON.
    pub(crate) entry_text: String,
    /// What we made besides the entry.
    pub(crate) made: String,
    pub(crate) file_hash_after: String,
    /// What Disconnect may go back to; `None`: no such text is known, or there was no file.
    pub(crate) file_hash_before: Option<String>,
    /// The backup that holds it.
    pub(crate) backup: Option<String>,
    pub(crate) written_ms: i64,
    /// What was wrong when the file was last looked at; empty where nothing was.
    pub(crate) trouble: String,
}

/// All files of a client that have our entry.
pub(crate) fn of(connection: &Connection, client: &str) -> Result<Vec<Row>, LedgerError> {
    let mut query = connection.prepare_cached(
        "SELECT client, path, name, entry_text, made, file_hash_after, file_hash_before, backup, written_ms, trouble
         FROM client_entry WHERE client = ?1 ORDER BY path",
    )?;
    let rows = query.query_map([client], read)?.collect::<Result<_, _>>()?;
    Ok(rows)
}

fn read(row: &SqlRow<'_>) -> rusqlite::Result<Row> {
    Ok(Row {
        client: row.get(0)?,
        path: row.get(1)?,
        name: row.get(2)?,
        entry_text: row.get(3)?,
        made: row.get(4)?,
        file_hash_after: row.get(5)?,
        file_hash_before: row.get(6)?,
        backup: row.get(7)?,
        written_ms: row.get(8)?,
        trouble: row.get(9)?,
    })
}

/// Records what was written.
pub(crate) fn put(tx: &Transaction<'_>, row: &Row) -> Result<(), LedgerError> {
    tx.execute(
        "INSERT OR REPLACE INTO client_entry (client, path, name, entry_text, made, file_hash_after, file_hash_before, backup,
            written_ms, trouble) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
        params![
            row.client,
            row.path,
            row.name,
            row.entry_text,
            row.made,
            row.file_hash_after,
            row.file_hash_before,
            row.backup,
            row.written_ms,
            row.trouble,
        ],
    )?;
    change::note(tx, Topic::Client)
}

/// Forgets a file our entry was taken out of.
pub(crate) fn remove(tx: &Transaction<'_>, client: &str, path: &str) -> Result<(), LedgerError> {
    if tx.execute("DELETE FROM client_entry WHERE client = ?1 AND path = ?2", [client, path])? > 0 {
        change::note(tx, Topic::Client)?;
    }
    Ok(())
}

/// Records what is wrong with a file; notes a change only where that is news.
pub(crate) fn set_trouble(tx: &Transaction<'_>, client: &str, path: &str, trouble: &str) -> Result<(), LedgerError> {
    let changed = tx.execute(
        "UPDATE client_entry SET trouble = ?3 WHERE client = ?1 AND path = ?2 AND trouble != ?3",
        params![client, path, trouble],
    )?;
    if changed > 0 {
        change::note(tx, Topic::Client)?;
    }
    Ok(())
}
