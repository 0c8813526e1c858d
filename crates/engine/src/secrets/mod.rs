//! Keys: in the OS keychain under service `app.pointsman`, or in an environment variable the person
//! named. Guards I8 and the binding of a key to the origins it was entered for.
//!
//! Nothing here is opened before the first key is needed: a server starts without a bus. The keychain
//! blocks, so it has a thread of its own and 5 s; after that it counts as locked. It is never asked to
//! unlock by itself, only by [`Secrets::unlock`], which follows a click. A key that was read is
//! believed for 60 s, unless a process of this home changes a key first.
//!
//! An item is named as in routing.yaml (`openai`) in the person's own home and `openai@` with 8 hex
//! digits in every other home, so that practice and tests never meet real keys: see [`place`].

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use pointsman_core::catalog::{KeyRef, Origin, Provider};
use pointsman_core::code::{Code, Denial};
use zeroize::Zeroizing;

mod item;
mod place;
mod secret;
mod signing;
mod thread;
mod trouble;

#[cfg(all(unix, not(target_os = "macos")))]
mod bus;
#[cfg(any(target_os = "macos", windows))]
#[path = "native.rs"]
mod store;
#[cfg(all(unix, not(target_os = "macos")))]
#[path = "secret_service.rs"]
mod store;

pub use secret::Secret;

use crate::Home;
use crate::view::{KeyStore, KeyStoreState};
use item::Bound;
use place::{Place, Stamp};
use store::Store;
use thread::{Thread, Turn};
use trouble::Trouble;

/// The service all items are under.
pub const SERVICE: &str = "app.pointsman";

/// The keychain's name where nothing better is known; reads well in a sentence.
#[cfg(target_os = "macos")]
const UNNAMED: &str = "macOS Keychain";
#[cfg(windows)]
const UNNAMED: &str = "Windows Credential Manager";
#[cfg(all(unix, not(target_os = "macos")))]
const UNNAMED: &str = "the system keychain";

/// How long a call waits for the keychain.
const LIMIT: Duration = Duration::from_secs(5);
/// How long one question on the bus may take: less, so that the thread is free again by then.
#[cfg(all(unix, not(target_os = "macos")))]
const ANSWER: Duration = Duration::from_secs(4);
/// How long a person may take to unlock it.
const UNLOCK: Duration = Duration::from_secs(120);
/// How long a key stays in memory.
const FRESH: Duration = Duration::from_secs(60);

/// The keychain's name as this process last saw it.
static SEEN_NAME: OnceLock<&'static str> = OnceLock::new();

/// The keychain's name for people: "GNOME Keyring", "macOS Keychain". Opens nothing; a general word
/// until the keychain was first used.
pub fn store_name() -> &'static str {
    SEEN_NAME.get().copied().unwrap_or(UNNAMED)
}

/// What may be shown of a stored key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredKey {
    /// Its last four characters.
    pub last4: String,
    /// The first 8 hex digits of its SHA-256.
    pub fingerprint: String,
    /// Where it may be sent.
    pub origins: Vec<Origin>,
}

struct Cached {
    bound: Bound,
    read: Instant,
    stamp: Stamp,
}

struct Shared {
    place: Place,
    thread: Mutex<Option<Thread>>,
    cache: Mutex<HashMap<String, Cached>>,
    /// Set after it did not answer: nobody waits again before then.
    slow_until: Mutex<Option<Instant>>,
    /// What was wrong at the last use.
    trouble: Mutex<Option<Trouble>>,
    /// When it was last looked at without a use.
    looked: Mutex<Option<Instant>>,
}

/// The keys of one home. Clones share the thread and what is in memory.
#[derive(Clone)]
pub struct Secrets(Arc<Shared>);

impl std::fmt::Debug for Secrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secrets(…)")
    }
}

impl Secrets {
    /// The keys of a home. Opens nothing.
    pub fn new(home: &Home) -> Self {
        let place = Place::new(home.path(), home.is_default());
        Self(Arc::new(Shared {
            place,
            thread: Mutex::default(),
            cache: Mutex::default(),
            slow_until: Mutex::default(),
            trouble: Mutex::default(),
            looked: Mutex::default(),
        }))
    }

    /// The key to send to a provider, read at most 60 s ago.
    ///
    /// # Errors
    /// `no_key` where there is none, where it was entered for another origin (the sentence names both),
    /// or where the provider needs none; `keychain_locked` where it cannot be read in 5 s.
    pub async fn key(&self, provider: &Provider) -> Result<Secret, Denial> {
        match &provider.key {
            KeyRef::Keychain(item) => {
                let Some(bound) = self.bound(item).await? else { return Err(none_stored(provider)) };
                let origin = provider.base_url.origin();
                if bound.origins.contains(&origin) {
                    Ok(bound.key)
                } else {
                    Err(other_origin(provider, &bound.origins))
                }
            }
            KeyRef::Env(name) => from_environment(provider, name),
            KeyRef::None => Err(Denial::new(Code::NoKey, format!("{} needs no key.", provider.title))),
        }
    }

    /// Stores a key for these origins, replacing the one before. Where the same key is there already,
    /// the origins it has been entered for stay: two providers may share an item.
    ///
    /// # Errors
    /// Where the keychain is locked, missing or does not answer; the key before is still there then,
    /// unless the sentence says that the new one may have been stored.
    pub async fn store(&self, item: &str, secret: &Secret, origins: &[Origin]) -> Result<(), Denial> {
        let mut bound = Bound { key: secret.clone(), origins: origins.to_vec() };
        if let Some(before) = self.read(item).await?.filter(|before| before.key == bound.key) {
            bound.origins.extend(before.origins);
            bound.origins.sort();
            bound.origins.dedup();
        }
        let (name, bytes, place) = (self.0.place.item(item), bound.write(), self.0.place.clone());
        let stored = self.ask(LIMIT, move |store, turn| {
            let address = store.address().map(str::to_owned);
            turn.change(&place, address, || store.set(&name, &bytes))
        });
        let ((), remembered) = stored.await.map_err(|trouble| trouble.about("stored"))?;
        remembered
    }

    /// Deletes a key; says whether there was one.
    ///
    /// # Errors
    /// Where the keychain is locked, missing or does not answer; the sentence says where it may have
    /// been deleted all the same.
    pub async fn delete(&self, item: &str) -> Result<bool, Denial> {
        let (name, place) = (self.0.place.item(item), self.0.place.clone());
        let deleted = self.ask(LIMIT, move |store, turn| turn.change(&place, None, || store.delete(&name)));
        let (deleted, remembered) = deleted.await.map_err(|trouble| trouble.about("deleted"))?;
        remembered.map(|()| deleted)
    }

    /// What is stored now, as far as it may be shown; read anew.
    ///
    /// # Errors
    /// Where the keychain is locked, missing or does not answer.
    pub async fn stored(&self, item: &str) -> Result<Option<StoredKey>, Denial> {
        let shown = |bound: Bound| StoredKey {
            last4: bound.key.last4(),
            fingerprint: bound.key.fingerprint(),
            origins: bound.origins,
        };
        Ok(self.read(item).await?.map(shown))
    }

    /// Whether the keychain can be used.
    pub async fn state(&self) -> KeyStoreState {
        self.key_store().await.state
    }

    /// The keychain as the Keys page shows it.
    pub async fn key_store(&self) -> KeyStore {
        let trouble = self.ask(LIMIT, |store, _| store.ready()).await.err();
        KeyStore {
            state: trouble.as_ref().map_or(KeyStoreState::Ready, Trouble::state),
            name: store_name().to_owned(),
            sentence: trouble.map_or_else(String::new, |trouble| trouble.sentence()),
        }
    }

    /// What was wrong with the keychain when this process last used it. Opens nothing.
    pub(crate) fn last_trouble(&self) -> Option<(KeyStoreState, String)> {
        lock(&self.0.trouble).as_ref().map(|trouble| (trouble.state(), trouble.sentence()))
    }

    /// Sees how the keychain is now, for [`Self::last_trouble`], unless that was done less than `every`
    /// ago. Asks the person nothing. Up to 5 s.
    pub(crate) async fn look(&self, every: Duration) {
        let last = lock(&self.0.looked).replace(Instant::now());
        match last.filter(|last| last.elapsed() < every) {
            // The clock runs from the last look that was made.
            Some(last) => *lock(&self.0.looked) = Some(last),
            None => drop(self.ask(LIMIT, |store, _| store.ready()).await),
        }
    }

    /// Asks the person to unlock the keychain, once, and waits up to 2 minutes for it. Only after a
    /// click. On a connection of its own, so that calls meanwhile are answered as before.
    ///
    /// # Errors
    /// Where it stays locked, or there is none.
    pub async fn unlock(&self) -> Result<(), Denial> {
        Thread::start(self.0.place.clone()).ask(UNLOCK, |store, _| store.unlock()).await?;
        *lock(&self.0.slow_until) = None;
        *lock(&self.0.trouble) = None;
        Ok(())
    }

    /// Writes down on which bus the keychain is, for servers that are started without one in their
    /// environment. For the app at its start; storing a key does it too.
    ///
    /// # Errors
    /// Where there is no keychain, or the home cannot be written.
    pub async fn record_bus(&self) -> Result<(), Denial> {
        let address = self.ask(LIMIT, |store, _| Ok(store.address().map(str::to_owned))).await?;
        if self.0.place.remembered().bus != address || !self.0.place.is_written() {
            self.0.place.remember(address)?;
        }
        Ok(())
    }

    /// An item from memory or the keychain.
    async fn bound(&self, item: &str) -> Result<Option<Bound>, Trouble> {
        let stamp = self.0.place.stamp();
        if let Some(cached) = lock(&self.0.cache).get(item)
            && cached.stamp == stamp
            && cached.read.elapsed() < FRESH
        {
            return Ok(Some(cached.bound.clone()));
        }
        let found = self.read(item).await?;
        let mut cache = lock(&self.0.cache);
        match &found {
            Some(bound) => {
                cache.insert(item.to_owned(), Cached { bound: bound.clone(), read: Instant::now(), stamp });
            }
            // "No key" is never remembered: the person may be about to enter one.
            None => drop(cache.remove(item)),
        }
        Ok(found)
    }

    /// An item from the keychain.
    async fn read(&self, item: &str) -> Result<Option<Bound>, Trouble> {
        let name = self.0.place.item(item);
        let bytes = self.ask(LIMIT, move |store, _| store.get(&name)).await?;
        let Some(bytes) = bytes else { return Ok(None) };
        let bound = Bound::read(&bytes);
        if bound.is_none() {
            tracing::warn!(item, "the keychain item is not one Pointsman wrote and is not used");
        }
        Ok(bound)
    }

    /// Asks on the keychain's thread. Where it does not answer in time the thread is left behind and
    /// the next five seconds' questions are refused at once.
    async fn ask<T, F>(&self, limit: Duration, job: F) -> Result<T, Trouble>
    where
        T: Send + 'static,
        F: Fn(&Store, &Turn) -> Result<T, Trouble> + Send + 'static,
    {
        if lock(&self.0.slow_until).is_some_and(|until| Instant::now() < until) {
            return Err(Trouble::Slow);
        }
        let thread = lock(&self.0.thread).get_or_insert_with(|| Thread::start(self.0.place.clone())).clone();
        let done = thread.ask(limit, job).await;
        if matches!(done, Err(Trouble::Slow | Trouble::Unsure)) {
            *lock(&self.0.thread) = None;
            *lock(&self.0.slow_until) = Some(Instant::now() + LIMIT);
        }
        *lock(&self.0.trouble) = done.as_ref().err().cloned();
        done
    }
}

/// A mutex whose holder panicked still holds valid data here: every change is a single assignment.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn none_stored(provider: &Provider) -> Denial {
    let (title, id) = (&provider.title, &provider.id);
    Denial::new(
        Code::NoKey,
        format!("There is no key for {title}. Add it in Pointsman under Keys, or run `pointsman keys set {id}`."),
    )
}

fn other_origin(provider: &Provider, entered: &[Origin]) -> Denial {
    let (title, id, wanted) = (&provider.title, &provider.id, provider.base_url.origin());
    let entered = entered.iter().map(Origin::to_string).collect::<Vec<_>>().join(" and ");
    Denial::new(
        Code::NoKey,
        format!(
            "The key for {title} was entered for {entered} and is not sent to {wanted}. To use it there, enter it again in Pointsman under Keys, or run `pointsman keys set {id}`."
        ),
    )
}

fn from_environment(provider: &Provider, name: &str) -> Result<Secret, Denial> {
    let title = &provider.title;
    let denial = |sentence| Err(Denial::new(Code::NoKey, sentence));
    match std::env::var(name).map(Zeroizing::new) {
        Ok(text) if text.trim().is_empty() => denial(format!(
            "The variable {name}, which holds the key for {title}, is empty. Set it where this program is started."
        )),
        Ok(text) => match crate::keys::clean(&text) {
            Ok(key) => Ok(key),
            Err(why) => denial(format!("The variable {name} holds no usable key for {title}: {why}")),
        },
        Err(_) => denial(format!(
            "The variable {name}, which holds the key for {title}, is not set. Set it where this program is started, or keep the key in the keychain with `pointsman keys set {}`.",
            provider.id
        )),
    }
}
