//! Profiles: sets of choices a person lays over the policy, such as one for travelling. They are part of
//! the file, so they are approved with it; which one is chosen is not, and stands in the ledger.

use super::{ClassRule, Policy, Refusal, Tier};
use crate::id::{ProfileName, TaskClass};

/// One profile of the file.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Profile {
    /// Classes that take the place of those of the same name, or come beside them.
    pub classes: Vec<ClassRule>,
    /// The class of `chat_completion` without a model, where it is another one.
    pub chat_default: Option<TaskClass>,
    /// No model above it answers.
    pub max_tier: Option<Tier>,
    /// Only models of this machine answer.
    pub local_only: bool,
    /// Keys of its classes that restrain and are not built.
    pub refused: Vec<Refusal>,
    /// Where it stands in the file, from 1.
    pub line: usize,
}

/// What holds for every call because of the chosen profile.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bounds {
    /// The profile, where one is chosen.
    pub profile: Option<ProfileName>,
    /// No model above it answers.
    pub max_tier: Option<Tier>,
    /// Only models of this machine answer.
    pub local_only: bool,
}

impl Policy {
    /// The policy with a profile laid over it; `None` where the file has no such profile.
    #[must_use]
    pub fn with_profile(&self, name: &ProfileName) -> Option<Self> {
        let profile = self.profiles.get(name)?;
        let mut policy = self.clone();
        for rule in &profile.classes {
            match policy.classes.iter_mut().find(|other| other.class == rule.class) {
                Some(other) => *other = rule.clone(),
                None => {
                    // What refused the class as it stood in `defaults` stood in what is replaced.
                    let own = format!("defaults.{}.", rule.class);
                    policy
                        .refused
                        .retain(|guard| guard.class.as_ref() != Some(&rule.class) || !guard.key.starts_with(&own));
                    policy.classes.push(rule.clone());
                }
            }
        }
        policy.refused.extend(profile.refused.iter().cloned());
        policy.chat_default = profile.chat_default.clone().or(policy.chat_default);
        policy.bounds =
            Bounds { profile: Some(name.clone()), max_tier: profile.max_tier, local_only: profile.local_only };
        Some(policy)
    }
}
