//! Where a client keeps its settings on each system, and which running program is it.

use std::collections::BTreeMap;

use super::Client;

/// The systems clients run on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Os {
    /// Linux and other systems with XDG folders.
    Linux,
    /// macOS.
    MacOs,
    /// Windows.
    Windows,
}

/// The folder whose listing [`candidates`] needs: where Windows keeps packaged apps.
pub fn packages_folder(os: Os, env: &BTreeMap<String, String>) -> Option<String> {
    match os {
        Os::Windows => env.get("LOCALAPPDATA").map(|local| format!("{local}\\Packages")),
        Os::Linux | Os::MacOs => None,
    }
}

/// Every path where the client may keep its settings, most likely first. `packages` is the listing
/// of [`packages_folder`]. The packaged Windows app has a private copy that its own "Edit Config"
/// does not open; both are written.
pub fn candidates(client: &Client, os: Os, env: &BTreeMap<String, String>, packages: &[String]) -> Vec<String> {
    let file = client.file;
    let folder = client.short;
    match os {
        Os::Linux => {
            let xdg = env.get("XDG_CONFIG_HOME").filter(|path| path.starts_with('/')).cloned();
            let config = xdg.or_else(|| env.get("HOME").map(|home| format!("{home}/.config")));
            config.map(|config| format!("{config}/{folder}/{file}")).into_iter().collect()
        }
        Os::MacOs => env
            .get("HOME")
            .map(|home| format!("{home}/Library/Application Support/{folder}/{file}"))
            .into_iter()
            .collect(),
        Os::Windows => {
            let prefix = format!("{folder}_").to_lowercase();
            let local = env.get("LOCALAPPDATA");
            let mut names: Vec<_> = packages.iter().filter(|name| name.to_lowercase().starts_with(&prefix)).collect();
            names.sort();
            let packaged = names.into_iter().filter_map(|name| {
                Some(format!("{}\\Packages\\{name}\\LocalCache\\Roaming\\{folder}\\{file}", local?))
            });
            let classic = env.get("APPDATA").map(|roaming| format!("{roaming}\\{folder}\\{file}"));
            packaged.chain(classic).collect()
        }
    }
}

/// Whether a process with this executable is the client's own program: never a command line tool of
/// the same maker, never one of its helpers by window title.
pub fn is_process(client: &Client, os: Os, executable: &str) -> bool {
    match os {
        Os::Linux => client.linux_programs.contains(&executable.rsplit('/').next().unwrap_or(executable)),
        Os::MacOs => client.macos_programs.contains(&executable.rsplit('/').next().unwrap_or(executable)),
        Os::Windows => {
            let path = executable.to_lowercase();
            client.windows_paths.iter().any(|part| path.contains(part)) && path.ends_with("\\claude.exe")
        }
    }
}
