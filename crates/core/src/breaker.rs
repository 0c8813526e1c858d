//! Rests a model that keeps failing, so that calls go to the next one at once instead of failing first. A
//! state machine as values: closed (asked as always), open (not asked until an instant), half-open (one
//! call asks whether it works again). The engine keeps one [`Record`] for each (provider, model) that has
//! failed, shared by all processes; a model without a record is well.
//!
//! Counted are *requests* that failed in a row, not their attempts: one that was retried three times in
//! vain counts once, one that was answered in the end counts not at all. What says something about the
//! call instead of the model is never counted ([`Outcome::of`]), so a malformed call rests nobody.

use std::time::Duration;

use jiff::Timestamp;

use crate::code::Code;
use crate::failure::{Failure, FailureKind, Verdict};
use crate::policy::Breaker;

/// No model rests longer than this for one failure, whatever a provider asks for or a clock says: it is also
/// the longest `breaker.cooldown_s` and the longest deadline.
pub const LONGEST: Duration = Duration::from_secs(3600);

/// What is kept of a model that has failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Requests that failed since the last that was answered.
    pub failures: u32,
    /// It is not asked before this instant.
    pub until: Option<Timestamp>,
    /// One call asks whether it works again: until this instant at most, which is its deadline, so that a
    /// process that dies on the way holds up nobody for longer.
    pub probe_until: Option<Timestamp>,
    /// What the last failure was.
    pub last: Code,
}

/// Whether a model may be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gate {
    /// As always.
    Closed,
    /// By one call, which claims it ([`claimed`]).
    HalfOpen,
    /// Not before an instant.
    Open(Rest),
}

/// Why a model is not asked, and until when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rest {
    /// When it is tried again.
    pub until: Timestamp,
    /// Why.
    pub why: Why,
    /// What the last failure was.
    pub last: Code,
}

/// Why a model rests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// So many requests failed in a row.
    Failed(u32),
    /// Its provider asked not to be called before.
    Asked,
    /// One call is trying it just now.
    Probing,
}

/// What a request found at one model, all its attempts there taken together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It answered.
    Answered,
    /// It failed, and the provider may have asked not to be called before an instant.
    Failed {
        /// What happened.
        last: Code,
        /// From when on the provider wants to be asked again.
        not_before: Option<Timestamp>,
    },
    /// The call itself was the reason, or it was given up: nothing is known of the model.
    Undecided,
}

/// What a request was to the model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// One of many.
    Ordinary,
    /// The one that was let through to ask whether it works again.
    Probe,
}

impl Outcome {
    /// What a request's last failure at a model means for it. `left` is what was left until the deadline: a
    /// `Retry-After` within it was waited for in place, one beyond it is kept for the calls to come.
    pub fn of(failure: &Failure, now: Timestamp, left: Duration) -> Self {
        if failure.cut_short || !counts(failure.kind) {
            return Self::Undecided;
        }
        let asked = failure.retry_after.filter(|after| *after >= left && failure.kind.verdict() == Verdict::Retry);
        let not_before = asked.and_then(|after| now.checked_add(after.min(LONGEST)).ok());
        Self::Failed { last: failure.kind.code(), not_before }
    }
}

/// Whether a failure says something about the model. A call that is malformed, too long or refused for its
/// content says nothing.
const fn counts(kind: FailureKind) -> bool {
    match kind {
        FailureKind::InvalidRequest | FailureKind::ContextTooLong | FailureKind::ContentFilter => false,
        FailureKind::Auth
        | FailureKind::RateLimit
        | FailureKind::Quota
        | FailureKind::Overloaded
        | FailureKind::Provider5xx
        | FailureKind::Timeout
        | FailureKind::NetworkBeforeSend
        | FailureKind::NetworkAfterSend
        | FailureKind::UnknownModel
        | FailureKind::BadResponse => true,
    }
}

/// Whether a model may be asked now.
pub fn gate(record: Option<&Record>, rules: Breaker, now: Timestamp) -> Gate {
    let Some(record) = record else { return Gate::Closed };
    let tripped = record.failures >= rules.failures;
    let rest = |until, why| Gate::Open(Rest { until, why, last: record.last });
    if let Some(until) = ahead(record.until, now) {
        return rest(until, if tripped { Why::Failed(record.failures) } else { Why::Asked });
    }
    match ahead(record.probe_until, now) {
        _ if !tripped => Gate::Closed,
        Some(until) => rest(until, Why::Probing),
        None => Gate::HalfOpen,
    }
}

/// An instant that is still to come. One that lies further ahead than any that is written comes from a clock
/// that was wrong.
fn ahead(at: Option<Timestamp>, now: Timestamp) -> Option<Timestamp> {
    let furthest = now.checked_add(LONGEST).unwrap_or(Timestamp::MAX);
    at.filter(|at| *at > now && *at <= furthest)
}

/// The record once a call has claimed the one try; it has until `lease`.
pub fn claimed(record: Record, lease: Timestamp) -> Record {
    Record { probe_until: Some(lease), ..record }
}

/// The record after a request; `None` where the model is well and nothing has to be kept.
pub fn after(record: Option<Record>, rules: Breaker, role: Role, outcome: Outcome, now: Timestamp) -> Option<Record> {
    let probe_until = |record: &Record| record.probe_until.filter(|_| role == Role::Ordinary);
    match outcome {
        Outcome::Answered => None,
        Outcome::Undecided => record.map(|record| Record { probe_until: probe_until(&record), ..record }),
        Outcome::Failed { last, not_before } => {
            let failures = record.as_ref().map_or(0, |record| record.failures).saturating_add(1);
            let rested = now.checked_add(rules.cooldown.min(LONGEST)).ok().filter(|_| failures >= rules.failures);
            // A request that began before the model was rested does not rest it longer.
            let standing = record.as_ref().and_then(|record| ahead(record.until, now));
            let until = standing.or(rested).max(not_before);
            Some(Record { failures, until, probe_until: record.as_ref().and_then(probe_until), last })
        }
    }
}

#[cfg(test)]
mod tests;
