//! Step 5 of the journey: targets in order, retries on one target, one deadline over all.
//!
//! Worst case of [`run`]: targets × (retries + 1) attempts within the plan's deadline, and one more for
//! each target whose answer is not the JSON asked for. No attempt is
//! sent before the ledger has covered it; the first one is covered by the reservation itself.

use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use pointsman_core::breaker::Outcome;
use pointsman_core::budget::{Counted, Place};
use pointsman_core::chat::{Answer, Chat, ResponseFormat};
use pointsman_core::code::{Code, Denial};
use pointsman_core::estimate;
use pointsman_core::failure::{Billing, Failure, FailureKind, Verdict};
use pointsman_core::money::{MicroUsd, Usage};
use pointsman_core::plan::{Plan, Target};
use pointsman_core::policy::{Concurrency, Retry, Timeouts};
use pointsman_core::privacy::Form;
use pointsman_core::reservation::Charge;
use pointsman_core::retry;
use pointsman_core::structured;

use shape::shaped;

use crate::chat::{Hold, Moved, Step, no_room, resting};
use crate::ledger::reservation::{Cover, Limits, Next, Stopped};
use crate::ledger::{attempt, setting};
use crate::secrets::Secret;
use crate::{CallContext, Delivery, Inner, Progress, pause};

pub(crate) mod enter;
mod shape;
mod talk;
mod under_way;

pub(crate) use under_way::UnderWay;

/// The least time that must be left for another attempt, unless `first_token_s` is shorter.
const LEAST: Duration = Duration::from_secs(2);

/// What goes into a run.
pub(crate) struct Run<'a> {
    pub(crate) plan: &'a Arc<Plan>,
    pub(crate) chat: &'a Chat,
    pub(crate) keys: &'a [Option<Secret>],
    pub(crate) limits: &'a Limits,
    pub(crate) timeouts: Timeouts,
    pub(crate) retry: &'a Retry,
    pub(crate) concurrency: Concurrency,
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
    /// What the request found at that target, unless it is taken down already.
    pub(crate) found: Option<Outcome>,
    /// Attempts beyond the first.
    pub(crate) retries: u32,
    pub(crate) cancelled: bool,
    /// What the caller should know of the way the answer came.
    pub(crate) notes: Vec<String>,
}

/// What one attempt gave.
enum Tried {
    /// With the time to its first word.
    Answered(Answer, Option<Duration>),
    Failed(Failure),
    /// With what the provider counted.
    Cancelled(Option<Usage>),
}

/// Tries targets until one answers, the plan ends, or the deadline passes. An answer that is not the
/// JSON asked for is mended once by the same target, in an attempt of its own.
pub(crate) async fn run(inner: &Inner, hold: &mut Hold, run: &Run<'_>) -> Ran {
    let first = hold.first;
    let (mut target, mut on_target, mut nth) = (first, 0, 1);
    let mut first_failure: Option<Failure> = None;
    let mut mended: Option<Chat> = None;
    // Whether this target was asked to mend an answer: that is done once, also where the mending failed.
    let mut asked_to_mend = false;
    // What the attempt under way can cost at most: more than planned where the conversation has grown.
    let mut worst = run.plan.targets[first].worst;
    let mut notes = Vec::new();
    loop {
        let current = &run.plan.targets[target];
        run.ctx.tell(Progress::Trying { model: current.model.to_string(), nth });
        // What the target may have of the conversation; see data_policy.
        let sent = current.redacted.as_ref().map_or(run.chat, |redacted| &redacted.chat);
        let chat = mended.as_ref().unwrap_or(sent);
        let under_way = UnderWay::of(current, chat, worst);
        hold.begins(nth, &under_way);
        let key = run.keys[target].as_ref();
        let tried = talk::attempt_once(inner, run, current, chat, key, &under_way, &mut notes).await;
        hold.frees_place();
        let over = |result, last, usage, found, cancelled, notes| Ran {
            result,
            first,
            target,
            last,
            usage,
            found,
            retries: nth - 1,
            cancelled,
            notes,
        };
        let (failure, found) = match tried {
            Tried::Answered(answer, first) => match shaped(run.chat, answer).await {
                Ok(answer) => {
                    let answer = restored(current, run.chat, answer, &mut notes);
                    let usage = answer.usage;
                    let last =
                        attempt::End { first, ..end_of(nth, charge(usage, current, worst, Billing::Unknown), None) };
                    return over(Ok(answer), Some(last), usage, Some(Outcome::Answered), false, notes);
                }
                Err(misshapen) => {
                    let mend = !asked_to_mend && misshapen.can_be_mended;
                    asked_to_mend |= mend;
                    mended = mend.then(|| structured::repair(sent, &misshapen.text, &misshapen.why));
                    // That its answer has another shape says nothing of whether it can be reached.
                    (misshapen.failure(current), Outcome::Answered)
                }
            },
            Tried::Cancelled(usage) => {
                let charge = match usage {
                    Some(_) => charge(usage, current, worst, Billing::Unknown),
                    None => under_way.charge(),
                };
                let last = end_of(nth, charge, None);
                return over(Err(cancelled()), Some(last), usage, Some(Outcome::Undecided), true, notes);
            }
            Tried::Failed(failure) => {
                mended = None;
                let found = Outcome::of(&failure, Timestamp::now(), time_left(run));
                (failure, found)
            }
        };
        let ended = end_of(nth, charge(failure.usage, current, worst, failure.billing()), Some(&failure));
        hold.ends(&ended);
        let usage = failure.usage;
        let seen = found != Outcome::Answered && under_way.has_delivered() && run.ctx.delivery == Delivery::Pieces;
        let step = match &mended {
            _ if seen => None,
            Some(_) => Some((target, Duration::ZERO)).filter(|_| time_is_left(run)),
            None => next_step(run, target, on_target, &failure),
        };
        let Some((next, wait)) = step else {
            let mut denial = last_word(run, first_failure.as_ref(), &failure);
            if seen {
                denial
                    .sentence
                    .push_str(" A part of the answer had been passed on already, so no other model was asked.");
            }
            return over(Err(denial), Some(ended), usage, Some(found), false, notes);
        };
        if !waited(run, wait).await {
            return over(Err(cancelled()), Some(ended), usage, Some(found), true, notes);
        }
        let grown = mended.as_ref().map(|chat| {
            notes.push(format!(
                "{}'s first answer was not the JSON asked for, so it was asked once more.",
                current.model
            ));
            // The conversation has grown by the answer and the wish.
            estimate::worst_cost(current.provider.wire, chat, current.max_tokens, &current.price)
        });
        let step =
            Step { ended: ended.clone(), from: target, to: next, nth: nth + 1, grown, found: (hold.role(), found) };
        let next = match hold.advance(run, step).await {
            Ok(Moved::To(target)) => target,
            Ok(Moved::Stopped(stopped, charged)) => {
                let mut denial = why_stopped(inner, stopped).await;
                if charged > MicroUsd::ZERO {
                    denial.sentence.push_str(&format!(" {charged} was already charged for this call."));
                }
                return over(Err(denial), None, usage, None, false, notes);
            }
            Ok(Moved::Lapsed) => {
                let sentence = "The call took longer than its hold on the caps, so it was ended.";
                return over(Err(Denial::new(Code::Interrupted, sentence)), None, usage, None, false, notes);
            }
            Ok(Moved::Nowhere(why)) => {
                let mut denial = last_word(run, first_failure.as_ref(), &failure);
                denial.sentence.push_str(&format!(" {why}"));
                return over(Err(denial), Some(ended), usage, Some(found), false, notes);
            }
            Err(denial) => {
                let cancelled = denial.code == Code::Cancelled;
                return over(Err(denial), Some(ended), usage, Some(found), cancelled, notes);
            }
        };
        if next != target {
            (mended, asked_to_mend) = (None, false);
        }
        worst = grown.filter(|_| next == target).unwrap_or(run.plan.targets[next].worst);
        on_target = if next == target { on_target + 1 } else { 0 };
        target = next;
        nth += 1;
        first_failure.get_or_insert(failure);
    }
}

/// The answer with the texts put back that were replaced in what was sent.
fn restored(target: &Target, chat: &Chat, answer: Answer, notes: &mut Vec<String>) -> Answer {
    let Some(redacted) = &target.redacted else { return answer };
    let texts =
        if redacted.count() == 1 { "1 text was".to_owned() } else { format!("{} texts were", redacted.count()) };
    notes.push(format!(
        "By data_policy {texts} replaced before {} got the prompt, and put back into its answer.",
        target.model
    ));
    Answer { text: redacted.restore(&answer.text, form_of(chat)), ..answer }
}

/// What kind of answer was asked for.
fn form_of(chat: &Chat) -> Form {
    match chat.params.response_format {
        Some(ResponseFormat::JsonObject | ResponseFormat::JsonSchema { .. }) => Form::Json,
        Some(ResponseFormat::Text) | None => Form::Text,
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
        Stopped::Resting(rests) => match inner.ledger.glance(setting::zone).await {
            Ok(zone) => resting::denied(&rests, &zone),
            Err(error) => error.into(),
        },
    }
}

fn cancelled() -> Denial {
    Denial::new(Code::Cancelled, "The caller cancelled the call.")
}

/// What has to be covered before an attempt on a target, and before one on the target in its place where a
/// cap leaves only models of this machine. `counted` says whose the call is; its model is replaced.
pub(crate) fn next(plan: &Plan, counted: &Counted, (target, local): (usize, Option<usize>), nth: u32) -> Next {
    let first = cover(plan, counted, target, nth, plan.dearest_from(target));
    let local = local.map(|local| {
        // From there on the call stays here, so what may follow is what runs here too.
        let here = plan.targets[local..].iter().filter(|target| target.provider.local);
        let dearest = here.map(|target| target.worst).max().unwrap_or_default();
        cover(plan, counted, local, nth, dearest)
    });
    Next { first, local }
}

fn cover(plan: &Plan, counted: &Counted, target: usize, nth: u32, dearest: MicroUsd) -> Cover {
    let current = &plan.targets[target];
    Cover {
        attempt: attempt::Start {
            nth,
            counted: Counted { model: current.model.clone(), ..counted.clone() },
            price: current.price.clone(),
            price_source: current.price_source.to_string(),
            worst: current.worst,
            at: Timestamp::now(),
        },
        dearest,
        place: if current.provider.local { Place::Here } else { Place::Away },
    }
}

/// The next target and the wait before it; `None` where the call ends.
fn next_step(run: &Run<'_>, target: usize, on_target: usize, failure: &Failure) -> Option<(usize, Duration)> {
    let left = time_left(run);
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

/// How long may be waited before another attempt: one that has no time to finish would only be charged
/// for nothing.
pub(crate) fn time_left(run: &Run<'_>) -> Duration {
    let least = run.timeouts.first_token.min(LEAST);
    run.deadline.saturating_duration_since(Instant::now()).saturating_sub(least)
}

fn time_is_left(run: &Run<'_>) -> bool {
    !time_left(run).is_zero()
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

/// What an attempt is charged; `worst` is what was held for it.
fn charge(usage: Option<Usage>, target: &Target, worst: MicroUsd, billing: Billing) -> Charge {
    // Only a provider that is known to tell its cost rightly settles by it.
    let usage = usage.map(|usage| Usage { cost: usage.cost.filter(|_| target.provider.reports_cost), ..usage });
    match (usage, billing) {
        (Some(usage), _) => Charge::Measured(usage, target.price.cost(&usage)),
        (None, Billing::Unknown) => Charge::Assumed(worst),
        (None, Billing::None) => Charge::None,
    }
}

pub(crate) fn end_of(nth: u32, charge: Charge, failure: Option<&Failure>) -> attempt::End {
    attempt::End {
        nth,
        charge,
        failure: failure.map(|failure| failure.kind),
        status: failure.and_then(|failure| failure.status),
        first: None,
        words: failure.map(|failure| failure.sentence.clone()),
        retry_after: failure.and_then(|failure| failure.retry_after),
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
