//! Jobs: a call that is not finished when its caller must be answered goes on as one. Nothing is written
//! down before that; from then on the row is the truth, and any process of the home can go on with it.
//!
//! Worst case of one job: it is sent twice. The process that runs it renews its lease; where it dies or lets
//! go, another claims the job and sends it once more, under the caps as they are then. What the first send
//! had cost is charged as any interrupted call's.

use std::time::Duration;

use jiff::Timestamp;
use pointsman_core::code::{Code, Denial};
use pointsman_core::id::{ClientId, ProjectName};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::ledger::job::{self, Row};
use crate::reply::{Envelope, Meta, Status};
use crate::{CallContext, Caller, ChatCall, Gateway, Priority, RouteCall, Surface, fresh_id};

mod keeper;

pub(crate) use keeper::Keepers;
use keeper::Running;
pub use keeper::SoFar;

/// How often a job may be sent: once, and once more where the process that ran it is gone.
const SENDS: i64 = 2;
/// The longest one question for a job's result waits: clients cut calls at about 60 s.
const LONGEST_WAIT: Duration = Duration::from_secs(45);
/// Between two looks at the row of a job that is waited for.
const LOOK: Duration = Duration::from_millis(200);
/// The shortest and the longest that a caller waits before it is handed a job.
pub const PATIENCE: std::ops::RangeInclusive<u64> = 1..=40;

/// What is asked, as it is kept for a process that may have to ask again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ask {
    /// A prompt by its class.
    Route(RouteCall),
    /// A conversation.
    Chat(ChatCall),
}

/// What a caller gets.
#[derive(Clone, Debug, PartialEq)]
pub enum Answered {
    /// The call is over.
    Done(Box<Envelope>),
    /// It goes on as a job.
    Running(JobStatus),
}

/// How a job stands while it runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct JobStatus {
    /// Its id: what `job_result` takes.
    pub job_id: String,
    /// What it waits for: `model` or `approval`.
    pub waiting_for: String,
    /// How far it is.
    pub progress: JobProgress,
}

/// How far a job is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct JobProgress {
    /// The model that is asked; empty before the first.
    pub model: String,
    /// Which attempt it is, from 1; 0 before the first.
    pub attempt: u32,
    /// How many characters of the answer have arrived.
    #[ts(type = "number")]
    pub characters: u64,
}

/// One job for a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct JobLine {
    /// Its id.
    pub id: String,
    /// `llm_route`.
    pub tool: String,
    /// The client it was asked by; empty for the app and the command line.
    pub client: String,
    /// When it was handed out, in ms since 1970.
    #[ts(type = "number")]
    pub at_ms: i64,
    /// When it ended; `None` while it runs.
    #[ts(type = "number | null")]
    pub ended_ms: Option<i64>,
    /// `running`, `waiting` where no process runs it, `cancelling`, `answered`, `failed`.
    pub state: String,
    /// How far it is or was.
    pub progress: JobProgress,
}

impl Gateway {
    /// Answers a call, or hands out a job where that takes longer than the patience of its caller.
    /// Cancelling `ctx` ends the call; a job is ended by [`Gateway::job_result`].
    pub async fn answer(&self, ask: Ask, ctx: CallContext, patience: Duration) -> Answered {
        let running = Running::start(self.clone(), ask, ctx);
        match running.within(patience).await {
            Ok(envelope) => Answered::Done(Box::new(envelope)),
            Err(running) => self.hand_out(*running).await,
        }
    }

    /// How a job stands, or its answer. Waits up to `wait`, at most 45 s, for its end; `cancel` asks
    /// for that end.
    ///
    /// # Errors
    /// `not_found` where this caller has no such job: an MCP client sees its own only.
    pub async fn job_result(&self, id: &str, wait: Duration, cancel: bool) -> Result<Answered, Denial> {
        let until = tokio::time::Instant::now() + wait.min(LONGEST_WAIT);
        let mut asked = false;
        loop {
            let row = self.my_job(id).await?;
            if !row.running {
                return ended(&row);
            }
            if cancel && !asked {
                asked = true;
                let named = id.to_owned();
                self.inner().ledger.write(move |tx| job::cancel(tx, &named)).await?;
                self.inner().jobs.wake(id);
            }
            // The process that ran it may be gone; then this one goes on with it, or ends it.
            if row.lease_ms < now_ms() {
                self.take_over(id).await?;
            }
            if tokio::time::Instant::now() >= until {
                return Ok(Answered::Running(status(&row)));
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// The newest jobs of the home, at most 200.
    ///
    /// # Errors
    /// Where the ledger cannot be read.
    pub async fn jobs(&self) -> Result<Vec<JobLine>, Denial> {
        let rows = self.inner().ledger.read(job::newest).await?;
        Ok(rows.iter().map(line).collect())
    }

    /// Goes on with jobs that nobody runs. The tray does it twice a second, a server at its start.
    ///
    /// # Errors
    /// Where the ledger cannot be used.
    pub async fn take_over_jobs(&self) -> Result<(), Denial> {
        let now = now_ms();
        for id in self.inner().ledger.read(move |c| job::orphans(c, now)).await? {
            self.take_over(&id).await?;
        }
        Ok(())
    }

    /// Ends what this process runs and lets go of its jobs, so that another can go on with them. Waits until
    /// all is settled.
    pub async fn let_go_of_jobs(&self) {
        self.inner().jobs.end().await;
    }

    /// Forgets every kept answer and every answer of a job that has ended; says how many. What runs goes on.
    ///
    /// # Errors
    /// Where the ledger cannot be written.
    pub async fn forget_texts(&self) -> Result<String, Denial> {
        let gone = self.inner().ledger.write(|tx| Ok((crate::ledger::cache::forget(tx)?, job::forget(tx)?))).await?;
        Ok(format!("{} kept answers and {} finished jobs were deleted.", gone.0, gone.1))
    }

    async fn hand_out(&self, running: Running) -> Answered {
        let inner = self.inner();
        let row = Row {
            id: fresh_id("j"),
            tool: running.tool.to_owned(),
            surface: inner.caller.surface.as_str().to_owned(),
            client: inner.caller.client.as_ref().map(ToString::to_string),
            project: inner.caller.project.as_ref().map(ToString::to_string),
            ask: serde_json::to_string(&running.ask).unwrap_or_default(),
            running: true,
            waits: "model".to_owned(),
            owner: Some(inner.instance.clone()),
            lease_ms: now_ms() + job::LEASE_MS,
            sends: 1,
            cancel: false,
            progress: running.so_far.as_json(),
            result: None,
            at_ms: now_ms(),
            ended_ms: None,
        };
        let said = status(&row);
        let id = row.id.clone();
        if let Err(error) = inner.ledger.write(move |tx| job::begin(tx, &row)).await {
            // Without its row nobody could fetch it, so the caller waits to the call's own deadline.
            tracing::warn!(%error, "a job could not be recorded");
            return Answered::Done(Box::new(running.at_its_end().await));
        }
        inner.jobs.keep(self.clone(), id, running);
        Answered::Running(said)
    }

    /// The job with this id, where this caller may see it.
    async fn my_job(&self, id: &str) -> Result<Row, Denial> {
        let (named, caller) = (id.to_owned(), &self.inner().caller);
        let found = self.inner().ledger.read(move |c| job::get(c, &named)).await?;
        let mine = |row: &Row| {
            caller.surface != Surface::Mcp || row.client.as_deref() == caller.client.as_ref().map(ClientId::as_str)
        };
        found.filter(mine).ok_or_else(|| {
            Denial::new(Code::NotFound, "There is no such job. A job is kept until 24 hours after its end.")
        })
    }

    /// Claims a job that nobody runs and goes on with it.
    async fn take_over(&self, id: &str) -> Result<(), Denial> {
        let inner = self.inner();
        let (named, owner, now) = (id.to_owned(), inner.instance.clone(), now_ms());
        let Some(row) = inner.ledger.write(move |tx| job::claim(tx, &named, &owner, now)).await? else {
            return Ok(());
        };
        let ask = serde_json::from_str::<Ask>(&row.ask).ok();
        let denial = match (row.cancel, &ask) {
            (true, _) => Some(Denial::new(Code::Cancelled, "The job was cancelled.")),
            (false, None) => Some(Denial::new(Code::Internal, "What the job asks cannot be read any more.")),
            (false, Some(_)) if row.sends > SENDS => Some(Denial::new(
                Code::Interrupted,
                "The program that ran this job ended twice before the answer was there. Ask again.",
            )),
            (false, Some(_)) => None,
        };
        match (denial, ask) {
            (None, Some(ask)) => {
                let gateway = Self::open(inner.home.clone(), caller_of(&row))?;
                // Whoever waits for an answer now goes first.
                let context = CallContext { priority: Priority::Job, ..CallContext::quiet(tool_of(&row.tool)) };
                inner.jobs.keep(self.clone(), row.id, Running::start(gateway, ask, context));
            }
            (Some(denial), _) => self.end_job(&row.id, Envelope::error(denial, Meta::default())).await?,
            (None, None) => {}
        }
        Ok(())
    }

    async fn end_job(&self, id: &str, envelope: Envelope) -> Result<(), Denial> {
        let (id, owner, now) = (id.to_owned(), self.inner().instance.clone(), now_ms());
        let result = serde_json::to_string(&envelope).unwrap_or_default();
        self.inner().ledger.write(move |tx| job::end(tx, &id, &owner, &result, now)).await?;
        Ok(())
    }
}

/// As whom a job is asked: as whoever asked for it, so that the same caps count it.
fn caller_of(row: &Row) -> Caller {
    let surface = [Surface::Mcp, Surface::Cli, Surface::App].into_iter().find(|one| one.as_str() == row.surface);
    Caller {
        surface: surface.unwrap_or(Surface::Mcp),
        client: row.client.as_deref().and_then(|id| ClientId::parse(id).ok()),
        project: row.project.as_deref().and_then(|name| ProjectName::parse(name).ok()),
        probe: false,
    }
}

/// The tools that hand out jobs: the names Activity knows.
fn tool_of(name: &str) -> &'static str {
    ["llm_route", "chat_completion", "route"].into_iter().find(|known| *known == name).unwrap_or("job")
}

/// The answer of a job that has ended.
fn envelope(row: &Row) -> Option<Envelope> {
    row.result.as_deref().and_then(|text| serde_json::from_str(text).ok())
}

fn ended(row: &Row) -> Result<Answered, Denial> {
    let gone = || Denial::new(Code::Internal, "The answer of the job cannot be read any more. Ask again.");
    Ok(Answered::Done(Box::new(envelope(row).ok_or_else(gone)?)))
}

fn status(row: &Row) -> JobStatus {
    JobStatus { job_id: row.id.clone(), waiting_for: row.waits.clone(), progress: SoFar::read(&row.progress) }
}

fn line(row: &Row) -> JobLine {
    let state = match row.running {
        true if row.cancel => "cancelling",
        true if row.lease_ms < now_ms() => "waiting",
        true => "running",
        false => match envelope(row).map(|envelope| envelope.status) {
            Some(Status::Success) => "answered",
            Some(Status::Error) | None => "failed",
        },
    };
    JobLine {
        id: row.id.clone(),
        tool: row.tool.clone(),
        client: row.client.clone().unwrap_or_default(),
        at_ms: row.at_ms,
        ended_ms: row.ended_ms,
        state: state.to_owned(),
        progress: SoFar::read(&row.progress),
    }
}

fn now_ms() -> i64 {
    Timestamp::now().as_millisecond()
}
