//! A home whose providers are a practice server of this test.

use std::path::{Path, PathBuf};

use pointsman_practice::{Options, Practice};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::child::Server;

/// A home, its provider, and the runtime the provider lives in.
pub(crate) struct Ground {
    pub(crate) provider: Practice,
    runtime: Runtime,
    folder: TempDir,
}

impl Ground {
    pub(crate) fn new() -> Self {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
        let provider = runtime.block_on(Practice::start(Options::default())).expect("a port");
        let ground = Self { provider, runtime, folder: tempfile::tempdir().expect("a folder") };
        std::fs::create_dir(ground.home()).expect("a home");
        let policy = pointsman_core::policy::practice_file(&ground.provider.base_url());
        std::fs::write(ground.home().join("routing.yaml"), policy).expect("a policy");
        ground
    }

    pub(crate) fn home(&self) -> PathBuf {
        self.folder.path().join("home")
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// A server of this home after the handshake.
    pub(crate) fn server(&self) -> Server {
        let mut server = Server::start(&self.home());
        server.initialize("2025-11-25");
        server
    }

    /// Waits until the provider has so many requests.
    pub(crate) fn arrived(&self, count: usize) {
        self.within(self.provider.arrived(count));
    }

    /// Waits until so many calls were closed by our side before their answer was complete.
    pub(crate) fn left(&self, count: usize) {
        self.within(self.provider.left(count));
    }

    fn within(&self, event: impl Future<Output = ()>) {
        self.runtime.block_on(async { tokio::time::timeout(crate::child::PATIENCE, event).await.expect("in time") });
    }

    /// What `pointsman spend --json` says once nothing is held any more.
    pub(crate) fn spent(&self) -> Value {
        let begun = std::time::Instant::now();
        loop {
            let output = self.pointsman(&["spend", "--json"]);
            let report: Value = serde_json::from_slice(&output.stdout).expect("a report");
            if report["held_usd"] == 0 {
                return report;
            }
            assert!(begun.elapsed() < crate::child::PATIENCE, "money is still held: {report}");
        }
    }

    /// The first column of a query, a line each.
    pub(crate) fn ledger(&self, query: &str) -> Vec<String> {
        let path = self.home().join("ledger.db");
        let ledger =
            rusqlite::Connection::open_with_flags(path, rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY).expect("a ledger");
        let mut query = ledger.prepare(query).expect("a query");
        query.query_map([], |row| row.get(0)).expect("rows").map(|row| row.expect("text")).collect()
    }

    /// Fails where the books do not agree.
    pub(crate) fn audit(&self) {
        let output = self.pointsman(&["audit"]);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    }

    fn pointsman(&self, arguments: &[&str]) -> std::process::Output {
        std::process::Command::new(env!("CARGO_BIN_EXE_pointsman"))
            .arg("--home")
            .arg(self.home())
            .args(arguments)
            .env_clear()
            .env("HOME", self.folder())
            .output()
            .expect("pointsman runs")
    }
}

/// A prompt of the cheap class.
pub(crate) fn summarize() -> Value {
    json!({ "task_class": "summarize", "prompt": "Summarize: points." })
}

/// The metadata each request of the stateless era carries.
pub(crate) fn stateless(mut params: Value) -> Value {
    params["_meta"] = json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientInfo": { "name": "raw", "version": "1" },
        "io.modelcontextprotocol/clientCapabilities": {},
    });
    params
}
