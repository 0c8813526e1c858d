//! Strategies, splits, tiers, profiles and what happens where a conversation is too long.

use super::*;
use crate::chat::{Image, Message, Part, Role};
use crate::id::{ClientId, ProfileName};
use crate::policy::{self, Tier};

const FILE: &str = r#"
defaults:
  fixed: { provider: openai, model: dear, max_tokens: 100 }
  cheap: { provider: openai, model: dear, max_tokens: 100, strategy: cheapest }
  fast: { provider: openai, model: dear, max_tokens: 100, strategy: fastest }
  shared: { max_tokens: 100, split: [{ provider: openai, model: dear, share: 70 }, { provider: openai, model: cheap, share: 30 }] }
  low: { provider: openai, model: dear, max_tokens: 100, tier: L1 }
  short: { provider: deepseek, model: small, max_tokens: 100, too_long: middle }
  middle: { provider: deepseek, model: small, max_tokens: 50, too_long: long, tier: L1 }
  long: { provider: openai, model: cheap, max_tokens: 200 }
  cut: { provider: deepseek, model: small, max_tokens: 100, truncate_oldest: true, prefix_cache: 1h, temperature: 0.5 }
fallback:
  fixed: [{ provider: openai, model: cheap }]
  cheap: [{ provider: openai, model: cheap }, { provider: deepseek, model: small }]
  fast: [{ provider: openai, model: cheap }, { provider: deepseek, model: small }]
  shared: [{ provider: deepseek, model: small }]
  low: [{ provider: openai, model: cheap }]
providers:
  near: { base_url: "http://127.0.0.1:9/v1", local: true }
models:
  openai/dear: { price: { input: 2, output: 15 } }
  openai/cheap: { tier: L1, price: { input: 1, output: 4 }, images: false }
  deepseek/small: { price: { input: 0.1, output: 0.3 }, context: 1000 }
profiles:
  frugal: { max_tier: L1 }
  home: { local_only: true, defaults: { fixed: { provider: near, model: here }, extra: { provider: near, model: there }, chat_default: cheap } }
"#;

fn policy() -> Policy {
    let reading = policy::read(FILE);
    reading.policy.unwrap_or_else(|| panic!("the fixture is valid: {:#?}", reading.problems))
}

fn ask(text: &str) -> Chat {
    Chat { messages: vec![Message::text(Role::User, text)], ..Chat::default() }
}

fn class(name: &str) -> Wanted {
    Wanted::Class { class: name.into(), override_model: None }
}

fn id(text: &str) -> ModelId {
    ModelId::parse(text).unwrap()
}

fn planned(policy: &Policy, wanted: &Wanted, chat: &Chat, now: &Now) -> Result<Plan, Denial> {
    plan(policy, &candidates(policy, wanted, Asked { client: None, chat })?, chat, now)
}

fn order_of(policy: &Policy, wanted: &Wanted, chat: &Chat, now: &Now) -> Vec<String> {
    let plan = planned(policy, wanted, chat, now).unwrap_or_else(|denial| panic!("{denial}"));
    plan.targets.iter().map(|target| target.model.to_string()).collect()
}

fn measured(times: &[(&str, u64)]) -> Now {
    let first_token = times.iter().map(|(model, ms)| (id(model), Duration::from_millis(*ms))).collect();
    Now { first_token, ..Now::default() }
}

fn picture() -> Chat {
    let image = Part::Image(Image { media_type: "image/png".into(), base64: "AAAA".into() });
    Chat { messages: vec![Message { role: Role::User, parts: vec![image] }], ..Chat::default() }
}

#[test]
fn fixed_is_as_written_and_says_the_tier_and_why() {
    let plan = planned(&policy(), &class("fixed"), &ask("x"), &Now::default()).unwrap();
    assert_eq!(plan.targets.iter().map(|t| t.model.to_string()).collect::<Vec<_>>(), ["openai/dear", "openai/cheap"]);
    assert_eq!(
        plan.reason,
        "Class fixed: the first choice is openai/dear (L3: $15.00 for a million tokens of output)."
    );
    let named = planned(&policy(), &Wanted::Model("cheap".into()), &ask("x"), &Now::default()).unwrap();
    assert_eq!(named.reason, "openai/cheap was asked for by name (L1: as routing.yaml labels it).");
}

#[test]
fn cheapest_is_by_the_worst_case_among_those_able() {
    let policy = policy();
    let now = Now::default();
    assert_eq!(order_of(&policy, &class("cheap"), &ask("x"), &now), ["deepseek/small", "openai/cheap", "openai/dear"]);
    let reason = planned(&policy, &class("cheap"), &ask("x"), &now).unwrap().reason;
    assert!(
        reason.starts_with("Class cheap: deepseek/small is the cheapest of the 3 that can answer, $0.0"),
        "{reason}"
    );
    // The cheapest one cannot hold it, the next one takes no pictures.
    assert_eq!(order_of(&policy, &class("cheap"), &ask(&"x".repeat(1000)), &now), ["openai/cheap", "openai/dear"]);
    let seen = planned(&policy, &class("cheap"), &picture(), &now).unwrap();
    assert_eq!(seen.targets.iter().map(|t| t.model.to_string()).collect::<Vec<_>>(), ["openai/dear"]);
    assert!(seen.reason.contains("openai/dear is the only one that can answer, $"), "{}", seen.reason);
    assert!(seen.warnings.iter().any(|said| said.contains("openai/cheap takes no pictures")), "{:?}", seen.warnings);
}

#[test]
fn fastest_is_by_the_own_median_and_the_unmeasured_follow_as_written() {
    let policy = policy();
    let all = measured(&[("deepseek/small", 900), ("openai/cheap", 300), ("openai/dear", 1200)]);
    assert_eq!(order_of(&policy, &class("fast"), &ask("x"), &all), ["openai/cheap", "deepseek/small", "openai/dear"]);
    let reason = planned(&policy, &class("fast"), &ask("x"), &all).unwrap().reason;
    assert!(
        reason.contains("openai/cheap is the fastest of the 3 that can answer, 300 ms to its first token"),
        "{reason}"
    );
    let one = measured(&[("deepseek/small", 900)]);
    assert_eq!(order_of(&policy, &class("fast"), &ask("x"), &one), ["deepseek/small", "openai/dear", "openai/cheap"]);
    let none = planned(&policy, &class("fast"), &ask("x"), &Now::default()).unwrap();
    assert!(
        none.reason.contains("none that can answer was called 5 times in 7 days, so the first choice is openai/dear")
    );
}

#[test]
fn beside_its_class_and_model_a_reason_is_brief() {
    let policy = policy();
    let said = |class_name: &str, wanted: &Wanted, now: &Now| {
        let plan = planned(&policy, wanted, &ask("x"), now).unwrap();
        brief(&plan.reason, class_name, &plan.targets[0].model.to_string()).into_owned()
    };
    let of = |name: &str, now: &Now| said(name, &class(name), now);
    let all = measured(&[("deepseek/small", 900), ("openai/cheap", 300), ("openai/dear", 1200)]);
    assert_eq!(of("fixed", &Now::default()), "first choice (L3: $15.00 for a million tokens of output)");
    assert!(of("cheap", &all).starts_with("the cheapest of the 3 that can answer, $0.0"), "{}", of("cheap", &all));
    assert!(of("fast", &all).starts_with("the fastest of the 3 that can answer, 300 ms"), "{}", of("fast", &all));
    let unmeasured = of("fast", &Now::default());
    assert!(unmeasured.starts_with("none that can answer was called 5 times in 7 days, so"), "{unmeasured}");
    let named = said("chat", &Wanted::Model("cheap".into()), &Now::default());
    assert_eq!(named, "asked for by name (L1: as routing.yaml labels it)");
    let other = "The day cap of $2.00 has no room: $1.99 used.";
    assert_eq!(brief(other, "fixed", "openai/dear"), other.trim_end_matches('.'));
}

#[test]
fn a_strategy_does_not_move_what_the_caller_put_first() {
    let wanted = Wanted::Class { class: "cheap".into(), override_model: Some("openai/dear".into()) };
    let order = order_of(&policy(), &wanted, &ask("x"), &Now::default());
    assert_eq!(order, ["openai/dear", "openai/cheap", "deepseek/small"]);
}

#[test]
fn a_split_is_sticky_for_a_conversation_and_near_its_shares_over_many() {
    let policy = policy();
    let first = |client: Option<&ClientId>, chat: &Chat| {
        let asked = Asked { client, chat };
        candidates(&policy, &class("shared"), asked).unwrap().models[0].to_string()
    };
    let mut dear = 0;
    for number in 0..1000 {
        let chat = ask(&format!("conversation {number}"));
        let begun = first(None, &chat);
        dear += usize::from(begun == "openai/dear");
        // The conversation goes on, after its system message or before: it stays with its model.
        let mut later = chat.clone();
        later.messages.insert(0, Message::text(Role::System, "be brief"));
        later.messages.push(Message::text(Role::Assistant, "yes"));
        later.messages.push(Message::text(Role::User, "go on"));
        assert_eq!(first(None, &later), begun);
    }
    assert!((640..=760).contains(&dear), "{dear} of 1000 for a share of 70 %");
    let clients = ["claude-desktop", "cursor"].map(|name| ClientId::parse(name).unwrap());
    let differ = (0..100).any(|number| {
        let chat = ask(&format!("conversation {number}"));
        first(Some(&clients[0]), &chat) != first(Some(&clients[1]), &chat)
    });
    assert!(differ, "the client is part of what decides");
    let plan = planned(&policy, &class("shared"), &ask("conversation 0"), &Now::default()).unwrap();
    assert_eq!(plan.targets.len(), 2, "one share, then the fallback");
    assert!(plan.reason.contains(" %, into which this conversation falls ("), "{}", plan.reason);
}

#[test]
fn no_model_above_the_tier_of_the_class_answers() {
    let plan = planned(&policy(), &class("low"), &ask("x"), &Now::default()).unwrap();
    assert_eq!(plan.targets[0].model, id("openai/cheap"));
    assert_eq!(plan.warnings, ["openai/dear was skipped: openai/dear is L3, and the class allows L1 at most."]);
    let without = FILE.replace("  low: [{ provider: openai, model: cheap }]\n", "");
    let policy = policy::read(&without).policy.unwrap();
    assert_eq!(planned(&policy, &class("low"), &ask("x"), &Now::default()).unwrap_err().code, Code::TierExceeded);
    let wanted = Wanted::Class { class: "low".into(), override_model: Some("openai/dear".into()) };
    let denial = planned(&policy, &wanted, &ask("x"), &Now::default()).unwrap_err();
    assert_eq!(denial.code, Code::TierExceeded, "also where the caller asks for it");
}

#[test]
fn a_profile_bounds_every_call_also_one_for_a_named_model() {
    let base = policy();
    let with = |name: &str| base.with_profile(&ProfileName::parse(name).unwrap()).unwrap();
    let (frugal, home, now) = (with("frugal"), with("home"), Now::default());
    assert_eq!(order_of(&frugal, &class("fixed"), &ask("x"), &now), ["openai/cheap"]);
    let named = planned(&frugal, &Wanted::Model("openai/dear".into()), &ask("x"), &now).unwrap_err();
    assert_eq!(named.code, Code::TierExceeded);
    assert!(named.sentence.contains("the profile frugal allows L1 at most"), "{named}");

    assert_eq!(order_of(&home, &class("fixed"), &ask("x"), &now), ["near/here"]);
    assert_eq!(order_of(&home, &class("extra"), &ask("x"), &now), ["near/there"], "a class of the profile alone");
    let away = planned(&home, &class("long"), &ask("x"), &now).unwrap_err();
    assert_eq!(away.code, Code::DataPolicy);
    assert!(away.sentence.contains("openai/cheap is not on this machine, and the profile home"), "{away}");
    assert_eq!(home.chat_default.as_ref().map(|class| class.as_str()), Some("cheap"));
    // What the profile's class does not say stays as it is in the file.
    let rule = home.classes.iter().find(|rule| rule.class.as_str() == "fixed").unwrap();
    assert_eq!((rule.max_tokens, rule.fallback.len()), (Some(100), 1));
    assert_eq!(base.with_profile(&ProfileName::parse("other").unwrap()), None);
}

#[test]
fn a_class_without_a_model_in_the_call_is_chat_default_else_the_first() {
    let base = policy();
    let of = |policy: &Policy| {
        let chat = ask("x");
        candidates(policy, &Wanted::Default, Asked { client: None, chat: &chat })
            .map(|found| found.class_name().to_string())
    };
    assert_eq!(of(&base).as_deref(), Ok("fixed"));
    let named =
        policy::read(&FILE.replace("defaults:\n  fixed", "defaults:\n  chat_default: long\n  fixed")).policy.unwrap();
    assert_eq!(of(&named).as_deref(), Ok("long"));
    let none = policy::read("version: 1\n").policy.unwrap();
    assert_eq!(of(&none).unwrap_err().code, Code::InvalidRequest);
}

fn relieved<'p>(policy: &'p Policy, found: &Candidates<'p>, chat: &Chat) -> Option<Relief<'p>> {
    relief(policy, found, Asked { client: None, chat }, &Now::default())
}

#[test]
fn a_conversation_that_is_too_long_goes_to_the_class_that_takes_over() {
    let policy = policy();
    let chat = ask(&"x".repeat(1000));
    let found = candidates(&policy, &class("short"), Asked { client: None, chat: &chat }).unwrap();
    assert_eq!(plan(&policy, &found, &chat, &Now::default()).unwrap_err().code, Code::ContextTooLong);
    let Some(Relief::Larger(middle)) = relieved(&policy, &found, &chat) else { panic!("middle takes over") };
    let Some(Relief::Larger(long)) = relieved(&policy, &middle, &chat) else { panic!("long takes over") };
    let got = plan(&policy, &long, &chat, &Now::default()).unwrap();
    assert_eq!((got.rule.as_str(), got.targets[0].max_tokens), ("defaults.long", 200), "it is a call of that class");
    assert!(
        got.reason.starts_with("The conversation is too long for class short, so class long takes over. Class long: "),
        "{}",
        got.reason
    );
    assert_eq!(long.max_tier, Some(Tier::L1), "the tier of a class on the way still holds");
    assert_eq!(relieved(&policy, &long, &chat), None);
    // Where something else is in the way, no other class takes over.
    let short = ask("x");
    let no_key = Denial::new(Code::NoKey, "No key.");
    let now = Now { unusable: BTreeMap::from([(id("deepseek/small").provider, no_key)]), ..Now::default() };
    assert_eq!(relief(&policy, &found, Asked { client: None, chat: &short }, &now), None);
}

#[test]
fn the_oldest_turns_are_left_out_and_that_is_said() {
    let policy = policy();
    let mut chat = ask("first question");
    chat.messages.insert(0, Message::text(Role::System, "Be brief."));
    for (role, text) in [
        (Role::Assistant, "a".repeat(400)),
        (Role::User, "second question".to_owned()),
        (Role::Assistant, "b".repeat(400)),
        (Role::User, "third question".to_owned()),
        (Role::Assistant, "c".repeat(200)),
        (Role::User, "last question".to_owned()),
    ] {
        chat.messages.push(Message::text(role, text));
    }
    let found = candidates(&policy, &class("cut"), Asked { client: None, chat: &chat }).unwrap();
    let Some(Relief::Shorter(shorter, said)) = relieved(&policy, &found, &chat) else { panic!("it is shortened") };
    let texts: Vec<_> = shorter.iter().map(|message| message.parts.clone()).collect();
    let kept: Vec<_> = [0, 3, 4, 5, 6, 7].map(|at: usize| chat.messages[at].parts.clone()).to_vec();
    assert_eq!(texts, kept, "one whole turn goes, the system message and the last question stay");
    assert_eq!(
        said,
        "The conversation was too long for the models of class cut, so its oldest 2 messages (about 104 tokens) were left out."
    );
    let shorter = Chat { messages: shorter, params: chat.params.clone() };
    assert!(plan(&policy, &found, &shorter, &Now::default()).is_ok());

    let endless = ask(&"x".repeat(2000));
    assert_eq!(relieved(&policy, &found, &endless), None, "the last message is never cut");
    let other = candidates(&policy, &class("long"), Asked { client: None, chat: &chat }).unwrap();
    assert_eq!(relieved(&policy, &other, &chat), None, "only where the class allows it");
}

#[test]
fn a_conversation_is_shortened_to_the_largest_model_of_the_class_and_no_further() {
    // gpt-4o has 128,000 tokens by the list; the file says nothing of it.
    let text = FILE
        .replace("  cut: { provider: deepseek, model: small,", "  cut: { provider: openai, model: gpt-4o,")
        .replace("fallback:\n", "fallback:\n  cut: [{ provider: deepseek, model: small }]\n");
    let policy = policy::read(&text).policy.expect("valid");
    let mut chat = ask(&"a".repeat(400_000));
    chat.messages.push(Message::text(Role::Assistant, "b".repeat(400_000)));
    chat.messages.push(Message::text(Role::User, "c".repeat(40_000)));
    chat.messages.push(Message::text(Role::Assistant, "d"));
    chat.messages.push(Message::text(Role::User, "e"));
    let found = candidates(&policy, &class("cut"), Asked { client: None, chat: &chat }).unwrap();
    let Some(Relief::Shorter(shorter, _)) = relieved(&policy, &found, &chat) else { panic!("it is shortened") };
    assert_eq!(shorter.len(), 3, "the second turn fits gpt-4o and stays");
}

/// On this machine nothing is billed by the bound, so what is likely decides.
#[test]
fn a_model_of_this_machine_is_too_small_only_for_what_is_likely_too_long() {
    let text = FILE.replace("models:\n", "models:\n  near/here: { context: 100 }\n");
    let policy = policy::read(&text).policy.unwrap();
    let fits = |length: usize| {
        let chat = ask(&"x".repeat(length));
        planned(&policy, &Wanted::Model("near/here".into()), &chat, &Now::default()).map(|_| ()).map_err(|d| d.code)
    };
    assert_eq!((fits(400), fits(401)), (Ok(()), Err(Code::ContextTooLong)));
}

#[test]
fn a_class_sets_what_the_caller_left_open() {
    let policy = policy();
    let chat = ask("x");
    let found = candidates(&policy, &class("cut"), Asked { client: None, chat: &chat }).unwrap();
    let of_class = params(&found, &chat.params);
    assert_eq!(of_class.temperature.map(|t| t.0.to_string()).as_deref(), Some("0.5"));
    assert_eq!(of_class.prefix_cache, Some(crate::chat::PrefixCache::Hour));
    let asked = Params { temperature: serde_json::from_str("1").ok(), ..Params::default() };
    assert_eq!(params(&found, &asked).temperature, asked.temperature);
    let named = candidates(&policy, &Wanted::Model("cheap".into()), Asked { client: None, chat: &chat }).unwrap();
    assert_eq!(params(&named, &asked), asked);
}
