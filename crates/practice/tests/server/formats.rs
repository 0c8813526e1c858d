//! One script, every format: what it means is the same, how it is said is not.

use std::net::SocketAddr;

use super::http::{Answer, receive, send};
use pointsman_practice::{Counts, Endpoint, Model, Options, Practice, Script};
use serde_json::{Value, json};
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;

pub(crate) const KEY: &str = "practice-key";
pub(crate) const PNG: &str =
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==";

/// A format as a client speaks it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    Chat,
    Responses,
    Anthropic,
    Gemini,
}

pub(crate) const FORMATS: [Format; 4] = [Format::Chat, Format::Responses, Format::Anthropic, Format::Gemini];

impl Format {
    /// A good request, and where it goes.
    fn request(self, stream: bool) -> (&'static str, Value) {
        let messages = json!([{ "role": "user", "content": "Hello" }]);
        let mut body = match self {
            Self::Chat => json!({ "model": "gpt-4o-mini", "messages": messages }),
            Self::Responses => json!({ "model": "gpt-4o-mini", "input": messages }),
            Self::Anthropic => json!({ "model": "claude-sonnet-4-5", "max_tokens": 50, "messages": messages }),
            Self::Gemini => json!({ "contents": [{ "role": "user", "parts": [{ "text": "Hello" }] }] }),
        };
        if stream && self != Self::Gemini {
            body["stream"] = true.into();
        }
        let path = match (self, stream) {
            (Self::Chat, _) => "/v1/chat/completions",
            (Self::Responses, _) => "/v1/responses",
            (Self::Anthropic, _) => "/v1/messages",
            (Self::Gemini, false) => "/v1beta/models/gemini-2.5-flash:generateContent",
            (Self::Gemini, true) => "/v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse",
        };
        (path, body)
    }

    /// What a complete stream has at its end, and no other.
    fn end(self) -> &'static str {
        match self {
            Self::Chat => "[DONE]",
            Self::Responses => "response.completed",
            Self::Anthropic => "message_stop",
            Self::Gemini => "finishReason",
        }
    }

    /// The text in the data of an event.
    fn text(self, data: &Value) -> Option<&str> {
        let text = match self {
            Self::Chat => &data["choices"][0]["delta"]["content"],
            Self::Responses if data["type"] == "response.output_text.delta" => &data["delta"],
            Self::Responses => &Value::Null,
            Self::Anthropic => &data["delta"]["text"],
            Self::Gemini => &data["candidates"][0]["content"]["parts"][0]["text"],
        };
        text.as_str()
    }

    pub(crate) async fn ask(self, address: SocketAddr, stream: bool) -> Option<Answer> {
        let (path, body) = self.request(stream);
        post(address, self, path, &body).await
    }
}

/// Posts JSON with the headers of a format.
pub(crate) async fn post(address: SocketAddr, format: Format, path: &str, body: &Value) -> Option<Answer> {
    receive(open(address, format, path, body).await).await
}

async fn open(address: SocketAddr, format: Format, path: &str, body: &Value) -> TcpStream {
    let bearer = format!("Bearer {KEY}");
    let headers: &[(&str, &str)] = match format {
        Format::Chat | Format::Responses => &[("authorization", &bearer)],
        Format::Anthropic => &[("x-api-key", KEY), ("anthropic-version", "2023-06-01")],
        Format::Gemini => &[("x-goog-api-key", KEY)],
    };
    let headers = [&[("content-type", "application/json")], headers].concat();
    send(address, "POST", path, &headers, body.to_string().as_bytes()).await
}

pub(crate) async fn server() -> Practice {
    let names = ["gpt-4o-mini", "gpt-5-mini", "claude-sonnet-4-5", "claude-opus-4-7", "gemini-2.5-flash"];
    let models = names.map(Model::from).to_vec();
    Practice::start(Options { key: Some(KEY.into()), models, ..Options::default() }).await.expect("a port")
}

/// The text of all whole events.
fn text(format: Format, answer: &Answer) -> String {
    let all = answer.text().replace("\r\n", "\n");
    let data = all.split("\n\n").filter_map(|event| event.rsplit_once("data: ").map(|(_, data)| data));
    let data = data.filter_map(|data| serde_json::from_str::<Value>(data).ok());
    data.filter_map(|data| format.text(&data).map(str::to_owned)).collect()
}

#[tokio::test]
async fn a_stream_breaks_where_it_is_told_to_in_every_format() {
    let server = server().await;
    let address = server.address();
    let words = || Script { pings: 1, ..Script::text("one two three") };
    for format in FORMATS {
        let play = async |script: Script| {
            server.script(script);
            format.ask(address, true).await.expect("a head")
        };
        let answer = play(words()).await;
        assert_eq!(answer.header("content-type"), Some("text/event-stream; charset=utf-8"), "{format:?}");
        assert_eq!((text(format, &answer).as_str(), answer.complete), ("one two three", true), "{format:?}");
        assert!(answer.text().contains(format.end()), "{format:?}");

        let answer = play(Script { no_done: true, ..words() }).await;
        assert_eq!((text(format, &answer).as_str(), answer.complete), ("one two three", true), "{format:?}");
        assert!(!answer.text().contains(format.end()), "{format:?}: {}", answer.text());

        let answer = play(Script { cut_after: Some(2), ..words() }).await;
        assert_eq!((text(format, &answer).as_str(), answer.complete), ("one two", false), "{format:?}");

        let answer = play(Script { cut_after_bytes: Some(100), ..words() }).await;
        assert_eq!((answer.body.len(), answer.complete), (100, false), "{format:?}");

        let answer = play(Script { malformed_after: Some(1), ..words() }).await;
        let events = answer.text().replace("\r\n", "\n");
        let data = events.split("\n\n").filter_map(|event| event.rsplit_once("data: ").map(|(_, data)| data));
        let broken = data.filter(|data| *data != "[DONE]" && serde_json::from_str::<Value>(data).is_err()).count();
        assert_eq!((broken, answer.complete), (1, true), "{format:?}: {events}");

        let answer = play(Script { error_after: Some(1), ..words() }).await;
        assert_eq!((text(format, &answer).as_str(), answer.complete), ("one", true), "{format:?}");
        assert!(answer.text().contains("\"error\":{") && !answer.text().contains(format.end()), "{format:?}");
    }
}

#[tokio::test]
async fn a_stalled_stream_keeps_its_connection_in_every_format() {
    let server = server().await;
    for (nth, format) in FORMATS.into_iter().enumerate() {
        server.script(Script { stall_after: Some(1), ..Script::text("one two") });
        let (path, body) = format.request(true);
        let mut stream = open(server.address(), format, path, &body).await;
        let mut seen = Vec::new();
        while !seen.windows(5).any(|five| five == b"\"one\"") {
            assert!(stream.read_buf(&mut seen).await.expect("readable") > 0, "{format:?}: the connection stays open");
        }
        assert_eq!(server.left_so_far(), nth, "{format:?}");
        drop(stream);
        server.left(nth + 1).await;
    }
}

#[tokio::test]
async fn every_error_status_has_the_body_of_its_format() {
    let server = server().await;
    for format in FORMATS {
        for status in [400, 401, 402, 403, 404, 408, 413, 429, 500, 502, 503, 504, 529] {
            for stream in [false, true] {
                server.script(Script::status(status).header("retry-after", "7"));
                let answer = format.ask(server.address(), stream).await.expect("a head");
                assert_eq!((answer.status, answer.header("retry-after")), (status, Some("7")), "{format:?}");
                let body: Value = serde_json::from_slice(&answer.body).expect("JSON");
                let error = &body["error"];
                assert!(error["message"].as_str().is_some_and(|text| !text.is_empty()), "{format:?}: {body}");
                match format {
                    Format::Chat | Format::Responses => {
                        assert!(error["type"].is_string() && error.get("code").is_some())
                    }
                    Format::Anthropic => {
                        assert_eq!((&body["type"], error["type"].is_string()), (&json!("error"), true));
                        assert_eq!(body["request_id"].as_str(), answer.header("request-id"));
                    }
                    Format::Gemini => {
                        assert_eq!((&error["code"], error["status"].is_string()), (&json!(status), true));
                        assert_eq!(error["details"][0]["retryDelay"], "7s");
                    }
                }
            }
        }
        server.script(Script { error: Some(json!({ "message": "mine" })), ..Script::status(418) });
        let answer = format.ask(server.address(), false).await.expect("a head");
        assert!(
            answer.status == 418 && answer.text().contains("\"error\":{\"message\":\"mine\"}"),
            "{}",
            answer.text()
        );
    }
}

#[tokio::test]
async fn an_account_without_credit_is_told_so_in_every_format() {
    let server = server().await;
    for (format, status, words) in [
        (Format::Chat, 429, "insufficient_quota"),
        (Format::Responses, 429, "insufficient_quota"),
        (Format::Anthropic, 400, "Your credit balance is too low to access the Anthropic API."),
        (Format::Gemini, 429, "google.rpc.QuotaFailure"),
    ] {
        server.script(Script::no_credit());
        let answer = format.ask(server.address(), true).await.expect("a head");
        assert!(answer.status == status && answer.text().contains(words), "{format:?}: {}", answer.text());
    }
}

#[tokio::test]
async fn finish_reasons_are_said_in_the_words_of_the_format() {
    let server = server().await;
    for (format, place, words) in [
        (Format::Chat, "/choices/0/finish_reason", ["stop", "length", "content_filter", ""]),
        (Format::Responses, "/incomplete_details/reason", ["", "max_output_tokens", "content_filter", ""]),
        (Format::Anthropic, "/stop_reason", ["end_turn", "max_tokens", "refusal", ""]),
        (Format::Gemini, "/candidates/0/finishReason", ["STOP", "MAX_TOKENS", "SAFETY", ""]),
    ] {
        for (said, word) in ["stop", "length", "content_filter", ""].into_iter().zip(words) {
            server.script(Script { finish_reason: Some(said.into()), ..Script::text("Yes.") });
            let answer = format.ask(server.address(), false).await.expect("a head");
            let body: Value = serde_json::from_slice(&answer.body).expect("JSON");
            let found = body.pointer(place).and_then(Value::as_str).unwrap_or_default();
            assert_eq!(found, word, "{format:?}: {said:?}: {body}");
        }
    }
}

#[tokio::test]
async fn what_is_not_said_of_usage_is_nowhere() {
    let server = server().await;
    let usage = Counts { input: 77_001, output: 88_002, ..Counts::default() };
    for format in FORMATS {
        for stream in [false, true] {
            let told = Script::text("Yes.").usage(usage);
            server.script(told.clone());
            server.script(Script { no_usage: true, ..told });
            let with = format.ask(server.address(), stream).await.expect("a head").text();
            let without = format.ask(server.address(), stream).await.expect("a head").text();
            // Chat completions count in a stream only for who asks.
            let counted = !(format == Format::Chat && stream);
            assert_eq!(with.contains("77001") && with.contains("88002"), counted, "{format:?}: {with}");
            assert!(!without.contains("77001") && !without.contains("88002"), "{format:?}: {without}");
        }
    }
}

#[tokio::test]
async fn lists_are_in_the_shape_of_the_side_that_is_asked() {
    let server = Practice::start(Options::default()).await.expect("a port");
    let list = async |path: &str, headers: &[(&str, &str)]| -> Value {
        let answer = receive(send(server.address(), "GET", path, headers, b"").await).await.expect("a head");
        serde_json::from_slice(&answer.body).expect("JSON")
    };
    let openai = list("/v1/models", &[]).await;
    assert_eq!((&openai["object"], &openai["data"][0]["object"]), (&json!("list"), &json!("model")));
    let anthropic = list("/v1/models", &[("anthropic-version", "2023-06-01")]).await;
    assert_eq!((&anthropic["has_more"], &anthropic["first_id"]), (&json!(false), &anthropic["data"][0]["id"]));
    let gemini = list("/v1beta/models", &[]).await;
    assert_eq!(
        (&gemini["models"][0]["name"], &gemini["models"][0]["inputTokenLimit"]),
        (&json!("models/gemini-2.5-flash"), &json!(1_048_576))
    );
    server.default_script(Script::status(500).on(Endpoint::Models));
    assert_eq!(list("/v1beta/models", &[]).await["error"]["status"], "INTERNAL");
    assert_eq!(list("/v1/models", &[("anthropic-version", "2023-06-01")]).await["error"]["type"], "api_error");
    assert_eq!(server.chats().len(), 0, "a list is no answer");
}
