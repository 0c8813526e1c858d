//! The ledger as rows: one for each attempt, with what was held, what was charged and who said so. Filtered
//! and summed by one condition, so the sums are those of the rows.

use jiff::Timestamp;
use pointsman_core::code::{Code, Denial};
use pointsman_core::money::MicroUsd;
use rusqlite::types::Value;
use rusqlite::{Connection, Row, params_from_iter};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::period::Days;
use super::{Money, NamedChoice, SpendPeriod};
use crate::Gateway;
use crate::ledger::{LedgerError, setting};

/// Rows of one page.
pub(super) const PAGE: u32 = 200;

/// Which rows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(default)]
pub struct LedgerFilter {
    /// Of which days.
    pub period: SpendPeriod,
    /// A part of class, model, client, project or request id; empty for all.
    pub text: String,
    /// Only this client; empty is calls without one.
    pub client: Option<String>,
    /// Only this `provider/model`.
    pub model: Option<String>,
    /// Only this class.
    pub class: Option<String>,
    /// Only rows of this kind.
    pub mark: Option<LedgerMark>,
}

/// A kind of rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum LedgerMark {
    /// Under way.
    Running,
    /// Charged by counted tokens.
    Measured,
    /// Charged what the provider said.
    Reported,
    /// Charged the worst case because nobody counted.
    Assumed,
    /// Charged nothing.
    Free,
    /// Corrected later.
    Adjusted,
    /// Charged more than was held.
    OverHold,
}

impl LedgerMark {
    const fn condition(self) -> &'static str {
        match self {
            Self::Running => "t.ended_ms IS NULL",
            Self::Measured => "t.charge = 'measured' AND t.reported_micro IS NULL",
            Self::Reported => "t.charge = 'measured' AND t.reported_micro IS NOT NULL",
            Self::Assumed => "t.charge = 'assumed'",
            Self::Free => "t.charge = 'none'",
            Self::Adjusted => "EXISTS (SELECT 1 FROM adjustment j WHERE j.request_id = t.request_id AND j.nth = t.nth)",
            Self::OverHold => "t.over_hold <> 0",
        }
    }
}

/// One page of rows, newest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct LedgerPage {
    /// At most 200.
    pub rows: Vec<LedgerRow>,
    /// Where the next page begins; `None` at the end.
    pub next: Option<String>,
    /// Of all rows that fit, not only of this page.
    pub sums: LedgerSums,
    /// Clients that have rows in the period.
    pub clients: Vec<NamedChoice>,
    /// Models that have rows in the period.
    pub models: Vec<String>,
    /// Classes that have rows in the period.
    pub classes: Vec<String>,
}

/// Sums of all rows that fit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct LedgerSums {
    /// How many.
    pub rows: u32,
    /// Tokens read.
    #[ts(type = "number")]
    pub input: u64,
    /// Of those, from the provider's cache.
    #[ts(type = "number")]
    pub cached: u64,
    /// Tokens made.
    #[ts(type = "number")]
    pub output: u64,
    /// Of those, reasoning.
    #[ts(type = "number")]
    pub reasoning: u64,
    /// Charged, with what was corrected.
    pub charged: Money,
    /// Held by those under way.
    pub held: Money,
}

/// Who says what an attempt cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum SettledBy {
    /// Nobody yet: it is under way.
    Running,
    /// The provider's token count and the recorded price.
    Measured,
    /// The provider's own figure.
    Reported,
    /// Nobody: the worst case.
    Assumed,
    /// It was not charged.
    Free,
}

/// One attempt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct LedgerRow {
    /// Its number in the ledger.
    #[ts(type = "number")]
    pub id: i64,
    /// The request it belongs to.
    pub request: String,
    /// Which attempt of it, from 1.
    pub nth: u32,
    /// When it was sent, in ms since 1970.
    #[ts(type = "number")]
    pub at_ms: i64,
    /// `claude-desktop`; empty for the app and the command line.
    pub client: String,
    /// `Claude Desktop`, `Command line`.
    pub client_title: String,
    /// The project; empty for none.
    pub project: String,
    /// The task class.
    pub class: String,
    /// The provider.
    pub provider: String,
    /// The model.
    pub model: String,
    /// Tokens read; `None` where nobody counted.
    #[ts(type = "number | null")]
    pub input: Option<u64>,
    /// Of those, from the provider's cache.
    #[ts(type = "number | null")]
    pub cached: Option<u64>,
    /// Tokens made.
    #[ts(type = "number | null")]
    pub output: Option<u64>,
    /// Of those, reasoning.
    #[ts(type = "number | null")]
    pub reasoning: Option<u64>,
    /// What was held for it: its worst case.
    pub held: Money,
    /// Charged, with what was corrected; `None` while it is under way.
    pub charged: Option<Money>,
    /// What was added or taken back later.
    pub adjusted: Option<Money>,
    /// Who says what it cost.
    pub settled_by: SettledBy,
    /// Whether it was charged more than was held.
    pub over_hold: bool,
    /// Whose price; empty in rows of old versions.
    pub price_source: String,
    /// The code of its failure, where it failed.
    pub failure: Option<String>,
}

impl Gateway {
    /// The rows that fit, newest first, after a place in their order.
    ///
    /// # Errors
    /// Where the period or the place is none, or the ledger cannot be read.
    pub async fn ledger_page(&self, filter: LedgerFilter, after: Option<String>) -> Result<LedgerPage, Denial> {
        self.ledger_page_at(filter, after, Timestamp::now()).await
    }

    /// The same as it is at an instant.
    ///
    /// # Errors
    /// As [`Gateway::ledger_page`].
    pub async fn ledger_page_at(
        &self,
        filter: LedgerFilter,
        after: Option<String>,
        now: Timestamp,
    ) -> Result<LedgerPage, Denial> {
        let after = after.as_deref().map(Cursor::parse).transpose()?;
        let chosen = self.chosen(filter, now).await?;
        Ok(self.inner().ledger.read(move |c| page(c, &chosen, after)).await?)
    }

    /// A filter whose period is resolved.
    pub(super) async fn chosen(&self, filter: LedgerFilter, now: Timestamp) -> Result<Chosen, Denial> {
        let zone = self.inner().ledger.read(setting::zone).await?;
        let days = filter.period.days(now, &zone)?;
        Ok(Chosen { filter, days })
    }
}

/// A filter with its days.
#[derive(Clone, Debug)]
pub(super) struct Chosen {
    pub(super) filter: LedgerFilter,
    pub(super) days: Days,
}

/// A place in the order of rows: the last one that was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Cursor {
    made_ms: i64,
    id: i64,
}

impl Cursor {
    fn parse(text: &str) -> Result<Self, Denial> {
        let parts = text.split_once('-').and_then(|(made, id)| Some((made.parse().ok()?, id.parse().ok()?)));
        let Some((made_ms, id)) = parts else {
            return Err(Denial::new(Code::InvalidRequest, "That is no place in the ledger. Begin at its top."));
        };
        Ok(Self { made_ms, id })
    }
}

const ADJUSTED: &str =
    "coalesce((SELECT sum(j.amount_micro) FROM adjustment j WHERE j.request_id = t.request_id AND j.nth = t.nth), 0)";

/// The condition of a filter with its values.
fn condition(chosen: &Chosen) -> (String, Vec<Value>) {
    let Chosen { filter, days } = chosen;
    let mut sql =
        "FROM attempt t JOIN request q ON q.id = t.request_id WHERE t.made_ms >= ? AND t.made_ms < ?".to_owned();
    let mut values = vec![Value::Integer(days.begin_ms), Value::Integer(days.end_ms)];
    let text = filter.text.trim().to_lowercase();
    if !text.is_empty() {
        sql += " AND instr(lower(q.class || ' ' || t.provider || '/' || t.model || ' ' || q.client || ' ' || q.project || ' ' || q.id), ?) > 0";
        values.push(Value::Text(text));
    }
    let exact =
        [("q.client", &filter.client), ("t.provider || '/' || t.model", &filter.model), ("q.class", &filter.class)];
    for (column, wanted) in exact {
        if let Some(wanted) = wanted {
            sql += &format!(" AND {column} = ?");
            values.push(Value::Text(wanted.clone()));
        }
    }
    if let Some(mark) = filter.mark {
        sql += &format!(" AND {}", mark.condition());
    }
    (sql, values)
}

fn page(connection: &Connection, chosen: &Chosen, after: Option<Cursor>) -> Result<LedgerPage, LedgerError> {
    let (rows, next) = rows(connection, chosen, after, PAGE)?;
    let days = chosen.days;
    let names = |column: &str| -> Result<Vec<String>, LedgerError> {
        let mut query = connection.prepare(&format!(
            "SELECT DISTINCT {column} FROM attempt t JOIN request q ON q.id = t.request_id
             WHERE t.made_ms >= ?1 AND t.made_ms < ?2 ORDER BY 1"
        ))?;
        let found = query.query_map([days.begin_ms, days.end_ms], |row| row.get(0))?;
        Ok(found.collect::<Result<_, _>>()?)
    };
    let client = |id: String| {
        let title = match id.as_str() {
            "" => "No client".to_owned(),
            id => crate::clients::title(id).unwrap_or(id).to_owned(),
        };
        NamedChoice { id, title }
    };
    Ok(LedgerPage {
        rows,
        next: next.map(|Cursor { made_ms, id }| format!("{made_ms}-{id}")),
        sums: sums(connection, chosen)?,
        clients: names("q.client")?.into_iter().map(client).collect(),
        models: names("t.provider || '/' || t.model")?,
        classes: names("q.class")?,
    })
}

/// At most `most` rows after a place, newest first, and where the next ones begin.
pub(super) fn rows(
    connection: &Connection,
    chosen: &Chosen,
    after: Option<Cursor>,
    most: u32,
) -> Result<(Vec<LedgerRow>, Option<Cursor>), LedgerError> {
    let (mut condition, mut values) = condition(chosen);
    if let Some(Cursor { made_ms, id }) = after {
        condition += " AND (t.made_ms, t.id) < (?, ?)";
        values.extend([Value::Integer(made_ms), Value::Integer(id)]);
    }
    let sql = format!(
        "SELECT t.id, t.request_id, t.nth, t.sent_ms, t.made_ms, q.client, q.surface, q.project, q.class, t.provider, t.model,
            t.input, t.cached_input, t.output, t.reasoning, t.worst_micro, t.charge, t.charge_micro, {ADJUSTED}, t.over_hold,
            t.price_source, t.reported_micro IS NOT NULL, t.failure, t.ended_ms IS NULL
         {condition} ORDER BY t.made_ms DESC, t.id DESC LIMIT {}",
        most + 1
    );
    let mut query = connection.prepare(&sql)?;
    let found = query.query_map(params_from_iter(values), |line| Ok((row(line)?, line.get::<_, i64>(4)?)))?;
    let mut found: Vec<(LedgerRow, i64)> = found.collect::<Result<_, _>>()?;
    let more = found.len() > most as usize;
    found.truncate(most as usize);
    let next = found.last().filter(|_| more).map(|(row, made_ms)| Cursor { made_ms: *made_ms, id: row.id });
    Ok((found.into_iter().map(|(row, _)| row).collect(), next))
}

fn row(row: &Row<'_>) -> Result<LedgerRow, rusqlite::Error> {
    let count = |at| row.get::<_, Option<i64>>(at).map(|count| count.map(i64::unsigned_abs));
    let (running, reported): (bool, bool) = (row.get(23)?, row.get(21)?);
    let settled_by = match (running, row.get::<_, Option<String>>(16)?.as_deref(), reported) {
        (true, _, _) => SettledBy::Running,
        (false, Some("measured"), true) => SettledBy::Reported,
        (false, Some("measured"), false) => SettledBy::Measured,
        (false, Some("none"), _) => SettledBy::Free,
        // An unknown word was written by a newer program; nothing is said to be measured that may not be.
        (false, Some(_) | None, _) => SettledBy::Assumed,
    };
    let adjusted = MicroUsd::from_micros(row.get(18)?);
    let charged = MicroUsd::from_micros(row.get(17)?).plus(adjusted);
    let client: String = row.get(5)?;
    Ok(LedgerRow {
        id: row.get(0)?,
        request: row.get(1)?,
        nth: row.get(2)?,
        at_ms: row.get(3)?,
        client_title: crate::view::activity::client_title(&client, &row.get::<_, String>(6)?),
        client,
        project: row.get(7)?,
        class: row.get(8)?,
        provider: row.get(9)?,
        model: row.get(10)?,
        input: count(11)?,
        cached: count(12)?,
        output: count(13)?,
        reasoning: count(14)?,
        held: Money::row(MicroUsd::from_micros(row.get(15)?)),
        charged: (!running).then(|| Money::row(charged)),
        adjusted: (adjusted != MicroUsd::ZERO).then(|| Money::row(adjusted)),
        settled_by,
        over_hold: row.get(19)?,
        price_source: row.get::<_, Option<String>>(20)?.unwrap_or_default(),
        failure: row.get(22)?,
    })
}

fn sums(connection: &Connection, chosen: &Chosen) -> Result<LedgerSums, LedgerError> {
    let (condition, values) = condition(chosen);
    let sql = format!(
        "SELECT count(*), coalesce(sum(t.input), 0), coalesce(sum(t.cached_input), 0), coalesce(sum(t.output), 0),
            coalesce(sum(t.reasoning), 0), coalesce(sum(t.charge_micro + {ADJUSTED}), 0),
            coalesce(sum(iif(t.ended_ms IS NULL, t.worst_micro, 0)), 0) {condition}"
    );
    let mut query = connection.prepare(&sql)?;
    Ok(query.query_row(params_from_iter(values), |row| {
        let count = |at| row.get::<_, i64>(at).map(i64::unsigned_abs);
        Ok(LedgerSums {
            rows: row.get(0)?,
            input: count(1)?,
            cached: count(2)?,
            output: count(3)?,
            reasoning: count(4)?,
            charged: Money::total(MicroUsd::from_micros(row.get(5)?)),
            held: Money::row(MicroUsd::from_micros(row.get(6)?)),
        })
    })?)
}
