//! The practice server as a process of its own, and a home whose only provider it is.

use std::fs;
use std::io::{BufRead, BufReader, Read, sink};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;

use anyhow::{Context, Result};
use serde_json::Value;

/// A policy with a ledger entry and three caps to check in every call; the caps are too wide to deny one.
const POLICY: &str = r#"version: "1"
caps:
  - { scope: all, window: month, limit_usd: 1000 }
  - { scope: all, window: day, limit_usd: 1000 }
  - { scope: provider, name: practice, window: flow, limit_usd: 10 }
providers:
  practice:
    title: Practice server
    base_url: {base_url}
    local: true
defaults:
  summarize:
    provider: practice
    model: gpt-5-mini
    max_tokens: 1000
    rationale: Measured.
  kept:
    provider: practice
    model: gpt-5-mini
    max_tokens: 1000
    cache: true
  chat_default: summarize
models:
  practice/gpt-5-mini:
    description: Measured.
    tier: L1
    price: { input: 0.25, output: 2.00 }
"#;

/// Ends with this value: it serves until its stdin closes.
pub(crate) struct Server {
    child: Child,
    base_url: String,
}

impl Server {
    pub(crate) fn start(pointsman: &Path) -> Result<Self> {
        let mut child = Command::new(pointsman)
            .arg("practice-server")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| pointsman.display().to_string())?;
        let mut reports = BufReader::new(child.stdout.take().context("stdout of the practice server")?);
        let mut first = String::new();
        reports.read_line(&mut first)?;
        let told: Value =
            serde_json::from_str(&first).with_context(|| format!("the practice server said {first:?}"))?;
        let base_url = told["base_url"].as_str().context("the practice server named no base_url")?.to_owned();
        // It reports every request; a full pipe would stop it.
        thread::spawn(move || std::io::copy(&mut reports.by_ref(), &mut sink()));
        Ok(Self { child, base_url })
    }

    pub(crate) fn base_url(&self) -> &str {
        &self.base_url
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}

/// A fresh home under `scratch`.
pub(crate) fn home(scratch: &Path, base_url: &str) -> Result<PathBuf> {
    let home = scratch.join("home");
    if home.exists() {
        fs::remove_dir_all(&home)?;
    }
    private(&home)?;
    fs::write(home.join("routing.yaml"), POLICY.replace("{base_url}", base_url))?;
    Ok(home)
}

/// A folder for this user only, as a home must be.
pub(crate) fn private(folder: &Path) -> Result<()> {
    fs::create_dir_all(folder)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(folder, fs::Permissions::from_mode(0o700))?;
    }
    Ok(())
}
