//! A desktop session of its own for a test: a private bus, a private keyring, private folders. Nothing
//! of the machine's real session is read or written, and everything ends with the value.
#![allow(dead_code, unreachable_pub)]

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};

use tempfile::TempDir;

/// The headless binary.
pub const POINTSMAN: &str = env!("CARGO_BIN_EXE_pointsman");

/// What the session's keychain is like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keychain {
    /// GNOME Keyring, unlocked.
    Unlocked,
    /// GNOME Keyring, started by the first question, locked.
    Locked,
    /// No bus at all.
    NoBus,
}

/// A session. Dropping it ends its bus, and with the bus its keyring, also when the test panics or its
/// process is killed: the bus lives as long as a pipe that this process holds.
pub struct Session {
    folder: TempDir,
    env: BTreeMap<String, String>,
    bus: Option<Child>,
}

/// What a command said.
#[derive(Debug)]
pub struct Said {
    pub status: ExitStatus,
    pub stdout: String,
    pub stderr: String,
}

impl Said {
    /// Its exit code.
    pub fn code(&self) -> i32 {
        self.status.code().unwrap_or(-1)
    }

    /// Everything it printed.
    pub fn all(&self) -> String {
        format!("{}{}", self.stdout, self.stderr)
    }
}

impl Session {
    /// With an unlocked keyring.
    pub fn start() -> Self {
        Self::with(Keychain::Unlocked)
    }

    /// With another keychain, or none.
    pub fn with(keychain: Keychain) -> Self {
        let folder = tempfile::Builder::new().prefix("pm-").tempdir().expect("a folder");
        let mut env = BTreeMap::new();
        let mut set = |name: &str, value: String| drop(env.insert(name.to_owned(), value));
        for (name, below) in [
            ("HOME", "home"),
            ("XDG_RUNTIME_DIR", "run"),
            ("XDG_DATA_HOME", "home/.local/share"),
            ("XDG_CONFIG_HOME", "home/.config"),
            ("XDG_CACHE_HOME", "home/.cache"),
            ("XDG_STATE_HOME", "home/.local/state"),
        ] {
            let path = folder.path().join(below);
            private(&path);
            set(name, path.to_str().expect("UTF-8").to_owned());
        }
        set("PATH", std::env::var("PATH").expect("a PATH"));
        set("USER", "tester".to_owned());
        set("LANG", "C.UTF-8".to_owned());
        let mut session = Self { folder, env, bus: None };
        session.restart(keychain);
        session
    }

    /// Ends the bus and the keyring and starts new ones, as after logging out and in. Files stay.
    pub fn restart(&mut self, keychain: Keychain) {
        self.end();
        if keychain == Keychain::NoBus {
            self.env.insert("DBUS_SESSION_BUS_ADDRESS".to_owned(), "disabled:".to_owned());
            return;
        }
        self.env.remove("DBUS_SESSION_BUS_ADDRESS");
        // The shell lives until our end of its stdin closes; dbus-run-session then ends the bus.
        let script = match keychain {
            Keychain::Unlocked => {
                "printf secret | gnome-keyring-daemon --unlock --components=secrets >/dev/null && printf '%s\\n' \"$DBUS_SESSION_BUS_ADDRESS\" && exec cat >/dev/null"
            }
            Keychain::Locked | Keychain::NoBus => "printf '%s\\n' \"$DBUS_SESSION_BUS_ADDRESS\" && exec cat >/dev/null",
        };
        installed("dbus-run-session", "dbus");
        installed("gnome-keyring-daemon", "gnome-keyring");
        let mut bus = self
            .command("dbus-run-session")
            .args(["--", "sh", "-c", script])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("dbus-run-session starts");
        let mut address = String::new();
        let stdout = bus.stdout.take().expect("a pipe");
        BufReader::new(stdout).read_line(&mut address).expect("the address");
        self.bus = Some(bus);
        assert!(!address.trim().is_empty(), "the private session did not start");
        self.env.insert("DBUS_SESSION_BUS_ADDRESS".to_owned(), address.trim().to_owned());
    }

    /// The environment of a program started from this desktop.
    pub fn env(&self) -> &BTreeMap<String, String> {
        &self.env
    }

    /// What some clients start their servers with: HOME, PATH and USER.
    pub fn bare_env(&self) -> BTreeMap<String, String> {
        let mut env = self.env.clone();
        env.retain(|name, _| matches!(name.as_str(), "HOME" | "PATH" | "USER"));
        env
    }

    /// The folder all of it is in.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The person's own Pointsman home, made by the first command.
    pub fn home(&self) -> PathBuf {
        self.folder.path().join("home/.local/share/pointsman")
    }

    /// Writes routing.yaml into the own home.
    pub fn policy(&self, text: &str) {
        private(&self.home());
        std::fs::write(self.home().join("routing.yaml"), text).expect("routing.yaml");
    }

    /// A command of this desktop.
    pub fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        command.env_clear().envs(&self.env).current_dir(self.folder.path());
        command
    }

    /// Runs `pointsman` with these arguments and this stdin.
    pub fn pointsman(&self, arguments: &[&str], stdin: &str) -> Said {
        said(self.command(POINTSMAN).args(arguments), stdin)
    }

    /// The value of a keychain item by `secret-tool`, as any other program would read it.
    pub fn looked_up(&self, item: &str) -> Option<String> {
        installed("secret-tool", "libsecret-tools");
        let mut tool = self.command("secret-tool");
        let said = said(tool.args(["lookup", "service", "app.pointsman", "username", item]), "");
        said.status.success().then_some(said.stdout)
    }

    fn end(&mut self) {
        if let Some(mut bus) = self.bus.take() {
            drop(bus.stdin.take());
            bus.wait().expect("the session ends");
        }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.end();
    }
}

/// Runs a command to its end.
pub fn said(command: &mut Command, stdin: &str) -> Said {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{command:?}: {error}"));
    // A command that does not read its stdin may close it first.
    drop(child.stdin.take().expect("a pipe").write_all(stdin.as_bytes()));
    let output = child.wait_with_output().expect("it ends");
    Said {
        status: output.status,
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// The files below a folder that hold a text, in any encoding a key could stand in as plain bytes.
pub fn files_with(folder: &Path, text: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(&next).into_iter().flatten().flatten() {
            let (path, kind) = (entry.path(), entry.file_type().expect("a kind"));
            if kind.is_dir() {
                folders.push(path);
            } else if kind.is_file() {
                let mut bytes = Vec::new();
                std::fs::File::open(&path).and_then(|mut file| file.read_to_end(&mut bytes)).expect("readable");
                if bytes.windows(text.len()).any(|window| window == text.as_bytes()) {
                    found.push(path);
                }
            }
        }
    }
    found
}

fn private(path: &Path) {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path).expect("a folder");
}

/// Fails naming the Debian package where a program is missing: such a test is never skipped.
pub fn installed(program: &str, package: &str) {
    let path = std::env::var_os("PATH").expect("a PATH");
    let there = std::env::split_paths(&path).any(|folder| folder.join(program).is_file());
    assert!(there, "{program} is missing; install the package {package}");
}
