//! Licences and crates that may come in: deny.toml, enforced on what is built on this system.

use std::process::Command;

use serde_json::Value;

use crate::rule;
use crate::source::{read, root};

#[test]
fn every_dependency_has_a_licence_we_accept() {
    let deny = policy();
    let accepted = strings(&deny["licenses"]["allow"]);
    let findings = dependencies().into_iter().filter_map(|package| refused(&package, &accepted)).collect();
    rule("Pointsman may be used by anyone for anything: deny.toml lists the licences that leave it so.", findings);
}

#[test]
fn no_banned_crate_came_in() {
    let deny = policy();
    let present = dependencies();
    let mut findings = Vec::new();
    for ban in deny["bans"]["deny"].as_array().expect("bans.deny") {
        let (name, reason) = (ban["crate"].as_str().expect("crate"), ban["reason"].as_str().expect("reason"));
        if present.iter().any(|package| package["name"] == name) {
            findings.push(format!("{name}: {reason}"));
        }
    }
    rule("deny.toml bans some crates.", findings);
}

fn policy() -> toml::Table {
    read("deny.toml").parse().expect("deny.toml")
}

fn strings(value: &toml::Value) -> Vec<String> {
    value.as_array().expect("a list").iter().map(|item| item.as_str().expect("a text").to_owned()).collect()
}

/// Every package that is built here and is not ours.
fn dependencies() -> Vec<Value> {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["metadata", "--format-version", "1", "--locked", "--filter-platform", &this_system()]);
    let output = cargo.current_dir(root()).output().expect("cargo metadata");
    assert!(output.status.success(), "cargo metadata: {}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let packages = metadata["packages"].as_array().expect("packages").iter();
    let theirs: Vec<Value> = packages.filter(|package| !package["source"].is_null()).cloned().collect();
    assert!(theirs.len() > 100, "cargo metadata named only {} packages", theirs.len());
    theirs
}

fn this_system() -> String {
    let output = Command::new("rustc").arg("-vV").output().expect("rustc -vV");
    let said = String::from_utf8_lossy(&output.stdout);
    said.lines().find_map(|line| line.strip_prefix("host: ")).expect("a host").to_owned()
}

/// Why a package may not come in, if so.
fn refused(package: &Value, accepted: &[String]) -> Option<String> {
    let name = format!("{} {}", package["name"].as_str().unwrap_or("?"), package["version"].as_str().unwrap_or("?"));
    match package["license"].as_str() {
        None => Some(format!("{name} names no licence")),
        Some(licence) if satisfied(licence, accepted) => None,
        Some(licence) => Some(format!("{name}: {licence}")),
    }
}

/// Whether an SPDX expression can be met with accepted licences only. An old-style `/` is an OR; AND binds tighter.
fn satisfied(expression: &str, accepted: &[String]) -> bool {
    let spaced = expression.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
    let mut words = spaced.split_whitespace().peekable();
    let met = any(&mut words, accepted);
    met && words.next().is_none()
}

type Words<'a> = std::iter::Peekable<std::str::SplitWhitespace<'a>>;

fn any(words: &mut Words<'_>, accepted: &[String]) -> bool {
    let mut met = all(words, accepted);
    while words.next_if_eq(&"OR").is_some() {
        met |= all(words, accepted);
    }
    met
}

fn all(words: &mut Words<'_>, accepted: &[String]) -> bool {
    let mut met = one(words, accepted);
    while words.next_if_eq(&"AND").is_some() {
        met &= one(words, accepted);
    }
    met
}

fn one(words: &mut Words<'_>, accepted: &[String]) -> bool {
    let Some(first) = words.next() else { return false };
    if first == "(" {
        let met = any(words, accepted);
        return words.next() == Some(")") && met;
    }
    let licence = match words.next_if_eq(&"WITH") {
        Some(_) => format!("{first} WITH {}", words.next().unwrap_or_default()),
        None => first.to_owned(),
    };
    accepted.contains(&licence)
}

#[test]
fn expressions_are_read_as_written() {
    let accepted: Vec<String> = ["MIT", "Apache-2.0 WITH LLVM-exception"].map(str::to_owned).to_vec();
    for (expression, expected) in [
        ("MIT", true),
        ("GPL-3.0", false),
        ("MIT OR GPL-3.0", true),
        ("MIT/GPL-3.0", true),
        ("MIT AND GPL-3.0", false),
        ("GPL-3.0 OR MIT AND MIT", true),
        ("(MIT OR GPL-3.0) AND GPL-3.0", false),
        ("Apache-2.0 WITH LLVM-exception", true),
        ("Apache-2.0", false),
        ("", false),
    ] {
        assert_eq!(satisfied(expression, &accepted), expected, "{expression}");
    }
}
