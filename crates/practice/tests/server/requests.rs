//! Which requests are let in: as strict as the real API, in its words. The wordings are those people
//! report from it.

use super::http;
use pointsman_practice::{Model, Options, Practice, Script};
use serde_json::{Value, json};

const PNG: &str = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==";

async fn server() -> Practice {
    let models = ["gpt-4o-mini", "gpt-5-mini", "o4-mini"].map(Model::from).to_vec();
    Practice::start(Options { key: Some("sk-practice".into()), models, ..Options::default() }).await.expect("a port")
}

async fn ask(server: &Practice, body: &Value) -> (u16, Value) {
    let answer = http::chat(server.address(), "sk-practice", body.to_string().as_bytes()).await.expect("a head");
    assert!(answer.complete, "an answer that is no script's mishap is complete");
    (answer.status, serde_json::from_slice(&answer.body).expect("JSON"))
}

/// A good request with some fields replaced; null takes a field away.
fn request(change: Value) -> Value {
    let mut body =
        json!({ "model": "gpt-4o-mini", "messages": [{ "role": "user", "content": "Hello" }], "max_tokens": 50 });
    for (name, value) in change.as_object().expect("an object") {
        match value {
            Value::Null => drop(body.as_object_mut().and_then(|body| body.remove(name))),
            value => body[name] = value.clone(),
        }
    }
    body
}

fn content(parts: Value) -> Value {
    json!({ "messages": [{ "role": "user", "content": parts }] })
}

fn picture(url: &str) -> Value {
    content(json!([{ "type": "text", "text": "What is it?" }, { "type": "image_url", "image_url": { "url": url } }]))
}

#[tokio::test]
async fn good_requests_are_answered() {
    let server = server().await;
    for change in [
        json!({}),
        json!({ "temperature": 2, "top_p": 0, "frequency_penalty": -2.0, "presence_penalty": 2, "stop": "x", "seed": 1, "user": "me" }),
        json!({ "model": "gpt-5-mini", "max_tokens": null, "max_completion_tokens": 16, "temperature": 1, "reasoning_effort": "low" }),
        json!({ "max_tokens": null, "max_completion_tokens": 16, "stop": ["a", "b", "c", "d"] }),
        json!({ "messages": [{ "role": "developer", "content": "x" }, { "role": "assistant", "content": [{ "type": "text", "text": "y" }] }] }),
        json!({ "messages": [{ "role": "user", "content": "as JSON" }], "response_format": { "type": "json_object" } }),
        json!({ "response_format": { "type": "json_schema", "json_schema": { "name": "a-b_1", "strict": true, "schema": { "type": "object", "properties": {}, "additionalProperties": false } } } }),
        json!({ "response_format": { "type": "text" }, "stream_options": null }),
        picture(&format!("data:image/png;base64,{PNG}")),
        picture("https://example.com/cat.png"),
    ] {
        let (status, body) = ask(&server, &request(change.clone())).await;
        assert_eq!(status, 200, "{change}: {body}");
        assert_eq!(body["object"], "chat.completion");
        let usage = &body["usage"];
        let sum = usage["prompt_tokens"].as_u64().zip(usage["completion_tokens"].as_u64()).map(|(a, b)| a + b);
        assert_eq!(usage["total_tokens"].as_u64(), sum);
    }
    let (_, cut) = ask(&server, &request(json!({ "max_tokens": 5 }))).await;
    assert_eq!(
        (&cut["choices"][0]["finish_reason"], &cut["usage"]["completion_tokens"]),
        (&json!("length"), &json!(5))
    );
}

#[tokio::test]
async fn bad_requests_are_refused_as_the_real_api_refuses_them() {
    let server = server().await;
    server.script(Script::text("A refused request takes no script."));
    let one = |message: Value| json!({ "messages": [message] });
    for (change, param, code, words) in [
        (json!({ "max_token": 5 }), json!(null), json!(null), "Unrecognized request argument supplied: max_token"),
        (json!({ "x": 1, "y": 2 }), json!(null), json!(null), "Unrecognized request arguments supplied: x, y"),
        (json!({ "tools": [] }), json!(null), json!(null), "The practice server does not play 'tools'."),
        (json!({ "n": 2 }), json!(null), json!(null), "The practice server does not play 'n'."),
        (json!({ "model": null }), json!(null), json!(null), "you must provide a model parameter"),
        (json!({ "model": 3 }), json!("model"), json!("invalid_type"), "Invalid type for 'model'"),
        (
            json!({ "messages": null }),
            json!("messages"),
            json!("missing_required_parameter"),
            "Missing required parameter: 'messages'.",
        ),
        (json!({ "messages": [] }), json!("messages"), json!("empty_array"), "Invalid 'messages': empty array."),
        (
            json!({ "messages": "Hi" }),
            json!("messages"),
            json!("invalid_type"),
            "expected an array of objects, but got a string instead.",
        ),
        (one(json!("Hi")), json!("messages[0]"), json!("invalid_type"), "expected an object"),
        (
            one(json!({ "content": "Hi" })),
            json!("messages[0].role"),
            json!("missing_required_parameter"),
            "'messages[0].role'",
        ),
        (
            one(json!({ "role": "robot", "content": "Hi" })),
            json!("messages[0].role"),
            json!("invalid_value"),
            "Invalid value: 'robot'. Supported values are: 'system', 'assistant', 'user', 'function', 'tool', and 'developer'.",
        ),
        (one(json!({ "role": "user" })), json!("messages[0].content"), json!(null), "expected a string, got null"),
        (
            one(json!({ "role": "user", "content": 1 })),
            json!("messages[0].content"),
            json!("invalid_type"),
            "expected one of a string or array of objects, but got an integer instead.",
        ),
        (
            one(json!({ "role": "user", "content": [] })),
            json!("messages[0].content"),
            json!("empty_array"),
            "empty array",
        ),
        (
            one(json!({ "role": "user", "content": "Hi", "text": "x" })),
            json!("messages[0].text"),
            json!("unknown_parameter"),
            "Unknown parameter: 'messages[0].text'.",
        ),
        (
            content(json!([{ "type": "video" }])),
            json!("messages[0].content[0].type"),
            json!("invalid_value"),
            "Invalid value: 'video'.",
        ),
        (
            content(json!([{ "type": "text" }])),
            json!("messages[0].content[0].text"),
            json!("missing_required_parameter"),
            "Missing",
        ),
        (
            content(json!([{ "type": "image_url", "image_url": "data:" }])),
            json!("messages[0].content[0].image_url"),
            json!("invalid_type"),
            "expected an object, but got a string",
        ),
        (
            one(json!({ "role": "system", "content": [{ "type": "image_url", "image_url": { "url": "https://a" } }] })),
            json!("messages[0]"),
            json!("invalid_value"),
            "Image URLs are only allowed for messages with role 'user'",
        ),
        (
            picture(PNG),
            json!("messages[0].content[1].image_url.url"),
            json!("invalid_value"),
            "without the 'data:' prefix",
        ),
        (
            picture("data:image/png;base64,"),
            json!("messages[0].content[1].image_url.url"),
            json!("invalid_value"),
            "empty base64-encoded bytes",
        ),
        (
            picture("data:image/png;base64,iVBOR"),
            json!("messages[0].content[1].image_url.url"),
            json!("invalid_value"),
            "invalid base64-encoded value",
        ),
        (
            picture(&format!("data:image/tiff;base64,{PNG}")),
            json!("messages[0].content[1].image_url.url"),
            json!("invalid_value"),
            "unsupported MIME type 'image/tiff'",
        ),
        (
            picture("data:image/png;base64,aGVsbG8="),
            json!(null),
            json!("invalid_image_format"),
            "You uploaded an unsupported image",
        ),
        (
            json!({ "temperature": 2.1 }),
            json!("temperature"),
            json!("decimal_above_max_value"),
            "Expected a value <= 2, but got 2.1 instead.",
        ),
        (
            json!({ "temperature": -1 }),
            json!("temperature"),
            json!("decimal_below_min_value"),
            "Expected a value >= 0, but got -1 instead.",
        ),
        (
            json!({ "temperature": "hot" }),
            json!("temperature"),
            json!("invalid_type"),
            "expected a decimal, but got a string instead.",
        ),
        (json!({ "top_p": 1.5 }), json!("top_p"), json!("decimal_above_max_value"), "<= 1"),
        (json!({ "presence_penalty": -3 }), json!("presence_penalty"), json!("decimal_below_min_value"), ">= -2"),
        (
            json!({ "max_tokens": 0 }),
            json!("max_tokens"),
            json!("integer_below_min_value"),
            "Expected a value >= 1, but got 0 instead.",
        ),
        (json!({ "max_tokens": -5 }), json!("max_tokens"), json!("integer_below_min_value"), "got -5"),
        (
            json!({ "max_tokens": 1.5 }),
            json!("max_tokens"),
            json!("invalid_type"),
            "expected an integer, but got a decimal instead.",
        ),
        (
            json!({ "max_completion_tokens": 5 }),
            json!("max_tokens"),
            json!("invalid_parameter_combination"),
            "at the same time",
        ),
        (
            json!({ "model": "gpt-5-mini" }),
            json!("max_tokens"),
            json!("unsupported_parameter"),
            "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.",
        ),
        (
            json!({ "model": "o4-mini", "max_tokens": null, "temperature": 0.2 }),
            json!("temperature"),
            json!("unsupported_value"),
            "'temperature' does not support 0.2 with this model.",
        ),
        (
            json!({ "model": "o4-mini", "max_tokens": null, "stop": "x" }),
            json!("stop"),
            json!("unsupported_parameter"),
            "'stop' is not supported",
        ),
        (
            json!({ "stop": ["a", "b", "c", "d", "e"] }),
            json!("stop"),
            json!("array_above_max_length"),
            "maximum length 4, but got an array with length 5",
        ),
        (json!({ "stop": [1] }), json!("stop[0]"), json!("invalid_type"), "expected a string"),
        (json!({ "stream": "yes" }), json!("stream"), json!("invalid_type"), "expected a boolean"),
        (
            json!({ "stream_options": { "include_usage": true } }),
            json!("stream_options"),
            json!(null),
            "only allowed when 'stream' is enabled",
        ),
        (
            json!({ "stream": true, "stream_options": { "usage": true } }),
            json!("stream_options.usage"),
            json!("unknown_parameter"),
            "Unknown parameter",
        ),
        (
            json!({ "response_format": { "type": "xml" } }),
            json!("response_format.type"),
            json!("invalid_value"),
            "Supported values are: 'json_object', 'json_schema', and 'text'.",
        ),
        (
            json!({ "response_format": { "type": "json_object" } }),
            json!("messages"),
            json!(null),
            "must contain the word 'json'",
        ),
        (
            json!({ "response_format": { "type": "json_schema" } }),
            json!("response_format.json_schema"),
            json!("missing_required_parameter"),
            "Missing",
        ),
        (
            json!({ "response_format": { "type": "json_schema", "json_schema": { "name": "a b", "schema": { "type": "object" } } } }),
            json!("response_format.json_schema.name"),
            json!("invalid_value"),
            "does not match pattern",
        ),
        (
            json!({ "response_format": { "type": "json_schema", "json_schema": { "name": "a", "strict": true, "schema": { "type": "object" } } } }),
            json!("response_format"),
            json!(null),
            "'additionalProperties' is required",
        ),
    ] {
        let (status, body) = ask(&server, &request(change.clone())).await;
        let error = &body["error"];
        assert_eq!(status, 400, "{change}: {body}");
        assert_eq!(
            (&error["param"], &error["code"], &error["type"]),
            (&param, &code, &json!("invalid_request_error")),
            "{change}: {body}"
        );
        assert!(error["message"].as_str().is_some_and(|text| text.contains(words)), "{change}: {body}");
    }
    let (_, body) = ask(&server, &request(json!({}))).await;
    assert_eq!(body["choices"][0]["message"]["content"], "A refused request takes no script.");
}

#[tokio::test]
async fn what_is_no_request_is_refused_too() {
    let server = server().await;
    let (status, body) = ask(&server, &request(json!({ "model": "gpt-9" }))).await;
    assert_eq!((status, &body["error"]["code"]), (404, &json!("model_not_found")));
    for (body, content_type, words) in [
        ("{", "application/json", "could not parse the JSON body"),
        ("[]", "application/json", "could not parse"),
        ("{}", "text/plain", "you must provide a model parameter"),
    ] {
        let headers = [("content-type", content_type), ("authorization", "Bearer sk-practice")];
        let stream = http::send(server.address(), "POST", "/v1/chat/completions", &headers, body.as_bytes()).await;
        let answer = http::receive(stream).await.expect("a head");
        assert_eq!(answer.status, 400);
        assert!(answer.text().contains(words), "{}", answer.text());
    }
    for (method, path, status) in [
        ("GET", "/v1/chat/completions", 405),
        ("POST", "/v1/models", 405),
        ("POST", "/v1/chat/completion", 404),
        ("GET", "/models", 404),
        ("GET", "/", 404),
    ] {
        let stream = http::send(server.address(), method, path, &[("authorization", "Bearer sk-practice")], b"").await;
        assert_eq!(http::receive(stream).await.expect("a head").status, status, "{method} {path}");
    }
}

#[tokio::test]
async fn a_key_is_asked_for_and_never_repeated_whole() {
    let server = server().await;
    let wrong = "sk-wrong-1234567890abcdef";
    let answer = http::chat(server.address(), wrong, b"{}").await.expect("a head");
    assert_eq!(answer.status, 401);
    assert!(
        answer.text().contains("Incorrect API key provided: sk-wrong") && answer.text().contains("cdef."),
        "{}",
        answer.text()
    );
    assert!(!answer.text().contains(wrong));
    let none = http::receive(http::send(server.address(), "GET", "/v1/models", &[], b"").await).await.expect("a head");
    assert_eq!(none.status, 401);
    assert!(none.text().contains("You didn't provide an API key."));
    let right = [("authorization", "Bearer sk-practice")];
    let list =
        http::receive(http::send(server.address(), "GET", "/v1/models", &right, b"").await).await.expect("a head");
    let list: Value = serde_json::from_slice(&list.body).expect("JSON");
    assert_eq!(list["data"].as_array().map(Vec::len), Some(3));
    assert_eq!(list["data"][0]["id"], "gpt-4o-mini");
}
