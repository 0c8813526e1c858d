//! What an edit changes, line by line, for people: three lines around each change,
//! secrets masked in both texts alike.

use similar::{ChangeTag, TextDiff};

use super::{Client, Entry, mask};

/// One line of a diff.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// What it is.
    pub kind: LineKind,
    /// Its number in the old text for `Del`, else in the new one; for `Gap`, of the next line.
    pub number: u32,
    /// The text without its line end; empty for `Gap`.
    pub text: String,
}

/// What a line of a diff is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineKind {
    /// In both.
    Same,
    /// Only in the new text.
    Add,
    /// Only in the old text.
    Del,
    /// Lines left out.
    Gap,
}

/// The difference of two settings files. The texts of `ours`, what we write, are shown as they are.
pub fn diff(client: &Client, before: Option<&[u8]>, after: Option<&[u8]>, ours: Option<&Entry>) -> Vec<Line> {
    let shown = |bytes: Option<&[u8]>| mask::settings(client, bytes.unwrap_or_default(), ours);
    let (old, new) = (shown(before), shown(after));
    let (old, new) = (lines(&old), lines(&new));
    let changes = TextDiff::from_slices(&old, &new);
    let number = |index: Option<usize>| index.and_then(|i| u32::try_from(i + 1).ok()).unwrap_or_default();
    let mut out = Vec::new();
    let mut shown_to = 0;
    for group in changes.grouped_ops(3) {
        let start = group.first().map_or(0, |op| op.new_range().start);
        if start > shown_to {
            out.push(Line { kind: LineKind::Gap, number: number(Some(start)), text: String::new() });
        }
        shown_to = group.last().map_or(shown_to, |op| op.new_range().end);
        for change in group.iter().flat_map(|op| changes.iter_changes(op)) {
            let (kind, index) = match change.tag() {
                ChangeTag::Equal => (LineKind::Same, change.new_index()),
                ChangeTag::Insert => (LineKind::Add, change.new_index()),
                ChangeTag::Delete => (LineKind::Del, change.old_index()),
            };
            out.push(Line { kind, number: number(index), text: change.value().to_string() });
        }
    }
    if !out.is_empty() && shown_to < new.len() {
        out.push(Line { kind: LineKind::Gap, number: number(Some(shown_to)), text: String::new() });
    }
    out
}

/// Lines without their ends, so that a missing last line end is not shown as a change.
fn lines(text: &str) -> Vec<&str> {
    text.lines().map(|line| line.trim_end_matches('\r')).collect()
}
