//! Where a client's settings are on this computer: the environment, the links and the bytes.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use pointsman_core::clients::{Client, Os, candidates, packages_folder};

/// The system this program was built for.
pub(super) const OS: Os = if cfg!(windows) {
    Os::Windows
} else if cfg!(target_os = "macos") {
    Os::MacOs
} else {
    Os::Linux
};

/// The variables that say where settings are, as this process has them, and the system they are of.
#[derive(Clone, Debug)]
pub(super) struct Environment {
    pub(super) variables: BTreeMap<String, String>,
    pub(super) os: Os,
}

impl Environment {
    pub(super) fn of_this_process() -> Self {
        let mut found: BTreeMap<_, _> = ["HOME", "XDG_CONFIG_HOME", "APPDATA", "LOCALAPPDATA"]
            .into_iter()
            .filter_map(|name| Some((name.to_owned(), std::env::var(name).ok()?)))
            .collect();
        if !found.contains_key("HOME")
            && let Some(home) = std::env::home_dir()
        {
            found.insert("HOME".into(), home.to_string_lossy().into_owned());
        }
        Self { variables: found, os: OS }
    }

    /// A path as it is shown: `~` for the person's folder.
    pub(super) fn shown(&self, path: &Path) -> String {
        let home = self.variables.get("HOME").filter(|home| home.len() > 1);
        match home.and_then(|home| path.strip_prefix(home).ok()) {
            Some(rest) => Path::new("~").join(rest).to_string_lossy().into_owned(),
            None => path.to_string_lossy().into_owned(),
        }
    }
}

/// A settings file that is or may be there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// The file itself, links resolved: it is written through them.
    pub(super) path: PathBuf,
}

impl Place {
    /// The path as the ledger records it.
    pub(super) fn key(&self) -> String {
        self.path.to_string_lossy().into_owned()
    }

    /// The bytes; `None` where there is no file.
    pub(super) fn read(&self) -> io::Result<Option<Vec<u8>>> {
        read(&self.path)
    }

    /// Whether the file or its folder is marked as not to be written. Goes by the marks and not by
    /// trying, so that looking at a page writes nothing.
    pub(super) fn is_read_only(&self) -> bool {
        let marked = |path: &Path| path.metadata().is_ok_and(|about| about.permissions().readonly());
        marked(&self.path) || (cfg!(unix) && self.path.parent().is_some_and(marked))
    }
}

/// The bytes of a file; `None` where there is none.
pub(super) fn read(path: &Path) -> io::Result<Option<Vec<u8>>> {
    match std::fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// What was found of a client.
#[derive(Clone, Debug, Default)]
pub(super) struct Located {
    /// Files to write, most likely first; empty: the client is not installed.
    pub(super) places: Vec<Place>,
    /// Every path that was looked at.
    pub(super) looked_in: Vec<PathBuf>,
}

/// Looks for a client's settings: it is installed where the folder of its settings exists.
pub(super) fn locate(client: &Client, environment: &Environment) -> Located {
    let packages = packages_folder(environment.os, &environment.variables)
        .map(|folder| names_in(Path::new(&folder)))
        .unwrap_or_default();
    let looked_in: Vec<_> =
        candidates(client, environment.os, &environment.variables, &packages).into_iter().map(PathBuf::from).collect();
    let mut places = Vec::new();
    for path in &looked_in {
        let place = Place { path: resolved(path.clone()) };
        if path.parent().is_some_and(Path::is_dir) && !places.contains(&place) {
            places.push(place);
        }
    }
    Located { places, looked_in }
}

fn names_in(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().into_string().ok()).collect()
}

/// Follows symbolic links to the file itself, also where that does not exist yet.
fn resolved(mut path: PathBuf) -> PathBuf {
    for _ in 0..40 {
        let Ok(next) = std::fs::read_link(&path) else { break };
        path = match path.parent() {
            Some(folder) => folder.join(next),
            None => next,
        };
    }
    // The folders on the way as well, so that one file has one name in the ledger.
    match (path.parent().and_then(|folder| folder.canonicalize().ok()), path.file_name()) {
        (Some(folder), Some(name)) if cfg!(unix) => folder.join(name),
        (Some(_) | None, Some(_) | None) => path,
    }
}
