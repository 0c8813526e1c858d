//! Activity: what was asked, who answered and what it cost, live.

use jiff::Timestamp;
use pointsman_core::budget::{Scope, Window};
use pointsman_core::code::Denial;
use pointsman_core::money::MicroUsd;
use pointsman_core::plan;
use rusqlite::{Connection, Row, params};
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

/// Which rows Activity shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActivityQuery {
    /// A part of class, model, client or code; empty for all.
    pub filter: String,
    /// Only this client.
    pub client: Option<String>,
    /// Only this state.
    pub state: Option<RequestState>,
    /// At most this many rows.
    pub limit: u32,
}

impl Default for ActivityQuery {
    fn default() -> Self {
        Self { filter: String::new(), client: None, state: None, limit: 200 }
    }
}

impl Gateway {
    /// Requests, newest first.
    ///
    /// # Errors
    /// Where the ledger cannot be read.
    pub async fn activity(&self, query: ActivityQuery) -> Result<ActivityPage, Denial> {
        Ok(self.inner().ledger.read(move |c| page(c, &query, Timestamp::now())).await?)
    }
}

fn page(connection: &Connection, query: &ActivityQuery, now: Timestamp) -> Result<ActivityPage, LedgerError> {
    let zone = setting::zone(connection)?;
    let (since, today) = match account::standing(connection, &Scope::All, "", Window::Day, now, &zone)? {
        Some((span, balance)) => (span.start.as_millisecond(), balance.charged),
        None => (now.as_millisecond(), MicroUsd::ZERO),
    };
    let mut select = connection.prepare_cached(
        "SELECT id, started_ms, client, surface, tool, class, model, provider, tokens, ended_ms, state, charged_micro,
            hold_micro, assumed, code, reason FROM request
         WHERE (?1 = '' OR instr(lower(class || ' ' || provider || '/' || model || ' ' || client || ' ' || coalesce(code, '')), ?1) > 0)
           AND (?2 IS NULL OR client = ?2) AND (?3 IS NULL OR state = ?3)
         ORDER BY started_ms DESC, id DESC LIMIT ?4",
    )?;
    let wanted =
        params![query.filter.trim().to_lowercase(), query.client, query.state.map(request::word), query.limit.min(200)];
    let rows = select.query_map(wanted, row)?.collect::<Result<_, _>>()?;
    Ok(ActivityPage { rows, today_requests: request::count_since(connection, since)?, today: Money::total(today) })
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
