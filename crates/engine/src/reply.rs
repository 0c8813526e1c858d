//! The envelope every surface answers with: product.md §3.

use pointsman_core::code::{Code, Denial};
use pointsman_core::money::{MicroUsd, Usage};
use serde::{Deserialize, Serialize};

/// One answer, success or error.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Envelope {
    /// What it is.
    pub status: Status,
    /// On success.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data: Option<Data>,
    /// On error: a sentence.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// On error: the code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<Code>,
    /// About the call.
    pub meta: Meta,
}

/// What an envelope is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Answered.
    Success,
    /// Not answered.
    Error,
}

/// The answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Data {
    /// Its text.
    pub text: String,
}

/// About the call. Absent parts were never known.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Meta {
    /// The provider that answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    /// The model that answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// The task class.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub task_class: Option<String>,
    /// From the call to the answer, in ms.
    pub latency_ms: u64,
    /// What was counted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tokens: Option<Tokens>,
    /// Charged for the whole call, failed attempts included: a JSON number made from the integer.
    #[serde(default = "zero")]
    pub cost_usd: serde_json::Number,
    /// The same, under the name other gateways use.
    #[serde(default = "zero")]
    pub cost_usd_approx: serde_json::Number,
    /// Whether a part of the cost is the worst case because nobody counted.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub cost_assumed: bool,
    /// Why the model stopped.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub finish_reason: Option<String>,
    /// Attempts beyond the first, on all targets.
    pub retries: u32,
    /// Why this model.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub route: Option<Route>,
    /// Whether the answer came from the cache.
    pub cached: bool,
    /// In a practice home.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub simulated: bool,
    /// What the caller should know.
    #[serde(default)]
    pub warnings: Vec<String>,
    /// The id under which Activity shows the call.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
}

/// Token counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tokens {
    /// Read.
    pub input: u64,
    /// Made, reasoning included.
    pub output: u64,
    /// Both.
    pub total: u64,
    /// Of the input, from the provider's cache.
    pub cached: u64,
    /// Of the output, reasoning.
    pub reasoning: u64,
}

/// Why this model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Route {
    /// A sentence.
    pub reason: String,
    /// The model that was to answer first, where another did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fallback_from: Option<String>,
    /// The tier of the model.
    pub tier: String,
    /// The rule, such as `defaults.summarize`.
    pub rule: String,
}

/// An amount as a JSON number, digit for digit: no arithmetic on a float happens here, the decimal
/// text is only read as JSON.
pub fn usd(amount: MicroUsd) -> serde_json::Number {
    serde_json::from_str(&amount.decimal()).unwrap_or_else(|_| 0.into())
}

fn zero() -> serde_json::Number {
    0.into()
}

impl Default for Meta {
    fn default() -> Self {
        Self {
            provider: None,
            model: None,
            task_class: None,
            latency_ms: 0,
            tokens: None,
            cost_usd: zero(),
            cost_usd_approx: zero(),
            cost_assumed: false,
            finish_reason: None,
            retries: 0,
            route: None,
            cached: false,
            simulated: false,
            warnings: Vec::new(),
            request_id: None,
        }
    }
}

impl Meta {
    /// Sets the cost under both its names.
    pub fn set_cost(&mut self, amount: MicroUsd) {
        self.cost_usd = usd(amount);
        self.cost_usd_approx = usd(amount);
    }
}

impl From<Usage> for Tokens {
    fn from(usage: Usage) -> Self {
        Self {
            input: usage.input,
            output: usage.output,
            total: usage.input.saturating_add(usage.output),
            cached: usage.cached_input,
            reasoning: usage.reasoning,
        }
    }
}

impl Envelope {
    /// An answer.
    pub fn success(text: String, meta: Meta) -> Self {
        Self { status: Status::Success, data: Some(Data { text }), error: None, code: None, meta }
    }

    /// A denial or failure.
    pub fn error(denial: Denial, meta: Meta) -> Self {
        Self { status: Status::Error, data: None, error: Some(denial.sentence), code: Some(denial.code), meta }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn i4_a_cost_is_written_with_the_digits_of_the_integer() {
        for micros in [0, 10, 12_300, 999_999, 1_000_000, 1_234_567, 123_456_789_123_456] {
            let amount = MicroUsd::from_micros(micros);
            assert_eq!(usd(amount).to_string(), amount.decimal(), "{micros}");
        }
        // Below a hundred-thousandth of a dollar JSON's other notation of the same number is used.
        assert_eq!(usd(MicroUsd::from_micros(3)).to_string(), "3e-6");
    }
}
