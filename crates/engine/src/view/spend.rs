//! The Spend page: what was spent in a period and on what, the caps as they are enforced, and the ledger.
//! Plain values for the window; every amount carries its text, and every sum agrees with `spend_report`
//! and the accounts: times are those of the reservation, days are cut in the ledger's zone.

use pointsman_core::code::Denial;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::{Money, NamedChoice};

mod cap_edit;
mod caps;
mod compare;
mod export;
mod ledger;
mod page;
mod period;
mod series;

pub use cap_edit::{CapEdited, CapFault, CapField, CapForm, with_cap, without_cap};
pub use caps::{AlertMark, CapCard, CapOnHit, CapScope, CapWindow};
pub use compare::Comparison;
pub use export::{ExportFormat, Exported};
pub use ledger::{LedgerFilter, LedgerMark, LedgerPage, LedgerRow, LedgerSums, SettledBy};
pub use period::SpendPeriod;
pub use series::{Bucket, BucketUnit, SpendBy, SpendSeries};

/// The page for one period.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct SpendPage {
    /// First day.
    pub from: String,
    /// Last day, included.
    pub to: String,
    /// The day it is now, in the ledger's zone.
    pub today: String,
    /// The zone in which days are cut, such as `Europe/Berlin`.
    pub zone: String,
    /// Whether anything was ever sent.
    pub ever: bool,
    /// Charged in the period.
    pub total: Money,
    /// Of that, assumed because nobody counted; `None` where nothing is.
    pub assumed: Option<Money>,
    /// The limit for all calls in just this period, where it is a day or a month that has one.
    pub limit: Option<Money>,
    /// Held now by calls under way.
    pub held: Money,
    /// Requests that were sent in the period.
    pub requests: u32,
    /// By what the series are grouped.
    pub by: SpendBy,
    /// What a bar stands for.
    pub unit: BucketUnit,
    /// The bars in their order, those to come too.
    pub buckets: Vec<Bucket>,
    /// What the bars are made of, the dearest first: at most five and what is left.
    pub series: Vec<SpendSeries>,
    /// Where the grid lines are, zero first: at most four.
    pub ticks: Vec<Money>,
    /// What this month may come to.
    pub forecast: MonthForecast,
    /// What the cache saved in the period.
    pub cache: CacheSaving,
    /// The caps of the active policy, each account one card, in the order of the file.
    pub caps: Vec<CapCard>,
    /// Why no cap can be shown, where that is so.
    pub caps_trouble: Option<String>,
    /// What a cap can be set on.
    pub choices: CapChoices,
}

/// What this month may come to, or why that cannot be said yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct MonthForecast {
    /// `None` while there are too few days.
    pub range: Option<ForecastRange>,
    /// How it is made, or what is missing.
    pub method: String,
    /// When the month ends, in ms since 1970.
    #[ts(type = "number")]
    pub ends_ms: i64,
}

/// A range, rounded outwards.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ForecastRange {
    /// `$29 to $36`.
    pub text: String,
    /// The cheaper end of a day to come.
    pub day_low: Money,
    /// The dearer end of a day to come.
    pub day_high: Money,
    /// How many whole days it is from.
    pub from_days: u32,
}

/// What answers that were kept would have cost again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct CacheSaving {
    /// How many were given again.
    pub answers: u32,
    /// What their tokens would have cost at the price of the day they were given again.
    pub saved: Money,
}

/// Names a cap can have, by what it counts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct CapChoices {
    /// Providers the policy uses.
    pub providers: Vec<NamedChoice>,
    /// Models that may be named.
    pub models: Vec<NamedChoice>,
    /// Clients that can be connected or were seen.
    pub clients: Vec<NamedChoice>,
    /// Task classes.
    pub classes: Vec<NamedChoice>,
    /// Projects that were seen.
    pub projects: Vec<NamedChoice>,
    /// Whether a class has a model of this machine: then a cap can leave those.
    pub local: bool,
}

/// The sentence of a period that is none.
fn no_period(why: String) -> Denial {
    Denial::new(pointsman_core::code::Code::InvalidRequest, why)
}
