//! `pointsman pause` and `pointsman resume`: the kill switch from a terminal. Pausing needs nothing;
//! resuming is signed with a key in the keychain, so that no model can do it by writing a row.

use std::path::PathBuf;
use std::process::ExitCode;

use pointsman_engine::{Caller, Gateway, Home, PauseSpan};

use crate::print;

/// `pointsman pause`
#[derive(clap::Args)]
pub(crate) struct Args {
    /// For how long.
    #[arg(value_enum, default_value = "until-resumed")]
    span: Span,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum Span {
    /// One hour.
    Hour,
    /// Until midnight.
    Tomorrow,
    /// Until `pointsman resume` or the app.
    UntilResumed,
}

pub(crate) async fn run(args: Args, home: Option<PathBuf>) -> anyhow::Result<ExitCode> {
    let gateway = Gateway::open(Home::at(home)?, Caller::cli())?;
    let (span, words) = match args.span {
        Span::Hour => (PauseSpan::Hour, "for one hour"),
        Span::Tomorrow => (PauseSpan::Tomorrow, "until tomorrow"),
        Span::UntilResumed => (PauseSpan::UntilResumed, "until you resume it"),
    };
    gateway.pause(span).await?;
    print::line(&format!("Spending is paused {words}. Every call is refused; pointsman resume ends it."))?;
    Ok(ExitCode::SUCCESS)
}

pub(crate) async fn resume(home: Option<PathBuf>) -> anyhow::Result<ExitCode> {
    let gateway = Gateway::open(Home::at(home)?, Caller::cli())?;
    gateway.resume().await?;
    print::line("Spending is no longer paused.")?;
    Ok(ExitCode::SUCCESS)
}
