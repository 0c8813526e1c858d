//! Starts a registered command as its client would and asks it for its tools: the same words, almost
//! no environment, no folder in particular. Talks the protocol in plain lines, so that a fault of our
//! own server library cannot hide itself.

use std::process::Stdio;
use std::time::{Duration, Instant};

use pointsman_core::clients::Entry;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

/// The whole test; the keychain alone may take 5 s.
const LIMIT: Duration = Duration::from_secs(20);
/// How long a server may take to end when its input does.
const END_WAIT: Duration = Duration::from_secs(2);
/// The longest answer that is read.
const LONGEST: u64 = 4 << 20;
/// What is kept of the server's last words.
const TAIL: usize = 400;

/// What the command answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) tools: Vec<String>,
    pub(super) hello_ms: u32,
    /// Whether it ended when its input did.
    pub(super) ended: bool,
}

/// The environment a client gives its servers: enough to find the person's folder and programs.
pub fn bare_environment() -> Vec<(String, String)> {
    let unix = ["HOME", "PATH", "USER"].as_slice();
    let windows = ["USERPROFILE", "PATH", "USERNAME", "SystemRoot", "APPDATA", "LOCALAPPDATA", "TEMP"].as_slice();
    let names = if cfg!(windows) { windows } else { unix };
    names.iter().filter_map(|name| Some(((*name).to_owned(), std::env::var(name).ok()?))).collect()
}

/// Runs the test; the error is a sentence.
pub(super) async fn run(entry: &Entry) -> Result<Answer, String> {
    let began = Instant::now();
    let mut child = spawn(entry).await?;
    let (Some(input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
        return Err("The command has no input or output.".into());
    };
    let talk = tokio::time::timeout(LIMIT, talk(input, output, began)).await;
    let answer = match talk {
        Ok(Ok(answer)) => answer,
        Ok(Err(why)) => return Err(format!("{why}{}", last_words(child).await)),
        Err(_) => {
            return Err(format!("The command did not answer in {} s.{}", LIMIT.as_secs(), last_words(child).await));
        }
    };
    let ended = tokio::time::timeout(END_WAIT, child.wait()).await.is_ok();
    Ok(Answer { ended, ..answer })
}

async fn spawn(entry: &Entry) -> Result<Child, String> {
    let mut command = Command::new(&entry.command);
    command.args(&entry.args).arg("--probe");
    command.env_clear().envs(bare_environment());
    command.current_dir(if cfg!(windows) { "C:\\" } else { "/" });
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    let mut tries = 0;
    loop {
        match command.spawn() {
            Ok(child) => return Ok(child),
            // A program installed this very moment can still be held open by a process being started.
            Err(error) if error.kind() == std::io::ErrorKind::ExecutableFileBusy && tries < 20 => {
                tries += 1;
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            Err(error) => return Err(format!("{} cannot be started: {error}.", entry.command)),
        }
    }
}

async fn talk(mut input: ChildStdin, output: ChildStdout, began: Instant) -> Result<Answer, String> {
    let mut lines = Lines { output: BufReader::new(output) };
    let hello = json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {
        "protocolVersion": "2025-06-18", "capabilities": {},
        "clientInfo": {"name": "pointsman-test", "version": env!("CARGO_PKG_VERSION")}}});
    say(&mut input, &hello).await?;
    lines.answer(1).await?;
    let hello_ms = u32::try_from(began.elapsed().as_millis()).unwrap_or(u32::MAX);
    say(&mut input, &json!({"jsonrpc": "2.0", "method": "notifications/initialized"})).await?;
    say(&mut input, &json!({"jsonrpc": "2.0", "id": 2, "method": "tools/list", "params": {}})).await?;
    let listed = lines.answer(2).await?;
    let tools =
        listed["tools"].as_array().into_iter().flatten().filter_map(|tool| tool["name"].as_str().map(str::to_owned));
    Ok(Answer { tools: tools.collect(), hello_ms, ended: false })
}

async fn say(input: &mut ChildStdin, message: &Value) -> Result<(), String> {
    let line = format!("{message}\n");
    let sent = async {
        input.write_all(line.as_bytes()).await?;
        input.flush().await
    };
    sent.await.map_err(|_| "The command ended before it answered.".to_owned())
}

struct Lines {
    output: BufReader<ChildStdout>,
}

impl Lines {
    /// The result of the request with this id; notifications before it are passed over.
    async fn answer(&mut self, id: u64) -> Result<Value, String> {
        loop {
            let mut line = String::new();
            let read = (&mut self.output).take(LONGEST).read_line(&mut line).await;
            if read.map_err(|error| format!("The command's answer cannot be read: {error}."))? == 0 {
                return Err("The command ended before it answered.".into());
            }
            let Ok(message) = serde_json::from_str::<Value>(&line) else {
                return Err("The command wrote something that is not its protocol.".into());
            };
            if message["id"] == json!(id) {
                return match message.get("result") {
                    Some(result) => Ok(result.clone()),
                    None => Err(format!(
                        "The command refused: {}.",
                        message["error"]["message"].as_str().unwrap_or("no reason")
                    )),
                };
            }
        }
    }
}

/// The end of what the server wrote for people.
async fn last_words(mut child: Child) -> String {
    drop(child.stdin.take());
    let mut words = Vec::new();
    if let Some(stderr) = child.stderr.take() {
        let read = async { stderr.take(1 << 20).read_to_end(&mut words).await };
        drop(tokio::time::timeout(END_WAIT, read).await);
    }
    let words = String::from_utf8_lossy(&words).trim().to_owned();
    let from = words.char_indices().rev().nth(TAIL).map_or(0, |(at, _)| at);
    if words.is_empty() { String::new() } else { format!(" It said: {}", &words[from..]) }
}
