//! Caps and the windows they count in. Pure: the instant and the time zone are parameters.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

use crate::id::ProviderId;
use crate::money::MicroUsd;

/// What a cap counts.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// Every call.
    All,
    /// Calls of one provider; without a name, one account for each provider.
    Provider(Option<ProviderId>),
}

/// Over which span a cap counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Window {
    /// One model call with its retries.
    Call,
    /// One tool call with all its steps.
    Flow,
    /// A calendar day in the ledger's zone.
    Day,
    /// A calendar month in the ledger's zone.
    Month,
}

impl Window {
    /// The word in routing.yaml.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Call => "call",
            Self::Flow => "flow",
            Self::Day => "day",
            Self::Month => "month",
        }
    }
}

/// A limit the person set. What happens at it is always `block` so far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cap {
    /// What it counts.
    pub scope: Scope,
    /// Over which span.
    pub window: Window,
    /// Charged plus held never passes this.
    pub limit: MicroUsd,
    /// Where it stands in the file, from 1.
    pub line: usize,
}

impl Cap {
    /// Whether a call of this provider counts against the cap.
    pub fn matches(&self, provider: &ProviderId) -> bool {
        match &self.scope {
            Scope::All | Scope::Provider(None) => true,
            Scope::Provider(Some(name)) => name == provider,
        }
    }

    /// The cap in a person's words: "the day cap of $2.00", "the month cap of $5.00 for openai".
    pub fn title(&self, provider: &ProviderId) -> String {
        let whom = match self.scope {
            Scope::All => String::new(),
            Scope::Provider(_) => format!(" for {provider}"),
        };
        format!("the {} cap of {}{whom}", self.window.as_str(), self.limit.total())
    }
}

/// A calendar window: the unit a day or month cap counts in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    /// `2026-11-21` or `2026-11`: sorts by time.
    pub key: String,
    /// First instant.
    pub start: Timestamp,
    /// First instant after it.
    pub end: Timestamp,
}

/// The day or month an instant lies in. `None` for `call` and `flow`, which are not calendar units.
///
/// Days begin at the first instant of the civil date, so a day without a midnight (DST at 00:00)
/// begins when it begins. Where the zone's arithmetic overflows (years beyond 9999) the span ends
/// at the largest instant: it closes later, never earlier.
pub fn span(window: Window, at: Timestamp, zone: &TimeZone) -> Option<Span> {
    let date = at.to_zoned(zone.clone()).date();
    let (key, first, next) = match window {
        Window::Call | Window::Flow => return None,
        Window::Day => (date.to_string(), date, date.checked_add(1.day())),
        Window::Month => {
            let first = date.first_of_month();
            (first.strftime("%Y-%m").to_string(), first, first.checked_add(1.month()))
        }
    };
    let instant = |date: Date| date.to_zoned(zone.clone()).map(|zoned| zoned.timestamp());
    Some(Span {
        key,
        start: instant(first).unwrap_or(Timestamp::MIN),
        end: next.and_then(instant).unwrap_or(Timestamp::MAX),
    })
}

/// Where an account of a cap stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Balance {
    /// Settled.
    pub charged: MicroUsd,
    /// Reserved by calls that are under way.
    pub held: MicroUsd,
}

impl Balance {
    /// What a new hold may take.
    pub fn left(&self, limit: MicroUsd) -> MicroUsd {
        limit.minus(self.charged).minus(self.held).or_zero()
    }

    /// I2: whether a hold fits.
    pub fn admits(&self, limit: MicroUsd, hold: MicroUsd) -> bool {
        self.charged.plus(self.held).plus(hold) <= limit
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn zone(name: &str) -> TimeZone {
        TimeZone::get(name).expect("a zone of the database")
    }

    fn at(text: &str) -> Timestamp {
        text.parse().expect("a timestamp")
    }

    #[test]
    fn a_day_is_a_calendar_day_also_when_the_clocks_change() {
        let berlin = zone("Europe/Berlin");
        for (instant, key, hours) in [
            ("2026-03-29T00:30:00Z", "2026-03-29", 23),
            ("2026-10-24T22:30:00Z", "2026-10-25", 25),
            ("2026-11-21T22:59:59Z", "2026-11-21", 24),
            ("2026-11-21T23:00:00Z", "2026-11-22", 24),
        ] {
            let day = span(Window::Day, at(instant), &berlin).expect("a calendar window");
            assert_eq!(day.key, key);
            assert_eq!((day.end.as_second() - day.start.as_second()) / 3600, hours, "{key}");
        }
        // Clocks go forward at midnight here: the day begins at 01:00.
        let beirut = span(Window::Day, at("2026-03-28T23:30:00Z"), &zone("Asia/Beirut")).expect("a calendar window");
        assert_eq!((beirut.end.as_second() - beirut.start.as_second()) / 3600, 23);
    }

    #[test]
    fn a_month_ends_with_its_last_day() {
        let month = span(Window::Month, at("2026-12-31T23:30:00Z"), &zone("Europe/Berlin")).expect("a calendar window");
        assert_eq!(month.key, "2027-01");
        assert_eq!(month.start, at("2026-12-31T23:00:00Z"));
    }

    #[test]
    fn i2_a_hold_fits_only_whole() {
        let limit = MicroUsd::from_micros(100);
        let balance = Balance { charged: MicroUsd::from_micros(40), held: MicroUsd::from_micros(30) };
        assert!(balance.admits(limit, MicroUsd::from_micros(30)));
        assert!(!balance.admits(limit, MicroUsd::from_micros(31)));
        assert_eq!(balance.left(limit), MicroUsd::from_micros(30));
        assert!(!balance.admits(limit, MicroUsd::MAX), "an overflowing hold does not fit");
    }
}
