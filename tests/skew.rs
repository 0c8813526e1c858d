//! A server that was started before an update, beside today's program on one home: it keeps counting
//! rightly or refuses, and never miscounts. The old one is a real binary, see `tests/skew/README.md`.
#![cfg(all(target_os = "linux", target_arch = "x86_64"))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command as Blocking, Stdio};

use pointsman_practice::{Counts, Options, Practice, Script};
use rmcp::model::CallToolRequestParams;
use rmcp::service::RunningService;
use rmcp::{RoleClient, ServiceExt};
use rusqlite::Connection;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::process::{Child, Command};

const NEW: &str = env!("CARGO_BIN_EXE_pointsman");

struct Room {
    folder: TempDir,
    provider: Practice,
}

struct Server {
    _child: Child,
    client: RunningService<RoleClient, ()>,
}

impl Room {
    async fn new() -> Self {
        let room =
            Self { folder: tempfile::tempdir().unwrap(), provider: Practice::start(Options::default()).await.unwrap() };
        fs::create_dir(room.home()).unwrap();
        fs::set_permissions(room.home(), fs::Permissions::from_mode(0o700)).unwrap();
        // Keys of both versions only; a cap for three calls of 238 µ$.
        let policy = format!(
            "version: '1'\ndefaults:\n  ask: {{ provider: here, model: practice, max_tokens: 100 }}\nproviders:\n  \
             here: {{ wire: openai_chat, base_url: '{}', local: true }}\nmodels:\n  here/practice: {{ price: {{ input: 1, output: 2 }} }}\n\
             caps:\n  - {{ scope: all, window: day, limit_usd: 0.000714 }}\n",
            room.provider.base_url()
        );
        fs::write(room.home().join("routing.yaml"), policy).unwrap();
        room
    }

    fn home(&self) -> PathBuf {
        self.folder.path().join("home")
    }

    /// The program of the first schema, unpacked.
    fn old(&self) -> PathBuf {
        let packed = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/skew/pointsman-v1-x86_64-linux.xz");
        let unpacked = self.folder.path().join("pointsman-v1");
        let xz = Blocking::new("xz").arg("-dc").arg(packed).output().expect("xz is needed: install xz-utils");
        assert!(xz.status.success(), "{}", String::from_utf8_lossy(&xz.stderr));
        fs::write(&unpacked, xz.stdout).unwrap();
        fs::set_permissions(&unpacked, fs::Permissions::from_mode(0o700)).unwrap();
        unpacked
    }

    async fn serve(&self, program: &Path) -> Server {
        let mut child = Command::new(program)
            .args(["mcp", "--home"])
            .arg(self.home())
            .env_clear()
            .env("HOME", self.folder.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let transport = (child.stdout.take().unwrap(), child.stdin.take().unwrap());
        Server { client: ().serve(transport).await.expect("the server says hello"), _child: child }
    }

    fn ledger(&self) -> Connection {
        Connection::open(self.home().join("ledger.db")).unwrap()
    }

    /// Charged and held today.
    fn day(&self) -> (i64, i64) {
        let sql = "SELECT charged_micro, held_micro FROM account WHERE scope = 'all' AND window = 'day'";
        self.ledger().query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?))).unwrap()
    }

    async fn audit(&self) {
        let output = Command::new(NEW).args(["audit", "--home"]).arg(self.home()).output().await.unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    }
}

impl Server {
    async fn ask(&self) -> Value {
        let arguments = json!({"task_class": "ask", "prompt": "hello"}).as_object().cloned().unwrap();
        let call = CallToolRequestParams::new("llm_route").with_arguments(arguments);
        self.client.call_tool(call).await.unwrap().structured_content.expect("an envelope")
    }
}

fn full() -> Script {
    Script::text("yes").usage(Counts { input: 38, output: 100, ..Counts::default() })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_from_before_the_update_refuses_and_what_it_spent_still_counts() {
    let room = Room::new().await;
    room.provider.default_script(full());
    let old = room.serve(&room.old()).await;
    assert_eq!(old.ask().await["status"], "success");
    assert_eq!(room.day(), (238, 0));
    let version =
        |room: &Room| -> i64 { room.ledger().query_row("SELECT version FROM schema", [], |r| r.get(0)).unwrap() };
    assert_eq!(version(&room), 1, "the old program makes an old ledger");

    let new = room.serve(Path::new(NEW)).await;
    assert_eq!(new.ask().await["status"], "success");
    assert!(version(&room) > 1, "today's program has brought it up to date");
    assert_eq!(room.day(), (476, 0), "what the old one spent counts on");

    let refused = old.ask().await;
    assert_eq!(refused["code"], "ledger_unavailable", "{refused}");
    assert_eq!(refused["error"], "Pointsman was updated. Restart Claude to continue.");
    assert_eq!(room.provider.chats().len(), 2, "the old one sent nothing more");
    assert_eq!(new.ask().await["status"], "success", "the third call fits the cap to the last µ$");
    assert_eq!(new.ask().await["code"], "cap_exceeded");
    assert_eq!(room.day(), (714, 0));
    room.audit().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_the_update_overtakes_stays_held_and_becomes_a_charge() {
    let room = Room::new().await;
    room.provider.script(full().held());
    room.provider.default_script(full());
    let old = room.serve(&room.old()).await;
    let under_way = tokio::spawn(async move { (old.ask().await, old) });
    room.provider.arrived(1).await;
    assert_eq!(room.day(), (0, 238));

    let new = room.serve(Path::new(NEW)).await;
    assert_eq!(new.ask().await["status"], "success");
    assert_eq!(room.day(), (238, 238), "the hold of the old one counts on");
    room.provider.release_all();
    let (late, _old) = under_way.await.unwrap();
    let said = late.to_string();
    assert!(said.contains("Pointsman was updated"), "it says that it could not record its cost: {said}");
    assert_eq!(room.day(), (238, 238), "and has written nothing");
    // Time passes: its lease ends.
    room.ledger().execute("UPDATE reservation SET lease_ms = 1 WHERE state = 'open'", []).unwrap();
    assert_eq!(new.ask().await["status"], "success");
    assert_eq!(room.day(), (714, 0), "what was sent is charged at its worst case");
    room.audit().await;
}
