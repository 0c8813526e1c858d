//! Which models may answer a call, in which order, and what that can cost. Pure: whether a provider
//! has a usable key is a parameter.
//!
//! [`candidates`] finds the models a call may use, [`weigh`] says of each whether it can carry the call
//! and for how much, and [`plan`] makes targets of those that can. Where a conversation is too long for
//! all of them, [`relief`] says what to try instead.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::chat::{Chat, Params};
use crate::code::{Code, Denial};
use crate::id::{ModelId, ProviderId};
use crate::money::MicroUsd;
use crate::policy::Policy;
use crate::privacy::Screened;

mod candidates;
mod order;
mod relief;
pub mod slump;
mod split;
mod target;
mod tier;

pub use candidates::{Asked, Candidates, Ground, Wanted, candidates};
pub use order::brief;
pub use relief::{Relief, relief};
pub use target::{Target, Weighed};
pub use tier::{tier, tier_with_reason};

use order::{order, reason};
use slump::{Slump, step_back};
use target::weigh_one;

/// What will be tried.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// In order; at least one.
    pub targets: Vec<Target>,
    /// `defaults.summarize`, or `model` where the caller named one.
    pub rule: String,
    /// A sentence: why the first target.
    pub reason: String,
    /// A sentence for each target that is asked later than it would be, because it is worse than usual.
    pub stepped_back: Vec<String>,
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
/// What is known at the moment of a call, beside the policy.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Now {
    /// For each provider without a usable key, why.
    pub unusable: BTreeMap<ProviderId, Denial>,
    /// The median time to the first token of one's own calls in the last 7 days, where there were at
    /// least 5.
    pub first_token: BTreeMap<ModelId, Duration>,
    /// The rules of data_policy that the conversation meets.
    pub screened: Option<Screened>,
    /// Models whose recent calls are worse than usual.
    pub slumps: BTreeMap<ModelId, Slump>,
}

/// Weighs every candidate: able ones first, in the order in which they are asked. Also what the caller
/// should know about `max_tokens`.
pub fn weigh(policy: &Policy, found: &Candidates<'_>, chat: &Chat, now: &Now) -> (Vec<Weighed>, Vec<String>) {
    let (mut weighed, warnings) = ranked(policy, found, chat, now);
    step_back(found, now, &mut weighed);
    (weighed, warnings)
}

/// The same before any of them steps back.
fn ranked(policy: &Policy, found: &Candidates<'_>, chat: &Chat, now: &Now) -> (Vec<Weighed>, Vec<String>) {
    let mut warnings = Vec::new();
    let mut weighed: Vec<_> =
        found.models.iter().map(|model| weigh_one(policy, found, chat, now, model, &mut warnings)).collect();
    order(found, now, &mut weighed);
    (weighed, warnings)
}

/// Turns candidates into targets.
///
/// # Errors
/// A denial where no candidate is left: without a key, a price, room for the prompt, or below the
/// preflight gate.
pub fn plan(policy: &Policy, found: &Candidates<'_>, chat: &Chat, now: &Now) -> Result<Plan, Denial> {
    let (mut weighed, mut warnings) = ranked(policy, found, chat, now);
    let mut reason = reason(found, now, &weighed);
    let stepped_back = step_back(found, now, &mut weighed);
    for sentence in &stepped_back {
        reason.push(' ');
        reason.push_str(sentence);
    }
    let targets: Vec<_> = weighed.iter().filter_map(Weighed::able).cloned().collect();
    if targets.is_empty() {
        let skipped = weighed.into_iter().filter_map(|one| Some((one.model, one.why_not?))).collect::<Vec<_>>();
        return Err(nobody(&skipped));
    }
    for one in &weighed {
        if let Some(denial) = &one.why_not {
            warnings.push(format!("{} was skipped: {}", one.model, denial.sentence));
        }
    }
    let dearest =
        targets.iter().max_by_key(|target| target.likely).filter(|target| target.likely >= policy.preflight.warn);
    if let Some(dearest) = dearest.filter(|_| policy.preflight.enabled) {
        warnings.push(format!("This call may cost about {}, at most {}.", dearest.likely, dearest.worst));
    }
    // product.md §9.5: class > provider > timeouts
    let deadline =
        found.class.and_then(|rule| rule.timeout).or(targets[0].provider.timeout).unwrap_or(policy.timeouts.total);
    let rule = found.class.map_or_else(|| "model".to_owned(), |rule| format!("defaults.{}", rule.class));
    Ok(Plan { targets, rule, reason, stepped_back, deadline, warnings })
}

/// The parameters of a call: the caller's, and where the caller says nothing those of the class.
pub fn params(found: &Candidates<'_>, asked: &Params) -> Params {
    let mut params = asked.clone();
    if let Some(rule) = found.class {
        params.temperature = params.temperature.or_else(|| rule.temperature.clone());
        params.prefix_cache = rule.prefix_cache;
    }
    params
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
mod strategy_tests;
#[cfg(test)]
mod tests;
