//! Parts of lists and maps that stand on lines of their own: written, cut and moved as whole lines, with the
//! comment lines that belong to them.

use super::change::spliced;
use super::lines::{begins_line, column, indent, line_before, line_end, line_start, newline, own_end, own_start};
use super::tree::{Document, Extent, Kind, Spot};
use super::write::{self, Manner};
use super::{Refused, Written};

/// Puts lines before a place that begins a line, or at the end of the text.
fn with_lines(text: &str, at: usize, lines: &[String]) -> String {
    let ending = newline(text, at);
    let mut new = String::new();
    if at > 0 && !text[..at].ends_with('\n') {
        new.push_str(ending);
    }
    for line in lines {
        // A text over several lines has its newlines inside.
        new.push_str(&line.replace('\n', ending));
        new.push_str(ending);
    }
    spliced(text, at, at, &new)
}

/// The first entries of a document that has none.
pub(super) fn first(document: &Document<'_>, entries: &[(String, Written)]) -> Result<String, Refused> {
    let manner = Manner::of(document, None, None);
    let mut lines = Vec::new();
    for (key, value) in entries {
        lines.extend(write::entry_lines(key, value, 0, manner)?);
    }
    Ok(with_lines(document.text, document.text.len(), &lines))
}

/// Adds an entry behind the last one of a map.
pub(super) fn add_entry(
    document: &Document<'_>,
    map: &Spot,
    key: &str,
    value: &Written,
    manner: Manner,
) -> Result<String, Refused> {
    let (text, parts) = (document.text, map.parts());
    let (Some(first), Some(last)) = (parts.first(), parts.last()) else { return Err(Refused::as_text(key)) };
    let indent = column(text, first.start);
    let mut lines = write::entry_lines(key, value, indent, manner)?;
    if is_spaced(text, &parts) {
        lines.insert(0, String::new());
    }
    Ok(with_lines(text, own_end(text, last.end, indent), &lines))
}

/// Whether most parts have a blank line before them.
fn is_spaced(text: &str, parts: &[Extent]) -> bool {
    let spaced = parts.windows(2).filter(|pair| {
        let [before, part] = pair else { return false };
        let start = own_start(text, part.start, line_end(text, before.end));
        line_before(text, start).is_some_and(|(_, line)| line.trim().is_empty())
    });
    spaced.count() * 2 > parts.len() - 1
}

/// Puts an item into a list of lines.
pub(super) fn add_item(text: &str, list: &Spot, at: usize, lines: &[String]) -> Result<String, Refused> {
    let parts = list.parts();
    let place = match (at.checked_sub(1).and_then(|before| parts.get(before)), parts.get(at)) {
        (_, Some(next)) if !begins_line(text, next.start) => return Err(Refused::as_text("The list")),
        (before, Some(next)) => own_start(text, next.start, limit(text, list, before)),
        (_, None) => {
            let Some(last) = parts.last() else { return Err(Refused::as_text("The list")) };
            own_end(text, last.end, column(text, last.start) + 1)
        }
    };
    Ok(with_lines(text, place, lines))
}

/// Up to where comments above a part may be its own.
fn limit(text: &str, of: &Spot, before: Option<&Extent>) -> usize {
    match before {
        Some(before) => line_end(text, before.end),
        None if of.head == 0 => 0,
        None => line_end(text, of.head),
    }
}

/// The lines of each part with its comments.
fn regions(text: &str, of: &Spot) -> Result<Vec<Extent>, Refused> {
    let parts = of.parts();
    let region = |(at, part): (usize, &Extent)| {
        if !begins_line(text, part.start) {
            return Err(Refused::as_text("An entry that begins behind a dash"));
        }
        let before = at.checked_sub(1).and_then(|before| parts.get(before));
        let start = own_start(text, part.start, limit(text, of, before));
        Ok(Extent { start, end: own_end(text, part.end, column(text, part.start) + 1) })
    };
    parts.iter().enumerate().map(region).collect()
}

/// Takes a part out. Of two blank lines that meet then, one goes.
pub(super) fn remove(text: &str, of: &Spot, at: usize) -> Result<String, Refused> {
    let parts = of.parts();
    let Some(part) = parts.get(at) else { return Err(Refused::as_text("The list")) };
    if !begins_line(text, part.start) {
        let next = parts.get(at + 1).filter(|next| {
            let between = &text[line_end(text, part.end)..line_start(text, next.start)];
            begins_line(text, next.start) && between.trim().is_empty()
        });
        let next = next.ok_or_else(|| Refused::as_text("The entry behind the dash"))?;
        return Ok(spliced(text, part.start, next.start, ""));
    }
    let before = at.checked_sub(1).and_then(|before| parts.get(before));
    let start = own_start(text, part.start, limit(text, of, before));
    let end = own_end(text, part.end, column(text, part.start) + 1);
    let blank = |line: &str| line.trim().is_empty();
    let opens = line_before(text, start).is_none_or(|(_, line)| blank(line));
    let next = line_end(text, end);
    let closes = end < text.len() && blank(&text[end..next]);
    Ok(spliced(text, start, if opens && closes { next } else { end }, ""))
}

/// Writes the parts in another order; what stands between them stays where it is.
pub(super) fn reorder(text: &str, of: &Spot, order: &[usize]) -> Result<String, Refused> {
    let regions = regions(text, of)?;
    let (Some(first), Some(last)) = (regions.first(), regions.last()) else { return Ok(text.to_owned()) };
    let ending = newline(text, last.start);
    let mut out = text[..first.start].to_owned();
    for (at, from) in order.iter().enumerate() {
        let Some(region) = regions.get(*from) else { return Err(Refused::as_text("The list")) };
        let lines = &text[region.start..region.end];
        out.push_str(lines);
        if !lines.ends_with('\n') {
            out.push_str(ending);
        }
        if let (Some(here), Some(next)) = (regions.get(at), regions.get(at + 1)) {
            out.push_str(&text[here.end..next.start]);
        }
    }
    if !text[..last.end].ends_with('\n') {
        out.truncate(out.len() - ending.len());
    }
    out.push_str(&text[last.end..]);
    Ok(out)
}

/// How deep the lines of a text below `|` or `>` are indented.
pub(super) fn content_indent(text: &str, here: &Spot, parent: Option<&Spot>) -> usize {
    let lines = text[here.start..here.end].split('\n').skip(1);
    let written = lines.filter(|line| !line.trim().is_empty()).map(|line| indent(line, 0)).min();
    written.unwrap_or_else(|| parent.map_or(0, |parent| key_column(text, parent, here)) + 2)
}

/// The column of the key or dash a value belongs to.
fn key_column(text: &str, parent: &Spot, here: &Spot) -> usize {
    match &parent.kind {
        Kind::Map(_, pairs) => {
            pairs.iter().find(|pair| pair.value.head == here.head).map_or(0, |pair| column(text, pair.key.start))
        }
        Kind::List(_, items) => {
            items.iter().find(|item| item.value.head == here.head).map_or(0, |item| column(text, item.start))
        }
        Kind::Nothing | Kind::Alias(_) | Kind::Scalar(..) => 0,
    }
}

/// Writes a value on the line of its key in the place of the lines below it.
pub(super) fn inline_instead(text: &str, here: &Spot, new: &str) -> String {
    let header_end = line_end(text, here.head);
    if here.start < header_end {
        return spliced(text, here.head, here.end, &format!(" {new}"));
    }
    let header = bare_header(text, here);
    let kept = &text[..here.head];
    format!("{kept} {new}{header}{}", &text[line_end(text, here.end)..])
}

/// What stands behind a key whose value is on the lines below it, without an anchor.
fn bare_header(text: &str, here: &Spot) -> String {
    let header = &text[here.head..line_end(text, here.head)];
    match header.find('&').filter(|_| here.anchor.is_some()) {
        Some(at) => format!("{}{}", header[..at].trim_end(), &header[super::lines::word_end(header, at)..]),
        None => header.to_owned(),
    }
}

/// Writes a value as lines in the place of another.
pub(super) fn lines_instead(
    document: &Document<'_>,
    here: &Spot,
    parent: Option<&Spot>,
    value: &Written,
    manner: Manner,
) -> Result<String, Refused> {
    let (text, Some(parent)) = (document.text, parent) else { return Err(Refused::as_text("The file")) };
    let indent = key_column(text, parent, here);
    let header_end = line_end(text, here.head);
    let below = here.start >= header_end && !matches!(here.kind, Kind::Nothing);
    if let Kind::List(_, items) = &parent.kind {
        let item = items.iter().find(|item| item.value.head == here.head);
        let Some(item) = item.filter(|_| !below) else { return Err(Refused::as_text("The item")) };
        let lines = write::item_lines(value, indent, manner)?;
        let cut = spliced(text, line_start(text, item.start), line_end(text, here.end), "");
        return Ok(with_lines(&cut, line_start(text, item.start), &lines));
    }
    let lines = write::child_lines(value, indent, manner)?;
    if below {
        let cut = format!("{}{}{}", &text[..here.head], bare_header(text, here), &text[line_end(text, here.end)..]);
        return Ok(with_lines(&cut, line_end(&cut, here.head), &lines));
    }
    let cut = spliced(text, here.head, here.end, "");
    let at = line_end(&cut, here.head);
    Ok(with_lines(&cut, at, &lines))
}
