//! Money and traffic as Overview shows them, read from the ledger.

use jiff::Timestamp;
use pointsman_core::budget::{self, Cap, Scope, Window};
use pointsman_core::money::MicroUsd;
use rusqlite::Connection;

use super::Money;
use super::overview::{Action, ActionKind, Lamp, MoneyBar, ProblemRow};
use crate::ledger::account::{self, Holder};
use crate::ledger::{LedgerError, setting};

/// The two bars of Overview, and the caps that are nearly or wholly used.
pub(super) struct MoneyNow {
    pub(super) today: MoneyBar,
    pub(super) month: MoneyBar,
    pub(super) problems: Vec<ProblemRow>,
}

/// From this share of a cap on, in basis points, the person should know.
const NEAR: u16 = 8_000;

/// What the ledger says of today's and this month's money.
pub(super) fn money_now(connection: &Connection, caps: &[Cap], now: Timestamp) -> Result<MoneyNow, LedgerError> {
    let mut problems = Vec::new();
    for cap in caps {
        problems.extend(near(connection, cap, now)?);
    }
    Ok(MoneyNow {
        today: bar(connection, caps, Window::Day, now)?,
        month: bar(connection, caps, Window::Month, now)?,
        problems,
    })
}

/// Money of one window, against the lowest cap for all calls in it.
fn bar(connection: &Connection, caps: &[Cap], window: Window, now: Timestamp) -> Result<MoneyBar, LedgerError> {
    let zone = setting::zone(connection)?;
    let limit = caps.iter().filter(|cap| cap.scope == Scope::All && cap.window == window).map(|cap| cap.limit).min();
    let (ends, balance) = match account::standing(connection, &Holder::All, window, now, &zone)? {
        Some((span, balance)) => (span.end, balance),
        None => (now, budget::Balance::default()),
    };
    let share = |amount: MicroUsd| limit.map_or(0, |limit| amount.basis_points_of(limit));
    Ok(MoneyBar {
        used: Money::total(balance.charged),
        held: Money::row(balance.held),
        left: limit.map(|limit| Money::total(balance.left(limit))),
        limit: limit.map(Money::total),
        used_bp: share(balance.charged),
        held_bp: share(balance.charged.plus(balance.held)) - share(balance.charged),
        resets_ms: ends.as_millisecond(),
    })
}

/// A problem row where a day or month cap is nearly or wholly used.
fn near(connection: &Connection, cap: &Cap, now: Timestamp) -> Result<Option<ProblemRow>, LedgerError> {
    let zone = setting::zone(connection)?;
    let holder = match &cap.scope {
        Scope::All => Holder::All,
        Scope::Provider(Some(id)) => Holder::Provider(id.clone()),
        Scope::Provider(None) => return Ok(None),
    };
    let Some((span, balance)) = account::standing(connection, &holder, cap.window, now, &zone)? else {
        return Ok(None);
    };
    let share = balance.charged.basis_points_of(cap.limit);
    if share < NEAR {
        return Ok(None);
    }
    let whom = match &cap.scope {
        Scope::All => String::new(),
        Scope::Provider(id) => id.as_ref().map_or_else(String::new, |id| format!(" for {id}")),
    };
    let ends = span.end.to_zoned(zone);
    let resumes = if cap.window == Window::Day { ends.strftime("%H:%M") } else { ends.strftime("%-d %B") };
    let (lamp, title) = if share == 10_000 {
        (Lamp::Stop, format!("The {} cap{whom} is reached", cap.window.as_str()))
    } else {
        (Lamp::Caution, format!("The {} cap{whom} is {} % used", cap.window.as_str(), share / 100))
    };
    let what = if share == 10_000 { "Calls resume at" } else { "It resets at" };
    Ok(Some(ProblemRow {
        id: format!("cap-{}{whom}", cap.window.as_str()),
        lamp,
        title,
        detail: format!("{} of {} used. {what} {resumes}.", balance.charged, cap.limit.total()),
        action: Some(Action { kind: ActionKind::OpenPolicyFile, label: "Open routing.yaml".to_owned(), target: None }),
    }))
}

/// Requests in each of the last 24 hours, oldest first.
pub(super) fn by_hour(connection: &Connection, now: Timestamp) -> Result<Vec<u32>, LedgerError> {
    const HOUR: i64 = 3_600_000;
    let now = now.as_millisecond();
    let begin = (now / HOUR - 23) * HOUR;
    let mut hours = vec![0; 24];
    let mut query = connection
        .prepare_cached("SELECT (started_ms - ?1) / ?2, count(*) FROM request WHERE started_ms >= ?1 GROUP BY 1")?;
    let mut rows = query.query([begin, HOUR])?;
    while let Some(row) = rows.next()? {
        let at = usize::try_from(row.get::<_, i64>(0)?).unwrap_or(usize::MAX);
        if let Some(hour) = hours.get_mut(at) {
            *hour = row.get(1)?;
        }
    }
    Ok(hours)
}
