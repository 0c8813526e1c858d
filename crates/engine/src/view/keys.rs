//! Keys: what is stored, where, and whether it works. Never a key.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::Money;

/// The page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct KeysPage {
    /// The OS keychain.
    pub store: KeyStore,
    /// Providers that have a key, need none, or are used by the policy.
    pub rows: Vec<KeyRow>,
    /// Providers a key can be added for.
    pub providers: Vec<ProviderChoice>,
}

/// The OS keychain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct KeyStore {
    /// Whether it can be used.
    pub state: KeyStoreState,
    /// Its name: "GNOME Keyring", "macOS Keychain", "Windows Credential Manager".
    pub name: String,
    /// What is wrong and what to do; empty while ready.
    pub sentence: String,
}

/// Whether the keychain can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum KeyStoreState {
    /// It can.
    Ready,
    /// It is locked, or did not answer in 5 s.
    Locked,
    /// There is none on this desktop.
    Missing,
}

/// One provider's key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct KeyRow {
    /// `openai`.
    pub provider: String,
    /// `OpenAI`.
    pub title: String,
    /// Where the key is sent and nowhere else: `api.openai.com`.
    pub origin: String,
    /// Where it comes from.
    pub source: KeySource,
    /// The variable, for `env`.
    pub env: Option<String>,
    /// Its last four characters.
    pub last4: Option<String>,
    /// The first 8 hex digits of its SHA-256, in two groups.
    pub fingerprint: Option<String>,
    /// Whether it works.
    pub state: KeyState,
    /// When that was found out, in ms since 1970.
    #[ts(type = "number | null")]
    pub checked_ms: Option<i64>,
    /// How many models it can reach.
    pub models: Option<u32>,
    /// Charged this month.
    pub month: Money,
    /// The provider's own words, or what to do.
    pub message: Option<String>,
    /// Task classes whose first choice is with this provider.
    pub classes: Vec<String>,
}

/// Where a key comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum KeySource {
    /// The OS keychain.
    Keychain,
    /// An environment variable.
    Env,
    /// None is needed.
    None,
}

/// Whether a key works.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum KeyState {
    /// The provider accepted it.
    Valid,
    /// The provider refused it (401, 403).
    Refused,
    /// The account has no credit (402).
    NoCredit,
    /// The provider asks to slow down.
    RateLimited,
    /// The provider could not be reached.
    Unreachable,
    /// Not asked yet.
    NotChecked,
    /// There is no key.
    Missing,
    /// The keychain is locked.
    Locked,
    /// Stored for another origin than the provider has now; it is not sent.
    OtherOrigin,
}

/// A provider a key can be added for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ProviderChoice {
    /// `openai`.
    pub id: String,
    /// `OpenAI`.
    pub title: String,
    /// `api.openai.com`; empty while it has no address.
    pub origin: String,
    /// What is to be done before a key can be added: where each person has an address of their own, how
    /// to write it down.
    pub first: Option<String>,
    /// How its keys begin; empty where they have no mark.
    pub prefixes: Vec<String>,
    /// Where keys are made and revoked.
    pub keys_page: Option<String>,
}

/// What became of a key that was given.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct KeyOutcome {
    /// Whether it is in the keychain now.
    pub stored: bool,
    /// What the check found.
    pub state: KeyState,
    /// A sentence: what happened and what to do.
    pub sentence: String,
}
