//! What must stand before anything is built: Node, the UI's packages, the built UI.
//!
//! Each step looks first and does nothing when nothing is missing, so that every command may call
//! it each time.

use std::fs;
use std::path::Path;
use std::time::SystemTime;

use anyhow::{Context, Result, bail};

use crate::packages::{self, For};
use crate::shell;

/// Oldest Node the UI's tools run on.
const NODE: u32 = 20;
/// What the built UI is made from, under ui/.
const UI_SOURCES: &[&str] = &[
    "src",
    "public",
    "index.html",
    "package.json",
    "package-lock.json",
    "vite.config.ts",
    "svelte.config.js",
    "tsconfig.json",
];

/// All but the UI build.
pub(crate) fn ensure(purpose: For) -> Result<()> {
    packages::ensure(purpose)?;
    node()?;
    npm_packages("ui")?;
    if purpose == For::Testing {
        rust_components()?;
        if shell::root().join("tests/npm/package-lock.json").exists() {
            npm_packages("tests/npm")?;
        }
    }
    Ok(())
}

/// Builds the UI when a source is newer than what was built.
pub(crate) fn ui() -> Result<()> {
    let ui = shell::root().join("ui");
    let built = fs::metadata(ui.join("dist/index.html")).and_then(|meta| meta.modified()).ok();
    let changed = UI_SOURCES.iter().filter_map(|source| newest(&ui.join(source))).max();
    if built.is_some() && built >= changed {
        println!("The built UI is current.");
        return Ok(());
    }
    shell::run(shell::npm("ui", ["run", "--silent", "build"]))
}

fn node() -> Result<()> {
    let mut version = shell::command("node");
    version.arg("--version");
    let said = shell::ask(version);
    let major = said.as_deref().and_then(major);
    match major {
        Some(major) if major >= NODE => Ok(()),
        Some(major) => bail!("Node {major} is too old: the UI needs Node {NODE} or newer (https://nodejs.org)."),
        None => bail!("Node is missing: the UI needs Node {NODE} or newer with npm (https://nodejs.org)."),
    }
}

fn major(version: &str) -> Option<u32> {
    version.trim().strip_prefix('v')?.split('.').next()?.parse().ok()
}

fn rust_components() -> Result<()> {
    for (component, verb) in [("rustfmt", "fmt"), ("clippy", "clippy")] {
        if shell::ask(shell::cargo([verb, "--version"])).is_some() {
            continue;
        }
        if !shell::on_path("rustup") {
            bail!("`cargo {verb}` is missing, and there is no rustup to add it. Install {component} for your Rust.");
        }
        println!("Installing with rustup: {component}");
        let mut add = shell::command("rustup");
        add.args(["component", "add", component]);
        shell::run(add)?;
    }
    Ok(())
}

/// `npm ci` when the lock file is not the one that was installed. The stamp is a copy of it, so a
/// changed lock is noticed whatever the file times say.
fn npm_packages(under: &str) -> Result<()> {
    let folder = shell::root().join(under);
    let lock = fs::read(folder.join("package-lock.json")).with_context(|| format!("{under}/package-lock.json"))?;
    let stamp = folder.join("node_modules/.installed-lock.json");
    if fs::read(&stamp).is_ok_and(|installed| installed == lock) {
        return Ok(());
    }
    println!("Installing with npm: the packages of {under}/package-lock.json");
    shell::run(shell::npm(under, ["ci", "--no-audit", "--no-fund"]))?;
    fs::write(&stamp, lock).with_context(|| format!("{} cannot be written", stamp.display()))
}

/// The latest change at or below a path; a deleted file shows in its folder's time.
fn newest(path: &Path) -> Option<SystemTime> {
    let meta = fs::metadata(path).ok()?;
    let own = meta.modified().ok()?;
    if !meta.is_dir() {
        return Some(own);
    }
    let inside = fs::read_dir(path).ok()?.flatten().filter_map(|entry| newest(&entry.path())).max();
    Some(inside.map_or(own, |inside| inside.max(own)))
}

#[cfg(test)]
mod tests {
    use super::major;

    #[test]
    fn node_tells_its_major_version() {
        assert_eq!(major("v20.20.2\n"), Some(20));
        assert_eq!(major("20"), None, "not what node prints");
    }
}
