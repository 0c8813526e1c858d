//! The widening rule for what a class says beside its model, for profiles and for the cache: rows of
//! the same two tables, on a file of their own.

use super::{Row, policy, sentences};

const BASE: &str = r#"defaults:
  fixed: { provider: openai, model: middle, max_tokens: 100, tier: L2 }
  ordered: { provider: openai, model: middle, max_tokens: 100, strategy: fixed, prefix_cache: 5m, cache: true }
  shared: { max_tokens: 100, split: [{ provider: openai, model: middle, share: 60 }, { provider: openai, model: cheap, share: 40 }] }
  short: { provider: openai, model: cheap, max_tokens: 100, too_long: long, truncate_oldest: false }
  long: { provider: openai, model: middle, max_tokens: 100 }
fallback:
  ordered: [{ provider: openai, model: cheap }, { provider: openai, model: dear }]
models:
  openai/cheap: { price: { input: 1, output: 1 }, images: false }
  openai/middle: { price: { input: 1, output: 4 } }
  openai/dear: { price: { input: 5, output: 50 } }
  deepseek/cheap: { price: { input: 1, output: 1 } }
cache: { ttl_s: 3600, max_mb: 100 }
profiles:
  frugal: { max_tier: L1, local_only: true, defaults: { fixed: { provider: openai, model: cheap } } }
"#;

fn edited(from: &str, to: &str) -> String {
    assert_eq!(BASE.matches(from).count(), 1, "{from:?} must be there once");
    BASE.replace(from, to)
}

/// Edits that act at once.
pub(super) const ACTS: &[Row] = &[
    ("defaults.*.tier", "tier: L2 }", "tier: L1 }"),
    ("defaults.*.cache", "cache: true", "cache: false"),
    ("defaults.*.prefix_cache", "prefix_cache: 5m, ", ""),
    (
        "defaults.*.split",
        "{ max_tokens: 100, split: [{ provider: openai, model: middle, share: 60 }, { provider: openai, model: cheap, share: 40 }] }",
        "{ max_tokens: 100, provider: openai, model: middle }",
    ),
    (
        "defaults.*.split[].provider",
        "provider: openai, model: cheap, share",
        "\"provider\": openai, model: cheap, share",
    ),
    ("defaults.*.split[].model", "model: middle, share: 60", "model: cheap, share: 60"),
    (
        "defaults.*.split[].share",
        "share: 60 }, { provider: openai, model: cheap, share: 40",
        "share: 99 }, { provider: openai, model: cheap, share: 1",
    ),
    ("defaults.*.strategy", "strategy: fixed", "strategy: cheapest"),
    ("defaults.*.too_long", ", too_long: long", ""),
    ("defaults.*.truncate_oldest", "truncate_oldest: false", "truncate_oldest: true"),
    ("models.*.images", "output: 4 } }", "output: 4 }, images: false }"),
    ("profiles", "profiles:\n", "profiles:\n  tight: { max_tier: L0 }\n"),
    ("profiles.*", "profiles:\n", "profiles:\n  tight: { max_tier: L0 }\n"),
    (
        "profiles.*.defaults",
        "{ provider: openai, model: cheap } } }",
        "{ provider: openai, model: cheap, max_tokens: 50 } } }",
    ),
    ("profiles.*.max_tier", "max_tier: L1", "max_tier: L0"),
    ("profiles.*.local_only", "profiles:\n", "profiles:\n  home: { local_only: true }\n"),
    ("cache", "cache: { ttl_s: 3600, max_mb: 100 }", "cache: { ttl_s: 60, max_mb: 1 }"),
    ("cache.ttl_s", "ttl_s: 3600", "ttl_s: 3599"),
    ("cache.max_mb", "max_mb: 100", "max_mb: 99"),
];

/// Edits that wait, with the whole sentence a person reads.
pub(super) const WAITS: &[(&str, &str, &str, &str)] = &[
    ("defaults.*.tier", ", tier: L2 }", " }", "fixed may use models up to L3 instead of L2 at most."),
    (
        "defaults.*.cache",
        "max_tokens: 100, tier",
        "cache: true, max_tokens: 100, tier",
        "Answers of fixed are kept on this machine for a while.",
    ),
    (
        "defaults.*.prefix_cache",
        "prefix_cache: 5m",
        "prefix_cache: 1h",
        "Prompts of ordered may be written to the provider's cache, which costs more than reading them.",
    ),
    (
        "defaults.*.split",
        "  long: {",
        "  extra: { max_tokens: 9, split: [{ provider: openrouter, model: a/b, share: 100 }] }\n  long: {",
        "Prompts of the new class extra may go to openrouter, which nothing used so far.",
    ),
    (
        "defaults.*.split[].provider",
        "provider: openai, model: cheap, share",
        "provider: deepseek, model: cheap, share",
        "Prompts of shared may go to deepseek, which it did not use so far.",
    ),
    (
        "defaults.*.split[].model",
        "model: cheap, share",
        "model: dear, share",
        "shared may use openai/dear, which is L3; so far it is L2 at most.",
    ),
    (
        "defaults.*.strategy",
        "strategy: fixed",
        "strategy: fastest",
        "ordered may use openai/dear, which is L3; so far it is L2 at most.",
    ),
    (
        "defaults.*.too_long",
        "model: cheap, max_tokens: 100, too_long: long",
        "model: cheap, max_tokens: 100, too_long: ordered",
        "short may use openai/dear, which is L3; so far it is L2 at most.",
    ),
    ("models.*.images", ", images: false", "", "Pictures may be sent to openai/cheap."),
    (
        "profiles",
        "profiles:\n",
        "profiles:\n  wide: { defaults: { fixed: { provider: openai, model: dear } } }\n",
        "With the profile wide: fixed may use openai/dear, which is L3; so far it is L2 at most.",
    ),
    (
        "profiles.*",
        "  frugal: {",
        "  other: {",
        "With the profile frugal: Prompts may leave this machine, which the profile kept from them.",
    ),
    (
        "profiles.*.defaults",
        "defaults: { fixed: { provider: openai, model: cheap } } }",
        "defaults: { fixed: { provider: openai, model: cheap, max_tokens: 101 } } }",
        "With the profile frugal: An answer of the class fixed may have 101 tokens instead of 100.",
    ),
    (
        "profiles.*.max_tier",
        "max_tier: L1",
        "max_tier: L2",
        "With the profile frugal: Models up to L2 may answer instead of L1 at most.",
    ),
    (
        "profiles.*.local_only",
        "local_only: true, ",
        "",
        "With the profile frugal: Prompts may leave this machine, which the profile kept from them.",
    ),
    ("cache", "cache: { ttl_s: 3600, max_mb: 100 }", "", "Answers are kept for 86400 s instead of 3600 s."),
    ("cache.ttl_s", "ttl_s: 3600", "ttl_s: 3601", "Answers are kept for 3601 s instead of 3600 s."),
    ("cache.max_mb", "max_mb: 100", "max_mb: 101", "Kept answers may take 101 MB instead of 100 MB."),
];

#[test]
fn narrowing_and_rerouting_act_at_once() {
    for (key, from, to) in ACTS {
        assert_eq!(sentences(BASE, &edited(from, to)), [""; 0], "{key}: {from} → {to}");
    }
}

#[test]
fn widening_waits_with_a_sentence() {
    for (key, from, to, sentence) in WAITS {
        let said = sentences(BASE, &edited(from, to));
        assert!(said.iter().any(|one| one == sentence), "{key}: {from} → {to} said {said:#?}");
    }
}

/// What is dearer comes first after two edits, though each alone only reorders.
#[test]
fn a_strategy_that_is_given_up_may_bring_the_dearer_model_first() {
    let dear_first = BASE
        .replace("ordered: { provider: openai, model: middle", "ordered: { provider: openai, model: dear")
        .replace("fixed, prefix", "cheapest, prefix");
    assert_eq!(
        sentences(&dear_first, &dear_first.replace("strategy: cheapest", "strategy: fixed")),
        ["ordered may use openai/dear, which is L3; so far it is L1 at most."]
    );
    assert!(policy(&dear_first).class(&crate::id::TaskClass::parse("ordered").expect("a name")).is_some());
}

/// A way that leads to a dearer class is as much reach as a fallback is.
#[test]
fn the_class_that_takes_over_counts_as_part_of_the_class() {
    let longer = BASE.replace(
        "long: { provider: openai, model: middle, max_tokens: 100 }",
        "long: { provider: openai, model: middle, max_tokens: 900 }",
    );
    let said = sentences(BASE, &longer);
    assert!(said.contains(&"An answer of the class short may have 900 tokens instead of 100.".to_owned()), "{said:#?}");
}
