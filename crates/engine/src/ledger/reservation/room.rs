//! Whether a hold may be made: no pause, and room in every cap that counts it (I2), in the transaction
//! that holds. Writes nothing but accounts that a cap asks for the first time.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use pointsman_core::budget::{Balance, Cap, OnHit, Scope, Window, raised};
use pointsman_core::id::RequestId;
use pointsman_core::money::MicroUsd;
use rusqlite::{Transaction, params};

use super::super::counts::{Names, counts_row};
use super::super::trace::Checked;
use super::super::{LedgerError, account, pause};
use super::{Cover, Covered, Limits, Next, NoRoom, Stopped, Went};

/// The call a hold is for.
pub(super) struct Asked<'a> {
    pub(super) id: &'a RequestId,
    pub(super) flow: &'a str,
    /// When it is counted.
    pub(super) made: Timestamp,
    pub(super) zone: &'a TimeZone,
}

/// What may be tried now: the next attempt, or where a cap leaves only models of this machine, one there.
/// Otherwise why nothing may: a pause first, then the strictest cap, and of these the one with the least
/// left.
pub(super) fn choose<'n>(
    tx: &Transaction<'_>,
    asked: &Asked<'_>,
    limits: &Limits,
    next: &'n Next,
) -> Result<Result<(&'n Cover, Covered), Stopped>, LedgerError> {
    if pause::stops(tx, next.first.attempt.at.as_millisecond(), &limits.resumed)? {
        return Ok(Err(Stopped::Paused));
    }
    let mut checked = Vec::new();
    let (stop, warnings) = look(tx, asked, limits, &next.first, &mut checked)?;
    let Some(stop) = stop else {
        return Ok(Ok((&next.first, Covered { went: Went::First, warnings, checked })));
    };
    let (OnHit::LocalOnly, Some(local)) = (stop.cap.on_hit, &next.local) else {
        return Ok(Err(Stopped::NoRoom(Box::new(NoRoom { checked, ..stop }))));
    };
    let (still, mut warnings) = look(tx, asked, limits, local, &mut Vec::new())?;
    Ok(match still {
        Some(still) => Err(Stopped::NoRoom(Box::new(NoRoom { checked, ..still }))),
        None => {
            warnings.insert(0, stop);
            Ok((local, Covered { went: Went::Local, warnings, checked }))
        }
    })
}

/// The cap that stops an attempt, and those that only warn of it. Every cap that counts it is added to
/// `checked`.
fn look(
    tx: &Transaction<'_>,
    asked: &Asked<'_>,
    limits: &Limits,
    cover: &Cover,
    checked: &mut Vec<Checked>,
) -> Result<(Option<NoRoom>, Vec<NoRoom>), LedgerError> {
    let (mut stop, mut warnings) = (None, Vec::new());
    for hit in hits(tx, asked, limits, cover, checked)? {
        if !hit.cap.stops(cover.place) {
            // A cap that lets models of this machine go on has nothing to say of one.
            if hit.cap.on_hit == OnHit::Warn {
                warnings.push(hit);
            }
        } else if stop.as_ref().is_none_or(|other| comes_before(&hit, other)) {
            stop = Some(hit);
        }
    }
    Ok((stop, warnings))
}

fn comes_before(hit: &NoRoom, other: &NoRoom) -> bool {
    let left = |hit: &NoRoom| hit.balance.left(hit.limit);
    hit.cap.on_hit > other.cap.on_hit || (hit.cap.on_hit == other.cap.on_hit && left(hit) < left(other))
}

/// Every cap that counts the attempt and has no room for it.
fn hits(
    tx: &Transaction<'_>,
    asked: &Asked<'_>,
    limits: &Limits,
    cover: &Cover,
    checked: &mut Vec<Checked>,
) -> Result<Vec<NoRoom>, LedgerError> {
    let counted = &cover.attempt.counted;
    let mut accounts = account::counting(tx, &Names::from(counted), asked.made)?;
    // What Overview shows is kept also where no cap asks for it.
    for window in [Window::Day, Window::Month] {
        if !accounts.iter().any(|account| account.is_of(&Scope::All, window, "")) {
            accounts.extend(account::open(tx, &Scope::All, "", window, asked.made, asked.zone)?);
        }
    }
    let mut hits = Vec::new();
    for cap in &limits.caps {
        let Some(name) = cap.account_of(counted) else { continue };
        let needed = if cap.scope.counts_attempts() { cover.attempt.worst } else { cover.dearest };
        let mut check = |balance: Balance, limit: MicroUsd, ends: Option<Timestamp>| {
            let fits = balance.admits(limit, needed);
            checked.push(Checked {
                title: cap.title(&name),
                left: balance.left(limit).micros(),
                needed: needed.micros(),
                hit: (!fits).then(|| cap.on_hit.as_str().to_owned()),
            });
            if !fits {
                let resets = ends.map(|end| end.to_zoned(asked.zone.clone()));
                let (cap, account) = (cap.clone(), name.clone());
                hits.push(NoRoom { cap, account, limit, balance, needed, resets, checked: Vec::new() });
            }
        };
        match cap.window {
            Window::Call => check(of_call(tx, cap, &name, asked)?, cap.limit, None),
            Window::Flow => check(of_flow(tx, cap, &name, asked)?, cap.limit, None),
            Window::Hour | Window::Day | Window::Week | Window::Month | Window::Total => {
                if !accounts.iter().any(|account| account.is_of(&cap.scope, cap.window, &name)) {
                    accounts.extend(account::open(tx, &cap.scope, &name, cap.window, asked.made, asked.zone)?);
                }
                for account in accounts.iter().filter(|account| account.is_of(&cap.scope, cap.window, &name)) {
                    let limit = raised(cap, &name, &account.key, &limits.raises);
                    let ends = (cap.window != Window::Total).then_some(account.end);
                    check(account.balance, limit, ends);
                }
            }
        }
    }
    Ok(hits)
}

/// What one call was charged so far at what the cap counts. It holds nothing: its hold is being made.
fn of_call(tx: &Transaction<'_>, cap: &Cap, name: &str, asked: &Asked<'_>) -> Result<Balance, LedgerError> {
    const CHARGED: &str = concat!(
        "SELECT (SELECT coalesce(sum(t.charge_micro), 0) FROM attempt t JOIN request q ON q.id = t.request_id
                  WHERE t.request_id = ?3 AND ",
        counts_row!(),
        ") + (SELECT coalesce(sum(t.amount_micro), 0) FROM adjustment t JOIN request q ON q.id = t.request_id
                  WHERE t.request_id = ?3 AND ",
        counts_row!(),
        ")"
    );
    let mut query = tx.prepare_cached(CHARGED)?;
    let charged = query.query_row(params![cap.scope.as_str(), name, asked.id.as_str()], |row| row.get(0))?;
    Ok(Balance { charged: MicroUsd::from_micros(charged), held: MicroUsd::ZERO })
}

/// What one flow was charged at what the cap counts, and what its other calls hold.
fn of_flow(tx: &Transaction<'_>, cap: &Cap, name: &str, asked: &Asked<'_>) -> Result<Balance, LedgerError> {
    const CHARGED: &str = concat!(
        "SELECT (SELECT coalesce(sum(t.charge_micro), 0) FROM reservation r JOIN request q ON q.id = r.id
                  JOIN attempt t ON t.request_id = r.id WHERE (r.id = ?3 OR (r.flow_id = ?3 AND r.flow_id <> r.id)) AND ",
        counts_row!(),
        ") + (SELECT coalesce(sum(t.amount_micro), 0) FROM reservation r JOIN request q ON q.id = r.id
                  JOIN adjustment t ON t.request_id = r.id WHERE (r.id = ?3 OR (r.flow_id = ?3 AND r.flow_id <> r.id)) AND ",
        counts_row!(),
        ")"
    );
    const HELD: &str = concat!(
        "SELECT coalesce(sum(iif(?1 IN ('provider', 'model'), t.worst_micro, r.hold_micro)), 0)
         FROM reservation r JOIN request q ON q.id = r.id JOIN attempt t ON t.request_id = r.id AND t.ended_ms IS NULL
         WHERE (r.id = ?3 OR (r.flow_id = ?3 AND r.flow_id <> r.id)) AND r.state = 'open' AND r.id <> ?4 AND ",
        counts_row!()
    );
    let (scope, flow, id) = (cap.scope.as_str(), asked.flow, asked.id.as_str());
    let charged = tx.prepare_cached(CHARGED)?.query_row(params![scope, name, flow], |row| row.get(0))?;
    let held = tx.prepare_cached(HELD)?.query_row(params![scope, name, flow, id], |row| row.get(0))?;
    Ok(Balance { charged: MicroUsd::from_micros(charged), held: MicroUsd::from_micros(held) })
}
