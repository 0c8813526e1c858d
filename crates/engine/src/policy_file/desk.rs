//! The document as the window edits it: what a text means, one edit of it, saving, merging, the text kept
//! over a restart, dry runs and saved prompts. Nothing here says yes for the person: what allows more is
//! written and waits, as every edit from outside does.

use pointsman_core::code::{Code, Denial};

use super::Author;
use crate::Gateway;
use crate::view::{DryRun, Explanation, MergedText, PolicyEdit, PolicyLook, PolicyPage, PromptCheck, SaveOutcome};

impl Gateway {
    /// The Policy page.
    ///
    /// # Errors
    /// Where the ledger cannot be read.
    pub async fn policy_page(&self) -> Result<PolicyPage, Denial> {
        Err(unbuilt())
    }

    /// What a text means, without saving it.
    ///
    /// # Errors
    /// Where the active version cannot be told.
    pub async fn policy_look(&self, _text: &str) -> Result<PolicyLook, Denial> {
        Err(unbuilt())
    }

    /// Writes a text as routing.yaml if the file is still the one it was made from.
    ///
    /// # Errors
    /// From a server; where the file cannot be written.
    pub async fn policy_save(&self, _text: &str, _base: &str, _author: Author) -> Result<SaveOutcome, Denial> {
        Err(unbuilt())
    }

    /// Edits the text on disk and saves it: for the pages that change one value.
    ///
    /// # Errors
    /// As [`Gateway::policy_save`] and [`Gateway::policy_edited`].
    pub async fn policy_apply(&self, _edits: &[PolicyEdit]) -> Result<SaveOutcome, Denial> {
        Err(unbuilt())
    }

    /// Writes a version back as an edit of the person, like [`Gateway::policy_restore`].
    ///
    /// # Errors
    /// As [`Gateway::policy_save`]; where the version is not known.
    pub async fn policy_restored(&self, _hash: &str) -> Result<SaveOutcome, Denial> {
        Err(unbuilt())
    }

    /// Keeps a text that is being edited, or forgets it.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub async fn policy_keep(&self, _text: Option<&str>, _base: &str) -> Result<(), Denial> {
        Err(unbuilt())
    }

    /// The person's edit of a text and another program's, put together.
    ///
    /// # Errors
    /// Where the base is not known.
    pub async fn policy_merge(&self, _base: &str, _mine: &str, _theirs: &str) -> Result<MergedText, Denial> {
        Err(unbuilt())
    }

    /// Which model would answer, without sending anything.
    ///
    /// # Errors
    /// Where nothing rules, or the text is not valid.
    pub async fn dry_run(&self, _ask: DryRun) -> Result<Explanation, Denial> {
        Err(unbuilt())
    }

    /// The saved prompts, run on a text or on the version that rules.
    ///
    /// # Errors
    /// Where the ledger cannot be read.
    pub async fn prompt_checks(&self, _text: Option<&str>) -> Result<Vec<PromptCheck>, Denial> {
        Err(unbuilt())
    }

    /// Saves a prompt, or changes a saved one.
    ///
    /// # Errors
    /// Where it is not whole, or the ledger cannot be written.
    pub async fn prompt_check_put(&self, _check: PromptCheck) -> Result<Vec<PromptCheck>, Denial> {
        Err(unbuilt())
    }

    /// Deletes a saved prompt.
    ///
    /// # Errors
    /// Where the ledger cannot be written.
    pub async fn prompt_check_delete(&self, _id: &str) -> Result<Vec<PromptCheck>, Denial> {
        Err(unbuilt())
    }
}

fn unbuilt() -> Denial {
    Denial::new(Code::Internal, "This is not built yet.")
}
