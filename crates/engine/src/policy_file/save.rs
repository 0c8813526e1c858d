//! Saving what a person edited: written only if the file is still the one the edit was made from, with who
//! wrote it recorded before, so that whichever process finds it keeps the author.

use jiff::Timestamp;
use pointsman_core::code::{Code, Denial};

use super::desk::first_error;
use super::versions::{Author, short};
use super::{State, disk};
use crate::ledger::policy as rows;
use crate::view::{PolicyEdit, SaveOutcome, SaveState};
use crate::{Gateway, Inner, Surface};

impl Gateway {
    /// Writes a text as routing.yaml if the file is still the one it was made from. `base` is the hash of
    /// that; empty where there was none.
    ///
    /// # Errors
    /// From a server; where the file cannot be read or written.
    pub async fn policy_save(&self, text: &str, base: &str, author: Author) -> Result<SaveOutcome, Denial> {
        let inner = self.inner();
        if inner.caller.surface == Surface::Mcp {
            let sentence = "routing.yaml is written in the Pointsman app, or with `pointsman policy`.";
            return Err(Denial::new(Code::NeedsApproval, sentence));
        }
        let mut outcome = {
            let mut state = inner.policy.state.lock().await;
            save(inner, &mut state, text, base, author).await?
        };
        match outcome.state {
            SaveState::Acts | SaveState::Waits | SaveState::Same => {
                outcome.checks = self.prompt_checks(Some(text)).await?;
            }
            SaveState::Invalid | SaveState::Moved => {}
        }
        Ok(outcome)
    }

    /// Edits the text on disk and saves it: for the pages that change one value.
    ///
    /// # Errors
    /// As [`Gateway::policy_save`] and [`Gateway::policy_edited`].
    pub async fn policy_apply(&self, edits: &[PolicyEdit]) -> Result<SaveOutcome, Denial> {
        let inner = self.inner();
        let (text, base) = match disk::read(&inner.policy.path) {
            disk::Found::Text(text, hash) => (text, hash),
            disk::Found::Nothing => {
                let mut state = inner.policy.state.lock().await;
                (inner.policy.look(&mut state, inner).await?.text.clone(), String::new())
            }
            disk::Found::Trouble(why) => return Err(Denial::new(Code::PolicyInvalid, why)),
        };
        let edited = Self::policy_edited(&text, edits)?;
        self.policy_save(&edited, &base, Author::Form).await
    }

    /// Writes a version back as an edit of the person, like [`Gateway::policy_restore`].
    ///
    /// # Errors
    /// As [`Gateway::policy_save`]; where the version is not known.
    pub async fn policy_restored(&self, hash: &str) -> Result<SaveOutcome, Denial> {
        let text = self.kept(hash).await?.text;
        let base = match disk::read(&self.inner().policy.path) {
            disk::Found::Text(_, now) => now,
            disk::Found::Nothing => String::new(),
            disk::Found::Trouble(why) => return Err(Denial::new(Code::PolicyInvalid, why)),
        };
        self.policy_save(&text, &base, Author::Text).await
    }
}

async fn save(inner: &Inner, state: &mut State, text: &str, base: &str, author: Author) -> Result<SaveOutcome, Denial> {
    let on_disk = match disk::read(&inner.policy.path) {
        disk::Found::Text(text, hash) => Some((text, hash)),
        disk::Found::Nothing => None,
        disk::Found::Trouble(why) => return Err(Denial::new(Code::PolicyInvalid, why)),
    };
    let now = on_disk.as_ref().map(|(_, hash)| hash.clone()).unwrap_or_default();
    if let Some(error) = first_error(text) {
        return Ok(outcome(SaveState::Invalid, format!("Nothing was written. {error}"), now));
    }
    let hash = disk::hash(text);
    let is_new = now != hash;
    if is_new {
        if now != base {
            return Ok(moved(on_disk));
        }
        if !written(inner, text, &hash, base, author).await? {
            return Ok(moved(read_again(inner)));
        }
    }
    let looked = inner.policy.look(state, inner).await;
    inner.ledger.write(rows::forget_edited).await?;
    match (looked, &state.draft) {
        (_, Some(draft)) if draft.hash == hash => {
            let sentence = "It is saved. It allows more than before, so it waits for your yes; until then the version before acts.";
            Ok(outcome(SaveState::Waits, sentence.to_owned(), hash))
        }
        (Ok(active), _) if active.hash == hash && !is_new => {
            let same = format!("routing.yaml is version {} and acts already.", short(&hash));
            Ok(outcome(SaveState::Same, same, hash))
        }
        (Ok(active), _) if active.hash == hash => {
            Ok(outcome(SaveState::Acts, "Saved. It acts with the next call.".to_owned(), hash))
        }
        (Ok(_), _) => Ok(moved(read_again(inner))),
        (Err(denial), _) => Err(Denial::new(denial.code, format!("routing.yaml is written. {}", denial.sentence))),
    }
}

/// Writes the file, and first who wrote it. `false` where the file is no longer the one of `base`.
async fn written(inner: &Inner, text: &str, hash: &str, base: &str, author: Author) -> Result<bool, Denial> {
    // The first file is a ground to be active, not an author of a saved text.
    let word = if author == Author::First { Author::Text } else { author }.as_str();
    let (owned, named, now) = (text.to_owned(), hash.to_owned(), Timestamp::now());
    let is_new = inner.ledger.write(move |tx| rows::written(tx, &named, &owned, word, now.as_millisecond())).await?;
    let done = match base {
        "" => disk::create(&inner.policy.path, text),
        base => {
            let known = base.to_owned();
            let is_kept = inner.ledger.read(move |c| rows::standing(c, &known)).await?.1.is_some();
            let name = format!("routing-{}-{}.yaml", now.strftime("%Y%m%d-%H%M%S"), short(base));
            let kept = inner.home.path().join("discarded").join(name);
            // A text that is no version, such as a broken one, is kept nowhere else.
            match disk::replace(&inner.policy.path, base, text, (!is_kept).then_some(&kept)) {
                Ok(()) => Ok(true),
                Err(denial) if denial == disk::moved_on() => Ok(false),
                Err(denial) => Err(denial),
            }
        }
    };
    if is_new && done.as_ref().is_ok_and(|done| !done) {
        let named = hash.to_owned();
        inner.ledger.write(move |tx| rows::unwritten(tx, &named)).await?;
    }
    done
}

fn read_again(inner: &Inner) -> Option<(String, String)> {
    match disk::read(&inner.policy.path) {
        disk::Found::Text(text, hash) => Some((text, hash)),
        disk::Found::Nothing | disk::Found::Trouble(_) => None,
    }
}

fn moved(on_disk: Option<(String, String)>) -> SaveOutcome {
    let sentence = match &on_disk {
        Some(_) => "Another program changed routing.yaml meanwhile. Nothing was written; choose what to keep.",
        None => "Another program took routing.yaml away meanwhile. Nothing was written; save again to write it anew.",
    };
    let (theirs, hash) = on_disk.map_or((None, String::new()), |(text, hash)| (Some(text), hash));
    SaveOutcome { theirs, ..outcome(SaveState::Moved, sentence.to_owned(), hash) }
}

fn outcome(state: SaveState, sentence: String, hash: String) -> SaveOutcome {
    SaveOutcome { state, sentence, hash, theirs: None, checks: Vec::new() }
}
