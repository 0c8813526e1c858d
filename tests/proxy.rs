//! The way calls take: the environment's proxy, its exceptions, a provider's own proxy, and never one
//! for this machine. A proxy sees the name of the host and nothing of the call.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};

use pointsman_practice::{Options, Practice, Script};
use serde_json::Value;
use tempfile::TempDir;

const KEY: &str = "canary-key-7f3a9c1e5b2d8046";

/// A proxy that keeps what it is told and lets nobody through.
struct Gate {
    address: SocketAddr,
    heard: Arc<Mutex<Vec<String>>>,
}

impl Gate {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let (address, heard) = (listener.local_addr().expect("an address"), Arc::new(Mutex::new(Vec::new())));
        let notes = Arc::clone(&heard);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let Ok(mut stream) = stream else { continue };
                let (mut said, mut piece) = (Vec::new(), [0u8; 4096]);
                while !said.windows(4).any(|end| end == b"\r\n\r\n") {
                    match stream.read(&mut piece) {
                        Ok(0) | Err(_) => break,
                        Ok(length) => said.extend_from_slice(&piece[..length]),
                    }
                }
                notes.lock().unwrap().push(String::from_utf8_lossy(&said).into_owned());
                let _ = stream.write_all(b"HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n");
            }
        });
        Self { address, heard }
    }

    fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    fn heard(&self) -> Vec<String> {
        self.heard.lock().unwrap().clone()
    }
}

/// Asks the class `ask` of a provider with these lines, with these variables.
fn ask(provider: &str, env: &[(&str, &str)]) -> (Value, TempDir) {
    let home = tempfile::tempdir().expect("a folder");
    let policy = format!(
        "version: '1'\ndefaults:\n  ask: {{ provider: far, model: m, max_tokens: 10 }}\nproviders:\n  far: {{ {provider} }}\n\
         models:\n  far/m: {{ price: {{ input: 1, output: 1 }} }}\nretry: {{ delays_s: [] }}\ntimeouts: {{ connect_s: 5, total_s: 10 }}\n"
    );
    std::fs::write(home.path().join("routing.yaml"), policy).expect("a policy");
    let mut command = Command::new(env!("CARGO_BIN_EXE_pointsman"));
    command.arg("--home").arg(home.path()).args(["route", "ask", "hello", "--json"]);
    command.env_clear().env("HOME", home.path()).env("PATH", "/usr/bin:/bin").env("FAR_KEY", KEY);
    command.env("DBUS_SESSION_BUS_ADDRESS", "disabled:").envs(env.iter().copied());
    let output = command.stdin(Stdio::null()).output().expect("it runs");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let reply =
        serde_json::from_str(&text).unwrap_or_else(|_| panic!("{text}{}", String::from_utf8_lossy(&output.stderr)));
    (reply, home)
}

/// `.test` names never resolve (RFC 6761): what the gate does not see goes nowhere.
const FAR: &str = "base_url: https://upstream.test/v1, key: { env: FAR_KEY }";

fn tunnelled_only(gate: &Gate) {
    let heard = gate.heard();
    assert!(!heard.is_empty(), "the proxy was asked");
    for said in heard {
        assert!(said.starts_with("CONNECT upstream.test:443 HTTP/1.1\r\n"), "{said}");
        assert!(!said.contains(KEY) && !said.contains("hello"), "a proxy sees nothing of the call: {said}");
    }
}

#[test]
fn the_environments_proxy_is_taken_as_a_tunnel() {
    for name in ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"] {
        let gate = Gate::start();
        let (reply, _home) = ask(FAR, &[(name, &gate.url())]);
        tunnelled_only(&gate);
        assert_eq!(reply["code"], "network", "{name}: {reply}");
        assert!(reply["error"].as_str().unwrap_or_default().contains("the proxy did not let"), "{reply}");
        assert_eq!(reply["meta"]["cost_usd"], 0, "nothing left the machine: {reply}");
    }
}

#[test]
fn the_environments_exceptions_hold() {
    for exceptions in ["upstream.test", ".test", "other.example,upstream.test", "*"] {
        let gate = Gate::start();
        let (reply, _home) = ask(FAR, &[("HTTPS_PROXY", &gate.url()), ("NO_PROXY", exceptions)]);
        assert_eq!(gate.heard(), [""; 0], "{exceptions}");
        assert_eq!(reply["code"], "network", "{reply}");
    }
    let gate = Gate::start();
    let _asked = ask(FAR, &[("HTTPS_PROXY", &gate.url()), ("NO_PROXY", "other.test")]);
    tunnelled_only(&gate);
}

#[test]
fn a_provider_may_have_a_proxy_of_its_own_or_none() {
    let (own, system) = (Gate::start(), Gate::start());
    let provider = format!("{FAR}, proxy: '{}'", own.url());
    let _asked = ask(&provider, &[("HTTPS_PROXY", &system.url())]);
    tunnelled_only(&own);
    assert_eq!(system.heard(), [""; 0], "its own comes first");

    let _asked = ask(&format!("{FAR}, proxy: none"), &[("HTTPS_PROXY", &system.url()), ("ALL_PROXY", &system.url())]);
    assert_eq!(system.heard(), [""; 0], "none is none, whatever the environment says");
}

#[test]
fn a_proxy_that_cannot_be_used_is_never_gone_around() {
    let gate = Gate::start();
    let socks = format!("socks5://{}", gate.address);
    let (reply, _home) = ask(FAR, &[("ALL_PROXY", &socks)]);
    assert_eq!(reply["code"], "network", "{reply}");
    let said = reply["error"].as_str().unwrap_or_default().to_ascii_lowercase();
    assert!(said.contains("proxy") && said.contains("socks"), "it says what is wrong: {reply}");
}

#[tokio::test(flavor = "multi_thread")]
async fn this_machine_is_never_reached_through_a_proxy() {
    let (gate, server) = (Gate::start(), Practice::start(Options::default()).await.expect("a port"));
    server.default_script(Script::text("near"));
    let provider = format!("base_url: '{}', local: true", server.base_url());
    let url = gate.url();
    let (reply, _home) = tokio::task::spawn_blocking(move || {
        ask(&provider, &[("HTTP_PROXY", &url), ("HTTPS_PROXY", &url), ("ALL_PROXY", &url), ("http_proxy", &url)])
    })
    .await
    .expect("joined");
    assert_eq!(reply["data"]["text"], "near", "{reply}");
    assert_eq!(gate.heard(), [""; 0]);
}
