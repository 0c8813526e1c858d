//! What can be wrong with the keychain, and how it is told.

use pointsman_core::code::{Code, Denial};

use crate::view::KeyStoreState;

/// Why the keychain did not do something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Trouble {
    /// It is locked, or there is none yet to unlock.
    Locked,
    /// It did not answer in time.
    Slow,
    /// It did not answer in time and may have made the change it was asked for.
    Unsure,
    /// No program keeps passwords on this desktop.
    Missing,
    /// Something else, in the keychain's words, which hold no secret.
    Failed(String),
}

impl Trouble {
    pub(super) fn state(&self) -> KeyStoreState {
        match self {
            Self::Locked | Self::Slow | Self::Unsure | Self::Failed(_) => KeyStoreState::Locked,
            Self::Missing => KeyStoreState::Missing,
        }
    }

    /// What happened and what to do.
    pub(super) fn sentence(&self) -> String {
        match self {
            Self::Locked => "The keychain is locked. Unlock it in Pointsman under Keys, then try again.".to_owned(),
            Self::Slow => "The keychain did not answer in 5 seconds. Unlock it in Pointsman under Keys, then try again.".to_owned(),
            Self::Unsure => "The keychain did not answer in 5 seconds. It may have been stored or deleted all the same; check again.".to_owned(),
            Self::Missing => "No password store is running, so no key can be read or kept. Start one, such as GNOME Keyring, and log in again, or name an environment variable for the key in routing.yaml.".to_owned(),
            Self::Failed(why) => format!("The keychain could not be used ({why}). Log out and in again, then try once more."),
        }
    }
}

impl Trouble {
    /// What a person who wanted a key `stored` or `deleted` is told.
    pub(super) fn about(self, done: &str) -> Denial {
        match self {
            Self::Unsure => Denial::new(
                Code::KeychainLocked,
                format!("The keychain did not answer in 5 seconds. It may have been {done}; check again."),
            ),
            Self::Locked | Self::Slow | Self::Missing | Self::Failed(_) => self.into(),
        }
    }
}

impl From<Trouble> for Denial {
    fn from(trouble: Trouble) -> Self {
        let code = match trouble {
            Trouble::Locked | Trouble::Slow | Trouble::Unsure | Trouble::Failed(_) => Code::KeychainLocked,
            Trouble::Missing => Code::NoKey,
        };
        Self::new(code, trouble.sentence())
    }
}
