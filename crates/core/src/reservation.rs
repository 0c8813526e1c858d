//! The life of a hold: open → settled | released | lapsed. It ends once (I3).

use serde::{Deserialize, Serialize};

use crate::money::{MicroUsd, Usage};

/// Where a reservation stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum State {
    /// Money is held.
    Open,
    /// Charged with what was counted.
    Settled,
    /// Given back: nothing was sent that could cost.
    Released,
    /// Its process died or lost its lease: the hold became a charge if an attempt was sent.
    Lapsed,
}

impl State {
    /// The word in the ledger.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Settled => "settled",
            Self::Released => "released",
            Self::Lapsed => "lapsed",
        }
    }
}

/// What an attempt cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Charge {
    /// From what the provider counted.
    Measured(Usage, MicroUsd),
    /// Nobody knows; the worst case stays charged.
    Assumed(MicroUsd),
    /// Nothing.
    None,
}

impl Charge {
    /// The amount.
    pub const fn amount(&self) -> MicroUsd {
        match self {
            Self::Measured(_, amount) | Self::Assumed(amount) => *amount,
            Self::None => MicroUsd::ZERO,
        }
    }

    /// The word in the ledger.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Measured(..) => "measured",
            Self::Assumed(_) => "assumed",
            Self::None => "none",
        }
    }
}
