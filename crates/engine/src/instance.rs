//! This process as a server: it records that a client greeted it, and when it ends. A ledger that
//! cannot be written does not keep a client from connecting; its calls are refused later, with the
//! reason.

use std::path::Path;

use jiff::Timestamp;
use sysinfo::{Pid, ProcessRefreshKind, ProcessesToUpdate, System, UpdateKind};

use crate::Gateway;
use crate::ledger::instance::{self, Hello};

/// The longest name of a client that is kept, in characters.
const LONGEST: usize = 100;

impl Gateway {
    /// A client greeted this server: Clients turns green by this row.
    pub async fn hello(&self, client_name: &str, client_version: &str) {
        let inner = self.inner();
        let short = |text: &str| text.chars().filter(|c| !c.is_control()).take(LONGEST).collect::<String>();
        let now = Timestamp::now().as_millisecond();
        let mut hello = Hello {
            id: inner.instance.clone(),
            pid: std::process::id(),
            ppid: 0,
            parent_name: String::new(),
            client: inner.caller.client.as_ref().map(ToString::to_string).unwrap_or_default(),
            client_name: short(client_name),
            client_version: short(client_version),
            home: inner.home.path().to_string_lossy().into_owned(),
            probe: inner.caller.probe,
            started_ms: now,
            at_ms: now,
        };
        // Outside the transaction: it reads the process list.
        if let Ok(Some(parent)) = tokio::task::spawn_blocking(parent).await {
            hello.ppid = parent.pid;
            hello.parent_name = parent.name;
            hello.started_ms = parent.child_started_ms.min(now);
        }
        let written = inner.ledger.write(move |tx| instance::hello(tx, &hello)).await;
        if let Err(error) = written {
            tracing::warn!(%error, "the hello was not recorded");
        }
    }

    /// The client hung up.
    pub async fn goodbye(&self) {
        let id = self.inner().instance.clone();
        let now = Timestamp::now().as_millisecond();
        if let Err(error) = self.inner().ledger.write(move |tx| instance::goodbye(tx, &id, now)).await {
            tracing::warn!(%error, "the end of this server was not recorded");
        }
    }
}

struct Parent {
    pid: u32,
    /// The file name of its executable, without `.exe`.
    name: String,
    child_started_ms: i64,
}

/// Who started this process, and when. Reads two processes, not the whole list.
fn parent() -> Option<Parent> {
    let mut system = System::new().ok()?;
    let kind = ProcessRefreshKind::nothing().with_exe(UpdateKind::Always).without_tasks();
    let me = Pid::from_u32(std::process::id());
    system.refresh_processes_specifics(ProcessesToUpdate::Some(&[me]), false, kind);
    let (parent, started) = system.process(me).map(|process| (process.parent(), process.start_time()))?;
    let parent = parent?;
    system.refresh_processes_specifics(ProcessesToUpdate::Some(&[parent]), false, kind);
    let process = system.process(parent);
    let exe = process.and_then(|process| process.exe()).and_then(Path::file_name);
    let name = exe.or_else(|| process.map(sysinfo::Process::name)).unwrap_or_default().to_string_lossy();
    let name = name.trim_end_matches(" (deleted)");
    Some(Parent {
        pid: parent.as_u32(),
        name: name.strip_suffix(".exe").unwrap_or(name).to_owned(),
        child_started_ms: i64::try_from(started).unwrap_or(0).saturating_mul(1000),
    })
}
