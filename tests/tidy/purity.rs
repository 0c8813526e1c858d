//! What source must not contain: I/O in core, floats beside money, tests that do not run, loose ends.

use crate::rule;
use crate::source::{File, files, has_word, rust};

/// What would give core a clock, a disk, a network or an environment.
const ACTS: &[&str] = &[
    "std::fs",
    "std::env::",
    "std::net",
    "std::process",
    "std::thread",
    "std::io::std",
    "SystemTime",
    "Instant",
    "Timestamp::now",
    "Zoned::now",
    "TimeZone::system",
];
/// The same inside `use std::{…}`.
const ACTING_MODULES: &[&str] = &["fs", "env", "net", "process", "thread"];

/// Where money is counted.
const MONEY: &[&str] = &[
    "crates/core/src/money.rs",
    "crates/core/src/money/",
    "crates/core/src/catalog/",
    "crates/core/src/policy/price.rs",
    "crates/core/src/budget.rs",
    "crates/core/src/plan/",
    "crates/core/src/estimate.rs",
    "crates/core/src/reservation.rs",
    "crates/engine/src/estimate.rs",
    "crates/engine/src/models.rs",
    "crates/engine/src/ledger/",
    "crates/engine/src/explain.rs",
    "crates/engine/src/report.rs",
    "crates/engine/src/view/",
];

#[test]
fn core_has_no_clock_disk_network_or_environment() {
    let core = files(&["crates/core/src"], &["rs"]);
    let findings = core.iter().filter(|file| !file.is_test()).flat_map(|file| lines(file, acts)).collect();
    rule("core is pure: `now`, file texts, environment maps and random numbers are parameters.", findings);
}

fn acts(line: &str) -> bool {
    let grouped =
        line.trim_start().starts_with("use std::{") && ACTING_MODULES.iter().any(|module| has_word(line, module));
    grouped || ACTS.iter().any(|act| line.contains(act))
}

#[test]
fn i4_no_float_touches_money() {
    let all = files(&["crates"], &["rs"]);
    let money: Vec<&File> = all.iter().filter(|file| MONEY.iter().any(|place| file.path.starts_with(place))).collect();
    for place in MONEY {
        assert!(money.iter().any(|file| file.path.starts_with(place)), "{place} moved: this rule must follow it");
    }
    let float = |line: &str| has_word(line, "f64") || has_word(line, "f32");
    let findings = money.into_iter().flat_map(|file| lines(file, float)).collect();
    rule("Money is whole micro-dollars; a float loses some of it.", findings);
}

#[test]
fn every_test_runs() {
    let ignored = |line: &str| line.trim_start().starts_with(concat!("#[", "ignore"));
    let mut findings: Vec<String> = rust().iter().flat_map(|file| all_lines(file, ignored)).collect();
    let left_out = |line: &str| {
        ["test", "it", "describe"]
            .iter()
            .any(|word| [".skip(", ".only(", ".todo("].iter().any(|verb| line.contains(&format!("{word}{verb}"))))
    };
    findings.extend(files(&["ui", "tests"], &["ts", "js", "mjs"]).iter().flat_map(|file| all_lines(file, left_out)));
    rule("A test that does not run proves nothing: fix it or delete it.", findings);
}

#[test]
fn nothing_is_left_for_later_in_the_text() {
    let marks = [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("XX", "X:")];
    let marked = |line: &str| marks.iter().any(|mark| has_word(line, mark));
    let text = files(
        &["crates", "src-tauri", "tests", "xtask", "ui", "README.md", "ARCHITECTURE.md", "CHANGELOG.md"],
        &["rs", "ts", "svelte", "css", "md", "toml"],
    );
    let findings = text.iter().flat_map(|file| all_lines(file, marked)).collect();
    rule("What is not built yet refuses and is named in README.md; it is not a note in the source.", findings);
}

#[test]
fn no_machine_shows_in_the_text() {
    let text = files(
        &[
            "crates",
            "src-tauri",
            "tests",
            "xtask",
            "ui",
            "docs",
            ".ci",
            ".cargo",
            "Cargo.toml",
            "Cargo.lock",
            "README.md",
            "ARCHITECTURE.md",
            "CHANGELOG.md",
            "deny.toml",
        ],
        &["rs", "ts", "mjs", "js", "svelte", "css", "md", "toml", "json", "lock", "html", "yaml"],
    );
    let paths = [concat!("/", "work/"), concat!("/", "root/")];
    let foreign_source = |line: &str| {
        let npm = line.trim_start().starts_with("\"resolved\": \"http") && !line.contains("://registry.npmjs.org/");
        let cargo = line.starts_with("source = ") && !line.contains("github.com/rust-lang/crates.io-index");
        npm || cargo
    };
    let shows = |line: &str| foreign_source(line) || paths.iter().any(|path| line.contains(path));
    let findings = text.iter().flat_map(|file| all_lines(file, shows)).collect();
    rule("The repository builds anywhere: no path of one machine, no registry but the public ones.", findings);
}

/// `path:line: text` of production lines that match.
fn lines(file: &File, matches: impl Fn(&str) -> bool) -> Vec<String> {
    file.code()
        .filter(|(_, line)| matches(line))
        .map(|(at, line)| format!("{}:{at}: {}", file.path, line.trim()))
        .collect()
}

/// The same over every line, comments and tests included.
fn all_lines(file: &File, matches: impl Fn(&str) -> bool) -> Vec<String> {
    let numbered = file.text.lines().enumerate().filter(|(_, line)| matches(line));
    numbered.map(|(at, line)| format!("{}:{}: {}", file.path, at + 1, line.trim())).collect()
}

#[test]
fn a_grouped_import_is_seen() {
    assert!(acts("use std::{collections::BTreeMap, fs};"), "a group hides nothing");
    assert!(!acts("use std::{collections::BTreeMap, fmt};"));
}
