//! `cargo xtask prices`: writes the table of list prices, `crates/core/prices/genai-prices.tsv`, from
//! the data that the crate genai-prices carries.
//!
//! Only the data is taken: the crate itself reckons in floating point. Every amount goes from the
//! digits of the source to the digits of the table. What the data says in a way this program does not
//! know is an error and never left out, so that a new version is looked at by somebody.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::shell::{cargo, root};

mod amount;
mod rules;
mod table;

/// The version whose data is taken. Cargo.lock pins the same.
const VERSION: &str = "0.2.1";
/// When that version was published, as the package index says (`pubtime`).
const RELEASED: &str = "2026-10-30";

/// Writes the table.
pub(crate) fn prices() -> Result<ExitCode> {
    let text = written()?;
    let rows = text.lines().filter(|line| line.contains('\t')).count();
    std::fs::write(path(), text).context("the table cannot be written")?;
    println!("{} models from genai-prices {VERSION} are in {}", rows, path().display());
    Ok(ExitCode::SUCCESS)
}

fn path() -> PathBuf {
    root().join("crates/core/prices/genai-prices.tsv")
}

/// The table as it must be.
fn written() -> Result<String> {
    let file = source()?;
    let text = std::fs::read_to_string(&file).with_context(|| format!("{} cannot be read", file.display()))?;
    table::table(&text, VERSION, RELEASED)
}

/// Where cargo keeps the data.
fn source() -> Result<PathBuf> {
    let output =
        cargo(["metadata", "--format-version", "1", "--locked"]).output().context("cargo cannot be started")?;
    if !output.status.success() {
        bail!("cargo metadata failed: {}", String::from_utf8_lossy(&output.stderr));
    }
    let metadata: Value = serde_json::from_slice(&output.stdout).context("cargo metadata is no JSON")?;
    let packages = metadata["packages"].as_array().context("cargo metadata names no packages")?;
    let found = packages.iter().find(|package| package["name"] == "genai-prices");
    let package = found.context("genai-prices is not among the packages of Cargo.lock")?;
    if package["version"] != VERSION {
        bail!(
            "Cargo.lock has genai-prices {}; write its version and date into xtask/src/prices.rs",
            package["version"]
        );
    }
    let manifest = package["manifest_path"].as_str().context("genai-prices has no place")?;
    Ok(PathBuf::from(manifest).with_file_name("data").join("prices.json"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_in_the_repository_is_what_the_source_says() {
        let (is, must) = (std::fs::read_to_string(path()).unwrap(), written().unwrap());
        let differs = must.lines().zip(is.lines()).find(|(must, is)| must != is);
        assert!(is == must, "write it anew with `cargo xtask prices`; first difference: {differs:?}");
    }
}
