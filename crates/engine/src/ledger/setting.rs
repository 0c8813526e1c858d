//! Facts about this desktop that every process needs: the zone in which days begin, the chosen profile.

use jiff::tz::TimeZone;
use rusqlite::{Connection, OptionalExtension, Transaction};

use super::LedgerError;

pub(crate) const SQL: &str =
    "CREATE TABLE IF NOT EXISTS setting (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;";

/// The name of the time zone, such as `Europe/Berlin`.
pub const ZONE: &str = "zone";

/// When it was last tried whether the ledger can be written.
pub(crate) const TRIED: &str = "tried";

/// The profile that is laid over routing.yaml; empty or absent where none is.
pub(crate) const PROFILE: &str = "profile";

/// What the app has told the person outside its window.
pub(crate) const TOLD: &str = "told";

/// Reads a setting.
pub(crate) fn get(connection: &Connection, name: &str) -> Result<Option<String>, LedgerError> {
    let mut query = connection.prepare_cached("SELECT value FROM setting WHERE name = ?1")?;
    Ok(query.query_row([name], |row| row.get(0)).optional()?)
}

/// Writes a setting.
pub(crate) fn set(tx: &Transaction<'_>, name: &str, value: &str) -> Result<(), LedgerError> {
    tx.execute(
        "INSERT INTO setting (name, value) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET value = ?2",
        [name, value],
    )?;
    Ok(())
}

/// The zone windows are counted in: the recorded one, else this process's own.
pub(crate) fn zone(connection: &Connection) -> Result<TimeZone, LedgerError> {
    let recorded = get(connection, ZONE)?.and_then(|name| TimeZone::get(&name).ok());
    Ok(recorded.unwrap_or_else(TimeZone::system))
}
