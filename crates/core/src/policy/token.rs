//! Which characters of a line a problem is about: the word that stands at its place.

use std::ops::Range;

/// The characters of the key or value at a column, both from 1: behind an anchor or tag, with its quotes,
/// without what follows it. At least one character long, so that there is something to underline.
pub fn token(line: &str, column: usize) -> Range<usize> {
    let chars: Vec<char> = line.chars().collect();
    let mut start = column.saturating_sub(1).min(chars.len());
    while matches!(chars.get(start), Some('&' | '!')) {
        let word = chars.iter().skip(start).take_while(|c| !c.is_whitespace()).count();
        let space = chars.iter().skip(start + word).take_while(|c| c.is_whitespace()).count();
        if start + word + space >= chars.len() {
            break;
        }
        start += word + space;
    }
    let end = match chars.get(start) {
        Some(quote @ ('"' | '\'')) => quoted(&chars, start, *quote),
        Some('[' | '{') | None => start + 1,
        Some(_) => plain(&chars, start),
    };
    start + 1..end.max(start + 1) + 1
}

fn quoted(chars: &[char], start: usize, quote: char) -> usize {
    let mut at = start + 1;
    while let Some(c) = chars.get(at) {
        match *c {
            '\\' if quote == '"' => at += 2,
            c if c == quote && quote == '\'' && chars.get(at + 1) == Some(&quote) => at += 2,
            c if c == quote => return at + 1,
            _ => at += 1,
        }
    }
    chars.len()
}

fn plain(chars: &[char], start: usize) -> usize {
    let ends = |at: usize, c: char| {
        let next = chars.get(at + 1);
        matches!(c, ',' | ']' | '}')
            || c == ':' && next.is_none_or(|next| next.is_whitespace())
            || c.is_whitespace() && next == Some(&'#')
    };
    let end = (start..chars.len()).find(|at| chars.get(*at).is_some_and(|c| ends(*at, *c))).unwrap_or(chars.len());
    let spaces = chars.get(start..end).unwrap_or_default().iter().rev().take_while(|c| c.is_whitespace()).count();
    end - spaces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_word_at_a_place_is_told_from_what_follows_it() {
        let of = |line: &str, column| {
            let place = token(line, column);
            line.chars().skip(place.start - 1).take(place.len()).collect::<String>()
        };
        assert_eq!(of("  max_tokns: 5", 3), "max_tokns");
        assert_eq!(of("a: b c  # why", 4), "b c");
        assert_eq!(of("a: {b: c, d: e}", 8), "c");
        assert_eq!(of("a: \"b: \\\" c\" # d", 4), "\"b: \\\" c\"");
        assert_eq!(of("a: 'it''s' # d", 4), "'it''s'");
        assert_eq!(of("a: &x b", 4), "b");
        assert_eq!(of("ü: ñ: x", 4), "ñ");
        assert_eq!(token("", 1), 1..2);
        assert_eq!(token("ab", 9), 3..4);
    }
}
