//! Prices in every part, and models that have a list price: edits that act, and edits that wait.

use super::super::super::read;
use super::super::*;
use crate::catalog::prices::Refreshed;

const BASE: &str = "\
defaults:
  review: { provider: mine, model: big, max_tokens: 1000 }
  quick: { provider: openai, model: gpt-6-luna, max_tokens: 1000 }
providers:
  mine: { base_url: https://a.example/v1 }
models:
  mine/big:
    tier: L2
    price:
      { input: 1, output: 4, cache_write_1h: 3, image: 2, reasoning: 5, request: 0.01, steps: [
        { above: 1000, input: 2, output: 8, cached_input: 2.5, cache_write: 3.5, cache_write_1h: 6, image: 4, reasoning: 9 },
        { above: 2000, input: 3, output: 9 } ] }
";

/// A key, a piece of the base, what is put in its place and acts, and what waits.
type Row = (&'static str, &'static str, &'static str, &'static str);

pub(super) const KEYS: &[Row] = &[
    ("models.*.price.cache_write_1h", "cache_write_1h: 3,", "cache_write_1h: 3.5,", "cache_write_1h: 2,"),
    ("models.*.price.image", "image: 2,", "image: 2.1,", "image: 1.9,"),
    ("models.*.price.reasoning", "reasoning: 5,", "reasoning: 6,", "reasoning: 4.9,"),
    ("models.*.price.request", "request: 0.01", "request: 0.02", "request: 0.009999"),
    (
        "models.*.price.steps",
        ",\n        { above: 2000, input: 3, output: 9 } ]",
        ",\n        { above: 2000, input: 3, output: 9 }, { above: 3000, input: 4, output: 10 } ]",
        " ]",
    ),
    ("models.*.price.steps[].above", "above: 1000", "above: 999", "above: 1001"),
    ("models.*.price.steps[].input", "above: 1000, input: 2", "above: 1000, input: 2.2", "above: 1000, input: 1.9"),
    ("models.*.price.steps[].output", "output: 8", "output: 8.5", "output: 7.5"),
    ("models.*.price.steps[].cached_input", "cached_input: 2.5", "cached_input: 2.6", "cached_input: 2.4"),
    ("models.*.price.steps[].cache_write", "cache_write: 3.5", "cache_write: 3.6", "cache_write: 3.4"),
    ("models.*.price.steps[].cache_write_1h", "cache_write_1h: 6", "cache_write_1h: 7", "cache_write_1h: 5"),
    ("models.*.price.steps[].image", "image: 4", "image: 5", "image: 3"),
    ("models.*.price.steps[].reasoning", "reasoning: 9", "reasoning: 10", "reasoning: 8"),
];

/// Where list prices come from: a key, the section before, after an edit that acts, and after one that waits.
pub(super) const LISTS: &[Row] = &[
    ("prices", "prices: { refresh: daily }", "", "prices: { refresh: daily, url: https://b.example/l }"),
    ("prices.refresh", "prices: { refresh: off }", "prices: {}", "prices: { refresh: daily }"),
    (
        "prices.url",
        "prices: { refresh: daily, url: https://a.example/l }",
        "prices: { refresh: off, url: https://b.example/l }",
        "prices: { refresh: daily, url: https://a.example/other }",
    ),
];

#[test]
fn a_refresh_may_stop_and_not_start_or_go_elsewhere() {
    let policy = |prices: &str| read(&format!("{BASE}{prices}\n")).policy.expect("valid");
    for (key, before, acts, waits) in LISTS {
        assert_eq!(widens(&policy(before), &policy(acts)), [], "{key}: {before} → {acts}");
        let said = widens(&policy(before), &policy(waits));
        assert!(said.len() == 1 && said[0].sentence.starts_with("List prices are fetched "), "{key}: {said:#?}");
    }
    let first = widens(&policy(""), &policy("prices: { refresh: daily }"));
    assert_eq!(
        first[0].sentence,
        "List prices are fetched once a day, from https://raw.githubusercontent.com/pydantic/genai-prices/main/prices/new_data/v2/data.json."
    );
}

fn sentences(from: &str, to: &str) -> Vec<String> {
    assert_eq!(BASE.matches(from).count(), 1, "{from:?} must be there once");
    super::sentences(BASE, &BASE.replace(from, to))
}

#[test]
fn a_part_of_a_price_may_rise_and_not_fall() {
    for (key, from, acts, waits) in KEYS {
        assert_eq!(sentences(from, acts), [""; 0], "{key}: {from} → {acts}");
        let said = sentences(from, waits);
        assert!(said.iter().all(|one| one.starts_with("The price of mine/big goes from $")), "{key}: {said:#?}");
        assert_eq!(said.len(), 1, "{key}: {from} → {waits}");
    }
}

#[test]
fn a_price_below_the_list_price_waits_and_one_above_acts() {
    let listed = |price: &str| sentences("models:\n", &format!("models:\n  openai/gpt-6-luna: {{ {price} }}\n"));
    let cheaper = listed("price: { input: 0.05, output: 0.5, cached_input: 1, cache_write: 1 }");
    assert_eq!(cheaper, ["The price of openai/gpt-6-luna goes from $0.10 to $0.05 for a million input tokens."]);
    assert_eq!(listed("price: { input: 0.3, output: 1 }"), [""; 0]);
    assert_eq!(listed("description: fast"), [""; 0], "a model that is used already");
}

#[test]
fn what_an_hour_in_the_cache_costs_may_not_fall_below_what_is_counted_for_it() {
    // Without a rate of its own it costs the dearer of input and cache_write.
    let priced = |more: &str| format!("models:\n  openai/gpt-6-luna: {{ price: {{ input: 1, output: 4, {more} }} }}\n");
    let policy = |more: &str| read(&BASE.replace("models:\n", &priced(more))).policy.expect("valid");
    let (old, new) = (policy("cache_write: 0.5"), policy("cache_write: 0.5, cache_write_1h: 0.6"));
    let said: Vec<_> = widens(&old, &new).into_iter().map(|widening| widening.sentence).collect();
    assert_eq!(
        said,
        [
            "The price of openai/gpt-6-luna goes from $1.00 to $0.60 for a million tokens written to the cache for an hour."
        ]
    );
}

#[test]
fn a_context_beyond_the_listed_one_waits() {
    let listed = |more: &str| sentences("models:\n", &format!("models:\n  openai/gpt-6-luna: {{ {more} }}\n"));
    assert_eq!(listed("context: 1000000"), [""; 0], "the list says 1,050,000");
    assert_eq!(
        listed("context: 9000000"),
        ["A prompt for openai/gpt-6-luna may have 9000000 tokens instead of 1050000."]
    );
}

#[test]
fn a_list_price_that_another_day_brings_is_no_edit() {
    // It costs a fifth since June 2025.
    let text = BASE.replace("gpt-6-luna", "o3");
    let old = read(&text).policy.expect("valid");
    let mut new = old.clone();
    new.day = "2025-01-01".parse().expect("a day");
    let o3 = &old.classes[1].primary;
    assert_ne!(old.price(o3), new.price(o3), "else this shows nothing");
    assert_eq!((widens(&old, &new), widens(&new, &old)), (Vec::new(), Vec::new()));
    let (mut new, table) = (old.clone(), "[openai]\no3\t-\t-\t-\tinput=3 output=9\n");
    new.refreshed = Some(std::sync::Arc::new(Refreshed::read(table, new.day, new.day)));
    assert_ne!(old.price(o3), new.price(o3), "else this shows nothing");
    assert_eq!((widens(&old, &new), widens(&new, &old)), (Vec::new(), Vec::new()), "nor one from a newer list");
}

#[test]
fn a_model_with_a_list_price_is_first_used_within_what_was_allowed() {
    let named = |model: &str| sentences("models:\n", &format!("models:\n  {model}: {{}}\n"));
    assert_eq!(named("openai/gpt-6-sol"), [""; 0], "L2 like the dearest before, at a provider that was used");
    assert_eq!(named("openai/o1-pro"), ["openai/o1-pro, which is L3, can be used; so far it is L2 at most."]);
    assert_eq!(
        named("deepseek/deepseek-flash"),
        ["deepseek/deepseek-flash can be used, and nothing used deepseek so far."]
    );
    assert_eq!(named("mine/unheard-of"), [""; 0], "without a price it is not called");
    assert_eq!(
        sentences("model: gpt-6-luna", "model: o1-pro").first().map(String::as_str),
        Some("openai/o1-pro, which is L3, can be used; so far it is L2 at most.")
    );
}
