//! The Keys page: every provider that has a key, or is used by the policy. Read from the keychain, the
//! policy and the ledger; nothing is invented where one of them cannot be read.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use pointsman_core::budget::{self, Window};
use pointsman_core::catalog::{KeyRef, Provider, built_in};
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
            if stored.is_some() || check.is_some() || used.contains(&provider.id) {
                rows.push(row(provider, &store, stored.as_ref(), check, &books, policy));
            }
        }
        let providers = providers.values().filter(|provider| matches!(provider.key, KeyRef::Keychain(_)));
        KeysPage { store, rows, providers: providers.map(choice).collect() }
    }

    /// What is stored for a provider, where the keychain can be read.
    async fn stored_for(&self, store: &KeyStore, provider: &Provider) -> Option<StoredKey> {
        let secrets = &self.inner().secrets;
        match &provider.key {
            KeyRef::Keychain(item) if store.state == KeyStoreState::Ready => secrets.stored(item).await.ok().flatten(),
            KeyRef::Keychain(_) | KeyRef::None => None,
            KeyRef::Env(_) => {
                secrets.key(provider).await.ok().map(|key| super::shown(&key, provider.base_url.origin()))
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
    stored: Option<&StoredKey>,
    check: Option<&KeyCheck>,
    books: &Books,
    policy: Option<&Policy>,
) -> KeyRow {
    let (source, env) = match &provider.key {
        KeyRef::Keychain(_) => (KeySource::Keychain, None),
        KeyRef::Env(name) => (KeySource::Env, Some(name.clone())),
        KeyRef::None => (KeySource::None, None),
    };
    // While the keychain is locked the last check still says which key it is.
    let locked = source == KeySource::Keychain && store.state != KeyStoreState::Ready;
    let seen = |from: fn(&KeyCheck) -> Option<String>| check.filter(|_| locked).and_then(from);
    let fingerprint =
        stored.map(|stored| stored.fingerprint.clone()).or_else(|| seen(|check| check.fingerprint.clone()));
    let check = check.filter(|check| check.fingerprint == fingerprint);
    let state = state(provider, store, stored, check);
    KeyRow {
        provider: provider.id.as_str().to_owned(),
        title: provider.title.clone(),
        origin: provider.base_url.origin().to_string(),
        source,
        env,
        last4: stored.map(|stored| stored.last4.clone()).or_else(|| check.filter(|_| locked)?.last4.clone()),
        fingerprint,
        state,
        checked_ms: check.map(|check| check.checked_ms),
        models: check.and_then(|check| check.models),
        month: Money::row(books.month.get(provider.id.as_str()).copied().unwrap_or(MicroUsd::ZERO)),
        message: message(provider, state, stored, check),
        classes: policy.map(|policy| first_choice(policy, &provider.id)).unwrap_or_default(),
    }
}

fn state(provider: &Provider, store: &KeyStore, stored: Option<&StoredKey>, check: Option<&KeyCheck>) -> KeyState {
    let checked = check.map_or(KeyState::NotChecked, |check| check.state);
    match (&provider.key, stored) {
        (KeyRef::None, _) => checked,
        (KeyRef::Keychain(_), _) if store.state == KeyStoreState::Locked => KeyState::Locked,
        (KeyRef::Keychain(_) | KeyRef::Env(_), None) => KeyState::Missing,
        (_, Some(stored)) if !stored.origins.contains(&provider.base_url.origin()) => KeyState::OtherOrigin,
        (_, Some(_)) => checked,
    }
}

/// What the provider said, or what to do.
fn message(
    provider: &Provider,
    state: KeyState,
    stored: Option<&StoredKey>,
    check: Option<&KeyCheck>,
) -> Option<String> {
    match state {
        KeyState::Valid | KeyState::Locked => None,
        KeyState::Refused
        | KeyState::NoCredit
        | KeyState::RateLimited
        | KeyState::Unreachable
        | KeyState::NotChecked => check.and_then(|check| check.message.clone()),
        KeyState::Missing => match &provider.key {
            KeyRef::Env(name) => Some(format!("The variable {name} is not set where this program was started.")),
            KeyRef::Keychain(_) | KeyRef::None => None,
        },
        KeyState::OtherOrigin => stored.map(|stored| {
            let entered = stored.origins.iter().map(ToString::to_string).collect::<Vec<_>>().join(" and ");
            format!(
                "The key was entered for {entered} and is not sent to {}. Enter it again to use it there.",
                provider.base_url.origin()
            )
        }),
    }
}

fn first_choice(policy: &Policy, provider: &ProviderId) -> Vec<String> {
    let rules = policy.classes.iter().filter(|rule| rule.primary.provider == *provider);
    rules.map(|rule| rule.class.as_str().to_owned()).collect()
}

fn choice(provider: &Provider) -> ProviderChoice {
    ProviderChoice {
        id: provider.id.as_str().to_owned(),
        title: provider.title.clone(),
        origin: provider.base_url.origin().to_string(),
        prefixes: provider.key_prefixes.clone(),
        keys_page: provider.keys_page.clone(),
    }
}
