//! `pointsman jobs`: calls that went on after their caller was answered. A job's answer is printed like that
//! of a call.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use pointsman_engine::{Answered, Caller, Gateway, Home, JobLine};

use crate::{print, route};

/// `pointsman jobs`
#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    verb: Option<Verb>,
    /// Print everything as JSON.
    #[arg(long, global = true)]
    json: bool,
}

#[derive(clap::Subcommand)]
enum Verb {
    /// Wait for a job and print its answer.
    Show {
        /// The job.
        id: String,
        /// How long to wait, in seconds, at most 45.
        #[arg(long, default_value_t = 0, value_name = "SECONDS")]
        wait: u64,
    },
    /// End a job. What it cost so far stays charged.
    Cancel {
        /// The job.
        id: String,
    },
    /// Delete every kept answer: those of jobs that have ended, and those of the cache.
    Forget,
}

pub(crate) async fn run(args: Args, home: Option<PathBuf>) -> anyhow::Result<ExitCode> {
    let gateway = Gateway::open(Home::at(home)?, Caller::cli())?;
    let (id, wait, cancel) = match args.verb {
        None => return list(&gateway.jobs().await?, args.json),
        Some(Verb::Forget) => {
            print::line(&gateway.forget_texts().await?)?;
            return Ok(ExitCode::SUCCESS);
        }
        Some(Verb::Show { id, wait }) => (id, Duration::from_secs(wait), false),
        // Whoever runs it looks once a second, and settling takes a moment.
        Some(Verb::Cancel { id }) => (id, Duration::from_secs(10), true),
    };
    match gateway.job_result(&id, wait, cancel).await? {
        Answered::Done(envelope) => route::print_envelope(&envelope, args.json, false),
        Answered::Running(job) => {
            if args.json {
                print::json(&job)?;
            } else {
                let far = &job.progress;
                print::line(&format!(
                    "{id} is running: {} (attempt {}), {} characters so far.",
                    far.model, far.attempt, far.characters
                ))?;
            }
            Ok(ExitCode::SUCCESS)
        }
    }
}

fn list(jobs: &[JobLine], json: bool) -> anyhow::Result<ExitCode> {
    if json {
        print::json(&jobs)?;
        return Ok(ExitCode::SUCCESS);
    }
    if jobs.is_empty() {
        print::note("There are no jobs. A call that takes longer than 40 s becomes one.");
    }
    for JobLine { id, tool, client, at_ms, state, progress, ended_ms: _ } in jobs {
        let at = jiff::Timestamp::from_millisecond(*at_ms)?.strftime("%Y-%m-%d %H:%M:%S UTC");
        let by = if client.is_empty() { "-" } else { client };
        print::line(&format!("{id}  {at}  {state:<10}  {tool}  {by}  {}", progress.model))?;
    }
    Ok(ExitCode::SUCCESS)
}
