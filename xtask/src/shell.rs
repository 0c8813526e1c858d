//! Starting other programs: cargo, npm and the tools they need.
//!
//! Every command runs at the root of the repository and without the variables cargo set for
//! *this* program: some build scripts watch them, and would rebuild at each change of caller.

use std::env;
use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

/// The root of the repository.
pub(crate) fn root() -> PathBuf {
    let here =
        env::var_os("CARGO_MANIFEST_DIR").map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
    here.parent().map_or(here.clone(), Path::to_path_buf)
}

/// The folder cargo puts this build's programs in: this program is one of them.
pub(crate) fn built() -> Result<PathBuf> {
    let me = env::current_exe().context("this program cannot find its own path")?;
    Ok(me.parent().map_or(me.clone(), Path::to_path_buf))
}

/// A program as this system calls it.
pub(crate) fn exe(name: &str) -> String {
    format!("{name}{}", env::consts::EXE_SUFFIX)
}

pub(crate) fn command(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    command.current_dir(root());
    for (name, _) in env::vars_os() {
        let ours = name.to_string_lossy();
        if ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_", "CARGO_CRATE_"].iter().any(|p| ours.starts_with(p)) {
            command.env_remove(&name);
        }
    }
    command
}

pub(crate) fn cargo<const N: usize>(args: [&str; N]) -> Command {
    let mut command = command(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(args);
    command
}

/// npm in the folder `under` (relative to the root).
pub(crate) fn npm<const N: usize>(under: &str, args: [&str; N]) -> Command {
    let mut command = command(if cfg!(windows) { "npm.cmd" } else { "npm" });
    command.current_dir(root().join(under)).args(args);
    command
}

/// Runs a command on this terminal; an error names it.
pub(crate) fn run(mut command: Command) -> Result<()> {
    announce(&command);
    let status = command.status().with_context(|| format!("{} cannot be started", name(&command)))?;
    if !status.success() {
        bail!("`{}` failed ({status})", line(&command));
    }
    Ok(())
}

/// Runs a command, passing its output on line by line, and gives back what it said and whether it succeeded.
pub(crate) fn run_and_read(mut command: Command) -> Result<(String, bool)> {
    announce(&command);
    command.stdout(Stdio::piped());
    let mut child = command.spawn().with_context(|| format!("{} cannot be started", name(&command)))?;
    let mut said = String::new();
    if let Some(stdout) = child.stdout.take() {
        for line in BufReader::new(stdout).split(b'\n') {
            let line = line?;
            let line = String::from_utf8_lossy(&line);
            println!("{line}");
            said.push_str(&line);
            said.push('\n');
        }
    }
    let status = child.wait()?;
    if !status.success() {
        eprintln!("`{}` failed ({status})", line(&command));
    }
    Ok((said, status.success()))
}

/// What a command says on stdout when it succeeds; nothing of it reaches the terminal.
pub(crate) fn ask(mut command: Command) -> Option<String> {
    let output = command.stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Whether a program of this name is on the PATH.
pub(crate) fn on_path(program: &str) -> bool {
    let paths = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&paths).any(|folder| folder.join(exe(program)).is_file())
}

fn announce(command: &Command) {
    println!("$ {}", line(command));
    let _ = std::io::stdout().flush();
}

fn name(command: &Command) -> String {
    Path::new(command.get_program()).file_stem().unwrap_or_default().to_string_lossy().into_owned()
}

fn line(command: &Command) -> String {
    let args = command.get_args().map(|arg| arg.to_string_lossy().into_owned());
    std::iter::once(name(command)).chain(args).collect::<Vec<_>>().join(" ")
}
