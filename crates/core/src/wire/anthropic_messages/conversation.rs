//! Who says what: system texts beside the messages, blank texts left out (the API refuses them), messages
//! of one role in a row joined, and where the part ends that the provider should keep.
//!
//! Since Opus 4.8 a system text may stand among the messages too, under rules of place; beside them every
//! model takes it.

use serde_json::{Value, json};

use crate::chat::{Chat, Image, Message, Part, PrefixCache, Role};

/// All system texts, wherever they stood, in order, and `shape` after them. One text, or blocks where
/// the beginning is to be kept: the last one carries the mark. A picture cannot stand here.
pub(super) fn system(chat: &Chat, shape: Option<String>, dropped: &mut Vec<String>) -> Option<Value> {
    let parts = || chat.messages.iter().filter(|message| message.role == Role::System).flat_map(|said| &said.parts);
    if parts().any(|part| matches!(part, Part::Image(_))) {
        dropped.push("A picture in a system message was not sent: the provider takes only text there.".to_owned());
    }
    let texts: Vec<&str> = parts().filter_map(written).chain(shape.as_deref()).collect();
    if texts.is_empty() {
        return None;
    }
    let Some(cache) = chat.params.prefix_cache else { return Some(texts.join("\n\n").into()) };
    let mut blocks: Vec<Value> = texts.into_iter().map(text).collect();
    mark(&mut blocks, cache);
    Some(blocks.into())
}

/// The conversation without its system texts. What comes before the last message is what the next call
/// may begin with, so the mark is there.
pub(super) fn messages(chat: &Chat) -> Value {
    let mut turns: Vec<(Role, Vec<Value>)> = Vec::new();
    for message in chat.messages.iter().filter(|message| message.role != Role::System) {
        let blocks = blocks(message);
        if blocks.is_empty() {
            continue;
        }
        match turns.last_mut() {
            Some((role, before)) if *role == message.role => before.extend(blocks),
            Some(_) | None => turns.push((message.role, blocks)),
        }
    }
    if let (Some(cache), [.., (_, blocks), _]) = (chat.params.prefix_cache, turns.as_mut_slice()) {
        mark(blocks, cache);
    }
    turns.into_iter().map(|(role, content)| json!({ "role": role, "content": content })).collect()
}

fn blocks(message: &Message) -> Vec<Value> {
    let block = |part: &Part| match part {
        Part::Text(_) => written(part).map(text),
        Part::Image(image) => Some(picture(image)),
    };
    message.parts.iter().filter_map(block).collect()
}

/// A text that is not blank.
fn written(part: &Part) -> Option<&str> {
    match part {
        Part::Text(text) => Some(text.as_str()).filter(|text| !text.trim().is_empty()),
        Part::Image(_) => None,
    }
}

fn text(text: &str) -> Value {
    json!({ "type": "text", "text": text })
}

fn picture(image: &Image) -> Value {
    json!({
        "type": "image",
        "source": { "type": "base64", "media_type": image.media_type, "data": image.base64 },
    })
}

/// docs.anthropic.com/en/docs/build-with-claude/prompt-caching: a mark keeps everything up to its block.
fn mark(blocks: &mut [Value], cache: PrefixCache) {
    if let Some(Value::Object(last)) = blocks.last_mut() {
        let control = match cache {
            PrefixCache::FiveMinutes => json!({ "type": "ephemeral" }),
            PrefixCache::Hour => json!({ "type": "ephemeral", "ttl": "1h" }),
        };
        last.insert("cache_control".into(), control);
    }
}
