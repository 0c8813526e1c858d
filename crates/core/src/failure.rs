//! An attempt that went wrong: classified once, where the response is read, and never again.

use std::time::Duration;

use crate::code::Code;
use crate::money::Usage;

/// What went wrong with one HTTP call. Closed; each has one verdict, one billing and one code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum FailureKind {
    /// 401, 403.
    Auth,
    /// 429.
    RateLimit,
    /// 402, 429 with a quota code, or 400 where the provider says it only in words.
    Quota,
    /// 503, 529.
    Overloaded,
    /// 500, 502, 504.
    Provider5xx,
    /// No answer in time, or a stall in a stream. The request was sent.
    Timeout,
    /// DNS, refused, TLS, or reset before the request was fully written.
    NetworkBeforeSend,
    /// Lost after the request was written: reset, body cut, stream cut.
    NetworkAfterSend,
    /// 413, or 400 with the provider's own code or, where it has none, its words.
    ContextTooLong,
    /// 403 with a moderation code, or 400 with the provider's own code.
    ContentFilter,
    /// 400, 422 and other 4xx.
    InvalidRequest,
    /// 404.
    UnknownModel,
    /// 200 that is not an answer: invalid JSON, HTML, a redirect, empty.
    BadResponse,
}

/// What to do after a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The same target again, after a delay.
    Retry,
    /// The next target, never this one again in this call.
    NextTarget,
    /// End the call: no target would do better.
    Stop,
}

/// Whether a failed attempt may have cost money.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Billing {
    /// It did not reach a model.
    None,
    /// Nobody knows: the worst case is charged as assumed.
    Unknown,
}

impl FailureKind {
    /// All kinds.
    pub const ALL: &'static [Self] = &[
        Self::Auth,
        Self::RateLimit,
        Self::Quota,
        Self::Overloaded,
        Self::Provider5xx,
        Self::Timeout,
        Self::NetworkBeforeSend,
        Self::NetworkAfterSend,
        Self::ContextTooLong,
        Self::ContentFilter,
        Self::InvalidRequest,
        Self::UnknownModel,
        Self::BadResponse,
    ];

    /// Product.md §5.9 and §5.10. A malformed call is malformed for every target of the same class,
    /// so it ends the call; all other failures may be a matter of the target.
    pub const fn verdict(self) -> Verdict {
        match self {
            Self::RateLimit | Self::Overloaded | Self::Provider5xx | Self::NetworkBeforeSend => Verdict::Retry,
            Self::Auth
            | Self::Quota
            | Self::Timeout
            | Self::NetworkAfterSend
            | Self::ContextTooLong
            | Self::ContentFilter
            | Self::UnknownModel
            | Self::BadResponse => Verdict::NextTarget,
            Self::InvalidRequest => Verdict::Stop,
        }
    }

    /// Whether money may have been spent. An error status is not billed by any provider we know;
    /// silence after sending, and a 200 we cannot read, may be.
    pub const fn billing(self) -> Billing {
        match self {
            Self::Auth
            | Self::RateLimit
            | Self::Quota
            | Self::Overloaded
            | Self::Provider5xx
            | Self::NetworkBeforeSend
            | Self::ContextTooLong
            | Self::ContentFilter
            | Self::InvalidRequest
            | Self::UnknownModel => Billing::None,
            Self::Timeout | Self::NetworkAfterSend | Self::BadResponse => Billing::Unknown,
        }
    }

    /// The code the caller gets when this was the last word.
    pub const fn code(self) -> Code {
        match self {
            Self::Auth => Code::Auth,
            Self::RateLimit => Code::RateLimit,
            Self::Quota => Code::Quota,
            Self::Overloaded => Code::Overloaded,
            Self::Provider5xx => Code::Provider5xx,
            Self::Timeout => Code::Timeout,
            Self::NetworkBeforeSend | Self::NetworkAfterSend => Code::Network,
            Self::ContextTooLong => Code::ContextTooLong,
            Self::ContentFilter => Code::ContentFilter,
            Self::InvalidRequest => Code::InvalidRequest,
            Self::UnknownModel => Code::UnknownModel,
            Self::BadResponse => Code::BadResponse,
        }
    }
}

/// One failed attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// What went wrong.
    pub kind: FailureKind,
    /// A sentence for a person: what happened. The provider's own words are quoted inside, at most
    /// 300 characters of them, control characters removed. Secrets are redacted by the engine.
    pub sentence: String,
    /// The HTTP status, where there was a response.
    pub status: Option<u16>,
    /// What the provider asked for in `Retry-After`.
    pub retry_after: Option<Duration>,
    /// What the provider counted in spite of the failure (an empty answer, for instance). The
    /// charge is then measured, whatever the kind says about billing.
    pub usage: Option<Usage>,
    /// The answer had begun to arrive: the model has worked, so the attempt is never free and never
    /// tried again on the same target, whatever the kind says.
    pub begun: bool,
    /// The call's own deadline ended it while it was well on its way, or gave it hardly any time: it says nothing
    /// of the model.
    pub cut_short: bool,
}

impl Failure {
    /// A failure without a response.
    pub fn new(kind: FailureKind, sentence: impl Into<String>) -> Self {
        Self {
            kind,
            sentence: sentence.into(),
            status: None,
            retry_after: None,
            usage: None,
            begun: false,
            cut_short: false,
        }
    }

    /// What to do now: the kind's verdict, but no second try once the answer had begun.
    pub const fn verdict(&self) -> Verdict {
        match self.kind.verdict() {
            Verdict::Retry if self.begun => Verdict::NextTarget,
            verdict => verdict,
        }
    }

    /// Whether money may have been spent: the kind's billing, but never none once the answer had
    /// begun. Where [`Failure::usage`] is set, that is what was spent.
    pub const fn billing(&self) -> Billing {
        if self.begun { Billing::Unknown } else { self.kind.billing() }
    }
}
