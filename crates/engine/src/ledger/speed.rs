//! How soon models began to answer one's own calls: what `strategy: fastest` goes by.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use pointsman_core::id::ModelId;
use rusqlite::{Connection, params};

use super::LedgerError;

/// How far back is looked: 7 days.
const SPAN_MS: i64 = 7 * 86_400_000;
/// Fewer calls than this say nothing: product.md §9.1.
const ENOUGH: usize = 5;

/// The median time to the first token of each model, over the last 7 days, where it was called at least
/// 5 times. Of an even number the lower of the two in the middle.
pub(crate) fn first_tokens(
    connection: &Connection,
    models: &[ModelId],
    now: Timestamp,
) -> Result<BTreeMap<ModelId, Duration>, LedgerError> {
    let mut medians = BTreeMap::new();
    let mut query = connection.prepare_cached(
        "SELECT first_ms FROM attempt
         WHERE provider = ?1 AND model = ?2 AND made_ms >= ?3 AND first_ms IS NOT NULL ORDER BY first_ms",
    )?;
    let since = now.as_millisecond().saturating_sub(SPAN_MS);
    for model in models {
        let of = params![model.provider.as_str(), model.model.as_str(), since];
        let times = query.query_map(of, |row| row.get::<_, i64>(0))?.collect::<Result<Vec<_>, _>>()?;
        if let Some(median) = times.get(times.len().saturating_sub(1) / 2).filter(|_| times.len() >= ENOUGH) {
            medians.insert(model.clone(), Duration::from_millis(u64::try_from(*median).unwrap_or_default()));
        }
    }
    Ok(medians)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(text: &str) -> ModelId {
        ModelId::parse(text).unwrap()
    }

    #[tokio::test]
    async fn the_median_is_of_at_least_five_calls_of_seven_days() {
        let (_folder, ledger) = super::super::tests::fresh();
        let now = Timestamp::now();
        let asked = [id("a/steady"), id("a/rare"), id("a/old")];
        let medians = ledger
            .write(move |tx| {
                tx.execute_batch("PRAGMA defer_foreign_keys = ON")?;
                let rows = [
                    ("steady", 0, [900, 100, 300, 500, 200].as_slice()),
                    ("rare", 0, &[1, 1, 1, 1]),
                    ("old", 8 * 86_400_000, &[1, 1, 1, 1, 1]),
                ];
                for (model, age, times) in rows {
                    for (nth, first) in times.iter().enumerate() {
                        let nth = i64::try_from(nth).unwrap();
                        tx.execute(
                            "INSERT INTO attempt (request_id, nth, provider, model, price_input_micro, price_output_micro,
                                worst_micro, sent_ms, made_ms, first_ms) VALUES (?1, ?2, 'a', ?1, 0, 0, 0, 0, ?3, ?4)",
                            params![model, nth, now.as_millisecond() - age, first],
                        )?;
                    }
                }
                let medians = first_tokens(tx, &asked, now)?;
                tx.execute_batch("DELETE FROM attempt")?;
                Ok(medians)
            })
            .await
            .unwrap();
        assert_eq!(medians, BTreeMap::from([(id("a/steady"), Duration::from_millis(300))]));
    }
}
