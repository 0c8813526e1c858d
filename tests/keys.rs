//! Keys from end to end: the real binary, a real GNOME Keyring on a private bus, real HTTP servers.
//! I8 and acceptance 33, 36c: a key is in the keyring and nowhere else, and goes where it was entered
//! for and nowhere else.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "stdio/child.rs"]
mod child;
mod support;

use std::os::unix::net::UnixListener;
use std::process::Command;
use std::time::{Duration, Instant};

use pointsman_engine::view::{Lamp, Running};
use pointsman_engine::{Caller, Gateway, Home};
use pointsman_practice::{Endpoint, Options, Practice, Script};
use serde_json::json;
use support::{Keychain, POINTSMAN, Said, Session, files_with, said};

/// Looks like a key and is found by a plain search.
const CANARY: &str = "sk-proj-CANARY5f0c2e9b7d4a1836a1b2";
const OTHER: &str = "sk-proj-OTHER77c1d2e3f405162738c3d4";

async fn server(key: &str) -> Practice {
    Practice::start(Options { key: Some(key.to_owned()), ..Options::default() }).await.expect("a server")
}

/// A policy with one provider, `here`, at this server.
fn policy(server: &Practice) -> String {
    let url = server.base_url();
    format!(
        "version: \"1\"\ndefaults:\n  summarize: {{provider: here, model: practice-small}}\nproviders:\n  here: {{base_url: \"{url}\"}}\n"
    )
}

fn origin(server: &Practice) -> String {
    format!("http://{}", server.address())
}

/// `pointsman keys …` off the async thread, which the server runs on.
async fn keys(session: &Session, arguments: &[&str], stdin: &str) -> Said {
    let arguments = [&["keys"], arguments].concat();
    tokio::task::block_in_place(|| session.pointsman(&arguments, stdin))
}

async fn set(session: &Session, server: &Practice, key: &str) -> Said {
    keys(session, &["set", "here", "--yes-bind", &origin(server)], &format!("{key}\n")).await
}

#[tokio::test(flavor = "multi_thread")]
async fn i8_a_key_is_in_the_keyring_and_nowhere_else() {
    let (session, server) = (Session::start(), server(CANARY).await);
    session.policy(&policy(&server));

    let stored = set(&session, &server, CANARY).await;
    assert_eq!(stored.code(), 0, "{stored:?}");
    assert!(
        stored.stdout.contains("Stored in GNOME Keyring.") && stored.stdout.contains("accepts the key"),
        "{stored:?}"
    );
    let item = session.looked_up("here").expect("other programs find it under its service and name");
    assert!(item.contains(CANARY) && item.contains(&origin(&server)), "key and origin belong together");

    let mut said_by_all = vec![stored];
    let origin = origin(&server);
    let again = ["set", "here", "--yes-bind", &origin];
    for arguments in [&["list"][..], &["list", "--json"], &["test", "here"], &["test", "here", "--json"], &again] {
        let mut loud = session.command(POINTSMAN);
        loud.arg("keys").args(arguments).env("POINTSMAN_LOG", "trace");
        let said = tokio::task::block_in_place(|| said(&mut loud, CANARY));
        assert_eq!(said.code(), 0, "{said:?}");
        assert!(said.stderr.contains("TRACE"), "the log that must not hold the key is a full one: {said:?}");
        said_by_all.push(said);
    }
    assert!(said_by_all[1].stdout.contains("…a1b2"), "the last four characters name it: {}", said_by_all[1].stdout);
    for said in &said_by_all {
        assert!(!said.all().contains(CANARY), "printed or logged: {said:?}");
        assert!(!said.all().contains(&CANARY[..16]), "printed in part: {said:?}");
    }
    assert_eq!(files_with(session.folder(), CANARY), [] as [&std::path::Path; 0], "in a file");
    assert_eq!(files_with(session.folder(), "CANARY"), [] as [&std::path::Path; 0], "in part in a file");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_old_key_stays_until_the_new_one_works() {
    let (session, server) = (Session::start(), server(CANARY).await);
    session.policy(&policy(&server));
    assert_eq!(set(&session, &server, CANARY).await.code(), 0);

    let refused = set(&session, &server, OTHER).await;
    assert_eq!(refused.code(), 1, "{refused:?}");
    assert!(refused.stderr.contains("not stored") && refused.stderr.contains("The key you had stays."), "{refused:?}");
    assert!(!refused.all().contains("OTHER"), "the refused key is not repeated either: {refused:?}");
    assert!(session.looked_up("here").expect("still there").contains(CANARY));

    let port = server.address();
    server.stop().await;
    let unreachable = keys(&session, &["set", "here", "--yes-bind", &format!("http://{port}")], OTHER).await;
    assert_eq!(unreachable.code(), 1, "{unreachable:?}");
    assert!(session.looked_up("here").expect("still there").contains(CANARY));

    assert_eq!(keys(&session, &["delete", "here"], "").await.code(), 0);
    assert_eq!(session.looked_up("here"), None);
    let again = keys(&session, &["delete", "here"], "").await;
    assert_eq!(again.code(), 1, "{again:?}");
    assert!(again.stderr.contains("There was no key"), "{again:?}");

    let first = keys(&session, &["set", "here", "--yes-bind", &format!("http://{port}")], OTHER).await;
    assert_eq!(first.code(), 0, "a first key is kept although nobody could be asked: {first:?}");
    assert!(first.stdout.contains("could not be reached"), "{first:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn locked_missing_and_empty_are_told_apart() {
    let server = server(CANARY).await;
    let mut session = Session::start();
    session.policy(&policy(&server));

    let empty = keys(&session, &["test", "here"], "").await;
    assert_eq!(empty.code(), 1);
    assert!(empty.stderr.contains("There is no key for here"), "{empty:?}");
    assert_eq!(store(&session).await, "ready");

    assert_eq!(set(&session, &server, CANARY).await.code(), 0);
    let asked = server.received().len();
    session.restart(Keychain::Locked);
    for arguments in [&["test", "here"][..], &["set", "here", "--yes-bind", &origin(&server)], &["delete", "here"]] {
        let locked = keys(&session, arguments, OTHER).await;
        assert_eq!(locked.code(), 1);
        assert!(locked.stderr.contains("The keychain is locked."), "{arguments:?}: {locked:?}");
    }
    assert_eq!(store(&session).await, "locked");
    let list = keys(&session, &["list"], "").await;
    assert!(
        list.stdout.contains("…a1b2") && list.stdout.contains("keychain locked"),
        "which key it is, from the last check: {list:?}"
    );
    assert_eq!(server.received().len(), asked, "nothing is sent while the keychain is locked");

    session.restart(Keychain::NoBus);
    let missing = keys(&session, &["test", "here"], "").await;
    assert_eq!(missing.code(), 1);
    assert!(missing.stderr.contains("No password store is running"), "{missing:?}");
    assert_eq!(store(&session).await, "missing");
    let list = keys(&session, &["list", "--json"], "").await;
    let row = &serde_json::from_str::<serde_json::Value>(&list.stdout).expect("JSON")["rows"][0];
    assert_eq!((&row["state"], &row["last4"]), (&json!("locked"), &json!("a1b2")), "the key is not gone: {row}");
    assert!(row["message"].as_str().is_some_and(|why| why.contains("No password store is running")), "{row}");

    session.restart(Keychain::Unlocked);
    assert_eq!(keys(&session, &["test", "here"], "").await.code(), 0, "nothing was lost");
}

/// In the environment of a test that runs as a process of its own, away from the machine's own bus.
const ALONE: &str = "POINTSMAN_TEST_ALONE";

/// Runs the test of this name again without the machine's session; true in there.
fn alone(name: &str) -> bool {
    if std::env::var_os(ALONE).is_some() {
        return true;
    }
    let mut command = Command::new(std::env::current_exe().expect("a path"));
    command.env_clear().env("PATH", std::env::var_os("PATH").expect("a PATH")).env(ALONE, "1");
    let status = command.args(["--exact", name, "--nocapture"]).status();
    assert!(status.expect("it starts").success(), "{name} failed in a process of its own");
    false
}

/// Tells the home where its keychain is now, as the app does at its start.
fn remember_bus(session: &Session) {
    let remembered = json!({ "items": "", "bus": session.env()["DBUS_SESSION_BUS_ADDRESS"] });
    std::fs::write(session.home().join("keychain.json"), remembered.to_string()).expect("keychain.json");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_status_follows_the_keychain_both_ways() {
    if !alone("the_status_follows_the_keychain_both_ways") {
        return;
    }
    let (mut session, server) = (Session::start(), server(CANARY).await);
    session.policy(&policy(&server));
    assert_eq!(set(&session, &server, CANARY).await.code(), 0);
    let open = |session: &Session| {
        remember_bus(session);
        Gateway::open(Home::at(Some(session.home())).expect("a home"), Caller::app()).expect("a gateway")
    };

    session.restart(Keychain::Locked);
    let gateway = open(&session);
    let status = gateway.status().await.expect("a status");
    assert_eq!((status.running, status.key_problems), (Running::Stopped, 1), "nobody had used a key before");
    let problems = gateway.overview().await.expect("a page").problems;
    assert!(problems.iter().any(|row| row.id == "keychain" && row.lamp == Lamp::Stop), "{problems:?}");

    session.restart(Keychain::Unlocked);
    remember_bus(&session);
    gateway.keychain_look().await;
    let status = gateway.status().await.expect("a status");
    assert_eq!((status.running, status.key_problems), (Running::Running, 0), "unlocked by somebody else");

    session.restart(Keychain::Locked);
    remember_bus(&session);
    gateway.keychain_look().await;
    assert_eq!(gateway.status().await.expect("a status").running, Running::Stopped, "and locked again");

    let local = format!("{}  local: {{base_url: \"{}\", local: true}}\n", policy(&server), server.base_url());
    forget(&session);
    session.policy(&local.replace("providers:", "  ask: {provider: local, model: practice-small}\nproviders:"));
    let status = open(&session).status().await.expect("a status");
    assert_eq!((status.running, status.key_problems), (Running::Attention, 1), "something still works");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_keyring_that_was_never_made_is_locked_not_empty() {
    let session = Session::with(Keychain::Locked);
    assert_eq!(store(&session).await, "locked");
    let set = keys(&session, &["set", "openai"], CANARY).await;
    assert_eq!(set.code(), 1);
    assert!(set.stderr.contains("The keychain is locked."), "{set:?}");
}

async fn store(session: &Session) -> String {
    let list = keys(session, &["list", "--json"], "").await;
    assert_eq!(list.code(), 0, "{list:?}");
    let page: serde_json::Value = serde_json::from_str(&list.stdout).expect("JSON");
    page["store"]["state"].as_str().expect("a state").to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bare_environment_still_finds_the_key() {
    let (session, server) = (Session::start(), server(CANARY).await);
    session.policy(&policy(&server));
    assert_eq!(set(&session, &server, CANARY).await.code(), 0);

    let home = session.home();
    let mut bare = Command::new(POINTSMAN);
    bare.env_clear().envs(session.bare_env()).arg("--home").arg(&home).args(["keys", "test", "here"]);
    let said = tokio::task::block_in_place(|| said(&mut bare, ""));
    assert_eq!(said.code(), 0, "{said:?}");
    let sent = server.received().last().expect("a request").header("authorization").map(str::to_owned);
    assert_eq!(sent, Some(format!("Bearer {CANARY}")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_running_server_uses_the_new_key_and_not_the_deleted_one() {
    let (session, server) = (Session::start(), Practice::start(Options::default()).await.expect("a server"));
    let price = "models:\n  here/practice-small: {price: {input: 1, output: 2}}\n";
    session.policy(&format!("{}{price}", policy(&server)));
    assert_eq!(set(&session, &server, CANARY).await.code(), 0);

    let mut command = Command::new(POINTSMAN);
    command.env_clear().envs(session.bare_env()).arg("--home").arg(session.home()).arg("mcp");
    let mut running = child::Server::spawn(command);
    running.initialize("2025-11-25");
    let mut route = || {
        let arguments = json!({ "task_class": "summarize", "prompt": "hello" });
        tokio::task::block_in_place(|| running.call("llm_route", arguments))["structuredContent"].clone()
    };
    let sent =
        |server: &Practice| server.chats().last().and_then(|chat| chat.header("authorization").map(str::to_owned));

    let answer = route();
    assert_eq!(answer["status"], "success", "{answer}");
    assert_eq!(sent(&server), Some(format!("Bearer {CANARY}")));

    assert_eq!(set(&session, &server, OTHER).await.code(), 0);
    assert_eq!(route()["status"], "success");
    assert_eq!(sent(&server), Some(format!("Bearer {OTHER}")), "a replaced key is used at once");

    server.script(Script::status(401));
    assert_eq!(route()["code"], "auth");
    let list = keys(&session, &["list"], "").await;
    assert!(list.stdout.contains("  refused  "), "a key that fails at work is shown as failing: {list:?}");
    assert_eq!(route()["status"], "success");
    assert!(keys(&session, &["list"], "").await.stdout.contains("  valid  "), "and as working once it works again");

    assert_eq!(keys(&session, &["delete", "here"], "").await.code(), 0);
    let denied = route();
    assert_eq!(denied["code"], "no_key", "{denied}");
    assert_eq!(server.chats().len(), 4, "a deleted key is sent nowhere");

    let (_, status, _, stderr) = tokio::task::block_in_place(|| running.end());
    assert!(status.success());
    assert!(!stderr.contains("CANARY") && !stderr.contains("OTHER"), "{stderr}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_keychain_that_does_not_answer_counts_as_locked_after_five_seconds() {
    let session = Session::start();
    let socket = session.folder().join("silent");
    let _listener = UnixListener::bind(&socket).expect("a socket");
    let mut command = session.command(POINTSMAN);
    command.args(["keys", "test", "openai"]);
    command.env("DBUS_SESSION_BUS_ADDRESS", format!("unix:path={}", socket.display()));
    let begun = Instant::now();
    let silent = tokio::task::block_in_place(|| said(&mut command, ""));
    assert_eq!(silent.code(), 1, "{silent:?}");
    assert!(silent.stderr.contains("did not answer in 5 seconds"), "{silent:?}");
    assert!(begun.elapsed() < Duration::from_secs(12), "one wait, not one for each question: {:?}", begun.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_goes_only_where_it_was_entered_for() {
    let (session, here, there) = (Session::start(), server(CANARY).await, server(CANARY).await);
    session.policy(&policy(&here));
    let unasked = keys(&session, &["set", "here"], CANARY).await;
    assert_eq!(unasked.code(), 1, "{unasked:?}");
    assert!(unasked.stderr.contains(&format!("--yes-bind {}", origin(&here))), "{unasked:?}");
    assert_eq!(here.received().len(), 0, "nothing is sent before the person agreed");
    assert_eq!(set(&session, &here, CANARY).await.code(), 0);

    // The provider moves, and the move is the active policy: without a ledger it is the first file.
    forget(&session);
    session.policy(&policy(&there));
    let moved = keys(&session, &["test", "here"], "").await;
    assert_eq!(moved.code(), 1, "{moved:?}");
    for place in [&here, &there] {
        assert!(moved.stderr.contains(&place.address().to_string()), "the sentence names both places: {moved:?}");
    }
    let list = keys(&session, &["list"], "").await;
    assert!(list.stdout.contains("entered for another place"), "{list:?}");
    let wrong = keys(&session, &["set", "here", "--yes-bind", &origin(&here)], CANARY).await;
    assert_eq!(wrong.code(), 1, "{wrong:?}");
    assert_eq!(there.received().len(), 0, "the other place never heard of the key");

    assert_eq!(set(&session, &there, CANARY).await.code(), 0, "entered again it may go there");
    assert_eq!(keys(&session, &["test", "here"], "").await.code(), 0);
}

/// Removes the ledger: the policy of the next command is the first one there.
fn forget(session: &Session) {
    for name in ["ledger.db", "ledger.db-wal", "ledger.db-shm"] {
        let path = session.home().join(name);
        if path.exists() {
            std::fs::remove_file(path).expect("removed");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redirect_is_not_followed_with_the_key() {
    let (session, here, there) = (Session::start(), server(CANARY).await, server(CANARY).await);
    session.policy(&policy(&here));
    here.default_script(Script::redirect(format!("{}/models", there.base_url())).on(Endpoint::Models));
    let said = set(&session, &here, CANARY).await;
    assert_eq!(said.code(), 0, "{said:?}");
    assert!(said.stdout.contains("redirect") && said.stdout.contains("could not be checked"), "{said:?}");
    assert_eq!(here.received().len(), 1);
    assert_eq!(there.received().len(), 0, "the redirect was followed");
}

#[tokio::test(flavor = "multi_thread")]
async fn homes_do_not_share_keys() {
    let (session, server) = (Session::start(), server(CANARY).await);
    session.policy(&policy(&server));
    assert_eq!(set(&session, &server, CANARY).await.code(), 0);

    let other = session.folder().join("other");
    let other_home = other.to_str().expect("UTF-8");
    assert_eq!(session.pointsman(&["--home", other_home, "spend"], "").code(), 0);
    std::fs::write(other.join("routing.yaml"), policy(&server)).expect("routing.yaml");
    let run = |arguments: &[&str], stdin: &str| {
        let arguments = [&["--home", other_home, "keys"], arguments].concat();
        tokio::task::block_in_place(|| session.pointsman(&arguments, stdin))
    };
    let none = run(&["test", "here"], "");
    assert!(none.stderr.contains("There is no key"), "{none:?}");
    assert_eq!(run(&["set", "here", "--yes-bind", &origin(&server)], CANARY).code(), 0);
    assert_eq!(run(&["delete", "here"], "").code(), 0);
    assert!(session.looked_up("here").is_some(), "deleting it there left the own one alone");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_key_is_refused_before_anything_is_sent() {
    let session = Session::start();
    let typed = keys(&session, &["set", "openai", CANARY], "").await;
    assert_eq!(typed.code(), 2);
    assert!(typed.stderr.contains("not given as an argument") && !typed.all().contains("CANARY"), "{typed:?}");
    for (stdin, why) in [
        ("", "There is no key in it."),
        ("OPENAI_API_KEY=sk-proj-1\nOPENROUTER_API_KEY=sk-or-2\n", "whole .env file"),
        ("sk-or-v1-0123456789", "a key from OpenRouter, not from OpenAI"),
        ("two words", "a space or a line break"),
    ] {
        let refused = keys(&session, &["set", "openai"], stdin).await;
        assert_eq!(refused.code(), 1, "{refused:?}");
        assert!(refused.stderr.contains(why), "{refused:?}");
    }
    let unknown = keys(&session, &["set", "opnai"], CANARY).await;
    assert!(unknown.stderr.contains("Did you mean openai?"), "{unknown:?}");
    let none_needed = keys(&session, &["set", "ollama"], CANARY).await;
    assert!(none_needed.stderr.contains("Ollama needs no key."), "{none_needed:?}");
    assert_eq!(session.looked_up("openai"), None);
}
