//! The attempts and adjustments of one request, as the ledger has them.

use pointsman_core::money::MicroUsd;
use rusqlite::{Connection, Row};

use super::{PriceLine, TokenCounts};
use crate::ledger::LedgerError;
use crate::view::Money;

/// One attempt.
pub(super) struct Attempt {
    pub(super) nth: u32,
    /// `provider/model`.
    pub(super) model: String,
    pub(super) sent_ms: i64,
    pub(super) ended_ms: Option<i64>,
    pub(super) first_ms: Option<i64>,
    /// The code of the failure.
    pub(super) failure: Option<String>,
    pub(super) status: Option<u16>,
    pub(super) words: Option<String>,
    pub(super) retry_after_ms: Option<i64>,
    charge: Option<String>,
    pub(super) amount: MicroUsd,
    worst: MicroUsd,
    is_over_hold: bool,
    price: (MicroUsd, MicroUsd, String),
    is_reported: bool,
    tokens: Option<TokenCounts>,
}

impl Attempt {
    pub(super) fn assumed(&self) -> Option<MicroUsd> {
        Some(self.amount).filter(|_| self.charge.as_deref() == Some("assumed"))
    }

    pub(super) fn over_hold(&self) -> Option<MicroUsd> {
        self.is_over_hold.then(|| self.amount.minus(self.worst))
    }

    pub(super) fn price(&self) -> PriceLine {
        let (input, output, source) = &self.price;
        PriceLine {
            input: Money::row(*input),
            output: Money::row(*output),
            source: source.clone(),
            reported: self.is_reported,
        }
    }
}

/// In their order.
pub(super) fn of(connection: &Connection, id: &str) -> Result<Vec<Attempt>, LedgerError> {
    let mut query = connection.prepare_cached(
        "SELECT nth, provider || '/' || model, sent_ms, ended_ms, first_ms, failure, status, words, retry_after_ms, charge,
            charge_micro, worst_micro, over_hold, price_input_micro, price_output_micro, coalesce(price_source, ''),
            reported_micro IS NOT NULL, input, cached_input, coalesce(cache_write, 0), image, output, reasoning
         FROM attempt WHERE request_id = ?1 ORDER BY nth",
    )?;
    let rows = query.query_map([id], |row| {
        Ok(Attempt {
            nth: row.get(0)?,
            model: row.get(1)?,
            sent_ms: row.get(2)?,
            ended_ms: row.get(3)?,
            first_ms: row.get(4)?,
            failure: row.get(5)?,
            status: row.get(6)?,
            words: row.get(7)?,
            retry_after_ms: row.get(8)?,
            charge: row.get(9)?,
            amount: MicroUsd::from_micros(row.get(10)?),
            worst: MicroUsd::from_micros(row.get(11)?),
            is_over_hold: row.get(12)?,
            price: (MicroUsd::from_micros(row.get(13)?), MicroUsd::from_micros(row.get(14)?), row.get(15)?),
            is_reported: row.get(16)?,
            tokens: counted(row)?,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// `None` where the provider counted nothing.
fn counted(row: &Row<'_>) -> Result<Option<TokenCounts>, rusqlite::Error> {
    let count = |at| row.get::<_, Option<i64>>(at).map(|count| count.unwrap_or(0).unsigned_abs());
    if row.get::<_, Option<i64>>(17)?.is_none() {
        return Ok(None);
    }
    Ok(Some(TokenCounts {
        input: count(17)?,
        cached: count(18)?,
        cache_write: count(19)?,
        image: count(20)?,
        output: count(21)?,
        reasoning: count(22)?,
    }))
}

/// What all attempts came to.
pub(super) fn tokens(attempts: &[Attempt]) -> Option<TokenCounts> {
    let add = |a: TokenCounts, b: TokenCounts| TokenCounts {
        input: a.input.saturating_add(b.input),
        cached: a.cached.saturating_add(b.cached),
        cache_write: a.cache_write.saturating_add(b.cache_write),
        image: a.image.saturating_add(b.image),
        output: a.output.saturating_add(b.output),
        reasoning: a.reasoning.saturating_add(b.reasoning),
    };
    attempts.iter().filter_map(|attempt| attempt.tokens).reduce(add)
}

/// One correction.
pub(super) struct Adjustment {
    pub(super) nth: Option<u32>,
    pub(super) amount: MicroUsd,
    pub(super) reason: String,
    pub(super) at_ms: i64,
}

/// In their order.
pub(super) fn adjustments(connection: &Connection, id: &str) -> Result<Vec<Adjustment>, LedgerError> {
    let mut query = connection
        .prepare_cached("SELECT nth, amount_micro, reason, at_ms FROM adjustment WHERE request_id = ?1 ORDER BY id")?;
    let rows = query.query_map([id], |row| {
        let amount = MicroUsd::from_micros(row.get(1)?);
        Ok(Adjustment { nth: row.get(0)?, amount, reason: row.get(2)?, at_ms: row.get(3)? })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}
