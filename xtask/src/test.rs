//! `cargo xtask test`: every check, in stages, stopping at the first that fails.
//!
//! One list of stages is all there is to it. Cheap ones come first; all of cargo's share one target
//! folder and the same features, so that dependencies are built once.

use std::fs;
use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Context, Result, bail};

use crate::packages::For;
use crate::tally::{Tally, count};
use crate::{setup, shell};

struct Stage {
    name: &'static str,
    about: &'static str,
    work: fn() -> Result<Tally>,
}

const STAGES: &[Stage] = &[
    Stage { name: "setup", about: "what is missing is installed", work: set_up },
    Stage { name: "format", about: "cargo fmt", work: format },
    Stage { name: "ui-build", about: "the UI is built", work: ui_build },
    Stage { name: "ui-check", about: "svelte-check and TypeScript", work: ui_check },
    Stage { name: "ui-test", about: "tests of the UI's parts", work: ui_test },
    Stage { name: "ui-pages", about: "each page in a browser", work: ui_pages },
    Stage { name: "headless", about: "`pointsman` without the window, linked without WebKit", work: headless },
    Stage { name: "clippy", about: "no warning in any target", work: clippy },
    Stage { name: "rust", about: "tests of every crate, end to end ones included", work: rust },
    Stage { name: "doc", about: "the examples in the documentation", work: doc },
    Stage { name: "desktop", about: "the real window on a virtual screen", work: desktop },
];

/// Needed by all stages and cheap when nothing changed.
const ALWAYS: [&str; 2] = ["setup", "ui-build"];
/// The stage of its own: a real desktop, which the other tests do without.
const DESKTOP: &str = "desktop";

pub(crate) fn stage_names() -> String {
    STAGES.iter().map(|stage| stage.name).collect::<Vec<_>>().join(", ")
}

/// Runs all stages, or the one asked for after what it needs. Ends with the counted tests on a line of their own.
pub(crate) fn test(only: Option<&str>) -> Result<ExitCode> {
    if let Some(name) = only
        && !STAGES.iter().any(|stage| stage.name == name)
    {
        bail!("There is no stage `{name}`. Stages: {}", stage_names());
    }
    let chosen =
        STAGES.iter().filter(|stage| only.is_none_or(|name| name == stage.name || ALWAYS.contains(&stage.name)));
    let begun = Instant::now();
    let mut sum = Tally::default();
    let mut table = String::new();
    let mut failed = None;
    for stage in chosen {
        println!("\n── {}: {}", stage.name, stage.about);
        let start = Instant::now();
        let (tally, fault) = outcome((stage.work)());
        sum += tally;
        let (word, took) = (if fault.is_some() { "failed" } else { "ok" }, minutes(start));
        println!("── {}: {word}, {took} min", stage.name);
        table += &format!("{:<10} {word:<7} {took:>7} {:>7}\n", stage.name, tests(tally));
        if let Some(fault) = fault {
            failed = Some((stage.name, fault));
            break;
        }
    }
    println!(
        "\n{:<10} {:<7} {:>7} {:>7}\n{table}{:<10} {:<7} {:>7} {:>7}",
        "stage",
        "",
        "minutes",
        "tests",
        "all",
        "",
        minutes(begun),
        tests(sum)
    );
    if let Some((stage, fault)) = &failed {
        println!("\nStopped at {stage}: {fault}\nAgain with: cargo xtask test --only {stage}");
    }
    println!("\n{} passed, {} failed", sum.passed, sum.failed);
    Ok(if failed.is_some() { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// What a stage comes to: its tests and, if it failed, why. A stage that breaks before any test
/// could fail (it does not compile, say) counts as one failure.
fn outcome(result: Result<Tally>) -> (Tally, Option<String>) {
    match result {
        Ok(tally) if tally.failed > 0 => (tally, Some(format!("{} tests failed", tally.failed))),
        Ok(tally) if tally.skipped > 0 => (tally, Some(format!("{} tests did not run", tally.skipped))),
        Ok(tally) => (tally, None),
        Err(error) => (Tally { failed: 1, ..Tally::default() }, Some(format!("{error:#}"))),
    }
}

fn tests(tally: Tally) -> String {
    if tally == Tally::default() { String::new() } else { (tally.passed + tally.failed + tally.skipped).to_string() }
}

fn minutes(since: Instant) -> String {
    let tenths = (since.elapsed().as_millis() + 3_000) / 6_000;
    format!("{}.{}", tenths / 10, tenths % 10)
}

fn set_up() -> Result<Tally> {
    setup::ensure(For::Testing)?;
    Ok(Tally::default())
}

fn format() -> Result<Tally> {
    check(shell::cargo(["fmt", "--all", "--check"]))
}

fn ui_build() -> Result<Tally> {
    setup::ui()?;
    Ok(Tally::default())
}

fn ui_check() -> Result<Tally> {
    check(shell::npm("ui", ["run", "--silent", "check"]))
}

fn ui_test() -> Result<Tally> {
    counted(shell::npm("ui", ["run", "--silent", "test"]))
}

fn ui_pages() -> Result<Tally> {
    counted(shell::npm("ui", ["run", "--silent", "test:pages"]))
}

fn headless() -> Result<Tally> {
    shell::run(shell::cargo(["build", "--package", "pointsman", "--no-default-features", "--bin", "pointsman"]))?;
    links_no_window()
}

fn clippy() -> Result<Tally> {
    check(shell::cargo(["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]))
}

fn rust() -> Result<Tally> {
    let mut command = shell::cargo(["test", "--workspace", "--no-fail-fast", "--lib", "--bins"]);
    for name in end_to_end_tests()? {
        command.args(["--test", &name]);
    }
    let tally = counted(command)?;
    links_no_window()?;
    Ok(tally)
}

fn doc() -> Result<Tally> {
    counted(shell::cargo(["test", "--workspace", "--doc"]))
}

fn desktop() -> Result<Tally> {
    if std::env::consts::OS != "linux" {
        println!("This stage needs a Linux desktop; it was not run on this system.");
        return Ok(Tally::default());
    }
    counted(shell::cargo(["test", "--workspace", "--test", DESKTOP]))
}

fn check(command: std::process::Command) -> Result<Tally> {
    shell::run(command)?;
    Ok(Tally::default())
}

/// Runs a test program. A failure that shows in no count is an error of the stage.
fn counted(command: std::process::Command) -> Result<Tally> {
    let (said, succeeded) = shell::run_and_read(command)?;
    let tally = count(&said);
    if !succeeded && tally.failed == 0 {
        bail!("it ended with an error (its output is above)");
    }
    if succeeded && tally == Tally::default() && !said.contains("test result: ok") {
        bail!("it ran no test");
    }
    Ok(tally)
}

/// Every test program of the workspace but the desktop's: a new one needs no entry here.
fn end_to_end_tests() -> Result<Vec<String>> {
    let root = shell::root();
    let mut folders = vec![root.join("tests")];
    for member in fs::read_dir(root.join("crates")).context("crates/ cannot be read")? {
        folders.push(member?.path().join("tests"));
    }
    let mut names = Vec::new();
    for folder in folders.into_iter().filter(|folder| folder.is_dir()) {
        for entry in fs::read_dir(&folder)? {
            names.extend(test_program(&entry?.path()).filter(|name| name != DESKTOP));
        }
    }
    names.sort();
    names.dedup();
    Ok(names)
}

/// The name cargo gives the test program that begins here: a file, or a folder with a main.rs.
fn test_program(path: &Path) -> Option<String> {
    let is_one = path.extension().is_some_and(|extension| extension == "rs") || path.join("main.rs").is_file();
    is_one.then(|| path.file_stem().unwrap_or_default().to_string_lossy().into_owned())
}

/// The program clients start must not carry the web view: it would cost them 60 ms and 50 MB each time.
fn links_no_window() -> Result<Tally> {
    if std::env::consts::OS != "linux" {
        return Ok(Tally::default());
    }
    let program = shell::built()?.join("pointsman");
    let mut readelf = shell::command("readelf");
    readelf.arg("-d").arg(&program);
    let said = shell::ask(readelf).with_context(|| format!("readelf cannot read {}", program.display()))?;
    let libraries = needed(&said);
    let window: Vec<&str> = libraries
        .iter()
        .copied()
        .filter(|library| {
            ["webkit", "gtk", "gdk", "javascriptcore", "appindicator", "xdo"].iter().any(|part| library.contains(part))
        })
        .collect();
    if !window.is_empty() {
        bail!("`pointsman` links {}: only pointsman-app may", window.join(", "));
    }
    println!("`pointsman` links only {}", libraries.join(", "));
    Ok(Tally::default())
}

/// The libraries in a dynamic section as readelf prints it.
fn needed(section: &str) -> Vec<&str> {
    let entries = section.lines().filter(|line| line.contains("(NEEDED)"));
    entries.filter_map(|line| line.split_once('[')?.1.split_once(']').map(|(library, _)| library)).collect()
}

#[cfg(test)]
mod tests {
    use super::{Tally, needed, outcome};

    #[test]
    fn linked_libraries_are_read() {
        let section = " 0x0001 (NEEDED)  Shared library: [libwebkit2gtk-4.1.so.0]\n 0x000c (INIT) 0x1000\n 0x0001 (NEEDED) Shared library: [libc.so.6]\n";
        assert_eq!(needed(section), ["libwebkit2gtk-4.1.so.0", "libc.so.6"]);
    }

    #[test]
    fn a_stage_that_broke_or_left_a_test_out_has_failed() {
        let (tally, fault) = outcome(Err(anyhow::anyhow!("no compiler")));
        assert_eq!(
            (tally.failed, fault.as_deref()),
            (1, Some("no compiler")),
            "the closing line must not say 0 failed"
        );
        let (_, fault) = outcome(Ok(Tally { passed: 3, failed: 0, skipped: 1 }));
        assert!(fault.is_some(), "a test that did not run is not a test that passed");
    }
}
