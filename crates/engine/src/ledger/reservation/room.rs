//! Whether a hold may be made: no pause, and room in every cap that matches (I2). Reads only, inside
//! the transaction that holds.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use pointsman_core::budget::{Balance, Cap, Scope, Window};
use pointsman_core::id::{ModelId, ProviderId, RequestId};
use pointsman_core::money::MicroUsd;
use rusqlite::Transaction;

use super::super::account::{self, Holder};
use super::super::{LedgerError, pause};
use super::{Cover, Limits, NoRoom, Stopped};

/// Why a hold may not be made: a pause first, then the tightest cap.
pub(super) fn stopped(
    tx: &Transaction<'_>,
    id: &RequestId,
    flow: &str,
    made: Timestamp,
    zone: &TimeZone,
    limits: &Limits,
    cover: &Cover,
) -> Result<Option<Stopped>, LedgerError> {
    if pause::stops(tx, cover.attempt.at.as_millisecond(), &limits.resumed)? {
        return Ok(Some(Stopped::Paused));
    }
    let no_room = tightest(tx, id, flow, made, zone, &limits.caps, cover)?;
    Ok(no_room.map(|no_room| Stopped::NoRoom(Box::new(no_room))))
}

/// Of the matching caps without room, the one with the least left.
fn tightest(
    tx: &Transaction<'_>,
    id: &RequestId,
    flow: &str,
    made: Timestamp,
    zone: &TimeZone,
    caps: &[Cap],
    cover: &Cover,
) -> Result<Option<NoRoom>, LedgerError> {
    let ModelId { provider, .. } = &cover.attempt.model;
    let mut tightest: Option<NoRoom> = None;
    for cap in caps.iter().filter(|cap| cap.matches(provider)) {
        let (holder, needed) = match cap.scope {
            Scope::All => (Holder::All, cover.dearest),
            Scope::Provider(_) => (Holder::Provider(provider.clone()), cover.attempt.worst),
        };
        let (balance, resets) = match cap.window {
            Window::Call => (within(tx, &cap.scope, provider, "r.id", id.as_str())?, None),
            Window::Flow => (within(tx, &cap.scope, provider, "r.flow_id", flow)?, None),
            Window::Day | Window::Month => {
                let Some((span, balance)) = account::standing(tx, &holder, cap.window, made, zone)? else { continue };
                (balance, Some(span.end.to_zoned(zone.clone())))
            }
        };
        if balance.admits(cap.limit, needed) {
            continue;
        }
        let no_room = NoRoom { cap: cap.clone(), provider: provider.clone(), balance, needed, resets };
        let left = |n: &NoRoom| n.balance.left(n.cap.limit);
        if tightest.as_ref().is_none_or(|least| left(&no_room) < left(least)) {
            tightest = Some(no_room);
        }
    }
    Ok(tightest)
}

/// What one call or one flow was charged and holds, for all providers or for one.
fn within(
    tx: &Transaction<'_>,
    scope: &Scope,
    provider: &ProviderId,
    column: &str,
    value: &str,
) -> Result<Balance, LedgerError> {
    let (charged_of, held_of, only) = match scope {
        Scope::All => ("?2 = ?2", "a.scope = 'all' AND a.window = 'day' AND ?2 = ?2", ""),
        Scope::Provider(_) => {
            ("t.provider = ?2", "a.scope = 'provider' AND a.window = 'day' AND a.name = ?2", provider.as_str())
        }
    };
    let sql = format!(
        "SELECT (SELECT coalesce(sum(t.charge_micro), 0) FROM attempt t JOIN reservation r ON r.id = t.request_id
                  WHERE {column} = ?1 AND {charged_of})
              + (SELECT coalesce(sum(t.amount_micro), 0) FROM adjustment t JOIN reservation r ON r.id = t.request_id
                  WHERE {column} = ?1 AND {charged_of}),
                (SELECT coalesce(sum(b.held_micro), 0) FROM booking b JOIN reservation r ON r.id = b.request_id
                  JOIN account a ON a.id = b.account_id WHERE {column} = ?1 AND {held_of})"
    );
    let mut query = tx.prepare_cached(&sql)?;
    Ok(query.query_row([value, only], |row| {
        Ok(Balance { charged: MicroUsd::from_micros(row.get(0)?), held: MicroUsd::from_micros(row.get(1)?) })
    })?)
}
