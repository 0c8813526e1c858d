//! Hides what other servers' entries may hold of other people's secrets before a settings file is
//! shown. Guards I8 for text we did not write. Masks too much rather than too little.

use jsonc_parser::ast::{ObjectProp, Value as Node};
use jsonc_parser::common::{Range, Ranged};
use serde_json::Value;

use super::{Client, Entry, json};

const MASK: &str = "\"•••\"";

/// A settings file as it may be shown; the number of lines stays. What cannot be read is shown by
/// [`excerpt`]'s coarser rule. No entry is trusted for its name: only texts that `ours` is made of are
/// shown whatever they look like.
pub(super) fn settings(client: &Client, bytes: &[u8], ours: Option<&Entry>) -> String {
    let Ok(doc) = json::read(bytes) else { return coarse(&String::from_utf8_lossy(bytes)) };
    let Some(doc) = doc else { return String::new() };
    let mut hidden = Hidden { ours, ranges: Vec::new() };
    for prop in &doc.root.properties {
        match &prop.value {
            // A server's name is no mark: one called `auth` shows its command.
            Node::Object(list) if prop.name.as_str() == client.root_key => {
                list.properties.iter().for_each(|server| hidden.collect(&server.value, false));
            }
            _ => hidden.property(prop, false),
        }
    }
    masked(doc.text, &hidden.ranges)
}

/// Another server's entry with its name, on one line.
pub(super) fn value(name: &str, entry: &Value) -> String {
    format!("{}:{}", json::quoted(name), self::entry(entry, None))
}

/// An entry on one line.
pub(super) fn entry(entry: &Value, ours: Option<&Entry>) -> String {
    let text = entry.to_string();
    // As the value of a name, because a file that is read must hold an object.
    let within = format!("{{\"\":{text}}}");
    let Ok(Some(doc)) = json::read(within.as_bytes()) else { return MASK.into() };
    let mut hidden = Hidden { ours, ranges: Vec::new() };
    doc.root.properties.iter().for_each(|prop| hidden.collect(&prop.value, false));
    let shown = masked(doc.text, &hidden.ranges);
    shown.strip_prefix("{\"\":").and_then(|rest| rest.strip_suffix('}')).map_or_else(|| MASK.into(), str::to_owned)
}

/// Whether something in an entry of ours is hidden when it is shown.
pub(super) fn hides_in(entry: &Value, ours: &Entry) -> bool {
    let whole = entry.to_string();
    self::entry(entry, Some(ours)) != whole
}

/// Up to `around` lines on each side of a line, masked, with the number of the first. For files that
/// cannot be parsed: goes by quotes and colons alone.
pub fn excerpt(bytes: &[u8], line: u32, around: u32) -> (u32, Vec<String>) {
    if line == 0 {
        return (0, Vec::new());
    }
    let first = line.saturating_sub(around).max(1);
    let text = coarse(&String::from_utf8_lossy(bytes));
    let count = usize::try_from(line + around - first + 1).unwrap_or(1);
    let cut = |line: &str| line.trim_end_matches('\r').chars().take(200).collect();
    (first, text.lines().skip(usize::try_from(first - 1).unwrap_or(0)).take(count).map(cut).collect())
}

fn masked(text: &str, ranges: &[Range]) -> String {
    let mut out = String::with_capacity(text.len());
    let mut from = 0;
    for range in ranges {
        out.push_str(&text[from..range.start]);
        out.push_str(MASK);
        from = range.end;
    }
    out.push_str(&text[from..]);
    out
}

/// What is to be hidden, in order.
struct Hidden<'a> {
    ours: Option<&'a Entry>,
    ranges: Vec<Range>,
}

impl Hidden<'_> {
    /// Collects what is to be hidden; `all` below `env` and `headers`.
    fn collect(&mut self, node: &Node<'_>, all: bool) {
        match node {
            Node::StringLit(text) => {
                if all || (looks_secret(&text.value) && !self.is_ours(&text.value)) {
                    self.ranges.push(text.range);
                }
            }
            Node::NumberLit(number) => {
                if all {
                    self.ranges.push(number.range);
                }
            }
            Node::Object(object) => object.properties.iter().for_each(|prop| self.property(prop, all)),
            Node::Array(array) => {
                let mut flagged = false;
                for element in &array.elements {
                    self.collect(element, all || flagged);
                    flagged = element
                        .as_string_lit()
                        .is_some_and(|text| text.value.starts_with('-') && names_secret(&text.value));
                }
            }
            Node::BooleanLit(_) | Node::NullKeyword(_) => {}
        }
    }

    fn property(&mut self, prop: &ObjectProp<'_>, all: bool) {
        let name = prop.name.as_str().to_lowercase();
        let hides = matches!(name.as_str(), "env" | "headers" | "environment") || names_secret(&name);
        debug_assert!(prop.range.end >= prop.value.range().end);
        self.collect(&prop.value, all || hides);
    }

    /// Our program may be in a folder with a name like a key.
    fn is_ours(&self, text: &str) -> bool {
        self.ours.is_some_and(|ours| ours.command == text || ours.args.iter().any(|arg| arg == text))
    }
}

fn names_secret(name: &str) -> bool {
    let name = name.to_lowercase();
    let marks = ["key", "token", "secret", "password", "passwd", "credential", "auth", "cookie", "bearer"];
    marks.iter().any(|mark| name.contains(mark))
}

/// Whether a text by itself looks like a secret.
fn looks_secret(text: &str) -> bool {
    const STARTS: [&str; 14] = [
        "sk-",
        "sk_",
        "pk_",
        "rk_",
        "ghp_",
        "gho_",
        "ghs_",
        "github_pat_",
        "glpat-",
        "xox",
        "AKIA",
        "AIza",
        "gsk_",
        "eyJ",
    ];
    let lower = text.to_lowercase();
    let assigned = lower.split_once(['=', ':']).is_some_and(|(name, value)| names_secret(name) && !value.is_empty());
    let userinfo = lower.split_once("://").is_some_and(|(_, rest)| rest.split('/').next().unwrap_or("").contains('@'));
    let dense = |word: &str| {
        word.len() >= 24
            && word.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '+' | '='))
            && word.chars().any(|c| c.is_ascii_digit())
            && word.chars().any(|c| c.is_ascii_alphabetic())
    };
    let words = || text.split(|c: char| c.is_whitespace() || matches!(c, '/' | '=' | '&' | '?' | ',' | ':'));
    assigned
        || userinfo
        || lower.starts_with("bearer ")
        || words().any(|word| dense(word) || STARTS.iter().any(|start| word.len() > 12 && word.starts_with(start)))
}

/// Masks a text that is not JSON, line by line: every quoted value after a colon but the harmless
/// ones, and every word that looks like a secret.
fn coarse(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut state = Coarse::default();
    for line in text.split_inclusive('\n') {
        state.line(line, &mut out);
    }
    out
}

#[derive(Default)]
struct Coarse {
    /// The last quoted text: the name, when a colon follows.
    last: String,
    /// A colon was the last thing seen.
    after_colon: bool,
    /// The element before was a flag that names a secret.
    flagged: bool,
}

impl Coarse {
    fn line(&mut self, line: &str, out: &mut String) {
        let mut rest = line;
        while let Some(c) = rest.chars().next() {
            match c {
                '"' | '\'' => {
                    let length = quoted_length(rest, c);
                    self.string(&rest[..length], c, out);
                    rest = &rest[length..];
                }
                c if c.is_alphanumeric() || matches!(c, '_' | '-') => {
                    let length = rest
                        .find(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '-' | '.')))
                        .unwrap_or(rest.len());
                    let word = &rest[..length];
                    let harmless = word.len() < 12 && !(self.after_colon && names_secret(&self.last));
                    out.push_str(if harmless { word } else { "•••" });
                    self.last = word.to_owned();
                    self.after_colon = false;
                    rest = &rest[length..];
                }
                c => {
                    match c {
                        ':' => self.after_colon = true,
                        ' ' | '\t' | '\r' | '\n' => {}
                        _ => self.after_colon = false,
                    }
                    out.push(c);
                    rest = &rest[c.len_utf8()..];
                }
            }
        }
    }

    fn string(&mut self, literal: &str, quote: char, out: &mut String) {
        let inner = literal.trim_matches(quote);
        let known = matches!(self.last.as_str(), "command" | "type" | "transport");
        let hide = looks_secret(inner) || self.flagged || (self.after_colon && !known);
        // A text that is not ended on its line may be anything.
        let open = literal.len() < 2 || !literal.ends_with(quote);
        if hide || (open && inner.len() > 8) {
            let end = literal.len() - literal.trim_end_matches(['\r', '\n']).len();
            out.push_str(MASK);
            out.push_str(&literal[literal.len() - end..]);
        } else {
            out.push_str(literal);
        }
        self.flagged = !self.after_colon && inner.starts_with('-') && names_secret(inner);
        self.last = inner.to_owned();
        self.after_colon = false;
    }
}

/// The length of a quoted text at the start of `rest`, both quotes included; to the end of the line
/// where it is not ended.
fn quoted_length(rest: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        match c {
            '\n' => return at,
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            c if c == quote => return at + c.len_utf8(),
            _ => {}
        }
    }
    rest.len()
}
