//! An amount from the digits of a JSON number to plain decimal digits, without a float between.

use super::{Read, Strange};

/// Places behind the point that are kept. A finer amount is an error.
const PLACES: usize = 20;

/// An amount of dollars in units of 10⁻²⁰.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Amount(u128);

impl Amount {
    pub(super) const ZERO: Self = Self(0);

    /// From the text of a JSON number, `0.0028` or `1e-05`.
    pub(super) fn parse(text: &str) -> Read<Self> {
        let parsed = || {
            let (number, exponent) = match text.split_once(['e', 'E']) {
                Some((number, exponent)) => (number, exponent.parse::<i64>().ok()?),
                None => (text, 0),
            };
            let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
            let digits: u128 = format!("{whole}{fraction}").parse().ok()?;
            let places = i64::try_from(PLACES).ok()? + exponent - i64::try_from(fraction.len()).ok()?;
            let power = 10u128.checked_pow(u32::try_from(places.unsigned_abs()).ok()?)?;
            if places >= 0 { digits.checked_mul(power) } else { digits.is_multiple_of(power).then(|| digits / power) }
        };
        parsed().map(Self).ok_or_else(|| Strange(format!("{text} is no amount of at most {PLACES} places")))
    }

    pub(super) fn plus(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }

    /// A thousandth: what one call costs, from what a thousand cost.
    pub(super) fn thousandth(self) -> Read<Self> {
        self.0
            .is_multiple_of(1000)
            .then_some(Self(self.0 / 1000))
            .ok_or_else(|| Strange::new("a thousandth of it is too fine"))
    }
}

impl std::fmt::Display for Amount {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let unit = 10u128.pow(20);
        let fraction = format!("{:0PLACES$}", self.0 % unit);
        match fraction.trim_end_matches('0') {
            "" => write!(f, "{}", self.0 / unit),
            fraction => write!(f, "{}.{fraction}", self.0 / unit),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_stay_as_they_are() {
        for (text, shown) in
            [("0.003625", "0.003625"), ("2", "2"), ("15.0", "15"), ("1e-05", "0.00001"), ("1.25E2", "125"), ("0", "0")]
        {
            assert_eq!(Amount::parse(text).unwrap().to_string(), shown, "{text}");
        }
        for bad in ["", "-1", "x", "1e-21", "\"2\""] {
            assert!(Amount::parse(bad).is_err(), "{bad}");
        }
    }
}
