//! Money and traffic as Overview shows them, read from the ledger.

use jiff::Timestamp;
use pointsman_core::budget::{Balance, Cap, OnHit, Raise, Scope, Span, Window, raised};
use pointsman_core::money::MicroUsd;
use rusqlite::Connection;

use super::Money;
use super::overview::{Action, ActionKind, Lamp, MoneyBar, ProblemRow};
use crate::ledger::standing::{Standing, standings};
use crate::ledger::{LedgerError, account, setting};

/// The two bars of Overview, and the caps that are nearly or wholly used.
pub(super) struct MoneyNow {
    pub(super) today: MoneyBar,
    pub(super) month: MoneyBar,
    pub(super) problems: Vec<ProblemRow>,
}

/// From this share of a cap on, in basis points, the person should know.
const NEAR: u16 = 8_000;

/// What the ledger says of today's and this month's money.
pub(super) fn money_now(
    connection: &Connection,
    caps: &[Cap],
    raises: &[Raise],
    now: Timestamp,
) -> Result<MoneyNow, LedgerError> {
    let zone = setting::zone(connection)?;
    let mut problems = Vec::new();
    for cap in caps {
        for Standing { account, at } in standings(connection, cap, now)? {
            let Some((span, balance)) = at else { continue };
            let limit = raised(cap, &account, &span.key, raises);
            let row = near(cap, &account, limit, &span, balance, &zone);
            // The same cap written twice is one problem.
            problems.extend(row.filter(|row| problems.iter().all(|other: &ProblemRow| other.id != row.id)));
        }
    }
    Ok(MoneyNow {
        today: bar(connection, caps, raises, Window::Day, now)?,
        month: bar(connection, caps, raises, Window::Month, now)?,
        problems,
    })
}

/// Money of one window, against the lowest cap for all calls in it that stops them.
fn bar(
    connection: &Connection,
    caps: &[Cap],
    raises: &[Raise],
    window: Window,
    now: Timestamp,
) -> Result<MoneyBar, LedgerError> {
    let zone = setting::zone(connection)?;
    let (ends, key, balance) = match account::standing(connection, &Scope::All, "", window, now, &zone)? {
        Some((span, balance)) => (span.end, span.key, balance),
        None => (now, String::new(), Balance::default()),
    };
    let stops = |cap: &&Cap| cap.scope == Scope::All && cap.window == window && cap.on_hit != OnHit::Warn;
    let limit = caps.iter().filter(stops).map(|cap| raised(cap, "", &key, raises)).min();
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

/// A problem row where a cap is nearly or wholly used.
fn near(
    cap: &Cap,
    account: &str,
    limit: MicroUsd,
    span: &Span,
    balance: Balance,
    zone: &jiff::tz::TimeZone,
) -> Option<ProblemRow> {
    let share = balance.charged.basis_points_of(limit);
    if share < NEAR {
        return None;
    }
    let (whom, window) = (cap.whom(account), cap.window.as_str());
    let full = share == 10_000;
    // At a cap that only warns calls go on, so nothing stops there.
    let (lamp, title) = match (full, cap.on_hit) {
        (true, OnHit::Block | OnHit::Ask | OnHit::LocalOnly) => {
            (Lamp::Stop, format!("The {window} cap{whom} is reached"))
        }
        (true, OnHit::Warn) => (Lamp::Caution, format!("The {window} cap{whom} is reached")),
        (false, _) => (Lamp::Caution, format!("The {window} cap{whom} is {} % used", share / 100)),
    };
    let at = span.end.to_zoned(zone.clone());
    let ends = match cap.window {
        Window::Hour | Window::Day => at.strftime("%H:%M").to_string(),
        Window::Week | Window::Month | Window::Call | Window::Flow => at.strftime("%-d %B").to_string(),
        Window::Total => String::new(),
    };
    let then = match (cap.window, full && lamp == Lamp::Stop) {
        (Window::Total, _) => "It never resets.".to_owned(),
        (_, true) => format!("Calls resume at {ends}."),
        (_, false) => format!("It resets at {ends}."),
    };
    Some(ProblemRow {
        id: format!("cap-{}-{account}", cap.identity()),
        lamp,
        title,
        detail: format!("{} of {} used. {then}", balance.charged, limit.total()),
        action: Some(Action { kind: ActionKind::OpenPolicyFile, label: "Open routing.yaml".to_owned(), target: None }),
    })
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
