//! The way a request went, step by step, from its rows. The page draws it as a track: a lane for the first
//! choice, one beside it for each model that was asked in its place.

use pointsman_core::plan;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::Kept;
use super::attempts::{Adjustment, Attempt};
use crate::ledger::trace;
use crate::view::{Money, RequestRow, RequestState};

/// One step. `at_ms` is in ms since 1970.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum RequestStep {
    /// The order of models was decided.
    Planned {
        /// When.
        #[ts(type = "number")]
        at_ms: i64,
        /// Why the first one, for one line beside its name.
        brief: String,
        /// In their order; at least one.
        models: Vec<PlannedModel>,
        /// What was left aside, and why.
        notes: Vec<String>,
    },
    /// No kept answer to the very same call was there.
    NotKept {
        /// When.
        #[ts(type = "number")]
        at_ms: i64,
    },
    /// An answer that was kept is given again.
    Kept {
        /// When.
        #[ts(type = "number")]
        at_ms: i64,
        /// Of when it is.
        #[ts(type = "number | null")]
        since_ms: Option<i64>,
    },
    /// Money was held.
    Held {
        /// When.
        #[ts(type = "number")]
        at_ms: i64,
        /// The dearest attempt that may follow.
        amount: Money,
        /// The caps it was checked against.
        caps: Vec<CapChecked>,
    },
    /// We said no before anything was sent.
    Denied {
        /// When.
        #[ts(type = "number")]
        at_ms: i64,
        /// For machines.
        code: String,
        /// For people.
        sentence: String,
        /// The caps it was checked against.
        caps: Vec<CapChecked>,
    },
    /// One call of a provider.
    Attempt {
        /// When it was sent.
        #[ts(type = "number")]
        at_ms: i64,
        /// Of all attempts, from 1.
        nth: u32,
        /// `provider/model`.
        model: String,
        /// Its tier, where that is known.
        tier: String,
        /// Why it was made.
        why: AttemptWhy,
        /// 0 for the first choice, then one more for each model in place of it.
        lane: u32,
        /// What was waited since the one before, in ms.
        #[ts(type = "number | null")]
        waited_ms: Option<i64>,
        /// To its first word, in ms.
        #[ts(type = "number | null")]
        first_ms: Option<i64>,
        /// How long it took, in ms; `None` while it is under way.
        #[ts(type = "number | null")]
        took_ms: Option<i64>,
        /// How it ended.
        end: AttemptEnd,
        /// The code of its failure.
        code: Option<String>,
        /// The HTTP status of its failure.
        status: Option<u16>,
        /// Its failure in a sentence, with what the provider said.
        words: Option<String>,
        /// What the provider asked to wait, in ms.
        #[ts(type = "number | null")]
        retry_after_ms: Option<i64>,
        /// What it was charged; `None` while it is under way.
        charged: Option<Money>,
        /// Nobody counted, so the most it can have cost is charged.
        assumed: bool,
        /// It cost more than was held for it.
        over_hold: bool,
    },
    /// The call ended.
    Ended {
        /// When.
        #[ts(type = "number")]
        at_ms: i64,
        /// How.
        state: RequestState,
        /// For machines, where there was no answer.
        code: Option<String>,
        /// Why, where somebody said why there was no answer.
        sentence: String,
        /// What its attempts were charged.
        charged: Money,
    },
    /// A charge was corrected later.
    Adjusted {
        /// When.
        #[ts(type = "number")]
        at_ms: i64,
        /// Of which attempt.
        nth: Option<u32>,
        /// By how much, with its sign.
        amount: Money,
        /// Why.
        reason: String,
    },
}

/// A model of the plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct PlannedModel {
    /// `provider/model`.
    pub model: String,
    /// `L1`.
    pub tier: String,
}

/// A cap as a hold found it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct CapChecked {
    /// `Day cap of $5.00`.
    pub title: String,
    /// What was left of it.
    pub left: Money,
    /// What the call may need there.
    pub needed: Money,
    /// `None` where there was room, else what it does: `block`, `ask`, `local_only` or `warn`.
    pub hit: Option<String>,
}

/// Why an attempt was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum AttemptWhy {
    /// It is the first choice.
    First,
    /// A cap left only models of this machine.
    Local,
    /// The same model once more.
    Retry,
    /// The same model was asked to mend an answer that was not the JSON asked for.
    Mend,
    /// Another model in place of the one before.
    Fallback,
}

/// How an attempt ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum AttemptEnd {
    /// It is under way.
    Running,
    /// It answered.
    Answered,
    /// It failed.
    Failed,
    /// The caller cancelled.
    Cancelled,
    /// Nobody knows: its process ended first.
    Lost,
}

pub(super) fn of(row: &RequestRow, kept: &Kept, attempts: &[Attempt], adjustments: &[Adjustment]) -> Vec<RequestStep> {
    let mut steps = Vec::new();
    before(&mut steps, row, kept, attempts.first());
    for (at, attempt) in attempts.iter().enumerate() {
        steps.push(step(row, kept, &attempts[..at], attempt));
    }
    if let (Some(at_ms), true) = (kept.ended_ms, ends_the_way(row.state)) {
        let charged = attempts.iter().fold(pointsman_core::money::MicroUsd::ZERO, |sum, one| sum.plus(one.amount));
        // The reason of these is why the model was chosen.
        let chosen = matches!(row.state, RequestState::Answered | RequestState::Fallback | RequestState::Interrupted);
        let sentence = if chosen { String::new() } else { row.reason.clone() };
        steps.push(RequestStep::Ended {
            at_ms,
            state: row.state,
            code: row.code.clone(),
            sentence,
            charged: Money::row(charged),
        });
    }
    steps.extend(adjustments.iter().map(|one| RequestStep::Adjusted {
        at_ms: one.at_ms,
        nth: one.nth,
        amount: Money::row(one.amount),
        reason: one.reason.clone(),
    }));
    steps
}

/// A denied call and one that was answered again end with the step that says so.
fn ends_the_way(state: RequestState) -> bool {
    match state {
        RequestState::Running | RequestState::Denied | RequestState::Kept => false,
        RequestState::Answered
        | RequestState::Fallback
        | RequestState::Failed
        | RequestState::Cancelled
        | RequestState::Interrupted => true,
    }
}

/// What happened before anything was sent.
fn before(steps: &mut Vec<RequestStep>, row: &RequestRow, kept: &Kept, first: Option<&Attempt>) {
    let at_ms = row.at_ms;
    let caps = || kept.checked.iter().map(checked).collect::<Vec<_>>();
    if let Some(trace) = &kept.trace {
        let models = trace.targets.iter();
        let models = models.map(|way| PlannedModel { model: way.model.clone(), tier: way.tier.clone() }).collect();
        let first = trace.targets.first().map(|way| way.model.as_str()).unwrap_or_default();
        let brief = plan::brief(&trace.reason, &row.class, first).into_owned();
        steps.push(RequestStep::Planned { at_ms, brief, models, notes: trace.notes.clone() });
        match (trace.kept, row.state) {
            (trace::Kept::Missed, _) => steps.push(RequestStep::NotKept { at_ms }),
            (trace::Kept::Since(since), _) => steps.push(RequestStep::Kept { at_ms, since_ms: Some(since) }),
            (trace::Kept::Off, _) => {}
        }
    } else if row.state == RequestState::Kept {
        steps.push(RequestStep::Kept { at_ms, since_ms: None });
    }
    if row.state == RequestState::Denied {
        let code = row.code.clone().unwrap_or_default();
        steps.push(RequestStep::Denied { at_ms, code, sentence: row.reason.clone(), caps: caps() });
    } else if let Some(first) = first {
        steps.push(RequestStep::Held { at_ms: first.sent_ms, amount: Money::row(kept.hold), caps: caps() });
    }
}

fn checked(one: &trace::Checked) -> CapChecked {
    let (left, needed) = (Money::row(one.left()), Money::row(one.needed()));
    CapChecked {
        title: capital(one.title.strip_prefix("the ").unwrap_or(&one.title)),
        left,
        needed,
        hit: one.hit.clone(),
    }
}

fn capital(text: &str) -> String {
    let mut rest = text.chars();
    rest.next().map(|first| first.to_uppercase().chain(rest).collect()).unwrap_or_default()
}

fn step(row: &RequestRow, kept: &Kept, earlier: &[Attempt], attempt: &Attempt) -> RequestStep {
    let targets = kept.trace.as_ref().map(|trace| trace.targets.as_slice()).unwrap_or_default();
    let way = targets.iter().position(|way| way.model == attempt.model);
    let why = why(earlier, attempt, way);
    let mut models: Vec<&str> = earlier.iter().map(|one| one.model.as_str()).chain([attempt.model.as_str()]).collect();
    models.dedup();
    let moved = usize::from(why == AttemptWhy::Local || models.len() > 1);
    let lane = u32::try_from(models.len() - 1).unwrap_or(u32::MAX).max(u32::try_from(moved).unwrap_or_default());
    let end = end(row, attempt);
    RequestStep::Attempt {
        at_ms: attempt.sent_ms,
        nth: attempt.nth,
        model: attempt.model.clone(),
        tier: way.map(|way| targets[way].tier.clone()).unwrap_or_default(),
        why,
        lane,
        waited_ms: earlier.last().and_then(|last| last.ended_ms).map(|ended| (attempt.sent_ms - ended).max(0)),
        first_ms: attempt.first_ms,
        took_ms: attempt.ended_ms.map(|ended| (ended - attempt.sent_ms).max(0)),
        end,
        code: attempt.failure.clone(),
        status: attempt.status,
        words: attempt.words.clone(),
        retry_after_ms: attempt.retry_after_ms,
        charged: attempt.ended_ms.map(|_| Money::row(attempt.amount)),
        assumed: attempt.assumed().is_some(),
        over_hold: attempt.over_hold().is_some(),
    }
}

fn why(earlier: &[Attempt], attempt: &Attempt, way: Option<usize>) -> AttemptWhy {
    match earlier.last() {
        None if way.is_some_and(|way| way > 0) => AttemptWhy::Local,
        None => AttemptWhy::First,
        Some(last) if last.model != attempt.model => AttemptWhy::Fallback,
        // After an answer that cannot be read the same model is asked again only to mend it.
        Some(last) if last.failure.as_deref() == Some("bad_response") => AttemptWhy::Mend,
        Some(_) => AttemptWhy::Retry,
    }
}

fn end(row: &RequestRow, attempt: &Attempt) -> AttemptEnd {
    match (attempt.ended_ms, &attempt.failure, row.state) {
        (_, Some(_), _) => AttemptEnd::Failed,
        (None, None, RequestState::Running) => AttemptEnd::Running,
        (None, None, _) | (Some(_), None, RequestState::Interrupted) => AttemptEnd::Lost,
        (Some(_), None, RequestState::Cancelled) => AttemptEnd::Cancelled,
        (Some(_), None, _) => AttemptEnd::Answered,
    }
}
