//! The keychain of macOS and Windows, through `keyring`. Found without any environment.

use keyring::{Entry, Error};
use zeroize::Zeroizing;

use super::place::Place;
use super::{SERVICE, Trouble};

/// The keychain. Blocking: used on the keychain's own thread only.
pub(super) struct Store;

impl Store {
    /// It is always there.
    pub(super) fn open(_: &Place) -> Result<Self, Trouble> {
        match Entry::store_status() {
            Ok(()) => Ok(Self),
            Err(error) => Err(Trouble::Failed(error.to_string())),
        }
    }

    /// There is no bus.
    pub(super) fn address(&self) -> Option<&str> {
        None
    }

    /// Its name for people.
    pub(super) fn name(&self) -> &'static str {
        super::UNNAMED
    }

    /// Whether it answers: an item that nobody makes is looked up.
    pub(super) fn ready(&self) -> Result<(), Trouble> {
        self.get("pointsman-probe").map(drop)
    }

    /// Reads an item.
    pub(super) fn get(&self, item: &str) -> Result<Option<Zeroizing<Vec<u8>>>, Trouble> {
        match entry(item)?.get_secret() {
            Ok(bytes) => Ok(Some(Zeroizing::new(bytes))),
            Err(Error::NoEntry) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Writes an item, replacing what it held.
    pub(super) fn set(&self, item: &str, bytes: &[u8]) -> Result<(), Trouble> {
        Ok(entry(item)?.set_secret(bytes)?)
    }

    /// Deletes an item; says whether there was one.
    pub(super) fn delete(&self, item: &str) -> Result<bool, Trouble> {
        match entry(item)?.delete_credential() {
            Ok(()) => Ok(true),
            Err(Error::NoEntry) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// A read makes the system ask where it has to.
    pub(super) fn unlock(&self) -> Result<(), Trouble> {
        self.ready()
    }
}

fn entry(item: &str) -> Result<Entry, Trouble> {
    Ok(Entry::new(SERVICE, item)?)
}

impl From<Error> for Trouble {
    fn from(error: Error) -> Self {
        match error {
            Error::NoStorageAccess(_) => Self::Locked,
            Error::NoDefaultStore => Self::Missing,
            // Its text names the attribute, never the value.
            other => Self::Failed(other.to_string()),
        }
    }
}
