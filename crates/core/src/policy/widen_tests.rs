//! For every key of the file: an edit that narrows and one that widens.

use super::super::read;
use super::super::settings::{SETTINGS, Standing};
use super::*;

#[path = "widen_caps_tests.rs"]
mod caps;
#[path = "widen_class_tests.rs"]
mod class_rows;
#[path = "widen_price_tests.rs"]
mod prices;

const BASE: &str = r#"version: "1"
caps:
  - { scope: all, window: day, limit_usd: 2.00, on_hit: block, alerts: [50] }
  - { scope: provider, name: openai, window: month, limit_usd: 5.00 }
cost_preflight: { enabled: true, chars_per_token: 4, warn_usd: 0.50, block_usd: 15.00 }
providers:
  mine: { title: Mine, wire: openai_chat, base_url: https://a.example/v1, key: { env: MINE }, organization: ours, "api_version": v1, proxy: none, headers: { x-team: red } }
  near: { base_url: http://127.0.0.1:9/v1, local: true }
defaults:
  summarize: { provider: openai, model: cheap, max_tokens: 1000, rationale: Short, temperature: 0.2, timeout_s: 60 }
  review: { provider: mine, model: middle, max_tokens: 1000 }
  chat_default: summarize
fallback:
  review: [{ provider: mine, model: small }]
models:
  openai/cheap: { description: a, use_for: b, avoid_for: c, tier: L1, context: 1000, max_output: 900, aliases: [quick], price: { input: 1, output: 4, cached_input: 0.50, cache_write: 2 } }
  openai/middle: { tier: L2, price: { input: 1, output: 4 } }
  openai/dear: { tier: L3, price: { input: 5, output: 50 } }
  openai/off: { enabled: false, price: { input: 1, output: 1 } }
  mine/middle: { tier: L2, price: { input: 1, output: 4 } }
  mine/small: { tier: L1, price: { input: 1, output: 4 } }
  deepseek/cheap: { tier: L1, price: { input: 1, output: 1 } }
  deepseek/unpriced: { tier: L1 }
timeouts: { connect_s: 10, first_token_s: 10, first_token_slow_s: 120, idle_s: 15, total_s: 60 }
retry: { delays_s: [1, 3], jitter: 0.2 }
breaker: { failures: 5, cooldown_s: 60 }
concurrency: { global: 4, per_provider: 2 }
"#;

fn policy(text: &str) -> Policy {
    let reading = read(text);
    reading.policy.unwrap_or_else(|| panic!("{:#?}\n{text}", reading.problems))
}

fn edited(from: &str, to: &str) -> String {
    assert_eq!(BASE.matches(from).count(), 1, "{from:?} must be there once");
    BASE.replace(from, to)
}

fn sentences(old: &str, new: &str) -> Vec<String> {
    widens(&policy(old), &policy(new)).into_iter().map(|widening| widening.sentence).collect()
}

/// A key, a piece of the base, and what is put in its place.
type Row = (&'static str, &'static str, &'static str);

/// Edits that act at once.
const ACTS: &[Row] = &[
    ("version", "version: \"1\"", "version: \"2\""),
    ("defaults", "  review: { provider: mine, model: middle, max_tokens: 1000 }\n", ""),
    ("defaults.chat_default", "chat_default: summarize", "chat_default: summarize # the same"),
    ("defaults.*", "  chat_default", "  extra: { provider: openai, model: middle, max_tokens: 1000 }\n  chat_default"),
    ("defaults.*.provider", "provider: mine, model: middle, max_tokens", "provider: mine, model: small, max_tokens"),
    ("defaults.*.model", "provider: mine, model: middle,", "provider: mine, model: small,"),
    ("defaults.*.max_tokens", "max_tokens: 1000, rationale", "max_tokens: 999, rationale"),
    ("defaults.*.rationale", "rationale: Short", "rationale: Other"),
    ("defaults.*.temperature", "temperature: 0.2", "temperature: 1.9"),
    ("defaults.*.timeout_s", "timeout_s: 60", "timeout_s: 3600"),
    ("cost_preflight", "cost_preflight: { enabled: true, chars_per_token: 4, warn_usd: 0.50, block_usd: 15.00 }", ""),
    ("cost_preflight.enabled", "enabled: true, chars", "chars"),
    ("cost_preflight.chars_per_token", "chars_per_token: 4", "chars_per_token: 3.5"),
    ("cost_preflight.warn_usd", "warn_usd: 0.50", "warn_usd: 0.49"),
    ("cost_preflight.block_usd", "block_usd: 15.00", "block_usd: 14.999999"),
    ("visibility", "version:", "visibility: {}\nversion:"),
    ("fallback", "fallback:\n  review: [{ provider: mine, model: small }]\n", ""),
    ("fallback.*", "  review: [{ provider: mine, model: small }]", "  review: []"),
    ("fallback.*[].provider", "[{ provider: mine, model: small }]", "[{ provider: near, model: any }]"),
    ("fallback.*[].model", "[{ provider: mine, model: small }]", "[{ provider: mine, model: unpriced }]"),
    ("providers", "  near: { base_url: http://127.0.0.1:9/v1, local: true }\n", ""),
    ("providers.*", "  near: { base_url: http://127.0.0.1:9/v1, local: true }\n", ""),
    ("providers.*.wire", "wire: openai_chat, ", ""),
    ("providers.*.base_url", "https://a.example/v1", "https://A.example/v1"),
    ("providers.*.key", "key: { env: MINE }", "\"key\": { env: MINE }"),
    ("providers.*.key.env", "{ env: MINE }", "{ env: \"MINE\" }"),
    ("providers.*.local", "base_url: https://a.example/v1,", "base_url: https://a.example/v1, local: false,"),
    ("providers.*.title", "title: Mine", "title: Ours"),
    ("providers.*.timeout_s", "title: Mine", "timeout_s: 90"),
    ("providers.*.headers", "x-team: red", "X-Team: red"),
    ("providers.*.organization", "organization: ours", "organization: \"ours\""),
    ("providers.*.api_version", "\"api_version\": v1", "api_version: v1"),
    ("providers.*.proxy", "proxy: none", "proxy: \"none\""),
    ("models", "  deepseek/cheap: { tier: L1, price: { input: 1, output: 1 } }\n", ""),
    ("models.*", "  openai/dear: { tier: L3, price: { input: 5, output: 50 } }\n", ""),
    ("models.*.description", "description: a", "description: z"),
    ("models.*.use_for", "use_for: b", "use_for: z"),
    ("models.*.avoid_for", "avoid_for: c", "avoid_for: z"),
    ("models.*.tier", "deepseek/cheap: { tier: L1", "deepseek/cheap: { tier: L2"),
    ("models.*.context", "context: 1000", "context: 999"),
    ("models.*.max_output", "max_output: 900", "max_output: 899"),
    ("models.*.price", ", price: { input: 5, output: 50 } }", " }"),
    ("models.*.price.input", "price: { input: 5, output: 50 }", "price: { input: 6, output: 50 }"),
    ("models.*.price.output", "price: { input: 5, output: 50 }", "price: { input: 5, output: 51 }"),
    ("models.*.price.cached_input", "cached_input: 0.50, ", ""),
    ("models.*.price.cache_write", "cache_write: 2 ", "cache_write: 3 "),
    ("models.*.aliases", "aliases: [quick]", "aliases: [quick, fast]"),
    ("models.*.enabled", "openai/dear: { tier", "openai/dear: { enabled: false, tier"),
    ("caps", "caps:\n", "caps:\n  - { window: call, limit_usd: 1 }\n"),
    ("caps[].scope", "scope: provider, name: openai, window: month", "scope: all, window: month"),
    ("caps[].name", "name: openai, window", "window"),
    ("caps[].window", "caps:\n", "caps:\n  - { window: hour, limit_usd: 1 }\n"),
    ("caps[].limit_usd", "limit_usd: 2.00", "limit_usd: 1.99"),
    ("caps[].on_hit", ", on_hit: block", ""),
    ("caps[].alerts", "alerts: [50]", "alerts: []"),
    ("retry", "retry: { delays_s: [1, 3], jitter: 0.2 }", "retry: { delays_s: [] }"),
    ("retry.delays_s", "delays_s: [1, 3]", "delays_s: [9, 9]"),
    ("retry.jitter", "jitter: 0.2", "jitter: 1"),
    ("breaker", "breaker: { failures: 5, cooldown_s: 60 }\n", ""),
    ("breaker.failures", "failures: 5", "failures: 99"),
    ("breaker.cooldown_s", "cooldown_s: 60", "cooldown_s: 1"),
    ("concurrency", "concurrency: { global: 4, per_provider: 2 }\n", ""),
    ("concurrency.global", "global: 4", "global: 1"),
    ("concurrency.per_provider", "per_provider: 2", "per_provider: 1"),
    (
        "timeouts",
        "timeouts: { connect_s: 10, first_token_s: 10, first_token_slow_s: 120, idle_s: 15, total_s: 60 }",
        "",
    ),
    ("timeouts.connect_s", "connect_s: 10", "connect_s: 99"),
    ("timeouts.first_token_s", "first_token_s: 10", "first_token_s: 99"),
    ("timeouts.first_token_slow_s", "first_token_slow_s: 120", "first_token_slow_s: 999"),
    ("timeouts.idle_s", "idle_s: 15", "idle_s: 99"),
    ("timeouts.total_s", "total_s: 60", "total_s: 600"),
];

/// Edits that wait, with the whole sentence a person reads.
const WAITS: &[(&str, &str, &str, &str)] = &[
    (
        "defaults",
        "  chat_default",
        "  extra: { provider: openai, model: dear, max_tokens: 9 }\n  chat_default",
        "extra may use openai/dear, which is L3; so far it is L2 at most.",
    ),
    (
        "defaults.chat_default",
        "chat_default: summarize",
        "chat_default: review",
        "chat may use mine/middle, which is L2; so far it is L1 at most.",
    ),
    (
        "defaults.*",
        "  chat_default",
        "  extra: { provider: openrouter, model: a/b, max_tokens: 9 }\n  chat_default",
        "Prompts of the new class extra may go to openrouter, which nothing used so far.",
    ),
    (
        "defaults.*.provider",
        "provider: openai, model: cheap,",
        "provider: deepseek, model: cheap,",
        "Prompts of summarize may go to deepseek, which it did not use so far.",
    ),
    (
        "defaults.*.model",
        "provider: openai, model: cheap,",
        "provider: openai, model: dear,",
        "summarize may use openai/dear, which is L3; so far it is L1 at most.",
    ),
    (
        "defaults.*.max_tokens",
        "max_tokens: 1000, rationale",
        "max_tokens: 1001, rationale",
        "An answer of the class summarize may have 1001 tokens instead of 1000.",
    ),
    (
        "cost_preflight",
        "chars_per_token: 4, warn_usd: 0.50, block_usd: 15.00",
        "block_usd: 20",
        "A call is refused at a likely cost of $20.00 instead of $15.00.",
    ),
    (
        "cost_preflight.enabled",
        "enabled: true, chars",
        "enabled: false, chars",
        "The check of the likely cost (cost_preflight) is switched off.",
    ),
    (
        "cost_preflight.chars_per_token",
        "chars_per_token: 4",
        "chars_per_token: 4.01",
        "The likely cost is reckoned lower: cost_preflight.chars_per_token is raised.",
    ),
    (
        "cost_preflight.warn_usd",
        "warn_usd: 0.50",
        "warn_usd: 0.51",
        "A warning comes at a likely cost of $0.51 instead of $0.50.",
    ),
    (
        "cost_preflight.block_usd",
        "block_usd: 15.00",
        "block_usd: 15.000001",
        "A call is refused at a likely cost of $15.000001 instead of $15.00.",
    ),
    (
        "fallback",
        "fallback:\n",
        "fallback:\n  summarize: [{ provider: openai, model: dear }]\n",
        "summarize may use openai/dear, which is L3; so far it is L1 at most.",
    ),
    (
        "fallback.*",
        "[{ provider: mine, model: small }]",
        "[{ provider: mine, model: small }, { provider: deepseek, model: cheap }]",
        "Prompts of review may go to deepseek, which it did not use so far.",
    ),
    (
        "fallback.*[].provider",
        "[{ provider: mine, model: small }]",
        "[{ provider: deepseek, model: cheap }]",
        "Prompts of review may go to deepseek, which it did not use so far.",
    ),
    (
        "fallback.*[].model",
        "[{ provider: mine, model: small }]",
        "[{ provider: openai, model: dear }]",
        "review may use openai/dear, which is L3; so far it is L2 at most.",
    ),
    (
        "providers",
        "providers:\n",
        "providers:\n  evil: { base_url: https://evil.example }\n",
        "The provider evil is added, at https://evil.example.",
    ),
    (
        "providers.*",
        "providers:\n",
        "providers:\n  openai: { base_url: https://evil.example }\n",
        "Prompts and the key for openai go to https://evil.example instead of https://api.openai.com/v1.",
    ),
    (
        "providers.*.base_url",
        "https://a.example/v1",
        "https://b.example/v1",
        "Prompts and the key for mine go to https://b.example/v1 instead of https://a.example/v1.",
    ),
    (
        "providers.*.key",
        "key: { env: MINE }",
        "key: openai",
        "The key for mine comes from the keychain item openai instead of the variable MINE.",
    ),
    (
        "providers.*.key.env",
        "{ env: MINE }",
        "{ env: AWS_SECRET }",
        "The key for mine comes from the variable AWS_SECRET instead of the variable MINE.",
    ),
    ("providers.*.headers", "x-team: red", "x-team: blue", "Requests to mine carry other headers or another version."),
    (
        "providers.*.organization",
        "organization: ours",
        "organization: theirs",
        "Requests to mine carry other headers or another version.",
    ),
    (
        "providers.*.api_version",
        "\"api_version\": v1",
        "api_version: v2",
        "Requests to mine carry other headers or another version.",
    ),
    (
        "providers.*.proxy",
        "proxy: none",
        "proxy: http://proxy.example:3128",
        "Calls to mine go through the proxy http://proxy.example:3128.",
    ),
    (
        "providers.*.local",
        "http://127.0.0.1:9/v1, local: true",
        "http://127.0.0.1:9/v1",
        "near no longer counts as a free model of this machine.",
    ),
    (
        "models",
        "models:\n",
        "models:\n  openai/new: { price: { input: 1, output: 1 } }\n",
        "openai/new gets its first price and can be used.",
    ),
    (
        "models.*",
        "  deepseek/unpriced: { tier: L1 }",
        "  deepseek/unpriced: { price: { input: 0, output: 0 } }",
        "deepseek/unpriced gets its first price and can be used.",
    ),
    ("models.*.tier", "openai/dear: { tier: L3", "openai/dear: { tier: L1", "openai/dear counts as L1 instead of L3."),
    (
        "models.*.context",
        "context: 1000",
        "context: 2000",
        "A prompt for openai/cheap may have 2000 tokens instead of 1000.",
    ),
    (
        "models.*.max_output",
        ", max_output: 900",
        "",
        "An answer of openai/cheap may have any number of tokens instead of 900.",
    ),
    (
        "models.*.price",
        "deepseek/unpriced: { tier: L1 }",
        "deepseek/unpriced: { tier: L1, price: { input: 1, output: 1 } }",
        "deepseek/unpriced gets its first price and can be used.",
    ),
    (
        "models.*.price.input",
        "price: { input: 5, output: 50 }",
        "price: { input: 4.999999, output: 50 }",
        "The price of openai/dear goes from $5.00 to $4.999999 for a million input tokens.",
    ),
    (
        "models.*.price.output",
        "price: { input: 5, output: 50 }",
        "price: { input: 5, output: 49 }",
        "The price of openai/dear goes from $50.00 to $49.00 for a million output tokens.",
    ),
    (
        "models.*.price.cached_input",
        "cached_input: 0.50",
        "cached_input: 0.40",
        "The price of openai/cheap goes from $0.50 to $0.40 for a million cached input tokens.",
    ),
    (
        "models.*.price.cache_write",
        ", cache_write: 2 }",
        " }",
        "The price of openai/cheap goes from $2.00 to $1.00 for a million tokens written to the cache.",
    ),
    (
        "models.*.aliases",
        "aliases: [quick], price: { input: 1, output: 4, cached_input: 0.50, cache_write: 2 } }\n  openai/middle: {",
        "price: { input: 1, output: 4, cached_input: 0.50, cache_write: 2 } }\n  openai/middle: { aliases: [quick],",
        "The name quick means openai/middle instead of openai/cheap.",
    ),
    ("models.*.enabled", "enabled: false, price", "price", "openai/off can be used again."),
    (
        "caps",
        "  - { scope: all, window: day, limit_usd: 2.00, on_hit: block, alerts: [50] }\n",
        "",
        "The day cap of $2.00 is removed.",
    ),
    ("caps[].scope", "scope: all, window: day", "scope: provider, window: day", "The day cap of $2.00 is removed."),
    ("caps[].name", "name: openai, window", "name: mine, window", "The month cap for openai of $5.00 is removed."),
    ("caps[].window", "window: day", "window: month", "The day cap of $2.00 is removed."),
    ("caps[].limit_usd", "limit_usd: 2.00", "limit_usd: 50", "The day cap goes from $2.00 to $50.00."),
    ("caps[].on_hit", "on_hit: block", "on_hit: warn", "The day cap of $2.00 only warns instead of blocking."),
    (
        "retry",
        "retry: { delays_s: [1, 3], jitter: 0.2 }",
        "",
        "A failed attempt is repeated up to 3 times instead of 2.",
    ),
    (
        "retry.delays_s",
        "delays_s: [1, 3]",
        "delays_s: [1, 3, 5]",
        "A failed attempt is repeated up to 3 times instead of 2.",
    ),
    (
        "concurrency",
        "concurrency: { global: 4, per_provider: 2 }",
        "concurrency: { global: 8 }",
        "Up to 8 calls of one program may run at once instead of 4.",
    ),
    ("concurrency.global", "global: 4", "global: 5", "Up to 5 calls of one program may run at once instead of 4."),
    (
        "concurrency.per_provider",
        "per_provider: 2",
        "per_provider: 4",
        "Up to 4 calls of one program may run at once at a provider instead of 2.",
    ),
];

/// Keys for which every edit is harmless, or every edit waits; why is told in the module.
const ONE_SIDED: &[&str] = &[
    "version",
    "defaults.*.rationale",
    "defaults.*.temperature",
    "defaults.*.timeout_s",
    "defaults.*.split[].share",
    "defaults.*.truncate_oldest",
    "visibility",
    "providers.*.wire",
    "providers.*.title",
    "providers.*.timeout_s",
    "models.*.description",
    "models.*.use_for",
    "models.*.avoid_for",
    "caps[].alerts",
    "retry.jitter",
    "breaker",
    "breaker.failures",
    "breaker.cooldown_s",
    "timeouts",
    "timeouts.connect_s",
    "timeouts.first_token_s",
    "timeouts.first_token_slow_s",
    "timeouts.idle_s",
    "timeouts.total_s",
];

#[test]
fn the_same_file_widens_nothing() {
    assert_eq!(sentences(BASE, BASE), [""; 0]);
    let moved = format!("# a comment moves every line\n{BASE}");
    assert_eq!(sentences(BASE, &moved), [""; 0]);
}

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

#[test]
fn every_key_that_does_something_is_in_both_tables() {
    let mut gaps = Vec::new();
    // Those of prices have a table of their own, with an edit that acts and one that waits in each row.
    let elsewhere = |path: &str| prices::KEYS.iter().any(|(key, ..)| *key == path);
    for setting in SETTINGS
        .iter()
        .filter(|row| !elsewhere(row.path))
        .filter(|row| matches!(row.standing, Standing::Built | Standing::Guard))
    {
        let acts = ACTS.iter().chain(class_rows::ACTS).any(|(key, ..)| *key == setting.path);
        let waits = WAITS.iter().chain(class_rows::WAITS).any(|(key, ..)| *key == setting.path);
        if !acts || waits == ONE_SIDED.contains(&setting.path) {
            gaps.push(setting.path);
        }
    }
    assert_eq!(gaps, [""; 0], "each key needs an edit that acts, and one that waits or a reason in ONE_SIDED");
}

/// A restraining key that is not built: adding it narrows, since it refuses; taking it away widens.
#[test]
fn a_restraining_key_may_come_but_not_go() {
    for (key, from, to) in [
        ("defaults.*.members", "  chat_default", "  panel: { members: [] }\n  chat_default"),
        ("defaults.*.cost_cap_usd", "rationale: Short", "cost_cap_usd: 1"),
        ("defaults.*.synthesis", "rationale: Short", "synthesis: {}"),
        ("defaults.*.depth", "rationale: Short", "depth: complex"),
        ("defaults.*.data_policy", "rationale: Short", "data_policy: strict"),
        ("visibility.*", "version:", "visibility: { review: { mode: blind } }\nversion:"),
        ("escalation", "version:", "escalation: { max_tier: L1 }\nversion:"),
        ("data_policy", "version:", "data_policy: {}\nversion:"),
    ] {
        let with = edited(from, to);
        assert!(SETTINGS.iter().any(|row| row.path == key && row.standing == Standing::Refuses), "{key}");
        assert_eq!(sentences(BASE, &with), [""; 0], "{key} may come");
        assert_ne!(sentences(&with, BASE), [""; 0], "{key} may not go");
    }
}

/// Two edits that each seem to narrow must not widen together.
#[test]
fn no_two_narrowing_steps_widen() {
    let dearer = edited("avoid_for: c, tier: L1", "avoid_for: c, tier: L3");
    assert_eq!(
        sentences(BASE, &dearer),
        ["openai/cheap counts as L3 instead of L1."],
        "else a dear model could follow"
    );
    let gone = BASE.lines().filter(|line| !line.contains("openai/middle")).collect::<Vec<_>>().join("\n");
    assert_eq!(sentences(BASE, &gone), [""; 0]);
    assert_eq!(sentences(&gone, BASE), ["openai/middle gets its first price and can be used."], "back with any price");
}

#[test]
fn switching_a_first_choice_off_waits_where_a_dearer_one_is_next() {
    let dear_next = edited("[{ provider: mine, model: small }]", "[{ provider: openai, model: dear }]");
    let off = |text: &str| text.replace("mine/middle: { tier", "mine/middle: { enabled: false, tier");
    assert_eq!(
        sentences(&dear_next, &off(&dear_next)),
        ["review may use openai/dear, which is L3; so far it is L2 at most."]
    );
    assert_eq!(sentences(BASE, &off(BASE)), [""; 0], "a cheaper one may take its place");
}

#[test]
fn a_key_nobody_knows_is_taken_for_widening() {
    let with = edited("version:", "x_notes: [1]\nversion:");
    assert_eq!(sentences(BASE, &with), ["x_notes changes, which this version does not know."]);
    assert_eq!(sentences(&with, &with.replace("[1]", "[2]")), ["x_notes changes, which this version does not know."]);
    assert_eq!(sentences(&with, BASE), ["x_notes changes, which this version does not know."]);
}

#[test]
fn a_limit_left_out_is_the_largest_default() {
    let without = edited("max_tokens: 1000, rationale", "rationale");
    assert_eq!(sentences(BASE, &without), ["An answer of the class summarize may have 16000 tokens instead of 1000."]);
    assert_eq!(sentences(&without, &without), [""; 0]);
}

#[test]
fn one_cap_over_all_holds_what_several_held() {
    let both = edited("caps:\n", "caps:\n  - { scope: provider, window: day, limit_usd: 2 }\n");
    assert_eq!(sentences(&both, BASE), [""; 0], "the day cap over all is at least as tight");
}
