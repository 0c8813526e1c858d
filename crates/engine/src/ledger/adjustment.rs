//! Corrections of closed rows (I5): the difference, posted in the window of the original call.

use jiff::Timestamp;
use pointsman_core::id::ModelId;
use pointsman_core::money::{MicroUsd, Price, Usage};
use rusqlite::{Connection, Row, Transaction, params};

use super::account::{self, Delta};
use super::change::{self, Topic};
use super::counts::Names;
use super::{LedgerError, request};

pub(super) const SQL: &str = "CREATE TABLE IF NOT EXISTS adjustment (
    id INTEGER PRIMARY KEY,
    request_id TEXT NOT NULL REFERENCES request (id),
    provider TEXT NOT NULL,
    amount_micro INTEGER NOT NULL,
    reason TEXT NOT NULL,
    at_ms INTEGER NOT NULL,
    made_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS adjustment_made ON adjustment (made_ms);";

/// Which attempt was corrected. Before, only an attempt whose lease had lapsed could be: the last one at
/// that provider.
pub(super) const SQL_2: &str = "ALTER TABLE adjustment ADD COLUMN nth INTEGER;
ALTER TABLE adjustment ADD COLUMN model TEXT NOT NULL DEFAULT '';
UPDATE adjustment SET nth = (SELECT max(t.nth) FROM attempt t
    WHERE t.request_id = adjustment.request_id AND t.provider = adjustment.provider);
UPDATE adjustment SET model = coalesce((SELECT t.model FROM attempt t
    WHERE t.request_id = adjustment.request_id AND t.nth = adjustment.nth), '');
CREATE INDEX adjustment_request ON adjustment (request_id);";

/// A difference to what an attempt was charged.
#[derive(Clone, Debug)]
pub(super) struct Difference<'a> {
    pub(super) request: &'a str,
    pub(super) nth: u32,
    pub(super) names: &'a Names,
    /// The model without its provider.
    pub(super) model: &'a str,
    pub(super) amount: MicroUsd,
    pub(super) reason: &'a str,
    pub(super) at: Timestamp,
    /// When the call is counted.
    pub(super) made_ms: i64,
}

/// Records a difference and posts it to the request and to every account that counts the attempt.
pub(super) fn post(tx: &Transaction<'_>, difference: &Difference<'_>) -> Result<(), LedgerError> {
    let Difference { request, nth, names, model, amount, reason, at, made_ms } = difference;
    tx.prepare_cached(
        "INSERT INTO adjustment (request_id, nth, provider, model, amount_micro, reason, at_ms, made_ms)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    )?
    .execute(params![
        request,
        nth,
        names.provider,
        model,
        amount.micros(),
        reason,
        at.as_millisecond(),
        made_ms
    ])?;
    request::charged(tx, request, *amount, false)?;
    account::post(tx, names, *made_ms, Delta { charged: *amount, ..Delta::default() })
}

/// The rows of one model that a person marked: those counted from an instant on, before another one.
#[derive(Clone, Debug)]
pub(crate) struct Marked {
    pub(crate) model: ModelId,
    pub(crate) from: Timestamp,
    pub(crate) before: Timestamp,
}

/// What a corrected price came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Repriced {
    /// Attempts that were charged something else, and now have an adjustment.
    pub corrected: u32,
    /// Attempts whose charge is right as it is.
    pub unchanged: u32,
    /// Attempts nobody counted: their charge is the worst case at the old price and stays.
    pub uncounted: u32,
    /// The sum of the adjustments.
    pub amount: MicroUsd,
}

/// Reckons the marked attempts anew at another price and posts the differences (product.md acceptance 11).
/// The attempts themselves stay as they are (I5). Doing it twice changes nothing more. What the provider
/// itself said a call cost does not depend on the price and stays.
pub(crate) fn reprice(
    tx: &Transaction<'_>,
    marked: &Marked,
    price: &Price,
    at: Timestamp,
) -> Result<Repriced, LedgerError> {
    let (wrong, done) = reckoned(tx, marked, price)?;
    for Wrong { request, nth, names, made_ms, amount } in &wrong {
        let (model, reason) = (marked.model.model.as_str(), "the price was corrected");
        post(tx, &Difference { request, nth: *nth, names, model, amount: *amount, reason, at, made_ms: *made_ms })?;
    }
    if done.corrected > 0 {
        change::note(tx, Topic::Money)?;
    }
    Ok(done)
}

/// What [`reprice`] would come to, without posting it.
pub(crate) fn reprice_trial(connection: &Connection, marked: &Marked, price: &Price) -> Result<Repriced, LedgerError> {
    Ok(reckoned(connection, marked, price)?.1)
}

/// An attempt that would cost something else.
struct Wrong {
    request: String,
    nth: u32,
    names: Names,
    made_ms: i64,
    amount: MicroUsd,
}

fn reckoned(connection: &Connection, marked: &Marked, price: &Price) -> Result<(Vec<Wrong>, Repriced), LedgerError> {
    let mut query = connection.prepare(
        "SELECT t.request_id, t.nth, t.made_ms, t.charge, t.input, t.cached_input, t.cache_write, t.output, t.reasoning,
                t.charge_micro + coalesce((SELECT sum(j.amount_micro) FROM adjustment j
                    WHERE j.request_id = t.request_id AND j.nth = t.nth), 0), q.client, q.class, q.project, t.cache_write_1h,
                t.image
         FROM attempt t JOIN request q ON q.id = t.request_id
         WHERE t.provider = ?1 AND t.model = ?2 AND t.made_ms >= ?3 AND t.made_ms < ?4 AND t.ended_ms IS NOT NULL
           AND t.reported_micro IS NULL
         ORDER BY t.id",
    )?;
    let ModelId { provider, model } = &marked.model;
    let (from, before) = (marked.from.as_millisecond(), marked.before.as_millisecond());
    let mut rows = query.query(params![provider.as_str(), model.as_str(), from, before])?;
    let (mut wrong, mut done) = (Vec::new(), Repriced::default());
    while let Some(row) = rows.next()? {
        match row.get::<_, Option<String>>(3)?.as_deref() {
            Some("measured") => {}
            Some("assumed") => {
                done.uncounted += 1;
                continue;
            }
            _ => continue,
        }
        let amount = price.cost(&usage(row)?).minus(MicroUsd::from_micros(row.get(9)?));
        if amount == MicroUsd::ZERO {
            done.unchanged += 1;
            continue;
        }
        let names = Names {
            provider: provider.to_string(),
            model: marked.model.to_string(),
            client: row.get(10)?,
            class: row.get(11)?,
            project: row.get(12)?,
        };
        wrong.push(Wrong { request: row.get(0)?, nth: row.get(1)?, names, made_ms: row.get(2)?, amount });
        done.corrected += 1;
        done.amount = done.amount.plus(amount);
    }
    Ok((wrong, done))
}

/// What was counted, from a row of [`reckoned`].
fn usage(row: &Row<'_>) -> Result<Usage, LedgerError> {
    let count = |at| row.get::<_, Option<i64>>(at).map(|count| count.unwrap_or(0).unsigned_abs());
    Ok(Usage {
        input: count(4)?,
        cached_input: count(5)?,
        cache_write: count(6)?,
        output: count(7)?,
        reasoning: count(8)?,
        cache_write_1h: count(13)?,
        image: count(14)?,
        // Where the provider said it the row is left aside.
        cost: None,
    })
}
