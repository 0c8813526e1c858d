//! A desktop of its own on a screen that nobody sees: X server, session bus, unlocked keychain, window
//! manager, and a panel with a tray. Nothing of the person's own desktop, home or keychain is touched,
//! and everything ends with the value.

use std::ffi::OsString;
use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

/// Programs the walk needs, with the Debian package each comes in.
const PROGRAMS: &[(&str, &str)] = &[
    ("Xvfb", "xvfb"),
    ("dbus-daemon", "dbus"),
    ("gdbus", "libglib2.0-bin"),
    ("gnome-keyring-daemon", "gnome-keyring"),
    ("secret-tool", "libsecret-tools"),
    ("xfwm4", "xfwm4"),
    ("xfce4-panel", "xfce4-panel"),
    ("WebKitWebDriver", "webkit2gtk-driver"),
    ("xdotool", "xdotool"),
    ("wmctrl", "wmctrl"),
    ("import", "imagemagick"),
    ("node", "nodejs"),
];

/// One panel along the top: window list, space, tray.
const PANEL: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<channel name="xfce4-panel" version="1.0">
  <property name="configver" type="int" value="2"/>
  <property name="panels" type="array">
    <value type="int" value="1"/>
    <property name="dark-mode" type="bool" value="DARK"/>
    <property name="panel-1" type="empty">
      <property name="position" type="string" value="p=6;x=0;y=0"/>
      <property name="length" type="uint" value="100"/>
      <property name="position-locked" type="bool" value="true"/>
      <property name="size" type="uint" value="30"/>
      <property name="plugin-ids" type="array">
        <value type="int" value="1"/><value type="int" value="2"/><value type="int" value="3"/>
      </property>
    </property>
  </property>
  <property name="plugins" type="empty">
    <property name="plugin-1" type="string" value="tasklist"/>
    <property name="plugin-2" type="string" value="separator">
      <property name="expand" type="bool" value="true"/>
      <property name="style" type="uint" value="0"/>
    </property>
    <property name="plugin-3" type="string" value="systray"/>
  </property>
</channel>
"#;

/// Whether the desktop is light or dark.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Theme {
    /// Dark on light.
    Light,
    /// Light on dark.
    Dark,
}

/// Whether the desktop has a tray.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Panel {
    /// A panel with a tray.
    WithTray,
    /// No panel.
    None,
}

/// The desktop.
pub(crate) struct Screen {
    /// The person's folder; also their runtime folder, in `run`.
    folder: tempfile::TempDir,
    variables: Vec<(&'static str, OsString)>,
    children: Vec<Child>,
    panel: Option<u32>,
}

impl Screen {
    /// Brings the desktop up, or fails with what to install.
    pub(crate) fn up(theme: Theme, panel: Panel) -> Self {
        let missing: Vec<&str> =
            PROGRAMS.iter().filter(|(program, _)| !on_path(program)).map(|(_, package)| *package).collect();
        assert!(
            missing.is_empty(),
            "The desktop walk needs programs that are not here. Install them: apt-get install {}",
            missing.join(" ")
        );
        let folder = tempfile::Builder::new().prefix("pm-desktop-").tempdir().unwrap();
        let mut screen = Self { folder, variables: Vec::new(), children: Vec::new(), panel: None };
        screen.furnish(theme);
        screen.start(panel);
        screen
    }

    /// The folders and the settings the desktop's parts read.
    fn furnish(&mut self, theme: Theme) {
        let (home, run) = (self.home(), self.folder.path().join("run"));
        for folder in [&home, &run] {
            fs::create_dir_all(folder).unwrap();
            fs::set_permissions(folder, fs::Permissions::from_mode(0o700)).unwrap();
        }
        let dark = theme == Theme::Dark;
        let xfce = home.join(".config/xfce4/xfconf/xfce-perchannel-xml");
        fs::create_dir_all(&xfce).unwrap();
        fs::write(xfce.join("xfce4-panel.xml"), PANEL.replace("DARK", if dark { "true" } else { "false" })).unwrap();
        let gtk = home.join(".config/gtk-3.0");
        fs::create_dir_all(&gtk).unwrap();
        let settings = format!("[Settings]\ngtk-application-prefer-dark-theme={}\n", u8::from(dark));
        fs::write(gtk.join("settings.ini"), settings).unwrap();
        let logs = self.folder.path().join("logs");
        fs::create_dir_all(logs).unwrap();
        self.variables = vec![
            ("HOME", home.into()),
            ("USER", "walker".into()),
            ("PATH", std::env::var_os("PATH").unwrap_or_default()),
            ("LANG", "C.UTF-8".into()),
            ("TZ", "UTC".into()),
            ("XDG_RUNTIME_DIR", run.into()),
            ("XDG_CURRENT_DESKTOP", "XFCE".into()),
            ("GDK_BACKEND", "x11".into()),
            ("LIBGL_ALWAYS_SOFTWARE", "1".into()),
            ("NO_AT_BRIDGE", "1".into()),
            // The most the app ever says: none of it may hold a secret.
            ("POINTSMAN_LOG", "debug".into()),
        ];
    }

    fn start(&mut self, panel: Panel) {
        let display = self.folder.path().join("display");
        let script = format!("exec Xvfb -displayfd 3 -screen 0 1440x900x24 -nolisten tcp 3>{}", display.display());
        self.run("Xvfb", self.command("sh").args(["-c", &script]));
        let number = self.first_line(&display);
        self.variables.push(("DISPLAY", format!(":{number}").into()));

        let address = self.folder.path().join("bus");
        let script = format!("exec dbus-daemon --session --nofork --print-address=3 3>{}", address.display());
        self.run("dbus", self.command("sh").args(["-c", &script]));
        let address = self.first_line(&address);
        self.variables.push(("DBUS_SESSION_BUS_ADDRESS", address.into()));

        // Before its first use: a keyring that is made later is locked, and nobody is there to unlock it.
        let mut keyring = self.command("gnome-keyring-daemon");
        keyring.args(["--foreground", "--unlock", "--components=secrets"]).stdin(Stdio::piped());
        self.run("keyring", &mut keyring);
        let mut stdin = self.children.last_mut().and_then(|child| child.stdin.take()).unwrap();
        stdin.write_all(b"walk").unwrap();
        drop(stdin);
        self.owned("org.freedesktop.secrets");

        self.run("xfwm4", &mut self.command("xfwm4"));
        if panel == Panel::WithTray {
            self.add_panel();
        }
    }

    /// Starts the panel and waits for its tray.
    pub(crate) fn add_panel(&mut self) {
        let id = self.run("panel", self.command("xfce4-panel").arg("--disable-wm-check"));
        self.panel = Some(id);
        self.owned("org.kde.StatusNotifierWatcher");
    }

    /// Ends the panel, as one that crashes.
    pub(crate) fn drop_panel(&mut self) {
        let panel = self.panel.take().expect("a panel");
        end(panel);
        wait("the panel to end", || self.ended(panel));
    }

    /// The person's folder.
    pub(crate) fn home(&self) -> PathBuf {
        self.folder.path().join("home")
    }

    /// The address of the session bus.
    pub(crate) fn bus(&self) -> String {
        let set = self.variables.iter().find(|(name, _)| *name == "DBUS_SESSION_BUS_ADDRESS");
        set.and_then(|(_, address)| address.to_str()).expect("a bus").to_owned()
    }

    /// Everything this desktop wrote: home, runtime folder, logs.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// A command on this desktop, with its environment and no other.
    pub(crate) fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        command.env_clear().envs(self.variables.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Starts a command that goes on until the desktop ends; what it says goes to a log. Its number
    /// is that of its process.
    pub(crate) fn run(&mut self, name: &str, command: &mut Command) -> u32 {
        let log = fs::File::create(self.log(name)).unwrap();
        let child = command.stdout(log.try_clone().unwrap()).stderr(log).spawn().unwrap();
        let id = child.id();
        self.children.push(child);
        id
    }

    /// Where the log of a command is.
    pub(crate) fn log(&self, name: &str) -> PathBuf {
        self.folder.path().join("logs").join(format!("{name}.log"))
    }

    /// Whether the started process with this number has ended, and with what code.
    pub(crate) fn ended(&mut self, id: u32) -> Option<Option<i32>> {
        let child = self.children.iter_mut().find(|child| child.id() == id).unwrap();
        child.try_wait().unwrap().map(|status| status.code())
    }

    /// Runs a command to its end and gives what it printed; fails where it failed.
    pub(crate) fn ask(&self, program: &str, arguments: &[&str]) -> String {
        let Output { status, stdout, stderr } = self.command(program).args(arguments).output().unwrap();
        let (said, wrong) = (String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr));
        assert!(status.success(), "{program} {arguments:?}: {said}{wrong}");
        said.trim().to_owned()
    }

    /// As `ask`, for what may fail.
    pub(crate) fn try_ask(&self, program: &str, arguments: &[&str]) -> Option<String> {
        let output = self.command(program).args(arguments).output().unwrap();
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }

    /// Width and height of a window; nothing where it is gone.
    pub(crate) fn size_of(&self, window: &str) -> (i32, i32) {
        let shape = self.try_ask("xdotool", &["getwindowgeometry", "--shell", window]).unwrap_or_default();
        let of = |name: &str| shape.lines().find_map(|line| line.strip_prefix(name)?.parse().ok()).unwrap_or(0);
        (of("WIDTH="), of("HEIGHT="))
    }

    /// Waits until a name on the bus has an owner.
    pub(crate) fn owned(&self, name: &str) {
        wait(&format!("{name} on the bus"), || {
            let asked = "org.freedesktop.DBus.NameHasOwner";
            let to = ["call", "--session", "-d", "org.freedesktop.DBus", "-o", "/org/freedesktop/DBus", "-m"];
            let answer = self.try_ask("gdbus", &[&to[..], &[asked, name]].concat());
            answer.is_some_and(|answer| answer.contains("true")).then_some(())
        });
    }

    fn first_line(&self, path: &Path) -> String {
        wait(&format!("{}", path.display()), || {
            let text = fs::read_to_string(path).ok()?;
            text.split_once('\n').map(|(line, _)| line.to_owned())
        })
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let picture = Path::new(env!("CARGO_MANIFEST_DIR")).join("artifacts/desktop/failed.png");
            self.try_ask("import", &["-window", "root", &picture.to_string_lossy()]);
            for name in ["app", "second", "webdriver"] {
                let log = fs::read_to_string(self.log(name)).unwrap_or_default();
                let last: Vec<&str> = log.lines().rev().take(30).collect();
                for line in last.iter().rev() {
                    drop(writeln!(std::io::stderr(), "{name}: {line}"));
                }
            }
        }
        // Last started, first ended: the X server goes last, or the others complain. What they started in
        // turn (the driver the app) ends with them.
        for child in self.children.iter_mut().rev() {
            end(child.id());
            drop(child.wait());
        }
    }
}

/// Looks until something is there; half a minute is long even for a busy machine.
pub(crate) fn wait<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    wait_up_to(Duration::from_secs(30), what, &mut look)
}

/// As `wait`, for so long.
pub(crate) fn wait_up_to<T>(limit: Duration, what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let end = Instant::now() + limit;
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < end, "waited {} s in vain for: {what}", limit.as_secs());
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn on_path(program: &str) -> bool {
    std::env::var_os("PATH").is_some_and(|path| std::env::split_paths(&path).any(|dir| dir.join(program).is_file()))
}

/// Ends a process and all that it started.
fn end(root: u32) {
    let all = family(root).into_iter().map(|id| id.to_string());
    drop(Command::new("kill").arg("-9").args(all).stderr(Stdio::null()).status());
}

/// The numbers of a process and all that it started, its children's children too.
pub(crate) fn family(root: u32) -> Vec<u32> {
    let mut parents = Vec::new();
    for entry in fs::read_dir("/proc").unwrap().flatten() {
        let Some(id) = entry.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else { continue };
        let Ok(stat) = fs::read_to_string(entry.path().join("stat")) else { continue };
        // Behind the name, which may hold anything: state, parent.
        let parent = stat.rsplit_once(')').and_then(|(_, rest)| rest.split_whitespace().nth(1)?.parse::<u32>().ok());
        parents.extend(parent.map(|parent| (id, parent)));
    }
    let mut all = vec![root];
    let mut at = 0;
    while at < all.len() {
        let of = all[at];
        all.extend(parents.iter().filter(|(_, parent)| *parent == of).map(|(id, _)| *id));
        at += 1;
    }
    all
}

/// The name of a process, cut by the system to 15 letters; empty where it is gone.
pub(crate) fn name_of(id: u32) -> String {
    fs::read_to_string(format!("/proc/{id}/comm")).unwrap_or_default().trim().to_owned()
}
