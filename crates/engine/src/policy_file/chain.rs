//! Which version is active: the chain of activations, each claim checked as it is read.
//!
//! - `first` counts only as the very first row of a home.
//! - `narrowing` counts only where nothing is widened against the version before; this is computed
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
}

impl Chain {
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
                Ok(active) => self.active = Some(Arc::new(active)),
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
                Some(active) if !policy::widens(&active.policy, &policy).is_empty() => Err("it widens"),
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

fn unconfirmed(denial: Denial) -> Denial {
    let code = if denial.code == Code::KeychainLocked { denial.code } else { Code::PolicyInvalid };
    Denial::new(code, format!("The activation of routing.yaml cannot be confirmed. {}", denial.sentence))
}
