//! All about one model: what it costs and who says so, what the file says of it, who uses it, and what it
//! came to so far. Read from the policy, the lists and the ledger.

use jiff::{Timestamp, tz::TimeZone};
use pointsman_core::budget::{self, Cap, Scope, Span, Window};
use pointsman_core::catalog::prices;
use pointsman_core::code::{Code, Denial};
use pointsman_core::id::ModelId;
use pointsman_core::money::{MicroUsd, Price, Rates};
use pointsman_core::plan::tier_with_reason;
use pointsman_core::policy::{ModelRule, Policy, PriceSource, Priced};

use super::lists::Lists;
use super::page::{is_dearer, marks, per_million};
use super::{Other, Sources, Who, keys, rates, ruling};
use crate::Gateway;
use crate::chat::resting;
use crate::ledger::adjustment::{self, Marked};
use crate::ledger::{attempt, setting, speed};
use crate::view::{
    ClassPart, ModelCard, ModelForm, ModelPrice, Money, OtherPrice, OtherStands, OwnSpeed, PriceStep, UsedAs,
};

impl Gateway {
    /// All about one model. Up to 5 s where the keychain does not answer.
    ///
    /// # Errors
    /// `not_found` where it is no model of a known provider; where the ledger cannot be read.
    pub async fn model_card(&self, id: &str) -> Result<ModelCard, Denial> {
        let inner = self.inner();
        let (policy, _) = ruling(inner).await?;
        let id = named(&policy, id)?;
        let keys = keys(inner, &policy, Some(&id.provider)).await;
        let asked = inner.lists.last();
        let none = Lists::new();
        let resting = resting::all(inner, policy.breaker).await?;
        let lists = asked.as_ref().map_or(&none, |asked| &asked.lists);
        let sources = Sources::new(&policy, &keys, lists, &resting);
        let priced = policy.priced(&id);
        let books = self.books_of(&id, priced.as_ref()).await?;
        Ok(card(&sources, &id, priced.as_ref(), books))
    }

    async fn books_of(&self, id: &ModelId, priced: Option<&Priced>) -> Result<Books, Denial> {
        let (id, price) = (id.clone(), priced.map(|priced| priced.price.clone()));
        let books = self.inner().ledger.read(move |c| {
            let now = Timestamp::now();
            let month = month(now, &setting::zone(c)?);
            let (charged, calls) = attempt::charged_for_model(c, &id, month.start.as_millisecond())?;
            let speed = speed::measured(c, now)?.remove(&id.to_string());
            let marked = Marked { model: id, from: month.start, before: month.end };
            let wrong = price.map(|price| adjustment::reprice_trial(c, &marked, &price)).transpose()?;
            let reckoned_otherwise = wrong.unwrap_or_default().corrected;
            Ok(Books { charged, calls, speed, reckoned_otherwise, ends: month.end })
        });
        Ok(books.await?)
    }
}

/// What the ledger says of a model.
struct Books {
    charged: MicroUsd,
    calls: u32,
    speed: Option<speed::Speed>,
    reckoned_otherwise: u32,
    ends: Timestamp,
}

/// The month an instant is in.
pub(super) fn month(now: Timestamp, zone: &TimeZone) -> Span {
    budget::span(Window::Month, now, zone).unwrap_or(Span { start: now, end: now, key: String::new() })
}

/// A model of a known provider.
pub(super) fn named(policy: &Policy, text: &str) -> Result<ModelId, Denial> {
    let id = ModelId::parse(text).ok().filter(|id| policy.providers.contains_key(&id.provider));
    id.ok_or_else(|| Denial::new(Code::NotFound, format!("There is no model {text:?} of a provider known here.")))
}

fn card(sources: &Sources<'_>, id: &ModelId, priced: Option<&Priced>, books: Books) -> ModelCard {
    let policy = sources.policy;
    let (standing, why_not) = sources.standing(id, priced);
    let (tier, tier_reason) = tier_with_reason(policy, id);
    let (rule, listed) = (policy.model(id), sources.listed(id).flatten());
    ModelCard {
        id: id.to_string(),
        provider: policy.providers.get(&id.provider).map(|provider| provider.title.clone()).unwrap_or_default(),
        standing,
        why_not,
        tier: tier.as_str().to_owned(),
        tier_reason,
        context: policy.context(id).or_else(|| listed?.context),
        max_output: rule.max_output.or_else(|| listed?.max_output),
        price: priced.map(price),
        other: sources.other(id, priced).map(|other| other_price(policy, id, &other, priced)),
        marks: marks(sources, id, priced),
        classes: classes(policy, id),
        form: form(&rule),
        speed: books.speed.map(OwnSpeed::from),
        month: Money::total(books.charged),
        month_calls: books.calls,
        month_ends_ms: books.ends.as_millisecond(),
        caps: policy.caps.iter().filter(|cap| counts(cap, id)).map(cap_line).collect(),
        reckoned_otherwise: books.reckoned_otherwise,
    }
}

/// What the file says of a model, as it would be typed.
pub(super) fn form(rule: &ModelRule) -> ModelForm {
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let tokens = |tokens: Option<u64>| tokens.map(|tokens| tokens.to_string()).unwrap_or_default();
    let rate = |of: fn(&Rates) -> Option<MicroUsd>| {
        rule.price.as_ref().and_then(|price| of(&price.base)).map(MicroUsd::decimal).unwrap_or_default()
    };
    ModelForm {
        description: text(&rule.description),
        use_for: text(&rule.use_for),
        avoid_for: text(&rule.avoid_for),
        aliases: rule.aliases.join(", "),
        tier: rule.tier.map(|tier| tier.as_str().to_owned()).unwrap_or_default(),
        context: tokens(rule.context),
        max_output: tokens(rule.max_output),
        input: rate(|rates| Some(rates.input)),
        output: rate(|rates| Some(rates.output)),
        cached_input: rate(|rates| rates.cached_input),
        cache_write: rate(|rates| rates.cache_write),
        enabled: rule.enabled,
    }
}

fn price(priced: &Priced) -> ModelPrice {
    let Price { base, steps, request } = &priced.price;
    let step = |above: u64, rates: &Rates| PriceStep {
        above,
        input: per_million(rates.input),
        output: per_million(rates.output),
        cached_input: rates.cached_input.map(per_million),
        cache_write: rates.cache_write.map(per_million),
    };
    let steps = std::iter::once(step(0, base)).chain(steps.iter().map(|one| step(one.above, &one.rates)));
    ModelPrice {
        steps: steps.collect(),
        request: Some(*request).filter(|request| *request > MicroUsd::ZERO).map(per_million),
        source: priced.source.to_string(),
        own: matches!(priced.source, PriceSource::File(_)),
    }
}

fn other_price(policy: &Policy, id: &ModelId, other: &Other, priced: Option<&Priced>) -> OtherPrice {
    let title = |id| policy.providers.get(id).map_or_else(|| id.to_string(), |provider| provider.title.clone());
    let prices::Source { name, date } = prices::source();
    let ours = priced.map(|priced| rates(&priced.price)).unwrap_or_default();
    let dearer = (other.input.max(ours.0), other.output.max(ours.1));
    OtherPrice {
        who: match &other.who {
            Who::ListNow => format!("The list of {} today", title(&id.provider)),
            Who::Published => format!("{name} of {date}"),
            Who::Newer(list) => list.clone(),
            Who::Maker(maker) => format!("{} itself", title(maker)),
        },
        input: per_million(other.input),
        output: per_million(other.output),
        stands: match priced {
            None => OtherStands::Alone,
            Some(_) if is_dearer(other, priced) => OtherStands::Dearer,
            Some(_) => OtherStands::Cheaper,
        },
        input_typed: dearer.0.decimal(),
        output_typed: dearer.1.decimal(),
    }
}

fn classes(policy: &Policy, id: &ModelId) -> Vec<ClassPart> {
    let part = |part| move |class: &pointsman_core::id::TaskClass| ClassPart { class: class.to_string(), part };
    let first = policy.classes.iter().filter(|rule| rule.first_choices().any(|first| first == id));
    let later = policy.classes.iter().filter(|rule| rule.fallback.contains(id));
    let first = first.map(|rule| &rule.class).map(part(UsedAs::First));
    first.chain(later.map(|rule| &rule.class).map(part(UsedAs::Fallback))).collect()
}

/// Whether a cap counts this model and no other.
fn counts(cap: &Cap, id: &ModelId) -> bool {
    match &cap.scope {
        Scope::Model(name) => name.as_ref().is_none_or(|name| name == id),
        Scope::All | Scope::Provider(_) | Scope::Client(_) | Scope::Class(_) | Scope::Project(_) => false,
    }
}

fn cap_line(cap: &Cap) -> String {
    let limit = cap.limit.total();
    match cap.window {
        Window::Hour => format!("{limit} an hour"),
        Window::Total => format!("{limit} in all"),
        Window::Call | Window::Flow | Window::Day | Window::Week | Window::Month => {
            format!("{limit} a {}", cap.window.as_str())
        }
    }
}
