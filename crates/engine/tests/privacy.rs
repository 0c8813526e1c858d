//! `data_policy` on the whole way of a call: what is kept back reaches no socket, what is replaced comes
//! back in the answer and nowhere else.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod room;

use pointsman_core::code::Code;
use pointsman_core::plan::Wanted;
use pointsman_engine::reply::Status;
use pointsman_engine::{CallContext, EstimateQuery, ExplainCall, Progress, RouteCall};
use pointsman_practice::{Options, Practice, Script};
use room::{Room, ask, room};
use tokio::sync::mpsc::unbounded_channel;

const MAIL: &str = "data_policy:\n  mail: { match: { detectors: [email] }, then: redact }\n";

/// A room whose class `ask` asks somebody elsewhere first, which is the same server under another name.
async fn two_places(rules: &str) -> (Room, Practice) {
    let other = Practice::start(Options::default()).await.unwrap();
    let room = room("").await;
    let text = format!(
        r#"version: "1"
defaults:
  ask: {{ provider: there, model: practice-small, max_tokens: 100 }}
fallback:
  ask: [{{ provider: here, model: practice-small }}]
providers:
  here: {{ wire: openai_chat, base_url: "{}", local: true }}
  there: {{ wire: openai_chat, base_url: "{}", local: false, key: {{ env: PATH }} }}
models:
  here/practice-small: {{ price: {{ input: 1, output: 2 }} }}
  there/practice-small: {{ price: {{ input: 1, output: 2 }} }}
retry: {{ delays_s: [], jitter: 0 }}
{rules}"#,
        room.server.base_url(),
        other.base_url(),
    );
    std::fs::write(room.gateway.home().policy_path(), text).unwrap();
    (room, other)
}

#[tokio::test]
async fn a_blocked_text_reaches_no_socket_and_its_denial_does_not_repeat_it() {
    let room = room("data_policy:\n  plans: { match: { keywords: [project heron] }, then: block }\n").await;
    let got = room.route(ask("What about Project\nHeron?")).await;
    assert_eq!((got.status, got.code), (Status::Error, Some(Code::DataPolicy)), "{got:?}");
    let said = got.error.clone().unwrap();
    assert!(said.contains("the rule plans of data_policy (line ") && !said.to_lowercase().contains("heron"), "{said}");
    assert_eq!(room.server.received().len(), 0, "no byte left");
    assert_eq!(room.last().await.cost.micros, 0);
    assert_eq!(room.route(ask("What about herons?")).await.status, Status::Success);
    room.books_are_right().await;
}

#[tokio::test]
async fn what_stays_on_this_machine_goes_past_the_first_choice_to_the_local_one() {
    let (room, there) = two_places("data_policy:\n  diary: { match: { keywords: [diary] }, then: local_only }\n").await;
    let got = room.route(ask("my diary")).await;
    assert_eq!(got.status, Status::Success, "{got:?}");
    assert_eq!(got.meta.provider.as_deref(), Some("here"));
    assert!(got.meta.warnings.iter().any(|one| one.contains("stays on this machine")), "{:?}", got.meta.warnings);
    assert_eq!((there.received().len(), room.server.chats().len()), (0, 1));
    room.server.default_script(Script::status(500));
    let got = room.route(ask("my diary")).await;
    assert_eq!(got.status, Status::Error, "and never elsewhere when the local one fails: {got:?}");
    assert_eq!(there.received().len(), 0);
    room.books_are_right().await;
}

#[tokio::test]
async fn a_rule_of_a_class_also_holds_where_another_class_takes_over() {
    let room = room("").await;
    let text = std::fs::read_to_string(room.gateway.home().policy_path()).unwrap().replace(
        "practice-small, max_tokens: 100 }",
        "practice-small, max_tokens: 100, too_long: free, data_policy: { plans: { match: { keywords: heron }, then: block } } }",
    );
    let text = text
        .replace("price: { input: 1, output: 2 } }", "price: { input: 1, output: 2 }, context: 500 }")
        .replace("model: practice-unpriced }", "model: practice-large }")
        .replace("fallback:\n  ask: [{ provider: here, model: practice-large }]\n", "");
    std::fs::write(room.gateway.home().policy_path(), text).unwrap();
    let long = "word ".repeat(2_000);
    assert_eq!(room.route(ask(&long)).await.status, Status::Success, "the larger class takes over");
    let got = room.route(ask(&format!("{long} heron"))).await;
    assert_eq!(got.code, Some(Code::DataPolicy), "{got:?}");
    let of_the_other = RouteCall { task_class: "free".into(), ..ask("heron") };
    assert_eq!(room.route(of_the_other).await.status, Status::Success, "a rule of a class holds for it alone");
}

#[tokio::test]
async fn replaced_texts_come_back_in_the_answer_and_are_nowhere_else() {
    let room = room(MAIL).await;
    room.server.script(Script::text("Wrote to [EMAIL_1] and [EMAIL_2]."));
    let (heard, mut pieces) = unbounded_channel();
    let ctx = CallContext { progress: Some(heard), ..CallContext::quiet("llm_route") };
    let got = room.gateway.route(ask("Write to ada@example.com, bob@example.com and ada@example.com"), ctx).await;
    assert_eq!(got.status, Status::Success, "{got:?}");
    let whole = "Wrote to ada@example.com and bob@example.com.";
    assert_eq!(got.data.unwrap().text, whole);
    let mut streamed = String::new();
    while let Ok(piece) = pieces.try_recv() {
        if let Progress::Text(text) = piece {
            streamed += &text;
        }
    }
    assert_eq!(streamed, whole, "who listens hears the same");
    assert!(got.meta.warnings.iter().any(|one| one.contains("2 texts were replaced")), "{:?}", got.meta.warnings);
    let sent = room.server.chats()[0].json()["messages"][0]["content"].clone();
    assert_eq!(sent, "Write to [EMAIL_1], [EMAIL_2] and [EMAIL_1]");
    // Not in the ledger either, in none of its files.
    for entry in std::fs::read_dir(room.gateway.home().path()).unwrap() {
        let path = entry.unwrap().path();
        if path.to_string_lossy().contains("ledger.db") && !path.to_string_lossy().ends_with("-shm") {
            let bytes = std::fs::read(&path).unwrap();
            assert!(!bytes.windows(15).any(|bytes| bytes == b"ada@example.com"), "{}", path.display());
        }
    }
    room.books_are_right().await;
}

#[tokio::test]
async fn a_class_that_keeps_answers_keeps_none_with_names_in_it() {
    let cached = format!("{MAIL}cache: {{ ttl_s: 600 }}\n");
    let room = room(&cached).await;
    let text = std::fs::read_to_string(room.gateway.home().policy_path()).unwrap();
    std::fs::write(
        room.gateway.home().policy_path(),
        text.replace("max_tokens: 100 }", "max_tokens: 100, cache: true, temperature: 0 }"),
    )
    .unwrap();
    room.server.default_script(Script::text("To [EMAIL_1]."));
    for address in ["ada@example.com", "bob@example.com", "ada@example.com"] {
        let got = room.route(ask(&format!("Write to {address}"))).await;
        assert_eq!(got.data.unwrap().text, format!("To {address}."));
        assert!(!got.meta.cached);
    }
    assert_eq!(room.server.chats().len(), 3);
}

#[tokio::test]
async fn the_person_is_asked_only_where_asking_is_possible() {
    let room = room("data_policy:\n  mail: { match: { detectors: [email] }, then: ask }\n").await;
    let got = room.route(ask("ada@example.com")).await;
    assert_eq!(got.code, Some(Code::NeedsApproval), "{got:?}");
    assert_eq!(room.server.received().len(), 0);
}

#[tokio::test]
async fn the_dry_run_and_the_estimate_say_what_the_call_would() {
    let room = room("data_policy:\n  plans: { match: { keywords: heron }, then: block }\n").await;
    let chat = |text: &str| pointsman_core::chat::Chat {
        messages: vec![pointsman_core::chat::Message::text(pointsman_core::chat::Role::User, text)],
        ..Default::default()
    };
    let explain = |text: &str| ExplainCall {
        wanted: Wanted::Class { class: "ask".into(), override_model: None },
        chat: chat(text),
        client: None,
        project: None,
    };
    let said = room.gateway.explain(explain("a heron")).await.unwrap();
    assert_eq!((said.answers, said.code), (None, Some(Code::DataPolicy)));
    assert!(
        said.data_policy.starts_with("plans (line ") && said.data_policy.contains("found a keyword"),
        "{}",
        said.data_policy
    );
    let said = room.gateway.explain(explain("a stork")).await.unwrap();
    assert_eq!(said.data_policy, "No rule of data_policy is met.");
    assert!(said.answers.is_some());
    let query = |text: &str| EstimateQuery {
        prompt: text.into(),
        models: vec!["here/practice-small".into()],
        ..EstimateQuery::default()
    };
    assert!(!room.gateway.estimate(query("a heron")).await.unwrap().models[0].would_be_sent);
    assert!(room.gateway.estimate(query("a stork")).await.unwrap().models[0].would_be_sent);
}
