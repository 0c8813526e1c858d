//! The approval window: one question that only a person can answer. All of it is plain text; what a model
//! or a caller wrote stands in it as it is and is shown as text.
//!
//! No call asks one yet: a policy that says "ask" refuses, as it says. What the window looks like is seen
//! in a practice home only, with [`ApprovalAsk::practice`], whose answer lets nothing through.

use jiff::Timestamp;
use pointsman_core::approval::TIME;
use pointsman_core::code::{Code, Denial};
use pointsman_core::money::MicroUsd;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::Money;

/// What the window shows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ApprovalAsk {
    /// Its name.
    pub id: String,
    /// Goes back with the answer, and is good for one.
    pub nonce: String,
    /// `Claude Desktop`.
    pub client: String,
    /// The task class.
    pub class: String,
    /// Why a dearer model, in a sentence.
    pub why: String,
    /// The model that would answer without asking.
    pub from: ApprovalModel,
    /// The one that is asked for.
    pub to: ApprovalModel,
    /// What it probably costs.
    pub likely: Money,
    /// What it costs at most.
    pub worst: Money,
    /// What is left of the tightest cap; `None` where none counts it.
    pub left: Option<ApprovalRoom>,
    /// What would be sent, byte for byte; empty where nothing but the call itself would.
    pub handoff: String,
    /// What happens on a no.
    pub otherwise: String,
    /// When no answer becomes a no, in ms since 1970.
    #[ts(type = "number")]
    pub expires_ms: i64,
    /// "Always", where that is offered.
    pub grant: Option<ApprovalGrant>,
    /// How many more questions wait behind this one.
    pub waiting: u32,
}

/// A model with its tier.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ApprovalModel {
    /// Without its provider.
    pub model: String,
    /// `openai`.
    pub provider: String,
    /// `L1`.
    pub tier: String,
}

/// What is left of a cap.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ApprovalRoom {
    /// `day`.
    pub window: String,
    /// How much.
    pub left: Money,
}

/// What "always" would mean.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ApprovalGrant {
    /// Up to this tier.
    pub tier: String,
    /// For so many days.
    pub days: u32,
}

/// What the person says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum ApprovalAnswer {
    /// Yes, this time.
    AllowOnce,
    /// Yes, and for as long as was offered without asking.
    AllowAlways,
    /// No.
    Deny,
}

impl ApprovalAsk {
    /// The same, put before the person now: with an id and a nonce that were never used, and its time.
    ///
    /// # Errors
    /// Where the system gives no random numbers: then nothing may be asked.
    pub fn put(self) -> Result<Self, Denial> {
        let time = i64::try_from(TIME.as_millis()).unwrap_or(i64::MAX);
        let expires_ms = Timestamp::now().as_millisecond().saturating_add(time);
        Ok(Self { id: word()?, nonce: word()?, expires_ms, ..self })
    }

    /// A question to look at, for practice homes and for the page tests. Nothing waits for its answer. The
    /// id, the nonce and the time are those of whoever shows it.
    pub fn practice() -> Self {
        let usd = |micros| Money::row(MicroUsd::from_micros(micros));
        let model = |model: &str, tier: &str| ApprovalModel {
            model: model.to_owned(),
            provider: "practice".to_owned(),
            tier: tier.to_owned(),
        };
        Self {
            id: String::new(),
            nonce: String::new(),
            client: "Claude Desktop".to_owned(),
            class: "code_review".to_owned(),
            why: "The checker sent the answer back twice: “Misses the race between the release and the write.”"
                .to_owned(),
            from: model("practice-small", "L1"),
            to: model("practice-large", "L3"),
            likely: usd(110_000),
            worst: usd(420_000),
            left: Some(ApprovalRoom { window: "day".to_owned(), left: usd(3_530_000) }),
            handoff: HANDOFF.to_owned(),
            otherwise: "The client keeps the answer it has.".to_owned(),
            expires_ms: 0,
            grant: Some(ApprovalGrant { tier: "L3".to_owned(), days: 30 }),
            waiting: 0,
        }
    }
}

/// 32 random hex digits: a word that cannot be guessed.
fn word() -> Result<String, Denial> {
    let mut bytes = [0u8; 16];
    getrandom::fill(&mut bytes)
        .map_err(|error| Denial::new(Code::Internal, format!("The system gives no random numbers: {error}.")))?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// Looks like what a cascade hands over; nothing sends it.
const HANDOFF: &str = "Task
Review this change of the pool. Name every way in which it can lose a write.

Attempt 1 (practice-small)
The change looks right. The lock is taken before the slot is read.

What the checker said
Misses the race between the release and the write: the slot is given back before the write has ended.

Attempt 2 (practice-small)
The lock is taken, and the slot is read under it. No write can be lost.

What the checker said
Still misses it. Look at the order of release() and write().";
