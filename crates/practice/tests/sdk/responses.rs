//! `openai`, its Responses. Chat completions have `tests/oracle.rs`.

use std::time::Duration;

use pointsman_practice::{Model, Options, Practice, Prices, Script};
use serde_json::{Value, json};

use super::{COUNTS, KEY, failures, the_picture_arrived_whole, witness};

#[tokio::test(flavor = "multi_thread")]
async fn the_official_openai_client_finds_the_responses_it_expects() {
    let prices = Prices { input: "0.00000015".into(), output: "0.0000006".into(), ..Prices::default() };
    let priced = Model { context: Some(128_000), output: Some(16_384), prices: Some(prices), .."gpt-4o-mini".into() };
    let models = vec![priced, Model::from("gpt-5-mini")];
    let options = Options { key: Some(KEY.into()), models, ..Options::default() };
    let server = Practice::start(options).await.expect("a free port");
    let words = || Script::text("One two three.");
    for script in [
        Script::text("Grüße 👋").usage(COUNTS),
        Script { reasoning: Some("Hm hm".into()), pings: 2, ..words() }.usage(COUNTS),
        words().usage(COUNTS),
        Script { finish_reason: Some("length".into()), ..Script::text("") }.usage(COUNTS),
        Script::default(),
        Script::default(),
        Script::default(),
        Script { reasoning: Some("Hm hm".into()), ..words() },
        Script::status(429).retry_after(Duration::from_secs(7)),
        Script::no_credit(),
        Script::status(500),
        Script::status(429).header("retry-after-ms", "5"),
        Script::text("At the second try."),
        Script { error_after: Some(1), ..words() },
        Script { error_after: Some(1), ..words() },
        Script { reset: true, ..Script::cut(1) },
        Script::hang_up(),
        Script { malformed_after: Some(1), ..words() },
        Script { stall_after: Some(1), ..words() },
        Script { cost: Some(serde_json::from_str("0.00123").expect("a number")), ..words() }.usage(COUNTS),
    ] {
        server.script(script);
    }
    let found = witness("oracle-responses.mjs", "openai", server.base_url()).await;
    answers(&found);
    refusals(&found);
    assert_eq!(found["aborted"], "One");
    server.left(1).await;
    the_picture_arrived_whole(&server);
}

fn answers(found: &Value) {
    let models = &found["models"];
    assert_eq!(
        (&models[0]["context_length"], &models[0]["pricing"]["prompt"]),
        (&json!(128_000), &json!("0.00000015"))
    );
    assert_eq!(models[1].get("pricing"), None, "only a model with prices is listed as OpenRouter lists it");

    let whole = &found["whole"];
    assert_eq!((&whole["output_text"], &whole["status"]), (&json!("Grüße 👋"), &json!("completed")));
    assert!(whole["requestId"].as_str().is_some_and(|id| id.starts_with("req_")), "the client finds the request's id");
    let usage = &whole["usage"];
    assert_eq!(
        (&usage["input_tokens"], &usage["input_tokens_details"]["cached_tokens"], &usage["total_tokens"]),
        (&json!(40), &json!(8), &json!(50))
    );
    assert_eq!((&usage["output_tokens"], &usage["output_tokens_details"]["reasoning_tokens"]), (&json!(10), &json!(4)));

    let stream = &found["stream"];
    assert_eq!((&stream["text"], &stream["reasoning"]), (&json!("One two three."), &json!("Hm hm")));
    let numbers: Vec<u64> = (0..stream["numbers"].as_array().map_or(0, Vec::len)).map(|at| at as u64).collect();
    assert_eq!(stream["numbers"], json!(numbers), "events are numbered one after another");
    let types = [
        "created",
        "in_progress",
        "output_item.added",
        "reasoning_summary_part.added",
        "reasoning_summary_text.delta",
        "reasoning_summary_text.done",
        "reasoning_summary_part.done",
        "output_item.done",
        "output_item.added",
        "content_part.added",
        "output_text.delta",
        "output_text.done",
        "content_part.done",
        "output_item.done",
        "completed",
    ];
    assert_eq!(stream["types"], json!(types.map(|kind| format!("response.{kind}"))));
    assert_eq!(stream["last"]["usage"]["total_tokens"], 50);
    let accumulated = &found["accumulated"];
    assert_eq!(
        (&accumulated["output_text"], &accumulated["usage"]["output_tokens"]),
        (&json!("One two three."), &json!(10))
    );

    let empty = &found["empty"];
    assert_eq!(
        (&empty["status"], &empty["output"], &empty["usage"]["total_tokens"]),
        (&json!("incomplete"), &json!([]), &json!(50))
    );
    assert_eq!(found["short"]["incomplete_details"]["reason"], "max_output_tokens");
    assert!(found["image"]["output_text"].as_str().is_some_and(|text| text.contains("PNG, 326 bytes")));
    let filled: Value = serde_json::from_str(found["schema"]["output_text"].as_str().expect("text")).expect("JSON");
    assert!(filled["city"].is_string() && filled["people"].is_u64(), "{filled}");
    assert_eq!(found["reasoning"]["output"][0]["summary"][0]["text"], "Hm hm");
    assert_eq!(found["cost"]["cost"], json!(0.00123));
    assert_eq!(found["cost"]["prompt_tokens_details"]["cache_write_tokens"], 8);
}

fn refusals(found: &Value) {
    failures(
        found,
        &[
            ("rateLimit", "RateLimitError", Some(429), "Rate limit reached"),
            ("noCredit", "RateLimitError", Some(429), "exceeded your current quota"),
            ("serverError", "InternalServerError", Some(500), "had an error"),
            ("wrongKey", "AuthenticationError", Some(401), "Incorrect API key provided"),
            ("badModel", "NotFoundError", Some(404), "does not exist"),
            ("unknown", "BadRequestError", Some(400), "Unknown parameter: 'stop'."),
            ("moved", "BadRequestError", Some(400), "this parameter has moved to 'max_output_tokens'"),
            ("few", "BadRequestError", Some(400), "Expected a value >= 16, but got 5 instead."),
            ("temperature", "BadRequestError", Some(400), "'temperature' is not supported with this model."),
            ("errorInStream", "APIError", None, "had an error"),
            ("hangUp", "APIConnectionError", None, "Connection error"),
            ("malformed", "SyntaxError", None, "JSON"),
        ],
    );
    assert_eq!(found["noCredit"]["code"], "insufficient_quota");
    assert_eq!(found["retried"]["answered"], "At the second try.");
    assert_eq!(
        (&found["failed"]["status"], &found["failed"]["error"]["code"]),
        (&json!("failed"), &json!("server_error"))
    );
    assert!(found["cutStream"]["class"].is_string(), "a cut stream is an error: {}", found["cutStream"]);
}
