//! Caps as they are reported: what each is, and what is left of it.

use jiff::Timestamp;
use pointsman_core::budget::{Balance, Cap, Raise, Scope, Span, raised};
use pointsman_core::code::Denial;
use pointsman_core::money::MicroUsd;
use rusqlite::Connection;
use serde::{Deserialize, Serialize};

use crate::ledger::standing::{Standing, standings};
use crate::ledger::{LedgerError, exception};
use crate::reply::usd;
use crate::{Inner, caps};

/// One cap, or one account of a cap on each.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CapLine {
    /// Whose spend: `all`, `openai`, `client cursor`, `each model`.
    pub scope: String,
    /// `call`, `flow`, `hour`, `day`, `week`, `month`, `total`.
    pub window: String,
    /// What happens at it: `block`, `warn`, `local_only`, `ask`.
    pub on_hit: String,
    /// The limit in USD, with what it was raised by once.
    pub limit_usd: serde_json::Number,
    /// Of that, raised once for this window, in USD; absent where it was not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub raised_usd: Option<serde_json::Number>,
    /// Charged in the window in USD; absent for `call` and `flow`.
    pub used_usd: Option<serde_json::Number>,
    /// Held in the window in USD.
    pub held_usd: Option<serde_json::Number>,
    /// Limit − used − held in USD.
    pub left_usd: Option<serde_json::Number>,
}

impl CapLine {
    /// The cap and what is left of it in one line, without a full stop.
    pub fn line(&self) -> String {
        let per = match self.window.as_str() {
            "total" => "in total".to_owned(),
            "hour" => "an hour".to_owned(),
            other => format!("a {other}"),
        };
        let does = if self.on_hit == "block" { String::new() } else { format!(", {}", self.on_hit) };
        let raised = self.raised_usd.as_ref().map_or_else(String::new, |more| format!(", ${more} of it once"));
        let left = match (&self.left_usd, &self.used_usd) {
            (Some(left), Some(used)) => format!(": ${left} left, ${used} used"),
            (Some(left), None) => format!(": ${left} left"),
            (None, _) => String::new(),
        };
        format!("Cap ${} {per} ({}{does}{raised}){left}", self.limit_usd, self.scope)
    }
}

/// What the person let caps have once.
pub(crate) async fn raises(inner: &Inner) -> Result<Vec<Raise>, Denial> {
    let now = Timestamp::now().as_millisecond();
    let rows = inner.ledger.read(move |c| exception::current(c, now)).await?;
    Ok(caps::signed(inner, rows).await)
}

pub(super) fn cap_lines(
    connection: &Connection,
    caps: &[Cap],
    raises: &[Raise],
    now: Timestamp,
) -> Result<Vec<CapLine>, LedgerError> {
    let mut lines = Vec::new();
    for cap in caps {
        let standings = standings(connection, cap, now)?;
        if standings.is_empty() {
            lines.push(cap_line(cap, format!("each {}", kind(cap)), None, raises));
        }
        for Standing { account, at } in standings {
            lines.push(cap_line(cap, whose(cap, &account), at.as_ref().map(|at| (account.as_str(), at)), raises));
        }
    }
    Ok(lines)
}

fn cap_line(cap: &Cap, scope: String, at: Option<(&str, &(Span, Balance))>, raises: &[Raise]) -> CapLine {
    let limit = at.map_or(cap.limit, |(account, (span, _))| raised(cap, account, &span.key, raises));
    let more = limit.minus(cap.limit);
    let balance = at.map(|(_, (_, balance))| balance);
    CapLine {
        scope,
        window: cap.window.as_str().to_owned(),
        on_hit: cap.on_hit.as_str().to_owned(),
        limit_usd: usd(limit),
        raised_usd: (more > MicroUsd::ZERO).then(|| usd(more)),
        used_usd: balance.map(|balance| usd(balance.charged)),
        held_usd: balance.map(|balance| usd(balance.held)),
        left_usd: balance.map(|balance| usd(balance.left(limit))),
    }
}

/// What a cap on each is on each of.
const fn kind(cap: &Cap) -> &'static str {
    match &cap.scope {
        Scope::All => "call",
        Scope::Provider(_) => "provider",
        Scope::Model(_) => "model",
        Scope::Client(_) => "client",
        Scope::Class(_) => "task class",
        Scope::Project(_) => "project",
    }
}

fn whose(cap: &Cap, account: &str) -> String {
    match (&cap.scope, account) {
        (Scope::All, _) => "all".to_owned(),
        (Scope::Provider(_) | Scope::Model(_), name) => name.to_owned(),
        (Scope::Client(_) | Scope::Class(_) | Scope::Project(_), "") => format!("no {}", kind(cap)),
        (Scope::Client(_) | Scope::Class(_) | Scope::Project(_), name) => format!("{} {name}", kind(cap)),
    }
}
