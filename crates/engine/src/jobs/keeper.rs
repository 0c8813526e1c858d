//! The calls that this process runs as jobs: each has a task that renews its lease, writes down how far it is,
//! hears whether somebody wants it ended, and records its answer.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::{Ask, JobProgress, now_ms};
use crate::ledger::job;
use crate::reply::Envelope;
use crate::{CallContext, Gateway};

/// Between two looks whether somebody wants the job ended, and two records of how far it is.
const TICK: Duration = Duration::from_secs(1);

/// How far a call is, told by the call itself.
#[derive(Debug, Default)]
pub struct SoFar {
    model: Mutex<String>,
    attempt: AtomicU32,
    characters: AtomicU64,
}

impl SoFar {
    pub(crate) fn trying(&self, model: &str, nth: u32) {
        model.clone_into(&mut self.model.lock().unwrap_or_else(PoisonError::into_inner));
        self.attempt.store(nth, Ordering::Relaxed);
        self.characters.store(0, Ordering::Relaxed);
    }

    pub(crate) fn text(&self, piece: &str) {
        self.characters.fetch_add(piece.chars().count() as u64, Ordering::Relaxed);
    }

    pub(super) fn as_json(&self) -> String {
        let progress = JobProgress {
            model: self.model.lock().unwrap_or_else(PoisonError::into_inner).clone(),
            attempt: self.attempt.load(Ordering::Relaxed),
            characters: self.characters.load(Ordering::Relaxed),
        };
        serde_json::to_string(&progress).unwrap_or_default()
    }

    pub(super) fn read(text: &str) -> JobProgress {
        serde_json::from_str(text).unwrap_or_default()
    }
}

type Call = Pin<Box<dyn Future<Output = Envelope> + Send>>;

/// A call under way.
pub(super) struct Running {
    pub(super) tool: &'static str,
    pub(super) ask: Ask,
    pub(super) so_far: Arc<SoFar>,
    /// Ends the call.
    end: CancellationToken,
    /// What the caller cancels; a job goes on without it.
    caller: CancellationToken,
    call: Call,
}

impl Running {
    /// Starts nothing yet: the call runs while it is waited for.
    pub(super) fn start(gateway: Gateway, ask: Ask, ctx: CallContext) -> Self {
        let (end, so_far) = (CancellationToken::new(), Arc::<SoFar>::default());
        let (caller, tool) = (ctx.cancel.clone(), ctx.tool);
        let context = CallContext { cancel: end.clone(), so_far: Some(so_far.clone()), ..ctx };
        let asked = ask.clone();
        let call: Call = Box::pin(async move {
            match asked {
                Ask::Route(call) => gateway.route(call, context).await,
                Ask::Chat(call) => gateway.chat(call, context).await,
            }
        });
        Self { tool, ask, so_far, end, caller, call }
    }

    /// The answer, where it is there in time; a caller that cancels waits until all is settled.
    pub(super) async fn within(mut self, patience: Duration) -> Result<Envelope, Box<Self>> {
        let out = tokio::select! {
            biased;
            envelope = &mut self.call => return Ok(envelope),
            () = self.caller.cancelled() => false,
            () = tokio::time::sleep(patience) => true,
        };
        if out { Err(Box::new(self)) } else { Ok(self.at_its_end().await) }
    }

    /// The answer, however long it takes; a caller that cancels ends it.
    pub(super) async fn at_its_end(mut self) -> Envelope {
        tokio::select! {
            biased;
            envelope = &mut self.call => return envelope,
            () = self.caller.cancelled() => self.end.cancel(),
        }
        self.call.await
    }
}

/// The jobs of this process.
#[derive(Debug, Default)]
pub(crate) struct Keepers {
    tasks: TaskTracker,
    /// Cancelled when the process lets go of all.
    leaving: CancellationToken,
    /// For each job what makes its keeper look at once.
    looks: Mutex<HashMap<String, Arc<tokio::sync::Notify>>>,
}

impl Keepers {
    /// Runs a call to its end as this job.
    pub(super) fn keep(&self, gateway: Gateway, id: String, running: Running) {
        let look = Arc::<tokio::sync::Notify>::default();
        self.looks().insert(id.clone(), look.clone());
        let leaving = self.leaving.clone();
        self.tasks.spawn(async move {
            kept(&gateway, &id, running, &leaving, &look).await;
            gateway.inner().jobs.looks().remove(&id);
        });
    }

    /// Makes the keeper of a job look at its row at once, where this process has it.
    pub(super) fn wake(&self, id: &str) {
        if let Some(look) = self.looks().get(id) {
            look.notify_one();
        }
    }

    /// Ends and lets go of all; waits until each is settled.
    pub(super) async fn end(&self) {
        self.leaving.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }

    fn looks(&self) -> std::sync::MutexGuard<'_, HashMap<String, Arc<tokio::sync::Notify>>> {
        self.looks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One job to its end.
async fn kept(
    gateway: &Gateway,
    id: &str,
    mut running: Running,
    leaving: &CancellationToken,
    look: &tokio::sync::Notify,
) {
    let mut tick = tokio::time::interval(TICK);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut told = String::new();
    let mut renewed = now_ms();
    let envelope = loop {
        tokio::select! {
            biased;
            envelope = &mut running.call => break envelope,
            () = leaving.cancelled(), if !running.end.is_cancelled() => running.end.cancel(),
            () = look.notified() => {}
            _ = tick.tick() => {}
        }
        let progress = running.so_far.as_json();
        match wanted(gateway, id, (&mut told, progress), &mut renewed).await {
            Some(true) => {}
            // Ended by somebody, or another process has it: what is under way is settled here.
            Some(false) | None => running.end.cancel(),
        }
    };
    let (named, owner) = (id.to_owned(), gateway.inner().instance.clone());
    let let_go = leaving.is_cancelled() && envelope.code == Some(pointsman_core::code::Code::Cancelled);
    let ended = if let_go {
        gateway.inner().ledger.write(move |tx| job::let_go(tx, &named, &owner)).await.map_err(Into::into)
    } else {
        gateway.end_job(id, envelope).await
    };
    if let Err(denial) = ended {
        // Its lease ends, and whoever claims it asks once more.
        tracing::warn!(job = id, "the end of a job could not be recorded: {denial}");
    }
}

/// Writes down how far the job is and renews the lease, where it is time for that. Whether it is still
/// wanted; `None` where it is no longer this process's.
async fn wanted(
    gateway: &Gateway,
    id: &str,
    (told, progress): (&mut String, String),
    renewed: &mut i64,
) -> Option<bool> {
    let (inner, now) = (gateway.inner(), now_ms());
    let (named, owner) = (id.to_owned(), inner.instance.clone());
    if progress == *told && now - *renewed < job::LEASE_MS / 3 {
        // A ledger that cannot be read now is asked again at the next tick.
        return inner.ledger.read(move |c| job::is_wanted(c, &named, &owner)).await.unwrap_or(Some(true));
    }
    let written = progress.clone();
    match inner.ledger.write(move |tx| job::keep(tx, &named, &owner, &written, now)).await {
        Ok(cancel) => {
            (*told, *renewed) = (progress, now);
            cancel.map(|cancel| !cancel)
        }
        Err(error) => {
            tracing::warn!(%error, "a job's lease could not be renewed");
            Some(true)
        }
    }
}
