//! What the policy says about a class, on the wire: which model is asked, with which conversation, and
//! what `policy explain` says of it without asking any.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use pointsman_core::chat::{Chat, Message, Role};
use pointsman_core::code::Code;
use pointsman_core::plan::Wanted;
use pointsman_engine::view::{ActivityQuery, Explanation};
use pointsman_engine::{CallContext, Caller, ChatCall, Envelope, ExplainCall, Gateway, Home, RouteCall, Surface};
use pointsman_practice::{Options, Practice, Script};

const FILE: &str = r#"version: "7"
defaults:
  dear_first: { provider: here, model: practice-large, max_tokens: 100 }
  cheap: { provider: here, model: practice-large, max_tokens: 100, strategy: cheapest }
  short: { provider: here, model: practice-tiny, max_tokens: 50, too_long: cheap }
  cut: { provider: here, model: practice-tiny, max_tokens: 50, truncate_oldest: true }
  kept: { provider: here, model: practice-small, max_tokens: 50, cache: true, tier: L2 }
  keyless: { provider: openai, model: gpt, max_tokens: 50 }
fallback:
  cheap: [{ provider: here, model: practice-small }]
  keyless: [{ provider: here, model: practice-small }]
providers:
  here: { wire: openai_chat, base_url: "{base_url}", local: true }
models:
  here/practice-small: { price: { input: 1, output: 2 } }
  here/practice-large: { price: { input: 10, output: 20 } }
  here/practice-tiny: { price: { input: 1, output: 2 }, context: 100 }
  openai/gpt: { price: { input: 1, output: 2 } }
caps:
  - { scope: all, window: day, limit_usd: 0.02 }
  - { scope: provider, window: call, limit_usd: 5 }
profiles:
  frugal: { max_tier: L2, defaults: { dear_first: { provider: here, model: practice-small } } }
"#;

struct Room {
    _folder: tempfile::TempDir,
    server: Practice,
    gateway: Gateway,
}

async fn room() -> Room {
    let folder = tempfile::tempdir().unwrap();
    let server = Practice::start(Options::default()).await.unwrap();
    let home = Home::at(Some(folder.path().join("home"))).unwrap();
    std::fs::write(home.policy_path(), FILE.replace("{base_url}", &server.base_url())).unwrap();
    let gateway = Gateway::open(home, Caller::cli()).unwrap();
    Room { _folder: folder, server, gateway }
}

impl Room {
    async fn route(&self, class: &str, prompt: &str) -> Envelope {
        let call = RouteCall { task_class: class.into(), prompt: prompt.into(), ..RouteCall::default() };
        self.gateway.route(call, CallContext::quiet("llm_route")).await
    }

    async fn explain(&self, class: &str, prompt: &str) -> Explanation {
        let wanted = Wanted::Class { class: class.into(), override_model: None };
        let chat = Chat { messages: vec![Message::text(Role::User, prompt)], ..Chat::default() };
        self.gateway.explain(ExplainCall { wanted, chat, client: None, project: None }).await.unwrap()
    }

    async fn asked_for(&self) -> Vec<String> {
        self.server.chats().iter().map(|chat| chat.json()["model"].as_str().unwrap().to_owned()).collect()
    }
}

fn order(said: &Explanation) -> Vec<(&str, Option<u32>)> {
    said.models.iter().map(|one| (one.model.as_str(), one.place)).collect()
}

#[tokio::test]
async fn what_is_explained_is_what_then_happens() {
    let room = room().await;
    let said = room.explain("cheap", "hello").await;
    assert_eq!(said.answers.as_deref(), Some("here/practice-small"));
    assert_eq!(order(&said), [("here/practice-small", Some(1)), ("here/practice-large", Some(2))]);
    assert_eq!((said.rule.as_str(), said.line, said.policy_version.as_str()), ("defaults.cheap", Some(4), "7"));
    // 38 tokens at most in and 100 out: at $1 and $2, and at $10 and $20 for a million.
    let worst: Vec<_> = said.models.iter().map(|one| one.worst.as_ref().unwrap().micros).collect();
    assert_eq!((said.most_input_tokens, worst), (38, vec![238, 2380]));
    let caps: Vec<_> = said.caps.iter().map(|cap| (cap.title.as_str(), cap.needed.micros, cap.fits)).collect();
    assert_eq!(caps, [("the day cap of $0.02", 2380, true), ("the call cap of $5.00 for here", 238, true)]);
    assert_eq!(said.data_policy, "No data policy is set.");

    assert!(room.server.received().is_empty(), "nothing was sent");
    assert!(room.gateway.activity(ActivityQuery::default()).await.unwrap().rows.is_empty(), "nothing was recorded");
    assert_eq!(room.gateway.overview().await.unwrap().today.held.micros, 0, "nothing is held");

    let got = room.route("cheap", "hello").await;
    assert_eq!(got.meta.route.unwrap().reason, said.reason);
    assert_eq!(room.asked_for().await, ["practice-small"]);
}

#[tokio::test]
async fn a_call_that_would_be_refused_is_explained_with_its_code() {
    let room = room().await;
    let long = "x".repeat(2_000);
    let said = room.explain("dear_first", &long).await;
    assert_eq!((said.answers.as_deref(), said.code), (None, Some(Code::CapExceeded)), "{}", said.reason);
    let denied = room.route("dear_first", &long).await;
    assert_eq!((denied.code, denied.error.as_deref()), (Some(Code::CapExceeded), Some(said.reason.as_str())));
    assert!(said.reason.starts_with("The day cap of $0.02 has no room: $0.00 used"), "{}", said.reason);

    let unknown = room.explain("dear_frist", "x").await;
    assert_eq!(unknown.code, Some(Code::InvalidRequest));
    assert!(unknown.reason.contains("The nearest is dear_first."), "{}", unknown.reason);
    let keyless = room.explain("keyless", "x").await;
    assert_eq!(order(&keyless), [("here/practice-small", Some(1)), ("openai/gpt", None)]);
    assert!(keyless.models[1].worst.is_some(), "what it would cost is known without a key");
    assert!(keyless.models[1].why_not.as_ref().is_some_and(|why| why.contains("key")), "{:?}", keyless.models[1]);
    assert!(room.explain("kept", "x").await.cache.contains("for 86400 s"));
    assert!(room.server.received().is_empty());
}

#[tokio::test]
async fn a_conversation_that_is_too_long_is_a_call_of_the_larger_class() {
    let room = room().await;
    assert_eq!(room.route("short", "hello").await.meta.task_class.as_deref(), Some("short"));
    let got = room.route("short", &"x".repeat(500)).await;
    assert_eq!(got.meta.task_class.as_deref(), Some("cheap"), "{got:?}");
    let route = got.meta.route.unwrap();
    assert_eq!(route.rule, "defaults.cheap");
    assert!(route.reason.starts_with("The conversation is too long for class short, so class cheap takes over."));
    assert_eq!(room.asked_for().await, ["practice-tiny", "practice-small"]);
}

#[tokio::test]
async fn what_is_left_out_of_a_conversation_does_not_leave_and_is_said() {
    let room = room().await;
    room.server.default_script(Script::text("done"));
    let mut chat = Chat::default();
    for (role, text) in [
        (Role::System, "be brief".to_owned()),
        (Role::User, format!("secret of the first turn {}", "x".repeat(300))),
        (Role::Assistant, "y".repeat(100)),
        (Role::User, "and now?".to_owned()),
    ] {
        chat.messages.push(Message::text(role, text));
    }
    let text = FILE.replace("{base_url}", &room.server.base_url());
    std::fs::write(room.gateway.home().policy_path(), text.replace("defaults:\n", "defaults:\n  chat_default: cut\n"))
        .unwrap();
    let got = room.gateway.chat(ChatCall { chat, model: None }, CallContext::quiet("chat_completion")).await;
    assert_eq!(
        got.meta.warnings,
        [
            "The conversation was too long for the models of class cut, so its oldest 2 messages (about 107 tokens) were left out."
        ]
    );
    let sent = room.server.chats()[0].json();
    let texts: Vec<_> = sent["messages"].as_array().unwrap().iter().map(|message| message["content"].clone()).collect();
    assert_eq!(texts, ["be brief", "and now?"]);
}

#[tokio::test]
async fn a_profile_is_chosen_by_a_person_and_rules_every_process_from_the_next_call_on() {
    let room = room().await;
    let home = room.gateway.home().clone();
    let server = Gateway::open(home, Caller { surface: Surface::Mcp, ..Caller::cli() }).unwrap();
    let route = async |class: &str| {
        let call = RouteCall { task_class: class.into(), prompt: "x".into(), ..RouteCall::default() };
        server.route(call, CallContext::quiet("llm_route")).await
    };
    assert_eq!(route("dear_first").await.meta.model.as_deref(), Some("practice-large"));
    assert_eq!(server.set_profile(Some("frugal")).await.unwrap_err().code, Code::NeedsApproval);
    let slip = room.gateway.set_profile(Some("frugl")).await.unwrap_err();
    assert_eq!(slip.sentence, "There is no profile \"frugl\". The nearest is frugal.");

    room.gateway.set_profile(Some("frugal")).await.unwrap();
    assert_eq!(route("dear_first").await.meta.model.as_deref(), Some("practice-small"));
    let call = ChatCall {
        chat: Chat { messages: vec![Message::text(Role::User, "x")], ..Chat::default() },
        model: Some("practice-large".into()),
    };
    let named = server.chat(call, CallContext::quiet("chat_completion")).await;
    assert_eq!(named.code, Some(Code::TierExceeded), "also for a model by name");
    assert_eq!(room.explain("dear_first", "x").await.profile.as_deref(), Some("frugal"));
    let profiles = room.gateway.profiles().await.unwrap();
    assert_eq!(
        (profiles.names.as_slice(), profiles.chosen.as_deref()),
        (["frugal".to_owned()].as_slice(), Some("frugal"))
    );

    room.gateway.set_profile(None).await.unwrap();
    assert_eq!(route("dear_first").await.meta.model.as_deref(), Some("practice-large"));
}
