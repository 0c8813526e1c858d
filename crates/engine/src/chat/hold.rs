//! The hold of one call on the caps, from its reservation to its end. Guards I1 to I3 on the engine's side:
//! nothing is sent for a call that has none, and it ends once, also where the call's future is dropped.

use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use jiff::tz::TimeZone;
use pointsman_core::breaker::{Outcome, Rest, Role};
use pointsman_core::budget::Counted;
use pointsman_core::code::{Code, Denial};
use pointsman_core::id::{ModelId, ProviderId, RequestId};
use pointsman_core::money::MicroUsd;
use pointsman_core::plan::Plan;
use pointsman_core::policy::{Breaker, Concurrency};
use pointsman_core::reservation::Charge;

use super::no_room::warned;
use super::{Call, resting};
use crate::cache::Slot;
use crate::dispatch::enter::{self, Entered, Entering, First, Onward};
use crate::dispatch::{self, Ran, Run, UnderWay};
use crate::lanes::{Lanes, Turn};
use crate::ledger::reservation::{self, Limits, Stopped};
use crate::ledger::trace::Checked;
use crate::ledger::{Ledger, attempt, breaker, key_check, request, setting};
use crate::view::RequestState;
use crate::{Inner, Progress};

pub(crate) use enter::Step;

/// How long after its deadline a call's hold lasts, should its process be gone: room for a slow
/// ledger, so that a living call never loses its lease.
const LEASE_GRACE: Duration = Duration::from_secs(15);

/// Money held in the ledger. Ends once: settled here, or lapsed by the drop or by its lease.
pub(crate) struct Hold {
    ledger: Ledger,
    id: RequestId,
    plan: Arc<Plan>,
    /// Whose the attempt under way is.
    counted: Counted,
    lanes: Lanes,
    concurrency: Concurrency,
    rules: Breaker,
    /// When the call is over.
    until: Timestamp,
    /// The target of the plan that was covered first: not the first one where that rests, or where a cap
    /// leaves only models of this machine.
    pub(crate) first: usize,
    /// The target of the attempt under way.
    target: usize,
    /// What the request is to it.
    role: Role,
    /// The place of the attempt under way.
    turn: Option<Turn>,
    /// What is known of the attempt that is covered.
    attempt: Attempt,
    /// Of each model that was passed over because it rests, why.
    pub(crate) rests: Vec<String>,
    /// What caps and waiting have to say of the call, each once.
    pub(crate) warnings: Vec<String>,
    open: bool,
}

/// How far the attempt is that is covered.
enum Attempt {
    /// Not begun: the one of this number.
    Covered(u32),
    /// Its bytes may be on the wire.
    UnderWay(u32, UnderWay),
    /// It has ended, and the ledger does not know it yet.
    Ended(attempt::End),
}

impl Attempt {
    /// How it has to be recorded where nothing more comes of it.
    fn end(&self) -> attempt::End {
        match self {
            Self::Covered(nth) => dispatch::end_of(*nth, Charge::None, None),
            Self::UnderWay(nth, under_way) => dispatch::end_of(*nth, under_way.charge(), None),
            Self::Ended(ended) => ended.clone(),
        }
    }
}

/// How the step to the next attempt went.
pub(crate) enum Moved {
    /// At a target.
    To(usize),
    /// It may not be sent; the reservation has ended with what was charged.
    Stopped(Stopped, MicroUsd),
    /// The lease was lost.
    Lapsed,
    /// No target is left that may be asked, or there was no turn: why. The attempt has still to be settled.
    Nowhere(String),
}

impl Hold {
    /// Step 4: checks every cap, holds, and writes the first attempt, in one transaction. Where all places
    /// are taken it waits for one, without a hold, and begins anew.
    ///
    /// # Errors
    /// The denial, with the caps that were asked where one of them stopped it.
    pub(super) async fn reserve(inner: &Inner, call: &Call<'_>, run: &Run<'_>) -> Result<Self, (Denial, Vec<Checked>)> {
        let unasked = |denial: Denial| (denial, Vec::new());
        let after = |span: Duration| call.start.at.checked_add(span).unwrap_or(Timestamp::MAX);
        let mut hold = Self {
            ledger: inner.ledger.clone(),
            id: call.start.id.clone(),
            plan: Arc::clone(run.plan),
            counted: call.counted(&run.plan.targets[0].model),
            lanes: inner.lanes.clone(),
            concurrency: run.concurrency,
            rules: run.limits.breaker,
            until: after(run.plan.deadline),
            first: 0,
            target: 0,
            role: Role::Ordinary,
            turn: None,
            attempt: Attempt::Covered(1),
            rests: Vec::new(),
            warnings: Vec::new(),
            open: false,
        };
        let lease = after(run.plan.deadline + LEASE_GRACE);
        loop {
            let (entering, start) = (hold.entering(run), call.start.clone());
            // A call that is dropped while this waits behind another write is ended by the write after it.
            hold.open = true;
            let entered = inner.ledger.write(move |tx| enter::first(tx, entering, &start, lease)).await;
            match entered.map_err(|error| unasked(error.into()))? {
                First::Entered(entered) => {
                    hold.went(entered).await;
                    hold.first = hold.target;
                    return Ok(hold);
                }
                First::Stopped(stopped) => {
                    hold.open = false;
                    let checked = stopped.checked();
                    return Err((dispatch::why_stopped(inner, stopped).await, checked));
                }
                First::Full(provider) => {
                    hold.open = false;
                    hold.wait(run, &provider).await.map_err(unasked)?;
                }
            }
        }
    }

    /// Ends an attempt and covers the next one anew.
    ///
    /// # Errors
    /// Where the ledger cannot be written, or the call is cancelled while it waits for its turn. The attempt
    /// has still to be settled.
    pub(crate) async fn advance(&mut self, run: &Run<'_>, step: Step) -> Result<Moved, Denial> {
        let (nth, step) = (step.nth, Arc::new(step));
        loop {
            let (entering, id, step) = (self.entering(run), self.id.clone(), Arc::clone(&step));
            match self.ledger.write(move |tx| enter::onward(tx, entering, &id, &step)).await? {
                Onward::Entered(entered) => {
                    self.attempt = Attempt::Covered(nth);
                    self.went(entered).await;
                    return Ok(Moved::To(self.target));
                }
                Onward::Stopped(stopped, charged) => return Ok(Moved::Stopped(stopped, charged)),
                Onward::Lapsed => return Ok(Moved::Lapsed),
                Onward::Resting(rests) => {
                    self.passed_over(&rests).await;
                    return Ok(Moved::Nowhere(self.rests.join(" ")));
                }
                Onward::Full(provider) => match self.wait(run, &provider).await {
                    Ok(()) => {}
                    Err(denial) if denial.code == Code::Cancelled => return Err(denial),
                    Err(denial) => return Ok(Moved::Nowhere(denial.sentence)),
                },
            }
        }
    }

    /// An attempt leaves: from here on it may cost something.
    pub(crate) fn begins(&mut self, nth: u32, under_way: &UnderWay) {
        self.attempt = Attempt::UnderWay(nth, under_way.clone());
    }

    /// An attempt has ended: its place is free.
    pub(crate) fn frees_place(&mut self) {
        self.turn = None;
    }

    /// What came of an attempt, until the ledger knows it.
    pub(crate) fn ends(&mut self, ended: &attempt::End) {
        self.attempt = Attempt::Ended(ended.clone());
    }

    /// What the request is to the target it is at.
    pub(crate) fn role(&self) -> Role {
        self.role
    }

    /// Step 6: the last attempt's charge, the reservation, the accounts and the request, in one
    /// transaction. Gives what the whole call was charged.
    pub(super) async fn settle(
        &mut self,
        call: &Call<'_>,
        ran: &Ran,
        limits: &Limits,
        slot: Option<Slot>,
    ) -> Result<(MicroUsd, bool), Denial> {
        self.open = false;
        let plan = &self.plan;
        let (state, code) = match &ran.result {
            Ok(_) if ran.target == 0 => (RequestState::Answered, None),
            Ok(_) => (RequestState::Fallback, None),
            Err(denial) if ran.cancelled => (RequestState::Cancelled, Some(denial.code)),
            Err(denial) => (RequestState::Failed, Some(denial.code)),
        };
        let reason = match &ran.result {
            Ok(_) => call.reason(plan, ran, &self.rests),
            Err(denial) => denial.sentence.clone(),
        };
        let end = request::End { state, code, reason, usage: ran.usage, at: Timestamp::now() };
        let (id, last, caps) = (self.id.clone(), ran.last.clone(), limits.caps.clone());
        let answered = ran.result.is_ok().then(|| plan.targets[ran.target].provider.id.to_string());
        let found = ran.found.map(|outcome| (plan.targets[ran.target].model.clone(), (self.role, outcome)));
        let rules = self.rules;
        // What another model said in place of the first choice is not its answer.
        let kept = slot.zip(ran.result.as_ref().ok().filter(|_| ran.target == 0).cloned());
        let settle = move |tx: &rusqlite::Transaction<'_>| {
            if let Some(provider) = &answered {
                key_check::works(tx, provider, end.at.as_millisecond())?;
            }
            if let Some((model, found)) = &found {
                breaker::note(tx, model, rules, *found, end.at)?;
            }
            let closed = reservation::close(tx, &id, last.as_ref(), &end, &caps)?;
            if let Some((slot, answer)) = &kept {
                slot.keep(tx, answer, end.at)?;
            }
            Ok(closed)
        };
        Ok(self.ledger.write(settle).await?)
    }

    fn entering(&mut self, run: &Run<'_>) -> Entering {
        Entering {
            plan: Arc::clone(&self.plan),
            counted: self.counted.clone(),
            limits: run.limits.clone(),
            lanes: self.lanes.clone(),
            concurrency: self.concurrency,
            turn: self.turn.take(),
            lease: self.until,
        }
    }

    /// Takes over what was entered.
    async fn went(&mut self, entered: Entered) {
        let Entered { target, role, turn, warnings, rests } = entered;
        (self.target, self.role, self.turn) = (target, role, Some(turn));
        for hit in &warnings {
            let warning = warned(hit, &self.plan.targets[target].model);
            if !self.warnings.contains(&warning) {
                self.warnings.push(warning);
            }
        }
        self.passed_over(&rests).await;
    }

    async fn passed_over(&mut self, rests: &[(ModelId, Rest)]) {
        if rests.is_empty() {
            return;
        }
        let zone = self.ledger.glance(setting::zone).await.unwrap_or_else(|_| TimeZone::system());
        for (model, rest) in rests {
            let sentence = resting::said(model, rest, &zone);
            if !self.rests.contains(&sentence) {
                self.rests.push(sentence);
            }
        }
    }

    /// Waits for a place, within the call's deadline, and says so.
    async fn wait(&mut self, run: &Run<'_>, provider: &ProviderId) -> Result<(), Denial> {
        let begun = Instant::now();
        run.ctx.tell(Progress::Waiting { provider: provider.to_string() });
        let turn = self.lanes.turn(provider, self.concurrency, run.ctx.priority);
        self.turn = Some(tokio::select! {
            biased;
            () = run.ctx.cancel.cancelled() => {
                return Err(Denial::new(Code::Cancelled, "The caller cancelled the call."));
            }
            turn = turn => turn,
            () = tokio::time::sleep(dispatch::time_left(run)) => {
                let sentence = format!(
                    "There was no turn at {provider} before the call's deadline: as many calls of this program are under way as concurrency in routing.yaml lets run at once. Ask again later, or raise it."
                );
                return Err(Denial::new(Code::Timeout, sentence));
            }
        });
        let tenths = begun.elapsed().as_millis() / 100;
        self.warnings.push(format!(
            "The call waited {}.{} s for its turn at {provider}: more calls at once than concurrency in routing.yaml lets run.",
            tenths / 10,
            tenths % 10
        ));
        Ok(())
    }
}

impl Drop for Hold {
    /// A call whose future was dropped: what is known of its attempt is charged, and a try that was claimed is
    /// free again.
    fn drop(&mut self) {
        if !self.open {
            return;
        }
        let (id, rules, now) = (self.id.clone(), self.rules, Timestamp::now());
        let (ended, model, role) = (self.attempt.end(), self.plan.targets[self.target].model.clone(), self.role);
        self.ledger.post(move |tx| {
            if role == Role::Probe {
                breaker::note(tx, &model, rules, (role, Outcome::Undecided), now)?;
            }
            reservation::lapse(tx, &id, Some(&ended), now, &[])
        });
    }
}
