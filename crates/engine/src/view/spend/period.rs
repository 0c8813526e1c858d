//! Which days are looked at. Days begin in the ledger's zone, as those of caps do.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use pointsman_core::budget::{self, Window};
use pointsman_core::code::Denial;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::no_period;

/// The longest period, in days: about ten years.
const LONGEST: i32 = 3_660;

/// A period as it is chosen.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum SpendPeriod {
    /// Today.
    Today,
    /// Today and the six days before.
    Week,
    /// This calendar month, also the days to come.
    #[default]
    Month,
    /// The calendar month before.
    LastMonth,
    /// Today and the 29 days before.
    Days30,
    /// From one day to another.
    Between {
        /// First day, as `2026-11-01`.
        from: String,
        /// Last day, included.
        to: String,
    },
}

/// Days as instants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Days {
    pub(super) from: Date,
    pub(super) to: Date,
    pub(super) today: Date,
    /// First instant, in ms since 1970.
    pub(super) begin_ms: i64,
    /// First instant after it.
    pub(super) end_ms: i64,
}

impl SpendPeriod {
    /// The days it stands for now.
    ///
    /// # Errors
    /// Where a day is not one, the last is before the first, or the two are more than ten years apart.
    pub(super) fn days(&self, now: Timestamp, zone: &TimeZone) -> Result<Days, Denial> {
        let today = now.to_zoned(zone.clone()).date();
        let before = |days: i32| today.saturating_sub(days.days());
        let (from, to) = match self {
            Self::Today => (today, today),
            Self::Week => (before(6), today),
            Self::Month => (today.first_of_month(), today.last_of_month()),
            Self::LastMonth => {
                let last = today.first_of_month().saturating_sub(1.day());
                (last.first_of_month(), last)
            }
            Self::Days30 => (before(29), today),
            Self::Between { from, to } => (day(from)?, day(to)?),
        };
        if to < from {
            return Err(no_period(format!("{to} is before {from}. Choose a last day that is not before the first.")));
        }
        if from.until(to).map_or(i32::MAX, |span| span.get_days()) > LONGEST {
            return Err(no_period("That is more than ten years. Choose a shorter period.".to_owned()));
        }
        let noon = |date: Date| date.at(12, 0, 0, 0).to_zoned(zone.clone()).map_or(now, |zoned| zoned.timestamp());
        let span = |date| budget::span(Window::Day, noon(date), zone);
        let begin_ms = span(from).map_or(0, |span| span.start.as_millisecond());
        let end_ms = span(to).map_or(i64::MAX, |span| span.end.as_millisecond());
        Ok(Days { from, to, today, begin_ms, end_ms })
    }
}

fn day(text: &str) -> Result<Date, Denial> {
    text.parse().map_err(|_| no_period(format!("{text:?} is not a day. Write it as 2026-11-21.")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(period: &SpendPeriod) -> Result<(String, String, i64), String> {
        let zone = TimeZone::get("Europe/Berlin").unwrap();
        let now: Timestamp = "2026-11-21T13:24:00Z".parse().unwrap();
        let days = period.days(now, &zone).map_err(|denial| denial.sentence)?;
        Ok((days.from.to_string(), days.to.to_string(), (days.end_ms - days.begin_ms) / 3_600_000))
    }

    #[test]
    fn a_period_is_whole_days_of_the_zone() {
        let between = |from: &str, to: &str| SpendPeriod::Between { from: from.into(), to: to.into() };
        let rows = [
            (SpendPeriod::Today, "2026-11-21", "2026-11-21", 24),
            (SpendPeriod::Week, "2026-11-15", "2026-11-21", 7 * 24),
            (SpendPeriod::Month, "2026-11-01", "2026-11-30", 30 * 24),
            (SpendPeriod::LastMonth, "2026-10-01", "2026-10-31", 31 * 24 + 1),
            (SpendPeriod::Days30, "2026-10-23", "2026-11-21", 30 * 24 + 1),
            (between("2026-03-29", "2026-03-29"), "2026-03-29", "2026-03-29", 23),
        ];
        for (period, from, to, hours) in rows {
            assert_eq!(of(&period), Ok((from.to_owned(), to.to_owned(), hours)), "{period:?}");
        }
        assert!(of(&between("2026-11-21", "2026-11-20")).unwrap_err().contains("is before"));
        assert!(of(&between("21.11.2026", "2026-11-20")).unwrap_err().contains("is not a day"));
        assert!(of(&between("1999-01-01", "2026-11-20")).unwrap_err().contains("ten years"));
    }
}
