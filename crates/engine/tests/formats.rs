//! Every wire format through the whole journey against a server that plays its provider: the same
//! question, the same answer, the same cost, the same codes.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use base64::Engine as _;
use pointsman_core::chat::{Chat, Decimal, Image, Message, Params, Part, ResponseFormat, Role};
use pointsman_core::code::Code;
use pointsman_core::wire::Wire;
use pointsman_engine::reply::Status;
use pointsman_engine::{CallContext, Caller, ChatCall, Envelope, Gateway, Home};
use pointsman_practice::{Company, Counts, Options, Practice, Script};
use serde_json::json;

const PNG: &str = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==";

struct Room {
    _folder: tempfile::TempDir,
    server: Practice,
    gateway: Gateway,
}

/// A provider of each format, named like it, at one practice server; the key is a variable that any test
/// has.
async fn room() -> Room {
    let folder = tempfile::tempdir().unwrap();
    let key = std::env::var("CARGO_MANIFEST_DIR").unwrap();
    let server = Practice::start(Options { key: Some(key), ..Options::default() }).await.unwrap();
    let home = Home::at(Some(folder.path().join("home"))).unwrap();
    let mut providers = String::new();
    let mut models = String::new();
    for wire in Wire::ALL {
        let (name, base) = (wire.name(), base_url(&server, *wire));
        providers += &format!("  {name}: {{ wire: {name}, base_url: '{base}', key: {{ env: CARGO_MANIFEST_DIR }} }}\n");
        models += &format!(
            "  {}: {{ price: {{ input: 1, output: 10, cached_input: 0.1, cache_write: 2 }} }}\n",
            model(*wire)
        );
    }
    let text = format!(
        "version: '1'\nproviders:\n{providers}models:\n{models}retry: {{ delays_s: [] }}\ntimeouts: {{ idle_s: 0.3, first_token_s: 5 }}\n"
    );
    std::fs::write(home.policy_path(), text).unwrap();
    let gateway = Gateway::open(home, Caller::cli()).unwrap();
    Room { _folder: folder, server, gateway }
}

fn base_url(server: &Practice, wire: Wire) -> String {
    match wire {
        Wire::OpenAiChat | Wire::OpenAiResponses | Wire::AnthropicMessages => server.base_url(),
        Wire::Gemini => server.gemini_url(),
    }
}

/// A model that takes all parameters, as the provider's own names say.
fn model(wire: Wire) -> String {
    let name = match wire {
        Wire::OpenAiChat | Wire::OpenAiResponses => "gpt-4o-mini",
        Wire::AnthropicMessages => "claude-sonnet-4-5",
        Wire::Gemini => "gemini-2.5-flash",
    };
    format!("{}/{name}", wire.name())
}

fn text(prompt: &str) -> Chat {
    let messages = vec![Message::text(Role::System, "Be brief."), Message::text(Role::User, prompt)];
    Chat { messages, params: Params { max_tokens: Some(64), ..Params::default() } }
}

impl Room {
    async fn ask(&self, wire: Wire, chat: Chat) -> Envelope {
        let call = ChatCall { chat, model: Some(model(wire)) };
        self.gateway.chat(call, CallContext::quiet("chat_completion")).await
    }

    async fn books_are_right(&self) {
        assert_eq!(self.gateway.audit().await.unwrap(), Vec::<String>::new());
        assert_eq!(self.gateway.overview().await.unwrap().today.held.micros, 0, "nothing stays held");
    }
}

#[tokio::test]
async fn one_question_gets_one_answer_at_one_cost_in_every_format() {
    let room = room().await;
    for wire in Wire::ALL.iter().copied() {
        let counts = Counts { input: 1_000, cached: 400, output: 50, reasoning: 20, ..Counts::default() };
        let script = Script { pings: 1, reasoning: Some("Hm.".into()), ..Script::text("Grüße 👋\n\"you\"") };
        room.server.script(script.usage(counts));
        let got = room.ask(wire, text("Hello")).await;
        assert_eq!(got.status, Status::Success, "{}: {got:?}", wire.name());
        assert_eq!(got.data.unwrap().text, "Grüße 👋\n\"you\"", "{}", wire.name());
        let tokens = got.meta.tokens.expect("counted");
        assert_eq!(
            (tokens.input, tokens.output, tokens.cached, tokens.reasoning),
            (1_000, 50, 400, 20),
            "{}",
            wire.name()
        );
        // 600 × $1 + 400 × $0.10 + 50 × $10 per million
        assert_eq!(got.meta.cost_usd.to_string(), "0.00114", "{}", wire.name());
        assert_eq!(got.meta.finish_reason.as_deref(), Some("stop"), "{}", wire.name());
        let sent = room.server.chats().pop().unwrap();
        let key = std::env::var("CARGO_MANIFEST_DIR").unwrap();
        let header = sent.header(wire.key_header().name()).expect("the key goes where the format wants it");
        assert!(header.ends_with(&key));
        assert!(!String::from_utf8_lossy(&sent.body).contains(&key) && !sent.query.contains(&key), "and nowhere else");
    }
    room.books_are_right().await;
}

#[tokio::test]
async fn what_anthropic_writes_to_its_cache_costs_its_own_price() {
    let room = room().await;
    let counts =
        Counts { input: 1_000, cached: 100, output: 10, cache_write_5m: 200, cache_write_1h: 300, ..Counts::default() };
    room.server.script(Script::text("yes").usage(counts));
    let got = room.ask(Wire::AnthropicMessages, text("Hello")).await;
    // 400 × $1 + 100 × $0.10 + 500 × $2 (an hour's is at least as dear) + 10 × $10 per million
    assert_eq!(got.meta.cost_usd.to_string(), "0.00151", "{got:?}");
    room.books_are_right().await;
}

#[tokio::test]
async fn a_picture_arrives_byte_for_byte_in_every_format() {
    let room = room().await;
    let bytes = base64::engine::general_purpose::STANDARD.decode(PNG).unwrap();
    for wire in Wire::ALL.iter().copied() {
        let mut chat = text("What is it?");
        chat.messages[1].parts.push(Part::Image(Image { media_type: "image/png".into(), base64: PNG.into() }));
        room.server.script(Script::text("A dot."));
        let got = room.ask(wire, chat).await;
        assert_eq!(got.status, Status::Success, "{}: {got:?}", wire.name());
        assert_eq!(room.server.chats().pop().unwrap().pictures(), std::slice::from_ref(&bytes), "{}", wire.name());
    }
}

#[tokio::test]
async fn what_a_format_cannot_take_is_said_and_the_rest_is_sent() {
    let room = room().await;
    let number = |text: &str| Some(Decimal(text.parse().unwrap()));
    for wire in Wire::ALL.iter().copied() {
        let mut chat = text("Hello");
        chat.params.temperature = number("0.5");
        chat.params.stop = vec!["END".into()];
        chat.params.frequency_penalty = number("0.5");
        room.server.script(Script::text("yes"));
        let got = room.ask(wire, chat).await;
        assert_eq!(got.status, Status::Success, "{}: {got:?}", wire.name());
        let said = got.meta.warnings.join(" ");
        let dropped = match wire {
            Wire::OpenAiChat => vec![],
            Wire::OpenAiResponses => vec!["frequency_penalty", "stop"],
            Wire::AnthropicMessages | Wire::Gemini => vec!["frequency_penalty"],
        };
        for name in ["frequency_penalty", "stop", "temperature"] {
            assert_eq!(said.contains(name), dropped.contains(&name), "{} {name}: {said}", wire.name());
        }
    }
}

#[tokio::test]
async fn json_is_given_in_every_format_and_mended_where_it_is_wrong() {
    let room = room().await;
    let schema = json!({
        "type": "object", "properties": { "age": { "type": "integer" } }, "required": ["age"], "additionalProperties": false
    });
    for wire in Wire::ALL.iter().copied() {
        for strict in [true, false] {
            let mut chat = text("How old? In JSON.");
            let format = ResponseFormat::JsonSchema { name: "age".into(), schema: schema.clone(), strict };
            chat.params.response_format = Some(format);
            room.server.script(Script::text("{\"age\": \"three\"}"));
            room.server.script(Script::text("{\"age\": 3}"));
            let got = room.ask(wire, chat).await;
            assert_eq!(got.status, Status::Success, "{} strict {strict}: {got:?}", wire.name());
            assert_eq!(got.data.unwrap().text, "{\"age\": 3}");
            assert_eq!(got.meta.retries, 1, "asked once more");
        }
    }
    room.books_are_right().await;
}

#[tokio::test]
async fn what_a_format_says_of_an_error_in_its_stream_or_of_a_spent_account_has_its_code() {
    let room = room().await;
    for wire in Wire::ALL.iter().copied() {
        // Google says the same of a spent quota and of too many calls in a minute.
        let spent = match wire {
            Wire::OpenAiChat | Wire::OpenAiResponses | Wire::AnthropicMessages => Code::Quota,
            Wire::Gemini => Code::RateLimit,
        };
        // The errors played in a stream are the provider's own: Anthropic's and Google's are of overload.
        let failed = match wire {
            Wire::OpenAiChat | Wire::OpenAiResponses => Code::Provider5xx,
            Wire::AnthropicMessages | Wire::Gemini => Code::Overloaded,
        };
        for (script, code) in
            [(Script::no_credit(), spent), (Script { error_after: Some(1), ..Script::text("one two") }, failed)]
        {
            room.server.script(script);
            let got = room.ask(wire, text("Hello")).await;
            assert_eq!(got.code, Some(code), "{}: {got:?}", wire.name());
            assert!(got.data.is_none(), "half an answer is no answer");
        }
    }
    room.books_are_right().await;
}

#[tokio::test]
async fn each_company_is_sent_only_what_it_takes_and_its_usage_is_counted() {
    let schema = json!({
        "type": "object", "properties": { "age": { "type": "integer" } }, "required": ["age"], "additionalProperties": false
    });
    let object = ResponseFormat::JsonObject;
    let schema = ResponseFormat::JsonSchema { name: "age".into(), schema, strict: true };
    for (id, company, format) in [
        ("openai", Company::OpenAi, &object),
        ("mistral", Company::Mistral, &object),
        ("deepseek", Company::DeepSeek, &object),
        ("deepseek", Company::DeepSeek, &schema),
        ("lmstudio", Company::LmStudio, &object),
        ("lmstudio", Company::LmStudio, &schema),
        ("xai", Company::Xai, &schema),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let server = Practice::start(Options { company, ..Options::default() }).await.unwrap();
        let home = Home::at(Some(folder.path().join("home"))).unwrap();
        let text = format!(
            "version: '1'\nproviders:\n  {id}: {{ base_url: '{}', key: {{ env: CARGO_MANIFEST_DIR }} }}\nmodels:\n  {id}/m: {{ price: {{ input: 1, output: 10 }} }}\nretry: {{ delays_s: [] }}\n",
            server.base_url()
        );
        std::fs::write(home.policy_path(), text).unwrap();
        let gateway = Gateway::open(home, Caller::cli()).unwrap();
        let mut chat = self::text("How old?");
        chat.params.response_format = Some(format.clone());
        chat.params.presence_penalty = Some(Decimal("0.5".parse().unwrap()));
        chat.params.stop = vec!["END".into()];
        server.script(Script::text("{\"age\": 3}").usage(Counts { input: 30, output: 10, ..Counts::default() }));
        let call = ChatCall { chat, model: Some(format!("{id}/m")) };
        let got = gateway.chat(call, CallContext::quiet("chat_completion")).await;
        assert_eq!(got.status, Status::Success, "{id} {format:?}: {got:?}");
        let tokens = got.meta.tokens.expect("counted");
        assert_eq!((tokens.input, tokens.output), (30, 10), "{id}");
        let said = got.meta.warnings.join(" ");
        for name in ["presence_penalty", "stop"] {
            assert_eq!(said.contains(name), company == Company::Xai, "{id}: {said}");
        }
    }
}
