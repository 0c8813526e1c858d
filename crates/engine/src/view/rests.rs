//! Models that rest because they kept failing, as rows of Problems: which, until when, and which
//! classes go to their fallbacks meanwhile. One whose provider only asked to wait is no problem.

use pointsman_core::policy::ClassRule;

use super::{Lamp, ProblemRow};
use crate::Gateway;
use crate::chat::resting;

impl Gateway {
    /// Models of the policy that rest now.
    pub(super) async fn resting_problems(&self) -> Vec<ProblemRow> {
        let inner = self.inner();
        // Without a policy, or a ledger that can be read, there is a louder problem.
        let Ok(active) = inner.policy.snapshot(inner).await else { return Vec::new() };
        let policy = &active.policy;
        let Ok(all) = resting::all(inner, policy.breaker).await else { return Vec::new() };
        let callable = policy.callable();
        let failed = all
            .into_iter()
            .filter(|(model, one)| callable.contains(model) && one.record.failures >= policy.breaker.failures);
        let rows = failed.filter_map(|(model, one)| {
            let classes: Vec<_> =
                policy.classes.iter().filter(|rule| rule.models().any(|used| *used == model)).collect();
            let detail = format!("{}{}", one.why_not?, meanwhile(&classes));
            let (id, title) = (format!("rests-{model}"), format!("{model} keeps failing"));
            Some(ProblemRow { id, lamp: Lamp::Caution, title, detail, action: None })
        });
        rows.collect()
    }
}

/// What becomes of the classes that use it.
fn meanwhile(classes: &[&ClassRule]) -> String {
    let (alone, others): (Vec<&ClassRule>, Vec<&ClassRule>) =
        classes.iter().partition(|rule| rule.models().count() == 1);
    let names = |rules: &[&ClassRule]| rules.iter().map(|rule| rule.class.as_str()).collect::<Vec<_>>().join(", ");
    let mut said = String::new();
    if !others.is_empty() {
        said.push_str(&format!(" Calls of {} go to another model meanwhile.", names(&others)));
    }
    if !alone.is_empty() {
        said.push_str(&format!(" Calls of {} are refused meanwhile, for want of a fallback.", names(&alone)));
    }
    said
}
