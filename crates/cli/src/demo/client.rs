//! The demo's MCP client: starts `pointsman mcp` as any client would and speaks through the protocol
//! only.

use std::time::Duration;

use anyhow::{Context, bail};
use pointsman_engine::Home;
use pointsman_engine::reply::Envelope;
use rmcp::model::{CallToolRequestParams, CallToolResult, ProgressNotificationParam};
use rmcp::service::{NotificationContext, RunningService};
use rmcp::transport::TokioChildProcess;
use rmcp::{ClientHandler, RoleClient, ServiceExt};
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// How long progress that was sent before a reply may arrive after it: each notification is handled
/// by a task of its own.
const STRAGGLERS: Duration = Duration::from_millis(500);

/// Hears progress.
struct Ears(UnboundedSender<ProgressNotificationParam>);

impl ClientHandler for Ears {
    async fn on_progress(&self, params: ProgressNotificationParam, _context: NotificationContext<RoleClient>) {
        // Nobody listens after the demo has ended.
        drop(self.0.send(params));
    }
}

/// A client with its server.
pub(super) struct Client {
    service: RunningService<RoleClient, Ears>,
    progress: UnboundedReceiver<ProgressNotificationParam>,
}

impl Client {
    /// Starts the server of this executable and shakes hands.
    pub(super) async fn start(home: &Home) -> anyhow::Result<Self> {
        let mut command = tokio::process::Command::new(std::env::current_exe()?);
        command.arg("--home").arg(home.path()).args(["mcp", "--client", "demo"]);
        let (sender, progress) = unbounded_channel();
        let service = Ears(sender).serve(TokioChildProcess::new(command)?).await?;
        Ok(Self { service, progress })
    }

    /// What the server said of itself.
    pub(super) fn server(&self) -> anyhow::Result<String> {
        let info = self.service.peer_info().context("the server said nothing of itself")?;
        let server = info.server_info.as_ref().context("the server said no name")?;
        Ok(format!("{} {}, MCP {}", server.name, server.version, info.protocol_version))
    }

    /// The names of the tools, and how long their list is.
    pub(super) async fn tools(&self) -> anyhow::Result<(Vec<String>, usize)> {
        let tools = self.service.list_all_tools().await?;
        let bytes = serde_json::to_vec(&tools)?.len();
        Ok((tools.into_iter().map(|tool| tool.name.into_owned()).collect(), bytes))
    }

    /// Calls a tool that asks a model.
    pub(super) async fn ask(&mut self, tool: &'static str, arguments: Value) -> anyhow::Result<Envelope> {
        Ok(serde_json::from_value(structured(self.call(tool, arguments).await?)?)?)
    }

    /// Calls a tool that asks a model, and gives the pieces of the answer that came before it, in order.
    pub(super) async fn hear(
        &mut self,
        tool: &'static str,
        arguments: Value,
    ) -> anyhow::Result<(Envelope, Vec<String>)> {
        let envelope = self.ask(tool, arguments).await?;
        let whole = envelope.data.as_ref().map_or(0, |data| data.text.len());
        let mut steps: Vec<(f64, String)> = Vec::new();
        // What an earlier call had to say may still arrive; tokens are counted upwards, so the highest is this call's.
        let mut newest = None;
        while steps.iter().map(|(_, piece)| piece.len()).sum::<usize>() < whole {
            match tokio::time::timeout(STRAGGLERS, self.progress.recv()).await {
                Ok(Some(step)) => {
                    let token = serde_json::to_value(&step.progress_token).ok().and_then(|token| token.as_i64());
                    if token > newest {
                        newest = token;
                        steps.clear();
                    }
                    // The first step says who is asked; the answer comes after it.
                    if token == newest && step.progress > 1.0 {
                        steps.push((step.progress, step.message.unwrap_or_default()));
                    }
                }
                Ok(None) | Err(_) => break,
            }
        }
        steps.sort_by(|a, b| a.0.total_cmp(&b.0));
        Ok((envelope, steps.into_iter().map(|(_, piece)| piece).collect()))
    }

    /// Calls a tool that reads.
    pub(super) async fn read<T: DeserializeOwned>(
        &mut self,
        tool: &'static str,
        arguments: Value,
    ) -> anyhow::Result<T> {
        let result = self.call(tool, arguments).await?;
        if result.is_error == Some(true) {
            bail!("{}", structured(result)?["error"].as_str().unwrap_or("The tool failed."));
        }
        Ok(serde_json::from_value(structured(result)?)?)
    }

    async fn call(&mut self, tool: &'static str, arguments: Value) -> anyhow::Result<CallToolResult> {
        // Progress of an earlier call.
        while self.progress.try_recv().is_ok() {}
        let arguments = arguments.as_object().cloned().unwrap_or_default();
        Ok(self.service.call_tool(CallToolRequestParams::new(tool).with_arguments(arguments)).await?)
    }

    /// Closes the server's stdin and waits until it has ended.
    pub(super) async fn close(self) -> anyhow::Result<((), Vec<String>)> {
        let begun = std::time::Instant::now();
        self.service.cancel().await?;
        Ok(((), vec![format!("the server ended {} ms after its stdin was closed", begun.elapsed().as_millis())]))
    }
}

fn structured(result: CallToolResult) -> anyhow::Result<Value> {
    result.structured_content.context("the reply has no structured content")
}
