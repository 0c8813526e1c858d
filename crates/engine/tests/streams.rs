//! Streams that do not end as they should, callers that go, and how long is waited for what. An answer that
//! broke off is never passed for a whole one. Acceptance 17 and 18, as far as they are the engine's.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::time::{Duration, Instant};

use pointsman_core::code::Code;
use pointsman_core::wire::Wire;
use pointsman_engine::reply::Status;
use pointsman_engine::view::{ActivityQuery, RequestRow, RequestState};
use pointsman_engine::{CallContext, Caller, Delivery, Envelope, Gateway, Home, Progress, RouteCall};
use pointsman_practice::{Options, Practice, Script};
use tokio::sync::mpsc::UnboundedReceiver;

struct Room {
    _folder: tempfile::TempDir,
    server: Practice,
    next: Practice,
    gateway: Gateway,
}

/// A class for each format, whose provider is on the network as far as anybody can tell, and `near`, whose
/// provider is on this machine; each with a fallback, of a higher tier so that nobody steps back behind it.
async fn room(timeouts: &str) -> Room {
    let folder = tempfile::tempdir().unwrap();
    let server = Practice::start(Options::default()).await.unwrap();
    let next = Practice::start(Options::default()).await.unwrap();
    let home = Home::at(Some(folder.path().join("home"))).unwrap();
    let (mut classes, mut fallbacks, mut providers, mut models) =
        (String::new(), String::new(), String::new(), String::new());
    let all = Wire::ALL.iter().map(|wire| (wire.name(), wire.name(), "key: { env: CARGO_MANIFEST_DIR }"));
    for (name, wire, more) in all.chain([("near", "openai_chat", "local: true")]) {
        let base = if wire == "gemini" { server.gemini_url() } else { server.base_url() };
        classes += &format!("  {name}: {{ provider: {name}, model: practice, max_tokens: 500 }}\n");
        fallbacks += &format!("  {name}: [{{ provider: next, model: practice }}]\n");
        providers += &format!("  {name}: {{ wire: {wire}, base_url: '{base}', {more} }}\n");
        models += &format!("  {name}/practice: {{ price: {{ input: 1, output: 2 }} }}\n");
    }
    let text = format!(
        "version: '1'\ndefaults:\n{classes}  thinks: {{ provider: openai_chat, model: o3-practice, max_tokens: 500 }}\n\
         fallback:\n{fallbacks}providers:\n{providers}  next: {{ base_url: '{}', local: true }}\n\
         models:\n  next/practice: {{ tier: L3 }}\n{models}  openai_chat/o3-practice: {{ price: {{ input: 1, output: 2 }} }}\n\
         retry: {{ delays_s: [0.001] }}\nbreaker: {{ failures: 1000 }}\ntimeouts: {timeouts}\n",
        next.base_url()
    );
    std::fs::write(home.policy_path(), text).unwrap();
    let gateway = Gateway::open(home, Caller::cli()).unwrap();
    Room { _folder: folder, server, next, gateway }
}

fn call(class: &str) -> RouteCall {
    RouteCall { task_class: class.into(), prompt: "hello".into(), ..RouteCall::default() }
}

fn listening(delivery: Delivery) -> (CallContext, UnboundedReceiver<Progress>) {
    let (listener, heard) = tokio::sync::mpsc::unbounded_channel();
    (CallContext { progress: Some(listener), delivery, ..CallContext::quiet("llm_route") }, heard)
}

/// Everything that was passed on.
fn text(heard: &mut UnboundedReceiver<Progress>) -> String {
    let mut said = String::new();
    while let Ok(progress) = heard.try_recv() {
        if let Progress::Text(piece) = progress {
            said.push_str(&piece);
        }
    }
    said
}

impl Room {
    async fn route(&self, class: &str) -> Envelope {
        self.gateway.route(call(class), CallContext::quiet("llm_route")).await
    }

    async fn last(&self) -> RequestRow {
        self.gateway.activity(ActivityQuery::default()).await.unwrap().rows.remove(0)
    }

    async fn books_are_right(&self) {
        assert_eq!(self.gateway.audit().await.unwrap(), Vec::<String>::new());
        assert_eq!(self.gateway.overview().await.unwrap().today.held.micros, 0, "nothing stays held");
    }
}

const QUICK: &str = "{ idle_s: 0.5, first_token_s: 0.5, first_token_slow_s: 0.5 }";

fn mishaps(at: usize) -> Vec<(&'static str, Script, Code)> {
    let text = Script::text("one two three");
    vec![
        ("cut", Script { cut_after: Some(at), ..text.clone() }, Code::Network),
        ("reset", Script { cut_after: Some(at), reset: true, ..text.clone() }, Code::Network),
        ("malformed", Script { malformed_after: Some(at), ..text.clone() }, Code::BadResponse),
        ("stalled", Script { stall_after: Some(at), ..text }, Code::Timeout),
    ]
}

#[tokio::test]
async fn what_was_passed_on_cannot_be_taken_back_so_an_answer_that_breaks_off_is_an_error() {
    let room = room(QUICK).await;
    for wire in Wire::ALL {
        let unmarked = ("without its end", Script { no_done: true, ..Script::text("one two") }, Code::Network);
        for (what, script, code) in mishaps(1).into_iter().chain([unmarked]) {
            let (before, next_before) = (room.server.chats().len(), room.next.chats().len());
            room.server.script(script);
            let (ctx, mut heard) = listening(Delivery::Pieces);
            let got = room.gateway.route(call(wire.name()), ctx).await;
            let name = wire.name();
            assert_eq!((got.code, got.data.is_none()), (Some(code), true), "{what} in {name}: {got:?}");
            assert_eq!(got.meta.finish_reason, None, "no finish is made up: {what} in {name}");
            let sentence = got.error.unwrap();
            // A reset may overtake the piece before it; then nothing was passed on.
            if text(&mut heard).is_empty() {
                assert_eq!(what, "reset", "{name}");
                continue;
            }
            assert!(sentence.contains("had been passed on already"), "{what} in {name}: {sentence}");
            let sent = (room.server.chats().len() - before, room.next.chats().len() - next_before);
            assert_eq!(sent, (1, 0), "nobody else is asked: {what} in {name}");
        }
    }
    room.books_are_right().await;
}

#[tokio::test]
async fn before_the_first_word_another_model_may_answer() {
    let room = room(QUICK).await;
    for wire in Wire::ALL {
        for (what, script, _) in mishaps(0) {
            room.server.script(script);
            let (ctx, mut heard) = listening(Delivery::Pieces);
            let got = room.gateway.route(call(wire.name()), ctx).await;
            assert_eq!(got.meta.provider.as_deref(), Some("next"), "{what} in {}: {got:?}", wire.name());
            assert_eq!(text(&mut heard), got.data.unwrap().text, "only its words were passed on");
        }
    }
    room.books_are_right().await;
}

/// How a caller goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Goes {
    Cancels,
    Vanishes,
}

/// What a call costs whose caller goes after these pieces were delivered, in µ$, and how it is recorded.
async fn gone(room: &Room, class: &'static str, goes: Goes, pieces: usize) -> RequestRow {
    let (left, arrived) = (room.server.left_so_far(), room.server.received().len());
    room.server.script(Script { stall_after: Some(pieces), ..Script::text("abc def ghi") });
    let (ctx, mut heard) = listening(Delivery::Whole);
    let (cancel, gateway) = (ctx.cancel.clone(), room.gateway.clone());
    let under_way = tokio::spawn(async move { gateway.route(call(class), ctx).await });
    room.server.arrived(arrived + 1).await;
    let mut text = 0;
    while text < pieces {
        text += usize::from(matches!(heard.recv().await, Some(Progress::Text(_))));
    }
    match goes {
        Goes::Cancels => {
            cancel.cancel();
            let got = under_way.await.unwrap();
            assert_eq!((got.code, got.meta.cost_assumed), (Some(Code::Cancelled), true), "{got:?}");
        }
        Goes::Vanishes => {
            under_way.abort();
            assert!(under_way.await.unwrap_err().is_cancelled());
            // Its guard's write is before this one.
            room.gateway.tidy().await.unwrap();
        }
    }
    room.server.left(left + 1).await;
    room.last().await
}

#[tokio::test]
async fn a_caller_that_goes_closes_the_connection_and_pays_for_what_was_delivered() {
    let room = room("{ idle_s: 60, first_token_s: 60 }").await;
    // "hello" is at most 38 tokens of input at $1; a byte at most one of output at $2; 500 of them at most.
    let (input, worst) = (38, 38 + 500 * 2);
    for (goes, state) in [(Goes::Cancels, RequestState::Cancelled), (Goes::Vanishes, RequestState::Interrupted)] {
        for (class, pieces, micros, why) in [
            ("openai_chat", 2, input + 7 * 2, "abc def"),
            ("openai_responses", 1, input + 3 * 2, "abc"),
            // Writing to its cache would cost a quarter more, and nobody counted.
            ("anthropic_messages", 1, (input * 5 + 3) / 4 + 3 * 2, "abc"),
            ("gemini", 2, input + 7 * 2, "abc def"),
            ("openai_chat", 0, worst, "before the first word nobody knows what was made"),
            ("thinks", 1, worst, "what was thought is not in what was delivered"),
        ] {
            let row = gone(&room, class, goes, pieces).await;
            assert_eq!((row.cost.micros, row.assumed, row.state), (micros, true, state), "{goes:?} {class}: {why}");
        }
    }
    room.books_are_right().await;
}

#[tokio::test]
async fn a_model_that_is_slow_by_nature_has_more_time_to_its_first_word() {
    let room = room("{ first_token_s: 0.2, first_token_slow_s: 30, idle_s: 30 }").await;
    let late = Script { head_delay_ms: 600, ..Script::text("late") };
    room.server.script(late.clone());
    let got = room.route("near").await;
    assert_eq!(got.data.expect("the provider is on this machine").text, "late");
    for (class, script) in Wire::ALL.iter().map(|wire| (wire.name(), late.clone())) {
        room.server.script(script);
        let got = room.route(class).await;
        assert_eq!(got.meta.provider.as_deref(), Some("next"), "{class}: {got:?}");
        assert!(got.meta.cost_assumed, "the silent one may have been paid: {got:?}");
    }
    // A head alone is no word, where nothing follows it.
    room.server.script(Script { first_token_delay_ms: 600, ..Script::text("late") });
    assert_eq!(room.route("openai_chat").await.meta.provider.as_deref(), Some("next"));
    room.books_are_right().await;
}

#[tokio::test]
async fn pings_and_thoughts_are_signs_of_life() {
    let room = room("{ first_token_s: 0.9, first_token_slow_s: 0.9, idle_s: 0.9 }").await;
    let pings = Script { pings: 6, pace_ms: 200, ..Script::text("at last") };
    let reasoning = Some("Hm. Let me see.".into());
    let thoughts = Script { reasoning, pings: 3, pace_ms: 300, ..Script::text("at last") };
    for script in [pings, thoughts] {
        room.server.default_script(script.clone());
        let calls = Wire::ALL.iter().map(|wire| room.route(wire.name()));
        for got in futures_util::future::join_all(calls).await {
            assert_eq!(got.data.as_ref().expect("an answer").text, "at last", "{got:?} {script:?}");
        }
    }
}

#[tokio::test]
async fn the_deadline_ends_whatever_is_under_way() {
    let room = room("{ first_token_s: 30, idle_s: 30, total_s: 0.5 }").await;
    let begun = Instant::now();
    // Alive for ever, and without a word.
    room.server.script(Script { pings: 1_000, pace_ms: 50, ..Script::text("never") });
    let got = room.route("openai_chat").await;
    assert_eq!(got.code, Some(Code::Timeout), "{got:?}");
    assert!(got.error.as_ref().unwrap().contains("before the call's deadline"), "{got:?}");
    room.server.left(1).await;
    // A retry is not begun where there is no time for its answer.
    room.server
        .script(Script { head_delay_ms: 200, ..Script::status(503).retry_after(Duration::from_secs(0)) }.times(9));
    let before = room.server.chats().len();
    let got = room.route("openai_chat").await;
    assert!(room.server.chats().len() - before <= 3, "{got:?}");
    assert!(begun.elapsed() < Duration::from_secs(20));
    assert_eq!(
        room.last().await.state,
        if got.status == Status::Success { RequestState::Fallback } else { RequestState::Failed }
    );
    room.books_are_right().await;
}

#[tokio::test]
async fn a_caller_that_goes_while_a_retry_is_waited_for_ends_the_call_for_nothing() {
    for goes in [Goes::Cancels, Goes::Vanishes] {
        let room = room("{ total_s: 60 }").await;
        let path = room.gateway.home().policy_path();
        let text = std::fs::read_to_string(&path).unwrap();
        let text = text.replace("delays_s: [0.001]", "delays_s: [30]") + "concurrency: { global: 1 }\n";
        std::fs::write(&path, text).unwrap();
        room.server.script(Script::status(503));
        let (ctx, _heard) = listening(Delivery::Whole);
        let (cancel, gateway) = (ctx.cancel.clone(), room.gateway.clone());
        let under_way = tokio::spawn(async move { gateway.route(call("openai_chat"), ctx).await });
        room.server.arrived(1).await;
        // There is one place, and a call that waits for its retry does not keep it.
        assert_eq!(room.route("near").await.status, Status::Success);
        let begun = Instant::now();
        if goes == Goes::Cancels {
            cancel.cancel();
            let got = under_way.await.unwrap();
            assert_eq!(got.code, Some(Code::Cancelled), "{got:?}");
        } else {
            under_way.abort();
            assert!(under_way.await.unwrap_err().is_cancelled());
            room.gateway.tidy().await.unwrap();
        }
        assert!(begun.elapsed() < Duration::from_secs(10));
        let rows = room.gateway.activity(ActivityQuery::default()).await.unwrap().rows;
        let row = rows.iter().find(|row| row.class == "openai_chat").unwrap();
        assert_eq!((row.cost.micros, row.assumed), (0, false), "a 503 is not billed: {goes:?} {row:?}");
        assert_eq!((room.server.chats().len(), room.next.chats().len()), (2, 0), "no call after it");
        room.books_are_right().await;
    }
}
