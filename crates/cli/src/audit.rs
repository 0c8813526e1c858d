//! `pointsman audit`: whether the books agree. Reads only.

use std::path::PathBuf;
use std::process::ExitCode;

use pointsman_engine::{Caller, Gateway, Home};

use crate::print;

/// `pointsman audit`
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Print a JSON list of what is wrong.
    #[arg(long)]
    json: bool,
}

pub(crate) async fn run(args: Args, home: Option<PathBuf>) -> anyhow::Result<ExitCode> {
    let gateway = Gateway::open(Home::at(home)?, Caller::cli())?;
    let problems = gateway.audit().await?;
    if args.json {
        print::json(&problems)?;
    } else if problems.is_empty() {
        print::line("The books agree.")?;
    } else {
        for problem in &problems {
            print::line(problem)?;
        }
    }
    Ok(if problems.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
