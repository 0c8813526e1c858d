//! All that the command line prints. stdout carries answers and tables, stderr what is said about
//! them. A reader that closes stdout early is no error: see [`is_closed_pipe`].

use std::io::{self, Write};

use pointsman_engine::view::{DiffKind, DiffLine};
use serde::Serialize;

/// A line on stdout.
///
/// # Errors
/// Where stdout is closed.
pub(crate) fn line(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.write_all(b"\n")?;
    out.flush()
}

/// A piece of an answer on stdout, at once.
///
/// # Errors
/// Where stdout is closed.
pub(crate) fn piece(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()
}

/// A value as indented JSON on stdout.
///
/// # Errors
/// Where stdout is closed.
pub(crate) fn json(value: &impl Serialize) -> anyhow::Result<()> {
    Ok(line(&serde_json::to_string_pretty(value)?)?)
}

/// A line on stderr. A closed stderr is nobody's loss.
pub(crate) fn note(text: &str) {
    let mut out = io::stderr().lock();
    drop(out.write_all(format!("{text}\n").as_bytes()));
}

/// The lines of a difference, each with its mark.
///
/// # Errors
/// Where stdout is closed.
pub(crate) fn diff(lines: &[DiffLine]) -> io::Result<()> {
    for shown in lines {
        let (mark, text) = match shown.kind {
            DiffKind::Same => (' ', shown.text.as_str()),
            DiffKind::Add => ('+', shown.text.as_str()),
            DiffKind::Del => ('-', shown.text.as_str()),
            DiffKind::Gap if shown.text.is_empty() => (' ', "…"),
            DiffKind::Gap => (' ', shown.text.as_str()),
        };
        line(format!("{mark} {text}").trim_end())?;
    }
    Ok(())
}

/// Rows with their columns below each other: the first to the left, the others to the right.
pub(crate) fn columns(rows: &[Vec<String>]) -> String {
    let width = |column: usize| {
        rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max().unwrap_or_default()
    };
    let mut text = String::new();
    for row in rows {
        let mut line = String::new();
        for (index, cell) in row.iter().enumerate() {
            let pad = " ".repeat(width(index).saturating_sub(cell.chars().count()));
            let gap = if index == 0 { "" } else { "  " };
            let placed = if index == 0 { format!("{cell}{pad}") } else { format!("{pad}{cell}") };
            line.push_str(gap);
            line.push_str(&placed);
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text.trim_end_matches('\n').to_owned()
}

/// Sentences that several rows of a table share: each is told once, below it.
#[derive(Default)]
pub(crate) struct Reasons(Vec<String>);

impl Reasons {
    /// The mark of a sentence: `[1]`.
    pub(crate) fn mark(&mut self, sentence: &str) -> String {
        let at = self.0.iter().position(|other| other == sentence).unwrap_or_else(|| {
            self.0.push(sentence.to_owned());
            self.0.len() - 1
        });
        format!("[{}]", at + 1)
    }

    /// All of them, each on a line of its own below what was there.
    pub(crate) fn text(&self) -> String {
        self.0.iter().enumerate().map(|(at, sentence)| format!("\n[{}] {sentence}", at + 1)).collect()
    }
}

/// Whether the cause is a reader that closed our stdout.
pub(crate) fn is_closed_pipe(error: &anyhow::Error) -> bool {
    error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_stand_below_each_other_by_characters_not_bytes() {
        let rows = [vec!["summarize".into(), "$0.10".into()], vec!["übersetzen".into(), "$12.00".into()]];
        assert_eq!(columns(&rows), "summarize    $0.10\nübersetzen  $12.00");
    }
}
