//! routing.yaml on disk: how it stands, what it says, and the few times it is written. A write is a
//! temporary file and a rename beside the real file (a link to it stays a link), under a lock file.

use std::fs::{self, File, Metadata};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use pointsman_core::code::{Code, Denial};
use pointsman_core::policy::MAX_BYTES;
use sha2::{Digest, Sha256};

/// An edit this young may still be going on: an editor that writes in place has a half-written file
/// for a moment, which could read as a narrower policy.
const SETTLES: Duration = Duration::from_millis(200);

/// How a file stands: a changed one may say something else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Stamp(Option<(SystemTime, u64, u64, i64)>);

impl Stamp {
    /// One `stat`.
    pub(super) fn of(path: &Path) -> Self {
        Self(fs::metadata(path).ok().and_then(|meta| {
            let (inode, changed) = identity(&meta);
            Some((meta.modified().ok()?, meta.len(), inode, changed))
        }))
    }

    /// How long until the file counts as settled. A time in the future counts as settled: a clock set
    /// back must not stop every edit.
    pub(super) fn unsettled(&self) -> Option<Duration> {
        let age = SystemTime::now().duration_since(self.0?.0).ok()?;
        SETTLES.checked_sub(age).filter(|left| !left.is_zero())
    }
}

#[cfg(unix)]
fn identity(meta: &Metadata) -> (u64, i64) {
    use std::os::unix::fs::MetadataExt as _;
    (meta.ino(), meta.ctime().wrapping_mul(1_000_000_000).wrapping_add(meta.ctime_nsec()))
}

#[cfg(not(unix))]
fn identity(_: &Metadata) -> (u64, i64) {
    (0, 0)
}

/// What a file says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// A text and its hash.
    Text(String, String),
    /// No file.
    Nothing,
    /// It cannot be read as text: a sentence.
    Trouble(String),
}

/// Reads the file.
pub(super) fn read(path: &Path) -> Found {
    let name = path.file_name().unwrap_or(path.as_os_str()).display();
    let bytes = match fs::metadata(path) {
        Ok(meta) if meta.len() > MAX_BYTES as u64 => {
            return Found::Trouble(format!("{name} is larger than 1 MiB. Remove what does not belong in it."));
        }
        Ok(meta) if !meta.is_file() => {
            return Found::Trouble(format!("{name} is not a file. Move it away and write a file in its place."));
        }
        Ok(_) => fs::read(path),
        Err(error) => Err(error),
    };
    match bytes.map(String::from_utf8) {
        Ok(Ok(text)) => {
            let hash = hash(&text);
            Found::Text(text, hash)
        }
        Ok(Err(error)) => {
            let good = &error.as_bytes()[..error.utf8_error().valid_up_to()];
            let line = good.iter().filter(|byte| **byte == b'\n').count() + 1;
            Found::Trouble(format!("{name} line {line} is not UTF-8 text. Save the file as UTF-8."))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Found::Nothing,
        Err(error) => Found::Trouble(format!("{name} cannot be read: {error}.")),
    }
}

/// The hash that names a version: SHA-256 of its bytes, in hex.
pub(super) fn hash(text: &str) -> String {
    Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Writes a new file where there is none. `false` where there is one, also a broken link.
pub(super) fn create(path: &Path, text: &str) -> Result<bool, Denial> {
    if path.symlink_metadata().is_ok() {
        return Ok(false);
    }
    let folder = path.parent().unwrap_or(Path::new("."));
    let write = || -> io::Result<bool> {
        let mut file = tempfile::Builder::new().prefix(".routing-").suffix(".yaml").tempfile_in(folder)?;
        file.write_all(text.as_bytes())?;
        file.as_file().sync_all()?;
        match file.persist_noclobber(path) {
            Ok(_) => Ok(true),
            Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
            Err(error) => Err(error.error),
        }
    };
    write().map_err(|error| unwritable(path, &error))
}

/// Replaces the file, if it still has the text of `expected`; keeps that text in `kept` first, where it is
/// kept nowhere else. A kill at any point leaves the file old or new, never half.
pub(super) fn replace(path: &Path, expected: &str, text: &str, kept: Option<&Path>) -> Result<(), Denial> {
    let _held = lock(path).map_err(|error| unwritable(path, &error))?;
    match read(path) {
        Found::Text(old, now) if now == expected => {
            if let Some(kept) = kept {
                keep(kept, &old).map_err(|error| unwritable(kept, &error))?;
            }
            let real = fs::canonicalize(path).map_err(|error| unwritable(path, &error))?;
            overwrite(&real, text).map_err(|error| unwritable(&real, &error))
        }
        Found::Text(..) | Found::Nothing | Found::Trouble(_) => Err(moved_on()),
    }
}

/// What an answer gets that was meant for another text.
pub(super) fn moved_on() -> Denial {
    Denial::new(Code::NotFound, "routing.yaml has changed since it was shown. Look at it again and answer then.")
}

fn keep(kept: &Path, text: &str) -> io::Result<()> {
    if let Some(folder) = kept.parent() {
        fs::create_dir_all(folder)?;
        overwrite(kept, text)?;
    }
    Ok(())
}

fn overwrite(path: &Path, text: &str) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut file = tempfile::Builder::new().prefix(".routing-").suffix(".yaml").tempfile_in(folder)?;
    file.write_all(text.as_bytes())?;
    file.as_file().sync_all()?;
    if let Ok(meta) = fs::metadata(path) {
        file.as_file().set_permissions(meta.permissions())?;
    }
    file.persist(path)?;
    Ok(())
}

/// Waits until no other process of ours writes the file; released when the file is dropped.
fn lock(path: &Path) -> io::Result<File> {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    let file = File::options().create(true).write(true).truncate(false).open(PathBuf::from(name))?;
    file.lock()?;
    Ok(file)
}

fn unwritable(path: &Path, error: &io::Error) -> Denial {
    Denial::new(
        Code::Internal,
        format!("{} cannot be written: {error}. Check the disk and the folder.", path.display()),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_no_text_is_told_with_its_line() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("routing.yaml");
        assert_eq!(read(&path), Found::Nothing);
        fs::write(&path, b"version: \"1\"\ndefaults: \xff\n").unwrap();
        assert_eq!(
            read(&path),
            Found::Trouble("routing.yaml line 2 is not UTF-8 text. Save the file as UTF-8.".into())
        );
        fs::write(&path, vec![b'#'; MAX_BYTES + 1]).unwrap();
        assert!(matches!(read(&path), Found::Trouble(why) if why.contains("1 MiB")));
        fs::remove_file(&path).unwrap();
        fs::create_dir(&path).unwrap();
        assert!(matches!(read(&path), Found::Trouble(why) if why.contains("not a file")));
    }

    #[test]
    fn a_file_is_replaced_only_if_it_is_the_one_that_was_shown() {
        let folder = tempfile::tempdir().unwrap();
        let (path, kept) = (folder.path().join("routing.yaml"), folder.path().join("discarded/a.yaml"));
        assert!(create(&path, "shown").unwrap());
        assert!(!create(&path, "other").unwrap(), "what is there stays");
        fs::write(&path, "edited meanwhile").unwrap();
        assert!(replace(&path, &hash("shown"), "active", Some(&kept)).is_err());
        assert_eq!(fs::read_to_string(&path).unwrap(), "edited meanwhile");
        replace(&path, &hash("edited meanwhile"), "active", Some(&kept)).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "active");
        assert_eq!(fs::read_to_string(&kept).unwrap(), "edited meanwhile");
    }

    #[cfg(unix)]
    #[test]
    fn a_link_to_the_real_file_stays_a_link() {
        let folder = tempfile::tempdir().unwrap();
        let (real, path) = (folder.path().join("dotfiles.yaml"), folder.path().join("routing.yaml"));
        fs::write(&real, "old").unwrap();
        std::os::unix::fs::symlink(&real, &path).unwrap();
        replace(&path, &hash("old"), "new", Some(&folder.path().join("kept.yaml"))).unwrap();
        assert!(path.symlink_metadata().unwrap().file_type().is_symlink());
        assert_eq!(fs::read_to_string(&real).unwrap(), "new");
    }
}
