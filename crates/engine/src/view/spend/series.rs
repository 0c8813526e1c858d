//! What was charged, in bars: one for each hour, day, week or month, made of at most five series and what is
//! left. Reads the same rows as `spend_report`, so the two agree to the millionth.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use pointsman_core::budget::{self, Window};
use pointsman_core::money::MicroUsd;
use rusqlite::{Connection, params};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::Money;
use super::period::Days;
use crate::ledger::LedgerError;
use crate::report::MOVEMENTS;

/// So many series have a colour of their own.
const MOST: usize = 5;
/// Up to so many days a bar is a day; up to so many more a week.
const DAYS: i64 = 45;
const WEEKS: i64 = 370;
/// No period has more bars: ten years of months.
const MOST_BARS: usize = 130;
const DAY_MS: i64 = 86_400_000;

/// By what bars are divided.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum SpendBy {
    /// By model.
    #[default]
    Model,
    /// By provider.
    Provider,
    /// By client.
    Client,
    /// By task class.
    Class,
    /// By project.
    Project,
}

impl SpendBy {
    /// The SQL expression over [`MOVEMENTS`], from this list only.
    const fn column(self) -> &'static str {
        match self {
            Self::Model => "provider || '/' || model",
            Self::Provider => "provider",
            Self::Client => "client",
            Self::Class => "class",
            Self::Project => "project",
        }
    }

    /// What a name of it is called; calls without a client or project have none.
    fn title(self, name: &str) -> String {
        match (self, name) {
            (Self::Client, "") => "no client".to_owned(),
            (Self::Project, "") => "no project".to_owned(),
            (Self::Client, id) => crate::clients::title(id).unwrap_or(id).to_owned(),
            (Self::Model, id) => id.split_once('/').map_or(id, |(_, model)| model).to_owned(),
            (Self::Provider | Self::Class | Self::Project, name) => name.to_owned(),
        }
    }
}

/// What one bar stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum BucketUnit {
    /// An hour of the clock.
    Hour,
    /// A calendar day.
    Day,
    /// Monday to Sunday.
    Week,
    /// A calendar month.
    Month,
}

impl BucketUnit {
    fn of(days: &Days) -> Self {
        let span = (days.end_ms - days.begin_ms) / DAY_MS;
        if span <= 1 {
            Self::Hour
        } else if span <= DAYS {
            Self::Day
        } else if span <= WEEKS {
            Self::Week
        } else {
            Self::Month
        }
    }

    const fn window(self) -> Window {
        match self {
            Self::Hour => Window::Hour,
            Self::Day => Window::Day,
            Self::Week => Window::Week,
            Self::Month => Window::Month,
        }
    }
}

/// One bar.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Bucket {
    /// When it begins, in ms since 1970.
    #[ts(type = "number")]
    pub start_ms: i64,
    /// All that was charged in it.
    pub total: Money,
    /// Whether it has not begun yet.
    pub to_come: bool,
}

/// One colour of the bars.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct SpendSeries {
    /// As the ledger has it: `openai/gpt-6`; `None` for all that have no colour of their own.
    pub name: Option<String>,
    /// As shown.
    pub title: String,
    /// Over all bars.
    pub total: Money,
    /// Requests that were sent.
    pub requests: u32,
    /// One for each bar.
    pub amounts: Vec<Money>,
}

/// What a period came to, in bars.
pub(super) struct Bars {
    pub(super) unit: BucketUnit,
    pub(super) buckets: Vec<Bucket>,
    pub(super) series: Vec<SpendSeries>,
    pub(super) total: MicroUsd,
    pub(super) assumed: MicroUsd,
    /// The dearest bar.
    pub(super) most: MicroUsd,
}

/// The bars of a period.
pub(super) fn bars(
    connection: &Connection,
    days: &Days,
    by: SpendBy,
    now: Timestamp,
    zone: &TimeZone,
) -> Result<Bars, LedgerError> {
    let unit = BucketUnit::of(days);
    let starts = starts(unit, days, zone);
    let mut query = connection.prepare(&format!(
        "SELECT {}, made_ms, request_id, amount, assumed FROM ({MOVEMENTS}) WHERE made_ms >= ?1 AND made_ms < ?2",
        by.column()
    ))?;
    let (mut groups, mut assumed) = (BTreeMap::<String, Group>::new(), MicroUsd::ZERO);
    let mut rows = query.query(params![days.begin_ms, days.end_ms])?;
    while let Some(row) = rows.next()? {
        let (made_ms, amount): (i64, _) = (row.get(1)?, MicroUsd::from_micros(row.get(3)?));
        // The last bar that has begun by then; the first instant of the period begins one.
        let at = starts.partition_point(|start| *start <= made_ms).saturating_sub(1);
        let group = groups.entry(row.get(0)?).or_insert_with(|| Group::new(starts.len()));
        group.requests.push(row.get(2)?);
        if let Some(bar) = group.amounts.get_mut(at) {
            *bar = bar.plus(amount);
        }
        assumed = assumed.plus(MicroUsd::from_micros(row.get(4)?));
    }
    let sorted = sorted(groups, by, starts.len());
    let total = |at: usize| sorted.iter().fold(MicroUsd::ZERO, |sum, one| sum.plus(one.amount(at)));
    let totals: Vec<MicroUsd> = (0..starts.len()).map(total).collect();
    let now_ms = now.as_millisecond();
    let bucket = |(start_ms, total): (&i64, &MicroUsd)| Bucket {
        start_ms: *start_ms,
        total: Money::total(*total),
        to_come: *start_ms > now_ms,
    };
    Ok(Bars {
        unit,
        buckets: starts.iter().zip(&totals).map(bucket).collect(),
        total: totals.iter().fold(MicroUsd::ZERO, |sum, one| sum.plus(*one)),
        most: totals.iter().copied().max().unwrap_or_default(),
        series: sorted,
        assumed,
    })
}

/// Where each bar begins, in ms since 1970, ascending. The first one begins with the period, also within a
/// week or month.
fn starts(unit: BucketUnit, days: &Days, zone: &TimeZone) -> Vec<i64> {
    let mut starts = vec![days.begin_ms];
    let mut at = days.begin_ms;
    while starts.len() < MOST_BARS {
        let span = Timestamp::from_millisecond(at).ok().and_then(|at| budget::span(unit.window(), at, zone));
        let Some(next) = span.map(|span| span.end.as_millisecond()).filter(|next| (at + 1..days.end_ms).contains(next))
        else {
            break;
        };
        starts.push(next);
        at = next;
    }
    starts
}

struct Group {
    amounts: Vec<MicroUsd>,
    requests: Vec<String>,
}

impl Group {
    fn new(bars: usize) -> Self {
        Self { amounts: vec![MicroUsd::ZERO; bars], requests: Vec::new() }
    }

    fn total(&self) -> MicroUsd {
        self.amounts.iter().fold(MicroUsd::ZERO, |sum, one| sum.plus(*one))
    }

    fn absorb(&mut self, other: Self) {
        for (mine, theirs) in self.amounts.iter_mut().zip(other.amounts) {
            *mine = mine.plus(theirs);
        }
        self.requests.extend(other.requests);
    }

    fn series(mut self, name: Option<String>, title: String) -> SpendSeries {
        self.requests.sort_unstable();
        self.requests.dedup();
        SpendSeries {
            name,
            title,
            total: Money::total(self.total()),
            requests: u32::try_from(self.requests.len()).unwrap_or(u32::MAX),
            amounts: self.amounts.into_iter().map(Money::row).collect(),
        }
    }
}

impl SpendSeries {
    fn amount(&self, at: usize) -> MicroUsd {
        self.amounts.get(at).map_or(MicroUsd::ZERO, |amount| MicroUsd::from_micros(amount.micros))
    }
}

/// The dearest five by name, then all others as one; of six each has its name: "others" are several.
fn sorted(groups: BTreeMap<String, Group>, by: SpendBy, bars: usize) -> Vec<SpendSeries> {
    let mut groups: Vec<_> = groups.into_iter().collect();
    groups.sort_by(|a, b| b.1.total().cmp(&a.1.total()).then_with(|| a.0.cmp(&b.0)));
    let own = if groups.len() == MOST + 1 { MOST + 1 } else { MOST };
    let rest = groups.split_off(groups.len().min(own));
    let mut all: Vec<SpendSeries> = groups
        .into_iter()
        .map(|(name, group)| {
            let title = by.title(&name);
            group.series(Some(name), title)
        })
        .collect();
    if !rest.is_empty() {
        let count = rest.len();
        let mut others = Group::new(bars);
        rest.into_iter().for_each(|(_, group)| others.absorb(group));
        all.push(others.series(None, format!("{count} others")));
    }
    all
}

/// Where grid lines are, zero first: at most three above it, at 1, 2 or 5 times a power of ten.
pub(super) fn ticks(most: MicroUsd) -> Vec<Money> {
    let most = most.micros().max(100);
    let (mut step, mut factors) = (1i64, [2i64, 5, 10].iter().cycle());
    let mut base = 1i64;
    while step.saturating_mul(4) <= most {
        let factor = factors.next().copied().unwrap_or(10);
        step = base.saturating_mul(factor);
        if factor == 10 {
            base = step;
        }
    }
    let shown = |micros: i64| {
        let amount = MicroUsd::from_micros(micros);
        let text =
            if micros % 1_000_000 == 0 { amount.total().trim_end_matches(".00").to_owned() } else { amount.exact() };
        Money { micros, text }
    };
    (0..=3).map(|nth| step.saturating_mul(nth)).filter(|micros| *micros <= most.max(step)).map(shown).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::SpendPeriod;

    #[test]
    fn grid_lines_stand_at_round_amounts_and_are_three_at_most() {
        let of = |micros| ticks(MicroUsd::from_micros(micros)).into_iter().map(|tick| tick.text).collect::<Vec<_>>();
        assert_eq!(of(2_210_000), ["$0", "$1", "$2"]);
        assert_eq!(of(3_000_000), ["$0", "$1", "$2", "$3"]);
        assert_eq!(of(3_999_999), ["$0", "$1", "$2", "$3"]);
        assert_eq!(of(4_000_000), ["$0", "$2", "$4"]);
        assert_eq!(of(690_000), ["$0", "$0.20", "$0.40", "$0.60"]);
        assert_eq!(of(1_300), ["$0", "$0.0005", "$0.001"]);
        assert_eq!(of(4_200_000_000), ["$0", "$2,000", "$4,000"]);
        assert!(of(0).len() >= 2, "an empty chart has a grid");
    }

    #[test]
    fn bars_are_the_windows_of_the_zone_and_the_first_begins_with_the_period() {
        let zone = TimeZone::get("Europe/Berlin").unwrap();
        let now: Timestamp = "2026-11-21T13:24:00Z".parse().unwrap();
        let of = |period: SpendPeriod| {
            let days = period.days(now, &zone).unwrap();
            let unit = BucketUnit::of(&days);
            (unit, starts(unit, &days, &zone).len())
        };
        let between = |from: &str, to: &str| SpendPeriod::Between { from: from.into(), to: to.into() };
        assert_eq!(of(SpendPeriod::Today), (BucketUnit::Hour, 24));
        assert_eq!(of(between("2026-10-25", "2026-10-25")), (BucketUnit::Hour, 25), "an hour that comes twice is two");
        assert_eq!(of(SpendPeriod::Month), (BucketUnit::Day, 30));
        assert_eq!(of(SpendPeriod::Days30), (BucketUnit::Day, 30));
        // A Thursday to a Tuesday.
        assert_eq!(of(between("2026-10-01", "2026-11-24")), (BucketUnit::Week, 9));
        assert_eq!(of(between("2025-01-15", "2026-11-21")), (BucketUnit::Month, 23));
    }
}
