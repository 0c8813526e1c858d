//! Figures are those of the source, `data/prices.json` of genai-prices 0.2.1, read there by hand.

use super::*;

fn day(text: &str) -> Date {
    text.parse().expect("a day")
}

fn known(id: &str, on: &str) -> Option<Known> {
    let (list, model) = id.split_once('/').expect("provider/model");
    of(&ProviderId::parse(list).expect("a list"), &ModelName::parse(model).expect("a model"), day(on))
}

fn usd(text: &str) -> MicroUsd {
    MicroUsd::parse_up(text).expect("an amount")
}

/// A model, its context, and what reading, making, reading from the cache and writing to it cost.
type Figures = (&'static str, Option<u64>, &'static str, &'static str, Option<&'static str>, Option<&'static str>);

const FIGURES: &[Figures] = &[
    ("anthropic/claude-3-haiku", Some(200_000), "0.25", "1.25", Some("0.03"), Some("0.3")),
    ("anthropic/claude-3-5-haiku-20241022", Some(200_000), "0.8", "4", Some("0.08"), Some("1")),
    ("anthropic/claude-haiku-4-5-20251001", Some(200_000), "1", "5", Some("0.1"), Some("1.25")),
    ("anthropic/claude-haiku-5-5", Some(1_000_000), "0.1", "0.5", Some("0.01"), Some("0.125")),
    ("anthropic/claude-sonnet-4-20250514", Some(200_000), "3", "15", Some("0.3"), Some("3.75")),
    ("anthropic/claude-sonnet-5-5", Some(1_000_000), "2", "10", Some("0.1"), Some("2.5")),
    ("anthropic/claude-opus-5-5-20260901", Some(1_000_000), "4", "20", Some("0.2"), Some("5")),
    ("anthropic/claude-opus-4-1", Some(200_000), "15", "75", Some("1.5"), Some("18.75")),
    ("anthropic/claude-fable-5-1", Some(1_000_000), "10", "50", Some("0.25"), Some("12.5")),
    ("anthropic/claude-v1", None, "8", "24", None, None),
    ("deepseek/deepseek-flash", Some(1_000_000), "0.3", "1.2", Some("0.006"), None),
    ("deepseek/deepseek-chat", Some(64_000), "0.27", "1.1", Some("0.07"), None),
    ("deepseek/deepseek-v4-pro", Some(1_000_000), "1.32", "3.96", Some("0.044"), None),
    ("gemini/gemini-2.5-flash", Some(1_048_576), "0.3", "2.5", Some("0.03"), None),
    ("gemini/gemini-2.5-flash-lite", Some(1_000_000), "0.1", "0.4", Some("0.01"), None),
    ("gemini/gemini-3-flash-preview", Some(1_000_000), "0.5", "3", Some("0.05"), None),
    ("gemini/gemini-3.8-flash", Some(1_000_000), "0.75", "3.75", Some("0.075"), None),
    ("gemini/gemini-4-argon-001", Some(1_048_576), "2", "10", Some("0.1"), None),
];

const MORE: &[Figures] = &[
    ("openai/gpt-4o", Some(128_000), "2.5", "10", Some("1.25"), None),
    ("openai/GPT-4o-mini", Some(128_000), "0.15", "0.6", Some("0.075"), None),
    ("openai/gpt-4.1", Some(1_000_000), "2", "8", Some("0.5"), None),
    ("openai/gpt-5", Some(400_000), "1.25", "10", Some("0.125"), None),
    ("openai/gpt-5-mini", Some(400_000), "0.25", "2", Some("0.025"), None),
    ("openai/gpt-6-luna", Some(1_050_000), "0.1", "0.5", Some("0.01"), Some("0.125")),
    ("openai/gpt-6-sol", Some(1_050_000), "2", "10", Some("0.2"), Some("2.5")),
    ("openai/o3", Some(200_000), "2", "8", Some("0.5"), None),
    ("openai/gpt-3.5-turbo", Some(16_385), "0.5", "1.5", None, None),
    ("mistral/codestral", Some(256_000), "0.3", "0.9", None, None),
    ("mistral/ministral-3b-2512", Some(131_072), "0.1", "0.1", Some("0.01"), None),
    ("mistral/mistral-medium-3-1", None, "0.4", "2", Some("0.04"), None),
    ("groq/llama-3.3-70b-versatile", None, "0.59", "0.79", None, None),
    ("groq/openai/gpt-oss-120b", Some(131_072), "0.15", "0.6", Some("0.075"), None),
    ("xai/grok-4.6", Some(500_000), "2", "6", Some("0.5"), None),
    ("xai/grok-4-fast-reasoning", Some(2_000_000), "0.2", "0.5", Some("0.05"), None),
    ("together/Qwen/Qwen3.7-Max", None, "2.5", "7.5", Some("0.5"), None),
    ("together/Austism/chronos-hermes-13b", None, "0.3", "0.3", None, None),
    ("openrouter/anthropic/claude-sonnet-5.5", Some(1_000_000), "2", "10", Some("0.1"), Some("2.5")),
    ("openrouter/x-ai/grok-4-fast", Some(2_000_000), "0.2", "0.5", Some("0.05"), None),
    // Listed as 0.0833… of storing on top of 0.3 of reading.
    ("openrouter/google/gemini-2.5-flash", Some(1_048_576), "0.3", "2.5", Some("0.03"), Some("0.3833333333333333")),
];

#[test]
fn every_figure_is_that_of_the_source() {
    for (id, context, input, output, cached, write) in FIGURES.iter().chain(MORE) {
        let found = known(id, "2026-11-15").unwrap_or_else(|| panic!("{id} is known"));
        let rates = found.price.base;
        assert_eq!(found.context, *context, "{id}: context");
        assert_eq!((rates.input, rates.output), (usd(input), usd(output)), "{id}");
        assert_eq!((rates.cached_input, rates.cache_write), (cached.map(usd), write.map(usd)), "{id}: cache");
    }
}

#[test]
fn a_price_changes_on_its_day_and_is_the_dearer_one_around_it() {
    let input = |on| known("gemini/gemini-4-argon", on).map(|known| known.price.base.input.decimal());
    assert_eq!(input("2026-11-29").as_deref(), Some("2"));
    for around in ["2026-11-30", "2026-12-01", "2026-12-02", "2027-06-01"] {
        assert_eq!(input(around).as_deref(), Some("4"), "{around}");
    }
    // One that falls holds a day longer.
    let output = |on| known("anthropic/claude-opus-4-6", on).map(|known| known.price);
    let (before, at, after) = (output("2026-03-12"), output("2026-03-13"), output("2026-03-15"));
    assert_eq!(before.as_ref().map(|price| price.steps.len()), Some(1));
    assert_eq!(before, at);
    assert_eq!(after.map(|price| price.steps.len()), Some(0), "no step above 200,000 tokens since");
}

#[test]
fn a_step_holds_beyond_its_size_with_a_rate_for_every_kind() {
    let price = known("openai/gpt-6.1-terra", "2026-11-15").expect("known").price;
    let [step] = price.steps.as_slice() else { panic!("one step: {price:?}") };
    assert_eq!(step.above, 272_000);
    let rates = step.rates;
    assert_eq!((rates.input, rates.output), (usd("2"), usd("7.5")));
    assert_eq!((rates.cached_input, rates.cache_write), (Some(usd("0.1")), Some(usd("2.5"))));
    let sonnet = known("anthropic/claude-sonnet-4-5", "2026-11-15").expect("known").price;
    assert_eq!(sonnet.rates(200_000).input, usd("3"));
    assert_eq!(sonnet.rates(200_001).input, usd("6"));
    assert_eq!(sonnet.rates(200_001).cache_write_1h, Some(usd("12")));
}

#[test]
fn what_a_model_draws_costs_what_pictures_cost() {
    let price = known("gemini/gemini-3-pro-image-preview", "2026-11-15").expect("known").price;
    assert_eq!(price.base.output, usd("120"));
}

#[test]
fn no_price_is_that_of_another_company() {
    for (id, why) in [
        ("deepseek/gpt-6-sol", "another company's model"),
        ("openai/claude-opus-5-5", "another company's model"),
        ("anthropic/gpt-5", "another company's model"),
        ("openai/gpt-99", "no model of anybody"),
        ("openai/openai/gpt-6-sol", "OpenRouter's name for it"),
        ("openrouter/gpt-6-sol", "OpenAI's name for it"),
        ("ollama/qwen3:8b", "a list nobody has"),
        ("azure-openai/gpt-4o", "a deployment's name says nothing"),
        ("openai/text-embedding-3-small", "not a price for text that is made"),
        ("openai/whisper-1", "a price for hours"),
        ("anthropic/claude-opus-5-5-2026", "not a date"),
    ] {
        assert_eq!(known(id, "2026-11-15"), None, "{id}: {why}");
    }
    let router = known("openrouter/openai/gpt-6-sol", "2026-11-15").expect("known");
    assert!(router.price.base.input > MicroUsd::ZERO);
    let free = known("openrouter/google/gemma-3-27b-it:free", "2026-11-15").expect("known");
    assert_eq!(free.price, Price::FREE, "free by its name");
}

#[test]
fn a_maker_s_own_price_is_shown_beside_that_of_who_sells_it() {
    let openrouter = ProviderId::parse("openrouter").expect("an id");
    let at = |model: &str| at_its_maker(&openrouter, &ModelName::parse(model).expect("a name"), day("2026-11-15"));
    let (maker, price) = at("anthropic/claude-sonnet-5.5").expect("its maker's");
    assert_eq!((maker.as_str(), price.base.output), ("anthropic", usd("10")));
    assert_eq!(at("google/gemini-4-argon").map(|(maker, _)| maker.to_string()).as_deref(), Some("gemini"));
    assert_eq!(at("google/gemma-3-27b-it:free"), None, "another offer");
    assert_eq!(at("qwen/qwq-32b"), None, "a maker without a list here");
    let openai = ProviderId::parse("openai").expect("an id");
    assert_eq!(at_its_maker(&openai, &ModelName::parse("anthropic/x").expect("a name"), day("2026-11-15")), None);
}

#[test]
fn every_line_of_the_table_is_understood() {
    let mut models = 0;
    for line in TABLE.lines().filter(|line| line.contains('\t')) {
        let row = row(line).unwrap_or_else(|| panic!("{line}"));
        assert!(ModelName::parse(row.id).is_ok(), "{line}");
        assert!(row.context == "-" || row.context.parse::<u64>().is_ok(), "{line}");
        assert!(row.rules == "-" || row.rules.split(' ').all(|rule| rule.starts_with(['=', '^', '*', '$'])), "{line}");
        for words in row.prices.split('\t') {
            let (_, price) = price(words).unwrap_or_else(|| panic!("{words} in {line}"));
            assert!(price.steps.is_sorted_by_key(|step| step.above), "{line}");
            let all = std::iter::once(&price.base).chain(price.steps.iter().map(|step| &step.rates));
            for rates in all {
                let free = row.id.ends_with(":free");
                assert_eq!(rates.input == MicroUsd::ZERO || rates.output == MicroUsd::ZERO, free, "{line}");
            }
        }
        models += 1;
    }
    assert!(models > 1_000, "{models}");
    let lists = ["anthropic", "deepseek", "gemini", "groq", "mistral", "openai", "openrouter", "together", "xai"];
    let counted: usize =
        lists.iter().map(|list| rows(&ProviderId::parse(list).expect("a list")).map_or(0, <[_]>::len)).sum();
    assert_eq!(counted, models, "every line is in a section");
    for list in lists {
        let rows = rows(&ProviderId::parse(list).expect("a list")).expect("rows");
        assert!(rows.is_sorted_by(|a, b| a.id < b.id), "{list} is searched by halves");
    }
    assert_eq!(source(), Source { name: "genai-prices 0.2.1", date: day("2026-10-30") });
}
