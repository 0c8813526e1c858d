//! `cargo xtask prices`: writes the table of list prices, `crates/core/prices/genai-prices.tsv`, from
//! the data that the crate genai-prices carries.
//!
//! How the data is read is core's (`catalog::published`), since a refresh reads the same shape. xtask itself
//! stays small enough to be built first: the table is made in the test below, which has core.

use std::process::ExitCode;

use anyhow::{Result, bail};

use crate::shell::cargo;

/// Asks the test to write the table in place of comparing it.
const WRITE: &str = "POINTSMAN_UPDATE";

/// Writes the table.
pub(crate) fn prices() -> Result<ExitCode> {
    let test = ["test", "--package", "xtask", "the_table_in_the_repository", "--", "--nocapture"];
    if !cargo(test).env(WRITE, "1").status()?.success() {
        bail!("the table was not written");
    }
    Ok(ExitCode::SUCCESS)
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use pointsman_core::catalog::published;
    use serde_json::Value;

    use super::*;
    use crate::shell::root;

    /// The version whose data is taken. Cargo.lock pins the same.
    const VERSION: &str = "0.2.1";
    /// When that version was published, as the package index says (`pubtime`).
    const RELEASED: &str = "2026-10-30";

    /// Where cargo keeps the data.
    fn source() -> PathBuf {
        let output = cargo(["metadata", "--format-version", "1", "--locked"]).output().expect("cargo starts");
        assert!(output.status.success(), "cargo metadata failed: {}", String::from_utf8_lossy(&output.stderr));
        let metadata: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        let packages = metadata["packages"].as_array().expect("packages");
        let found =
            packages.iter().find(|package| package["name"] == "genai-prices").expect("genai-prices in Cargo.lock");
        assert_eq!(found["version"], VERSION, "write the version in Cargo.lock and its date into xtask/src/prices.rs");
        PathBuf::from(found["manifest_path"].as_str().expect("a place")).with_file_name("data").join("prices.json")
    }

    #[test]
    fn the_table_in_the_repository_is_what_the_source_says() {
        let path = root().join("crates/core/prices/genai-prices.tsv");
        let text = std::fs::read_to_string(source()).expect("the data");
        let must = published::table(&text, VERSION, RELEASED).expect("all of it is known");
        if std::env::var_os(WRITE).is_some() {
            std::fs::write(&path, &must).expect("written");
        }
        let is = std::fs::read_to_string(&path).expect("the table");
        let differs = must.lines().zip(is.lines()).find(|(must, is)| must != is);
        assert!(is == must, "write it anew with `cargo xtask prices`; first difference: {differs:?}");
    }
}
