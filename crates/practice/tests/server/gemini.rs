//! Which requests for content are let in. The wordings are those people report from the real API.

use super::formats::{Format, KEY, PNG, post, server};
use super::http::{receive, send};
use pointsman_practice::{Practice, Script};
use serde_json::{Value, json};

const PATH: &str = "/v1beta/models/gemini-2.5-flash:generateContent";

async fn ask(server: &Practice, body: &Value) -> (u16, Value) {
    let answer = post(server.address(), Format::Gemini, PATH, body).await.expect("a head");
    (answer.status, serde_json::from_slice(&answer.body).expect("JSON"))
}

fn hello() -> Value {
    json!([{ "role": "user", "parts": [{ "text": "Hello" }] }])
}

fn config(config: Value) -> Value {
    json!({ "contents": hello(), "generationConfig": config })
}

fn parts(parts: Value) -> Value {
    json!({ "contents": [{ "role": "user", "parts": parts }] })
}

fn picture(media: &str, data: &str) -> Value {
    parts(json!([{ "text": "What is it?" }, { "inlineData": { "mimeType": media, "data": data } }]))
}

#[tokio::test]
async fn good_requests_for_content_are_answered() {
    let server = server().await;
    let schema = json!({ "type": "OBJECT", "properties": { "a": { "type": "INTEGER" } } });
    for body in [
        json!({ "contents": hello() }),
        json!({ "contents": [{ "parts": [{ "text": "x" }] }, { "role": "model", "parts": [{ "text": "y" }] }], "systemInstruction": { "parts": [{ "text": "Be brief." }] } }),
        config(
            json!({ "temperature": 2, "topP": 0, "topK": 1, "maxOutputTokens": 65_536, "stopSequences": ["a", "b", "c", "d", "e"], "seed": 1, "presencePenalty": 1.5, "candidateCount": 1 }),
        ),
        config(json!({ "responseMimeType": "application/json" })),
        config(json!({ "responseMimeType": "application/json", "responseSchema": schema })),
        config(json!({ "thinkingConfig": { "includeThoughts": true, "thinkingBudget": -1 } })),
        picture("image/png", PNG),
    ] {
        let (status, answer) = ask(&server, &body).await;
        assert_eq!((status, &answer["candidates"][0]["content"]["role"]), (200, &json!("model")), "{body}: {answer}");
    }
    let (_, answer) =
        ask(&server, &config(json!({ "responseMimeType": "application/json", "responseSchema": schema }))).await;
    assert_eq!(answer["candidates"][0]["content"]["parts"][0]["text"], r#"{"a":1}"#);
}

#[tokio::test]
async fn bad_requests_for_content_are_refused_as_the_real_api_refuses_them() {
    let server = server().await;
    server.script(Script::text("A refused request takes no script."));
    let schema = json!({ "type": "object" });
    for (body, words) in [
        (json!({ "contents": hello(), "temperature": 1 }), "Unknown name \"temperature\": Cannot find field."),
        (json!({ "contents": hello(), "system_instruction": {} }), "Unknown name \"system_instruction\""),
        (config(json!({ "max_tokens": 5 })), "Unknown name \"max_tokens\" at 'generation_config': Cannot find field."),
        (json!({ "contents": hello(), "tools": [] }), "The practice server does not play 'tools'."),
        (json!({}), "* GenerateContentRequest.contents: contents is not specified"),
        (json!({ "contents": [] }), "* GenerateContentRequest.contents: contents is not specified"),
        (
            json!({ "contents": [{ "role": "system", "parts": [{ "text": "x" }] }] }),
            "Please use a valid role: user, model.",
        ),
        (
            json!({ "contents": [{ "role": "user", "parts": [] }] }),
            "contents[0].parts: contents.parts must not be empty.",
        ),
        (json!({ "contents": [{ "role": "user", "content": "x" }] }), "Unknown name \"content\" at 'contents[0]'"),
        (parts(json!([{}])), "contents[0].parts[0].data: required oneof field 'data' must have one initialized field"),
        (parts(json!([{ "text": 1 }])), "Invalid value at 'contents[0].parts[0].text' (TYPE_STRING), 1"),
        (parts(json!([{ "fileData": {} }])), "The practice server does not play parts with 'fileData'."),
        (picture("image/gif", PNG), "Unsupported MIME type: image/gif"),
        (
            picture("image/png", "iVBOR"),
            "Invalid value at 'contents[0].parts[1].inline_data.data' (TYPE_BYTES), Base64 decoding failed for \"iVBOR\"",
        ),
        (picture("image/png", "aGVsbG8="), "Unable to process input image."),
        (picture("image/jpeg", PNG), "Unable to process input image."),
        (config(json!({ "temperature": 2.1 })), "temperature must be in the range [0.0, 2.0]."),
        (
            config(json!({ "temperature": "hot" })),
            "Invalid value at 'generation_config.temperature' (TYPE_FLOAT), \"hot\"",
        ),
        (config(json!({ "topP": 1.1 })), "top_p must be in the range [0.0, 1.0]."),
        (config(json!({ "topK": 0 })), "top_k must be positive."),
        (config(json!({ "candidateCount": 2 })), "Multiple candidates is not enabled for this model"),
        (config(json!({ "maxOutputTokens": 0 })), "max_output_tokens must be positive."),
        (config(json!({ "maxOutputTokens": 65_537 })), "supported range is from 1 (inclusive) to 65537 (exclusive)"),
        (config(json!({ "stopSequences": ["a", "b", "c", "d", "e", "f"] })), "stop_sequences"),
        (config(json!({ "responseJsonSchema": schema })), "application/json"),
        (config(json!({ "responseMimeType": "image/png" })), "allowed mimetypes are"),
        (
            config(
                json!({ "responseMimeType": "application/json", "responseSchema": schema, "responseJsonSchema": schema }),
            ),
            "Only one of",
        ),
        (
            config(json!({ "thinkingConfig": { "effort": "low" } })),
            "Unknown name \"effort\" at 'generation_config.thinking_config'",
        ),
        (
            json!({ "contents": hello(), "systemInstruction": "Be brief." }),
            "Invalid value at 'system_instruction' (TYPE_MESSAGE)",
        ),
    ] {
        let (status, answer) = ask(&server, &body).await;
        let error = &answer["error"];
        assert_eq!(
            (status, &error["code"], &error["status"]),
            (400, &json!(400), &json!("INVALID_ARGUMENT")),
            "{body}"
        );
        assert!(error["message"].as_str().is_some_and(|text| text.contains(words)), "{body}: {error}");
    }
    let (_, answer) = ask(&server, &json!({ "contents": hello() })).await;
    assert_eq!(answer["candidates"][0]["content"]["parts"][0]["text"], "A refused request takes no script.");
}

#[tokio::test]
async fn a_key_in_its_header_and_a_known_model_are_asked_for() {
    let server = server().await;
    let body = json!({ "contents": hello() }).to_string();
    let in_the_address = format!("{PATH}?key={KEY}");
    let good = ("x-goog-api-key", KEY);
    for (path, header, status, words) in [
        (PATH, ("x-goog-api-key", "wrong"), 400, "API_KEY_INVALID"),
        (PATH, ("x-api-key", KEY), 403, "unregistered callers"),
        (&in_the_address, ("accept", "*/*"), 403, "PERMISSION_DENIED"),
        ("/v1beta/models/gemini-9:generateContent", good, 404, "models/gemini-9 is not found for API version v1beta"),
        ("/v1beta/gemini-2.5-flash:generateContent", good, 400, "unexpected model name format"),
        ("/v1beta/models/gemini-2.5-flash:countTokens", good, 404, "NOT_FOUND"),
        ("/v1beta/models/gemini-2.5-flash:streamGenerateContent", good, 400, "without alt=sse"),
        (PATH, good, 200, "\"candidates\""),
    ] {
        let headers = [("content-type", "application/json"), header];
        let answer = receive(send(server.address(), "POST", path, &headers, body.as_bytes()).await).await;
        let answer = answer.expect("a head");
        assert!(answer.status == status && answer.text().contains(words), "{path}: {}", answer.text());
    }
    assert_eq!(server.received()[2].query, format!("key={KEY}"), "what was in the address can be looked at");
}
