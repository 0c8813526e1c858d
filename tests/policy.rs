//! routing.yaml at the process boundary: what `pointsman policy check` says, and an edit that widens
//! and is activated under a real keychain. Acceptance 36a; activations are signed rows, not claims.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::{Path, PathBuf};
use std::process::Command;

use pointsman_core::money::MicroUsd;
use pointsman_engine::policy_file::Author;
use pointsman_engine::view::{EditValue, PathStep, PolicyEdit, PolicyFileState, SaveState};
use pointsman_engine::{Caller, Gateway, Home};
use pointsman_practice::{Options, Practice};
use rusqlite::Connection;

#[path = "stdio/child.rs"]
mod child;
mod support;

use support::{Keychain, Session};

const BASE: &str = r#"caps:
  - { scope: all, window: day, limit_usd: 2.00 }
defaults:
  ask: { provider: openai, model: small, max_tokens: 1000 }
models:
  openai/small: { tier: L1, price: { input: 1, output: 1 } }
"#;

/// In the environment of a test that runs inside a session: the folder of its home.
const INSIDE: &str = "POINTSMAN_TEST_INSIDE";

/// Runs the test of this name again as a process of a session with an unlocked keychain; the keychain
/// of the machine is never touched. `None` outside, once that is done.
fn inside(name: &str) -> Option<PathBuf> {
    if let Some(home) = std::env::var_os(INSIDE) {
        return Some(PathBuf::from(home));
    }
    let session = Session::start();
    again(&session, name);
    None
}

fn again(session: &Session, name: &str) {
    let mut command = session.command(std::env::current_exe().expect("a path"));
    let status = command.args(["--exact", name, "--nocapture"]).env(INSIDE, session.folder().join("policy")).status();
    assert!(status.expect("it starts").success(), "{name} failed inside the session");
}

fn open(home: &Path) -> Gateway {
    Gateway::open(Home::at(Some(home.to_owned())).expect("a home"), Caller::app()).expect("a gateway")
}

/// What rules, as a caller sees it.
async fn day_cap(gateway: &Gateway) -> Result<String, String> {
    let info = gateway.routing_info().await.map_err(|denial| denial.sentence)?;
    let caps = serde_json::to_value(&info.caps).expect("JSON");
    Ok(caps[0]["limit_usd"].to_string())
}

async fn activate(gateway: &Gateway, text: &str) {
    std::fs::write(gateway.home().policy_path(), text).expect("saved");
    let draft = gateway.draft().await.expect("it waits");
    gateway.draft_activate(&draft.hash).await.expect("activated");
}

#[tokio::test]
async fn an_activation_is_signed_and_a_forged_or_repeated_one_is_not() {
    let Some(home) = inside("an_activation_is_signed_and_a_forged_or_repeated_one_is_not") else { return };
    let gateway = open(&home);
    std::fs::write(gateway.home().policy_path(), BASE).expect("saved");
    assert_eq!(day_cap(&gateway).await.as_deref(), Ok("2"));
    activate(&gateway, &BASE.replace("2.00", "50")).await;
    assert_eq!(day_cap(&gateway).await.as_deref(), Ok("50"));
    assert_eq!(day_cap(&open(&home)).await.as_deref(), Ok("50"), "another process finds the signature good");

    // Back to less, then the signed row is written once more by another program.
    std::fs::write(gateway.home().policy_path(), BASE).expect("saved");
    assert_eq!(day_cap(&gateway).await.as_deref(), Ok("2"));
    let sqlite = Connection::open(gateway.home().ledger_path()).expect("sqlite3");
    let repeated = sqlite.execute(
        "INSERT INTO activation (seq, kind, hash, previous, at_ms, mac) SELECT 4, kind, hash, previous, at_ms, mac FROM activation WHERE kind = 'activated'",
        [],
    );
    assert_eq!(repeated, Ok(1), "any program can write rows");
    let forged = sqlite.execute(
        "INSERT INTO activation (seq, kind, hash, previous, at_ms, mac) SELECT 5, kind, hash, previous, at_ms, x'00' FROM activation WHERE seq = 2",
        [],
    );
    assert_eq!(forged, Ok(1));
    std::fs::write(gateway.home().policy_path(), BASE.replace("2.00", "50")).expect("saved");
    assert_eq!(day_cap(&gateway).await.as_deref(), Ok("2"), "the old yes is not a new one");
    assert_eq!(day_cap(&open(&home)).await.as_deref(), Ok("2"));
    assert_eq!(gateway.draft().await.expect("it waits again").widens, ["The day cap goes from $2.00 to $50.00."]);
}

#[tokio::test]
async fn what_was_saved_in_the_window_is_its_authors_after_the_yes_too() {
    let Some(home) = inside("what_was_saved_in_the_window_is_its_authors_after_the_yes_too") else { return };
    let gateway = open(&home);
    std::fs::write(gateway.home().policy_path(), BASE).expect("saved");
    day_cap(&gateway).await.expect("a policy");
    let limit = ["caps".to_owned(), "0".to_owned(), "limit_usd".to_owned()].map(|step| match step.parse() {
        Ok(at) => PathStep::Index(at),
        Err(_) => PathStep::Key(step),
    });
    let edit = PolicyEdit::Set { path: limit.to_vec(), value: EditValue::Plain { text: "50.00".to_owned() } };
    let saved = gateway.policy_apply(&[edit]).await.expect("written");
    assert_eq!((saved.state, day_cap(&gateway).await.as_deref()), (SaveState::Waits, Ok("2")));
    gateway.draft_activate(&saved.hash).await.expect("activated");
    let other = open(&home);
    assert_eq!(day_cap(&other).await.as_deref(), Ok("50"));
    let page = other.policy_page().await.expect("a page");
    let running = page.running.expect("one rules");
    assert_eq!((page.file, running.author, running.number), (PolicyFileState::Rules, Some(Author::Form), 2));
}

#[tokio::test]
async fn what_was_activated_is_what_later_edits_are_held_against() {
    let Some(home) = inside("what_was_activated_is_what_later_edits_are_held_against") else { return };
    let gateway = open(&home);
    let first = BASE.replace("models:", "  near: { provider: ollama, model: here, max_tokens: 9 }\nmodels:");
    let without = BASE.to_owned();
    let far = first.replace("provider: ollama, model: here", "provider: openai, model: small");
    let rules = async |text: &str| {
        std::fs::write(gateway.home().policy_path(), text).expect("saved");
        gateway.policy_outlook(text).await.expect("told");
        day_cap(&gateway).await.expect("a policy");
        gateway.draft().await.is_none()
    };
    assert!(rules(&first).await && rules(&without).await);
    assert!(!rules(&far).await, "the class was on this machine");
    activate(&gateway, &far).await;
    // The person has said yes to it: taken away and put back it acts, in every process.
    assert!(rules(&without).await && rules(&far).await);
    assert!(open(&home).draft().await.is_none());
}

#[test]
fn without_a_keychain_an_activation_is_neither_given_nor_believed() {
    const NAME: &str = "without_a_keychain_an_activation_is_neither_given_nor_believed";
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let Some(home) = std::env::var_os(INSIDE).map(PathBuf::from) else {
        let mut session = Session::start();
        again(&session, NAME);
        session.restart(Keychain::NoBus);
        again(&session, NAME);
        return;
    };
    runtime.block_on(async {
        let gateway = open(&home);
        if !gateway.home().policy_path().exists() {
            std::fs::write(gateway.home().policy_path(), BASE).expect("saved");
            assert_eq!(day_cap(&gateway).await.as_deref(), Ok("2"));
            activate(&gateway, &BASE.replace("2.00", "50")).await;
            assert_eq!(day_cap(&gateway).await.as_deref(), Ok("50"));
            return;
        }
        // The second time there is no keychain: whether the yes was one cannot be told.
        let why = day_cap(&gateway).await.expect_err("refused");
        assert!(why.starts_with("The activation of routing.yaml cannot be confirmed. No password store"), "{why}");
        // A home of its own works with its first file and narrowing edits; a yes needs a keychain.
        let bare = open(&home.with_extension("bare"));
        std::fs::write(bare.home().policy_path(), BASE).expect("saved");
        assert_eq!(day_cap(&bare).await.as_deref(), Ok("2"));
        std::fs::write(bare.home().policy_path(), BASE.replace("2.00", "1")).expect("saved");
        assert_eq!(day_cap(&bare).await.as_deref(), Ok("1"));
        std::fs::write(bare.home().policy_path(), BASE.replace("2.00", "3")).expect("saved");
        let draft = bare.draft().await.expect("it waits");
        let denial = bare.draft_activate(&draft.hash).await.expect_err("nothing can sign");
        assert!(
            denial.sentence.starts_with("An activation is signed with a key in the keychain. No password store"),
            "{denial}"
        );
        assert_eq!(day_cap(&bare).await.as_deref(), Ok("1"));
    });
}

/// Acceptance 36a, under a running server and with real bytes.
#[test]
fn a_widening_edit_under_a_running_server_does_nothing_and_a_narrowing_one_acts() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let start = || runtime.block_on(Practice::start(Options::default())).expect("a port");
    let (here, elsewhere) = (start(), start());
    let folder = tempfile::tempdir().expect("a folder");
    let home = folder.path().join("home");
    std::fs::create_dir(&home).expect("a home");
    let (file, text) = (home.join("routing.yaml"), pointsman_core::policy::practice_file(&here.base_url()));
    let save = |text: &str| std::fs::write(&file, text).expect("saved");
    save(&text);
    let mut server = child::Server::start(&home);
    server.initialize("2025-11-25");
    let mut route = |prompt: &str| {
        let call = serde_json::json!({ "task_class": "summarize", "prompt": prompt });
        server.call("llm_route", call)["structuredContent"].clone()
    };
    assert_eq!(route("first")["status"], "success");

    // A cap raised, every address exchanged, a restraint dropped.
    let wide = text
        .replace("2.00 }", "500 }")
        .replace(&here.base_url(), &elsewhere.base_url())
        .replace("window: call", "window: flow");
    save(&wide);
    let answer = route("second");
    assert_eq!(answer["status"], "success", "{answer}");
    assert!(answer["meta"]["warnings"].to_string().contains("so it waits"), "the caller is told: {answer}");
    assert_eq!((here.chats().len(), elsewhere.received().len()), (2, 0), "prompts stay where they were allowed to go");

    save(&text.replace("limit_usd: 0.25", "limit_usd: 0.000001"));
    let answer = route("third");
    assert_eq!(answer["code"], "cap_exceeded", "{answer}");

    // A row that another program writes approves nothing.
    save(&wide);
    let sqlite = Connection::open(home.join("ledger.db")).expect("sqlite3");
    assert_eq!(route("again")["code"], "cap_exceeded");
    let newest = "SELECT hash FROM policy_version WHERE text = ?1";
    let hash: String = sqlite.query_row(newest, [&wide], |row| row.get(0)).expect("the text of what waits is kept");
    for kind in ["narrowing", "first", "activated"] {
        let forgery = "INSERT INTO activation (seq, kind, hash, previous, at_ms, mac) SELECT max(seq) + 1, ?1, ?2, hash, 1, zeroblob(32) FROM activation";
        assert_eq!(sqlite.execute(forgery, [kind, hash.as_str()]), Ok(1));
        assert_eq!(route("fourth")["code"], "cap_exceeded", "{kind}");
    }
    assert_eq!((here.chats().len(), elsewhere.received().len()), (2, 0));
    let (_, status, _, _) = server.end();
    assert!(status.success());
    assert_eq!(std::fs::read_to_string(&file).expect("read"), wide, "a server never writes routing.yaml");
}

#[test]
fn policy_check_says_all_problems_and_what_would_happen() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("routing.yaml");
    let check = |more: &[&str]| {
        let mut command = Command::new(support::POINTSMAN);
        command.env_clear().env("HOME", folder.path()).args(["policy", "check"]).args(more);
        let said = support::said(&mut command, "");
        (said.code(), said.stdout.replace(folder.path().to_str().expect("UTF-8"), ""))
    };
    let path = file.to_str().expect("UTF-8");
    std::fs::write(&file, BASE.replace("limit_usd: 2.00", "limt_usd: -1")).expect("saved");
    assert_eq!(
        check(&[path]),
        (
            1,
            "/routing.yaml:2:5: error: caps[0] needs a limit_usd.\n\
             /routing.yaml:2:32: error: \"limt_usd\" is not a key of this place. The nearest is limit_usd.\n\
             Not valid: 2 errors. It is not used; the last good version stays active.\n"
                .to_owned()
        )
    );
    std::fs::write(&file, BASE).expect("saved");
    assert_eq!(check(&[path]), (0, "Valid: 1 class, 1 model, 1 cap.\n".to_owned()));
    assert!(!folder.path().join(".local").exists(), "a check of a file makes no home");

    let home = folder.path().join("home");
    let home = home.to_str().expect("UTF-8");
    assert_eq!(
        check(&["--home", home]),
        (0, "Valid: 3 classes, 5 models, 3 caps. It acts with the next call.\n".to_owned())
    );
    let (code, text) = check(&["--home", home, "--json"]);
    let json: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!((code, &json["valid"], &json["outlook"]), (0, &true.into(), &"acts".into()));
}

/// A person at a terminal: what would happen, without a key, and the way back to an earlier version.
#[test]
fn policy_explains_compares_restores_and_takes_a_profile_at_a_terminal() {
    let folder = tempfile::tempdir().expect("a folder");
    let home = folder.path().join("home");
    std::fs::create_dir(&home).expect("a home");
    let file = home.join("routing.yaml");
    let text = BASE.replace("provider: openai", "provider: near").replace("openai/small", "near/small")
        + "providers:\n  near: { base_url: http://127.0.0.1:9/v1, local: true }\nprofiles:\n  tight: { max_tier: L0 }\n";
    std::fs::write(&file, &text).expect("saved");
    let policy = |more: &[&str]| {
        let mut command = Command::new(support::POINTSMAN);
        let home = home.to_str().expect("UTF-8");
        command.env_clear().env("HOME", folder.path()).args(["--home", home, "policy"]).args(more);
        let said = support::said(&mut command, "");
        (said.code(), said.stdout, said.stderr)
    };
    let (code, out, _) = policy(&["explain", "--class", "ask", "hello"]);
    assert_eq!(
        (code, out.as_str()),
        (
            0,
            "near/small would answer.\n\
             Class ask: the first choice is near/small (L1: as routing.yaml labels it).\n\
             Rule: defaults.ask, line 4 of routing.yaml\n\
             Models, for a prompt of at most 38 tokens:\n  \
             1 near/small: likely $0.0010, at most $0.0010 (L1: as routing.yaml labels it; price: routing.yaml line 6)\n\
             Caps:\n  \
             day cap of $2.00 (line 2): $0.00 used, $0.00 held, $2.00 left; this call may need $0.0010, which fits\n\
             Data policy: No data policy is set.\n\
             Cache: Class ask keeps no answers.\n\
             Nothing was sent and nothing is held.\n"
        )
    );
    assert_eq!(policy(&["profile", "tight"]).0, 0);
    let (code, out, _) = policy(&["explain", "--class", "ask", "--json", "hello"]);
    let json: serde_json::Value = serde_json::from_str(&out).expect("JSON");
    assert_eq!((code, &json["code"], &json["answers"]), (1, &"tier_exceeded".into(), &serde_json::Value::Null));
    assert_eq!(policy(&["profile"]).1, "  none\n* tight\n");
    assert_eq!(policy(&["profile", "none"]).0, 0);

    std::fs::write(&file, text.replace("2.00", "1.00")).expect("saved");
    assert_eq!(policy(&["explain", "hello"]).0, 0, "it narrows, so it acts");
    let versions = policy(&["versions"]).1;
    let first = versions.lines().find(|line| line.contains("  first  ")).expect("the first one is kept");
    let name = first.split_whitespace().next().expect("a name");
    let (_, changed, _) = policy(&["diff", name]);
    assert!(changed.contains("-   - { scope: all, window: day, limit_usd: 2.00 }"), "{changed}");
    let (code, said, _) = policy(&["restore", name]);
    assert!(code == 0 && said.contains("so it waits until you activate it"), "{said}");
    assert_eq!(std::fs::read_to_string(&file).expect("read"), text);
    assert!(policy(&["restore", "nothing"]).2.contains("There is no version"), "a slip says what to do");
}

/// Acceptance 31. `POINTSMAN_UPDATE=1 cargo test --test policy` writes the reference anew.
#[test]
fn the_settings_reference_is_current() {
    use pointsman_core::policy::settings::{SETTINGS, Standing};

    let mut text = String::from(
        "# Settings of routing.yaml\n\n\
         Made from the list the parser reads (`crates/core/src/policy/settings.rs`). `*` is a name you choose, `[]` an item of\n\
         a list. A key that restrains and is not built yet makes what it covers refuse, with its line; one that only prefers is\n\
         told and has no effect.\n\n| key | here | what it does, or why |\n|---|---|---|\n",
    );
    for setting in SETTINGS {
        let here = match setting.standing {
            Standing::Built | Standing::Guard => "works",
            Standing::Refuses => "refuses",
            Standing::Ignored => "no effect",
        };
        text.push_str(&format!("| `{}` | {here} | {} |\n", setting.path, setting.why));
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/settings.md");
    if std::env::var_os("POINTSMAN_UPDATE").is_some() {
        std::fs::write(&path, &text).expect("written");
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(found == text, "docs/settings.md is not what the parser reads; write it with POINTSMAN_UPDATE=1");
}

#[tokio::test]
async fn a_raise_is_signed_and_holds_for_one_cap_and_window() {
    let Some(home) = inside("a_raise_is_signed_and_holds_for_one_cap_and_window") else { return };
    let gateway = open(&home);
    std::fs::write(gateway.home().policy_path(), BASE).expect("saved");
    assert_eq!(day_cap(&gateway).await.as_deref(), Ok("2"));
    let cap = pointsman_core::policy::read(BASE).policy.expect("valid").caps.remove(0);
    let said = gateway.raise_once(&cap.identity(), "", MicroUsd::parse("1.50").expect("money")).await;
    assert_eq!(said.expect("signed"), "$1.50 more until the day ends.");
    for process in [&gateway, &open(&home)] {
        assert_eq!(day_cap(process).await.as_deref(), Ok("3.5"), "every process finds the signature good");
    }

    // Another program may copy the row, also to another window, and write one of its own.
    let sqlite = Connection::open(gateway.home().ledger_path()).expect("sqlite3");
    let columns = "cap, account, window_key, end_ms, amount_micro, at_ms, mac";
    for forged in [
        "cap, account, window_key, end_ms, amount_micro, at_ms, mac",
        "cap, account, window_key, end_ms, amount_micro * 9, at_ms, mac",
        "cap, account, window_key, end_ms, amount_micro, at_ms + 1, mac",
        "cap, account, window_key, end_ms, amount_micro, at_ms, x'00'",
    ] {
        let sql = format!("INSERT INTO exception ({columns}) SELECT {forged} FROM exception ORDER BY id LIMIT 1");
        assert_eq!(sqlite.execute(&sql, []), Ok(1), "any program can write rows");
        assert_eq!(day_cap(&gateway).await.as_deref(), Ok("3.5"), "{forged}");
    }
    assert_eq!(sqlite.execute("UPDATE exception SET window_key = '1999-01-01'", []), Ok(5));
    assert_eq!(day_cap(&gateway).await.as_deref(), Ok("2"), "a raise is for the window it was given in");
}
