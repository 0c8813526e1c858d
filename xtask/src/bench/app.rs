//! The tray app on a desktop of its own: a virtual screen, a window manager, a panel with a tray.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use super::figures::{Table, Times, size, time};
use super::{memory, practice};

/// Starts measured.
const STARTS: usize = 7;
/// Until the figures of a started app no longer move.
const SETTLED: Duration = Duration::from_secs(4);
/// A hidden window's web view lives this long, and a little more until its processes have ended.
const WEB_VIEW_GONE: Duration = Duration::from_secs(38);
const PATIENCE: Duration = Duration::from_secs(30);
const APP: &str = "pointsman-app";

const PANEL: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<channel name="xfce4-panel" version="1.0">
  <property name="configver" type="int" value="2"/>
  <property name="panels" type="array">
    <value type="int" value="1"/>
    <property name="panel-1" type="empty">
      <property name="position" type="string" value="p=6;x=0;y=0"/>
      <property name="length" type="uint" value="100"/>
      <property name="size" type="uint" value="30"/>
      <property name="plugin-ids" type="array">
        <value type="int" value="1"/>
      </property>
    </property>
  </property>
  <property name="plugins" type="empty">
    <property name="plugin-1" type="string" value="systray"/>
  </property>
</channel>
"#;

/// Runs inside the session's bus: the desktop first, the app when there is a tray to be in.
const SESSION: &str = r#"
xfwm4 --compositor=off &
xfce4-panel --disable-wm-check &
for i in $(seq 200); do
  dbus-send --session --print-reply --dest=org.freedesktop.DBus / org.freedesktop.DBus.NameHasOwner string:org.kde.StatusNotifierWatcher 2>/dev/null | grep -q 'boolean true' && break
  sleep 0.05
done
echo ready
read -r go
"$@"
"#;

pub(crate) fn measure(app: &Path, scratch: &Path, table: &mut Table) -> Result<()> {
    let screen = Screen::start()?;
    let mut shown = Times::default();
    for turn in 0..STARTS {
        let desktop = Desktop::start(&screen, scratch, app, &[])?;
        let took = desktop.until_window()?;
        // The first start reads everything from the disk.
        if turn > 0 {
            shown.push(took);
        }
    }
    table.row("pointsman-app: start → window on the screen", time(shown.median()), "≤ 400 ms");

    let desktop = Desktop::start(&screen, scratch, app, &[])?;
    desktop.until_window()?;
    sleep(SETTLED);
    weigh("  with the window", &desktop, table, "")?;
    desktop.close_window()?;
    sleep(WEB_VIEW_GONE);
    let weight = weigh("  closed for 38 s", &desktop, table, "≤ 60 MiB, no web process")?;
    drop(desktop);

    let desktop = Desktop::start(&screen, scratch, app, &["--hidden"])?;
    sleep(SETTLED);
    let hidden = weigh("  started hidden", &desktop, table, "≤ 60 MiB, no web process")?;
    // Its name is cut off by the kernel. The network process, which serves all views of an app, may outlive them.
    match weight.names.iter().chain(&hidden.names).find(|name| name.starts_with("WebKitWebProc")) {
        Some(name) => bail!("{name} lives although no window is open"),
        None => Ok(()),
    }
}

fn weigh(what: &str, desktop: &Desktop, table: &mut Table, aim: &str) -> Result<memory::Weight> {
    let weight = memory::tree(desktop.app()?)?;
    table.row(&format!("{what}: resident"), size(weight.resident), aim);
    table.row("    proportional", size(weight.proportional), &weight.names.join(", "));
    Ok(weight)
}

/// A virtual screen; its server chooses a free number.
struct Screen {
    server: Child,
    display: String,
}

impl Screen {
    fn start() -> Result<Self> {
        let mut server = Command::new("Xvfb")
            .args(["-displayfd", "1", "-screen", "0", "1440x900x24", "-nolisten", "tcp"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .context("Xvfb")?;
        let mut number = String::new();
        BufReader::new(server.stdout.take().context("stdout of Xvfb")?).read_line(&mut number)?;
        Ok(Self { server, display: format!(":{}", number.trim()) })
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        end(&mut self.server);
    }
}

/// One session with the app in it. Dropped, all of it ends.
struct Desktop {
    session: Child,
    display: String,
    started: Instant,
}

impl Desktop {
    fn start(screen: &Screen, scratch: &Path, app: &Path, args: &[&str]) -> Result<Self> {
        let person = scratch.join("person");
        if person.exists() {
            fs::remove_dir_all(&person)?;
        }
        let panel = person.join(".config/xfce4/xfconf/xfce-perchannel-xml");
        fs::create_dir_all(&panel)?;
        fs::write(panel.join("xfce4-panel.xml"), PANEL)?;
        practice::private(&person.join("run"))?;
        let mut session = Command::new("dbus-run-session");
        session.args(["--", "sh", "-c", SESSION, "sh"]).arg(app).args(args);
        session.env_clear().env("HOME", &person).env("XDG_RUNTIME_DIR", person.join("run"));
        session.env("PATH", std::env::var_os("PATH").unwrap_or_default()).env("DISPLAY", &screen.display);
        session.envs([
            ("GDK_BACKEND", "x11"),
            ("LIBGL_ALWAYS_SOFTWARE", "1"),
            ("NO_AT_BRIDGE", "1"),
            ("LANG", "C.UTF-8"),
        ]);
        session.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut session, 0);
        let mut session = session.spawn().context("dbus-run-session")?;
        let mut said = String::new();
        BufReader::new(session.stdout.take().context("stdout of the session")?).read_line(&mut said)?;
        if said.trim() != "ready" {
            bail!("the desktop did not come up: {said:?}");
        }
        drop(session.stdin.take()); // `read` ends, and the app starts
        Ok(Self { session, display: screen.display.clone(), started: Instant::now() })
    }

    /// The process of the app.
    fn app(&self) -> Result<u32> {
        memory::below(self.session.id(), APP).context("the app is not running")
    }

    /// How long it took from the start of the app until its window was on the screen.
    fn until_window(&self) -> Result<Duration> {
        while self.started.elapsed() < PATIENCE {
            if self.window().is_some() {
                return Ok(self.started.elapsed());
            }
            sleep(Duration::from_millis(5));
        }
        bail!("no window after {} s", PATIENCE.as_secs())
    }

    fn window(&self) -> Option<String> {
        let mut search = Command::new("xdotool");
        search.args(["search", "--onlyvisible", "--name", "^Pointsman$"]).env("DISPLAY", &self.display);
        let found = search.stderr(Stdio::null()).output().ok()?;
        String::from_utf8_lossy(&found.stdout).lines().next().map(str::to_owned)
    }

    /// Closes the window as its close button does.
    fn close_window(&self) -> Result<()> {
        let window = self.window().context("there is no window to close")?;
        let status = Command::new("wmctrl").args(["-i", "-c", &window]).env("DISPLAY", &self.display).status()?;
        if !status.success() {
            bail!("wmctrl could not close the window");
        }
        Ok(())
    }
}

impl Drop for Desktop {
    fn drop(&mut self) {
        // The bus, the window manager and the panel are in the session's group, and in no other.
        let group = format!("-{}", self.session.id());
        let signal = |name: &str| {
            let mut kill = Command::new("kill");
            kill.args([name, "--", &group]).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
        };
        signal("-TERM");
        let _ = self.session.wait();
        let begun = Instant::now();
        while signal("-0") && begun.elapsed() < PATIENCE {
            sleep(Duration::from_millis(20));
        }
        signal("-KILL");
    }
}

fn end(child: &mut Child) {
    let _ = child.kill();
    let _ = child.wait();
}
