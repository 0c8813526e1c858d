//! How dear a model is, as a label, and why it has it: product.md §9.17.

use crate::id::ModelId;
use crate::money::MicroUsd;
use crate::policy::{Policy, Tier};

/// Why a model has its tier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TierGround {
    /// The file says so.
    Labelled,
    /// Its price for a million output tokens.
    Price(MicroUsd),
    /// No price is known, which counts as the dearest.
    Unknown,
}

/// The tier of a model: as labelled, else by its output price per million tokens: 0 L0, below $2 L1,
/// below $12 L2, else L3. Unknown counts as L3.
pub fn tier(policy: &Policy, model: &ModelId) -> Tier {
    tier_with_ground(policy, model).0
}

/// The same with its ground.
pub fn tier_with_ground(policy: &Policy, model: &ModelId) -> (Tier, TierGround) {
    if let Some(tier) = policy.model(model).tier {
        return (tier, TierGround::Labelled);
    }
    let Some(output) = policy.price(model).map(|price| price.base.output) else {
        return (Tier::L3, TierGround::Unknown);
    };
    let tier = match output.micros() {
        ..=0 => Tier::L0,
        1..2_000_000 => Tier::L1,
        2_000_000..12_000_000 => Tier::L2,
        12_000_000.. => Tier::L3,
    };
    (tier, TierGround::Price(output))
}

/// The tier with its ground, for continuing a sentence: "labelled L2", "L1 by its price of $0.40 for a
/// million output tokens".
pub fn tier_in_words(tier: Tier, ground: TierGround) -> String {
    match ground {
        TierGround::Labelled => format!("labelled {}", tier.as_str()),
        TierGround::Price(MicroUsd::ZERO) => format!("{} because it is free", tier.as_str()),
        TierGround::Price(price) => {
            format!("{} by its price of {} for a million output tokens", tier.as_str(), price.exact())
        }
        TierGround::Unknown => format!("{} because no price is known", tier.as_str()),
    }
}
