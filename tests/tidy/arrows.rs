//! Which crate may depend on which. core decides, engine does, the others speak.

use crate::rule;
use crate::source::{File, files, has_word, manifests};

/// Package → those of ours it may use.
const ARROWS: &[(&str, &[&str])] = &[
    ("pointsman-core", &[]),
    ("pointsman-engine", &["pointsman-core"]),
    ("pointsman-mcp", &["pointsman-core", "pointsman-engine"]),
    ("pointsman-practice", &[]),
    ("pointsman-cli", &["pointsman-core", "pointsman-engine", "pointsman-mcp", "pointsman-practice"]),
    ("pointsman", &["pointsman-core", "pointsman-engine", "pointsman-cli", "pointsman-mcp"]),
    ("xtask", &[]),
];

/// All that core may use: none of it reads a clock, a disk, a network or the environment for us.
const CORE_USES: &[&str] = &[
    "base64",
    "jiff",
    "jsonschema",
    "jsonc-parser",
    "regex",
    "saphyr-parser",
    "serde",
    "serde_json",
    "sha2",
    "similar",
    "strsim",
    "thiserror",
    "toml",
    "url",
];

/// Package → what it must not know.
const UNKNOWN_TO: &[(&str, &[&str], &str)] = &[
    ("pointsman-engine", &["tauri", "rmcp", "axum", "clap"], "the engine does not know who speaks to it"),
    (
        "pointsman-mcp",
        &["tauri", "axum", "clap", "rusqlite", "reqwest", "keyring"],
        "MCP is parsed and rendered; the engine does the rest",
    ),
    (
        "pointsman-cli",
        &["tauri", "rusqlite", "reqwest", "keyring"],
        "the terminal asks the gateway; the engine does the rest",
    ),
    ("pointsman", &["reqwest", "keyring", "rmcp", "axum"], "the window asks the gateway; the engine does the rest"),
    (
        "pointsman-practice",
        &["tauri", "rmcp", "rusqlite", "keyring"],
        "a practice server is a provider's side of the wire and nothing else",
    ),
    ("xtask", &["tauri", "tokio", "reqwest", "serde"], "building xtask is the first thing a newcomer waits for"),
];

#[test]
fn crates_use_only_those_below_them() {
    let mut findings = Vec::new();
    for (package, uses) in packages() {
        let Some((_, allowed)) = ARROWS.iter().find(|(name, _)| *name == package) else {
            findings.push(format!("{package} has no line in the table of arrows"));
            continue;
        };
        let ours = uses.iter().filter(|name| name.starts_with("pointsman"));
        findings
            .extend(ours.filter(|name| !allowed.contains(&name.as_str())).map(|name| format!("{package} → {name}")));
    }
    rule("Arrows point down only: core ← engine ← mcp, cli, src-tauri.", findings);
}

#[test]
fn core_uses_nothing_that_acts() {
    let (_, uses) = packages().into_iter().find(|(name, _)| name == "pointsman-core").expect("core");
    let findings = uses.into_iter().filter(|name| !CORE_USES.contains(&name.as_str())).collect();
    rule(
        "core decides and does nothing. What it may use is a list in this file: add to it only what has no I/O.",
        findings,
    );
}

#[test]
fn no_crate_knows_what_is_not_its_business() {
    let packages = packages();
    let mut findings = Vec::new();
    for (package, banned, reason) in UNKNOWN_TO {
        let (_, uses) = packages.iter().find(|(name, _)| name == package).expect("a package of the table");
        let known = uses.iter().filter(|name| banned.contains(&name.as_str()));
        findings.extend(known.map(|name| format!("{package} → {name}: {reason}")));
    }
    rule("A crate boundary is worth its manifest only when it forbids something.", findings);
}

#[test]
fn every_crate_has_the_lints_of_the_workspace() {
    let inherits = |manifest: &toml::Table| {
        manifest.get("lints").and_then(|lints| lints.get("workspace")).and_then(toml::Value::as_bool) == Some(true)
    };
    let findings = manifests()
        .into_iter()
        .filter(|(_, manifest)| !inherits(manifest))
        .map(|(folder, _)| format!("{folder}Cargo.toml"))
        .collect();
    rule("Lints are set once, for all: `[lints] workspace = true`.", findings);
}

/// Package name → names of its dependencies in production and in its build, on any system.
fn packages() -> Vec<(String, Vec<String>)> {
    manifests().into_iter().map(|(_, manifest)| (name(&manifest), uses(&manifest))).collect()
}

fn name(manifest: &toml::Table) -> String {
    manifest["package"]["name"].as_str().expect("a name").to_owned()
}

fn uses(manifest: &toml::Table) -> Vec<String> {
    let of_systems = manifest
        .get("target")
        .and_then(toml::Value::as_table)
        .into_iter()
        .flat_map(|table| table.values())
        .filter_map(toml::Value::as_table);
    std::iter::once(manifest)
        .chain(of_systems)
        .flat_map(|table| ["dependencies", "build-dependencies"].map(|kind| table.get(kind)))
        .flatten()
        .filter_map(toml::Value::as_table)
        .flat_map(|table| table.keys().cloned())
        .collect()
}

/// A dependency that no source names, and why it is there.
const ONLY_FOR_ITS_FEATURES: &[&str] = &["tray-icon"];

#[test]
fn every_dependency_is_used() {
    let mut findings = Vec::new();
    for (folder, manifest) in manifests() {
        let source: String = sources(&folder).into_iter().map(|file| file.text).collect();
        let unused = uses(&manifest).into_iter().filter(|name| {
            !has_word(&source, &name.replace('-', "_")) && !ONLY_FOR_ITS_FEATURES.contains(&name.as_str())
        });
        findings.extend(unused.map(|name| format!("{folder}Cargo.toml: {name}")));
    }
    let used: Vec<String> = manifests().iter().flat_map(|(_, manifest)| all_uses(manifest)).collect();
    let root = &manifests()[0].1;
    let shared = root["workspace"]["dependencies"].as_table().expect("shared dependencies").keys();
    findings.extend(shared.filter(|name| !used.contains(name)).map(|name| format!("[workspace.dependencies]: {name}")));
    rule("A dependency is trusted code and time to build: what nothing uses goes.", findings);
}

/// The production source of the package in a folder.
fn sources(folder: &str) -> Vec<File> {
    let place = if folder.is_empty() { "src-tauri".to_owned() } else { format!("{folder}src") };
    files(&[&place], &["rs"])
}

/// Production, build and tests.
fn all_uses(manifest: &toml::Table) -> Vec<String> {
    let tests = manifest.get("dev-dependencies").and_then(toml::Value::as_table);
    uses(manifest).into_iter().chain(tests.into_iter().flat_map(|table| table.keys().cloned())).collect()
}
