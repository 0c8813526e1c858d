//! A list of prices that was fetched since this program was made, as far as it is believed.
//!
//! **It only ever makes a model dearer.** Where both lists know a model, what is held and what is charged is
//! the dearer of the two, kind by kind: a list is a text from the network, and a price below the real one would
//! let spend pass every cap unseen. So a price that truly falls is shown and not counted by, until a newer
//! program has it in its own table or the person writes it under `models.<id>.price`; where the provider itself
//! says what a call cost, that settles as ever. Too much may be counted for a while, never too little.
//!
//! A price far from ours ([`doubt`]) is left alone, in either direction. A model that only the newer list knows
//! has no price of ours to be held against; it is taken above zero and below a bound, under the very name the
//! list has for it, and by no wider rule. That is what the person lets in by switching the refresh on.

use std::collections::BTreeMap;
use std::fmt;

use jiff::civil::Date;

use super::{Known, Row, Source, exact, found, holds, row, rows, source};
use crate::id::{ModelId, ModelName, ProviderId};
use crate::money::{MicroUsd, Price};

/// How many times dearer or cheaper than ours a price may be.
const FACTOR: i128 = 3;
/// The dearest that is believed of a new model, for a million tokens. OpenAI's o1-pro, the dearest of our table,
/// is at 600 dollars.
const MOST: MicroUsd = MicroUsd::from_micros(1_000_000_000);
/// The same for each call. Our table has no such price so far.
const MOST_OF_A_CALL: MicroUsd = MicroUsd::from_micros(100_000);
/// The most steps, and where one may lie. The lowest of our table is at 32,000 tokens.
const STEPS: usize = 8;
const STEP_AT: std::ops::RangeInclusive<u64> = 1_000..=100_000_000;

/// What the newer list says where it differs from ours.
#[derive(Clone, Debug, PartialEq)]
pub struct Refreshed {
    /// When it was fetched.
    pub fetched: Date,
    /// What is not believed, in the order of the list.
    pub left_alone: Vec<LeftAlone>,
    lists: BTreeMap<ProviderId, Vec<Taken>>,
}

#[derive(Clone, Debug, PartialEq)]
struct Taken {
    id: ModelName,
    /// Other names it is listed under, each a whole name.
    names: Vec<String>,
    known: Known,
}

/// A model whose newer price is not believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftAlone {
    /// Which.
    pub model: ModelId,
    /// Why.
    pub why: Doubt,
}

/// Why a price is not believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Doubt {
    /// Too far from ours.
    Far {
        /// Of what.
        what: &'static str,
        /// What the newer list says.
        says: MicroUsd,
        /// What ours says.
        here: MicroUsd,
    },
    /// Of a model that ours does not know: nothing, or too much.
    New {
        /// Of what.
        what: &'static str,
        /// What the newer list says.
        says: MicroUsd,
    },
    /// Its steps are too many, out of order, or where no step can be.
    Steps,
    /// It cannot be read.
    Unread,
}

impl fmt::Display for LeftAlone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { model, why } = self;
        match why {
            Doubt::Far { what, says, here } => {
                write!(f, "{model}: {says} {what} in the refreshed list, {here} here: left alone.")
            }
            Doubt::New { what, says } => write!(
                f,
                "{model}: {says} {what} in the refreshed list, which is not believed of a new model: left alone."
            ),
            Doubt::Steps => write!(f, "{model}: the refreshed list has steps of a price that cannot be: left alone."),
            Doubt::Unread => write!(f, "{model}: its price in the refreshed list cannot be read: left alone."),
        }
    }
}

impl Refreshed {
    /// Reads a table that [`crate::catalog::published::fetched`] made, as of a day, and holds it against ours.
    /// Only what differs is kept.
    pub fn read(table: &str, fetched: Date, on: Date) -> Self {
        let mut all = Self { fetched, left_alone: Vec::new(), lists: BTreeMap::new() };
        let mut list = None;
        for line in table.lines() {
            if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
                list = ProviderId::parse(name).ok().filter(|list| rows(list).is_some());
            } else if let (Some(list), Some(row)) = (&list, row(line)) {
                all.take(list, &row, on);
            }
        }
        all
    }

    fn take(&mut self, list: &ProviderId, row: &Row<'_>, on: Date) {
        let here = rows(list).and_then(|rows| exact(rows, row.id));
        if here.is_some_and(|here| here.prices == row.prices) {
            return;
        }
        let Ok(id) = ModelName::parse(row.id) else { return };
        let here = here.and_then(|here| here.known(on, source()));
        let newer = Source { name: "refreshed list", date: self.fetched };
        let Some(mut known) = row.known(on, newer) else { return self.leave(list, id, Doubt::Unread) };
        // Writing to the cache costs more at Anthropic also where a list does not say how much.
        if here.is_none() && list.as_str() == "anthropic" {
            known.price = known.price.with_dearer_writes();
        }
        if let Some(why) = doubt(here.as_ref().map(|here| &here.price), &known.price) {
            return self.leave(list, id, why);
        }
        if here.is_some_and(|here| here.price == known.price) {
            return;
        }
        let names = row.rules.split(' ').filter(|rule| rule.starts_with('=') && !rule.contains('&'));
        let names = names.map(str::to_owned).collect();
        self.lists.entry(list.clone()).or_default().push(Taken { id, names, known });
    }

    fn leave(&mut self, list: &ProviderId, model: ModelName, why: Doubt) {
        self.left_alone.push(LeftAlone { model: ModelId { provider: list.clone(), model }, why });
    }

    /// What it says of a model, where that is believed and differs from ours: the entry of its exact id, else
    /// that of the id our own table means by the name, else one that has this very name.
    pub fn of(&self, list: &ProviderId, model: &ModelName) -> Option<&Known> {
        let taken = self.lists.get(list)?;
        let of_id = |id: &str| taken.iter().find(|taken| taken.id.as_str() == id);
        let lower = model.as_str().to_lowercase();
        let ours = || found(list, model).and_then(|row| of_id(row.id));
        let named = || {
            let is = |taken: &&Taken| {
                taken.id.as_str().to_lowercase() == lower || taken.names.iter().any(|name| holds(name, &lower))
            };
            taken.iter().find(is)
        };
        of_id(model.as_str()).or_else(ours).or_else(named).map(|taken| &taken.known)
    }

    /// The models of a list that ours does not know, and what they cost.
    pub fn new_ones<'a>(&'a self, list: &ProviderId) -> impl Iterator<Item = &'a ModelName> + use<'a> {
        let list = list.clone();
        let taken = self.lists.get(&list).into_iter().flatten();
        taken.map(|taken| &taken.id).filter(move |id| found(&list, id).is_none())
    }

    /// How many prices are taken.
    pub fn taken(&self) -> usize {
        self.lists.values().map(Vec::len).sum()
    }
}

/// Why a newer price is not believed beside ours, or of a model that ours does not know.
///
/// Beside ours: reading and making at every size of input within a third and three times; every other kind at
/// most three times the dearer of its own and of what all tokens cost; a call at most three times, or ten cents.
/// Of a new model: reading and making above zero, everything at most 1,000 dollars for a million tokens and ten
/// cents for a call. Steps ascend, are few, and lie where a step can be.
pub fn doubt(here: Option<&Price>, says: &Price) -> Option<Doubt> {
    let ascend = says.steps.is_sorted_by(|one, next| one.above < next.above);
    if !ascend || says.steps.len() > STEPS || !says.steps.iter().all(|step| STEP_AT.contains(&step.above)) {
        return Some(Doubt::Steps);
    }
    match here {
        Some(here) => far(here, says),
        None => unbelievable(says),
    }
}

const KINDS: [&str; 7] = [
    "for a million input tokens",
    "for a million output tokens",
    "for a million cached tokens",
    "for a million tokens written to the cache",
    "for a million tokens kept for an hour",
    "for a million tokens of pictures",
    "for a million tokens of reasoning",
];
const CALL: &str = "for a call";

fn far(here: &Price, says: &Price) -> Option<Doubt> {
    let times = |amount: MicroUsd| i128::from(amount.micros()) * FACTOR;
    for (here, says) in here.beside(says) {
        let (ours, theirs) = (here.kinds(), says.kinds());
        for (kind, what) in KINDS.into_iter().enumerate() {
            let (here, says) = (ours[kind], theirs[kind]);
            // Input, output and what is a part of each.
            let whole = if matches!(kind, 1 | 6) { ours[1] } else { ours[0] };
            let low = kind < 2 && times(says) < i128::from(here.micros());
            if low || i128::from(says.micros()) > times(here.max(whole)) {
                return Some(Doubt::Far { what, says, here });
            }
        }
    }
    let most = times(here.request).max(i128::from(MOST_OF_A_CALL.micros()));
    let dear = i128::from(says.request.micros()) > most;
    dear.then_some(Doubt::Far { what: CALL, says: says.request, here: here.request })
}

fn unbelievable(says: &Price) -> Option<Doubt> {
    for (rates, _) in says.beside(says) {
        for (kind, (what, says)) in KINDS.into_iter().zip(rates.kinds()).enumerate() {
            if says > MOST || (kind < 2 && says <= MicroUsd::ZERO) {
                return Some(Doubt::New { what, says });
            }
        }
    }
    (says.request > MOST_OF_A_CALL).then_some(Doubt::New { what: CALL, says: says.request })
}

#[cfg(test)]
mod tests;
