//! A price that is at least as dear as two others: where it is not known which of them holds, the
//! dearer one bounds both.

use super::{MicroUsd, Price, Rates, Step};

impl Price {
    /// Each kind of token at the dearer rate of the two, at every size of input.
    #[must_use]
    pub fn dearer(&self, other: &Self) -> Self {
        let beyond = |above: u64| {
            let input = above.saturating_add(1);
            Step { above, rates: self.rates(input).dearer(other.rates(input)) }
        };
        Self {
            base: self.base.dearer(&other.base),
            steps: self.boundaries(other).into_iter().map(beyond).collect(),
            request: self.request.max(other.request),
        }
    }

    /// Whether anything costs more here than there, at any size of input.
    pub fn exceeds(&self, other: &Self) -> bool {
        let dearer = |(ours, theirs): (Rates, Rates)| ours.kinds().iter().zip(theirs.kinds()).any(|(a, b)| *a > b);
        self.request > other.request || self.beside(other).any(dearer)
    }

    /// The rates of both at every size of input at which either has others.
    pub(crate) fn beside(&self, other: &Self) -> impl Iterator<Item = (Rates, Rates)> {
        let beyond = self.boundaries(other).into_iter().map(|above| above.saturating_add(1));
        std::iter::once(0).chain(beyond).map(|input| (*self.rates(input), *other.rates(input)))
    }

    fn boundaries(&self, other: &Self) -> Vec<u64> {
        let mut sizes: Vec<u64> = self.steps.iter().chain(&other.steps).map(|step| step.above).collect();
        sizes.sort_unstable();
        sizes.dedup();
        sizes
    }
}

impl Rates {
    /// What each kind of token really costs, also where it has no rate of its own: read, made, read from the
    /// cache, written to it for five minutes and for an hour, of pictures, of reasoning.
    pub(crate) fn kinds(&self) -> [MicroUsd; 7] {
        let Self { input, output, cached_input, cache_write, cache_write_1h: _, image, reasoning } = *self;
        let (cached, write) = (cached_input.unwrap_or(input), cache_write.unwrap_or(input));
        [input, output, cached, write, self.hour(), image.unwrap_or(input), reasoning.unwrap_or(output)]
    }

    fn dearer(&self, other: &Self) -> Self {
        // Absent in both is absent; otherwise what each of them really costs is compared.
        macro_rules! dearer_of {
            ($kind:ident, $else:expr) => {
                (self.$kind.is_some() || other.$kind.is_some()).then(|| {
                    let of = |rates: &Self| rates.$kind.unwrap_or_else(|| $else(rates));
                    of(self).max(of(other))
                })
            };
        }
        Self {
            input: self.input.max(other.input),
            output: self.output.max(other.output),
            cached_input: dearer_of!(cached_input, |rates: &Self| rates.input),
            cache_write: dearer_of!(cache_write, |rates: &Self| rates.input),
            cache_write_1h: dearer_of!(cache_write_1h, Self::hour),
            image: dearer_of!(image, |rates: &Self| rates.input),
            reasoning: dearer_of!(reasoning, |rates: &Self| rates.output),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::money::{MicroUsd, Price, Step, Usage};

    #[test]
    fn the_dearer_of_two_prices_costs_at_least_what_either_does() {
        let usd = |micros| MicroUsd::from_micros(micros);
        let mut left = Price::flat(usd(1_000_000), usd(8_000_000));
        left.base.cached_input = Some(usd(100_000));
        let mut right = Price::flat(usd(2_000_000), usd(4_000_000));
        right.steps = vec![Step { above: 1_000, rates: Price::flat(usd(500_000), usd(9_000_000)).base }];
        let both = left.dearer(&right);
        assert_eq!((both.base.input, both.base.output), (usd(2_000_000), usd(8_000_000)));
        assert!(left.exceeds(&right) && right.exceeds(&left), "each is dearer somewhere");
        assert!(!left.exceeds(&both) && !right.exceeds(&both), "and neither than both");
        assert_eq!(both.base.cached_input, Some(usd(2_000_000)), "where one has no rate for it, it costs as input");
        for input in [1, 1_000, 1_001, 5_000] {
            for cached_input in [0, input] {
                let usage = Usage { input, cached_input, output: 7, ..Usage::default() };
                let most = left.cost(&usage).max(right.cost(&usage));
                assert!(both.cost(&usage) >= most, "{usage:?}");
            }
        }
    }
}
