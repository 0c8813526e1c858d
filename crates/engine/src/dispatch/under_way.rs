//! What an attempt under way has come to so far, should nobody wait for it any more: cancelled, or its call
//! dropped. Kept beside the attempt, so that whoever ends it can say what is to be charged.
//!
//! Before the bytes left: nothing. After the first word: the prompt and what was delivered, as an assumption,
//! since nobody counted. In between, and for models that think in silence: the worst case, since nobody knows
//! what was made and not yet said.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use pointsman_core::catalog::is_reasoning;
use pointsman_core::chat::{Chat, PrefixCache};
use pointsman_core::estimate;
use pointsman_core::money::{MicroUsd, Price};
use pointsman_core::plan::Target;
use pointsman_core::reservation::Charge;

use crate::transport::Handed;

/// One attempt. Clones share it.
#[derive(Clone, Debug)]
pub(crate) struct UnderWay {
    handed: Handed,
    /// Bytes of text.
    delivered: Arc<AtomicU64>,
    most_input: u64,
    prefix_cache: Option<PrefixCache>,
    max_tokens: u64,
    price: Price,
    worst: MicroUsd,
    thinks: bool,
}

impl UnderWay {
    /// An attempt that is about to begin with this conversation.
    pub(crate) fn of(target: &Target, chat: &Chat, worst: MicroUsd) -> Self {
        Self {
            handed: Handed::default(),
            delivered: Arc::default(),
            most_input: estimate::most_input_tokens(target.provider.wire, chat),
            prefix_cache: chat.params.prefix_cache,
            max_tokens: target.max_tokens,
            price: target.price.clone(),
            worst,
            thinks: is_reasoning(&target.model.model),
        }
    }

    /// Learns when the bytes leave.
    pub(crate) fn handed(&self) -> &Handed {
        &self.handed
    }

    /// A piece of the answer has come.
    pub(crate) fn delivers(&self, text: &str) {
        self.delivered.fetch_add(text.len() as u64, Ordering::Relaxed);
    }

    /// Whether a word of the answer has come.
    pub(crate) fn has_delivered(&self) -> bool {
        self.delivered.load(Ordering::Relaxed) > 0
    }

    /// What is to be charged where it ends now, uncounted.
    pub(crate) fn charge(&self) -> Charge {
        if !self.handed.happened() {
            return Charge::None;
        }
        match self.delivered.load(Ordering::Relaxed) {
            0 => Charge::Assumed(self.worst),
            _ if self.thinks => Charge::Assumed(self.worst),
            bytes => {
                let cost =
                    estimate::delivered_cost(self.most_input, self.prefix_cache, bytes, self.max_tokens, &self.price);
                Charge::Assumed(cost.min(self.worst))
            }
        }
    }
}
