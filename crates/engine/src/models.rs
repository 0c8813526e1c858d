//! Which models there are: those of the policy, those whose list price is known, and those a provider
//! lists now when it is asked. Each with its price, where that is from, and whether it can be called.
//! Nothing here decides what a call may use or cost; the policy does. The window's page is in `page` and
//! `card`, its edits in `look`.

use std::collections::{BTreeMap, BTreeSet};

use pointsman_core::catalog::live::Listed;
use pointsman_core::catalog::{KeyRef, prices};
use pointsman_core::code::Denial;
use pointsman_core::id::{ModelId, ProviderId};
use pointsman_core::money::{MicroUsd, Price};
use pointsman_core::plan::tier_with_reason;
use pointsman_core::policy::{self, Policy, PriceSource, Priced};
use serde::{Deserialize, Serialize};

use crate::chat::resting::{self, Resting};
use crate::keys::provider_named;
use crate::prices::told;
use crate::reply::usd;
use crate::secrets::Secret;
use crate::view::ModelUse;
use crate::{Gateway, Inner};

mod card;
mod lists;
mod look;
mod page;
mod reprice;
mod trying;

pub(crate) use lists::Kept;
use lists::Lists;

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
    /// Where list prices are from: `genai-prices 0.2.1 of 2026-10-30`, and when they were refreshed.
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
    /// What another source says: the maker's own list, the provider's list of today, or the published one
    /// where the file says something else.
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
        let (policy, mut notices) = ruling(inner).await?;
        let only = query.provider.as_deref().map(|name| provider_named(&policy.providers, name)).transpose()?;
        let keys = keys(inner, &policy, only.as_ref()).await;
        let mut lists = Lists::new();
        if query.live {
            let asked = lists::ask(inner, &policy, &keys).await;
            notices.extend(asked.failed.into_iter().chain(asked.notes));
            lists = asked.lists;
        }
        let span = only.as_ref().map_or(Span::WithKey, Span::Only);
        let ids = ids(&policy, span, &keys, &lists);
        let resting = resting::all(inner, policy.breaker).await?;
        let sources = Sources::new(&policy, &keys, &lists, &resting);
        let models = ids.iter().map(|id| line(&sources, id)).collect();
        let (prices_from, of_prices) = told(inner, &policy).await;
        notices.extend(of_prices);
        Ok(Models { models, prices_from, notices })
    }
}

/// The policy that rules. What models cost can be told without a valid one.
async fn ruling(inner: &Inner) -> Result<(Policy, Vec<String>), Denial> {
    match inner.policy.snapshot(inner).await {
        Ok(active) => Ok((active.policy.clone(), inner.policy.notices())),
        Err(denial) => match policy::read("defaults: {}").policy {
            Some(empty) => Ok((empty, vec![denial.sentence])),
            None => Err(denial),
        },
    }
}

/// For each provider that is looked at: its key, where it needs one, or why it has none.
type Keys = BTreeMap<ProviderId, Result<Option<Secret>, Denial>>;

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

/// Whose published models are looked at; those that the policy names always are.
#[derive(Clone, Copy)]
enum Span<'a> {
    /// Everybody's.
    All,
    /// Those of providers with a key.
    WithKey,
    /// One provider's, and nothing else at all.
    Only(&'a ProviderId),
}

fn ids(policy: &Policy, span: Span<'_>, keys: &Keys, lists: &Lists) -> BTreeSet<ModelId> {
    let chosen = |id: &ModelId| match span {
        Span::Only(only) => *only == id.provider,
        Span::All | Span::WithKey => true,
    };
    let mut ids: BTreeSet<ModelId> =
        policy.callable().into_iter().chain(policy.models.keys().cloned()).filter(chosen).collect();
    for (provider, key) in keys {
        let shown = match span {
            Span::All | Span::Only(_) => true,
            Span::WithKey => key.is_ok(),
        };
        if let Some(list) = lists.get(provider) {
            let listed =
                list.models.iter().map(|listed| ModelId { provider: provider.clone(), model: listed.model.clone() });
            ids.extend(listed);
        } else if let Some(prices) = policy.providers.get(provider).and_then(|provider| provider.price_list.as_ref())
            && shown
        {
            let priced = prices::all(prices, policy.day).filter(|(_, known)| !known.deprecated);
            let new = policy.refreshed.iter().flat_map(|list| list.new_ones(prices)).cloned();
            let named = priced.map(|(model, _)| model).chain(new);
            ids.extend(named.map(|model| ModelId { provider: provider.clone(), model }));
        }
    }
    ids
}

/// All that is asked about a model.
struct Sources<'a> {
    policy: &'a Policy,
    keys: &'a Keys,
    lists: &'a Lists,
    resting: &'a BTreeMap<ModelId, Resting>,
    callable: BTreeSet<ModelId>,
}

impl<'a> Sources<'a> {
    fn new(policy: &'a Policy, keys: &'a Keys, lists: &'a Lists, resting: &'a BTreeMap<ModelId, Resting>) -> Self {
        Self { policy, keys, lists, resting, callable: policy.callable().into_iter().collect() }
    }

    /// What the provider's own list says of a model; the outer `None` where that was not asked.
    fn listed(&self, id: &ModelId) -> Option<Option<&'a Listed>> {
        // A list is sorted by name.
        let models = &self.lists.get(&id.provider)?.models;
        Some(models.binary_search_by(|listed| listed.model.cmp(&id.model)).ok().and_then(|at| models.get(at)))
    }

    /// Whether a call would be tried, and if not, why.
    fn standing(&self, id: &ModelId, priced: Option<&Priced>) -> (ModelUse, Option<String>) {
        let why = |standing, sentence: String| (standing, Some(sentence));
        if self.policy.models.get(id).is_some_and(|rule| !rule.enabled) {
            return why(ModelUse::Off, "Switched off with enabled: false in routing.yaml.".to_owned());
        }
        if let Some(Err(denial)) = self.keys.get(&id.provider) {
            return why(ModelUse::Keyless, denial.sentence.clone());
        }
        if priced.is_none() {
            let sentence = format!("No price is known. Set models.{id}.price in routing.yaml.");
            return why(ModelUse::Unpriced, sentence);
        }
        if self.listed(id) == Some(None) {
            return why(ModelUse::Unlisted, format!("{} does not list it.", id.provider));
        }
        if !self.callable.contains(id) {
            return why(ModelUse::Addable, "Not in routing.yaml. List it under models to use it.".to_owned());
        }
        (ModelUse::Ready, self.resting.get(id).and_then(|resting| resting.why_not.clone()))
    }

    /// What another source says, where it says something else than what is reserved.
    fn other(&self, id: &ModelId, priced: Option<&Priced>) -> Option<Other> {
        let ours = priced.map(|priced| rates(&priced.price));
        let differs = |rates: &(MicroUsd, MicroUsd)| Some(*rates) != ours;
        if let Some(now) = self.listed(id).flatten().and_then(|now| now.asks).filter(differs) {
            return Some(Other { who: Who::ListNow, input: now.0, output: now.1 });
        }
        let own = priced.is_some_and(|priced| matches!(priced.source, PriceSource::File(_)));
        if own && let Some((input, output)) = self.policy.listed(id).map(|known| rates(&known.price)).filter(differs) {
            return Some(Other { who: Who::Published, input, output });
        }
        let list = self.policy.providers.get(&id.provider)?.price_list.as_ref()?;
        // One that fell is not counted by, since a list is a text from the network; the person can write it.
        if let Some(newer) = self.policy.refreshed.as_ref().and_then(|refreshed| refreshed.of(list, &id.model))
            && let Some((input, output)) = Some(rates(&newer.price)).filter(differs)
        {
            return Some(Other { who: Who::Newer(newer.source.to_string()), input, output });
        }
        let (maker, price) = prices::at_its_maker(list, &id.model, self.policy.day)?;
        let (input, output) = Some(rates(&price)).filter(differs)?;
        Some(Other { who: Who::Maker(maker), input, output })
    }
}

fn rates(price: &Price) -> (MicroUsd, MicroUsd) {
    (price.base.input, price.base.output)
}

/// What another source says.
struct Other {
    who: Who,
    input: MicroUsd,
    output: MicroUsd,
}

/// Another source.
enum Who {
    /// The provider's list of today.
    ListNow,
    /// The published list, where the file says something else.
    Published,
    /// The refreshed list, with its name and date.
    Newer(String),
    /// The company that makes what another sells.
    Maker(ProviderId),
}

fn line(sources: &Sources<'_>, id: &ModelId) -> ModelLine {
    let policy = sources.policy;
    let (priced, known, listed) = (policy.priced(id), policy.listed(id), sources.listed(id));
    let (tier, tier_reason) = tier_with_reason(policy, id);
    let (_, why_not) = sources.standing(id, priced.as_ref());
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
        other_price: sources.other(id, priced.as_ref()).map(|other| other_price(id, &other)),
        deprecated: known.is_some_and(|known| known.deprecated),
        listed: listed.map(|listed| listed.is_some()),
        classes: classes.map(|rule| rule.class.to_string()).collect(),
    }
}

fn other_price(id: &ModelId, other: &Other) -> String {
    let who = match &other.who {
        Who::ListNow => format!("{} now", id.provider),
        Who::Published => prices::source().name.to_owned(),
        Who::Newer(list) => list.clone(),
        Who::Maker(maker) => format!("{maker} itself"),
    };
    format!("{who}: {} in, {} out", other.input, other.output)
}
