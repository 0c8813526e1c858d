//! What a calling model may read: which classes and models there are, who can answer now, and what
//! was spent. Fixed, read-only queries; no key, no prompt, no answer.

use jiff::Timestamp;
use jiff::civil::Date;
use pointsman_core::catalog::KeyRef;
use pointsman_core::code::{Code, Denial};
use pointsman_core::plan::tier;
use pointsman_core::policy::Policy;
use serde::{Deserialize, Serialize};

use crate::chat::resting;
use crate::ledger::reservation::Limits;
use crate::{Gateway, Inner, pause};

mod cap;
pub(crate) mod notes;
mod spend;

pub use cap::CapLine;
use cap::cap_lines;
pub(crate) use cap::raises;
pub use notes::ToolNotes;
pub(crate) use spend::MOVEMENTS;

/// The most rows of a spend report.
const ROWS: usize = 100;

/// What `llm_routing_info` tells.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RoutingInfo {
    /// The policy's version.
    pub policy_version: String,
    /// The profile that is laid over the file.
    pub profile: Option<String>,
    /// Task classes in the order of the file.
    pub classes: Vec<ClassLine>,
    /// Providers the policy uses.
    pub providers: Vec<ProviderLine>,
    /// Models `chat_completion` may name.
    pub models: Vec<String>,
    /// Caps with what is left.
    pub caps: Vec<CapLine>,
    /// Models that have failed lately, and whether they are asked.
    pub breakers: Vec<BreakerLine>,
    /// Why nothing can be answered now, where that is so.
    pub paused: Option<String>,
    /// What the caller should know.
    pub notices: Vec<String>,
}

/// One task class.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ClassLine {
    /// Its name.
    pub class: String,
    /// The first choice.
    pub model: String,
    /// What is tried next.
    pub fallback: Vec<String>,
    /// What it is for.
    pub rationale: Option<String>,
    /// The tier of the first choice.
    pub tier: String,
    /// In which order they are tried: `fixed`, `cheapest` or `fastest`.
    pub strategy: String,
    /// Shares in place of the first choice: `70 % openai/a`.
    pub split: Vec<String>,
    /// The dearest tier that may answer, where the class has a limit.
    pub max_tier: Option<String>,
    /// The most output tokens.
    pub max_tokens: Option<u64>,
}

/// One provider.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ProviderLine {
    /// Its id.
    pub provider: String,
    /// Whether it can be asked now.
    pub usable: bool,
    /// Why not.
    pub why_not: Option<String>,
}

/// A model that has failed lately.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BreakerLine {
    /// Which.
    pub model: String,
    /// `closed`: asked as always; `open`: not asked; `half_open`: the next call tries it.
    pub state: String,
    /// Calls that failed in a row.
    pub failures: u32,
    /// The code of the last failure.
    pub last: String,
    /// Why it is not asked, and until when.
    pub why_not: Option<String>,
}

/// What is asked of `spend_report`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SpendQuery {
    /// First day, `2026-11-01`; without one, the first of this month.
    pub from: Option<String>,
    /// Last day, included; without one, today.
    pub to: Option<String>,
    /// By what the rows are grouped; without one, by model.
    pub group_by: Option<GroupBy>,
}

/// A grouping.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GroupBy {
    /// By model.
    Model,
    /// By provider.
    Provider,
    /// By client.
    Client,
    /// By task class.
    Class,
    /// By project.
    Project,
    /// By day.
    Day,
}

impl GroupBy {
    /// The SQL expression, from this list only.
    const fn column(self) -> &'static str {
        match self {
            Self::Model => "provider || '/' || model",
            Self::Provider => "provider",
            Self::Client => "client",
            Self::Class => "class",
            Self::Project => "project",
            Self::Day => "day",
        }
    }
}

/// What was spent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SpendReport {
    /// First day.
    pub from: String,
    /// Last day, included.
    pub to: String,
    /// By what the rows are grouped.
    pub group_by: GroupBy,
    /// Dearest first, at most 100.
    pub rows: Vec<SpendRow>,
    /// Charged in all, in USD.
    pub total_usd: serde_json::Number,
    /// Held now by calls under way, in USD.
    pub held_usd: serde_json::Number,
    /// Requests that were sent.
    pub requests: u64,
    /// Caps with what is left.
    pub caps: Vec<CapLine>,
    /// In a practice home.
    pub simulated: bool,
}

/// One group.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SpendRow {
    /// Its name.
    pub name: String,
    /// Requests that were sent.
    pub requests: u64,
    /// Tokens read.
    pub input_tokens: u64,
    /// Tokens made.
    pub output_tokens: u64,
    /// Charged, in USD.
    pub cost_usd: serde_json::Number,
    /// Of that, assumed because nobody counted, in USD.
    pub assumed_usd: serde_json::Number,
}

impl Gateway {
    /// Classes, providers, models and caps as they are now.
    ///
    /// # Errors
    /// Where there is no valid policy or the ledger cannot be read.
    pub async fn routing_info(&self) -> Result<RoutingInfo, Denial> {
        let inner = self.inner();
        let active = inner.policy.snapshot(inner).await?;
        let policy = &active.policy;
        let mut providers = Vec::new();
        let used = policy.callable();
        for (id, provider) in &policy.providers {
            if !used.iter().any(|model| model.provider == *id) {
                continue;
            }
            let denial = match provider.key {
                KeyRef::None => None,
                KeyRef::Keychain(_) | KeyRef::Env(_) => inner.secrets.key(provider).await.err(),
            };
            providers.push(ProviderLine {
                provider: id.to_string(),
                usable: denial.is_none(),
                why_not: denial.map(|denial| denial.sentence),
            });
        }
        let (caps, raises) = (policy.caps.clone(), raises(inner).await?);
        let caps = inner.ledger.read(move |c| cap_lines(c, &caps, &raises, Timestamp::now())).await?;
        Ok(RoutingInfo {
            policy_version: policy.version.clone(),
            profile: policy.bounds.profile.as_ref().map(ToString::to_string),
            classes: class_lines(policy),
            providers,
            models: used.iter().map(ToString::to_string).collect(),
            caps,
            breakers: breaker_lines(inner, policy).await?,
            paused: pause::denial(inner).await?.map(|denial| denial.sentence),
            notices: inner.policy.notices(),
        })
    }

    /// What was spent between two days.
    ///
    /// # Errors
    /// Where a day is not one, or the ledger cannot be read.
    pub async fn spend_report(&self, query: SpendQuery) -> Result<SpendReport, Denial> {
        let inner = self.inner();
        let day = |text: &str| {
            text.parse::<Date>().map_err(|_| {
                Denial::new(Code::InvalidRequest, format!("{text:?} is not a day. Write it as 2026-11-21."))
            })
        };
        let from = query.from.as_deref().map(day).transpose()?;
        let to = query.to.as_deref().map(day).transpose()?;
        let caps = match inner.policy.snapshot(inner).await {
            Ok(active) => active.policy.caps.clone(),
            // What was spent can be told without a valid policy.
            Err(_) => Vec::new(),
        };
        let (group_by, simulated) = (query.group_by.unwrap_or(GroupBy::Model), inner.home.is_practice());
        let raises = raises(inner).await?;
        let limits = Limits { caps, raises, ..Limits::default() };
        Ok(inner.ledger.read(move |c| spend::spent(c, from, to, group_by, &limits, simulated)).await?)
    }
}

async fn breaker_lines(inner: &Inner, policy: &Policy) -> Result<Vec<BreakerLine>, Denial> {
    let rests = resting::all(inner, policy.breaker).await?;
    let lines = rests.into_iter().map(|(model, resting)| BreakerLine {
        model: model.to_string(),
        state: resting.state.to_owned(),
        failures: resting.record.failures,
        last: resting.record.last.as_str().to_owned(),
        why_not: resting.why_not,
    });
    Ok(lines.collect())
}

fn class_lines(policy: &Policy) -> Vec<ClassLine> {
    policy
        .classes
        .iter()
        .map(|rule| ClassLine {
            class: rule.class.to_string(),
            model: rule.primary.to_string(),
            fallback: rule.fallback.iter().map(ToString::to_string).collect(),
            rationale: rule.rationale.clone(),
            tier: tier(policy, &rule.primary).as_str().to_owned(),
            strategy: rule.strategy.as_str().to_owned(),
            split: rule.split.iter().map(|share| format!("{} % {}", share.percent, share.model)).collect(),
            max_tier: rule.max_tier.map(|tier| tier.as_str().to_owned()),
            max_tokens: rule.max_tokens,
        })
        .collect()
}
