//! How a call and a session end: cancelled, at the end of stdin, by a signal, before the handshake.

use std::process::Command;
use std::time::Duration;

use pointsman_practice::Script;
use serde_json::json;

use crate::child::Server;
use crate::ground::{Ground, stateless, summarize};

/// How long a client waits before it kills its server.
const CLIENTS_WAIT: Duration = Duration::from_secs(2);

#[test]
fn a_cancelled_call_stops_the_upstream_and_is_charged() {
    let ground = Ground::new();
    ground.provider.script(Script::stall(2));
    let mut server = ground.server();
    let id = server.ask("tools/call", json!({ "name": "llm_route", "arguments": summarize() }));
    ground.arrived(1);
    server.notify("notifications/cancelled", json!({ "requestId": id, "reason": "changed my mind" }));
    ground.left(1);
    let report = ground.spent();
    assert_ne!(report["total_usd"], 0, "what was sent may have cost something: {report}");
    assert_eq!(report["rows"][0]["assumed_usd"], report["total_usd"], "nobody counted, so it is assumed: {report}");
    assert_eq!(ground.ledger("SELECT state FROM request"), ["cancelled"]);
    let after = server.call("llm_route", summarize());
    assert_eq!(after["structuredContent"]["status"], "success", "the session goes on");
    let (_, _, rest, _) = server.end();
    assert!(rest.iter().all(|message| message["id"] != id), "a cancelled request gets no reply: {rest:?}");
    ground.audit();
}

#[test]
fn at_the_end_of_stdin_the_server_ends_within_two_seconds() {
    let ground = Ground::new();
    let (took, status, rest, _) = ground.server().end();
    assert!(status.success() && took < CLIENTS_WAIT, "{status} after {took:?}");
    assert!(rest.is_empty(), "{rest:?}");
}

#[test]
fn a_call_under_way_at_the_end_of_stdin_is_settled() {
    let ground = Ground::new();
    ground.provider.script(Script::stall(1));
    let mut server = ground.server();
    server.ask("tools/call", json!({ "name": "llm_route", "arguments": summarize() }));
    ground.arrived(1);
    let (took, status, _, stderr) = server.end();
    assert!(status.success() && took < CLIENTS_WAIT, "{status} after {took:?}: {stderr}");
    ground.left(1);
    assert_eq!(ground.ledger("SELECT state FROM request"), ["cancelled"], "cancelled and settled, not left to lapse");
    let report = ground.spent();
    assert_ne!(report["total_usd"], 0, "{report}");
    ground.audit();
}

#[cfg(unix)]
#[test]
fn a_call_under_way_at_a_sigterm_is_settled() {
    let ground = Ground::new();
    ground.provider.script(Script::stall(1));
    let mut server = ground.server();
    server.ask("tools/call", json!({ "name": "llm_route", "arguments": summarize() }));
    ground.arrived(1);
    let pid = server.child.id().to_string();
    assert!(Command::new("kill").args(["-TERM", &pid]).status().expect("kill").success());
    let begun = std::time::Instant::now();
    let status = server.child.wait().expect("it ends");
    assert!(status.success() && begun.elapsed() < CLIENTS_WAIT, "{status} after {:?}", begun.elapsed());
    assert_eq!(ground.ledger("SELECT state FROM request"), ["cancelled"], "cancelled and settled, not left to lapse");
    assert_ne!(ground.spent()["total_usd"], 0);
    ground.audit();
}

#[test]
fn a_client_that_goes_before_the_handshake_is_a_clean_end() {
    let ground = Ground::new();
    let (took, status, rest, stderr) = Server::start(&ground.home()).end();
    assert!(status.success() && took < CLIENTS_WAIT, "{status} after {took:?}");
    assert!(rest.is_empty() && stderr.is_empty(), "{rest:?} {stderr}");
}

/// What turns a client green on the Clients page: a row by the client's hello, in both eras.
#[test]
fn the_hello_and_the_farewell_of_a_client_are_recorded() {
    let ground = Ground::new();
    let mut command = crate::child::command(&ground.home());
    command.args(["--client", "claude-desktop", "--project", "house"]);
    let mut server = Server::spawn(command);
    server.initialize("2025-11-25");
    assert!(server.end().1.success());
    let mut command = crate::child::command(&ground.home());
    command.args(["--client", "cursor", "--probe"]);
    let mut server = Server::spawn(command);
    server.exchange("tools/list", stateless(json!({})));
    assert!(server.end().1.success());
    let rows = ground.ledger(
        "SELECT client || ' ' || client_name || ' ' || probe || ' ' || (ended_ms IS NOT NULL) FROM instance ORDER BY started_ms, client",
    );
    assert_eq!(rows, ["claude-desktop raw 0 1", "cursor raw 1 1"]);
}

/// Node gives its children Unix sockets, not pipes.
#[cfg(unix)]
#[test]
fn sockets_as_stdin_and_stdout_work_like_pipes() {
    use std::io::{BufRead, BufReader, Write};
    use std::os::fd::OwnedFd;
    use std::os::unix::net::UnixStream;

    let ground = Ground::new();
    let (mut stdin, theirs_in) = UnixStream::pair().expect("a pair");
    let (stdout, theirs_out) = UnixStream::pair().expect("a pair");
    let mut command = crate::child::command(&ground.home());
    command.stdin(OwnedFd::from(theirs_in)).stdout(OwnedFd::from(theirs_out));
    let mut child = command.spawn().expect("the server starts");
    drop(command);
    let hello = json!({ "jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {
        "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": { "name": "node", "version": "1" } } });
    stdin.write_all(format!("{hello}\n").as_bytes()).expect("sent");
    let mut line = String::new();
    BufReader::new(stdout.try_clone().expect("a copy")).read_line(&mut line).expect("a reply");
    let reply: serde_json::Value = serde_json::from_str(&line).expect("JSON");
    assert_eq!(reply["result"]["serverInfo"]["name"], "pointsman");
    drop(stdin);
    assert!(child.wait().expect("it ends").success());
}
