//! The rules of this repository that a compiler does not check: which crate may use which, what
//! core may not touch, where floats must not be, how long files are, how things are named, which
//! licences may come in, and that every invariant has its test.
//!
//! Every rule says its reason when it fails. Exceptions are listed beside the rule, with theirs;
//! an exception that is no longer needed fails too.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "tidy/arrows.rs"]
mod arrows;
#[path = "tidy/licences.rs"]
mod licences;
#[path = "tidy/names.rs"]
mod names;
#[path = "tidy/places.rs"]
mod places;
#[path = "tidy/purity.rs"]
mod purity;
#[path = "tidy/source.rs"]
mod source;

/// Fails with every finding at once, under the reason of the rule.
#[track_caller]
fn rule(reason: &str, findings: Vec<String>) {
    assert!(findings.is_empty(), "{reason}\n  {}\n", findings.join("\n  "));
}
