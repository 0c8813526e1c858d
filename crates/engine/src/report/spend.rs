//! What was spent between two days, grouped. Agrees with the accounts: times are those of the
//! reservation, days are cut in the ledger's zone.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use jiff::civil::Date;
use pointsman_core::budget::{self, Window};
use pointsman_core::money::MicroUsd;
use rusqlite::{Connection, params};

use super::{GroupBy, ROWS, SpendReport, SpendRow, cap_lines};
use crate::ledger::reservation::Limits;
use crate::ledger::{LedgerError, setting};
use crate::reply::usd;

/// Attempts and adjustments with what they are grouped by. Times are those of the reservation, so
/// that a report agrees with the accounts.
pub(crate) const MOVEMENTS: &str = "SELECT t.request_id, t.provider, t.model, q.client, q.class, q.project, t.made_ms,
        coalesce(t.input, 0) AS input, coalesce(t.output, 0) AS output, t.charge_micro AS amount,
        iif(t.charge = 'assumed', t.charge_micro, 0) AS assumed
    FROM attempt t JOIN request q ON q.id = t.request_id
    UNION ALL SELECT j.request_id, j.provider, j.model, q.client, q.class, q.project, j.made_ms, 0, 0, j.amount_micro, 0
    FROM adjustment j JOIN request q ON q.id = j.request_id";

pub(super) fn spent(
    connection: &Connection,
    from: Option<Date>,
    to: Option<Date>,
    group_by: GroupBy,
    limits: &Limits,
    simulated: bool,
) -> Result<SpendReport, LedgerError> {
    let zone = setting::zone(connection)?;
    let now = Timestamp::now();
    let today = now.to_zoned(zone.clone()).date();
    let (from, to) = (from.unwrap_or_else(|| to.unwrap_or(today).first_of_month()), to.unwrap_or(today));
    let noon = |date: Date| date.at(12, 0, 0, 0).to_zoned(zone.clone()).map_or(now, |zoned| zoned.timestamp());
    let day = |date| budget::span(Window::Day, noon(date), &zone);
    let begin = day(from).map_or(0, |span| span.start.as_millisecond());
    let end = day(to).map_or(i64::MAX, |span| span.end.as_millisecond());

    // A day is cut in the ledger's zone; the offset of each instant is applied in Rust.
    let mut query = connection.prepare(&format!(
        "SELECT {}, made_ms, request_id, input, output, amount, assumed FROM ({MOVEMENTS}) WHERE made_ms >= ?1 AND made_ms < ?2",
        if group_by == GroupBy::Day { "''" } else { group_by.column() }
    ))?;
    let mut groups: BTreeMap<String, Group> = BTreeMap::new();
    let mut rows = query.query(params![begin, end])?;
    while let Some(row) = rows.next()? {
        let mut name: String = row.get(0)?;
        if group_by == GroupBy::Day {
            let at = Timestamp::from_millisecond(row.get(1)?).unwrap_or(now);
            name = at.to_zoned(zone.clone()).date().to_string();
        }
        let group = groups.entry(name).or_default();
        group.requests.insert(row.get::<_, String>(2)?);
        group.input += row.get::<_, i64>(3)?.unsigned_abs();
        group.output += row.get::<_, i64>(4)?.unsigned_abs();
        group.amount = group.amount.plus(MicroUsd::from_micros(row.get(5)?));
        group.assumed = group.assumed.plus(MicroUsd::from_micros(row.get(6)?));
    }
    let total = groups.values().fold(MicroUsd::ZERO, |sum, group| sum.plus(group.amount));
    let all: BTreeSet<_> = groups.values().flat_map(|group| group.requests.iter().cloned()).collect();
    let mut sorted: Vec<_> = groups.into_iter().collect();
    sorted.sort_by(|a, b| b.1.amount.cmp(&a.1.amount).then_with(|| a.0.cmp(&b.0)));
    let held: i64 = connection.query_row(
        "SELECT coalesce(sum(hold_micro), 0) FROM reservation WHERE state = 'open'",
        [],
        |row| row.get(0),
    )?;
    Ok(SpendReport {
        from: from.to_string(),
        to: to.to_string(),
        group_by,
        rows: sorted.into_iter().take(ROWS).map(|(name, group)| group.row(name)).collect(),
        total_usd: usd(total),
        held_usd: usd(MicroUsd::from_micros(held)),
        requests: all.len() as u64,
        caps: cap_lines(connection, &limits.caps, &limits.raises, now)?,
        simulated,
    })
}

#[derive(Default)]
struct Group {
    requests: BTreeSet<String>,
    input: u64,
    output: u64,
    amount: MicroUsd,
    assumed: MicroUsd,
}

impl Group {
    fn row(self, name: String) -> SpendRow {
        SpendRow {
            name: if name.is_empty() { "(none)".to_owned() } else { name },
            requests: self.requests.len() as u64,
            input_tokens: self.input,
            output_tokens: self.output,
            cost_usd: usd(self.amount),
            assumed_usd: usd(self.assumed),
        }
    }
}
