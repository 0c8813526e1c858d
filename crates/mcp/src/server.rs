//! The server: the handshake of both eras, `tools/list`, `tools/call`, and how a session ends.
//!
//! A session ends when stdin ends or the process is asked to stop. Calls under way are cancelled then;
//! the gateway settles them, for which it has 1.5 s. A client that goes away before the handshake is
//! a clean end.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use pointsman_core::code::Denial;
use pointsman_core::id::nearest;
use pointsman_engine::Gateway;
use pointsman_engine::report::ToolNotes;
use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CustomRequest, CustomResult, DiscoverResult, Implementation,
    InitializeRequestParams, InitializeResult, ListToolsResult, PaginatedRequestParams, ServerCapabilities,
    ServerConfig,
};
use rmcp::service::{RequestContext, ServerInitializeError};
use rmcp::transport::async_rw::AsyncRwTransport;
use rmcp::{ErrorData, RoleServer, ServerHandler, serve_server};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::calling::Calling;
use crate::door::Door;
use crate::{reply, stdio, tools};

/// How long calls under way may take to settle after the client has gone.
const SETTLE: Duration = Duration::from_millis(1500);
/// How long the farewell may take after that: together less than the 2 s clients wait.
const FAREWELL: Duration = Duration::from_millis(300);
/// How long `tools/list` waits for the person's notes before it answers without them.
const NOTES: Duration = Duration::from_secs(2);

const INSTRUCTIONS: &str = "Pointsman hands work to other models on the person's own keys, within the spend caps \
they set. Use llm_route for a kind of task the person has a rule for, chat_completion for a model by name, \
llm_routing_info to see rules, models and what is left of the caps, estimate_cost before a large prompt, spend_report \
for what was spent. What takes longer than 40 s is handed out as a job: fetch it with job_result. Every reply \
says what it cost. A reply with isError has a code: cap_exceeded, paused and unpriced are decisions of the person; \
asking again does not change them.";

/// Why a server could not serve.
#[derive(Debug)]
pub enum ServeError {
    /// The first message was not the beginning of a session.
    Handshake(String),
}

impl std::fmt::Display for ServeError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Handshake(why) => write!(f, "The client did not begin an MCP session: {why}"),
        }
    }
}

impl std::error::Error for ServeError {}

/// Serves MCP on stdin and stdout until the client goes or the process is asked to stop.
///
/// `open` opens the gateway; it runs on a thread that may block, at the start and again at each call
/// while it fails. While it fails every call gets the envelope with its sentence.
///
/// # Errors
/// [`ServeError::Handshake`] where the first message does not begin a session.
pub async fn serve_stdio(
    open: impl Fn() -> Result<Gateway, Denial> + Send + Sync + 'static,
    patience: Duration,
) -> Result<(), ServeError> {
    let (gone, stop) = (CancellationToken::new(), CancellationToken::new());
    let (reader, writer) = stdio::open(gone.clone());
    stop_on_signals(stop.clone());
    let server = Server::new(open, gone.clone(), patience);
    server.open_early();
    let lines = AsyncRwTransport::<RoleServer, _, _>::new(reader, writer).with_max_line_length(stdio::LONGEST_LINE);
    let transport = stdio::FromFirstRequest::new(lines);
    let outcome = tokio::select! {
        biased;
        started = serve_server(server.clone(), transport) => match started {
            Ok(running) => {
                until_gone(running, &server, &gone, &stop).await;
                Ok(())
            }
            Err(ServerInitializeError::ConnectionClosed(_) | ServerInitializeError::Cancelled) => Ok(()),
            Err(ServerInitializeError::TransportError { .. }) if gone.is_cancelled() => Ok(()),
            Err(error) => Err(ServeError::Handshake(error.to_string())),
        },
        () = stop.cancelled() => Ok(()),
    };
    server.farewell().await;
    outcome
}

/// Runs the session to its end; returns at the latest [`SETTLE`] after the client has gone.
async fn until_gone<S: rmcp::Service<RoleServer>>(
    running: rmcp::service::RunningService<RoleServer, S>,
    server: &Server,
    gone: &CancellationToken,
    stop: &CancellationToken,
) {
    let end = running.cancellation_token();
    let waiting = running.waiting();
    tokio::pin!(waiting);
    tokio::select! {
        _ = &mut waiting => {
            let _ = tokio::time::timeout(SETTLE, server.let_go()).await;
            return;
        }
        () = gone.cancelled() => {}
        () = stop.cancelled() => {
            gone.cancel();
            end.cancel();
        }
    }
    // Jobs go on in another process, or when one of this home starts again.
    let _ = tokio::time::timeout(SETTLE, async { tokio::join!(waiting, server.let_go()) }).await;
}

/// Cancels `stop` on SIGTERM and SIGINT, so that a call under way is settled and not left to its lease.
fn stop_on_signals(stop: CancellationToken) {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let (Ok(mut term), Ok(mut int)) = (signal(SignalKind::terminate()), signal(SignalKind::interrupt())) else {
            return;
        };
        tokio::spawn(async move {
            tokio::select! { _ = term.recv() => {}, _ = int.recv() => {} }
            stop.cancel();
        });
    }
    #[cfg(not(unix))]
    tokio::spawn(async move {
        if tokio::signal::ctrl_c().await.is_ok() {
            stop.cancel();
        }
    });
}

/// One session, shared by the calls under way.
#[derive(Clone)]
struct Server(Arc<Session>);

struct Session {
    door: Door,
    gone: CancellationToken,
    greeted: AtomicBool,
    tasks: TaskTracker,
    patience: Duration,
}

impl Server {
    fn new(
        open: impl Fn() -> Result<Gateway, Denial> + Send + Sync + 'static,
        gone: CancellationToken,
        patience: Duration,
    ) -> Self {
        let (greeted, tasks) = (AtomicBool::new(false), TaskTracker::new());
        Self(Arc::new(Session { door: Door::new(open), gone, greeted, tasks, patience }))
    }

    /// Opens the gateway while the client is still shaking hands.
    fn open_early(&self) {
        let session = Arc::clone(&self.0);
        self.0.tasks.spawn(async move {
            let Ok(gateway) = session.door.gateway().await else { return };
            if let Err(denial) = gateway.take_over_jobs().await {
                tracing::warn!(code = denial.code.as_str(), "jobs were not looked at: {}", denial.sentence);
            }
        });
    }

    /// Records who the client says it is, once a session and off the path of the reply.
    fn greet(&self, client: Option<Implementation>) {
        let Some(client) = client else { return };
        if self.0.greeted.swap(true, Ordering::Relaxed) {
            return;
        }
        let session = Arc::clone(&self.0);
        self.0.tasks.spawn(async move {
            match session.door.gateway().await {
                Ok(gateway) => gateway.hello(&client.name, &client.version).await,
                Err(denial) => tracing::warn!(code = denial.code.as_str(), "{}", denial.sentence),
            }
        });
    }

    /// Ends the jobs of this process so that another can go on with them.
    async fn let_go(&self) {
        if let Some(gateway) = self.0.door.opened() {
            gateway.let_go_of_jobs().await;
        }
    }

    async fn farewell(&self) {
        self.0.tasks.close();
        let farewell = async {
            self.0.tasks.wait().await;
            if let Some(gateway) = self.0.door.opened() {
                gateway.goodbye().await;
            }
        };
        if tokio::time::timeout(FAREWELL, farewell).await.is_err() {
            tracing::warn!("The ledger was busy at the end of the session; its row closes by its lease.");
        }
    }

    async fn notes(&self) -> ToolNotes {
        let notes = async { Some(self.0.door.gateway().await.ok()?.tool_notes().await) };
        tokio::time::timeout(NOTES, notes).await.ok().flatten().unwrap_or_default()
    }

    async fn call(&self, name: &str, calling: Calling<'_>) -> Result<CallToolResponse, ErrorData> {
        match tools::call(name, calling).await {
            Some(result) => Ok(result.into()),
            None => Err(ErrorData::invalid_params(unknown_tool(name), None)),
        }
    }
}

fn unknown_tool(name: &str) -> String {
    let name: String = name.chars().take(80).collect();
    match nearest(&name, tools::NAMES.iter().copied()) {
        Some(near) => format!("There is no tool {name:?}. Did you mean {near}?"),
        None => format!("There is no tool {name:?}. The tools are {}.", tools::NAMES.join(", ")),
    }
}

impl ServerHandler for Server {
    fn get_info(&self) -> ServerConfig {
        ServerConfig::new(ServerCapabilities::builder().enable_tools().build())
            .with_server_info(Implementation::new("pointsman", env!("CARGO_PKG_VERSION")).with_title("Pointsman"))
            .with_instructions(INSTRUCTIONS)
    }

    async fn initialize(
        &self,
        request: InitializeRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<InitializeResult, ErrorData> {
        context.peer.set_peer_info(request.clone());
        self.greet(Some(request.client_info.clone()));
        self.negotiate_initialize(&request)
    }

    async fn discover(&self, context: RequestContext<RoleServer>) -> Result<DiscoverResult, ErrorData> {
        self.greet(context.client_info());
        Ok(DiscoverResult::from_server_info(self.supported_protocol_versions().into_owned(), self.get_info()))
    }

    async fn list_tools(
        &self,
        _request: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        self.greet(context.client_info());
        Ok(ListToolsResult { tools: tools::list(&self.notes().await), ..ListToolsResult::default() })
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        self.greet(context.client_info());
        let arguments = serde_json::Value::Object(request.arguments.unwrap_or_default());
        let calling = Calling { door: &self.0.door, gone: &self.0.gone, patience: self.0.patience, arguments, context };
        self.call(&request.name, calling).await
    }

    /// A `tools/call` whose arguments are not an object does not parse as one and arrives here: it is
    /// answered like any other malformed call, under its own id.
    async fn on_custom_request(
        &self,
        request: CustomRequest,
        context: RequestContext<RoleServer>,
    ) -> Result<CustomResult, ErrorData> {
        let params = request.params.unwrap_or_default();
        let name = params.get("name").and_then(|name| name.as_str());
        match (request.method.as_str(), name) {
            ("tools/call", Some(name)) => {
                let arguments = params.get("arguments").cloned().unwrap_or_default();
                let calling =
                    Calling { door: &self.0.door, gone: &self.0.gone, patience: self.0.patience, arguments, context };
                let result = self.call(name, calling).await?;
                Ok(CustomResult::new(reply::as_value(result)))
            }
            ("tools/call", None) => Err(ErrorData::invalid_params("tools/call needs the name of a tool.", None)),
            (method, _) => Err(ErrorData::new(rmcp::model::ErrorCode::METHOD_NOT_FOUND, method.to_owned(), None)),
        }
    }
}
