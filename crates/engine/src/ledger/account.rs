//! Accounts: what was charged and is held, for all calls and for each provider, by day and month.
//!
//! Kept whether or not a cap is set, so that a cap added today counts what was spent before. A call
//! counts in the windows of the instant it was reserved in, also past midnight.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use pointsman_core::budget::{self, Balance, Span, Window};
use pointsman_core::id::ProviderId;
use pointsman_core::money::MicroUsd;
use rusqlite::{Connection, OptionalExtension, Transaction, params};

use super::LedgerError;

pub(crate) const SQL: &str = "CREATE TABLE IF NOT EXISTS account (
    id INTEGER PRIMARY KEY,
    scope TEXT NOT NULL CHECK (scope IN ('all', 'provider')),
    name TEXT NOT NULL,
    window TEXT NOT NULL CHECK (window IN ('day', 'month')),
    window_key TEXT NOT NULL,
    start_ms INTEGER NOT NULL,
    end_ms INTEGER NOT NULL,
    charged_micro INTEGER NOT NULL DEFAULT 0,
    held_micro INTEGER NOT NULL DEFAULT 0 CHECK (held_micro >= 0),
    UNIQUE (scope, name, window, window_key)
) STRICT;";

/// Whose money an account counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Holder {
    All,
    Provider(ProviderId),
}

impl Holder {
    fn columns(&self) -> (&'static str, &str) {
        match self {
            Self::All => ("all", ""),
            Self::Provider(id) => ("provider", id.as_str()),
        }
    }
}

/// The calendar windows accounts exist for.
pub(crate) const CALENDAR: [Window; 2] = [Window::Day, Window::Month];

/// A window that begins further ahead than this was opened by a clock that was wrong.
const WRONG_CLOCK_MS: i64 = 400 * 86_400_000;

/// The window an instant counts in. Where a later one has been opened already, that one: a clock
/// that is set back never reopens a closed window. One more than 400 days ahead is left aside, or a
/// clock that was wrong once would keep a cap full for years.
fn window_of(
    connection: &Connection,
    holder: &Holder,
    window: Window,
    at: Timestamp,
    zone: &TimeZone,
) -> Result<Option<Span>, LedgerError> {
    let Some(span) = budget::span(window, at, zone) else { return Ok(None) };
    let (scope, name) = holder.columns();
    let mut query = connection.prepare_cached(
        "SELECT window_key, start_ms, end_ms FROM account
         WHERE scope = ?1 AND name = ?2 AND window = ?3 AND start_ms > ?4 AND start_ms <= ?5 ORDER BY start_ms DESC LIMIT 1",
    )?;
    let later = query
        .query_row(
            params![
                scope,
                name,
                window.as_str(),
                span.start.as_millisecond(),
                at.as_millisecond().saturating_add(WRONG_CLOCK_MS)
            ],
            |row| Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?, row.get::<_, i64>(2)?)),
        )
        .optional()?;
    let instant = |ms| Timestamp::from_millisecond(ms).unwrap_or(Timestamp::MAX);
    Ok(Some(later.map_or(span, |(key, start, end)| Span { key, start: instant(start), end: instant(end) })))
}

/// The account of a calendar window, opened where it is new.
pub(crate) fn open(
    tx: &Transaction<'_>,
    holder: &Holder,
    window: Window,
    at: Timestamp,
    zone: &TimeZone,
) -> Result<Option<(i64, Balance)>, LedgerError> {
    let Some(span) = window_of(tx, holder, window, at, zone)? else { return Ok(None) };
    let (scope, name) = holder.columns();
    tx.prepare_cached(
        "INSERT INTO account (scope, name, window, window_key, start_ms, end_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
         ON CONFLICT DO NOTHING",
    )?
    .execute(params![
        scope,
        name,
        window.as_str(),
        span.key,
        span.start.as_millisecond(),
        span.end.as_millisecond()
    ])?;
    let mut query = tx.prepare_cached(
        "SELECT id, charged_micro, held_micro FROM account
         WHERE scope = ?1 AND name = ?2 AND window = ?3 AND window_key = ?4",
    )?;
    let found = query.query_row(params![scope, name, window.as_str(), span.key], |row| {
        Ok((
            row.get(0)?,
            Balance { charged: MicroUsd::from_micros(row.get(1)?), held: MicroUsd::from_micros(row.get(2)?) },
        ))
    })?;
    Ok(Some(found))
}

/// Where a calendar window stands now, without opening an account: for showing.
pub(crate) fn standing(
    connection: &Connection,
    holder: &Holder,
    window: Window,
    at: Timestamp,
    zone: &TimeZone,
) -> Result<Option<(Span, Balance)>, LedgerError> {
    let Some(span) = window_of(connection, holder, window, at, zone)? else { return Ok(None) };
    let (scope, name) = holder.columns();
    let mut query = connection.prepare_cached(
        "SELECT charged_micro, held_micro FROM account WHERE scope = ?1 AND name = ?2 AND window = ?3 AND window_key = ?4",
    )?;
    let balance = query
        .query_row(params![scope, name, window.as_str(), span.key], |row| {
            Ok(Balance { charged: MicroUsd::from_micros(row.get(0)?), held: MicroUsd::from_micros(row.get(1)?) })
        })
        .optional()?;
    Ok(Some((span, balance.unwrap_or_default())))
}

/// Adds to what is charged and held.
pub(crate) fn post(tx: &Transaction<'_>, id: i64, charged: MicroUsd, held: MicroUsd) -> Result<(), LedgerError> {
    tx.prepare_cached(
        "UPDATE account SET charged_micro = charged_micro + ?2, held_micro = held_micro + ?3 WHERE id = ?1",
    )?
    .execute(params![id, charged.micros(), held.micros()])?;
    Ok(())
}
