//! `cargo xtask bench`: what Pointsman adds to a call, and what it costs to have it running.
//!
//! Everything is measured on the release build, in one run, side by side: a call through
//! `pointsman mcp` and the same call straight to the practice server take turns, so that a busy
//! machine slows both. Figures are medians where a row does not say otherwise.

mod app;
mod direct;
mod figures;
mod memory;
mod practice;
mod server;

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Result, bail};

use crate::packages::{self, For};
use crate::{setup, shell};
use figures::Table;

/// What is measured.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum What {
    /// The server and the app.
    All,
    /// The server alone, which is built in a third of the time.
    Server,
}

pub(crate) fn bench(what: What) -> Result<ExitCode> {
    if std::env::consts::OS != "linux" {
        bail!("The bench reads /proc and starts a virtual screen: it runs on Linux only.");
    }
    if what == What::Server {
        shell::run(shell::cargo(["build", "--release", "--no-default-features", "--bin", "pointsman"]))?;
    } else {
        setup::ensure(For::Running)?;
        packages::ensure(For::Testing)?;
        setup::ui()?;
        shell::run(shell::cargo(["build", "--release", "--bin", "pointsman", "--bin", "pointsman-app"]))?;
    }
    let built = shell::built()?.with_file_name("release");
    let scratch = shell::built()?.join("bench");
    let mut table = Table::default();
    measure_server(&built.join("pointsman"), &scratch, &mut table)?;
    if what == What::All {
        app::measure(&built.join("pointsman-app"), &scratch, &mut table)?;
    }
    println!("\n{table}");
    Ok(ExitCode::SUCCESS)
}

fn measure_server(program: &Path, scratch: &Path, table: &mut Table) -> Result<()> {
    let practice = practice::Server::start(program)?;
    let home = practice::home(scratch, practice.base_url())?;
    server::initialize(program, &home, table)?;
    server::calls(program, &home, practice.base_url(), table)
}
