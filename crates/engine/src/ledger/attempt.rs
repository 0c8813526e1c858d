//! Attempts: one row for each HTTP call to a provider, with the price it was made at. Written before
//! bytes leave; a row without an end is one that may have been sent.

use std::time::Duration;

use jiff::Timestamp;
use pointsman_core::budget::Counted;
use pointsman_core::failure::FailureKind;
use pointsman_core::id::{ModelId, RequestId};
use pointsman_core::money::{MicroUsd, Price};
use pointsman_core::reservation::Charge;
use rusqlite::{Connection, Transaction, params};

use super::LedgerError;

pub(super) const SQL: &str = "CREATE TABLE IF NOT EXISTS attempt (
    id INTEGER PRIMARY KEY,
    request_id TEXT NOT NULL REFERENCES request (id),
    nth INTEGER NOT NULL,
    provider TEXT NOT NULL,
    model TEXT NOT NULL,
    price_input_micro INTEGER NOT NULL,
    price_output_micro INTEGER NOT NULL,
    price_cached_micro INTEGER,
    price_write_micro INTEGER,
    worst_micro INTEGER NOT NULL,
    sent_ms INTEGER NOT NULL,
    made_ms INTEGER NOT NULL,
    ended_ms INTEGER,
    failure TEXT,
    status INTEGER,
    input INTEGER,
    cached_input INTEGER,
    cache_write INTEGER,
    output INTEGER,
    reasoning INTEGER,
    charge TEXT CHECK (charge IN ('measured', 'assumed', 'none')),
    charge_micro INTEGER NOT NULL DEFAULT 0,
    over_hold INTEGER NOT NULL DEFAULT 0,
    UNIQUE (request_id, nth)
) STRICT;
CREATE INDEX IF NOT EXISTS attempt_made ON attempt (made_ms);";

/// What more may be counted and charged for, where a price came from, what the provider itself reported
/// as its cost, and the milliseconds to the first token, which strategies ask for by model.
pub(super) const SQL_2: &str = "ALTER TABLE attempt ADD COLUMN cache_write_1h INTEGER;
ALTER TABLE attempt ADD COLUMN image INTEGER;
ALTER TABLE attempt ADD COLUMN price_write_1h_micro INTEGER;
ALTER TABLE attempt ADD COLUMN price_reasoning_micro INTEGER;
ALTER TABLE attempt ADD COLUMN price_request_micro INTEGER;
ALTER TABLE attempt ADD COLUMN price_steps TEXT;
ALTER TABLE attempt ADD COLUMN price_source TEXT;
ALTER TABLE attempt ADD COLUMN reported_micro INTEGER;
ALTER TABLE attempt ADD COLUMN first_ms INTEGER;
CREATE INDEX attempt_model ON attempt (provider, model, made_ms);";

/// What is known before bytes leave.
#[derive(Clone, Debug)]
pub(crate) struct Start {
    pub(crate) nth: u32,
    /// The model, and whose the attempt is.
    pub(crate) counted: Counted,
    pub(crate) price: Price,
    /// Who says so, in words.
    pub(crate) price_source: String,
    pub(crate) worst: MicroUsd,
    pub(crate) at: Timestamp,
}

/// How it ended.
#[derive(Clone, Debug)]
pub(crate) struct End {
    pub(crate) nth: u32,
    pub(crate) charge: Charge,
    pub(crate) failure: Option<FailureKind>,
    pub(crate) status: Option<u16>,
    /// From the bytes leaving to the first word of an answer that became whole.
    pub(crate) first: Option<Duration>,
    /// What went wrong in a sentence, without secrets.
    pub(crate) words: Option<String>,
    /// What the provider asked to wait.
    pub(crate) retry_after: Option<Duration>,
    pub(crate) at: Timestamp,
}

/// Records that an attempt is about to be sent.
pub(crate) fn begin(tx: &Transaction<'_>, request: &RequestId, made_ms: i64, start: &Start) -> Result<(), LedgerError> {
    tx.prepare_cached(
        "INSERT INTO attempt (request_id, nth, provider, model, price_input_micro, price_output_micro, price_cached_micro,
            price_write_micro, worst_micro, sent_ms, made_ms, price_write_1h_micro, price_reasoning_micro, price_request_micro,
            price_steps, price_source) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)",
    )?
    .execute(params![
        request.as_str(),
        start.nth,
        start.counted.model.provider.as_str(),
        start.counted.model.model.as_str(),
        start.price.base.input.micros(),
        start.price.base.output.micros(),
        start.price.base.cached_input.map(MicroUsd::micros),
        start.price.base.cache_write.map(MicroUsd::micros),
        start.worst.micros(),
        start.at.as_millisecond(),
        made_ms,
        start.price.base.cache_write_1h.map(MicroUsd::micros),
        start.price.base.reasoning.map(MicroUsd::micros),
        Some(start.price.request.micros()).filter(|micros| *micros != 0),
        steps(&start.price),
        start.price_source,
    ])?;
    Ok(())
}

/// The steps of a price as JSON, where it has any.
fn steps(price: &Price) -> Option<String> {
    if price.steps.is_empty() { None } else { serde_json::to_string(&price.steps).ok() }
}

/// Records how an attempt ended. `false` where it had been ended by someone else (I5).
pub(crate) fn end(tx: &Transaction<'_>, request: &RequestId, end: &End) -> Result<bool, LedgerError> {
    let usage = match end.charge {
        Charge::Measured(usage, _) => Some(usage),
        Charge::Assumed(_) | Charge::None => None,
    };
    let count = |pick: fn(&pointsman_core::money::Usage) -> u64| {
        usage.as_ref().map(|u| i64::try_from(pick(u)).unwrap_or(i64::MAX))
    };
    let changed = tx
        .prepare_cached(
            "UPDATE attempt SET ended_ms = ?3, failure = ?4, status = ?5, input = ?6, cached_input = ?7, cache_write = ?8,
                output = ?9, reasoning = ?10, charge = ?11, charge_micro = ?12, over_hold = (?12 > worst_micro), cache_write_1h = ?13,
                reported_micro = ?14, first_ms = ?15, image = ?16,
                words = ?17, retry_after_ms = ?18
             WHERE request_id = ?1 AND nth = ?2 AND ended_ms IS NULL",
        )?
        .execute(params![
            request.as_str(),
            end.nth,
            end.at.as_millisecond(),
            end.failure.map(|kind| kind.code().as_str()),
            end.status,
            count(|u| u.input),
            count(|u| u.cached_input),
            count(|u| u.cache_write),
            count(|u| u.output),
            count(|u| u.reasoning),
            end.charge.as_str(),
            end.charge.amount().micros(),
            count(|u| u.cache_write_1h),
            usage.and_then(|u| u.cost).map(MicroUsd::micros),
            end.first.map(millis),
            count(|u| u.image),
            end.words,
            end.retry_after.map(millis),
        ])?;
    Ok(changed == 1)
}

fn millis(span: Duration) -> i64 {
    i64::try_from(span.as_millis()).unwrap_or(i64::MAX)
}

/// Provider, model and charge of an attempt that has ended.
pub(crate) fn charged(
    tx: &Transaction<'_>,
    request: &RequestId,
    nth: u32,
) -> Result<(String, String, MicroUsd), LedgerError> {
    let mut query =
        tx.prepare_cached("SELECT provider, model, charge_micro FROM attempt WHERE request_id = ?1 AND nth = ?2")?;
    Ok(query.query_row(params![request.as_str(), nth], |row| {
        Ok((row.get(0)?, row.get(1)?, MicroUsd::from_micros(row.get(2)?)))
    })?)
}

/// What each provider was charged since an instant, adjustments included.
pub(crate) fn charged_by_provider(
    connection: &Connection,
    since_ms: i64,
) -> Result<Vec<(String, MicroUsd)>, LedgerError> {
    let mut query = connection.prepare_cached(
        "SELECT provider, sum(amount) FROM (
            SELECT provider, charge_micro AS amount FROM attempt WHERE made_ms >= ?1
            UNION ALL SELECT provider, amount_micro FROM adjustment WHERE made_ms >= ?1
         ) GROUP BY provider",
    )?;
    let rows = query.query_map([since_ms], |row| Ok((row.get(0)?, MicroUsd::from_micros(row.get(1)?))))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// What a model was charged since an instant, adjustments included, and in how many attempts.
pub(crate) fn charged_for_model(
    connection: &Connection,
    model: &ModelId,
    since_ms: i64,
) -> Result<(MicroUsd, u32), LedgerError> {
    let mut query = connection.prepare_cached(
        "SELECT (SELECT coalesce(sum(charge_micro), 0) FROM attempt WHERE provider = ?1 AND model = ?2 AND made_ms >= ?3)
              + (SELECT coalesce(sum(amount_micro), 0) FROM adjustment WHERE provider = ?1 AND model = ?2 AND made_ms >= ?3),
                (SELECT count(*) FROM attempt WHERE provider = ?1 AND model = ?2 AND made_ms >= ?3)",
    )?;
    let of = params![model.provider.as_str(), model.model.as_str(), since_ms];
    Ok(query.query_row(of, |row| Ok((MicroUsd::from_micros(row.get(0)?), row.get(1)?)))?)
}
