//! Single values: each is read from its text, and what is wrong is said where it stands.

use std::fmt;

use super::{Cover, Reader, shown};
use crate::id::nearest;
use crate::money::MicroUsd;
use crate::policy::yaml::{Entry, Kind, Node};

/// A map of settings that is being read.
#[derive(Clone)]
pub(super) struct Section<'a> {
    /// Where it stands, with the names the person chose: `defaults.summarize`.
    pub(super) path: String,
    pub(super) entries: &'a [Entry],
    pub(super) line: usize,
    pub(super) column: usize,
}

impl<'a> Section<'a> {
    pub(super) fn get(&self, key: &str) -> Option<&'a Entry> {
        self.entries.iter().find(|entry| entry.key == key)
    }

    pub(super) fn path_of(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }
}

impl Reader {
    /// A map whose keys are settings. Unknown keys and keys that are not built are told here.
    pub(super) fn section<'a>(
        &mut self,
        node: &'a Node,
        path: &str,
        place: &'static str,
        cover: &Cover,
    ) -> Option<Section<'a>> {
        let entries = self.map(node, if path.is_empty() { "The file" } else { path })?;
        let named = crate::policy::settings::setting(place, "*").is_some();
        for entry in entries {
            if !named {
                self.check_key(path, place, entry, cover);
            }
        }
        Some(Section { path: path.to_owned(), entries, line: node.line, column: node.column })
    }

    /// The section below a key, empty where the key is absent.
    pub(super) fn child<'a>(&mut self, of: &Section<'a>, key: &str, place: &'static str) -> Option<Section<'a>> {
        let entry = of.get(key)?;
        self.section(&entry.value, &of.path_of(key), place, &Cover::All)
    }

    /// The entries of a map; nothing written counts as an empty map.
    pub(super) fn map<'a>(&mut self, node: &'a Node, path: &str) -> Option<&'a [Entry]> {
        match &node.kind {
            Kind::Map(entries) => Some(entries),
            Kind::Null => Some(&[]),
            Kind::List(_) | Kind::Text(_) => {
                let sentence = format!("{path} must be a map of keys and values; it is {}.", node.what());
                self.error(node.line, node.column, sentence);
                None
            }
        }
    }

    /// The items of a list; nothing written counts as an empty list.
    pub(super) fn list<'a>(&mut self, entry: &'a Entry, path: &str) -> &'a [Node] {
        match &entry.value.kind {
            Kind::List(items) => items,
            Kind::Null => &[],
            Kind::Map(_) | Kind::Text(_) => {
                let sentence = format!("{path} must be a list; it is {}.", entry.value.what());
                self.error(entry.value.line, entry.value.column, sentence);
                &[]
            }
        }
    }

    /// A text as written.
    pub(super) fn word<'a>(&mut self, of: &Section<'a>, key: &str) -> Option<&'a str> {
        let entry = of.get(key)?;
        self.text(&entry.value, key)
    }

    /// The text of a node.
    pub(super) fn text<'a>(&mut self, node: &'a Node, key: &str) -> Option<&'a str> {
        match &node.kind {
            Kind::Text(text) => Some(text),
            Kind::Null => {
                self.error(node.line, node.column, format!("{key} is empty. Write a value or remove the key."));
                None
            }
            Kind::List(_) | Kind::Map(_) => {
                self.error(node.line, node.column, format!("{key} must be a text; it is {}.", node.what()));
                None
            }
        }
    }

    /// A text for the calling model: one, or a list that is joined. Empty is absent.
    pub(super) fn prose(&mut self, of: &Section<'_>, key: &str) -> Option<String> {
        let entry = of.get(key)?;
        let text = match &entry.value.kind {
            Kind::Null => return None,
            Kind::List(items) => items.iter().filter_map(|item| self.text(item, key)).collect::<Vec<_>>().join(", "),
            Kind::Text(text) => text.clone(),
            Kind::Map(_) => {
                self.error(entry.value.line, entry.value.column, format!("{key} must be a text; it is a map."));
                return None;
            }
        };
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        (!text.is_empty()).then_some(text)
    }

    /// A value read from its text; `must` continues "… must be".
    pub(super) fn parsed<T>(
        &mut self,
        of: &Section<'_>,
        key: &str,
        must: &str,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Option<T> {
        let entry = of.get(key)?;
        self.parsed_node(&entry.value, key, must, parse)
    }

    /// The same for an item of a list.
    pub(super) fn parsed_node<T>(
        &mut self,
        node: &Node,
        key: &str,
        must: &str,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Option<T> {
        let text = self.text(node, key)?;
        let value = parse(text);
        if value.is_none() {
            self.error(node.line, node.column, format!("{key} must be {must}; it is {}.", shown(text)));
            let better = bare_number(text).or_else(|| nearest(text, ["true", "false"]).map(str::to_owned));
            self.mended_by(better.filter(|better| parse(better).is_some()).as_deref());
        }
        value
    }

    /// A switch.
    pub(super) fn switch(&mut self, of: &Section<'_>, key: &str) -> Option<bool> {
        self.parsed(of, key, "true or false", |text| match text.to_ascii_lowercase().as_str() {
            "true" | "yes" | "on" => Some(true),
            "false" | "no" | "off" => Some(false),
            _ => None,
        })
    }

    /// A count of tokens.
    pub(super) fn tokens(&mut self, of: &Section<'_>, key: &str) -> Option<u64> {
        self.parsed(of, key, "a whole number from 1 to 100,000,000, such as 4096", |text| {
            whole(text).filter(|count| (1..=100_000_000).contains(count))
        })
    }

    /// An amount of money, from its digits (I4).
    pub(super) fn money(&mut self, of: &Section<'_>, key: &str) -> Option<MicroUsd> {
        let entry = of.get(key)?;
        let text = self.text(&entry.value, key)?;
        match MicroUsd::parse(text) {
            Ok(amount) => Some(amount),
            Err(why) => {
                self.error(entry.value.line, entry.value.column, format!("{key} {why}; it is {}.", shown(text)));
                self.mended_by(bare_number(text).filter(|bare| MicroUsd::parse(bare).is_ok()).as_deref());
                None
            }
        }
    }

    /// One of some words.
    pub(super) fn one_of<T: Copy>(&mut self, of: &Section<'_>, key: &str, words: &[(&str, T)]) -> Option<T> {
        let entry = of.get(key)?;
        let text = self.text(&entry.value, key)?;
        let found = words.iter().find(|(word, _)| *word == text).map(|(_, value)| *value);
        if found.is_none() {
            let all: Vec<_> = words.iter().map(|(word, _)| *word).collect();
            let near = near(text, all.iter().copied());
            let sentence = format!("{key} must be one of {}; it is {}.{near}", all.join(", "), shown(text));
            self.error(entry.value.line, entry.value.column, sentence);
            self.mended_by(near.word());
        }
        found
    }
}

/// The nearest of some names: " The nearest is x." in a sentence, or nothing.
#[derive(Clone, Debug, Default)]
pub(super) struct Near(Option<String>);

impl Near {
    /// The name.
    pub(super) fn word(&self) -> Option<&str> {
        self.0.as_deref()
    }
}

impl fmt::Display for Near {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.as_ref().map_or(Ok(()), |name| write!(f, " The nearest is {name}."))
    }
}

/// The nearest of the names that are known.
pub(super) fn near<'a>(wrong: &str, known: impl IntoIterator<Item = &'a str>) -> Near {
    Near(nearest(wrong, known).map(str::to_owned))
}

/// A number as it should be written, where a person wrote it with a currency, a percent sign, spaces or
/// commas: `$1,500.00` is `1500.00`, `0,5` is `0.5`.
fn bare_number(text: &str) -> Option<String> {
    let bare = text.replace("USD", "").replace(['$', '%', '_', '\'', ' ', '\u{a0}'], "");
    let (whole, fraction) = bare.split_once('.').map_or((bare.as_str(), None), |(a, b)| (a, Some(b)));
    let groups: Vec<_> = whole.split(',').collect();
    let grouped = groups.len() > 1 && groups.iter().skip(1).all(|group| group.len() == 3) && !whole.starts_with("0,");
    let plain = match (groups.as_slice(), fraction) {
        (_, fraction) if grouped => {
            format!("{}{}", groups.concat(), fraction.map_or_else(String::new, |fraction| format!(".{fraction}")))
        }
        ([whole, fraction], None) => format!("{whole}.{fraction}"),
        ([_], _) => bare,
        _ => return None,
    };
    (plain != text && plain.starts_with(|c: char| c.is_ascii_digit())).then_some(plain)
}

/// A whole number; `_` between digits is let through, as YAML 1.1 does.
pub(super) fn whole(text: &str) -> Option<u64> {
    let digits = text.replace('_', "");
    let plain = !digits.is_empty()
        && digits.bytes().all(|b| b.is_ascii_digit())
        && !text.starts_with('_')
        && !text.ends_with('_');
    plain.then(|| digits.parse().ok())?
}

/// A decimal number as an integer of its `places`-th place: `fixed("0.2", 3)` is 200. Digits beyond
/// are an error, except zeros.
pub(super) fn fixed(text: &str, places: usize) -> Option<u64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let fraction = fraction.trim_end_matches('0');
    let digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    if text.is_empty()
        || text == "."
        || text.ends_with('.')
        || !digits(whole)
        || !digits(fraction)
        || fraction.len() > places
    {
        return None;
    }
    format!("{whole}{fraction:0<places$}").parse().ok()
}

/// For continuing a sentence.
pub(super) fn lower_first(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_lowercase().chain(chars).collect())
}
