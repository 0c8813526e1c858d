//! Caps as cards: each account of each cap as it is enforced, with the marks of its alerts and whether it can
//! be raised once. The sums are those of `account::standing`, the limit that of `budget::raised`: the very
//! ones a call is checked against.

use jiff::Timestamp;
use pointsman_core::budget::{Cap, OnHit, Raise, Scope, Window, raised};
use pointsman_core::code::Code;
use pointsman_core::money::MicroUsd;
use rusqlite::{Connection, params};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::Money;
use crate::ledger::LedgerError;
use crate::ledger::standing::{Standing, standings_up_to};

/// The most accounts of one cap that are shown, the fullest first.
const MOST_ACCOUNTS: usize = 24;

/// What a cap counts, as a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum CapScope {
    /// Every call.
    All,
    /// One provider, or each.
    Provider,
    /// One model, or each.
    Model,
    /// One client, or each.
    Client,
    /// One task class, or each.
    TaskClass,
    /// One project, or each.
    Project,
}

impl CapScope {
    /// The word of a scope.
    pub(super) const fn of(scope: &Scope) -> Self {
        match scope {
            Scope::All => Self::All,
            Scope::Provider(_) => Self::Provider,
            Scope::Model(_) => Self::Model,
            Scope::Client(_) => Self::Client,
            Scope::Class(_) => Self::TaskClass,
            Scope::Project(_) => Self::Project,
        }
    }
}

/// Over which span a cap counts, as a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum CapWindow {
    /// One model call with its retries.
    Call,
    /// One tool call.
    Flow,
    /// An hour of the clock.
    Hour,
    /// A calendar day.
    Day,
    /// Monday to Sunday.
    Week,
    /// A calendar month.
    Month,
    /// For ever.
    Total,
}

impl CapWindow {
    const fn of(window: Window) -> Self {
        match window {
            Window::Call => Self::Call,
            Window::Flow => Self::Flow,
            Window::Hour => Self::Hour,
            Window::Day => Self::Day,
            Window::Week => Self::Week,
            Window::Month => Self::Month,
            Window::Total => Self::Total,
        }
    }

    /// The window of the word.
    pub(super) const fn window(self) -> Window {
        match self {
            Self::Call => Window::Call,
            Self::Flow => Window::Flow,
            Self::Hour => Window::Hour,
            Self::Day => Window::Day,
            Self::Week => Window::Week,
            Self::Month => Window::Month,
            Self::Total => Window::Total,
        }
    }
}

/// What happens at a cap, as a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum CapOnHit {
    /// Calls are refused.
    Block,
    /// Calls go on with a warning.
    Warn,
    /// Only models of this machine answer.
    LocalOnly,
    /// The person is asked.
    Ask,
}

impl CapOnHit {
    const fn of(on_hit: OnHit) -> Self {
        match on_hit {
            OnHit::Block => Self::Block,
            OnHit::Warn => Self::Warn,
            OnHit::LocalOnly => Self::LocalOnly,
            OnHit::Ask => Self::Ask,
        }
    }

    /// What the word stands for.
    pub(super) const fn on_hit(self) -> OnHit {
        match self {
            Self::Block => OnHit::Block,
            Self::Warn => OnHit::Warn,
            Self::LocalOnly => OnHit::LocalOnly,
            Self::Ask => OnHit::Ask,
        }
    }
}

/// A share at which the person is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct AlertMark {
    /// Percent of the limit in the file.
    pub percent: u8,
    /// Whether the charge has reached it.
    pub passed: bool,
}

/// One account of one cap.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct CapCard {
    /// [`Cap::identity`]: what an edit or a raise names.
    pub identity: String,
    /// The account; empty for a cap over all, for calls without a client or project, and where a cap on each
    /// has no account yet.
    pub account: String,
    /// The account as shown: `Claude Desktop`.
    pub account_title: String,
    /// What it counts.
    pub scope: CapScope,
    /// The name in the file; `None` for all and for each.
    pub name: Option<String>,
    /// Over which span.
    pub window: CapWindow,
    /// What happens at it.
    pub on_hit: CapOnHit,
    /// The limit, with what it was raised by once.
    pub limit: Money,
    /// The limit in the file, digits only, as a field takes it.
    pub written: String,
    /// What it was raised by once for this window.
    pub raised: Option<Money>,
    /// Charged in the window; `None` where there is no account to show: call, flow, and each without one.
    pub used: Option<Money>,
    /// Held in the window.
    pub held: Money,
    /// Limit − used − held.
    pub left: Money,
    /// Used, in basis points of the limit.
    pub used_bp: u16,
    /// Held, in basis points of the limit.
    pub held_bp: u16,
    /// When the window begins, in ms since 1970.
    #[ts(type = "number | null")]
    pub since_ms: Option<i64>,
    /// When it ends; `None` for call, flow and total.
    #[ts(type = "number | null")]
    pub resets_ms: Option<i64>,
    /// Its alerts.
    pub alerts: Vec<AlertMark>,
    /// Its line in routing.yaml, from 1.
    pub line: u32,
    /// Calls it refused in this window.
    pub refused: u32,
    /// What Raise once offers, where the cap can be raised: a cap that only warns or has no window cannot.
    pub raise: Option<RaiseOffer>,
}

/// By how much a cap is offered to be raised: its limit in the file once more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct RaiseOffer {
    /// As shown: `$5.00`.
    pub text: String,
    /// As a field takes it: `5`.
    pub digits: String,
}

/// All cards, in the order of the file.
pub(super) fn cards(
    connection: &Connection,
    caps: &[Cap],
    raises: &[Raise],
    now: Timestamp,
) -> Result<Vec<CapCard>, LedgerError> {
    let mut cards = Vec::new();
    for cap in caps {
        let standings = standings_up_to(connection, cap, now, MOST_ACCOUNTS)?;
        if standings.is_empty() {
            cards.push(blank(cap, String::new()));
        }
        for standing in standings {
            cards.push(card(connection, cap, standing, raises)?);
        }
    }
    Ok(cards)
}

fn card(
    connection: &Connection,
    cap: &Cap,
    Standing { account, at }: Standing,
    raises: &[Raise],
) -> Result<CapCard, LedgerError> {
    let Some((span, balance)) = at else { return Ok(blank(cap, account)) };
    let limit = raised(cap, &account, &span.key, raises);
    let more = limit.minus(cap.limit);
    let share = |amount: MicroUsd| amount.basis_points_of(limit);
    let reached: Vec<u8> = cap.alerts_reached(balance.charged).collect();
    let refused = refused(connection, cap, &account, span.start)?;
    Ok(CapCard {
        limit: Money::total(limit),
        raised: (more > MicroUsd::ZERO).then(|| Money::total(more)),
        used: Some(Money::total(balance.charged)),
        held: held(balance.held),
        left: Money::total(balance.left(limit)),
        used_bp: share(balance.charged),
        held_bp: share(balance.charged.plus(balance.held)) - share(balance.charged),
        since_ms: (cap.window != Window::Total).then(|| span.start.as_millisecond()),
        resets_ms: (cap.window != Window::Total).then(|| span.end.as_millisecond()),
        alerts: marks(cap, &reached),
        refused,
        ..blank(cap, account)
    })
}

/// As a cap shows it, and what is less than a cent as a row does: it must be seen that there is something.
fn held(amount: MicroUsd) -> Money {
    if amount.micros() < 10_000 { Money::row(amount) } else { Money::total(amount) }
}

/// A card that counts nothing yet.
fn blank(cap: &Cap, account: String) -> CapCard {
    let raise = !matches!(cap.window, Window::Call | Window::Flow)
        && cap.on_hit != OnHit::Warn
        && (!cap.scope.is_each() || !account.is_empty());
    let offer = RaiseOffer { text: cap.limit.exact(), digits: cap.limit.decimal() };
    CapCard {
        identity: cap.identity(),
        account_title: match &cap.scope {
            Scope::Client(_) => crate::clients::title(&account).unwrap_or(&account).to_owned(),
            Scope::All | Scope::Provider(_) | Scope::Model(_) | Scope::Class(_) | Scope::Project(_) => account.clone(),
        },
        account,
        scope: CapScope::of(&cap.scope),
        name: cap.scope.name(),
        window: CapWindow::of(cap.window),
        on_hit: CapOnHit::of(cap.on_hit),
        limit: Money { micros: cap.limit.micros(), text: cap.limit.exact() },
        written: cap.limit.decimal(),
        raised: None,
        used: None,
        held: Money::row(MicroUsd::ZERO),
        left: Money { micros: cap.limit.micros(), text: cap.limit.exact() },
        used_bp: 0,
        held_bp: 0,
        since_ms: None,
        resets_ms: None,
        alerts: marks(cap, &[]),
        line: u32::try_from(cap.line).unwrap_or(u32::MAX),
        refused: 0,
        raise: Some(offer).filter(|_| raise && cap.limit > MicroUsd::ZERO),
    }
}

fn marks(cap: &Cap, reached: &[u8]) -> Vec<AlertMark> {
    cap.alerts.iter().map(|percent| AlertMark { percent: *percent, passed: reached.contains(percent) }).collect()
}

/// Calls that were refused since the window began and whose reason begins with this cap's title.
fn refused(connection: &Connection, cap: &Cap, account: &str, since: Timestamp) -> Result<u32, LedgerError> {
    // Without its capital, which the sentence of a denial has.
    let title: String = format!("{} has no room", cap.title(account)).chars().skip(1).collect();
    let mut query = connection.prepare_cached(
        "SELECT count(*) FROM request WHERE started_ms >= ?1 AND code IN (?2, ?3) AND instr(reason, ?4) BETWEEN 1 AND 2",
    )?;
    let (exceeded, asks) = (Code::CapExceeded.as_str(), Code::NeedsApproval.as_str());
    Ok(query.query_row(params![since.as_millisecond(), exceeded, asks, title], |row| row.get(0))?)
}
