//! `pointsman policy`: check a routing.yaml, explain what would happen to a prompt, look at kept versions
//! and write one back, choose a profile. One file per verb; the two short ones are here.

use std::path::PathBuf;
use std::process::ExitCode;

use pointsman_engine::{Caller, Gateway, Home};

use crate::print;

mod check;
mod explain;
mod versions;

/// `pointsman policy`
#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(clap::Subcommand)]
enum Verb {
    /// Read a routing.yaml and say what is wrong with it, without using it.
    Check {
        /// The file; without one, routing.yaml of the home, which is written where there is none yet.
        file: Option<PathBuf>,
        /// Print everything as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Say which model would answer a prompt, why, and for how much. Nothing is sent.
    Explain(explain::Args),
    /// List every version of routing.yaml that was used or waited here.
    Versions {
        /// Print everything as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Show what changes from one version to another, or to the active one.
    Diff {
        /// The version to begin with, or the beginning of its name.
        from: String,
        /// The version to end with.
        to: Option<String>,
    },
    /// Write a version back to routing.yaml. Where it allows more than the active one, it waits.
    Restore {
        /// The version, or the beginning of its name.
        version: String,
    },
    /// Choose a profile of routing.yaml, or none; without a name, list them.
    Profile {
        /// The profile, or `none`.
        name: Option<String>,
    },
}

pub(crate) async fn run(args: Args, home: Option<PathBuf>) -> anyhow::Result<ExitCode> {
    match args.verb {
        Verb::Check { file, json } => check::run(file, json, home).await,
        Verb::Explain(args) => explain::run(args, home).await,
        Verb::Versions { json } => versions::list(&open(home)?, json).await,
        Verb::Diff { from, to } => versions::diff(&open(home)?, &from, to.as_deref()).await,
        Verb::Restore { version } => {
            print::line(&open(home)?.policy_restore(&version).await?)?;
            Ok(ExitCode::SUCCESS)
        }
        Verb::Profile { name } => profile(&open(home)?, name.as_deref()).await,
    }
}

fn open(home: Option<PathBuf>) -> anyhow::Result<Gateway> {
    Ok(Gateway::open(Home::at(home)?, Caller::cli())?)
}

async fn profile(gateway: &Gateway, name: Option<&str>) -> anyhow::Result<ExitCode> {
    if let Some(name) = name {
        print::line(&gateway.set_profile((name != "none").then_some(name)).await?)?;
        return Ok(ExitCode::SUCCESS);
    }
    let profiles = gateway.profiles().await?;
    let mark = |chosen: bool| if chosen { "* " } else { "  " };
    print::line(&format!("{}none", mark(profiles.chosen.is_none())))?;
    for name in &profiles.names {
        print::line(&format!("{}{name}", mark(profiles.chosen.as_ref() == Some(name))))?;
    }
    Ok(ExitCode::SUCCESS)
}
