//! List prices and context windows of models, from the table in `crates/core/prices`, which
//! `cargo xtask prices` writes from the data of genai-prices.
//!
//! A price is found only in the list of the company that is asked: never another company's for a model
//! of the same name. What the table does not know is unknown here, and an unknown price is denied
//! (I7). Nothing is read before the first look-up, and then only the section of that company.

use std::collections::BTreeMap;
use std::sync::{LazyLock, OnceLock};

use jiff::civil::Date;

use crate::id::{ModelName, ProviderId};
use crate::money::{MicroUsd, Price, Rates, Step};

mod refreshed;

pub use refreshed::{Doubt, LeftAlone, Refreshed, doubt};

const TABLE: &str = include_str!("../../prices/genai-prices.tsv");

/// Where the figures are from, and of which day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Source {
    /// `genai-prices 0.2.1`.
    pub name: &'static str,
    /// When it was published. What changed since is not in it.
    pub date: Date,
}

impl std::fmt::Display for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} of {}", self.name, self.date)
    }
}

/// What the table says of a model.
#[derive(Clone, Debug, PartialEq)]
pub struct Known {
    /// What it costs on the day that was asked for.
    pub price: Price,
    /// Tokens of context, where the source says.
    pub context: Option<u64>,
    /// The company is about to retire it, or has.
    pub deprecated: bool,
    /// The company charges less at some hours; the price is that of the dearest ones.
    pub peak: bool,
    /// Which list the price is of.
    pub source: Source,
}

/// The source of all figures here.
pub fn source() -> Source {
    static SOURCE: LazyLock<Source> = LazyLock::new(|| {
        let named = |mark: &str| TABLE.lines().find_map(|line| line.strip_prefix(mark)).unwrap_or_default();
        Source { name: named("# source: "), date: named("# date: ").parse().unwrap_or(Date::MIN) }
    });
    *SOURCE
}

/// What a company's list says of a model on a day: the entry of its exact id, else the first one whose
/// rules know the name. A change of price holds from the day before it to the day after as the dearer
/// of both, since nobody says in which time zone it happens.
pub fn of(list: &ProviderId, model: &ModelName, on: Date) -> Option<Known> {
    found(list, model)?.known(on, source())
}

/// The same where a list was fetched since: a model that got dearer costs what that list says, one that got
/// cheaper what ours says (see [`Refreshed`]), and one that only the newer list knows what that says.
pub fn with(list: &ProviderId, model: &ModelName, on: Date, refreshed: Option<&Refreshed>) -> Option<Known> {
    let here = of(list, model, on);
    let newer = refreshed.and_then(|refreshed| refreshed.of(list, model));
    match (here, newer) {
        (Some(here), Some(newer)) if newer.price.exceeds(&here.price) => Some(Known {
            price: here.price.dearer(&newer.price),
            source: newer.source,
            peak: here.peak || newer.peak,
            ..here
        }),
        (Some(here), Some(_) | None) => Some(here),
        (None, newer) => newer.cloned(),
    }
}

/// The line that means a model.
fn found(list: &ProviderId, model: &ModelName) -> Option<&'static Row<'static>> {
    let rows = rows(list)?;
    let name = model.as_str();
    let lower = name.to_lowercase();
    let means = |row: &&Row<'_>| row.id.to_lowercase() == lower || row.rules.split(' ').any(|rule| holds(rule, &lower));
    exact(rows, name).or_else(|| rows.iter().find(means))
}

fn exact(rows: &'static [Row<'static>], id: &str) -> Option<&'static Row<'static>> {
    rows.binary_search_by(|row| row.id.cmp(id)).ok().and_then(|at| rows.get(at))
}

/// All models of a company's list, by id, as of a day.
pub fn all(list: &ProviderId, on: Date) -> impl Iterator<Item = (ModelName, Known)> {
    let rows = rows(list).unwrap_or_default();
    rows.iter().filter_map(move |row| Some((ModelName::parse(row.id).ok()?, row.known(on, source())?)))
}

/// What the company that makes a model asks for it itself, where another sells it under
/// `company/model`: for comparing, never for charging.
pub fn at_its_maker(list: &ProviderId, model: &ModelName, on: Date) -> Option<(ProviderId, Price)> {
    let (maker, name) = model.as_str().split_once('/').filter(|_| list.as_str() == "openrouter")?;
    let maker = match maker {
        "anthropic" | "deepseek" | "openai" => maker,
        "google" => "gemini",
        "mistralai" => "mistral",
        "x-ai" => "xai",
        _ => return None,
    };
    // `:free`, `:batch` and the like are other offers than the maker's.
    let name = ModelName::parse(name).ok().filter(|_| !name.contains(':'))?;
    let maker = ProviderId::parse(maker).ok()?;
    let known = of(&maker, &name, on)?;
    Some((maker, known.price))
}

/// One line of the table, taken apart.
struct Row<'a> {
    id: &'a str,
    rules: &'a str,
    context: &'a str,
    notes: &'a str,
    /// One price, or several by their first days, with tabs between.
    prices: &'a str,
}

type Section = (&'static str, OnceLock<Vec<Row<'static>>>);

fn rows(list: &ProviderId) -> Option<&'static [Row<'static>]> {
    static SECTIONS: LazyLock<BTreeMap<&str, Section>> = LazyLock::new(|| {
        let sections = TABLE.split("\n[").skip(1).filter_map(|text| text.split_once("]\n"));
        sections.map(|(list, lines)| (list, (lines, OnceLock::new()))).collect()
    });
    let (lines, parsed) = SECTIONS.get(list.as_str())?;
    Some(parsed.get_or_init(|| lines.lines().filter_map(row).collect()))
}

fn row(line: &str) -> Option<Row<'_>> {
    let mut fields = line.splitn(5, '\t');
    let mut next = || fields.next();
    Some(Row { id: next()?, rules: next()?, context: next()?, notes: next()?, prices: next()? })
}

impl Row<'_> {
    fn known(&self, on: Date, source: Source) -> Option<Known> {
        let dated: Vec<(Option<Date>, Price)> = self.prices.split('\t').filter_map(price).collect();
        let at = |day: Date| dated.iter().rposition(|(from, _)| from.is_none_or(|from| from <= day)).unwrap_or(0);
        let (before, after) = (on.yesterday().unwrap_or(on), on.tomorrow().unwrap_or(on));
        let held = dated.get(at(before)..=at(after))?.iter().map(|(_, price)| price.clone());
        Some(Known {
            price: held.reduce(|one, other| one.dearer(&other))?,
            context: self.context.parse().ok(),
            deprecated: self.notes.split(' ').any(|note| note == "deprecated"),
            peak: self.notes.split(' ').any(|note| note == "peak"),
            source,
        })
    }
}

/// A price from its words, and its first day. `None` where a word is not understood; a test holds that
/// every price of the table is.
fn price(words: &str) -> Option<(Option<Date>, Price)> {
    let (mut price, mut from) = (Price::FREE, None);
    for word in words.split(' ') {
        if let Some(above) = word.strip_prefix('>') {
            price.steps.push(Step { above: above.parse().ok()?, rates: Rates::default() });
            continue;
        }
        let (kind, value) = word.split_once('=')?;
        if kind == "from" {
            from = Some(value.parse().ok()?);
            continue;
        }
        let amount = MicroUsd::parse_up(value)?;
        let rates = price.steps.last_mut().map_or(&mut price.base, |step| &mut step.rates);
        match kind {
            "input" => rates.input = amount,
            "output" => rates.output = amount,
            "cached_input" => rates.cached_input = Some(amount),
            "cache_write" => rates.cache_write = Some(amount),
            "cache_write_1h" => rates.cache_write_1h = Some(amount),
            "image" => rates.image = Some(amount),
            "reasoning" => rates.reasoning = Some(amount),
            "request" => price.request = amount,
            _ => return None,
        }
    }
    Some((from, price))
}

/// Whether a rule of the table means a name in lower case.
fn holds(rule: &str, name: &str) -> bool {
    rule.split('&').all(|part| {
        let mut chars = part.chars();
        let mark = chars.next();
        let text = chars.as_str();
        match mark {
            Some('=') => text.len() == name.len() && begins(text, name),
            Some('^') => begins(text, name),
            Some('*') => name.contains(text),
            Some('$') => name.ends_with(text),
            Some('!') => !name.contains(text),
            // `-`, for no rules.
            Some(_) | None => false,
        }
    })
}

/// Whether the name begins so, where `#` stands for any digit.
fn begins(pattern: &str, name: &str) -> bool {
    let same = |(want, is): (u8, u8)| if want == b'#' { is.is_ascii_digit() } else { want == is };
    pattern.len() <= name.len() && pattern.bytes().zip(name.bytes()).all(same)
}

#[cfg(test)]
mod tests;
