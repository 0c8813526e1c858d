//! `pointsman route CLASS [PROMPT]`: one prompt by the person's policy. The answer goes to stdout,
//! who answered, what it cost and why that model to stderr.

use std::io::{IsTerminal, Read};
use std::path::PathBuf;
use std::process::ExitCode;

use pointsman_engine::reply::{Envelope, Meta, Status};
use pointsman_engine::{CallContext, Caller, Delivery, Gateway, Home, Progress, RouteCall};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio_util::sync::CancellationToken;

use crate::print;

/// `pointsman route`
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The task class, one of `defaults` in routing.yaml.
    class: String,
    /// The prompt; `-` or nothing reads it from stdin.
    prompt: Option<String>,
    /// Another model in place of the class's first choice.
    #[arg(long, value_name = "PROVIDER/MODEL")]
    model: Option<String>,
    /// Instructions the model should follow.
    #[arg(long, value_name = "TEXT")]
    system: Option<String>,
    /// The longest answer, in tokens.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    max_tokens: Option<u64>,
    /// Print the whole reply as JSON.
    #[arg(long, conflicts_with = "stream")]
    json: bool,
    /// Print the answer as it arrives.
    #[arg(long)]
    stream: bool,
}

pub(crate) async fn run(args: Args, home: Option<PathBuf>) -> anyhow::Result<ExitCode> {
    let Args { class, prompt, model, system, max_tokens, json, stream } = args;
    let Some(prompt) = whole_prompt(prompt)? else {
        print::note("There is no prompt. Write it behind the task class, or pipe it in.");
        return Ok(ExitCode::from(2));
    };
    let gateway = Gateway::open(Home::at(home)?, Caller::cli())?;
    first_run(&gateway).await?;
    let call = RouteCall { task_class: class, prompt, system, max_tokens, override_model: model };
    let (envelope, streamed) = ask(&gateway, call, stream).await?;
    print_envelope(&envelope, json, streamed)
}

/// Prints an answer, or why there is none.
pub(crate) fn print_envelope(envelope: &Envelope, json: bool, streamed: bool) -> anyhow::Result<ExitCode> {
    if json {
        print::json(envelope)?;
    } else {
        show(envelope, streamed)?;
    }
    Ok(match envelope.status {
        Status::Success => ExitCode::SUCCESS,
        Status::Error => ExitCode::FAILURE,
    })
}

/// Where there is no routing.yaml yet, writes the one that teaches, and says so.
async fn first_run(gateway: &Gateway) -> anyhow::Result<()> {
    let path = gateway.home().policy_path();
    if path.exists() {
        return Ok(());
    }
    gateway.ensure_first_file().await?;
    if path.exists() {
        print::note(&format!(
            "This is the first run: {} was written. It names task classes, their models and spend caps. A key is added \
             with `pointsman keys set openai`.",
            path.display()
        ));
    }
    Ok(())
}

/// The prompt from the argument or stdin; `None` where there is neither.
pub(crate) fn whole_prompt(argument: Option<String>) -> anyhow::Result<Option<String>> {
    if let Some(prompt) = argument.filter(|prompt| prompt != "-") {
        return Ok(Some(prompt));
    }
    if std::io::stdin().is_terminal() {
        return Ok(None);
    }
    let mut prompt = String::new();
    std::io::stdin().read_to_string(&mut prompt)?;
    Ok(Some(prompt).filter(|prompt| !prompt.trim().is_empty()))
}

/// Makes the call. Ctrl-C, and a reader that has gone, cancel it; it is settled before this returns.
/// Says whether the answer was already printed.
async fn ask(gateway: &Gateway, call: RouteCall, stream: bool) -> anyhow::Result<(Envelope, bool)> {
    let cancel = CancellationToken::new();
    let (sender, receiver) = unbounded_channel();
    let delivery = if stream { Delivery::Pieces } else { Delivery::Whole };
    let progress = stream.then_some(sender);
    let context = CallContext { cancel: cancel.clone(), progress, delivery, ..CallContext::quiet("route") };
    let interrupted = cancel.clone();
    let on_interrupt = tokio::spawn(async move {
        if tokio::signal::ctrl_c().await.is_ok() {
            interrupted.cancel();
        }
    });
    let (envelope, printed) = tokio::join!(gateway.route(call, context), print_pieces(receiver, &cancel));
    on_interrupt.abort();
    Ok((envelope, printed?))
}

async fn print_pieces(mut receiver: UnboundedReceiver<Progress>, cancel: &CancellationToken) -> anyhow::Result<bool> {
    let mut printed = false;
    while let Some(progress) = receiver.recv().await {
        match progress {
            Progress::Trying { model, nth } if nth > 1 => print::note(&format!("Asking {model} (attempt {nth})")),
            Progress::Trying { .. } => {}
            Progress::Waiting { provider } => print::note(&format!("Waiting for a turn at {provider}")),
            Progress::Text(piece) => {
                if let Err(error) = print::piece(&piece) {
                    cancel.cancel();
                    return Err(error.into());
                }
                printed = true;
            }
        }
    }
    Ok(printed)
}

fn show(envelope: &Envelope, streamed: bool) -> anyhow::Result<()> {
    match (envelope.status, &envelope.data) {
        (Status::Success, Some(data)) if !streamed => print::line(data.text.trim_end_matches('\n'))?,
        (Status::Success, _) => print::line("")?,
        (Status::Error, _) => {
            if streamed {
                print::line("")?;
            }
            let code = envelope.code.map_or("internal", |code| code.as_str());
            print::note(&format!("{} ({code})", envelope.error.as_deref().unwrap_or("The call failed.")));
        }
    }
    print::note(&account(&envelope.meta));
    for warning in &envelope.meta.warnings {
        print::note(&format!("Warning: {warning}"));
    }
    Ok(())
}

/// Who answered, what it cost, how long it took and why that model.
pub(crate) fn account(meta: &Meta) -> String {
    let mut parts = Vec::new();
    match (&meta.provider, &meta.model) {
        (Some(provider), Some(model)) if !model.starts_with(&format!("{provider}/")) => {
            parts.push(format!("{provider}/{model}"));
        }
        (_, Some(model)) => parts.push(model.clone()),
        (_, None) => {}
    }
    let assumed = if meta.cost_assumed { " (assumed)" } else { "" };
    let simulated = if meta.simulated { " (simulated)" } else { "" };
    parts.push(format!("${}{assumed}{simulated}", meta.cost_usd));
    if let Some(tokens) = meta.tokens {
        parts.push(format!("{} + {} tokens", tokens.input, tokens.output));
    }
    parts.push(format!("{} ms", meta.latency_ms));
    if let Some(route) = &meta.route {
        parts.push(route.reason.clone());
    }
    parts.join(" · ")
}
