//! What is known by its shape: keys, tokens, addresses and numbers that have a published form. Where the
//! form has a check digit it is checked, so that an order number is not taken for a card.

use std::sync::LazyLock;

use regex::Regex;

/// One kind of text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Detector {
    /// Keys of model providers.
    ProviderKeys,
    /// Access keys of cloud companies.
    CloudKeys,
    /// Private keys in PEM.
    PrivateKeys,
    /// Access tokens of code hosts, chat and payment services, and JSON web tokens.
    Tokens,
    /// E-mail addresses.
    Email,
    /// International bank account numbers.
    Iban,
    /// Numbers of payment cards.
    Card,
}

impl Detector {
    /// Every word of the file with its meaning.
    pub const WORDS: &'static [(&'static str, Self)] = &[
        ("provider_keys", Self::ProviderKeys),
        ("cloud_keys", Self::CloudKeys),
        ("private_keys", Self::PrivateKeys),
        ("tokens", Self::Tokens),
        ("email", Self::Email),
        ("iban", Self::Iban),
        ("card", Self::Card),
    ];

    /// For a sentence.
    pub const fn name(self) -> &'static str {
        match self {
            Self::ProviderKeys => "a provider's key",
            Self::CloudKeys => "a cloud key",
            Self::PrivateKeys => "a private key",
            Self::Tokens => "an access token",
            Self::Email => "an e-mail address",
            Self::Iban => "a bank account number",
            Self::Card => "a card number",
        }
    }

    /// What stands in its place.
    pub(super) const fn stand_in(self) -> &'static str {
        match self {
            Self::ProviderKeys | Self::CloudKeys | Self::PrivateKeys => "KEY",
            Self::Tokens => "TOKEN",
            Self::Email => "EMAIL",
            Self::Iban => "IBAN",
            Self::Card => "CARD",
        }
    }

    /// Every place in a text, as byte ranges.
    pub(super) fn find(self, text: &str) -> Vec<(usize, usize)> {
        let regex = match self {
            Self::ProviderKeys => &PROVIDER_KEYS,
            Self::CloudKeys => &CLOUD_KEYS,
            Self::PrivateKeys => &PRIVATE_KEYS,
            Self::Tokens => &TOKENS,
            Self::Email => &EMAIL,
            Self::Iban => return checked(&IBAN, text, is_iban),
            Self::Card => return checked(&CARD, text, is_card),
        };
        checked(regex, text, |_| true)
    }
}

/// The places of an expression that pass a check. Without an expression nothing is known to be harmless:
/// the whole text is a place. (Each expression is compiled by a test, so this does not happen.)
fn checked(regex: &LazyLock<Option<Regex>>, text: &str, check: impl Fn(&str) -> bool) -> Vec<(usize, usize)> {
    match &**regex {
        Some(regex) => regex.find_iter(text).filter(|m| check(m.as_str())).map(|m| (m.start(), m.end())).collect(),
        None => vec![(0, text.len())],
    }
}

/// The shapes are those which the companies publish for secret scanning, as collected in
/// <https://github.com/gitleaks/gitleaks/blob/master/config/gitleaks.toml> and
/// <https://docs.github.com/en/code-security/reference/secret-security/supported-secret-scanning-patterns>.
/// Lengths are lower bounds: a longer key is still a key.
static PROVIDER_KEYS: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r"(?x)
        \b(?: sk-ant-[A-Za-z0-9_-]{20,}
          | sk-or-(?:v1-)?[A-Za-z0-9]{20,}
          | sk-(?:proj|svcacct|admin|None)-[A-Za-z0-9_-]{20,}
          | sk-[A-Za-z0-9]{20,}
          | gsk_[A-Za-z0-9]{20,}
          | xai-[A-Za-z0-9_-]{20,}
          | AIza[0-9A-Za-z_-]{35}
          | AQ\.[0-9A-Za-z_-]{30,}
          | hf_[A-Za-z0-9]{30,}
          | pplx-[A-Za-z0-9]{30,}
          | nvapi-[A-Za-z0-9_-]{30,}
          | csk-[A-Za-z0-9]{30,}
          | r8_[A-Za-z0-9]{30,}
        )",
    )
    .ok()
});

/// AWS: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html>; Azure storage and
/// Google's service accounts as in the list above.
static CLOUD_KEYS: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r#"(?x)
        \b(?:AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16}\b
        | (?i:aws_secret_access_key|secretaccesskey)["']?\s*[:=]\s*["']?[A-Za-z0-9/+]{40}
        | AccountKey=[A-Za-z0-9+/]{86}==
        | "private_key_id"\s*:\s*"[0-9a-f]{40}"
        | \bGOCSPX-[A-Za-z0-9_-]{28}
        | \bdop_v1_[0-9a-f]{64}"#,
    )
    .ok()
});

/// RFC 7468. A block without its end is a key all the same, up to where its letters end.
static PRIVATE_KEYS: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r"-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----(?:[^-]|-[^-])*(?:-----END [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----)?",
    )
    .ok()
});

/// JSON web tokens: RFC 7519. The others as in the list above.
static TOKENS: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r"(?x)
        \b(?: eyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}
          | gh[pousr]_[A-Za-z0-9]{36,}
          | github_pat_[A-Za-z0-9_]{22,}
          | glpat-[A-Za-z0-9_-]{20,}
          | xox[abeprs]-[A-Za-z0-9-]{10,}
          | xapp-\d-[A-Za-z0-9-]{10,}
          | npm_[A-Za-z0-9]{36}
          | pypi-AgEIcHlwaS5vcmc[A-Za-z0-9_-]{20,}
          | (?:sk|rk)_(?:live|test)_[A-Za-z0-9]{16,}
          | whsec_[A-Za-z0-9+/]{24,}
          | SG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}
          | shpat_[a-fA-F0-9]{32}
          | dckr_pat_[A-Za-z0-9_-]{20,}
        )",
    )
    .ok()
});

/// The form that HTML's `input type=email` takes, with a dot in the domain and letters of all
/// languages (RFC 6531).
static EMAIL: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r"(?i)[\p{L}\p{N}.!#$%&'*+/=?^_`{|}~-]*[\p{L}\p{N}_+-]@(?:[\p{L}\p{N}](?:[\p{L}\p{N}-]{0,61}[\p{L}\p{N}])?\.)+[\p{L}]{2,63}",
    )
    .ok()
});

/// ISO 13616: two letters, two check digits, 11 to 30 letters and digits, perhaps in groups of four.
static IBAN: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"(?i)\b[A-Z]{2}\d{2}(?:[ \u{a0}]?[A-Z0-9]{4}){2,7}(?:[ \u{a0}]?[A-Z0-9]{1,3})?\b").ok()
});

/// ISO/IEC 7812: 13 to 19 digits, perhaps in groups.
static CARD: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"\b[2-6]\d(?:[ \u{a0}-]?\d){11,17}\b").ok());

/// ISO 7064, mod 97-10: moved and read as a number, the remainder is 1.
fn is_iban(text: &str) -> bool {
    let letters: Vec<u8> = text.bytes().filter(u8::is_ascii_alphanumeric).collect();
    if !(15..=34).contains(&letters.len()) {
        return false;
    }
    let (head, tail) = letters.split_at(4);
    tail.iter().chain(head).fold(0u32, |sum, byte| match byte {
        b'0'..=b'9' => (sum * 10 + u32::from(byte - b'0')) % 97,
        letter => (sum * 100 + u32::from(letter.to_ascii_uppercase() - b'A') + 10) % 97,
    }) == 1
}

/// The check digit of ISO/IEC 7812 (Luhn), and not one digit over and over.
fn is_card(text: &str) -> bool {
    let digits: Vec<u32> = text.chars().filter_map(|c| c.to_digit(10)).collect();
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(at, digit)| match at % 2 {
            0 => *digit,
            _ => (digit * 2) % 10 + digit / 5,
        })
        .sum();
    (13..=19).contains(&digits.len()) && sum.is_multiple_of(10) && digits.iter().any(|digit| *digit != digits[0])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(detector: Detector, text: &str) -> Vec<&str> {
        detector.find(text).into_iter().map(|(start, end)| &text[start..end]).collect()
    }

    #[test]
    fn every_expression_compiles() {
        for regex in [&PROVIDER_KEYS, &CLOUD_KEYS, &PRIVATE_KEYS, &TOKENS, &EMAIL, &IBAN, &CARD] {
            assert!(regex.is_some());
        }
    }

    #[test]
    fn what_has_the_shape_is_found_and_what_only_looks_like_it_is_not() {
        let digits = "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8s9T0";
        let keys = [
            format!("sk-ant-api03-{digits}"),
            format!("sk-proj-{digits}"),
            format!("sk-{digits}"),
            format!("sk-or-v1-{digits}"),
            format!("gsk_{digits}"),
            format!("xai-{digits}"),
            format!("AIza{}", &digits[..35]),
            format!("hf_{digits}"),
        ];
        for key in &keys {
            assert_eq!(found(Detector::ProviderKeys, &format!("use {key}, then")), [key.as_str()]);
        }
        for harmless in ["sk-learn", "task-force", "sk-ant-", "the hf_dataset", "AIzawa", "xai-grok"] {
            assert_eq!(found(Detector::ProviderKeys, harmless), [""; 0], "{harmless}");
        }
        let cloud = "AKIAIOSFODNN7EXAMPLE";
        assert_eq!(found(Detector::CloudKeys, &format!("id={cloud};")), [cloud]);
        assert_eq!(found(Detector::CloudKeys, "AKIABCD"), [""; 0]);
        let jwt = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9P";
        assert_eq!(found(Detector::Tokens, &format!("Bearer {jwt}")), [jwt]);
        let github = format!("ghp_{}", &digits[..36]);
        assert_eq!(found(Detector::Tokens, &format!("token {github}")), [github.as_str()]);
    }

    #[test]
    fn a_private_key_is_found_whole_and_without_its_end() {
        let whole = "-----BEGIN RSA PRIVATE KEY-----\nMIIEow\nIBAAK=\n-----END RSA PRIVATE KEY-----";
        assert_eq!(found(Detector::PrivateKeys, &format!("a\n{whole}\nb")), [whole]);
        let cut = "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNza";
        assert_eq!(found(Detector::PrivateKeys, cut), [cut]);
        assert_eq!(found(Detector::PrivateKeys, "-----BEGIN PUBLIC KEY-----\nMIIB\n-----END PUBLIC KEY-----"), [""; 0]);
    }

    #[test]
    fn addresses_and_numbers_are_checked() {
        let text = "Write to ada.lovelace+x@example.co.uk or müller@bücher.example, not to @ada or a@b.";
        assert_eq!(found(Detector::Email, text), ["ada.lovelace+x@example.co.uk", "müller@bücher.example"]);
        // The examples of the registry: https://www.swift.com/standards/data-standards/iban
        let text = "DE89 3704 0044 0532 0130 00 or GB29NWBK60161331926819 but not DE89 3704 0044 0532 0130 01";
        assert_eq!(found(Detector::Iban, text), ["DE89 3704 0044 0532 0130 00", "GB29NWBK60161331926819"]);
        let text =
            "4111 1111 1111 1111, 5500-0000-0000-0004, 378282246310005; order 4111111111111112, 0000000000000000";
        assert_eq!(found(Detector::Card, text), ["4111 1111 1111 1111", "5500-0000-0000-0004", "378282246310005"]);
    }
}
