//! Many processes on one ledger: a cap that admits one call lets exactly one through, whoever dies.
//! Real `pointsman mcp` processes, a real MCP client each, a real provider on loopback.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::Path;
use std::process::Stdio;

use pointsman_practice::{Counts, Options, Practice, Script};
use rmcp::model::CallToolRequestParams;
use rmcp::service::RunningService;
use rmcp::{RoleClient, ServiceExt};
use rusqlite::Connection;
use serde_json::{Value, json};
use tokio::process::{Child, Command};
use tokio::task::JoinSet;

const PROCESSES: usize = 6;
const CALLS: usize = 8;

/// "hello" is at most 38 tokens of input; 100 of output; $1 and $2 per million: 238 µ$.
const HOLD: i64 = 238;

struct Server {
    child: Child,
    client: RunningService<RoleClient, ()>,
}

async fn spawn(home: &Path) -> Server {
    spawn_for(home, "fleet").await
}

async fn spawn_for(home: &Path, client: &str) -> Server {
    let mut child = Command::new(env!("CARGO_BIN_EXE_pointsman"))
        .args(["mcp", "--home"])
        .arg(home)
        .args(["--client", client])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let transport = (child.stdout.take().unwrap(), child.stdin.take().unwrap());
    Server { client: ().serve(transport).await.expect("the server says hello"), child }
}

fn policy(home: &Path, base_url: &str, caps: &str) {
    std::fs::create_dir_all(home).unwrap();
    #[cfg(unix)]
    std::fs::set_permissions(home, std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
    let text = format!(
        r#"version: "1"
defaults:
  ask: {{ provider: here, model: practice, max_tokens: 100 }}
providers:
  here: {{ wire: openai_chat, base_url: "{base_url}", local: true }}
models:
  here/practice: {{ price: {{ input: 1, output: 2 }} }}
caps:
{caps}"#
    );
    std::fs::write(home.join("routing.yaml"), text).unwrap();
}

async fn ask(client: rmcp::Peer<RoleClient>) -> Result<Value, String> {
    let arguments = json!({"task_class": "ask", "prompt": "hello"}).as_object().cloned().unwrap();
    let result = client.call_tool(CallToolRequestParams::new("llm_route").with_arguments(arguments)).await;
    result.map(|result| result.structured_content.expect("an envelope")).map_err(|error| error.to_string())
}

/// The books, as the command line sees them.
async fn audit(home: &Path) {
    let output =
        Command::new(env!("CARGO_BIN_EXE_pointsman")).args(["audit", "--home"]).arg(home).output().await.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}

fn day(ledger: &Connection) -> (i64, i64) {
    let sql = "SELECT charged_micro, held_micro FROM account WHERE scope = 'all' AND window = 'day'";
    ledger.query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?))).unwrap()
}

/// Lets all processes race; returns once every call but the one that was let through has been denied.
async fn race(servers: &[Server], provider: &Practice) -> JoinSet<(usize, Result<Value, String>)> {
    let mut calls = JoinSet::new();
    for (at, server) in servers.iter().enumerate() {
        for _ in 0..CALLS {
            let client = server.client.peer().clone();
            calls.spawn(async move { (at, ask(client).await) });
        }
    }
    provider.arrived(1).await;
    for _ in 1..PROCESSES * CALLS {
        let (_, got) = calls.join_next().await.unwrap().unwrap();
        let envelope = got.expect("a denial is an answer");
        assert_eq!(envelope["code"], "cap_exceeded", "{envelope}");
    }
    calls
}

async fn fleet() -> (tempfile::TempDir, std::path::PathBuf, Practice, Vec<Server>) {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().join("home");
    let provider = Practice::start(Options::default()).await.unwrap();
    // The usage is all that was held: the cap stays full afterwards.
    let usage = Counts { input: 38, output: 100, ..Counts::default() };
    provider.default_script(Script::text("yes").usage(usage).held());
    policy(&home, &provider.base_url(), "  - { scope: all, window: day, limit_usd: 0.0004 }\n");
    let mut servers = Vec::new();
    for _ in 0..PROCESSES {
        servers.push(spawn(&home).await);
    }
    (folder, home, provider, servers)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn i2_of_48_calls_in_6_processes_a_cap_for_one_admits_one() {
    let (_folder, home, provider, servers) = fleet().await;
    let mut calls = race(&servers, &provider).await;
    provider.release_all();
    let (_, answer) = calls.join_next().await.unwrap().unwrap();
    assert_eq!(answer.unwrap()["status"], "success");
    assert_eq!(provider.chats().len(), 1, "one request left this machine");
    let after = ask(servers[0].client.peer().clone()).await.unwrap();
    assert_eq!(after["code"], "cap_exceeded", "the charge fills what the hold had filled");
    assert_eq!(day(&Connection::open(home.join("ledger.db")).unwrap()), (HOLD, 0));
    audit(&home).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn i2_a_process_that_is_killed_keeps_its_hold_until_its_lease_ends_and_then_its_charge() {
    let (_folder, home, provider, mut servers) = fleet().await;
    let mut calls = race(&servers, &provider).await;
    // The one call that is left tells its process by its failure once that is killed.
    let pids: Vec<u32> = servers.iter().filter_map(|server| server.child.id()).collect();
    let ledger = Connection::open(home.join("ledger.db")).unwrap();
    assert_eq!(day(&ledger), (0, HOLD));
    let mut survivor = None;
    for (at, server) in servers.iter_mut().enumerate() {
        server.child.start_kill().unwrap();
        server.child.wait().await.unwrap();
        if let Ok(Some(ended)) = tokio::time::timeout(std::time::Duration::from_millis(300), calls.join_next()).await {
            let (owner, result) = ended.unwrap();
            assert_eq!(owner, at, "the call ends with its process {}", pids[at]);
            assert!(result.is_err());
            survivor = Some((at + 1) % PROCESSES);
            break;
        }
    }
    let survivor = survivor.expect("one process had the call");
    let client = if servers[survivor].child.try_wait().unwrap().is_none() {
        servers[survivor].client.peer().clone()
    } else {
        servers.push(spawn(&home).await);
        servers.last().unwrap().client.peer().clone()
    };
    assert_eq!(day(&ledger), (0, HOLD), "nobody settled it");
    assert_eq!(ask(client.clone()).await.unwrap()["code"], "cap_exceeded", "the hold of the dead still counts");
    // Time passes: its lease ends.
    ledger.execute("UPDATE reservation SET lease_ms = 1 WHERE state = 'open'", []).unwrap();
    assert_eq!(ask(client).await.unwrap()["code"], "cap_exceeded", "what may have been sent is charged");
    assert_eq!(day(&ledger), (HOLD, 0));
    assert_eq!(provider.chats().len(), 1);
    audit(&home).await;
}

/// Three caps over 8 processes of 4 clients: two calls for each client in a month, four for the model for
/// ever, five for all in a day. Every one of 128 calls at once meets all three.
const THREE: &str = "  - { scope: client, window: month, limit_usd: 0.000476 }
  - { scope: model, name: here/practice, window: total, limit_usd: 0.000952 }
  - { scope: all, window: day, limit_usd: 0.00119 }
";
const CLIENTS: [&str; 4] = ["desktop", "code", "cursor", "zed"];
const EACH: usize = 16;
const ADMITTED: usize = 4;

/// What an account was charged and holds; nothing where it was never opened.
fn account(ledger: &Connection, scope: &str, name: &str, window: &str) -> (i64, i64) {
    let sql = "SELECT coalesce(sum(charged_micro), 0), coalesce(sum(held_micro), 0) FROM account
               WHERE scope = ?1 AND name = ?2 AND window = ?3";
    ledger.query_row(sql, [scope, name, window], |row| Ok((row.get(0)?, row.get(1)?))).unwrap()
}

fn open_calls_of(ledger: &Connection, client: &str) -> i64 {
    let sql =
        "SELECT count(*) FROM reservation r JOIN request q ON q.id = r.id WHERE r.state = 'open' AND q.client = ?1";
    ledger.query_row(sql, [client], |row| row.get(0)).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn i2_of_128_calls_in_8_processes_three_caps_admit_what_the_tightest_leaves_also_with_kill_9() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().join("home");
    let provider = Practice::start(Options::default()).await.unwrap();
    let usage = Counts { input: 38, output: 100, ..Counts::default() };
    provider.default_script(Script::text("yes").usage(usage).held());
    policy(&home, &provider.base_url(), THREE);
    let mut servers = Vec::new();
    for at in 0..8 {
        servers.push((CLIENTS[at % 4], spawn_for(&home, CLIENTS[at % 4]).await));
    }
    let mut calls = JoinSet::new();
    for (client, server) in &servers {
        for _ in 0..EACH {
            let (client, peer) = (*client, server.client.peer().clone());
            calls.spawn(async move { (client, ask(peer).await) });
        }
    }
    for _ in ADMITTED..8 * EACH {
        let (client, got) = calls.join_next().await.unwrap().unwrap();
        let envelope = got.expect("a denial is an answer");
        assert_eq!(envelope["code"], "cap_exceeded", "{client}: {envelope}");
    }
    provider.arrived(ADMITTED).await;
    assert_eq!(provider.chats().len(), ADMITTED, "exactly as many as the tightest cap leaves");
    let ledger = Connection::open(home.join("ledger.db")).unwrap();
    let held = i64::try_from(ADMITTED).unwrap() * HOLD;
    assert_eq!(account(&ledger, "model", "here/practice", "total"), (0, held));
    assert_eq!(day(&ledger), (0, held));
    let mut of_clients = 0;
    for client in CLIENTS {
        let (charged, held) = account(&ledger, "client", client, "month");
        assert!(charged == 0 && held <= 2 * HOLD, "{client}: {charged} charged, {held} held");
        assert_eq!(held, open_calls_of(&ledger, client) * HOLD);
        of_clients += held;
    }
    assert_eq!(of_clients, held, "every call counts for its client");

    // One client dies with its calls under way.
    let dead = CLIENTS.into_iter().find(|client| open_calls_of(&ledger, client) > 0).expect("somebody was let through");
    let lost = open_calls_of(&ledger, dead);
    for (_, server) in servers.iter_mut().filter(|(client, _)| *client == dead) {
        server.child.start_kill().unwrap();
        server.child.wait().await.unwrap();
    }
    provider.release_all();
    let mut answered = 0;
    while let Some(ended) = calls.join_next().await {
        let (client, got) = ended.unwrap();
        assert_eq!(got.is_err(), client == dead, "{client}: {got:?}");
        if let Ok(envelope) = got {
            assert_eq!(envelope["status"], "success", "{envelope}");
            answered += HOLD;
        }
    }
    let lost = lost * HOLD;
    assert_eq!(account(&ledger, "model", "here/practice", "total"), (answered, lost), "the dead one's calls stay held");
    let (_, survivor) = servers.iter().find(|(client, _)| *client != dead).expect("three clients live");
    let survivor = survivor.client.peer().clone();
    assert_eq!(ask(survivor.clone()).await.unwrap()["code"], "cap_exceeded");
    ledger.execute("UPDATE reservation SET lease_ms = 1 WHERE state = 'open'", []).unwrap();
    assert_eq!(ask(survivor).await.unwrap()["code"], "cap_exceeded", "what may have been sent is charged");
    assert_eq!(account(&ledger, "model", "here/practice", "total"), (held, 0));
    assert_eq!(account(&ledger, "client", dead, "month"), (lost, 0));
    assert_eq!(day(&ledger), (held, 0));
    assert_eq!(provider.chats().len(), ADMITTED);
    audit(&home).await;
}
