//! The list of prices that was fetched last: one row, with a signature, since what it says is charged. A row
//! that another program wrote is read by nobody; beside it, how the last try ended.

use pointsman_core::code::Denial;
use rusqlite::{Connection, OptionalExtension, Transaction, params};

use super::change::{self, Topic};
use super::{LedgerError, setting};

pub(super) const SQL_3: &str = "CREATE TABLE price_list (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    fetched_ms INTEGER NOT NULL,
    url TEXT NOT NULL,
    list TEXT NOT NULL,
    mac BLOB NOT NULL
) STRICT;";

/// When it was last tried, in ms, and why that failed: `1764064800000 The list could not be had.`
const TRIED: &str = "prices_tried";

/// A list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) fetched_ms: i64,
    pub(crate) url: String,
    /// The table that core made of it.
    pub(crate) list: String,
    pub(crate) mac: Vec<u8>,
}

impl Row {
    /// What is signed: the time and the place it is from, with their lengths fixed or before them, and the list.
    pub(crate) fn message(&self) -> Vec<u8> {
        let head = format!("prices:{}:{}:{}:", self.fetched_ms, self.url.len(), self.url);
        [head.as_bytes(), self.list.as_bytes()].concat()
    }
}

/// How the last try ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Tried {
    /// When, in ms since 1970.
    pub(crate) at_ms: i64,
    /// Why it failed; `None` where it did not.
    pub(crate) failed: Option<String>,
}

/// When the list that is there was fetched. One page is read, whatever the length of the list.
pub(crate) fn fetched(connection: &Connection) -> Result<Option<i64>, LedgerError> {
    let mut query = connection.prepare_cached("SELECT fetched_ms FROM price_list")?;
    Ok(query.query_row([], |row| row.get(0)).optional()?)
}

/// The list itself.
pub(crate) fn get(connection: &Connection) -> Result<Option<Row>, LedgerError> {
    let mut query = connection.prepare("SELECT fetched_ms, url, list, mac FROM price_list")?;
    let row = query.query_row([], |row| {
        Ok(Row { fetched_ms: row.get(0)?, url: row.get(1)?, list: row.get(2)?, mac: row.get(3)? })
    });
    Ok(row.optional()?)
}

/// Puts a list in the place of the one before.
pub(crate) fn put(tx: &Transaction<'_>, row: &Row) -> Result<(), LedgerError> {
    tx.execute(
        "INSERT OR REPLACE INTO price_list (id, fetched_ms, url, list, mac) VALUES (1, ?1, ?2, ?3, ?4)",
        params![row.fetched_ms, row.url, row.list, row.mac],
    )?;
    ended(tx, row.fetched_ms, "")
}

/// Records a try that failed; the list that was there stays.
pub(crate) fn failed(tx: &Transaction<'_>, at_ms: i64, denial: &Denial) -> Result<(), LedgerError> {
    ended(tx, at_ms, &denial.sentence)
}

fn ended(tx: &Transaction<'_>, at_ms: i64, why: &str) -> Result<(), LedgerError> {
    setting::set(tx, TRIED, format!("{at_ms} {why}").trim_end())?;
    change::note(tx, Topic::Policy)
}

/// How the last try ended; `None` where there was none.
pub(crate) fn tried(connection: &Connection) -> Result<Option<Tried>, LedgerError> {
    let text = setting::get(connection, TRIED)?.unwrap_or_default();
    let (at, why) = text.split_once(' ').unwrap_or((&text, ""));
    let failed = (!why.is_empty()).then(|| why.to_owned());
    Ok(at.parse().ok().map(|at_ms| Tried { at_ms, failed }))
}
