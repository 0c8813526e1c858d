//! What a class may say beside its model, profiles, and two whole files: one written from the
//! documentation alone, with every key there is.

use std::time::Duration;

use super::*;
use crate::chat::PrefixCache;
use crate::id::ProfileName;
use crate::policy::{ClassRule, Strategy, Tier};

/// Two models of which one has no price.
const MODELS: &str =
    "models:\n  openai/m: { price: { input: 1, output: 2 } }\n  openai/n: { price: { input: 1, output: 3 } }\n";

fn problems(text: &str) -> Vec<String> {
    let mark = |problem: &Problem| if problem.severity == Severity::Error { "error" } else { "warning" };
    read(text).problems.iter().map(|problem| format!("{} {problem}", mark(problem))).collect()
}

/// The class `a` with some more keys.
fn class(more: &str) -> String {
    format!("defaults:\n  a: {{ provider: openai, model: m, {more} }}\n  b: {{ provider: openai, model: n }}\n{MODELS}")
}

fn good(text: &str) -> Policy {
    let reading = read(text);
    assert_eq!(reading.problems, [], "{text}");
    reading.policy.expect("no problem, so a policy")
}

fn rule(text: &str) -> ClassRule {
    good(text).classes.remove(0)
}

#[test]
fn everything_a_class_may_say_is_read() {
    let rule =
        rule(&class("strategy: fastest, tier: L2, cache: true, prefix_cache: 1h, too_long: b, truncate_oldest: true"));
    assert_eq!((rule.strategy, rule.max_tier, rule.cache), (Strategy::Fastest, Some(Tier::L2), true));
    assert_eq!((rule.prefix_cache, rule.truncate_oldest), (Some(PrefixCache::Hour), true));
    assert_eq!(rule.too_long.as_ref().map(TaskClass::as_str), Some("b"));
    for (text, kept) in [("true", Some(PrefixCache::FiveMinutes)), ("5m", Some(PrefixCache::FiveMinutes)), ("no", None)]
    {
        assert_eq!(super::class_tests::rule(&class(&format!("prefix_cache: {text}"))).prefix_cache, kept, "{text}");
    }
    let policy = good(&format!("{}cache: {{ ttl_s: 60, max_mb: 5 }}\n", class("cache: no")));
    assert_eq!((policy.cache.ttl, policy.cache.max_mb), (Duration::from_secs(60), 5));
    assert_eq!(good(&class("cache: no")).cache, Cache { ttl: Duration::from_secs(86_400), max_mb: 200 });
}

#[test]
fn a_split_stands_for_provider_and_model() {
    let text = format!(
        "defaults:\n  a: {{ split: [{{ provider: openai, model: n, share: 30 }}, {{ provider: openai, model: m, share: 70 }}] }}\n{MODELS}"
    );
    let rule = rule(&text);
    let shares: Vec<_> = rule.split.iter().map(|share| (share.model.to_string(), share.percent)).collect();
    assert_eq!(shares, [("openai/n".to_owned(), 30), ("openai/m".to_owned(), 70)]);
    assert_eq!(rule.primary.to_string(), "openai/n");
}

#[test]
fn what_is_wrong_with_a_class_is_told_with_the_way_out() {
    let split = |items: &str| format!("split: [{items}]");
    for (more, told) in [
        (
            split("{ provider: openai, model: m, share: 60 }, { provider: openai, model: n, share: 30 }"),
            "error line 2, column 43: The shares of defaults.a.split add up to 90; they must add up to 100.",
        ),
        (
            split("{ provider: openai, model: m, share: 100 }") + ", strategy: fixed",
            "error line 2, column 89: A class has either a strategy or a split. Remove one of the two.",
        ),
        (
            split("{ provider: openai, model: n, share: 100 }"),
            "warning line 2, column 8: openai/m is not asked: split names the models of this class, and it is none of them.",
        ),
        (
            split("{ provider: openai, model: m }"),
            "error line 2, column 44: defaults.a.split[0] needs a share in percent.",
        ),
        (
            split("{ provider: openai, model: m, share: 100, shrae: 1 }"),
            "error line 2, column 86: \"shrae\" is not a key of this place. The nearest is share.",
        ),
        (
            "strategy: chepest".to_owned(),
            "error line 2, column 46: strategy must be one of fixed, cheapest, fastest, best_rated, cascade; it is \"chepest\". The nearest is cheapest.",
        ),
        (
            "tier: L7".to_owned(),
            "error line 2, column 42: tier must be one of L0, L1, L2, L3; it is \"L7\". The nearest is L0.",
        ),
        (
            "too_long: bb".to_owned(),
            "error line 2, column 46: too_long names no task class; it is \"bb\". The nearest is b.",
        ),
        (
            "too_long: a".to_owned(),
            "error line 2, column 46: too_long leads from a back to a. Let it end at the largest class.",
        ),
        (
            "prefix_cache: 10m".to_owned(),
            "error line 2, column 50: prefix_cache must be 5m, 1h, true (5m) or false; it is \"10m\".",
        ),
        (
            "cach: true".to_owned(),
            "warning line 2, column 36: \"cach\" is not a key of this place and has no effect. The nearest is cache.",
        ),
        ("teir: L1".to_owned(), "error line 2, column 36: \"teir\" is not a key of this place. The nearest is tier."),
    ] {
        assert_eq!(problems(&class(&more)), [told], "{more}");
    }
}

#[test]
fn a_way_of_too_long_that_comes_back_is_an_error_also_through_a_profile() {
    let text = class("too_long: b");
    good(&text);
    let looped = text.replace("model: n }\n", "model: n, too_long: a }\n");
    assert_eq!(
        problems(&looped),
        [
            "error line 2, column 46: too_long leads from a back to a. Let it end at the largest class.",
            "error line 3, column 46: too_long leads from b back to b. Let it end at the largest class.",
        ]
    );
    assert_eq!(
        problems(&format!("{text}profiles:\n  p: {{ defaults: {{ b: {{ too_long: a }} }} }}\n")),
        ["error line 8, column 1: With the profile p, too_long leads from b back to b."]
    );
}

#[test]
fn a_profile_reads_as_classes_do_and_refuses_only_while_it_is_chosen() {
    let base = class("max_tokens: 10");
    let name = ProfileName::parse("p").expect("a name");
    let policy = good(&format!(
        "{base}profiles:\n  p: {{ max_tier: L1, local_only: yes, defaults: {{ chat_default: b, a: {{ provider: openai, model: n }} }} }}\n"
    ));
    let profile = &policy.profiles[&name];
    assert_eq!((profile.max_tier, profile.local_only), (Some(Tier::L1), true));
    assert_eq!(
        (profile.classes[0].primary.to_string().as_str(), profile.classes[0].max_tokens),
        ("openai/n", Some(10))
    );

    let panel = format!("{base}profiles:\n  p: {{ defaults: {{ a: {{ members: [] }} }} }}\n");
    let policy = read(&panel).policy.expect("valid");
    assert_eq!(policy.refused, []);
    let chosen = policy.with_profile(&name).expect("it is there");
    assert_eq!(chosen.refused.iter().map(|r| r.key.as_str()).collect::<Vec<_>>(), ["profiles.p.defaults.a.members"]);

    for (more, told) in [
        ("none: {}", "error line 8, column 3: A profile cannot be called none: that word stands for no profile."),
        (
            "p: { max_teir: L1 }",
            "error line 8, column 8: \"max_teir\" is not a key of this place. The nearest is max_tier.",
        ),
        ("p: { max_tier: high }", "error line 8, column 18: max_tier must be one of L0, L1, L2, L3; it is \"high\"."),
        (
            "a b: {}",
            "error line 8, column 3: The profile \"a b\" has a character that is not allowed. Use letters, digits, - _ and .",
        ),
        ("p: { defaults: { a: { model: m } } }", "error line 8, column 23: profiles.p.defaults.a needs a provider."),
        (
            "p: { defaults: { new: { max_tokens: 1 } } }",
            "error line 8, column 20: profiles.p.defaults.new needs a provider and a model.",
        ),
    ] {
        assert_eq!(problems(&format!("{base}profiles:\n  {more}\n")), [told], "{more}");
    }
}

/// Written from product.md §4 alone, without a look at the reader. It loads; what does not work yet
/// says so, and what to do.
#[test]
fn a_file_written_from_the_documentation_loads_or_says_what_to_do() {
    let reading = read(include_str!("../fixtures/whole.yaml"));
    let told: String = reading.problems.iter().map(|problem| format!("{problem}\n")).collect();
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/src/policy/fixtures/whole.problems.txt");
    if std::env::var_os("POINTSMAN_UPDATE").is_some() {
        std::fs::write(path, &told).expect("written");
    }
    let expected = std::fs::read_to_string(path).unwrap_or_default();
    assert_eq!(told, expected, "read it, and write it anew with POINTSMAN_UPDATE=1 where it is right");
    assert!(reading.problems.iter().all(|problem| problem.severity == Severity::Warning), "it loads");
    // Nothing in it is unknown: a key of the documentation is never taken for a slip.
    assert!(!told.contains("is not a key of this place"), "{told}");
}
