//! The home: the folder that holds routing.yaml, the ledger, backups and the installed binary.
//!
//! On Windows it is not under AppData: Claude Desktop's package silently redirects its children's
//! writes there, which would make two ledgers. The folder is 0700; one that others may write into,
//! that is owned by someone else, or that is a symbolic link is refused.

use std::path::{Path, PathBuf};

use pointsman_core::code::{Code, Denial};

/// A checked home folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Home {
    path: PathBuf,
    is_default: bool,
}

impl Home {
    /// The given folder, or the default one of this system; made where it does not exist.
    ///
    /// # Errors
    /// A denial with what to do where the folder cannot be made or must not be trusted.
    pub fn at(path: Option<PathBuf>) -> Result<Self, Denial> {
        let default = default_path();
        let path = match (path, &default) {
            (Some(path), _) => absolute(path)?,
            (None, Some(default)) => default.clone(),
            (None, None) => {
                return Err(refused("No home folder is known: HOME is not set. Name one with --home."));
            }
        };
        let is_default = default.as_ref() == Some(&path);
        create(&path)?;
        check(&path)?;
        Ok(Self { path, is_default })
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether it is the default one of this system.
    pub fn is_default(&self) -> bool {
        self.is_default
    }

    /// The ledger's file.
    pub fn ledger_path(&self) -> PathBuf {
        self.path.join("ledger.db")
    }

    /// The policy's file.
    pub fn policy_path(&self) -> PathBuf {
        self.path.join("routing.yaml")
    }

    /// Where the headless binary is installed, so that clients' entries survive updates.
    pub fn bin_path(&self) -> PathBuf {
        self.path.join("bin").join(if cfg!(windows) { "pointsman.exe" } else { "pointsman" })
    }

    /// Where backups of clients' files are kept.
    pub fn backups(&self) -> PathBuf {
        self.path.join("backups")
    }

    /// Whether this is a practice home, whose money is simulated: a marker file says so.
    pub fn is_practice(&self) -> bool {
        self.path.join("PRACTICE").is_file()
    }

    /// The practice home inside this one, made and marked.
    ///
    /// # Errors
    /// As [`Home::at`].
    pub fn practice(&self) -> Result<Self, Denial> {
        let home = Self::at(Some(self.path.join("practice")))?;
        std::fs::write(home.path.join("PRACTICE"), "Money in this folder is simulated.\n")
            .map_err(|error| refused(format!("{} cannot be written: {error}.", home.path.display())))?;
        Ok(home)
    }
}

fn refused(sentence: impl Into<String>) -> Denial {
    Denial::new(Code::LedgerUnavailable, sentence)
}

fn default_path() -> Option<PathBuf> {
    let home = std::env::home_dir().filter(|home| home.is_absolute());
    if cfg!(windows) {
        return home.map(|home| home.join(".pointsman"));
    }
    if cfg!(target_os = "macos") {
        return home.map(|home| home.join("Library/Application Support/Pointsman"));
    }
    let data = std::env::var_os("XDG_DATA_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
    data.or_else(|| home.map(|home| home.join(".local/share"))).map(|data| data.join("pointsman"))
}

fn absolute(path: PathBuf) -> Result<PathBuf, Denial> {
    std::path::absolute(&path).map_err(|error| refused(format!("{} is no folder: {error}.", path.display())))
}

fn create(path: &Path) -> Result<(), Denial> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path).map_err(|error| refused(format!("The home {} cannot be made: {error}.", path.display())))
}

fn check(path: &Path) -> Result<(), Denial> {
    let shown = path.display();
    let about =
        path.symlink_metadata().map_err(|error| refused(format!("The home {shown} cannot be read: {error}.")))?;
    if about.file_type().is_symlink() {
        return Err(refused(format!(
            "The home {shown} is a symbolic link, which could be moved under us. Name the real folder with --home."
        )));
    }
    check_rights(path, &about)
}

#[cfg(unix)]
fn check_rights(path: &Path, about: &std::fs::Metadata) -> Result<(), Denial> {
    use std::os::unix::fs::MetadataExt;

    let shown = path.display();
    if about.mode() & 0o022 != 0 {
        return Err(refused(format!("Other people may write into the home {shown}. Run: chmod 700 '{shown}'")));
    }
    // Whoever may create a file here owns the process; comparing with a fresh file's owner needs no
    // unsafe call for the user id.
    let probe = tempfile::NamedTempFile::new_in(path)
        .and_then(|file| file.as_file().metadata())
        .map_err(|error| refused(format!("The home {shown} cannot be written: {error}.")))?;
    if probe.uid() != about.uid() {
        return Err(refused(format!("The home {shown} belongs to another user. Name another folder with --home.")));
    }
    Ok(())
}

/// Windows gives a person's own folder to that person only.
#[cfg(not(unix))]
fn check_rights(_: &Path, _: &std::fs::Metadata) -> Result<(), Denial> {
    Ok(())
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_home_is_made_private_and_others_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a/b");
        let home = Home::at(Some(path.clone())).unwrap();
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o700);
        assert!(!home.is_practice());
        assert!(home.practice().unwrap().is_practice());

        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o770)).unwrap();
        let denial = Home::at(Some(path.clone())).unwrap_err();
        assert!(denial.sentence.contains("chmod 700"), "{denial}");

        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o700)).unwrap();
        let link = folder.path().join("link");
        std::os::unix::fs::symlink(&path, &link).unwrap();
        let denial = Home::at(Some(link)).unwrap_err();
        assert!(denial.sentence.contains("symbolic link"), "{denial}");
    }
}
