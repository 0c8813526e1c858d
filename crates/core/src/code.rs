//! The closed list of codes a caller can get, and why a call was denied before anything was sent.
//! Machines read the code, people read the sentence; nobody matches on the sentence.

use serde::{Deserialize, Serialize};

macro_rules! codes {
    ($($(#[$doc:meta])* $variant:ident = $text:literal),+ $(,)?) => {
        /// Every code an answer can carry. Closed: product.md §3.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        pub enum Code {
            $($(#[$doc])* #[serde(rename = $text)] $variant),+
        }

        impl Code {
            /// All of them, in the order of the list.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The code as text.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }

            /// The code with this text.
            pub fn from_text(text: &str) -> Option<Self> {
                match text { $($text => Some(Self::$variant),)+ _ => None }
            }
        }
    };
}

codes! {
    /// No usable key for any target.
    NoKey = "no_key",
    /// The keychain could not be read in time or is locked.
    KeychainLocked = "keychain_locked",
    /// The provider refused the key.
    Auth = "auth",
    /// The provider asked to slow down.
    RateLimit = "rate_limit",
    /// The account at the provider has no credit.
    Quota = "quota",
    /// The provider has no capacity.
    Overloaded = "overloaded",
    /// The provider failed.
    Provider5xx = "provider_5xx",
    /// No answer in time.
    Timeout = "timeout",
    /// The connection failed.
    Network = "network",
    /// The prompt does not fit the model.
    ContextTooLong = "context_too_long",
    /// The provider refused the content.
    ContentFilter = "content_filter",
    /// The call is malformed.
    InvalidRequest = "invalid_request",
    /// The answer could not be read.
    BadResponse = "bad_response",
    /// No such model here.
    UnknownModel = "unknown_model",
    /// No price is known.
    Unpriced = "unpriced",
    /// A spend cap has no room.
    CapExceeded = "cap_exceeded",
    /// Spending is paused.
    Paused = "paused",
    /// A person must agree first.
    NeedsApproval = "needs_approval",
    /// A person said no.
    DeniedByUser = "denied_by_user",
    /// Above the allowed tier.
    TierExceeded = "tier_exceeded",
    /// The data policy forbids it.
    DataPolicy = "data_policy",
    /// Every target is benched after failures.
    BreakerOpen = "breaker_open",
    /// Independence could not be certified.
    NotCertified = "not_certified",
    /// Every member failed.
    MembersFailed = "members_failed",
    /// routing.yaml is not valid or asks for what is not built.
    PolicyInvalid = "policy_invalid",
    /// The ledger cannot be written.
    LedgerUnavailable = "ledger_unavailable",
    /// The caller cancelled.
    Cancelled = "cancelled",
    /// The process ended first.
    Interrupted = "interrupted",
    /// No such thing.
    NotFound = "not_found",
    /// Our own fault.
    Internal = "internal",
}

/// We said no before anything was sent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{sentence}")]
pub struct Denial {
    /// For machines.
    pub code: Code,
    /// For people: what happened and what to do.
    pub sentence: String,
}

impl Denial {
    /// A denial with its sentence.
    pub fn new(code: Code, sentence: impl Into<String>) -> Self {
        Self { code, sentence: sentence.into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_the_documented_one_and_reads_back() {
        let documented = "no_key keychain_locked auth rate_limit quota overloaded provider_5xx timeout network context_too_long content_filter invalid_request bad_response unknown_model unpriced cap_exceeded paused needs_approval denied_by_user tier_exceeded data_policy breaker_open not_certified members_failed policy_invalid ledger_unavailable cancelled interrupted not_found internal";
        let ours: Vec<_> = Code::ALL.iter().map(|c| c.as_str()).collect();
        assert_eq!(ours.join(" "), documented);
        for code in Code::ALL {
            assert_eq!(Code::from_text(code.as_str()), Some(*code));
            assert_eq!(serde_json::to_value(code).ok(), Some(code.as_str().into()));
        }
    }
}
