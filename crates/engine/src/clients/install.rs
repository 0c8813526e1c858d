//! Puts the headless program into the home, where clients' entries find it whatever becomes of the
//! place this one was started from (an AppImage's own path moves). Never rewritten in place: a server
//! that runs keeps its file.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};

use pointsman_core::code::{Code, Denial};

use crate::Home;

/// Makes sure that the home holds the same program as the one that stands beside the running one.
pub(super) fn install(home: &Home) -> Result<(), Denial> {
    let target = home.bin_path();
    let source = match source(&target) {
        Ok(source) => source,
        // Nothing to renew it from; what is there still works.
        Err(_) if target.is_file() => return Ok(()),
        Err(missing) => return Err(missing),
    };
    if source == target || same_bytes(&source, &target).unwrap_or(false) {
        return Ok(());
    }
    copy(&source, &target).map_err(|error| {
        Denial::new(
            Code::Internal,
            format!("The program could not be installed to {} ({error}). Check that the disk has room and the folder can be written.", target.display()),
        )
    })
}

/// The headless program of this installation.
fn source(target: &Path) -> Result<PathBuf, Denial> {
    let missing = |what: String| Denial::new(Code::Internal, format!("{what} Install Pointsman again."));
    let me =
        std::env::current_exe().map_err(|error| missing(format!("The running program cannot be found ({error}).")))?;
    let name = target.file_name().unwrap_or_default();
    let beside = me.with_file_name(name);
    if beside.is_file() {
        return Ok(beside);
    }
    Err(missing(format!("The program {} is not there.", beside.display())))
}

fn copy(source: &Path, target: &Path) -> io::Result<()> {
    let folder = target.parent().ok_or_else(|| io::Error::other("no folder"))?;
    std::fs::create_dir_all(folder)?;
    let file = tempfile::Builder::new().prefix(".pointsman-").suffix(".tmp").tempfile_in(folder)?;
    io::copy(&mut File::open(source)?, &mut file.as_file())?;
    #[cfg(unix)]
    file.as_file().set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o700))?;
    file.as_file().sync_all()?;
    // Closed before it takes its place: a program that is open for writing cannot be started.
    let path = file.into_temp_path();
    move_aside(target)?;
    path.persist(target).map_err(|error| error.error)
}

/// Windows lets a running program be renamed, not replaced; older ones that have ended go.
fn move_aside(target: &Path) -> io::Result<()> {
    if !cfg!(windows) || !target.exists() {
        return Ok(());
    }
    for nth in 0..100 {
        let aside = target.with_extension(format!("old{nth}.exe"));
        if aside.exists() && std::fs::remove_file(&aside).is_err() {
            continue;
        }
        return std::fs::rename(target, aside);
    }
    Err(io::Error::other("too many old programs are still running"))
}

fn same_bytes(a: &Path, b: &Path) -> io::Result<bool> {
    let (a, b) = (File::open(a)?, File::open(b)?);
    if a.metadata()?.len() != b.metadata()?.len() {
        return Ok(false);
    }
    let (mut a, mut b) = (BufReader::with_capacity(1 << 18, a), BufReader::with_capacity(1 << 18, b));
    let (mut left, mut right) = (vec![0; 1 << 16], vec![0; 1 << 16]);
    loop {
        let read = a.read(&mut left)?;
        if read == 0 {
            return Ok(true);
        }
        b.read_exact(&mut right[..read])?;
        if left[..read] != right[..read] {
            return Ok(false);
        }
    }
}
