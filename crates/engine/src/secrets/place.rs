//! Which keychain items belong to a home, and on which bus its keychain was last seen.
//!
//! Both are in `<home>/keychain.json` (0600), written by the app and by CLI verbs a person runs and
//! only read by servers, which are started with too little environment to find either out. The file
//! is also how other processes see that a key changed: it is replaced at every change, and a cached
//! key is as old as the file it was read under.

use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use pointsman_core::code::{Code, Denial};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

const FILE: &str = "keychain.json";
const LOCK: &str = "keychain.lock";

/// What a home remembers about its keychain. No secret.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Remembered {
    /// What is added to item names: empty for the person's own home, else `@` and 8 hex digits. It is
    /// written down because a bare environment lacks the variables that say which home is the own one.
    pub(super) items: String,
    /// The session bus on which the keychain answered the app or a person's command.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) bus: Option<String>,
}

/// The state of the file; a changed one means that a key may have changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Stamp(Option<(SystemTime, u64, u64)>);

/// One home as the keychain sees it.
#[derive(Clone, Debug)]
pub(super) struct Place {
    home: PathBuf,
    own: bool,
}

impl Place {
    /// `own`: whether this is the home a person has without `--home`, as far as this process knows.
    pub(super) fn new(home: &Path, own: bool) -> Self {
        Self { home: home.to_owned(), own }
    }

    /// What the home remembers; where it remembers nothing, what this process would write.
    pub(super) fn remembered(&self) -> Remembered {
        let read = std::fs::read(self.home.join(FILE)).ok();
        read.and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_else(|| Remembered {
            items: if self.own { String::new() } else { suffix(&self.home) },
            bus: None,
        })
    }

    /// The name of an item in the keychain: `openai` in the own home, `openai@1f2e3d4c` in another.
    pub(super) fn item(&self, name: &str) -> String {
        format!("{name}{}", self.remembered().items)
    }

    /// Replaces the file, with `bus` where one is given. Every reader's cached keys are stale then.
    ///
    /// # Errors
    /// A [`Denial`] where the home cannot be written.
    pub(super) fn remember(&self, bus: Option<String>) -> Result<(), Denial> {
        let mut now = self.remembered();
        now.bus = bus.or(now.bus);
        let path = self.home.join(FILE);
        let write = || -> std::io::Result<()> {
            let mut file = tempfile::Builder::new().prefix(".keychain-").tempfile_in(&self.home)?;
            file.write_all(&serde_json::to_vec(&now)?)?;
            file.persist(&path)?;
            Ok(())
        };
        write().map_err(|error| {
            Denial::new(Code::Internal, format!("{} could not be written ({error}). Check the folder.", path.display()))
        })
    }

    /// Whether the home remembers anything.
    pub(super) fn is_written(&self) -> bool {
        self.home.join(FILE).is_file()
    }

    /// How the file stands now: one `stat`.
    pub(super) fn stamp(&self) -> Stamp {
        let read = || {
            let meta = std::fs::metadata(self.home.join(FILE)).ok()?;
            Some((meta.modified().ok()?, meta.len(), inode(&meta)))
        };
        Stamp(read())
    }

    /// Who the home belongs to; the bus must be theirs too.
    #[cfg(all(unix, not(target_os = "macos")))]
    pub(super) fn owner(&self) -> Option<u32> {
        use std::os::unix::fs::MetadataExt as _;
        std::fs::metadata(&self.home).ok().map(|meta| meta.uid())
    }

    /// Waits until no other process of this home holds the lock; released when the file is dropped.
    pub(super) fn lock(&self) -> std::io::Result<File> {
        let file = File::options().create(true).write(true).truncate(false).open(self.home.join(LOCK))?;
        file.lock()?;
        Ok(file)
    }
}

/// `@` and the first 8 hex digits of the SHA-256 of the path without symlinks.
fn suffix(home: &Path) -> String {
    let real = std::fs::canonicalize(home).unwrap_or_else(|_| home.to_owned());
    let digest = Sha256::digest(real.as_os_str().as_encoded_bytes());
    let hex: String = digest[..4].iter().map(|byte| format!("{byte:02x}")).collect();
    format!("@{hex}")
}

#[cfg(unix)]
fn inode(meta: &std::fs::Metadata) -> u64 {
    std::os::unix::fs::MetadataExt::ino(meta)
}

#[cfg(not(unix))]
fn inode(_: &std::fs::Metadata) -> u64 {
    0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn homes_do_not_share_items_and_remember_their_own() {
        let dir = tempfile::tempdir().expect("a directory");
        let own = Place::new(dir.path(), true);
        let seen_from_a_bare_environment = Place::new(dir.path(), false);
        assert_eq!(own.item("openai"), "openai");
        let other = seen_from_a_bare_environment.item("openai");
        assert!(other.starts_with("openai@") && other.len() == "openai@".len() + 8, "{other}");

        own.remember(Some("unix:path=/run/bus".into())).expect("written");
        assert_eq!(seen_from_a_bare_environment.item("openai"), "openai", "what the app wrote down decides");
        own.remember(None).expect("written");
        assert_eq!(
            own.remembered().bus.as_deref(),
            Some("unix:path=/run/bus"),
            "no bus known is no reason to forget one"
        );
    }

    #[test]
    fn every_change_gives_another_stamp() {
        let dir = tempfile::tempdir().expect("a directory");
        let place = Place::new(dir.path(), true);
        let mut seen = vec![place.stamp()];
        for _ in 0..3 {
            place.remember(None).expect("written");
            assert!(!seen.contains(&place.stamp()), "a cached key would be believed");
            seen.push(place.stamp());
        }
    }

    #[cfg(unix)]
    #[test]
    fn the_file_is_for_its_owner_only() {
        use std::os::unix::fs::PermissionsExt as _;
        let dir = tempfile::tempdir().expect("a directory");
        Place::new(dir.path(), true).remember(None).expect("written");
        let mode = std::fs::metadata(dir.path().join(FILE)).expect("there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}
