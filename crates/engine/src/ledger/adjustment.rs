//! Corrections of closed rows (I5): the difference, posted in the window of the original call.

use jiff::Timestamp;
use pointsman_core::id::RequestId;
use pointsman_core::money::MicroUsd;
use rusqlite::{Transaction, params};

use super::LedgerError;

pub(crate) const SQL: &str = "CREATE TABLE IF NOT EXISTS adjustment (
    id INTEGER PRIMARY KEY,
    request_id TEXT NOT NULL REFERENCES request (id),
    provider TEXT NOT NULL,
    amount_micro INTEGER NOT NULL,
    reason TEXT NOT NULL,
    at_ms INTEGER NOT NULL,
    made_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS adjustment_made ON adjustment (made_ms);";

/// Records a difference; the caller posts it to the accounts in the same transaction.
pub(crate) fn record(
    tx: &Transaction<'_>,
    request: &RequestId,
    provider: &str,
    amount: MicroUsd,
    reason: &str,
    at: Timestamp,
    made_ms: i64,
) -> Result<(), LedgerError> {
    tx.execute(
        "INSERT INTO adjustment (request_id, provider, amount_micro, reason, at_ms, made_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        params![request.as_str(), provider, amount.micros(), reason, at.as_millisecond(), made_ms],
    )?;
    Ok(())
}
