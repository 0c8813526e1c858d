//! Exceptions from caps: the person let one cap have more, once, for one account in one window.
//!
//! A row here claims, it does not decide: it counts only with a signature made by the app, which binds all
//! of it. A row written with another program, or copied to another cap, account or window, raises nothing.

use rusqlite::{Connection, Transaction, params};

use super::LedgerError;
use super::change::{self, Topic};

pub(super) const SQL: &str = "CREATE TABLE exception (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    cap TEXT NOT NULL,
    account TEXT NOT NULL,
    window_key TEXT NOT NULL,
    end_ms INTEGER NOT NULL,
    amount_micro INTEGER NOT NULL CHECK (amount_micro > 0),
    at_ms INTEGER NOT NULL,
    mac BLOB NOT NULL
) STRICT;
CREATE INDEX exception_end ON exception (end_ms);";

/// One exception.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Row {
    /// The identity of the cap.
    pub(crate) cap: String,
    pub(crate) account: String,
    pub(crate) window_key: String,
    /// When the window ends: only for finding the rows that may still matter.
    pub(crate) end_ms: i64,
    pub(crate) amount_micro: i64,
    pub(crate) at_ms: i64,
    pub(crate) mac: Vec<u8>,
}

impl Row {
    /// What is signed.
    pub(crate) fn message(&self) -> Vec<u8> {
        let Self { cap, account, window_key, amount_micro, at_ms, end_ms: _, mac: _ } = self;
        // No part can hold a line end, so no two rows read as one another.
        format!("{cap}\n{account}\n{window_key}\n{amount_micro}\n{at_ms}").into_bytes()
    }
}

/// The most rows that are looked at: each costs a look at the keychain before a call. Beyond it the oldest
/// raise nothing more, which is the safe side.
const MOST: i64 = 50;

/// The newest rows of windows that have not ended, signed or not.
pub(crate) fn current(connection: &Connection, now_ms: i64) -> Result<Vec<Row>, LedgerError> {
    let mut query = connection.prepare_cached(
        "SELECT cap, account, window_key, end_ms, amount_micro, at_ms, mac FROM exception WHERE end_ms > ?1 ORDER BY id DESC LIMIT ?2",
    )?;
    let rows = query.query_map([now_ms, MOST], |row| {
        Ok(Row {
            cap: row.get(0)?,
            account: row.get(1)?,
            window_key: row.get(2)?,
            end_ms: row.get(3)?,
            amount_micro: row.get(4)?,
            at_ms: row.get(5)?,
            mac: row.get(6)?,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Records the person's answer.
pub(crate) fn put(tx: &Transaction<'_>, row: &Row) -> Result<(), LedgerError> {
    tx.execute(
        "INSERT INTO exception (cap, account, window_key, end_ms, amount_micro, at_ms, mac) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        params![row.cap, row.account, row.window_key, row.end_ms, row.amount_micro, row.at_ms, row.mac],
    )?;
    change::note(tx, Topic::Money)
}
