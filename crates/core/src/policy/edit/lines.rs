//! The lines of a text: where they begin and end, and which are blank or a comment. Works on bytes; every
//! place it is given and gives is one of a character.

/// Where the line of a place begins.
pub(super) fn line_start(text: &str, at: usize) -> usize {
    text[..at].rfind('\n').map_or(0, |newline| newline + 1)
}

/// Behind the newline of the line of a place, or the end of the text.
pub(super) fn line_end(text: &str, at: usize) -> usize {
    text[at..].find('\n').map_or(text.len(), |newline| at + newline + 1)
}

/// How many bytes a place is from the beginning of its line.
pub(super) fn column(text: &str, at: usize) -> usize {
    at - line_start(text, at)
}

/// How many spaces the line of a place begins with.
pub(super) fn indent(text: &str, at: usize) -> usize {
    text[line_start(text, at)..].bytes().take_while(|byte| *byte == b' ').count()
}

/// Whether only white space stands before a place on its line.
pub(super) fn begins_line(text: &str, at: usize) -> bool {
    text[line_start(text, at)..at].trim().is_empty()
}

/// The column of the mark of a line that is a comment and nothing else.
pub(super) fn comment_column(line: &str) -> Option<usize> {
    let bare = line.trim_start();
    bare.starts_with('#').then(|| line.len() - bare.len())
}

/// The line before the one that begins at a place.
pub(super) fn line_before(text: &str, start: usize) -> Option<(usize, &str)> {
    let at = line_start(text, start.checked_sub(1)?);
    Some((at, &text[at..start]))
}

/// The next byte that is neither white space nor in a comment.
pub(super) fn skip_space(text: &str, mut at: usize) -> usize {
    let bytes = text.as_bytes();
    loop {
        match bytes.get(at) {
            Some(b' ' | b'\t' | b'\r' | b'\n') => at += 1,
            Some(b'#') if at == 0 || bytes[at - 1].is_ascii_whitespace() => at = line_end(text, at),
            Some(_) | None => return at,
        }
    }
}

/// The end of an anchor, alias or tag.
pub(super) fn word_end(text: &str, at: usize) -> usize {
    let ends = |c: char| c.is_whitespace() || matches!(c, ',' | '[' | ']' | '{' | '}');
    text[at..].find(ends).map_or(text.len(), |length| at + length)
}

/// How lines end where a place is: as the line before it does, else as the first line of the text.
pub(super) fn newline(text: &str, at: usize) -> &'static str {
    let before = &text[..line_start(text, at)];
    let line = if before.is_empty() { &text[..line_end(text, 0)] } else { before };
    if line.ends_with("\r\n") { "\r\n" } else { "\n" }
}

/// Where an entry begins with the comment lines that belong to it: those directly above it, not indented
/// deeper. What opens the file belongs to the file.
pub(super) fn own_start(text: &str, at: usize, limit: usize) -> usize {
    let (first, indent) = (line_start(text, at), column(text, at));
    let mut start = first;
    while let Some((before, line)) = line_before(text, start) {
        if before < limit || comment_column(line).is_none_or(|column| column > indent) {
            return start;
        }
        start = before;
    }
    if start == 0 { first } else { start }
}

/// Where an entry ends with its last line, and the comment lines below it that are indented at least so far.
pub(super) fn own_end(text: &str, end: usize, least: usize) -> usize {
    let mut end = line_end(text, end);
    while end < text.len() {
        let next = line_end(text, end);
        if comment_column(&text[end..next]).is_none_or(|column| column < least) {
            break;
        }
        end = next;
    }
    end
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comment_belongs_to_what_stands_directly_below_it() {
        let text = "# file\na: 1\n\n# far\n\n# near\nb:\n  c: 1\n  # of b\n# of d\nd: 1\n";
        let at = |what: &str| text.find(what).unwrap_or_default();
        assert_eq!(own_start(text, at("a:"), 0), at("a:"), "what opens the file stays");
        assert_eq!(own_start(text, at("b:"), at("a:")), at("# near"));
        assert_eq!(own_end(text, at("c: 1") + 4, 1), at("# of d"));
        assert_eq!(own_start(text, at("d:"), 0), at("# of d"));
    }
}
