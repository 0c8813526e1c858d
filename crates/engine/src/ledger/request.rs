//! Requests: one row for each call of a model with all its attempts, also for calls that were denied.

use jiff::Timestamp;
use pointsman_core::code::Code;
use pointsman_core::id::{FlowId, ModelId, RequestId};
use pointsman_core::money::{MicroUsd, Usage};
use rusqlite::{Connection, Transaction, params};

use super::LedgerError;
use super::change::{self, Topic};
use super::trace::{self, Checked, Trace};
use crate::Caller;
use crate::view::RequestState;

pub(crate) const SQL: &str = "CREATE TABLE IF NOT EXISTS request (
    id TEXT PRIMARY KEY,
    flow_id TEXT NOT NULL,
    surface TEXT NOT NULL,
    client TEXT NOT NULL,
    project TEXT NOT NULL,
    tool TEXT NOT NULL,
    class TEXT NOT NULL,
    provider TEXT NOT NULL,
    model TEXT NOT NULL,
    reason TEXT NOT NULL,
    state TEXT NOT NULL,
    code TEXT,
    started_ms INTEGER NOT NULL,
    ended_ms INTEGER,
    tokens INTEGER,
    charged_micro INTEGER NOT NULL DEFAULT 0,
    hold_micro INTEGER NOT NULL DEFAULT 0,
    assumed INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS request_started ON request (started_ms);";

/// What a kept answer would have cost again.
pub(crate) const SQL_3: &str = "ALTER TABLE request ADD COLUMN saved_micro INTEGER NOT NULL DEFAULT 0;";

/// What is known when a call begins.
#[derive(Clone, Debug)]
pub(crate) struct Start {
    pub(crate) id: RequestId,
    pub(crate) flow: FlowId,
    pub(crate) caller: Caller,
    pub(crate) tool: &'static str,
    pub(crate) class: String,
    /// The first target; `None` where the call was denied before one was found.
    pub(crate) target: Option<ModelId>,
    pub(crate) reason: String,
    /// The way it is to go; `None` where it was denied before one was found.
    pub(crate) trace: Option<Trace>,
    /// The caps that were asked, where one of them denied the call.
    pub(crate) checked: Vec<Checked>,
    pub(crate) at: Timestamp,
}

/// What is known when it ends.
#[derive(Clone, Debug)]
pub(crate) struct End {
    pub(crate) state: RequestState,
    pub(crate) code: Option<Code>,
    pub(crate) reason: String,
    pub(crate) usage: Option<Usage>,
    pub(crate) at: Timestamp,
}

/// The words of [`RequestState`] in the ledger.
pub(crate) const fn word(state: RequestState) -> &'static str {
    match state {
        RequestState::Running => "running",
        RequestState::Answered => "answered",
        RequestState::Kept => "kept",
        RequestState::Fallback => "fallback",
        RequestState::Denied => "denied",
        RequestState::Failed => "failed",
        RequestState::Cancelled => "cancelled",
        RequestState::Interrupted => "interrupted",
    }
}

/// The state of a word; an unknown word was written by a newer program and is shown as failed.
pub(crate) fn state(word: &str) -> RequestState {
    match word {
        "running" => RequestState::Running,
        "answered" => RequestState::Answered,
        "kept" => RequestState::Kept,
        "fallback" => RequestState::Fallback,
        "denied" => RequestState::Denied,
        "cancelled" => RequestState::Cancelled,
        "interrupted" => RequestState::Interrupted,
        _ => RequestState::Failed,
    }
}

/// Records that a call began, with what it holds at most and the caps that let it.
pub(crate) fn begin(
    tx: &Transaction<'_>,
    start: &Start,
    state: RequestState,
    hold: MicroUsd,
    checked: &[Checked],
) -> Result<(), LedgerError> {
    let (provider, model) = start.target.as_ref().map_or(("", ""), |id| (id.provider.as_str(), id.model.as_str()));
    tx.prepare_cached(
        "INSERT INTO request (id, flow_id, surface, client, project, tool, class, provider, model, reason, state, started_ms, hold_micro,
            trace, checked) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)",
    )?
    .execute(params![
        start.id.as_str(),
        start.flow.as_str(),
        start.caller.surface.as_str(),
        start.caller.client.as_ref().map_or("", |c| c.as_str()),
        start.caller.project.as_ref().map_or("", |p| p.as_str()),
        start.tool,
        start.class,
        provider,
        model,
        start.reason,
        word(state),
        start.at.as_millisecond(),
        hold.micros(),
        trace::text(start.trace.as_ref()),
        trace::text(Some(&checked).filter(|checked| !checked.is_empty())),
    ])?;
    Ok(())
}

/// Records a call that was denied before anything was reserved.
pub(crate) fn denied(tx: &Transaction<'_>, start: &Start, code: Code) -> Result<(), LedgerError> {
    begin(tx, start, RequestState::Denied, MicroUsd::ZERO, &start.checked)?;
    tx.prepare_cached("UPDATE request SET ended_ms = started_ms, code = ?2 WHERE id = ?1")?
        .execute(params![start.id.as_str(), code.as_str()])?;
    change::note(tx, Topic::Request)
}

/// Records a call that was answered with an answer kept from before: nothing was reserved or charged, and
/// `saved` is what it would have cost again.
pub(crate) fn answered_again(tx: &Transaction<'_>, start: &Start, saved: MicroUsd) -> Result<(), LedgerError> {
    begin(tx, start, RequestState::Kept, MicroUsd::ZERO, &[])?;
    tx.prepare_cached("UPDATE request SET ended_ms = started_ms, saved_micro = ?2 WHERE id = ?1")?
        .execute(params![start.id.as_str(), saved.micros()])?;
    change::note(tx, Topic::Request)
}

/// Says which target is tried now.
pub(crate) fn moved(tx: &Transaction<'_>, id: &RequestId, to: &ModelId) -> Result<(), LedgerError> {
    tx.prepare_cached("UPDATE request SET provider = ?2, model = ?3 WHERE id = ?1")?.execute(params![
        id.as_str(),
        to.provider.as_str(),
        to.model.as_str()
    ])?;
    Ok(())
}

/// Records that a call ended. A row that has ended stays as it is (I5).
pub(crate) fn end(tx: &Transaction<'_>, id: &RequestId, end: &End) -> Result<(), LedgerError> {
    tx.prepare_cached(
        "UPDATE request SET state = ?2, code = ?3, reason = ?4, tokens = ?5, ended_ms = ?6 WHERE id = ?1 AND ended_ms IS NULL",
    )?
    .execute(params![
        id.as_str(),
        word(end.state),
        end.code.map(Code::as_str),
        end.reason,
        end.usage.map(|u| i64::try_from(u.input.saturating_add(u.output)).unwrap_or(i64::MAX)),
        end.at.as_millisecond(),
    ])?;
    change::note(tx, Topic::Request)
}

/// Adds a charge to the row's total.
pub(crate) fn charged(tx: &Transaction<'_>, id: &str, amount: MicroUsd, assumed: bool) -> Result<(), LedgerError> {
    tx.prepare_cached("UPDATE request SET charged_micro = charged_micro + ?2, assumed = assumed OR ?3 WHERE id = ?1")?
        .execute(params![id, amount.micros(), assumed])?;
    Ok(())
}

/// Whether a part of a request's charge is assumed.
pub(crate) fn assumed(tx: &Transaction<'_>, id: &RequestId) -> Result<bool, LedgerError> {
    let mut query = tx.prepare_cached("SELECT assumed FROM request WHERE id = ?1")?;
    Ok(query.query_row([id.as_str()], |row| row.get(0))?)
}

/// Requests that began at or after an instant.
pub(crate) fn count_since(connection: &Connection, since_ms: i64) -> Result<u32, LedgerError> {
    let mut query = connection.prepare_cached("SELECT count(*) FROM request WHERE started_ms >= ?1")?;
    Ok(query.query_row([since_ms], |row| row.get(0))?)
}
