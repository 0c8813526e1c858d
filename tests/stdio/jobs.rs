//! Calls that take too long for a client: handed out by one server, fetched from it or from the next.

use std::path::Path;
use std::time::Duration;

use pointsman_practice::Script;
use serde_json::{Value, json};

use crate::child::{Server, command};
use crate::ground::{Ground, summarize};

/// A server that hands out a job after a second.
pub(crate) fn hasty(home: &Path) -> Server {
    let mut command = command(home);
    command.args(["--answer-within", "1"]);
    let mut server = Server::spawn(command);
    server.initialize("2025-11-25");
    server
}

fn handed_out(server: &mut Server) -> String {
    let result = server.call("llm_route", summarize());
    let said = &result["structuredContent"];
    assert_eq!((&said["status"], &said["waiting_for"]), (&json!("running"), &json!("model")), "{result}");
    assert!(result["content"][0]["text"].as_str().is_some_and(|text| text.contains("job_result")), "{result}");
    said["job_id"].as_str().expect("an id").to_owned()
}

fn fetch(server: &mut Server, job: &str, more: Value) -> Value {
    let mut arguments = json!({ "job_id": job });
    arguments.as_object_mut().expect("an object").extend(more.as_object().cloned().unwrap_or_default());
    server.call("job_result", arguments)["structuredContent"].clone()
}

#[test]
fn a_job_is_fetched_in_pieces_and_cancelled() {
    let ground = Ground::new();
    ground.provider.script(Script::text("The points are set.").held());
    let mut server = hasty(&ground.home());
    let job = handed_out(&mut server);
    assert_eq!(fetch(&mut server, &job, json!({ "wait_s": 0 }))["status"], "running");
    ground.provider.release(1);
    let mut got = fetch(&mut server, &job, json!({}));
    while got["status"] == "running" {
        got = fetch(&mut server, &job, json!({}));
    }
    assert_eq!(got["data"]["text"], "The points are set.", "{got}");
    assert_eq!(got["meta"]["route"]["rule"], "defaults.summarize", "the whole envelope: {got}");
    ground.provider.script(Script::text("never").held());
    let job = handed_out(&mut server);
    let mut got = fetch(&mut server, &job, json!({ "cancel": true }));
    while got["status"] == "running" {
        got = fetch(&mut server, &job, json!({}));
    }
    assert_eq!(got["code"], "cancelled", "{got}");
    ground.left(1);
    assert_eq!(fetch(&mut server, "j-nobody", json!({}))["code"], "not_found");
    ground.audit();
}

#[test]
fn a_job_of_a_server_that_is_killed_is_sent_once_more_by_the_next() {
    let ground = Ground::new();
    ground.provider.script(Script::text("never").held());
    let mut server = hasty(&ground.home());
    let job = handed_out(&mut server);
    server.child.kill().expect("kill -9");
    server.child.wait().expect("gone");
    // Its lease ends: here at once, else within 15 s.
    let ledger = rusqlite::Connection::open(ground.home().join("ledger.db")).expect("a ledger");
    assert_eq!(ledger.execute("UPDATE job SET lease_ms = 0", []).expect("a write"), 1);
    drop(ledger);
    ground.provider.script(Script::text("The points are set."));
    let mut next = hasty(&ground.home());
    let mut got = fetch(&mut next, &job, json!({}));
    while got["status"] == "running" {
        got = fetch(&mut next, &job, json!({}));
    }
    assert_eq!(got["data"]["text"], "The points are set.", "{got}");
    assert_eq!(ground.provider.chats().len(), 2, "once by each server");
    assert_eq!(fetch(&mut next, &job, json!({}))["data"]["text"], "The points are set.", "fetched, not asked again");
    assert_eq!(ground.provider.chats().len(), 2);
    ground.audit();
}

#[test]
fn at_the_end_of_stdin_a_job_is_let_go_of_and_the_server_ends_in_time() {
    let ground = Ground::new();
    ground.provider.script(Script::text("never").held());
    let mut server = hasty(&ground.home());
    handed_out(&mut server);
    let (took, status, _, stderr) = server.end();
    assert!(status.success() && took < Duration::from_secs(2), "{status} after {took:?}: {stderr}");
    assert_eq!(ground.ledger("SELECT state || ' ' || lease_ms FROM job"), ["running 0"]);
    ground.audit();
}
