//! Witnesses that the practice server speaks truly: the official client of each format must find in
//! it what it expects of the real API. They are run by Node from `tests/npm`; each does a list of
//! things once and prints what it made of them, and here it is judged.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod anthropic;
mod gemini;
mod responses;

use std::path::Path;
use std::process::{Command, Stdio};

use pointsman_practice::{Counts, Practice};
use serde_json::Value;

const KEY: &str = "sk-practice-0123456789";
const COUNTS: Counts = Counts { input: 40, cached: 8, cache_write_5m: 3, cache_write_1h: 5, output: 10, reasoning: 4 };

/// Runs a witness on a server whose API begins at `base` and reads its line.
async fn witness(file: &'static str, package: &str, base: String) -> Value {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/npm");
    assert!(
        folder.join("node_modules").join(package).is_dir(),
        "the official client is not installed: run `npm ci` in tests/npm (`cargo xtask test` does it)"
    );
    let run = tokio::task::spawn_blocking(move || {
        let mut node = Command::new("node");
        node.arg(file).arg(base).arg(KEY).current_dir(folder);
        // Neither a proxy nor a setting of this machine may stand between.
        let foreign = std::env::vars().map(|(name, _)| name).filter(|name| {
            let name = name.to_uppercase();
            name.ends_with("_PROXY")
                || ["OPENAI_", "ANTHROPIC_", "GEMINI_", "GOOGLE_", "NODE_"].iter().any(|start| name.starts_with(start))
        });
        for name in foreign {
            node.env_remove(name);
        }
        node.stdin(Stdio::null()).output().expect("Node.js is needed for this test: install node 20 or later")
    });
    let output = run.await.expect("no panic");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{file} failed: {errors}");
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{file} prints one line of JSON"))
}

/// Judges failures: (step, the client's class, status, words of the message).
fn failures(found: &Value, expected: &[(&str, &str, Option<u16>, &str)]) {
    for (step, class, status, words) in expected {
        let error = &found[step];
        assert_eq!(error["class"], *class, "{step}: {error}");
        assert_eq!(error["status"].as_u64(), status.map(u64::from), "{step}: {error}");
        assert!(error["message"].as_str().is_some_and(|message| message.contains(words)), "{step}: {error}");
    }
}

/// The one picture that arrived is the one the witness sent, byte for byte.
fn the_picture_arrived_whole(server: &Practice) {
    let pictures: Vec<Vec<u8>> = server.chats().iter().flat_map(|chat| chat.pictures()).collect();
    let [picture] = pictures.as_slice() else { panic!("one picture was sent, not {}", pictures.len()) };
    let all: Vec<u8> = (0..=255).collect();
    assert!(picture.starts_with(b"\x89PNG\r\n\x1a\n") && picture.ends_with(&all), "{picture:?}");
    assert_eq!(picture.len(), 70 + 256);
}
