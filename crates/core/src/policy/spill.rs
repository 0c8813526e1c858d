//! Texts that look like an API key. A key does not belong in routing.yaml: it would be kept with
//! every version of the file. Guards I8: what is found is never repeated in a sentence.

use crate::catalog;

/// How keys begin, beyond those in the providers' own data.
const PREFIXES: &[&str] = &[
    "sk-",
    "sk_",
    "pk-",
    "gsk_",
    "xai-",
    "AIza",
    "hf_",
    "r8_",
    "pplx-",
    "ghp_",
    "github_pat_",
    "AKIA",
    "nvapi-",
    "fw_",
];

const fn key_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '-')
}

/// Where on a line a text stands that begins like a key and is as long as one: its first character,
/// from 1.
pub(super) fn column_of_key(line: &str) -> Option<usize> {
    let mut column = 1;
    for token in line.split_inclusive(|c| !key_char(c)) {
        if begins_like_key(token.trim_end_matches(|c| !key_char(c))) {
            return Some(column);
        }
        column += token.chars().count();
    }
    None
}

fn begins_like_key(token: &str) -> bool {
    let known = catalog::built_in().values().flat_map(|provider| provider.key_prefixes.iter().map(String::as_str));
    let rest = PREFIXES
        .iter()
        .copied()
        .chain(known)
        .filter_map(|prefix| token.strip_prefix(prefix))
        .min_by_key(|rest| rest.len());
    rest.is_some_and(|rest| rest.len() >= 16 && rest.bytes().any(|b| b.is_ascii_digit()) && longest_run(rest) >= 10)
}

/// Whether the name of a keychain item or variable is more likely the key itself.
pub(super) fn is_key_not_name(text: &str) -> bool {
    text.len() > 64 || is_secret(text)
}

fn is_secret(text: &str) -> bool {
    let marked = PREFIXES.iter().any(|prefix| text.starts_with(prefix) && text.len() >= 12);
    column_of_key(text).is_some() || marked || is_scrambled(text)
}

/// Long, without words, many different letters among digits.
fn is_scrambled(text: &str) -> bool {
    let mut kinds: Vec<char> = text.chars().collect();
    kinds.sort_unstable();
    kinds.dedup();
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    let letters = text.bytes().filter(u8::is_ascii_alphabetic).count();
    text.len() >= 20 && longest_run(text) >= 16 && kinds.len() >= 10 && digits >= 2 && letters >= 2
}

fn longest_run(text: &str) -> usize {
    text.split(|c: char| !c.is_ascii_alphanumeric()).map(str::len).max().unwrap_or(0)
}

/// A text of the file as a sentence may repeat it: in quotes, cut to 60 characters, without control
/// characters, and not at all where it may be a key.
pub(super) fn shown(text: &str) -> String {
    if is_secret(text) {
        return "(a text that is not repeated here)".to_owned();
    }
    // Marks that turn or hide text would let a name look like another one.
    let invisible = |c: &char| {
        c.is_control()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
    };
    let mut cut: String = text.chars().filter(|c| !invisible(c)).take(60).collect();
    if text.chars().count() > 60 {
        cut.push('…');
    }
    format!("\"{cut}\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_told_from_names() {
        for key in [
            "sk-proj-abcDEF1234567890abcDEF1234567890",
            "sk-or-v1-0123456789abcdef0123456789abcdef",
            "gsk_abcdEFGH1234567890abcd",
            "AIzaSyA1234567890abcdefghijklmnopqrstu",
            "Bearer sk-abcdef0123456789abcdef",
            "0f4b7d1e9a6c4f3b8d2e5a7c1b9f0e3d",
        ] {
            assert!(is_key_not_name(key), "{key}");
            assert!(!shown(key).contains(&key[8..]), "{key}");
        }
        for name in
            ["openai", "my-company-openai-2026", "OPENAI_API_KEY", "work_laptop.deepseek", "gpt-6-luna", "sk-learn"]
        {
            assert!(!is_key_not_name(name), "{name}");
            assert_eq!(shown(name), format!("\"{name}\""));
        }
    }

    #[test]
    fn a_key_is_found_in_a_comment() {
        assert_eq!(column_of_key("  # key: sk-proj-abcDEF1234567890abcDEF"), Some(10));
        assert_eq!(column_of_key("model: openai/gpt-6-luna # risk-based-analysis-of-2026"), None);
    }
}
