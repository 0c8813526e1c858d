//! What a month may come to, from the days so far. A range and never one number: what people ask of models
//! tomorrow is not known. In integers; nothing here reads a clock or a ledger.
//!
//! The method is one sentence that the page can say: the days to come are as the cheaper half of the last
//! whole days, or as the dearer half.

use crate::money::MicroUsd;

/// The fewest whole days a forecast is made from.
pub const FEWEST_DAYS: usize = 3;
/// The most whole days that are looked at, the last ones: older habits say little.
pub const MOST_DAYS: usize = 14;

/// The days of a month as they stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Days {
    /// What each whole day before today came to, oldest first, from the first day anything was asked on.
    /// May begin before the month; a day on which nothing was asked is zero.
    pub whole: Vec<MicroUsd>,
    /// What the month came to before today.
    pub before: MicroUsd,
    /// What today has come to so far.
    pub today: MicroUsd,
    /// How many days of the month come after today.
    pub after: u32,
}

/// What the month may come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Forecast {
    /// If the days to come are as the cheaper half.
    pub low: MicroUsd,
    /// If they are as the dearer half.
    pub high: MicroUsd,
    /// The mean of the cheaper half of the days, rounded down.
    pub day_low: MicroUsd,
    /// The mean of the dearer half of the days, rounded up.
    pub day_high: MicroUsd,
    /// How many whole days it is from.
    pub from_days: usize,
}

/// The range a month may come to; `None` from fewer than three whole days.
///
/// Each day to come counts as the mean of the cheaper half of the last whole days (at most 14), or of the
/// dearer half; of an odd number the middle day belongs to both. Today counts as such a day, or as what it
/// has come to already where that is more. So a month is never forecast below what is spent.
pub fn forecast(days: &Days) -> Option<Forecast> {
    let mut last: Vec<MicroUsd> = days.whole.iter().rev().take(MOST_DAYS).copied().collect();
    if last.len() < FEWEST_DAYS {
        return None;
    }
    last.sort_unstable();
    let half = last.len().div_ceil(2);
    let sum = |days: &[MicroUsd]| days.iter().map(|day| i128::from(day.or_zero().micros())).sum::<i128>();
    let (cheap, dear) = (sum(&last[..half]), sum(&last[last.len() - half..]));
    let count = i128::try_from(half).unwrap_or(i128::MAX);
    let (day_low, day_high) = (amount(cheap / count), amount((dear + count - 1) / count));
    let month = |day: MicroUsd| {
        let rest = amount(i128::from(day.micros()) * i128::from(days.after));
        days.before.plus(days.today.max(day)).plus(rest)
    };
    Some(Forecast { low: month(day_low), high: month(day_high), day_low, day_high, from_days: last.len() })
}

impl Forecast {
    /// The range as it is shown: whole dollars from ten dollars on (`$29 to $36`), cents below, always
    /// rounded outwards. One amount where both ends look alike.
    pub fn text(&self) -> String {
        let unit = if self.high.micros() >= 10_000_000 { 1_000_000 } else { 10_000 };
        let (low, high) = (self.low.micros() / unit * unit, (self.high.micros() + unit - 1) / unit * unit);
        let shown = |micros: i64| {
            let text = MicroUsd::from_micros(micros).total();
            if unit == 1_000_000 { text.trim_end_matches(".00").to_owned() } else { text }
        };
        if low == high { shown(low) } else { format!("{} to {}", shown(low), shown(high)) }
    }
}

fn amount(micros: i128) -> MicroUsd {
    i64::try_from(micros).map_or(MicroUsd::MAX, MicroUsd::from_micros)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cents(amounts: &[i64]) -> Vec<MicroUsd> {
        amounts.iter().map(|cents| MicroUsd::from_micros(cents * 10_000)).collect()
    }

    fn of(whole: &[i64], before: i64, today: i64, after: u32) -> Option<Forecast> {
        let usd = |cents: i64| MicroUsd::from_micros(cents * 10_000);
        forecast(&Days { whole: cents(whole), before: usd(before), today: usd(today), after })
    }

    /// Whole days, before today, today, and days after, in cents; the text, and the range of a day in cents.
    type Case = (&'static [i64], i64, i64, u32, &'static str, (i64, i64));

    #[test]
    fn a_month_is_forecast_from_its_cheaper_and_its_dearer_days() {
        let rows: &[Case] = &[
            (&[100, 100, 100], 300, 0, 10, "$14", (100, 100)),
            (&[100, 100, 100], 300, 50, 10, "$14", (100, 100)),
            (&[100, 100, 100], 300, 900, 10, "$22", (100, 100)),
            (&[0, 0, 300], 300, 0, 10, "$3 to $20", (0, 150)),
            (&[10, 20, 30, 40], 100, 0, 2, "$1.45 to $2.05", (15, 35)),
            (&[70, 140, 71, 139], 2_310, 142, 9, "$30 to $38", (70, 139)),
            (&[5, 5, 5], 15, 5, 0, "$0.20", (5, 5)),
            (&[0, 0, 0], 0, 0, 20, "$0.00", (0, 0)),
        ];
        for (whole, before, today, after, text, (low, high)) in rows {
            let found = of(whole, *before, *today, *after).expect("three days are enough");
            assert_eq!(found.text(), *text, "{whole:?}");
            assert_eq!((found.day_low.micros() / 10_000, found.day_high.micros() / 10_000), (*low, *high), "{whole:?}");
        }
    }

    #[test]
    fn fewer_than_three_whole_days_make_no_forecast() {
        assert_eq!(of(&[], 0, 500, 20), None);
        assert_eq!(of(&[100, 200], 300, 500, 20), None);
    }

    #[test]
    fn only_the_last_fourteen_days_count() {
        let mut whole = vec![90_000; 30];
        whole.extend([100; 14]);
        let found = of(&whole, 0, 0, 1).expect("a forecast");
        assert_eq!((found.from_days, found.low, found.high), (14, MicroUsd::from_micros(2_000_000), found.low));
    }

    #[test]
    fn a_forecast_is_never_below_what_is_spent_and_does_not_wrap() {
        let found = of(&[0, 0, 0], 700, 50, 12).expect("a forecast");
        assert_eq!((found.low, found.high), (MicroUsd::from_micros(7_500_000), found.low));
        let most = Days { whole: vec![MicroUsd::MAX; 3], before: MicroUsd::MAX, today: MicroUsd::ZERO, after: 30 };
        assert_eq!(forecast(&most).expect("a forecast").high, MicroUsd::MAX);
    }

    #[test]
    fn a_range_is_rounded_outwards() {
        let range = |low: i64, high: i64| {
            let [low, high] = [low, high].map(MicroUsd::from_micros);
            Forecast { low, high, day_low: low, day_high: high, from_days: 3 }.text()
        };
        assert_eq!(range(29_999_999, 35_000_001), "$29 to $36");
        assert_eq!(range(1_239_999, 1_240_001), "$1.23 to $1.25");
        assert_eq!(range(1_240_000, 1_240_000), "$1.24");
        assert_eq!(range(1_234_000_000, 2_000_000_000), "$1,234 to $2,000");
    }
}
