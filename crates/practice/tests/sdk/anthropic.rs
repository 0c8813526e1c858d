//! `@anthropic-ai/sdk`.

use std::time::Duration;

use pointsman_practice::{Model, Options, Practice, Script};
use serde_json::{Value, json};

use super::{COUNTS, KEY, failures, the_picture_arrived_whole, witness};

#[tokio::test(flavor = "multi_thread")]
async fn the_official_anthropic_client_finds_the_api_it_expects() {
    let models = ["claude-sonnet-4-5", "claude-opus-4-7"].map(Model::from).to_vec();
    let options = Options { key: Some(KEY.into()), models, ..Options::default() };
    let server = Practice::start(options).await.expect("a free port");
    let words = || Script::text("One two three.");
    for script in [
        Script::text("Grüße 👋").usage(COUNTS),
        Script { reasoning: Some("Hm hm".into()), pings: 2, ..words() }.usage(COUNTS),
        Script { reasoning: Some("Hm hm".into()), pings: 1, ..words() }.usage(COUNTS),
        Script { finish_reason: Some("content_filter".into()), ..Script::text("") },
        Script::default(),
        Script::default(),
        Script::default(),
        Script::default(),
        Script::text("Old."),
        Script::status(429).retry_after(Duration::from_secs(7)),
        Script::no_credit(),
        Script::status(500),
        Script::status(529),
        Script::status(429).header("retry-after-ms", "5"),
        Script::text("At the second try."),
        Script { error_after: Some(1), ..words() },
        Script { reset: true, ..Script::cut(1) },
        Script { no_done: true, ..words() },
        Script::hang_up(),
        Script { malformed_after: Some(1), ..words() },
        Script { stall_after: Some(1), ..words() },
    ] {
        server.script(script);
    }
    let root = server.base_url().trim_end_matches("/v1").to_owned();
    let found = witness("oracle-anthropic.mjs", "@anthropic-ai/sdk", root).await;
    answers(&found);
    refusals(&found);
    assert_eq!(found["aborted"], "One");
    server.left(1).await;
    the_picture_arrived_whole(&server);
}

fn answers(found: &Value) {
    let model = &found["models"][0];
    assert_eq!((&model["id"], &model["type"]), (&json!("claude-sonnet-4-5"), &json!("model")));
    assert_eq!((&model["max_input_tokens"], &model["max_tokens"]), (&json!(200_000), &json!(64_000)));

    let whole = &found["whole"];
    assert_eq!(whole["content"], json!([{ "type": "text", "text": "Grüße 👋" }]));
    assert_eq!((&whole["type"], &whole["stop_reason"]), (&json!("message"), &json!("end_turn")));
    assert!(whole["requestId"].as_str().is_some_and(|id| id.starts_with("req_")), "the client finds the request's id");
    let usage = &whole["usage"];
    // 40 read: 8 from the cache, 8 to it, 24 beside it.
    assert_eq!(
        (&usage["input_tokens"], &usage["cache_read_input_tokens"], &usage["cache_creation_input_tokens"]),
        (&json!(24), &json!(8), &json!(8))
    );
    assert_eq!(usage["cache_creation"], json!({ "ephemeral_5m_input_tokens": 3, "ephemeral_1h_input_tokens": 5 }));
    assert_eq!((&usage["output_tokens"], &usage["output_tokens_details"]["thinking_tokens"]), (&json!(10), &json!(4)));

    let stream = &found["stream"];
    assert_eq!((&stream["text"], &stream["thinking"]), (&json!("One two three."), &json!("Hm hm")));
    let block = ["content_block_start", "content_block_delta", "content_block_stop"];
    let types = [&["message_start"], &block[..], &block[..], &["message_delta", "message_stop"]].concat();
    assert_eq!(stream["types"], json!(types));
    assert_eq!((&stream["usage"][0]["output_tokens"], &stream["usage"][1]["output_tokens"]), (&json!(1), &json!(10)));
    let accumulated = &found["accumulated"];
    assert_eq!(
        (&accumulated["content"][0]["thinking"], &accumulated["content"][1]["text"]),
        (&json!("Hm hm"), &json!("One two three."))
    );
    assert_eq!(accumulated["usage"]["cache_creation"]["ephemeral_1h_input_tokens"], 5);

    assert_eq!((&found["empty"]["content"], &found["empty"]["stop_reason"]), (&json!([]), &json!("refusal")));
    let sequence = &found["sequence"];
    assert_eq!((&sequence["stop_reason"], &sequence["stop_sequence"]), (&json!("stop_sequence"), &json!("practice")));
    assert_eq!(found["short"]["stop_reason"], "max_tokens");
    assert!(found["image"]["content"][0]["text"].as_str().is_some_and(|text| text.contains("PNG, 326 bytes")));
    let schema = found["schema"]["content"][0]["text"].as_str().expect("text");
    let filled: Value = serde_json::from_str(schema).expect("JSON");
    assert!(filled["city"].is_string() && filled["people"].is_u64(), "{filled}");
    assert_eq!(found["old"]["content"][0]["text"], "Old.");
}

fn refusals(found: &Value) {
    failures(
        found,
        &[
            ("rateLimit", "RateLimitError", Some(429), "rate limit"),
            ("noCredit", "BadRequestError", Some(400), "credit balance is too low"),
            ("serverError", "InternalServerError", Some(500), "Internal server error"),
            ("overloaded", "OverloadedError", Some(529), "Overloaded"),
            ("wrongKey", "AuthenticationError", Some(401), "Invalid bearer token"),
            ("badModel", "NotFoundError", Some(404), "model: claude-9"),
            ("noMaxTokens", "BadRequestError", Some(400), "max_tokens: Field required"),
            ("unknown", "BadRequestError", Some(400), "max_token: Extra inputs are not permitted"),
            ("temperature", "BadRequestError", Some(400), "temperature: Extra inputs are not permitted"),
            ("oldTemperature", "BadRequestError", Some(400), "temperature: Input should be less than or equal to 1"),
            ("newModel", "BadRequestError", Some(400), "`temperature` is deprecated for this model."),
            ("systemRole", "BadRequestError", Some(400), "accepts a top-level `system` parameter"),
            ("errorInStream", "APIError", None, "Overloaded"),
            ("hangUp", "APIConnectionError", None, "Connection error"),
            ("malformed", "SyntaxError", None, "JSON"),
        ],
    );
    for (step, kind) in [
        ("rateLimit", "rate_limit_error"),
        ("noCredit", "invalid_request_error"),
        ("overloaded", "overloaded_error"),
        ("wrongKey", "authentication_error"),
        ("badModel", "not_found_error"),
        ("errorInStream", "overloaded_error"),
    ] {
        assert_eq!(found[step]["type"], kind, "{step}: {}", found[step]);
    }
    assert!(found["rateLimit"]["requestID"].is_string());
    assert_eq!(found["retried"]["answered"], "At the second try.");
    for step in ["cutStream", "unfinished"] {
        assert!(found[step]["class"].is_string(), "a stream without its end is an error: {}", found[step]);
    }
}
