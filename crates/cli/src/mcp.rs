//! `pointsman mcp`: the server a client starts. On one thread: nothing here computes for long, and a
//! hand-over between threads would cost more than a call itself.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use pointsman_core::id::{ClientId, ProjectName};
use pointsman_engine::jobs::PATIENCE;
use pointsman_engine::{Caller, Gateway, Home, Surface};

/// `pointsman mcp`
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The client whose entry this is, as `connect` wrote it.
    #[arg(long, value_name = "ID", value_parser = ClientId::parse)]
    client: Option<ClientId>,
    /// The project the calls are counted for.
    #[arg(long, value_name = "NAME", value_parser = ProjectName::parse)]
    project: Option<ProjectName>,
    /// Only see whether the server starts: it does not count as a connected client.
    #[arg(long)]
    probe: bool,
    /// After how many seconds a call that is not answered is handed out as a job, for a client that cuts calls
    /// sooner than most.
    #[arg(long, value_name = "SECONDS", default_value_t = *PATIENCE.end(), value_parser = clap::value_parser!(u64).range(PATIENCE))]
    answer_within: u64,
}

pub(crate) fn run(args: Args, home: Option<PathBuf>) -> anyhow::Result<ExitCode> {
    let Args { client, project, probe, answer_within } = args;
    let caller = Caller { surface: Surface::Mcp, client, project, probe };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let open = move || Gateway::open(Home::at(home.clone())?, caller.clone());
    // As a task: what wakes the future that `block_on` polls does so with a call to the system, each piece of
    // an answer several times; what wakes a task of the same thread does not.
    let patience = Duration::from_secs(answer_within);
    let tasks = tokio::task::LocalSet::new();
    let served =
        tasks.block_on(&runtime, async { tokio::task::spawn_local(pointsman_mcp::serve_stdio(open, patience)).await });
    runtime.shutdown_background();
    served??;
    Ok(ExitCode::SUCCESS)
}
