//! `pointsman practice-server`: one practice server for tests and for trying things out, run by lines
//! of JSON on stdin until it ends. stdout says where it listens and what arrived.

use std::process::ExitCode;

use pointsman_practice::{Options, serve_until_stdin_closes};

/// `pointsman practice-server`
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The port; 0 takes a free one.
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// The only key that is let in; without one, any or none.
    #[arg(long, value_name = "KEY")]
    key: Option<String>,
    /// The path before /chat/completions.
    #[arg(long, value_name = "PATH", default_value = "/v1")]
    prefix: String,
}

pub(crate) async fn run(args: Args) -> anyhow::Result<ExitCode> {
    let Args { port, key, prefix } = args;
    let options = Options { port, key, prefix, ..Options::default() };
    serve_until_stdin_closes(options, tokio::io::stdin(), tokio::io::stdout()).await?;
    Ok(ExitCode::SUCCESS)
}
