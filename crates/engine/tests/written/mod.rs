//! What the gateway answers, written down for the page tests: `ui/src/backend/written/<name>.json`.
//!
//! A fixture is the real answer of a real gateway on a home with practice servers, so a page is tried
//! with what Rust says and not with what somebody believes it says. Times, ids, paths and ports differ
//! from run to run: a stored fixture must have the same shape and the same words as today's answer.
//! To renew: `POINTSMAN_UPDATE=1 cargo test -p pointsman-engine --test screens`.
#![allow(dead_code, unreachable_pub)]

use std::path::PathBuf;

use serde::Serialize;
use serde_json::{Value, json};

/// Compares an answer with its stored fixture, or stores it. `swaps` are texts of this run and what
/// stands for them: the home's path, the address of a practice server.
#[track_caller]
pub fn written(name: &str, answer: &impl Serialize, swaps: &[(String, &str)]) {
    written_at(name, answer, swaps, jiff::Timestamp::now());
}

/// The same for an answer as of another instant than now.
#[track_caller]
pub fn written_at(name: &str, answer: &impl Serialize, swaps: &[(String, &str)], now: jiff::Timestamp) {
    let mut text = serde_json::to_string(answer).unwrap();
    for (of_this_run, fixed) in swaps {
        let inside = |text: &str| serde_json::to_string(text).unwrap().trim_matches('"').to_owned();
        text = text.replace(&inside(of_this_run), &inside(fixed));
    }
    let answer: Value = serde_json::from_str(&text).unwrap();
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("../../ui/src/backend/written/{name}.json"));
    if std::env::var_os("POINTSMAN_UPDATE").is_some() {
        let now = now.as_millisecond();
        let whole = serde_json::to_string_pretty(&json!({ "now": now, "answer": answer })).unwrap();
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, whole + "\n").unwrap();
    }
    let stored = std::fs::read_to_string(&path).unwrap_or_default();
    let stored: Value = serde_json::from_str(&stored).unwrap_or_default();
    let mut differences = Vec::new();
    compare("", &stored["answer"], &answer, &mut differences);
    assert!(
        differences.is_empty(),
        "ui/src/backend/written/{name}.json is not what Rust says today; POINTSMAN_UPDATE=1 renews it:\n{}",
        differences.join("\n")
    );
}

/// Same keys, same lengths, same kinds, same words; numbers that a run decides may differ.
fn compare(at: &str, stored: &Value, now: &Value, out: &mut Vec<String>) {
    match (stored, now) {
        (Value::Object(a), Value::Object(b)) => {
            for key in a.keys().chain(b.keys().filter(|key| !a.contains_key(*key))) {
                let (x, y) = (a.get(key).unwrap_or(&Value::Null), b.get(key).unwrap_or(&Value::Null));
                if a.contains_key(key) == b.contains_key(key) {
                    compare(&format!("{at}.{key}"), x, y, out);
                } else {
                    out.push(format!("{at}.{key}: only on one side"));
                }
            }
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            for (i, (x, y)) in a.iter().zip(b).enumerate() {
                compare(&format!("{at}[{i}]"), x, y, out);
            }
        }
        (Value::String(a), Value::String(b)) if plain(a) == plain(b) => {}
        (Value::Number(_), Value::Number(_)) => {}
        (a, b) if a == b => {}
        (a, b) => out.push(format!("{at}: stored {a}, now {b}")),
    }
}

/// A text without what differs from run to run: digits, hashes and ids.
fn plain(text: &str) -> String {
    let is_word = |c: char| c.is_ascii_alphanumeric();
    let mut out = String::new();
    let mut word = String::new();
    for c in text.chars().chain(['\0']) {
        if is_word(c) {
            word.push(c);
            continue;
        }
        let hash = word.len() >= 8 && word.chars().all(|c| c.is_ascii_hexdigit());
        // Ids begin with their time and are 33 letters and digits long.
        if hash || (word.len() >= 24 && word.chars().any(|c| c.is_ascii_digit())) {
            out.push('#');
        } else {
            out.extend(word.chars().filter(|c| !c.is_ascii_digit()));
        }
        word.clear();
        out.push(c);
    }
    out
}
