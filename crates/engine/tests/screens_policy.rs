//! The fixtures of the Policy page's tests, from a real gateway: see `written`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod desk;
mod written;

use desk::{bare, desk};
use pointsman_engine::policy_file::Author;
use pointsman_engine::view::{DryRun, PromptCheck};
use written::written;

fn ask(class: &str, prompt: &str) -> DryRun {
    DryRun { class: Some(class.to_owned()), prompt: prompt.to_owned(), ..DryRun::default() }
}

#[tokio::test]
async fn the_policy_page() {
    let desk = desk().await;
    let page = desk.gateway.policy_page().await.unwrap();
    written("policy", &page, &desk.swaps());

    let narrower = desk.file().replace("max_tokens: 800", "max_tokens: 600");
    let clean = desk.gateway.policy_look(&narrower).await.unwrap();
    assert_eq!(clean.problems, []);
    written("policy-look", &clean, &desk.swaps());

    let slips = narrower
        .replace("max_tokens: 4096", "max_tokns: 4096")
        .replace("strategy: cheapest", "strategy: cheapst")
        .replace("window: day, limit_usd: 2}", "window: day, limit_usd: $2}");
    let errors = desk.gateway.policy_look(&slips).await.unwrap();
    assert_eq!(errors.problems.iter().filter(|problem| problem.fixes.len() == 1).count(), 3, "{:?}", errors.problems);
    written("policy-look-errors", &errors, &desk.swaps());
}

#[tokio::test]
async fn the_policy_page_where_the_file_does_not_rule() {
    let desk = desk().await;
    let wider = desk.file().replace("limit_usd: 10,", "limit_usd: 50,").replace("block_usd: 15.00", "block_usd: 30.00");
    desk.another_program_writes(&wider);
    written("policy-waiting", &desk.gateway.policy_page().await.unwrap(), &desk.swaps());
    desk.another_program_writes(&desk.file().replace("limit_usd: 2}", "limit_usd: two}"));
    written("policy-broken", &desk.gateway.policy_page().await.unwrap(), &desk.swaps());
    std::fs::remove_file(desk.path()).unwrap();
    written("policy-gone", &desk.gateway.policy_page().await.unwrap(), &desk.swaps());

    let bare = bare().await;
    written("policy-empty", &bare.gateway.policy_page().await.unwrap(), &bare.swaps());
}

#[tokio::test]
async fn the_versions_of_the_policy() {
    let desk = desk().await;
    let page = desk.gateway.policy_page().await.unwrap();
    let second = page.text.replace("max_tokens: 800", "max_tokens: 600");
    let saved = desk.gateway.policy_save(&second, &page.hash, Author::Form).await.unwrap();
    let third = second.replace("temperature: 0.2", "temperature: 0");
    desk.gateway.policy_save(&third, &saved.hash, Author::Text).await.unwrap();
    desk.another_program_writes(&third.replace("limit_usd: 10,", "limit_usd: 9,"));
    let versions = desk.gateway.policy_versions().await.unwrap();
    let authors: Vec<_> = versions.iter().map(|version| version.author).collect();
    assert_eq!(authors, [Author::External, Author::Text, Author::Form, Author::First]);
    written("policy-versions", &versions, &desk.swaps());
    written("policy-diff", &desk.gateway.policy_diff(&page.hash, None).await.unwrap(), &desk.swaps());

    let mine = third.replace("max_tokens: 600", "max_tokens: 700").replace("tier: L3", "tier: L2");
    let theirs = third.replace("max_tokens: 600", "max_tokens: 500").replace("limit_usd: 10,", "limit_usd: 8,");
    let base = versions[1].hash.clone();
    let merged = desk.gateway.policy_merge(&base, &mine, &theirs).await.unwrap();
    assert_eq!(merged.conflicts, 1);
    written("policy-merge", &merged, &desk.swaps());
}

#[tokio::test]
async fn dry_runs_and_saved_prompts() {
    let desk = desk().await;
    let said = desk.gateway.dry_run(ask("summarize", "Put this mail into one line: …")).await.unwrap();
    assert_eq!(said.answers.as_deref(), Some("studio/practice-small"));
    written("dry-run", &said, &desk.swaps());
    let refused = desk.gateway.dry_run(ask("code_review", "Read this function.")).await.unwrap();
    assert_eq!(refused.answers, None);
    written("dry-run-refused", &refused, &desk.swaps());

    for (class, expects) in [("summarize", "studio/practice-small"), ("private", "studio/practice-small")] {
        let ask = ask(class, "What is this about?");
        let check = PromptCheck { id: String::new(), ask, expects: expects.to_owned(), result: None };
        desk.gateway.prompt_check_put(check).await.unwrap();
    }
    let checks = desk.gateway.prompt_checks(None).await.unwrap();
    assert_eq!(checks.iter().map(|check| check.result.as_ref().unwrap().passed).collect::<Vec<_>>(), [true, false]);
    written("prompt-checks", &checks, &desk.swaps());
}
