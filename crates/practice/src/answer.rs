//! What a practice server says without a script: a short answer made from the prompt alone, so that
//! the same prompt always gets the same answer, and a usage that fits it. It says that it is practice.

use serde_json::{Map, Value, json};

use crate::asked::{Asked, Shape};
use crate::script::Counts;

/// Why an answer ended. Each format has its own word for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Finish {
    /// It was done.
    Stop,
    /// One of the request's stop sequences came up.
    Sequence(String),
    /// The most tokens were said.
    Length,
    /// Something was not to be said.
    Filter,
    /// Exactly this word, in every format.
    Word(String),
}

impl Finish {
    /// What a script means with a word: the words of chat completions are translated, others are sent
    /// as they are.
    pub(crate) fn scripted(word: &str) -> Self {
        match word {
            "stop" => Self::Stop,
            "length" => Self::Length,
            "content_filter" => Self::Filter,
            other => Self::Word(other.to_owned()),
        }
    }
}

/// The text and why it ends.
pub(crate) fn answer(asked: &Asked) -> (String, Finish) {
    let text = match &asked.json {
        Shape::Text => prose(asked),
        Shape::Object => json!({ "practice": true, "answer": prose(asked) }).to_string(),
        Shape::Schema(schema) => example(schema, 0).to_string(),
    };
    let stopped = asked.stop.iter().filter_map(|stop| Some((text.find(stop.as_str())?, stop))).min();
    let (text, finish) = match stopped {
        Some((at, stop)) => (&text[..at], Finish::Sequence(stop.clone())),
        None => (text.as_str(), Finish::Stop),
    };
    let room = asked.max_tokens.and_then(|most| usize::try_from(most.saturating_mul(4)).ok()).unwrap_or(usize::MAX);
    if text.len() <= room {
        return (text.to_owned(), finish);
    }
    (text[..text.floor_char_boundary(room)].to_owned(), Finish::Length)
}

/// The usage of this prompt and this answer: four bytes a token, a few for each message, a flat count
/// for a picture.
pub(crate) fn usage(asked: &Asked, text: &str) -> Counts {
    let texts: u64 = asked.texts.iter().map(|(_, text)| tokens(text)).sum();
    let pictures = asked.pictures.iter().map(|_| 85).sum::<u64>();
    Counts { input: 3 + texts + 4 * asked.messages + pictures, output: tokens(text), ..Counts::default() }
}

fn tokens(text: &str) -> u64 {
    u64::try_from(text.len().div_ceil(4)).unwrap_or(u64::MAX)
}

fn prose(asked: &Asked) -> String {
    let said = asked.texts.iter().rev().find(|(role, _)| role == "user").or(asked.texts.last());
    let said = said.map_or("", |(_, text)| text.trim());
    let words = said.split_whitespace().count();
    let mut out = format!(
        "This is a practice answer. No model was asked and nothing was spent: {} was only played.",
        asked.model
    );
    out.push_str("\n\n");
    if said.is_empty() {
        out.push_str("The message had no text.");
    } else {
        let unit = if words == 1 { "word" } else { "words" };
        out.push_str(&format!(
            "What arrived looks like {}, {words} {unit}. It begins “{}”.",
            class(said),
            beginning(said)
        ));
    }
    match asked.pictures.as_slice() {
        [] => {}
        [(kind, size)] => out.push_str(&format!(" There was a picture with it ({kind}, {size} bytes).")),
        several => out.push_str(&format!(" There were {} pictures with it.", several.len())),
    }
    if asked.texts.iter().any(|(role, _)| matches!(role.as_str(), "system" | "developer")) {
        out.push_str(" Instructions came along and would have been followed.");
    }
    out.push_str("\n\nWith a key of your own, the model's answer stands here.");
    out
}

/// What kind of text this is, roughly.
fn class(text: &str) -> &'static str {
    let code = ["fn ", "def ", "class ", "import ", "function ", "const ", "#include", "SELECT ", "```", "=> {", "();"];
    let first = text.as_bytes().first();
    let lines = text.lines().filter(|line| !line.trim().is_empty()).count();
    let marked = text.lines().filter(|line| line.trim_start().starts_with(['-', '*', '•'])).count();
    if text.starts_with("diff --git") || text.contains("\n@@ ") {
        "a diff"
    } else if code.iter().any(|mark| text.contains(mark)) {
        "source code"
    } else if matches!(first, Some(b'{' | b'[')) && serde_json::from_str::<Value>(text).is_ok() {
        "JSON"
    } else if lines > 2 && marked * 2 > lines {
        "a list"
    } else if text.ends_with('?') {
        "a question"
    } else if text.len() > 2_000 {
        "a long document"
    } else {
        "a short text"
    }
}

/// The first words, at most 60 characters, on one line.
fn beginning(text: &str) -> String {
    let mut out = String::new();
    for word in text.split_whitespace() {
        if !out.is_empty() {
            out.push(' ');
        }
        if out.chars().count() + word.chars().count() > 60 {
            if out.is_empty() {
                out.extend(word.chars().take(60));
            }
            return format!("{}…", out.trim_end());
        }
        out.push_str(word);
    }
    out
}

/// A value a schema allows, for the schemas people write by hand.
fn example(schema: &Value, depth: u8) -> Value {
    if let Some(first) = schema["enum"].get(0) {
        return first.clone();
    }
    if let Some(value) = schema.get("const") {
        return value.clone();
    }
    let kind = schema["type"].as_str().or(schema["type"][0].as_str());
    match kind {
        Some("object") if depth < 16 => {
            let properties = schema["properties"].as_object();
            let values =
                properties.into_iter().flatten().map(|(name, inner)| (name.clone(), example(inner, depth + 1)));
            Value::Object(values.collect::<Map<_, _>>())
        }
        Some("object") => json!({}),
        Some("array") if schema["minItems"].as_u64().is_some_and(|least| least > 0) && depth < 16 => {
            json!([example(&schema["items"], depth + 1)])
        }
        Some("array") => json!([]),
        Some("integer" | "number") => schema.get("minimum").cloned().unwrap_or_else(|| json!(1)),
        Some("boolean") => json!(true),
        Some("string") => json!("practice"),
        _ => Value::Null,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(text: &str) -> Asked {
        Asked {
            model: "gpt-4o-mini".into(),
            texts: vec![("user".into(), text.into())],
            messages: 1,
            ..Asked::default()
        }
    }

    #[test]
    fn says_that_it_is_practice_and_what_it_saw() {
        for (text, class) in [
            ("Why is the sky blue?", "a question, 5 words"),
            ("fn main() {}", "source code, 3 words"),
            ("- one\n- two\n- three", "a list, 6 words"),
            ("{\"a\": 1}", "JSON, 2 words"),
            ("Hello", "a short text, 1 word."),
        ] {
            let (said, finish) = answer(&asked(text));
            assert!(said.starts_with("This is a practice answer."), "{said}");
            assert!(said.contains(class), "{text:?}: {said}");
            assert_eq!(finish, Finish::Stop);
            assert_eq!(said, answer(&asked(text)).0, "the same prompt gets the same answer");
        }
    }

    #[test]
    fn keeps_to_max_tokens_and_stop() {
        let short = Asked { max_tokens: Some(5), ..asked("Häßlich? Über alles!") };
        let (said, finish) = answer(&short);
        assert_eq!((said.len(), finish), (20, Finish::Length));
        assert_eq!(usage(&short, &said).output, 5);
        let stopped = Asked { stop: vec!["answer".into()], ..asked("Hello") };
        assert_eq!(answer(&stopped), ("This is a practice ".to_owned(), Finish::Sequence("answer".into())));
    }

    #[test]
    fn fits_a_schema() {
        let schema = json!({"type": "object", "properties": {"n": {"type": "integer"}, "tags": {"type": "array", "items": {"type": "string"}, "minItems": 1}, "kind": {"enum": ["a", "b"]}, "o": {"type": "object", "properties": {"ok": {"type": "boolean"}}}}});
        let asked = Asked { json: Shape::Schema(schema), ..asked("x") };
        assert_eq!(answer(&asked).0, r#"{"n":1,"tags":["practice"],"kind":"a","o":{"ok":true}}"#);
    }
}
