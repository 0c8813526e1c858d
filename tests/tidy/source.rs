//! Reading the repository: its text files, and Rust source without comments and tests.

use std::fs;
use std::path::{Path, PathBuf};

/// Folders that are made, not written.
const MADE: &[&str] = &["node_modules", "dist", "dist-fake", "target", "gen", "artifacts"];

pub(crate) struct File {
    /// Relative to the root, with forward slashes.
    pub(crate) path: String,
    pub(crate) text: String,
}

impl File {
    /// The lines that do something in production: without comments, and without the tests at the end of a file.
    /// Each with its number.
    pub(crate) fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        let lines = self.text.lines().enumerate().take_while(|(_, line)| line.trim() != "#[cfg(test)]");
        lines.map(|(at, line)| (at + 1, line)).filter(|(_, line)| !line.trim_start().starts_with("//"))
    }

    /// Whether the file holds only tests.
    pub(crate) fn is_test(&self) -> bool {
        self.path.contains("/tests/") || self.path.starts_with("tests/") || self.path.ends_with("tests.rs")
    }
}

pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// All text files below the given folders that end in one of the extensions.
pub(crate) fn files(folders: &[&str], extensions: &[&str]) -> Vec<File> {
    let mut found = Vec::new();
    for folder in folders {
        collect(&root().join(folder), &mut found);
    }
    let mut files: Vec<File> = found
        .into_iter()
        .filter(|path| path.extension().is_some_and(|own| extensions.iter().any(|wanted| own == *wanted)))
        .map(|path| File { text: fs::read_to_string(&path).unwrap_or_default(), path: relative(&path) })
        .collect();
    files.sort_by(|a, b| a.path.cmp(&b.path));
    assert!(!files.is_empty(), "a rule that looks at no file proves nothing: {folders:?} {extensions:?}");
    files
}

/// All Rust files of the repository.
pub(crate) fn rust() -> Vec<File> {
    files(&["crates", "src-tauri", "tests", "xtask"], &["rs"])
}

pub(crate) fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The manifests: (folder relative to the root, content). The root package is the empty folder.
pub(crate) fn manifests() -> Vec<(String, toml::Table)> {
    let mut folders = vec![String::new(), "xtask/".to_owned()];
    for entry in fs::read_dir(root().join("crates")).expect("crates/").flatten() {
        folders.push(format!("crates/{}/", entry.file_name().to_string_lossy()));
    }
    folders
        .into_iter()
        .map(|folder| (folder.clone(), read(&format!("{folder}Cargo.toml")).parse().expect(&folder)))
        .collect()
}

/// Whether `word` stands in `line` as a word of its own.
pub(crate) fn has_word(line: &str, word: &str) -> bool {
    let part = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(word).any(|(at, _)| {
        !line[..at].chars().next_back().is_some_and(part) && !line[at + word.len()..].chars().next().is_some_and(part)
    })
}

fn collect(path: &Path, into: &mut Vec<PathBuf>) {
    if !path.is_dir() {
        into.push(path.to_owned());
        return;
    }
    for entry in fs::read_dir(path).expect("a folder of the repository").flatten() {
        let made = MADE.iter().any(|name| entry.file_name() == *name);
        if !made {
            collect(&entry.path(), into);
        }
    }
}

fn relative(path: &Path) -> String {
    path.strip_prefix(root()).unwrap_or(path).to_string_lossy().replace('\\', "/")
}

#[test]
fn words_are_told_from_their_parts() {
    assert!(has_word("let x: f64 = 1.0;", "f64"));
    assert!(!has_word("let buf64 = read_f64s();", "f64"), "a name that contains it is not it");
}
