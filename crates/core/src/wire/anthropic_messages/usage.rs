//! Token counts. `input_tokens` leaves out what was read from the cache and written to it; a stream says
//! them at its beginning and counts the output, all of it so far, near its end
//! (docs.anthropic.com/en/docs/build-with-claude/streaming, docs.anthropic.com/en/docs/build-with-claude/prompt-caching).

use serde_json::Value;

use crate::money::Usage;
use crate::wire::count::count;

/// What the beginning of a stream says: the input, and the first tokens of output. Never final.
pub(super) fn begun(usage: &Value) -> Usage {
    counts(usage, Usage::default())
}

/// Reads the final `usage`, on top of what the stream said at its beginning. `None` where the output is
/// not counted, or the counts are not believable: a prompt of no tokens, or (`answered`) an answer of
/// none. The charge is then assumed.
pub(super) fn read(usage: &Value, begun: Option<Usage>, answered: bool) -> Option<Usage> {
    count(&usage["output_tokens"])?;
    let usage = counts(usage, begun.unwrap_or_default());
    Some(usage).filter(|usage| usage.input > 0 && (usage.output > 0 || !answered))
}

fn counts(usage: &Value, before: Usage) -> Usage {
    // Counts only grow: a later zero, or none, takes nothing back.
    let or_before = |said: Option<u64>, before: u64| said.filter(|count| *count > 0).unwrap_or(before);
    let cached = or_before(count(&usage["cache_read_input_tokens"]), before.cached_input);
    let by_time = &usage["cache_creation"];
    let hour = count(&by_time["ephemeral_1h_input_tokens"]);
    let parts = hour.unwrap_or(0) + count(&by_time["ephemeral_5m_input_tokens"]).unwrap_or(0);
    let written = count(&usage["cache_creation_input_tokens"]).unwrap_or(0).max(parts);
    let written = or_before(Some(written), before.cache_write);
    let fresh_before = before.input.saturating_sub(before.cached_input).saturating_sub(before.cache_write);
    let fresh = or_before(count(&usage["input_tokens"]), fresh_before);
    let output = count(&usage["output_tokens"]).unwrap_or(0).max(before.output);
    let reasoning = or_before(count(&usage["output_tokens_details"]["thinking_tokens"]), before.reasoning);
    Usage {
        input: fresh + cached + written,
        cached_input: cached,
        cache_write: written,
        cache_write_1h: or_before(hour, before.cache_write_1h).min(written),
        output,
        reasoning: reasoning.min(output),
        ..Usage::default()
    }
}
