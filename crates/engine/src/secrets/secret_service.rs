//! The keychain of Linux and the BSDs: the Secret Service (GNOME Keyring, KWallet, KeePassXC).
//!
//! `keyring` is not used here although its own store is made of the same two crates: it reaches only
//! the bus of the process's environment, which a bare environment lacks; it answers "no entry" where
//! the keychain is locked; and each of its reads asks the person to unlock. Items are written as
//! `keyring` writes them (attributes `service` and `username`), so other programs find them.

use std::collections::HashMap;

use secret_service::blocking::{Collection, Item, SecretService};
use secret_service::{EncryptionType, Error};
use zbus::blocking::Connection;
use zbus::blocking::fdo::DBusProxy;
use zbus::names::BusName;
use zeroize::Zeroizing;

use super::bus::{self, Environment};
use super::place::Place;
use super::{SERVICE, Trouble};

const NAME: &str = "org.freedesktop.secrets";

/// An open connection to the keychain. Blocking: used on the keychain's own thread only.
pub(super) struct Store {
    service: SecretService<'static>,
    connection: Connection,
    address: String,
}

impl Store {
    /// Opens the keychain on the first bus that has one. Asks nobody anything.
    ///
    /// # Errors
    /// [`Trouble::Missing`] where no bus has one.
    pub(super) fn open(place: &Place) -> Result<Self, Trouble> {
        let owner = place.owner();
        let remembered = place.remembered().bus;
        for candidate in bus::candidates(&Environment::of_this_process(), remembered.as_deref(), owner) {
            let opened = bus::open(&candidate, owner).and_then(|connection| {
                SecretService::connect_with_existing(EncryptionType::Dh, connection.clone())
                    .map(|service| Self { service, connection, address: candidate.address.clone() })
                    .map_err(|error| error.to_string())
            });
            match opened {
                Ok(store) => return Ok(store),
                Err(error) => tracing::debug!(address = candidate.address, %error, "no keychain on this bus"),
            }
        }
        Err(Trouble::Missing)
    }

    /// The bus it was found on.
    pub(super) fn address(&self) -> Option<&str> {
        Some(&self.address)
    }

    /// The program that keeps it, by its process.
    pub(super) fn name(&self) -> &'static str {
        let process = DBusProxy::new(&self.connection)
            .ok()
            .zip(BusName::try_from(NAME).ok())
            .and_then(|(bus, name)| bus.get_connection_unix_process_id(name).ok())
            .and_then(|pid| std::fs::read_to_string(format!("/proc/{pid}/comm")).ok())
            .unwrap_or_default();
        KNOWN.iter().find(|(begins, _)| process.starts_with(begins)).map_or(super::UNNAMED, |(_, name)| name)
    }

    /// Whether keys can be read and written: the default collection is there and open.
    ///
    /// # Errors
    /// [`Trouble::Locked`] where it is not.
    pub(super) fn ready(&self) -> Result<(), Trouble> {
        self.unlocked_default().map(drop)
    }

    /// Reads an item; the newest where somebody made two.
    ///
    /// # Errors
    /// [`Trouble::Locked`] where the item is locked, or none is found while the keychain is locked.
    pub(super) fn get(&self, item: &str) -> Result<Option<Zeroizing<Vec<u8>>>, Trouble> {
        match self.find(item)?.into_iter().max_by_key(|found| found.get_modified().unwrap_or(0)) {
            Some(found) => Ok(Some(Zeroizing::new(found.get_secret()?))),
            // A locked keychain shows no items: that is not "no key".
            None => self.ready().map(|()| None),
        }
    }

    /// Writes an item, replacing what it held.
    ///
    /// # Errors
    /// [`Trouble::Locked`].
    pub(super) fn set(&self, item: &str, bytes: &[u8]) -> Result<(), Trouble> {
        let found = self.find(item)?;
        if found.is_empty() {
            let label = format!("Pointsman: {item}");
            self.unlocked_default()?.create_item(&label, attributes(item), bytes, true, CONTENT)?;
        }
        for existing in found {
            existing.set_secret(bytes, CONTENT)?;
        }
        Ok(())
    }

    /// Deletes an item; says whether there was one.
    ///
    /// # Errors
    /// [`Trouble::Locked`].
    pub(super) fn delete(&self, item: &str) -> Result<bool, Trouble> {
        let found = self.find(item)?;
        if found.is_empty() {
            return self.ready().map(|()| false);
        }
        for existing in found {
            existing.delete()?;
        }
        Ok(true)
    }

    /// Asks the person to unlock the keychain, or to make one; waits for the answer.
    ///
    /// # Errors
    /// [`Trouble::Locked`] where they did not.
    pub(super) fn unlock(&self) -> Result<(), Trouble> {
        match self.service.get_default_collection() {
            Ok(collection) if collection.is_locked()? => collection.unlock()?,
            Ok(_) => {}
            Err(Error::NoResult) => self.service.create_collection("Login", "default").map(drop)?,
            Err(error) => return Err(error.into()),
        }
        self.ready()
    }

    fn find(&self, item: &str) -> Result<Vec<Item<'_>>, Trouble> {
        let found = self.service.search_items(attributes(item))?;
        if found.unlocked.is_empty() && !found.locked.is_empty() {
            return Err(Trouble::Locked);
        }
        Ok(found.unlocked)
    }

    fn unlocked_default(&self) -> Result<Collection<'_>, Trouble> {
        match self.service.get_default_collection() {
            Ok(collection) if collection.is_locked()? => Err(Trouble::Locked),
            Ok(collection) => Ok(collection),
            // None was made yet, or the program hides it while it is locked.
            Err(Error::NoResult) => Err(Trouble::Locked),
            Err(error) => Err(error.into()),
        }
    }
}

const CONTENT: &str = "application/octet-stream";

/// How the processes of the programs begin; the kernel cuts names at 15 characters.
const KNOWN: &[(&str, &str)] = &[
    ("gnome-keyring", "GNOME Keyring"),
    ("oo7", "GNOME Keyring"),
    ("ksecretd", "KWallet"),
    ("kwalletd", "KWallet"),
    ("keepassxc", "KeePassXC"),
];

fn attributes(item: &str) -> HashMap<&str, &str> {
    HashMap::from([("service", SERVICE), ("username", item)])
}

impl From<Error> for Trouble {
    fn from(error: Error) -> Self {
        match error {
            Error::Locked | Error::Prompt | Error::PromptDisconnected => Self::Locked,
            Error::Unavailable => Self::Missing,
            // It may still do what it was asked for.
            Error::Zbus(zbus::Error::InputOutput(error)) if error.kind() == std::io::ErrorKind::TimedOut => Self::Slow,
            Error::Zbus(zbus::Error::MethodError(name, ..)) if name.as_str().ends_with(".IsLocked") => Self::Locked,
            other => Self::Failed(other.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_answer_is_not_a_failure() {
        let silent = std::io::Error::from(std::io::ErrorKind::TimedOut);
        assert_eq!(Trouble::from(Error::Zbus(zbus::Error::from(silent))), Trouble::Slow);
    }
}
