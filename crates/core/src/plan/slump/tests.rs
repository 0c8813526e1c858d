use super::*;
use crate::chat::{Chat, Message, Role};
use crate::plan::{Asked, Wanted, candidates, plan};
use crate::policy::{self, Policy};

/// So many that failed, and the times to the first token of the others in ms.
fn calls(failed: u32, times: &[u64]) -> Calls {
    Calls { failed, first_tokens: times.iter().map(|ms| Duration::from_millis(*ms)).collect() }
}

fn failing(failed: u32, of: u32, usually: u32, usually_of: u32) -> Option<Slump> {
    Some(Slump::Failing { failed, of, usually, usually_of })
}

fn slow(median: u64, usually: u64) -> Option<Slump> {
    Some(Slump::Slow { median: Duration::from_millis(median), usually: Duration::from_millis(usually) })
}

#[test]
fn a_slump_is_half_of_the_calls_or_three_times_the_time_and_more_than_usual() {
    let steady = calls(1, &[500; 99]);
    let none = calls(0, &[]);
    let rows = [
        (calls(0, &[500; 10]), &steady, None, "as always"),
        (calls(4, &[500; 6]), &steady, None, "less than half"),
        (calls(5, &[500; 5]), &steady, failing(5, 10, 1, 100), "half"),
        (calls(4, &[]), &steady, None, "four calls say nothing"),
        (calls(5, &[]), &steady, failing(5, 5, 1, 100), "five do"),
        (calls(5, &[500; 5]), &none, failing(5, 10, 0, 0), "no failure is usual where nothing is known"),
        (calls(5, &[500; 5]), &calls(19, &[]), failing(5, 10, 0, 0), "19 calls before say nothing"),
        (calls(5, &[500; 5]), &calls(25, &[500; 75]), None, "a quarter fails usually, half is not more than twice"),
        (calls(6, &[500; 4]), &calls(25, &[500; 75]), failing(6, 10, 25, 100), "but 60 % is"),
        (calls(0, &[1600; 10]), &steady, slow(1600, 500), "three times and a second above"),
        (calls(0, &[1500; 10]), &steady, None, "exactly three times"),
        (calls(0, &[900; 10]), &calls(0, &[100; 50]), None, "nine times, but less than a second above"),
        (calls(0, &[9000, 9000, 9000, 500, 500, 500, 500]), &steady, None, "the median, not the mean"),
        (calls(0, &[9000; 4]), &steady, None, "four calls say nothing of times"),
        (calls(2, &[9000; 4]), &steady, None, "nor where the others failed"),
        (calls(0, &[9000; 10]), &calls(0, &[500; 19]), None, "no time is too long where nothing is known"),
        (calls(3, &[9000; 5]), &steady, slow(9000, 500), "some failed and the others are slow"),
    ];
    for (recent, before, expected, why) in rows {
        assert_eq!(slump(&recent, before), expected, "{why}");
        assert!(expected.is_none() || suspicious(&recent), "what is usual is looked up: {why}");
    }
}

fn policy() -> Policy {
    let text = r#"
defaults:
  a: { provider: near, model: one, max_tokens: 10 }
  cheap: { provider: near, model: one, max_tokens: 10, strategy: cheapest }
  shared: { max_tokens: 10, split: [{ provider: near, model: one, share: 100 }] }
fallback:
  a: [{ provider: near, model: dear }, { provider: near, model: two }, { provider: near, model: off }, { provider: near, model: three }]
  cheap: [{ provider: near, model: two }]
  shared: [{ provider: near, model: two }]
providers:
  near: { base_url: "http://127.0.0.1:9/v1", local: true }
models:
  near/one: { tier: L1 }
  near/two: { tier: L1, price: { input: 1, output: 1 } }
  near/three: { tier: L0 }
  near/dear: { tier: L3 }
  near/off: { enabled: false }
"#;
    let reading = policy::read(text);
    reading.policy.unwrap_or_else(|| panic!("the fixture is valid: {:#?}", reading.problems))
}

/// The order in which models are asked, and what is said of it.
fn asked(wanted: &Wanted, slumps: &[&str]) -> (Vec<String>, String, Vec<String>) {
    let (policy, chat) = (policy(), Chat { messages: vec![Message::text(Role::User, "x")], ..Chat::default() });
    let slump = failing(6, 10, 1, 100).unwrap();
    let slumps = slumps.iter().map(|name| (ModelId::parse(&format!("near/{name}")).unwrap(), slump)).collect();
    let found = candidates(&policy, wanted, Asked { client: None, chat: &chat }).unwrap();
    let plan = plan(&policy, &found, &chat, &Now { slumps, ..Now::default() }).unwrap();
    (plan.targets.iter().map(|target| target.model.model.to_string()).collect(), plan.reason, plan.stepped_back)
}

fn class(name: &str) -> Wanted {
    Wanted::Class { class: name.into(), override_model: None }
}

#[test]
fn it_steps_back_behind_those_of_at_most_its_tier_and_says_why() {
    for (slumps, order, why) in [
        (vec![], vec!["one", "dear", "two", "three"], "as written"),
        (vec!["one"], vec!["two", "three", "one", "dear"], "a dearer one stays behind it"),
        (vec!["two"], vec!["one", "dear", "three", "two"], "a later one steps back too"),
        (vec!["three"], vec!["one", "dear", "two", "three"], "nobody is behind the last"),
        (vec!["dear"], vec!["one", "two", "three", "dear"], "behind cheaper ones"),
        (vec!["one", "two"], vec!["three", "one", "dear", "two"], "both behind the one that is well"),
        (vec!["one", "two", "three", "dear"], vec!["one", "dear", "two", "three"], "all are unwell: as written"),
    ] {
        assert_eq!(asked(&class("a"), &slumps).0, order, "{why}");
    }
    let (_, reason, said) = asked(&class("a"), &["one"]);
    let sentence = "near/two is asked before near/one for now: 6 of its last 10 calls failed, usually 1 of 100.";
    assert_eq!(said, [sentence]);
    assert!(reason.starts_with("Class a: the first choice is near/one (") && reason.ends_with(sentence), "{reason}");
}

#[test]
fn a_strategy_steps_back_too_but_what_was_asked_for_stays_first() {
    assert_eq!(asked(&class("cheap"), &["one"]).0, ["two", "one"]);
    assert_eq!(asked(&class("shared"), &["one"]).0, ["one", "two"], "a share stays with its model");
    let by_name = Wanted::Class { class: "a".into(), override_model: Some("near/one".into()) };
    assert_eq!(asked(&by_name, &["one"]).0[0], "one");
    assert_eq!(asked(&Wanted::Model("near/one".into()), &["one"]).0, ["one"]);
}
