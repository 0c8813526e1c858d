//! `@google/genai`.

use std::time::Duration;

use pointsman_practice::{Model, Options, Practice, Script};
use serde_json::{Value, json};

use super::{COUNTS, KEY, failures, the_picture_arrived_whole, witness};

#[tokio::test(flavor = "multi_thread")]
async fn the_official_google_client_finds_the_api_it_expects() {
    let models = ["gemini-2.5-flash"].map(Model::from).to_vec();
    let options = Options { key: Some(KEY.into()), models, ..Options::default() };
    let server = Practice::start(options).await.expect("a free port");
    let words = || Script::text("One two three.");
    for script in [
        Script::text("Grüße 👋").usage(COUNTS),
        Script { reasoning: Some("Hm hm".into()), pings: 2, ..words() }.usage(COUNTS),
        Script { finish_reason: Some("content_filter".into()), ..Script::text("") },
        Script::default(),
        Script::default(),
        Script::default(),
        Script { reasoning: Some("Hm hm".into()), ..words() },
        Script::status(429).retry_after(Duration::from_secs(7)),
        Script::no_credit(),
        Script::status(500),
        Script::status(503),
        Script { error_after: Some(1), ..words() },
        Script { reset: true, ..Script::cut(1) },
        Script::hang_up(),
        Script { malformed_after: Some(1), ..words() },
        Script { stall_after: Some(1), ..words() },
    ] {
        server.script(script);
    }
    let root = server.gemini_url().trim_end_matches("/v1beta").to_owned();
    let found = witness("oracle-gemini.mjs", "@google/genai", root).await;
    answers(&found);
    refusals(&found);
    assert_eq!(found["aborted"], "One");
    server.left(1).await;
    the_picture_arrived_whole(&server);
    let streams = server.received().into_iter().filter(|one| one.path.ends_with(":streamGenerateContent"));
    assert!(streams.map(|one| one.query).all(|query| query == "alt=sse"), "no key is in an address");
}

fn answers(found: &Value) {
    let model = &found["models"][0];
    assert_eq!(model["name"], "models/gemini-2.5-flash");
    assert_eq!((&model["inputTokenLimit"], &model["outputTokenLimit"]), (&json!(1_048_576), &json!(65_536)));
    assert_eq!(model["supportedActions"][0], "generateContent");

    let whole = &found["whole"];
    assert_eq!((&whole["text"], &whole["candidates"][0]["finishReason"]), (&json!("Grüße 👋"), &json!("STOP")));
    assert_eq!(whole["modelVersion"], "gemini-2.5-flash");
    let usage = &whole["usageMetadata"];
    // What was thought is beside what was said, not in it.
    assert_eq!(
        (&usage["promptTokenCount"], &usage["cachedContentTokenCount"], &usage["totalTokenCount"]),
        (&json!(40), &json!(8), &json!(50))
    );
    assert_eq!((&usage["candidatesTokenCount"], &usage["thoughtsTokenCount"]), (&json!(6), &json!(4)));

    let stream = &found["stream"];
    assert_eq!((&stream["text"], &stream["thoughts"]), (&json!("One two three."), &json!("Hm hm")));
    assert_eq!((&stream["finish"], &stream["parts"]), (&json!(["STOP"]), &json!(6)));
    assert_eq!(stream["usage"][5]["totalTokenCount"], 50);
    assert_eq!(stream["usage"][0]["candidatesTokenCount"], json!(null), "nothing is said yet");

    let empty = &found["empty"];
    assert_eq!((&empty["text"], &empty["candidates"][0]["finishReason"]), (&json!(null), &json!("SAFETY")));
    assert_eq!(found["short"]["candidates"][0]["finishReason"], "MAX_TOKENS");
    assert!(found["image"]["text"].as_str().is_some_and(|text| text.contains("PNG, 326 bytes")), "{}", found["image"]);
    let filled: Value = serde_json::from_str(found["schema"]["text"].as_str().expect("text")).expect("JSON");
    assert!(filled["city"].is_string() && filled["people"].is_u64(), "{filled}");
    let thinking = &found["thinking"];
    assert_eq!(thinking["text"], "One two three.", "a thought is not part of the text");
    assert_eq!(thinking["candidates"][0]["content"]["parts"][0], json!({ "text": "Hm hm", "thought": true }));
}

fn refusals(found: &Value) {
    failures(
        found,
        &[
            ("rateLimit", "ApiError", Some(429), "RESOURCE_EXHAUSTED"),
            ("noCredit", "ApiError", Some(429), "QuotaFailure"),
            ("serverError", "ApiError", Some(500), "INTERNAL"),
            ("overloaded", "ApiError", Some(503), "UNAVAILABLE"),
            ("wrongKey", "ApiError", Some(400), "API_KEY_INVALID"),
            ("badModel", "ApiError", Some(404), "models/gemini-9 is not found for API version v1beta"),
            ("badTemperature", "ApiError", Some(400), "temperature must be in the range [0.0, 2.0]."),
            ("badShape", "ApiError", Some(400), "application/json"),
            ("badRole", "ApiError", Some(400), "Please use a valid role: user, model."),
            ("errorInStream", "ApiError", Some(503), "UNAVAILABLE"),
            ("malformed", "SyntaxError", None, "JSON"),
        ],
    );
    assert!(
        found["rateLimit"]["message"].as_str().is_some_and(|text| text.contains(r#""retryDelay":"7s""#)),
        "the wait is in the body too: {}",
        found["rateLimit"]
    );
    for step in ["cutStream", "hangUp"] {
        assert!(found[step]["class"].is_string(), "{step} is an error: {}", found[step]);
    }
}
