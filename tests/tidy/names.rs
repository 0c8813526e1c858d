//! How long files are and how things are called.

use crate::rule;
use crate::source::{File, files, rust};

/// Lines of production code in one file, without the tests at its end.
const LONGEST: usize = 400;
/// Lines of a file of tests: a list that is rarely read from end to end.
const LONGEST_TESTS: usize = 600;
/// (path, most lines, why).
const LONGER: &[(&str, usize, &str)] = &[];

/// Endings that say nothing about what a thing is.
const EMPTY_WORDS: &[&str] =
    &["Manager", "Service", "Helper", "Util", "Utils", "Processor", "Wrapper", "Info", "Data", "Impl"];
/// (type, why).
const ALLOWED_WORDS: &[(&str, &str)] =
    &[("RoutingInfo", "the tool is called llm_routing_info"), ("Data", "the envelope's field of that name")];
/// Rooms for whatever has no place.
const EMPTY_MODULES: &[&str] = &["utils", "util", "common", "misc", "types", "helpers"];

#[test]
fn files_are_short_enough_to_read() {
    let mut findings = Vec::new();
    let all: Vec<File> = rust().into_iter().chain(files(&["ui/src"], &["ts", "svelte"])).collect();
    for file in all.iter().filter(|file| !file.path.ends_with(".gen.ts")) {
        let most = LONGER.iter().find(|(path, ..)| *path == file.path).map_or(usual(file), |(_, most, _)| *most);
        let has = file.text.lines().take_while(|line| line.trim() != "#[cfg(test)]").count();
        if has > most {
            findings.push(format!("{}: {has} lines, at most {most}", file.path));
        }
    }
    let gone = LONGER
        .iter()
        .filter(|(path, ..)| !all.iter().any(|file| file.path == *path && file.text.lines().count() > LONGEST));
    findings.extend(gone.map(|(path, ..)| format!("{path} needs its exception no longer")));
    rule("A file is read in one sitting: split it where it does two things.", findings);
}

fn usual(file: &File) -> usize {
    if file.is_test() { LONGEST_TESTS } else { LONGEST }
}

#[test]
fn main_only_composes() {
    let lines = crate::source::read("src-tauri/main.rs").lines().count();
    let finding = (lines > 120).then(|| format!("src-tauri/main.rs: {lines} lines"));
    rule(
        "main.rs puts the parts together in at most 120 lines; what they do is theirs.",
        finding.into_iter().collect(),
    );
}

#[test]
fn types_say_what_they_are() {
    let all = rust();
    let mut findings = Vec::new();
    let mut used = Vec::new();
    for file in &all {
        for (at, line) in file.code() {
            let Some(name) = declared(line) else { continue };
            if !EMPTY_WORDS.iter().any(|word| name.ends_with(word)) {
                continue;
            }
            if ALLOWED_WORDS.iter().any(|(allowed, _)| *allowed == name) {
                used.push(name.to_owned());
            } else {
                findings.push(format!("{}:{at}: {name}", file.path));
            }
        }
    }
    let gone = ALLOWED_WORDS.iter().filter(|(name, _)| !used.iter().any(|seen| seen == name));
    findings.extend(gone.map(|(name, _)| format!("{name} needs its exception no longer")));
    rule(&format!("Names end in what a thing is, never in {}.", EMPTY_WORDS.join(", ")), findings);
}

/// The name a line declares, if it declares a type.
fn declared(line: &str) -> Option<&str> {
    let line = line.trim_start();
    let line = line.strip_prefix("pub(crate) ").or_else(|| line.strip_prefix("pub ")).unwrap_or(line);
    let rest = ["struct ", "enum ", "trait "].iter().find_map(|word| line.strip_prefix(word))?;
    rest.split(|c: char| !c.is_alphanumeric() && c != '_').next()
}

#[test]
fn modules_have_a_subject() {
    let all = files(&["crates", "src-tauri", "tests", "xtask", "ui/src"], &["rs", "ts", "svelte"]);
    let empty = |file: &&File| {
        let stem = file.path.rsplit_once('.').map_or(file.path.as_str(), |(stem, _)| stem);
        stem.split('/').any(|part| EMPTY_MODULES.contains(&part))
    };
    let findings = all.iter().filter(empty).map(|file| file.path.clone()).collect();
    rule("A module is named after its subject; a room for everything has none.", findings);
}

#[test]
fn every_file_begins_with_what_it_is_for() {
    let all = rust();
    let silent = all.iter().filter(|file| !file.text.starts_with("//! ") && !file.path.ends_with("/tests.rs"));
    let findings = silent.map(|file| file.path.clone()).collect();
    rule("The first lines of a file say what it is for and what does not belong in it.", findings);
}
