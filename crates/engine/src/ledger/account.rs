//! Accounts: what was charged and is held within one window, for all calls or for one provider, model,
//! client, class or project.
//!
//! An account is a sum that is kept, never the only place where a number lives. It is what the attempts,
//! adjustments and open reservations come to whose `made_ms` lies in its window and whose names it counts:
//!
//! - [`open`] makes one from exactly that sum, the first time a cap asks for it. So a cap added today
//!   counts what was spent before, and a scope that no cap uses costs nothing.
//! - [`post`] adds every later change to every account that counts it, in the transaction of the change,
//!   whatever caps the posting process knows. The accounts are found by the same text as the sum
//!   ([`super::counts`]), so by induction the sum holds after every commit; `audit` computes it anew.
//!
//! `made_ms` is the ledger's own instant ([`counted_at`]): it never goes back, so no window that has
//! ended is ever counted in again, whatever the clock of the machine does.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use pointsman_core::budget::{self, Balance, Scope, Span, Window};
use pointsman_core::money::MicroUsd;
use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};

use super::LedgerError;
use super::counts::{Names, counts, counts_row};

/// As the first version wrote it: for all calls and each provider, by day and month.
pub(super) const SQL: &str = "CREATE TABLE IF NOT EXISTS account (
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

/// Begins empty: every account is made from its sum when it is first asked for.
pub(super) const SQL_2: &str = "DROP TABLE account;
CREATE TABLE account (
    id INTEGER PRIMARY KEY,
    scope TEXT NOT NULL CHECK (scope IN ('all', 'provider', 'model', 'client', 'task_class', 'project')),
    name TEXT NOT NULL,
    window TEXT NOT NULL CHECK (window IN ('hour', 'day', 'week', 'month', 'total')),
    window_key TEXT NOT NULL,
    start_ms INTEGER NOT NULL,
    end_ms INTEGER NOT NULL,
    charged_micro INTEGER NOT NULL,
    held_micro INTEGER NOT NULL CHECK (held_micro >= 0),
    UNIQUE (scope, name, window, window_key)
) STRICT;
CREATE INDEX account_end ON account (end_ms);";

/// An instant further ahead than this was recorded by a clock that was wrong.
const WRONG_CLOCK_MS: i64 = 400 * 86_400_000;
/// How long an account is kept after its window has ended, for looking at.
const KEPT_MS: i64 = 40 * 86_400_000;

/// An account whose window is open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Account {
    pub(super) id: i64,
    pub(super) scope: String,
    pub(super) name: String,
    pub(super) window: String,
    pub(super) key: String,
    pub(super) end: Timestamp,
    pub(super) balance: Balance,
}

impl Account {
    /// Whether it is the account of a cap's scope and window under this name.
    pub(super) fn is_of(&self, scope: &Scope, window: Window, name: &str) -> bool {
        self.scope == scope.as_str() && self.window == window.as_str() && self.name == name
    }
}

/// The instant a call that begins now is counted at: now, or the last one anything was counted at where
/// the clock has been set back since. One that is more than 400 days ahead is left aside, or a clock
/// that was wrong once would keep a cap full for years.
pub(crate) fn counted_at(connection: &Connection, now: Timestamp) -> Result<Timestamp, LedgerError> {
    let mut query = connection.prepare_cached("SELECT max(made_ms) FROM attempt WHERE made_ms <= ?1")?;
    let last: Option<i64> = query.query_row([now.as_millisecond().saturating_add(WRONG_CLOCK_MS)], |row| row.get(0))?;
    let last = last.and_then(|ms| Timestamp::from_millisecond(ms).ok());
    Ok(last.map_or(now, |last| now.max(last)))
}

const COLUMNS: &str = "id, scope, name, window, window_key, end_ms, charged_micro, held_micro";

fn account(row: &Row<'_>) -> rusqlite::Result<Account> {
    Ok(Account {
        id: row.get(0)?,
        scope: row.get(1)?,
        name: row.get(2)?,
        window: row.get(3)?,
        key: row.get(4)?,
        end: Timestamp::from_millisecond(row.get(5)?).unwrap_or(Timestamp::MAX),
        balance: Balance { charged: MicroUsd::from_micros(row.get(6)?), held: MicroUsd::from_micros(row.get(7)?) },
    })
}

/// All accounts that count an attempt of these names at this instant: one look, over the open windows only.
pub(super) fn counting(tx: &Transaction<'_>, names: &Names, made: Timestamp) -> Result<Vec<Account>, LedgerError> {
    const SQL: &str = concat!(
        "SELECT id, scope, name, window, window_key, end_ms, charged_micro, held_micro FROM account INDEXED BY account_end
         WHERE end_ms > ?1 AND start_ms <= ?1 AND ",
        counts!("scope", "name", "?2", "?3", "?4", "?5", "?6")
    );
    let mut query = tx.prepare_cached(SQL)?;
    let Names { provider, model, client, class, project } = names;
    let rows = query.query_map(params![made.as_millisecond(), provider, model, client, class, project], account)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// What a posting adds; each part may be negative.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Delta {
    pub(super) charged: MicroUsd,
    /// To what accounts hold that count whole calls.
    pub(super) held_call: MicroUsd,
    /// To what accounts hold that count attempts: of a provider or a model.
    pub(super) held_attempt: MicroUsd,
}

/// Adds to every account that counts an attempt of these names at this instant.
pub(super) fn post(tx: &Transaction<'_>, names: &Names, made_ms: i64, delta: Delta) -> Result<(), LedgerError> {
    const SQL: &str = concat!(
        "UPDATE account INDEXED BY account_end SET charged_micro = charged_micro + ?7,
            held_micro = held_micro + iif(scope IN ('provider', 'model'), ?9, ?8)
         WHERE end_ms > ?1 AND start_ms <= ?1 AND ",
        counts!("scope", "name", "?2", "?3", "?4", "?5", "?6")
    );
    let Names { provider, model, client, class, project } = names;
    tx.prepare_cached(SQL)?.execute(params![
        made_ms,
        provider,
        model,
        client,
        class,
        project,
        delta.charged.micros(),
        delta.held_call.micros(),
        delta.held_attempt.micros(),
    ])?;
    Ok(())
}

/// Opens the account of a window that no open account covers, with all that counts in it so far. A day
/// of the same name, cut in another zone before the person travelled, goes on to the later end.
pub(super) fn open(
    tx: &Transaction<'_>,
    scope: &Scope,
    name: &str,
    window: Window,
    made: Timestamp,
    zone: &TimeZone,
) -> Result<Option<Account>, LedgerError> {
    let Some(span) = budget::span(window, made, zone) else { return Ok(None) };
    let (from, to): (i64, i64) = tx
        .prepare_cached(
            "INSERT INTO account (scope, name, window, window_key, start_ms, end_ms, charged_micro, held_micro)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, 0, 0)
             ON CONFLICT (scope, name, window, window_key)
                DO UPDATE SET start_ms = min(start_ms, excluded.start_ms), end_ms = max(end_ms, excluded.end_ms)
             RETURNING start_ms, end_ms",
        )?
        .query_row(
            params![
                scope.as_str(),
                name,
                window.as_str(),
                span.key,
                span.start.as_millisecond(),
                span.end.as_millisecond()
            ],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )?;
    let balance = sum(tx, scope.as_str(), name, from, to)?;
    let sql = format!(
        "UPDATE account SET charged_micro = ?5, held_micro = ?6
         WHERE scope = ?1 AND name = ?2 AND window = ?3 AND window_key = ?4 RETURNING {COLUMNS}"
    );
    let opened = tx.prepare_cached(&sql)?.query_row(
        params![scope.as_str(), name, window.as_str(), span.key, balance.charged.micros(), balance.held.micros()],
        account,
    )?;
    Ok(Some(opened))
}

/// What everything that counts between two instants comes to.
pub(super) fn sum(
    connection: &Connection,
    scope: &str,
    name: &str,
    from_ms: i64,
    to_ms: i64,
) -> Result<Balance, LedgerError> {
    const CHARGED: &str = concat!(
        "SELECT (SELECT coalesce(sum(t.charge_micro), 0) FROM attempt t JOIN request q ON q.id = t.request_id
                  WHERE t.made_ms >= ?3 AND t.made_ms < ?4 AND ",
        counts_row!(),
        ") + (SELECT coalesce(sum(t.amount_micro), 0) FROM adjustment t JOIN request q ON q.id = t.request_id
                  WHERE t.made_ms >= ?3 AND t.made_ms < ?4 AND ",
        counts_row!(),
        ")"
    );
    const HELD: &str = concat!(
        "SELECT coalesce(sum(iif(?1 IN ('provider', 'model'), t.worst_micro, r.hold_micro)), 0)
         FROM reservation r JOIN request q ON q.id = r.id JOIN attempt t ON t.request_id = r.id AND t.ended_ms IS NULL
         WHERE r.state = 'open' AND r.made_ms >= ?3 AND r.made_ms < ?4 AND ",
        counts_row!()
    );
    let of = params![scope, name, from_ms, to_ms];
    let charged = connection.prepare_cached(CHARGED)?.query_row(of, |row| row.get(0))?;
    let held = connection.prepare_cached(HELD)?.query_row(of, |row| row.get(0))?;
    Ok(Balance { charged: MicroUsd::from_micros(charged), held: MicroUsd::from_micros(held) })
}

/// Where one account stands now, without opening it: for showing. `None` for call and flow, which have none.
pub(crate) fn standing(
    connection: &Connection,
    scope: &Scope,
    name: &str,
    window: Window,
    now: Timestamp,
    zone: &TimeZone,
) -> Result<Option<(Span, Balance)>, LedgerError> {
    let made = counted_at(connection, now)?;
    let Some(span) = budget::span(window, made, zone) else { return Ok(None) };
    let mut query = connection.prepare_cached(
        "SELECT window_key, start_ms, end_ms, charged_micro, held_micro FROM account
         WHERE scope = ?1 AND name = ?2 AND window = ?3 AND end_ms > ?4 AND start_ms <= ?4 ORDER BY start_ms DESC LIMIT 1",
    )?;
    let instant = |ms| Timestamp::from_millisecond(ms).unwrap_or(Timestamp::MAX);
    let found = query
        .query_row(params![scope.as_str(), name, window.as_str(), made.as_millisecond()], |row| {
            let span = Span { key: row.get(0)?, start: instant(row.get(1)?), end: instant(row.get(2)?) };
            let (charged, held) = (row.get(3)?, row.get(4)?);
            Ok((span, Balance { charged: MicroUsd::from_micros(charged), held: MicroUsd::from_micros(held) }))
        })
        .optional()?;
    if found.is_some() {
        return Ok(found);
    }
    let balance = sum(connection, scope.as_str(), name, span.start.as_millisecond(), span.end.as_millisecond())?;
    Ok(Some((span, balance)))
}

/// The names under which a scope has an account in a window that is open now, in order.
pub(crate) fn names_of(
    connection: &Connection,
    scope: &Scope,
    window: Window,
    now: Timestamp,
) -> Result<Vec<String>, LedgerError> {
    let made = counted_at(connection, now)?;
    let mut query = connection.prepare_cached(
        "SELECT DISTINCT name FROM account WHERE scope = ?1 AND window = ?2 AND end_ms > ?3 AND start_ms <= ?3 ORDER BY name",
    )?;
    let rows = query.query_map(params![scope.as_str(), window.as_str(), made.as_millisecond()], |row| row.get(0))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Forgets accounts whose window ended long ago: what they say can be summed up anew.
pub(crate) fn prune(tx: &Transaction<'_>, now: Timestamp) -> Result<(), LedgerError> {
    tx.prepare_cached("DELETE FROM account WHERE end_ms < ?1")?
        .execute([now.as_millisecond().saturating_sub(KEPT_MS)])?;
    Ok(())
}
