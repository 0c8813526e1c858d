//! The conversations of the matrix.

use serde_json::json;

use crate::chat::{Chat, Decimal, Image, Message, Params, Part, PrefixCache, ResponseFormat, Role};

use Role::{Assistant, System, User};

/// A PNG of one pixel (w3.org/TR/png): base64 with all its special characters.
pub(super) const PNG: &str =
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

/// Every conversation by its name.
pub(super) fn all() -> Vec<(&'static str, Chat)> {
    vec![
        (
            "plain",
            chat(vec![said(System, "Be brief."), said(User, "Hi"), said(Assistant, "Hello."), said(User, "Bye")]),
        ),
        (
            "system_in_the_middle",
            chat(vec![
                said(User, "Hi"),
                said(System, "Be brief."),
                said(User, "Are you there?"),
                said(System, "Rhyme."),
            ]),
        ),
        ("several_texts", chat(vec![parts(User, vec![text("One."), text("Two.\n"), text("Three.")])])),
        ("image", chat(vec![parts(User, vec![image("image/png", PNG)])])),
        (
            "image_and_text",
            chat(vec![
                parts(
                    User,
                    vec![text("This"), image("image/png", PNG), text("and this?"), image("image/jpeg", "/9j/")],
                ),
                said(Assistant, "Two pictures."),
                said(User, "Sure?"),
            ]),
        ),
        ("all_parameters", with(all_parameters())),
        ("cool", with(Params { temperature: number("0.2"), ..Params::default() })),
        ("json_object", with(shaped(ResponseFormat::JsonObject))),
        ("json_schema_strict", with(shaped(schema(true)))),
        ("json_schema_loose", with(shaped(schema(false)))),
        ("text_format", with(shaped(ResponseFormat::Text))),
        ("stop_list", with(Params { stop: vec!["END".into(), "\n".into(), "</a>".into()], ..Params::default() })),
        ("kept_five_minutes", kept(PrefixCache::FiveMinutes)),
        ("kept_an_hour", kept(PrefixCache::Hour)),
        (
            "unicode",
            chat(vec![
                said(System, "Grüße „so“"),
                said(User, "👩‍👩‍👧 שלום \u{202e}x\u{202c} \u{2028}\u{0}\u{1b}\"\\ 𝕏 日本語\r\n\tend"),
            ]),
        ),
        (
            "empty_parts",
            chat(vec![
                said(System, ""),
                parts(User, vec![text(""), text(" \n"), text("Hi")]),
                said(Assistant, ""),
                parts(User, vec![]),
                said(User, " Still there? "),
            ]),
        ),
        ("long", long()),
    ]
}

fn chat(messages: Vec<Message>) -> Chat {
    Chat { messages, params: Params { max_tokens: Some(256), ..Params::default() } }
}

fn with(params: Params) -> Chat {
    let messages = vec![said(System, "Answer as JSON."), said(User, "Name a colour.")];
    Chat { messages, params: Params { max_tokens: Some(256), ..params } }
}

fn said(role: Role, text: &str) -> Message {
    Message::text(role, text)
}

fn parts(role: Role, parts: Vec<Part>) -> Message {
    Message { role, parts }
}

fn text(text: &str) -> Part {
    Part::Text(text.into())
}

fn image(media_type: &str, base64: &str) -> Part {
    Part::Image(Image { media_type: media_type.into(), base64: base64.into() })
}

fn number(text: &str) -> Option<Decimal> {
    Some(Decimal(text.parse().expect("a number")))
}

fn all_parameters() -> Params {
    Params {
        max_tokens: None,
        temperature: number("1.3"),
        top_p: number("0.9"),
        frequency_penalty: number("-1.5"),
        presence_penalty: number("0.5"),
        stop: vec!["END".into()],
        response_format: Some(schema(true)),
        prefix_cache: Some(PrefixCache::FiveMinutes),
    }
}

fn shaped(format: ResponseFormat) -> Params {
    Params { response_format: Some(format), ..Params::default() }
}

fn schema(strict: bool) -> ResponseFormat {
    let schema = json!({
        "type": "object",
        "properties": { "name": { "type": "string" }, "hex": { "type": "string" } },
        "required": ["name", "hex"],
        "additionalProperties": false,
    });
    ResponseFormat::JsonSchema { name: "colour".into(), schema, strict }
}

fn kept(cache: PrefixCache) -> Chat {
    let mut chat = chat(vec![
        said(System, "Be brief."),
        said(System, "Know this: …"),
        said(User, "Hi"),
        said(Assistant, "Hello."),
        said(User, "Bye"),
    ]);
    chat.params.prefix_cache = Some(cache);
    chat
}

fn long() -> Chat {
    let turn = |nth: usize| match nth % 2 {
        0 => said(User, &format!("Question {nth}: {}", "why? ".repeat(20))),
        _ => said(Assistant, &format!("Answer {nth}: {}", "because. ".repeat(20))),
    };
    chat((0..21).map(turn).collect())
}
