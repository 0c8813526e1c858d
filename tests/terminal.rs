//! `pointsman route`, `spend`, `pause`, `audit` as a person or a script uses them: answers on stdout,
//! everything about them on stderr, exit codes that mean something.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use pointsman_practice::{Options, Practice, Script};
use serde_json::Value;
use tempfile::TempDir;

mod support;

struct Room {
    provider: Practice,
    folder: TempDir,
}

struct Said {
    code: Option<i32>,
    out: String,
    err: String,
}

impl Room {
    async fn new() -> Self {
        let provider = Practice::start(Options::default()).await.expect("a port");
        let room = Self { provider, folder: tempfile::tempdir().expect("a folder") };
        std::fs::create_dir(room.home()).expect("a home");
        let policy = pointsman_core::policy::practice_file(&room.provider.base_url());
        std::fs::write(room.home().join("routing.yaml"), policy).expect("a policy");
        room
    }

    fn home(&self) -> PathBuf {
        self.folder.path().join("home")
    }

    fn command(&self, arguments: &[&str]) -> Command {
        command(&self.home(), arguments)
    }

    async fn run(&self, arguments: &[&str], stdin: &str) -> Said {
        let (mut command, stdin) = (self.command(arguments), stdin.to_owned());
        tokio::task::spawn_blocking(move || said(&mut command, &stdin)).await.expect("joined")
    }
}

fn command(home: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pointsman"));
    command.arg("--home").arg(home).args(arguments).env_clear().env("HOME", home).env("PATH", "/usr/bin:/bin");
    command.env("DBUS_SESSION_BUS_ADDRESS", "disabled:");
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn said(command: &mut Command, stdin: &str) -> Said {
    let mut child = command.spawn().expect("it starts");
    // A command that reads nothing may be gone by now.
    let _ = child.stdin.take().expect("stdin").write_all(stdin.as_bytes());
    let output = child.wait_with_output().expect("it ends");
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    Said { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
}

#[tokio::test(flavor = "multi_thread")]
async fn models_and_estimates_need_no_key_and_ask_nobody() {
    let room = Room::new().await;
    let models = room.run(&["models", "--provider", "openai"], "").await;
    assert_eq!(models.code, Some(0), "{}", models.err);
    let sol = models.out.lines().find(|line| line.starts_with("openai/gpt-6-sol ")).expect("a line of it");
    assert!(sol.contains("$2") && sol.contains("$10") && sol.contains("listed 2026-10-30"), "{sol}");
    assert!(sol.ends_with("no [1]"), "there is no key for it: {sol}");
    assert!(models.out.contains("List prices are those of genai-prices 0.2.1 of 2026-10-30."), "{}", models.out);
    let estimate = room.run(&["estimate", "-", "--models", "practice/gpt-5,openai/gpt-6-sol", "--json"], "Hello").await;
    assert_eq!(estimate.code, Some(0), "{}", estimate.err);
    let estimate: Value = serde_json::from_str(&estimate.out).expect("JSON");
    let sent: Vec<_> =
        estimate["models"].as_array().expect("models").iter().map(|line| &line["would_be_sent"]).collect();
    assert_eq!(sent.len(), 2, "{estimate}");
    let unknown = room.run(&["models", "--provider", "opnai"], "").await;
    assert_eq!((unknown.code, unknown.err.contains("Did you mean openai?")), (Some(1), true), "{}", unknown.err);
    let nothing = room.run(&["estimate"], "").await;
    assert_eq!(nothing.code, Some(2), "{}", nothing.err);
    assert!(room.provider.received().is_empty(), "nobody was asked");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pipe_gets_the_answer_alone_and_the_person_what_it_cost_and_why() {
    let room = Room::new().await;
    room.provider.default_script(Script::text("Points are set."));
    for (arguments, stdin) in [
        (&["route", "summarize", "Summarize: points."][..], ""),
        (&["route", "summarize", "-"], "Summarize: points."),
        (&["route", "summarize"], "Summarize: points.\n"),
        (&["route", "summarize", "--stream", "Summarize: points."], ""),
    ] {
        let said = room.run(arguments, stdin).await;
        assert_eq!((said.code, said.out.as_str()), (Some(0), "Points are set.\n"), "{arguments:?} {}", said.err);
        for part in ["practice/gpt-5-mini · $0.0", "tokens", "Class summarize: the first choice is"] {
            assert!(said.err.contains(part), "{part}: {}", said.err);
        }
    }
    assert_eq!(room.provider.chats().len(), 4);
    let prompts: Vec<_> =
        room.provider.chats().iter().map(|chat| chat.json()["messages"][0]["content"].clone()).collect();
    assert!(
        prompts.iter().all(|prompt| prompt.as_str().is_some_and(|text| text.starts_with("Summarize: points."))),
        "{prompts:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn json_is_the_envelope_and_a_denial_is_exit_code_1() {
    let room = Room::new().await;
    let said = room.run(&["route", "summarize", "Hello", "--json"], "").await;
    let envelope: Value = serde_json::from_str(&said.out).expect("JSON");
    assert_eq!((said.code, &envelope["status"]), (Some(0), &Value::from("success")), "{envelope}");
    let said = room.run(&["route", "huge", "Hello", "--json"], "").await;
    let envelope: Value = serde_json::from_str(&said.out).expect("JSON");
    assert_eq!((said.code, &envelope["code"]), (Some(1), &Value::from("cap_exceeded")), "{envelope}");
    let said = room.run(&["route", "sumarize", "Hello"], "").await;
    assert_eq!((said.code, said.out.as_str()), (Some(1), ""), "{}", said.err);
    assert!(said.err.contains("summarize") && said.err.contains("(invalid_request)"), "{}", said.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_understood_is_exit_code_2_and_sends_nothing() {
    let room = Room::new().await;
    for arguments in [
        &["rout"][..],
        &["route"],
        &["route", "summarize", "x", "--max-tokens", "0"],
        &["route", "summarize", "x", "--json", "--stream"],
        &["route", "summarize"],
        &["spend", "--by", "colour"],
        &["mcp", "--client", "no spaces"],
    ] {
        let said = room.run(arguments, "").await;
        assert_eq!((said.code, said.out.as_str()), (Some(2), ""), "{arguments:?}: {}", said.err);
        assert!(!said.err.is_empty(), "{arguments:?}");
    }
    assert_eq!(room.provider.received().len(), 0);
    let help = room.run(&["--help"], "").await;
    assert!(help.out.starts_with("Routes prompts to models within the caps you set\n"), "{}", help.out);
    assert!(!help.out.contains("practice-server"), "{}", help.out);
}

#[tokio::test(flavor = "multi_thread")]
async fn spend_adds_up_and_the_books_agree() {
    let room = Room::new().await;
    let mut sum = pointsman_core::money::MicroUsd::ZERO;
    for class in ["summarize", "code_review", "summarize"] {
        let said = room.run(&["route", class, "Hello", "--json"], "").await;
        let envelope: Value = serde_json::from_str(&said.out).expect("JSON");
        let cost = envelope["meta"]["cost_usd"].to_string();
        sum = sum.plus(pointsman_core::money::MicroUsd::parse(&cost).expect("an amount"));
    }
    let report: Value =
        serde_json::from_str(&room.run(&["spend", "--json", "--by", "class"], "").await.out).expect("JSON");
    assert_eq!(report["total_usd"].to_string(), sum.decimal());
    let table = room.run(&["spend", "--by", "class"], "").await.out;
    for part in ["class", "charged", "code_review", "summarize", "total", &format!("${}", sum.decimal()), "left"] {
        assert!(table.contains(part), "{part}: {table}");
    }
    let wrong = room.run(&["spend", "--from", "someday"], "").await;
    assert_eq!(wrong.code, Some(1));
    assert!(wrong.err.contains("\"someday\" is not a day"), "{}", wrong.err);
    let audit = room.run(&["audit"], "").await;
    assert_eq!((audit.code, audit.out.as_str()), (Some(0), "The books agree.\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pause_refuses_and_a_resume_without_a_keychain_says_how() {
    let room = Room::new().await;
    assert_eq!(room.run(&["pause", "hour"], "").await.code, Some(0));
    let denied = room.run(&["route", "summarize", "Hello"], "").await;
    assert_eq!(denied.code, Some(1));
    assert!(denied.err.contains("Spending is paused until"), "{}", denied.err);
    assert_eq!(room.provider.received().len(), 0, "nothing is sent while paused");
    let resumed = room.run(&["resume"], "").await;
    assert_eq!(resumed.code, Some(1), "{}", resumed.out);
    assert!(resumed.err.contains("keychain") || resumed.err.contains("Keychain"), "{}", resumed.err);
    assert_eq!(room.run(&["route", "summarize", "Hello"], "").await.code, Some(1), "still paused");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_password_store_no_pause_begins_that_could_not_end() {
    let room = Room::new().await;
    let refused = room.run(&["pause", "until-resumed"], "").await;
    assert_eq!((refused.code, refused.out.as_str()), (Some(1), ""), "{}", refused.err);
    for part in ["needs a password store to resume it", "pointsman pause tomorrow", "No password store is running"] {
        assert!(refused.err.contains(part), "{part}: {}", refused.err);
    }
    assert_eq!(room.run(&["route", "summarize", "Hello"], "").await.code, Some(0), "nothing is paused");

    let paused = room.run(&["pause"], "").await;
    assert_eq!(paused.code, Some(0), "{}", paused.err);
    for part in ["paused until tomorrow and goes on then by itself", "No password store is running"] {
        assert!(paused.out.contains(part), "{part}: {}", paused.out);
    }
    let denied = room.run(&["route", "summarize", "Hello"], "").await;
    assert_eq!(denied.code, Some(1));
    assert!(denied.err.contains("Spending is paused until ") && denied.err.contains("00:00"), "{}", denied.err);
}

/// Runs in a session of its own, with a keychain that is nobody's.
#[test]
fn with_a_keychain_a_pause_lasts_until_it_is_resumed() {
    let session = support::Session::start();
    for arguments in [&["pause"][..], &["pause", "until-resumed"]] {
        let paused = session.pointsman(arguments, "");
        assert!(paused.stdout.starts_with("Spending is paused until you resume it."), "{paused:?}");
        let denied = session.pointsman(&["route", "summarize", "Hello"], "");
        assert!(denied.stderr.contains("paused by the user until they resume it"), "{denied:?}");
        assert_eq!(session.pointsman(&["resume"], "").stdout, "Spending is no longer paused.\n");
        let after = session.pointsman(&["route", "summarize", "Hello"], "");
        assert!(!after.stderr.contains("paused"), "every pause has ended: {after:?}");
    }
    // A keychain that is only locked can be unlocked, so what the person asked for holds.
    let locked = support::Session::with(support::Keychain::Locked);
    assert!(locked.pointsman(&["pause"], "").stdout.starts_with("Spending is paused until tomorrow"));
    assert!(
        locked.pointsman(&["pause", "until-resumed"], "").stdout.starts_with("Spending is paused until you resume")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_that_goes_stops_the_call_and_what_was_sent_is_charged() {
    let room = Room::new().await;
    let text: String = (0..4000).map(|n| format!("word{n} ")).collect();
    room.provider.script(Script { pace_ms: 1, stall_after: Some(3000), ..Script::text(text) });
    let mut child = room.command(&["route", "summarize", "--stream", "Tell me."]).spawn().expect("it starts");
    drop(child.stdin.take());
    let mut first = [0; 4];
    child.stdout.take().expect("stdout").read_exact(&mut first).expect("a beginning");
    assert_eq!(&first, b"word");
    let output = tokio::task::spawn_blocking(move || child.wait_with_output()).await.expect("joined").expect("it ends");
    assert!(output.status.success(), "a closed pipe is quiet: {}", String::from_utf8_lossy(&output.stderr));
    room.provider.left(1).await;
    let report: Value = serde_json::from_str(&room.run(&["spend", "--json"], "").await.out).expect("JSON");
    assert_ne!(report["total_usd"], 0, "{report}");
    assert_eq!(report["held_usd"], 0, "{report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_run_writes_the_file_that_teaches_and_says_what_is_next() {
    let folder = tempfile::tempdir().expect("a folder");
    let home = folder.path().join("home");
    let mut first = command(&home, &["route", "summarize", "Hello"]);
    let said = tokio::task::spawn_blocking(move || said(&mut first, "")).await.expect("joined");
    assert_eq!(said.code, Some(1), "there is no key yet: {}", said.err);
    assert!(
        said.err.contains("This is the first run") && said.err.contains("pointsman keys set openai"),
        "{}",
        said.err
    );
    let file = std::fs::read_to_string(home.join("routing.yaml")).expect("written");
    assert_eq!(file, pointsman_core::policy::first_file());
}
