//! The Policy page: the document, how it stands to the version that rules, the text kept over a restart,
//! and two edits put together. Nothing here says yes for the person: what allows more is written and waits,
//! as every edit from outside does.

use jiff::Timestamp;
use pointsman_core::clients::CLIENTS;
use pointsman_core::code::{Code, Denial};
use pointsman_core::policy::{self, Severity};

use super::versions::Author;
use super::{State, disk};
use crate::ledger::policy as rows;
use crate::models::ModelsQuery;
use crate::view::{Draft, KeptText, MergedText, NamedChoice, PolicyFileState, PolicyPage, RunningVersion, WaitingEdit};
use crate::{Gateway, Inner, Surface};

/// What is on disk, and how it stands.
struct OnDisk {
    file: PolicyFileState,
    sentence: String,
    text: String,
    hash: String,
}

impl Gateway {
    /// The Policy page.
    ///
    /// # Errors
    /// Where the ledger cannot be read.
    pub async fn policy_page(&self) -> Result<PolicyPage, Denial> {
        let inner = self.inner();
        let (running, disk, waiting) = {
            let mut state = inner.policy.state.lock().await;
            // Why nothing rules is said below, where that is so.
            let looked = inner.policy.look(&mut state, inner).await.map(drop);
            let running = running(inner, &state).await?;
            let disk = on_disk(inner, &state, running.as_ref(), looked.err()).await?;
            inner.policy.remember(&disk.hash, &disk.text);
            (running, disk, state.draft.clone())
        };
        let kept = inner.ledger.read(rows::being_edited).await?;
        let OnDisk { file, sentence, text, hash } = disk;
        Ok(PolicyPage {
            path: inner.policy.path.display().to_string(),
            running,
            file,
            sentence,
            text,
            hash,
            kept: kept.map(|(text, base, at_ms)| KeptText { text, base, at_ms }),
            waiting: waiting.map(waits),
            models: self.models(ModelsQuery::default()).await?.models.into_iter().map(|line| line.model).collect(),
            clients: CLIENTS
                .iter()
                .map(|client| NamedChoice { id: client.id.to_owned(), title: client.title.to_owned() })
                .collect(),
        })
    }

    /// Keeps a text that is being edited, or forgets it. Only in the app: it is the window's.
    ///
    /// # Errors
    /// From elsewhere; where the text is too large or holds a key; where it cannot be written.
    pub async fn policy_keep(&self, text: Option<&str>, base: &str) -> Result<(), Denial> {
        let inner = self.inner();
        if inner.caller.surface != Surface::App {
            return Err(Denial::new(Code::NeedsApproval, "A text being edited is kept by the Pointsman app."));
        }
        let Some(text) = text.map(str::to_owned) else { return Ok(inner.ledger.write(rows::forget_edited).await?) };
        if text.len() > policy::MAX_BYTES {
            return Err(Denial::new(Code::InvalidRequest, "The text is larger than 1 MiB and is not kept."));
        }
        if policy::holds_key(&text) {
            let sentence = "The text holds what looks like an API key, so it is not kept. Store keys on the Keys page.";
            return Err(Denial::new(Code::InvalidRequest, sentence));
        }
        let (base, now_ms) = (base.to_owned(), Timestamp::now().as_millisecond());
        Ok(inner.ledger.write(move |tx| rows::keep_edited(tx, &text, &base, now_ms)).await?)
    }

    /// The person's edit of a text and another program's, put together. `base` is the hash of the text the
    /// person began with.
    ///
    /// # Errors
    /// Where that text is not known any more.
    pub async fn policy_merge(&self, base: &str, mine: &str, theirs: &str) -> Result<MergedText, Denial> {
        let text = match self.inner().policy.remembered(base) {
            Some(text) => text,
            None => match self.kept(base).await {
                Ok(kept) => kept.text,
                Err(denial) if denial.code == Code::NotFound => {
                    let sentence = "The text you began with is not known any more. Keep yours or take theirs.";
                    return Err(Denial::new(Code::NotFound, sentence));
                }
                Err(denial) => return Err(denial),
            },
        };
        let merged = policy::merge(&text, mine, theirs);
        Ok(MergedText { text: merged.text, conflicts: u32::try_from(merged.conflicts).unwrap_or(u32::MAX) })
    }
}

async fn running(inner: &Inner, state: &State) -> Result<Option<RunningVersion>, Denial> {
    let Some(active) = state.chain.active.clone().or_else(|| state.good.clone()) else { return Ok(None) };
    let hash = active.hash.clone();
    let (seq, author) = inner.ledger.read(move |c| rows::standing(c, &hash)).await?;
    Ok(Some(RunningVersion {
        number: u32::try_from(seq).unwrap_or(u32::MAX),
        hash: active.hash.clone(),
        author: author.as_deref().map(Author::from_word),
        since_ms: active.since_ms,
    }))
}

async fn on_disk(
    inner: &Inner,
    state: &State,
    running: Option<&RunningVersion>,
    unknown: Option<Denial>,
) -> Result<OnDisk, Denial> {
    let active = state.chain.active.as_ref().or(state.good.as_ref());
    let stays = running.map_or_else(
        || "No version is active, so calls are refused.".to_owned(),
        |running| format!("Version {} stays active.", running.number),
    );
    let last_good = || active.map(|active| active.text.clone()).unwrap_or_default();
    Ok(match disk::read(&inner.policy.path) {
        disk::Found::Text(text, hash) if active.is_some_and(|active| active.hash == hash) => {
            // Where the keychain cannot confirm the chain, the version this process has served stays.
            let sentence = unknown.map(|denial| denial.sentence).unwrap_or_default();
            OnDisk { file: PolicyFileState::Rules, sentence, text, hash }
        }
        disk::Found::Text(text, hash) => match first_error(&text) {
            Some(error) => {
                let sentence = format!("{error} {stays}");
                OnDisk { file: PolicyFileState::Broken, sentence, text, hash }
            }
            None => {
                let named = hash.clone();
                let (_, author) = inner.ledger.read(move |c| rows::standing(c, &named)).await?;
                let sentence = match (unknown, author.as_deref().map(Author::from_word)) {
                    (Some(denial), _) if state.draft.is_none() => denial.sentence,
                    (_, Some(Author::Form | Author::Text | Author::Tournament)) => {
                        format!("What you saved allows more than before, so it waits for your yes. {stays}")
                    }
                    (_, Some(Author::External | Author::First) | None) => {
                        format!(
                            "Another program changed routing.yaml so that it allows more. It waits for your yes. {stays}"
                        )
                    }
                };
                OnDisk { file: PolicyFileState::Waits, sentence, text, hash }
            }
        },
        disk::Found::Nothing => {
            let sentence = match active {
                Some(_) => "routing.yaml is gone. Still running the last good version.".to_owned(),
                None => "There is no routing.yaml yet. Write one here, or save the one that is offered.".to_owned(),
            };
            let text = active.map_or_else(policy::first_file, |active| active.text.clone());
            OnDisk { file: PolicyFileState::Gone, sentence, text, hash: String::new() }
        }
        disk::Found::Trouble(why) => OnDisk {
            file: PolicyFileState::Unreadable,
            sentence: format!("{why} {stays}"),
            text: last_good(),
            hash: String::new(),
        },
    })
}

/// "Line 14, column 7: …", and how many more errors there are.
pub(super) fn first_error(text: &str) -> Option<String> {
    let problems = policy::read(text).problems;
    let errors: Vec<_> = problems.iter().filter(|problem| problem.severity == Severity::Error).collect();
    let (first, rest) = errors.split_first()?;
    let more = match rest.len() {
        0 => String::new(),
        1 => " There is one more error.".to_owned(),
        more => format!(" There are {more} more errors."),
    };
    Some(format!("Line {}, column {}: {}{more}", first.line, first.column, first.sentence))
}

fn waits(draft: Draft) -> WaitingEdit {
    let Draft { hash, seen_ms, widens, diff } = draft;
    WaitingEdit { hash, seen_ms, widens, diff }
}
