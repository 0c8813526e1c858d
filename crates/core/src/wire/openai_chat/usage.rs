//! Token counts, from each server's convention to ours, for chat completions and for Responses: the
//! fields have other names, the conventions are the same. Where counts disagree the larger one holds: a
//! charge may be too high by a provider's mistake, never too low by our reading.

use serde_json::Value;

use crate::money::{MicroUsd, Usage};
use crate::wire::count::count;

/// What a format calls its counts.
pub(in crate::wire) struct Names {
    input: &'static str,
    input_details: &'static str,
    output: &'static str,
    output_details: &'static str,
}

/// platform.openai.com/docs/api-reference/chat/object
pub(in crate::wire) const CHAT: Names = Names {
    input: "prompt_tokens",
    input_details: "prompt_tokens_details",
    output: "completion_tokens",
    output_details: "completion_tokens_details",
};

/// platform.openai.com/docs/api-reference/responses/object
pub(in crate::wire) const RESPONSES: Names = Names {
    input: "input_tokens",
    input_details: "input_tokens_details",
    output: "output_tokens",
    output_details: "output_tokens_details",
};

/// Reads `usage`. `None` where it is absent, incomplete or not believable: a prompt of no tokens, or
/// (`answered`) an answer of none. The charge is then assumed, not zero.
pub(in crate::wire) fn read(usage: &Value, names: &Names, answered: bool) -> Option<Usage> {
    let input = count(&usage[names.input])?;
    let said = count(&usage[names.output]);
    let total = count(&usage["total_tokens"]);
    let reasoning = count(&usage[names.output_details]["reasoning_tokens"]).unwrap_or(0);
    // Some servers (xAI, Gemini's compatible endpoint) leave reasoning out of the output but
    // count it in total_tokens.
    let rest = total.and_then(|total| total.checked_sub(input));
    let output = match (said, rest) {
        (Some(said), Some(rest)) => said.max(rest),
        (Some(count), None) | (None, Some(count)) => count,
        (None, None) => return None,
    };
    let output = if reasoning > output { output.saturating_add(reasoning) } else { output };
    if input == 0 || answered && output == 0 {
        return None;
    }
    let details = &usage[names.input_details];
    // DeepSeek has its own name for tokens read from its cache.
    let cached = count(&details["cached_tokens"]).or_else(|| count(&usage["prompt_cache_hit_tokens"])).unwrap_or(0);
    let cached = cached.min(input);
    let written = count(&details["cache_write_tokens"]).unwrap_or(0).min(input - cached);
    let cost = reported_cost(usage);
    Some(Usage { input, cached_input: cached, cache_write: written, output, reasoning, cost, ..Usage::default() })
}

/// OpenRouter's own figure in dollars, rounded up to µ$; with a key of one's own at the provider behind
/// it, `cost` is only OpenRouter's fee and the rest stands beside it
/// (openrouter.ai/docs/use-cases/usage-accounting). Zero and nonsense are no figure.
fn reported_cost(usage: &Value) -> Option<MicroUsd> {
    let amount = |value: &Value| match value {
        Value::Number(number) => MicroUsd::parse_up(&number.to_string()),
        Value::Null | Value::Bool(_) | Value::String(_) | Value::Array(_) | Value::Object(_) => None,
    };
    let mut cost = amount(&usage["cost"])?;
    if usage["is_byok"] == true {
        cost = cost.plus(amount(&usage["cost_details"]["upstream_inference_cost"])?);
    }
    Some(cost).filter(|cost| *cost > MicroUsd::ZERO)
}
