//! `pointsman policy check [FILE]`: all problems of a routing.yaml, and what would happen to it. It
//! is used for nothing: no edit becomes active by being checked.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use pointsman_core::policy::{Policy, Problem, Reading, Severity};
use pointsman_engine::policy_file::Outlook;
use pointsman_engine::{Caller, Gateway, Home};
use serde_json::{Value, json};

use crate::print;

/// Reads the file, or that of the home, which is written where there is none yet.
pub(super) async fn run(file: Option<PathBuf>, json: bool, home: Option<PathBuf>) -> anyhow::Result<ExitCode> {
    // A file on its own is compared with no home, unless one is named: nothing is made for a check.
    let gateway = match (&file, home) {
        (Some(_), None) => None,
        (Some(_) | None, home) => Some(Gateway::open(Home::at(home)?, Caller::cli())?),
    };
    let path = match (file, &gateway) {
        (Some(file), _) => file,
        (None, Some(gateway)) => {
            gateway.ensure_first_file().await?;
            gateway.home().policy_path()
        }
        (None, None) => anyhow::bail!("There is no file to check."),
    };
    let text = Gateway::policy_text(&path)?;
    let reading = Gateway::policy_check(&text);
    let outlook = match (&gateway, &reading.policy) {
        (Some(gateway), Some(_)) => Some(gateway.policy_outlook(&text).await?),
        (Some(_) | None, _) => None,
    };
    if json {
        print::json(&as_json(&path, &reading, outlook.as_ref()))?;
    } else {
        for problem in &reading.problems {
            print::line(&line(&path, problem))?;
        }
        print::line(&verdict(&reading, outlook.as_ref()))?;
    }
    Ok(if reading.policy.is_some() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// As editors and terminals follow it: path, line, column.
fn line(path: &Path, problem: &Problem) -> String {
    let Problem { severity, line, column, sentence, fix: _ } = problem;
    format!("{}:{line}:{column}: {}: {sentence}", path.display(), word(*severity))
}

const fn word(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    }
}

fn verdict(reading: &Reading, outlook: Option<&Outlook>) -> String {
    let errors = reading.problems.iter().filter(|problem| problem.severity == Severity::Error).count();
    let Some(policy) = &reading.policy else {
        return format!("Not valid: {}. It is not used; the last good version stays active.", count(errors, "error"));
    };
    let mut text = format!("Valid: {}.", contents(policy));
    match outlook {
        None => {}
        Some(Outlook::Active) => text.push_str(" It is the active version."),
        Some(Outlook::Acts) => text.push_str(" It acts with the next call."),
        Some(Outlook::Waits(widens)) => {
            text.push_str(
                " It allows more than the active version, so it waits until you activate it in the Pointsman app:",
            );
            for sentence in widens {
                text.push_str("\n- ");
                text.push_str(sentence);
            }
        }
    }
    text
}

fn contents(policy: &Policy) -> String {
    let classes = count(policy.classes.len(), "class");
    format!("{classes}, {}, {}", count(policy.models.len(), "model"), count(policy.caps.len(), "cap"))
}

fn count(number: usize, thing: &str) -> String {
    let many = if thing.ends_with('s') { "es" } else { "s" };
    format!("{number} {thing}{}", if number == 1 { "" } else { many })
}

fn as_json(path: &Path, reading: &Reading, outlook: Option<&Outlook>) -> Value {
    let problems: Vec<_> = reading
        .problems
        .iter()
        .map(|Problem { severity, line, column, sentence, fix: _ }| {
            json!({"severity": word(*severity), "line": line, "column": column, "sentence": sentence})
        })
        .collect();
    let refused: Vec<_> = reading
        .policy
        .iter()
        .flat_map(|policy| &policy.refused)
        .map(|refusal| json!({"class": refusal.class, "key": refusal.key, "line": refusal.line}))
        .collect();
    let (outlook, widens) = match outlook {
        None => (Value::Null, Vec::new()),
        Some(Outlook::Active) => ("active".into(), Vec::new()),
        Some(Outlook::Acts) => ("acts".into(), Vec::new()),
        Some(Outlook::Waits(widens)) => ("waits".into(), widens.clone()),
    };
    json!({
        "file": path.display().to_string(),
        "valid": reading.policy.is_some(),
        "problems": problems,
        "refused": refused,
        "outlook": outlook,
        "widens": widens,
    })
}
