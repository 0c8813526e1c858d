//! Rows of a table as CSV (RFC 4180), safe to open in a spreadsheet: a text that a spreadsheet would take
//! for a formula is written so that it stays a text. What the columns mean does not belong here.

/// One cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cell<'a> {
    /// A text that others chose: a name, a message. Guarded.
    Text(&'a str),
    /// Digits, a sign or a time that we made ourselves. Written as it is, so that −0.01 stays a number.
    Made(&'a str),
}

/// One row with its line end.
pub fn row(cells: &[Cell<'_>]) -> String {
    let mut line = cells.iter().map(cell).collect::<Vec<_>>().join(",");
    line.push_str("\r\n");
    line
}

fn cell(cell: &Cell<'_>) -> String {
    let text = match cell {
        Cell::Text(text) if is_formula(text) => format!("'{text}"),
        Cell::Text(text) | Cell::Made(text) => (*text).to_owned(),
    };
    if text.contains(['"', ',', '\r', '\n']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text }
}

/// Whether a spreadsheet may compute a cell that begins so
/// (owasp.org/www-community/attacks/CSV_Injection). Blanks before it are skipped by some.
fn is_formula(text: &str) -> bool {
    text.starts_with(['\t', '\r', '\n']) || text.trim_start().starts_with(['=', '+', '-', '@'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_that_would_be_a_formula_stays_a_text() {
        for text in ["=1+1", "+1", "-1", "@SUM(A1)", " =HYPERLINK(1)", "\tx"] {
            assert_eq!(row(&[Cell::Text(text)]), format!("'{text}\r\n"));
        }
        assert_eq!(row(&[Cell::Made("-0.01"), Cell::Text("a-b"), Cell::Text("")]), "-0.01,a-b,\r\n");
    }

    #[test]
    fn what_would_break_a_row_is_quoted() {
        assert_eq!(
            row(&[Cell::Text("a,b"), Cell::Text("say \"x\""), Cell::Text("two\nlines")]),
            "\"a,b\",\"say \"\"x\"\"\",\"two\nlines\"\r\n"
        );
        assert_eq!(row(&[Cell::Text("=\"a\"")]), "\"'=\"\"a\"\"\"\r\n", "guarded inside the quotes");
    }
}
