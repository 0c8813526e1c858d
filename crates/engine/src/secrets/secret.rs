//! The text of a key while it is in memory: wiped when dropped, never printed, never serialised.
//! Guards I8. What may leave is the last four characters and a fingerprint of 32 bits.

use std::collections::HashSet;
use std::fmt;
use std::ops::Range;

use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

/// What stands where a key was taken out of a text.
const REDACTED: &str = "[key]";
/// The shortest piece of a key that is taken out of a text, in bytes. The first characters of many keys
/// (`sk-proj`) are the same for everybody and shorter.
const PIECE: usize = 8;

/// A key or token. It has no `Serialize`, and `Debug` and `Display` show that there is one, not which.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Takes the text; it is wiped when the last copy is dropped.
    pub fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// The text itself: only for the header of a request to a bound origin and for the keychain.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// The last four characters; fewer of a short key, so that at least eight stay unknown.
    pub fn last4(&self) -> String {
        let count = self.0.chars().count();
        self.0.chars().skip(count - count.saturating_sub(8).min(4)).collect()
    }

    /// The first 8 hex digits of its SHA-256, in two groups: `3fa1 09bc`. Tells two keys apart.
    pub fn fingerprint(&self) -> String {
        let digest = Sha256::digest(self.0.as_bytes());
        let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        format!("{} {}", hex(&digest[..2]), hex(&digest[2..4]))
    }

    /// The text without this key: its value, every piece of at least eight characters of it, and every
    /// masked or cut-off form that shows its first or last characters, as providers echo it. A text may
    /// have been cut in the middle of the key, so a piece counts wherever it stands.
    pub fn redact(&self, text: &str) -> String {
        let key = self.0.as_str();
        if key.len() < 4 {
            return text.to_owned();
        }
        let mut hidden = vec![false; text.len()];
        hide_pieces(key, text, &mut hidden);
        hide_masked(key, text, &mut hidden);
        let mut shown = String::with_capacity(text.len());
        let mut before = false;
        for (at, c) in text.char_indices() {
            let hide = hidden[at..at + c.len_utf8()].contains(&true);
            match (hide, before) {
                (true, true) => {}
                (true, false) => shown.push_str(REDACTED),
                (false, _) => shown.push(c),
            }
            before = hide;
        }
        shown
    }
}

/// Pieces of the key, wherever they stand: of eight bytes and more, or the whole of a shorter key.
fn hide_pieces(key: &str, text: &str, hidden: &mut [bool]) {
    let piece = key.len().min(PIECE);
    let pieces: HashSet<&[u8]> = key.as_bytes().windows(piece).collect();
    for (at, window) in text.as_bytes().windows(piece).enumerate() {
        if pieces.contains(window) {
            hidden[at..at + piece].fill(true);
        }
    }
}

/// Forms such as `sk-pr***a1b2` or `…a1b2`, and the first characters of the key where the text or a
/// quote in it ends.
fn hide_masked(key: &str, text: &str, hidden: &mut [bool]) {
    let mut from = 0;
    while let Some((start, end)) = mask(text, from) {
        let head = head(key, &text[..start], 2..key.len() + 1, 4);
        // A tail longer than the key is none; a body may be one word of megabytes.
        let longest = text.ceil_char_boundary(end + key.len() + 1);
        let tail = text[end..longest].split(|c| !is_key_like(c)).next().unwrap_or_default();
        from = end;
        if head > 0 {
            from = end + text[end..].find(|c| !is_key_like(c) && !is_mask(c)).unwrap_or(text.len() - end);
            hidden[start - head..from].fill(true);
        } else if tail.len() >= 4 && key.ends_with(tail) {
            hidden[start..end + tail.len()].fill(true);
        }
    }
    let quotes = text.match_indices(['”', '"']).map(|(at, _)| at);
    for end in quotes.chain([text.len()]) {
        hidden[end - head(key, &text[..end], 4..PIECE, usize::MAX)..end].fill(true);
    }
}

/// The next run of mask characters: stars and bullets, an ellipsis, three dots or more.
fn mask(text: &str, from: usize) -> Option<(usize, usize)> {
    let mut from = from;
    loop {
        let start = from + text[from..].find(|c| is_mask(c) || c == '.')?;
        let dots = text[start..].starts_with('.');
        let same = |c: char| if dots { c == '.' } else { is_mask(c) };
        let end = start + text[start..].find(|c| !same(c)).unwrap_or(text.len() - start);
        if !dots || end - start >= 3 {
            return Some((start, end));
        }
        from = end;
    }
}

/// How long the beginning of the key is that a text ends with, in bytes; 0 where it is none of these
/// lengths. Inside a word that is something else it takes `inside` bytes.
fn head(key: &str, text: &str, lengths: Range<usize>, inside: usize) -> usize {
    let possible = lengths.rev().filter(|length| *length <= text.len() && key.is_char_boundary(*length));
    let mut ends = possible.filter(|length| text.ends_with(&key[..*length]));
    let begins = |length: usize| !text[..text.len() - length].ends_with(char::is_alphanumeric);
    ends.find(|length| *length >= inside || begins(*length)).unwrap_or(0)
}

fn is_mask(c: char) -> bool {
    matches!(c, '*' | '•' | '…' | '●' | '·')
}

fn is_key_like(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '_')
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn i8_a_secret_is_not_printed_and_is_taken_out_of_texts() {
        let key = Secret::new("sk-proj-CANARY0123456789a1b2".into());
        assert_eq!(format!("{key:?} {key}"), "Secret(…) Secret(…)");
        assert_eq!(key.last4(), "a1b2");
        assert_eq!(key.redact("no sk-proj-CANARY0123456789a1b2."), "no [key].");
        assert_eq!(
            key.redact("Incorrect API key provided: sk-proj-********a1b2. Find yours"),
            "Incorrect API key provided: [key]. Find yours"
        );
        assert_eq!(key.redact("2 *** 3 and a*b"), "2 *** 3 and a*b");
        assert_eq!(key.fingerprint().len(), 9);
        assert_ne!(key.fingerprint(), Secret::new("sk-proj-other".into()).fingerprint());
    }

    #[test]
    fn i8_masked_and_cut_forms_are_taken_out_wherever_they_stand() {
        let key = Secret::new("sk-proj-CANARY0123456789a1b2".into());
        for (text, left) in [
            ("provided:sk-proj-CAN…”", "provided:[key]”"),
            ("{\"api_key\":\"sk-pr…", "{\"api_key\":\"[key]"),
            ("{\"api_key\":\"sk-proj-CANARY0123456789a1b2\"}", "{\"api_key\":\"[key]\"}"),
            ("key=sk-****a1b2&x=1", "key=[key]&x=1"),
            ("key=sk-...a1b2, or sk-proj-•••.", "key=[key], or [key]."),
            ("(ending in ****a1b2)", "(ending in [key])"),
            ("xsk-proj-CANARY01x", "x[key]x"),
            ("wrapped: sk-proj-CAN ARY0123456 789a1b2", "wrapped: [key] [key] 789a1b2"),
            ("it ends: sk-p", "it ends: [key]"),
            ("“bad key sk-pro” (401)", "“bad key [key]” (401)"),
            ("sk-proj-CANARY0123456789a1b2sk-proj-CANARY0123456789a1b2", "[key]"),
            ("ä…sk-proj-CANARYä…", "ä…[key]ä…"),
            // What is no part of it stays.
            ("Wait... a task... desk*", "Wait... a task... desk*"),
            ("Keys begin with sk- or pk-", "Keys begin with sk- or pk-"),
            ("", ""),
        ] {
            assert_eq!(key.redact(text), left, "{text}");
        }
        assert_eq!(Secret::new("äöüßäöüßäöüß".into()).redact("öä äöüß… üßäöüßä ."), "öä [key] [key] .");
        let long = "*a".repeat(1 << 20);
        assert_eq!(key.redact(&long), long, "the time grows with the text and not with its square");
        assert_eq!(Secret::new("short".into()).redact("a short…, shor…, and sho."), "a [key], [key], and sho.");
    }

    /// The words of a provider are cut to what can be shown before this sees them.
    #[test]
    fn i8_a_key_that_straddles_the_cut_of_a_quote_leaves_nothing() {
        use pointsman_core::wire::{self, Head};

        const KEY: &str = "sk-proj-CANARY0123456789abcdefghijklmnopqrstuvwxyz-CANARY-a1b2";
        let (key, head) = (Secret::new(KEY.into()), Head { status: 401, ..Head::default() });
        let sentence = |words: &str, json: bool| {
            let body = serde_json::json!({ "error": { "message": words } }).to_string();
            let body = if json { body } else { words.to_owned() };
            wire::decode_error(&head, body.as_bytes()).sentence
        };
        let mut cut = 0;
        for form in ["provided:KEY", "{\"api_key\":\"KEY\"}", "key=KEY", "wordKEYword", "Bearer KEY."] {
            for filler in (200..310).flat_map(|length| ["x".repeat(length) + " ", "x ".repeat(length / 2)]) {
                for json in [true, false] {
                    let said = sentence(&format!("{filler}{}", form.replace("KEY", KEY)), json);
                    let redacted = key.redact(&said);
                    cut += usize::from(said.contains(&KEY[..8]) && !said.contains(KEY));
                    assert!(!redacted.contains("sk-p"), "{redacted}");
                    let pieces = KEY.as_bytes().windows(8).map(|piece| str::from_utf8(piece).unwrap());
                    assert!(pieces.clone().all(|piece| !redacted.contains(piece)), "{redacted}");
                    assert!(
                        said.starts_with("The provider refused the key (401)") && redacted.contains("401"),
                        "{said}"
                    );
                }
            }
        }
        assert!(cut > 100, "the cut goes through the key: {cut}");
    }

    #[test]
    fn a_short_secret_shows_less() {
        for (key, last) in
            [("", ""), ("abcd", ""), ("abcdefghi", "i"), ("abcdefghijkl", "ijkl"), ("äöüßäöüßäöüß", "äöüß")]
        {
            assert_eq!(Secret::new(key.into()).last4(), last, "{key}");
        }
    }
}
