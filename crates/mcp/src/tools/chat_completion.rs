//! `chat_completion`: a conversation, answered by the model the caller names or the person's default.

use std::sync::{Arc, LazyLock};

use pointsman_core::chat::{Chat, Decimal, Image, Message, Params, Part, ResponseFormat, Role};
use pointsman_core::code::{Code, Denial};
use pointsman_engine::{Ask, ChatCall};
use rmcp::model::{CallToolResult, JsonObject, Tool};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Number, Value};

use super::{Nature, ToolNotes, described, envelope, schema_of, tool};
use crate::calling::{Calling, Pieces};
use crate::{arguments, reply};

const DESCRIPTION: &str = "Asks one model and returns its answer with the exact cost. Use it when you know which \
model should answer, or for several messages, images or a JSON answer; else use llm_route. Nothing is sent that could \
pass the person's spend caps. `model` is one of the ids below; without it the person's default answers. With isError, \
`code` says why: unknown_model names the nearest id; most others need the person.";

/// What a call may say.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Arguments {
    /// Oldest first.
    #[schemars(length(min = 1))]
    messages: Vec<MessageArgument>,
    /// `provider/model`.
    model: Option<String>,
    #[schemars(range(min = 0, max = 2))]
    temperature: Option<Number>,
    /// The longest answer (default 4096).
    #[schemars(range(min = 1))]
    max_tokens: Option<u64>,
    #[schemars(range(min = 0, max = 1))]
    top_p: Option<Number>,
    #[schemars(range(min = -2, max = 2))]
    frequency_penalty: Option<Number>,
    #[schemars(range(min = -2, max = 2))]
    presence_penalty: Option<Number>,
    stop: Option<Stop>,
    response_format: Option<Format>,
    /// Also send it in pieces, as progress.
    stream: Option<bool>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct MessageArgument {
    role: Role_,
    content: Content,
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Role_ {
    System,
    User,
    Assistant,
}

#[derive(Deserialize, JsonSchema)]
#[serde(untagged)]
enum Content {
    Text(String),
    Parts(#[schemars(length(min = 1))] Vec<PartArgument>),
}

// One object for all kinds: half the length of three in the schema each caller reads.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct PartArgument {
    r#type: PartKind,
    text: Option<String>,
    image_url: Option<ImageUrl>,
    /// Of an image, in base64.
    data: Option<String>,
    #[serde(rename = "mimeType")]
    mime_type: Option<String>,
}

#[derive(Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum PartKind {
    Text,
    ImageUrl,
    Image,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ImageUrl {
    /// A data: URL.
    url: String,
}

#[derive(Deserialize, JsonSchema)]
#[serde(untagged)]
enum Stop {
    One(String),
    Some(#[schemars(length(max = 4))] Vec<String>),
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Format {
    r#type: FormatKind,
    json_schema: Option<NamedSchema>,
}

#[derive(Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum FormatKind {
    Text,
    JsonObject,
    JsonSchema,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct NamedSchema {
    name: String,
    #[schemars(with = "serde_json::Map<String, Value>")]
    schema: Value,
    strict: Option<bool>,
}

static SCHEMA: LazyLock<Arc<JsonObject>> = LazyLock::new(schema_of::<Arguments>);

pub(super) fn definition(notes: &ToolNotes) -> Tool {
    let description = described(DESCRIPTION, "Models:", &notes.models);
    let mut tool = tool("chat_completion", "Ask a model", description, Nature::Asks);
    tool.input_schema = Arc::clone(&SCHEMA);
    tool.with_raw_output_schema(envelope::schema())
}

pub(super) async fn call(mut calling: Calling<'_>) -> CallToolResult {
    let read = arguments::read(calling.arguments.take(), &SCHEMA).and_then(into_call);
    let (call, pieces) = match read {
        Ok(read) => read,
        Err(denial) => return reply::refused(&denial),
    };
    reply::answered(calling.drive("chat_completion", pieces, Ask::Chat(call)).await)
}

fn into_call(arguments: Arguments) -> Result<(ChatCall, Pieces), Denial> {
    let pieces = if arguments.stream == Some(true) { Pieces::Told } else { Pieces::Counted };
    let mut messages = Vec::with_capacity(arguments.messages.len());
    for (index, message) in arguments.messages.into_iter().enumerate() {
        messages.push(into_message(message, index)?);
    }
    let stop = match arguments.stop {
        None => Vec::new(),
        Some(Stop::One(text)) => vec![text],
        Some(Stop::Some(texts)) => texts,
    };
    let params = Params {
        max_tokens: arguments.max_tokens,
        temperature: arguments.temperature.map(Decimal),
        top_p: arguments.top_p.map(Decimal),
        frequency_penalty: arguments.frequency_penalty.map(Decimal),
        presence_penalty: arguments.presence_penalty.map(Decimal),
        stop,
        response_format: arguments.response_format.map(into_format).transpose()?,
            prefix_cache: None,
        };
    Ok((ChatCall { chat: Chat { messages, params }, model: arguments.model }, pieces))
}

fn into_message(message: MessageArgument, index: usize) -> Result<Message, Denial> {
    let role = match message.role {
        Role_::System => Role::System,
        Role_::User => Role::User,
        Role_::Assistant => Role::Assistant,
    };
    let parts = match message.content {
        Content::Text(text) => vec![Part::Text(text)],
        Content::Parts(parts) => parts
            .into_iter()
            .enumerate()
            .map(|(part, argument)| into_part(argument, &format!("messages[{index}].content[{part}]")))
            .collect::<Result<_, _>>()?,
    };
    Ok(Message { role, parts })
}

fn into_format(format: Format) -> Result<ResponseFormat, Denial> {
    match (format.r#type, format.json_schema) {
        (FormatKind::Text, None) => Ok(ResponseFormat::Text),
        (FormatKind::JsonObject, None) => Ok(ResponseFormat::JsonObject),
        (FormatKind::JsonSchema, Some(NamedSchema { name, schema, strict })) => {
            Ok(ResponseFormat::JsonSchema { name, schema, strict: strict.unwrap_or(false) })
        }
        (FormatKind::JsonSchema, None) => Err(refused("response_format.json_schema is missing.".to_owned())),
        (FormatKind::Text | FormatKind::JsonObject, Some(_)) => {
            Err(refused("response_format.json_schema goes with the type json_schema.".to_owned()))
        }
    }
}

fn into_part(part: PartArgument, place: &str) -> Result<Part, Denial> {
    let PartArgument { r#type, text, image_url, data, mime_type } = part;
    match (r#type, text, image_url, data, mime_type) {
        (PartKind::Text, Some(text), None, None, None) => Ok(Part::Text(text)),
        (PartKind::Image, None, None, Some(data), Some(media_type)) => image(media_type, data, place),
        (PartKind::ImageUrl, None, Some(ImageUrl { url }), None, None) => from_url(&url, place),
        (PartKind::Text, ..) => Err(refused(format!("{place} needs text, and nothing else, to be a text."))),
        (PartKind::Image, ..) => {
            Err(refused(format!("{place} needs data and mimeType, and nothing else, to be an image.")))
        }
        (PartKind::ImageUrl, ..) => {
            Err(refused(format!("{place} needs image_url, and nothing else, to be an image_url.")))
        }
    }
}

fn from_url(url: &str, place: &str) -> Result<Part, Denial> {
    let Some((head, data)) = url.strip_prefix("data:").and_then(|rest| rest.split_once(',')) else {
        return Err(refused(format!(
            "{place}.image_url.url must be a data: URL. Pointsman does not fetch pictures from addresses; send the \
             picture itself."
        )));
    };
    let Some(media_type) = head.strip_suffix(";base64") else {
        return Err(refused(format!("{place}.image_url.url must be in base64: data:image/png;base64,…")));
    };
    image(media_type.to_owned(), data.to_owned(), place)
}

/// A picture as it is passed on. Its bytes stay unchanged; only its form is looked at.
fn image(media_type: String, base64: String, place: &str) -> Result<Part, Denial> {
    if !["image/png", "image/jpeg", "image/webp", "image/gif"].contains(&media_type.as_str()) {
        let shown: String = media_type.chars().take(80).collect();
        return Err(refused(format!(
            "{place} is of the type {shown:?}. Pictures can be image/png, image/jpeg, image/webp or image/gif."
        )));
    }
    let plain = base64.trim_end_matches('=');
    if plain.is_empty() || !plain.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/')) {
        return Err(refused(format!("{place} is not a picture in base64.")));
    }
    Ok(Part::Image(Image { media_type, base64 }))
}

fn refused(sentence: String) -> Denial {
    Denial::new(Code::InvalidRequest, sentence)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(arguments: Value) -> Result<(ChatCall, Pieces), Denial> {
        arguments::read(arguments, &SCHEMA).and_then(into_call)
    }

    fn sentence(arguments: Value) -> String {
        match read(arguments) {
            Ok(_) => panic!("read without a problem"),
            Err(denial) => {
                assert_eq!(denial.code, Code::InvalidRequest);
                denial.sentence
            }
        }
    }

    #[test]
    fn a_full_call_is_read_digit_for_digit() {
        let (call, pieces) = read(json!({
            "messages": [
                { "role": "system", "content": "short" },
                { "role": "user", "content": [
                    { "type": "text", "text": "what is it" },
                    { "type": "image_url", "image_url": { "url": "data:image/png;base64,iVBORw0=" } },
                    { "type": "image", "data": "/9j/4AAQ", "mimeType": "image/jpeg" }
                ] }
            ],
            "model": "openai/gpt-5-mini", "temperature": 0.7, "max_tokens": 50, "top_p": 1, "stop": "END",
            "response_format": { "type": "json_schema", "json_schema": { "name": "x", "schema": { "type": "object" } } },
            "frequency_penalty": -1.5, "presence_penalty": null, "stream": true
        }))
        .unwrap();
        assert_eq!(pieces, Pieces::Told);
        assert_eq!(call.model.as_deref(), Some("openai/gpt-5-mini"));
        assert_eq!(call.chat.messages[1].parts.len(), 3);
        assert_eq!(
            call.chat.messages[1].parts[1],
            Part::Image(Image { media_type: "image/png".into(), base64: "iVBORw0=".into() })
        );
        let params = call.chat.params;
        assert_eq!(serde_json::to_value(&params.temperature).unwrap(), json!(0.7));
        assert_eq!((params.max_tokens, params.stop), (Some(50), vec!["END".to_owned()]));
        assert_eq!(params.presence_penalty, None, "null is the same as absent");
        assert_eq!(
            params.response_format,
            Some(ResponseFormat::JsonSchema { name: "x".into(), schema: json!({ "type": "object" }), strict: false })
        );
    }

    #[test]
    fn what_is_wrong_is_named_with_its_place_and_all_at_once() {
        let hello = json!([{ "role": "user", "content": "hi" }]);
        for (arguments, expected) in [
            (json!({}), "messages is missing."),
            (json!("hi"), "arguments must be an object, not the text \"hi\"."),
            (json!({ "messages": [] }), "messages is an empty list."),
            (
                json!({ "messages": hello, "temprature": 1 }),
                "There is no argument \"temprature\". Did you mean temperature?",
            ),
            (json!({ "messages": hello, "temperature": 3 }), "temperature must be from 0 to 2, not 3."),
            (json!({ "messages": hello, "max_tokens": "5" }), "max_tokens must be a whole number, not the text \"5\"."),
            (json!({ "messages": hello, "max_tokens": 0 }), "max_tokens must be at least 1, not 0."),
            (
                json!({ "messages": [{ "role": "usr", "content": "hi" }] }),
                "messages[0].role cannot be \"usr\". Did you mean user?",
            ),
            (json!({ "messages": [{ "role": "user" }] }), "messages[0].content is missing."),
            (
                json!({ "messages": [{ "role": "user", "content": 5 }] }),
                "messages[0].content must be text or a list, not 5.",
            ),
            (
                json!({ "messages": [{ "role": "user", "content": [{ "type": "txt", "text": "hi" }] }] }),
                "messages[0].content[0].type cannot be \"txt\". Did you mean text?",
            ),
            (
                json!({ "messages": [{ "role": "user", "content": [{ "text": "hi" }] }] }),
                "messages[0].content[0].type is missing.",
            ),
            (
                json!({ "messages": [{ "role": "user", "content": [{ "type": "text", "data": "hi" }] }] }),
                "messages[0].content[0] needs text, and nothing else, to be a text.",
            ),
            (
                json!({ "messages": hello, "response_format": { "type": "json_schema" } }),
                "response_format.json_schema is missing.",
            ),
            (
                json!({ "messages": hello, "response_format": { "type": "json" } }),
                "response_format.type cannot be \"json\". It is one of text, json_object, json_schema.",
            ),
            (
                json!({ "messages": [{ "role": "user", "content": [
                    { "type": "image", "data": "AAAA", "mimeType": "image/bmp" }] }] }),
                "messages[0].content[0] is of the type \"image/bmp\". Pictures can be image/png, image/jpeg, image/webp \
                 or image/gif.",
            ),
            (
                json!({ "messages": [{ "role": "user", "content": [
                    { "type": "image_url", "image_url": { "url": "https://example.com/a.png" } }] }] }),
                "messages[0].content[0].image_url.url must be a data: URL. Pointsman does not fetch pictures from \
                 addresses; send the picture itself.",
            ),
        ] {
            assert_eq!(sentence(arguments), expected);
        }
        let all = sentence(json!({ "messages": hello, "top_p": 2, "stop": 5, "n": 3 }));
        for part in ["top_p must be from 0 to 1", "stop must be text or a list", "There is no argument \"n\""] {
            assert!(all.contains(part), "{all}");
        }
    }
}
