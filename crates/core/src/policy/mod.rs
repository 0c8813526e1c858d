//! routing.yaml as a value: what it may say ([`Policy`]), how it is read ([`read`]), and whether an
//! edit from outside widens what may be spent or reached ([`widens`]).

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use jiff::civil::Date;

use crate::budget::Cap;
use crate::catalog::prices::Refreshed;
use crate::catalog::{BaseUrl, Provider, published};
use crate::id::{ModelId, ProfileName, ProviderId, TaskClass};
use crate::money::{MicroUsd, Price};
use crate::privacy::Rule;

mod class;
mod diff;
pub mod edit;
mod form;
mod merge;
mod price;
mod profile;
mod read;
pub mod settings;
mod spill;
mod template;
mod token;
mod widen;
mod yaml;

pub use class::{ClassRule, Share, Strategy};
pub use diff::{Line, LineKind, diff};
pub use form::{ClassCard, Form};
pub use merge::{Merged, merge};
pub use price::{PriceSource, Priced};
pub use profile::{Bounds, Profile};
pub use read::{holds_key, read, read_with_form};
pub use template::{first_file, practice_file};
pub use token::token;
pub use widen::{Widening, widens};
pub use yaml::MAX_BYTES;

/// A valid policy. Every name in it resolves: a class's models belong to known providers.
#[derive(Clone, Debug, PartialEq)]
pub struct Policy {
    /// What the person wrote after `version`.
    pub version: String,
    /// Task classes in the order of the file.
    pub classes: Vec<ClassRule>,
    /// The class of `chat_completion` without a model: `defaults.chat_default`, else the first.
    pub chat_default: Option<TaskClass>,
    /// Built-in providers, overlaid with those of the file.
    pub providers: BTreeMap<ProviderId, Provider>,
    /// What the file says about models.
    pub models: BTreeMap<ModelId, ModelRule>,
    /// Spend caps in the order of the file.
    pub caps: Vec<Cap>,
    /// `cost_preflight`.
    pub preflight: Preflight,
    /// `timeouts`.
    pub timeouts: Timeouts,
    /// `retry`.
    pub retry: Retry,
    /// `breaker`: when a model that keeps failing rests, and for how long.
    pub breaker: Breaker,
    /// `concurrency`: how many calls one process has under way at once.
    pub concurrency: Concurrency,
    /// `cache`: how long and how much the exact cache keeps, for classes that opt in.
    pub cache: Cache,
    /// `prices`: whether and where list prices are refreshed.
    pub prices: Prices,
    /// `profiles` by name; one of them may be laid over the rest (see [`Policy::with_profile`]).
    pub profiles: BTreeMap<ProfileName, Profile>,
    /// What the profile that is laid over the file allows at most; nothing where none is.
    pub bounds: Bounds,
    /// `data_policy`: rules about what may be sent where. They hold for every call.
    pub data_policy: Vec<Rule>,
    /// Keys that restrain but are not built yet: what they cover is refused, never run unguarded.
    pub refused: Vec<Refusal>,
    /// Keys nobody here knows, let through because a file of llm-gateway-mcp may have them: path
    /// and value. Without effect, and a change of them is taken for widening.
    pub unknown_keys: BTreeMap<String, String>,
    /// Whose list prices hold: those of this day. The day of the list itself, until somebody with a
    /// clock says which day it is.
    pub day: Date,
    /// A list of prices that was fetched since; nothing where none was, or where the file does not want it.
    pub refreshed: Option<Arc<Refreshed>>,
}

/// What the file says about one model.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ModelRule {
    /// Its key in the file, where that is not its id: the provider has another name there.
    pub key: Option<String>,
    /// Told to the calling model.
    pub description: Option<String>,
    /// Good for, told to the calling model.
    pub use_for: Option<String>,
    /// Not good for, told to the calling model.
    pub avoid_for: Option<String>,
    /// Tokens of context.
    pub context: Option<u64>,
    /// The most output tokens.
    pub max_output: Option<u64>,
    /// Whether it may be sent pictures; `None` where the file does not say, and then it may.
    pub images: Option<bool>,
    /// What its tokens cost. Absent: its list price holds; where there is none, calls are denied.
    pub price: Option<Price>,
    /// Where the price stands in the file, from 1; 0 without one.
    pub price_line: usize,
    /// Other names by which `chat_completion` may ask for it.
    pub aliases: Vec<String>,
    /// `false` takes it out of use.
    pub enabled: bool,
    /// L0 to L3 as the person labelled it.
    pub tier: Option<Tier>,
}

/// How dear a model is, as a label.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tier {
    /// Free or local.
    L0,
    /// Cheap.
    L1,
    /// Middle.
    L2,
    /// Premium; also unknown.
    L3,
}

impl Tier {
    /// The label as written.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::L0 => "L0",
            Self::L1 => "L1",
            Self::L2 => "L2",
            Self::L3 => "L3",
        }
    }
}

/// `cost_preflight`: product.md §5.4.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Preflight {
    /// Off skips the two likely-cost gates; caps hold all the same.
    pub enabled: bool,
    /// Characters in a token, for the *likely* cost. In hundredths: 4 is 400.
    pub chars_per_token_x100: u32,
    /// A likely cost from here is said in `warnings`.
    pub warn: MicroUsd,
    /// A likely cost from here is denied.
    pub block: MicroUsd,
}

impl Default for Preflight {
    fn default() -> Self {
        Self {
            enabled: true,
            chars_per_token_x100: 400,
            warn: MicroUsd::from_micros(500_000),
            block: MicroUsd::from_micros(15_000_000),
        }
    }
}

/// `timeouts`: product.md §4.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// To connect.
    pub connect: Duration,
    /// To the first token.
    pub first_token: Duration,
    /// To the first token of a slow target: local, or a class with `timeout_s` of 120 or more.
    pub first_token_slow: Duration,
    /// Between two signs of life in a stream.
    pub idle: Duration,
    /// The deadline of a call over all targets and retries.
    pub total: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            first_token: Duration::from_secs(10),
            first_token_slow: Duration::from_secs(120),
            idle: Duration::from_secs(15),
            total: Duration::from_secs(60),
        }
    }
}

/// `retry`: product.md §5.9.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Retry {
    /// Waits before the second, third, … attempt on one target.
    pub delays: Vec<Duration>,
    /// Each wait varies by this share, in thousandths: 0.2 is 200.
    pub jitter_x1000: u32,
}

impl Default for Retry {
    fn default() -> Self {
        Self { delays: [1, 3, 7].map(Duration::from_secs).to_vec(), jitter_x1000: 200 }
    }
}

/// `breaker`: product.md §5.8.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Breaker {
    /// Requests that fail in a row before a model rests.
    pub failures: u32,
    /// How long it rests before one call tries it again.
    pub cooldown: Duration,
}

impl Default for Breaker {
    fn default() -> Self {
        Self { failures: 5, cooldown: Duration::from_secs(60) }
    }
}

/// `concurrency`: product.md §5, at its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Concurrency {
    /// Calls under way at once in one process.
    pub global: u32,
    /// Of these, at one provider.
    pub per_provider: u32,
}

impl Default for Concurrency {
    fn default() -> Self {
        Self { global: 4, per_provider: 2 }
    }
}

/// `cache`: product.md §4.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cache {
    /// How long an answer is kept.
    pub ttl: Duration,
    /// How much room kept answers may take, in MB of a million bytes.
    pub max_mb: u64,
}

impl Default for Cache {
    fn default() -> Self {
        Self { ttl: Duration::from_secs(86_400), max_mb: 200 }
    }
}

/// `prices`: the list of the day, beside the one of this program.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Prices {
    /// How often it is fetched.
    pub refresh: Refresh,
    /// From where; absent: [`published::ADDRESS`].
    pub url: Option<BaseUrl>,
}

/// How often list prices are fetched.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Refresh {
    /// Never; one that was fetched before has no effect.
    #[default]
    Off,
    /// Once a day, by the app.
    Daily,
}

impl Prices {
    /// Where the list is. `None` where [`published::ADDRESS`] is no address, which a test rules out.
    pub fn address(&self) -> Option<BaseUrl> {
        self.url.clone().or_else(|| BaseUrl::parse(published::ADDRESS).ok())
    }
}

/// A key of the file that restrains and is not built in this version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The classes it covers; `None` is every call.
    pub class: Option<TaskClass>,
    /// The key, such as `data_policy` or `caps[2].on_hit`.
    pub key: String,
    /// Where it stands, from 1.
    pub line: usize,
}

/// How bad a [`Problem`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The file cannot become active.
    Error,
    /// It can; the person should know.
    Warning,
}

/// Something about the file, with its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// How bad it is.
    pub severity: Severity,
    /// From 1.
    pub line: usize,
    /// From 1, in characters.
    pub column: usize,
    /// What is wrong and what to write instead.
    pub sentence: String,
    /// What would mend it, where that can be told.
    pub fix: Option<Fix>,
}

/// A change within one line that would mend a [`Problem`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fix {
    /// A button: "Write max_tokens".
    pub title: String,
    /// From 1.
    pub line: usize,
    /// The first character it replaces, from 1.
    pub column: usize,
    /// The one behind the last it replaces.
    pub end_column: usize,
    /// What is written there.
    pub text: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}: {}", self.line, self.column, self.sentence)
    }
}

/// What reading a file gave: a policy where there is no error, and everything found on the way.
#[derive(Clone, Debug, PartialEq)]
pub struct Reading {
    /// `None` where there is at least one error.
    pub policy: Option<Policy>,
    /// All problems, in the order of the file.
    pub problems: Vec<Problem>,
}

impl Policy {
    /// The rule of a class.
    pub fn class(&self, class: &TaskClass) -> Option<&ClassRule> {
        self.classes.iter().find(|rule| rule.class == *class)
    }

    /// What the file says of a model; the empty rule where it says nothing.
    pub fn model(&self, id: &ModelId) -> ModelRule {
        self.models.get(id).cloned().unwrap_or_else(|| ModelRule { enabled: true, ..ModelRule::default() })
    }

    /// Every model a caller may name: listed under `models` and enabled, or used by a class.
    pub fn callable(&self) -> Vec<ModelId> {
        let used = self.classes.iter().flat_map(ClassRule::models);
        let mut all: Vec<_> = self.models.keys().chain(used).filter(|id| self.model(id).enabled).cloned().collect();
        all.sort();
        all.dedup();
        all
    }
}
