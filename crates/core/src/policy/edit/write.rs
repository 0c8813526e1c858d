//! How a value is written: inline, or as lines of a block in the manner of its neighbours.

use std::collections::BTreeMap;

use super::lines::column;
use super::tree::{Document, Kind, Shape, Spot, Style};
use super::{Refused, Written};

/// How this document writes lists and maps.
#[derive(Clone, Copy, Debug)]
pub(super) struct Manner {
    /// How much deeper the entries of a map are than its key.
    pub(super) step: usize,
    /// How much deeper a dash is than the key of its list.
    pub(super) dash: usize,
    /// Maps that are values of a map.
    pub(super) maps: Shape,
    /// Maps that are items of a list.
    pub(super) items: Shape,
    /// Lists of maps.
    pub(super) lists: Shape,
    /// `{ a: 1 }` instead of `{a: 1}`.
    pub(super) wide: bool,
}

impl Manner {
    /// As the first parts of each kind are written, and where `near` has children, as most of them. Where it
    /// has no map yet, a map stands as those under the same `key` elsewhere do.
    pub(super) fn of(document: &Document<'_>, near: Option<&Spot>, key: Option<&str>) -> Self {
        let mut all = Count::default();
        if let Some(root) = &document.root {
            all.look(document.text, root);
        }
        let mut own = Count::default();
        if let Some(near) = near {
            own.look(document.text, near);
            own.only_children(near);
        }
        let pick = |own: (u32, u32), all: (u32, u32), default| match (own, all) {
            ((0, 0), (0, 0)) => default,
            ((0, 0), (block, flow)) | ((block, flow), _) => {
                if flow > block {
                    Shape::Flow
                } else {
                    Shape::Block
                }
            }
        };
        Self {
            step: own.step.or(all.step).unwrap_or(2),
            dash: own.dash.or(all.dash).unwrap_or(2),
            maps: pick(
                own.maps,
                key.map_or((0, 0), |key| all.named.get(key).copied().unwrap_or_default()),
                Shape::Block,
            ),
            items: pick(own.items, all.items, Shape::Flow),
            lists: pick(own.lists, all.lists, Shape::Block),
            wide: pick(own.wide, all.wide, Shape::Block) == Shape::Flow,
        }
    }
}

/// How often something is written in which way: block and flow.
#[derive(Default)]
struct Count {
    step: Option<usize>,
    dash: Option<usize>,
    maps: (u32, u32),
    items: (u32, u32),
    lists: (u32, u32),
    /// Maps by the key they stand under.
    named: BTreeMap<String, (u32, u32)>,
    /// Maps between brackets without and with spaces behind them.
    wide: (u32, u32),
}

impl Count {
    fn look(&mut self, text: &str, spot: &Spot) {
        match &spot.kind {
            Kind::Map(shape, pairs) => {
                if *shape == Shape::Flow && !pairs.is_empty() {
                    let spaced = text[spot.start + 1..].starts_with(' ');
                    *(if spaced { &mut self.wide.1 } else { &mut self.wide.0 }) += 1;
                }
                for pair in pairs {
                    let own = column(text, pair.key.start);
                    if matches!(pair.value.kind, Kind::Map(..)) {
                        count(self.named.entry(pair.name.clone()).or_default(), &pair.value);
                    }
                    match (&pair.value.kind, pair.value.shape()) {
                        (Kind::Map(_, inner), Some(Shape::Block)) => {
                            if let Some(first) = inner.first() {
                                self.step.get_or_insert(column(text, first.key.start).saturating_sub(own).max(1));
                            }
                        }
                        (Kind::List(_, inner), shape) => {
                            let maps = inner.iter().any(|item| matches!(item.value.kind, Kind::Map(..)));
                            match shape {
                                Some(Shape::Block) => {
                                    self.lists.0 += u32::from(maps);
                                    if let Some(first) = inner.first() {
                                        self.dash.get_or_insert(column(text, first.start).saturating_sub(own));
                                    }
                                }
                                Some(Shape::Flow | Shape::Bare) | None => self.lists.1 += u32::from(maps),
                            }
                        }
                        (Kind::Map(..) | Kind::Nothing | Kind::Alias(_) | Kind::Scalar(..), _) => {}
                    }
                    self.look(text, &pair.value);
                }
            }
            Kind::List(_, items) => {
                for item in items {
                    count(&mut self.items, &item.value);
                    self.look(text, &item.value);
                }
            }
            Kind::Nothing | Kind::Alias(_) | Kind::Scalar(..) => {}
        }
    }

    /// The maps that stand directly in a part.
    fn only_children(&mut self, near: &Spot) {
        if let Kind::Map(_, pairs) = &near.kind {
            for pair in pairs {
                count(&mut self.maps, &pair.value);
            }
        }
    }
}

fn count(of: &mut (u32, u32), value: &Spot) {
    if let Kind::Map(shape, inner) = &value.kind {
        match shape {
            Shape::Block => of.0 += 1,
            Shape::Flow | Shape::Bare => of.1 += u32::from(!inner.is_empty()),
        }
    }
}

/// Whether a value stands on the line of its key.
pub(super) fn is_inline(value: &Written, manner: Manner) -> bool {
    match value {
        Written::Text(_) | Written::Plain(_) => true,
        Written::List(items) => {
            let scalar = |item: &Written| matches!(item, Written::Text(_) | Written::Plain(_));
            items.iter().all(scalar) || manner.lists == Shape::Flow
        }
        Written::Map(entries) => entries.is_empty() || manner.maps == Shape::Flow,
    }
}

/// An entry of a map as lines without their ends.
pub(super) fn entry_lines(key: &str, value: &Written, indent: usize, manner: Manner) -> Result<Vec<String>, Refused> {
    let (pad, key) = (" ".repeat(indent), scalar(key, Flow::No));
    if is_inline(value, manner) {
        return Ok(vec![format!("{pad}{key}: {}", inline(value, Flow::No, manner)?)]);
    }
    let mut lines = vec![format!("{pad}{key}:")];
    lines.extend(child_lines(value, indent, manner)?);
    Ok(lines)
}

/// A list or map as the lines below the key it belongs to, which is indented by `indent`.
pub(super) fn child_lines(value: &Written, indent: usize, manner: Manner) -> Result<Vec<String>, Refused> {
    let mut lines = Vec::new();
    match value {
        Written::Map(entries) => {
            for (key, value) in entries {
                lines.extend(entry_lines(key, value, indent + manner.step, manner)?);
            }
        }
        Written::List(items) => {
            for item in items {
                lines.extend(item_lines(item, indent + manner.dash, manner)?);
            }
        }
        Written::Text(_) | Written::Plain(_) => lines.push(inline(value, Flow::No, manner)?),
    }
    Ok(lines)
}

/// An item of a list as lines, its dash at `indent`.
pub(super) fn item_lines(item: &Written, indent: usize, manner: Manner) -> Result<Vec<String>, Refused> {
    let pad = " ".repeat(indent);
    let block = match item {
        Written::Map(entries) => !entries.is_empty() && manner.items == Shape::Block,
        Written::List(_) | Written::Text(_) | Written::Plain(_) => false,
    };
    if !block {
        return Ok(vec![format!("{pad}- {}", inline(item, Flow::No, manner)?)]);
    }
    let inner = Manner { step: 2, ..manner };
    let mut lines = child_lines(item, indent, inner)?;
    if let Some(first) = lines.first_mut() {
        first.replace_range(indent..indent + 1, "-");
    }
    Ok(lines)
}

/// Whether a scalar stands between brackets, where more characters mean something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flow {
    Yes,
    No,
}

/// A value on one line.
pub(super) fn inline(value: &Written, flow: Flow, manner: Manner) -> Result<String, Refused> {
    Ok(match value {
        Written::Text(text) => scalar(text, flow),
        Written::Plain(text) => plain(text)?.to_owned(),
        Written::List(items) => {
            let items: Result<Vec<_>, _> = items.iter().map(|item| inline(item, Flow::Yes, manner)).collect();
            format!("[{}]", items?.join(", "))
        }
        Written::Map(entries) if entries.is_empty() => "{}".to_owned(),
        Written::Map(entries) => {
            let pairs: Result<Vec<_>, _> = entries.iter().map(|(key, value)| pair(key, value, manner)).collect();
            let pad = if manner.wide { " " } else { "" };
            format!("{{{pad}{}{pad}}}", pairs?.join(", "))
        }
    })
}

/// An entry of a map between brackets.
pub(super) fn pair(key: &str, value: &Written, manner: Manner) -> Result<String, Refused> {
    Ok(format!("{}: {}", scalar(key, Flow::Yes), inline(value, Flow::Yes, manner)?))
}

/// A scalar that takes the place of another: in the same quotes where they can hold it.
pub(super) fn scalar_like(value: &Written, style: Style, flow: Flow, indent: usize) -> Result<String, Refused> {
    let text = match value {
        Written::Text(text) => text.as_str(),
        Written::Plain(text) => plain(text)?,
        Written::List(_) | Written::Map(_) => return Err(Refused::as_text("a text")),
    };
    Ok(match (style, value) {
        (Style::Single, _) if !text.contains(|c: char| c.is_control()) => format!("'{}'", text.replace('\'', "''")),
        (Style::Double | Style::Single, _) => double(text),
        (Style::Plain | Style::Literal | Style::Folded, Written::Plain(_)) => text.to_owned(),
        (Style::Literal, _) => literal(text, indent).unwrap_or_else(|| scalar(text, flow)),
        (Style::Folded, _) => folded(text, indent).unwrap_or_else(|| scalar(text, flow)),
        (Style::Plain, _) => scalar(text, flow),
    })
}

/// A text as plain as it can be.
pub(super) fn scalar(text: &str, flow: Flow) -> String {
    if is_plain(text, flow) && !is_other(text) { text.to_owned() } else { double(text) }
}

/// In double quotes. JSON's quotes are YAML's too; what JSON leaves bare and YAML does not is escaped.
fn double(text: &str) -> String {
    let mut out = String::new();
    for c in serde_json::Value::from(text).to_string().chars() {
        let bare = !c.is_control() && !matches!(c, '\u{85}' | '\u{2028}' | '\u{2029}' | '\u{feff}');
        if bare { out.push(c) } else { out.push_str(&format!("\\u{:04x}", u32::from(c))) }
    }
    out
}

/// Whether a text can stand without quotes (YAML 1.2, 7.3.3), with a margin: what is rare is quoted.
pub(super) fn is_plain(text: &str, flow: Flow) -> bool {
    let first = text.chars().next();
    let begins = first.is_some_and(|c| c.is_alphanumeric() || matches!(c, '_' | '/' | '.' | '(' | '+' | '$'));
    let hides = text.contains(": ") || text.contains(" #") || text.ends_with(':') || text.ends_with(' ');
    let barred = |c: char| {
        c.is_control()
            || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}')
            || flow == Flow::Yes && matches!(c, ',' | '[' | ']' | '{' | '}' | ':')
    };
    begins && !hides && !text.contains(barred)
}

/// Whether some YAML would read a bare text as a number, a date, a switch or nothing.
fn is_other(text: &str) -> bool {
    let words = ["true", "false", "yes", "no", "on", "off", "y", "n", "null", "nan", ".nan", ".inf", "+.inf"];
    let number = text.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '.' | '+'))
        && text.chars().all(|c| {
            c.is_ascii_hexdigit() || matches!(c, '_' | '.' | '+' | '-' | ':' | 'x' | 'X' | 'o' | 'T' | 'Z' | ' ')
        });
    number || words.contains(&text.to_ascii_lowercase().as_str())
}

/// Whether a text is written as it is, without quotes.
pub(super) fn is_number(text: &str) -> bool {
    plain(text).is_ok()
}

/// A number as digits with at most one point, or a word of YAML.
fn plain(text: &str) -> Result<&str, Refused> {
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit() || byte == b'_');
    let bare = text.strip_prefix('-').unwrap_or(text);
    let number = match bare.split_once('.') {
        Some((whole, fraction)) => digits(whole) && digits(fraction),
        None => digits(bare),
    };
    if number || ["true", "false", "null"].contains(&text) {
        return Ok(text);
    }
    Err(Refused::new(format!(
        "{} is not a number. Write digits with at most one point, such as 0.5.",
        crate::policy::spill::shown(text)
    )))
}

/// Lines below `|`, where the text can stand so.
fn literal(text: &str, indent: usize) -> Option<String> {
    let (mark, body) = marked(text, '|')?;
    let lines: Vec<_> = body.split('\n').collect();
    let fits = lines.iter().all(|line| !line.ends_with(' ') && !line.contains(|c: char| c.is_control()));
    if !fits || lines.first()?.starts_with(' ') || lines.first()?.is_empty() {
        return None;
    }
    let pad = " ".repeat(indent);
    let lines = lines.iter().map(|line| if line.is_empty() { String::new() } else { format!("\n{pad}{line}") });
    Some(format!(
        "{mark}{}",
        lines.map(|line| if line.is_empty() { "\n".to_owned() } else { line }).collect::<String>()
    ))
}

/// Lines below `>`, filled to about 80 columns, where the text is one paragraph.
fn folded(text: &str, indent: usize) -> Option<String> {
    let (mark, body) = marked(text, '>')?;
    let one_space = !body.contains("  ") && !body.contains(|c: char| c.is_control()) && body.trim() == body;
    if !one_space || body.is_empty() {
        return None;
    }
    let (pad, mut out, mut width) = (" ".repeat(indent), mark, usize::MAX / 2);
    for word in body.split(' ') {
        let length = word.chars().count();
        if width + length + 1 > 80 {
            out.push_str(&format!("\n{pad}{word}"));
            width = indent + length;
        } else {
            out.push_str(&format!(" {word}"));
            width += length + 1;
        }
    }
    Some(out)
}

/// The mark for a text with or without a newline at its end, and the text without it.
fn marked(text: &str, mark: char) -> Option<(String, &str)> {
    match text.strip_suffix('\n') {
        Some(body) if body.ends_with('\n') => None,
        Some(body) => Some((mark.to_string(), body)),
        None => Some((format!("{mark}-"), text)),
    }
}
