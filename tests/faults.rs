//! Faults across real processes: a model that rested is tried by exactly one of them, a process may be killed
//! at any step of a call, and a disk may fill up. The books stay right. Acceptance 8, 10 and 13.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::net::TcpListener;
use std::process::Command;

use pointsman_practice::{Counts, Script};
use rusqlite::Connection;
use serde_json::{Value, json};

#[path = "stdio/child.rs"]
mod child;
#[allow(dead_code)]
#[path = "stdio/ground.rs"]
mod ground;

use child::Server;
use ground::Ground;

/// "hello" is at most 38 tokens of input; 100 of output; $1 and $2 per million: 238 µ$.
const WORST: i64 = 238;

/// A home with a class of two models.
fn ground(more: &str) -> Ground {
    let ground = Ground::new();
    write(&ground, &ground.provider.base_url(), more);
    ground
}

fn write(ground: &Ground, base_url: &str, more: &str) {
    let text = format!(
        "version: '1'\ndefaults:\n  ask: {{ provider: here, model: small, max_tokens: 100 }}\n\
         fallback:\n  ask: [{{ provider: here, model: large }}]\n\
         providers:\n  here: {{ base_url: '{base_url}', local: true }}\n\
         models:\n  here/small: {{ price: {{ input: 1, output: 2 }} }}\n  here/large: {{ price: {{ input: 1, output: 2 }} }}\n{more}"
    );
    std::fs::write(ground.home().join("routing.yaml"), text).unwrap();
}

fn ask() -> Value {
    json!({ "name": "llm_route", "arguments": { "task_class": "ask", "prompt": "hello" } })
}

/// The envelope of a call.
fn route(server: &mut Server) -> Value {
    server.call("llm_route", ask()["arguments"].clone())["structuredContent"].clone()
}

fn sql(ground: &Ground, statement: &str) {
    Connection::open(ground.home().join("ledger.db")).unwrap().execute(statement, []).unwrap();
}

/// What was charged and is held today, in µ$.
fn day(ground: &Ground) -> (i64, i64) {
    let query = "SELECT charged_micro || ' ' || held_micro FROM account WHERE scope = 'all' AND window = 'day'";
    let row = ground.ledger(query).pop().unwrap_or_else(|| "0 0".to_owned());
    let (charged, held) = row.split_once(' ').unwrap();
    (charged.parse().unwrap(), held.parse().unwrap())
}

fn asked(ground: &Ground, model: &str) -> usize {
    ground.provider.chats().iter().filter(|call| call.json()["model"] == model).count()
}

/// Acceptance 13.
#[test]
fn of_ten_calls_in_three_processes_exactly_one_tries_a_model_that_has_rested() {
    let ground =
        ground("breaker: { failures: 1 }\nretry: { delays_s: [] }\nconcurrency: { global: 9, per_provider: 9 }\n");
    let mut servers = [ground.server(), ground.server(), ground.server()];
    ground.provider.script(Script::status(500));
    assert_eq!(route(&mut servers[0])["meta"]["model"], "large");
    for server in &mut servers {
        assert_eq!(route(server)["meta"]["model"], "large", "it rests for all processes");
    }
    assert_eq!(asked(&ground, "small"), 1);

    sql(&ground, "UPDATE breaker SET until_ms = 1");
    ground.provider.default_script(Script::text("yes").held());
    let before = ground.provider.received().len();
    let calls: Vec<(usize, u64)> = (0..10).map(|nth| (nth % 3, servers[nth % 3].ask("tools/call", ask()))).collect();
    ground.arrived(before + 10);
    assert_eq!(asked(&ground, "small"), 2, "one try");
    ground.provider.release_all();
    let mut replies: [Vec<Value>; 3] = Default::default();
    let mut answered_by_small = 0;
    for (at, id) in calls {
        // Replies come in any order.
        let reply = loop {
            if let Some(found) = replies[at].iter().position(|reply| reply["id"] == id) {
                break replies[at].remove(found);
            }
            let next = servers[at].next();
            replies[at].push(next);
        };
        let envelope = &reply["result"]["structuredContent"];
        assert_eq!(envelope["status"], "success", "{reply}");
        answered_by_small += usize::from(envelope["meta"]["model"] == "small");
    }
    assert_eq!(answered_by_small, 1);
    assert_eq!(route(&mut servers[2])["meta"]["model"], "small", "it works again, for all processes");
    ground.audit();
}

#[test]
fn a_try_whose_process_is_killed_holds_up_nobody_beyond_its_deadline() {
    let ground = ground("breaker: { failures: 1 }\nretry: { delays_s: [] }\n");
    let (mut dies, mut lives) = (ground.server(), ground.server());
    ground.provider.script(Script::status(500));
    route(&mut dies);
    sql(&ground, "UPDATE breaker SET until_ms = 1");
    ground.provider.script(Script::stall(0));
    let before = ground.provider.received().len();
    dies.ask("tools/call", ask());
    ground.arrived(before + 1);
    dies.child.kill().unwrap();
    dies.child.wait().unwrap();
    assert_eq!(route(&mut lives)["meta"]["model"], "large", "the try is still out");
    sql(&ground, "UPDATE breaker SET probe_until_ms = 1");
    assert_eq!(route(&mut lives)["meta"]["model"], "small");
    assert!(ground.ledger("SELECT model FROM breaker").is_empty());
}

/// A step of a call, and what the provider does so that the call stays there.
struct Step {
    what: &'static str,
    script: Script,
    /// How many requests have left by then.
    sent: usize,
    /// What is held then, and charged once the lease has ended, in µ$.
    held: i64,
}

/// Acceptance 10, at every step between the hold and the settling.
#[test]
fn wherever_a_process_is_killed_its_hold_counts_until_its_lease_ends_and_then_its_charge() {
    let stalls = |at| Script { stall_after: Some(at), ..Script::text("one two three") };
    let counted = Script { no_done: true, stall_after: Some(9), ..Script::text("one two three") };
    for step in [
        Step { what: "before the head", script: Script::text("yes").held(), sent: 1, held: WORST },
        Step { what: "before the first word", script: stalls(0), sent: 1, held: WORST },
        Step { what: "in the middle", script: stalls(1), sent: 1, held: WORST },
        Step { what: "before the end mark", script: counted, sent: 1, held: WORST },
        Step { what: "before a retry", script: Script::status(503), sent: 1, held: WORST },
        Step {
            what: "before a long wait",
            script: Script::status(429).header("retry-after", "30"),
            sent: 1,
            held: WORST,
        },
    ] {
        let ground = ground("retry: { delays_s: [20] }\n");
        let (mut dies, mut lives) = (ground.server(), ground.server());
        ground.provider.script(step.script);
        dies.ask("tools/call", ask());
        ground.arrived(step.sent);
        dies.child.kill().unwrap();
        dies.child.wait().unwrap();
        assert_eq!(day(&ground), (0, step.held), "{}", step.what);
        ground.audit();
        let usage = Counts { input: 10, output: 10, ..Counts::default() };
        ground.provider.default_script(Script::text("yes").usage(usage));
        assert_eq!(route(&mut lives)["status"], "success", "{}", step.what);
        assert_eq!(day(&ground), (30, step.held), "the hold of the dead still counts: {}", step.what);
        sql(&ground, "UPDATE reservation SET lease_ms = 1 WHERE state = 'open'");
        assert_eq!(route(&mut lives)["status"], "success");
        assert_eq!(day(&ground), (60 + step.held, 0), "what may have been sent is charged: {}", step.what);
        let states = ground.ledger("SELECT state FROM request ORDER BY started_ms, id");
        assert_eq!(states, ["interrupted", "answered", "answered"], "{}", step.what);
        ground.audit();
    }
}

#[test]
fn a_process_that_is_killed_while_its_call_waits_for_its_turn_held_nothing_for_it() {
    let ground = ground("concurrency: { global: 1 }\n");
    let mut dies = ground.server();
    ground.provider.script(Script::text("yes").held());
    dies.ask("tools/call", ask());
    ground.arrived(1);
    let waits = dies.ask(
        "tools/call",
        json!({ "name": "llm_route", "arguments": ask()["arguments"], "_meta": { "progressToken": "t" } }),
    );
    let told = dies.next();
    assert_eq!(told["params"]["message"], "Waiting for a turn at here", "{waits}: {told}");
    dies.child.kill().unwrap();
    dies.child.wait().unwrap();
    assert_eq!(day(&ground), (0, WORST), "only what was under way is held");
    assert_eq!(ground.provider.received().len(), 1);
    ground.audit();
}

#[test]
fn a_process_that_is_killed_while_it_connects_may_have_sent() {
    let ground = Ground::new();
    // A listener that accepts nobody and whose backlog is full: connecting hangs.
    let closed = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = closed.local_addr().unwrap();
    let mut waiting = Vec::new();
    while let Ok(stream) = std::net::TcpStream::connect_timeout(&address, std::time::Duration::from_millis(100)) {
        waiting.push(stream);
    }
    write(&ground, &format!("http://{address}/v1"), "");
    let mut dies = ground.server();
    dies.ask(
        "tools/call",
        json!({ "name": "llm_route", "arguments": ask()["arguments"], "_meta": { "progressToken": "t" } }),
    );
    assert_eq!(dies.next()["params"]["message"], "Asking here/small");
    dies.child.kill().unwrap();
    dies.child.wait().unwrap();
    assert_eq!(day(&ground), (0, WORST), "I1: the hold is there before a byte leaves");
    ground.audit();
}

/// Acceptance 8: a file that may grow no further, as on a full disk.
#[test]
fn on_a_full_disk_a_paid_call_is_refused_with_a_sentence_and_nothing_is_sent() {
    let ground = ground("");
    let usage = Counts { input: 10, output: 10, ..Counts::default() };
    ground.provider.default_script(Script::text("yes").usage(usage));
    // Makes the ledger, which is larger than what the next one may write.
    let mut server = ground.server();
    assert_eq!(route(&mut server)["status"], "success");
    assert!(server.end().1.success());
    let ledger = ground.home().join("ledger.db");
    let checkpoint = "PRAGMA wal_checkpoint(TRUNCATE)";
    Connection::open(&ledger).unwrap().query_row(checkpoint, [], |_| Ok(())).unwrap();
    assert!(std::fs::metadata(&ledger).unwrap().len() > 128 * 512, "the quota is below the file");
    let mut limited = Command::new("/bin/sh");
    let script = "trap '' XFSZ; ulimit -f 128; exec \"$0\" --home \"$1\" mcp";
    limited.args(["-c", script, env!("CARGO_BIN_EXE_pointsman")]).arg(ground.home());
    limited.env_clear().env("HOME", ground.home()).env("PATH", "/usr/bin:/bin");
    let mut server = Server::spawn(limited);
    server.initialize("2025-11-25");
    let mut answered = 1;
    let refused = loop {
        let sent = ground.provider.chats().len();
        let envelope = route(&mut server);
        if envelope["status"] != "success" {
            assert_eq!(ground.provider.chats().len(), sent, "nothing was sent: {envelope}");
            break envelope;
        }
        answered += 1;
        assert_eq!(ground.provider.chats().len(), sent + 1);
        assert!(answered < 500, "the disk never fills up");
    };
    assert_eq!(refused["code"], "ledger_unavailable", "{refused}");
    let sentence = refused["error"].as_str().unwrap();
    assert!(sentence.contains("so the call is refused. Check that the disk has room"), "{sentence}");
    assert_eq!(route(&mut server)["code"], "ledger_unavailable", "and the next");
    assert_eq!(ground.provider.chats().len(), answered);
    drop(server);

    // Room again: what was spent is known, at most one call of it as a hold.
    let mut server = ground.server();
    sql(&ground, "UPDATE reservation SET lease_ms = 1 WHERE state = 'open'");
    assert_eq!(route(&mut server)["status"], "success");
    let (charged, held) = day(&ground);
    let least = 30 * i64::try_from(answered + 1).unwrap();
    assert!(held == 0 && charged >= least && charged <= least + WORST, "{answered} answered, {charged} charged");
    ground.audit();
}
