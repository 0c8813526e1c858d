//! The same tokens at another model: what the recorded usage of a period would have cost at its price. A
//! comparison and no fact: another model would have counted and answered otherwise.

use jiff::Timestamp;
use pointsman_core::code::{Code, Denial};
use pointsman_core::id::ModelId;
use pointsman_core::money::{MicroUsd, Price, Usage};
use rusqlite::{Connection, params};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::period::Days;
use super::{Money, SpendPeriod};
use crate::Gateway;
use crate::ledger::{LedgerError, setting};

/// What the tokens of a period would have cost at one model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Comparison {
    /// Whose price.
    pub model: String,
    /// Where that price comes from.
    pub price_source: String,
    /// What those tokens would have cost.
    pub would: Money,
    /// What the same calls were charged.
    pub was: Money,
    /// The difference, without a sign.
    pub difference: Money,
    /// Whether they would have cost more.
    pub dearer: bool,
    /// Calls whose tokens are known.
    pub counted: u32,
    /// Calls that are left out because nobody counted their tokens.
    pub uncounted: u32,
    /// How it is made.
    pub method: String,
}

impl Gateway {
    /// What the recorded tokens of a period would have cost at a model.
    ///
    /// # Errors
    /// Where the period is none, the model has no price, or nothing rules.
    pub async fn spend_compared(&self, period: SpendPeriod, model: &str) -> Result<Comparison, Denial> {
        self.spend_compared_at(period, model, Timestamp::now()).await
    }

    /// The same as it is at an instant.
    ///
    /// # Errors
    /// As [`Gateway::spend_compared`].
    pub async fn spend_compared_at(
        &self,
        period: SpendPeriod,
        model: &str,
        now: Timestamp,
    ) -> Result<Comparison, Denial> {
        let inner = self.inner();
        let active = inner.policy.snapshot(inner).await?;
        let id = ModelId::parse(model).map_err(|_| {
            Denial::new(Code::UnknownModel, format!("{model:?} is no model. Write it as provider/model."))
        })?;
        let Some(priced) = active.policy.priced(&id) else {
            let why = format!("Nobody says what {id} costs. Write its price under models in routing.yaml.");
            return Err(Denial::new(Code::Unpriced, why));
        };
        let zone = inner.ledger.read(setting::zone).await?;
        let days = period.days(now, &zone)?;
        let price = priced.price;
        let sums = inner.ledger.read(move |c| sums(c, &days, &price)).await?;
        let (would, was) = (sums.would, sums.was);
        let difference = MicroUsd::from_micros(would.minus(was).micros().saturating_abs());
        Ok(Comparison {
            model: id.to_string(),
            price_source: priced.source.to_string(),
            would: Money::total(would),
            was: Money::total(was),
            difference: Money::total(difference),
            dearer: would > was,
            counted: sums.counted,
            uncounted: sums.uncounted,
            method: "Each call's recorded tokens at that model's price. Another model counts tokens a little \
                     differently and answers at another length, so this is a comparison and not what it would have been."
                .to_owned(),
        })
    }
}

#[derive(Default)]
struct Sums {
    would: MicroUsd,
    was: MicroUsd,
    counted: u32,
    uncounted: u32,
}

/// Calls that were measured, each with what it was charged in all; those whose charge is assumed are only
/// counted. A call that came to nothing and was free is no call here.
fn sums(connection: &Connection, days: &Days, price: &Price) -> Result<Sums, LedgerError> {
    let mut query = connection.prepare_cached(
        "SELECT t.charge, t.input, t.cached_input, t.cache_write, t.output, t.reasoning, t.cache_write_1h, t.image,
                t.charge_micro + coalesce((SELECT sum(j.amount_micro) FROM adjustment j
                    WHERE j.request_id = t.request_id AND j.nth = t.nth), 0)
         FROM attempt t WHERE t.made_ms >= ?1 AND t.made_ms < ?2 AND t.charge IN ('measured', 'assumed')",
    )?;
    let mut rows = query.query(params![days.begin_ms, days.end_ms])?;
    let mut sums = Sums::default();
    while let Some(row) = rows.next()? {
        if row.get::<_, String>(0)? == "assumed" {
            sums.uncounted += 1;
            continue;
        }
        let count = |at| row.get::<_, Option<i64>>(at).map(|count| count.unwrap_or(0).unsigned_abs());
        let usage = Usage {
            input: count(1)?,
            cached_input: count(2)?,
            cache_write: count(3)?,
            output: count(4)?,
            reasoning: count(5)?,
            cache_write_1h: count(6)?,
            image: count(7)?,
            // What another provider said of its own price says nothing here.
            cost: None,
        };
        sums.would = sums.would.plus(price.cost(&usage));
        sums.was = sums.was.plus(MicroUsd::from_micros(row.get(8)?));
        sums.counted += 1;
    }
    Ok(sums)
}
