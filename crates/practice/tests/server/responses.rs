//! Which Responses requests are let in. The wordings are those people report from the real API.

use super::formats::{Format, PNG, post, server};
use pointsman_practice::{Practice, Script};
use serde_json::{Value, json};

async fn ask(server: &Practice, body: &Value) -> (u16, Value) {
    let answer = post(server.address(), Format::Responses, "/v1/responses", body).await.expect("a head");
    (answer.status, serde_json::from_slice(&answer.body).expect("JSON"))
}

/// A good request with some fields replaced; null takes a field away.
fn request(change: &Value) -> Value {
    let mut body = json!({ "model": "gpt-4o-mini", "input": "Hello", "max_output_tokens": 50 });
    for (name, value) in change.as_object().expect("an object") {
        match value {
            Value::Null => drop(body.as_object_mut().and_then(|body| body.remove(name))),
            value => body[name] = value.clone(),
        }
    }
    body
}

fn content(role: &str, parts: Value) -> Value {
    json!({ "input": [{ "role": role, "content": parts }] })
}

fn format(format: Value) -> Value {
    json!({ "text": { "format": format } })
}

#[tokio::test]
async fn good_responses_requests_are_answered() {
    let server = server().await;
    let schema = json!({ "type": "object", "properties": {}, "additionalProperties": false });
    for change in [
        json!({}),
        json!({ "instructions": "Be brief.", "temperature": 0, "top_p": 1, "store": false, "metadata": {}, "truncation": "auto" }),
        json!({ "model": "gpt-5-mini", "reasoning": { "effort": "low", "summary": "auto" }, "text": { "verbosity": "low" } }),
        json!({ "input": [{ "role": "developer", "content": "x" }, { "type": "message", "role": "user", "content": "y" }] }),
        content(
            "user",
            json!([{ "type": "input_text", "text": "x" }, { "type": "input_image", "image_url": format!("data:image/png;base64,{PNG}"), "detail": "auto" }]),
        ),
        content("assistant", json!([{ "type": "output_text", "text": "x", "annotations": [] }])),
        json!({ "input": "as JSON", "text": { "format": { "type": "json_object" } } }),
        format(json!({ "type": "json_schema", "name": "a", "strict": true, "schema": schema })),
    ] {
        let (status, body) = ask(&server, &request(&change)).await;
        assert_eq!(
            (status, &body["object"], &body["error"]),
            (200, &json!("response"), &json!(null)),
            "{change}: {body}"
        );
    }
}

#[tokio::test]
async fn bad_responses_requests_are_refused_as_the_real_api_refuses_them() {
    let server = server().await;
    server.script(Script::text("A refused request takes no script."));
    for (change, param, words) in [
        (json!({ "stop": "x" }), json!("stop"), "Unknown parameter: 'stop'."),
        (json!({ "frequency_penalty": 1 }), json!("frequency_penalty"), "Unknown parameter: 'frequency_penalty'."),
        (json!({ "messages": [] }), json!("messages"), "this parameter has moved to 'input'"),
        (json!({ "response_format": {} }), json!("response_format"), "this parameter has moved to 'text.format'"),
        (json!({ "tools": [] }), json!(null), "The practice server does not play 'tools'."),
        (json!({ "previous_response_id": "x" }), json!(null), "does not play 'previous_response_id'"),
        (json!({ "model": null }), json!(null), "you must provide a model parameter"),
        (json!({ "input": null }), json!("input"), "Missing required parameter: 'input'."),
        (json!({ "input": 1 }), json!("input"), "Invalid type for 'input'"),
        (json!({ "input": [{ "role": "tool", "content": "x" }] }), json!("input[0].role"), "Invalid value: 'tool'."),
        (json!({ "input": [{ "role": "user" }] }), json!("input[0].content"), "Missing required parameter"),
        (json!({ "input": [{ "type": "function_call" }] }), json!(null), "does not play input items of type"),
        (
            content("user", json!([{ "type": "text", "text": "x" }])),
            json!("input[0].content[0].type"),
            "Supported values are: 'input_text', 'input_image', 'input_file', and 'input_audio'.",
        ),
        (
            content("assistant", json!([{ "type": "input_text", "text": "x" }])),
            json!("input[0].content[0].type"),
            "Supported values are: 'output_text', and 'refusal'.",
        ),
        (
            content("user", json!([{ "type": "input_image", "image_url": { "url": "x" } }])),
            json!("input[0].content[0].image_url"),
            "expected a string, but got an object",
        ),
        (
            content("user", json!([{ "type": "input_image", "image_url": "data:image/png;base64,iVBOR" }])),
            json!("input[0].content[0].image_url"),
            "invalid base64-encoded value",
        ),
        (json!({ "max_output_tokens": 15 }), json!("max_output_tokens"), "Expected a value >= 16, but got 15 instead."),
        (json!({ "temperature": 2.1 }), json!("temperature"), "Expected a value <= 2, but got 2.1 instead."),
        (
            json!({ "model": "gpt-5-mini", "temperature": 1 }),
            json!("temperature"),
            "Unsupported parameter: 'temperature' is not supported with this model.",
        ),
        (json!({ "reasoning": { "effort": "low" } }), json!("reasoning.effort"), "'reasoning.effort' is not supported"),
        (json!({ "reasoning": { "effort": "much" } }), json!("reasoning.effort"), "Invalid value: 'much'."),
        (format(json!({ "type": "json" })), json!("text.format.type"), "Invalid value: 'json'."),
        (format(json!({ "type": "json_object" })), json!("input"), "must contain the word 'json'"),
        (
            format(json!({ "type": "json_schema", "json_schema": {} })),
            json!("text.format.json_schema"),
            "Unknown parameter: 'text.format.json_schema'.",
        ),
        (
            format(json!({ "type": "json_schema", "name": "a", "strict": true, "schema": { "type": "object" } })),
            json!("text.format"),
            "'additionalProperties' is required to be supplied and to be false",
        ),
        (json!({ "stream": 1 }), json!("stream"), "expected a boolean"),
    ] {
        let (status, body) = ask(&server, &request(&change)).await;
        let error = &body["error"];
        assert_eq!((status, &error["type"]), (400, &json!("invalid_request_error")), "{change}: {body}");
        assert_eq!(error["param"], param, "{change}: {body}");
        assert!(error["message"].as_str().is_some_and(|text| text.contains(words)), "{change}: {body}");
    }
    let (_, body) = ask(&server, &request(&json!({}))).await;
    assert_eq!(body["output"][0]["content"][0]["text"], "A refused request takes no script.");
}
