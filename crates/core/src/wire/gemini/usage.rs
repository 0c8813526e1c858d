//! Token counts of `usageMetadata` (ai.google.dev/api/generate-content, `UsageMetadata`), from Google's
//! convention to ours: thoughts stand beside the candidates and not in them, tokens that a tool put into the
//! prompt stand beside the prompt, cached ones stand in it. Where counts disagree the larger one holds.

use serde_json::Value;

use crate::money::Usage;
use crate::wire::count::count;

/// Reads `usageMetadata`. `None` where it is absent, incomplete or not believable: a prompt of no tokens,
/// a count that is no count, or (`answered`) an answer of no tokens. The charge is then assumed, not zero.
pub(super) fn read(usage: &Value, answered: bool) -> Option<Usage> {
    let input = count(&usage["promptTokenCount"])?.saturating_add(or_none(&usage["toolUsePromptTokenCount"])?);
    let said = &usage["candidatesTokenCount"];
    let thoughts = or_none(&usage["thoughtsTokenCount"])?;
    let counted = or_none(said)?.saturating_add(thoughts);
    let rest = count(&usage["totalTokenCount"]).map(|total| total.saturating_sub(input));
    let output = match rest {
        Some(rest) => counted.max(rest),
        None if said.is_null() && thoughts == 0 => return None,
        None => counted,
    };
    if input == 0 || answered && output == 0 {
        return None;
    }
    let cached = or_none(&usage["cachedContentTokenCount"])?.min(input);
    let pictures = pictures(&usage["promptTokensDetails"]);
    let image = pictures.saturating_sub(self::pictures(&usage["cacheTokensDetails"])).min(input - cached);
    Some(Usage { input, cached_input: cached, image, output, reasoning: thoughts, ..Usage::default() })
}

/// A count that may be absent. `None` where it is there and cannot be believed.
fn or_none(value: &Value) -> Option<u64> {
    if value.is_null() { Some(0) } else { count(value) }
}

/// Tokens of pictures in a list of `ModalityTokenCount`.
fn pictures(details: &Value) -> u64 {
    let details = details.as_array().into_iter().flatten();
    let pictures = details.filter(|detail| detail["modality"] == "IMAGE");
    pictures.filter_map(|detail| count(&detail["tokenCount"])).fold(0, u64::saturating_add)
}
