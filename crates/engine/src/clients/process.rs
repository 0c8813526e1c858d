//! The client's own program: whether it runs, closing it politely, starting it again. Known by its
//! executable, never by a window's title; never killed.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use pointsman_core::clients::{Client, is_process};
use serde::{Deserialize, Serialize};
use sysinfo::{Pid, ProcessRefreshKind, ProcessesToUpdate, System, UpdateKind};

use super::place::OS;

/// How long a program may take to close, saving its windows and asking its servers to end.
const CLOSE_WAIT: Duration = Duration::from_secs(20);
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// How to start the program again: kept in the ledger, so nothing in it may be a secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Start {
    pub(super) program: PathBuf,
    pub(super) args: Vec<String>,
}

/// The running program.
#[derive(Debug)]
pub(super) struct Running {
    /// Its first process: not those it started itself.
    pub(super) roots: Vec<Pid>,
    pub(super) start: Start,
}

/// Looks for the client's program among this user's processes. Takes milliseconds: off the async
/// threads.
pub(super) fn find(client: &Client) -> Option<Running> {
    let mut system = System::new().ok()?;
    let kind = ProcessRefreshKind::nothing().with_exe(UpdateKind::Always).with_user(UpdateKind::Always).without_tasks();
    system.refresh_processes_specifics(ProcessesToUpdate::All, true, kind);
    let me = system.process(Pid::from_u32(std::process::id())).and_then(|me| me.user_id().cloned());
    let is = |pid: &Pid| {
        system.process(*pid).is_some_and(|process| {
            let exe = process.exe().map(|exe| exe.to_string_lossy().into_owned()).unwrap_or_default();
            process.user_id() == me.as_ref() && is_process(client, OS, exe.trim_end_matches(" (deleted)"))
        })
    };
    let found: Vec<_> = system.processes().keys().copied().filter(is).collect();
    let mut roots: Vec<_> = found
        .iter()
        .copied()
        .filter(|pid| {
            !system.process(*pid).and_then(sysinfo::Process::parent).is_some_and(|parent| found.contains(&parent))
        })
        .collect();
    roots.sort();
    let first = *roots.first()?;
    let more =
        ProcessRefreshKind::nothing().with_cmd(UpdateKind::Always).with_environ(UpdateKind::Always).without_tasks();
    system.refresh_processes_specifics(ProcessesToUpdate::Some(&[first]), false, more);
    let start = start_of(system.process(first)?);
    Some(Running { roots, start })
}

/// An AppImage's own path is gone when it ends; the image names itself in the environment.
fn start_of(process: &sysinfo::Process) -> Start {
    let image = process.environ().iter().find_map(|pair| pair.to_str()?.strip_prefix("APPIMAGE=").map(PathBuf::from));
    let exe = process.exe().map(Path::to_path_buf).unwrap_or_default();
    let args = process.cmd().iter().skip(1).map(|arg| arg.to_string_lossy().into_owned()).filter(|arg| is_switch(arg));
    match image {
        Some(program) => Start { program, args: Vec::new() },
        None => Start { program: exe, args: args.collect() },
    }
}

/// Whether an argument may be remembered: a switch of the program. Anything else may be what it was
/// opened for, such as a link that signs someone in.
pub(super) fn is_switch(arg: &str) -> bool {
    arg.starts_with("--") && !arg.contains("://")
}

/// Asks the program to quit and waits until it is gone. `false`: it is still there.
pub(super) fn close(client: &Client) -> bool {
    let began = Instant::now();
    let mut asked = false;
    while let Some(running) = find(client) {
        if !asked {
            ask_to_quit(client, &running);
            asked = true;
        }
        if began.elapsed() > CLOSE_WAIT {
            return false;
        }
        std::thread::sleep(LOOK_EVERY);
    }
    true
}

#[cfg(target_os = "macos")]
fn ask_to_quit(client: &Client, _running: &Running) {
    let script = format!("tell application \"{}\" to quit", client.short);
    drop(std::process::Command::new("/usr/bin/osascript").args(["-e", &script]).output());
}

#[cfg(windows)]
fn ask_to_quit(_client: &Client, running: &Running) {
    for pid in &running.roots {
        // Without /F: the program is asked, not ended.
        drop(std::process::Command::new("taskkill").args(["/PID", &pid.to_string()]).output());
    }
}

#[cfg(all(unix, not(target_os = "macos")))]
fn ask_to_quit(_client: &Client, running: &Running) {
    let Ok(mut system) = System::new() else { return };
    system.refresh_processes_specifics(
        ProcessesToUpdate::Some(&running.roots),
        false,
        ProcessRefreshKind::nothing().without_tasks(),
    );
    for process in running.roots.iter().filter_map(|pid| system.process(*pid)) {
        process.kill_with(sysinfo::Signal::Term);
    }
}

/// Starts the program so that it outlives this one.
pub(super) fn open(client: &Client, remembered: Option<&Start>) -> std::io::Result<()> {
    let fallback = Start { program: PathBuf::from(client.linux_programs.first().unwrap_or(&"")), args: Vec::new() };
    let start = remembered.unwrap_or(&fallback);
    let mut command = if cfg!(target_os = "macos") {
        let mut command = tokio::process::Command::new("/usr/bin/open");
        command.args(["-a", client.short]);
        command
    } else {
        let mut command = tokio::process::Command::new(&start.program);
        command.args(&start.args);
        command
    };
    command.stdin(std::process::Stdio::null()).stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null());
    #[cfg(unix)]
    command.process_group(0);
    // Dropped without being waited for: the runtime collects it when it ends.
    command.spawn().map(drop)
}
