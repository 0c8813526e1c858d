//! `cargo xtask run`: sets up, builds, starts the tray app; without a display the demo instead.

use std::env;
use std::process::ExitCode;

use anyhow::Result;

use crate::packages::For;
use crate::{setup, shell};

pub(crate) fn run() -> Result<ExitCode> {
    if display() { app() } else { demo() }
}

fn app() -> Result<ExitCode> {
    setup::ensure(For::Running)?;
    setup::ui()?;
    shell::run(shell::cargo(["build", "--bin", "pointsman", "--bin", "pointsman-app"]))?;
    println!("Pointsman starts now and stays in the tray. Quit is in its menu; Ctrl+C here ends it too.");
    start(&["pointsman-app"])
}

/// Builds only what the demo needs: no web view, no Node, no system package.
fn demo() -> Result<ExitCode> {
    println!("There is no display here (DISPLAY and WAYLAND_DISPLAY are not set), so the tray app cannot start.");
    println!("Running `pointsman demo` instead. On a desktop, `cargo xtask run` starts the app.");
    shell::run(shell::cargo(["build", "--package", "pointsman", "--no-default-features", "--bin", "pointsman"]))?;
    start(&["pointsman", "demo"])
}

fn start(words: &[&str]) -> Result<ExitCode> {
    let program = shell::built()?.join(shell::exe(words.first().copied().unwrap_or_default()));
    let mut command = shell::command(&program);
    let status = command.args(words.get(1..).unwrap_or_default()).status()?;
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Only Linux has desktops without a display to draw on.
fn display() -> bool {
    let set = |name: &str| env::var_os(name).is_some_and(|value| !value.is_empty());
    env::consts::OS != "linux" || set("DISPLAY") || set("WAYLAND_DISPLAY")
}
