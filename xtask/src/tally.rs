//! Counting tests from what the test programs print: cargo's, and vitest's for the UI.

use std::ops::AddAssign;

#[derive(Clone, Copy, Default, Debug, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) passed: u32,
    pub(crate) failed: u32,
    /// Tests that were there and did not run. A stage with one of these has failed: nothing here may be left out.
    pub(crate) skipped: u32,
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
    }
}

/// Sums every summary line in a stage's output.
pub(crate) fn count(output: &str) -> Tally {
    let mut sum = Tally::default();
    for line in output.lines() {
        let line = plain(line);
        let line = line.trim();
        if let Some(rest) = line.strip_prefix("test result: ") {
            // A test that starts its own program again (in a session of its own) names itself there; it is one test.
            if rest.contains("; 0 filtered out") {
                sum += words(rest, &[';', '.']);
            }
        } else if let Some(rest) = line.strip_prefix("Tests ") {
            sum += words(rest, &['|', '(']);
        }
    }
    sum
}

/// Reads `12 passed`, `1 failed`, `2 skipped` between separators.
fn words(line: &str, separators: &[char]) -> Tally {
    let mut tally = Tally::default();
    for part in line.split(separators) {
        let mut words = part.split_whitespace();
        let (Some(number), Some(word)) = (words.next(), words.next()) else { continue };
        let Ok(number) = number.parse::<u32>() else { continue };
        match word {
            "passed" => tally.passed += number,
            "failed" => tally.failed += number,
            "ignored" | "skipped" | "todo" => tally.skipped += number,
            _ => {} // measured
        }
    }
    tally
}

/// The line without terminal colours.
fn plain(line: &str) -> String {
    let mut text = String::with_capacity(line.len());
    let mut chars = line.chars();
    while let Some(c) = chars.next() {
        if c == '\u{1b}' {
            chars.by_ref().find(char::is_ascii_alphabetic);
        } else {
            text.push(c);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{Tally, count};

    #[test]
    fn cargo_and_vitest_summaries_are_summed() {
        let output = "running 3 tests\n\
            test result: ok. 2 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.00s\n\
            test result: ok. 1 passed; 0 failed; 0 ignored; 0 measured; 11 filtered out; finished in 0.00s\n\
            test result: FAILED. 5 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 1.2s\n\
            \u{1b}[2m      Tests \u{1b}[22m \u{1b}[1m\u{1b}[31m1 failed\u{1b}[39m | 7 passed | 2 skipped (10)\n\
            \x20Test Files  3 passed (3)\n";
        assert_eq!(
            count(output),
            Tally { passed: 14, failed: 3, skipped: 3 },
            "files are not tests, and a test inside a test is one"
        );
    }
}
