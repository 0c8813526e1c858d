//! Which models there are: those of the policy, those whose list price is known, and those a provider
//! lists now when it is asked. Each with its price, where that is from, and whether it can be called.
//! Nothing here decides what a call may use or cost; the policy does.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::join_all;
use pointsman_core::catalog::live::{self, List, Listed};
use pointsman_core::catalog::{KeyRef, prices};
use pointsman_core::code::Denial;
use pointsman_core::failure::Failure;
use pointsman_core::id::{ModelId, ProviderId};
use pointsman_core::money::{MicroUsd, Rates};
use pointsman_core::plan::tier_with_reason;
use pointsman_core::policy::{self, Policy, Priced};
use pointsman_core::wire;
use serde::{Deserialize, Serialize};

use crate::chat::resting::{self, Resting};
use crate::keys::{check, provider_named};
use crate::reply::usd;
use crate::secrets::Secret;
use crate::{Gateway, Inner};

/// What is asked of [`Gateway::models`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ModelsQuery {
    /// Only this provider's, also without a key for it.
    pub provider: Option<String>,
    /// Ask the providers for their lists.
    pub live: bool,
}

/// The models.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Models {
    /// By id.
    pub models: Vec<ModelLine>,
    /// Where list prices are from: `genai-prices 0.2.1 of 2026-10-30`.
    pub prices_from: String,
    /// What the person should know: lists that could not be had, entries left out.
    pub notices: Vec<String>,
}

/// One model. Prices are US dollars for a million tokens.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ModelLine {
    /// `provider/model`.
    pub model: String,
    /// Whether a call that names it would be tried.
    pub usable: bool,
    /// Why not.
    pub why_not: Option<String>,
    /// The label.
    pub tier: String,
    /// Why that label.
    pub tier_reason: String,
    /// Tokens of context.
    pub context: Option<u64>,
    /// The most output tokens, where the file or the provider says.
    pub max_output: Option<u64>,
    /// Tokens read.
    pub input_usd: Option<serde_json::Number>,
    /// Tokens made.
    pub output_usd: Option<serde_json::Number>,
    /// Tokens read from the provider's cache.
    pub cached_input_usd: Option<serde_json::Number>,
    /// Other prices beyond sizes of input.
    pub steps: Vec<StepLine>,
    /// Who says so.
    pub price_source: Option<String>,
    /// Of which day that is, where it is a published list.
    pub price_date: Option<String>,
    /// What another source says: the maker's own list, or the provider's list of today.
    pub other_price: Option<String>,
    /// The company is about to retire it, or has.
    pub deprecated: bool,
    /// Whether the provider lists it; absent where it was not asked.
    pub listed: Option<bool>,
    /// Task classes that use it.
    pub classes: Vec<String>,
}

/// What all tokens of a call cost beyond a size of input.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StepLine {
    /// Tokens of input.
    pub above: u64,
    /// Tokens read.
    pub input_usd: serde_json::Number,
    /// Tokens made.
    pub output_usd: serde_json::Number,
}

impl Gateway {
    /// The models of the policy and those with a list price at providers with a key. Asking the
    /// providers takes up to 10 s, all at once.
    ///
    /// # Errors
    /// `not_found` where there is no such provider.
    pub async fn models(&self, query: ModelsQuery) -> Result<Models, Denial> {
        let inner = self.inner();
        let (policy, mut notices) = match inner.policy.snapshot(inner).await {
            Ok(active) => (active.policy.clone(), inner.policy.notices()),
            // What models cost can be told without a valid policy.
            Err(denial) => match policy::read("defaults: {}").policy {
                Some(empty) => (empty, vec![denial.sentence]),
                None => return Err(denial),
            },
        };
        let only = query.provider.as_deref().map(|name| provider_named(&policy.providers, name)).transpose()?;
        let keys = keys(inner, &policy, only.as_ref()).await;
        let lists = if query.live { lists(inner, &policy, &keys, &mut notices).await } else { BTreeMap::new() };
        let ids = ids(&policy, only.as_ref(), &keys, &lists);
        let resting = resting::all(inner, policy.breaker).await?;
        let known = Known { policy: &policy, keys: &keys, resting: &resting };
        let models = ids.iter().map(|id| line(&known, id, lists.get(&id.provider))).collect();
        let prices::Source { name, date } = prices::source();
        Ok(Models { models, prices_from: format!("{name} of {date}"), notices })
    }
}

/// For each provider that is looked at: its key, where it needs one, or why it has none.
type Keys = BTreeMap<ProviderId, Result<Option<Secret>, Denial>>;
type Lists = BTreeMap<ProviderId, List>;

async fn keys(inner: &Inner, policy: &Policy, only: Option<&ProviderId>) -> Keys {
    let mut keys = Keys::new();
    for (id, provider) in policy.providers.iter().filter(|(id, _)| only.is_none_or(|only| only == *id)) {
        let key = match provider.key {
            KeyRef::None => Ok(None),
            KeyRef::Keychain(_) | KeyRef::Env(_) => inner.secrets.key(provider).await.map(Some),
        };
        keys.insert(id.clone(), key);
    }
    keys
}

/// The lists of all providers that can be asked. What went wrong is a notice.
async fn lists(inner: &Inner, policy: &Policy, keys: &Keys, notices: &mut Vec<String>) -> Lists {
    let used: BTreeSet<_> = policy.callable().into_iter().map(|id| id.provider).collect();
    let asked = keys.iter().filter_map(|(id, key)| {
        let (provider, key) = (policy.providers.get(id)?, key.as_ref().ok()?);
        // A server on this machine that nothing uses is most likely not running.
        let worth_asking = !provider.local || used.contains(id) || keys.len() == 1;
        worth_asking.then_some(async move {
            let got = check::fetch(&inner.transport, provider, key.as_ref(), &provider.models_path).await;
            (id.clone(), provider.title.as_str(), got.and_then(|(head, text)| list(&head, &text)))
        })
    });
    let mut lists = Lists::new();
    for (id, title, got) in join_all(asked).await {
        match got {
            Ok(list) => {
                if list.left_out > 0 {
                    notices.push(format!("{title}: {} entries of its list were left out.", list.left_out));
                }
                if list.more {
                    notices.push(format!("{title} has more models than it sent."));
                }
                lists.insert(id, list);
            }
            Err(failure) => notices.push(format!("The list of {title} could not be had. {}", failure.sentence)),
        }
    }
    lists
}

fn list(head: &wire::Head, text: &str) -> Result<List, Failure> {
    if head.status != 200 {
        return Err(wire::decode_error(head, text.as_bytes()));
    }
    let kind = pointsman_core::failure::FailureKind::BadResponse;
    live::read(text.as_bytes()).ok_or_else(|| Failure::new(kind, "It is not a list of models, or longer than 4 MiB."))
}

fn ids(policy: &Policy, only: Option<&ProviderId>, keys: &Keys, lists: &Lists) -> BTreeSet<ModelId> {
    let chosen = |id: &ModelId| only.is_none_or(|only| *only == id.provider);
    let mut ids: BTreeSet<ModelId> =
        policy.callable().into_iter().chain(policy.models.keys().cloned()).filter(chosen).collect();
    for (provider, key) in keys {
        if let Some(list) = lists.get(provider) {
            let listed =
                list.models.iter().map(|listed| ModelId { provider: provider.clone(), model: listed.model.clone() });
            ids.extend(listed);
        } else if let Some(prices) = policy.providers.get(provider).and_then(|provider| provider.price_list.as_ref())
            && (key.is_ok() || only == Some(provider))
        {
            let priced = prices::all(prices, policy.day).filter(|(_, known)| !known.deprecated);
            ids.extend(priced.map(|(model, _)| ModelId { provider: provider.clone(), model }));
        }
    }
    ids
}

/// What is known of all models.
struct Known<'a> {
    policy: &'a Policy,
    keys: &'a Keys,
    resting: &'a BTreeMap<ModelId, Resting>,
}

fn line(all: &Known<'_>, id: &ModelId, list: Option<&List>) -> ModelLine {
    let policy = all.policy;
    let listed = list.map(|list| list.models.iter().find(|listed| listed.model == id.model));
    let priced = policy.priced(id);
    let known = policy.listed(id);
    let (tier, tier_reason) = tier_with_reason(policy, id);
    let why_not = why_not(all, id, priced.as_ref(), listed);
    let now = listed.flatten();
    let classes = policy.classes.iter().filter(|rule| rule.primary == *id || rule.fallback.contains(id));
    let rates = priced.as_ref().map(|priced| &priced.price.base);
    let steps = priced.iter().flat_map(|priced| &priced.price.steps).map(|step| StepLine {
        above: step.above,
        input_usd: usd(step.rates.input),
        output_usd: usd(step.rates.output),
    });
    ModelLine {
        model: id.to_string(),
        usable: why_not.is_none(),
        why_not,
        tier: tier.as_str().to_owned(),
        tier_reason,
        context: policy.context(id).or_else(|| now?.context),
        max_output: policy.model(id).max_output.or_else(|| now?.max_output),
        input_usd: rates.map(|rates| usd(rates.input)),
        output_usd: rates.map(|rates| usd(rates.output)),
        cached_input_usd: rates.and_then(|rates| rates.cached_input).map(usd),
        steps: steps.collect(),
        price_source: priced.as_ref().map(|priced| priced.source.to_string()),
        price_date: priced.as_ref().and_then(|priced| priced.source.date()).map(|date| date.to_string()),
        other_price: other_price(policy, id, rates, now),
        deprecated: known.is_some_and(|known| known.deprecated),
        listed: listed.map(|listed| listed.is_some()),
        classes: classes.map(|rule| rule.class.to_string()).collect(),
    }
}

fn why_not(all: &Known<'_>, id: &ModelId, priced: Option<&Priced>, listed: Option<Option<&Listed>>) -> Option<String> {
    let Known { policy, keys, resting } = all;
    if !policy.model(id).enabled {
        return Some("Switched off with enabled: false in routing.yaml.".to_owned());
    }
    if let Some(Err(denial)) = keys.get(&id.provider) {
        return Some(denial.sentence.clone());
    }
    if priced.is_none() {
        return Some(format!("No price is known. Set models.{id}.price in routing.yaml."));
    }
    if listed == Some(None) {
        return Some(format!("{} does not list it.", id.provider));
    }
    if !policy.callable().contains(id) {
        return Some("Not in routing.yaml. List it under models to use it.".to_owned());
    }
    resting.get(id).and_then(|resting| resting.why_not.clone())
}

/// What another source says, where it says something else.
fn other_price(policy: &Policy, id: &ModelId, rates: Option<&Rates>, now: Option<&Listed>) -> Option<String> {
    let ours = rates.map(|rates| (rates.input, rates.output));
    let shown = |who: &str, (input, output): (MicroUsd, MicroUsd)| format!("{who}: {input} in, {output} out");
    if let Some(asks) = now.and_then(|now| now.asks).filter(|asks| Some(*asks) != ours) {
        return Some(shown(&format!("{} now", id.provider), asks));
    }
    let list = policy.providers.get(&id.provider)?.price_list.as_ref()?;
    let (maker, price) = prices::at_its_maker(list, &id.model, policy.day)?;
    let own = (price.base.input, price.base.output);
    (Some(own) != ours).then(|| shown(&format!("{maker} itself"), own))
}
