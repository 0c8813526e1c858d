//! Strict JSON with places: reads a settings file so that an edit can be a splice of its text. All
//! bytes outside the splice stay what they are: BOM, line ends, indents, order, spelling of numbers.

use jsonc_parser::ast::{Object, ObjectProp, Value as Node};
use jsonc_parser::common::Ranged;
use jsonc_parser::errors::ParseErrorKind;
use jsonc_parser::{CollectOptions, ParseOptions, parse_to_ast};
use serde_json::Value;

use super::FileTrouble;

const BOM: &str = "\u{feff}";
const STRICT: ParseOptions = ParseOptions {
    allow_comments: false,
    allow_loose_object_property_names: false,
    allow_trailing_commas: false,
    allow_missing_commas: false,
    allow_single_quoted_strings: false,
    allow_hexadecimal_numbers: false,
    allow_unary_plus_numbers: false,
    allow_bare_decimal_point_numbers: false,
    allow_non_finite_numbers: false,
    allow_extended_string_escapes: false,
};

/// A settings file that was read: its text without the BOM, the same as a value and as a tree.
pub(super) struct Doc<'a> {
    pub(super) bom: &'static str,
    pub(super) text: &'a str,
    pub(super) value: Value,
    pub(super) root: Object<'a>,
}

/// Reads a file. `None` where there is nothing in it but space.
pub(super) fn read(bytes: &[u8]) -> Result<Option<Doc<'_>>, FileTrouble> {
    let whole = std::str::from_utf8(bytes).map_err(|error| not_utf8(bytes, error.valid_up_to()))?;
    let (bom, text) = whole.strip_prefix(BOM).map_or(("", whole), |rest| (BOM, rest));
    if text.trim_matches([' ', '\t', '\r', '\n']).is_empty() {
        return Ok(None);
    }
    // serde_json first: it also bounds how deep the tree below is walked.
    let strict = serde_json::from_str::<Value>(text);
    if let Err(error) = &strict
        && error.to_string().starts_with("recursion limit")
    {
        return Err(at(text, place(error, text), "the file is nested too deep to be read"));
    }
    let parsed = parse_to_ast(text, &CollectOptions::default(), &STRICT)
        .map_err(|error| at(text, error.range().start, &sentence(error.kind(), &text[error.range().start..])))?;
    let value = strict.map_err(|error| at(text, place(&error, text), "this is not valid JSON"))?;
    if let Some(node) = &parsed.value {
        no_twins(text, node)?;
    }
    match parsed.value {
        Some(Node::Object(root)) => Ok(Some(Doc { bom, text, value, root })),
        Some(other) => Err(at(text, other.range().start, "the file must hold one object, from `{` to `}`")),
        None => Ok(None),
    }
}

/// Trouble at a byte of the text.
pub(super) fn at(text: &str, offset: usize, what: &str) -> FileTrouble {
    let mut offset = offset.min(text.len());
    while !text.is_char_boundary(offset) {
        offset -= 1;
    }
    let before = &text[..offset];
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().map_or(0, |tail| tail.chars().count()) + 1;
    let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    FileTrouble { line: count(line), column: count(column), sentence: format!("Line {line}, column {column}: {what}.") }
}

fn not_utf8(bytes: &[u8], valid: usize) -> FileTrouble {
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        let sentence = "The file is UTF-16 text; the client reads UTF-8 only. Save it as UTF-8.".to_owned();
        return FileTrouble { line: 0, column: 0, sentence };
    }
    let text = String::from_utf8_lossy(&bytes[..valid]);
    at(&text, text.len(), "a byte that is not UTF-8 text")
}

fn place(error: &serde_json::Error, text: &str) -> usize {
    let start: usize = text.split_inclusive('\n').take(error.line().saturating_sub(1)).map(str::len).sum();
    start + error.column().saturating_sub(1)
}

fn sentence(kind: &ParseErrorKind, rest: &str) -> String {
    use ParseErrorKind as K;
    let found = rest.chars().next();
    match kind {
        K::CommentsNotAllowed | K::UnterminatedCommentBlock => "a comment; this file may have none".into(),
        K::TrailingCommasNotAllowed => "a comma with nothing after it".into(),
        K::ExpectedComma => "a comma is missing here".into(),
        K::ExpectedColonAfterObjectKey => "a `:` is missing after this name".into(),
        K::ExpectedObjectValue => "a value is missing after the `:`".into(),
        K::ExpectedStringObjectProperty => "a name must stand in double quotes".into(),
        K::SingleQuotedStringsNotAllowed => "text must stand in double quotes".into(),
        K::MultipleRootJsonValues => "something follows the end of the settings".into(),
        K::UnterminatedObject => "a `{` that is never closed".into(),
        K::UnterminatedArray => "a `[` that is never closed".into(),
        K::NestingDepthExceeded => "the file is nested too deep to be read".into(),
        K::String(_) => "a text in quotes is not ended or has a character that is not allowed".into(),
        _ => match found {
            Some(c) if !c.is_control() => format!("unexpected `{c}`"),
            _ => "something is missing here".into(),
        },
    }
}

/// Refuses a name that stands twice in one object: which of the two counts differs between programs.
fn no_twins(text: &str, node: &Node<'_>) -> Result<(), FileTrouble> {
    match node {
        Node::Object(object) => {
            let mut seen = std::collections::HashSet::new();
            for prop in &object.properties {
                let name = prop.name.as_str();
                if !seen.insert(name) {
                    let shown: String = name.chars().take(60).collect();
                    return Err(at(text, prop.range.start, &format!("the name `{shown}` stands here a second time")));
                }
                no_twins(text, &prop.value)?;
            }
            Ok(())
        }
        Node::Array(array) => array.elements.iter().try_for_each(|element| no_twins(text, element)),
        Node::StringLit(_) | Node::NumberLit(_) | Node::BooleanLit(_) | Node::NullKeyword(_) => Ok(()),
    }
}

/// A replacement of one stretch of the text.
pub(super) struct Splice {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) with: String,
}

impl Splice {
    /// The text with the stretch replaced.
    pub(super) fn apply(&self, text: &str) -> String {
        [&text[..self.start], &self.with, &text[self.end..]].concat()
    }
}

/// How new text is laid out so that it looks like its neighbours.
#[derive(Clone, Debug)]
pub(super) struct Layout {
    newline: &'static str,
    unit: String,
    /// The indent of the property itself; `None`: everything stays on one line.
    indent: Option<String>,
    colon: String,
}

impl Layout {
    /// An object with these properties, laid out at this layout's indent.
    pub(super) fn object(&self, properties: &[(&str, String)]) -> String {
        let space = if self.colon.ends_with(char::is_whitespace) { " " } else { "" };
        let (open, between, close) = match &self.indent {
            Some(indent) => {
                let inner = format!("{}{indent}{}", self.newline, self.unit);
                (inner.clone(), format!(",{inner}"), format!("{}{indent}", self.newline))
            }
            None => (String::new(), format!(",{space}"), String::new()),
        };
        let listed: Vec<_> =
            properties.iter().map(|(key, value)| format!("{}{}{value}", quoted(key), self.colon)).collect();
        format!("{{{open}{}{close}}}", listed.join(&between))
    }

    /// A list of texts on one line.
    pub(super) fn list(&self, items: &[String]) -> String {
        let space = if self.colon.ends_with(char::is_whitespace) { ", " } else { "," };
        format!("[{}]", items.iter().map(|item| quoted(item)).collect::<Vec<_>>().join(space))
    }

    /// The layout one level further in.
    pub(super) fn inner(&self) -> Self {
        let indent = self.indent.as_ref().map(|indent| format!("{indent}{}", self.unit));
        Self { indent, ..self.clone() }
    }

    /// The layout of a new file.
    pub(super) fn fresh() -> Self {
        Self { newline: "\n", unit: "  ".into(), indent: Some(String::new()), colon: ": ".into() }
    }
}

/// A text as JSON.
pub(super) fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

/// The layout of what stands at `index` of an object's properties, read off the text around it.
pub(super) fn layout_of(doc: &Doc<'_>, object: &Object<'_>, index: usize) -> Layout {
    let prop = &object.properties[index];
    let lead = &doc.text[lead_start(doc.text, object, index)..prop.range.start];
    Layout { indent: indent_of(lead), colon: colon_of(doc.text, prop), newline: newline(doc.text), unit: unit(doc) }
}

/// Adds a property at the end of an object. `empty` lays it out where there is no neighbour to
/// follow: it is the layout of the property that holds the object.
pub(super) fn insert(
    doc: &Doc<'_>,
    object: &Object<'_>,
    key: &str,
    empty: &Layout,
    value: impl FnOnce(&Layout) -> String,
) -> Splice {
    let Some(last) = object.properties.len().checked_sub(1) else {
        let with = empty.object(&[(key, value(&empty.inner()))]);
        return Splice { start: object.range.start, end: object.range.end, with };
    };
    let layout = layout_of(doc, object, last);
    let start = lead_start(doc.text, object, last);
    let lead = &doc.text[start..object.properties[last].range.start];
    let tight = lead.is_empty() && layout.colon.ends_with(char::is_whitespace);
    let separator = match (lead.contains(','), tight) {
        (true, _) => lead.to_owned(),
        (false, true) => ", ".to_owned(),
        (false, false) => format!(",{lead}"),
    };
    let end = object.properties[last].range.end;
    Splice { start: end, end, with: format!("{separator}{}{}{}", quoted(key), layout.colon, value(&layout)) }
}

/// Takes a property away with the comma that belongs to it.
pub(super) fn remove(object: &Object<'_>, index: usize) -> Splice {
    let properties = &object.properties;
    let (start, end) = match (index.checked_sub(1).map(|i| &properties[i]), properties.get(index + 1)) {
        (_, Some(next)) => (properties[index].range.start, next.range.start),
        (Some(previous), None) => (previous.range.end, properties[index].range.end),
        (None, None) => (object.range.start + 1, object.range.end - 1),
    };
    Splice { start, end, with: String::new() }
}

/// Where the text that leads to a property begins: after the one before it, or after the `{`.
fn lead_start(text: &str, object: &Object<'_>, index: usize) -> usize {
    debug_assert!(text.len() >= object.range.end);
    index.checked_sub(1).map_or(object.range.start + 1, |before| object.properties[before].range.end)
}

/// The white space after the last line end of a lead; `None` where it has no line end.
fn indent_of(lead: &str) -> Option<String> {
    let after = &lead[lead.rfind(['\n', '\r'])? + 1..];
    Some(after.chars().take_while(|c| matches!(c, ' ' | '\t')).collect())
}

fn colon_of(text: &str, prop: &ObjectProp<'_>) -> String {
    let between = &text[prop.name.range().end..prop.value.range().start];
    if between.contains(['\n', '\r']) { ": ".into() } else { between.to_owned() }
}

fn newline(text: &str) -> &'static str {
    match text.find(['\n', '\r']) {
        Some(at) if text[at..].starts_with("\r\n") => "\r\n",
        Some(at) if text[at..].starts_with('\r') => "\r",
        Some(_) | None => "\n",
    }
}

/// One step of indent: that of the first property of the file that stands on a line of its own.
fn unit(doc: &Doc<'_>) -> String {
    let Some(first) = doc.root.properties.first() else { return "  ".into() };
    match indent_of(&doc.text[doc.root.range.start + 1..first.range.start]) {
        Some(indent) if !indent.is_empty() => indent,
        Some(_) | None => "  ".into(),
    }
}

/// The layout of the file's root, for an object that is empty.
pub(super) fn root_layout(doc: &Doc<'_>) -> Layout {
    Layout { newline: newline(doc.text), unit: unit(doc), ..Layout::fresh() }
}
