//! Token counts, from each server's convention to ours. Where counts disagree the larger one holds:
//! a charge may be too high by a provider's mistake, never too low by our reading.

use serde_json::Value;

use crate::money::Usage;

/// Reads `usage`. `None` where it is absent, incomplete or not believable: a prompt of no tokens, or
/// (`answered`) an answer of none. The charge is then assumed, not zero.
pub(super) fn read(usage: &Value, answered: bool) -> Option<Usage> {
    let input = count(&usage["prompt_tokens"])?;
    let said = count(&usage["completion_tokens"]);
    let total = count(&usage["total_tokens"]);
    let reasoning = count(&usage["completion_tokens_details"]["reasoning_tokens"]).unwrap_or(0);
    // Some servers (xAI, Gemini's compatible endpoint) leave reasoning out of completion_tokens but
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
    let details = &usage["prompt_tokens_details"];
    // DeepSeek has its own name for tokens read from its cache.
    let cached = count(&details["cached_tokens"]).or_else(|| count(&usage["prompt_cache_hit_tokens"])).unwrap_or(0);
    let cached = cached.min(input);
    let written = count(&details["cache_write_tokens"]).unwrap_or(0).min(input - cached);
    Some(Usage { input, cached_input: cached, cache_write: written, output, reasoning })
}

/// More tokens than any call can have: a mistake of the provider, or an attack on the books.
const UNBELIEVABLE: u64 = 1_000_000_000;

/// A believable count, also where a server wrote it as `12.0`.
fn count(value: &Value) -> Option<u64> {
    number(value).filter(|count| *count < UNBELIEVABLE)
}

fn number(value: &Value) -> Option<u64> {
    let Value::Number(number) = value else { return None };
    number.as_u64().or_else(|| {
        let text = number.to_string();
        let (whole, fraction) = text.split_once('.')?;
        fraction.bytes().all(|digit| digit == b'0').then(|| whole.parse().ok())?
    })
}
