//! System packages: which are missing, and how to get them.
//!
//! With apt they are installed (and named first); without it they are only named, per family of
//! systems, and the command stops when the libraries are really missing.

use std::env;
use std::process::Command;

use anyhow::{Result, bail};

use crate::shell;

/// What building the tray app needs.
const BUILD: &[&str] = &[
    "libwebkit2gtk-4.1-dev",
    "libayatana-appindicator3-dev",
    "librsvg2-dev",
    "libxdo-dev",
    "libssl-dev",
    "libdbus-1-dev",
    "build-essential",
    "pkg-config",
    "file",
];

/// What the tests need besides: a screen, a panel, a keychain, a driver for the window, a browser.
const TEST: &[&str] = &[
    "xvfb",
    "xauth",
    "webkit2gtk-driver",
    "dbus",
    "dbus-x11",
    "gnome-keyring",
    "libsecret-tools",
    "xz-utils",
    "xdotool",
    "wmctrl",
    "imagemagick",
    "x11-utils",
    "fonts-dejavu-core",
    "adwaita-icon-theme",
    "chromium",
    "xfce4-panel",
    "xfce4-settings",
    "xfwm4",
];

/// The same by other package managers: (the program that installs, what to say).
const FAMILIES: &[(&str, &str)] = &[
    (
        "dnf",
        "sudo dnf install webkit2gtk4.1-devel libappindicator-gtk3-devel librsvg2-devel libxdo-devel openssl-devel dbus-devel gcc gcc-c++ make pkgconf file",
    ),
    (
        "pacman",
        "sudo pacman -S --needed webkit2gtk-4.1 libappindicator-gtk3 librsvg xdotool openssl dbus base-devel pkgconf file",
    ),
    (
        "zypper",
        "sudo zypper install webkit2gtk3-devel libappindicator3-1 librsvg-devel xdotool-devel libopenssl-devel dbus-1-devel gcc gcc-c++ make pkg-config file",
    ),
];

/// Programs the tests start, for systems without apt.
const TEST_PROGRAMS: &[&str] = &[
    "Xvfb",
    "WebKitWebDriver",
    "dbus-run-session",
    "gnome-keyring-daemon",
    "secret-tool",
    "xdotool",
    "wmctrl",
    "import",
    "xprop",
    "chromium",
    "xfce4-panel",
    "xfwm4",
];

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum For {
    Running,
    Testing,
}

/// Makes sure the system packages are there.
pub(crate) fn ensure(purpose: For) -> Result<()> {
    match env::consts::OS {
        "linux" if shell::on_path("apt-get") && shell::on_path("dpkg-query") => with_apt(purpose),
        "linux" => without_apt(purpose),
        "macos" => mac(),
        _ => Ok(()), // Windows: the web view is part of the system, the linker came with Rust
    }
}

fn with_apt(purpose: For) -> Result<()> {
    let mut wanted: Vec<&str> = match purpose {
        For::Running => BUILD.to_vec(),
        For::Testing => [BUILD, TEST].concat(),
    };
    wanted.retain(|package| !own_browser(package));
    let missing = missing(&wanted);
    if missing.is_empty() {
        return Ok(());
    }
    let list = missing.join(" ");
    println!("Installing with apt: {list}");
    let Some(prefix) = rights() else {
        bail!(
            "Installing needs root, and there is no sudo here. As root:\n  apt-get install -y --no-install-recommends {list}"
        );
    };
    let mut updated = false;
    if missing.iter().any(|package| !known(package)) {
        shell::run(apt(&prefix, &["update"]))?;
        updated = true;
    }
    let mut install = vec!["install", "-y", "--no-install-recommends"];
    install.extend(&missing);
    let first = shell::run(apt(&prefix, &install));
    if first.is_err() && !updated {
        println!("The package lists may be old: reading them again.");
        shell::run(apt(&prefix, &["update"]))?;
        return shell::run(apt(&prefix, &install));
    }
    first
}

/// The packages of `wanted` that dpkg does not have installed.
fn missing<'a>(wanted: &[&'a str]) -> Vec<&'a str> {
    let mut query = shell::command("dpkg-query");
    query.args(["-W", "-f", "${db:Status-Abbrev} ${Package}\n"]).args(wanted);
    // dpkg-query fails when it knows nothing of one of them, and still lists the others.
    let listed = query.output().map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
    not_installed(wanted, &listed)
}

fn not_installed<'a>(wanted: &[&'a str], listed: &str) -> Vec<&'a str> {
    let installed: Vec<&str> = listed
        .lines()
        .filter(|line| line.starts_with("ii"))
        .filter_map(|line| line.split_whitespace().last())
        .collect();
    wanted.iter().copied().filter(|package| !installed.contains(package)).collect()
}

/// Whether apt knows a version of the package it could install.
fn known(package: &str) -> bool {
    let mut policy = shell::command("apt-cache");
    policy.args(["policy", package]).env("LC_ALL", "C");
    shell::ask(policy).is_some_and(|said| said.contains("Candidate:") && !said.contains("Candidate: (none)"))
}

/// The words before `apt-get`: none for root, sudo for others, `None` where neither works.
fn rights() -> Option<Vec<&'static str>> {
    let mut id = shell::command("id");
    id.arg("-u");
    if shell::ask(id).is_some_and(|said| said.trim() == "0") {
        return Some(Vec::new());
    }
    shell::on_path("sudo").then(|| vec!["sudo"])
}

fn apt(prefix: &[&str], args: &[&str]) -> Command {
    let fixed = [
        "env",
        "DEBIAN_FRONTEND=noninteractive",
        "apt-get",
        "-q",
        "-o",
        "DPkg::Lock::Timeout=900",
        "-o",
        "Dpkg::Use-Pty=0",
    ];
    let words: Vec<&str> = prefix.iter().copied().chain(fixed).chain(args.iter().copied()).collect();
    let mut command = shell::command(words.first().copied().unwrap_or("apt-get"));
    command.args(words.get(1..).unwrap_or_default());
    command
}

fn without_apt(purpose: For) -> Result<()> {
    if !shell::on_path("pkg-config") {
        bail!("pkg-config is missing, and with it most likely the libraries of the window.\n{}", advice());
    }
    let libraries = ["webkit2gtk-4.1", "librsvg-2.0", "dbus-1", "openssl"];
    let absent: Vec<&str> = libraries.into_iter().filter(|library| !has_library(library)).collect();
    if !absent.is_empty() {
        bail!("Libraries are missing: {}.\n{}", absent.join(", "), advice());
    }
    if purpose == For::Testing {
        let absent: Vec<&str> =
            TEST_PROGRAMS.iter().copied().filter(|program| !shell::on_path(program) && !own_browser(program)).collect();
        if !absent.is_empty() {
            bail!(
                "The tests start programs that are missing here: {}.\nInstall the packages of your system that hold them.",
                absent.join(", ")
            );
        }
    }
    Ok(())
}

/// The page tests take the browser that CHROMIUM names, where it names one.
fn own_browser(wanted: &str) -> bool {
    wanted == "chromium" && env::var_os("CHROMIUM").is_some()
}

fn has_library(name: &str) -> bool {
    let mut probe = shell::command("pkg-config");
    probe.args(["--exists", name]);
    shell::ask(probe).is_some()
}

fn advice() -> String {
    let of_this_system = FAMILIES.iter().find(|(program, _)| shell::on_path(program));
    match of_this_system {
        Some((_, line)) => format!("Install them with:\n  {line}"),
        None => {
            let all: Vec<String> = FAMILIES.iter().map(|(program, line)| format!("  {program}: {line}")).collect();
            format!("There is no apt here. With other package managers:\n{}", all.join("\n"))
        }
    }
}

fn mac() -> Result<()> {
    let mut probe = shell::command("xcode-select");
    probe.arg("-p");
    if shell::ask(probe).is_none() {
        bail!("The command line tools are missing. Install them with:\n  xcode-select --install");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::not_installed;

    #[test]
    fn a_package_counts_as_installed_only_in_state_ii() {
        let listed = "ii  xvfb\nrc  xauth\nun  dbus\nii  file\n";
        let missing = not_installed(&["xvfb", "xauth", "dbus", "file", "chromium"], listed);
        assert_eq!(missing, ["xauth", "dbus", "chromium"], "removed and never installed packages are missing");
    }
}
