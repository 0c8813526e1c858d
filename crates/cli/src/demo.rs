//! `pointsman demo`: the whole way of a prompt without a key and without a display, with simulated
//! money. Nothing is played here but the provider: the server is a real `pointsman mcp` child, the
//! client a real MCP client, and each step checks what it shows.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use pointsman_core::code::Code;
use pointsman_core::money::MicroUsd;
use pointsman_core::policy::practice_file;
use pointsman_engine::reply::{Envelope, Status};
use pointsman_engine::report::{RoutingInfo, SpendReport};
use pointsman_engine::{Caller, Gateway, Home};
use pointsman_practice::{Options, Practice, Script};
use serde_json::json;

use crate::{print, route};

mod client;

use client::Client;

/// Far longer than a step takes; only something broken reaches it.
const PATIENCE: Duration = Duration::from_secs(15);

pub(crate) async fn run(home: Option<PathBuf>) -> anyhow::Result<ExitCode> {
    print::line("A walk through Pointsman. All money is simulated, no key is needed, nothing leaves this computer.\n")?;
    let mut steps = Steps::default();
    let walked = walk(&mut steps, home).await;
    match walked {
        Ok(()) => {
            print::line(&format!("\nAll {} steps worked.", steps.done))?;
            Ok(ExitCode::SUCCESS)
        }
        Err(error) if print::is_closed_pipe(&error) => Err(error),
        Err(error) => {
            print::note(&format!("\nStep {} failed: {}. {error:#}", steps.done + 1, steps.title));
            Ok(ExitCode::FAILURE)
        }
    }
}

/// Counts and prints.
#[derive(Default)]
struct Steps {
    done: usize,
    title: &'static str,
}

impl Steps {
    /// Runs one step and prints what it says.
    async fn step<T>(
        &mut self,
        title: &'static str,
        step: impl Future<Output = anyhow::Result<(T, Vec<String>)>>,
    ) -> anyhow::Result<T> {
        self.title = title;
        let (value, lines) = tokio::time::timeout(PATIENCE, step).await.context("It took too long.")??;
        self.done += 1;
        let mut head = format!("{:>2}  {title:<17}", self.done);
        for line in lines {
            print::line(&format!("{head}{line}"))?;
            head = " ".repeat(21);
        }
        Ok(value)
    }
}

async fn walk(steps: &mut Steps, home: Option<PathBuf>) -> anyhow::Result<()> {
    let ground = steps.step("Practice home", practice_home(home)).await?;
    let server = steps.step("Practice server", practice_server(&ground.home)).await?;
    let mut client = steps.step("Handshake", handshake(&ground.home)).await?;
    steps.step("Tools", tools(&client)).await?;
    let mut spent = steps.step("Route", a_route(&mut client)).await?;
    spent = spent.plus(steps.step("Fallback", a_fallback(&mut client, &server)).await?);
    spent = spent.plus(steps.step("Stream", a_stream(&mut client, &server)).await?);
    steps.step("A cap denies", a_cap(&mut client, &server)).await?;
    steps.step("Rules and caps", rules(&mut client)).await?;
    steps.step("Ledger", ledger(&mut client, spent)).await?;
    steps.step("Books", books(&ground.home)).await?;
    steps.step("Farewell", client.close()).await?;
    server.stop().await;
    Ok(())
}

/// Where the practice ledger is; a temporary folder is removed at the end.
struct Ground {
    home: Home,
    _temporary: Option<tempfile::TempDir>,
}

/// A fresh practice home: inside the real one where that can be written, else in a temporary folder.
async fn practice_home(home: Option<PathBuf>) -> anyhow::Result<(Ground, Vec<String>)> {
    let in_place = Home::at(home).and_then(|home| {
        let old = home.path().join("practice");
        // Only what is marked as practice is ever removed.
        if old.join("PRACTICE").is_file() && std::fs::remove_dir_all(&old).is_err() {
            return Err(pointsman_core::code::Denial::new(Code::LedgerUnavailable, "the old practice home is in use"));
        }
        home.practice()
    });
    let ground = match in_place {
        Ok(home) => Ground { home, _temporary: None },
        Err(_) => {
            let folder = tempfile::tempdir()?;
            let home = Home::at(Some(folder.path().join("home")))?.practice()?;
            Ground { home, _temporary: Some(folder) }
        }
    };
    let shown = ground.home.path().display().to_string();
    Ok((ground, vec![shown]))
}

async fn practice_server(home: &Home) -> anyhow::Result<(Practice, Vec<String>)> {
    let server = Practice::start(Options::default()).await?;
    std::fs::write(home.policy_path(), practice_file(&server.base_url()))?;
    let said = vec![format!("{} plays two providers; routing.yaml points to it", server.base_url())];
    Ok((server, said))
}

async fn handshake(home: &Home) -> anyhow::Result<(Client, Vec<String>)> {
    let started = Instant::now();
    let client = Client::start(home).await?;
    let said = format!("{} after the start of `pointsman mcp`: {}", ms(started), client.server()?);
    Ok((client, vec![said]))
}

async fn tools(client: &Client) -> anyhow::Result<((), Vec<String>)> {
    let (names, bytes) = client.tools().await?;
    ensure!(names.iter().any(|name| name == "llm_route"), "llm_route is not in the list: {}", names.join(", "));
    Ok(((), vec![names.join(", "), format!("{bytes} bytes, of at most 8192")]))
}

async fn a_route(client: &mut Client) -> anyhow::Result<(MicroUsd, Vec<String>)> {
    let arguments = json!({ "task_class": "summarize", "prompt": "Summarize: a pointsman sets the points so that each train takes the right track." });
    let envelope = client.ask("llm_route", arguments).await?;
    let (cost, mut said) = answered(&envelope)?;
    said.insert(0, "llm_route, class summarize".to_owned());
    Ok((cost, said))
}

async fn a_fallback(client: &mut Client, server: &Practice) -> anyhow::Result<(MicroUsd, Vec<String>)> {
    server.script(Script::no_credit());
    let arguments = json!({ "task_class": "summarize", "prompt": "Summarize: the first provider has no credit left." });
    let envelope = client.ask("llm_route", arguments).await?;
    let route = envelope.meta.route.as_ref();
    ensure!(route.is_some_and(|route| route.fallback_from.is_some()), "another model should have answered");
    let (cost, mut said) = answered(&envelope)?;
    said.insert(0, "llm_route while the first provider refuses".to_owned());
    Ok((cost, said))
}

async fn a_stream(client: &mut Client, server: &Practice) -> anyhow::Result<(MicroUsd, Vec<String>)> {
    server.script(Script { pace_ms: 5, ..Script::default() });
    let arguments = json!({
        "messages": [{ "role": "user", "content": "Review: fn add(a: i32, b: i32) -> i32 { a - b }" }],
        "model": "practice/gpt-5", "stream": true
    });
    let (envelope, pieces) = client.hear("chat_completion", arguments).await?;
    let text = envelope.data.as_ref().map(|data| data.text.as_str()).unwrap_or_default();
    ensure!(pieces.len() > 1, "the answer came in one piece");
    ensure!(pieces.concat() == text, "the pieces do not add up to the answer");
    let (cost, mut said) = answered(&envelope)?;
    said.insert(0, format!("chat_completion with practice/gpt-5, {} pieces before the whole", pieces.len()));
    Ok((cost, said))
}

async fn a_cap(client: &mut Client, server: &Practice) -> anyhow::Result<((), Vec<String>)> {
    let before = server.chats().len();
    let envelope = client.ask("llm_route", json!({ "task_class": "huge", "prompt": "Write a book." })).await?;
    ensure!(envelope.code == Some(Code::CapExceeded), "a cap should have denied this: {:?}", envelope.code);
    ensure!(server.chats().len() == before, "a denied call was sent");
    let said = vec![
        "llm_route, class huge".to_owned(),
        envelope.error.unwrap_or_default(),
        format!("${} · nothing was sent", envelope.meta.cost_usd),
    ];
    Ok(((), said))
}

async fn rules(client: &mut Client) -> anyhow::Result<((), Vec<String>)> {
    let info: RoutingInfo = client.read("llm_routing_info", json!({})).await?;
    let usable = info.providers.iter().filter(|provider| provider.usable).count();
    ensure!(usable == info.providers.len(), "a provider cannot be used");
    let mut said = vec!["llm_routing_info".to_owned()];
    said.extend(info.classes.iter().map(|class| format!("{}: {} ({})", class.class, class.model, class.tier)));
    for cap in &info.caps {
        if let Some(left) = &cap.left_usd {
            said.push(format!("${left} left of ${} a {}", cap.limit_usd, cap.window));
        }
    }
    Ok(((), said))
}

/// What the ledger charged must be what the replies said, to the last digit.
async fn ledger(client: &mut Client, spent: MicroUsd) -> anyhow::Result<((), Vec<String>)> {
    let report: SpendReport = client.read("spend_report", json!({ "group_by": "model" })).await?;
    let total = report.total_usd.to_string();
    ensure!(total == spent.decimal(), "the ledger says ${total}, the replies said ${}", spent.decimal());
    ensure!(report.held_usd.to_string() == "0", "${} is still held", report.held_usd);
    ensure!(report.simulated, "a practice home must say that it is one");
    let mut said = vec!["spend_report".to_owned()];
    said.extend(report.rows.iter().map(|row| format!("{}: ${}, {}", row.name, row.cost_usd, requests(row.requests))));
    said.push(format!("${total} in all, as the replies said; nothing is held"));
    Ok(((), said))
}

async fn books(home: &Home) -> anyhow::Result<((), Vec<String>)> {
    let problems = Gateway::open(home.clone(), Caller::cli())?.audit().await?;
    ensure!(problems.is_empty(), "{}", problems.join(" "));
    Ok(((), vec!["charges, holds and accounts agree".to_owned()]))
}

/// What an answer cost and why that model; an error envelope fails the step.
fn answered(envelope: &Envelope) -> anyhow::Result<(MicroUsd, Vec<String>)> {
    let data = match (envelope.status, &envelope.data) {
        (Status::Success, Some(data)) => data,
        (Status::Success | Status::Error, _) => {
            anyhow::bail!("{}", envelope.error.as_deref().unwrap_or("There was no answer."))
        }
    };
    ensure!(envelope.meta.simulated, "simulated money must say so");
    let cost = MicroUsd::parse(&envelope.meta.cost_usd.to_string()).context("the cost is no amount")?;
    ensure!(cost > MicroUsd::ZERO, "the answer cost nothing");
    let said: String = data.text.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(72).collect();
    Ok((cost, vec![format!("“{said}…”"), route::account(&envelope.meta)]))
}

fn requests(count: u64) -> String {
    if count == 1 { "1 request".to_owned() } else { format!("{count} requests") }
}

fn ms(since: Instant) -> String {
    format!("{} ms", since.elapsed().as_millis())
}
