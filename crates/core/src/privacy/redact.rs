//! Places of a conversation replaced by names, and the names put back into the answer. The names and what
//! they stand for live as long as the call; nothing of them is written anywhere.

use std::fmt;

use super::{Place, Rule, texts};
use crate::chat::{Chat, Part};

/// The longest name: `[EMAIL_` with the digits of the largest count and `]`.
const LONGEST: usize = 32;

/// A conversation in which places are replaced.
#[derive(Clone, PartialEq)]
pub struct Redacted {
    /// As it is sent.
    pub chat: Chat,
    /// Each name with the text it stands for.
    names: Vec<(String, String)>,
}

impl fmt::Debug for Redacted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Redacted").field("places", &self.names.len()).finish_non_exhaustive()
    }
}

impl Redacted {
    /// Replaces every place that one of the rules finds. The same text gets the same name everywhere, and no
    /// name is one that the conversation already holds.
    pub(super) fn make(chat: &Chat, rules: &[&Rule]) -> Self {
        let said: Vec<String> = texts(chat).map(str::to_owned).collect();
        let mut names = Names { said, given: Vec::new() };
        let mut chat = chat.clone();
        for part in chat.messages.iter_mut().flat_map(|message| &mut message.parts) {
            if let Part::Text(text) = part {
                *text = replaced(text, rules, &mut names);
            }
        }
        Self { chat, names: names.given }
    }

    /// How many different texts were replaced.
    pub fn count(&self) -> usize {
        self.names.len()
    }

    /// An answer with every name put back. In an answer that is JSON what is put back is written as in a JSON
    /// string, so that it stays one.
    pub fn restore(&self, text: &str, form: Form) -> String {
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(at) = rest.find('[') {
            out.push_str(&rest[..at]);
            rest = &rest[at..];
            match self.names.iter().find(|(name, _)| rest.starts_with(name.as_str())) {
                Some((name, original)) => {
                    out.push_str(&form.written(original));
                    rest = &rest[name.len()..];
                }
                None => {
                    out.push('[');
                    rest = &rest[1..];
                }
            }
        }
        out + rest
    }
}

/// What kind of text an answer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Any text.
    Text,
    /// JSON was asked for.
    Json,
}

impl Form {
    fn written(self, original: &str) -> String {
        match self {
            Self::Text => original.to_owned(),
            Self::Json => {
                let quoted = serde_json::Value::from(original).to_string();
                quoted[1..quoted.len() - 1].to_owned()
            }
        }
    }
}

/// Puts names back while an answer arrives in pieces: what may be the beginning of a name waits for the
/// next piece.
#[derive(Clone, Debug)]
pub struct Restorer {
    redacted: Redacted,
    form: Form,
    held: String,
}

impl Restorer {
    /// For one answer.
    pub const fn new(redacted: Redacted, form: Form) -> Self {
        Self { redacted, form, held: String::new() }
    }

    /// What can be shown after the next piece.
    pub fn push(&mut self, piece: &str) -> String {
        self.held.push_str(piece);
        let begins = self.held.rfind('[').filter(|at| self.may_begin_a_name(&self.held[*at..]));
        let held = self.held.split_off(begins.unwrap_or(self.held.len()));
        let whole = std::mem::replace(&mut self.held, held);
        self.redacted.restore(&whole, self.form)
    }

    /// What is left when the answer has ended.
    pub fn end(&mut self) -> String {
        let held = std::mem::take(&mut self.held);
        self.redacted.restore(&held, self.form)
    }

    fn may_begin_a_name(&self, tail: &str) -> bool {
        tail.len() < LONGEST
            && self.redacted.names.iter().any(|(name, _)| name.len() > tail.len() && name.starts_with(tail))
    }
}

struct Names {
    /// The texts as they were, so that no name is taken that stands there.
    said: Vec<String>,
    given: Vec<(String, String)>,
}

impl Names {
    fn of(&mut self, original: &str, kind: &str) -> String {
        if let Some((name, _)) = self.given.iter().find(|(_, known)| known == original) {
            return name.clone();
        }
        let mut number = 1;
        loop {
            let name = format!("[{kind}_{number}]");
            let taken = self.given.iter().any(|(given, _)| *given == name);
            if !taken && !self.said.iter().any(|text| text.contains(&name)) {
                self.given.push((name.clone(), original.to_owned()));
                return name;
            }
            number += 1;
        }
    }
}

/// The text with each place replaced; places that overlap are one.
fn replaced(text: &str, rules: &[&Rule], names: &mut Names) -> String {
    let mut places: Vec<Place> = rules.iter().flat_map(|rule| rule.places(text)).collect();
    places.sort_by_key(|place| (place.start, usize::MAX - place.end));
    let mut joined: Vec<Place> = Vec::new();
    for place in places {
        match joined.last_mut().filter(|last| place.start < last.end) {
            Some(last) => last.end = last.end.max(place.end),
            None => joined.push(place),
        }
    }
    let (mut out, mut from) = (String::with_capacity(text.len()), 0);
    for Place { start, end, what } in joined {
        out.push_str(&text[from..start]);
        out.push_str(&names.of(&text[start..end], what.stand_in()));
        from = end;
    }
    out + &text[from..]
}
