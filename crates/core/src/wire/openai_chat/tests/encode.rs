//! Conversations and the bytes they become.

use serde_json::json;

use crate::chat::{Chat, Decimal, Image, Message, Params, Part, ResponseFormat, Role};
use crate::id::ModelName;
use crate::wire::openai_chat::encode;
use crate::wire::{Dialect, Json};

fn name(model: &str) -> ModelName {
    ModelName::parse(model).expect("a model name")
}

fn chat(messages: Vec<Message>) -> Chat {
    Chat { messages, params: Params { max_tokens: Some(256), ..Params::default() } }
}

fn encoded(chat: &Chat, model: &str, stream: bool) -> String {
    String::from_utf8(encode(Dialect::default(), chat, &name(model), stream).body).expect("JSON is UTF-8")
}

fn number(text: &str) -> Option<Decimal> {
    Some(Decimal(text.parse().expect("a number")))
}

#[test]
fn a_plain_conversation_is_sent_in_its_plainest_form() {
    let chat = chat(vec![
        Message::text(Role::System, "Be brief."),
        Message::text(Role::User, "Grüße \"you\"\n\u{1f44b}"),
        Message { role: Role::Assistant, parts: vec![Part::Text("a".into()), Part::Text("b".into())] },
    ]);
    assert_eq!(
        encoded(&chat, "gpt-4o-mini", false),
        r#"{"model":"gpt-4o-mini","messages":[{"role":"system","content":"Be brief."},{"role":"user","content":"Grüße \"you\"\n👋"},{"role":"assistant","content":"a\nb"}],"max_tokens":256}"#
    );
    let encoded = encode(Dialect::default(), &chat, &name("gpt-4o-mini"), false);
    assert_eq!((encoded.path.as_str(), encoded.streamed), ("/chat/completions", false));
}

#[test]
fn a_stream_asks_for_its_usage() {
    let body = encoded(&chat(vec![Message::text(Role::User, "Hi")]), "gpt-4o-mini", true);
    assert!(body.ends_with(r#""max_tokens":256,"stream":true,"stream_options":{"include_usage":true}}"#), "{body}");
}

#[test]
fn a_picture_goes_byte_for_byte() {
    let base64 = "iVBORw0KGgo+/8B=";
    let image = Part::Image(Image { media_type: "image/png".into(), base64: base64.into() });
    let chat = chat(vec![Message { role: Role::User, parts: vec![Part::Text("What is it?".into()), image] }]);
    let body = encoded(&chat, "gpt-4o", false);
    let content = r#"[{"type":"text","text":"What is it?"},{"type":"image_url","image_url":{"url":"data:image/png;base64,iVBORw0KGgo+/8B="}}]"#;
    assert!(body.contains(content), "{body}");
}

#[test]
fn every_parameter_is_sent_as_it_was_given() {
    let mut chat = chat(vec![Message::text(Role::User, "json")]);
    chat.params = Params {
        max_tokens: Some(7),
        temperature: number("0.2"),
        top_p: number("1"),
        frequency_penalty: number("-1.5"),
        presence_penalty: number("0"),
        stop: vec!["\n".into(), "END".into()],
        response_format: Some(ResponseFormat::JsonSchema {
            name: "answer".into(),
            schema: json!({"type": "object"}),
            strict: true,
        }),
        ..Params::default()
    };
    let body = encoded(&chat, "m", false);
    let params = r#""max_tokens":7,"temperature":0.2,"top_p":1,"frequency_penalty":-1.5,"presence_penalty":0,"stop":["\n","END"],"response_format":{"type":"json_schema","json_schema":{"name":"answer","schema":{"type":"object"},"strict":true}}}"#;
    assert!(body.ends_with(params), "{body}");
    for (format, sent) in
        [(ResponseFormat::Text, r#"{"type":"text"}"#), (ResponseFormat::JsonObject, r#"{"type":"json_object"}"#)]
    {
        chat.params = Params { response_format: Some(format), ..Params::default() };
        assert!(encoded(&chat, "m", false).ends_with(&format!(r#""response_format":{sent}}}"#)));
    }
}

#[test]
fn the_bound_of_the_cost_has_the_name_the_model_takes() {
    let chat = chat(vec![Message::text(Role::User, "Hi")]);
    for model in [
        "o1",
        "o1-pro",
        "o3-mini",
        "o4-mini-2025-04-16",
        "gpt-5",
        "gpt-5-mini",
        "gpt-5.2",
        "gpt-12",
        "ft:gpt-5-mini:me::x",
        "ft:o4-mini-2025-04-16:me::x",
    ] {
        let body = encoded(&chat, model, false);
        assert!(body.contains(r#""max_completion_tokens":256"#) && !body.contains("max_tokens"), "{model}: {body}");
    }
    for model in [
        "gpt-4o",
        "gpt-4.1-nano",
        "gpt-3.5-turbo",
        "gpt-oss-120b",
        "chatgpt-4o-latest",
        "openai/gpt-5-mini",
        "openai/o3",
        "deepseek-reasoner",
        "o",
        "ollama",
        "olmo-2",
        "o1x",
        "llama3.2",
        "gpt-",
        "omni",
    ] {
        let body = encoded(&chat, model, false);
        assert!(body.contains(r#""max_tokens":256"#) && !body.contains("max_completion"), "{model}: {body}");
    }
}

#[test]
fn a_reasoning_model_gets_only_what_it_takes_and_the_rest_is_told() {
    let mut chat = chat(vec![Message::text(Role::User, "Hi")]);
    chat.params = Params {
        temperature: number("0"),
        top_p: number("1"),
        frequency_penalty: number("1"),
        presence_penalty: number("1"),
        stop: vec!["END".into()],
        ..Params::default()
    };
    let settings = ["temperature", "top_p", "frequency_penalty", "presence_penalty", "stop"];
    // platform.openai.com/docs/api-reference/chat/create: `stop` is not taken by o3, o4-mini and later
    for (model, refused) in [
        ("o3", &settings[..]),
        ("o4-mini", &settings[..]),
        ("gpt-5", &settings[..]),
        ("gpt-5.6-luna", &settings[..]),
        ("ft:gpt-5-mini:me::x", &settings[..]),
        ("o1", &settings[..4]),
        ("o3-mini-2025-01-31", &settings[..4]),
        ("gpt-5-chat-latest", &[]),
        ("gpt-4.1", &[]),
        ("openai/gpt-5-mini", &[]),
        ("deepseek-reasoner", &[]),
        ("gpt-oss-120b", &[]),
    ] {
        let encoded = encode(Dialect::default(), &chat, &name(model), false);
        let body = String::from_utf8(encoded.body).expect("UTF-8");
        for setting in settings {
            let sent = body.contains(&format!("\"{setting}\":"));
            assert_eq!(sent, !refused.contains(&setting), "{model}: {body}");
        }
        let told: Vec<_> =
            refused.iter().map(|name| format!("{name} was not sent: {model} does not take it.")).collect();
        assert_eq!(encoded.dropped, told);
    }
}

#[test]
fn the_word_json_is_said_where_json_is_asked_for_and_no_message_says_it() {
    let json = |messages| {
        let mut chat = chat(messages);
        chat.params.response_format = Some(ResponseFormat::JsonObject);
        encoded(&chat, "gpt-4o-mini", false)
    };
    let told = "Answer with one JSON object and nothing else";
    let body = json(vec![Message::text(Role::User, "Give me an age.")]);
    assert!(body.contains(&format!(r#"[{{"role":"system","content":"{told}"#)), "{body}");
    let body = json(vec![Message::text(Role::System, "Be brief."), Message::text(Role::User, "An age.")]);
    assert!(body.contains(&format!(r#"[{{"role":"system","content":"Be brief.\n{told}"#)), "{body}");
    let body = json(vec![Message::text(Role::User, "An age as Json.")]);
    assert!(!body.contains("system"), "it is said already: {body}");
}

#[test]
fn an_object_is_enforced_only_where_the_schema_asks_for_one() {
    let mut chat = chat(vec![Message::text(Role::User, "Ages.")]);
    let dialect = Dialect { json: Json::Object, ..Dialect::default() };
    for (kind, enforced) in [("object", true), ("array", false)] {
        let format = ResponseFormat::JsonSchema { name: "ages".into(), schema: json!({"type": kind}), strict: true };
        chat.params.response_format = Some(format);
        let body = String::from_utf8(encode(dialect, &chat, &name("m"), false).body).expect("UTF-8");
        assert_eq!(body.contains(r#""response_format":{"type":"json_object"}"#), enforced, "{body}");
        assert!(body.contains("matches this JSON Schema") && !body.contains("json_schema"), "{body}");
    }
}
