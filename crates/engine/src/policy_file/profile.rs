//! The chosen profile: a row of the ledger that names one of the profiles of routing.yaml. Choosing is a
//! person's right, since the profiles were approved with the file; it is done in the app or at a
//! terminal, never by a server.

use std::sync::Arc;

use pointsman_core::code::{Code, Denial};
use pointsman_core::id::{ProfileName, nearest};
use pointsman_core::policy::Policy;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::{ActivePolicy, PolicyFile, State, today};
use crate::ledger::change::{self, Topic};
use crate::ledger::setting;
use crate::{Gateway, Inner, Surface};

/// The active version, the profile, and the two together.
#[derive(Debug)]
pub(super) struct LaidOver {
    active: Arc<ActivePolicy>,
    profile: String,
    both: Arc<ActivePolicy>,
}

/// The profiles there are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Profiles {
    /// Their names.
    pub names: Vec<String>,
    /// The one that is chosen; also where routing.yaml has it no more.
    pub chosen: Option<String>,
}

/// The version as it rules, made once for each version and choice; and why the choice has no effect,
/// where it has none.
pub(super) fn laid_over(state: &mut State, active: Arc<ActivePolicy>) -> (Arc<ActivePolicy>, Option<String>) {
    let Some(chosen) = state.profile.clone() else { return (active, None) };
    if let Some(known) = &state.laid_over
        && Arc::ptr_eq(&known.active, &active)
        && known.profile == chosen
    {
        return (known.both.clone(), None);
    }
    let policy = ProfileName::parse(&chosen).ok().and_then(|name| active.policy.with_profile(&name));
    let Some(policy) = policy else {
        let why = format!(
            "The profile {chosen} is chosen and routing.yaml has none of this name, so the file applies without it."
        );
        return (active, Some(why));
    };
    let both = Arc::new(ActivePolicy { policy, ..ActivePolicy::clone(&active) });
    state.laid_over = Some(LaidOver { active, profile: chosen, both: both.clone() });
    (both, None)
}

impl PolicyFile {
    /// A policy that is only thought through, with today's prices and the chosen profile, as it would rule.
    pub(crate) async fn as_it_would_rule(&self, inner: &Inner, mut policy: Policy) -> Result<Policy, Denial> {
        policy.day = today();
        let chosen = inner.ledger.read(|c| setting::get(c, setting::PROFILE)).await?;
        let name = chosen.and_then(|name| ProfileName::parse(&name).ok());
        let laid_over = name.and_then(|name| policy.with_profile(&name));
        Ok(laid_over.unwrap_or(policy))
    }
}

impl Gateway {
    /// The profiles of the active version, and which one is chosen.
    ///
    /// # Errors
    /// Where there is no active version or the ledger cannot be read.
    pub async fn profiles(&self) -> Result<Profiles, Denial> {
        let inner = self.inner();
        let active = inner.policy.snapshot(inner).await?;
        let chosen = inner.ledger.read(|c| setting::get(c, setting::PROFILE)).await?;
        let names = active.policy.profiles.keys().map(ToString::to_string).collect();
        Ok(Profiles { names, chosen: chosen.filter(|name| !name.is_empty()) })
    }

    /// Chooses a profile for every process on this home, or none.
    ///
    /// # Errors
    /// From a server; where the active version has no such profile; where the ledger cannot be written.
    pub async fn set_profile(&self, name: Option<&str>) -> Result<String, Denial> {
        let inner = self.inner();
        if inner.caller.surface == Surface::Mcp {
            let sentence = "A profile is chosen in the Pointsman app, or with `pointsman policy profile`.";
            return Err(Denial::new(Code::NeedsApproval, sentence));
        }
        let known = self.profiles().await?.names;
        if let Some(name) = name.filter(|name| !known.iter().any(|other| other == name)) {
            let hint = match (nearest(name, known.iter().map(String::as_str)), known.as_slice()) {
                (Some(near), _) => format!("The nearest is {near}."),
                (None, []) => "routing.yaml has no profiles.".to_owned(),
                (None, _) => format!("The profiles are: {}.", known.join(", ")),
            };
            return Err(Denial::new(Code::NotFound, format!("There is no profile {name:?}. {hint}")));
        }
        let chosen = name.unwrap_or_default().to_owned();
        let write = move |tx: &rusqlite::Transaction<'_>| {
            setting::set(tx, setting::PROFILE, &chosen)?;
            change::note(tx, Topic::Policy)
        };
        inner.ledger.write(write).await?;
        Ok(match name {
            Some(name) => format!("The profile {name} is laid over routing.yaml from the next call on."),
            None => "No profile is chosen: routing.yaml applies as it is.".to_owned(),
        })
    }
}
