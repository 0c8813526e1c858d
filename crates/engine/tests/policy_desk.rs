//! The Policy page through its door: what is saved, by whom, against whom, and what stays as it was.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod desk;

use desk::{Desk, bare, desk};
use pointsman_core::code::Code;
use pointsman_engine::policy_file::{Author, VersionState};
use pointsman_engine::view::{
    DryRun, EditValue, LintSeverity, PathStep, PolicyEdit, PolicyFileState, PromptCheck, SaveState,
};
use pointsman_engine::{CallContext, RouteCall, Surface};

fn set(path: &[&str], text: &str) -> PolicyEdit {
    let path = path.iter().map(|key| PathStep::Key((*key).to_owned())).collect();
    PolicyEdit::Set { path, value: EditValue::Plain { text: text.to_owned() } }
}

fn ask(class: &str, prompt: &str) -> DryRun {
    DryRun { class: Some(class.to_owned()), prompt: prompt.to_owned(), ..DryRun::default() }
}

async fn check(desk: &Desk, class: &str, expects: &str) -> Vec<PromptCheck> {
    let check = PromptCheck { id: String::new(), ask: ask(class, "hello"), expects: expects.to_owned(), result: None };
    desk.gateway.prompt_check_put(check).await.unwrap()
}

fn passed(checks: &[PromptCheck]) -> Vec<bool> {
    checks.iter().map(|check| check.result.as_ref().unwrap().passed).collect()
}

#[tokio::test]
async fn a_form_edit_acts_with_the_next_call_and_is_the_forms_in_every_process() {
    let desk = desk().await;
    let edit = set(&["defaults", "summarize", "max_tokens"], "300");
    let saved = desk.gateway.policy_apply(std::slice::from_ref(&edit)).await.unwrap();
    assert_eq!((saved.state, saved.sentence.as_str()), (SaveState::Acts, "Saved. It acts with the next call."));
    assert_eq!(desk.on_disk(), desk.file().replace("max_tokens: 800", "max_tokens: 300"));

    let server = desk.again(Surface::Mcp);
    let call = RouteCall { task_class: "summarize".into(), prompt: "hello".into(), ..RouteCall::default() };
    server.route(call, CallContext::quiet("llm_route")).await;
    assert_eq!(desk.server.chats()[0].json()["max_tokens"], 300, "the next call of another process has it");
    let versions = server.policy_versions().await.unwrap();
    let said: Vec<_> = versions.iter().map(|version| (version.author, version.state)).collect();
    assert_eq!(said, [(Author::Form, VersionState::Active), (Author::First, VersionState::Earlier)]);
    let running = server.policy_page().await.unwrap().running.unwrap();
    assert_eq!((running.number, running.author, running.hash), (2, Some(Author::Form), saved.hash.clone()));

    let again = desk.gateway.policy_apply(&[edit]).await.unwrap();
    assert_eq!((again.state, again.hash), (SaveState::Same, saved.hash));
    assert_eq!(server.policy_apply(&[]).await.unwrap_err().code, Code::NeedsApproval, "a server never writes it");
}

#[tokio::test]
async fn of_two_saves_of_one_text_one_is_written_and_the_other_is_told() {
    let desk = desk().await;
    let page = desk.gateway.policy_page().await.unwrap();
    let other = desk.again(Surface::App);
    let (mine, theirs) = (page.text.replace("800", "600"), page.text.replace("800", "500"));
    let (a, b) = tokio::join!(
        desk.gateway.policy_save(&mine, &page.hash, Author::Text),
        other.policy_save(&theirs, &page.hash, Author::Text)
    );
    let (a, b) = (a.unwrap(), b.unwrap());
    let (won, lost) = if a.state == SaveState::Acts { (a, b) } else { (b, a) };
    assert_eq!((won.state, lost.state), (SaveState::Acts, SaveState::Moved), "{lost:?}");
    assert_eq!(lost.theirs, Some(desk.on_disk()));
    assert_eq!((lost.hash.as_str(), lost.sentence.contains("Another program changed")), (won.hash.as_str(), true));
    assert_eq!(desk.gateway.policy_versions().await.unwrap().len(), 2, "what was not written is no version");
}

#[tokio::test]
async fn a_text_with_errors_is_not_written_and_can_be_kept_over_a_restart() {
    let desk = desk().await;
    let page = desk.gateway.policy_page().await.unwrap();
    let broken = page.text.replace("limit_usd: 2}", "limit_usd: two}");
    let saved = desk.gateway.policy_save(&broken, &page.hash, Author::Text).await.unwrap();
    assert_eq!((saved.state, desk.on_disk()), (SaveState::Invalid, desk.file()));
    assert!(
        saved.sentence.starts_with("Nothing was written. Line 73, column 42: limit_usd must be"),
        "{}",
        saved.sentence
    );

    desk.gateway.policy_keep(Some(&broken), &page.hash).await.unwrap();
    let later = desk.again(Surface::App);
    let kept = later.policy_page().await.unwrap().kept.expect("kept");
    assert_eq!((kept.text, kept.base), (broken.clone(), page.hash.clone()));
    assert_eq!(later.policy_page().await.unwrap().file, PolicyFileState::Rules, "a kept text is never active");
    assert_eq!(desk.again(Surface::Cli).policy_keep(None, "").await.unwrap_err().code, Code::NeedsApproval);
    let with_key = format!("{broken}# sk-proj-abcDEF1234567890abcDEF1234567890\n");
    assert!(later.policy_keep(Some(&with_key), &page.hash).await.unwrap_err().sentence.contains("API key"));

    later.policy_save(&page.text.replace("800", "700"), &page.hash, Author::Text).await.unwrap();
    assert_eq!(later.policy_page().await.unwrap().kept, None, "what is saved need not be kept");
}

#[tokio::test]
async fn what_allows_more_is_written_and_waits_in_plain_words() {
    let desk = desk().await;
    let page = desk.gateway.policy_page().await.unwrap();
    let wider = page.text.replace("limit_usd: 10,", "limit_usd: 40,");
    let look = desk.gateway.policy_look(&wider).await.unwrap();
    let widens = vec!["The month cap goes from $10.00 to $40.00.".to_owned()];
    assert_eq!((look.outlook, &look.widens), (SaveState::Waits, &widens));
    let saved = desk.gateway.policy_save(&wider, &page.hash, Author::Text).await.unwrap();
    assert_eq!((saved.state, desk.on_disk()), (SaveState::Waits, wider.clone()));
    let page = desk.gateway.policy_page().await.unwrap();
    assert_eq!((page.file, page.running.unwrap().number), (PolicyFileState::Waits, 1));
    assert!(page.sentence.starts_with("What you saved allows more than before"), "{}", page.sentence);
    assert_eq!(page.waiting.unwrap().widens, widens);

    desk.another_program_writes(&wider.replace("limit_usd: 40,", "limit_usd: 60,"));
    let page = desk.gateway.policy_page().await.unwrap();
    assert!(page.sentence.starts_with("Another program changed routing.yaml"), "{}", page.sentence);
    let versions = desk.gateway.policy_versions().await.unwrap();
    let authors: Vec<_> = versions.iter().map(|version| version.author).collect();
    assert_eq!(authors, [Author::External, Author::Text, Author::First]);
}

#[tokio::test]
async fn a_file_that_is_gone_is_restored_from_the_version_that_rules() {
    let desk = desk().await;
    std::fs::remove_file(desk.path()).unwrap();
    let page = desk.gateway.policy_page().await.unwrap();
    assert_eq!((page.file, page.hash.as_str(), &page.text), (PolicyFileState::Gone, "", &desk.file()));
    assert_eq!(page.sentence, "routing.yaml is gone. Still running the last good version.");
    let restored = desk.gateway.policy_restored(&page.running.unwrap().hash).await.unwrap();
    assert_eq!((restored.state, desk.on_disk()), (SaveState::Acts, desk.file()));
    assert_eq!(desk.gateway.policy_page().await.unwrap().file, PolicyFileState::Rules);

    std::fs::remove_file(desk.path()).unwrap();
    let applied = desk.gateway.policy_apply(&[set(&["retry", "jitter"], "0.1")]).await.unwrap();
    assert_eq!(applied.state, SaveState::Acts, "an edit begins with the version that rules");
    assert!(desk.on_disk().ends_with("retry:\n  jitter: 0.1\n"));
}

#[tokio::test]
async fn a_broken_file_of_another_program_is_told_and_kept_when_it_is_replaced() {
    let desk = desk().await;
    let broken = "version: 1\n\ndefaults: [1\n";
    desk.another_program_writes(broken);
    let page = desk.gateway.policy_page().await.unwrap();
    assert_eq!((page.file, page.text.as_str()), (PolicyFileState::Broken, broken));
    assert!(
        page.sentence.starts_with("Line ") && page.sentence.ends_with("Version 1 stays active."),
        "{}",
        page.sentence
    );
    let (mine, theirs) = (broken.replace("[1", "[1, 2]"), broken.replace("version: 1", "version: 2"));
    let merged = desk.gateway.policy_merge(&page.hash, &mine, &theirs).await.unwrap();
    assert_eq!((merged.text.as_str(), merged.conflicts), ("version: 2\n\ndefaults: [1, 2]\n", 0), "also of no version");
    assert!(
        desk.gateway.policy_merge("0123456789", "a", "b").await.unwrap_err().sentence.contains("not known any more")
    );

    desk.gateway.policy_save(&desk.file(), &page.hash, Author::Text).await.unwrap();
    let discarded: Vec<_> = std::fs::read_dir(desk.gateway.home().path().join("discarded")).unwrap().collect();
    assert_eq!(discarded.len(), 1);
    assert_eq!(std::fs::read_to_string(discarded[0].as_ref().unwrap().path()).unwrap(), broken);
}

#[tokio::test]
async fn a_first_file_can_be_written_in_the_window() {
    let bare = bare().await;
    let page = bare.gateway.policy_page().await.unwrap();
    assert_eq!((page.file, &page.running), (PolicyFileState::Gone, &None));
    let saved = bare.gateway.policy_save(&page.text, &page.hash, Author::Text).await.unwrap();
    assert_eq!((saved.state, bare.on_disk()), (SaveState::Acts, page.text));
}

#[tokio::test]
async fn a_problem_is_mended_by_its_fix() {
    let desk = desk().await;
    for (right, wrong, after) in [
        ("max_tokens: 800", "max_tokns: 800", "max_tokens: 800"),
        ("strategy: cheapest", "strategy: \"cheapst\"", "strategy: cheapest"),
        ("limit_usd: 2}", "limit_usd: $2.00}", "limit_usd: 2.00}"),
        ("cache: true", "cache: ture", "cache: true"),
        ("warn_usd: 0.50", "warn_usd: '0,50'", "warn_usd: 0.50"),
        ("chat_default: summarize", "chat_default: sumarize", "chat_default: summarize"),
        ("name: draft", "name: drat", "name: draft"),
        ("provider: openai\n", "provider: opnai\n", "provider: openai\n"),
        ("    cache: true", "    cache: true\n    cache: false", "    cache: true\n    # cache: false"),
        ("    cache: true", "\tcache: true", "  cache: true"),
    ] {
        let text = desk.file().replacen(right, wrong, 1);
        let look = desk.gateway.policy_look(&text).await.unwrap();
        let errors: Vec<_> = look.problems.iter().filter(|one| one.severity == LintSeverity::Error).collect();
        let fix = &errors[0].fixes.first().unwrap_or_else(|| panic!("{wrong}: {errors:?}"));
        let mended = text.split('\n').enumerate().map(|(nth, line)| {
            if nth + 1 != fix.line as usize {
                return line.to_owned();
            }
            let units: Vec<u16> = line.encode_utf16().collect();
            let cut = |from: usize, to: usize| String::from_utf16(&units[from..to]).unwrap();
            let (from, to) = (fix.column as usize - 1, fix.end_column as usize - 1);
            format!("{}{}{}", cut(0, from), fix.text, cut(to, units.len()))
        });
        let mended = mended.collect::<Vec<_>>().join("\n");
        assert_eq!(mended, desk.file().replacen(right, after, 1), "{wrong}: {}", fix.title);
    }
}

#[tokio::test]
async fn a_dry_run_goes_by_the_text_it_is_given_and_sends_nothing() {
    let desk = desk().await;
    let said = desk.gateway.dry_run(ask("summarize", "hello")).await.unwrap();
    assert_eq!(said.answers.as_deref(), Some("studio/practice-small"));
    let text = desk.file().replacen("model: practice-small", "model: practice-large", 1);
    let other = desk.gateway.dry_run(DryRun { text: Some(text), ..ask("summarize", "hello") }).await.unwrap();
    assert_eq!(other.answers.as_deref(), Some("studio/practice-large"));
    let pictures = desk.gateway.dry_run(DryRun { images: 2, ..ask("summarize", "hello") }).await.unwrap();
    assert!(pictures.most_input_tokens > said.most_input_tokens + 100, "pictures are counted");
    let named = DryRun { model: Some("studio/practice-large".into()), prompt: "x".into(), ..DryRun::default() };
    assert_eq!(desk.gateway.dry_run(named).await.unwrap().rule, "model");
    let broken = DryRun { text: Some("a: [".into()), ..ask("summarize", "hello") };
    assert_eq!(desk.gateway.dry_run(broken).await.unwrap_err().code, Code::PolicyInvalid);
    assert!(desk.gateway.dry_run(DryRun { images: 21, ..ask("summarize", "x") }).await.is_err());
    assert!(desk.server.received().is_empty());
}

#[tokio::test]
async fn saved_prompts_are_run_at_each_save_and_turn_red_where_another_model_would_answer() {
    let desk = desk().await;
    check(&desk, "summarize", "studio/practice-small").await;
    let checks = check(&desk, "private", "studio/practice-large").await;
    assert_eq!(passed(&checks), [true, true]);
    let page = desk.gateway.policy_page().await.unwrap();
    let text = page.text.replacen("max_tokens: 800", "max_tokens: 800\n    timeout_s: 30", 1);
    let saved = desk.gateway.policy_save(&text, &page.hash, Author::Text).await.unwrap();
    assert_eq!((saved.state, passed(&saved.checks).as_slice()), (SaveState::Acts, [true, true].as_slice()));
    let moved = text.replacen("model: practice-small", "model: practice-large", 1);
    let saved = desk.gateway.policy_save(&moved, &saved.hash, Author::Text).await.unwrap();
    assert_eq!(passed(&saved.checks), [false, true]);
    let red = saved.checks[0].result.as_ref().unwrap();
    assert_eq!(red.answers.as_deref(), Some("studio/practice-large"));

    let mut changed = saved.checks[0].clone();
    changed.expects = "studio/practice-large".to_owned();
    let on_moved = desk.gateway.prompt_check_put(changed.clone()).await.unwrap();
    assert_eq!(on_moved.len(), 2, "a saved prompt is changed, not saved twice");
    assert_eq!(desk.gateway.prompt_check_delete(&changed.id).await.unwrap().len(), 1);
    assert_eq!(desk.gateway.prompt_check_delete(&changed.id).await.unwrap_err().code, Code::NotFound);
    assert_eq!(desk.gateway.prompt_check_put(changed).await.unwrap_err().code, Code::NotFound);
    for bad in [("", "a/b"), ("x", "not a model"), ("sk-proj-abcDEF1234567890abcDEF1234567890", "a/b")] {
        let check = PromptCheck { id: String::new(), ask: ask("private", bad.0), expects: bad.1.into(), result: None };
        assert!(desk.gateway.prompt_check_put(check).await.is_err(), "{bad:?}");
    }
    assert!(desk.again(Surface::Mcp).prompt_check_delete("x").await.is_err());
    assert!(desk.server.received().is_empty(), "no call is made");
}

#[tokio::test]
async fn a_thousand_lines_are_looked_at_while_somebody_types() {
    let desk = desk().await;
    let mut text = desk.file();
    for nth in 0..130 {
        let class = format!(
            "  class_{nth}:\n    # of class {nth}\n    provider: studio\n    model: practice-small\n    max_tokens: {}\n    rationale: Number {nth}.\n    cache: true\n",
            nth + 1
        );
        text = text.replacen("fallback:\n", &format!("{class}fallback:\n"), 1);
    }
    assert!(text.lines().count() > 980);
    desk.gateway.policy_look(&text).await.unwrap();
    let begun = std::time::Instant::now();
    let look = desk.gateway.policy_look(&text).await.unwrap();
    let took = begun.elapsed();
    assert_eq!(look.form.unwrap().classes.len(), 135);
    // Far above what a release build needs: a debug build on a busy machine stays below it.
    assert!(took < std::time::Duration::from_secs(3), "{took:?}");
}
