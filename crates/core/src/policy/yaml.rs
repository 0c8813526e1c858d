//! YAML as a small tree with places: what routing.yaml needs and nothing more.
//!
//! Scalars stay text, so that money is read from the digits a person wrote (I4). Aliases and merge
//! keys are expanded within a budget; a file that is too large, too deep or expands too far is
//! refused with its line instead of being read. Nothing here knows a key of the policy.

use std::collections::BTreeMap;

use saphyr_parser::{Event, Parser, ScalarStyle, ScanError, Span, Tag};

use super::{Fix, Problem, Severity};

/// The largest file that is read.
pub const MAX_BYTES: usize = 1024 * 1024;
const MAX_DEPTH: usize = 64;
const MAX_NODES: usize = 20_000;

/// A value with the place where it is written, both from 1. An aliased value stands where its
/// anchor stands.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) line: usize,
    pub(super) column: usize,
    pub(super) kind: Kind,
}

#[derive(Clone, Debug)]
pub(super) enum Kind {
    /// Nothing, `~` or `null`.
    Null,
    /// A scalar as written, quoted or not.
    Text(String),
    /// A list.
    List(Vec<Node>),
    /// A map in the order of the file. Keys are unique.
    Map(Vec<Entry>),
}

/// One key of a map with its value.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) key: String,
    pub(super) line: usize,
    pub(super) column: usize,
    pub(super) value: Node,
}

impl Node {
    /// What it is, for sentences.
    pub(super) const fn what(&self) -> &'static str {
        match self.kind {
            Kind::Null => "empty",
            Kind::Text(_) => "a text",
            Kind::List(_) => "a list",
            Kind::Map(_) => "a map",
        }
    }

    /// The value on one line, for telling whether two are the same. Bounded by the node budget.
    pub(super) fn flat(&self) -> String {
        match &self.kind {
            Kind::Null => "~".to_owned(),
            Kind::Text(text) => format!("{text:?}"),
            Kind::List(items) => format!("[{}]", items.iter().map(Self::flat).collect::<Vec<_>>().join(", ")),
            Kind::Map(entries) => {
                let pairs: Vec<_> =
                    entries.iter().map(|entry| format!("{:?}: {}", entry.key, entry.value.flat())).collect();
                format!("{{{}}}", pairs.join(", "))
            }
        }
    }
}

/// Reads one document. `Ok(None)` is a file without any value. Problems that leave the rest
/// readable (a key written twice) are appended to `problems`.
///
/// # Errors
/// The one [`Problem`] because of which nothing can be read.
pub(super) fn parse(text: &str, problems: &mut Vec<Problem>) -> Result<Option<Node>, Problem> {
    if text.len() > MAX_BYTES {
        return Err(error(1, 1, "The file is larger than 1 MiB. Remove what does not belong in it."));
    }
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut tree = Tree { problems, frames: Vec::new(), anchors: BTreeMap::new(), root: None, documents: 0, nodes: 0 };
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|why| unreadable(text, &why))?;
        tree.take(event, span)?;
    }
    Ok(tree.root)
}

struct Tree<'a> {
    problems: &'a mut Vec<Problem>,
    frames: Vec<Frame>,
    anchors: BTreeMap<usize, Node>,
    root: Option<Node>,
    documents: usize,
    nodes: usize,
}

/// A list or map under construction.
struct Frame {
    anchor: usize,
    line: usize,
    column: usize,
    inside: Inside,
}

enum Inside {
    List(Vec<Node>),
    Map { entries: Vec<Entry>, key: Option<(String, usize, usize)>, merged: Vec<Entry> },
}

impl Tree<'_> {
    fn take(&mut self, event: Event<'_>, span: Span) -> Result<(), Problem> {
        let (line, column) = (span.start.line(), span.start.col() + 1);
        match event {
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => Ok(()),
            Event::DocumentStart(_) => {
                self.documents += 1;
                if self.documents > 1 {
                    return Err(error(
                        line,
                        column,
                        "A second document begins here. Keep the whole policy in one, without a line ---.",
                    ));
                }
                Ok(())
            }
            Event::Alias(id) => {
                let Some(node) = self.anchors.get(&id).cloned() else {
                    return Err(error(
                        line,
                        column,
                        "This alias stands inside the value it names. Write the value out.",
                    ));
                };
                if self.frames.len() + height(&node) > MAX_DEPTH {
                    return Err(too_deep(line, column));
                }
                self.spend(size(&node), line, column)?;
                self.attach(node)
            }
            Event::Scalar(text, style, anchor, tag) => {
                check_tag(tag.as_deref(), line, column)?;
                let plain = style == ScalarStyle::Plain && tag.is_none_or(|tag| tag.suffix != "str");
                let null = plain && matches!(text.as_ref(), "" | "~" | "null" | "Null" | "NULL");
                let kind = if null { Kind::Null } else { Kind::Text(text.into_owned()) };
                self.finish(Node { line, column, kind }, anchor)
            }
            Event::SequenceStart(anchor, tag) => {
                check_tag(tag.as_deref(), line, column)?;
                self.open(Frame { anchor, line, column, inside: Inside::List(Vec::new()) })
            }
            Event::MappingStart(anchor, tag) => {
                check_tag(tag.as_deref(), line, column)?;
                let inside = Inside::Map { entries: Vec::new(), key: None, merged: Vec::new() };
                self.open(Frame { anchor, line, column, inside })
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(),
        }
    }

    fn open(&mut self, frame: Frame) -> Result<(), Problem> {
        if self.frames.len() >= MAX_DEPTH {
            return Err(too_deep(frame.line, frame.column));
        }
        self.frames.push(frame);
        Ok(())
    }

    fn close(&mut self) -> Result<(), Problem> {
        let Some(Frame { anchor, line, column, inside }) = self.frames.pop() else { return Ok(()) };
        let kind = match inside {
            Inside::List(items) => Kind::List(items),
            Inside::Map { mut entries, merged, .. } => {
                // What is written wins over what is merged in; of two merges the first wins.
                for entry in merged {
                    if entries.iter().all(|own| own.key != entry.key) {
                        entries.push(entry);
                    }
                }
                Kind::Map(entries)
            }
        };
        self.finish(Node { line, column, kind }, anchor)
    }

    /// A node is complete: remember it under its anchor and give it to what contains it.
    fn finish(&mut self, node: Node, anchor: usize) -> Result<(), Problem> {
        self.spend(1, node.line, node.column)?;
        if anchor != 0 {
            self.spend(size(&node), node.line, node.column)?;
            self.anchors.insert(anchor, node.clone());
        }
        self.attach(node)
    }

    fn attach(&mut self, node: Node) -> Result<(), Problem> {
        let Some(frame) = self.frames.last_mut() else {
            self.root = Some(node).filter(|node| !matches!(node.kind, Kind::Null));
            return Ok(());
        };
        match &mut frame.inside {
            Inside::List(items) => items.push(node),
            Inside::Map { entries, key, merged } => match key.take() {
                None => *key = Some((key_text(&node)?, node.line, node.column)),
                Some((name, line, column)) if name == "<<" => match node.kind {
                    Kind::Map(more) => merged.extend(more),
                    Kind::List(maps) => {
                        for map in maps {
                            let Kind::Map(more) = map.kind else { return Err(bad_merge(line, column)) };
                            merged.extend(more);
                        }
                    }
                    Kind::Null | Kind::Text(_) => return Err(bad_merge(line, column)),
                },
                Some((name, line, column)) => match entries.iter().find(|entry| entry.key == name) {
                    Some(first) => {
                        let sentence = format!(
                            "{} is already written on line {}. Keep one of the two.",
                            super::spill::shown(&name),
                            first.line
                        );
                        let problem = error(line, column, sentence);
                        // A value on the line of its key is gone with a mark before it.
                        let one_line = !matches!(node.kind, Kind::List(_) | Kind::Map(_)) && node.line == line;
                        let title = "Comment the second one out".to_owned();
                        let fix = Fix { title, line, column, end_column: column, text: "# ".to_owned() };
                        self.problems.push(Problem { fix: one_line.then_some(fix), ..problem });
                    }
                    None => entries.push(Entry { key: name, line, column, value: node }),
                },
            },
        }
        Ok(())
    }

    fn spend(&mut self, nodes: usize, line: usize, column: usize) -> Result<(), Problem> {
        self.nodes += nodes;
        if self.nodes > MAX_NODES {
            return Err(error(
                line,
                column,
                "With its aliases the file grows too large. Write fewer values, without aliases of aliases.",
            ));
        }
        Ok(())
    }
}

fn key_text(node: &Node) -> Result<String, Problem> {
    match &node.kind {
        Kind::Text(text) => Ok(text.clone()),
        Kind::Null | Kind::List(_) | Kind::Map(_) => {
            Err(error(node.line, node.column, format!("A key must be a word; this is {}.", node.what())))
        }
    }
}

fn size(node: &Node) -> usize {
    1 + match &node.kind {
        Kind::Null | Kind::Text(_) => 0,
        Kind::List(items) => items.iter().map(size).sum(),
        Kind::Map(entries) => entries.iter().map(|entry| size(&entry.value)).sum(),
    }
}

fn height(node: &Node) -> usize {
    match &node.kind {
        Kind::Null | Kind::Text(_) => 0,
        Kind::List(items) => 1 + items.iter().map(height).max().unwrap_or(0),
        Kind::Map(entries) => 1 + entries.iter().map(|entry| height(&entry.value)).max().unwrap_or(0),
    }
}

fn check_tag(tag: Option<&Tag>, line: usize, column: usize) -> Result<(), Problem> {
    let plain = ["str", "int", "float", "bool", "null", "map", "seq"];
    match tag {
        Some(tag) if !(tag.is_yaml_core_schema() && plain.contains(&tag.suffix.as_str())) => Err(error(
            line,
            column,
            "Tags (words that begin with !) have no meaning here. Remove it, or put the text in quotes.",
        )),
        Some(_) | None => Ok(()),
    }
}

fn unreadable(text: &str, why: &ScanError) -> Problem {
    let (line, column) = (why.marker().line().max(1), why.marker().col() + 1);
    let indented_with_tab = |number: usize| {
        let line = text.lines().nth(number.checked_sub(1)?)?;
        line.trim_start_matches(' ').starts_with('\t').then_some(number)
    };
    let near = indented_with_tab(line).or_else(|| indented_with_tab(line - 1));
    if let Some(line) = near.or_else(|| indented_with_tab(line + 1)) {
        let problem = error(line, 1, "This line is indented with a tab. Use spaces.");
        let written = text.lines().nth(line - 1).unwrap_or_default();
        let indent: String = written.chars().take_while(|c| matches!(c, ' ' | '\t')).collect();
        let (spaces, end_column) = (indent.replace('\t', "  "), indent.chars().count() + 1);
        let title = "Indent with spaces".to_owned();
        return Problem { fix: Some(Fix { title, line, column: 1, end_column, text: spaces }), ..problem };
    }
    error(
        line,
        column,
        format!(
            "This is not YAML: {}. Look at the indentation, quotes and colons here and on the line above.",
            why.info()
        ),
    )
}

fn bad_merge(line: usize, column: usize) -> Problem {
    error(line, column, "<< takes an alias of a map, such as <<: *base.")
}

fn too_deep(line: usize, column: usize) -> Problem {
    error(line, column, "This is nested more than 64 levels deep. No setting is.")
}

fn error(line: usize, column: usize, sentence: impl Into<String>) -> Problem {
    Problem { severity: Severity::Error, line, column, sentence: sentence.into(), fix: None }
}
