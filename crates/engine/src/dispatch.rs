//! Step 5 of the journey: targets in order, retries on one target, one deadline over all.
//!
//! Worst case of [`run`]: targets × (retries + 1) attempts within the plan's deadline. No attempt is
//! sent before the ledger has covered it; the first one is covered by the reservation itself.

use std::time::{Duration, Instant};

use jiff::Timestamp;
use pointsman_core::budget::{Counted, Place};
use pointsman_core::chat::{Answer, Chat};
use pointsman_core::code::{Code, Denial};
use pointsman_core::failure::{Billing, Failure, FailureKind, Verdict};
use pointsman_core::money::{MicroUsd, Usage};
use pointsman_core::plan::{Plan, Target};
use pointsman_core::policy::{Retry, Timeouts};
use pointsman_core::reservation::Charge;
use pointsman_core::retry;

use crate::chat::{Hold, no_room};
use crate::ledger::attempt;
use crate::ledger::reservation::{Advance, Cover, Limits, Next, Stopped};
use crate::secrets::Secret;
use crate::{CallContext, Inner, Progress, pause};

mod talk;

/// The least time that must be left for another attempt, unless `first_token_s` is shorter.
const LEAST: Duration = Duration::from_secs(2);

/// What goes into a run.
pub(crate) struct Run<'a> {
    pub(crate) plan: &'a Plan,
    pub(crate) chat: &'a Chat,
    pub(crate) keys: &'a [Option<Secret>],
    pub(crate) limits: &'a Limits,
    pub(crate) timeouts: Timeouts,
    pub(crate) retry: &'a Retry,
    pub(crate) deadline: Instant,
    pub(crate) ctx: &'a CallContext,
}

/// How a run ended: with the last attempt, which is still to be settled, or without one.
pub(crate) struct Ran {
    pub(crate) result: Result<Answer, Denial>,
    /// The target of the first attempt.
    pub(crate) first: usize,
    /// The target of the last attempt.
    pub(crate) target: usize,
    /// The last attempt, unless the ledger has ended it already.
    pub(crate) last: Option<attempt::End>,
    pub(crate) usage: Option<Usage>,
    /// Attempts beyond the first.
    pub(crate) retries: u32,
    pub(crate) cancelled: bool,
}

/// What one attempt gave.
enum Tried {
    Answered(Answer),
    Failed(Failure),
    /// With what is known of its cost.
    Cancelled(Charge, Option<Usage>),
}

/// Tries targets until one answers, the plan ends, or the deadline passes.
pub(crate) async fn run(inner: &Inner, hold: &mut Hold, run: &Run<'_>) -> Ran {
    let first = hold.first;
    let (mut target, mut on_target, mut nth) = (first, 0, 1);
    let mut first_failure: Option<Failure> = None;
    loop {
        let current = &run.plan.targets[target];
        run.ctx.tell(Progress::Trying { model: current.model.to_string(), nth });
        let tried = talk::attempt_once(inner, run, current, run.keys[target].as_ref()).await;
        let (ended, failure) = match tried {
            Tried::Answered(answer) => {
                let usage = answer.usage;
                let last = end_of(nth, charge(usage, current, Billing::Unknown), None);
                return Ran {
                    result: Ok(answer),
                    first,
                    target,
                    last: Some(last),
                    usage,
                    retries: nth - 1,
                    cancelled: false,
                };
            }
            Tried::Cancelled(charge, usage) => {
                let last = end_of(nth, charge, None);
                let result = Err(Denial::new(Code::Cancelled, "The caller cancelled the call."));
                return Ran { result, first, target, last: Some(last), usage, retries: nth - 1, cancelled: true };
            }
            Tried::Failed(failure) => {
                (end_of(nth, charge(failure.usage, current, failure.billing()), Some(&failure)), failure)
            }
        };
        let usage = failure.usage;
        let over =
            |result, last| Ran { result: Err(result), first, target, last, usage, retries: nth - 1, cancelled: false };
        let Some((next, wait)) = next_step(run, target, on_target, &failure) else {
            return over(last_word(run, first_failure.as_ref(), &failure), Some(ended));
        };
        if !waited(run, wait).await {
            let denial = Denial::new(Code::Cancelled, "The caller cancelled the call.");
            return Ran { cancelled: true, ..over(denial, Some(ended)) };
        }
        let next = match hold.advance(&ended, run.limits, run.plan, next, nth + 1).await {
            Ok(Advance::Covered(covered)) => hold.went(run.plan, next, &covered),
            Ok(Advance::Stopped(stopped, charged)) => {
                let mut denial = why_stopped(inner, stopped).await;
                if charged > MicroUsd::ZERO {
                    denial.sentence.push_str(&format!(" {charged} was already charged for this call."));
                }
                return over(denial, None);
            }
            Ok(Advance::Lapsed) => {
                return over(
                    Denial::new(Code::Interrupted, "The call took longer than its hold on the caps, so it was ended."),
                    None,
                );
            }
            Err(denial) => return over(denial, Some(ended)),
        };
        on_target = if next == target { on_target + 1 } else { 0 };
        target = next;
        nth += 1;
        first_failure.get_or_insert(failure);
    }
}

/// The denial of a call that may send nothing more.
pub(crate) async fn why_stopped(inner: &Inner, stopped: Stopped) -> Denial {
    match stopped {
        Stopped::NoRoom(found) => no_room::denied(&found),
        Stopped::Paused => match pause::denial(inner).await {
            Ok(Some(denial)) | Err(denial) => denial,
            Ok(None) => Denial::new(Code::Paused, "Spending was paused by the user."),
        },
    }
}

/// What has to be covered before an attempt on a target, and in its place where a cap leaves only models
/// of this machine. `counted` says whose the call is; its model is replaced.
pub(crate) fn next(plan: &Plan, counted: &Counted, target: usize, nth: u32) -> Next {
    let first = cover(plan, counted, target, nth, plan.dearest_from(target));
    let local = local_after(plan, target).map(|local| {
        // From there on the call stays here, so what may follow is what runs here too.
        let here = plan.targets[local..].iter().filter(|target| target.provider.local);
        let dearest = here.map(|target| target.worst).max().unwrap_or_default();
        cover(plan, counted, local, nth, dearest)
    });
    Next { first, local }
}

/// The next target after this one that runs on this machine.
pub(crate) fn local_after(plan: &Plan, target: usize) -> Option<usize> {
    (target + 1..plan.targets.len()).find(|at| plan.targets[*at].provider.local)
}

fn cover(plan: &Plan, counted: &Counted, target: usize, nth: u32, dearest: MicroUsd) -> Cover {
    let current = &plan.targets[target];
    Cover {
        attempt: attempt::Start {
            nth,
            counted: Counted { model: current.model.clone(), ..counted.clone() },
            price: current.price,
            worst: current.worst,
            at: Timestamp::now(),
        },
        dearest,
        place: if current.provider.local { Place::Here } else { Place::Away },
    }
}

/// The next target and the wait before it; `None` where the call ends.
fn next_step(run: &Run<'_>, target: usize, on_target: usize, failure: &Failure) -> Option<(usize, Duration)> {
    // An attempt that has no time to finish would only be charged for nothing.
    let least = run.timeouts.first_token.min(LEAST);
    let left = run.deadline.saturating_duration_since(Instant::now()).saturating_sub(least);
    let another = || (target + 1 < run.plan.targets.len() && !left.is_zero()).then_some((target + 1, Duration::ZERO));
    match failure.verdict() {
        Verdict::Stop => None,
        Verdict::NextTarget => another(),
        Verdict::Retry => match retry::wait(run.retry, on_target, random(), failure.retry_after, left) {
            Some(wait) => Some((target, wait)),
            None => another(),
        },
    }
}

/// Waits; `false` where the caller cancelled meanwhile.
async fn waited(run: &Run<'_>, wait: Duration) -> bool {
    tokio::select! {
        () = tokio::time::sleep(wait) => true,
        () = run.ctx.cancel.cancelled() => false,
    }
}

fn random() -> u32 {
    let mut bytes = [0u8; 2];
    match getrandom::fill(&mut bytes) {
        Ok(()) => u32::from(u16::from_le_bytes(bytes)) % 1001,
        Err(_) => 500,
    }
}

fn charge(usage: Option<Usage>, target: &Target, billing: Billing) -> Charge {
    match (usage, billing) {
        (Some(usage), _) => Charge::Measured(usage, target.price.cost(&usage)),
        (None, Billing::Unknown) => Charge::Assumed(target.worst),
        (None, Billing::None) => Charge::None,
    }
}

fn end_of(nth: u32, charge: Charge, failure: Option<&Failure>) -> attempt::End {
    attempt::End {
        nth,
        charge,
        failure: failure.map(|failure| failure.kind),
        status: failure.and_then(|failure| failure.status),
        at: Timestamp::now(),
    }
}

/// The error of a call whose every attempt failed: the last failure, and the first where it was
/// another one.
fn last_word(run: &Run<'_>, first: Option<&Failure>, last: &Failure) -> Denial {
    let mut sentence = last.sentence.clone();
    if let Some(first) = first.filter(|first| first.sentence != last.sentence) {
        sentence = format!("{sentence} Before that: {}", first.sentence);
    }
    if run.deadline <= Instant::now() && last.kind != FailureKind::Timeout {
        sentence.push_str(" There was no time left for another try.");
    }
    Denial::new(last.kind.code(), sentence)
}
