//! The usual piece of a stream: one more word of the answer and nothing else. Read without building a
//! tree of values, which for an answer of fifty pieces is most of what decoding costs. Whatever is not
//! exactly that is left to the full reading, so that nothing is known here about errors or counts.

use std::borrow::Cow;

use serde::Deserialize;
use serde::de::IgnoredAny;

/// A piece of text.
pub(super) struct Piece<'d> {
    pub(super) model: Option<Cow<'d, str>>,
    pub(super) text: Cow<'d, str>,
}

/// The text of a piece, where it says no more than that.
pub(super) fn piece(data: &str) -> Option<Piece<'_>> {
    let Chunk { model, choices: [choice], error: None, usage: None, object } = serde_json::from_str(data).ok()? else {
        return None;
    };
    let Choice { index: None | Some(0), delta, finish_reason: None, error: None } = choice else { return None };
    let Delta { content, refusal: None, reasoning: None, reasoning_content: None } = delta else { return None };
    if object.is_some_and(|object| object == "error") {
        return None;
    }
    Some(Piece { model, text: content? })
}

#[derive(Deserialize)]
struct Chunk<'d> {
    #[serde(borrow)]
    model: Option<Cow<'d, str>>,
    #[serde(borrow)]
    choices: [Choice<'d>; 1],
    error: Option<IgnoredAny>,
    usage: Option<IgnoredAny>,
    #[serde(borrow)]
    object: Option<Cow<'d, str>>,
}

#[derive(Deserialize)]
struct Choice<'d> {
    index: Option<u64>,
    #[serde(borrow)]
    delta: Delta<'d>,
    finish_reason: Option<IgnoredAny>,
    error: Option<IgnoredAny>,
}

#[derive(Deserialize)]
struct Delta<'d> {
    #[serde(borrow)]
    content: Option<Cow<'d, str>>,
    refusal: Option<IgnoredAny>,
    reasoning: Option<IgnoredAny>,
    reasoning_content: Option<IgnoredAny>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_piece_of_text_alone_is_read_here() {
        for (data, text) in [
            (
                r#"{"id":"1","object":"chat.completion.chunk","model":"m","choices":[{"index":0,"delta":{"content":" a\n"},"finish_reason":null}],"usage":null}"#,
                Some(" a\n"),
            ),
            (r#"{"choices":[{"delta":{"role":"assistant","content":""}}]}"#, Some("")),
            (r#"{"choices":[{"delta":{"content":"ü"},"logprobs":{"x":[]}}],"new":{"y":1}}"#, Some("ü")),
            (r#"{"choices":[{"delta":{"content":null}}]}"#, None),
            (r#"{"choices":[{"delta":{"content":[{"text":"a"}]}}]}"#, None),
            (r#"{"choices":[{"delta":{"content":"a"},"finish_reason":"stop"}]}"#, None),
            (r#"{"choices":[{"delta":{"content":"a"},"finish_reason":""}]}"#, None),
            (r#"{"choices":[{"index":1,"delta":{"content":"a"}}]}"#, None),
            (r#"{"choices":[{"delta":{"content":"a","reasoning":"b"}}]}"#, None),
            (r#"{"choices":[{"delta":{"content":"a"}},{"delta":{"content":"b"}}]}"#, None),
            (r#"{"choices":[{"delta":{"content":"a"}}],"usage":{"prompt_tokens":1}}"#, None),
            (r#"{"choices":[{"delta":{"content":"a"}}],"error":{"message":"x"}}"#, None),
            (r#"{"choices":[{"delta":{"content":"a"},"error":{"code":502}}]}"#, None),
            (r#"{"object":"error","choices":[{"delta":{"content":"a"}}]}"#, None),
            (r#"{"choices":[]}"#, None),
            ("not JSON", None),
        ] {
            assert_eq!(piece(data).map(|piece| piece.text.into_owned()).as_deref(), text, "{data}");
        }
    }
}
