//! Pictures of each step, kept in `artifacts/desktop/` for a person to look at, and looked at here as
//! far as a program can: a blank one fails.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::screen::Screen;

/// Keeps a picture and checks that something is on it.
pub(crate) fn keep(name: &str, bytes: &[u8]) -> PathBuf {
    let path = place(name);
    fs::write(&path, bytes).unwrap();
    not_blank(&path);
    path
}

/// A picture of the whole screen, panel and menus too.
pub(crate) fn whole_screen(screen: &Screen, name: &str) -> PathBuf {
    let path = place(name);
    screen.ask("import", &["-window", "root", &path.to_string_lossy()]);
    not_blank(&path);
    path
}

fn place(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("artifacts/desktop");
    fs::create_dir_all(&folder).unwrap();
    folder.join(format!("{name}.png"))
}

/// A page with words on it has many tones, and they differ; a blank one has one.
fn not_blank(path: &Path) {
    let output = Command::new("identify").args(["-format", "%k %[fx:standard_deviation]"]).arg(path).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let mut parts = said.split_whitespace().map(|part| part.parse::<f64>().unwrap_or(0.0));
    let (colours, deviation) = (parts.next().unwrap_or(0.0), parts.next().unwrap_or(0.0));
    assert!(colours > 24.0 && deviation > 0.01, "{} is blank: {said}", path.display());
}
