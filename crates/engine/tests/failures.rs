//! Every way an attempt can fail, in all four formats, through the whole gateway against a server that plays
//! the provider: one code each, whether it is tried again or elsewhere, what it is charged, and the provider's
//! own words without the key. Acceptance 15.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use pointsman_core::chat::{Chat, Message, Params, Role};
use pointsman_core::code::Code;
use pointsman_core::wire::Wire;
use pointsman_engine::reply::Status;
use pointsman_engine::{CallContext, Caller, ChatCall, Envelope, Gateway, Home, RouteCall};
use pointsman_practice::{Options, Practice, Script};
use serde_json::{Value, json};

/// A variable that every test has; its value is the key, which must never be seen again.
const KEY: &str = "CARGO_MANIFEST_DIR";

struct Room {
    _folder: tempfile::TempDir,
    /// Plays the provider of each format.
    server: Practice,
    /// Plays the provider that is next.
    next: Practice,
    gateway: Gateway,
}

/// For each format a provider of its name and a class of its name, with a fallback. One retry. The fallback is
/// of a higher tier, so that no model steps back behind it, however often it fails.
async fn room(base: impl Fn(&Practice, Wire) -> String) -> Room {
    let folder = tempfile::tempdir().unwrap();
    let key = std::env::var(KEY).unwrap();
    let server = Practice::start(Options { key: Some(key), ..Options::default() }).await.unwrap();
    let next = Practice::start(Options::default()).await.unwrap();
    let home = Home::at(Some(folder.path().join("home"))).unwrap();
    let (mut classes, mut fallbacks, mut providers, mut models) =
        (String::new(), String::new(), String::new(), String::new());
    for wire in Wire::ALL.iter().copied() {
        let (name, base) = (wire.name(), base(&server, wire));
        classes += &format!("  {name}: {{ provider: {name}, model: practice, max_tokens: 50 }}\n");
        fallbacks += &format!("  {name}: [{{ provider: next, model: practice }}]\n");
        let proxy = if base.starts_with("https") { ", proxy: none" } else { "" };
        providers += &format!("  {name}: {{ wire: {name}, base_url: '{base}', key: {{ env: {KEY} }}{proxy} }}\n");
        models += &format!("  {name}/practice: {{ price: {{ input: 1, output: 10 }} }}\n");
    }
    let text = format!(
        "version: '1'\ndefaults:\n{classes}fallback:\n{fallbacks}providers:\n{providers}  next: {{ base_url: '{}', local: true }}\n\
         models:\n  next/practice: {{ tier: L3 }}\n{models}retry: {{ delays_s: [0.001], jitter: 0 }}\nbreaker: {{ failures: 1000 }}\n\
         timeouts: {{ idle_s: 0.5, first_token_s: 5, connect_s: 5 }}\n",
        next.base_url()
    );
    std::fs::write(home.policy_path(), text).unwrap();
    let gateway = Gateway::open(home, Caller::cli()).unwrap();
    Room { _folder: folder, server, next, gateway }
}

fn base_url(server: &Practice, wire: Wire) -> String {
    match wire {
        Wire::OpenAiChat | Wire::OpenAiResponses | Wire::AnthropicMessages => server.base_url(),
        Wire::Gemini => server.gemini_url(),
    }
}

/// What a failure leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Then {
    /// The same again, and then the next.
    Again,
    /// The next; never the same again.
    Next,
    /// Nothing: no model would take it.
    Stop,
}

/// What a failed attempt is charged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cost {
    Nothing,
    Assumed,
    Measured,
}

struct Row {
    what: &'static str,
    script: Script,
    code: Code,
    then: Then,
    cost: Cost,
    /// Whether the provider had words for it, which are kept.
    worded: bool,
}

impl Row {
    /// Where only the end mark is missing, some formats have counted before it.
    fn cost_in(&self, wire: Wire) -> Cost {
        match (self.what, wire) {
            (UNMARKED, Wire::OpenAiChat | Wire::AnthropicMessages) => Cost::Measured,
            _ => self.cost,
        }
    }
}

const UNMARKED: &str = "a stream without its end";

fn row(what: &'static str, script: Script, code: Code, then: Then, cost: Cost) -> Row {
    Row { what, script, code, then, cost, worded: false }
}

/// An error in the provider's own words, the key among them.
fn worded(status: u16, more: Value, code: Code, then: Then, cost: Cost) -> Row {
    let mut error = json!({ "message": format!("practice words, key {} here", std::env::var(KEY).unwrap()) });
    if let (Some(error), Value::Object(more)) = (error.as_object_mut(), more) {
        error.extend(more);
    }
    let script = Script { error: Some(error), ..Script::status(status) };
    Row { what: "an error with words", script, code, then, cost, worded: true }
}

fn rows() -> Vec<Row> {
    use Cost::{Assumed, Measured, Nothing};
    use Then::{Again, Next, Stop};
    let plain = || json!({});
    let moderated = json!({ "code": 403, "metadata": { "reasons": ["violence"], "flagged_input": "…" } });
    let spent = json!({ "type": "insufficient_quota", "code": "insufficient_quota" });
    vec![
        worded(400, plain(), Code::InvalidRequest, Stop, Nothing),
        worded(401, plain(), Code::Auth, Next, Nothing),
        worded(402, plain(), Code::Quota, Next, Nothing),
        worded(403, plain(), Code::Auth, Next, Nothing),
        worded(403, moderated, Code::ContentFilter, Next, Nothing),
        worded(404, plain(), Code::UnknownModel, Next, Nothing),
        worded(408, plain(), Code::Timeout, Next, Assumed),
        worded(413, plain(), Code::ContextTooLong, Next, Nothing),
        worded(422, plain(), Code::InvalidRequest, Stop, Nothing),
        worded(429, plain(), Code::RateLimit, Again, Nothing),
        worded(429, spent, Code::Quota, Next, Nothing),
        worded(500, plain(), Code::Provider5xx, Again, Nothing),
        worded(502, plain(), Code::Provider5xx, Again, Nothing),
        worded(503, plain(), Code::Overloaded, Again, Nothing),
        worded(504, plain(), Code::Provider5xx, Again, Nothing),
        worded(529, plain(), Code::Overloaded, Again, Nothing),
        row("a hang-up", Script::hang_up(), Code::Network, Next, Assumed),
        row("a reset", Script { reset: true, ..Script::hang_up() }, Code::Network, Next, Assumed),
        row("a cut body", Script { cut_after_bytes: Some(5), ..Script::invalid_json() }, Code::Network, Next, Assumed),
        row("a cut stream", Script::cut(1), Code::Network, Next, Assumed),
        row("a reset stream", Script { reset: true, ..Script::cut(1) }, Code::Network, Next, Assumed),
        row(UNMARKED, Script { no_done: true, ..Script::text("half") }, Code::Network, Next, Assumed),
        row(
            "a malformed piece",
            Script { malformed_after: Some(1), ..Script::text("a b") },
            Code::BadResponse,
            Next,
            Assumed,
        ),
        row("a stall", Script { stall_after: Some(1), ..Script::text("one two") }, Code::Timeout, Next, Assumed),
        row("invalid JSON", Script::invalid_json(), Code::BadResponse, Next, Assumed),
        row("a web page", Script::html(200), Code::BadResponse, Next, Assumed),
        row("a web page with a status", Script::html(503), Code::Overloaded, Again, Nothing),
        row("a web page with 403", Script::html(403), Code::Auth, Next, Nothing),
        row("a redirect", Script::redirect("https://elsewhere.invalid/"), Code::BadResponse, Next, Assumed),
        row("an empty answer", Script::text(""), Code::BadResponse, Next, Measured),
    ]
}

impl Room {
    /// The model by its name: what its failure is for the caller.
    async fn alone(&self, wire: Wire) -> Envelope {
        let chat = Chat {
            messages: vec![Message::text(Role::User, "hello")],
            params: Params { max_tokens: Some(50), ..Params::default() },
        };
        let call = ChatCall { chat, model: Some(format!("{}/practice", wire.name())) };
        self.gateway.chat(call, CallContext::quiet("chat_completion")).await
    }

    /// By a class that has a fallback.
    async fn with_fallback(&self, wire: Wire) -> Envelope {
        let call = RouteCall { task_class: wire.name().into(), prompt: "hello".into(), ..RouteCall::default() };
        self.gateway.route(call, CallContext::quiet("llm_route")).await
    }

    async fn books_are_right(&self) {
        assert_eq!(self.gateway.audit().await.unwrap(), Vec::<String>::new());
        assert_eq!(self.gateway.overview().await.unwrap().today.held.micros, 0, "nothing stays held");
    }

    /// The key is nowhere in what was written or said.
    fn key_is_nowhere(&self, said: &[String]) {
        let key = std::env::var(KEY).unwrap();
        for text in said {
            assert!(!text.contains(&key), "{text}");
        }
        let home = self.gateway.home().path();
        for file in std::fs::read_dir(home).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_file()) {
            let bytes = std::fs::read(&file).unwrap();
            let found = bytes.windows(key.len()).any(|part| part == key.as_bytes());
            assert!(!found, "{}", file.display());
        }
    }
}

fn cost_of(got: &Envelope) -> Cost {
    match (got.meta.cost_usd.to_string().as_str(), got.meta.cost_assumed) {
        ("0", false) => Cost::Nothing,
        (_, true) => Cost::Assumed,
        (_, false) => Cost::Measured,
    }
}

#[tokio::test]
async fn every_failure_has_one_code_one_consequence_and_one_cost_in_every_format() {
    let room = room(base_url).await;
    let mut said = Vec::new();
    for row in rows() {
        for wire in Wire::ALL.iter().copied() {
            let (what, name) = (format!("{} {:?}", row.what, row.script.status), wire.name());
            let sends = || room.server.chats().len();
            let before = sends();
            room.server.default_script(row.script.clone());
            let got = room.alone(wire).await;
            assert_eq!(got.code, Some(row.code), "{what} in {name}: {got:?}");
            assert!(got.data.is_none(), "half an answer is no answer: {got:?}");
            let times = if row.then == Then::Again { 2 } else { 1 };
            assert_eq!(sends() - before, times, "{what} in {name}");
            let cost = row.cost_in(wire);
            assert_eq!(cost_of(&got), cost, "{what} in {name}: {got:?}");
            let sentence = got.error.clone().unwrap_or_default();
            assert!(!row.worded || sentence.contains("practice words, key "), "{what} in {name}: {sentence}");
            said.push(format!("{got:?}"));

            let (before, next_before) = (sends(), room.next.chats().len());
            let got = room.with_fallback(wire).await;
            assert_eq!(sends() - before, times, "{what} in {name}");
            let next = room.next.chats().len() - next_before;
            if row.then == Then::Stop {
                assert_eq!((got.code, next), (Some(row.code), 0), "{what} in {name}: {got:?}");
            } else {
                assert_eq!((got.status, next), (Status::Success, 1), "{what} in {name}: {got:?}");
                assert_eq!(got.meta.provider.as_deref(), Some("next"));
                assert_eq!(got.meta.cost_assumed, cost == Cost::Assumed, "{what} in {name}: {got:?}");
            }
            said.push(format!("{got:?}"));
        }
    }
    room.books_are_right().await;
    room.key_is_nowhere(&said);
}

/// The failures before a byte has left: tried again, and charged nothing.
#[tokio::test]
async fn a_provider_that_cannot_be_reached_costs_nothing_and_is_tried_again_in_every_format() {
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    for base in ["https://practice.invalid/v1".to_owned(), format!("http://{nobody}/v1")] {
        let room = room(|_, _| base.clone()).await;
        for wire in Wire::ALL.iter().copied() {
            let got = room.alone(wire).await;
            assert_eq!((got.code, cost_of(&got)), (Some(Code::Network), Cost::Nothing), "{base}: {got:?}");
            assert_eq!(got.meta.retries, 1, "{base}: {got:?}");
            let host = base.split("//").nth(1).unwrap().trim_end_matches("/v1");
            assert!(got.error.as_ref().unwrap().contains(host), "it says who could not be reached: {got:?}");
            let got = room.with_fallback(wire).await;
            assert_eq!((got.status, got.meta.retries), (Status::Success, 2), "{base}: {got:?}");
        }
        room.books_are_right().await;
    }
}

/// An error that comes inside an answer, in a stream that has begun well or instead of one.
#[tokio::test]
async fn an_error_inside_an_answer_is_one_with_its_words_and_without_the_key() {
    let room = room(base_url).await;
    let key = std::env::var(KEY).unwrap();
    let mut said = Vec::new();
    for wire in Wire::ALL.iter().copied() {
        // The quote of the words is cut in the middle of the key.
        for filler in [0, 280] {
            let message = format!("{}practice words, key {key}", "x".repeat(filler));
            let error = json!({ "error": { "message": message, "type": "server_error", "code": 503 } });
            let body = Script { body: Some(error.to_string()), ..Script::default() };
            let event = Script {
                body: Some(format!("event: error\ndata: {error}\n\n")),
                content_type: Some("text/event-stream".into()),
                ..Script::default()
            };
            for script in [body, event] {
                room.server.default_script(script.clone());
                let got = room.alone(wire).await;
                let name = wire.name();
                assert_eq!(got.status, Status::Error, "{script:?} in {name}: {got:?}");
                let sentence = got.error.clone().unwrap();
                assert!(filler > 0 || sentence.contains("practice words"), "{name}: {sentence}");
                assert!(!sentence.contains(&key[..key.len() / 2]), "a part of the key in {name}: {sentence}");
                said.push(format!("{got:?}"));
            }
        }
    }
    room.books_are_right().await;
    room.key_is_nowhere(&said);
}
