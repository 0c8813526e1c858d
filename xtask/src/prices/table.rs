//! From the JSON of genai-prices to the table: one model a line, sorted, so that a new version is a
//! diff somebody can read.

use std::collections::BTreeMap;
use std::fmt::Write;

use anyhow::{Context, Result, bail};
use serde_json::Value;
use serde_json::value::RawValue;

use super::amount::Amount;
use super::rules::rules;

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

const HEAD: &str = "\
# List prices and context windows of models. Licence of the data: MIT, see LICENSE beside this file.
# Written by `cargo xtask prices` from the data of the crate genai-prices; a test finds other edits.
# A section is a provider. A line is a model, with tabs between: its id; rules by which other names
# mean it too (= is, ^ begins, * contains, $ ends, ! does not contain, # any digit, & all of them);
# tokens of context; notes (deprecated; peak: the price of the dearest hours); then one price, or
# several with the first day of each. US dollars for a million tokens, `request` for one call;
# after >N what all tokens cost in a call of more than N tokens of input.
";

type Fields = BTreeMap<String, Box<RawValue>>;

/// Amounts by kind, below every step and beyond each.
#[derive(Clone, Debug, Default)]
struct Rates {
    base: BTreeMap<&'static str, Amount>,
    steps: BTreeMap<u64, BTreeMap<&'static str, Amount>>,
}

/// The whole table.
pub(super) fn table(source: &str, version: &str, released: &str) -> Result<String> {
    let providers: Vec<Fields> = serde_json::from_str(source).context("the data is no list of providers")?;
    let mut out = format!("{HEAD}# source: genai-prices {version}\n# date: {released}\n");
    for (theirs, ours) in PROVIDERS {
        let provider = providers.iter().find(|fields| text(fields, "id").is_ok_and(|id| id == *theirs));
        let provider = provider.with_context(|| format!("there is no provider {theirs}"))?;
        let models: Vec<Fields> = serde_json::from_str(raw(provider, "models")?)?;
        let mut rows = Vec::new();
        for model in &models {
            let id = text(model, "id")?;
            rows.extend(row(model, &id).with_context(|| format!("{theirs}/{id}"))?.map(|row| (id, row)));
        }
        rows.sort();
        writeln!(out, "[{ours}]")?;
        rows.into_iter().for_each(|(_, row)| out.push_str(&row));
    }
    Ok(out)
}

/// The line of a model; `None` where it is not one that reads and makes text for a price.
fn row(model: &Fields, id: &str) -> Result<Option<String>> {
    let matcher: Value = serde_json::from_str(raw(model, "match")?)?;
    let rules = rules(&matcher, id)?;
    let Some((dated, peak)) = priced(model, id)? else { return Ok(None) };
    let context = model.get("context_window").map_or("-", |tokens| tokens.get());
    let deprecated = model.get("deprecated").is_some_and(|value| value.get() == "true");
    let notes = [deprecated.then_some("deprecated"), peak.then_some("peak")];
    let notes: Vec<_> = notes.into_iter().flatten().collect();
    let or_none = |words: String| if words.is_empty() { "-".to_owned() } else { words };
    let mut line = format!("{id}\t{}\t{context}\t{}", or_none(rules.join(" ")), or_none(notes.join(" ")));
    for (from, rates) in dated {
        write!(line, "\t{}", shown(&rates))?;
        if let Some(from) = from {
            write!(line, " from={from}")?;
        }
    }
    line.push('\n');
    Ok(Some(line))
}

type Dated = Vec<(Option<String>, Rates)>;

/// Its prices by first day, and whether dearer hours were put in.
fn priced(model: &Fields, id: &str) -> Result<Option<(Dated, bool)>> {
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
            ["start_date"] => dated.push((constraint.get("start_date").cloned(), rates)),
            ["end_time", "start_time"] => hours.push(rates),
            other => bail!("an unknown constraint: {other:?}"),
        }
    }
    if dated.first().is_none_or(|(from, _)| from.is_some()) || !dated.is_sorted_by(|a, b| a.0 < b.0) {
        bail!("the prices are not in the order of their days");
    }
    for (_, rates) in &mut dated {
        for other in &hours {
            dearer(rates, other)?;
        }
    }
    Ok(Some((dated, !hours.is_empty())))
}

/// The amounts of one entry; `None` where it does not price both reading and making text.
fn rates(prices: &Fields, id: &str) -> Result<Option<Rates>> {
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
            bail!("an unknown price {key}");
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

fn put(rates: &mut Rates, kind: &'static str, value: &RawValue) -> Result<()> {
    if !value.get().starts_with('{') {
        rates.base.insert(kind, Amount::parse(value.get())?);
        return Ok(());
    }
    let fields: Fields = serde_json::from_str(value.get())?;
    rates.base.insert(kind, Amount::parse(raw(&fields, "base")?)?);
    let tiers: Vec<Fields> = serde_json::from_str(raw(&fields, "tiers")?)?;
    for tier in tiers {
        let start = raw(&tier, "start")?.parse().context("a step without a start")?;
        rates.steps.entry(start).or_default().insert(kind, Amount::parse(raw(&tier, "price")?)?);
    }
    Ok(())
}

/// Each kind at the dearer of two prices.
fn dearer(rates: &mut Rates, other: &Rates) -> Result<()> {
    if !rates.steps.is_empty() || !other.steps.is_empty() || !rates.base.keys().eq(other.base.keys()) {
        bail!("hours of a price with steps or of other kinds");
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

fn text(fields: &Fields, key: &str) -> Result<String> {
    Ok(serde_json::from_str(raw(fields, key)?)?)
}

fn raw<'a>(fields: &'a Fields, key: &str) -> Result<&'a str> {
    Ok(fields.get(key).with_context(|| format!("there is no {key}"))?.get())
}
