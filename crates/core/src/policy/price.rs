//! What a model costs and why: the person's figure, else nothing for a model of this machine, else
//! the list price of the company that answers. Nobody's figure is no price, and a call without one is
//! denied (I7).

use std::fmt;

use jiff::civil::Date;

use super::Policy;
use crate::catalog::prices::{self, Known};
use crate::id::ModelId;
use crate::money::Price;
use crate::wire::Wire;

/// A price with its source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Priced {
    /// What it costs.
    pub price: Price,
    /// Who says so.
    pub source: PriceSource,
}

/// Who says what a model costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PriceSource {
    /// The person, in this line of routing.yaml.
    File(usize),
    /// A list of published prices, as of a day.
    Catalogue {
        /// Which.
        name: &'static str,
        /// Of which day.
        date: Date,
        /// The company charges less at some hours; this is the price of the dearest ones.
        peak: bool,
    },
    /// Nobody: it runs on this machine.
    Local,
}

impl PriceSource {
    /// The day of the figure, where it has one.
    pub const fn date(self) -> Option<Date> {
        match self {
            Self::Catalogue { date, .. } => Some(date),
            Self::File(_) | Self::Local => None,
        }
    }
}

impl fmt::Display for PriceSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(line) => write!(f, "routing.yaml line {line}"),
            Self::Catalogue { name, date, peak: false } => write!(f, "{name} of {date}"),
            Self::Catalogue { name, date, peak: true } => write!(f, "{name} of {date}, at the dearest hours"),
            Self::Local => f.write_str("runs on this machine"),
        }
    }
}

impl Policy {
    /// The price of a model and its source; `None` where nobody says.
    pub fn priced(&self, id: &ModelId) -> Option<Priced> {
        if let Some(rule) = self.models.get(id)
            && let Some(price) = &rule.price
        {
            let wire = self.providers.get(&id.provider).map(|provider| provider.wire);
            let price = match wire {
                Some(Wire::AnthropicMessages) => price.with_dearer_writes(),
                Some(Wire::OpenAiChat | Wire::OpenAiResponses | Wire::Gemini) | None => price.clone(),
            };
            return Some(Priced { price, source: PriceSource::File(rule.price_line) });
        }
        if self.providers.get(&id.provider).is_some_and(|provider| provider.local) {
            return Some(Priced { price: Price::FREE, source: PriceSource::Local });
        }
        let Known { price, peak, source: prices::Source { name, date }, .. } = self.listed(id)?;
        Some(Priced { price, source: PriceSource::Catalogue { name, date, peak } })
    }

    /// The price of a model; `None` where nobody says.
    pub fn price(&self, id: &ModelId) -> Option<Price> {
        self.priced(id).map(|priced| priced.price)
    }

    /// Tokens of context: what the file says, else the list.
    pub fn context(&self, id: &ModelId) -> Option<u64> {
        self.models.get(id).and_then(|rule| rule.context).or_else(|| self.listed(id)?.context)
    }

    /// What the price list of its provider says of a model, on the policy's day, and a list that was fetched
    /// since.
    pub fn listed(&self, id: &ModelId) -> Option<Known> {
        let list = self.providers.get(&id.provider)?.price_list.as_ref()?;
        prices::with(list, &id.model, self.day, self.refreshed.as_deref())
    }
}
