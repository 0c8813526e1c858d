//! What a person does with keys: add, check, replace, delete, and the page that shows them. By the app
//! and by CLI verbs only, never by a server. No function gives a key back.
//!
//! A key is bound to the provider's origin of the moment it was entered. The built-in origin of a
//! built-in provider is what the person means by its name; any other one is confirmed by the person.

use std::collections::BTreeMap;

use jiff::Timestamp;
use pointsman_core::catalog::{KeyRef, Origin, Provider, alias, built_in, unplaced};
use pointsman_core::code::{Code, Denial};
use pointsman_core::id::{ProviderId, nearest};

use crate::Gateway;
use crate::ledger::breaker;
use crate::ledger::change::{self, Topic};
use crate::ledger::key_check::{self, KeyCheck};
use crate::secrets::{Secret, StoredKey};
use crate::view::{KeyOutcome, KeyState, KeyStore, KeyStoreState};

pub(crate) mod check;
mod page;
mod problems;
mod text;

use check::Found;
pub(crate) use text::clean;

/// How the names of items begin that are not keys of providers: the signing key.
const RESERVED: &str = "pointsman-";

/// Whether the person has said that a key may go to a place that is not the provider's built-in one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rebind {
    /// Not yet: where it is needed, [`Gateway::key_add`] denies with `needs_approval`.
    Ask,
    /// They said yes to this origin and no other.
    Confirmed(Origin),
}

impl Gateway {
    /// Checks a key with its provider and keeps it in the keychain, bound to the provider's origin. A
    /// key that is there already stays until the new one was accepted. Up to 10 s for the check and 5 s
    /// for each use of the keychain.
    ///
    /// # Errors
    /// Nothing is sent or stored where the text is no key or another company's, the provider is unknown
    /// or takes no key from the keychain, the keychain cannot be used, or (`needs_approval`) where the
    /// person must first confirm the origin.
    pub async fn key_add(&self, provider: &str, secret: Secret, rebind: Rebind) -> Result<KeyOutcome, Denial> {
        let provider = self.provider(provider).await?;
        let item = keychain_item(&provider)?;
        let key = usable(&secret, &provider)?;
        let store = self.ready_store().await?;
        let before = self.inner().secrets.stored(item).await?;
        let origin = provider.base_url.origin();
        confirmed(&provider, &origin, before.as_ref(), &rebind)?;

        let found = check::check(&self.inner().transport, &provider, Some(&key)).await;
        if !keeps(found.state, before.is_some()) {
            return Ok(not_stored(&provider, &found, before.is_some()));
        }
        self.inner().secrets.store(item, &key, std::slice::from_ref(&origin)).await?;
        self.record(&provider, &found, Some(&shown(&key, origin))).await?;
        Ok(stored(&provider, &found, &store.name, before.is_some()))
    }

    /// The origin a key of this provider would be bound to, for the question whether it may be.
    ///
    /// # Errors
    /// Where there is no such provider.
    pub async fn key_origin(&self, provider: &str) -> Result<Origin, Denial> {
        Ok(self.provider(provider).await?.base_url.origin())
    }

    /// Asks a provider whether its stored key works. Up to 10 s and 5 s for the keychain.
    ///
    /// # Errors
    /// Where there is no such provider, or the keychain cannot be used.
    pub async fn key_check(&self, provider: &str) -> Result<KeyOutcome, Denial> {
        let provider = self.provider(provider).await?;
        let key = match self.key_of(&provider).await? {
            Ok(key) => key,
            Err(outcome) => return Ok(outcome),
        };
        let found = check::check(&self.inner().transport, &provider, key.as_ref()).await;
        let known = key.as_ref().map(|key| shown(key, provider.base_url.origin()));
        self.record(&provider, &found, known.as_ref()).await?;
        let stored = matches!(provider.key, KeyRef::Keychain(_));
        Ok(KeyOutcome { stored, state: found.state, sentence: verdict(&provider, &found) })
    }

    /// Deletes a provider's key from the keychain.
    ///
    /// # Errors
    /// Where there is no such provider, its key is not in the keychain, or the keychain cannot be used.
    pub async fn key_delete(&self, provider: &str) -> Result<KeyOutcome, Denial> {
        let provider = self.provider(provider).await?;
        let title = &provider.title;
        let deleted = self.inner().secrets.delete(keychain_item(&provider)?).await?;
        let id = provider.id.as_str().to_owned();
        self.inner()
            .ledger
            .write(move |tx| {
                key_check::forget(tx, &id)?;
                change::note(tx, Topic::Key)
            })
            .await?;
        let sentence = match (deleted, &provider.keys_page) {
            (false, _) => format!("There was no key for {title}."),
            (true, Some(page)) => {
                format!(
                    "The key for {title} was deleted from the keychain. It still works elsewhere until you revoke it at {page}."
                )
            }
            (true, None) => format!(
                "The key for {title} was deleted from the keychain. It still works elsewhere until you revoke it."
            ),
        };
        Ok(KeyOutcome { stored: false, state: KeyState::Missing, sentence })
    }

    /// Asks the person to unlock the keychain, once; only after a click. Up to 2 minutes.
    pub async fn keychain_unlock(&self) -> KeyStore {
        let unlocked = self.inner().secrets.unlock().await;
        let mut store = self.inner().secrets.key_store().await;
        if let (Err(denial), KeyStoreState::Locked) = (unlocked, store.state) {
            store.sentence = denial.sentence;
        }
        let noted = self.inner().ledger.write(|tx| change::note(tx, Topic::Key)).await;
        if let Err(error) = noted {
            tracing::warn!(%error, "the unlocked keychain could not be announced to other windows");
        }
        store
    }

    /// Writes down on which bus the keychain is, for servers started without one in their environment.
    ///
    /// # Errors
    /// Where there is no keychain now, or the home cannot be written.
    pub async fn record_bus(&self) -> Result<(), Denial> {
        self.inner().secrets.record_bus().await
    }

    /// The providers of the active policy; the built-in ones where there is none.
    async fn providers(&self) -> BTreeMap<ProviderId, Provider> {
        match self.inner().policy.snapshot(self.inner()).await {
            Ok(active) => active.policy.providers.clone(),
            Err(_) => built_in().clone(),
        }
    }

    async fn provider(&self, name: &str) -> Result<Provider, Denial> {
        let mut all = self.providers().await;
        let id = provider_named(&all, name)?;
        all.remove(&id).ok_or_else(|| Denial::new(Code::NotFound, format!("There is no provider {id}.")))
    }

    /// The key a check sends, `None` where none is needed; or the outcome where there is none to send.
    async fn key_of(&self, provider: &Provider) -> Result<Result<Option<Secret>, KeyOutcome>, Denial> {
        let outcome = |state, sentence| Err(KeyOutcome { stored: false, state, sentence });
        match &provider.key {
            KeyRef::None => return Ok(Ok(None)),
            KeyRef::Env(_) => {}
            KeyRef::Keychain(item) => {
                let stored = self.inner().secrets.stored(item).await?;
                if stored.is_some_and(|stored| !stored.origins.contains(&provider.base_url.origin())) {
                    let denial = self.inner().secrets.key(provider).await.err();
                    let sentence = denial.map_or_else(String::new, |denial| denial.sentence);
                    return Ok(Err(KeyOutcome { stored: true, state: KeyState::OtherOrigin, sentence }));
                }
            }
        }
        match self.inner().secrets.key(provider).await {
            Ok(key) => Ok(Ok(Some(key))),
            Err(denial) if denial.code == Code::NoKey => Ok(outcome(KeyState::Missing, denial.sentence)),
            Err(denial) => Err(denial),
        }
    }

    /// The keychain, where it can be used.
    async fn ready_store(&self) -> Result<KeyStore, Denial> {
        let store = self.inner().secrets.key_store().await;
        match store.state {
            KeyStoreState::Ready => Ok(store),
            KeyStoreState::Locked => Err(Denial::new(Code::KeychainLocked, store.sentence)),
            KeyStoreState::Missing => Err(Denial::new(Code::NoKey, store.sentence)),
        }
    }

    async fn record(&self, provider: &Provider, found: &Found, key: Option<&StoredKey>) -> Result<(), Denial> {
        let row = KeyCheck {
            provider: provider.id.as_str().to_owned(),
            state: found.state,
            checked_ms: Timestamp::now().as_millisecond(),
            models: found.models,
            message: found.words.clone(),
            last4: key.map(|key| key.last4.clone()),
            fingerprint: key.map(|key| key.fingerprint.clone()),
        };
        let id = provider.id.clone();
        let write = self.inner().ledger.write(move |tx| {
            key_check::put(tx, &row)?;
            if row.state == KeyState::Valid {
                breaker::forget(tx, &id)?;
            }
            change::note(tx, Topic::Key)
        });
        Ok(write.await?)
    }
}

/// The provider a person means: by its id or another name for it.
///
/// # Errors
/// `not_found` with the nearest name, or with what is missing where it has no address yet.
pub(crate) fn provider_named(all: &BTreeMap<ProviderId, Provider>, name: &str) -> Result<ProviderId, Denial> {
    let id = ProviderId::parse(name).ok();
    let meant = id.clone().filter(|id| all.contains_key(id)).or_else(|| alias(name));
    if let Some(id) = meant.clone().filter(|id| all.contains_key(id)) {
        return Ok(id);
    }
    let denial = |sentence| Err(Denial::new(Code::NotFound, sentence));
    if let Some((id, example)) = meant.or(id).and_then(|id| Some((id.clone(), unplaced(&id)?))) {
        return denial(format!(
            "{id} has no address yet. Write providers.{id}.base_url in routing.yaml, such as {example}."
        ));
    }
    let hint = match nearest(name, all.keys().map(ProviderId::as_str)) {
        Some(near) => format!("Did you mean {near}?"),
        None => {
            let known: Vec<_> = all.keys().map(ProviderId::as_str).collect();
            format!("Known are {}.", known.join(", "))
        }
    };
    let name: String = name.chars().filter(|c| !c.is_control()).take(64).collect();
    denial(format!("There is no provider {name:?}. {hint}"))
}

fn shown(key: &Secret, origin: Origin) -> StoredKey {
    StoredKey { last4: key.last4(), fingerprint: key.fingerprint(), origins: vec![origin] }
}

/// The keychain item of a provider whose key is kept there.
fn keychain_item(provider: &Provider) -> Result<&str, Denial> {
    let title = &provider.title;
    let denial = |sentence| Err(Denial::new(Code::InvalidRequest, sentence));
    match &provider.key {
        KeyRef::Keychain(item) if item.starts_with(RESERVED) => denial(format!(
            "routing.yaml keeps the key for {title} in the keychain item {item}, but names that begin with {RESERVED} are our own. Give it another name under `key`."
        )),
        KeyRef::Keychain(item) => Ok(item),
        KeyRef::Env(name) => denial(format!(
            "The key for {title} comes from the variable {name}, as routing.yaml says. Change it where the variable is set, or take the line `key` out of routing.yaml to keep it in the keychain."
        )),
        KeyRef::None => denial(format!("{title} needs no key.")),
    }
}

/// A key as it may be sent to this provider.
fn usable(secret: &Secret, provider: &Provider) -> Result<Secret, Denial> {
    let denial = |sentence: String| Denial::new(Code::InvalidRequest, sentence);
    let key = clean(secret.expose()).map_err(|why| denial(format!("{why} Nothing was stored.")))?;
    match text::looks_like(&key, provider) {
        Some(other) => Err(denial(format!(
            "This looks like a key from {other}, not from {}. Nothing was sent or stored.",
            provider.title
        ))),
        None => Ok(key),
    }
}

/// Whether the key may be bound to this origin.
fn confirmed(provider: &Provider, origin: &Origin, before: Option<&StoredKey>, rebind: &Rebind) -> Result<(), Denial> {
    let own = built_in().get(&provider.id).is_some_and(|own| own.base_url.origin() == *origin);
    let known = before.is_some_and(|before| before.origins.contains(origin));
    match rebind {
        _ if own || known => Ok(()),
        Rebind::Confirmed(agreed) if agreed == origin => Ok(()),
        Rebind::Confirmed(agreed) => Err(Denial::new(
            Code::NeedsApproval,
            format!(
                "You agreed to {agreed}, but routing.yaml now sends {} to {origin}. Nothing was sent or stored.",
                provider.title
            ),
        )),
        Rebind::Ask => Err(Denial::new(
            Code::NeedsApproval,
            format!("The key for {} would be sent to {origin}. Confirm that this is the right place.", provider.title),
        )),
    }
}

/// Whether a key that was checked with this result is kept. A first key is kept unless it was refused;
/// one that replaces another must not be worse than unknown to a provider that answers.
const fn keeps(state: KeyState, replaces: bool) -> bool {
    match state {
        KeyState::Valid | KeyState::NoCredit | KeyState::RateLimited | KeyState::NotChecked => true,
        KeyState::Unreachable => !replaces,
        KeyState::Refused | KeyState::Missing | KeyState::Locked | KeyState::OtherOrigin => false,
    }
}

fn stored(provider: &Provider, found: &Found, store: &str, replaced: bool) -> KeyOutcome {
    let kept = if replaced { "Replaced" } else { "Stored" };
    let sentence = format!("{kept} in {store}. {}", verdict(provider, found));
    KeyOutcome { stored: true, state: found.state, sentence }
}

fn not_stored(provider: &Provider, found: &Found, replaces: bool) -> KeyOutcome {
    let stays = if replaces { " The key you had stays." } else { "" };
    let sentence = format!("The key was not stored. {}{stays}", verdict(provider, found));
    KeyOutcome { stored: false, state: found.state, sentence }
}

/// What a check found, in a sentence or two.
fn verdict(provider: &Provider, found: &Found) -> String {
    let (title, needs_key) = (&provider.title, provider.key != KeyRef::None);
    let words = found.words.as_deref().map(|words| format!(" {words}")).unwrap_or_default();
    let models = match found.models {
        Some(1) => " 1 model".to_owned(),
        Some(count) => format!(" {count} models"),
        None => String::new(),
    };
    match found.state {
        KeyState::Valid if !needs_key && found.models == Some(0) => {
            format!("{title} is running and has no model yet.")
        }
        KeyState::Valid if !needs_key => format!("{title} is running and has{models}."),
        KeyState::Valid if models.is_empty() => format!("{title} accepts the key."),
        KeyState::Valid => format!("{title} accepts the key: it reaches{models}."),
        KeyState::Refused => format!("{title} refused the key.{words}"),
        KeyState::NoCredit => format!("{title} knows the key, but the account has no credit.{words}"),
        KeyState::RateLimited => {
            format!("{title} asks to slow down, so the key could not be checked. Check it again in a minute.{words}")
        }
        KeyState::Unreachable if !needs_key => {
            format!("{title} is not running at {}. Start it, then check again.", provider.base_url.origin())
        }
        KeyState::Unreachable | KeyState::NotChecked => format!("The key could not be checked.{words}"),
        KeyState::Missing | KeyState::Locked | KeyState::OtherOrigin => words.trim_start().to_owned(),
    }
}
