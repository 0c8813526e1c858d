//! `pointsman connect` and `pointsman disconnect`: what the Clients page does, for a terminal, for
//! administrators and for the hooks of packages. Shows what it would write before it writes.

use std::path::PathBuf;
use std::process::ExitCode;

use pointsman_core::clients::client;
use pointsman_engine::clients::NAME;
use pointsman_engine::view::{ConnectOutcome, ConnectPlan, TestOutcome};
use pointsman_engine::{Caller, Gateway, Home};
use serde::Serialize;

use crate::{doctor, print};

/// `pointsman connect`
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Such as claude-desktop.
    client: String,
    /// Show what would be written and write nothing.
    #[arg(long)]
    dry_run: bool,
    /// Print the plan and what became of it as JSON.
    #[arg(long)]
    json: bool,
    /// The name of our entry in the client's file.
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// Write over an entry of that name that is not ours; the file is backed up.
    #[arg(long)]
    replace: bool,
    /// Write also while the client runs, which may undo it.
    #[arg(long)]
    anyway: bool,
}

/// `pointsman disconnect`
#[derive(clap::Args)]
pub(crate) struct DisconnectArgs {
    /// Such as claude-desktop.
    client: String,
    /// Show what would be written and write nothing.
    #[arg(long)]
    dry_run: bool,
    /// Print the plan and what became of it as JSON.
    #[arg(long)]
    json: bool,
    /// Write also while the client runs, which may undo it.
    #[arg(long)]
    anyway: bool,
}

/// What is printed with `--json`.
#[derive(Serialize)]
struct Report<'a> {
    plan: &'a ConnectPlan,
    /// Why nothing was written.
    #[serde(skip_serializing_if = "Option::is_none")]
    refused: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    outcome: Option<&'a ConnectOutcome>,
    /// What starting the written command gave.
    #[serde(skip_serializing_if = "Option::is_none")]
    test: Option<&'a TestOutcome>,
}

pub(crate) async fn run(args: Args, home: Option<PathBuf>) -> anyhow::Result<ExitCode> {
    let gateway = Gateway::open(Home::at(home)?, Caller::cli())?;
    let name = args.name.as_deref().unwrap_or(NAME);
    let plan = gateway.connect_plan_named(&args.client, name, args.replace).await?;
    if args.dry_run {
        return dry(&plan, args.json);
    }
    let refused = if plan.running && !args.anyway && !plan.nothing_to_do {
        Some(runs(&plan))
    } else {
        plan.taken.as_ref().map(|theirs| taken(&plan, name, theirs))
    };
    if let Some(why) = refused {
        return refuse(&plan, &why, args.json);
    }
    let outcome = gateway.connect_apply(&args.client, &plan.hash, &plan.asked).await?;
    // A server in a bare environment needs a policy, and to know where the keychain is. Neither keeps
    // the entry from standing; doctor tells what is missing.
    if let Err(denial) = gateway.ensure_first_file().await {
        print::note(&denial.sentence);
    }
    drop(gateway.record_bus().await);
    let test = gateway.client_test(&args.client).await?;
    if args.json {
        print::json(&Report { plan: &plan, refused: None, outcome: Some(&outcome), test: Some(&test) })?;
    } else {
        show(&plan)?;
        told(&outcome)?;
        print::line(&test.sentence)?;
        doctor::keys_as_client(gateway.home()).await?;
    }
    Ok(if outcome.done && test.works { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

pub(crate) async fn disconnect(args: DisconnectArgs, home: Option<PathBuf>) -> anyhow::Result<ExitCode> {
    let gateway = Gateway::open(Home::at(home)?, Caller::cli())?;
    let plan = gateway.disconnect_plan(&args.client).await?;
    if args.dry_run {
        return dry(&plan, args.json);
    }
    if plan.running && !args.anyway && !plan.nothing_to_do {
        return refuse(&plan, &runs(&plan), args.json);
    }
    let outcome = gateway.disconnect_apply(&args.client, &plan.hash).await?;
    if args.json {
        print::json(&Report { plan: &plan, refused: None, outcome: Some(&outcome), test: None })?;
    } else {
        show(&plan)?;
        told(&outcome)?;
    }
    Ok(if outcome.done { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn runs(plan: &ConnectPlan) -> String {
    let short = client(&plan.client).map_or("The client", |client| client.short);
    format!(
        "{short} is running and would overwrite this. Quit it, also from the tray, and run the command again; or add --anyway."
    )
}

fn taken(plan: &ConnectPlan, wanted: &str, theirs: &str) -> String {
    format!(
        "The file has an entry `{wanted}` that is not ours: {theirs}. Add --name {} to keep both, or --replace to write over it (the file is backed up).",
        plan.name
    )
}

fn refuse(plan: &ConnectPlan, why: &str, json: bool) -> anyhow::Result<ExitCode> {
    if json {
        print::json(&Report { plan, refused: Some(why), outcome: None, test: None })?;
    } else {
        print::note(&format!("{why} Nothing was written."));
    }
    Ok(ExitCode::FAILURE)
}

fn dry(plan: &ConnectPlan, json: bool) -> anyhow::Result<ExitCode> {
    if json {
        print::json(&Report { plan, refused: None, outcome: None, test: None })?;
    } else {
        show(plan)?;
        print::line(if plan.nothing_to_do { "There is nothing to do." } else { "Nothing was written." })?;
    }
    Ok(ExitCode::SUCCESS)
}

fn show(plan: &ConnectPlan) -> anyhow::Result<()> {
    print::line(&plan.path)?;
    print::diff(&plan.diff)?;
    Ok(())
}

fn told(outcome: &ConnectOutcome) -> anyhow::Result<()> {
    print::line(&outcome.sentence)?;
    if let Some(backup) = &outcome.backup {
        print::line(&format!("The file as it was: {backup}"))?;
    }
    Ok(())
}
