//! Alerts: a cap was used to a share at which the person wants to be told. One row for each cap, account,
//! window and share, over all processes: the key is what makes it once.

use jiff::Timestamp;
use pointsman_core::budget::Cap;
use rusqlite::{Connection, Transaction, params};

use super::LedgerError;
use super::account::{self, Account};
use super::change::{self, Topic};
use super::counts::Names;

pub(super) const SQL: &str = "CREATE TABLE alert (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    cap TEXT NOT NULL,
    account TEXT NOT NULL,
    window_key TEXT NOT NULL,
    percent INTEGER NOT NULL CHECK (percent BETWEEN 1 AND 100),
    title TEXT NOT NULL,
    at_ms INTEGER NOT NULL,
    UNIQUE (cap, account, window_key, percent)
) STRICT;";

/// One alert.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) seq: i64,
    /// The identity of the cap.
    pub(crate) cap: String,
    pub(crate) account: String,
    pub(crate) window_key: String,
    /// The cap in a person's words.
    pub(crate) title: String,
    pub(crate) percent: u8,
    pub(crate) at_ms: i64,
}

/// Writes the alerts that the charges of these names have reached. Costs one look where nothing has been
/// reached. An account that no cap has opened has no alerts yet: its first hold comes before.
pub(super) fn reached(
    tx: &Transaction<'_>,
    caps: &[Cap],
    names: &Names,
    made: Timestamp,
    at: Timestamp,
) -> Result<(), LedgerError> {
    if caps.iter().all(|cap| cap.alerts.is_empty()) {
        return Ok(());
    }
    let accounts = account::counting(tx, names, made)?;
    let mut new = false;
    for cap in caps {
        for account in accounts.iter().filter(|account| is_of(cap, account)) {
            for percent in cap.alerts_reached(account.balance.charged) {
                new |=
                    tx.prepare_cached(
                        "INSERT INTO alert (cap, account, window_key, percent, title, at_ms)
                         SELECT ?1, ?2, ?3, ?4, ?5, ?6 WHERE NOT EXISTS (SELECT 1 FROM alert
                            WHERE cap = ?1 AND account = ?2 AND window_key = ?3 AND percent = ?4)",
                    )?
                    .execute(params![
                        cap.identity(),
                        account.name,
                        account.key,
                        percent,
                        cap.title(&account.name),
                        at.as_millisecond()
                    ])? > 0;
            }
        }
    }
    if new { change::note(tx, Topic::Money) } else { Ok(()) }
}

/// `accounts` are those that count the attempt, so only the cap's own name is left to compare.
fn is_of(cap: &Cap, account: &Account) -> bool {
    let named = cap.scope.name().is_none_or(|name| name == account.name);
    named && account.is_of(&cap.scope, cap.window, &account.name)
}

/// Alerts after a place in their order, oldest first, at most 100.
pub(crate) fn after(connection: &Connection, seq: i64) -> Result<Vec<Row>, LedgerError> {
    let mut query = connection.prepare_cached(
        "SELECT seq, cap, account, window_key, title, percent, at_ms FROM alert WHERE seq > ?1 ORDER BY seq LIMIT 100",
    )?;
    let rows = query.query_map([seq], |row| {
        Ok(Row {
            seq: row.get(0)?,
            cap: row.get(1)?,
            account: row.get(2)?,
            window_key: row.get(3)?,
            title: row.get(4)?,
            percent: row.get(5)?,
            at_ms: row.get(6)?,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// The place of the newest alert; 0 where there is none.
pub(crate) fn newest(connection: &Connection) -> Result<i64, LedgerError> {
    Ok(connection.query_row("SELECT coalesce(max(seq), 0) FROM alert", [], |row| row.get(0))?)
}
