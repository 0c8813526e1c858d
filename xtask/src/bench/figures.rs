//! Figures: medians, percentiles, and the table they are printed in.

use std::fmt;
use std::time::Duration;

/// Durations of one thing measured many times.
#[derive(Default)]
pub(crate) struct Times(Vec<Duration>);

impl Times {
    pub(crate) fn push(&mut self, time: Duration) {
        self.0.push(time);
    }

    pub(crate) fn median(&self) -> Duration {
        self.percentile(50)
    }

    /// The smallest time that `percent` of all do not exceed.
    pub(crate) fn percentile(&self, percent: usize) -> Duration {
        let mut sorted = self.0.clone();
        sorted.sort_unstable();
        let at = (sorted.len() * percent).div_ceil(100).saturating_sub(1);
        sorted.get(at).copied().unwrap_or_default()
    }
}

/// Rows of what, how much, and where we aim.
#[derive(Default)]
pub(crate) struct Table(Vec<[String; 3]>);

impl Table {
    pub(crate) fn row(&mut self, what: &str, figure: String, aim: &str) {
        println!("   {what}: {figure}");
        self.0.push([what.to_owned(), figure, aim.to_owned()]);
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:<58} {:>12}  aim", "measured", "")?;
        for [what, figure, aim] in &self.0 {
            writeln!(f, "{what:<58} {figure:>12}  {aim}")?;
        }
        Ok(())
    }
}

/// `3.6 ms` from a millisecond on, `840 µs` below.
pub(crate) fn time(time: Duration) -> String {
    let micros = time.as_micros();
    if micros < 1_000 { format!("{micros} µs") } else { format!("{}.{} ms", micros / 1_000, micros % 1_000 / 100) }
}

/// `later` without `sooner`, also where it is the smaller: a difference of two medians can be.
pub(crate) fn added(later: Duration, sooner: Duration) -> String {
    match later.checked_sub(sooner) {
        Some(difference) => time(difference),
        None => format!("-{}", time(sooner.saturating_sub(later))),
    }
}

/// Mebibytes from kibibytes, as /proc counts.
pub(crate) fn size(kib: u64) -> String {
    format!("{}.{} MiB", kib / 1024, kib % 1024 * 10 / 1024)
}

#[cfg(test)]
mod tests {
    use super::{Times, added, size, time};
    use std::time::Duration;

    #[test]
    fn percentiles_are_measured_values() {
        let mut times = Times::default();
        for ms in [5, 1, 4, 2, 3] {
            times.push(Duration::from_millis(ms));
        }
        assert_eq!(times.median(), Duration::from_millis(3));
        assert_eq!(times.percentile(99), Duration::from_millis(5), "of five, the slowest");
    }

    #[test]
    fn figures_carry_their_unit() {
        assert_eq!(time(Duration::from_micros(840)), "840 µs");
        assert_eq!(time(Duration::from_micros(3_650)), "3.6 ms");
        assert_eq!(added(Duration::from_micros(10), Duration::from_micros(30)), "-20 µs");
        assert_eq!(size(8_704), "8.5 MiB");
    }
}
