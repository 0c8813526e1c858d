use super::*;
use crate::chat::{Message, Params, Role};
use crate::policy;

const FILE: &str = r#"version: "1"
defaults:
  ask: { provider: openai, model: gpt-4o-mini }
providers:
  here: { wire: openai_chat, base_url: "http://127.0.0.1:1/v1", local: true }
  house: { wire: openai_chat, base_url: "https://llm.example/v1", trust: high, region: eu }
data_policy:
"#;

fn policy_with(rules: &str) -> policy::Policy {
    let reading = policy::read(&format!("{FILE}{rules}"));
    assert_eq!(reading.problems, Vec::new(), "{rules}");
    reading.policy.expect("a valid file")
}

fn chat(text: &str) -> Chat {
    Chat { messages: vec![Message::text(Role::User, text)], params: Params::default() }
}

/// `clear`, `redacted: …` or `code: sentence` for the provider.
fn verdict(rules: &str, text: &str, provider: &str) -> String {
    let policy = policy_with(rules);
    let provider = &policy.providers[&ProviderId::parse(provider).unwrap()];
    let Some(screened) = screen(&policy.data_policy, &chat(text)) else { return "clear".to_owned() };
    match screened.for_provider(provider) {
        Ok(None) => "clear".to_owned(),
        Ok(Some(redacted)) => format!("redacted: {}", texts(&redacted.chat).collect::<String>()),
        Err(denial) => format!("{}: {}", denial.code.as_str(), denial.sentence),
    }
}

#[test]
fn each_rule_says_what_happens_and_for_whom_it_does_not() {
    let block = "  plans: { match: { keywords: [\"project  x\"] }, then: block }\n";
    let said = verdict(block, "About PROJECT\nX today", "openai");
    assert_eq!(
        said,
        "data_policy: The text holds a keyword, and the rule plans of data_policy (line 8) keeps that from OpenAI. Take it out of the text."
    );
    assert_eq!(verdict(block, "About project y", "openai"), "clear");
    let home = "  diary: { match: { patterns: ['dear\\s+diary'] }, then: local_only, allow_trust: high }\n";
    assert!(verdict(home, "dear diary", "openai").starts_with("data_policy: "), "it stays here");
    assert_eq!(verdict(home, "dear diary", "here"), "clear");
    assert_eq!(verdict(home, "dear diary", "house"), "clear", "by its label");
    let by_region =
        "  diary: { match: { keywords: diary }, then: block, allow_regions: [eu], allow_providers: [here] }\n";
    assert_eq!(verdict(by_region, "diary", "house"), "clear");
    assert_eq!(verdict(by_region, "diary", "here"), "clear");
    assert!(verdict(by_region, "diary", "mistral").starts_with("data_policy: "));
    let ask = "  mail: { match: { detectors: [email] }, then: ask }\n";
    assert!(verdict(ask, "a@example.com", "openai").starts_with("needs_approval: "));
}

#[test]
fn of_several_rules_the_strictest_holds_and_no_text_is_repeated() {
    let all = "  a: { match: { keywords: [canary] }, then: redact }\n  b: { match: { keywords: [canary] }, then: block }\n  c: { match: { keywords: [canary] }, then: ask }\n";
    let said = verdict(all, "the canary", "openai");
    assert!(said.starts_with("data_policy: ") && said.contains("the rule b "), "{said}");
    assert!(!said.contains("canary"), "{said}");
    let local = "  a: { match: { keywords: [canary] }, then: redact }\n  b: { match: { keywords: [canary] }, then: local_only }\n";
    assert!(verdict(local, "canary", "openai").starts_with("data_policy: "));
    assert_eq!(verdict(local, "canary", "here"), "redacted: [TEXT_1]", "the milder rule still holds at home");
}

#[test]
fn places_are_replaced_by_names_and_put_back() {
    let rules = "  mail: { match: { detectors: [email, card], keywords: [Ada Lovelace] }, then: redact }\n";
    let policy = policy_with(rules);
    let text = "Ada  Lovelace <ada@example.com> paid with 4111 1111 1111 1111; write to ada@example.com. [EMAIL_1] is a name here.";
    let screened = screen(&policy.data_policy, &chat(text)).expect("met");
    let openai = &policy.providers[&ProviderId::parse("openai").unwrap()];
    let redacted = screened.for_provider(openai).unwrap().expect("replaced");
    let sent: String = texts(&redacted.chat).collect();
    assert_eq!(sent, "[TEXT_1] <[EMAIL_2]> paid with [CARD_1]; write to [EMAIL_2]. [EMAIL_1] is a name here.");
    assert_eq!(redacted.count(), 3);
    let answer = "Dear [TEXT_1], see [EMAIL_2], [EMAIL_1] and [EMAIL_22].";
    let whole = "Dear Ada  Lovelace, see ada@example.com, [EMAIL_1] and [EMAIL_22].";
    assert_eq!(redacted.restore(answer, Form::Text), whole);
    // However the answer is cut, the same text arrives, and no half of a name is shown on the way.
    for cut in 0..=answer.len() {
        let mut restorer = Restorer::new(redacted.clone(), Form::Text);
        let mut shown = restorer.push(&answer[..cut]);
        assert!(whole.starts_with(&shown), "{shown}");
        shown += &restorer.push(&answer[cut..]);
        shown += &restorer.end();
        assert_eq!(shown, whole);
    }
    assert!(!format!("{redacted:?}").contains("ada@"), "nothing of it in a log");
}

#[test]
fn what_is_put_back_into_json_stays_json() {
    let rules = "  keys: { match: { detectors: [private_keys] }, then: redact }\n";
    let policy = policy_with(rules);
    let key = "-----BEGIN PRIVATE KEY-----\n\"MIIE\\\"\n-----END PRIVATE KEY-----";
    let screened = screen(&policy.data_policy, &chat(key)).expect("met");
    let redacted = screened.for_provider(&policy.providers[&ProviderId::parse("openai").unwrap()]).unwrap().unwrap();
    let json = redacted.restore(r#"{"key": "[KEY_1]"}"#, Form::Json);
    let read: serde_json::Value = serde_json::from_str(&json).expect("still JSON");
    assert_eq!(read["key"], key);
}

#[test]
fn a_place_that_cannot_be_replaced_is_denied() {
    let policy = policy_with("  mail: { match: { detectors: [email] }, then: redact }\n");
    let openai = &policy.providers[&ProviderId::parse("openai").unwrap()];
    let mut asked = chat("hello");
    asked.params.stop = vec!["ada@example.com".to_owned()];
    let denial = screen(&policy.data_policy, &asked).expect("met").for_provider(openai).expect_err("denied");
    assert_eq!(denial.code, Code::DataPolicy);
    let schema = serde_json::json!({ "description": "mail of ada@example.com" });
    asked.params.stop.clear();
    asked.params.response_format = Some(ResponseFormat::JsonSchema { name: "a".into(), schema, strict: false });
    assert!(screen(&policy.data_policy, &asked).expect("met").for_provider(openai).is_err());
}

#[test]
fn a_pattern_that_cannot_be_used_says_why() {
    assert!(Pattern::parse("(").is_err_and(|why| why.starts_with("is not a regular expression")));
    assert!(Pattern::parse("a*").is_err_and(|why| why.contains("everything")));
    assert!(Pattern::parse(r"(?:\pL{1000}){1000}").is_err_and(|why| why.contains("too large")));
    assert!(Pattern::keyword("  ").is_err());
}
