//! The Keys page: every provider that has a key, or is used by the policy. Read from the keychain, the
//! policy and the ledger; nothing is invented where one of them cannot be read.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use pointsman_core::budget::{self, Window};
use pointsman_core::catalog::{KeyRef, Provider, Unplaced, all_unplaced, built_in};
use pointsman_core::id::ProviderId;
use pointsman_core::money::MicroUsd;
use pointsman_core::policy::Policy;
use rusqlite::Connection;

use crate::Gateway;
use crate::ledger::key_check::{self, KeyCheck};
use crate::ledger::{LedgerError, attempt, setting};
use crate::secrets::StoredKey;
use crate::view::{KeyRow, KeySource, KeyState, KeyStore, KeyStoreState, KeysPage, Money, ProviderChoice};

/// What the ledger knows: the last checks, and what each provider was charged this month.
#[derive(Default)]
struct Books {
    checks: BTreeMap<String, KeyCheck>,
    month: BTreeMap<String, MicroUsd>,
}

/// What is stored, or why it cannot be told: that is not "no key".
type Stored = Result<Option<StoredKey>, String>;

impl Gateway {
    /// The Keys page. Up to 5 s where the keychain does not answer.
    pub async fn keys_page(&self) -> KeysPage {
        let store = self.inner().secrets.key_store().await;
        let active = self.inner().policy.snapshot(self.inner()).await.ok();
        let policy = active.as_ref().map(|active| &active.policy);
        let providers = match policy {
            Some(policy) => &policy.providers,
            None => built_in(),
        };
        let books = self.inner().ledger.read(books).await.unwrap_or_else(|error| {
            tracing::warn!(%error, "the Keys page shows neither checks nor money");
            Books::default()
        });
        let used = policy.map(used).unwrap_or_default();
        let mut rows = Vec::new();
        for provider in providers.values() {
            let stored = self.stored_for(&store, provider).await;
            let check = books.checks.get(provider.id.as_str());
            if matches!(stored, Ok(Some(_))) || check.is_some() || used.contains(&provider.id) {
                rows.push(row(provider, &store, &stored, check, &books, policy));
            }
        }
        KeysPage { store, rows, providers: choices(providers) }
    }

    /// What is stored for a provider.
    async fn stored_for(&self, store: &KeyStore, provider: &Provider) -> Stored {
        let secrets = &self.inner().secrets;
        match &provider.key {
            KeyRef::Keychain(item) if store.state == KeyStoreState::Ready => {
                secrets.stored(item).await.map_err(|denial| denial.sentence)
            }
            KeyRef::Keychain(_) => Err(store.sentence.clone()),
            KeyRef::None => Ok(None),
            KeyRef::Env(_) => {
                Ok(secrets.key(provider).await.ok().map(|key| super::shown(&key, provider.base_url.origin())))
            }
        }
    }
}

fn books(connection: &Connection) -> Result<Books, LedgerError> {
    let zone = setting::zone(connection)?;
    let checks = key_check::all(connection)?.into_iter().map(|check| (check.provider.clone(), check)).collect();
    let month = match budget::span(Window::Month, Timestamp::now(), &zone) {
        Some(span) => attempt::charged_by_provider(connection, span.start.as_millisecond())?.into_iter().collect(),
        None => BTreeMap::new(),
    };
    Ok(Books { checks, month })
}

/// The providers some class or model of the policy names.
fn used(policy: &Policy) -> BTreeSet<ProviderId> {
    policy.callable().into_iter().map(|id| id.provider).collect()
}

fn row(
    provider: &Provider,
    store: &KeyStore,
    stored: &Stored,
    check: Option<&KeyCheck>,
    books: &Books,
    policy: Option<&Policy>,
) -> KeyRow {
    let (source, env) = match &provider.key {
        KeyRef::Keychain(_) => (KeySource::Keychain, None),
        KeyRef::Env(name) => (KeySource::Env, Some(name.clone())),
        KeyRef::None => (KeySource::None, None),
    };
    // While the keychain cannot be read the last check still says which key it is.
    let seen = |from: fn(&KeyCheck) -> Option<String>| check.filter(|_| stored.is_err()).and_then(from);
    let found = stored.as_ref().ok().and_then(Option::as_ref);
    let fingerprint = found.map(|found| found.fingerprint.clone()).or_else(|| seen(|check| check.fingerprint.clone()));
    let last4 = found.map(|found| found.last4.clone()).or_else(|| seen(|check| check.last4.clone()));
    let check = check.filter(|check| check.fingerprint == fingerprint);
    let state = state(provider, stored, check);
    KeyRow {
        provider: provider.id.as_str().to_owned(),
        title: provider.title.clone(),
        origin: provider.base_url.origin().to_string(),
        source,
        env,
        last4,
        fingerprint,
        state,
        checked_ms: check.map(|check| check.checked_ms),
        models: check.and_then(|check| check.models),
        month: Money::row(books.month.get(provider.id.as_str()).copied().unwrap_or(MicroUsd::ZERO)),
        message: message(provider, store, state, stored, check),
        classes: policy.map(|policy| first_choice(policy, &provider.id)).unwrap_or_default(),
    }
}

fn state(provider: &Provider, stored: &Stored, check: Option<&KeyCheck>) -> KeyState {
    let checked = check.map_or(KeyState::NotChecked, |check| check.state);
    match (&provider.key, stored) {
        (KeyRef::None, _) => checked,
        (KeyRef::Keychain(_) | KeyRef::Env(_), Err(_)) => KeyState::Locked,
        (KeyRef::Keychain(_) | KeyRef::Env(_), Ok(None)) => KeyState::Missing,
        (_, Ok(Some(found))) if !found.origins.contains(&provider.base_url.origin()) => KeyState::OtherOrigin,
        (_, Ok(Some(_))) => checked,
    }
}

/// What the provider said, or what to do.
fn message(
    provider: &Provider,
    store: &KeyStore,
    state: KeyState,
    stored: &Stored,
    check: Option<&KeyCheck>,
) -> Option<String> {
    match state {
        KeyState::Valid => None,
        // Of a locked keychain the page speaks once, above its rows.
        KeyState::Locked => stored.as_ref().err().filter(|_| store.state != KeyStoreState::Locked).cloned(),
        KeyState::Refused
        | KeyState::NoCredit
        | KeyState::RateLimited
        | KeyState::Unreachable
        | KeyState::NotChecked => check.and_then(|check| check.message.clone()),
        KeyState::Missing => match &provider.key {
            KeyRef::Env(name) => Some(format!("The variable {name} is not set where this program was started.")),
            KeyRef::Keychain(_) | KeyRef::None => None,
        },
        KeyState::OtherOrigin => stored.as_ref().ok().and_then(Option::as_ref).map(|found| {
            let entered = found.origins.iter().map(ToString::to_string).collect::<Vec<_>>().join(" and ");
            format!(
                "The key was entered for {entered} and is not sent to {}. Enter it again to use it there.",
                provider.base_url.origin()
            )
        }),
    }
}

fn first_choice(policy: &Policy, provider: &ProviderId) -> Vec<String> {
    let rules = policy.classes.iter().filter(|rule| rule.first_choices().any(|model| model.provider == *provider));
    rules.map(|rule| rule.class.as_str().to_owned()).collect()
}

/// Whom a key can be added for, by title; those too of whom it can be said what is to be done first.
fn choices(providers: &BTreeMap<ProviderId, Provider>) -> Vec<ProviderChoice> {
    let kept = providers.values().filter(|provider| matches!(provider.key, KeyRef::Keychain(_)));
    let waiting = all_unplaced().filter(|one| !providers.contains_key(&one.id));
    let mut all: Vec<_> = kept.map(choice).chain(waiting.map(waits)).collect();
    all.sort_by_cached_key(|choice| choice.title.to_lowercase());
    all
}

fn choice(provider: &Provider) -> ProviderChoice {
    ProviderChoice {
        id: provider.id.as_str().to_owned(),
        title: provider.title.clone(),
        origin: provider.base_url.origin().to_string(),
        first: None,
        prefixes: provider.key_prefixes.clone(),
        keys_page: provider.keys_page.clone(),
    }
}

fn waits(provider: Unplaced) -> ProviderChoice {
    let Unplaced { id, title, example, keys_page } = provider;
    let first = format!(
        "Each customer has an address of their own. Write yours as `providers.{id}.base_url` in routing.yaml, such as `{example}`, then add the key here."
    );
    ProviderChoice {
        id: id.as_str().to_owned(),
        title,
        origin: String::new(),
        first: Some(first),
        prefixes: Vec::new(),
        keys_page,
    }
}

#[cfg(test)]
mod tests {
    use pointsman_core::catalog::{BaseUrl, placed};

    use super::*;

    #[test]
    fn a_key_can_be_added_for_every_company_and_one_without_an_address_says_what_to_do_first() {
        let titles = |all: &[ProviderChoice]| all.iter().map(|one| one.title.clone()).collect::<Vec<_>>();
        let mut providers = built_in().clone();
        let all = choices(&providers);
        assert_eq!(
            titles(&all),
            [
                "Anthropic",
                "Azure OpenAI",
                "DeepSeek",
                "Google Gemini",
                "Groq",
                "Mistral",
                "OpenAI",
                "OpenRouter",
                "Together AI",
                "xAI"
            ],
            "those of this machine need no key"
        );
        for one in &all {
            assert_eq!(one.first.is_some(), one.id == "azure-openai", "{one:?}");
            assert_eq!(one.origin.is_empty(), one.first.is_some(), "{one:?}");
        }
        let first = all[1].first.clone().unwrap();
        assert!(
            first.contains("`providers.azure-openai.base_url` in routing.yaml, such as `https://RESOURCE."),
            "{first}"
        );

        let (id, url) = (ProviderId::parse("azure-openai").unwrap(), "https://mine.openai.azure.com/openai/v1");
        let mine = placed(&id, &BaseUrl::parse(url).unwrap()).unwrap();
        providers.insert(id, mine);
        let all = choices(&providers);
        assert_eq!(all.len(), 10, "once");
        assert_eq!((all[1].origin.as_str(), &all[1].first), ("mine.openai.azure.com", &None));
    }
}
