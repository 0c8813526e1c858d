//! The text of a key while it is in memory: wiped when dropped, never printed, never serialised.
//! Guards I8. What may leave is the last four characters and a fingerprint of 32 bits.

use std::fmt;

use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

/// What stands where a key was taken out of a text.
const REDACTED: &str = "[key]";

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

    /// The text without this key: every place where its value stands is taken out, and so is every
    /// masked form that shows its first or last characters around stars or dots, as providers echo it.
    pub fn redact(&self, text: &str) -> String {
        let key = self.0.as_str();
        if key.len() < 4 {
            return text.to_owned();
        }
        let plain = text.replace(key, REDACTED);
        plain.split_inclusive(char::is_whitespace).map(|word| self.redact_masked(word)).collect()
    }

    /// A word such as `sk-pr***a1b2.` loses what it shows of the key.
    fn redact_masked(&self, word: &str) -> String {
        let Some(from) = word.find(['*', '•', '…']) else { return word.to_owned() };
        let head = word[..from].trim_start_matches(|c: char| !c.is_ascii_alphanumeric());
        if head.len() < 2 || !self.0.starts_with(head) {
            return word.to_owned();
        }
        let start = from - head.len();
        let mask = |c: char| matches!(c, '*' | '•' | '…');
        let end = word
            .char_indices()
            .skip_while(|(at, _)| *at < from)
            .find(|(_, c)| !mask(*c) && !c.is_ascii_alphanumeric() && !matches!(c, '-' | '_'))
            .map_or(word.len(), |(at, _)| at);
        format!("{}{REDACTED}{}", &word[..start], &word[end..])
    }
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
    fn a_short_secret_shows_less() {
        for (key, last) in
            [("", ""), ("abcd", ""), ("abcdefghi", "i"), ("abcdefghijkl", "ijkl"), ("äöüßäöüßäöüß", "äöüß")]
        {
            assert_eq!(Secret::new(key.into()).last4(), last, "{key}");
        }
    }
}
