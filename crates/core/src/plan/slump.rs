//! A model that is worse than it usually is steps back behind its fallbacks for a while, before it fails so
//! often that it rests ([`crate::breaker`]). Pure: what its calls were like is a parameter.
//!
//! Looked at are its last 10 calls of the last 10 minutes, at least 5. It has left its usual band where
//! - at least half of them failed, and that share is more than twice the usual one, or
//! - the median time to the first token of those answered, at least 5, is more than three times the usual
//!   median and more than a second above it.
//!
//! What is usual are the calls before those, up to 500 of 7 days; fewer than 20 say nothing, so then no time
//! is too long, and no failure is usual. A model that has stepped back is asked less, so its bad calls are soon
//! older than 10 minutes, and it comes back by itself.
//!
//! Only the order of what a class allows changes: it steps back behind models of at most its own tier, never
//! behind dearer ones, whatever the strategy. A model that was asked for by name, or that a share of
//! `split` chose, stays first.

use std::time::Duration;

use super::{Candidates, Ground, Now, Weighed};
use crate::id::ModelId;

/// How far back calls are recent.
pub const RECENT: Duration = Duration::from_secs(600);
/// How many calls are recent at most.
pub const RECENT_CALLS: u32 = 10;
/// How many calls before those say what is usual at most.
pub const USUAL_CALLS: u32 = 500;
/// Fewer recent calls say nothing.
const ENOUGH: u32 = 5;
/// Fewer calls before say nothing of what is usual.
const ENOUGH_USUAL: u32 = 20;
/// A median this much above the usual one is too long, where it is also three times as long.
const SLOWER: Duration = Duration::from_secs(1);

/// What some calls of a model were like.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Calls {
    /// Those that failed for a reason that was not the call's own.
    pub failed: u32,
    /// Times to the first token of those answered, in any order.
    pub first_tokens: Vec<Duration>,
}

/// How a model is worse than usual.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Slump {
    /// Too many calls failed.
    Failing {
        /// So many of the recent ones.
        failed: u32,
        /// Of so many.
        of: u32,
        /// So many of those before.
        usually: u32,
        /// Of so many.
        usually_of: u32,
    },
    /// Its first token takes too long.
    Slow {
        /// The recent median.
        median: Duration,
        /// The usual one.
        usually: Duration,
    },
}

impl Calls {
    fn count(&self) -> u32 {
        self.failed.saturating_add(self.answered())
    }

    fn answered(&self) -> u32 {
        u32::try_from(self.first_tokens.len()).unwrap_or(u32::MAX)
    }

    /// Of an even number the lower of the two in the middle.
    fn median(&self) -> Option<Duration> {
        let mut times = self.first_tokens.clone();
        times.sort_unstable();
        times.get(times.len().saturating_sub(1) / 2).copied()
    }
}

/// Whether recent calls could be a slump at all: what is usual need be looked up only then.
pub fn suspicious(recent: &Calls) -> bool {
    let failing = recent.failed.saturating_mul(2) >= recent.count();
    let slow = recent.answered() >= ENOUGH && recent.median().is_some_and(|median| median > SLOWER);
    recent.count() >= ENOUGH && (failing || slow)
}

/// How recent calls are worse than those before, where they are.
pub fn slump(recent: &Calls, before: &Calls) -> Option<Slump> {
    if !suspicious(recent) {
        return None;
    }
    let known = before.count() >= ENOUGH_USUAL;
    let (failed, of) = (recent.failed, recent.count());
    let (usually, usually_of) = if known { (before.failed, before.count()) } else { (0, 0) };
    let twice = u64::from(failed) * u64::from(usually_of) > 2 * u64::from(usually) * u64::from(of);
    if failed.saturating_mul(2) >= of && (twice || !known) {
        return Some(Slump::Failing { failed, of, usually, usually_of });
    }
    let (median, usually) = (recent.median()?, before.median()?);
    let slow = recent.answered() >= ENOUGH
        && before.answered() >= ENOUGH_USUAL
        && median > usually.saturating_mul(3)
        && median > usually + SLOWER;
    slow.then_some(Slump::Slow { median, usually })
}

impl Slump {
    /// "6 of its last 10 calls failed, usually 1 of 100"
    fn why(&self) -> String {
        match self {
            Self::Failing { failed, of, usually_of: 0, .. } => format!("{failed} of its last {of} calls failed"),
            Self::Failing { failed, of, usually, usually_of } => {
                format!("{failed} of its last {of} calls failed, usually {usually} of {usually_of}")
            }
            Self::Slow { median, usually } => format!(
                "its first token takes {} ms at the moment, usually {} ms",
                median.as_millis(),
                usually.as_millis()
            ),
        }
    }
}

/// Moves models that are in a slump behind those that are not, as far as their tier allows. Gives a sentence
/// for each that moved.
pub(super) fn step_back(found: &Candidates<'_>, now: &Now, weighed: &mut Vec<Weighed>) -> Vec<String> {
    match found.ground {
        Ground::First => {}
        Ground::Named | Ground::Override | Ground::Share(_) => return Vec::new(),
    }
    let mut said = Vec::new();
    // From the last to the first, so that none is moved behind one that has moved itself.
    for at in (0..weighed.len()).rev() {
        let Some(slump) = slump_of(now, &weighed[at]) else { continue };
        let well = |other: &Weighed| other.able().is_some() && slump_of(now, other).is_none();
        let (model, tier) = (weighed[at].model.clone(), weighed[at].tier);
        let rest = weighed.split_off(at + 1);
        let (before, after): (Vec<_>, Vec<_>) = rest.into_iter().partition(|other| well(other) && other.tier <= tier);
        if let Some(first) = before.first() {
            said.insert(0, sentence(&model, slump, &first.model));
        }
        let stepping = weighed.split_off(at);
        weighed.extend(before);
        weighed.extend(stepping);
        weighed.extend(after);
    }
    said
}

fn slump_of<'n>(now: &'n Now, one: &Weighed) -> Option<&'n Slump> {
    now.slumps.get(&one.model).filter(|_| one.able().is_some())
}

fn sentence(model: &ModelId, slump: &Slump, first: &ModelId) -> String {
    format!("{first} is asked before {model} for now: {}.", slump.why())
}

#[cfg(test)]
mod tests;
