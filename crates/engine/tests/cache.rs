//! The exact cache (product.md §5.5, acceptance 27): the very same call, and nothing else, is answered
//! from what was answered before.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod room;

use pointsman_core::chat::{Chat, Decimal, Message, Params, Role};
use pointsman_core::code::Code;
use pointsman_engine::reply::Status;
use pointsman_engine::view::RequestState;
use pointsman_engine::{CallContext, ChatCall, Envelope, PauseSpan, RouteCall};
use pointsman_practice::{Counts, Script};

use room::{Room, room};

/// The room's policy with a class that keeps its answers, and one more.
async fn keeping(more: &str) -> Room {
    let room = room(more).await;
    let path = room.gateway.home().policy_path();
    let text = std::fs::read_to_string(&path).unwrap();
    let text = text.replace("max_tokens: 100 }\n", "max_tokens: 100, cache: true }\n");
    let other = "  other: { provider: here, model: practice-small, max_tokens: 100, cache: true }\n  free:";
    std::fs::write(path, text.replacen("  free:", other, 1)).unwrap();
    room.server.default_script(Script::text("yes").usage(Counts { input: 30, output: 10, ..Counts::default() }));
    room
}

fn call(class: &str, prompt: &str) -> RouteCall {
    RouteCall { task_class: class.into(), prompt: prompt.into(), ..RouteCall::default() }
}

async fn chat(room: &Room, texts: &[&str], params: Params) -> Envelope {
    let chat = Chat { messages: texts.iter().map(|text| Message::text(Role::User, *text)).collect(), params };
    room.gateway.chat(ChatCall { chat, model: None }, CallContext::quiet("chat_completion")).await
}

#[tokio::test]
async fn the_very_same_call_is_answered_again_for_nothing_and_recorded() {
    let room = keeping("").await;
    let first = room.route(call("ask", "hello")).await;
    assert_eq!((first.meta.cached, first.meta.cost_usd.to_string().as_str()), (false, "0.00005"), "{first:?}");
    let again = room.route(call("ask", "hello")).await;
    assert_eq!(again.status, Status::Success, "{again:?}");
    assert_eq!(again.data.unwrap().text, "yes");
    assert_eq!((again.meta.cached, again.meta.cost_usd.to_string().as_str()), (true, "0"));
    assert_eq!(again.meta.model.as_deref(), Some("practice-small"));
    assert_eq!(room.server.chats().len(), 1, "nothing was sent");
    let row = room.last().await;
    assert_eq!((row.state, row.cost.micros), (RequestState::Kept, 0));
    room.books_are_right().await;
}

#[tokio::test]
async fn whatever_shapes_the_answer_makes_another_call() {
    let room = keeping("").await;
    let sent = |room: &Room| room.server.chats().len();
    room.route(call("ask", "hello")).await;
    room.route(call("other", "hello")).await;
    room.route(call("ask", "hello ")).await;
    room.route(RouteCall { max_tokens: Some(50), ..call("ask", "hello") }).await;
    room.route(RouteCall { system: Some("Be brief.".into()), ..call("ask", "hello") }).await;
    room.route(RouteCall { override_model: Some("here/practice-large".into()), ..call("ask", "hello") }).await;
    assert_eq!(sent(&room), 6, "each of these is a call of its own");
    // Equal arguments to another tool, and the same messages in another order.
    chat(&room, &["hello"], Params::default()).await;
    chat(&room, &["a", "b"], Params::default()).await;
    chat(&room, &["b", "a"], Params::default()).await;
    assert_eq!(sent(&room), 9);
    chat(&room, &["b", "a"], Params::default()).await;
    assert_eq!(sent(&room), 9, "and this one is known");
}

#[tokio::test]
async fn an_error_a_cut_answer_a_fallbacks_and_one_meant_to_differ_are_not_kept() {
    let room = keeping("").await;
    let sent = |room: &Room| room.server.chats().len();
    room.server.script(Script::status(400));
    assert_eq!(room.route(call("ask", "one")).await.code, Some(Code::InvalidRequest));
    assert!(!room.route(call("ask", "one")).await.meta.cached, "an error is not kept");

    room.server.script(Script { finish_reason: Some("length".into()), ..Script::text("half") });
    assert_eq!(room.route(call("ask", "two")).await.finish(), "length");
    assert!(!room.route(call("ask", "two")).await.meta.cached, "a cut answer is not kept");

    room.server.script(Script::hang_up());
    let fallback = room.route(call("ask", "three")).await;
    assert_eq!(fallback.meta.model.as_deref(), Some("practice-large"), "{fallback:?}");
    let first = room.route(call("ask", "three")).await;
    assert_eq!((first.meta.cached, first.meta.model.as_deref()), (false, Some("practice-small")));

    let before = sent(&room);
    for temperature in ["1.5", "1.5", "0.5", "0.5"] {
        let temperature = Some(Decimal(temperature.parse().unwrap()));
        chat(&room, &["four"], Params { temperature, ..Params::default() }).await;
    }
    assert_eq!(sent(&room), before + 3, "two at 1.5, one at 0.5");
    room.books_are_right().await;
}

trait Finish {
    fn finish(&self) -> &str;
}

impl Finish for Envelope {
    fn finish(&self) -> &str {
        self.meta.finish_reason.as_deref().unwrap_or_default()
    }
}

#[tokio::test]
async fn a_kept_answer_is_never_denied_by_a_cap_but_a_pause_holds() {
    let room = keeping("caps: [{ window: day, limit_usd: 0.0024 }]\n").await;
    assert_eq!(room.route(call("ask", "hello")).await.status, Status::Success);
    // 2,380 µ$ are held by each call of the dearest target; 50 µ$ are charged: the next one has no room.
    assert_eq!(room.route(call("ask", "other")).await.code, Some(Code::CapExceeded));
    let again = room.route(call("ask", "hello")).await;
    assert!(again.meta.cached, "{again:?}");
    room.gateway.pause(PauseSpan::Hour).await.unwrap();
    assert_eq!(room.route(call("ask", "hello")).await.code, Some(Code::Paused));
}

#[tokio::test]
async fn a_kept_answer_ends_with_its_time() {
    let room = keeping("cache: { ttl_s: 60 }\n").await;
    room.route(call("ask", "hello")).await;
    assert!(room.route(call("ask", "hello")).await.meta.cached);
    let ledger = rusqlite::Connection::open(room.gateway.home().ledger_path()).unwrap();
    ledger.execute("UPDATE cache SET created_ms = created_ms - 60001", []).unwrap();
    assert!(!room.route(call("ask", "hello")).await.meta.cached);
    assert_eq!(room.server.chats().len(), 2);
}

#[tokio::test]
async fn an_answer_that_cannot_be_kept_is_settled_all_the_same() {
    let room = keeping("").await;
    room.route(call("ask", "hello")).await;
    let ledger = rusqlite::Connection::open(room.gateway.home().ledger_path()).unwrap();
    ledger
        .execute_batch("CREATE TRIGGER no_room BEFORE INSERT ON cache BEGIN SELECT RAISE(ABORT, 'no room'); END")
        .unwrap();
    let got = room.route(call("ask", "another")).await;
    assert_eq!((got.status, got.meta.cost_usd.to_string().as_str()), (Status::Success, "0.00005"), "{got:?}");
    room.books_are_right().await;
}
