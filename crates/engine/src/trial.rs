//! What holding money for a plan would come to, by the very check of the call, undone: nothing is written.
//! What a person is told before a call is so what happens at the call.

use std::sync::Arc;

use jiff::Timestamp;
use pointsman_core::breaker::Rest;
use pointsman_core::budget::Counted;
use pointsman_core::id::{FlowId, ModelId, RequestId, TaskClass};
use pointsman_core::plan::Plan;
use rusqlite::Transaction;

use crate::dispatch::enter::Gates;
use crate::ledger::reservation::{self, Covered, Limits, Stopped, Went};
use crate::ledger::{LedgerError, request};
use crate::{Caller, dispatch, fresh_id};

/// A call that is only tried.
#[derive(Clone, Debug)]
pub(crate) struct Trial {
    pub(crate) plan: Arc<Plan>,
    pub(crate) caller: Caller,
    pub(crate) class: TaskClass,
}

/// Where a call would be asked first.
pub(crate) struct Held {
    /// The target of the plan.
    pub(crate) target: usize,
    pub(crate) covered: Covered,
    /// What would be passed over because it rests.
    pub(crate) rests: Vec<(ModelId, Rest)>,
}

/// What would be covered, or what would stop the call.
pub(crate) fn held(tx: &Transaction<'_>, trial: &Trial, limits: &Limits) -> Result<Result<Held, Stopped>, LedgerError> {
    let Trial { plan, caller, class } = trial;
    let gates = Gates::look(tx, limits.breaker)?;
    let (target, rests) = gates.first(plan, 0);
    let Some(target) = target else { return Ok(Err(Stopped::Resting(rests))) };
    let local = gates.local_after(plan, target);
    let model = &plan.targets[target].model;
    let id = RequestId::parse(&fresh_id("r"))
        .map_err(|error| LedgerError::Broken(format!("an id was not made: {error:?}")))?;
    let start = request::Start {
        flow: FlowId::of_one(&id),
        id,
        caller: caller.clone(),
        tool: "trial",
        class: class.to_string(),
        target: Some(model.clone()),
        reason: String::new(),
        trace: None,
        checked: Vec::new(),
        at: Timestamp::now(),
    };
    let counted = Counted {
        model: model.clone(),
        client: caller.client.clone(),
        class: class.clone(),
        project: caller.project.clone(),
    };
    let next = dispatch::next(plan, &counted, (target, local), 1);
    tx.execute_batch("SAVEPOINT trial")?;
    let held = reservation::reserve(tx, &start, limits, &next, Timestamp::MAX);
    tx.execute_batch("ROLLBACK TO trial; RELEASE trial")?;
    Ok(held?.map(|covered| {
        let target = match covered.went {
            Went::First => target,
            Went::Local => local.unwrap_or(target),
        };
        Held { target, covered, rests }
    }))
}
