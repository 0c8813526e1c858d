//! Whole problem lists: what a person is told about a file, in the order of the file.

use std::time::Duration;

use super::super::settings::SETTINGS;
use super::*;
use crate::budget::{Scope, Window};
use crate::catalog::KeyRef;
use crate::policy::Tier;
use crate::wire::Wire;

mod prices;

/// A file that needs nothing more.
mod caps;

const GOOD: &str = "defaults:\n  a: { provider: openai, model: m, max_tokens: 10 }\nmodels:\n  openai/m: { price: { input: 1, output: 2 } }\n";

fn problems(text: &str) -> Vec<String> {
    let mark = |problem: &Problem| if problem.severity == Severity::Error { "error" } else { "warning" };
    read(text).problems.iter().map(|problem| format!("{} {problem}", mark(problem))).collect()
}

#[track_caller]
fn check(text: &str, expected: &[&str]) {
    assert_eq!(problems(text), expected, "{text}");
}

/// A good file with more lines at its end; the first of them is line 5.
#[track_caller]
fn check_more(more: &str, expected: &[&str]) {
    check(&format!("{GOOD}{more}"), expected);
}

fn good(text: &str) -> Policy {
    let reading = read(text);
    assert_eq!(reading.problems, [], "{text}");
    reading.policy.expect("no problems, so a policy")
}

#[test]
fn every_built_key_is_read() {
    let policy = good(
        r#"version: 3
caps:
  - { scope: all, window: call, limit_usd: 2, on_hit: block, alerts: [50, 100] }
  - { scope: provider, name: openai, window: month, limit_usd: "2.00" }
  - { scope: provider, window: day, limit_usd: 0.50 }
cost_preflight: { enabled: no, chars_per_token: 3.5, warn_usd: 0.1, block_usd: 1 }
providers:
  mine: { title: My server, wire: openai_chat, base_url: https://a.example/v1/, key: my-item }
  other: { base_url: https://b.example, key: { env: OTHER_KEY } }
  near: { base_url: "http://localhost:1234", local: true }
defaults:
  chat_default: b
  a: { provider: mine, model: x/y, max_tokens: 4_096, rationale: "for  a", temperature: 0.70, timeout_s: 0.5 }
  b: { provider: near, model: z }
fallback:
  a: [{ provider: other, model: m }]
models:
  mine/x/y: { description: d, use_for: [one, two], avoid_for: n, tier: L2, context: 1000, max_output: 500, aliases: [xy], enabled: true, price: { input: 0.15, output: 0.6, cached_input: 0.075, cache_write: 0.000001 } }
  other/m: { price: { input: 1, output: 2 } }
timeouts: { connect_s: 1, first_token_s: 2, first_token_slow_s: 3, idle_s: 4, total_s: 5.25 }
retry: { delays_s: [0, 0.5], jitter: 0.125 }
"#,
    );
    assert_eq!(policy.version, "3");
    let caps: Vec<_> =
        policy.caps.iter().map(|cap| (cap.scope.clone(), cap.window, cap.limit.micros(), cap.line)).collect();
    let openai = ProviderId::parse("openai").expect("a name");
    assert_eq!(
        caps,
        [
            (Scope::All, Window::Call, 2_000_000, 3),
            (Scope::Provider(Some(openai)), Window::Month, 2_000_000, 4),
            (Scope::Provider(None), Window::Day, 500_000, 5),
        ]
    );
    let preflight = &policy.preflight;
    assert!(!preflight.enabled);
    assert_eq!(
        (preflight.chars_per_token_x100, preflight.warn.micros(), preflight.block.micros()),
        (350, 100_000, 1_000_000)
    );
    let provider = |name: &str| policy.providers[&ProviderId::parse(name).expect("a name")].clone();
    assert_eq!(
        (provider("mine").title.as_str(), provider("mine").key),
        ("My server", KeyRef::Keychain("my-item".into()))
    );
    assert_eq!(provider("mine").base_url.as_str(), "https://a.example/v1");
    assert_eq!(provider("other").key, KeyRef::Env("OTHER_KEY".into()));
    assert_eq!((provider("near").local, provider("near").key), (true, KeyRef::None));
    assert_eq!(provider("openai").key, KeyRef::Keychain("openai".into()), "built-in providers stay");

    let [a, b] = policy.classes.as_slice() else { panic!("two classes") };
    assert_eq!((a.primary.to_string().as_str(), a.max_tokens, a.line), ("mine/x/y", Some(4096), 13));
    assert_eq!(a.rationale.as_deref(), Some("for a"));
    assert_eq!(a.temperature.as_ref().map(|t| t.0.to_string()), Some("0.7".into()));
    assert_eq!(a.timeout, Some(Duration::from_millis(500)));
    assert_eq!(a.fallback.iter().map(ToString::to_string).collect::<Vec<_>>(), ["other/m"]);
    assert_eq!((b.max_tokens, policy.chat_default.as_ref()), (None, Some(&b.class)));

    let rule = policy.model(&a.primary);
    let price = rule.price.expect("a price");
    assert_eq!((price.base.input.micros(), price.base.output.micros()), (150_000, 600_000));
    assert_eq!(
        (price.base.cached_input.map(|p| p.micros()), price.base.cache_write.map(|p| p.micros())),
        (Some(75_000), Some(1))
    );
    assert_eq!((rule.tier, rule.context, rule.max_output), (Some(Tier::L2), Some(1000), Some(500)));
    assert_eq!((rule.use_for.as_deref(), rule.aliases.as_slice()), (Some("one, two"), ["xy".to_owned()].as_slice()));
    assert_eq!(policy.timeouts.total, Duration::from_millis(5250));
    assert_eq!(
        (policy.retry.delays.as_slice(), policy.retry.jitter_x1000),
        ([Duration::ZERO, Duration::from_millis(500)].as_slice(), 125)
    );
}

#[test]
fn all_problems_are_told_at_once_each_with_its_place_and_the_nearest_name() {
    check(
        r#"version: [1]
default: 1
caps:
  - { scope: provder, window: dya, limit_usd: -2 }
  - { scope: all, name: openai, window: day, limit_usd: .inf }
  - { window: day, limt_usd: 2 }
defaults:
  sum: { provider: opnai, model: m, max_tokens: many }
  two words: { provider: openai, model: m }
  none: {}
  chat_default: som
models:
  openai/m: { price: { input: 1e3 }, tier: L9, enabled: maybe, colour: red }
  nomodel: {}
"#,
        &[
            "error line 1, column 10: version must be a text; it is a list.",
            "warning line 2, column 1: \"default\" is not a key of this place and has no effect. The nearest is defaults.",
            "error line 4, column 14: scope must be one of all, provider, model, client, task_class, project; it is \"provder\". The nearest is provider.",
            "error line 4, column 31: window must be one of call, flow, hour, day, week, month, total; it is \"dya\". The nearest is day.",
            "error line 4, column 47: limit_usd must be an amount in US dollars such as 2 or 0.50; it is \"-2\".",
            "error line 5, column 19: A cap over all takes no name; it is \"openai\". For one provider, write scope: provider.",
            "error line 5, column 57: limit_usd must be an amount in US dollars such as 2 or 0.50; it is \".inf\".",
            "error line 6, column 5: caps[2] needs a limit_usd.",
            "error line 6, column 20: \"limt_usd\" is not a key of this place. The nearest is limit_usd.",
            "error line 8, column 20: There is no provider \"opnai\". Add it under providers with its base_url. The nearest is openai.",
            "error line 8, column 49: max_tokens must be a whole number from 1 to 100,000,000, such as 4096; it is \"many\".",
            "error line 9, column 3: The task class \"two words\" has a character that is not allowed. Use letters, digits, - _ and .",
            "error line 10, column 3: defaults.none needs a provider and a model.",
            "error line 11, column 17: chat_default names no task class; it is \"som\". The nearest is sum.",
            "error line 13, column 22: price needs output: US dollars for a million tokens.",
            "error line 13, column 31: input must be an amount in US dollars such as 2 or 0.50; it is \"1e3\".",
            "error line 13, column 44: tier must be one of L0, L1, L2, L3; it is \"L9\". The nearest is L0.",
            "error line 13, column 57: enabled must be true or false; it is \"maybe\".",
            "error line 13, column 64: \"colour\" is not a key of this place.",
            "error line 14, column 3: The model \"nomodel\" is not of the form provider/model. Write it as provider/model.",
        ],
    );
}

#[test]
fn an_alias_takes_no_other_models_name() {
    for (more, other) in [
        ("  openai/n: { aliases: [m] }\n", "openai/m"),
        ("  openai/n: { aliases: [openai/m] }\n", "openai/m"),
        ("  openai/n: { aliases: [x] }\n  openai/o: { aliases: [x] }\n", "openai/n"),
    ] {
        let told = problems(&format!("{GOOD}{more}"));
        assert!(told.len() == 1 && told[0].contains(&format!("already names {other}.")), "{more}: {told:?}");
    }
    good(&format!("{GOOD}  openai/n: {{ aliases: [n, fast] }}\n"));
}

#[test]
fn a_slip_in_the_name_of_a_guard_is_an_error_everywhere() {
    check_more("cap: []\n", &["error line 5, column 1: \"cap\" is not a key of this place. The nearest is caps."]);
    check_more(
        "datapolicy: {}\n",
        &["error line 5, column 1: \"datapolicy\" is not a key of this place. The nearest is data_policy."],
    );
    check_more(
        "logging: {}\n",
        &["warning line 5, column 1: \"logging\" is not a key of this place and has no effect."],
    );
    check_more(
        "visibility: { b: { mode: blind } }\n",
        &["error line 5, column 15: There is no task class \"b\". The nearest is a."],
    );
    check_more(
        "fallback: { zzz: [] }\n",
        &["warning line 5, column 13: There is no task class \"zzz\", so this fallback has no effect."],
    );
}

#[test]
fn a_key_in_the_file_is_an_error_that_does_not_repeat_it() {
    let canary = "sk-proj-canaryCANARY0123456789canary";
    for more in [
        format!("providers:\n  mine: {{ base_url: https://a.example, key: {canary} }}\n"),
        format!("providers:\n  mine: {{ base_url: https://a.example, key: {{ env: {canary} }} }}\n"),
        format!("providers:\n  {canary}: {{ base_url: https://a.example }}\n"),
        "providers:\n  mine: { base_url: https://a.example, key: 0f4b7d1e9a6c4f3b8d2e5a7c1b9f0e3d }\n".to_owned(),
        format!("# my key is {canary}\n"),
        format!("{canary}: 1\n"),
        format!("caps: [{{ window: day, limit_usd: {canary} }}]\n"),
    ] {
        let told = problems(&format!("{GOOD}{more}"));
        assert!(
            told.iter()
                .any(|problem| problem.starts_with("error") && problem.contains("A key does not belong in this file")),
            "{more}: {told:#?}"
        );
        assert!(
            !told.iter().any(|problem| problem.contains("canary") || problem.contains("0f4b7d1e9a6c")),
            "{told:#?}"
        );
    }
}

#[test]
fn providers_are_checked() {
    let mine = |rest: &str| format!("providers:\n  mine: {{ {rest} }}\n");
    for (rest, told) in [
        ("title: x", "error line 6, column 3: providers.mine needs a base_url such as https://api.example.com/v1."),
        (
            "base_url: http://10.0.0.2:8000",
            "error line 6, column 21: base_url \"http://10.0.0.2:8000\" is http:// to another machine; use https://.",
        ),
        (
            "base_url: https://u:p@a.example",
            "error line 6, column 21: base_url \"https://u:p@a.example\" must not contain a user name, a ? or a #.",
        ),
        (
            "base_url: https://a.example, local: true",
            "error line 6, column 47: local is true, but a.example is not this machine. Only 127.0.0.1, ::1 and localhost are.",
        ),
        (
            "base_url: https://a.example, wire: openai",
            "error line 6, column 46: wire must be openai_chat or openai_responses or anthropic_messages or gemini; it is \"openai\".",
        ),
        (
            "base_url: https://a.example, key: a b",
            "error line 6, column 45: key names a keychain item; \"a b\" has a character that is not allowed. Use letters, digits, - _ and ., or {env: NAME}.",
        ),
        (
            "base_url: https://a.example, key: { evn: A }",
            "error line 6, column 45: key is a keychain item, or {env: NAME}.",
        ),
        (
            "base_url: https://a.example, key: { env: A-B }",
            "error line 6, column 52: env must name a variable such as OPENAI_API_KEY; it is \"A-B\".",
        ),
        (
            "base_url: https://a.example, key: pointsman-signing",
            "error line 6, column 45: key names the keychain item of Pointsman itself. Choose another name.",
        ),
    ] {
        let text = format!("{GOOD}{}", mine(rest));
        let all = problems(&text);
        assert!(all.iter().any(|problem| problem == told), "{rest}: {all:#?}");
        assert_eq!(read(&text).policy, None);
    }
}

#[test]
fn every_wire_format_may_be_named_and_puts_the_key_where_the_format_has_it() {
    for wire in Wire::ALL {
        let mine = format!("providers:\n  mine: {{ wire: {}, base_url: https://a.example/v1 }}\n", wire.name());
        let policy = good(&format!("{GOOD}{mine}"));
        let provider = &policy.providers[&ProviderId::parse("mine").expect("an id")];
        assert_eq!((provider.wire, provider.key_header), (*wire, wire.key_header()));
    }
}

#[test]
fn a_guard_that_is_not_built_refuses_what_it_covers_and_says_where() {
    let refused = |more: &str| {
        let reading = read(&format!("{GOOD}{more}"));
        let policy = reading.policy.unwrap_or_else(|| panic!("{more}: {:#?}", reading.problems));
        assert!(!reading.problems.is_empty(), "the person is told: {more}");
        policy
            .refused
            .iter()
            .map(|r| (r.class.as_ref().map(ToString::to_string), r.key.clone(), r.line))
            .collect::<Vec<_>>()
    };
    let all = |key: &str, line| vec![(None, key.to_owned(), line)];
    let class = |key: &str, line| vec![(Some("a".to_owned()), key.to_owned(), line)];
    assert_eq!(refused("escalation: { max_tier: L2 }\n"), all("escalation", 5));
    assert_eq!(refused("data_policy: { none: {} }\n"), all("data_policy", 5));
    assert_eq!(refused("concurrency: { global: 1 }\n"), all("concurrency", 5));
    assert_eq!(refused("visibility: { a: { mode: blind } }\n"), class("visibility.a", 5));
}

#[test]
fn what_a_refused_provider_or_model_would_answer_cannot_be_called_by_name_either() {
    let callable = |more: &str| read(&format!("{GOOD}{more}")).policy.expect("valid").callable().len();
    assert_eq!(callable(""), 1);
}

#[test]
fn a_key_that_only_prefers_is_told_and_changes_nothing() {
    for row in SETTINGS.iter().filter(|row| row.standing == settings::Standing::Ignored && !row.path.contains('.')) {
        let text = format!("{GOOD}{}: {{}}\n", row.path);
        let reading = read(&text);
        assert_eq!(reading.problems.len(), 1, "{}", row.path);
        assert_eq!(reading.policy, read(GOOD).policy, "{}", row.path);
    }
    check(
        &GOOD.replace("max_tokens: 10", "strategy: best_rated"),
        &[
            "warning line 2, column 46: defaults.a.strategy only reorders the models of a class by how good their answers were, which this version does not know. It goes on as fixed.",
        ],
    );
}

#[test]
fn a_file_of_llm_gateway_mcp_loads() {
    let reading = read(include_str!("../fixtures/llm-gateway-mcp.yaml"));
    let told: Vec<_> = reading.problems.iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            "line 10, column 5: \"owner\" is not a key of this place and has no effect.",
            "line 23, column 5: defaults.architecture_review.members asks for several models; one answer would pass for several. This version does not have it, so calls of \"architecture_review\" are refused until it is removed.",
            "line 26, column 5: defaults.architecture_review.cost_cap_usd limits the spend of one flow; nothing would hold it. This version does not have it, so calls of \"architecture_review\" are refused until it is removed.",
            "line 44, column 3: visibility.architecture_review promises independent answers; nothing would certify them. This version does not have it, so calls of \"architecture_review\" are refused until it is removed.",
            "line 57, column 1: orchestration only describes llm_orchestrate, which is not offered. This version goes on without it.",
            "line 71, column 1: \"logging\" is not a key of this place and has no effect.",
        ]
    );
    let policy = reading.policy.expect("it loads");
    let classes: Vec<_> = policy.classes.iter().map(|rule| rule.class.as_str()).collect();
    assert_eq!(classes, ["summarize", "code_review", "creative"]);
    assert_eq!(policy.preflight.block.micros(), 15_000_000);
    assert!(policy.callable().iter().all(|id| policy.price(id).is_some()), "its models have list prices");
}

#[test]
fn yaml_that_is_none_is_told_in_plain_words() {
    check("", &["error line 1, column 1: The file is empty. Write at least one task class under defaults."]);
    check(
        "# only a comment\n",
        &["error line 1, column 1: The file is empty. Write at least one task class under defaults."],
    );
    check("just text\n", &["error line 1, column 1: The file must be a map of keys and values; it is a text."]);
    check("defaults:\n\ta: 1\n", &["error line 2, column 1: This line is indented with a tab. Use spaces."]);
    check_more(
        "---\nversion: 1\n",
        &["error line 5, column 1: A second document begins here. Keep the whole policy in one, without a line ---."],
    );
    check_more(
        "retry: { jitter: 0.1, jitter: 0.2 }\n",
        &["error line 5, column 23: \"jitter\" is already written on line 5. Keep one of the two."],
    );
    check_more(
        "version: !secret x\n",
        &[
            "error line 5, column 10: Tags (words that begin with !) have no meaning here. Remove it, or put the text in quotes.",
        ],
    );
    check_more("[1]: 2\n", &["error line 5, column 1: A key must be a word; this is a list."]);
    let broken = problems("defaults: [\n");
    assert!(broken.len() == 1 && broken[0].contains("This is not YAML"), "{broken:?}");
}

#[test]
fn anchors_and_merges_are_expanded_and_bombs_are_not() {
    let policy = good(
        "x: &base { provider: openai, model: m, max_tokens: 10 }\ndefaults:\n  a: *base\n  b: { <<: *base, max_tokens: 20 }\nmodels: { openai/m: { price: { input: 1, output: 1 } } }\n"
            .replace("x: &base", "defaults: &all\n  base: &base")
            .replacen("\ndefaults:\n  a", "\n  a", 1)
            .as_str(),
    );
    let limits: Vec<_> = policy.classes.iter().map(|rule| rule.max_tokens).collect();
    assert_eq!(limits, [Some(10), Some(10), Some(20)]);

    let mut bomb = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for level in 1..12 {
        let of = format!("*a{}", level - 1);
        bomb.push_str(&format!("a{level}: &a{level} [{}]\n", vec![of; 10].join(", ")));
    }
    let told = problems(&bomb);
    assert!(told.len() == 1 && told[0].contains("With its aliases the file grows too large"), "{told:?}");
    let deep = "[".repeat(5_000);
    assert!(problems(&deep)[0].contains("nested more than 64 levels deep") || problems(&deep)[0].contains("not YAML"));
    assert!(problems("a: &a [*a]\n")[0].contains("alias"));
    let large = format!("{GOOD}# {}\n", "x".repeat(1024 * 1024));
    assert!(problems(&large).iter().any(|problem| problem.contains("larger than 1 MiB")));
}

#[test]
fn a_mark_at_the_beginning_and_other_line_ends_are_let_through() {
    let policy = good(&format!("\u{feff}{}", GOOD.replace('\n', "\r\n")));
    assert_eq!(policy.classes.len(), 1);
}

/// Whatever is typed, it is told and nothing breaks: every file cut at every place, and every
/// character of it replaced.
#[test]
fn no_text_breaks_the_reader() {
    let text = include_str!("../fixtures/llm-gateway-mcp.yaml");
    for (at, _) in text.char_indices().step_by(9) {
        read(&text[..at]);
        let mut changed = text.to_owned();
        changed.replace_range(at..at + 1, ["{", "\"", "\t", "&", "*", ":", "\u{0}", "é"][at % 8]);
        read(&changed);
    }
}

/// The keys of the documentation, as its table names them.
#[test]
fn every_documented_key_is_known() {
    let documented = "version defaults.* defaults.*.provider defaults.*.model defaults.*.max_tokens defaults.*.rationale \
        defaults.*.members defaults.*.cost_cap_usd defaults.*.synthesis defaults.*.tier defaults.*.depth defaults.*.temperature \
        defaults.*.timeout_s defaults.*.cache defaults.*.data_policy defaults.*.split defaults.*.strategy defaults.chat_default \
        cost_preflight.enabled cost_preflight.chars_per_token cost_preflight.warn_usd cost_preflight.block_usd \
        visibility.*.mode visibility.*.members_see visibility.*.enforce fallback.*[].provider fallback.*[].model \
        orchestration.roles.*.provider orchestration.roles.*.model orchestration.roles.*.max_tokens orchestration.instructions.* \
        orchestration.depth.*.plan orchestration.depth.*.verify orchestration.depth.*.replan_on_fail orchestration.depth.*.max_replans \
        providers.*.wire providers.*.base_url providers.*.key providers.*.headers providers.*.local providers.*.trust \
        providers.*.proxy providers.*.timeout_s providers.*.organization providers.*.api_version \
        defaults.*.split[].provider defaults.*.split[].model defaults.*.split[].share models.*.description models.*.use_for models.*.avoid_for models.*.tier models.*.context models.*.max_output \
        models.*.price.input models.*.price.output models.*.price.cached_input models.*.price.cache_write models.*.aliases models.*.enabled \
        caps[].scope caps[].name caps[].window caps[].limit_usd caps[].on_hit caps[].alerts \
        escalation.max_tier escalation.confirm escalation.timeout_s profiles.*.defaults profiles.*.max_tier profiles.*.local_only \
        retry.delays_s retry.jitter breaker.failures breaker.cooldown_s \
        timeouts.connect_s timeouts.first_token_s timeouts.first_token_slow_s timeouts.idle_s timeouts.total_s \
        concurrency.global concurrency.per_provider cache.ttl_s cache.max_mb data_policy";
    for key in documented.split_whitespace() {
        assert!(SETTINGS.iter().any(|row| row.path == key), "{key} is documented and unknown to the parser");
    }
}

/// Every row of the settings is a key the reader really takes where the row says.
#[test]
fn no_known_key_is_told_to_be_unknown() {
    for row in SETTINGS.iter().filter(|row| !row.path.contains('.')) {
        let told = problems(&format!("{}: {{}}\n", row.path));
        assert!(!told.iter().any(|problem| problem.contains("is not a key of this place")), "{told:?}");
    }
}

#[test]
fn what_goes_with_each_request_is_read_and_carries_no_key() {
    let provider = |more: &str| {
        let reading = read(&format!("{GOOD}providers: {{ openai: {{ {more} }} }}\n"));
        let problems: Vec<_> = reading.problems.iter().map(|problem| problem.sentence.clone()).collect();
        reading
            .policy
            .map(|policy| policy.providers[&crate::id::ProviderId::parse("openai").expect("an id")].clone())
            .ok_or(problems)
    };
    let full = provider("headers: { X-Team: red team }, organization: org-1, api_version: 2026-01-01, proxy: 'http://p.example:8080/', timeout_s: 90")
        .expect("valid");
    assert_eq!(full.headers, [("x-team".into(), "red team".into()), ("openai-organization".into(), "org-1".into())]);
    assert_eq!(full.url("/models"), "https://api.openai.com/v1/models?api-version=2026-01-01");
    assert_eq!(full.timeout, Some(std::time::Duration::from_secs(90)));
    assert!(matches!(&full.route, crate::catalog::Route::Proxy(proxy) if proxy.as_str() == "http://p.example:8080"));
    assert_eq!(provider("proxy: none").map(|p| p.route), Ok(crate::catalog::Route::Direct));
    for (more, said) in [
        ("headers: { Authorization: Bearer x }", "set by Pointsman itself"),
        ("headers: { 'a b': c }", "not the name of a header"),
        ("headers: { x-auth: sk-proj-0123456789abcdefghij0123456789 }", "A key does not belong in this file"),
        ("headers: { x: \"a\\nb\" }", "plain characters"),
        ("organization: 'a b'", "a word of letters"),
        ("proxy: socks5://p:1", "SOCKS"),
        ("proxy: 'http://me:hunter2@p:1'", "user name"),
        ("base_url: 'http://127.0.0.1:1/v1', proxy: 'http://p:1'", "this machine"),
    ] {
        let problems = provider(more).expect_err(more);
        assert!(problems.iter().any(|problem| problem.contains(said)), "{more}: {problems:?}");
        assert!(
            !problems.iter().any(|problem| problem.contains("hunter2") || problem.contains("0123456789")),
            "{problems:?}"
        );
    }
}

#[test]
fn a_second_entry_is_commented_out_only_where_that_hides_nothing_else() {
    let fixes = |text: &str| read(text).problems.into_iter().filter_map(|problem| problem.fix).collect::<Vec<_>>();
    let own_line = fixes("retry:\n  jitter: 0.1\n  jitter: 0.2\n");
    assert_eq!((own_line[0].line, own_line[0].column, own_line[0].end_column), (3, 3, 3));
    assert_eq!(own_line[0].text, "# ");
    assert_eq!(fixes("retry: {jitter: 0.1, jitter: 0.2}\n"), [], "the bracket would be hidden");
    assert_eq!(fixes("retry:\n  delays_s: [1]\n  delays_s: [2,\n    3]\n"), [], "a list may go on below");
}
