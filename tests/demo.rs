//! `pointsman demo` is what a newcomer sees first: it works without a key, a display or a network,
//! says what each step cost and why that model, and fails loudly when a step does.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::Path;
use std::process::{Command, Output};
use std::time::{Duration, Instant};

fn demo(home: &Path, folder: &Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_pointsman"))
        .arg("--home")
        .arg(home)
        .arg("demo")
        .env_clear()
        .env("HOME", folder)
        .env("TMPDIR", folder)
        .env("PATH", "/usr/bin:/bin")
        .output()
        .expect("the demo runs")
}

fn stdout(output: &Output) -> String {
    let text = String::from_utf8(output.stdout.clone()).expect("UTF-8");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}\n{stderr}");
    assert_eq!(stderr, "", "a demo that works has nothing to warn of");
    text
}

#[test]
fn it_works_twice_in_a_row_in_seconds_and_says_what_each_step_cost_and_why() {
    let folder = tempfile::tempdir().expect("a folder");
    let home = folder.path().join("home");
    for round in ["first", "second"] {
        let begun = Instant::now();
        let text = stdout(&demo(&home, folder.path()));
        assert!(begun.elapsed() < Duration::from_secs(30), "{round}: {:?}", begun.elapsed());
        assert!(text.ends_with("\n\nAll 12 steps worked.\n"), "{round}: {text}");
        for said in [
            "Practice home",
            "Handshake",
            "chat_completion, llm_route, llm_routing_info, job_result, estimate_cost, spend_report",
            "practice/gpt-5-mini · $0.000",
            "Class summarize: the first choice is practice/gpt-5-mini (",
            "It did not answer; practice-two/gpt-4.1-mini did.",
            "practice/gpt-5 was asked for by name (",
            "pieces before the whole",
            "The call cap of $0.25 has no room",
            "nothing was sent",
            "nothing is held",
            "charges, holds and accounts agree",
        ] {
            assert!(text.contains(said), "{round}: {said:?} is missing: {text}");
        }
    }
    assert!(home.join("practice/PRACTICE").is_file(), "the practice home stays, marked");
    assert!(!home.join("ledger.db").exists(), "the real ledger is not touched");
}

#[test]
fn a_folder_called_practice_that_is_not_marked_is_left_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let home = folder.path().join("home");
    let mine = home.join("practice/piano.txt");
    std::fs::create_dir_all(mine.parent().expect("a parent")).expect("made");
    std::fs::write(&mine, "scales").expect("written");
    assert!(stdout(&demo(&home, folder.path())).ends_with("All 12 steps worked.\n"));
    assert_eq!(std::fs::read_to_string(&mine).expect("still there"), "scales");
}

#[test]
fn a_home_that_cannot_be_made_is_replaced_by_a_temporary_one() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("file");
    std::fs::write(&file, "").expect("written");
    let text = stdout(&demo(&file.join("home"), folder.path()));
    assert!(text.ends_with("All 12 steps worked.\n"), "{text}");
    let left: Vec<_> =
        std::fs::read_dir(folder.path()).expect("read").flatten().map(|entry| entry.file_name()).collect();
    assert_eq!(left, ["file"], "the temporary home is removed");
}

#[test]
fn output_that_nobody_reads_to_its_end_is_no_failure() {
    use std::io::Read;
    use std::process::Stdio;

    let folder = tempfile::tempdir().expect("a folder");
    let mut child = Command::new(env!("CARGO_BIN_EXE_pointsman"))
        .arg("--home")
        .arg(folder.path().join("home"))
        .arg("demo")
        .env_clear()
        .env("HOME", folder.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the demo runs");
    let mut first = [0; 8];
    child.stdout.take().expect("stdout").read_exact(&mut first).expect("a beginning");
    let output = child.wait_with_output().expect("it ends");
    assert!(output.status.success(), "{}", output.status);
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
}
