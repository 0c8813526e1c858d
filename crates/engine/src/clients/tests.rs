//! Registration on real files, links, processes and a real ledger; only the environment is our own.

use std::io::Write as _;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Command;

use super::steps::Steps;
use super::*;
use crate::ledger::instance::{self, Hello};
use crate::ledger::{change, client as entries};
use crate::view::{ClientCard, ClientState};
use crate::{Caller, Home, Surface};
use pointsman_core::id::ClientId;

const ODD: &str = "\u{feff}{\r\n\t\"globalShortcut\" : \"Ctrl+Space\",\r\n\t\"mcpServers\":{\"files\":{\"command\":\"npx\",\"env\":{\"KEY\":\"canary-7\"}}}, \"n\": 1.50e1}";

struct Desk {
    folder: tempfile::TempDir,
    gateway: Gateway,
    environment: Environment,
}

impl Desk {
    /// A person's folder with Claude's settings folder in it, and a home of ours whose program is a
    /// script that speaks the protocol.
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(folder.path().join(".config/Claude")).unwrap();
        let home = Home::at(Some(folder.path().join("home"))).unwrap();
        std::fs::create_dir_all(home.bin_path().parent().unwrap()).unwrap();
        std::fs::write(home.bin_path(), SERVER).unwrap();
        std::fs::set_permissions(home.bin_path(), PermissionsExt::from_mode(0o700)).unwrap();
        let gateway = Gateway::open(home, Caller::app()).unwrap();
        let person = folder.path().to_string_lossy().into_owned();
        let environment = Environment { variables: [("HOME".to_owned(), person)].into(), os: super::place::OS };
        Self { environment, folder, gateway }
    }

    /// As [`Desk::new`], where Claude keeps two files: the packaged one and the classic one. The paths
    /// are those of Windows; here their separators are part of the names.
    fn with_two_files() -> (Self, [PathBuf; 2]) {
        let mut desk = Self::new();
        let local = desk.folder.path().join("local").to_string_lossy().into_owned();
        let roaming = desk.folder.path().join("roaming").to_string_lossy().into_owned();
        std::fs::create_dir_all(format!(r"{local}\Packages/Claude_pzs8")).unwrap();
        let packaged = format!(r"{local}\Packages\Claude_pzs8\LocalCache\Roaming\Claude\claude_desktop_config.json");
        let classic = format!(r"{roaming}\Claude\claude_desktop_config.json");
        desk.environment.os = plans::Os::Windows;
        desk.environment.variables.extend([("LOCALAPPDATA".into(), local), ("APPDATA".into(), roaming)]);
        (desk, [packaged.into(), classic.into()])
    }

    /// Plans as the window does, then applies what was planned.
    async fn plan_and_connect(&self, replace: Replace) -> (ConnectPlan, ConnectOutcome) {
        let ask = Ask::Connect { name: NAME, replace };
        let plan = self.gateway.plan_in(&self.environment, "claude-desktop", ask).await.unwrap();
        let connecting = self.gateway.connect_in(&self.environment, "claude-desktop", &plan.hash, &plan.asked);
        (plan.clone(), connecting.await.unwrap())
    }

    fn config(&self) -> PathBuf {
        self.folder.path().join(".config/Claude/claude_desktop_config.json")
    }

    fn write(&self, text: &str) {
        std::fs::write(self.config(), text).unwrap();
    }

    fn text(&self) -> String {
        std::fs::read_to_string(self.config()).unwrap()
    }

    async fn steps(&self, ask: Ask<'_>) -> Result<Steps, Denial> {
        self.gateway.steps(&self.environment, "claude-desktop", ask).await
    }

    async fn connect(&self) -> Result<ConnectOutcome, Denial> {
        let steps = self.steps(CONNECT).await?;
        self.gateway.apply_in(&self.environment, steps).await
    }

    async fn disconnect(&self) -> Result<ConnectOutcome, Denial> {
        let steps = self.steps(Ask::Disconnect).await?;
        self.gateway.apply_in(&self.environment, steps).await
    }

    async fn card(&self) -> ClientCard {
        self.gateway.page_in(&self.environment).await.unwrap().clients.remove(0)
    }

    async fn state(&self) -> ClientState {
        self.card().await.state
    }

    fn backups(&self) -> Vec<PathBuf> {
        write::backups(&self.folder.path().join("home/backups/claude-desktop"))
    }
}

const CONNECT: Ask<'static> = Ask::Connect { name: NAME, replace: Replace::No };

const SERVER: &str = r#"#!/bin/sh
read -r hello
[ "$(pwd)" = / ] || exit 3
[ -z "$CARGO_MANIFEST_DIR" ] || exit 4
for last; do :; done
[ "$last" = --probe ] || exit 5
echo '{"jsonrpc":"2.0","method":"notifications/message"}'
echo '{"jsonrpc":"2.0","id":1,"result":{"protocolVersion":"2025-06-18"}}'
read -r ready
read -r list
echo '{"jsonrpc":"2.0","id":2,"result":{"tools":[{"name":"llm_route"},{"name":"spend_report"}]}}'
read -r end
"#;

#[tokio::test]
async fn connect_backs_up_keeps_the_mode_and_disconnect_gives_the_bytes_back() {
    let desk = Desk::new();
    desk.write(ODD);
    std::fs::set_permissions(desk.config(), PermissionsExt::from_mode(0o640)).unwrap();

    let plan = desk.gateway.plan_in(&desk.environment, "claude-desktop", CONNECT).await.unwrap();
    assert_eq!(plan.path, "~/.config/Claude/claude_desktop_config.json");
    assert!(plan.added > 0 && !plan.nothing_to_do && !plan.keeps_secrets, "{plan:?}");
    assert!(!plan.diff.iter().any(|line| line.text.contains("canary")), "other people's secrets are masked");
    assert_eq!(desk.text(), ODD, "a plan writes nothing");

    let done = desk.connect().await.unwrap();
    assert_eq!(done.backup.as_deref(), Some(plan.backup.as_str()), "the backup is where the plan said");
    let backup = desk.backups().remove(0);
    assert_eq!(std::fs::read_to_string(&backup).unwrap(), ODD);
    assert_eq!(backup.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(desk.config().metadata().unwrap().permissions().mode() & 0o777, 0o640);
    assert!(desk.text().contains("canary-7") && desk.text().contains("--client"));
    let left: Vec<_> = std::fs::read_dir(desk.config().parent().unwrap()).unwrap().collect();
    assert_eq!(left.len(), 1, "nothing is left beside the file");

    let again = desk.connect().await.unwrap();
    assert!(again.sentence.contains("already"), "{}", again.sentence);
    desk.disconnect().await.unwrap();
    assert_eq!(desk.text(), ODD);
    assert!(desk.disconnect().await.unwrap().sentence.contains("no entry of ours"));
}

#[tokio::test]
async fn a_file_we_made_goes_and_one_that_changed_since_keeps_the_change() {
    let desk = Desk::new();
    desk.connect().await.unwrap();
    assert!(desk.config().is_file());
    desk.disconnect().await.unwrap();
    assert!(!desk.config().exists(), "there was none before");

    desk.write(ODD);
    desk.connect().await.unwrap();
    desk.write(&desk.text().replace("Ctrl+Space", "Alt+Space"));
    desk.disconnect().await.unwrap();
    assert_eq!(desk.text(), ODD.replace("Ctrl+Space", "Alt+Space"));
}

#[test]
fn an_entry_written_over_ours_still_leads_back_to_the_first_text() {
    let client = known("claude-desktop").unwrap();
    let place = super::place::Place { path: "/p/claude.json".into() };
    let entry =
        |version: &str| plans::Entry { command: "/h/bin/pointsman".into(), args: vec!["mcp".into(), version.into()] };
    let edit = |after: &str, made| plans::Edit {
        name: NAME.into(),
        after: Some(after.into()),
        made,
        nothing_to_do: false,
        taken: None,
        keeps_secrets: false,
    };
    let backup = PathBuf::from("/b/0.json");
    let record = |before: &str, after: &str, version, made, row, backup: &str| {
        let (edit, backup) = (edit(after, made), PathBuf::from(backup));
        super::steps::next_record(client, &place, &entry(version), &edit, Some(before.as_bytes()), row, Some(&backup))
            .unwrap()
    };
    let first = record("text 0", "text 1", "a", plans::Made::Servers, None, "/b/0.json");
    assert_eq!(first.file_hash_before, Some(write::sha256_hex(b"text 0")));

    let second = record("text 1", "text 2", "b", plans::Made::Entry, Some(first.clone()), "/b/1.json");
    assert_eq!(second.backup, Some(backup.to_string_lossy().into_owned()), "the text before any entry of ours");
    assert_eq!((second.file_hash_before.as_ref(), second.made.as_str()), (first.file_hash_before.as_ref(), "servers"));
    assert_eq!(second.file_hash_after, write::sha256_hex(b"text 2"));

    let foreign = record("text 1 changed by Claude", "text 2", "b", plans::Made::Entry, Some(first), "/b/1.json");
    assert_eq!(foreign.file_hash_after, "", "no text to go back to: it has an entry of ours, or who knows");
    assert_eq!(foreign.made, "servers");
}

#[tokio::test]
async fn a_backup_that_was_tampered_with_is_not_restored() {
    let desk = Desk::new();
    desk.write(ODD);
    desk.connect().await.unwrap();
    std::fs::write(desk.backups().remove(0), "{\"mcpServers\":{\"evil\":{}}}").unwrap();
    desk.disconnect().await.unwrap();
    assert_eq!(desk.text(), ODD, "our entry was taken out of the file itself");
}

#[tokio::test]
async fn a_link_is_written_through() {
    let desk = Desk::new();
    let dotfiles = desk.folder.path().join("dotfiles");
    std::fs::create_dir(&dotfiles).unwrap();
    std::fs::write(dotfiles.join("claude.json"), ODD).unwrap();
    std::os::unix::fs::symlink("../../dotfiles/claude.json", desk.config()).unwrap();
    desk.connect().await.unwrap();
    assert!(desk.config().symlink_metadata().unwrap().is_symlink(), "the link stays");
    assert!(std::fs::read_to_string(dotfiles.join("claude.json")).unwrap().contains("pointsman"));
    desk.disconnect().await.unwrap();
    assert_eq!(std::fs::read_to_string(dotfiles.join("claude.json")).unwrap(), ODD);
}

#[tokio::test]
async fn a_file_that_changed_since_the_plan_is_refused_and_left() {
    let desk = Desk::new();
    desk.write(ODD);
    let before = desk.steps(CONNECT).await.unwrap();
    let hash = before.hash();
    let other = ODD.replace("npx", "node");
    desk.write(&other);
    assert_ne!(desk.steps(CONNECT).await.unwrap().hash(), hash, "the plan's name tells");
    let denial = desk.gateway.apply_in(&desk.environment, before).await.unwrap_err();
    assert!(denial.sentence.contains("changed since"), "{denial}");
    assert_eq!(desk.text(), other);
}

#[tokio::test]
async fn what_must_not_be_written_is_not_and_says_why() {
    let desk = Desk::new();
    desk.write(ODD);
    std::fs::set_permissions(desk.config(), PermissionsExt::from_mode(0o444)).unwrap();
    assert_eq!(desk.state().await, ClientState::ReadOnly);
    let denial = desk.connect().await.unwrap_err();
    assert!(denial.sentence.contains("read-only"), "{denial}");
    std::fs::set_permissions(desk.config(), PermissionsExt::from_mode(0o644)).unwrap();
    std::fs::set_permissions(desk.config().parent().unwrap(), PermissionsExt::from_mode(0o555)).unwrap();
    assert!(desk.connect().await.unwrap_err().sentence.contains("read-only"));
    std::fs::set_permissions(desk.config().parent().unwrap(), PermissionsExt::from_mode(0o755)).unwrap();
    assert_eq!(desk.text(), ODD);

    desk.write("{\n  \"mcpServers\": {},,\n  \"token\": \"canary-8\"\n}");
    let denial = desk.connect().await.unwrap_err();
    assert!(denial.sentence.contains("Line 2, column 20: unexpected `,`"), "{denial}");
    let card = desk.card().await;
    assert_eq!(card.state, ClientState::Unreadable);
    let error = card.error.unwrap();
    assert_eq!((error.line, error.first_line, error.lines.len()), (2, 1, 4));
    assert!(!error.lines.concat().contains("canary"), "{:?}", error.lines);
    assert!(desk.text().contains(",,"), "untouched");

    std::fs::remove_dir_all(desk.config().parent().unwrap()).unwrap();
    assert_eq!(desk.state().await, ClientState::NotInstalled);
    let denial = desk.connect().await.unwrap_err();
    assert!(denial.sentence.contains("Looked in: ~/.config/Claude/claude_desktop_config.json"), "{denial}");
    assert!(!desk.config().parent().unwrap().exists(), "no folder is made for a client that is not there");
}

fn hello(desk: &Desk, change: impl FnOnce(&mut Hello)) -> Hello {
    let now = jiff::Timestamp::now().as_millisecond();
    let mut hello = Hello {
        id: crate::fresh_id("i"),
        pid: 7,
        ppid: 8,
        parent_name: "claude-desktop".into(),
        client: "claude-desktop".into(),
        client_name: "claude-ai".into(),
        client_version: "1".into(),
        home: desk.gateway.home().path().to_string_lossy().into_owned(),
        probe: false,
        started_ms: now,
        at_ms: now,
    };
    change(&mut hello);
    hello
}

#[tokio::test]
async fn only_a_hello_of_the_client_itself_since_the_write_turns_it_green() {
    let desk = Desk::new();
    let ledger = &desk.gateway.inner().ledger;
    assert_eq!(desk.state().await, ClientState::NotConnected);
    let early = hello(&desk, |_| {});
    ledger.write(move |tx| instance::hello(tx, &early)).await.unwrap();
    while jiff::Timestamp::now().as_millisecond()
        <= ledger.read(|c| Ok(c.query_row("SELECT max(hello_ms) FROM instance", [], |r| r.get(0))?)).await.unwrap()
    {
        tokio::task::yield_now().await;
    }
    desk.connect().await.unwrap();
    assert_eq!(desk.state().await, ClientState::Waiting, "a hello before the write proves nothing");

    let false_signs = [
        hello(&desk, |hello| hello.probe = true),
        hello(&desk, |hello| hello.client = String::new()),
        hello(&desk, |hello| hello.client = "cursor".into()),
        hello(&desk, |hello| hello.parent_name = "pointsman-app".into()),
        hello(&desk, |hello| hello.home = "/elsewhere".into()),
        hello(&desk, |hello| hello.started_ms -= 60_000),
    ];
    for sign in false_signs {
        let shown = format!("{sign:?}");
        ledger.write(move |tx| instance::hello(tx, &sign)).await.unwrap();
        assert_eq!(desk.state().await, ClientState::Waiting, "{shown}");
    }

    // The real way in, by this very process as the server.
    let client = Some(ClientId::parse("claude-desktop").unwrap());
    let caller = Caller { surface: Surface::Mcp, client, project: None, probe: false };
    let server = Gateway::open(desk.gateway.home().clone(), caller).unwrap();
    let (id, written) = (server.inner().instance.clone(), jiff::Timestamp::now().as_millisecond());
    // It was started before the write; say so, as a server started now would be.
    server.hello("claude-ai", "1.0").await;
    let own = id.clone();
    ledger
        .write(move |tx| {
            Ok(tx.execute("UPDATE instance SET started_ms = ?2 WHERE id = ?1", rusqlite::params![own, written])?)
        })
        .await
        .unwrap();
    let card = desk.card().await;
    assert_eq!(card.state, ClientState::Connected);
    assert!(card.hello_ms.is_some() && card.entry.unwrap().contains("--home"));
    let (pid, parent, ended): (u32, String, Option<i64>) = ledger
        .read(move |c| {
            Ok(c.query_row("SELECT pid, parent_name, ended_ms FROM instance WHERE id = ?1", [id], |r| {
                Ok((r.get(0)?, r.get(1)?, r.get(2)?))
            })?)
        })
        .await
        .unwrap();
    assert_eq!((pid, ended), (std::process::id(), None));
    assert!(!parent.is_empty(), "who started us is known");
    server.goodbye().await;
    assert_eq!(desk.state().await, ClientState::Connected, "a client that was closed stays connected");
}

#[tokio::test]
async fn a_wiped_or_changed_entry_is_noticed_once_and_repaired() {
    let desk = Desk::new();
    desk.write(ODD);
    desk.connect().await.unwrap();
    let ledger = &desk.gateway.inner().ledger;
    let cursor = || async { ledger.read(|c| change::after(c, 0)).await.unwrap().0 };
    let trouble = || async { ledger.read(|c| entries::of(c, "claude-desktop")).await.unwrap().remove(0).trouble };
    let quiet = cursor().await;
    desk.gateway.watch_in(&desk.environment).await.unwrap();
    assert_eq!((cursor().await, trouble().await.as_str()), (quiet, ""));

    for wiped in [ODD.to_owned(), desk.text().replace("--client", "--clients")] {
        desk.write(&wiped);
        assert_eq!(desk.state().await, ClientState::Drifted);
        desk.gateway.watch_in(&desk.environment).await.unwrap();
        let told = cursor().await;
        assert!(told > quiet, "windows hear of it");
        assert_eq!(trouble().await, "drifted");
        desk.gateway.watch_in(&desk.environment).await.unwrap();
        assert_eq!(cursor().await, told, "once");
        desk.connect().await.unwrap();
        assert_eq!(desk.state().await, ClientState::Waiting, "repaired");
    }
    let whole = desk.text();
    desk.write(&whole[..whole.len() - 1]);
    desk.gateway.watch_in(&desk.environment).await.unwrap();
    assert_eq!(trouble().await, "unreadable");
    desk.write(&whole);
    desk.gateway.watch_in(&desk.environment).await.unwrap();
    assert_eq!(trouble().await, "");
    desk.disconnect().await.unwrap();
    assert_eq!(desk.text(), ODD);
}

#[tokio::test]
async fn an_entry_that_was_extended_is_ours_and_one_that_leads_elsewhere_is_said_to_be_changed() {
    let desk = Desk::new();
    desk.write(ODD);
    desk.connect().await.unwrap();
    let ours = desk.text();
    let extended = ours.replace("\"mcp\",", "\"mcp\",\"--project\",\"work\",").replace("\"pointsman\":", "\"pm\":");
    let extended = extended.replace("\"claude-desktop\"]", "\"claude-desktop\"],\"env\":{\"K\":\"canary-8\"}");
    assert!(extended.contains("work") && extended.contains("canary-8") && extended.contains("pm"), "{extended}");
    desk.write(&extended);
    assert_eq!(desk.state().await, ClientState::Waiting);
    desk.gateway.watch_in(&desk.environment).await.unwrap();
    let record =
        || async { desk.gateway.records(known("claude-desktop").unwrap()).await.unwrap().pop_first().unwrap().1 };
    let before = record().await;
    assert_eq!(before.trouble, "");
    desk.connect().await.unwrap();
    assert_eq!(desk.text(), extended, "nothing to do");
    assert_eq!(record().await, entries::Row { name: "pm".into(), ..before }, "no hello is asked for anew");

    let problem = || async {
        let standing = desk.gateway.standing(&desk.environment, known("claude-desktop").unwrap()).await.unwrap();
        page::problem(&desk.environment, &standing).unwrap().title
    };
    let home = desk.gateway.home().path().to_string_lossy().into_owned();
    desk.write(&extended.replace(&format!("\"{home}\""), "\"/elsewhere\""));
    let card = desk.card().await;
    assert_eq!(card.state, ClientState::Drifted);
    assert!(card.entry.is_some_and(|entry| entry.contains("/elsewhere") && !entry.contains("canary")));
    assert_eq!(problem().await, "Our entry in Claude Desktop was changed");
    let plan = desk.gateway.plan_in(&desk.environment, "claude-desktop", CONNECT).await.unwrap();
    assert!(plan.keeps_secrets && !plan.diff.iter().any(|line| line.text.contains("canary")), "{plan:?}");
    desk.connect().await.unwrap();
    assert_eq!(desk.text(), extended, "repaired, and what was added is still there");

    desk.write(ODD);
    assert_eq!((desk.state().await, desk.card().await.entry), (ClientState::Drifted, None));
    assert_eq!(problem().await, "Our entry in Claude Desktop is gone");
}

#[tokio::test]
async fn two_files_in_which_our_entry_has_two_names_are_both_connected() {
    let theirs = r#"{"mcpServers":{"pointsman":{"command":"theirs","env":{"K":"canary-9"}}}}"#;
    let names = |path: &PathBuf| -> Vec<String> {
        let value: serde_json::Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
        value["mcpServers"].as_object().unwrap().keys().cloned().collect()
    };
    // Connected as pointsman-2 in the first, and the second file is new.
    let (desk, [packaged, classic]) = Desk::with_two_files();
    std::fs::write(&packaged, theirs).unwrap();
    std::fs::write(&classic, theirs).unwrap();
    let (plan, done) = desk.plan_and_connect(Replace::No).await;
    assert_eq!((plan.asked.as_str(), plan.name.as_str()), ("pointsman", "pointsman-2"));
    assert!(done.sentence.contains("the entry `pointsman-2` now"), "{}", done.sentence);
    std::fs::remove_file(&classic).unwrap();
    let (plan, done) = desk.plan_and_connect(Replace::No).await;
    assert_eq!(
        (plan.name.as_str(), plan.taken, plan.backup.as_str()),
        ("pointsman", None, ""),
        "the file that changes"
    );
    assert!(done.sentence.contains("the entries `pointsman-2` and `pointsman` now"), "{}", done.sentence);
    assert_eq!(names(&packaged), ["pointsman", "pointsman-2"]);
    assert_eq!(names(&classic), ["pointsman"]);
    desk.disconnect().await.unwrap();
    assert_eq!(std::fs::read_to_string(&packaged).unwrap(), theirs);

    // The name is taken in the second only: the question is about that one, and both answers work.
    for (replace, second) in [(Replace::No, ["pointsman", "pointsman-2"].as_slice()), (Replace::Yes, &["pointsman"])] {
        let (desk, [packaged, classic]) = Desk::with_two_files();
        std::fs::write(&classic, theirs).unwrap();
        let (plan, _) = desk.plan_and_connect(replace).await;
        assert_eq!(plan.taken.is_some(), replace == Replace::No);
        if let Some(shown) = plan.taken {
            assert!(plan.name == "pointsman-2" && shown.contains("theirs"), "{} {shown}", plan.name);
        }
        assert!(!plan.diff.iter().any(|line| line.text.contains("canary")), "{:?}", plan.diff);
        assert!(!plan.backup.is_empty(), "the second file was there");
        assert_eq!(names(&packaged), ["pointsman"]);
        assert_eq!(names(&classic), second);
        desk.disconnect().await.unwrap();
        assert!(!packaged.exists() && std::fs::read_to_string(&classic).unwrap() == theirs);
    }
}

#[tokio::test]
async fn the_registered_command_is_started_with_next_to_nothing_and_lists_its_tools() {
    let desk = Desk::new();
    desk.connect().await.unwrap();
    let client = known("claude-desktop").unwrap();
    let entry = desk.gateway.written_entry(&desk.environment, client).await.unwrap().unwrap();
    let answer = probe::run(&entry).await.unwrap();
    assert_eq!(
        (answer.tools.as_slice(), answer.ended),
        (["llm_route".to_owned(), "spend_report".to_owned()].as_slice(), true)
    );

    let broken = |script: &str| {
        let path = desk.folder.path().join("broken");
        std::fs::write(&path, script).unwrap();
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o700)).unwrap();
        plans::Entry { command: path.to_string_lossy().into_owned(), args: Vec::new() }
    };
    let gone = plans::Entry { command: "/nowhere/pointsman".into(), args: Vec::new() };
    assert!(probe::run(&gone).await.unwrap_err().contains("cannot be started"));
    let said = probe::run(&broken("#!/bin/sh\necho 'no home' >&2\n")).await.unwrap_err();
    assert!(said.contains("ended before it answered") && said.ends_with("It said: no home"), "{said}");
    let noisy = probe::run(&broken("#!/bin/sh\nread x\necho hello\nread y\n")).await.unwrap_err();
    assert!(noisy.contains("not its protocol"), "{noisy}");
}

#[tokio::test]
async fn the_clients_program_is_found_by_its_executable_and_closed_politely() {
    // A name of its own: this test must not close the Claude of whoever runs it.
    static ROW: Client = Client { linux_programs: &["pointsman-test-client"], ..plans::CLIENTS[0] };
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("pointsman-test-client");
    // It runs on whatever else it is told, and with the switch alone.
    std::fs::copy("/usr/bin/tail", &program).unwrap();
    let mut fake = Command::new(&program)
        .args(["--follow", "--retry", "claude://login?token=canary-1", "canary-2"])
        .stdin(std::process::Stdio::null())
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let running = process::find(&ROW).expect("it runs");
    assert_eq!(running.roots.iter().map(|pid| pid.as_u32()).collect::<Vec<_>>(), [fake.id()]);
    let switches = ["--follow", "--retry"].map(String::from).to_vec();
    assert_eq!(running.start, process::Start { program: program.clone(), args: switches });
    assert!(!process::is_switch("--open=claude://login?token=canary-3") && !process::is_switch("-canary-4"));
    let desk = Desk::new();
    let closed = desk.gateway.close(&ROW).await.unwrap();
    assert!(closed.done, "{}", closed.sentence);
    let kept = desk.gateway.inner().ledger.read(|c| setting::get(c, &start_setting(&ROW))).await.unwrap().unwrap();
    assert!(kept.contains("--follow") && !kept.contains("canary"), "{kept}");
    let status = fake.wait().unwrap();
    assert_eq!(std::os::unix::process::ExitStatusExt::signal(&status), Some(15), "asked, not killed");

    assert!(desk.gateway.reopen(&ROW).await.unwrap().done);
    let again = process::find(&ROW).expect("it runs again");
    assert_eq!(again.start.program, program, "from where it was");
    assert!(desk.gateway.close(&ROW).await.unwrap().done);
    assert!(process::find(&ROW).is_none());
}

#[tokio::test]
async fn twenty_backups_are_kept_and_the_one_disconnect_needs_among_them() {
    let desk = Desk::new();
    // Of this text only the backup gives the bytes back.
    let before = "{ \"mcpServers\": { } }";
    desk.write(before);
    desk.connect().await.unwrap();
    let needed = desk.backups().remove(0);
    let folder = needed.parent().unwrap().to_owned();
    for nth in 0..30 {
        let path = desk.folder.path().join(format!("other{nth}.json"));
        let mut file = std::fs::File::create(&path).unwrap();
        write!(file, "{nth}").unwrap();
        // Later than the first, whatever the clock's grain.
        file.set_modified(std::time::SystemTime::now() + std::time::Duration::from_secs(60 + nth)).unwrap();
        write::replace(&path, Some(nth.to_string().as_bytes()), Some(b"new"), &folder, std::slice::from_ref(&needed))
            .unwrap();
    }
    assert_eq!(desk.backups().len(), 20);
    desk.disconnect().await.unwrap();
    assert_eq!(desk.text(), before);
}

/// One thread swaps two texts as fast as it can; a reader never sees anything else.
#[test]
fn whoever_reads_sees_the_old_text_or_the_new_one() {
    let folder = tempfile::tempdir().unwrap();
    let (path, backups) = (folder.path().join("config.json"), folder.path().join("backups"));
    let texts = [vec![b'a'; 200_000], vec![b'b'; 300_000]];
    std::fs::write(&path, &texts[0]).unwrap();
    std::fs::write(folder.path().join(".pointsman-killed.tmp"), "half").unwrap();
    let is_whole = || {
        let seen = std::fs::read(&path).unwrap();
        texts.contains(&seen)
    };
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| {
            for turn in 0..60 {
                let (old, new) = (&texts[turn % 2], &texts[(turn + 1) % 2]);
                write::replace(&path, Some(old), Some(new), &backups, &[]).unwrap();
            }
        });
        while !writer.is_finished() {
            assert!(is_whole(), "a half text was seen");
        }
    });
    assert!(!folder.path().join(".pointsman-killed.tmp").exists(), "what a killed write left is cleared away");
}
