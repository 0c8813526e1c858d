//! What was decided of a call before anything was sent, kept with its row so that Activity can tell the
//! way it went: the order of models, and the caps its first hold was checked against. Only what a person
//! reads; nothing is ever decided by it, and a row without it (of an older program) shows less.
//!
//! Both are one text in the row that is written anyway: a healthy call costs no further write. Their names
//! are one letter each, since a row of more than a kilobyte would not fit its page.

use pointsman_core::money::MicroUsd;
use pointsman_core::plan::Plan;
use serde::{Deserialize, Serialize};

/// With `words` an attempt that failed keeps the sentence of its failure, in which what the provider said
/// is quoted without secrets; with `retry_after_ms` what the provider asked to wait.
pub(super) const SQL_3: &str = "ALTER TABLE request ADD COLUMN trace TEXT;
ALTER TABLE request ADD COLUMN checked TEXT;
ALTER TABLE attempt ADD COLUMN words TEXT;
ALTER TABLE attempt ADD COLUMN retry_after_ms INTEGER;";

/// The way a call was to go.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Trace {
    /// `defaults.summarize`, or `model`.
    #[serde(rename = "r")]
    pub(crate) rule: String,
    /// The beginning of the hash of the version of routing.yaml that ruled.
    #[serde(rename = "p")]
    pub(crate) policy: String,
    /// Why the first target.
    #[serde(rename = "w")]
    pub(crate) reason: String,
    /// The targets in their order.
    #[serde(rename = "t")]
    pub(crate) targets: Vec<Way>,
    /// What was left aside, and why.
    #[serde(rename = "n", default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) notes: Vec<String>,
    /// What the cache had.
    #[serde(rename = "k", default, skip_serializing_if = "Kept::is_off")]
    pub(crate) kept: Kept,
}

/// One target.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Way {
    /// `provider/model`.
    #[serde(rename = "m")]
    pub(crate) model: String,
    #[serde(rename = "t")]
    pub(crate) tier: String,
}

/// What the exact cache had for a call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kept {
    /// Its class keeps no answers.
    #[default]
    Off,
    /// Nothing.
    Missed,
    /// The answer of a call at that instant, in ms since 1970.
    Since(i64),
}

impl Kept {
    fn is_off(&self) -> bool {
        *self == Self::Off
    }
}

/// So many hex digits of a hash tell the versions of one home apart.
const HASH: usize = 16;

impl Trace {
    pub(crate) fn of(plan: &Plan, policy: &str, kept: Kept) -> Self {
        let targets = plan.targets.iter();
        Self {
            rule: plan.rule.clone(),
            policy: policy.chars().take(HASH).collect(),
            reason: plan.reason.clone(),
            targets: targets
                .map(|target| Way { model: target.model.to_string(), tier: target.tier.as_str().to_owned() })
                .collect(),
            notes: plan.warnings.clone(),
            kept,
        }
    }
}

/// One cap as the first hold of a call found it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Checked {
    /// `the day cap of $5.00`.
    #[serde(rename = "t")]
    pub(crate) title: String,
    /// What was left before the hold, in µ$.
    #[serde(rename = "l")]
    pub(crate) left: i64,
    /// What the call may need there, in µ$.
    #[serde(rename = "n")]
    pub(crate) needed: i64,
    /// `None` where there is room, else what the cap does: `block`, `ask`, `local_only`, `warn`.
    #[serde(rename = "h", default, skip_serializing_if = "Option::is_none")]
    pub(crate) hit: Option<String>,
}

impl Checked {
    pub(crate) fn left(&self) -> MicroUsd {
        MicroUsd::from_micros(self.left)
    }

    pub(crate) fn needed(&self) -> MicroUsd {
        MicroUsd::from_micros(self.needed)
    }
}

/// The text of a column; `None` where there is nothing to keep.
pub(crate) fn text<T: Serialize>(value: Option<&T>) -> Option<String> {
    value.and_then(|value| serde_json::to_string(value).ok())
}

/// What a column says; one that a newer program wrote and this one cannot read says nothing.
pub(crate) fn read<T: serde::de::DeserializeOwned>(text: Option<&str>) -> Option<T> {
    text.and_then(|text| serde_json::from_str(text).ok())
}
