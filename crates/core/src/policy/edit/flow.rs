//! Parts of lists and maps between brackets: written and cut within their line, or as lines of their own
//! where the brackets hold several lines.

use super::Refused;
use super::change::spliced;
use super::lines::{begins_line, indent, line_end, line_start, newline, skip_space};
use super::tree::Spot;

/// Puts a part before the one at a place; past the end is the end.
pub(super) fn add(text: &str, of: &Spot, at: usize, part: &str) -> Result<String, Refused> {
    let parts = of.parts();
    let inside = &text[of.start + 1..of.end - 1];
    let Some(last) = parts.last() else {
        if !inside.trim().is_empty() {
            return Err(Refused::as_text("What stands between these brackets"));
        }
        let pad = if inside.is_empty() { "" } else { " " };
        return Ok(spliced(text, of.start + 1, of.end - 1, &format!("{pad}{part}{pad}")));
    };
    let own_line = |start: usize| begins_line(text, start) && line_start(text, start) > of.start;
    if let Some(next) = parts.get(at) {
        let space = if own_line(next.start) { line_break(text, next.start) } else { " ".to_owned() };
        return Ok(spliced(text, next.start, next.start, &format!("{part},{space}")));
    }
    let comma = Some(skip_space(text, last.end)).filter(|at| text.as_bytes().get(*at) == Some(&b','));
    if !own_line(last.start) {
        let (at, new) = comma.map_or_else(|| (last.end, format!(", {part}")), |comma| (comma + 1, format!(" {part}")));
        return Ok(spliced(text, at, at, &new));
    }
    let behind = comma.map_or(last.end, |comma| comma + 1);
    let closes_there = line_end(text, behind) >= of.end;
    let at = if closes_there { behind } else { line_end(text, behind) };
    let (pad, ending) = (" ".repeat(indent(text, last.start)), newline(text, last.start));
    let line = if closes_there { format!("{ending}{pad}{part}") } else { format!("{pad}{part}{ending}") };
    let with_line = spliced(text, at, at, &line);
    Ok(if comma.is_some() { with_line } else { spliced(&with_line, last.end, last.end, ",") })
}

/// The end of a line and the indentation of the next.
fn line_break(text: &str, at: usize) -> String {
    format!("{}{}", newline(text, at), " ".repeat(indent(text, at)))
}

/// Takes a part out, with one comma.
pub(super) fn remove(text: &str, of: &Spot, at: usize) -> Result<String, Refused> {
    let parts = of.parts();
    let Some(part) = parts.get(at) else { return Err(Refused::as_text("The list")) };
    if parts.len() == 1 {
        return plain_cut(text, of.start + 1, of.end - 1);
    }
    let comma = skip_space(text, part.end);
    let behind = if text.as_bytes().get(comma) == Some(&b',') { comma + 1 } else { part.end };
    let rest = text[behind..line_end(text, behind)].trim();
    let own_lines = begins_line(text, part.start) && (rest.is_empty() || rest.starts_with('#'));
    if own_lines && line_end(text, behind) < of.end {
        return Ok(spliced(text, line_start(text, part.start), line_end(text, behind), ""));
    }
    match (parts.get(at + 1), at.checked_sub(1).and_then(|before| parts.get(before))) {
        (Some(next), _) => plain_cut(text, part.start, next.start),
        (None, Some(before)) => plain_cut(text, before.end, part.end),
        (None, None) => Err(Refused::as_text("The list")),
    }
}

/// Cuts a stretch that holds no comment and no end of a line.
fn plain_cut(text: &str, from: usize, to: usize) -> Result<String, Refused> {
    if text[from..to].contains('\n') {
        return Err(Refused::as_text("What stands between these brackets"));
    }
    Ok(spliced(text, from, to, ""))
}

/// Writes the parts in another order; commas and spaces stay where they are.
pub(super) fn reorder(text: &str, of: &Spot, order: &[usize]) -> Result<String, Refused> {
    let parts = of.parts();
    let (Some(first), Some(last)) = (parts.first(), parts.last()) else { return Ok(text.to_owned()) };
    let between = parts.windows(2).any(|pair| matches!(pair, [a, b] if text[a.end..b.start].contains('#')));
    // A comment stands behind one of them, and which one it belongs to cannot be told.
    if between || text[last.end..of.end].contains('#') || text[of.start..first.start].contains('#') {
        return Err(Refused::as_text("What stands between these brackets"));
    }
    let mut out = text[..first.start].to_owned();
    for (at, from) in order.iter().enumerate() {
        let Some(part) = parts.get(*from) else { return Err(Refused::as_text("The list")) };
        out.push_str(&text[part.start..part.end]);
        if let (Some(here), Some(next)) = (parts.get(at), parts.get(at + 1)) {
            out.push_str(&text[here.end..next.start]);
        }
    }
    out.push_str(&text[last.end..]);
    Ok(out)
}
