//! The document with the place of every part: what an edit cuts and where it writes.
//!
//! Made of the same parser's events as the reader's tree ([`super::super::yaml`]), but aliases stay
//! aliases. Where the parser's ends are wrong (it counts what follows a quote or a bracket), they are
//! found in the text. Places are bytes of the text without its byte order mark.

use std::collections::BTreeMap;

use saphyr_parser::{Event, Parser, ScalarStyle, Span};

use super::Refused;
use super::lines::{indent, line_end, skip_space, word_end};

/// One part of the document.
#[derive(Clone, Debug)]
pub(super) struct Spot {
    /// Behind the colon or dash that it follows.
    pub(super) head: usize,
    /// Its first byte behind an anchor and a tag.
    pub(super) start: usize,
    /// Behind its last byte; comments behind it are not counted.
    pub(super) end: usize,
    /// Its anchor, if it has one.
    pub(super) anchor: Option<usize>,
    pub(super) kind: Kind,
}

#[derive(Clone, Debug)]
pub(super) enum Kind {
    /// Nothing is written.
    Nothing,
    Alias(usize),
    Scalar(Style, String),
    List(Shape, Vec<Item>),
    Map(Shape, Vec<Pair>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Style {
    Plain,
    Single,
    Double,
    Literal,
    Folded,
}

/// How a list or map is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    Block,
    Flow,
    /// `[a: 1]`: a map without brackets inside a list with them.
    Bare,
}

/// One item of a list: `start` is its dash, or where it begins between brackets.
#[derive(Clone, Debug)]
pub(super) struct Item {
    pub(super) start: usize,
    pub(super) value: Spot,
}

/// One entry of a map.
#[derive(Clone, Debug)]
pub(super) struct Pair {
    pub(super) key: Spot,
    pub(super) name: String,
    pub(super) value: Spot,
}

/// A whole document.
#[derive(Debug)]
pub(super) struct Document<'t> {
    pub(super) text: &'t str,
    pub(super) root: Option<Spot>,
    /// Every anchored part by its number.
    pub(super) anchored: BTreeMap<usize, Spot>,
    /// Where each alias stands, and what it names.
    pub(super) aliases: Vec<(usize, usize)>,
}

/// A part of a list or map, where it begins and ends.
#[derive(Clone, Copy, Debug)]
pub(super) struct Extent {
    pub(super) start: usize,
    pub(super) end: usize,
}

impl Spot {
    /// The parts of a list or map in their order.
    pub(super) fn parts(&self) -> Vec<Extent> {
        match &self.kind {
            Kind::List(_, items) => {
                items.iter().map(|item| Extent { start: item.start, end: item.value.end }).collect()
            }
            Kind::Map(_, pairs) => pairs
                .iter()
                .map(|pair| Extent { start: pair.key.start, end: pair.value.end.max(pair.key.end) })
                .collect(),
            Kind::Nothing | Kind::Alias(_) | Kind::Scalar(..) => Vec::new(),
        }
    }

    pub(super) const fn shape(&self) -> Option<Shape> {
        match &self.kind {
            Kind::List(shape, _) | Kind::Map(shape, _) => Some(*shape),
            Kind::Nothing | Kind::Alias(_) | Kind::Scalar(..) => None,
        }
    }

    pub(super) fn pair(&self, key: &str) -> Option<(usize, &Pair)> {
        let Kind::Map(_, pairs) = &self.kind else { return None };
        pairs.iter().enumerate().find(|(_, pair)| pair.name == key)
    }

    pub(super) const fn what(&self) -> &'static str {
        match self.kind {
            Kind::Nothing => "empty",
            Kind::Alias(_) => "an alias",
            Kind::Scalar(..) => "a text",
            Kind::List(..) => "a list",
            Kind::Map(..) => "a map",
        }
    }
}

/// Reads a text that the reader has read before, so that size and depth are within their bounds.
pub(super) fn document(text: &str) -> Result<Document<'_>, Refused> {
    let places: Vec<usize> = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
    let mut events = Vec::new();
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|_| Refused::unreadable())?;
        events.push((event, span));
    }
    let document = Document { text, root: None, anchored: BTreeMap::new(), aliases: Vec::new() };
    let mut builder = Builder { events: events.into_iter().peekable(), places, document };
    loop {
        match builder.events.peek() {
            Some((Event::Nothing | Event::StreamStart | Event::DocumentStart(_) | Event::DocumentEnd, _)) => {
                builder.events.next();
            }
            Some((Event::StreamEnd, _)) | None => break,
            Some(_) => {
                let root = builder.part(0)?;
                builder.document.root = Some(root).filter(|root| !matches!(root.kind, Kind::Nothing));
            }
        }
    }
    Ok(builder.document)
}

struct Builder<'e, 't> {
    events: std::iter::Peekable<std::vec::IntoIter<(Event<'e>, Span)>>,
    places: Vec<usize>,
    document: Document<'t>,
}

impl Builder<'_, '_> {
    fn place(&self, index: usize) -> usize {
        self.places.get(index).copied().unwrap_or(self.document.text.len())
    }

    fn part(&mut self, head: usize) -> Result<Spot, Refused> {
        let (event, span) = self.events.next().ok_or_else(Refused::unreadable)?;
        let (from, text) = (self.place(span.start.index()), self.document.text);
        let (kind, start, end, anchor) = match event {
            Event::Alias(id) => {
                self.document.aliases.push((from, id));
                (Kind::Alias(id), from, word_end(text, from), 0)
            }
            Event::Scalar(content, style, anchor, tag) => {
                if content.is_empty() && style == ScalarStyle::Plain && anchor == 0 && tag.is_none() {
                    return Ok(Spot { head, start: head, end: head, anchor: None, kind: Kind::Nothing });
                }
                let (style, start, end) = self.scalar(style, head, span);
                (Kind::Scalar(style, content.into_owned()), start, end, anchor)
            }
            Event::SequenceStart(anchor, _) => {
                let mut start = behind_properties(text, from);
                // A list whose dashes stand under its key is told to begin behind the first dash.
                if head > 0 && text.as_bytes().get(start) != Some(&b'[') {
                    start = behind_properties(text, skip_space(text, head));
                }
                let (kind, end) = self.list(start)?;
                (kind, start, end, anchor)
            }
            Event::MappingStart(anchor, _) => {
                let start = behind_properties(text, from);
                let (kind, end) = self.map(start)?;
                (kind, start, end, anchor)
            }
            Event::Nothing
            | Event::StreamStart
            | Event::StreamEnd
            | Event::DocumentStart(_)
            | Event::DocumentEnd
            | Event::SequenceEnd
            | Event::MappingEnd => return Err(Refused::unreadable()),
        };
        let spot = Spot { head, start, end, anchor: (anchor != 0).then_some(anchor), kind };
        if anchor != 0 {
            self.document.anchored.insert(anchor, spot.clone());
        }
        Ok(spot)
    }

    fn scalar(&self, style: ScalarStyle, head: usize, span: Span) -> (Style, usize, usize) {
        let text = self.document.text;
        let start = behind_properties(text, self.place(span.start.index()));
        match style {
            ScalarStyle::Plain => {
                let end = self.place(span.end.index()).max(start);
                (Style::Plain, start, start + text.get(start..end).unwrap_or_default().trim_end().len())
            }
            ScalarStyle::SingleQuoted => (Style::Single, start, quote_end(text, start, b'\'')),
            ScalarStyle::DoubleQuoted => (Style::Double, start, quote_end(text, start, b'"')),
            ScalarStyle::Literal | ScalarStyle::Folded => {
                let style = if style == ScalarStyle::Literal { Style::Literal } else { Style::Folded };
                let start = behind_properties(text, skip_space(text, head));
                (style, start, block_end(text, start))
            }
        }
    }

    fn list(&mut self, start: usize) -> Result<(Kind, usize), Refused> {
        let text = self.document.text;
        let flow = text.as_bytes().get(start) == Some(&b'[');
        let (mut items, mut at) = (Vec::new(), start);
        loop {
            if let Some((_, span)) = self.events.next_if(|(event, _)| matches!(event, Event::SequenceEnd)) {
                let end = if flow { self.place(span.start.index()) + 1 } else { at };
                return Ok((Kind::List(if flow { Shape::Flow } else { Shape::Block }, items), end));
            }
            let item = if flow {
                let mut value = self.part(at)?;
                if let Kind::Map(shape @ Shape::Block, _) = &mut value.kind {
                    *shape = Shape::Bare;
                }
                Item { start: value.start, value }
            } else {
                let dash = skip_space(text, at);
                if text.as_bytes().get(dash) != Some(&b'-') {
                    return Err(Refused::as_text("a list"));
                }
                Item { start: dash, value: self.part(dash + 1)? }
            };
            at = item.value.end;
            items.push(item);
        }
    }

    fn map(&mut self, start: usize) -> Result<(Kind, usize), Refused> {
        let text = self.document.text;
        let in_brackets = text.as_bytes().get(start) == Some(&b'{');
        let (mut pairs, mut at) = (Vec::new(), start);
        let shape = if in_brackets { Shape::Flow } else { Shape::Block };
        loop {
            if let Some((_, span)) = self.events.next_if(|(event, _)| matches!(event, Event::MappingEnd)) {
                let end = if in_brackets { self.place(span.start.index()) + 1 } else { at };
                return Ok((Kind::Map(shape, pairs), end));
            }
            let key = self.part(at)?;
            let Kind::Scalar(_, name) = &key.kind else { return Err(Refused::as_text("a key")) };
            let name = name.clone();
            let colon = skip_space(text, key.end);
            let has_colon = text.as_bytes().get(colon) == Some(&b':');
            if !has_colon && !in_brackets {
                return Err(Refused::as_text("a key"));
            }
            let value = self.part(if has_colon { colon + 1 } else { key.end })?;
            at = value.end;
            pairs.push(Pair { key, name, value });
        }
    }
}

/// Behind `&anchor` and `!!tag`, in any order.
fn behind_properties(text: &str, mut at: usize) -> usize {
    while matches!(text.as_bytes().get(at), Some(b'&' | b'!')) {
        at = skip_space(text, word_end(text, at));
    }
    at
}

fn quote_end(text: &str, start: usize, quote: u8) -> usize {
    let bytes = text.as_bytes();
    let mut at = start + 1;
    while let Some(byte) = bytes.get(at) {
        match *byte {
            b'\\' if quote == b'"' => at += 2,
            b'\'' if quote == b'\'' && bytes.get(at + 1) == Some(&b'\'') => at += 2,
            byte if byte == quote => return at + 1,
            _ => at += 1,
        }
    }
    text.len()
}

/// Behind the last line of a text that begins with `|` or `>`; blank lines behind it count only where
/// it keeps them (`+`).
fn block_end(text: &str, start: usize) -> usize {
    let header = &text[start..line_end(text, start)];
    let keeps = header.split('#').next().is_some_and(|mark| mark.contains('+'));
    let mark = header.split('#').next().unwrap_or_default().trim_end();
    let parent = indent(text, start);
    let told = mark.chars().find_map(|c| c.to_digit(10)).and_then(|digit| usize::try_from(digit).ok());
    let mut inside = told.map(|digit| parent + digit);
    let (mut end, mut at) = (start + mark.len(), start + header.len());
    while at < text.len() {
        let next = line_end(text, at);
        let line = &text[at..next];
        let own = indent(text, at);
        let blank = line.trim().is_empty();
        if !blank && (own <= parent || own < *inside.get_or_insert(own)) {
            break;
        }
        if !blank || keeps {
            end = at + line.trim_end_matches(['\r', '\n']).len();
        }
        at = next;
    }
    end
}
