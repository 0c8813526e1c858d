//! Which requests for a message are let in. The wordings are those people report from the real API.

use super::formats::{Format, KEY, PNG, post, server};
use super::http::{receive, send};
use pointsman_practice::{Practice, Script};
use serde_json::{Value, json};

async fn ask(server: &Practice, body: &Value) -> (u16, Value) {
    let answer = post(server.address(), Format::Anthropic, "/v1/messages", body).await.expect("a head");
    (answer.status, serde_json::from_slice(&answer.body).expect("JSON"))
}

/// A good request with some fields replaced; null takes a field away.
fn request(change: &Value) -> Value {
    let mut body =
        json!({ "model": "claude-sonnet-4-5", "messages": [{ "role": "user", "content": "Hello" }], "max_tokens": 50 });
    for (name, value) in change.as_object().expect("an object") {
        match value {
            Value::Null => drop(body.as_object_mut().and_then(|body| body.remove(name))),
            value => body[name] = value.clone(),
        }
    }
    body
}

fn content(blocks: Value) -> Value {
    json!({ "messages": [{ "role": "user", "content": blocks }] })
}

fn picture(media: &str, data: &str) -> Value {
    content(json!([{ "type": "image", "source": { "type": "base64", "media_type": media, "data": data } }]))
}

fn shape(schema: Value) -> Value {
    json!({ "output_config": { "format": { "type": "json_schema", "schema": schema } } })
}

#[tokio::test]
async fn good_requests_for_a_message_are_answered() {
    let server = server().await;
    let cached = json!({ "type": "text", "text": "x", "cache_control": { "type": "ephemeral", "ttl": "1h" } });
    for change in [
        json!({}),
        json!({ "system": "Be brief.", "temperature": 1, "top_k": 5, "stop_sequences": ["a", "b"], "metadata": { "user_id": "u" } }),
        json!({ "system": [cached], "top_p": 0.5 }),
        json!({ "max_tokens": 2000, "thinking": { "type": "enabled", "budget_tokens": 1024 }, "temperature": 1 }),
        json!({ "model": "claude-opus-4-7", "thinking": { "type": "adaptive" }, "output_config": { "effort": "low" }, "temperature": 1.0 }),
        json!({ "messages": [{ "role": "user", "content": "a" }, { "role": "assistant", "content": "b" }, { "role": "user", "content": "c" }] }),
        json!({ "messages": [{ "role": "user", "content": "a" }, { "role": "assistant", "content": "It is" }] }),
        picture("image/png", PNG),
        content(json!([{ "type": "image", "source": { "type": "url", "url": "https://example.com/cat.png" } }])),
        shape(json!({ "type": "object", "properties": {}, "additionalProperties": false })),
    ] {
        let (status, body) = ask(&server, &request(&change)).await;
        assert_eq!((status, &body["type"]), (200, &json!("message")), "{change}: {body}");
        assert!(body["usage"]["input_tokens"].as_u64().is_some_and(|count| count > 0));
    }
}

#[tokio::test]
async fn bad_requests_for_a_message_are_refused_as_the_real_api_refuses_them() {
    let server = server().await;
    server.script(Script::text("A refused request takes no script."));
    let one = |message: Value| json!({ "messages": [message] });
    let marked = json!({ "type": "text", "text": "x", "cache_control": { "type": "ephemeral" } });
    for (change, words) in [
        (json!({ "stop": ["x"] }), "stop: Extra inputs are not permitted"),
        (json!({ "response_format": {} }), "response_format: Extra inputs are not permitted"),
        (json!({ "frequency_penalty": 1 }), "frequency_penalty: Extra inputs are not permitted"),
        (json!({ "tools": [] }), "The practice server does not play 'tools'."),
        (json!({ "model": null }), "model: Field required"),
        (json!({ "max_tokens": null }), "max_tokens: Field required"),
        (json!({ "max_tokens": 1.5 }), "max_tokens: Input should be a valid integer"),
        (json!({ "max_tokens": -1 }), "max_tokens: Input should be greater than or equal to 0"),
        (
            json!({ "max_tokens": 64_001 }),
            "max_tokens: 64001 > 64000, which is the maximum allowed number of output tokens for claude-sonnet-4-5",
        ),
        (json!({ "messages": null }), "messages: Field required"),
        (json!({ "messages": [] }), "messages: at least one message is required"),
        (one(json!({ "role": "system", "content": "x" })), "messages: Unexpected role \"system\"."),
        (one(json!({ "role": "robot", "content": "x" })), "messages.0.role: Input should be 'user' or 'assistant'"),
        (one(json!({ "role": "user" })), "messages.0.content: Field required"),
        (one(json!({ "role": "user", "content": "" })), "messages.0: all messages must have non-empty content"),
        (
            one(json!({ "role": "user", "content": "x", "name": "n" })),
            "messages.0.name: Extra inputs are not permitted",
        ),
        (
            one(json!({ "role": "assistant", "content": "x " })),
            "final assistant content cannot end with trailing whitespace",
        ),
        (
            json!({ "model": "claude-opus-4-7", "messages": [{ "role": "assistant", "content": "x" }] }),
            "does not support assistant message prefill",
        ),
        (content(json!([{ "type": "text", "text": "" }])), "text content blocks must be non-empty"),
        (content(json!([{ "type": "image_url" }])), "messages.0.content.0: Input tag 'image_url' found using 'type'"),
        (content(json!([{ "type": "document" }])), "does not play blocks of type 'document'"),
        (content(json!([marked, marked, marked, marked, marked])), "A maximum of 4 blocks with cache_control"),
        (
            picture("image/tiff", PNG),
            "messages.0.content.0.image.source.base64.media_type: Input should be 'image/jpeg'",
        ),
        (picture("image/png", "iVBOR"), "messages.0.content.0.image.source.base64: invalid base64 data"),
        (picture("image/png", ""), "image cannot be empty"),
        (picture("image/png", "aGVsbG8="), "Could not process image"),
        (picture("image/jpeg", PNG), "base64.data: Image does not match the provided media type image/jpeg"),
        (json!({ "system": [{ "type": "image" }] }), "system.0.type: Input should be 'text'"),
        (json!({ "temperature": 1.1 }), "temperature: Input should be less than or equal to 1"),
        (json!({ "temperature": -1 }), "temperature: Input should be greater than or equal to 0"),
        (json!({ "temperature": "hot" }), "temperature: Input should be a valid number"),
        (json!({ "temperature": 0.5, "top_p": 0.5 }), "`temperature` and `top_p` cannot both be specified"),
        (json!({ "model": "claude-opus-4-7", "top_p": 0.5 }), "`top_p` is deprecated for this model."),
        (json!({ "stop_sequences": "x" }), "stop_sequences: Input should be a valid list"),
        (json!({ "stop_sequences": ["\n"] }), "stop_sequences: each stop sequence must contain non-whitespace"),
        (
            json!({ "thinking": { "type": "enabled", "budget_tokens": 10 } }),
            "thinking.enabled.budget_tokens: Input should be greater than or equal to 1024",
        ),
        (
            json!({ "thinking": { "type": "enabled", "budget_tokens": 1024 } }),
            "`max_tokens` must be greater than `thinking.budget_tokens`.",
        ),
        (json!({ "stream": "yes" }), "stream: Input should be a valid boolean"),
        (
            json!({ "output_config": { "format": { "type": "json_object" } } }),
            "output_config.format.type: Input should be 'json_schema'",
        ),
        (shape(json!({ "type": "object" })), "'additionalProperties' must be explicitly set to false"),
        (
            shape(
                json!({ "type": "object", "additionalProperties": false, "properties": { "a": { "type": "array", "items": { "type": "object" } } } }),
            ),
            "'additionalProperties' must be explicitly set to false",
        ),
    ] {
        let (status, body) = ask(&server, &request(&change)).await;
        assert_eq!((status, &body["error"]["type"]), (400, &json!("invalid_request_error")), "{change}: {body}");
        assert!(body["error"]["message"].as_str().is_some_and(|text| text.contains(words)), "{change}: {body}");
    }
    let (_, body) = ask(&server, &request(&json!({}))).await;
    assert_eq!(body["content"][0]["text"], "A refused request takes no script.");
}

#[tokio::test]
async fn a_key_a_version_and_a_known_model_are_asked_for() {
    let server = server().await;
    let body = request(&json!({})).to_string();
    let warm = request(&json!({ "temperature": 0.5 })).to_string();
    let ask = async |headers: &[(&str, &str)], body: &str| {
        let headers = [&[("content-type", "application/json")], headers].concat();
        let answer = receive(send(server.address(), "POST", "/v1/messages", &headers, body.as_bytes()).await).await;
        let answer = answer.expect("a head");
        (answer.status, answer.text())
    };
    let bearer = format!("Bearer {KEY}");
    let (old, new) = (("anthropic-version", "2023-06-01"), ("anthropic-version", "2026-10-21"));
    for (headers, body, status, words) in [
        (vec![old], &body, 401, "x-api-key header is required"),
        (vec![old, ("x-api-key", "wrong"), ("authorization", &bearer)], &body, 401, "invalid x-api-key"),
        (vec![old, ("authorization", "Bearer wrong")], &body, 401, "authentication_error"),
        (vec![("x-api-key", KEY)], &body, 400, "anthropic-version: header is required"),
        (vec![("x-api-key", KEY), ("anthropic-version", "2")], &body, 400, "is not a valid version"),
        (vec![("x-api-key", KEY), new], &warm, 400, "temperature: Extra inputs are not permitted"),
        (vec![("x-api-key", KEY), old], &warm, 200, "\"type\":\"message\""),
        (vec![("authorization", &bearer), new], &body, 200, "\"type\":\"message\""),
    ] {
        let (found, text) = ask(&headers, body).await;
        assert!(found == status && text.contains(words), "{headers:?}: {found}: {text}");
        assert!(!text.contains("wrong"), "a key is not repeated");
    }
    let unknown = request(&json!({ "model": "claude-9" })).to_string();
    let (status, text) = ask(&[("x-api-key", KEY), old], &unknown).await;
    assert!(status == 404 && text.contains("not_found_error"), "{text}");
}
