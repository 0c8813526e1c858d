//! `pointsman pause` and `pointsman resume`: the kill switch from a terminal. Pausing needs nothing;
//! resuming is signed with a key in the keychain, so that no model can do it by writing a row. Where
//! there is nothing to sign with, a pause without an end could not be ended, so none begins.

use std::path::PathBuf;
use std::process::ExitCode;

use pointsman_core::code::{Code, Denial};
use pointsman_engine::{Caller, Gateway, Home, PauseSpan};

use crate::print;

/// `pointsman pause`
#[derive(clap::Args)]
pub(crate) struct Args {
    /// For how long; left out, until resumed, or until tomorrow where nothing could resume it.
    #[arg(value_enum)]
    span: Option<Span>,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum Span {
    /// One hour.
    Hour,
    /// Until midnight.
    Tomorrow,
    /// Until `pointsman resume` or the app; needs a password store.
    UntilResumed,
}

pub(crate) async fn run(args: Args, home: Option<PathBuf>) -> anyhow::Result<ExitCode> {
    let gateway = Gateway::open(Home::at(home)?, Caller::cli())?;
    match args.span {
        Some(Span::Hour) => bounded(&gateway, PauseSpan::Hour, "for one hour").await?,
        Some(Span::Tomorrow) => bounded(&gateway, PauseSpan::Tomorrow, "until tomorrow").await?,
        Some(Span::UntilResumed) => {
            match gateway.can_sign().await {
                Err(denial) if denial.code != Code::KeychainLocked => return Err(one_way(&denial).into()),
                // What is locked can be unlocked, by the time it is needed.
                Ok(()) | Err(_) => until_resumed(&gateway).await?,
            }
        }
        None => {
            // It stops at once; the keychain may take seconds to answer.
            gateway.pause(PauseSpan::Tomorrow).await?;
            match gateway.can_sign().await {
                Ok(()) => until_resumed(&gateway).await?,
                Err(denial) => print::line(&format!(
                    "Spending is paused until tomorrow and goes on then by itself. Every call is refused. It is not paused for longer because resuming needs the keychain. {}",
                    denial.sentence
                ))?,
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn bounded(gateway: &Gateway, span: PauseSpan, words: &str) -> anyhow::Result<()> {
    gateway.pause(span).await?;
    print::line(&format!(
        "Spending is paused {words} and goes on then by itself. Every call is refused; pointsman resume ends it sooner."
    ))?;
    Ok(())
}

async fn until_resumed(gateway: &Gateway) -> anyhow::Result<()> {
    gateway.pause(PauseSpan::UntilResumed).await?;
    print::line("Spending is paused until you resume it. Every call is refused; pointsman resume ends it.")?;
    Ok(())
}

/// Why no pause without an end begins.
fn one_way(denial: &Denial) -> Denial {
    Denial::new(
        denial.code,
        format!(
            "Spending is not paused: a pause until resumed needs a password store to resume it. Run `pointsman pause tomorrow` to pause without one. {}",
            denial.sentence
        ),
    )
}

pub(crate) async fn resume(home: Option<PathBuf>) -> anyhow::Result<ExitCode> {
    let gateway = Gateway::open(Home::at(home)?, Caller::cli())?;
    gateway.resume().await?;
    print::line("Spending is no longer paused.")?;
    Ok(ExitCode::SUCCESS)
}
