//! Reservations: money is held in the same transaction in which every cap is checked (I2), before
//! bytes leave (I1), and a hold ends once (I3): settled, released, or lapsed with its lease.
//!
//! Everything a call is charged counts at the instant it was reserved (`made_ms`), also past midnight.
//! Whenever a charge or a hold changes here, [`account::post`] adds the same to the accounts, in the same
//! transaction: that is all that keeps them right.
//!
//! Accounts that count whole calls (all, client, task class, project) hold the dearest of the attempt and
//! all that may follow it; those that count attempts (provider, model) hold the attempt's own worst case.

use jiff::{Timestamp, Zoned};
use pointsman_core::breaker::Rest;
use pointsman_core::budget::{Balance, Cap, Place, Raise};
use pointsman_core::id::{ModelId, RequestId};
use pointsman_core::money::MicroUsd;
use pointsman_core::policy::Breaker;
use pointsman_core::reservation::{Charge, State};
use rusqlite::{Transaction, params};

use super::account::{self, Delta};
use super::change::{self, Topic};
use super::counts::Names;
use super::trace::Checked;
use super::{LedgerError, adjustment, alert, attempt, request, setting};
use crate::view::RequestState;

mod room;
mod row;

use room::{Asked, choose};
use row::{Open, Row, row};

pub(super) const SQL: &str = "CREATE TABLE IF NOT EXISTS reservation (
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

/// Accounts are found by what they count, so nothing has to tie a reservation to them. A call that the clock
/// put before the window it was booked in counts in that window, as it did.
pub(super) const SQL_2: &str = "UPDATE reservation SET made_ms = coalesce(
    (SELECT max(a.start_ms) FROM booking b JOIN account a ON a.id = b.account_id
     WHERE b.request_id = reservation.id AND a.start_ms > reservation.made_ms), made_ms);
UPDATE attempt SET made_ms = (SELECT r.made_ms FROM reservation r WHERE r.id = attempt.request_id)
    WHERE made_ms <> (SELECT r.made_ms FROM reservation r WHERE r.id = attempt.request_id);
UPDATE adjustment SET made_ms = (SELECT r.made_ms FROM reservation r WHERE r.id = adjustment.request_id)
    WHERE made_ms <> (SELECT r.made_ms FROM reservation r WHERE r.id = adjustment.request_id);
DROP TABLE booking;";

/// A flow of one call goes by the id of that call, and is found by it: only others are in the index.
pub(super) const SQL_3: &str = "DROP INDEX reservation_flow;
CREATE INDEX reservation_flow ON reservation (flow_id) WHERE flow_id <> id;";

/// What an attempt needs covered: its own worst case, and the dearest of it and all that may follow.
#[derive(Clone, Debug)]
pub(crate) struct Cover {
    pub(crate) attempt: attempt::Start,
    pub(crate) dearest: MicroUsd,
    pub(crate) place: Place,
}

/// The attempt that is to come, and the one in its place where a cap leaves only models of this machine.
#[derive(Clone, Debug)]
pub(crate) struct Next {
    pub(crate) first: Cover,
    pub(crate) local: Option<Cover>,
}

/// Which of the two was covered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Went {
    First,
    Local,
}

/// What was held, with what the person should know: the cap that left only models of this machine, and
/// those that warn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Covered {
    pub(crate) went: Went,
    pub(crate) warnings: Vec<NoRoom>,
    /// Every cap that counts the attempt, as it was found.
    pub(crate) checked: Vec<Checked>,
}

/// A cap without room, with what the person should know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NoRoom {
    pub(crate) cap: Cap,
    /// The name of the account.
    pub(crate) account: String,
    /// What it may use in this window: the cap's limit and what it was raised by once.
    pub(crate) limit: MicroUsd,
    pub(crate) balance: Balance,
    pub(crate) needed: MicroUsd,
    /// When the window ends, in the ledger's zone; `None` for call, flow and total.
    pub(crate) resets: Option<Zoned>,
    /// Every cap that counts the attempt, where this one stopped it.
    pub(crate) checked: Vec<Checked>,
}

/// What every hold is checked against, in the transaction that holds.
#[derive(Clone, Debug, Default)]
pub(crate) struct Limits {
    pub(crate) caps: Vec<Cap>,
    /// Pauses whose resume was found to be signed; any other one stops.
    pub(crate) resumed: Vec<i64>,
    /// Raises whose signature was found to be ours.
    pub(crate) raises: Vec<Raise>,
    /// When a model that keeps failing is passed over.
    pub(crate) breaker: Breaker,
}

/// Why nothing may be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Stopped {
    /// A cap has no room.
    NoRoom(Box<NoRoom>),
    /// Spending was paused in the meantime.
    Paused,
    /// Every target rests.
    Resting(Vec<(ModelId, Rest)>),
}

impl Stopped {
    /// The caps that were asked.
    pub(crate) fn checked(&self) -> Vec<Checked> {
        match self {
            Self::NoRoom(found) => found.checked.clone(),
            Self::Paused | Self::Resting(_) => Vec::new(),
        }
    }
}

/// Reserves and writes the first attempt, or changes nothing but lapsed holds and says what stops it.
pub(crate) fn reserve(
    tx: &Transaction<'_>,
    start: &request::Start,
    limits: &Limits,
    next: &Next,
    lease: Timestamp,
) -> Result<Result<Covered, Stopped>, LedgerError> {
    sweep(tx, start.at, &limits.caps)?;
    let zone = setting::zone(tx)?;
    let made = account::counted_at(tx, start.at)?;
    let asked = Asked { id: &start.id, flow: start.flow.as_str(), made, zone: &zone };
    let (cover, covered) = match choose(tx, &asked, limits, next)? {
        Ok(chosen) => chosen,
        Err(stopped) => return Ok(Err(stopped)),
    };
    request::begin(tx, start, RequestState::Running, cover.dearest, &covered.checked)?;
    if covered.went == Went::Local {
        request::moved(tx, &start.id, &cover.attempt.counted.model)?;
    }
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
    hold(tx, &start.id, made.as_millisecond(), cover)?;
    change::note(tx, Topic::Request)?;
    Ok(Ok(covered))
}

/// What [`advance`] found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Advance {
    /// The next attempt is covered and written.
    Covered(Covered),
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
    next: &Next,
) -> Result<Advance, LedgerError> {
    let Some(row) = row(tx, id.as_str())? else { return Ok(Advance::Lapsed) };
    if row.state != State::Open.as_str() {
        late(tx, id, &row, ended)?;
        return Ok(Advance::Lapsed);
    }
    finish_attempt(tx, id, &row, ended, &limits.caps)?;
    let zone = setting::zone(tx)?;
    let asked = Asked { id, flow: &row.flow, made: row.made(), zone: &zone };
    let (cover, covered) = match choose(tx, &asked, limits, next)? {
        Ok(chosen) => chosen,
        Err(stopped) => {
            let charged = charged(tx, id.as_str())?;
            close_row(tx, id, charged_state(charged), ended.at)?;
            return Ok(Advance::Stopped(stopped, charged));
        }
    };
    tx.prepare_cached("UPDATE reservation SET hold_micro = ?2 WHERE id = ?1")?
        .execute(params![id.as_str(), cover.dearest.micros()])?;
    hold(tx, id, row.made_ms, cover)?;
    request::moved(tx, id, &cover.attempt.counted.model)?;
    change::note(tx, Topic::Request)?;
    Ok(Advance::Covered(covered))
}

/// Writes an attempt and holds what it needs.
fn hold(tx: &Transaction<'_>, id: &RequestId, made_ms: i64, cover: &Cover) -> Result<(), LedgerError> {
    attempt::begin(tx, id, made_ms, &cover.attempt)?;
    let held = Delta { charged: MicroUsd::ZERO, held_call: cover.dearest, held_attempt: cover.attempt.worst };
    account::post(tx, &Names::from(&cover.attempt.counted), made_ms, held)
}

/// Ends the reservation and its request with the last attempt's charge. Gives the total charged and
/// whether a part of it is assumed.
/// Where the lease was lost, the difference to what the lapse charged is posted as an adjustment.
pub(crate) fn close(
    tx: &Transaction<'_>,
    id: &RequestId,
    ended: Option<&attempt::End>,
    end: &request::End,
    caps: &[Cap],
) -> Result<(MicroUsd, bool), LedgerError> {
    let row = row(tx, id.as_str())?;
    let open = row.as_ref().is_some_and(|row| row.state == State::Open.as_str());
    match (&row, ended) {
        (Some(row), _) if open => finish(tx, id, row, ended, end.at, caps)?,
        (Some(row), Some(ended)) => late(tx, id, row, ended)?,
        (Some(_) | None, _) => {}
    }
    let total = charged(tx, id.as_str())?;
    if open {
        close_row(tx, id, charged_state(total), end.at)?;
    }
    request::end(tx, id, end)?;
    Ok((total, request::assumed(tx, id)?))
}

/// Ends holds whose lease has run out: what may have been sent becomes an assumed charge, the rest
/// is given back.
pub(crate) fn sweep(tx: &Transaction<'_>, now: Timestamp, caps: &[Cap]) -> Result<(), LedgerError> {
    let lapsed: Vec<String> = tx
        .prepare_cached("SELECT id FROM reservation WHERE state = 'open' AND lease_ms < ?1")?
        .query_map([now.as_millisecond()], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    for id in lapsed {
        let Ok(id) = RequestId::parse(&id) else { continue };
        // One row that cannot be ended must not stop every call of every process: its hold stays.
        tx.execute_batch("SAVEPOINT lapse")?;
        match lapse(tx, &id, None, now, caps) {
            Ok(()) => tx.execute_batch("RELEASE lapse")?,
            Err(error) => {
                tracing::warn!(%id, %error, "a lapsed hold could not be ended");
                tx.execute_batch("ROLLBACK TO lapse; RELEASE lapse")?;
            }
        }
    }
    Ok(())
}

/// Ends one hold whose process is gone, or whose call nobody waits for any more; then `ended` says what is
/// known of its last attempt, where that is the one that is open. Nothing happens where it had ended already (I3).
pub(crate) fn lapse(
    tx: &Transaction<'_>,
    id: &RequestId,
    ended: Option<&attempt::End>,
    now: Timestamp,
    caps: &[Cap],
) -> Result<(), LedgerError> {
    let Some(row) = row(tx, id.as_str())?.filter(|row| row.state == State::Open.as_str()) else { return Ok(()) };
    let is_open = |ended: &&attempt::End| row.open.as_ref().is_some_and(|open| open.nth == ended.nth);
    finish(tx, id, &row, ended.filter(is_open), now, caps)?;
    close_row(tx, id, State::Lapsed, now)?;
    tx.prepare_cached("UPDATE request SET state = 'interrupted', code = 'interrupted', ended_ms = ?2 WHERE id = ?1 AND ended_ms IS NULL")?
        .execute(params![id.as_str(), now.as_millisecond()])?;
    change::note(tx, Topic::Request)?;
    change::note(tx, Topic::Money)
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

/// Ends the attempt under way as it ended, or where nobody knows, with its worst case.
fn finish(
    tx: &Transaction<'_>,
    id: &RequestId,
    row: &Row,
    ended: Option<&attempt::End>,
    at: Timestamp,
    caps: &[Cap],
) -> Result<(), LedgerError> {
    match (ended, &row.open) {
        (Some(ended), _) => finish_attempt(tx, id, row, ended, caps),
        (None, Some(Open { nth, worst, .. })) => {
            let ended = attempt::End {
                nth: *nth,
                charge: Charge::Assumed(*worst),
                failure: None,
                status: None,
                first: None,
                words: None,
                retry_after: None,
                at,
            };
            finish_attempt(tx, id, row, &ended, caps)
        }
        (None, None) => Ok(()),
    }
}

/// Ends an attempt: its charge takes the place of its hold on every account that counts it.
fn finish_attempt(
    tx: &Transaction<'_>,
    id: &RequestId,
    row: &Row,
    ended: &attempt::End,
    caps: &[Cap],
) -> Result<(), LedgerError> {
    let Some(open) = row.open.as_ref().filter(|open| open.nth == ended.nth) else {
        return Err(LedgerError::Broken(format!("attempt {} of {id} had ended already", ended.nth)));
    };
    if !attempt::end(tx, id, ended)? {
        return Err(LedgerError::Broken(format!("attempt {} of {id} had ended already", ended.nth)));
    }
    let amount = ended.charge.amount();
    tx.prepare_cached("UPDATE reservation SET charged_micro = charged_micro + ?2 WHERE id = ?1")?
        .execute(params![id.as_str(), amount.micros()])?;
    request::charged(tx, id.as_str(), amount, matches!(ended.charge, Charge::Assumed(_)))?;
    let names = row.names(&open.provider, &open.model);
    let freed = |held: MicroUsd| MicroUsd::ZERO.minus(held);
    let moved = Delta { charged: amount, held_call: freed(row.hold), held_attempt: freed(open.worst) };
    account::post(tx, &names, row.made_ms, moved)?;
    if amount > MicroUsd::ZERO { alert::reached(tx, caps, &names, row.made(), ended.at) } else { Ok(()) }
}

/// A result that came after the lease was lost: the truth is posted beside what was assumed.
fn late(tx: &Transaction<'_>, id: &RequestId, row: &Row, ended: &attempt::End) -> Result<(), LedgerError> {
    let (provider, model, assumed) = attempt::charged(tx, id, ended.nth)?;
    let amount = ended.charge.amount().minus(assumed);
    if amount == MicroUsd::ZERO || matches!(ended.charge, Charge::Assumed(_)) {
        return Ok(());
    }
    adjustment::post(
        tx,
        &adjustment::Difference {
            request: id.as_str(),
            nth: ended.nth,
            names: &row.names(&provider, &model),
            model: &model,
            amount,
            reason: "the answer came after its lease had ended",
            at: ended.at,
            made_ms: row.made_ms,
        },
    )?;
    change::note(tx, Topic::Money)
}

#[cfg(test)]
mod tests;
