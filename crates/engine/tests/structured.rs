//! Answers in JSON: passed on as asked for, mended once, and never passed on broken.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod room;

use pointsman_core::chat::{Chat, Message, Params, ResponseFormat, Role};
use pointsman_core::code::Code;
use pointsman_engine::reply::Status;
use pointsman_engine::{CallContext, ChatCall, Envelope};
use pointsman_practice::{Counts, Script};
use serde_json::json;

use room::{Room, room};

async fn ages(room: &Room, schema: serde_json::Value) -> Envelope {
    let format = ResponseFormat::JsonSchema { name: "age".into(), schema, strict: true };
    let params = Params { response_format: Some(format), max_tokens: Some(50), ..Params::default() };
    let chat = Chat { messages: vec![Message::text(Role::User, "How old? In JSON.")], params };
    room.gateway.chat(ChatCall { chat, model: None }, CallContext::quiet("chat_completion")).await
}

fn age() -> serde_json::Value {
    json!({
        "type": "object",
        "properties": { "age": { "type": "integer" } },
        "required": ["age"],
        "additionalProperties": false
    })
}

const COUNTS: Counts = Counts { input: 30, cached: 0, output: 10, reasoning: 0, cache_write_5m: 0, cache_write_1h: 0 };

#[tokio::test]
async fn a_fence_or_prose_around_the_json_is_taken_off() {
    let room = room("").await;
    room.server.script(Script::text("Sure:\n```json\n{\"age\": 3}\n```\nDone.").usage(COUNTS));
    let got = ages(&room, age()).await;
    assert_eq!(got.status, Status::Success, "{got:?}");
    assert_eq!(got.data.unwrap().text, "{\"age\": 3}");
    assert_eq!(room.server.chats().len(), 1);
    room.books_are_right().await;
}

#[tokio::test]
async fn an_answer_that_does_not_fit_is_mended_once_and_both_are_paid() {
    let room = room("").await;
    room.server.script(Script::text("{\"age\": \"three\"}").usage(COUNTS));
    room.server.script(Script::text("{\"age\": 3}").usage(COUNTS));
    let got = ages(&room, age()).await;
    assert_eq!(got.status, Status::Success, "{got:?}");
    assert_eq!((got.data.unwrap().text.as_str(), got.meta.retries), ("{\"age\": 3}", 1));
    // 30 × $1 + 10 × $2 per million, twice
    assert_eq!(got.meta.cost_usd.to_string(), "0.0001");
    assert!(got.meta.warnings.iter().any(|warning| warning.contains("asked once more")), "{:?}", got.meta.warnings);
    let sent = room.server.chats();
    let messages = sent[1].json()["messages"].as_array().unwrap().clone();
    assert_eq!(messages.len(), 3, "the task, the wrong answer, and what is wrong with it");
    assert_eq!(messages[0], sent[0].json()["messages"][0]);
    assert_eq!(messages[1]["content"], "{\"age\": \"three\"}");
    assert!(messages[2]["content"].as_str().unwrap().contains("/age"), "{messages:?}");
    room.books_are_right().await;
}

#[tokio::test]
async fn what_cannot_be_mended_goes_to_the_next_target_and_else_is_an_error_that_was_paid() {
    let room = room("").await;
    room.server.default_script(Script::text("I would rather not.").usage(COUNTS));
    let got = ages(&room, age()).await;
    assert_eq!(got.code, Some(Code::BadResponse), "{got:?}");
    assert!(got.error.unwrap().contains("not the JSON asked for"));
    assert_eq!(room.server.chats().len(), 4, "two targets, each asked once more");
    // Two at $1 and $2, two at $10 and $20 per million.
    assert_eq!(got.meta.cost_usd.to_string(), "0.0011");
    room.books_are_right().await;
}

#[tokio::test]
async fn an_answer_cut_by_max_tokens_is_not_asked_for_again_and_never_passed_on() {
    let room = room("").await;
    room.server
        .default_script(Script { finish_reason: Some("length".into()), ..Script::text("{\"age\":") }.usage(COUNTS));
    let got = ages(&room, age()).await;
    assert_eq!(got.code, Some(Code::BadResponse), "{got:?}");
    assert!(got.error.unwrap().contains("max_tokens"));
    assert_eq!(room.server.chats().len(), 2, "each target once");
    room.books_are_right().await;
}

#[tokio::test]
async fn a_mending_that_would_pass_the_cap_is_not_sent() {
    // One attempt holds at most about 1,190 tokens (1,024 of them for what a format may add to ask for JSON) at
    // $10 and 50 at $20, so 12,900 µ$: the first fits, and with 1,100 charged for it the second does not.
    let room = room("caps: [{ window: call, limit_usd: 0.0135 }]\n").await;
    room.server.default_script(Script::text("No.").usage(Counts { input: 1_000, output: 50, ..Counts::default() }));
    let got = ages(&room, age()).await;
    assert_eq!(got.code, Some(Code::CapExceeded), "{got:?}");
    assert!(got.error.unwrap().contains("already charged"), "what was spent is told");
    assert_eq!(room.server.chats().len(), 1);
    room.books_are_right().await;
}

#[tokio::test]
async fn a_target_is_asked_to_mend_once_also_where_the_mending_failed() {
    let room = room("").await;
    let wrong = || Script::text("I would rather not.").usage(COUNTS);
    for script in [wrong(), Script::status(503), wrong(), Script::text("{\"age\": 3}").usage(COUNTS)] {
        room.server.script(script);
    }
    let got = ages(&room, age()).await;
    assert_eq!(got.status, Status::Success, "{got:?}");
    let sent: Vec<_> = room.server.chats().iter().map(|chat| chat.json()).collect();
    let asked: Vec<_> =
        sent.iter().map(|body| (body["model"].as_str(), body["messages"].as_array().map(Vec::len))).collect();
    let (small, large) = (Some("practice-small"), Some("practice-large"));
    assert_eq!(asked, [(small, Some(1)), (small, Some(3)), (small, Some(1)), (large, Some(1))]);
    room.books_are_right().await;
}

#[tokio::test]
async fn a_mending_nobody_counted_is_charged_with_all_that_its_longer_conversation_was_held_for() {
    let room = room("").await;
    room.server.script(Script::text("no ".repeat(1_000)).usage(COUNTS));
    room.server.script(Script { no_usage: true, ..Script::text("{\"age\": 3}") });
    let got = ages(&room, age()).await;
    assert_eq!(got.status, Status::Success, "{got:?}");
    assert!(got.meta.cost_assumed);
    // 50 µ$ for the first; the second read the 3,000 bytes of the wrong answer again, at $1 per million.
    let charged = room.last().await.cost.micros;
    assert!(charged > 3_050, "{charged} µ$ is less than what was read");
    room.books_are_right().await;
}

#[tokio::test]
async fn a_schema_that_cannot_be_checked_sends_nothing() {
    let room = room("").await;
    let got = ages(&room, json!({ "$ref": "https://example.com/s.json" })).await;
    assert_eq!(got.code, Some(Code::InvalidRequest), "{got:?}");
    assert!(room.server.received().is_empty());
}
