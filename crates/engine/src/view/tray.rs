//! What the tray shows, and where in the window a row or a notification leads. Plain values: the words of
//! the rows are the shell's. Money is read in one look at the ledger; what is offered here as a raise is
//! asked of the person and signed in `caps`, never done by a look.

use std::collections::BTreeSet;

use jiff::Timestamp;
use pointsman_core::budget::{Cap, OnHit, Raise, Scope, Window, raised};
use pointsman_core::code::Denial;
use pointsman_core::money::MicroUsd;
use rusqlite::{Connection, params};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::overview::Seen;
use super::{Action, ActionKind, ClientLine, Money, MoneyBar, ProblemRow, Status, near, unreadable};
use crate::Gateway;
use crate::ledger::{LedgerError, account, setting};

/// From this share of today's cap on, in basis points, a raise is offered.
const OFFERED_FROM: u16 = 8_000;

/// How many of today's models are named.
const TOP: u32 = 3;

/// A page of the window, by the name in its address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum PageName {
    /// Overview.
    Overview,
    /// Keys.
    Keys,
    /// Models.
    Models,
    /// Policy.
    Policy,
    /// Spend.
    Spend,
    /// Clients.
    Clients,
    /// Activity.
    Activity,
}

/// A place in the window: a page, and what on it is meant.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
pub struct Place {
    /// The page.
    pub page: PageName,
    /// The row or card, as the page names it: a provider on Keys, a client on Clients, a cap's row id on
    /// Spend.
    pub anchor: Option<String>,
}

impl Place {
    /// A whole page.
    pub const fn page(page: PageName) -> Self {
        Self { page, anchor: None }
    }

    /// A row or card of a page.
    pub fn at(page: PageName, anchor: impl Into<String>) -> Self {
        Self { page, anchor: Some(anchor.into()) }
    }

    /// The card of one account of a cap on Spend.
    pub(crate) fn cap(cap: &str, account: &str) -> Self {
        Self::at(PageName::Spend, near::anchor(cap, account))
    }

    /// Where a problem is put right.
    pub(crate) fn of(problem: &ProblemRow) -> Self {
        let Some(Action { kind, target, .. }) = &problem.action else {
            return Self::at(PageName::Overview, "problems");
        };
        match kind {
            ActionKind::OpenKeys | ActionKind::UnlockKeychain => Self { page: PageName::Keys, anchor: target.clone() },
            ActionKind::OpenClients => Self { page: PageName::Clients, anchor: target.clone() },
            ActionKind::OpenSpend => Self::at(PageName::Spend, &problem.id),
            ActionKind::OpenPolicyFile => Self::page(PageName::Policy),
            ActionKind::Resume => Self::at(PageName::Overview, "problems"),
        }
    }
}

/// What the tray is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrayView {
    /// As the header shows it.
    pub status: Status,
    /// This month's money.
    pub month: MoneyBar,
    /// The models that cost the most today, at most three.
    pub top: Vec<ModelSpend>,
    /// What the person may let today's cap have once more.
    pub raise: Option<RaiseOffer>,
    /// Known clients that are installed.
    pub clients: Vec<ClientLine>,
    /// What should be looked at, worst first.
    pub problems: Vec<ProblemRow>,
}

impl TrayView {
    /// Where the worst problem is put right; an edit that waits for an answer is one without a row.
    pub fn first_problem(&self) -> Place {
        match self.problems.first() {
            Some(problem) => Place::of(problem),
            None if self.status.problems > 0 => Place::page(PageName::Policy),
            None => Place::page(PageName::Overview),
        }
    }
}

/// What a model cost today.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelSpend {
    /// `gpt-6-mini`; with its provider where two of those named are called the same.
    pub model: String,
    /// Charged.
    pub amount: Money,
}

/// Today's cap is nearly or wholly used: what it may have once more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RaiseOffer {
    /// [`Cap::identity`].
    pub cap: String,
    /// "the day cap of $5.00".
    pub title: String,
    /// As much again as routing.yaml gives it.
    pub amount: MicroUsd,
    /// Charged today.
    pub used: Money,
    /// The cap, with what it was raised by before.
    pub limit: Money,
}

impl Gateway {
    /// What the tray shows. A ledger that cannot be read is one stopped problem and amounts that say "–".
    ///
    /// # Errors
    /// None; a result because callers treat every look alike.
    pub async fn tray(&self) -> Result<TrayView, Denial> {
        let known = async {
            let Seen { status, month, problems, clients, limits } = self.seen().await?;
            let read = self.inner().ledger.read(move |c| today(c, &limits.caps, &limits.raises, Timestamp::now()));
            let (top, raise) = read.await?;
            Ok::<_, Denial>(TrayView { status, month, top, raise, clients, problems })
        };
        Ok(known.await.unwrap_or_else(|denial| TrayView {
            status: unreadable::status(self.home().is_practice()),
            month: unreadable::bar(Window::Month),
            top: Vec::new(),
            raise: None,
            clients: Vec::new(),
            problems: vec![unreadable::problem(denial.sentence)],
        }))
    }
}

/// Today's dearest models, and what today's cap may have once more.
fn today(
    connection: &Connection,
    caps: &[Cap],
    raises: &[Raise],
    now: Timestamp,
) -> Result<(Vec<ModelSpend>, Option<RaiseOffer>), LedgerError> {
    let zone = setting::zone(connection)?;
    let Some((span, balance)) = account::standing(connection, &Scope::All, "", Window::Day, now, &zone)? else {
        return Ok((Vec::new(), None));
    };
    let (begin, end) = (span.start.as_millisecond(), span.end.as_millisecond());
    Ok((top(connection, begin, end)?, offer(caps, raises, &span.key, balance.charged)))
}

/// The models that cost the most between two instants, dearest first.
fn top(connection: &Connection, begin_ms: i64, end_ms: i64) -> Result<Vec<ModelSpend>, LedgerError> {
    let mut query = connection.prepare_cached(
        "SELECT provider, model, sum(amount) FROM (
            SELECT provider, model, coalesce(charge_micro, 0) AS amount FROM attempt WHERE made_ms >= ?1 AND made_ms < ?2
            UNION ALL SELECT provider, model, amount_micro FROM adjustment WHERE made_ms >= ?1 AND made_ms < ?2)
         GROUP BY provider, model HAVING sum(amount) > 0 ORDER BY 3 DESC, 1, 2 LIMIT ?3",
    )?;
    let rows = query.query_map(params![begin_ms, end_ms, TOP], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    let rows: Vec<(String, String, i64)> = rows.collect::<Result<_, _>>()?;
    let mut names = BTreeSet::new();
    let twice: BTreeSet<_> = rows.iter().filter(|(_, model, _)| !names.insert(model)).map(|(_, m, _)| m).collect();
    let line = |(provider, model, micros): &(String, String, i64)| ModelSpend {
        model: if twice.contains(model) { format!("{provider}/{model}") } else { model.clone() },
        amount: Money::row(MicroUsd::from_micros(*micros)),
    };
    Ok(rows.iter().map(line).collect())
}

/// As much again for the lowest day cap over all calls that stops them, once four fifths of it are used.
fn offer(caps: &[Cap], raises: &[Raise], window_key: &str, charged: MicroUsd) -> Option<RaiseOffer> {
    let of_today = caps.iter().filter(|cap| cap.scope == Scope::All && cap.window == Window::Day);
    let stops = of_today.filter(|cap| cap.on_hit != OnHit::Warn);
    let (limit, cap) =
        stops.map(|cap| (raised(cap, "", window_key, raises), cap)).min_by_key(|(limit, cap)| (*limit, cap.line))?;
    let near = charged.basis_points_of(limit) >= OFFERED_FROM && cap.limit > MicroUsd::ZERO;
    near.then(|| RaiseOffer {
        cap: cap.identity(),
        title: cap.title(""),
        amount: cap.limit,
        used: Money::row(charged),
        limit: Money::total(limit),
    })
}

#[cfg(test)]
mod tests {
    use pointsman_core::id::ProviderId;

    use super::*;
    use crate::view::Lamp;

    fn day(on_hit: OnHit, cents: i64) -> Cap {
        Cap { on_hit, ..Cap::new(Scope::All, Window::Day, MicroUsd::from_micros(cents * 10_000)) }
    }

    fn offered(caps: &[Cap], raises: &[Raise], cents: i64) -> Option<(String, String)> {
        let offer = offer(caps, raises, "day:2026-11-21", MicroUsd::from_micros(cents * 10_000))?;
        Some((offer.amount.exact(), format!("{} of {}", offer.used.text, offer.limit.text)))
    }

    #[test]
    fn a_raise_is_offered_from_four_fifths_of_the_lowest_day_cap_that_stops_calls() {
        let of_provider =
            Cap::new(Scope::Provider(ProviderId::parse("groq").ok()), Window::Day, MicroUsd::from_micros(10_000));
        let caps = [day(OnHit::Warn, 100), of_provider, day(OnHit::LocalOnly, 700), day(OnHit::Block, 500)];
        assert_eq!(offered(&caps, &[], 399), None, "79.8 %");
        assert_eq!(offered(&caps, &[], 400), Some(("$5.00".into(), "$4.00 of $5.00".into())));
        assert_eq!(offered(&caps[..2], &[], 400), None, "no cap here stops a call for the day");
        assert_eq!(offered(&[day(OnHit::Block, 0)], &[], 0), None, "nothing twice is nothing");
    }

    #[test]
    fn a_raised_cap_is_offered_more_by_what_it_has_now_and_what_the_file_gives_it() {
        let cap = day(OnHit::Block, 500);
        let raise = |window_key: &str| Raise {
            cap: cap.identity(),
            account: String::new(),
            window_key: window_key.into(),
            amount: MicroUsd::from_micros(5_000_000),
        };
        let caps = [cap.clone()];
        assert_eq!(offered(&caps, &[raise("day:2026-11-21")], 799), None, "79.9 % of $10.00");
        let again = offered(&caps, &[raise("day:2026-11-21")], 800);
        assert_eq!(again, Some(("$5.00".into(), "$8.00 of $10.00".into())));
        assert!(offered(&caps, &[raise("day:2026-11-20")], 400).is_some(), "yesterday's raise is over");
    }

    #[test]
    fn a_problem_leads_to_where_it_is_put_right() {
        let row = |id: &str, action: Option<(ActionKind, Option<&str>)>| ProblemRow {
            id: id.into(),
            lamp: Lamp::Caution,
            title: String::new(),
            detail: String::new(),
            action: action.map(|(kind, target)| Action { kind, label: String::new(), target: target.map(Into::into) }),
        };
        let to = |id, action| Place::of(&row(id, action));
        assert_eq!(to("key-xai", Some((ActionKind::OpenKeys, Some("xai")))), Place::at(PageName::Keys, "xai"));
        assert_eq!(to("keychain", Some((ActionKind::UnlockKeychain, None))), Place::page(PageName::Keys));
        let client = Some((ActionKind::OpenClients, Some("claude-desktop")));
        assert_eq!(to("client:claude-desktop", client), Place::at(PageName::Clients, "claude-desktop"));
        let cap = day(OnHit::Block, 500).identity();
        let id = near::anchor(&cap, "");
        assert_eq!(to(&id, Some((ActionKind::OpenSpend, None))), Place::cap(&cap, ""));
        assert_eq!(to("policy", Some((ActionKind::OpenPolicyFile, None))), Place::page(PageName::Policy));
        assert_eq!(to("ledger", None), Place::at(PageName::Overview, "problems"));
    }
}
