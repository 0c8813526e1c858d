//! Edits by form on a heavily commented file: each changes exactly the lines of the table, as
//! `git diff` sees it, with LF and with CRLF, with and without a byte order mark.
//! To renew the table after a change that is meant: `POINTSMAN_UPDATE=1 cargo test -p pointsman-engine --test edits`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::{Path, PathBuf};
use std::process::Command;

use pointsman_engine::Gateway;
use pointsman_engine::view::PolicyEdit;

const FILE: &str = include_str!("../../core/src/policy/fixtures/commented.yaml");

/// What git counts, and the lines it shows.
#[derive(Debug, PartialEq, Eq)]
struct Diff {
    numstat: String,
    lines: Vec<String>,
}

fn git(folder: &Path, options: &[&str]) -> String {
    let out = Command::new("git")
        .env("GIT_CONFIG_GLOBAL", folder.join("no-settings"))
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .args([
            "-c",
            "core.safecrlf=false",
            "-c",
            "core.autocrlf=false",
            "diff",
            "--no-index",
            "--no-color",
            "--no-ext-diff",
        ])
        .args(options)
        .args(["old.yaml", "new.yaml"])
        .current_dir(folder)
        .output()
        .expect("git runs");
    String::from_utf8(out.stdout).unwrap()
}

fn diff(folder: &Path, old: &str, new: &str) -> Diff {
    std::fs::write(folder.join("old.yaml"), old).unwrap();
    std::fs::write(folder.join("new.yaml"), new).unwrap();
    let counted = git(folder, &["--numstat"]);
    let numstat = counted.split_whitespace().take(2).collect::<Vec<_>>().join(" ");
    let shown = git(folder, &["--unified=0", "--diff-algorithm=myers"]);
    let body = shown.split('\n').skip_while(|line| !line.starts_with("@@"));
    let lines = body.filter(|line| line.starts_with(['+', '-', '\\'])).map(str::to_owned).collect();
    Diff { numstat, lines }
}

fn table() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/edits/table.txt")
}

/// The edits of the table, each with what it should change.
fn rows() -> Vec<(String, PolicyEdit, Diff)> {
    let text = std::fs::read_to_string(table()).unwrap();
    let row = |row: &str| {
        let mut lines = row.lines();
        let edit = lines.next().unwrap().to_owned();
        let numstat = lines.next().unwrap_or_default().to_owned();
        let parsed = serde_json::from_str(&edit).unwrap_or_else(|why| panic!("{edit}: {why}"));
        (edit, parsed, Diff { numstat, lines: lines.map(str::to_owned).collect() })
    };
    text.split("\n== ").skip(1).map(|text| row(text.trim_end_matches('\n'))).collect()
}

fn renewed(folder: &Path) {
    let text = std::fs::read_to_string(table()).unwrap();
    let mut out = text.split("\n== ").next().unwrap().to_owned();
    for (edit, parsed, _) in rows() {
        let found = match Gateway::policy_edited(FILE, &[parsed]) {
            Ok(new) => diff(folder, FILE, &new),
            Err(denial) => panic!("{edit}: {}", denial.sentence),
        };
        out.push_str(&format!("\n== {edit}\n{}\n{}", found.numstat, found.lines.join("\n")));
    }
    std::fs::write(table(), out + "\n").unwrap();
}

#[test]
fn each_edit_changes_exactly_its_lines() {
    let folder = tempfile::tempdir().unwrap();
    if std::env::var_os("POINTSMAN_UPDATE").is_some() {
        renewed(folder.path());
    }
    let rows = rows();
    assert!(rows.len() >= 30, "{} edits", rows.len());
    for (edit, parsed, expected) in &rows {
        let new =
            Gateway::policy_edited(FILE, std::slice::from_ref(parsed)).unwrap_or_else(|why| panic!("{edit}: {why:?}"));
        assert_eq!(&diff(folder.path(), FILE, &new), expected, "{edit}");

        let (windows, marked) = (FILE.replace('\n', "\r\n"), format!("\u{feff}{FILE}"));
        let of_windows = Gateway::policy_edited(&windows, std::slice::from_ref(parsed)).unwrap();
        assert_eq!(of_windows, new.replace('\n', "\r\n"), "{edit}, with CRLF");
        assert_eq!(diff(folder.path(), &windows, &of_windows).numstat, expected.numstat, "{edit}, with CRLF");
        let of_marked = Gateway::policy_edited(&marked, std::slice::from_ref(parsed)).unwrap();
        assert_eq!(of_marked, format!("\u{feff}{new}"), "{edit}, with a byte order mark");
    }
}
