//! How one's own calls of models went: how soon they began to answer, which `strategy: fastest` goes by, whether they
//! are worse than usual, which moves a model behind its fallbacks, and how fast they are, which the Models page shows.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use pointsman_core::id::ModelId;
use pointsman_core::plan::slump::{self, Calls, Slump};
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

/// Models whose recent calls are worse than usual. One look at 10 rows for each model; at 500 more only
/// where those are suspicious.
pub(crate) fn slumps(
    connection: &Connection,
    models: &[ModelId],
    now: Timestamp,
) -> Result<BTreeMap<ModelId, Slump>, LedgerError> {
    let now = now.as_millisecond();
    let recent_since = now.saturating_sub(i64::try_from(slump::RECENT.as_millis()).unwrap_or(i64::MAX));
    let mut slumps = BTreeMap::new();
    for model in models {
        let (recent, oldest) = calls(connection, model, (recent_since, i64::MAX), slump::RECENT_CALLS)?;
        if slump::suspicious(&recent) {
            let (before, _) = calls(connection, model, (now.saturating_sub(SPAN_MS), oldest), slump::USUAL_CALLS)?;
            slumps.extend(slump::slump(&recent, &before).map(|slump| (model.clone(), slump)));
        }
    }
    Ok(slumps)
}

/// The newest calls of a model from one instant on and before another that say something of it, and when the
/// oldest of them was made. Those that were given up, or failed for a reason of their own, say nothing.
fn calls(
    connection: &Connection,
    model: &ModelId,
    (since, before): (i64, i64),
    most: u32,
) -> Result<(Calls, i64), LedgerError> {
    let mut query = connection.prepare_cached(
        "SELECT made_ms, failure, first_ms FROM attempt
         WHERE provider = ?1 AND model = ?2 AND made_ms >= ?3 AND made_ms < ?4
           AND (first_ms IS NOT NULL OR failure NOT IN ('invalid_request', 'context_too_long', 'content_filter'))
         ORDER BY made_ms DESC LIMIT ?5",
    )?;
    let mut found = (Calls::default(), before);
    let mut rows = query.query(params![model.provider.as_str(), model.model.as_str(), since, before, most])?;
    while let Some(row) = rows.next()? {
        found.1 = row.get(0)?;
        match (row.get::<_, Option<String>>(1)?, row.get::<_, Option<i64>>(2)?) {
            (None, Some(first)) => {
                found.0.first_tokens.push(Duration::from_millis(u64::try_from(first).unwrap_or_default()));
            }
            (Some(_), _) => found.0.failed += 1,
            (None, None) => {}
        }
    }
    Ok(found)
}

/// How far back the Models page looks: 30 days.
const SHOWN_MS: i64 = 30 * 86_400_000;
/// The most attempts it looks at, newest first.
const LOOKED_AT: i64 = 20_000;

/// How a model answered one's own calls, by the median of those that were answered whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Speed {
    /// To the first token, in ms.
    pub(crate) first_ms: u32,
    /// Output tokens in a second after the first one; `None` where no call had enough of them to tell.
    pub(crate) tokens_per_s: Option<u32>,
    /// From how many calls.
    pub(crate) calls: u32,
}

/// An answer shorter than this says nothing of tokens in a second.
const LONG_ENOUGH: i64 = 20;

/// The speeds of the last 30 days by `provider/model`.
pub(crate) fn measured(connection: &Connection, now: Timestamp) -> Result<BTreeMap<String, Speed>, LedgerError> {
    let mut query = connection.prepare_cached(
        "SELECT provider || '/' || model, first_ms, output, ended_ms - sent_ms - first_ms FROM attempt
         WHERE made_ms >= ?1 AND first_ms IS NOT NULL AND failure IS NULL ORDER BY made_ms DESC LIMIT ?2",
    )?;
    let mut seen: BTreeMap<String, (Vec<i64>, Vec<i64>)> = BTreeMap::new();
    let mut rows = query.query(params![now.as_millisecond().saturating_sub(SHOWN_MS), LOOKED_AT])?;
    while let Some(row) = rows.next()? {
        let (first, rates) = seen.entry(row.get(0)?).or_default();
        first.push(row.get(1)?);
        if let (Some(output), Some(rest)) = (row.get::<_, Option<i64>>(2)?, row.get::<_, Option<i64>>(3)?)
            && output >= LONG_ENOUGH
            && rest > 0
        {
            rates.push(output.saturating_mul(1_000) / rest);
        }
    }
    let speeds = seen.into_iter().filter_map(|(model, (first, rates))| {
        let calls = u32::try_from(first.len()).unwrap_or(u32::MAX);
        Some((model, Speed { first_ms: median(first)?, tokens_per_s: median(rates), calls }))
    });
    Ok(speeds.collect())
}

/// The middle one; of an even number the lower of both.
fn median(mut numbers: Vec<i64>) -> Option<u32> {
    numbers.sort_unstable();
    let middle = numbers.get(numbers.len().checked_sub(1)? / 2)?;
    Some(u32::try_from(*middle).unwrap_or_default())
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

    #[tokio::test]
    async fn speed_is_the_median_of_whole_answers_and_short_ones_tell_no_rate() {
        let (_folder, ledger) = super::super::tests::fresh();
        let now = Timestamp::now();
        let speeds = ledger
            .write(move |tx| {
                tx.execute_batch("PRAGMA defer_foreign_keys = ON")?;
                // First token, output, how long it took in all, failure.
                let rows = [
                    ("m", 400, 100, 1_400, None),
                    ("m", 200, 300, 1_200, None),
                    ("m", 900, 10, 1_000, None),
                    ("m", 100, 900, 1_100, Some("timeout")),
                    ("short", 50, 3, 60, None),
                ];
                for (nth, (model, first, output, took, failure)) in rows.into_iter().enumerate() {
                    let nth = i64::try_from(nth).unwrap();
                    tx.execute(
                        "INSERT INTO attempt (request_id, nth, provider, model, price_input_micro, price_output_micro,
                            worst_micro, sent_ms, made_ms, first_ms, output, ended_ms, failure)
                         VALUES (?1, ?2, 'a', ?1, 0, 0, 0, ?3, ?3, ?4, ?5, ?3 + ?6, ?7)",
                        params![model, nth, now.as_millisecond() - 5_000, first, output, took, failure],
                    )?;
                }
                let speeds = measured(tx, now)?;
                tx.execute_batch("DELETE FROM attempt")?;
                Ok(speeds)
            })
            .await
            .unwrap();
        let of = |model: &str| speeds[&format!("a/{model}")];
        assert_eq!(of("m"), Speed { first_ms: 400, tokens_per_s: Some(100), calls: 3 });
        assert_eq!(of("short"), Speed { first_ms: 50, tokens_per_s: None, calls: 1 });
    }
}
