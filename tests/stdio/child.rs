//! A `pointsman mcp` child as a test drives it: raw lines in, raw lines out. Every byte of stdout is
//! kept and must be JSON-RPC (I10), whatever the test is about.
#![allow(clippy::expect_used, clippy::panic, dead_code)]

use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

/// Far longer than anything takes; only a hang reaches it.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// A running server.
pub(crate) struct Server {
    pub(crate) child: Child,
    stdin: Option<ChildStdin>,
    lines: Receiver<String>,
    stderr: Option<JoinHandle<String>>,
    next: u64,
}

/// The command of a server on a home, with nothing in its environment but what a client gives.
pub(crate) fn command(home: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pointsman"));
    command.arg("--home").arg(home).arg("mcp").env_clear().env("HOME", home).env("PATH", "/usr/bin:/bin");
    command
}

impl Server {
    pub(crate) fn start(home: &Path) -> Self {
        Self::spawn(command(home))
    }

    pub(crate) fn spawn(mut command: Command) -> Self {
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the server starts");
        let (sender, lines) = channel();
        let stdout = child.stdout.take().expect("stdout");
        std::thread::spawn(move || {
            for line in BufReader::new(stdout).lines() {
                let Ok(line) = line else { return };
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        let mut stderr = child.stderr.take().expect("stderr");
        let stderr = std::thread::spawn(move || {
            let mut text = String::new();
            let _ = stderr.read_to_string(&mut text);
            text
        });
        let stdin = child.stdin.take();
        Self { child, stdin, lines, stderr: Some(stderr), next: 0 }
    }

    /// Sends a line as it is.
    pub(crate) fn line(&mut self, line: &str) {
        let stdin = self.stdin.as_mut().expect("stdin is open");
        stdin
            .write_all(line.as_bytes())
            .and_then(|()| stdin.write_all(b"\n"))
            .and_then(|()| stdin.flush())
            .expect("sent");
    }

    /// Sends a request and gives its id.
    pub(crate) fn ask(&mut self, method: &str, params: Value) -> u64 {
        self.next += 1;
        self.line(&json!({ "jsonrpc": "2.0", "id": self.next, "method": method, "params": params }).to_string());
        self.next
    }

    pub(crate) fn notify(&mut self, method: &str, params: Value) {
        self.line(&json!({ "jsonrpc": "2.0", "method": method, "params": params }).to_string());
    }

    /// The next line, which must be JSON-RPC.
    pub(crate) fn next(&mut self) -> Value {
        let line = self.lines.recv_timeout(PATIENCE).expect("a reply in time");
        json_rpc(&line)
    }

    /// The reply to a request, and what came before it.
    pub(crate) fn reply(&mut self, id: u64) -> (Value, Vec<Value>) {
        let mut before = Vec::new();
        loop {
            let message = self.next();
            if message["id"] == id {
                return (message, before);
            }
            before.push(message);
        }
    }

    /// Asks and waits for the reply.
    pub(crate) fn exchange(&mut self, method: &str, params: Value) -> Value {
        let id = self.ask(method, params);
        self.reply(id).0
    }

    /// The handshake of 2025-11-25 and older.
    pub(crate) fn initialize(&mut self, version: &str) -> Value {
        let reply = self.exchange(
            "initialize",
            json!({ "protocolVersion": version, "capabilities": {}, "clientInfo": { "name": "raw", "version": "1" } }),
        );
        self.notify("notifications/initialized", json!({}));
        reply
    }

    /// Calls a tool and gives its result; a JSON-RPC error fails the test.
    pub(crate) fn call(&mut self, tool: &str, arguments: Value) -> Value {
        let reply = self.exchange("tools/call", json!({ "name": tool, "arguments": arguments }));
        assert!(reply.get("error").is_none(), "a tool's failure is a result, never a JSON-RPC error: {reply}");
        reply["result"].clone()
    }

    /// Closes stdin and waits for the end: how long it took, the status, what was left on stdout and
    /// all of stderr.
    pub(crate) fn end(mut self) -> (Duration, ExitStatus, Vec<Value>, String) {
        drop(self.stdin.take());
        let closed = Instant::now();
        let status = loop {
            if let Some(status) = self.child.try_wait().expect("wait") {
                break status;
            }
            assert!(closed.elapsed() < PATIENCE, "the server does not end");
            std::thread::sleep(Duration::from_millis(2));
        };
        let took = closed.elapsed();
        let rest = self.lines.iter().map(|line| json_rpc(&line)).collect();
        let stderr = self.stderr.take().and_then(|thread| thread.join().ok()).unwrap_or_default();
        (took, status, rest, stderr)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn json_rpc(line: &str) -> Value {
    let message: Value =
        serde_json::from_str(line).unwrap_or_else(|error| panic!("I10: not JSON on stdout: {error}: {line:?}"));
    assert_eq!(message["jsonrpc"], "2.0", "I10: not JSON-RPC on stdout: {line}");
    message
}
