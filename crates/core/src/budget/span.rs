//! Windows as spans of time. A later instant never lies in an earlier window, and two windows of one kind
//! never have the same key: also where a clock hour happens twice.

use jiff::civil::Date;
use jiff::tz::{Offset, TimeZone};
use jiff::{SignedDuration, Timestamp, ToSpan, Zoned};

use super::Window;

/// A calendar window: the unit a cap counts in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    /// `2026-11-21T14+01:00`, `2026-11-21`, `2026-W47`, `2026-11` or `total`.
    pub key: String,
    /// First instant.
    pub start: Timestamp,
    /// First instant after it.
    pub end: Timestamp,
}

/// The window an instant lies in. `None` for `call` and `flow`, which are not calendar units.
///
/// Days begin at the first instant of the civil date, so a day without a midnight (DST at 00:00)
/// begins when it begins. An hour is one of the clock at one offset from UTC: the hour that a change of the
/// clocks repeats is two. Where the zone's arithmetic overflows (years beyond 9999) the span ends
/// at the largest instant: it closes later, never earlier.
pub fn span(window: Window, at: Timestamp, zone: &TimeZone) -> Option<Span> {
    let zoned = at.to_zoned(zone.clone());
    let date = zoned.date();
    let (key, first, next) = match window {
        Window::Call | Window::Flow => return None,
        Window::Hour => return Some(hour(&zoned)),
        Window::Total => return Some(Span { key: "total".to_owned(), start: Timestamp::MIN, end: Timestamp::MAX }),
        Window::Day => (date.to_string(), date, date.checked_add(1.day())),
        Window::Week => {
            // The ISO week: its year is that of its Thursday.
            let week = date.iso_week_date();
            let monday = date.checked_sub(i64::from(date.weekday().to_monday_zero_offset()).days()).unwrap_or(date);
            (format!("{}-W{:02}", week.year(), week.week()), monday, monday.checked_add(7.days()))
        }
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

/// From the full hour to the next, cut where the clocks change between.
fn hour(zoned: &Zoned) -> Span {
    let (at, zone) = (zoned.timestamp(), zoned.time_zone());
    let into = i64::from(zoned.minute()) * 60 + i64::from(zoned.second());
    let full = Timestamp::from_second(at.as_second().saturating_sub(into)).unwrap_or(Timestamp::MIN);
    let full = if full > at { at } else { full };
    let next = full.checked_add(SignedDuration::from_hours(1)).unwrap_or(Timestamp::MAX);
    let offset = zoned.offset();
    let same = |instant: Timestamp| offset_at(zone, instant) == offset;
    let start = if same(full) { full } else { last_change(zone, at).unwrap_or(full) };
    let before_next = next.checked_sub(SignedDuration::from_nanos(1)).unwrap_or(next);
    let end = if same(before_next) { next } else { next_change(zone, at).unwrap_or(next) };
    Span { key: zoned.strftime("%Y-%m-%dT%H%:z").to_string(), start, end }
}

fn offset_at(zone: &TimeZone, at: Timestamp) -> Offset {
    zone.to_offset(at)
}

/// The last change of the clocks at or before an instant.
fn last_change(zone: &TimeZone, at: Timestamp) -> Option<Timestamp> {
    let after = at.checked_add(SignedDuration::from_nanos(1)).unwrap_or(at);
    zone.preceding(after).next().map(|change| change.timestamp())
}

/// The first change of the clocks after an instant.
fn next_change(zone: &TimeZone, at: Timestamp) -> Option<Timestamp> {
    zone.following(at).next().map(|change| change.timestamp())
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

    fn of(window: Window, instant: &str, name: &str) -> Span {
        span(window, at(instant), &zone(name)).expect("a calendar window")
    }

    #[test]
    fn a_day_is_a_calendar_day_also_when_the_clocks_change() {
        for (instant, key, hours) in [
            ("2026-03-29T00:30:00Z", "2026-03-29", 23),
            ("2026-10-24T22:30:00Z", "2026-10-25", 25),
            ("2026-11-21T22:59:59Z", "2026-11-21", 24),
            ("2026-11-21T23:00:00Z", "2026-11-22", 24),
        ] {
            let day = of(Window::Day, instant, "Europe/Berlin");
            assert_eq!(day.key, key);
            assert_eq!((day.end.as_second() - day.start.as_second()) / 3600, hours, "{key}");
        }
        // Clocks go forward at midnight here: the day begins at 01:00.
        let beirut = of(Window::Day, "2026-03-28T23:30:00Z", "Asia/Beirut");
        assert_eq!((beirut.end.as_second() - beirut.start.as_second()) / 3600, 23);
    }

    #[test]
    fn a_month_ends_with_its_last_day() {
        let month = of(Window::Month, "2026-12-31T23:30:00Z", "Europe/Berlin");
        assert_eq!(month.key, "2027-01");
        assert_eq!(month.start, at("2026-12-31T23:00:00Z"));
        let february = of(Window::Month, "2028-02-29T12:00:00Z", "UTC");
        assert_eq!((february.key.as_str(), february.end), ("2028-02", at("2028-03-01T00:00:00Z")));
    }

    #[test]
    fn a_week_runs_from_monday_also_over_the_new_year() {
        for (instant, key, start) in [
            ("2026-12-31T12:00:00Z", "2026-W53", "2026-12-28T00:00:00Z"),
            ("2027-01-03T23:59:59Z", "2026-W53", "2026-12-28T00:00:00Z"),
            ("2027-01-04T00:00:00Z", "2027-W01", "2027-01-04T00:00:00Z"),
            ("2024-12-30T00:00:00Z", "2025-W01", "2024-12-30T00:00:00Z"),
        ] {
            let week = of(Window::Week, instant, "UTC");
            assert_eq!((week.key.as_str(), week.start), (key, at(start)), "{instant}");
        }
        let longer = of(Window::Week, "2026-10-21T12:00:00Z", "Europe/Berlin");
        assert_eq!((longer.end.as_second() - longer.start.as_second()) / 3600, 169, "the clocks go back in it");
    }

    #[test]
    fn an_hour_is_one_of_the_clock_and_the_repeated_one_is_two() {
        for (instant, name, key, start, end) in [
            ("2026-11-21T13:59:59.9Z", "UTC", "2026-11-21T13+00:00", "2026-11-21T13:00:00Z", "2026-11-21T14:00:00Z"),
            // Half an hour off UTC: still from full hour to full hour of the clock.
            (
                "2026-11-21T13:10:00Z",
                "Asia/Kolkata",
                "2026-11-21T18+05:30",
                "2026-11-21T12:30:00Z",
                "2026-11-21T13:30:00Z",
            ),
            (
                "2026-10-25T00:30:00Z",
                "Europe/Berlin",
                "2026-10-25T02+02:00",
                "2026-10-25T00:00:00Z",
                "2026-10-25T01:00:00Z",
            ),
            (
                "2026-10-25T01:30:00Z",
                "Europe/Berlin",
                "2026-10-25T02+01:00",
                "2026-10-25T01:00:00Z",
                "2026-10-25T02:00:00Z",
            ),
            (
                "2026-03-29T00:59:59Z",
                "Europe/Berlin",
                "2026-03-29T01+01:00",
                "2026-03-29T00:00:00Z",
                "2026-03-29T01:00:00Z",
            ),
            (
                "2026-03-29T01:00:00Z",
                "Europe/Berlin",
                "2026-03-29T03+02:00",
                "2026-03-29T01:00:00Z",
                "2026-03-29T02:00:00Z",
            ),
            // The clocks go back by half an hour, at 02:00 to 01:30.
            (
                "2026-04-04T14:59:00Z",
                "Australia/Lord_Howe",
                "2026-04-05T01+11:00",
                "2026-04-04T14:00:00Z",
                "2026-04-04T15:00:00Z",
            ),
            (
                "2026-04-04T15:10:00Z",
                "Australia/Lord_Howe",
                "2026-04-05T01+10:30",
                "2026-04-04T15:00:00Z",
                "2026-04-04T15:30:00Z",
            ),
            // And forward by half an hour, at 02:00 to 02:30.
            (
                "2026-10-03T15:45:00Z",
                "Australia/Lord_Howe",
                "2026-10-04T02+11:00",
                "2026-10-03T15:30:00Z",
                "2026-10-03T16:00:00Z",
            ),
        ] {
            let hour = of(Window::Hour, instant, name);
            assert_eq!((hour.key.as_str(), hour.start, hour.end), (key, at(start), at(end)), "{instant} in {name}");
        }
    }

    /// Windows of one kind follow each other without a gap and without sharing an instant or a key.
    #[test]
    fn windows_tile_the_time() {
        for name in ["Europe/Berlin", "Australia/Lord_Howe", "Asia/Kolkata", "Asia/Beirut", "UTC"] {
            for window in [Window::Hour, Window::Day, Window::Week, Window::Month] {
                let mut here = of(window, "2026-03-20T10:00:00Z", name);
                let mut keys = std::collections::BTreeSet::new();
                for _ in 0..400 {
                    assert!(here.start < here.end, "{here:?}");
                    assert!(keys.insert(here.key.clone()), "{} twice in {name}", here.key);
                    let next = span(window, here.end, &zone(name)).expect("a calendar window");
                    assert_eq!(next.start, here.end, "{name}: {} and {}", here.key, next.key);
                    let last = here.end.checked_sub(SignedDuration::from_nanos(1)).expect("in range");
                    assert_eq!(span(window, last, &zone(name)), Some(here), "{name}");
                    here = next;
                }
            }
        }
    }

    #[test]
    fn total_is_one_window_for_ever_and_a_call_is_none() {
        assert_eq!(of(Window::Total, "1970-01-01T00:00:00Z", "UTC"), of(Window::Total, "2999-01-01T00:00:00Z", "UTC"));
        for window in [Window::Call, Window::Flow] {
            assert_eq!(span(window, at("2026-11-21T12:00:00Z"), &zone("UTC")), None);
        }
    }
}
