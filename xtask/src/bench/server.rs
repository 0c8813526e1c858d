//! `pointsman mcp` as a client sees it: how fast it is there, what it adds to a call, what it weighs.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use super::direct::Direct;
use super::figures::{Table, Times, added, size, time};
use super::memory;

/// Starts measured.
const STARTS: usize = 60;
/// Calls measured of each kind, after as many as warm up.
const CALLS: usize = 2_000;
const WARM_UP: usize = 100;
/// Calls at once before memory is read.
const AT_ONCE: usize = 16;
const PROMPT: &str = "Summarize in one sentence: a pointsman sets the points so that each train takes the right track.";

/// A server and the pipe to it. Dropped, its stdin closes, and it ends.
struct Server {
    child: Child,
    stdin: Option<ChildStdin>,
    stdout: BufReader<ChildStdout>,
    next: u64,
}

impl Server {
    /// Starts a server in the bare environment clients give, and shakes hands.
    fn start(program: &Path, home: &Path) -> Result<Self> {
        let mut command = Command::new(program);
        command.args(["mcp", "--home"]).arg(home).env_clear().env("HOME", home).env("PATH", "/usr/bin:/bin");
        command.env("DBUS_SESSION_BUS_ADDRESS", "disabled:"); // the bench has no key to ask a keychain for
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let stdin = child.stdin.take();
        let stdout = BufReader::new(child.stdout.take().context("stdout of the server")?);
        let mut server = Self { child, stdin, stdout, next: 0 };
        let hello = json!({ "protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": { "name": "bench", "version": "1" } });
        server.ask("initialize", &hello)?;
        Ok(server)
    }

    fn ready(&mut self) -> Result<()> {
        self.write(&json!({ "jsonrpc": "2.0", "method": "notifications/initialized" }))
    }

    fn ask(&mut self, method: &str, params: &Value) -> Result<Value> {
        let id = self.send(method, params)?;
        self.answer(id)
    }

    fn send(&mut self, method: &str, params: &Value) -> Result<u64> {
        self.next += 1;
        self.write(&json!({ "jsonrpc": "2.0", "id": self.next, "method": method, "params": params }))?;
        Ok(self.next)
    }

    fn write(&mut self, message: &Value) -> Result<()> {
        let mut line = message.to_string();
        line.push('\n');
        let stdin = self.stdin.as_mut().context("the server's stdin is closed")?;
        Ok(stdin.write_all(line.as_bytes())?)
    }

    /// The result of the call `id`; answers to others before it are dropped.
    fn answer(&mut self, id: u64) -> Result<Value> {
        loop {
            let mut line = String::new();
            if self.stdout.read_line(&mut line)? == 0 {
                bail!("the server ended");
            }
            let mut message: Value =
                serde_json::from_str(&line).context("the server wrote something else than JSON")?;
            if message["id"] == id {
                if !message["error"].is_null() {
                    bail!("the server refused: {}", message["error"]);
                }
                return Ok(message["result"].take());
            }
        }
    }

    fn route(&mut self) -> Result<()> {
        let result = self.ask("tools/call", &route_call())?;
        succeeded(&result)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.stdin.take());
        let _ = self.child.wait();
    }
}

fn route_call() -> Value {
    to_class("summarize")
}

/// Calls that end early, so that their differences say where the time of a whole call goes.
const PARTS: [(&str, &str); 3] = [
    ("  of it, the protocol: a call whose arguments are refused", ""),
    ("  and policy, one write: a class that is not there", "no-such-class"),
    ("  and plan, key: an answer that was kept", "kept"),
];

fn to_class(class: &str) -> Value {
    let mut arguments = json!({ "task_class": class, "prompt": PROMPT });
    if class.is_empty() {
        arguments = json!({ "prompt": PROMPT });
    }
    json!({ "name": "llm_route", "arguments": arguments })
}

fn succeeded(result: &Value) -> Result<()> {
    if result["structuredContent"]["status"] == "success" {
        return Ok(());
    }
    bail!("a measured call did not succeed: {result}")
}

/// Spawn to answered handshake, and the same for a program that does nothing.
pub(crate) fn initialize(program: &Path, home: &Path, table: &mut Table) -> Result<()> {
    let (mut ours, mut floor) = (Times::default(), Times::default());
    let mut weight = Vec::new();
    for _ in 0..STARTS {
        let start = Instant::now();
        let server = Server::start(program, home)?;
        ours.push(start.elapsed());
        weight.push(memory::resident(server.child.id())?);
        floor.push(spawn_cat()?);
    }
    weight.sort_unstable();
    table.row("pointsman mcp: spawn → initialize", time(ours.median()), "≤ 20 ms, better 8");
    table.row("  the slowest in 100", time(ours.percentile(99)), "");
    table.row("  a program that does nothing (cat)", time(floor.median()), "");
    table.row(
        "  resident, after initialize",
        size(weight.get(STARTS / 2).copied().unwrap_or_default()),
        "≤ 11.7 MiB, better 8",
    );
    Ok(())
}

fn spawn_cat() -> Result<Duration> {
    let start = Instant::now();
    let mut cat = Command::new("cat").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
    let mut line = String::new();
    if let (Some(stdin), Some(stdout)) = (cat.stdin.as_mut(), cat.stdout.take()) {
        stdin.write_all(b"{}\n")?;
        BufReader::new(stdout).read_line(&mut line)?;
    }
    let took = start.elapsed();
    drop(cat.stdin.take());
    cat.wait()?;
    Ok(took)
}

/// Calls through the server and straight to the provider, in turns; then the server's weight.
pub(crate) fn calls(program: &Path, home: &Path, base_url: &str, table: &mut Table) -> Result<()> {
    let mut server = Server::start(program, home)?;
    server.ready()?;
    let mut direct = Direct::connect(base_url, PROMPT)?;
    for _ in 0..WARM_UP {
        server.route()?;
        direct.call()?;
    }
    // Answered once by the provider, and kept from then on.
    succeeded(&server.ask("tools/call", &to_class("kept"))?)?;
    let (mut through, mut straight) = (Times::default(), Times::default());
    let mut parts: Vec<(&str, Value, Times)> =
        PARTS.iter().map(|(name, class)| (*name, to_class(class), Times::default())).collect();
    for _ in 0..CALLS {
        for (_, call, times) in &mut parts {
            let start = Instant::now();
            server.ask("tools/call", call)?;
            times.push(start.elapsed());
        }
        let start = Instant::now();
        direct.call()?;
        straight.push(start.elapsed());
        let start = Instant::now();
        server.route()?;
        through.push(start.elapsed());
    }
    table.row("tools/call llm_route, ledger and caps on: p50", time(through.median()), "");
    table.row("  the same call straight to the provider: p50", time(straight.median()), "");
    table.row("  added: p50", added(through.median(), straight.median()), "≤ 150 µs, better 80");
    table.row("  added: p99", added(through.percentile(99), straight.percentile(99)), "");
    for (name, _, times) in &parts {
        table.row(name, time(times.median()), "");
    }
    at_once(&mut server)?;
    table.row(
        "  resident, after 2,116 calls, 16 at once",
        size(memory::resident(server.child.id())?),
        "≤ 19.5 MiB, better 12",
    );
    Ok(())
}

fn at_once(server: &mut Server) -> Result<()> {
    let sent: Vec<u64> = (0..AT_ONCE).map(|_| server.send("tools/call", &route_call())).collect::<Result<_>>()?;
    let mut left = sent.len();
    while left > 0 {
        let mut line = String::new();
        if server.stdout.read_line(&mut line)? == 0 {
            bail!("the server ended under {AT_ONCE} calls at once");
        }
        let message: Value = serde_json::from_str(&line)?;
        if message["id"].as_u64().is_some_and(|id| sent.contains(&id)) {
            succeeded(&message["result"])?;
            left -= 1;
        }
    }
    Ok(())
}
