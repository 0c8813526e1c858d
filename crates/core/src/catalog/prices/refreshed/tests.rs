//! What is believed of a newer list, and what is reserved and charged by it.

use super::*;
use crate::catalog::prices::{self, of, with};

fn day(text: &str) -> Date {
    text.parse().expect("a day")
}

fn today() -> Date {
    day("2026-11-25")
}

fn refreshed(table: &str) -> Refreshed {
    Refreshed::read(table, today(), today())
}

fn id(text: &str) -> ModelId {
    ModelId::parse(text).expect("a model")
}

fn price(words: &str) -> Price {
    prices::price(words).unwrap_or_else(|| panic!("{words}")).1
}

/// What a newer list may say of `input=2 output=10 cached_input=0.2 >272000 input=4 output=15`.
#[test]
fn a_price_within_a_third_and_three_times_is_believed_and_no_other() {
    let here = price("input=2 output=10 cached_input=0.2 request=0.01 >272000 input=4 output=15 cached_input=0.4");
    let step = ">272000 input=4 output=15";
    for (words, doubted) in [
        (format!("input=2 output=10 {step}"), None),
        (format!("input=6 output=30 {step}"), None),
        (format!("input=6.000001 output=10 {step}"), Some("input")),
        (format!("input=2 output=30.01 {step}"), Some("output")),
        (format!("input=0.67 output=3.34 {step}"), None),
        (format!("input=0.66 output=10 {step}"), Some("input")),
        (format!("input=2 output=0.01 {step}"), Some("output")),
        (format!("input=0 output=10 {step}"), Some("input")),
        // What is part of the input may cost as much as the input may.
        (format!("input=2 output=10 cached_input=2 {step}"), None),
        (format!("input=2 output=10 cached_input=0.000001 {step}"), None),
        (format!("input=2 output=10 cache_write=6.1 {step}"), Some("written")),
        (format!("input=2 output=10 cache_write_1h=7 {step}"), Some("hour")),
        (format!("input=2 output=10 image=7 {step}"), Some("pictures")),
        (format!("input=2 output=10 reasoning=31 {step}"), Some("reasoning")),
        (format!("input=2 output=10 reasoning=29 {step}"), None),
        (format!("input=2 output=10 request=0.1 {step}"), None),
        (format!("input=2 output=10 request=0.11 {step}"), Some("call")),
        // At every size of input.
        ("input=2 output=10".to_owned(), None),
        ("input=2 output=10 >272000 input=13 output=15".to_owned(), Some("input")),
        ("input=2 output=10 >1000 input=7 output=15".to_owned(), Some("input")),
        ("input=2 output=10 >1000 input=0.1 output=15".to_owned(), Some("input")),
        ("input=2 output=10 >1000 input=2 output=10 >500000 input=4 output=50".to_owned(), Some("output")),
        ("input=2 output=10 >999 input=2 output=10".to_owned(), Some("steps")),
        ("input=2 output=10 >5000 input=2 output=10 >4000 input=2 output=10".to_owned(), Some("steps")),
        ("input=2 output=10 >5000 input=2 output=10 >5000 input=2 output=10".to_owned(), Some("steps")),
    ] {
        let found = doubt(Some(&here), &price(&words));
        let said = found.clone().map(|why| LeftAlone { model: id("openai/x"), why }.to_string()).unwrap_or_default();
        match doubted {
            None => assert_eq!(found, None, "{words}"),
            Some(part) => assert!(said.contains(part), "{words}: {said:?}"),
        }
    }
}

#[test]
fn a_new_model_is_believed_above_zero_and_below_a_bound() {
    for (words, believed) in [
        ("input=0.05 output=0.4", true),
        ("input=1000 output=1000", true),
        ("input=1000.01 output=1", false),
        ("input=1 output=1001", false),
        ("input=0 output=1", false),
        ("input=1 output=0", false),
        ("input=1 output=1 cache_write=1001", false),
        ("input=1 output=1 request=0.11", false),
        ("input=1 output=1 >2000 input=0 output=1", false),
        ("input=1 output=1 >2000 input=1 output=2", true),
    ] {
        assert_eq!(doubt(None, &price(words)).is_none(), believed, "{words}");
    }
    let free = price("input=0 output=0");
    assert_eq!(doubt(Some(&free), &free), None, "a model that is free here and there");
    assert!(doubt(Some(&free), &price("input=1 output=1")).is_some(), "any price is far from nothing");
}

/// gpt-6-sol is at 2 and 10 dollars in our table, with a step; gpt-4o at 2.50 and 10.
#[test]
fn what_is_counted_by_is_never_below_ours_whatever_a_list_says() {
    let newer = refreshed(
        "[openai]\ngpt-4o\t-\t-\t-\tinput=3 output=4\ngpt-5\t-\t-\t-\tinput=0.01 output=0.01\nnew-one\t=newest ^gpt\t64000\t-\tinput=1 output=2\n[nobody]\nx\t-\t-\t-\tinput=1 output=1\n",
    );
    let (openai, price_of) = (ProviderId::parse("openai").expect("an id"), |name: &str| {
        let known = with(
            &ProviderId::parse("openai").expect("an id"),
            &ModelName::parse(name).expect("a name"),
            today(),
            Some(&newer),
        );
        known.map(|known| (known.price.base.input.decimal(), known.price.base.output.decimal(), known.source.name))
    });
    let said = |input: &str, output: &str, by: &'static str| Some((input.to_owned(), output.to_owned(), by));
    let ours = prices::source().name;
    assert_eq!(price_of("gpt-4o"), said("3", "10", "refreshed list"), "the dearer of each kind");
    assert_eq!(price_of("gpt-4o-2024-11-20"), price_of("gpt-4o"), "also under another of its names");
    assert_eq!(price_of("gpt-5"), said("1.25", "10", ours), "far too cheap");
    assert_eq!(price_of("gpt-6-sol"), said("2", "10", ours), "not in it");
    assert_eq!(price_of("new-one"), said("1", "2", "refreshed list"));
    assert_eq!(price_of("newest"), price_of("new-one"), "a whole name means it too");
    assert_eq!(price_of("gpt-99-unheard-of"), None, "a wide rule of a newer list is not followed");
    assert_eq!(newer.new_ones(&openai).map(ModelName::as_str).collect::<Vec<_>>(), ["new-one"]);
    let told: Vec<_> = newer.left_alone.iter().map(ToString::to_string).collect();
    assert_eq!(told, ["openai/gpt-5: $0.01 for a million input tokens in the refreshed list, $1.25 here: left alone."]);
    assert_eq!(newer.taken(), 2);
    // No entry at all makes anything cheaper.
    let everything =
        std::iter::once("[openai]\n".to_owned()).chain(prices::all(&openai, today()).flat_map(|(name, known)| {
            let third = |amount: MicroUsd| MicroUsd::from_micros((amount.micros() + 2) / 3).decimal();
            let base = known.price.base;
            Some(format!(
                "{name}\t^g\t-\t-\tinput={} output={} cached_input=0\n",
                third(base.input),
                third(base.output)
            ))
        }));
    let cheaper = refreshed(&everything.collect::<String>());
    assert!(cheaper.taken() > 50, "else this shows nothing: {}", cheaper.taken());
    for (name, known) in prices::all(&openai, today()) {
        let then = with(&openai, &name, today(), Some(&cheaper)).expect("still known");
        assert!(!known.price.exceeds(&then.price), "{name}");
    }
}

#[test]
fn a_table_that_says_what_ours_says_changes_nothing() {
    let same = refreshed(prices::TABLE);
    assert_eq!((same.taken(), same.left_alone.as_slice()), (0, &[][..]));
    let name = ModelName::parse("claude-opus-5-5").expect("a name");
    let anthropic = ProviderId::parse("anthropic").expect("an id");
    assert_eq!(with(&anthropic, &name, today(), Some(&same)), of(&anthropic, &name, today()));
}

#[test]
fn a_new_model_of_anthropic_pays_for_what_is_kept_though_its_list_does_not_say_how_much() {
    let newer = refreshed("[anthropic]\nclaude-next-9\t-\t-\t-\tinput=4 output=20\n");
    let known =
        newer.of(&ProviderId::parse("anthropic").expect("an id"), &ModelName::parse("claude-next-9").expect("a name"));
    let rates = known.expect("taken").price.base;
    assert_eq!((rates.cache_write, rates.cache_write_1h), (MicroUsd::parse("5").ok(), MicroUsd::parse("8").ok()));
}
