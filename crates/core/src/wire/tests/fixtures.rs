//! Reading the files of the matrix, and comparing those that are made.

use std::fs;
use std::path::PathBuf;

use serde_json::Value;

use crate::id::ModelName;
use crate::wire::Wire;

/// A file below a format's folder.
pub(super) fn path(format: &str, file: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("src/wire/fixtures").join(format).join(file)
}

pub(super) fn text(format: &str, file: &str) -> String {
    let path = path(format, file);
    fs::read_to_string(&path).unwrap_or_else(|why| panic!("{} is a part of the matrix: {why}", path.display()))
}

/// A JSON file that names its source.
pub(super) fn json(format: &str, file: &str) -> Value {
    let value: Value = serde_json::from_str(&text(format, file)).unwrap_or_else(|why| panic!("{format}/{file}: {why}"));
    assert!(value["_source"].as_str().is_some_and(|source| source.contains('.')), "{format}/{file} names its source");
    value
}

/// A model of the format: `plain` or `newest`.
pub(super) fn model(wire: Wire, which: &str) -> ModelName {
    let models = json(wire.name(), "models.json");
    ModelName::parse(models[which].as_str().expect("a name")).expect("a model name")
}

/// Holds that a made file is still what is made, or writes it where that was asked for.
pub(super) fn golden(format: &str, file: &str, made: &str) {
    let path = path(format, file);
    if std::env::var_os("POINTSMAN_ACCEPT").is_some() {
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder can be made");
        fs::write(&path, made).expect("a file can be written");
    }
    let kept = fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(kept, made, "{} is not what is made now; look, then run with POINTSMAN_ACCEPT=1", path.display());
}

/// The files of a folder, in order; none where there is no folder.
pub(super) fn names(format: &str, folder: &str) -> Vec<String> {
    let Ok(entries) = fs::read_dir(path(format, folder)) else { return Vec::new() };
    let mut names: Vec<String> =
        entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}
