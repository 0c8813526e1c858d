//! The commands of the Policy page. What is saved goes to the file as it is; where it allows more than
//! before, the person is asked by a native dialog, which names what it would allow.

use pointsman_core::code::Denial;
use pointsman_engine::Gateway;
use pointsman_engine::policy_file::{Author, PolicyVersion};
use pointsman_engine::view::{
    DiffLine, DryRun, Explanation, MergedText, PolicyEdit, PolicyLook, PolicyPage, PromptCheck, SaveOutcome, SaveState,
};

use crate::desk::Desk;

pub(crate) async fn policy(desk: &Desk) -> Result<PolicyPage, Denial> {
    desk.gateway.policy_page().await
}

pub(crate) async fn policy_look(desk: &Desk, text: String) -> Result<PolicyLook, Denial> {
    desk.gateway.policy_look(&text).await
}

pub(crate) async fn policy_edit(_desk: &Desk, text: String, edits: Vec<PolicyEdit>) -> Result<String, Denial> {
    Gateway::policy_edited(&text, &edits)
}

pub(crate) async fn policy_save(
    desk: &Desk,
    text: String,
    base: String,
    author: Author,
) -> Result<SaveOutcome, Denial> {
    let saved = desk.gateway.policy_save(&text, &base, author).await?;
    answered(desk, saved).await
}

pub(crate) async fn policy_apply(desk: &Desk, edits: Vec<PolicyEdit>) -> Result<SaveOutcome, Denial> {
    let saved = desk.gateway.policy_apply(&edits).await?;
    answered(desk, saved).await
}

/// Asks at once about what waits; a no leaves it waiting, and the page says so.
pub(super) async fn answered(desk: &Desk, saved: SaveOutcome) -> Result<SaveOutcome, Denial> {
    if saved.state != SaveState::Waits {
        return Ok(saved);
    }
    let said = super::draft_activate(desk, saved.hash.clone()).await?;
    let state = if said.done { SaveState::Acts } else { SaveState::Waits };
    Ok(SaveOutcome { state, sentence: said.sentence, ..saved })
}

pub(crate) async fn policy_keep(desk: &Desk, text: Option<String>, base: String) -> Result<(), Denial> {
    desk.gateway.policy_keep(text.as_deref(), &base).await
}

pub(crate) async fn policy_merge(
    desk: &Desk,
    base: String,
    mine: String,
    theirs: String,
) -> Result<MergedText, Denial> {
    desk.gateway.policy_merge(&base, &mine, &theirs).await
}

pub(crate) async fn policy_versions(desk: &Desk) -> Result<Vec<PolicyVersion>, Denial> {
    desk.gateway.policy_versions().await
}

pub(crate) async fn policy_diff(desk: &Desk, from: String, to: Option<String>) -> Result<Vec<DiffLine>, Denial> {
    desk.gateway.policy_diff(&from, to.as_deref()).await
}

pub(crate) async fn policy_restore(desk: &Desk, hash: String) -> Result<SaveOutcome, Denial> {
    let saved = desk.gateway.policy_restored(&hash).await?;
    answered(desk, saved).await
}

pub(crate) async fn dry_run(desk: &Desk, ask: DryRun) -> Result<Explanation, Denial> {
    desk.gateway.dry_run(ask).await
}

pub(crate) async fn prompt_checks(desk: &Desk, text: Option<String>) -> Result<Vec<PromptCheck>, Denial> {
    desk.gateway.prompt_checks(text.as_deref()).await
}

pub(crate) async fn prompt_check_put(desk: &Desk, check: PromptCheck) -> Result<Vec<PromptCheck>, Denial> {
    desk.gateway.prompt_check_put(check).await
}

pub(crate) async fn prompt_check_delete(desk: &Desk, id: String) -> Result<Vec<PromptCheck>, Denial> {
    desk.gateway.prompt_check_delete(&id).await
}
