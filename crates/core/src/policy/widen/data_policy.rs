//! Whether an edit lets text leave that a rule kept: each old rule must be kept by a new one that finds at
//! least as much, is as strict, and makes no more exceptions.

use super::Said;
use crate::id::{ProviderId, TaskClass};
use crate::privacy::{Pattern, Rule};

impl Said<'_> {
    /// The rules of the file, or those a class adds. A class's rules are also kept by the file's.
    pub(super) fn data_policy(&mut self, of: Option<&TaskClass>, old: &[Rule], new: &[&Rule]) {
        for was in old {
            if new.iter().any(|is| keeps(is, was)) {
                continue;
            }
            let class = of.map_or_else(String::new, |class| format!(" of {class}"));
            let name = &was.name;
            self.say(if new.iter().any(|is| is.name == *name) {
                format!("The data_policy rule {name}{class} keeps back less than before.")
            } else {
                format!("The data_policy rule {name}{class} is removed.")
            });
        }
    }

    /// A label decides what a provider may have where a rule names it.
    pub(super) fn labels(&mut self, id: &ProviderId, old: [&Option<String>; 2], new: [&Option<String>; 2]) {
        for (what, (was, is)) in ["trust", "region"].into_iter().zip(old.into_iter().zip(new)) {
            if let Some(is) = is.as_ref().filter(|_| was != is) {
                self.say(format!("{id} has the {what} {is}, and rules that allow it let text go there."));
            }
        }
    }
}

fn keeps(new: &Rule, old: &Rule) -> bool {
    let Rule { name: _, line: _, keywords, patterns, detectors, then, allow_providers, allow_trust, allow_regions } =
        new;
    let all_in = |old: &[Pattern], new: &[Pattern]| old.iter().all(|one| new.contains(one));
    all_in(&old.keywords, keywords)
        && all_in(&old.patterns, patterns)
        && old.detectors.iter().all(|one| detectors.contains(one))
        && *then >= old.then
        && allow_providers.iter().all(|one| old.allow_providers.contains(one))
        && allow_trust.iter().all(|one| old.allow_trust.contains(one))
        && allow_regions.iter().all(|one| old.allow_regions.contains(one))
}
