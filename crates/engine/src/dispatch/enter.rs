//! Which target an attempt is made at, decided in the transaction that holds the money for it: the first
//! that does not rest and has a free place. What is claimed, held and taken is so claimed, held and taken
//! together, or not at all.
//!
//! Where all places at a provider are taken, everything is undone and the caller waits without a hold; it
//! comes back with its turn and all is checked anew. A call that its caps would not let through is so denied
//! at once, without waiting for a place.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use pointsman_core::breaker::{self, Gate, Outcome, Rest, Role};
use pointsman_core::budget::Counted;
use pointsman_core::id::{ModelId, ProviderId, RequestId};
use pointsman_core::money::MicroUsd;
use pointsman_core::plan::Plan;
use pointsman_core::policy::{Breaker, Concurrency};
use rusqlite::{Connection, Transaction};

use super::next;
use crate::lanes::{Lanes, Turn};
use crate::ledger::reservation::{self, Advance, Covered, Limits, NoRoom, Stopped, Went};
use crate::ledger::{LedgerError, attempt, breaker as rows, request};

/// What is needed to enter a target.
pub(crate) struct Entering {
    pub(crate) plan: Arc<Plan>,
    /// Whose the call is; the model is replaced.
    pub(crate) counted: Counted,
    pub(crate) limits: Limits,
    pub(crate) lanes: Lanes,
    pub(crate) concurrency: Concurrency,
    /// A place that was waited for.
    pub(crate) turn: Option<Turn>,
    /// Until when a try that is claimed is claimed: the deadline of the call.
    pub(crate) lease: Timestamp,
}

/// A target that was entered: its attempt is covered and written, its place taken.
#[derive(Debug)]
pub(crate) struct Entered {
    pub(crate) target: usize,
    pub(crate) role: Role,
    pub(crate) turn: Turn,
    /// What caps have to say of it.
    pub(crate) warnings: Vec<NoRoom>,
    /// What was passed over because it rests.
    pub(crate) rests: Vec<(ModelId, Rest)>,
}

/// How entering the first target went.
pub(crate) enum First {
    Entered(Entered),
    Stopped(Stopped),
    /// All places are taken; nothing was changed.
    Full(ProviderId),
}

/// How going on to the next attempt went.
pub(crate) enum Onward {
    Entered(Entered),
    /// It may not be sent; the reservation has ended with what was charged.
    Stopped(Stopped, MicroUsd),
    /// The lease was lost.
    Lapsed,
    /// All places are taken; nothing was changed.
    Full(ProviderId),
    /// Every target that is left rests; nothing was changed.
    Resting(Vec<(ModelId, Rest)>),
}

/// The step from one attempt to the next.
pub(crate) struct Step {
    pub(crate) ended: attempt::End,
    /// Where the attempt that has ended was made.
    pub(crate) from: usize,
    pub(crate) to: usize,
    pub(crate) nth: u32,
    /// The worst case of a conversation that is longer than the plan's.
    pub(crate) grown: Option<MicroUsd>,
    /// What the request was to the target that is left, and what it found there.
    pub(crate) found: (Role, Outcome),
}

/// Reserves, and enters the first target that may be asked.
pub(crate) fn first(
    tx: &Transaction<'_>,
    entering: Entering,
    start: &request::Start,
    lease: Timestamp,
) -> Result<First, LedgerError> {
    let gates = Gates::look(tx, entering.limits.breaker)?;
    let (target, rests) = gates.first(&entering.plan, 0);
    let Some(target) = target else { return Ok(First::Stopped(Stopped::Resting(rests))) };
    let local = gates.local_after(&entering.plan, target);
    let next = next(&entering.plan, &entering.counted, (target, local), 1);
    let start = request::Start { target: Some(entering.plan.targets[target].model.clone()), ..start.clone() };
    let undo = Undo::begin(tx)?;
    match reservation::reserve(tx, &start, &entering.limits, &next, lease)? {
        Err(stopped) => {
            undo.keep(tx)?;
            Ok(First::Stopped(stopped))
        }
        Ok(covered) => Ok(match enter(tx, entering, &gates, (target, local), (covered, rests), None)? {
            Ok(entered) => {
                undo.keep(tx)?;
                First::Entered(entered)
            }
            Err(full) => {
                undo.back(tx)?;
                First::Full(full)
            }
        }),
    }
}

/// Ends an attempt and enters the next one: the same target again, or the first from there on that may be
/// asked. What was found at a target that is left is taken down with it.
pub(crate) fn onward(
    tx: &Transaction<'_>,
    entering: Entering,
    id: &RequestId,
    step: &Step,
) -> Result<Onward, LedgerError> {
    let gates = Gates::look(tx, entering.limits.breaker)?;
    let again = step.to == step.from;
    // A request that is at a target already, perhaps as its one try, passes no gate.
    let (target, rests) = if again { (Some(step.to), Vec::new()) } else { gates.first(&entering.plan, step.to) };
    let Some(target) = target else { return Ok(Onward::Resting(rests)) };
    let local = gates.local_after(&entering.plan, target);
    let mut next = next(&entering.plan, &entering.counted, (target, local), step.nth);
    if let Some(worst) = step.grown {
        next.first.attempt.worst = worst;
        next.first.dearest = next.first.dearest.max(worst);
    }
    let left = entering.plan.targets[step.from].model.clone();
    let rules = entering.limits.breaker;
    let undo = Undo::begin(tx)?;
    let onward = match reservation::advance(tx, id, &step.ended, &entering.limits, &next)? {
        Advance::Stopped(stopped, charged) => Onward::Stopped(stopped, charged),
        Advance::Lapsed => Onward::Lapsed,
        Advance::Covered(covered) => {
            // Whoever claimed the one try keeps it while it tries again.
            let stays = (again && covered.went == Went::First).then_some(step.found.0);
            match enter(tx, entering, &gates, (target, local), (covered, rests), stays)? {
                Ok(entered) => Onward::Entered(entered),
                Err(full) => {
                    undo.back(tx)?;
                    return Ok(Onward::Full(full));
                }
            }
        }
    };
    undo.keep(tx)?;
    let stays = matches!(&onward, Onward::Entered(entered) if entered.target == step.from);
    if !stays {
        rows::note(tx, &left, rules, step.found, gates.now)?;
    }
    Ok(onward)
}

/// Takes the place, and the one try of a target that has rested, unless the request is at the target already.
/// Gives the provider whose places are all taken.
fn enter(
    tx: &Transaction<'_>,
    entering: Entering,
    gates: &Gates,
    (first, local): (usize, Option<usize>),
    (covered, rests): (Covered, Vec<(ModelId, Rest)>),
    stays: Option<Role>,
) -> Result<Result<Entered, ProviderId>, LedgerError> {
    let target = match covered.went {
        Went::First => first,
        Went::Local => local.unwrap_or(first),
    };
    let model = &entering.plan.targets[target].model;
    let turn = entering.turn.filter(|turn| turn.is_at(&model.provider));
    let Some(turn) = turn.or_else(|| entering.lanes.take(&model.provider, entering.concurrency)) else {
        return Ok(Err(model.provider.clone()));
    };
    let role = match (stays, gates.of(model), gates.records.get(model)) {
        (Some(role), ..) => role,
        (None, Gate::HalfOpen, Some(record)) => {
            rows::claim(tx, model, record.clone(), entering.lease, gates.now)?;
            Role::Probe
        }
        (None, Gate::Closed | Gate::Open(_) | Gate::HalfOpen, _) => Role::Ordinary,
    };
    Ok(Ok(Entered { target, role, turn, warnings: covered.warnings, rests }))
}

/// Which targets may be asked at an instant.
pub(crate) struct Gates {
    records: BTreeMap<ModelId, breaker::Record>,
    rules: Breaker,
    now: Timestamp,
}

impl Gates {
    pub(crate) fn look(connection: &Connection, rules: Breaker) -> Result<Self, LedgerError> {
        Ok(Self { records: rows::all(connection)?, rules, now: Timestamp::now() })
    }

    fn of(&self, model: &ModelId) -> Gate {
        breaker::gate(self.records.get(model), self.rules, self.now)
    }

    /// Why a model is not asked, where it is not.
    pub(crate) fn rest(&self, model: &ModelId) -> Option<Rest> {
        match self.of(model) {
            Gate::Open(rest) => Some(rest),
            Gate::Closed | Gate::HalfOpen => None,
        }
    }

    /// The first target from one on that may be asked, and those before it that rest.
    pub(crate) fn first(&self, plan: &Plan, from: usize) -> (Option<usize>, Vec<(ModelId, Rest)>) {
        let mut rests = Vec::new();
        for (at, target) in plan.targets.iter().enumerate().skip(from) {
            match self.rest(&target.model) {
                None => return (Some(at), rests),
                Some(rest) => rests.push((target.model.clone(), rest)),
            }
        }
        (None, rests)
    }

    /// The first target after this one that runs on this machine and may be asked.
    pub(crate) fn local_after(&self, plan: &Plan, target: usize) -> Option<usize> {
        let mut after = plan.targets.iter().enumerate().skip(target + 1);
        after.find(|(_, next)| next.provider.local && self.rest(&next.model).is_none()).map(|(at, _)| at)
    }
}

/// Undoes a hold for which there is no place.
struct Undo;

impl Undo {
    fn begin(tx: &Transaction<'_>) -> Result<Self, LedgerError> {
        tx.prepare_cached("SAVEPOINT enter")?.execute([])?;
        Ok(Self)
    }

    fn keep(self, tx: &Transaction<'_>) -> Result<(), LedgerError> {
        tx.prepare_cached("RELEASE enter")?.execute([])?;
        Ok(())
    }

    fn back(self, tx: &Transaction<'_>) -> Result<(), LedgerError> {
        tx.prepare_cached("ROLLBACK TO enter")?.execute([])?;
        self.keep(tx)
    }
}
