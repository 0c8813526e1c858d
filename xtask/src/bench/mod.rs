use anyhow::{Result, bail};
use std::process::ExitCode;
pub(crate) fn bench() -> Result<ExitCode> {
    bail!("not built yet")
}
