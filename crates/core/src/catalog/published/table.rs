//! From the JSON of genai-prices to the lines of the table: one model a line, sorted, so that a new version
//! is a diff somebody can read. A line is one whatever the source says: names are checked, dates and numbers
//! are parsed.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde_json::Value;
use serde_json::value::RawValue;

use super::amount::Amount;
use super::rules::rules;
use super::{Fields, Read, Strange};
use crate::id::ModelName;

/// Whose prices are taken: the source's name and ours. Azure is not: a model there goes by the name of
/// a deployment, which says nothing about what it costs.
const PROVIDERS: &[(&str, &str)] = &[
    ("anthropic", "anthropic"),
    ("deepseek", "deepseek"),
    ("google", "gemini"),
    ("groq", "groq"),
    ("mistral", "mistral"),
    ("openai", "openai"),
    ("openrouter", "openrouter"),
    ("together", "together"),
    ("x-ai", "xai"),
];

/// The kinds of token, in the order of the table: the source's name and ours.
const RATES: &[(&str, &str)] = &[
    ("input_mtok", "input"),
    ("output_mtok", "output"),
    ("cache_read_mtok", "cached_input"),
    ("cache_write_mtok", "cache_write"),
    ("cache_write_1h_mtok", "cache_write_1h"),
    ("input_image_mtok", "image"),
    ("output_reasoning_mtok", "reasoning"),
];

/// What a model draws or films is counted as output; the dearest kind is its price.
const DEARER_OUTPUT: &[&str] = &["output_image_mtok", "output_video_mtok"];

/// What we never send or ask for: sound, documents by the page, searches at the provider. A picture
/// read from the cache is charged as other tokens read from it or as a picture.
const NOT_ASKED_FOR: &[&str] = &[
    "audio_hours",
    "cache_audio_read_mtok",
    "cache_image_read_mtok",
    "input_annotated_document_kpages",
    "input_audio_hours",
    "input_audio_mtok",
    "input_document_kpages",
    "input_mchars",
    "input_text_messages_kcount",
    "input_video_mtok",
    "output_audio_mtok",
    "output_citation_mtok",
    "storage_searches_kcount",
    "web_searches_kcount",
];

/// Amounts by kind, below every step and beyond each.
#[derive(Clone, Debug, Default)]
struct Rates {
    base: BTreeMap<&'static str, Amount>,
    steps: BTreeMap<u64, BTreeMap<&'static str, Amount>>,
}

/// The lines of a provider by the id of the model, sorted: `Ok(None)` for a model that is not one of text for
/// a price, an error for one that is not understood.
pub(super) type Rows = Vec<(String, Read<Option<String>>)>;

/// Our providers in the order of the table, each with its lines where the source has it.
pub(super) fn sections(source: &str) -> Read<Vec<(&'static str, Option<Rows>)>> {
    let providers: Vec<Fields> =
        serde_json::from_str(source).map_err(|_| Strange::new("the data is no list of providers"))?;
    let mut sections = Vec::new();
    for (theirs, ours) in PROVIDERS {
        let provider = providers.iter().find(|fields| text(fields, "id").is_ok_and(|id| id == *theirs));
        let rows = provider.map(rows).transpose().map_err(|why| Strange(format!("{theirs}: {why}")))?;
        sections.push((*ours, rows));
    }
    Ok(sections)
}

fn rows(provider: &Fields) -> Read<Rows> {
    let models: Vec<Fields> = serde_json::from_str(raw(provider, "models")?)?;
    let mut rows = Rows::new();
    for model in &models {
        let id = text(model, "id")?;
        let row = row(model, &id);
        rows.push((id, row));
    }
    rows.sort_by(|one, other| one.0.cmp(&other.0));
    Ok(rows)
}

/// The line of a model; `None` where it is not one that reads and makes text for a price.
fn row(model: &Fields, id: &str) -> Read<Option<String>> {
    if ModelName::parse(id).is_err() || id.starts_with(['[', '#']) {
        return Err(Strange(format!("an id with a mark in it: {id:?}")));
    }
    let matcher: Value = serde_json::from_str(raw(model, "match")?)?;
    let rules = rules(&matcher, id)?;
    let Some((dated, peak)) = priced(model, id)? else { return Ok(None) };
    let context = match model.get("context_window") {
        Some(tokens) => serde_json::from_str::<u64>(tokens.get())?.to_string(),
        None => "-".to_owned(),
    };
    let deprecated = model.get("deprecated").is_some_and(|value| value.get() == "true");
    let notes = [deprecated.then_some("deprecated"), peak.then_some("peak")];
    let notes: Vec<_> = notes.into_iter().flatten().collect();
    let or_none = |words: String| if words.is_empty() { "-".to_owned() } else { words };
    let mut line = format!("{id}\t{}\t{context}\t{}", or_none(rules.join(" ")), or_none(notes.join(" ")));
    for (from, rates) in dated {
        line.push_str(&format!("\t{}", shown(&rates)));
        if let Some(from) = from {
            line.push_str(&format!(" from={from}"));
        }
    }
    line.push('\n');
    Ok(Some(line))
}

type Dated = Vec<(Option<Date>, Rates)>;

/// Its prices by first day, and whether dearer hours were put in.
fn priced(model: &Fields, id: &str) -> Read<Option<(Dated, bool)>> {
    let prices = raw(model, "prices")?;
    let entries: Vec<Fields> = if prices.starts_with('[') {
        serde_json::from_str(prices)?
    } else {
        vec![Fields::from([("prices".to_owned(), RawValue::from_string(prices.to_owned())?)])]
    };
    let (mut dated, mut hours): (Dated, Vec<Rates>) = (Vec::new(), Vec::new());
    for entry in &entries {
        let Some(rates) = rates(&serde_json::from_str(raw(entry, "prices")?)?, id)? else { return Ok(None) };
        let constraint: BTreeMap<String, String> =
            entry.get("constraint").map_or_else(|| Ok(BTreeMap::new()), |raw| serde_json::from_str(raw.get()))?;
        match constraint.keys().map(String::as_str).collect::<Vec<_>>().as_slice() {
            [] if dated.is_empty() => dated.push((None, rates)),
            ["start_date"] => dated.push((Some(day(constraint.get("start_date"))?), rates)),
            ["end_time", "start_time"] => hours.push(rates),
            other => return Err(Strange(format!("an unknown constraint: {other:?}"))),
        }
    }
    if dated.first().is_none_or(|(from, _)| from.is_some()) || !dated.is_sorted_by(|a, b| a.0 < b.0) {
        return Err(Strange::new("the prices are not in the order of their days"));
    }
    for (_, rates) in &mut dated {
        for other in &hours {
            dearer(rates, other)?;
        }
    }
    Ok(Some((dated, !hours.is_empty())))
}

/// The amounts of one entry; `None` where it does not price both reading and making text.
fn rates(prices: &Fields, id: &str) -> Read<Option<Rates>> {
    let mut rates = Rates::default();
    // At OpenRouter a model of this name is free by its name; the source writes that as no price.
    if prices.is_empty() && id.ends_with(":free") && id.contains('/') {
        rates.base = BTreeMap::from([("input", Amount::ZERO), ("output", Amount::ZERO)]);
        return Ok(Some(rates));
    }
    for (key, value) in prices {
        if let Some((_, ours)) = RATES.iter().find(|(theirs, _)| theirs == key) {
            put(&mut rates, ours, value)?;
        } else if key == "requests_kcount" {
            rates.base.insert("request", Amount::parse(value.get())?.thousandth()?);
        } else if !NOT_ASKED_FOR.contains(&key.as_str()) && !DEARER_OUTPUT.contains(&key.as_str()) {
            return Err(Strange(format!("an unknown price {key}")));
        }
    }
    for key in DEARER_OUTPUT {
        if let (Some(value), Some(output)) = (prices.get(*key), rates.base.get_mut("output")) {
            *output = Amount::parse(value.get())?.max(*output);
        }
    }
    let both = ["input", "output"].iter().all(|kind| rates.base.get(kind).is_some_and(|a| *a > Amount::ZERO));
    Ok(both.then_some(rates))
}

fn put(rates: &mut Rates, kind: &'static str, value: &RawValue) -> Read<()> {
    if !value.get().starts_with('{') {
        rates.base.insert(kind, Amount::parse(value.get())?);
        return Ok(());
    }
    let fields: Fields = serde_json::from_str(value.get())?;
    rates.base.insert(kind, Amount::parse(raw(&fields, "base")?)?);
    let tiers: Vec<Fields> = serde_json::from_str(raw(&fields, "tiers")?)?;
    for tier in tiers {
        let start = raw(&tier, "start")?.parse().map_err(|_| Strange::new("a step without a start"))?;
        rates.steps.entry(start).or_default().insert(kind, Amount::parse(raw(&tier, "price")?)?);
    }
    Ok(())
}

/// Each kind at the dearer of two prices.
fn dearer(rates: &mut Rates, other: &Rates) -> Read<()> {
    if !rates.steps.is_empty() || !other.steps.is_empty() || !rates.base.keys().eq(other.base.keys()) {
        return Err(Strange::new("hours of a price with steps or of other kinds"));
    }
    for (kind, amount) in &mut rates.base {
        *amount = (*amount).max(other.base[kind]);
    }
    Ok(())
}

fn shown(rates: &Rates) -> String {
    let kinds = RATES.iter().map(|(_, ours)| *ours);
    let words = |from: &BTreeMap<&str, Amount>| {
        let all: Vec<_> = kinds
            .clone()
            .chain(["request"])
            .filter_map(|kind| from.get(kind).map(|amount| format!("{kind}={amount}")))
            .collect();
        all.join(" ")
    };
    let mut out = words(&storage(rates.base.clone()));
    for (above, step) in &rates.steps {
        // A kind without a step of its own costs beyond it what it cost before.
        let mut whole = rates.base.clone();
        whole.remove("request");
        for (_, earlier) in rates.steps.range(..*above) {
            whole.extend(earlier);
        }
        whole.extend(step);
        out.push_str(&format!(" >{above} {}", words(&storage(whole))));
    }
    out
}

/// A write to the cache below the price of reading is what storing costs on top of reading: OpenRouter
/// lists Gemini's so since October 2026, and as the sum before.
fn storage(mut amounts: BTreeMap<&'static str, Amount>) -> BTreeMap<&'static str, Amount> {
    let input = amounts.get("input").copied().unwrap_or(Amount::ZERO);
    if let Some(write) = amounts.get_mut("cache_write").filter(|write| **write < input) {
        *write = write.plus(input);
    }
    amounts
}

fn day(text: Option<&String>) -> Read<Date> {
    let day = text.and_then(|text| text.parse().ok());
    day.ok_or_else(|| Strange::new("a price without its first day"))
}

fn text(fields: &Fields, key: &str) -> Read<String> {
    Ok(serde_json::from_str(raw(fields, key)?)?)
}

fn raw<'a>(fields: &'a Fields, key: &str) -> Read<&'a str> {
    Ok(fields.get(key).ok_or_else(|| Strange(format!("there is no {key}")))?.get())
}
