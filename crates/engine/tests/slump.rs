//! A model whose own recent calls are worse than usual is asked after its fallbacks for a while.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod room;

use pointsman_engine::reply::Status;
use pointsman_practice::Script;
use room::{Room, ask, room};
use rusqlite::{Connection, params};

const MORE: &str = "breaker: { failures: 1000 }\n";

/// Puts an attempt at the first model into the ledger, so many minutes ago: failed, or answered with this
/// time to its first token.
fn attempt(room: &Room, minutes: i64, failure: Option<&str>, first_ms: Option<i64>) {
    let ledger = Connection::open(room.gateway.home().ledger_path()).unwrap();
    let made = jiff::Timestamp::now().as_millisecond() - minutes * 60_000;
    let nth: i64 = ledger.query_row("SELECT coalesce(max(nth), 0) + 100 FROM attempt", [], |row| row.get(0)).unwrap();
    ledger
        .execute(
            "INSERT INTO attempt (request_id, nth, provider, model, price_input_micro, price_output_micro, worst_micro,
                sent_ms, made_ms, ended_ms, failure, first_ms, charge)
             VALUES ((SELECT id FROM request LIMIT 1), ?1, 'here', 'practice-small', 0, 0, 0, ?2, ?2, ?2, ?3, ?4, 'none')",
            params![nth, made, failure, first_ms],
        )
        .unwrap();
}

/// The second model with a tier of its own; the first, of L2, was called 30 times of old, and answered within
/// half a second.
async fn steady(large: &str) -> Room {
    let room = room(MORE).await;
    let path = room.gateway.home().policy_path();
    let text = std::fs::read_to_string(&path).unwrap();
    let large = format!("practice-large: {{ tier: {large},");
    let text = text.replace("practice-small: {", "practice-small: { tier: L2,").replace("practice-large: {", &large);
    std::fs::write(&path, text).unwrap();
    assert_eq!(room.route(ask("hello")).await.meta.model.as_deref(), Some("practice-small"));
    for _ in 0..30 {
        attempt(&room, 60, None, Some(500));
    }
    room
}

async fn answers(room: &Room) -> (String, String) {
    let got = room.route(ask("hello")).await;
    assert_eq!(got.status, Status::Success, "{got:?}");
    (got.meta.model.unwrap(), got.meta.route.unwrap().reason)
}

#[tokio::test]
async fn a_model_that_fails_more_than_usual_steps_back_until_that_is_ten_minutes_old() {
    let room = steady("L2").await;
    for _ in 0..5 {
        attempt(&room, 9, Some("overloaded"), None);
    }
    let (model, reason) = answers(&room).await;
    assert_eq!(model, "practice-large", "{reason}");
    let numbers = "here/practice-large is asked before here/practice-small for now: 5 of its last 6 calls failed, usually 0 of 30.";
    assert!(reason.ends_with(numbers), "{reason}");
    assert!(room.last().await.reason.ends_with(numbers), "Activity says so");
    // It is still asked where the other fails.
    room.server.script(Script::status(400).times(1));
    let moved = Connection::open(room.gateway.home().ledger_path()).unwrap();
    moved.execute("UPDATE attempt SET made_ms = made_ms - 120000 WHERE failure = 'overloaded'", []).unwrap();
    room.route(ask("hello")).await;
    assert_eq!(answers(&room).await.0, "practice-small", "eleven minutes later it is first again");
}

#[tokio::test]
async fn a_model_that_is_slower_than_usual_steps_back() {
    let room = steady("L2").await;
    for _ in 0..9 {
        attempt(&room, 1, None, Some(4_000));
    }
    let (model, reason) = answers(&room).await;
    assert_eq!(model, "practice-large", "{reason}");
    assert!(reason.ends_with("its first token takes 4000 ms at the moment, usually 500 ms."), "{reason}");
}

#[tokio::test]
async fn it_never_steps_back_behind_a_dearer_one_and_calls_of_their_own_fault_say_nothing() {
    let room = steady("L2").await;
    for _ in 0..9 {
        attempt(&room, 1, Some("invalid_request"), None);
    }
    assert_eq!(answers(&room).await.0, "practice-small", "malformed calls say nothing of a model");
    for _ in 0..9 {
        attempt(&room, 1, Some("timeout"), None);
    }
    assert_eq!(answers(&room).await.0, "practice-large");

    let room = steady("L3").await;
    for _ in 0..9 {
        attempt(&room, 1, Some("timeout"), None);
    }
    let (model, reason) = answers(&room).await;
    assert_eq!(model, "practice-small", "{reason}");
}
