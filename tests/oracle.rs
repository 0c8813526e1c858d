//! Two witnesses that the practice server and the codec are not wrong in the same way: the official
//! OpenAI client must find in the practice server what it expects of the real API, and what our codec
//! sends must pass the practice server's checks, and its answers must read as they were meant.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "../crates/practice/tests/server/http.rs"]
mod http;

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use pointsman_core::chat::{
    Answer, Chat, Decimal, FinishReason, Image, Message, Params, Part, ResponseFormat, Role, StreamEvent,
};
use pointsman_core::failure::{Failure, FailureKind};
use pointsman_core::id::ModelName;
use pointsman_core::money::Usage;
use pointsman_core::wire::{self, Head, StreamDecoder, Wire};
use pointsman_practice::{Counts, Model, Options, Practice, Script};
use serde_json::{Value, json};

const KEY: &str = "sk-practice-0123456789";
const PNG: &str = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==";
const COUNTS: Counts = Counts { input: 19, cached: 8, cache_write_5m: 0, cache_write_1h: 0, output: 10, reasoning: 4 };

async fn server() -> Practice {
    let models = ["gpt-4o-mini", "gpt-5-mini"].map(Model::from).to_vec();
    Practice::start(Options { key: Some(KEY.into()), models, ..Options::default() }).await.expect("a free port")
}

// ---- the official client ----

/// Runs tests/npm/oracle.mjs and reads its line.
async fn official_client(server: &Practice) -> Value {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/npm");
    assert!(
        folder.join("node_modules/openai").is_dir(),
        "the official client is not installed: run `npm ci` in tests/npm (`cargo xtask test` does it)"
    );
    let base_url = server.base_url();
    let run = tokio::task::spawn_blocking(move || {
        let mut node = Command::new("node");
        node.arg("oracle.mjs").arg(base_url).arg(KEY).current_dir(folder);
        // A proxy of this machine must not stand between.
        for name in [
            "http_proxy",
            "HTTP_PROXY",
            "https_proxy",
            "HTTPS_PROXY",
            "OPENAI_BASE_URL",
            "OPENAI_ORG_ID",
            "OPENAI_PROJECT_ID",
            "OPENAI_LOG",
        ] {
            node.env_remove(name);
        }
        node.stdin(Stdio::null()).output().expect("Node.js is needed for this test: install node 20 or later")
    });
    let output = run.await.expect("no panic");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "oracle.mjs failed: {errors}");
    serde_json::from_slice(&output.stdout).expect("one line of JSON")
}

#[tokio::test(flavor = "multi_thread")]
async fn the_official_client_finds_the_api_it_expects() {
    let server = server().await;
    for script in [
        Script::text("Grüße 👋").usage(COUNTS),
        Script::text("One two three.").usage(COUNTS),
        Script::text("One two three."),
        Script { reasoning: Some("Hm".into()), pings: 2, ..Script::text("One two three.") }.usage(COUNTS),
        Script::text("Thought.").usage(COUNTS),
        Script::default(),
        Script::default(),
        Script::status(429).retry_after(Duration::from_secs(7)),
        Script::no_credit(),
        Script::status(500),
        Script::status(503),
        Script::status(429).header("retry-after-ms", "5"),
        Script::text("At the second try."),
        Script { error_after: Some(1), ..Script::text("One two") },
        Script { reset: true, ..Script::cut(1) },
        Script::hang_up(),
        Script { malformed_after: Some(1), ..Script::text("One two") },
        Script { stall_after: Some(1), ..Script::text("One two") },
    ] {
        server.script(script);
    }
    let found = official_client(&server).await;
    answers(&found);
    errors(&found);
    assert_eq!(found["aborted"], "One");
    server.left(1).await;
}

fn answers(found: &Value) {
    assert_eq!(found["models"][0], json!({ "id": "gpt-4o-mini", "object": "model", "owned_by": "practice" }));
    let whole = &found["whole"];
    assert_eq!(
        (&whole["object"], &whole["choices"][0]["message"]["role"]),
        (&json!("chat.completion"), &json!("assistant"))
    );
    assert_eq!(
        (&whole["choices"][0]["message"]["content"], &whole["choices"][0]["finish_reason"]),
        (&json!("Grüße 👋"), &json!("stop"))
    );
    assert_eq!(
        (&whole["usage"]["total_tokens"], &whole["usage"]["prompt_tokens_details"]["cached_tokens"]),
        (&json!(29), &json!(8))
    );
    assert!(whole["requestId"].as_str().is_some_and(|id| id.starts_with("req_")), "the client finds the request's id");

    let stream = &found["stream"];
    assert_eq!(
        (&stream["text"], &stream["roles"], &stream["finish"]),
        (&json!("One two three."), &json!(["assistant"]), &json!(["stop"]))
    );
    assert_eq!((&stream["objects"], &stream["emptyChoices"]), (&json!(["chat.completion.chunk"]), &json!(1)));
    assert_eq!(
        (&stream["usage"][0]["completion_tokens"], stream["usage"].as_array().map(Vec::len)),
        (&json!(10), Some(1))
    );
    assert_eq!(
        (&found["plainStream"]["text"], &found["plainStream"]["usage"], &found["plainStream"]["emptyChoices"]),
        (&json!("One two three."), &json!([]), &json!(0))
    );
    let accumulated = &found["accumulated"];
    assert_eq!(
        (&accumulated["choices"][0]["message"]["content"], &accumulated["usage"]["prompt_tokens"]),
        (&json!("One two three."), &json!(19))
    );

    assert_eq!(found["reasoning"]["usage"]["completion_tokens_details"]["reasoning_tokens"], 4);
    let said = found["image"]["choices"][0]["message"]["content"].as_str().expect("text");
    assert!(said.contains("a question"), "{said}");
    let schema = found["schema"]["choices"][0]["message"]["content"].as_str().expect("text");
    let filled: Value = serde_json::from_str(schema).expect("JSON");
    assert!(filled["city"].is_string() && filled["people"].is_u64(), "{filled}");
}

fn errors(found: &Value) {
    for (step, class, status, code) in [
        ("rateLimit", "RateLimitError", json!(429), json!("rate_limit_exceeded")),
        ("noCredit", "RateLimitError", json!(429), json!("insufficient_quota")),
        ("serverError", "InternalServerError", json!(500), json!(null)),
        ("overloaded", "InternalServerError", json!(503), json!(null)),
        ("wrongKey", "AuthenticationError", json!(401), json!("invalid_api_key")),
        ("badModel", "NotFoundError", json!(404), json!("model_not_found")),
        ("badArgument", "BadRequestError", json!(400), json!(null)),
        ("badTemperature", "BadRequestError", json!(400), json!("decimal_above_max_value")),
        ("oldName", "BadRequestError", json!(400), json!("unsupported_parameter")),
        ("errorInStream", "APIError", json!(null), json!(null)),
        ("hangUp", "APIConnectionError", json!(null), json!(null)),
        ("malformed", "SyntaxError", json!(null), json!(null)),
    ] {
        let error = &found[step];
        assert_eq!(
            (&error["class"], &error["status"], &error["code"]),
            (&json!(class), &status, &code),
            "{step}: {error}"
        );
    }
    assert!(found["cutStream"]["class"].is_string(), "a cut stream is an error: {}", found["cutStream"]);
    assert_eq!(found["badTemperature"]["param"], "temperature");
    assert_eq!(found["retried"]["answered"], "At the second try.");
    assert!(found["rateLimit"]["requestID"].is_string());
}

// ---- our codec ----

fn chat(parts: Vec<Part>) -> Chat {
    let params = Params { max_tokens: Some(64), ..Params::default() };
    Chat { messages: vec![Message::text(Role::System, "Be brief."), Message { role: Role::User, parts }], params }
}

/// Encodes, sends, and reads what comes back, as a stream or whole.
async fn converse(
    server: &Practice,
    chat: &Chat,
    model: &str,
    stream: bool,
) -> Result<(Answer, Vec<StreamEvent>), Failure> {
    let model = ModelName::parse(model).expect("a model name");
    let encoded = wire::encode(Wire::OpenAiChat, wire::Dialect::default(), chat, &model, stream);
    assert_eq!((encoded.path.as_str(), encoded.streamed), ("/chat/completions", stream));
    let reply = http::chat(server.address(), KEY, &encoded.body).await.expect("no script here hangs up");
    let content_type = reply.header("content-type").unwrap_or_default().to_owned();
    let head = Head { status: reply.status, content_type, retry_after: None };
    if reply.status != 200 {
        assert!(reply.complete, "an error arrives whole: {}", reply.text());
        return Err(wire::decode_error(&head, &reply.body));
    }
    if !stream {
        return wire::decode(Wire::OpenAiChat, &head, &reply.body).map(|answer| (answer, Vec::new()));
    }
    let mut decoder = StreamDecoder::new(Wire::OpenAiChat);
    let mut events = Vec::new();
    for piece in reply.body.chunks(7) {
        decoder.push(piece, &mut events)?;
    }
    assert!(reply.end.is_ok(), "no script here resets: {}", reply.text());
    decoder.close()?;
    let mut answer = Answer { text: String::new(), finish: None, usage: None, model: None };
    for event in events.iter().cloned() {
        match event {
            StreamEvent::Text(text) => answer.text.push_str(&text),
            StreamEvent::Finish(finish) => answer.finish = Some(finish),
            StreamEvent::Usage(usage) => answer.usage = Some(usage),
            StreamEvent::Model(model) => answer.model = Some(model),
            StreamEvent::Alive | StreamEvent::End => {}
        }
    }
    Ok((answer, events))
}

#[tokio::test]
async fn what_our_codec_sends_passes_and_what_it_reads_is_what_was_said() {
    let server = server().await;
    let script = Script { reasoning: Some("Hm".into()), pings: 1, ..Script::text("Grüße 👋\n\"you\"") };
    server.default_script(script.usage(COUNTS));
    let usage = Usage { input: 19, cached_input: 8, output: 10, reasoning: 4, ..Usage::default() };
    let number = |text: &str| Some(Decimal(text.parse().expect("a number")));
    let mut full = chat(vec![Part::Text("Answer in JSON.".into()), Part::Text("Briefly.".into())]);
    full.params = Params {
        max_tokens: Some(64),
        temperature: number("0.2"),
        top_p: number("0.9"),
        frequency_penalty: number("-1.5"),
        presence_penalty: number("2"),
        stop: vec!["END".into(), "\n\n".into()],
        response_format: Some(ResponseFormat::JsonObject),
        ..Params::default()
    };
    let mut strict = chat(vec![Part::Text("Hello".into())]);
    let schema = json!({ "type": "object", "properties": {}, "required": [], "additionalProperties": false });
    strict.params.response_format = Some(ResponseFormat::JsonSchema { name: "answer".into(), schema, strict: true });
    let image = Part::Image(Image { media_type: "image/png".into(), base64: PNG.into() });
    let picture = chat(vec![Part::Text("What is it?".into()), image]);
    for (chat, model) in
        [(&full, "gpt-4o-mini"), (&strict, "gpt-4o-mini"), (&picture, "gpt-4o-mini"), (&picture, "gpt-5-mini")]
    {
        for stream in [false, true] {
            let (answer, events) =
                converse(&server, chat, model, stream).await.unwrap_or_else(|failure| panic!("{model}: {failure:?}"));
            assert_eq!(answer.text, "Grüße 👋\n\"you\"");
            assert_eq!(
                (answer.finish, answer.usage, answer.model.as_deref()),
                (Some(FinishReason::Stop), Some(usage), Some(model))
            );
            assert_eq!(events.last().is_some_and(|event| *event == StreamEvent::End), stream);
            let sent = server.chats().pop().expect("arrived").json();
            let (most, other) = if model == "gpt-5-mini" {
                ("max_completion_tokens", "max_tokens")
            } else {
                ("max_tokens", "max_completion_tokens")
            };
            assert_eq!((&sent[most], sent.get(other)), (&json!(64), None), "the bound of the cost is on the wire");
        }
    }
    let sent = server.chats().pop().expect("arrived").json();
    let url = sent["messages"][1]["content"][1]["image_url"]["url"].as_str().expect("a URL");
    assert_eq!(url.strip_prefix("data:image/png;base64,"), Some(PNG), "a picture goes byte for byte");
}

#[tokio::test]
async fn what_goes_wrong_at_the_server_is_classified_by_our_codec() {
    let server = server().await;
    let hello = chat(vec![Part::Text("Hello".into())]);
    let text = || Script::text("One two three");
    for (script, stream, kind) in [
        (Script::status(401), false, FailureKind::Auth),
        (Script::status(402), true, FailureKind::Quota),
        (Script::status(429), true, FailureKind::RateLimit),
        (Script::no_credit(), true, FailureKind::Quota),
        (Script::status(500), false, FailureKind::Provider5xx),
        (Script::status(503), true, FailureKind::Overloaded),
        (Script::html(502), true, FailureKind::Provider5xx),
        (Script::html(200), false, FailureKind::BadResponse),
        (Script::html(200), true, FailureKind::BadResponse),
        (Script::invalid_json(), false, FailureKind::BadResponse),
        (Script::redirect("http://127.0.0.1:9/"), true, FailureKind::BadResponse),
        (Script { error_after: Some(0), ..text() }, false, FailureKind::Provider5xx),
        (Script { error_after: Some(1), ..text() }, true, FailureKind::Provider5xx),
        (Script { malformed_after: Some(1), ..text() }, false, FailureKind::BadResponse),
        (Script { malformed_after: Some(1), ..text() }, true, FailureKind::BadResponse),
        (Script { cut_after: Some(2), ..text() }, true, FailureKind::NetworkAfterSend),
        (Script { cut_after_bytes: Some(300), ..text() }, true, FailureKind::NetworkAfterSend),
        (Script { no_done: true, ..text() }, true, FailureKind::NetworkAfterSend),
        (
            Script { finish_reason: Some("length".into()), ..Script::text("").usage(COUNTS) },
            false,
            FailureKind::BadResponse,
        ),
        (
            Script { finish_reason: Some("length".into()), ..Script::text("").usage(COUNTS) },
            true,
            FailureKind::BadResponse,
        ),
    ] {
        server.script(script.clone());
        let failure = converse(&server, &hello, "gpt-4o-mini", stream).await.expect_err("a failure");
        assert_eq!(failure.kind, kind, "{script:?}: {failure:?}");
        let counted = script.text.as_deref() == Some("") || script.no_done;
        assert_eq!(failure.usage.is_some(), counted, "what was counted at the end is kept: {failure:?}");
    }
    for (model, kind) in [("gpt-9", FailureKind::UnknownModel), ("gpt-4o-mini", FailureKind::InvalidRequest)] {
        let mut bad = hello.clone();
        bad.params.max_tokens = Some(0);
        let failure = converse(&server, &bad, model, true).await.expect_err("a refusal");
        assert_eq!(failure.kind, kind, "{failure:?}");
        assert!(failure.sentence.contains('“'), "the provider's words are quoted: {}", failure.sentence);
    }
}
