//! `pointsman spend`: what was spent, by group, and what is left of the caps.

use std::path::PathBuf;
use std::process::ExitCode;

use pointsman_engine::report::{CapLine, GroupBy, SpendQuery, SpendReport};
use pointsman_engine::view::{ExportFormat, LedgerFilter, SpendPeriod};
use pointsman_engine::{Caller, Gateway, Home};
use serde_json::Number;

use crate::print;

/// `pointsman spend`
#[derive(clap::Args)]
pub(crate) struct Args {
    /// First day, as 2026-11-01; without one, the first of this month.
    #[arg(long, value_name = "DAY")]
    from: Option<String>,
    /// Last day, included; without one, today.
    #[arg(long, value_name = "DAY")]
    to: Option<String>,
    /// What to group by.
    #[arg(long, value_enum, default_value = "model")]
    by: Grouping,
    /// Print the whole report as JSON.
    #[arg(long)]
    json: bool,
    /// Print the ledger of these days as CSV, one line for each attempt.
    #[arg(long, conflicts_with_all = ["json", "by"])]
    csv: bool,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum Grouping {
    Model,
    Provider,
    Client,
    Class,
    Project,
    Day,
}

pub(crate) async fn run(args: Args, home: Option<PathBuf>) -> anyhow::Result<ExitCode> {
    let Args { from, to, by, json, csv } = args;
    let group_by = Some(match by {
        Grouping::Model => GroupBy::Model,
        Grouping::Provider => GroupBy::Provider,
        Grouping::Client => GroupBy::Client,
        Grouping::Class => GroupBy::Class,
        Grouping::Project => GroupBy::Project,
        Grouping::Day => GroupBy::Day,
    });
    let gateway = Gateway::open(Home::at(home)?, Caller::cli())?;
    if csv {
        return ledger(&gateway, from, to).await;
    }
    let report = gateway.spend_report(SpendQuery { from, to, group_by }).await?;
    if json {
        print::json(&report)?;
    } else {
        print::line(&text(&report))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// The rows of the ledger, for a spreadsheet.
async fn ledger(gateway: &Gateway, from: Option<String>, to: Option<String>) -> anyhow::Result<ExitCode> {
    let period = match (from, to) {
        (None, None) => SpendPeriod::Month,
        (from, to) => {
            let today = jiff::Zoned::now().date();
            let to = to.unwrap_or_else(|| today.to_string());
            let first = to.parse().unwrap_or(today).first_of_month().to_string();
            SpendPeriod::Between { from: from.unwrap_or(first), to }
        }
    };
    let filter = LedgerFilter { period, ..LedgerFilter::default() };
    let mut text = Vec::new();
    gateway.ledger_written(filter, ExportFormat::Csv, &mut text).await??;
    print::piece(&String::from_utf8(text)?)?;
    Ok(ExitCode::SUCCESS)
}

/// The report as a person reads it.
pub(crate) fn text(report: &SpendReport) -> String {
    let simulated = if report.simulated { ", simulated" } else { "" };
    let mut lines = vec![format!("{} to {}{simulated}", report.from, report.to)];
    if report.rows.is_empty() {
        lines.push("Nothing was spent.".to_owned());
    } else {
        lines.push(print::columns(&rows(report)));
        if report.rows.iter().any(|row| row.assumed_usd.to_string() != "0") {
            lines.push("* in part assumed: the provider did not say what it counted".to_owned());
        }
    }
    if report.held_usd.to_string() != "0" {
        lines.push(format!("Held by calls under way: {}", usd(&report.held_usd)));
    }
    lines.extend(report.caps.iter().map(CapLine::line));
    lines.join("\n")
}

fn rows(report: &SpendReport) -> Vec<Vec<String>> {
    let head = [by(report.group_by), "charged", "requests", "tokens in", "tokens out"];
    let mut rows = vec![head.map(str::to_owned).to_vec()];
    for row in &report.rows {
        let assumed = if row.assumed_usd.to_string() == "0" { "" } else { "*" };
        rows.push(vec![
            row.name.clone(),
            format!("{}{assumed}", usd(&row.cost_usd)),
            row.requests.to_string(),
            row.input_tokens.to_string(),
            row.output_tokens.to_string(),
        ]);
    }
    rows.push(vec!["total".to_owned(), usd(&report.total_usd), report.requests.to_string()]);
    rows
}

const fn by(group_by: GroupBy) -> &'static str {
    match group_by {
        GroupBy::Model => "model",
        GroupBy::Provider => "provider",
        GroupBy::Client => "client",
        GroupBy::Class => "class",
        GroupBy::Project => "project",
        GroupBy::Day => "day",
    }
}

/// Digit for digit: the number was made from the integer.
fn usd(amount: &Number) -> String {
    format!("${amount}")
}
