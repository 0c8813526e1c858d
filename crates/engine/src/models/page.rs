//! The list of the Models page: one small row for each model that somebody publishes, the policy names or
//! a provider lists. Sorted and filtered by the window; what a row costs is reckoned here.

use std::collections::BTreeMap;

use jiff::Timestamp;
use pointsman_core::catalog::live::Listed;
use pointsman_core::catalog::prices::{self, Known};
use pointsman_core::catalog::{Abilities, is_reasoning};
use pointsman_core::code::Denial;
use pointsman_core::id::ModelId;
use pointsman_core::money::MicroUsd;
use pointsman_core::plan::tier;
use pointsman_core::policy::{Policy, PriceSource, Priced};

use super::lists::{self, Asked, Lists};
use super::{Keys, Other, Sources, Span, ids, keys, ruling};
use crate::Gateway;
use crate::chat::resting;
use crate::ledger::speed::{self, Speed};
use crate::view::{AskedLists, ModelMark, ModelProvider, ModelRow, ModelsPage, Money, OwnSpeed, RowPrice};

impl Gateway {
    /// The Models page. 2,000 rows take less than 50 ms; the keychain is asked for each provider's key.
    ///
    /// # Errors
    /// Where the ledger cannot be read.
    pub async fn models_page(&self) -> Result<ModelsPage, Denial> {
        let inner = self.inner();
        let (policy, notices) = ruling(inner).await?;
        let keys = keys(inner, &policy, None).await;
        let now = Timestamp::now();
        let speeds = inner.ledger.read(move |c| speed::measured(c, now)).await?;
        let asked = inner.lists.last();
        let none = Lists::new();
        let lists = asked.as_ref().map_or(&none, |asked| &asked.lists);
        let resting = resting::all(inner, policy.breaker).await?;
        let sources = Sources::new(&policy, &keys, lists, &resting);
        let mut rows: Vec<ModelRow> =
            ids(&policy, Span::All, &keys, lists).iter().map(|id| row(&sources, id, &speeds)).collect();
        rows.sort_by_key(|row| !row.marks.contains(&ModelMark::Listed));
        let prices::Source { name, date } = prices::source();
        Ok(ModelsPage {
            providers: providers(&policy, &keys, &rows),
            rows,
            prices_from: name.to_owned(),
            prices_date: date.to_string(),
            lists: asked.map(|asked| told(&policy, &asked)),
            notices,
        })
    }

    /// Asks the providers with a key for their lists, up to 10 s, and gives the page with them.
    ///
    /// # Errors
    /// As [`Gateway::models_page`]. A list that cannot be had is told on the page.
    pub async fn models_refresh(&self) -> Result<ModelsPage, Denial> {
        let inner = self.inner();
        let (policy, _) = ruling(inner).await?;
        let keys = keys(inner, &policy, None).await;
        inner.lists.keep(lists::ask(inner, &policy, &keys).await);
        self.models_page().await
    }
}

fn told(policy: &Policy, asked: &Asked) -> AskedLists {
    let title = |id| policy.providers.get(id).map_or_else(|| id.to_string(), |provider| provider.title.clone());
    AskedLists {
        asked_ms: asked.at_ms,
        known: asked.lists.keys().map(title).collect(),
        failed: asked.failed.clone(),
        notes: asked.notes.clone(),
    }
}

/// The providers that have a row.
fn providers(policy: &Policy, keys: &Keys, rows: &[ModelRow]) -> Vec<ModelProvider> {
    let has_row = |id: &str| rows.iter().any(|row| row.id.split_once('/').is_some_and(|(provider, _)| provider == id));
    let shown = policy.providers.iter().filter(|(id, _)| has_row(id.as_str()));
    shown
        .map(|(id, provider)| ModelProvider {
            id: id.to_string(),
            title: provider.title.clone(),
            local: provider.local,
            why_not: keys.get(id).and_then(|key| key.as_ref().err()).map(|denial| denial.sentence.clone()),
        })
        .collect()
}

fn row(sources: &Sources<'_>, id: &ModelId, speeds: &BTreeMap<String, Speed>) -> ModelRow {
    let policy = sources.policy;
    let priced = policy.priced(id);
    let listed = sources.listed(id).flatten();
    let shown = id.to_string();
    ModelRow {
        standing: sources.standing(id, priced.as_ref()).0,
        tier: tier(policy, id).as_str().to_owned(),
        context: policy.context(id).or_else(|| listed?.context),
        price: priced.as_ref().map(|priced| RowPrice {
            input: per_million(priced.price.base.input),
            output: per_million(priced.price.base.output),
        }),
        speed: speeds.get(&shown).copied().map(OwnSpeed::from),
        marks: marks(sources, id, priced.as_ref()),
        id: shown,
    }
}

/// A price as it is shown: two digits, more only where they matter.
pub(super) fn per_million(amount: MicroUsd) -> Money {
    Money { micros: amount.micros(), text: amount.exact() }
}

/// The facts about a model that somebody says.
pub(super) fn marks(sources: &Sources<'_>, id: &ModelId, priced: Option<&Priced>) -> Vec<ModelMark> {
    let policy = sources.policy;
    let (rule, known) = (policy.models.get(id), policy.listed(id));
    let can = abilities(id, rule.and_then(|rule| rule.images), known.as_ref(), sources.listed(id).flatten());
    let own = priced.is_some_and(|priced| matches!(priced.source, PriceSource::File(_)));
    // A price the person wrote is meant to differ; only a dearer one is worth a word.
    let two = sources.other(id, priced).is_some_and(|other| !own || is_dearer(&other, priced));
    let facts = [
        (can.images == Some(true), ModelMark::Images),
        (can.tools == Some(true), ModelMark::Tools),
        (can.reasoning == Some(true), ModelMark::Reasoning),
        (can.schema == Some(true), ModelMark::Schema),
        (policy.providers.get(&id.provider).is_some_and(|provider| provider.local), ModelMark::Local),
        (sources.callable.contains(id) || rule.is_some(), ModelMark::Listed),
        (own, ModelMark::OwnPrice),
        (two, ModelMark::TwoPrices),
        (known.is_some_and(|known| known.deprecated), ModelMark::Deprecated),
    ];
    facts.into_iter().filter(|(is, _)| *is).map(|(_, mark)| mark).collect()
}

/// Whether some part of another price is dearer than what is reserved.
pub(super) fn is_dearer(other: &Other, priced: Option<&Priced>) -> bool {
    priced.is_some_and(|priced| {
        let (input, output) = super::rates(&priced.price);
        other.input > input || other.output > output
    })
}

/// What a model can: as the file says, else its provider's list, else the table of prices and its name.
fn abilities(id: &ModelId, images: Option<bool>, known: Option<&Known>, listed: Option<&Listed>) -> Abilities {
    let file = Abilities { images, ..Abilities::default() };
    let list = listed.map(|listed| listed.can).unwrap_or_default();
    let table = Abilities {
        images: known.and_then(|known| known.price.base.image).map(|_| true),
        reasoning: is_reasoning(&id.model).then_some(true),
        ..Abilities::default()
    };
    file.or(list).or(table)
}

impl From<Speed> for OwnSpeed {
    fn from(speed: Speed) -> Self {
        let Speed { first_ms, tokens_per_s, calls } = speed;
        Self { first_ms, tokens_per_s, calls }
    }
}
