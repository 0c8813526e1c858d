//! The schema and how an older ledger becomes a newer one: step by step, all in one transaction, after a
//! backup. A step is never edited once a program with it is out; a table's file has its SQL for each
//! step it changes in.
//!
//! `min_reader` is the oldest program that may still write. It is 2 since accounts of more scopes and
//! windows exist: a program of version 1 would not post to them, so it must refuse.

use std::path::Path;

use rusqlite::{Connection, TransactionBehavior};

use super::{LedgerError, make_private};
use super::{
    account, adjustment, alert, attempt, cache, change, client, exception, instance, key_check, pause, policy,
};
use super::{prompt_check, request, reservation, setting};

/// The schema this program writes.
pub(super) const VERSION: i64 = STEPS.len() as i64;
/// The oldest program that may still write beside this one.
const MIN_READER: i64 = 2;

/// The first step makes version 1 of an empty file, the next version 2 of that, and so on. A new table is
/// one file and one line.
const STEPS: [&[&str]; 2] = [
    &[
        setting::SQL,
        change::SQL,
        account::SQL,
        request::SQL,
        reservation::SQL,
        attempt::SQL,
        adjustment::SQL,
        pause::SQL,
        key_check::SQL,
        instance::SQL,
        client::SQL,
        policy::SQL,
    ],
    &[
        attempt::SQL_2,
        adjustment::SQL_2,
        // Before the accounts, which the bookings it drops point to.
        reservation::SQL_2,
        account::SQL_2,
        policy::SQL_2,
        alert::SQL,
        exception::SQL,
        cache::SQL,
        prompt_check::SQL,
    ],
];

/// Brings the schema up to date in one transaction, after a backup where there was an older one.
pub(super) fn migrate(connection: &mut Connection, path: &Path) -> Result<(), LedgerError> {
    match version(connection)? {
        Some(found) if found >= VERSION => return Ok(()),
        Some(found) => {
            // A name of its own for each try: one that was cut short must not stop the next.
            let backup = path.with_extension(format!("v{found}-{}.db", crate::fresh_id("b")));
            make_private(&backup).map_err(|error| LedgerError::Broken(error.to_string()))?;
            connection.execute("VACUUM INTO ?1", [backup.to_string_lossy()])?;
        }
        None => {}
    }
    let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    // Another process may have been faster.
    let found = version(&tx)?.unwrap_or(0);
    if found >= VERSION {
        return Ok(());
    }
    tx.execute_batch(
        "CREATE TABLE IF NOT EXISTS schema (version INTEGER NOT NULL, min_reader INTEGER NOT NULL) STRICT",
    )?;
    for step in STEPS.iter().skip(usize::try_from(found).unwrap_or(0)) {
        for sql in *step {
            tx.execute_batch(sql)?;
        }
    }
    tx.execute("DELETE FROM schema", [])?;
    tx.execute("INSERT INTO schema (version, min_reader) VALUES (?1, ?2)", [VERSION, MIN_READER])?;
    tx.commit()?;
    Ok(())
}

fn version(connection: &Connection) -> Result<Option<i64>, LedgerError> {
    let exists: bool =
        connection
            .query_row("SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE name = 'schema')", [], |row| row.get(0))?;
    if !exists {
        return Ok(None);
    }
    Ok(connection.query_row("SELECT version FROM schema", [], |row| row.get(0)).map(Some)?)
}

#[cfg(test)]
mod tests;
