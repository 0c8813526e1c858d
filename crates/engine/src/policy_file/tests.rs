//! Files that change under a running gateway, on a real ledger. Signed answers are tested where a
//! keychain is: in the root package's tests/policy.rs.

use std::fs;

use pointsman_core::policy::first_file;

use super::*;
use crate::{Caller, Gateway, Surface};

const BASE: &str = r#"caps:
  - { scope: all, window: day, limit_usd: 2.00 }
defaults:
  ask: { provider: openai, model: small, max_tokens: 1000 }
models:
  openai/small: { tier: L1, price: { input: 1, output: 1 } }
"#;

struct Room {
    _folder: tempfile::TempDir,
    gateway: Gateway,
}

impl Room {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::at(Some(folder.path().join("home"))).unwrap();
        let gateway = Gateway::open(home, Caller::app()).unwrap();
        Self { _folder: folder, gateway }
    }

    fn with(text: &str) -> Self {
        let room = Self::new();
        room.save(text);
        room
    }

    /// As an editor that replaces the file; its time is old, so nobody waits for it to settle.
    fn save(&self, text: impl AsRef<[u8]>) {
        let path = self.gateway.home().policy_path();
        let new = path.with_extension("new");
        fs::write(&new, text).unwrap();
        let file = fs::File::options().write(true).open(&new).unwrap();
        file.set_modified(std::time::SystemTime::now() - std::time::Duration::from_secs(60)).unwrap();
        fs::rename(&new, &path).unwrap();
    }

    fn saved(&self) -> String {
        fs::read_to_string(self.gateway.home().policy_path()).unwrap()
    }

    /// The same home in another process, as far as memory goes.
    fn again(&self, surface: Surface) -> Gateway {
        Gateway::open(self.gateway.home().clone(), Caller { surface, ..Caller::app() }).unwrap()
    }

    async fn look(&self) -> Result<Arc<ActivePolicy>, Denial> {
        self.gateway.inner().policy.snapshot(self.gateway.inner()).await
    }

    async fn day_cap(&self) -> String {
        self.look().await.unwrap().policy.caps[0].limit.total()
    }

    fn notices(&self) -> Vec<String> {
        self.gateway.inner().policy.notices()
    }
}

#[tokio::test]
async fn the_first_valid_file_is_active_once() {
    let room = Room::new();
    let denial = room.look().await.unwrap_err();
    assert_eq!(denial.code, Code::PolicyInvalid);
    assert!(denial.sentence.contains("routing.yaml yet. Open Pointsman, or run `pointsman policy check`"), "{denial}");
    room.save("defaults: {");
    assert!(room.look().await.unwrap_err().sentence.contains("is not valid: line 2"), "{:?}", room.look().await);
    room.save(BASE);
    let active = room.look().await.unwrap();
    assert_eq!((active.source, active.text.as_str()), (Kind::First, BASE));
    assert!(room.notices().is_empty());
}

#[tokio::test]
async fn a_narrowing_edit_acts_and_a_widening_one_waits() {
    let room = Room::with(BASE);
    assert_eq!(room.day_cap().await, "$2.00");
    room.save(BASE.replace("2.00", "1.00"));
    assert_eq!(room.day_cap().await, "$1.00");
    assert_eq!(room.look().await.unwrap().source, Kind::Narrowing);

    let wide = BASE.replace("2.00", "50") + "providers:\n  evil: { base_url: https://evil.example }\n";
    room.save(&wide);
    assert_eq!(room.day_cap().await, "$1.00");
    assert!(room.look().await.unwrap().policy.providers.keys().all(|id| id.as_str() != "evil"));
    let draft = room.gateway.draft().await.expect("an edit that waits");
    assert_eq!(draft.hash, disk::hash(&wide));
    assert_eq!(
        draft.widens,
        ["The day cap goes from $1.00 to $50.00.", "The provider evil is added, at https://evil.example."]
    );
    let changed: Vec<_> = draft.diff.iter().filter(|line| line.kind != crate::view::DiffKind::Same).collect();
    assert_eq!(changed[0].text, "  - { scope: all, window: day, limit_usd: 1.00 }");
    assert_eq!(room.notices().len(), 1, "a caller is told: {:?}", room.notices());

    let other = room.again(Surface::Mcp);
    assert_eq!(other.draft().await.as_ref(), Some(&draft), "every process finds the same");
    room.save(BASE.replace("2.00", "0.50"));
    assert_eq!(room.day_cap().await, "$0.50");
    assert_eq!(room.gateway.draft().await, None);
    assert!(room.notices().is_empty());
}

/// A class of the machine's own models, another of a provider far away, and a name for a cheap model.
const TWO: &str = r#"caps:
  - { scope: all, window: day, limit_usd: 2.00 }
defaults:
  ask: { provider: openai, model: middle, max_tokens: 1000 }
  private: { provider: ollama, model: here, max_tokens: 1000 }
models:
  ollama/here: { tier: L0, price: { input: 0, output: 0 } }
  openai/small: { tier: L1, aliases: [quick], price: { input: 1, output: 1 } }
  openai/middle: { tier: L2, price: { input: 2, output: 2 } }
"#;

#[tokio::test]
async fn edits_that_narrow_one_by_one_do_not_widen_together() {
    let private = "  private: { provider: ollama, model: here, max_tokens: 1000 }\n";
    let elsewhere = "  private: { provider: openai, model: middle, max_tokens: 1000 }\n";
    let used = "Prompts of private may go to openai, which it did not use so far.";
    let alias = "openai/small: { tier: L1, aliases: [quick]";
    let moved = TWO.replace(", aliases: [quick]", "").replace("tier: L2", "tier: L2, aliases: [quick]");
    for (narrower, together, why) in [
        (TWO.replace(private, ""), TWO.replace(private, elsewhere), used),
        (TWO.replace(alias, "openai/small: { tier: L1"), moved, "The name quick means openai/middle instead of"),
    ] {
        let room = Room::with(TWO);
        room.look().await.unwrap();
        room.save(&narrower);
        assert_eq!(room.look().await.unwrap().text, narrower, "the first edit narrows");
        let Outlook::Waits(told) = room.gateway.policy_outlook(&together).await.unwrap() else { panic!("{why}") };
        assert!(told.iter().any(|sentence| sentence.contains(why)), "{told:?}");
        room.save(&together);
        assert_eq!(room.look().await.unwrap().text, narrower);
        assert_eq!(room.gateway.draft().await.expect("it waits").widens, told);

        // A row of another program claims that it narrows: every process reckons for itself.
        let (hash, before) = (disk::hash(&together), disk::hash(&narrower));
        let claim = Activation { seq: 3, kind: Kind::Narrowing, hash, previous: Some(before), at_ms: 1, mac: None };
        let text = together.clone();
        assert!(room.gateway.inner().ledger.write(move |tx| rows::append(tx, &claim, &text)).await.unwrap());
        assert_eq!(room.look().await.unwrap().text, narrower);
        let other = room.again(Surface::Mcp);
        assert_eq!(other.inner().policy.snapshot(other.inner()).await.unwrap().text, narrower);

        // Back to what was approved.
        room.save(TWO);
        assert_eq!(room.look().await.unwrap().text, TWO);
    }
}

#[tokio::test]
async fn a_cap_or_a_model_that_was_restrained_is_not_released_by_an_edit() {
    for (narrower, why) in [
        (TWO.replace("2.00", "1"), "The day cap goes from $1.00 to $2.00."),
        (
            TWO.replace("openai/middle: { tier", "openai/middle: { enabled: false, tier"),
            "openai/middle can be used again.",
        ),
        (TWO.replace(", price: { input: 2, output: 2 }", ""), "openai/middle gets its first price and can be used."),
    ] {
        let room = Room::with(TWO);
        room.look().await.unwrap();
        room.save(&narrower);
        assert_eq!(room.look().await.unwrap().text, narrower);
        // Also where it was allowed before: who lowered it meant it.
        room.save(TWO);
        assert_eq!(room.look().await.unwrap().text, narrower);
        assert_eq!(room.gateway.draft().await.expect("it waits").widens, [why]);
    }
}

#[tokio::test]
async fn only_the_app_answers_an_edit_that_waits() {
    let room = Room::with(BASE);
    room.look().await.unwrap();
    room.save(BASE.replace("2.00", "50"));
    let hash = room.gateway.draft().await.unwrap().hash;
    for surface in [Surface::Mcp, Surface::Cli] {
        let denial = room.again(surface).draft_activate(&hash).await.unwrap_err();
        assert_eq!(denial.code, Code::NeedsApproval, "{surface:?}");
    }
    assert_eq!(room.again(Surface::Mcp).draft_discard(&hash).await.unwrap_err().code, Code::NeedsApproval);
    assert_eq!(room.gateway.draft_activate("another").await.unwrap_err().code, Code::NotFound);
    assert_eq!(room.gateway.draft_discard("another").await.unwrap_err().code, Code::NotFound);
    assert_eq!(room.day_cap().await, "$2.00");
}

#[tokio::test]
async fn discard_brings_back_the_active_text_and_keeps_the_other() {
    let room = Room::with(BASE);
    room.look().await.unwrap();
    let wide = BASE.replace("2.00", "50") + "# a long night's work\n";
    room.save(&wide);
    let hash = room.gateway.draft().await.unwrap().hash;
    let sentence = room.gateway.draft_discard(&hash).await.unwrap();
    assert_eq!(room.saved(), BASE);
    assert_eq!(room.gateway.draft().await, None);
    let kept: Vec<_> =
        fs::read_dir(room.gateway.home().path().join("discarded")).unwrap().map(|e| e.unwrap().path()).collect();
    assert_eq!(kept.len(), 1);
    assert!(sentence.contains(kept[0].to_str().unwrap()), "{sentence}");
    assert_eq!(fs::read_to_string(&kept[0]).unwrap(), wide);
}

#[tokio::test]
async fn a_broken_or_missing_file_leaves_the_last_good_version() {
    let room = Room::with(BASE);
    assert_eq!(room.day_cap().await, "$2.00");
    let cursor = room.gateway.changes_after(0).await.unwrap().0;
    room.save("defaults: [\n");
    assert_eq!(room.day_cap().await, "$2.00");
    assert!(room.notices()[0].ends_with("The last good version stays active."), "{:?}", room.notices());
    assert!(room.gateway.inner().policy.file_problem().unwrap().starts_with("routing.yaml is not valid: line"));
    assert_eq!(room.gateway.changes_after(cursor).await.unwrap().1, [Topic::Policy], "the window is told");
    room.save(b"\xff\xfe");
    assert_eq!(room.day_cap().await, "$2.00");
    assert!(room.notices()[0].contains("not UTF-8"), "{:?}", room.notices());
    fs::remove_file(room.gateway.home().policy_path()).unwrap();
    assert_eq!(room.day_cap().await, "$2.00");
    assert!(room.notices()[0].contains("is gone"), "{:?}", room.notices());
    // Also a process that has never seen the good file.
    let other = room.again(Surface::Mcp);
    assert_eq!(other.inner().policy.snapshot(other.inner()).await.unwrap().text, BASE);
    room.save(BASE);
    room.look().await.unwrap();
    assert!(room.notices().is_empty());
}

#[tokio::test]
async fn a_half_written_file_is_waited_for() {
    let room = Room::with(BASE);
    room.look().await.unwrap();
    let path = room.gateway.home().policy_path();
    // An editor that writes in place has reached a valid, narrower half: without the class.
    let half = BASE.lines().take(2).collect::<Vec<_>>().join("\n") + "\n";
    fs::write(&path, &half).unwrap();
    let whole = BASE.replace("2.00", "1.50");
    let writer = {
        let (path, whole) = (path.clone(), whole.clone());
        tokio::task::spawn_blocking(move || fs::write(path, whole).unwrap())
    };
    let seen = room.look().await.unwrap();
    writer.await.unwrap();
    assert_ne!(seen.text, half, "the half never counts");
    assert_eq!(room.look().await.unwrap().text, whole);
}

#[tokio::test]
async fn a_row_written_with_another_program_activates_nothing() {
    let room = Room::with(BASE);
    room.look().await.unwrap();
    let wide = BASE.replace("2.00", "50");
    let (hash, before) = (disk::hash(&wide), disk::hash(BASE));
    let text = wide.clone();
    room.gateway
        .inner()
        .ledger
        .write(move |tx| {
            tx.execute("INSERT INTO policy_version VALUES (?1, ?2, 'form', 1)", [&hash, &text])?;
            let insert = "INSERT INTO activation (seq, kind, hash, previous, at_ms) VALUES (?1, ?2, ?3, ?4, 1)";
            tx.execute(insert, rusqlite::params![2, "narrowing", hash, before])?;
            tx.execute(insert, rusqlite::params![3, "first", hash, before])?;
            tx.execute(insert, rusqlite::params![4, "activated", hash, before])?;
            // The text of a version that rules is exchanged under its hash.
            tx.execute("UPDATE policy_version SET text = ?1 WHERE hash = ?2", [&text, &before])?;
            Ok(())
        })
        .await
        .unwrap();
    room.save(&wide);
    assert_eq!(room.day_cap().await, "$2.00");
    assert!(room.gateway.draft().await.is_some(), "it waits like any other");
    let other = room.again(Surface::Mcp);
    let seen = other.inner().policy.snapshot(other.inner()).await;
    assert!(seen.as_ref().map_or(true, |active| active.hash != disk::hash(&wide)), "{seen:?}");
}

#[tokio::test]
async fn an_edit_that_waits_survives_its_process() {
    let room = Room::with(BASE);
    room.look().await.unwrap();
    room.save(BASE.replace("2.00", "50"));
    let draft = room.gateway.draft().await.unwrap();
    // Killed between keeping the discarded text and writing the file: the text is kept, the edit still waits.
    let kept = room.gateway.home().path().join("discarded/routing-x.yaml");
    fs::create_dir_all(kept.parent().unwrap()).unwrap();
    fs::write(&kept, "half").unwrap();
    let other = room.again(Surface::App);
    assert_eq!(other.draft().await, Some(draft.clone()), "seen when it was first seen");
    other.draft_discard(&draft.hash).await.unwrap();
    assert_eq!(room.saved(), BASE);
}

#[tokio::test]
async fn processes_that_look_at_once_record_an_edit_once() {
    let room = Room::with(BASE);
    room.look().await.unwrap();
    room.save(BASE.replace("2.00", "1.00"));
    let all: Vec<_> = (0..6).map(|_| room.again(Surface::Mcp)).collect();
    let looks = all.iter().map(|gateway| gateway.inner().policy.snapshot(gateway.inner()));
    for seen in futures_util::future::join_all(looks).await {
        assert_eq!(seen.unwrap().policy.caps[0].limit.total(), "$1.00");
    }
    assert_eq!(room.gateway.inner().ledger.read(rows::last).await.unwrap(), 2);
}

#[tokio::test]
async fn the_first_file_is_written_by_the_app_and_never_by_a_server() {
    let room = Room::new();
    room.again(Surface::Mcp).ensure_first_file().await.unwrap();
    assert!(!room.gateway.home().policy_path().exists());
    room.again(Surface::Cli).ensure_first_file().await.unwrap();
    assert_eq!(room.saved(), first_file());
    room.save(BASE);
    room.gateway.ensure_first_file().await.unwrap();
    assert_eq!(room.saved(), BASE, "what is there stays");
    room.look().await.unwrap();
    fs::remove_file(room.gateway.home().policy_path()).unwrap();
    room.gateway.ensure_first_file().await.unwrap();
    assert!(!room.gateway.home().policy_path().exists(), "a file that was deleted is not written anew");
}

#[tokio::test]
async fn what_a_text_would_do_is_told_without_doing_it() {
    let room = Room::with(BASE);
    assert_eq!(room.gateway.policy_outlook(BASE).await.unwrap(), Outlook::Acts);
    assert_eq!(room.gateway.inner().ledger.read(rows::last).await.unwrap(), 0, "nothing became active");
    room.look().await.unwrap();
    assert_eq!(room.gateway.policy_outlook(BASE).await.unwrap(), Outlook::Active);
    assert_eq!(room.gateway.policy_outlook(&BASE.replace("2.00", "1")).await.unwrap(), Outlook::Acts);
    let waits = room.gateway.policy_outlook(&BASE.replace("2.00", "3")).await.unwrap();
    assert_eq!(waits, Outlook::Waits(vec!["The day cap goes from $2.00 to $3.00.".to_owned()]));
    // Also where the file itself is checked: nothing is recorded before a call needs it.
    let narrower = BASE.replace("2.00", "1");
    room.save(&narrower);
    let other = room.again(Surface::Cli);
    assert_eq!(other.policy_outlook(&narrower).await.unwrap(), Outlook::Acts);
    assert_eq!(room.gateway.inner().ledger.read(rows::last).await.unwrap(), 1);
    room.save(BASE);
    assert_eq!(room.day_cap().await, "$2.00");
}

#[tokio::test]
async fn every_version_is_kept_compared_and_written_back() {
    let room = Room::with(BASE);
    room.look().await.unwrap();
    let (tight, wide) = (BASE.replace("2.00", "1.00"), BASE.replace("2.00", "50"));
    room.save(&tight);
    room.look().await.unwrap();
    room.save(&wide);
    assert_eq!(room.day_cap().await, "$1.00");
    let states = async || {
        let mut all: Vec<_> = room.gateway.policy_versions().await.unwrap();
        all.sort_by_key(|version| [BASE, &tight, &wide].iter().position(|text| disk::hash(text) == version.hash));
        all.into_iter().map(|version| (version.author.as_str(), version.state.as_str())).collect::<Vec<_>>()
    };
    assert_eq!(states().await, [("first", "earlier"), ("external", "active"), ("external", "waits")]);

    let (first, second) = (disk::hash(BASE), disk::hash(&tight));
    let changed = |lines: Vec<crate::view::DiffLine>| {
        let changed = lines.into_iter().filter(|line| line.kind != crate::view::DiffKind::Same);
        changed.map(|line| line.text.trim().to_owned()).filter(|text| !text.is_empty()).collect::<Vec<_>>()
    };
    let day = |limit: &str| format!("- {{ scope: all, window: day, limit_usd: {limit} }}");
    let to_active = room.gateway.policy_diff(&first[..8], None).await.unwrap();
    assert_eq!(changed(to_active), [day("2.00"), day("1.00")]);
    let between = room.gateway.policy_diff(&second, Some(&disk::hash(&wide))).await.unwrap();
    assert_eq!(changed(between), [day("1.00"), day("50")]);

    // A version that only narrows acts; what stood there is kept beside.
    let sentence = room.gateway.policy_restore(&second[..8]).await.unwrap();
    assert!(sentence.contains("again. It acts with the next call. The text it had is in "), "{sentence}");
    assert_eq!((room.saved(), room.day_cap().await.as_str()), (tight.clone(), "$1.00"));
    let kept = fs::read_dir(room.gateway.home().path().join("discarded")).unwrap().next().unwrap().unwrap().path();
    assert_eq!(fs::read_to_string(kept).unwrap(), wide);
    // One that allows more waits like any edit, though it was active once.
    let sentence = room.gateway.policy_restore(&first).await.unwrap();
    assert!(sentence.contains("so it waits until you activate it"), "{sentence}");
    assert!(sentence.contains("The day cap goes from $1.00 to $2.00."), "{sentence}");
    assert_eq!((room.saved().as_str(), room.day_cap().await.as_str()), (BASE, "$1.00"));
    assert_eq!(states().await, [("first", "waits"), ("external", "active"), ("external", "unused")]);
    assert_eq!(room.gateway.policy_restore(&first).await.unwrap(), "routing.yaml is this version already.");
}

#[tokio::test]
async fn a_version_is_named_by_enough_of_its_hash_and_written_back_by_a_person_only() {
    let room = Room::with(BASE);
    room.look().await.unwrap();
    let hash = disk::hash(BASE);
    let server = room.again(Surface::Mcp);
    assert_eq!(server.policy_restore(&hash).await.unwrap_err().code, Code::NeedsApproval);
    for wrong in ["", &hash[..3], "zzzzzz"] {
        assert_eq!(room.gateway.policy_restore(wrong).await.unwrap_err().code, Code::NotFound, "{wrong}");
    }
    // A text that another program put under a hash of its choice is no version.
    let forged = "f".repeat(64);
    let text = BASE.replace("2.00", "500");
    let row = rusqlite::Connection::open(room.gateway.home().ledger_path()).unwrap();
    row.execute("INSERT INTO policy_version VALUES (?1, ?2, 'form', 1)", [&forged, &text]).unwrap();
    assert_eq!(room.gateway.policy_restore(&forged).await.unwrap_err().code, Code::NotFound);
    fs::remove_file(room.gateway.home().policy_path()).unwrap();
    room.gateway.policy_restore(&hash).await.unwrap();
    assert_eq!(room.saved(), BASE, "also where the file is gone");
}

#[tokio::test]
async fn a_chosen_profile_that_is_gone_is_said_with_every_answer() {
    let room = Room::with(&format!("{BASE}profiles: {{ home: {{ local_only: true }} }}\n"));
    room.look().await.unwrap();
    room.gateway.set_profile(Some("home")).await.unwrap();
    assert!(room.look().await.unwrap().policy.bounds.local_only);
    assert!(room.notices().is_empty());
    // Taking the profile away lets prompts leave this machine again: it waits, and the profile holds on.
    room.save(BASE);
    assert!(room.look().await.unwrap().policy.bounds.local_only);
    let widens = room.gateway.draft().await.unwrap().widens;
    assert_eq!(widens, ["With the profile home: Prompts may leave this machine, which the profile kept from them."]);
    // A row that names what is not there changes nothing and is said.
    room.gateway.inner().ledger.write(|tx| setting::set(tx, setting::PROFILE, "away")).await.unwrap();
    assert!(!room.look().await.unwrap().policy.bounds.local_only);
    let said = "The profile away is chosen and routing.yaml has none of this name, so the file applies without it.";
    assert!(room.notices().iter().any(|notice| notice == said), "{:?}", room.notices());
}
