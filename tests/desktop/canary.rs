//! Looks for a secret everywhere it must not be: in every file this desktop wrote, and in the
//! environments and command lines of every process on it. Also in the shapes a careless program
//! gives it: base64, hex, UTF-16.

use std::fs;
use std::path::Path;

use base64::Engine;

use super::screen::family;

/// Every place under a folder and below a process where the secret is.
pub(crate) fn places(secret: &str, folder: &Path, process: u32) -> Vec<String> {
    let shapes = shapes(secret);
    let mut found = Vec::new();
    in_folder(folder, &shapes, &mut found);
    for id in family(process) {
        for file in ["environ", "cmdline"] {
            let bytes = fs::read(format!("/proc/{id}/{file}")).unwrap_or_default();
            if holds(&bytes, &shapes) {
                found.push(format!("{file} of process {id} ({})", super::screen::name_of(id)));
            }
        }
    }
    found
}

fn in_folder(folder: &Path, shapes: &[Vec<u8>], found: &mut Vec<String>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let (path, kind) = (entry.path(), entry.file_type());
        if holds(entry.file_name().as_encoded_bytes(), shapes) {
            found.push(format!("the name {}", path.display()));
        }
        match kind {
            Ok(kind) if kind.is_dir() => in_folder(&path, shapes, found),
            Ok(kind) if kind.is_file() && holds(&fs::read(&path).unwrap_or_default(), shapes) => {
                found.push(path.display().to_string());
            }
            _ => {}
        }
    }
}

fn shapes(secret: &str) -> Vec<Vec<u8>> {
    let plain = secret.as_bytes();
    // Base64 of a text inside another begins at one of three places; the middle is the same each time.
    let base64 = (0..3).map(|skip| {
        let whole = base64::engine::general_purpose::STANDARD.encode(&plain[skip..]);
        whole.as_bytes()[..whole.len() - 4].to_vec()
    });
    let hex: String = plain.iter().map(|byte| format!("{byte:02x}")).collect();
    let wide: Vec<u8> = secret.encode_utf16().flat_map(u16::to_le_bytes).collect();
    // The middle half alone would be a leak too.
    let half = plain[plain.len() / 4..plain.len() * 3 / 4].to_vec();
    base64.chain([plain.to_vec(), hex.into_bytes(), wide, half]).collect()
}

fn holds(bytes: &[u8], shapes: &[Vec<u8>]) -> bool {
    shapes.iter().any(|shape| bytes.windows(shape.len()).any(|window| window == shape))
}

#[test]
fn the_search_finds_what_it_should() {
    let secret = "sk-canary-0123456789abcdefghij";
    let folder = tempfile::tempdir().unwrap();
    let of = |shape: &[u8]| {
        fs::write(folder.path().join("file"), [b"before ", shape, b" after"].concat()).unwrap();
        places(secret, folder.path(), std::process::id()).len()
    };
    assert_eq!(of(b"nothing"), 0, "clean, and the test's own processes do not hold it");
    for shape in shapes(secret) {
        assert_eq!(of(&shape), 1, "{}", String::from_utf8_lossy(&shape));
    }
    let inside = base64::engine::general_purpose::STANDARD.encode(format!("Bearer {secret}; more"));
    assert_eq!(of(inside.as_bytes()), 1, "base64 of a longer text");
}
