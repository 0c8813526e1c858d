//! Money as integers. One unit is a millionth of a US dollar (µ$); prices are µ$ per million tokens.
//!
//! Guards I4: no float touches money. Amounts are parsed from the digits a person wrote and printed
//! from the integer. All arithmetic is checked or saturating towards *more* spend, never less.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::chat::PrefixCache;

mod dearer;

/// An amount of money in millionths of a US dollar. May be negative only as an adjustment.
///
/// ```
/// use pointsman_core::money::MicroUsd;
/// let limit = MicroUsd::parse("1.50").unwrap();
/// assert_eq!(limit.micros(), 1_500_000);
/// assert_eq!(limit.to_string(), "$1.50");
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct MicroUsd(i64);

/// Why a text is not an amount of money.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotMoney {
    /// Not digits with at most one point.
    #[error("must be an amount in US dollars such as 2 or 0.50")]
    Shape,
    /// More than six digits after the point: smaller than the smallest unit.
    #[error("has more than six digits after the point")]
    TooFine,
    /// Larger than a billion dollars.
    #[error("is too large")]
    TooLarge,
}

impl MicroUsd {
    /// No money.
    pub const ZERO: Self = Self(0);
    /// The largest amount; used where a bound must never be too low.
    pub const MAX: Self = Self(i64::MAX);
    const PER_USD: i64 = 1_000_000;
    const LARGEST: i64 = 1_000_000_000 * Self::PER_USD;

    /// From millionths of a dollar.
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// In millionths of a dollar.
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// Parses a plain decimal amount in dollars, without sign, exponent or currency mark.
    ///
    /// # Errors
    /// [`NotMoney`] says what is wrong with the text.
    pub fn parse(text: &str) -> Result<Self, NotMoney> {
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        let digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
        if whole.is_empty() && fraction.is_empty() || !digits(whole) || !digits(fraction) || text.ends_with('.') {
            return Err(NotMoney::Shape);
        }
        let fraction = fraction.trim_end_matches('0');
        if fraction.len() > 6 {
            return Err(NotMoney::TooFine);
        }
        let whole: i64 = if whole.is_empty() { 0 } else { whole.parse().map_err(|_| NotMoney::TooLarge)? };
        let mut micros = 0;
        for place in 0..6 {
            let digit = fraction.as_bytes().get(place).map_or(0, |b| i64::from(b - b'0'));
            micros = micros * 10 + digit;
        }
        match whole.checked_mul(Self::PER_USD).and_then(|w| w.checked_add(micros)) {
            Some(total) if total <= Self::LARGEST => Ok(Self(total)),
            _ => Err(NotMoney::TooLarge),
        }
    }

    /// Parses a plain or scientific decimal of any fineness (`0.00012345678`, `6.85e-06`), rounded up:
    /// figures that others computed. `None` where it is negative, larger than a billion, or no number.
    pub fn parse_up(text: &str) -> Option<Self> {
        let (digits, exponent) = match text.split_once(['e', 'E']) {
            Some((digits, exponent)) => (digits, exponent.parse::<i32>().ok().filter(|e| (-40..=10).contains(e))?),
            None => (text, 0),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let all = format!("{whole}{fraction}");
        if all.is_empty() || all.len() > 36 || !all.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        let number: u128 = all.parse().ok()?;
        // How many places the number must be moved to count millionths.
        let places = 6 + exponent - i32::try_from(fraction.len()).ok()?;
        let ten = |places: i32| u32::try_from(places).ok().and_then(|places| 10u128.checked_pow(places));
        let micros = if places >= 0 {
            number.checked_mul(ten(places)?)?
        } else {
            ten(-places).map_or(u128::from(number > 0), |divisor| number.div_ceil(divisor))
        };
        i64::try_from(micros).ok().filter(|micros| *micros <= Self::LARGEST).map(Self)
    }

    /// The sum; stays at the largest amount instead of wrapping.
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }

    /// The difference; may be negative.
    #[must_use]
    pub const fn minus(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }

    /// Never below zero.
    #[must_use]
    pub const fn or_zero(self) -> Self {
        if self.0 < 0 { Self(0) } else { self }
    }

    /// The exact decimal number of dollars without a currency mark: `0.0123`, `1.5`, `0`.
    pub fn decimal(self) -> String {
        let magnitude = self.0.unsigned_abs();
        let (whole, micros) = (magnitude / 1_000_000, magnitude % 1_000_000);
        let sign = if self.0 < 0 { "-" } else { "" };
        if micros == 0 {
            return format!("{sign}{whole}");
        }
        let fraction = format!("{micros:06}");
        format!("{sign}{whole}.{}", fraction.trim_end_matches('0'))
    }

    /// How the amount is shown as a total or a cap: always two digits, cut, never rounded up.
    pub fn total(self) -> String {
        let magnitude = self.0.unsigned_abs();
        let sign = if self.0 < 0 { "-" } else { "" };
        format!("{sign}${}.{:02}", group(magnitude / 1_000_000), magnitude % 1_000_000 / 10_000)
    }

    /// Two digits as a total, more only where they matter: two amounts never look alike by cutting.
    pub fn exact(self) -> String {
        if self.0 % 10_000 == 0 { self.total() } else { format!("${}", self.decimal()) }
    }

    /// How full a limit is, in basis points (1/100 of a percent), cut to 0..=10,000.
    /// A limit of zero is full.
    pub const fn basis_points_of(self, limit: Self) -> u16 {
        if self.0 <= 0 && limit.0 > 0 {
            return 0;
        }
        if limit.0 <= 0 || self.0 >= limit.0 {
            return 10_000;
        }
        // Both are positive and self < limit, so the quotient is below 10,000 and fits.
        #[expect(clippy::cast_possible_truncation, reason = "below 10,000")]
        #[expect(clippy::cast_sign_loss, reason = "both positive")]
        {
            (self.0 as i128 * 10_000 / limit.0 as i128) as u16
        }
    }
}

impl fmt::Display for MicroUsd {
    /// `$1.42` from one dollar, four digits below it where they are needed (`$0.0123`), up to six
    /// where four would show nothing (`$0.000042`), zero as `$0.00`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let magnitude = self.0.unsigned_abs();
        let sign = if self.0 < 0 { "-" } else { "" };
        let (whole, micros) = (magnitude / 1_000_000, magnitude % 1_000_000);
        if whole > 0 || micros % 10_000 == 0 {
            write!(f, "{sign}${}.{:02}", group(whole), micros / 10_000)
        } else if micros >= 100 {
            write!(f, "{sign}$0.{:04}", micros / 100)
        } else {
            write!(f, "{sign}$0.{micros:06}")
        }
    }
}

/// Digits in groups of three.
fn group(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// What a provider counted for one call. `reasoning` is part of `output`; `cached_input`, `cache_write`
/// and `image` are parts of `input`; `cache_write_1h` is part of `cache_write`. Each codec normalises
/// its provider's own convention to this.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Usage {
    /// All tokens read, cached ones included.
    pub input: u64,
    /// Tokens read from the provider's cache.
    pub cached_input: u64,
    /// Tokens written to the provider's cache, for however long.
    pub cache_write: u64,
    /// Of those, tokens written for an hour; the others last five minutes.
    pub cache_write_1h: u64,
    /// Tokens of pictures, where the provider counts them apart.
    pub image: u64,
    /// All tokens produced, reasoning included.
    pub output: u64,
    /// Tokens of reasoning that were billed as output.
    pub reasoning: u64,
    /// What the provider itself says the call cost; then that is what it cost.
    pub cost: Option<MicroUsd>,
}

/// What a million tokens of each kind cost, in µ$. A missing one costs what its kind costs otherwise:
/// never cheaper than what the provider may bill.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Rates {
    /// Tokens read.
    pub input: MicroUsd,
    /// Tokens made.
    pub output: MicroUsd,
    /// Tokens read from the provider's cache; absent: as `input`.
    pub cached_input: Option<MicroUsd>,
    /// Tokens written to the provider's cache for five minutes; absent: as `input`.
    pub cache_write: Option<MicroUsd>,
    /// Tokens written for an hour; absent: the dearer of `input` and `cache_write`.
    pub cache_write_1h: Option<MicroUsd>,
    /// Tokens of pictures; absent: as `input`.
    pub image: Option<MicroUsd>,
    /// Tokens of reasoning; absent: as `output`.
    pub reasoning: Option<MicroUsd>,
}

/// Other rates for the whole of a call whose input is larger than `above` tokens. OpenAI, Google and
/// Anthropic publish such steps, each for all tokens of the call and not only for those above.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Step {
    /// Tokens of input up to which the step does not hold.
    pub above: u64,
    /// What holds beyond.
    pub rates: Rates,
}

/// What calls of a model cost.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Price {
    /// The rates of a call below every step.
    pub base: Rates,
    /// Dearer or cheaper beyond sizes of input, in ascending order.
    pub steps: Vec<Step>,
    /// For each call whatever its size.
    pub request: MicroUsd,
}

impl Rates {
    fn of_input(&self, usage: &Usage) -> [(u64, MicroUsd); 5] {
        let cached = usage.cached_input.min(usage.input);
        let written = usage.cache_write.min(usage.input - cached);
        let hour = usage.cache_write_1h.min(written);
        let image = usage.image.min(usage.input - cached - written);
        [
            (usage.input - cached - written - image, self.input),
            (cached, self.cached_input.unwrap_or(self.input)),
            (written - hour, self.cache_write.unwrap_or(self.input)),
            (hour, self.hour()),
            (image, self.image.unwrap_or(self.input)),
        ]
    }

    /// What a token written for an hour costs.
    pub(crate) fn hour(&self) -> MicroUsd {
        self.cache_write_1h.unwrap_or_else(|| self.input.max(self.cache_write.unwrap_or_default()))
    }

    /// The dearest price an input token may have. Nothing is kept for an hour unless that was asked for;
    /// for five minutes some providers keep without being asked.
    fn dearest_input(&self, asked: Option<PrefixCache>) -> MicroUsd {
        let hour = (asked == Some(PrefixCache::Hour)).then(|| self.hour());
        let kinds = [self.cached_input, self.cache_write, self.image, hour];
        kinds.into_iter().flatten().fold(self.input, MicroUsd::max)
    }

    /// The dearest price an output token may have.
    fn dearest_output(&self) -> MicroUsd {
        self.output.max(self.reasoning.unwrap_or_default())
    }
}

impl Price {
    /// Costs nothing: a model that runs on this machine.
    pub const FREE: Self = Self::flat(MicroUsd::ZERO, MicroUsd::ZERO);

    /// One rate for tokens read and one for tokens made, without steps.
    pub const fn flat(input: MicroUsd, output: MicroUsd) -> Self {
        let base = Rates {
            input,
            output,
            cached_input: None,
            cache_write: None,
            cache_write_1h: None,
            image: None,
            reasoning: None,
        };
        Self { base, steps: Vec::new(), request: MicroUsd::ZERO }
    }

    /// The price where what is missing of writing to the cache is Anthropic's share of the input price: 1.25
    /// times for five minutes, twice for an hour (docs.anthropic.com/en/docs/build-with-claude/prompt-caching,
    /// "Pricing").
    #[must_use]
    pub fn with_dearer_writes(&self) -> Self {
        let dearer = |rates: &Rates| {
            let input = i128::from(rates.input.micros());
            let micros = |amount: i128| i64::try_from(amount).map_or(MicroUsd::MAX, MicroUsd::from_micros);
            let five_minutes = rates.cache_write.unwrap_or_else(|| micros((input * 5 + 3) / 4));
            let hour = rates.cache_write_1h.unwrap_or_else(|| micros(input * 2).max(five_minutes));
            Rates { cache_write: Some(five_minutes), cache_write_1h: Some(hour), ..*rates }
        };
        let steps = self.steps.iter().map(|step| Step { above: step.above, rates: dearer(&step.rates) }).collect();
        Self { base: dearer(&self.base), steps, request: self.request }
    }

    /// The rates of a call by the size of its input.
    pub fn rates(&self, input: u64) -> &Rates {
        self.steps.iter().rev().find(|step| input > step.above).map_or(&self.base, |step| &step.rates)
    }

    /// The rates that a call of at most `input` tokens may meet.
    pub fn reachable(&self, input: u64) -> impl Iterator<Item = &Rates> {
        let steps = self.steps.iter().filter(move |step| input > step.above).map(|step| &step.rates);
        std::iter::once(&self.base).chain(steps)
    }

    /// The cost of a usage: what the provider said, else from its tokens with one rounding at the end,
    /// up. Saturates at [`MicroUsd::MAX`].
    pub fn cost(&self, usage: &Usage) -> MicroUsd {
        if let Some(said) = usage.cost {
            return said.or_zero();
        }
        let rates = self.rates(usage.input);
        let reasoning = usage.reasoning.min(usage.output);
        let output = [(usage.output - reasoning, rates.output), (reasoning, rates.reasoning.unwrap_or(rates.output))];
        let rows = rates.of_input(usage).into_iter().chain(output);
        amount(rows, self.request)
    }

    /// The most a call of at most so many tokens can cost, whichever kinds they turn out to be.
    pub fn most(&self, input: u64, output: u64, asked: Option<PrefixCache>) -> MicroUsd {
        let of = |rates: &Rates| {
            amount([(input, rates.dearest_input(asked)), (output, rates.dearest_output())], self.request)
        };
        self.reachable(input).map(of).max().unwrap_or(MicroUsd::MAX)
    }
}

/// Tokens by their prices, and what each call costs, rounded up once.
fn amount(rows: impl IntoIterator<Item = (u64, MicroUsd)>, request: MicroUsd) -> MicroUsd {
    let total: u128 = rows
        .into_iter()
        .map(|(tokens, price)| u128::from(tokens) * u128::from(price.micros().max(0).unsigned_abs()))
        .sum();
    let micros = total.div_ceil(1_000_000);
    i64::try_from(micros).map_or(MicroUsd::MAX, MicroUsd::from_micros).plus(request.or_zero())
}

#[cfg(test)]
mod tests;
