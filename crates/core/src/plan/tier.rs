//! How dear a model is, as a label.

use crate::id::ModelId;
use crate::policy::{Policy, Tier};

/// The tier of a model: as labelled, else by its output price per million tokens: 0 L0, below $2 L1,
/// below $12 L2, else L3. Unknown counts as L3.
pub fn tier(policy: &Policy, model: &ModelId) -> Tier {
    if let Some(tier) = policy.model(model).tier {
        return tier;
    }
    match policy.price(model).map(|price| price.base.output.micros()) {
        Some(..=0) => Tier::L0,
        Some(1..2_000_000) => Tier::L1,
        Some(2_000_000..12_000_000) => Tier::L2,
        Some(12_000_000..) | None => Tier::L3,
    }
}
