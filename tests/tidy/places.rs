//! What stands where: the top level, Tauri's API in the UI, the generated contract, the tests of the invariants.

use std::fs;
use std::process::Command;

use crate::rule;
use crate::source::{files, read, root, rust};

/// All that stands at the top of the repository. It grows by decision only.
const TOP: &[&str] = &[
    ".cargo",
    ".ci",
    ".gitattributes",
    ".gitignore",
    "ARCHITECTURE.md",
    "CHANGELOG.md",
    "Cargo.lock",
    "Cargo.toml",
    "LICENSE-APACHE",
    "LICENSE-MIT",
    "README.md",
    "crates",
    "deny.toml",
    "docs",
    "icons",
    "rustfmt.toml",
    "src-tauri",
    "tauri.conf.json",
    "tests",
    "ui",
    "xtask",
];

/// The invariants of ARCHITECTURE.md.
const INVARIANTS: usize = 11;

#[test]
fn the_top_level_is_fixed() {
    let findings = top_level().into_iter().filter(|name| !TOP.contains(&name.as_str())).collect();
    rule("The top level is a table of contents: what is new goes below one of its entries.", findings);
}

/// What git tracks at the top.
fn top_level() -> Vec<String> {
    let listed = Command::new("git").args(["ls-files", "--cached"]).current_dir(root()).output();
    let listed = listed.ok().filter(|output| output.status.success()).expect("git lists the files of this repository");
    let first = |line: &str| line.split('/').next().unwrap_or_default().trim_matches('"').to_owned();
    let mut names: Vec<String> = String::from_utf8_lossy(&listed.stdout).lines().map(first).collect();
    names.dedup();
    assert!(names.iter().any(|name| name == "Cargo.toml"), "git listed {names:?}");
    names
}

#[test]
fn only_one_file_of_the_window_knows_tauri() {
    const DOOR: &str = "ui/src/backend/tauri.ts";
    let imports = files(&["ui/src"], &["ts", "svelte"]).into_iter().filter(|file| file.text.contains("@tauri-apps"));
    let findings = imports.map(|file| file.path).filter(|path| path != DOOR).collect();
    rule(&format!("Only {DOOR} speaks to Tauri, so that every page runs in a plain browser too."), findings);
}

#[test]
fn the_contract_of_the_window_is_generated() {
    let text = read("ui/src/bindings.gen.ts");
    let head = text.lines().next().unwrap_or_default();
    assert!(
        head.contains("src-tauri/rpc.rs") && head.contains("do not edit"),
        "ui/src/bindings.gen.ts is made from the command list, and says so in its first line; it says: {head}"
    );
}

#[test]
fn every_invariant_has_its_test() {
    let all = rust();
    let tests = |number: usize| {
        let name = format!("fn i{number}_");
        all.iter().any(|file| file.text.contains(&name))
    };
    let findings = (1..=INVARIANTS).filter(|number| !tests(*number)).map(|number| format!("I{number}")).collect();
    rule("An invariant without a test that carries its number (`fn i3_…`) is a wish.", findings);
}

#[test]
fn the_architecture_names_the_tests_of_the_invariants() {
    let text = read("ARCHITECTURE.md");
    let named: Vec<&str> = text.split('`').filter(|word| is_invariant_test(word)).collect();
    let source: String = rust().into_iter().map(|file| file.text).collect();
    let mut findings: Vec<String> = named
        .iter()
        .filter(|name| !source.contains(&format!("fn {name}(")))
        .map(|name| format!("{name} is no test"))
        .collect();
    let unnamed = (1..=INVARIANTS).filter(|number| !named.iter().any(|name| name.starts_with(&format!("i{number}_"))));
    findings.extend(unnamed.map(|number| format!("I{number} has no test named there")));
    rule("ARCHITECTURE.md names for each invariant the test that holds it.", findings);
}

fn is_invariant_test(word: &str) -> bool {
    let number = word.strip_prefix('i').and_then(|rest| rest.split_once('_')).map(|(number, _)| number);
    number.is_some_and(|number| number.parse::<usize>().is_ok_and(|number| (1..=INVARIANTS).contains(&number)))
}

#[test]
fn the_pictures_of_the_readme_exist() {
    let text = read("README.md");
    let named = text.split(['"', '(', ')']).filter(|word| word.starts_with("docs/") && word.ends_with(".png"));
    let findings = named.filter(|path| fs::metadata(root().join(path)).is_err()).map(str::to_owned).collect();
    rule("README.md shows pictures that are there.", findings);
}

#[test]
fn the_policy_shown_in_the_readme_is_the_one_that_is_written() {
    let readme = read("README.md");
    let shown =
        readme.split("```yaml\n").nth(1).and_then(|rest| rest.split("```").next()).expect("a policy in README.md");
    let first = read("crates/core/src/policy/template/first.yaml");
    let lines: Vec<&str> = first.lines().collect();
    let findings = shown.lines().filter(|line| !lines.contains(line)).map(str::to_owned).collect();
    rule("README.md shows lines of the first routing.yaml, not an example of its own.", findings);
}
