//! Activity: what was asked, who answered and what it cost, live.

use jiff::Timestamp;
use pointsman_core::budget::{Scope, Window};
use pointsman_core::code::{Code, Denial};
use pointsman_core::money::MicroUsd;
use pointsman_core::plan;
use rusqlite::{Connection, OptionalExtension, Row, params};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::Money;
use crate::Gateway;
use crate::ledger::account;
use crate::ledger::{LedgerError, request, setting};

/// The page: newest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ActivityPage {
    /// At most 200 rows.
    pub rows: Vec<RequestRow>,
    /// Requests today.
    pub today_requests: u32,
    /// Charged today.
    pub today: Money,
    /// What [`ActivityQuery::before`] takes for the rows that follow; `None` where there are none.
    pub older: Option<String>,
}

/// One request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct RequestRow {
    /// Its id.
    pub id: String,
    /// When it began, in ms since 1970.
    #[ts(type = "number")]
    pub at_ms: i64,
    /// `claude-desktop`; empty for the app and the command line.
    pub client: String,
    /// `Claude Desktop`, `Command line`.
    pub client_title: String,
    /// `llm_route`.
    pub tool: String,
    /// The task class.
    pub class: String,
    /// The model that answered or was tried last; empty where none was.
    pub model: String,
    /// Its provider.
    pub provider: String,
    /// Tokens read and made; `None` where nobody counted.
    #[ts(type = "number | null")]
    pub tokens: Option<u64>,
    /// From start to end, in ms; `None` while running.
    #[ts(type = "number | null")]
    pub took_ms: Option<i64>,
    /// How it stands.
    pub state: RequestState,
    /// Charged so far.
    pub cost: Money,
    /// Held while running.
    pub held: Option<Money>,
    /// Whether a part of the cost is assumed.
    pub assumed: bool,
    /// The code of a denial or failure.
    pub code: Option<String>,
    /// Why this model, or why not.
    pub reason: String,
    /// The same for one line beside class and model.
    pub brief: String,
}

/// How a request stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum RequestState {
    /// Under way.
    Running,
    /// The first choice answered.
    Answered,
    /// An answer kept from before was given again, for nothing.
    Kept,
    /// Another target answered.
    Fallback,
    /// We said no before anything was sent.
    Denied,
    /// No target answered.
    Failed,
    /// The caller cancelled.
    Cancelled,
    /// Its process ended first.
    Interrupted,
}

/// Rows of one page.
const MOST: u32 = 200;

/// Which rows Activity shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActivityQuery {
    /// A part of class, model, client or code; empty for all.
    pub filter: String,
    /// Only this client.
    pub client: Option<String>,
    /// Only this state.
    pub state: Option<RequestState>,
    /// Only rows after those of the page that gave this ([`ActivityPage::older`]).
    pub before: Option<String>,
    /// At most this many rows, and never more than 200.
    pub limit: u32,
}

impl Default for ActivityQuery {
    fn default() -> Self {
        Self { filter: String::new(), client: None, state: None, before: None, limit: MOST }
    }
}

impl Gateway {
    /// Requests, newest first.
    ///
    /// # Errors
    /// Where the ledger cannot be read, and where `before` is not what a page gave.
    pub async fn activity(&self, query: ActivityQuery) -> Result<ActivityPage, Denial> {
        let before = query.before.as_deref().map(Place::read).transpose()?;
        Ok(self.inner().ledger.read(move |c| page(c, &query, before, Timestamp::now())).await?)
    }
}

/// The last row of a page: where the next one begins.
struct Place {
    at_ms: i64,
    id: String,
}

impl Place {
    fn read(text: &str) -> Result<Self, Denial> {
        let place = text.split_once(' ').and_then(|(at, id)| Some((at.parse().ok()?, id.to_owned())));
        let (at_ms, id) =
            place.ok_or_else(|| Denial::new(Code::InvalidRequest, "The list of requests does not go on there."))?;
        Ok(Self { at_ms, id })
    }

    fn of(row: &RequestRow) -> String {
        format!("{} {}", row.at_ms, row.id)
    }
}

const COLUMNS: &str = "id, started_ms, client, surface, tool, class, model, provider, tokens, ended_ms, state,
    charged_micro, hold_micro, assumed, code, reason";

/// One row by its id.
pub(super) fn one(connection: &Connection, id: &str) -> Result<Option<RequestRow>, LedgerError> {
    let mut select = connection.prepare_cached(&format!("SELECT {COLUMNS} FROM request WHERE id = ?1"))?;
    Ok(select.query_row([id], row).optional()?)
}

fn page(
    connection: &Connection,
    query: &ActivityQuery,
    before: Option<Place>,
    now: Timestamp,
) -> Result<ActivityPage, LedgerError> {
    let zone = setting::zone(connection)?;
    let (since, today) = match account::standing(connection, &Scope::All, "", Window::Day, now, &zone)? {
        Some((span, balance)) => (span.start.as_millisecond(), balance.charged),
        None => (now.as_millisecond(), MicroUsd::ZERO),
    };
    let mut select = connection.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM request
         WHERE (?1 = '' OR instr(lower(class || ' ' || provider || '/' || model || ' ' || client || ' ' || coalesce(code, '')), ?1) > 0)
           AND (?2 IS NULL OR client = ?2) AND (?3 IS NULL OR state = ?3)
           AND (?5 IS NULL OR (started_ms, id) < (?5, ?6))
         ORDER BY started_ms DESC, id DESC LIMIT ?4"
    ))?;
    let limit = query.limit.min(MOST);
    let (at_ms, id) = before.map(|place| (place.at_ms, place.id)).unzip();
    let state = query.state.map(request::word);
    // One more says whether there are any.
    let wanted = params![query.filter.trim().to_lowercase(), query.client, state, limit + 1, at_ms, id];
    let mut rows = select.query_map(wanted, row)?.collect::<Result<Vec<_>, _>>()?;
    let more = rows.len() > limit as usize;
    rows.truncate(limit as usize);
    let older = rows.last().filter(|_| more).map(Place::of);
    let (today_requests, today) = (request::count_since(connection, since)?, Money::total(today));
    Ok(ActivityPage { rows, today_requests, today, older })
}

fn row(row: &Row<'_>) -> Result<RequestRow, rusqlite::Error> {
    let at_ms: i64 = row.get(1)?;
    let client: String = row.get(2)?;
    let state = request::state(&row.get::<_, String>(10)?);
    let hold = MicroUsd::from_micros(row.get(12)?);
    let (class, model, provider): (String, String, String) = (row.get(5)?, row.get(6)?, row.get(7)?);
    let reason: String = row.get(15)?;
    let brief = plan::brief(&reason, &class, &format!("{provider}/{model}")).into_owned();
    Ok(RequestRow {
        id: row.get(0)?,
        at_ms,
        client_title: client_title(&client, &row.get::<_, String>(3)?),
        client,
        tool: row.get(4)?,
        class,
        model,
        provider,
        tokens: row.get::<_, Option<i64>>(8)?.map(i64::unsigned_abs),
        took_ms: row.get::<_, Option<i64>>(9)?.map(|ended| (ended - at_ms).max(0)),
        state,
        cost: Money::row(MicroUsd::from_micros(row.get(11)?)),
        held: (state == RequestState::Running).then(|| Money::row(hold)),
        assumed: row.get(13)?,
        code: row.get(14)?,
        reason,
        brief,
    })
}

/// Who asked, as shown.
pub(super) fn client_title(client: &str, surface: &str) -> String {
    match (crate::clients::title(client), surface) {
        (Some(title), _) => title.to_owned(),
        (None, _) if !client.is_empty() => client.to_owned(),
        (None, "cli") => "Command line".to_owned(),
        (None, "app") => "Pointsman".to_owned(),
        (None, _) => "MCP client".to_owned(),
    }
}
