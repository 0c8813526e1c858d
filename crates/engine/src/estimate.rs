//! What a prompt would cost, model by model, without sending it. The figures are those the call itself
//! would be planned with, and whether the caps leave room is found by the very check that holds money,
//! in a transaction that is undone: nothing is written.

use std::collections::BTreeMap;
use std::sync::Arc;

use pointsman_core::catalog::KeyRef;
use pointsman_core::chat::{Chat, Message, Params, Role};
use pointsman_core::code::{Code, Denial};
use pointsman_core::estimate::{LIKELY_ERROR, likely_tokens};
use pointsman_core::id::{ModelId, ProviderId, TaskClass};
use pointsman_core::money::MicroUsd;
use pointsman_core::plan::{self, Asked, Candidates, Ground, Now, Plan, Target, Wanted, tier};
use pointsman_core::policy::{Policy, Preflight};
use serde::{Deserialize, Serialize};

use crate::decide::screened;
use crate::ledger::LedgerError;
use crate::ledger::reservation::Limits;
use crate::reply::usd;
use crate::trial::{self, Trial};
use crate::{Gateway, Inner, dispatch, pause};

/// The most models of one question.
const MOST: usize = 40;

/// What the two amounts mean, said with every estimate after the error of the count.
const MEANING: &str = "The likely cost takes an answer of max_tokens. The highest cost counts every byte as a token and \
is what would be held.";

/// What is asked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EstimateQuery {
    /// The prompt.
    pub prompt: String,
    /// Models by id, name or alias; without one, all that the policy may call.
    pub models: Vec<String>,
    /// The longest answer in tokens.
    pub max_tokens: Option<u64>,
}

/// What a prompt would cost.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// The cheapest by likely cost first; those without a figure last.
    pub models: Vec<EstimateLine>,
    /// How far the count of tokens can be off.
    pub token_error: String,
    /// What the caller should know.
    pub notices: Vec<String>,
    /// In a practice home, where no money is real.
    pub simulated: bool,
}

/// What it would cost with one model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EstimateLine {
    /// Which.
    pub model: String,
    /// What the call probably costs, in USD; absent where no price is known.
    pub likely_usd: Option<serde_json::Number>,
    /// The most it can cost, in USD: what would be held.
    pub worst_usd: Option<serde_json::Number>,
    /// Tokens the prompt probably has.
    pub input_tokens: u64,
    /// The longest answer in tokens.
    pub max_tokens: Option<u64>,
    /// How dear the model is, as a label.
    pub tier: String,
    /// Who says what it costs.
    pub price_source: Option<String>,
    /// Of which day that is, where it is a published list.
    pub price_date: Option<String>,
    /// Whether the call would be sent now.
    pub would_be_sent: bool,
    /// Why not.
    pub why_not: Option<String>,
    #[serde(skip)]
    rank: Option<MicroUsd>,
}

impl Gateway {
    /// What a prompt would cost with some models, cheapest first. Sends and writes nothing.
    ///
    /// # Errors
    /// Where there is no valid policy, no prompt, or more than 40 models are asked about.
    pub async fn estimate(&self, query: EstimateQuery) -> Result<Estimate, Denial> {
        let inner = self.inner();
        let active = inner.policy.snapshot(inner).await?;
        let policy = &active.policy;
        let refused = |sentence: &str| Err(Denial::new(Code::InvalidRequest, sentence));
        if query.prompt.is_empty() {
            return refused("There is no prompt to estimate.");
        }
        if query.models.len() > MOST {
            return refused("At most 40 models can be compared at once.");
        }
        let params = Params { max_tokens: query.max_tokens, ..Params::default() };
        let chat = Chat { messages: vec![Message::text(Role::User, query.prompt)], params };
        let wanted = if query.models.is_empty() {
            policy.callable().iter().take(MOST).map(ToString::to_string).collect()
        } else {
            query.models
        };
        let input_tokens = likely_tokens(&chat, &policy.preflight);
        let now = Now { screened: screened(&policy.data_policy, &chat).await?, ..Now::default() };
        let mut keys = BTreeMap::new();
        let mut lines = Vec::new();
        let mut plans = Vec::new();
        for text in wanted {
            let (line, plan) = match planned(policy, &text, &chat, &now) {
                Ok((id, plan)) => {
                    let denial =
                        key_denial(inner, policy, &id.provider, &mut keys).await.or_else(|| gate(policy, &plan));
                    (line(policy, &id, input_tokens, Some(&plan.targets[0]), denial), Some(plan))
                }
                Err((id, denial)) => match id {
                    Some(id) => (line(policy, &id, input_tokens, None, Some(denial)), None),
                    None => (unknown(text, input_tokens, denial), None),
                },
            };
            if !lines.iter().any(|other: &EstimateLine| other.model == line.model) {
                lines.push(line);
                plans.push(plan);
            }
        }
        for (line, denial) in lines.iter_mut().zip(room(inner, policy, plans).await?) {
            if let Some(denial) = denial.filter(|_| line.why_not.is_none()) {
                line.would_be_sent = false;
                line.why_not = Some(denial.sentence);
            }
        }
        lines.sort_by_key(|line| (line.rank.is_none(), line.rank));
        Ok(Estimate {
            models: lines,
            token_error: format!("{LIKELY_ERROR} {MEANING}"),
            notices: inner.policy.notices(),
            simulated: inner.home.is_practice(),
        })
    }
}

/// The plan of a call that names this model. The gate of the likely cost is looked at afterwards, so
/// that what it holds back has figures too.
fn planned(policy: &Policy, text: &str, chat: &Chat, now: &Now) -> Result<(ModelId, Plan), (Option<ModelId>, Denial)> {
    let found = match plan::candidates(policy, &Wanted::Model(text.to_owned()), Asked { client: None, chat }) {
        Ok(found) => found,
        // A model that the file does not name yet has a price all the same, where its provider has one.
        Err(denial) => match ModelId::parse(text).ok().filter(|id| policy.listed(id).is_some()) {
            Some(id) => {
                let (models, ground) = (vec![id], Ground::Named);
                Candidates { models, class: None, ground, max_tier: None, took_over_from: None }
            }
            None => return Err((None, denial)),
        },
    };
    let id = found.models[0].clone();
    let open = Policy { preflight: Preflight { enabled: false, ..policy.preflight.clone() }, ..policy.clone() };
    match plan::plan(&open, &found, chat, now) {
        Ok(plan) => Ok((id, plan)),
        Err(denial) => Err((Some(id), denial)),
    }
}

/// Why a call with this plan would not be sent, as far as the policy says it.
fn gate(policy: &Policy, plan: &Plan) -> Option<Denial> {
    let target = &plan.targets[0];
    if !policy.callable().contains(&target.model) {
        let sentence = format!("{} is not in routing.yaml. List it under models to use it.", target.model);
        return Some(Denial::new(Code::UnknownModel, sentence));
    }
    let gate = &policy.preflight;
    (gate.enabled && target.likely >= gate.block).then(|| {
        let sentence = format!("The likely cost passes cost_preflight.block_usd of {}.", gate.block.total());
        Denial::new(Code::CapExceeded, sentence)
    })
}

async fn key_denial(
    inner: &Inner,
    policy: &Policy,
    id: &ProviderId,
    known: &mut BTreeMap<ProviderId, Option<Denial>>,
) -> Option<Denial> {
    if let Some(denial) = known.get(id) {
        return denial.clone();
    }
    let denial = match policy.providers.get(id).filter(|provider| provider.key != KeyRef::None) {
        Some(provider) => inner.secrets.key(provider).await.err(),
        None => None,
    };
    known.insert(id.clone(), denial.clone());
    denial
}

/// For each plan, what would keep it from being held: the check of the call itself, undone.
async fn room(inner: &Inner, policy: &Policy, plans: Vec<Option<Plan>>) -> Result<Vec<Option<Denial>>, Denial> {
    let pause::Clearance { resumed, raises } = match pause::clearance(inner).await {
        Ok(clearance) => clearance,
        Err(paused) if paused.code == Code::Paused => return Ok(plans.iter().map(|_| Some(paused.clone())).collect()),
        Err(denial) => return Err(denial),
    };
    let limits = Limits { caps: policy.caps.clone(), resumed, raises, breaker: policy.breaker };
    let trials: Vec<_> = plans
        .into_iter()
        .map(|plan| Some(Trial { plan: Arc::new(plan?), caller: inner.caller.clone(), class: TaskClass::chat() }))
        .collect();
    let found = inner.ledger.write(move |tx| {
        let stopped = |trial: &Option<Trial>| match trial {
            Some(trial) => Ok(trial::held(tx, trial, &limits)?.err()),
            None => Ok(None),
        };
        trials.iter().map(stopped).collect::<Result<Vec<_>, LedgerError>>()
    });
    let found = found.await?;
    let mut denials = Vec::with_capacity(found.len());
    for stopped in found {
        denials.push(match stopped {
            Some(stopped) => Some(dispatch::why_stopped(inner, stopped).await),
            None => None,
        });
    }
    Ok(denials)
}

fn line(
    policy: &Policy,
    id: &ModelId,
    input_tokens: u64,
    target: Option<&Target>,
    denial: Option<Denial>,
) -> EstimateLine {
    let priced = policy.priced(id);
    EstimateLine {
        model: id.to_string(),
        likely_usd: target.map(|target| usd(target.likely)),
        worst_usd: target.map(|target| usd(target.worst)),
        input_tokens,
        max_tokens: target.map(|target| target.max_tokens),
        tier: tier(policy, id).as_str().to_owned(),
        price_source: priced.as_ref().map(|priced| priced.source.to_string()),
        price_date: priced.and_then(|priced| priced.source.date()).map(|date| date.to_string()),
        would_be_sent: denial.is_none(),
        why_not: denial.map(|denial| denial.sentence),
        rank: target.map(|target| target.likely),
    }
}

fn unknown(text: String, input_tokens: u64, denial: Denial) -> EstimateLine {
    EstimateLine {
        model: text.chars().filter(|c| !c.is_control()).take(120).collect(),
        likely_usd: None,
        worst_usd: None,
        input_tokens,
        max_tokens: None,
        tier: String::new(),
        price_source: None,
        price_date: None,
        would_be_sent: false,
        why_not: Some(denial.sentence),
        rank: None,
    }
}
