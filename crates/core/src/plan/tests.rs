use super::*;
use crate::chat::{Message, Role};
use crate::policy;

const FILE: &str = r#"
version: "1"
defaults:
  summarize: { provider: openai, model: small, max_tokens: 500 }
  review: { provider: openai, model: big }
  nowhere: { provider: openai, model: unknown-price }
fallback:
  summarize:
    - { provider: deepseek, model: other }
    - { provider: openai, model: big }
models:
  openai/small: { price: { input: 0.10, output: 0.40 }, aliases: [quick] }
  openai/big: { price: { input: 2, output: 15 }, max_output: 1000 }
  openai/off: { price: { input: 1, output: 1 }, enabled: false }
  openai/tiny: { price: { input: 0.01, output: 0.02 } }
  deepseek/other: { price: { input: 0.20, output: 0.30 }, context: 1000 }
"#;

fn policy() -> Policy {
    let reading = policy::read(FILE);
    reading.policy.unwrap_or_else(|| panic!("the fixture is valid: {:?}", reading.problems))
}

fn ask(text: &str) -> Chat {
    Chat { messages: vec![Message::text(Role::User, text)], ..Chat::default() }
}

fn class(name: &str) -> Wanted {
    Wanted::Class { class: name.into(), override_model: None }
}

fn with(name: &str, model: &str) -> Wanted {
    Wanted::Class { class: name.into(), override_model: Some(model.into()) }
}

fn asked(chat: &Chat) -> Asked<'_> {
    Asked { client: None, chat }
}

fn of<'p>(policy: &'p Policy, wanted: &Wanted) -> Result<Candidates<'p>, Denial> {
    candidates(policy, wanted, asked(&ask("hello")))
}

fn models(plan: &Plan) -> Vec<String> {
    plan.targets.iter().map(|target| target.model.to_string()).collect()
}

fn planned(wanted: &Wanted, chat: &Chat) -> Result<Plan, Denial> {
    let policy = policy();
    plan(&policy, &candidates(&policy, wanted, asked(chat))?, chat, &Now::default())
}

#[test]
fn a_class_is_its_first_choice_and_then_its_fallbacks() {
    let plan = planned(&class("summarize"), &ask("hello")).unwrap();
    assert_eq!(models(&plan), ["openai/small", "deepseek/other", "openai/big"]);
    assert_eq!(plan.rule, "defaults.summarize");
    assert_eq!(plan.dearest_from(0), plan.targets[2].worst, "the dearest single attempt is held");
    assert_eq!(plan.targets.iter().map(|t| t.max_tokens).collect::<Vec<_>>(), [500, 500, 500]);
}

#[test]
fn i7_a_model_without_a_price_is_denied_not_counted_as_free() {
    let denial = planned(&class("nowhere"), &ask("hello")).unwrap_err();
    assert_eq!(denial.code, Code::Unpriced);
    assert!(denial.sentence.contains("models.openai/unknown-price.price"), "{denial}");
}

#[test]
fn a_provider_without_a_key_is_skipped_and_said_so() {
    let policy = policy();
    let no_key = Denial::new(Code::NoKey, "No key is stored for OpenAI.");
    let openai = ProviderId::parse("openai").unwrap();
    let unusable = Now { unusable: BTreeMap::from([(openai.clone(), no_key)]), ..Now::default() };
    let found = of(&policy, &class("summarize")).unwrap();
    let planned = plan(&policy, &found, &ask("hello"), &unusable).unwrap();
    assert_eq!(models(&planned), ["deepseek/other"]);
    assert!(
        planned.warnings.iter().any(|w| w.contains("openai/small was skipped: No key is stored")),
        "{:?}",
        planned.warnings
    );

    let review = of(&policy, &class("review")).unwrap();
    assert_eq!(plan(&policy, &review, &ask("hello"), &unusable).unwrap_err().code, Code::NoKey);
}

#[test]
fn a_model_is_found_by_id_name_or_alias_and_a_slip_gets_the_nearest() {
    for text in ["openai/small", "small", "quick"] {
        let plan = planned(&Wanted::Model(text.into()), &ask("hello")).unwrap();
        assert_eq!(models(&plan), ["openai/small"], "an explicit model has no fallback");
        assert_eq!(plan.rule, "model");
    }
    let denial = planned(&Wanted::Model("openai/smal".into()), &ask("hello")).unwrap_err();
    assert_eq!(denial.code, Code::UnknownModel);
    assert!(denial.sentence.contains("openai/small"), "{denial}");
    let off = planned(&Wanted::Model("openai/off".into()), &ask("hello")).unwrap_err();
    assert_eq!(off.code, Code::UnknownModel, "a model that is switched off is not callable");
}

#[test]
fn an_override_stays_within_the_class_or_its_tier() {
    assert_eq!(models(&planned(&with("summarize", "openai/big"), &ask("x")).unwrap())[0], "openai/big", "a candidate");
    assert_eq!(
        models(&planned(&with("review", "openai/small"), &ask("x")).unwrap())[0],
        "openai/small",
        "a lower tier of the same provider"
    );
    let above = planned(&with("nowhere", "deepseek/other"), &ask("x")).unwrap_err();
    assert_eq!(above.code, Code::InvalidRequest, "another provider");
    let policy = policy();
    let tier = of(&policy, &with("summarize", "openai/tiny")).unwrap();
    assert_eq!(tier.models[0].to_string(), "openai/tiny");
}

#[test]
fn an_override_may_be_an_alias_and_is_refused_like_any_name() {
    assert_eq!(models(&planned(&with("review", "quick"), &ask("x")).unwrap())[0], "openai/small");
    let reason = planned(&with("review", "quick"), &ask("x")).unwrap().reason;
    assert!(
        reason.starts_with("Class review: openai/small was asked for in place of the first choice (L1"),
        "{reason}"
    );
    for wrong in ["openai/off", "openai/none", "nothing"] {
        assert_eq!(planned(&with("review", wrong), &ask("x")).unwrap_err().code, Code::UnknownModel, "{wrong}");
    }
    let several = FILE.replace("models:\n", "models:\n  deepseek/small: { price: { input: 1, output: 1 } }\n");
    let several = policy::read(&several).policy.unwrap();
    let denial = of(&several, &with("review", "small")).unwrap_err();
    assert!(denial.sentence.contains("deepseek/small, openai/small. Name one of these."), "{denial}");
    let panel = FILE.replace("defaults:\n", "defaults:\n  panel: { members: [{ provider: openai, model: small }] }\n");
    let panel = policy::read(&panel).policy.unwrap();
    assert_eq!(of(&panel, &with("panel", "openai/small")).unwrap_err().code, Code::PolicyInvalid, "never for a panel");
}

#[test]
fn an_override_above_the_tier_is_refused() {
    let text = FILE.replace("    - { provider: openai, model: big }\n", "");
    let policy = policy::read(&text).policy.unwrap();
    let denial = of(&policy, &with("summarize", "openai/big")).unwrap_err();
    assert_eq!(denial.code, Code::TierExceeded);
}

#[test]
fn an_unknown_class_gets_the_nearest_name() {
    let denial = of(&policy(), &class("sumarize")).unwrap_err();
    assert_eq!(denial.code, Code::InvalidRequest);
    assert!(denial.sentence.contains("summarize"), "{denial}");
}

#[test]
fn max_tokens_is_the_least_of_all_who_say_and_a_lowered_one_is_told() {
    let mut chat = ask("hello");
    chat.params.max_tokens = Some(900);
    let plan = planned(&class("summarize"), &chat).unwrap();
    assert_eq!(plan.targets[0].max_tokens, 500);
    assert_eq!(plan.warnings, ["max_tokens was lowered from 900 to 500, the limit of the class."]);
    chat.params.max_tokens = None;
    assert_eq!(
        planned(&class("review"), &chat).unwrap().targets[0].max_tokens,
        1000,
        "models.max_output bounds the default"
    );
}

#[test]
fn the_preflight_gate_denies_what_would_probably_cost_too_much() {
    let policy =
        policy::read(&format!("{FILE}\ncost_preflight: {{ warn_usd: 0.0001, block_usd: 0.01 }}\n")).policy.unwrap();
    let found = of(&policy, &class("review")).unwrap();
    let denial = plan(&policy, &found, &ask("hello"), &Now::default()).unwrap_err();
    assert_eq!(denial.code, Code::CapExceeded);
    let mut chat = ask("hello");
    chat.params.max_tokens = Some(400);
    let cheap = of(&policy, &class("summarize")).unwrap();
    let warned = plan(&policy, &cheap, &chat, &Now::default()).unwrap();
    assert!(warned.warnings.iter().any(|w| w.starts_with("This call may cost about $0.0060")), "{:?}", warned.warnings);
    // A fallback above the gate is left out, as it would be as a first choice.
    chat.params.max_tokens = None;
    let policy =
        policy::read(&format!("{FILE}\ncost_preflight: {{ warn_usd: 0.0001, block_usd: 0.005 }}\n")).policy.unwrap();
    let found = of(&policy, &class("summarize")).unwrap();
    let gated = plan(&policy, &found, &chat, &Now::default()).unwrap();
    assert_eq!(models(&gated), ["openai/small", "deepseek/other"]);
}

#[test]
fn a_guard_that_is_not_built_refuses_with_its_line() {
    let policy = policy::read(&format!("{FILE}\nescalation: {{ max_tier: L2 }}\n")).policy.unwrap();
    let denial = of(&policy, &class("summarize")).unwrap_err();
    assert_eq!(denial.code, Code::PolicyInvalid);
    assert!(denial.sentence.contains("escalation"), "{denial}");
}

#[test]
fn a_prompt_that_may_not_fit_goes_to_a_model_with_more_room() {
    let plan = planned(&class("summarize"), &ask(&"x".repeat(1000))).unwrap();
    assert_eq!(models(&plan), ["openai/small", "openai/big"]);
    assert!(plan.warnings[0].contains("1000 tokens of deepseek/other"), "{:?}", plan.warnings);
}
