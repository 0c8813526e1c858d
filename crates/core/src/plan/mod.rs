//! Which models may answer a call, in which order, and what that can cost. Pure: whether a provider
//! has a usable key is a parameter.
//!
//! [`candidates`] finds the models a call may use, `target` says of each whether it can carry the call
//! and for how much, and [`plan`] puts the two together.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::chat::Chat;
use crate::code::{Code, Denial};
use crate::id::{ModelId, ProviderId};
use crate::money::MicroUsd;
use crate::policy::Policy;

mod candidates;
mod target;
mod tier;

pub use candidates::{Candidates, Wanted, candidates};
pub use target::Target;
pub use tier::tier;

use target::target;

/// What will be tried.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// In order; at least one.
    pub targets: Vec<Target>,
    /// `defaults.summarize`, or `model` where the caller named one.
    pub rule: String,
    /// A sentence: why the first target.
    pub reason: String,
    /// The deadline over all targets and retries.
    pub deadline: Duration,
    /// What the caller should know.
    pub warnings: Vec<String>,
}

impl Plan {
    /// The dearest single attempt from a target on: what is held for all calls.
    pub fn dearest_from(&self, target: usize) -> MicroUsd {
        self.targets.iter().skip(target).map(|target| target.worst).max().unwrap_or_default()
    }
}
/// Turns candidates into targets. `unusable` names, for a provider without a usable key, why.
///
/// # Errors
/// A denial where no candidate is left: without a key, a price, room for the prompt, or below the
/// preflight gate.
pub fn plan(
    policy: &Policy,
    found: &Candidates<'_>,
    chat: &Chat,
    unusable: &BTreeMap<ProviderId, Denial>,
) -> Result<Plan, Denial> {
    let mut targets = Vec::new();
    let mut skipped: Vec<(ModelId, Denial)> = Vec::new();
    let mut warnings = Vec::new();
    for model in &found.models {
        match target(policy, found, chat, unusable, model, &mut warnings) {
            Ok(target) => targets.push(target),
            Err(denial) => skipped.push((model.clone(), denial)),
        }
    }
    let Some(first) = targets.first() else { return Err(nobody(&skipped)) };
    for (model, denial) in &skipped {
        warnings.push(format!("{model} was skipped: {}", denial.sentence));
    }
    let dearest =
        targets.iter().max_by_key(|target| target.likely).filter(|target| target.likely >= policy.preflight.warn);
    if let Some(dearest) = dearest.filter(|_| policy.preflight.enabled) {
        warnings.push(format!("This call may cost about {}, at most {}.", dearest.likely, dearest.worst));
    }
    let reason = if first.model == found.models[0] {
        found.reason.clone()
    } else {
        format!("{} {} is used instead: the choices before it cannot be used.", found.reason, first.model)
    };
    let deadline = found.class.and_then(|rule| rule.timeout).unwrap_or(policy.timeouts.total);
    let rule = found.class.map_or_else(|| "model".to_owned(), |rule| format!("defaults.{}", rule.class));
    Ok(Plan { targets, rule, reason, deadline, warnings })
}
/// Why nobody can answer: the first candidate's reason, and that the others have theirs.
fn nobody(skipped: &[(ModelId, Denial)]) -> Denial {
    match skipped {
        [] => Denial::new(Code::Internal, "The plan has no candidates."),
        [(_, only)] => only.clone(),
        [(_, first), rest @ ..] => {
            let others: Vec<_> = rest
                .iter()
                .filter(|(_, denial)| denial.sentence != first.sentence)
                .map(|(model, denial)| format!("{model}: {}", denial.sentence))
                .collect();
            let others =
                if others.is_empty() { "The same holds for its fallbacks.".to_owned() } else { others.join(" ") };
            Denial::new(first.code, format!("{} No fallback can be used. {others}", first.sentence))
        }
    }
}
#[cfg(test)]
mod tests;
