//! How dear a model is, as a label, and why it has it: product.md §9.17.

use crate::id::ModelId;
use crate::money::MicroUsd;
use crate::policy::{Policy, PriceSource, Priced, Tier};

/// Why a model has its tier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TierGround {
    /// The file says so.
    Labelled,
    /// It runs on this machine.
    Local,
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
    let Some(Priced { price, source }) = policy.priced(model) else {
        return (Tier::L3, TierGround::Unknown);
    };
    let output = price.base.output;
    let tier = match output.micros() {
        ..=0 => Tier::L0,
        1..2_000_000 => Tier::L1,
        2_000_000..12_000_000 => Tier::L2,
        12_000_000.. => Tier::L3,
    };
    let ground = match source {
        PriceSource::Local => TierGround::Local,
        PriceSource::File(_) | PriceSource::Catalogue { .. } => TierGround::Price(output),
    };
    (tier, ground)
}

/// The tier with its ground, for continuing a sentence: "labelled L2", "L1 by its price of $0.40 for a
/// million output tokens".
pub fn tier_in_words(tier: Tier, ground: TierGround) -> String {
    match ground {
        TierGround::Labelled => format!("labelled {}", tier.as_str()),
        TierGround::Local => format!("{} because it runs on this machine", tier.as_str()),
        TierGround::Price(MicroUsd::ZERO) => format!("{} because it is free", tier.as_str()),
        TierGround::Price(price) => {
            format!("{} by its price of {} for a million output tokens", tier.as_str(), price.exact())
        }
        TierGround::Unknown => format!("{} because no price is known", tier.as_str()),
    }
}

impl TierGround {
    /// Why, standing alone: "it is free".
    pub fn reason(self) -> String {
        match self {
            Self::Labelled => "as routing.yaml labels it".to_owned(),
            Self::Local => "it runs on this machine".to_owned(),
            Self::Price(MicroUsd::ZERO) => "it is free".to_owned(),
            Self::Price(price) => format!("{price} for a million tokens of output"),
            Self::Unknown => "no price is known".to_owned(),
        }
    }
}
