//! Writing a settings file so that whoever reads it sees the old text or the new one, never a half:
//! lock, look again, back up, write beside it, sync, rename, read back. A process that is killed in
//! between leaves the old file and at most a temporary one, which the next write removes.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use sha2::{Digest, Sha256};

use super::place;

/// Backups kept for each client.
const KEEP: usize = 20;
/// How long to wait for another program of ours that writes the same file.
const LOCK_WAIT: Duration = Duration::from_secs(5);
/// How our temporary files begin.
const TEMPORARY: &str = ".pointsman-";

/// Why a file was not written. In each case it is as it was.
#[derive(Debug)]
pub(super) enum NotWritten {
    /// Another program changed it since the plan was made.
    Changed,
    /// It may not be written.
    ReadOnly,
    /// Another program of ours is writing it.
    Busy,
    /// The system said no.
    System(io::Error),
}

impl From<io::Error> for NotWritten {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => Self::ReadOnly,
            _ => Self::System(error),
        }
    }
}

/// SHA-256 in hex.
pub(super) fn sha256_hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Where the backup of this text will be: named by when the file was last changed and by its text, so
/// that a plan can say it and the same text is kept once.
pub(super) fn backup_path(folder: &Path, file: &Path, bytes: &[u8]) -> PathBuf {
    let changed = file.metadata().and_then(|about| about.modified()).ok();
    let at = changed.and_then(|time| Timestamp::try_from(time).ok()).unwrap_or_default();
    folder.join(format!("{}-{}.json", at.strftime("%Y%m%dT%H%M%SZ"), &sha256_hex(bytes)[..8]))
}

/// The backups in a folder, oldest first.
pub(super) fn backups(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut found: Vec<_> = entries.filter(|path| path.extension().is_some_and(|e| e == "json")).collect();
    found.sort();
    found
}

/// Replaces `before` by `after` in the file at `path`; `None` is "no file" for both. Returns the backup
/// of `before`. Backups in `keep` are not thinned out.
pub(super) fn replace(
    path: &Path,
    before: Option<&[u8]>,
    after: Option<&[u8]>,
    backups: &Path,
    keep: &[PathBuf],
) -> Result<Option<PathBuf>, NotWritten> {
    let folder = path.parent().ok_or_else(|| io::Error::other("the file has no folder"))?;
    let marked = |path: &Path| path.metadata().is_ok_and(|about| about.permissions().readonly());
    if marked(path) || (cfg!(unix) && marked(folder)) {
        return Err(NotWritten::ReadOnly);
    }
    make_private(backups)?;
    let _lock = lock(folder, backups)?;
    if place::read(path)?.as_deref() != before {
        return Err(NotWritten::Changed);
    }
    let backup = before.map(|bytes| back_up(backups, path, bytes, keep)).transpose()?;
    clear_leftovers(folder);
    match after {
        Some(bytes) => swap_in(path, folder, bytes)?,
        None if before.is_some() => std::fs::remove_file(path)?,
        None => {}
    }
    sync_folder(folder);
    if place::read(path)?.as_deref() != after {
        return Err(NotWritten::Changed);
    }
    Ok(backup)
}

fn swap_in(path: &Path, folder: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = tempfile::Builder::new().prefix(TEMPORARY).suffix(".tmp").tempfile_in(folder)?;
    file.write_all(bytes)?;
    if let Ok(about) = path.metadata() {
        file.as_file().set_permissions(about.permissions())?;
    }
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}

fn back_up(folder: &Path, path: &Path, bytes: &[u8], keep: &[PathBuf]) -> io::Result<PathBuf> {
    let backup = backup_path(folder, path, bytes);
    if place::read(&backup)?.as_deref() != Some(bytes) {
        let mut file = tempfile::Builder::new().prefix(TEMPORARY).suffix(".tmp").tempfile_in(folder)?;
        file.write_all(bytes)?;
        file.as_file().sync_all()?;
        file.persist(&backup).map_err(|error| error.error)?;
    }
    let all = backups(folder);
    let excess = all.len().saturating_sub(KEEP);
    let old = all.into_iter().filter(|old| *old != backup && !keep.contains(old));
    // One that cannot be removed is only one too many.
    old.take(excess).for_each(|old| drop(std::fs::remove_file(old)));
    Ok(backup)
}

/// Makes a folder only we can read: backups hold other people's secrets.
fn make_private(folder: &Path) -> io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// Holds other programs of ours off. On Unix the folder itself is locked, so that two homes see each
/// other and nothing is left in it.
fn lock(folder: &Path, backups: &Path) -> Result<File, NotWritten> {
    let file = if cfg!(unix) {
        File::open(folder)?
    } else {
        OpenOptions::new().create(true).truncate(false).write(true).open(backups.join("lock"))?
    };
    let began = Instant::now();
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(std::fs::TryLockError::WouldBlock) if began.elapsed() < LOCK_WAIT => {
                std::thread::sleep(Duration::from_millis(20));
            }
            Err(std::fs::TryLockError::WouldBlock) => return Err(NotWritten::Busy),
            Err(std::fs::TryLockError::Error(error)) => return Err(error.into()),
        }
    }
}

/// Removes what a killed write left. We hold the lock, so none of them is in use.
fn clear_leftovers(folder: &Path) {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let ours = entries.filter(|entry| {
        let name = entry.file_name().to_string_lossy().into_owned();
        name.starts_with(TEMPORARY) && name.ends_with(".tmp")
    });
    ours.for_each(|entry| drop(std::fs::remove_file(entry.path())));
}

/// Makes the rename itself durable. Where a folder cannot be synced the file is still whole.
fn sync_folder(folder: &Path) {
    if cfg!(unix)
        && let Ok(folder) = File::open(folder)
    {
        drop(folder.sync_all());
    }
}
