//! Registration in Claude Desktop at the process boundary: the command line against settings files as
//! people really have them, and the command it writes, started as the client starts it.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

const POINTSMAN: &str = env!("CARGO_BIN_EXE_pointsman");
/// A BOM, two kinds of indent, odd spaces, unknown keys, a number spelled in its own way, no last line end.
const ODD: &str = "\u{feff}{\r\n\t\"globalShortcut\" : \"Ctrl+Space\",\r\n  \"mcpServers\":{\"files\":{\"command\":\"npx\",\"env\":{\"KEY\":\"canary-1\"}}},\r\n\t\"preferences\": { \"z\": 1.50e1, \"a\": [ ] }\r\n}";

/// A person with Claude Desktop.
struct Desk(tempfile::TempDir);

impl Desk {
    fn new(config: Option<&str>) -> Self {
        let desk = Self(tempfile::tempdir().unwrap());
        std::fs::create_dir_all(desk.claude()).unwrap();
        if let Some(text) = config {
            std::fs::write(desk.config(), text).unwrap();
        }
        desk
    }

    fn claude(&self) -> PathBuf {
        self.0.path().join("settings/Claude")
    }

    fn config(&self) -> PathBuf {
        self.claude().join("claude_desktop_config.json")
    }

    fn text(&self) -> String {
        std::fs::read_to_string(self.config()).unwrap()
    }

    fn home(&self) -> PathBuf {
        self.0.path().join("home")
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(POINTSMAN);
        command.env_clear().env("HOME", self.0.path()).env("PATH", "/usr/bin:/bin").env("USER", "anna");
        command.env("XDG_CONFIG_HOME", self.0.path().join("settings")).env("DBUS_SESSION_BUS_ADDRESS", "disabled:");
        command.arg("--home").arg(self.home()).args(args);
        command
    }

    fn run(&self, args: &[&str]) -> Ran {
        Ran::of(self.command(args).output().unwrap())
    }

    /// Whether someone's own Claude runs beside the tests must not matter: hence --anyway.
    fn connect(&self) -> Ran {
        self.run(&["connect", "claude-desktop", "--anyway"])
    }

    fn disconnect(&self) -> Ran {
        self.run(&["disconnect", "claude-desktop", "--anyway"])
    }

    /// What doctor says of the client.
    fn finding(&self) -> String {
        let checks: Value = serde_json::from_str(&self.run(&["doctor", "--json"]).out).unwrap();
        let check = checks.as_array().unwrap().iter().find(|check| check["check"] == "Claude Desktop");
        check.unwrap()["sentence"].as_str().unwrap().to_owned()
    }

    fn entry(&self, name: &str) -> Value {
        let text = self.text();
        let value: Value = serde_json::from_str(text.trim_start_matches('\u{feff}')).unwrap();
        value["mcpServers"][name].clone()
    }
}

#[derive(Debug)]
struct Ran {
    works: bool,
    out: String,
    err: String,
}

impl Ran {
    fn of(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Self { works: output.status.success(), out: text(output.stdout), err: text(output.stderr) }
    }

    #[track_caller]
    fn good(self) -> Self {
        assert!(self.works, "{self:?}");
        self
    }

    #[track_caller]
    fn refused(self, says: &str) -> Self {
        assert!(!self.works && self.err.contains(says), "{says:?} in {self:?}");
        self
    }
}

/// Starts an entry as the client does, with next to nothing, and greets it.
fn greet(entry: &Value, person: &Path) -> Value {
    let args: Vec<_> = entry["args"].as_array().unwrap().iter().map(|arg| arg.as_str().unwrap()).collect();
    let mut server = Command::new("env")
        .args(["-i", &format!("HOME={}", person.display()), "PATH=/usr/bin:/bin", "USER=anna"])
        .arg(entry["command"].as_str().unwrap())
        .args(args)
        .current_dir("/")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = server.stdin.take().unwrap();
    let mut output = BufReader::new(server.stdout.take().unwrap());
    let mut ask = |message: Value, answered: bool| {
        writeln!(input, "{message}").unwrap();
        let mut line = String::new();
        if answered {
            output.read_line(&mut line).unwrap();
        }
        serde_json::from_str::<Value>(&line).unwrap_or_default()
    };
    let hello = json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {"protocolVersion": "2025-06-18",
        "capabilities": {}, "clientInfo": {"name": "claude-ai", "version": "0.1.0"}}});
    let answer = ask(hello, true);
    assert!(answer["result"]["serverInfo"]["name"].is_string(), "{answer}");
    ask(json!({"jsonrpc": "2.0", "method": "notifications/initialized"}), false);
    let tools = ask(json!({"jsonrpc": "2.0", "id": 2, "method": "tools/list"}), true);
    drop(input);
    assert!(server.wait().unwrap().success(), "it ends when its input does");
    tools["result"]["tools"].clone()
}

#[test]
fn what_connect_writes_really_answers_and_disconnect_gives_the_bytes_back() {
    let files = [
        ODD,
        "{}",
        "{\n    \"mcpServers\": {}\n}\n",
        "{\n\t\"theme\": \"dark\"\n}",
        "{\"mcpServers\":{\"a\":{\"command\":\"b\"}}}",
        "",
    ];
    for before in files {
        let desk = Desk::new(Some(before));
        let ran = desk.connect().good();
        assert!(
            ran.out.contains("+") && !ran.out.contains("canary"),
            "the diff is shown, secrets are not: {}",
            ran.out
        );
        assert!(ran.out.contains("The command started in"), "it was tried at once: {}", ran.out);
        assert!(desk.finding().contains("has not said hello"), "our own test is no hello");
        let entry = desk.entry("pointsman");
        assert_eq!(entry["command"], json!(desk.home().join("bin/pointsman")));
        assert_eq!(entry.get("env"), None, "nothing is handed over in the environment");
        let tools = greet(&entry, desk.0.path());
        assert!(tools.as_array().unwrap().iter().any(|tool| tool["name"] == "llm_route"), "{tools}");
        assert!(desk.finding().contains("has said hello"), "{}", desk.finding());
        desk.disconnect().good();
        assert_eq!(desk.text(), before);
    }
    let desk = Desk::new(None);
    desk.connect().good();
    greet(&desk.entry("pointsman"), desk.0.path());
    desk.disconnect().good();
    assert!(!desk.config().exists(), "there was no file before");
}

#[test]
fn what_cannot_be_read_is_named_with_its_place_and_left_alone() {
    for (text, says) in [
        ("{\n  \"mcpServers\": {},,\n}", "Line 2, column 20: unexpected `,`"),
        ("{\n  // mine\n}", "Line 2, column 3: a comment"),
        ("{\"mcpServers\": {},}", "a comma with nothing after it"),
        ("{\"mcpServers\": {\"a\": {}, \"a\": {}}}", "a second time"),
        ("{\"mcpServers\": 7}", "must be a list of servers"),
    ] {
        let desk = Desk::new(Some(text));
        desk.connect().refused(says);
        desk.run(&["connect", "claude-desktop", "--replace", "--anyway"]).refused("The file was not changed.");
        assert_eq!(desk.text(), text);
        assert!(desk.finding().contains("cannot be read"), "{}", desk.finding());
        assert!(!desk.home().join("bin").exists(), "nothing was installed either");
    }
}

#[test]
fn a_link_is_written_through_and_a_locked_folder_is_said() {
    let desk = Desk::new(None);
    let real = desk.0.path().join("dotfiles.json");
    std::fs::write(&real, ODD).unwrap();
    std::os::unix::fs::symlink(&real, desk.config()).unwrap();
    desk.connect().good();
    assert!(desk.config().is_symlink() && std::fs::read_to_string(&real).unwrap().contains("pointsman"));
    desk.disconnect().good();
    assert_eq!(std::fs::read_to_string(&real).unwrap(), ODD);

    let desk = Desk::new(Some(ODD));
    std::fs::set_permissions(desk.claude(), PermissionsExt::from_mode(0o555)).unwrap();
    desk.connect().refused("read-only");
    std::fs::set_permissions(desk.claude(), PermissionsExt::from_mode(0o755)).unwrap();
    assert_eq!(desk.text(), ODD);
    assert_eq!(std::fs::read_dir(desk.claude()).unwrap().count(), 1, "nothing is left beside the file");

    std::fs::remove_dir_all(desk.claude()).unwrap();
    desk.connect().refused("Looked in: ~/settings/Claude/claude_desktop_config.json");
    desk.run(&["connect", "claude"]).refused("Known: claude-desktop");
}

#[test]
fn an_entry_of_our_name_that_is_not_ours_is_never_written_over_silently() {
    let theirs = "{\"mcpServers\": {\"pointsman\": {\"command\": \"theirs\", \"env\": {\"K\": \"canary-2\"}}}}";
    let desk = Desk::new(Some(theirs));
    let ran = desk.connect().refused("that is not ours");
    assert!(ran.err.contains("--name pointsman-2") && !ran.err.contains("canary"), "{}", ran.err);
    assert_eq!(desk.text(), theirs);
    desk.run(&["connect", "claude-desktop", "--anyway", "--name", "pointsman-2"]).good();
    assert_eq!(desk.entry("pointsman")["command"], "theirs");
    greet(&desk.entry("pointsman-2"), desk.0.path());
    desk.disconnect().good();
    assert_eq!(desk.text(), theirs);
    let ran = desk.run(&["connect", "claude-desktop", "--anyway", "--replace"]).good();
    assert!(ran.out.contains("The file as it was: ~/home/backups/claude-desktop/"), "{}", ran.out);
    greet(&desk.entry("pointsman"), desk.0.path());
    desk.disconnect().good();
    assert_eq!(desk.text(), theirs, "theirs is back");
    desk.run(&["connect", "claude-desktop", "--anyway", "--name", "a name\n"]).refused("The name cannot be used");
}

#[test]
fn a_dry_run_shows_everything_and_writes_nothing() {
    let desk = Desk::new(Some(ODD));
    let ran = desk.run(&["connect", "claude-desktop", "--dry-run", "--json"]).good();
    let report: Value = serde_json::from_str(&ran.out).unwrap();
    assert!(report["plan"]["added"].as_u64().unwrap() > 0 && report["outcome"].is_null(), "{report}");
    assert!(!ran.out.contains("canary"), "{}", ran.out);
    assert_eq!(desk.text(), ODD);
    assert!(!desk.home().join("bin").exists() && !desk.home().join("backups").exists());
    let ran = desk.run(&["disconnect", "claude-desktop", "--dry-run"]).good();
    assert!(ran.out.contains("nothing to do"), "{}", ran.out);
}

#[test]
fn while_claude_runs_nothing_is_written_unless_asked_for() {
    let desk = Desk::new(Some(ODD));
    let program = desk.0.path().join("claude-desktop");
    std::fs::copy("/bin/sleep", &program).unwrap();
    let mut claude = Command::new(program).arg("600").spawn().unwrap();
    desk.run(&["connect", "claude-desktop"]).refused("Claude is running and would overwrite this.");
    assert_eq!(desk.text(), ODD);
    let ran = desk.connect().good();
    assert!(ran.out.contains("Restart Claude"), "{}", ran.out);
    desk.run(&["disconnect", "claude-desktop"]).refused("Claude is running");
    desk.disconnect().good();
    assert_eq!(desk.text(), ODD);
    claude.kill().unwrap();
    claude.wait().unwrap();
}

#[test]
fn a_wiped_entry_is_told_and_connecting_again_repairs_it() {
    let desk = Desk::new(Some(ODD));
    desk.connect().good();
    std::fs::write(desk.config(), "{\"mcpServers\": {}, \"rewritten\": true}").unwrap();
    assert!(desk.finding().contains("is gone."), "{}", desk.finding());
    desk.connect().good();
    greet(&desk.entry("pointsman"), desk.0.path());
    assert!(desk.finding().contains("has said hello"));
    desk.disconnect().good();
    assert_eq!(desk.text(), "{\"mcpServers\": {}, \"rewritten\": true}");
}

#[test]
fn what_the_person_added_to_our_entry_is_no_fault_and_stays_when_it_is_repaired() {
    let desk = Desk::new(Some(ODD));
    desk.connect().good();
    let home = desk.home().to_string_lossy().into_owned();
    let added = desk
        .text()
        .replace("\"mcp\", ", "\"mcp\", \"--project\", \"work\", ")
        .replace("\"mcp\",\"", "\"mcp\",\"--project\",\"work\",\"");
    let added = added.replace("\"claude-desktop\"]", "\"claude-desktop\"],\"env\":{\"K\":\"canary-3\"}");
    std::fs::write(desk.config(), &added).unwrap();
    assert_eq!(desk.entry("pointsman")["args"][2], "work", "{added}");
    assert!(desk.finding().contains("has not said hello"), "it works: {}", desk.finding());
    greet(&desk.entry("pointsman"), desk.0.path());
    assert!(desk.finding().contains("has said hello"), "{}", desk.finding());
    let ran = desk.connect().good();
    assert!(ran.out.contains("Nothing was changed") && desk.text() == added, "{}", ran.out);

    std::fs::write(desk.config(), added.replace(&home, "/elsewhere").replace("/elsewhere/bin", &format!("{home}/bin")))
        .unwrap();
    assert!(desk.finding().contains("was changed and no longer starts this Pointsman"), "{}", desk.finding());
    let ran = desk.connect().good();
    assert!(!ran.out.contains("canary"), "{}", ran.out);
    assert_eq!(desk.text(), added, "our home is back, and everything else is as it was");
}

/// Acceptance 30: kill -9 while writing leaves old or new, never half.
#[test]
fn a_connect_that_is_killed_leaves_the_old_file_or_the_new_one() {
    let desk = Desk::new(Some(ODD));
    desk.connect().good();
    let connected = desk.text();
    desk.disconnect().good();
    // The second run, with the program installed, is the one to aim at.
    let began = Instant::now();
    desk.connect().good();
    let whole = began.elapsed();
    desk.disconnect().good();
    let mut seen = [0, 0];
    for nth in 0..40 {
        let mut running = desk
            .command(&["connect", "claude-desktop", "--anyway"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let until = Instant::now() + whole.mul_f64(f64::from(nth) / 40.0);
        while Instant::now() < until {
            std::thread::sleep(Duration::from_micros(200));
        }
        running.kill().unwrap();
        running.wait().unwrap();
        let text = desk.text();
        assert!(text == ODD || text == connected, "{nth}: half a file: {text}");
        seen[usize::from(text == connected)] += 1;
        desk.disconnect().good();
        assert_eq!(desk.text(), ODD, "{nth}");
    }
    assert!(seen[0] > 0 && seen[1] > 0, "the kills fell before and after the write: {seen:?}");
    desk.connect().good();
    assert_eq!(std::fs::read_dir(desk.claude()).unwrap().count(), 1, "what killed writes left is cleared away");
}
