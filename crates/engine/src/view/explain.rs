//! What would happen to a prompt: the page of the dry run, and `pointsman policy explain`.

use pointsman_core::code::Code;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::Money;

/// Which model would answer and why, or why none would.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Explanation {
    /// The model that would be asked first; `None` where the call would be refused.
    pub answers: Option<String>,
    /// Why that model, or why none.
    pub reason: String,
    /// The code a refused call would get.
    #[ts(type = "string | null")]
    pub code: Option<Code>,
    /// The class it would be recorded under.
    pub class: String,
    /// `defaults.summarize`, or `model` for a named one.
    pub rule: String,
    /// The line of the rule in routing.yaml.
    pub line: Option<u32>,
    /// The version of the policy, in the person's own words.
    pub policy_version: String,
    /// The profile that is chosen.
    pub profile: Option<String>,
    /// Every candidate: those that would be tried in their order, then those that would not.
    pub models: Vec<ModelStanding>,
    /// The caps that would count the call.
    pub caps: Vec<CapRoom>,
    /// The most tokens the prompt can be.
    #[ts(type = "number")]
    pub most_input_tokens: u64,
    /// What the data policy says.
    pub data_policy: String,
    /// Whether a kept answer may be given.
    pub cache: String,
    /// What the caller would be told besides.
    pub warnings: Vec<String>,
}

/// One candidate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ModelStanding {
    /// `provider/model`.
    pub model: String,
    /// Its place in the order, from 1; `None` where it would not be tried.
    pub place: Option<u32>,
    /// L0 to L3.
    pub tier: String,
    /// Why: "as routing.yaml labels it", "$4.00 for a million tokens of output".
    pub tier_reason: String,
    /// What a call would probably cost.
    pub likely: Option<Money>,
    /// What one attempt can cost at most.
    pub worst: Option<Money>,
    /// The most output tokens, as sent.
    #[ts(type = "number | null")]
    pub max_tokens: Option<u64>,
    /// Where its price comes from.
    pub price_source: String,
    /// Why it would not be tried.
    pub why_not: Option<String>,
}

/// One cap that would count the call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct CapRoom {
    /// "the day cap of $2.00".
    pub title: String,
    /// Where it stands in routing.yaml.
    pub line: u32,
    /// The limit.
    pub limit: Money,
    /// Charged in its window.
    pub used: Money,
    /// Held by calls under way.
    pub held: Money,
    /// Limit − used − held.
    pub left: Money,
    /// What this call would hold.
    pub needed: Money,
    /// Whether that fits.
    pub fits: bool,
    /// Whether the call would be stopped by it; a cap that only warns stops none.
    pub stops: bool,
    /// When its window ends, in ms since 1970; `None` for call and flow.
    #[ts(type = "number | null")]
    pub resets_ms: Option<i64>,
}
