//! How dear a model is, as a label, and why it has it: product.md §9.17.

use crate::id::ModelId;
use crate::money::MicroUsd;
use crate::policy::{Policy, Tier};

/// The tier of a model: as labelled, else by its output price per million tokens: 0 L0, below $2 L1,
/// below $12 L2, else L3. Unknown counts as L3.
pub fn tier(policy: &Policy, model: &ModelId) -> Tier {
    tier_with_reason(policy, model).0
}

/// The same with its reason, for people.
pub fn tier_with_reason(policy: &Policy, model: &ModelId) -> (Tier, String) {
    if let Some(tier) = policy.model(model).tier {
        return (tier, "as routing.yaml labels it".to_owned());
    }
    let Some(output) = policy.price(model).map(|price| price.base.output) else {
        return (Tier::L3, "no price is known".to_owned());
    };
    let tier = match output.micros() {
        ..=0 => Tier::L0,
        1..2_000_000 => Tier::L1,
        2_000_000..12_000_000 => Tier::L2,
        12_000_000.. => Tier::L3,
    };
    let reason = if output == MicroUsd::ZERO {
        "it is free".to_owned()
    } else {
        format!("{output} for a million tokens of output")
    };
    (tier, reason)
}
