//! Which version is active: the chain of activations, each claim checked as it is read.
//!
//! - `first` counts only as the very first row of a home.
//! - `narrowing` counts only where nothing is widened, neither against the version before nor against
//!   the one the person last stood behind (`first` or `activated`): two edits that narrow, such as a
//!   class taken away and put back with another provider, add up to no widening one. This is computed
//!   anew by every process.
//! - `activated` counts only with a signature made by the app under its own keychain item. It binds
//!   its place, the version and the one before, so it is good once.
//!
//! A row that does not count is passed over: a row written with another program approves nothing.

use std::sync::Arc;

use pointsman_core::code::{Code, Denial};
use pointsman_core::policy::{self, Policy, Problem};

use super::disk;
use crate::ledger::policy::{Activation, Kind};
use crate::secrets::Secrets;

/// What signatures of activations are for.
pub(super) const PURPOSE: &str = "policy";

/// The version that rules.
#[derive(Clone, Debug, PartialEq)]
pub struct ActivePolicy {
    /// What it says.
    pub policy: Policy,
    /// Of its text: SHA-256 in hex.
    pub hash: String,
    /// Its text.
    pub text: String,
    /// On what ground it became active.
    pub source: Kind,
    /// When, in ms since 1970.
    pub since_ms: i64,
    /// What the person should know about it; no errors.
    pub problems: Vec<Problem>,
}

/// The chain as far as it was read.
#[derive(Debug, Default)]
pub(super) struct Chain {
    /// The place of the last row that was looked at.
    pub(super) seq: i64,
    pub(super) active: Option<Arc<ActivePolicy>>,
    /// The last version the person stood behind: the first one, or one activated in the app. What only
    /// narrowed since is held against it too.
    base: Option<Arc<ActivePolicy>>,
}

impl Chain {
    /// What a policy would allow that the active version or the one the person last stood behind did
    /// not, as sentences. Empty where it only narrows; also where nothing is active, which is for the
    /// caller to ask first.
    pub(super) fn widens(&self, new: &Policy) -> Vec<String> {
        let against = |old: &Option<Arc<ActivePolicy>>| {
            let found = old.as_ref().map(|old| policy::widens(&old.policy, new)).unwrap_or_default();
            found.into_iter().map(|widening| widening.sentence).collect::<Vec<_>>()
        };
        let mut said = against(&self.active);
        let is_active = |base: &Arc<ActivePolicy>| self.active.as_ref().is_some_and(|active| Arc::ptr_eq(active, base));
        let other = self.base.clone().filter(|base| !is_active(base));
        for sentence in against(&other) {
            if !said.iter().any(|other| becomes(other) == becomes(&sentence)) {
                said.push(format!("Compared with the version you last approved: {sentence}"));
            }
        }
        said
    }

    /// Takes the rows that came since.
    ///
    /// # Errors
    /// Where the keychain cannot be asked about a signature. The row is looked at again next time.
    pub(super) async fn advance(
        &mut self,
        rows: Vec<(Activation, Option<String>)>,
        secrets: &Secrets,
    ) -> Result<(), Denial> {
        for (row, text) in rows {
            let seq = row.seq;
            match self.check(row, text, secrets).await? {
                Ok(active) => {
                    let active = Arc::new(active);
                    match active.source {
                        Kind::First | Kind::Activated => self.base = Some(active.clone()),
                        Kind::Narrowing => {}
                    }
                    self.active = Some(active);
                }
                Err(why) => tracing::warn!(seq, why, "an activation of routing.yaml does not count"),
            }
            self.seq = seq;
        }
        Ok(())
    }

    async fn check(
        &self,
        row: Activation,
        text: Option<String>,
        secrets: &Secrets,
    ) -> Result<Result<ActivePolicy, &'static str>, Denial> {
        let Some(text) = text.filter(|text| disk::hash(text) == row.hash) else {
            return Ok(Err("its text is missing or is another one"));
        };
        let reading = policy::read(&text);
        let Some(policy) = reading.policy else { return Ok(Err("its text is not valid for this version")) };
        let counts = match row.kind {
            Kind::First if row.seq == 1 && self.active.is_none() => Ok(()),
            Kind::First => Err("only the first row of a home can be the first"),
            Kind::Narrowing => match &self.active {
                Some(active) if row.previous.as_ref() != Some(&active.hash) => Err("it follows another version"),
                Some(_) if !self.widens(&policy).is_empty() => Err("it widens"),
                Some(_) => Ok(()),
                None => Err("there is nothing it could narrow"),
            },
            Kind::Activated => {
                let signed = match &row.mac {
                    Some(mac) => secrets.verify(PURPOSE, &row.message(), mac).await.map_err(unconfirmed)?,
                    None => false,
                };
                if signed { Ok(()) } else { Err("it is not signed by the app") }
            }
        };
        let (hash, source, since_ms) = (row.hash, row.kind, row.at_ms);
        Ok(counts.map(|()| ActivePolicy { policy, hash, text, source, since_ms, problems: reading.problems }))
    }
}

/// A sentence about a widening without how it was before: against another version only that differs.
/// Where a sentence is worded in another way it is merely told twice.
fn becomes(sentence: &str) -> (&str, &str) {
    if let Some((what, change)) = sentence.split_once(" goes from ") {
        return (what, change.split_once(" to ").map_or(change, |(_, is)| is));
    }
    sentence.split_once(" instead of ").map_or((sentence, ""), |(is, _)| (is, ""))
}

fn unconfirmed(denial: Denial) -> Denial {
    let code = if denial.code == Code::KeychainLocked { denial.code } else { Code::PolicyInvalid };
    Denial::new(code, format!("The activation of routing.yaml cannot be confirmed. {}", denial.sentence))
}
