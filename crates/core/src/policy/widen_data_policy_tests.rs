//! `data_policy` and the labels its rules go by: edits that act, and edits that wait.

use super::super::super::read;
use super::super::*;

const BASE: &str = r#"defaults:
  quick: { provider: openai, model: gpt-6-luna, max_tokens: 1000, data_policy: { inner: { match: { keywords: [plan] }, then: block } } }
  named: { provider: openai, model: gpt-6-luna, max_tokens: 1000, data_policy: [mail] }
providers:
  openai: { trust: low, region: us }
data_policy:
  mail:
    match: { keywords: [diary, letter], patterns: ["a+b", "c+d"], detectors: [email, iban] }
    then: local_only
    allow_providers: [mistral, groq]
    allow_trust: [high, family]
    allow_regions: [eu, ch]
  gone: { match: { keywords: [x] }, then: redact }
"#;

/// A key, a piece of the base, what is put in its place and acts, and what waits.
type Row = (&'static str, &'static str, &'static str, &'static str);

pub(super) const KEYS: &[Row] = &[
    ("defaults.*.data_policy", "[plan]", "[plan, idea]", "[idea]"),
    ("providers.*.trust", "trust: low, ", "", "trust: high, "),
    ("providers.*.region", ", region: us", "", ", region: eu"),
    ("data_policy", "  gone: {", "  other: { match: { keywords: [y] }, then: block }\n  gone: {", "  # {"),
    (
        "data_policy.*",
        "  gone: { match: { keywords: [x] }, then: redact }",
        "  renamed: { match: { keywords: [x] }, then: redact }",
        "",
    ),
    (
        "data_policy.*.match",
        "match: { keywords: [x] }",
        "match: { keywords: [x], detectors: card }",
        "match: { detectors: card }",
    ),
    ("data_policy.*.match.keywords", "[diary, letter]", "[diary, letter, note]", "[diary]"),
    ("data_policy.*.match.patterns", r#"["a+b", "c+d"]"#, r#"["a+b", "c+d", "e+f"]"#, r#"["a+b"]"#),
    ("data_policy.*.match.detectors", "[email, iban]", "[email, iban, card]", "[iban]"),
    ("data_policy.*.then", "then: local_only", "then: block", "then: redact"),
    ("data_policy.*.allow_providers", "[mistral, groq]", "[mistral]", "[mistral, groq, xai]"),
    ("data_policy.*.allow_trust", "[high, family]", "[family]", "[high, family, low]"),
    ("data_policy.*.allow_regions", "[eu, ch]", "[eu]", "[eu, ch, us]"),
];

fn sentences(from: &str, to: &str) -> Vec<String> {
    assert_eq!(BASE.matches(from).count(), 1, "{from:?} must be there once");
    super::sentences(BASE, &BASE.replace(from, to))
}

#[test]
fn a_rule_may_keep_back_more_and_not_less() {
    for (key, from, acts, waits) in KEYS {
        assert_eq!(sentences(from, acts), [""; 0], "{key}: {from} → {acts}");
        assert_ne!(sentences(from, waits), [""; 0], "{key}: {from} → {waits}");
    }
    assert_eq!(sentences("[diary, letter]", "[diary]"), ["The data_policy rule mail keeps back less than before."]);
    assert_eq!(sentences("  gone: {", "  # {"), ["The data_policy rule gone is removed."]);
    assert_eq!(
        sentences("{ inner: { match: { keywords: [plan] }, then: block } }", "[mail]"),
        ["The data_policy rule inner of quick is removed."]
    );
}

#[test]
fn a_rule_of_a_class_may_move_up_to_the_file() {
    let up = BASE
        .replace(", data_policy: { inner: { match: { keywords: [plan] }, then: block } }", "")
        .replace("  gone: {", "  inner: { match: { keywords: [plan] }, then: block }\n  gone: {");
    let (old, new) = (read(BASE).policy.expect("valid"), read(&up).policy.expect("valid"));
    assert_eq!(widens(&old, &new), [], "it holds for more than before");
    assert_ne!(widens(&new, &old), [], "and not back down");
}
