//! Money and traffic as Overview shows them, read from the ledger.

use jiff::Timestamp;
use pointsman_core::budget::{Balance, Cap, OnHit, Raise, Scope, Window, raised};
use pointsman_core::money::MicroUsd;
use rusqlite::Connection;

use super::Money;
use super::near::Near;
use super::overview::{MoneyBar, ProblemRow};
use crate::ledger::standing::{Standing, standings};
use crate::ledger::{LedgerError, account, setting};

/// The two bars of Overview, and the caps that are nearly or wholly used.
pub(super) struct MoneyNow {
    pub(super) today: MoneyBar,
    pub(super) month: MoneyBar,
    pub(super) problems: Vec<ProblemRow>,
}

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
            let row = Near { cap, account: &account, limit, span: &span, charged: balance.charged }.row(&zone);
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

/// Money of one window, against the lowest cap for all calls in it that stops them; where none does,
/// the lowest that warns is named.
pub(super) fn bar(
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
    let of_window = || caps.iter().filter(|cap| cap.scope == Scope::All && cap.window == window);
    let stops = of_window().filter(|cap| cap.on_hit != OnHit::Warn);
    let lowest = stops.map(|cap| (raised(cap, "", &key, raises), cap.limit)).min();
    let limit = lowest.map(|(limit, _)| limit);
    let more = lowest.map(|(limit, written)| limit.minus(written)).filter(|more| *more > MicroUsd::ZERO);
    let warns = of_window().filter(|cap| limit.is_none() && cap.on_hit == OnHit::Warn);
    let share = |amount: MicroUsd| limit.map_or(0, |limit| amount.basis_points_of(limit));
    Ok(MoneyBar {
        used: Money::total(balance.charged),
        held: Money::row(balance.held),
        left: limit.map(|limit| Money::total(balance.left(limit))),
        limit: limit.map(Money::total),
        raised: more.map(Money::total),
        warns_at: warns.map(|cap| raised(cap, "", &key, raises)).min().map(Money::total),
        used_bp: share(balance.charged),
        held_bp: share(balance.charged.plus(balance.held)) - share(balance.charged),
        resets_ms: ends.as_millisecond(),
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

#[cfg(test)]
mod tests {
    use crate::{Caller, Gateway, Home};

    use super::*;

    fn cap(on_hit: OnHit, cents: i64) -> Cap {
        Cap { on_hit, ..Cap::new(Scope::All, Window::Day, MicroUsd::from_micros(cents * 10_000)) }
    }

    #[tokio::test]
    async fn a_bar_shows_what_a_cap_was_raised_by_and_where_one_only_warns() {
        let folder = tempfile::tempdir().unwrap();
        let gateway = Gateway::open(Home::at(Some(folder.path().join("home"))).unwrap(), Caller::app()).unwrap();
        let now = Timestamp::now();
        let today = async |caps: Vec<Cap>, raises: Vec<Raise>| {
            let read = gateway.inner().ledger.read(move |c| bar(c, &caps, &raises, Window::Day, now));
            let bar = read.await.unwrap();
            [bar.limit, bar.raised, bar.warns_at].map(|money| money.map(|money| money.text))
        };
        let said = |texts: [Option<&str>; 3]| texts.map(|text| text.map(str::to_owned));
        let (block, local, warn) = (cap(OnHit::Block, 200), cap(OnHit::LocalOnly, 250), cap(OnHit::Warn, 100));
        let read = gateway
            .inner()
            .ledger
            .read(move |c| account::standing(c, &Scope::All, "", Window::Day, now, &setting::zone(c)?));
        let window_key = read.await.unwrap().unwrap().0.key;
        let raise =
            Raise { cap: block.identity(), account: String::new(), window_key, amount: MicroUsd::from_micros(400_000) };
        let all = vec![warn.clone(), local, block.clone()];
        assert_eq!(today(all.clone(), vec![]).await, said([Some("$2.00"), None, None]), "the lowest that stops");
        assert_eq!(today(vec![block], vec![raise.clone()]).await, said([Some("$2.40"), Some("$0.40"), None]));
        let twice = vec![raise.clone(), raise];
        assert_eq!(today(all, twice).await, said([Some("$2.50"), None, None]), "then another cap is the lowest");
        assert_eq!(today(vec![warn], vec![]).await, said([None, None, Some("$1.00")]));
        assert_eq!(today(vec![], vec![]).await, said([None, None, None]));
    }
}
