//! Reservations: money is held in the same transaction in which every cap is checked (I2), before
//! bytes leave (I1), and a hold ends once (I3): settled, released, or lapsed with its lease.
//!
//! A booking ties a reservation to an account of the window it was made in, so that everything it
//! charges later lands there, also past midnight.

use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};
use pointsman_core::budget::{Balance, Cap};
use pointsman_core::id::{ProviderId, RequestId};
use pointsman_core::money::MicroUsd;
use pointsman_core::reservation::{Charge, State};
use rusqlite::{OptionalExtension, Transaction, params};

use super::account::{self, CALENDAR, Holder};
use super::change::{self, Topic};
use super::{LedgerError, adjustment, attempt, request, setting};
use crate::view::RequestState;

mod room;

use room::stopped;

pub(crate) const SQL: &str = "CREATE TABLE IF NOT EXISTS reservation (
    id TEXT PRIMARY KEY REFERENCES request (id),
    flow_id TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('open', 'settled', 'released', 'lapsed')),
    hold_micro INTEGER NOT NULL,
    charged_micro INTEGER NOT NULL DEFAULT 0,
    made_ms INTEGER NOT NULL,
    lease_ms INTEGER NOT NULL,
    closed_ms INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS reservation_open ON reservation (lease_ms) WHERE state = 'open';
CREATE INDEX IF NOT EXISTS reservation_flow ON reservation (flow_id);
CREATE TABLE IF NOT EXISTS booking (
    request_id TEXT NOT NULL REFERENCES reservation (id),
    account_id INTEGER NOT NULL REFERENCES account (id),
    held_micro INTEGER NOT NULL,
    PRIMARY KEY (request_id, account_id)
) STRICT, WITHOUT ROWID;";

/// What an attempt needs covered: its own worst case on its provider's accounts, and the dearest of
/// it and all that may follow on the accounts for all calls.
#[derive(Clone, Debug)]
pub(crate) struct Cover {
    pub(crate) attempt: attempt::Start,
    pub(crate) dearest: MicroUsd,
}

/// A cap without room, with what the person should know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NoRoom {
    pub(crate) cap: Cap,
    pub(crate) provider: ProviderId,
    pub(crate) balance: Balance,
    pub(crate) needed: MicroUsd,
    /// When the window ends, in the ledger's zone; `None` for call and flow.
    pub(crate) resets: Option<Zoned>,
}

/// What every hold is checked against, in the transaction that holds.
#[derive(Clone, Debug, Default)]
pub(crate) struct Limits {
    pub(crate) caps: Vec<Cap>,
    /// Pauses whose resume was found to be signed; any other one stops.
    pub(crate) resumed: Vec<i64>,
}

/// Why nothing may be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Stopped {
    /// A cap has no room.
    NoRoom(Box<NoRoom>),
    /// Spending was paused in the meantime.
    Paused,
}

/// Reserves and writes the first attempt, or changes nothing but lapsed holds and says which cap has
/// no room (the one with the least left).
pub(crate) fn reserve(
    tx: &Transaction<'_>,
    start: &request::Start,
    limits: &Limits,
    cover: &Cover,
    lease: Timestamp,
) -> Result<Result<(), Stopped>, LedgerError> {
    sweep(tx, start.at)?;
    let zone = setting::zone(tx)?;
    let made = start.at;
    if let Some(stopped) = stopped(tx, &start.id, start.flow.as_str(), made, &zone, limits, cover)? {
        return Ok(Err(stopped));
    }
    request::begin(tx, start, RequestState::Running, cover.dearest)?;
    tx.prepare_cached(
        "INSERT INTO reservation (id, flow_id, state, hold_micro, made_ms, lease_ms) VALUES (?1, ?2, 'open', ?3, ?4, ?5)",
    )?
    .execute(params![
        start.id.as_str(),
        start.flow.as_str(),
        cover.dearest.micros(),
        made.as_millisecond(),
        lease.as_millisecond()
    ])?;
    book(tx, &start.id, made, &zone, cover)?;
    attempt::begin(tx, &start.id, made.as_millisecond(), &cover.attempt)?;
    change::note(tx, Topic::Request)?;
    Ok(Ok(()))
}

/// What [`advance`] found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Advance {
    /// The next attempt is covered and written.
    Covered,
    /// It may not be sent; the reservation has ended with what was charged.
    Stopped(Stopped, MicroUsd),
    /// The lease was lost: someone else has ended the reservation. Nothing more may be sent.
    Lapsed,
}

/// Ends an attempt and covers the next one anew, in one transaction (product.md §5.7).
pub(crate) fn advance(
    tx: &Transaction<'_>,
    id: &RequestId,
    ended: &attempt::End,
    limits: &Limits,
    next: &Cover,
) -> Result<Advance, LedgerError> {
    let Some(row) = row(tx, id.as_str())?.filter(|row| row.state == State::Open.as_str()) else {
        late(tx, id, ended)?;
        return Ok(Advance::Lapsed);
    };
    finish_attempt(tx, id, ended)?;
    unbook(tx, id.as_str())?;
    let zone = setting::zone(tx)?;
    let made = Timestamp::from_millisecond(row.made_ms).unwrap_or(next.attempt.at);
    if let Some(stopped) = stopped(tx, id, &row.flow, made, &zone, limits, next)? {
        let charged = charged(tx, id.as_str())?;
        close_row(tx, id, charged_state(charged), ended.at)?;
        return Ok(Advance::Stopped(stopped, charged));
    }
    book(tx, id, made, &zone, next)?;
    tx.prepare_cached("UPDATE reservation SET hold_micro = ?2 WHERE id = ?1")?
        .execute(params![id.as_str(), next.dearest.micros()])?;
    attempt::begin(tx, id, row.made_ms, &next.attempt)?;
    request::moved(tx, id, &next.attempt.model)?;
    change::note(tx, Topic::Request)?;
    Ok(Advance::Covered)
}

/// Ends the reservation and its request with the last attempt's charge. Gives the total charged and
/// whether a part of it is assumed.
/// Where the lease was lost, the difference to what the lapse charged is posted as an adjustment.
pub(crate) fn close(
    tx: &Transaction<'_>,
    id: &RequestId,
    ended: Option<&attempt::End>,
    end: &request::End,
) -> Result<(MicroUsd, bool), LedgerError> {
    let open = row(tx, id.as_str())?.is_some_and(|row| row.state == State::Open.as_str());
    if let Some(ended) = ended {
        if open {
            finish_attempt(tx, id, ended)?;
        } else {
            late(tx, id, ended)?;
        }
    }
    let total = charged(tx, id.as_str())?;
    if open {
        unbook(tx, id.as_str())?;
        close_row(tx, id, charged_state(total), end.at)?;
    }
    request::end(tx, id, end)?;
    Ok((total, request::assumed(tx, id)?))
}

/// Ends holds whose lease has run out: what may have been sent becomes an assumed charge, the rest
/// is given back.
pub(crate) fn sweep(tx: &Transaction<'_>, now: Timestamp) -> Result<(), LedgerError> {
    let lapsed: Vec<String> = tx
        .prepare_cached("SELECT id FROM reservation WHERE state = 'open' AND lease_ms < ?1")?
        .query_map([now.as_millisecond()], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    for id in lapsed {
        let Ok(id) = RequestId::parse(&id) else { continue };
        // One row that cannot be ended must not stop every call of every process: its hold stays.
        tx.execute_batch("SAVEPOINT lapse")?;
        match lapse(tx, &id, now) {
            Ok(()) => tx.execute_batch("RELEASE lapse")?,
            Err(error) => {
                tracing::warn!(%id, %error, "a lapsed hold could not be ended");
                tx.execute_batch("ROLLBACK TO lapse; RELEASE lapse")?;
            }
        }
    }
    Ok(())
}

/// Ends one hold whose process is gone. Nothing happens where it had ended already (I3).
pub(crate) fn lapse(tx: &Transaction<'_>, id: &RequestId, now: Timestamp) -> Result<(), LedgerError> {
    if row(tx, id.as_str())?.is_none_or(|row| row.state != State::Open.as_str()) {
        return Ok(());
    }
    if let Some((nth, _, worst)) = attempt::open(tx, id.as_str())? {
        let ended = attempt::End { nth, charge: Charge::Assumed(worst), failure: None, status: None, at: now };
        finish_attempt(tx, id, &ended)?;
    }
    unbook(tx, id.as_str())?;
    close_row(tx, id, State::Lapsed, now)?;
    tx.prepare_cached("UPDATE request SET state = 'interrupted', code = 'interrupted', ended_ms = ?2 WHERE id = ?1 AND ended_ms IS NULL")?
        .execute(params![id.as_str(), now.as_millisecond()])?;
    change::note(tx, Topic::Request)?;
    change::note(tx, Topic::Money)
}

struct Row {
    flow: String,
    state: String,
    made_ms: i64,
}

fn row(tx: &Transaction<'_>, id: &str) -> Result<Option<Row>, LedgerError> {
    let mut query = tx.prepare_cached("SELECT flow_id, state, made_ms FROM reservation WHERE id = ?1")?;
    Ok(query
        .query_row([id], |row| Ok(Row { flow: row.get(0)?, state: row.get(1)?, made_ms: row.get(2)? }))
        .optional()?)
}

fn charged(tx: &Transaction<'_>, id: &str) -> Result<MicroUsd, LedgerError> {
    let mut query = tx.prepare_cached(
        "SELECT (SELECT coalesce(sum(charge_micro), 0) FROM attempt WHERE request_id = ?1)
              + (SELECT coalesce(sum(amount_micro), 0) FROM adjustment WHERE request_id = ?1)",
    )?;
    Ok(query.query_row([id], |row| row.get(0).map(MicroUsd::from_micros))?)
}

fn charged_state(charged: MicroUsd) -> State {
    if charged == MicroUsd::ZERO { State::Released } else { State::Settled }
}

fn close_row(tx: &Transaction<'_>, id: &RequestId, state: State, at: Timestamp) -> Result<(), LedgerError> {
    let changed = tx
        .prepare_cached(
            "UPDATE reservation SET state = ?2, hold_micro = 0, closed_ms = ?3 WHERE id = ?1 AND state = 'open'",
        )?
        .execute(params![id.as_str(), state.as_str(), at.as_millisecond()])?;
    if changed == 1 { Ok(()) } else { Err(LedgerError::Broken(format!("reservation {id} had ended already"))) }
}

/// Ends an attempt and posts its charge to the accounts its reservation is booked on.
fn finish_attempt(tx: &Transaction<'_>, id: &RequestId, ended: &attempt::End) -> Result<(), LedgerError> {
    if !attempt::end(tx, id, ended)? {
        return Err(LedgerError::Broken(format!("attempt {} of {id} had ended already", ended.nth)));
    }
    let amount = ended.charge.amount();
    tx.prepare_cached("UPDATE reservation SET charged_micro = charged_micro + ?2 WHERE id = ?1")?
        .execute(params![id.as_str(), amount.micros()])?;
    request::charged(tx, id.as_str(), amount, matches!(ended.charge, Charge::Assumed(_)))?;
    let (provider, _) = attempt::charged(tx, id, ended.nth)?;
    post_charge(tx, id.as_str(), &provider, amount)
}

/// A result that came after the lease was lost: the truth is posted beside what was assumed.
fn late(tx: &Transaction<'_>, id: &RequestId, ended: &attempt::End) -> Result<(), LedgerError> {
    let Some(row) = row(tx, id.as_str())? else { return Ok(()) };
    let (provider, assumed) = attempt::charged(tx, id, ended.nth)?;
    let difference = ended.charge.amount().minus(assumed);
    if difference == MicroUsd::ZERO || matches!(ended.charge, Charge::Assumed(_)) {
        return Ok(());
    }
    adjustment::record(
        tx,
        id,
        &provider,
        difference,
        "the answer came after its lease had ended",
        ended.at,
        row.made_ms,
    )?;
    request::charged(tx, id.as_str(), difference, false)?;
    post_charge(tx, id.as_str(), &provider, difference)?;
    change::note(tx, Topic::Money)
}

fn post_charge(tx: &Transaction<'_>, id: &str, provider: &str, amount: MicroUsd) -> Result<(), LedgerError> {
    tx.prepare_cached(
        "UPDATE account SET charged_micro = charged_micro + ?3
         WHERE id IN (SELECT account_id FROM booking WHERE request_id = ?1) AND (scope = 'all' OR name = ?2)",
    )?
    .execute(params![id, provider, amount.micros()])?;
    Ok(())
}

/// Holds the cover on the accounts for all calls and for the attempt's provider.
fn book(
    tx: &Transaction<'_>,
    id: &RequestId,
    made: Timestamp,
    zone: &TimeZone,
    cover: &Cover,
) -> Result<(), LedgerError> {
    let provider = Holder::Provider(cover.attempt.model.provider.clone());
    for (holder, hold) in [(Holder::All, cover.dearest), (provider, cover.attempt.worst)] {
        for window in CALENDAR {
            let Some((account, _)) = account::open(tx, &holder, window, made, zone)? else { continue };
            tx.prepare_cached(
                "INSERT INTO booking (request_id, account_id, held_micro) VALUES (?1, ?2, ?3)
                 ON CONFLICT (request_id, account_id) DO UPDATE SET held_micro = ?3",
            )?
            .execute(params![id.as_str(), account, hold.micros()])?;
            account::post(tx, account, MicroUsd::ZERO, hold)?;
        }
    }
    Ok(())
}

/// Gives back everything a reservation holds; the bookings stay as the tie to their accounts.
fn unbook(tx: &Transaction<'_>, id: &str) -> Result<(), LedgerError> {
    tx.prepare_cached(
        "UPDATE account SET held_micro = account.held_micro - booking.held_micro FROM booking
         WHERE booking.account_id = account.id AND booking.request_id = ?1 AND booking.held_micro <> 0",
    )?
    .execute([id])?;
    tx.prepare_cached("UPDATE booking SET held_micro = 0 WHERE request_id = ?1 AND held_micro <> 0")?.execute([id])?;
    Ok(())
}

#[cfg(test)]
mod tests;
