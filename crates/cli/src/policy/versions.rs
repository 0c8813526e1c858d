//! `pointsman policy versions` and `diff`: the versions of routing.yaml that were used or waited here.

use std::process::ExitCode;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use pointsman_engine::Gateway;

use crate::print;

/// One line a version, newest first.
pub(super) async fn list(gateway: &Gateway, json: bool) -> anyhow::Result<ExitCode> {
    let versions = gateway.policy_versions().await?;
    if json {
        print::json(&versions)?;
        return Ok(ExitCode::SUCCESS);
    }
    if versions.is_empty() {
        print::line("No version of routing.yaml was used here yet.")?;
    }
    let rows: Vec<Vec<String>> = versions
        .iter()
        .map(|version| {
            let seen = Timestamp::from_millisecond(version.seen_ms).unwrap_or(Timestamp::UNIX_EPOCH);
            let seen = seen.to_zoned(TimeZone::system()).strftime("%Y-%m-%d %H:%M").to_string();
            let name: String = version.hash.chars().take(12).collect();
            vec![
                name,
                seen,
                version.author.as_str().to_owned(),
                version.state.as_str().to_owned(),
                format!("{} lines", version.lines),
            ]
        })
        .collect();
    print::line(print::columns(&rows).trim_end())?;
    Ok(ExitCode::SUCCESS)
}

/// What changes, three lines around each change.
pub(super) async fn diff(gateway: &Gateway, from: &str, to: Option<&str>) -> anyhow::Result<ExitCode> {
    let lines = gateway.policy_diff(from, to).await?;
    if lines.is_empty() {
        print::line("The two versions are the same.")?;
    }
    print::diff(&lines)?;
    Ok(ExitCode::SUCCESS)
}
