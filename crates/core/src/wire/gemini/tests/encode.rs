//! Conversations and the bytes they become.

use serde_json::{Value, json};

use crate::chat::{Chat, Decimal, Image, Message, Params, Part, PrefixCache, ResponseFormat, Role};
use crate::id::ModelName;
use crate::wire::gemini::encode;

fn name(model: &str) -> ModelName {
    ModelName::parse(model).expect("a model name")
}

fn chat(messages: Vec<Message>) -> Chat {
    Chat { messages, params: Params { max_tokens: Some(256), ..Params::default() } }
}

fn encoded(chat: &Chat) -> String {
    String::from_utf8(encode(chat, &name("gemini-2.0-flash"), false).body).expect("JSON is UTF-8")
}

fn number(text: &str) -> Option<Decimal> {
    Some(Decimal(text.parse().expect("a number")))
}

#[test]
fn the_system_speaks_apart_and_turns_alternate() {
    let chat = chat(vec![
        Message::text(Role::System, "Be brief."),
        Message::text(Role::User, "Grüße \"you\"\n\u{1f44b}"),
        Message::text(Role::User, "And again."),
        Message { role: Role::Assistant, parts: vec![Part::Text("a".into()), Part::Text("b".into())] },
        Message::text(Role::System, "In German."),
        Message { role: Role::User, parts: vec![] },
        Message::text(Role::User, ""),
        Message::text(Role::Assistant, "c"),
        Message::text(Role::User, "d"),
    ]);
    assert_eq!(
        encoded(&chat),
        r#"{"systemInstruction":{"parts":[{"text":"Be brief."},{"text":"In German."}]},"contents":[{"role":"user","parts":[{"text":"Grüße \"you\"\n👋"},{"text":"And again."}]},{"role":"model","parts":[{"text":"a"},{"text":"b"},{"text":"c"}]},{"role":"user","parts":[{"text":"d"}]}],"generationConfig":{"maxOutputTokens":256}}"#
    );
}

#[test]
fn a_conversation_of_the_system_alone_is_asked_as_the_user() {
    assert_eq!(
        encoded(&chat(vec![Message::text(Role::System, "Say yes.")])),
        r#"{"contents":[{"role":"user","parts":[{"text":"Say yes."}]}],"generationConfig":{"maxOutputTokens":256}}"#
    );
}

#[test]
fn the_address_names_model_and_method_and_a_name_cannot_say_more() {
    let path = |model: &str, stream| encode(&chat(vec![]), &name(model), stream).path;
    assert_eq!(path("gemini-2.5-flash", false), "/models/gemini-2.5-flash:generateContent");
    assert_eq!(path("models/gemini-2.5-flash", true), "/models/gemini-2.5-flash:streamGenerateContent?alt=sse");
    assert_eq!(
        path("../a?x#y:z%2e/ü", false),
        "/models/..%2Fa%3Fx%23y%3Az%252e%2F%C3%BC:generateContent",
        "a name is a name"
    );
    assert!(encode(&chat(vec![]), &name("m"), true).streamed);
}

#[test]
fn a_picture_goes_byte_for_byte() {
    let base64 = "iVBORw0KGgo+/8B=";
    let image = Part::Image(Image { media_type: "image/png".into(), base64: base64.into() });
    let question = Message { role: Role::User, parts: vec![Part::Text("What is it?".into()), image.clone()] };
    let parts = r#"[{"text":"What is it?"},{"inlineData":{"mimeType":"image/png","data":"iVBORw0KGgo+/8B="}}]"#;
    assert!(encoded(&chat(vec![question.clone()])).contains(parts));
    let system = Message { role: Role::System, parts: vec![Part::Text("Look.".into()), image] };
    let encoded = encode(&chat(vec![system, question]), &name("m"), false);
    let body: Value = serde_json::from_slice(&encoded.body).expect("JSON");
    assert_eq!(body["systemInstruction"], json!({ "parts": [{ "text": "Look." }] }));
    assert_eq!(encoded.dropped.len(), 1, "what was left out is said: {:?}", encoded.dropped);
}

#[test]
fn every_parameter_is_sent_as_it_was_given() {
    let mut chat = chat(vec![Message::text(Role::User, "json")]);
    let schema = json!({"type": ["object", "null"], "additionalProperties": false});
    chat.params = Params {
        max_tokens: Some(7),
        temperature: number("0.2"),
        top_p: number("1"),
        frequency_penalty: number("-1.5"),
        presence_penalty: number("0"),
        stop: vec!["\n".into(), "END".into()],
        response_format: Some(ResponseFormat::JsonSchema { name: "answer".into(), schema, strict: true }),
        prefix_cache: Some(PrefixCache::FiveMinutes),
    };
    let config = r#""generationConfig":{"maxOutputTokens":7,"temperature":0.2,"topP":1,"frequencyPenalty":-1.5,"presencePenalty":0,"stopSequences":["\n","END"],"responseMimeType":"application/json","responseJsonSchema":{"type":["object","null"],"additionalProperties":false}}}"#;
    assert!(encoded(&chat).ends_with(config), "{}", encoded(&chat));
    assert_eq!(encode(&chat, &name("m"), false).dropped, Vec::<String>::new());
    for (format, sent) in [(ResponseFormat::Text, "text/plain"), (ResponseFormat::JsonObject, "application/json")] {
        chat.params = Params { response_format: Some(format), ..Params::default() };
        assert!(encoded(&chat).ends_with(&format!(r#""generationConfig":{{"responseMimeType":"{sent}"}}}}"#)));
    }
}

#[test]
fn what_the_format_cannot_take_is_left_out_and_said() {
    let mut chat = chat(vec![Message::text(Role::User, "Hi")]);
    chat.params.stop = ["a", "b", "c", "d", "e", "f"].map(str::to_owned).to_vec();
    chat.params.prefix_cache = Some(PrefixCache::Hour);
    let encoded = encode(&chat, &name("m"), false);
    let body: Value = serde_json::from_slice(&encoded.body).expect("JSON");
    assert_eq!(body["generationConfig"]["stopSequences"], json!(["a", "b", "c", "d", "e"]));
    assert_eq!(encoded.dropped.len(), 2, "{:?}", encoded.dropped);
    assert!(encoded.dropped[0].contains("stop") && encoded.dropped[1].contains("hour"), "{:?}", encoded.dropped);
}

#[test]
fn a_penalty_goes_only_to_a_model_that_takes_it() {
    let mut chat = chat(vec![Message::text(Role::User, "Hi")]);
    chat.params.frequency_penalty = number("0.2");
    chat.params.presence_penalty = number("-0.0");
    for model in ["gemini-2.5-flash", "models/gemini-3-pro-preview", "gemini-20"] {
        let encoded = encode(&chat, &name(model), false);
        let body: Value = serde_json::from_slice(&encoded.body).expect("JSON");
        assert_eq!(body["generationConfig"]["frequencyPenalty"], Value::Null, "{model}");
        assert_eq!(body["generationConfig"]["presencePenalty"], json!(-0.0), "{model}: zero is taken by all");
        assert_eq!(encoded.dropped, [format!("frequency_penalty was not sent: {model} does not take it.")]);
    }
    for model in ["gemini-2.0-flash", "a-server-of-my-own"] {
        let encoded = encode(&chat, &name(model), false);
        let body: Value = serde_json::from_slice(&encoded.body).expect("JSON");
        assert_eq!(body["generationConfig"]["frequencyPenalty"], json!(0.2), "{model}");
        assert_eq!(encoded.dropped, Vec::<String>::new(), "{model}");
    }
}
