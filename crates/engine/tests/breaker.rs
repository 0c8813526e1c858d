//! A model that keeps failing rests, for all processes at once, and comes back by one call's try.
//! Acceptance 12, 13 (within one process and over several gateways; `tests/breaker.rs` of the repository has
//! real processes), 14 and 16.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod room;

use std::time::{Duration, SystemTime};

use pointsman_core::code::Code;
use pointsman_core::plan::Wanted;
use pointsman_engine::models::ModelsQuery;
use pointsman_engine::reply::Status;
use pointsman_engine::view::{RequestState, Running};
use pointsman_engine::{CallContext, Caller, ChatCall, Envelope, ExplainCall, Gateway, Home};
use pointsman_practice::Script;
use rusqlite::Connection;

use room::{Room, ask, room};

const SMALL: &str = "practice-small";
const LARGE: &str = "practice-large";

fn ledger(room: &Room) -> Connection {
    Connection::open(room.gateway.home().ledger_path()).unwrap()
}

/// (failures in a row, whether it rests until an instant) of a model.
fn row(room: &Room, model: &str) -> Option<(u32, bool)> {
    let sql = "SELECT failures, until_ms IS NOT NULL FROM breaker WHERE model = ?1";
    ledger(room).query_row(sql, [model], |row| Ok((row.get(0)?, row.get(1)?))).ok()
}

/// Time passes: whatever rests has rested.
fn rested(room: &Room) {
    ledger(room).execute("UPDATE breaker SET until_ms = 1 WHERE until_ms IS NOT NULL", []).unwrap();
}

fn asked(room: &Room, model: &str) -> usize {
    room.server.chats().iter().filter(|call| call.json()["model"] == model).count()
}

/// The named model alone, without a fallback.
async fn alone(room: &Room, model: &str) -> Envelope {
    let chat = pointsman_core::chat::Chat {
        messages: vec![pointsman_core::chat::Message::text(pointsman_core::chat::Role::User, "hello")],
        ..pointsman_core::chat::Chat::default()
    };
    let call = ChatCall { chat, model: Some(format!("here/{model}")) };
    room.gateway.chat(call, CallContext::quiet("chat_completion")).await
}

#[tokio::test]
async fn it_opens_after_so_many_failed_requests_not_attempts_and_the_fallback_answers() {
    let room = room("breaker: { failures: 3, cooldown_s: 60 }\n").await;
    for request in 1..=3 {
        // Two retries each: nine attempts.
        room.server.script(Script::status(503).times(3));
        let got = room.route(ask("hello")).await;
        assert_eq!((got.status, got.meta.model.as_deref()), (Status::Success, Some(LARGE)), "{got:?}");
        assert_eq!(row(&room, SMALL), Some((request, request == 3)));
    }
    assert_eq!((asked(&room, SMALL), asked(&room, LARGE)), (9, 3));

    // Acceptance 12.
    let got = room.route(ask("hello")).await;
    assert_eq!((got.meta.model.as_deref(), got.meta.retries), (Some(LARGE), 0), "{got:?}");
    assert_eq!(asked(&room, SMALL), 9, "it is not asked");
    let route = got.meta.route.unwrap();
    assert_eq!(route.fallback_from.as_deref(), Some("here/practice-small"));
    let why = "here/practice-small rests until ";
    assert!(route.reason.contains(why) && route.reason.ends_with("here/practice-large was asked."), "{}", route.reason);
    assert!(route.reason.contains("3 calls in a row failed, the last with overloaded."), "{}", route.reason);
    assert!(got.meta.warnings.iter().any(|warning| warning.contains(why)), "{:?}", got.meta.warnings);
    let last = room.last().await;
    assert_eq!((last.state, last.model.as_str()), (RequestState::Fallback, LARGE));
    assert!(last.reason.contains(why), "Activity says so: {}", last.reason);
    room.books_are_right().await;
}

#[tokio::test]
async fn a_request_that_is_answered_in_the_end_begins_the_count_anew() {
    let room = room("breaker: { failures: 2 }\n").await;
    for _ in 0..3 {
        room.server.script(Script::status(503).times(3));
        assert_eq!(room.route(ask("hello")).await.meta.model.as_deref(), Some(LARGE));
        assert_eq!(row(&room, SMALL), Some((1, false)));
        // The second attempt is answered.
        room.server.script(Script::status(503));
        assert_eq!(room.route(ask("hello")).await.meta.model.as_deref(), Some(SMALL));
        assert_eq!(row(&room, SMALL), None, "a model that is well leaves no row");
    }
}

#[tokio::test]
async fn what_says_something_about_the_call_never_rests_a_model() {
    let room = room("breaker: { failures: 1 }\n").await;
    let filtered = serde_json::json!({ "message": "no", "code": "content_filter" });
    for script in [
        Script::status(400),
        Script::status(422),
        Script::status(413),
        Script { error: Some(filtered), ..Script::status(400) },
    ] {
        room.server.default_script(script.clone());
        let got = room.route(ask("hello")).await;
        assert_eq!(got.status, Status::Error, "{script:?}");
    }
    room.server.default_script(Script::stall(0));
    let before = room.server.received().len();
    let ctx = CallContext::quiet("llm_route");
    let (cancel, gateway) = (ctx.cancel.clone(), room.gateway.clone());
    let call = tokio::spawn(async move { gateway.route(ask("hello"), ctx).await });
    room.server.arrived(before + 1).await;
    cancel.cancel();
    assert_eq!(call.await.unwrap().code, Some(Code::Cancelled));
    assert_eq!((row(&room, SMALL), row(&room, LARGE)), (None, None));
    // But this does.
    room.server.default_script(Script::status(500));
    room.route(ask("hello")).await;
    assert_eq!((row(&room, SMALL), row(&room, LARGE)), (Some((1, true)), Some((1, true))));
}

#[tokio::test]
async fn where_no_model_is_left_the_call_is_denied_and_says_when_to_ask_again() {
    let room = room("breaker: { failures: 1 }\n").await;
    room.server.default_script(Script::status(500));
    room.route(ask("hello")).await;
    room.server.default_script(Script::default());
    let before = room.server.chats().len();
    let got = room.route(ask("hello")).await;
    assert_eq!((got.code, room.server.chats().len()), (Some(Code::BreakerOpen), before), "{got:?}");
    let said = got.error.unwrap();
    for part in [
        "here/practice-small rests until",
        "here/practice-large rests until",
        "the last call failed with provider_5xx",
        " Ask again after ",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
    assert_eq!(room.last().await.state, RequestState::Denied);
    let got = alone(&room, LARGE).await;
    assert_eq!(got.code, Some(Code::BreakerOpen), "a model asked for by name rests too: {got:?}");

    // Wherever somebody looks, it says so.
    let info = room.gateway.routing_info().await.unwrap();
    let states: Vec<_> =
        info.breakers.iter().map(|one| (one.model.as_str(), one.state.as_str(), one.failures)).collect();
    assert_eq!(states, [("here/practice-large", "open", 1), ("here/practice-small", "open", 1)]);
    let models = room.gateway.models(ModelsQuery::default()).await.unwrap();
    let line = models.models.iter().find(|line| line.model == "here/practice-small").unwrap();
    assert!(!line.usable && line.why_not.as_ref().unwrap().contains("rests until"), "{line:?}");
    let problems = room.gateway.overview().await.unwrap().problems;
    let row = problems.iter().find(|row| row.id == "rests-here/practice-small").unwrap();
    assert_eq!(row.title, "here/practice-small keeps failing");
    assert!(row.detail.ends_with("failed with provider_5xx. Calls of ask go to another model meanwhile."), "{row:?}");
    let status = room.gateway.status().await.unwrap();
    assert_eq!((status.running, status.problems), (Running::Attention, 2));
    let call = ExplainCall {
        wanted: Wanted::Class { class: "ask".into(), override_model: None },
        chat: pointsman_core::chat::Chat {
            messages: vec![pointsman_core::chat::Message::text(pointsman_core::chat::Role::User, "hello")],
            ..pointsman_core::chat::Chat::default()
        },
        client: None,
        project: None,
    };
    let explained = room.gateway.explain(call.clone()).await.unwrap();
    assert_eq!((explained.code, explained.answers), (Some(Code::BreakerOpen), None));
    assert!(explained.models.iter().all(|model| model.why_not.as_ref().unwrap().contains("rests until")));
    ledger(&room).execute("DELETE FROM breaker WHERE model = ?1", [LARGE]).unwrap();
    let explained = room.gateway.explain(call).await.unwrap();
    assert_eq!(explained.answers.as_deref(), Some("here/practice-large"), "{explained:?}");
    assert!(explained.reason.contains("rests until"), "{}", explained.reason);
    room.books_are_right().await;
}

#[tokio::test]
async fn a_target_that_fails_where_the_next_one_rests_says_both() {
    let room = room("breaker: { failures: 1 }\n").await;
    room.server.script(Script::status(500).times(3));
    assert_eq!(alone(&room, LARGE).await.code, Some(Code::Provider5xx));
    room.server.default_script(Script::status(503));
    let got = room.route(ask("hello")).await;
    assert_eq!(got.code, Some(Code::Overloaded), "what happened decides, not what was left out: {got:?}");
    assert!(got.error.as_ref().unwrap().contains("here/practice-large rests until"), "{got:?}");
    assert_eq!(row(&room, SMALL), Some((1, true)));
    room.books_are_right().await;
}

#[tokio::test]
async fn after_its_rest_exactly_one_of_many_calls_tries_it_and_its_answer_ends_the_rest() {
    let room = room("breaker: { failures: 1 }\nconcurrency: { global: 20, per_provider: 20 }\n").await;
    room.server.script(Script::status(500).times(3));
    room.route(ask("hello")).await;
    rested(&room);
    let others: Vec<Gateway> = (0..2)
        .map(|_| Gateway::open(Home::at(Some(room.gateway.home().path().to_owned())).unwrap(), Caller::cli()).unwrap())
        .collect();
    room.server.default_script(Script::default().held());
    let before = room.server.received().len();
    let mut calls = tokio::task::JoinSet::new();
    for at in 0..10 {
        let gateway = [&room.gateway, &others[0], &others[1]][at % 3].clone();
        calls.spawn(async move { gateway.route(ask("hello"), CallContext::quiet("llm_route")).await });
    }
    room.server.arrived(before + 10).await;
    let asked_small = room.server.chats()[before..].iter().filter(|call| call.json()["model"] == SMALL).count();
    assert_eq!(asked_small, 1, "exactly one try");
    let info = room.gateway.routing_info().await.unwrap();
    assert!(info.breakers[0].why_not.as_ref().unwrap().contains("one call tries it just now"), "{info:?}");
    room.server.release_all();
    let answers: Vec<_> = calls.join_all().await;
    assert!(answers.iter().all(|got| got.status == Status::Success), "{answers:?}");
    assert_eq!(answers.iter().filter(|got| got.meta.model.as_deref() == Some(SMALL)).count(), 1);
    assert_eq!(row(&room, SMALL), None);
    assert_eq!(room.route(ask("hello")).await.meta.model.as_deref(), Some(SMALL));
    room.books_are_right().await;
}

#[tokio::test]
async fn a_try_that_fails_rests_it_again_and_one_that_ends_without_an_answer_frees_the_next() {
    let room = room("breaker: { failures: 1 }\n").await;
    room.server.script(Script::status(500).times(3));
    room.route(ask("hello")).await;
    rested(&room);
    room.server.script(Script::status(503).times(3));
    assert_eq!(room.route(ask("hello")).await.meta.model.as_deref(), Some(LARGE));
    assert_eq!(row(&room, SMALL), Some((2, true)), "the try with its retries is one more failed request");

    // Cancelled on the way, and then dropped on the way: the next call tries.
    for how in ["cancelled", "dropped"] {
        rested(&room);
        room.server.script(Script::stall(0));
        let before = room.server.received().len();
        let ctx = CallContext::quiet("llm_route");
        let (cancel, gateway) = (ctx.cancel.clone(), room.gateway.clone());
        let call = tokio::spawn(async move { gateway.route(ask("hello"), ctx).await });
        room.server.arrived(before + 1).await;
        let lease: Option<i64> =
            ledger(&room).query_row("SELECT probe_until_ms FROM breaker", [], |row| row.get(0)).unwrap();
        assert!(lease.is_some(), "the try is claimed while it is under way");
        if how == "cancelled" {
            cancel.cancel();
            call.await.unwrap();
        } else {
            call.abort();
            drop(call.await);
        }
        room.gateway.tidy().await.unwrap();
        let lease: Option<i64> =
            ledger(&room).query_row("SELECT probe_until_ms FROM breaker", [], |row| row.get(0)).unwrap();
        assert_eq!(lease, None, "{how}");
    }
    assert_eq!(room.route(ask("hello")).await.meta.model.as_deref(), Some(SMALL));
    room.books_are_right().await;
}

#[tokio::test]
async fn a_try_whose_process_died_is_free_again_at_its_deadline() {
    let room = room("breaker: { failures: 1 }\n").await;
    room.server.script(Script::status(500).times(3));
    room.route(ask("hello")).await;
    rested(&room);
    let soon = jiff::Timestamp::now().as_millisecond() + 60_000;
    ledger(&room).execute("UPDATE breaker SET probe_until_ms = ?1", [soon]).unwrap();
    assert_eq!(room.route(ask("hello")).await.meta.model.as_deref(), Some(LARGE), "another process tries it");
    ledger(&room).execute("UPDATE breaker SET probe_until_ms = 1", []).unwrap();
    assert_eq!(room.route(ask("hello")).await.meta.model.as_deref(), Some(SMALL));
}

#[tokio::test]
async fn a_retry_after_beyond_the_deadline_is_kept_for_the_calls_to_come() {
    let at = |seconds| SystemTime::now() + Duration::from_secs(seconds);
    for script in [Script::status(429).retry_after(Duration::from_secs(600)), Script::status(503).retry_at(at(600))] {
        let room = room("").await;
        room.server.script(script);
        let got = room.route(ask("hello")).await;
        assert_eq!((got.meta.model.as_deref(), got.meta.retries), (Some(LARGE), 1), "the next at once: {got:?}");
        assert_eq!(row(&room, SMALL), Some((1, true)), "one failure of five");
        let got = room.route(ask("hello")).await;
        assert_eq!((got.meta.model.as_deref(), asked(&room, SMALL)), (Some(LARGE), 1), "{got:?}");
        let reason = got.meta.route.unwrap().reason;
        assert!(reason.contains("its provider wants no call before"), "{reason}");
        let until: i64 = ledger(&room).query_row("SELECT until_ms FROM breaker", [], |row| row.get(0)).unwrap();
        let seconds = (until - jiff::Timestamp::now().as_millisecond()) / 1000;
        assert!((590..=600).contains(&seconds), "{seconds}");
        rested(&room);
        assert_eq!(room.route(ask("hello")).await.meta.model.as_deref(), Some(SMALL));
    }
}

#[tokio::test]
async fn a_retry_after_within_the_deadline_is_waited_for_in_place() {
    let room = room("").await;
    room.server.script(Script::status(429).retry_after(Duration::from_secs(1)));
    let got = room.route(ask("hello")).await;
    assert_eq!((got.meta.model.as_deref(), got.meta.retries), (Some(SMALL), 1), "{got:?}");
    let calls = room.server.chats();
    let waited = calls[1].at - calls[0].at;
    assert!(waited >= Duration::from_secs(1), "{waited:?}");

    let when = SystemTime::now() + Duration::from_secs(2);
    room.server.script(Script::status(503).retry_at(when));
    let got = room.route(ask("hello")).await;
    assert_eq!((got.meta.model.as_deref(), got.meta.retries), (Some(SMALL), 1), "{got:?}");
    // A date has no parts of a second.
    assert!(SystemTime::now() > when - Duration::from_secs(1), "it came back before");
}

#[tokio::test]
async fn a_key_that_is_found_to_work_ends_the_rests_of_its_provider() {
    let room = room("breaker: { failures: 1 }\n").await;
    let path = room.gateway.home().policy_path();
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replace("local: true", "key: { env: CARGO_MANIFEST_DIR }")).unwrap();
    room.server.script(Script::status(401));
    assert_eq!(room.route(ask("hello")).await.meta.model.as_deref(), Some(LARGE));
    assert_eq!(row(&room, SMALL), Some((1, true)));
    room.gateway.key_check("here").await.unwrap();
    assert_eq!(row(&room, SMALL), None);
    assert_eq!(room.route(ask("hello")).await.meta.model.as_deref(), Some(SMALL));
}

#[tokio::test]
async fn a_deadline_that_ends_an_answer_on_its_way_rests_nobody_and_silence_does() {
    let room = room("breaker: { failures: 1 }\ntimeouts: { total_s: 0.4, first_token_slow_s: 30, idle_s: 30 }\n").await;
    room.server
        .script(Script { pace_ms: 100, ..Script::text("a long answer that does not end in time, word by word") });
    let got = room.route(ask("hello")).await;
    assert_eq!((got.code, row(&room, SMALL)), (Some(Code::Timeout), None), "{got:?}");
    room.server.script(Script::stall(0));
    let got = room.route(ask("hello")).await;
    assert_eq!((got.code, row(&room, SMALL)), (Some(Code::Timeout), Some((1, true))), "{got:?}");
}
