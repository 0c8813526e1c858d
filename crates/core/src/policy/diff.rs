//! What an edit of routing.yaml changes, line by line, for people: three lines around each change.

use similar::{ChangeTag, TextDiff};

pub use crate::clients::{Line, LineKind};

/// The difference of two texts. Line ends are not compared.
pub fn diff(old: &str, new: &str) -> Vec<Line> {
    let (old, new): (Vec<&str>, Vec<&str>) = (old.lines().collect(), new.lines().collect());
    let changes = TextDiff::from_slices(&old, &new);
    let number = |index: Option<usize>| index.and_then(|i| u32::try_from(i + 1).ok()).unwrap_or_default();
    let gap = |at: usize| Line { kind: LineKind::Gap, number: number(Some(at)), text: String::new() };
    let mut out = Vec::new();
    let mut shown = 0;
    for group in changes.grouped_ops(3) {
        let start = group.first().map_or(0, |op| op.new_range().start);
        if start > shown {
            out.push(gap(start));
        }
        shown = group.last().map_or(shown, |op| op.new_range().end);
        for change in group.iter().flat_map(|op| changes.iter_changes(op)) {
            let (kind, index) = match change.tag() {
                ChangeTag::Equal => (LineKind::Same, change.new_index()),
                ChangeTag::Insert => (LineKind::Add, change.new_index()),
                ChangeTag::Delete => (LineKind::Del, change.old_index()),
            };
            out.push(Line { kind, number: number(index), text: change.value().to_owned() });
        }
    }
    if !out.is_empty() && shown < new.len() {
        out.push(gap(shown));
    }
    out
}
