//! Speaks to a terminal: one file per subcommand. Parses, asks the gateway, prints.
//!
//! Answers go to stdout, what is said about them to stderr, so that a pipe gets the answer alone.
//! Exit codes: 0 done, 1 refused or failed, 2 not understood. Guards I10 together with `print`: no
//! other file here writes to a standard stream.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

mod audit;
mod connect;
mod demo;
mod doctor;
mod estimate;
mod jobs;
mod keys;
mod mcp;
mod models;
mod pause;
mod policy;
mod practice_server;
mod print;
mod route;
mod spend;

/// Routes prompts to models within the caps you set.
#[derive(Parser)]
#[command(name = "pointsman", version, max_term_width = 100, arg_required_else_help = true)]
struct Cli {
    /// The folder with routing.yaml and the ledger, in place of the default one.
    #[arg(long, global = true, value_name = "DIR")]
    home: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serve MCP on stdin and stdout; this is what a client starts.
    Mcp(mcp::Args),
    /// Answer a prompt with the model your policy names for a task class.
    Route(route::Args),
    /// Show what was spent, and what is left of the caps.
    Spend(spend::Args),
    /// List models with their prices, where those are from, and whether each can be used.
    Models(models::Args),
    /// Say what a prompt would cost with each model, without sending it.
    Estimate(estimate::Args),
    /// List calls that went on as jobs, fetch an answer, end one.
    Jobs(jobs::Args),
    /// Keep, show, check and delete the keys of providers.
    Keys(keys::Args),
    /// Stop all spending, for an hour, until tomorrow or until you resume.
    Pause(pause::Args),
    /// End a pause.
    Resume,
    /// Write our entry into a client's settings: shown first, backed up, undone by disconnect.
    Connect(connect::Args),
    /// Take our entry out of a client's settings again.
    Disconnect(connect::DisconnectArgs),
    /// Look at everything a call needs, and say what to do where something is wrong.
    Doctor(doctor::Args),
    /// Check routing.yaml, explain what it does, look at its versions, choose a profile.
    Policy(policy::Args),
    /// Check the books: charges, holds and accounts must agree.
    Audit(audit::Args),
    /// Walk through a route, a stream, a cap that denies and the ledger, without a key, with simulated money.
    Demo,
    /// Run a practice server that speaks a provider's API.
    #[command(hide = true)]
    PracticeServer(practice_server::Args),
}

/// Runs the command of this process's arguments.
pub fn main_with_args() -> ExitCode {
    let Cli { home, command } = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return usage(&error),
    };
    log_to_stderr();
    let outcome = match command {
        Command::Mcp(args) => mcp::run(args, home),
        Command::Route(args) => with_runtime(route::run(args, home)),
        Command::Spend(args) => with_runtime(spend::run(args, home)),
        Command::Models(args) => with_runtime(models::run(args, home)),
        Command::Estimate(args) => with_runtime(estimate::run(args, home)),
        Command::Jobs(args) => with_runtime(jobs::run(args, home)),
        Command::Keys(args) => with_runtime(keys::run(args, home)),
        Command::Pause(args) => with_runtime(pause::run(args, home)),
        Command::Resume => with_runtime(pause::resume(home)),
        Command::Connect(args) => with_runtime(connect::run(args, home)),
        Command::Disconnect(args) => with_runtime(connect::disconnect(args, home)),
        Command::Doctor(args) => with_runtime(doctor::run(args, home)),
        Command::Policy(args) => with_runtime(policy::run(args, home)),
        Command::Audit(args) => with_runtime(audit::run(args, home)),
        Command::Demo => with_runtime(demo::run(home)),
        Command::PracticeServer(args) => with_runtime(practice_server::run(args)),
    };
    match outcome {
        Ok(code) => code,
        // Whoever read our output has read enough.
        Err(error) if print::is_closed_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            print::note(&format!("{error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn with_runtime(run: impl Future<Output = anyhow::Result<ExitCode>>) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let outcome = runtime.block_on(run);
    // A keychain that does not answer must not keep the process.
    runtime.shutdown_background();
    outcome
}

/// Help and version go to stdout and are no failure; anything else is a usage error.
fn usage(error: &clap::Error) -> ExitCode {
    drop(error.print());
    ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2))
}

/// Warnings to stderr; `POINTSMAN_LOG` (such as `debug` or `pointsman_engine=trace`) asks for more.
fn log_to_stderr() {
    use tracing_subscriber::EnvFilter;
    let subscriber = tracing_subscriber::fmt().with_writer(std::io::stderr).with_target(false);
    match std::env::var("POINTSMAN_LOG").ok().and_then(|filter| EnvFilter::try_new(filter).ok()) {
        Some(filter) => subscriber.with_env_filter(filter).init(),
        None => subscriber.with_max_level(tracing::Level::WARN).init(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
