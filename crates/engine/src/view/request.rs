//! One request in depth: who asked, which way it was to go and why, each step of the way it went, and
//! what it cost. Everything is read from the ledger; what no row says (of a call that an older program
//! made, for instance) is left out and never guessed. Prompts and answers are not in the ledger.

use pointsman_core::code::{Code, Denial};
use pointsman_core::money::MicroUsd;
use rusqlite::{Connection, OptionalExtension, params};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::Money;
use super::activity::{self, RequestRow};
use crate::Gateway;
use crate::ledger::trace::{self, Checked, Trace};
use crate::ledger::{LedgerError, policy};

mod attempts;
mod steps;

pub use steps::{AttemptEnd, AttemptWhy, CapChecked, PlannedModel, RequestStep};

use attempts::Attempt;

/// One request with all that is known of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct RequestDetail {
    /// As in the list.
    pub row: RequestRow,
    /// `defaults.summarize`, or `model` where the caller named one; empty where none was found.
    pub rule: String,
    /// The tier of the model in the row; empty where none is known.
    pub tier: String,
    /// The version of routing.yaml that ruled.
    pub policy: Option<PolicyRuled>,
    /// What was held at first: the dearest attempt that may follow. `None` where nothing was.
    pub held_at_most: Option<Money>,
    /// The part of the cost that nobody counted.
    pub assumed: Option<Money>,
    /// What corrections came to, with their sign.
    pub adjusted: Option<Money>,
    /// By how much attempts cost more than was held for them.
    pub over_hold: Option<Money>,
    /// What the last attempt was charged by.
    pub price: Option<PriceLine>,
    /// What providers counted, of all attempts.
    pub tokens: Option<TokenCounts>,
    /// To the first word of the answer, in ms from when the answering attempt was sent.
    #[ts(type = "number | null")]
    pub first_ms: Option<i64>,
    /// The way it went, in order.
    pub steps: Vec<RequestStep>,
}

/// A version of routing.yaml.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct PolicyRuled {
    /// Its place among all activations, from 1.
    pub number: u32,
    /// Its hash.
    pub hash: String,
    /// Since when it ruled, in ms since 1970.
    #[ts(type = "number")]
    pub since_ms: i64,
}

/// A price for a million tokens, and who says so.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct PriceLine {
    /// Of tokens read.
    pub input: Money,
    /// Of tokens made.
    pub output: Money,
    /// `routing.yaml`, or the list with its date.
    pub source: String,
    /// The provider itself said what the call cost, and that was charged.
    pub reported: bool,
}

/// Tokens by kind. Cached and written ones are among those read, reasoning is among those made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct TokenCounts {
    /// Read.
    #[ts(type = "number")]
    pub input: u64,
    /// Of these from the provider's cache.
    #[ts(type = "number")]
    pub cached: u64,
    /// Of these written to it.
    #[ts(type = "number")]
    pub cache_write: u64,
    /// Of these for pictures.
    #[ts(type = "number")]
    pub image: u64,
    /// Made.
    #[ts(type = "number")]
    pub output: u64,
    /// Of these reasoning.
    #[ts(type = "number")]
    pub reasoning: u64,
}

impl Gateway {
    /// One request in depth.
    ///
    /// # Errors
    /// `not_found` where the ledger has no request of this id, and where it cannot be read.
    pub async fn request(&self, id: &str) -> Result<RequestDetail, Denial> {
        let id = id.to_owned();
        let found = self.inner().ledger.read(move |c| detail(c, &id)).await?;
        found.ok_or_else(|| Denial::new(Code::NotFound, "This request is not in the ledger."))
    }
}

/// What only the detail needs of a request's row.
struct Kept {
    hold: MicroUsd,
    trace: Option<Trace>,
    checked: Vec<Checked>,
    ended_ms: Option<i64>,
}

fn detail(connection: &Connection, id: &str) -> Result<Option<RequestDetail>, LedgerError> {
    let Some(row) = activity::one(connection, id)? else { return Ok(None) };
    let kept = kept(connection, id)?;
    let attempts = attempts::of(connection, id)?;
    let adjustments = attempts::adjustments(connection, id)?;
    let trace = kept.trace.clone().unwrap_or_default();
    let asked = format!("{}/{}", row.provider, row.model);
    let sum = |pick: fn(&Attempt) -> Option<MicroUsd>| {
        let amounts: Vec<_> = attempts.iter().filter_map(pick).collect();
        (!amounts.is_empty()).then(|| Money::row(amounts.into_iter().fold(MicroUsd::ZERO, MicroUsd::plus)))
    };
    let adjusted = adjustments.iter().fold(MicroUsd::ZERO, |sum, one| sum.plus(one.amount));
    let answering = attempts.iter().rev().find(|one| one.first_ms.is_some());
    Ok(Some(RequestDetail {
        rule: trace.rule.clone(),
        tier: trace.targets.iter().find(|way| way.model == asked).map(|way| way.tier.clone()).unwrap_or_default(),
        policy: ruled(connection, &trace.policy, row.at_ms)?,
        held_at_most: (!attempts.is_empty()).then(|| Money::row(kept.hold)),
        assumed: sum(Attempt::assumed),
        adjusted: (!adjustments.is_empty()).then(|| Money::row(adjusted)),
        over_hold: sum(Attempt::over_hold),
        price: attempts.last().map(Attempt::price),
        tokens: attempts::tokens(&attempts),
        first_ms: answering.and_then(|one| one.first_ms),
        steps: steps::of(&row, &kept, &attempts, &adjustments),
        row,
    }))
}

fn kept(connection: &Connection, id: &str) -> Result<Kept, LedgerError> {
    let mut query =
        connection.prepare_cached("SELECT hold_micro, trace, checked, ended_ms FROM request WHERE id = ?1")?;
    let read = |row: &rusqlite::Row<'_>| {
        Ok(Kept {
            hold: MicroUsd::from_micros(row.get(0)?),
            trace: trace::read(row.get::<_, Option<String>>(1)?.as_deref()),
            checked: trace::read(row.get::<_, Option<String>>(2)?.as_deref()).unwrap_or_default(),
            ended_ms: row.get(3)?,
        })
    };
    Ok(query.query_row([id], read)?)
}

/// The activation of that version that ruled when the call began.
fn ruled(connection: &Connection, hash: &str, at_ms: i64) -> Result<Option<PolicyRuled>, LedgerError> {
    let mut query = connection.prepare_cached(policy::RULED_AT)?;
    let read =
        |row: &rusqlite::Row<'_>| Ok(PolicyRuled { number: row.get(0)?, since_ms: row.get(1)?, hash: row.get(2)? });
    Ok(query.query_row(params![hash, at_ms], read).optional()?)
}
