//! routing.yaml as it rules: read again when the file moved, the last good version kept, and edits
//! that widen held back until the person answers in the app.
//!
//! The file is what the person edits; the chain of activations in the ledger says which version is
//! active (see [`chain`]). Every process looks for itself and records what it found: the first valid
//! file, an edit that only narrows, an edit that waits. No process but the app can record a yes.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::{Arc, Mutex as Cell, PoisonError};

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::Offset;
use pointsman_core::code::{Code, Denial};
use pointsman_core::policy::{self, Policy, Problem, Severity};
use tokio::sync::Mutex;

use crate::ledger::change::{self, Topic};
use crate::ledger::policy::{self as rows, Activation, Kind};
use crate::ledger::setting;
use crate::view::Draft;
use crate::{Home, Inner};

mod answers;
mod chain;
mod desk;
mod disk;
mod edits;
mod look;
mod profile;
mod save;
#[cfg(test)]
mod tests;
mod versions;

pub use answers::Outlook;
pub use chain::ActivePolicy;
pub use profile::Profiles;
pub use versions::{Author, PolicyVersion, VersionState};

use chain::Chain;
use disk::{Found, Stamp};

/// How often the chain may move on under one look before it is given up: each time another process
/// recorded something, which is rare.
const LOOKS: usize = 8;

/// How many texts that a window was shown are remembered.
const REMEMBERED: usize = 8;

/// Why a valid file waits where the activations that are there do not count.
const NOTHING_RULES: &str = "No version of routing.yaml is active.";

/// The policy of one home, as this process knows it.
#[derive(Debug)]
pub struct PolicyFile {
    path: PathBuf,
    state: Mutex<State>,
    told: Cell<Told>,
    /// Texts that a window was shown, by hash, the last ones: what an edit was made from. Only to put two
    /// edits together; versions are in the ledger.
    shown: Cell<VecDeque<(String, String)>>,
}

#[derive(Debug, Default)]
struct State {
    chain: Chain,
    /// How file and chain stood at the last look, where that look needs no repeating.
    seen: Option<(Stamp, i64)>,
    /// What the last look found.
    outcome: Option<Result<Arc<ActivePolicy>, Denial>>,
    /// What the last look that worked found: the last good version.
    good: Option<Arc<ActivePolicy>>,
    draft: Option<Draft>,
    /// The profile that is chosen, by name, as of the last look.
    profile: Option<String>,
    /// The last good version with the chosen profile laid over it.
    laid_over: Option<profile::LaidOver>,
}

/// What is said beside answers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Told {
    problem: Option<String>,
    waits: bool,
    /// Why the chosen profile has no effect.
    profile: Option<String>,
}

impl PolicyFile {
    /// The policy of a home. Reads nothing.
    pub(crate) fn new(home: &Home) -> Self {
        Self { path: home.policy_path(), state: Mutex::default(), told: Cell::default(), shown: Cell::default() }
    }

    /// The active version with the chosen profile laid over it, looked up anew where the file or the
    /// chain moved. Otherwise one `stat` and one row. An edit younger than 200 ms is waited for, so that a half-written one never counts.
    ///
    /// # Errors
    /// `policy_invalid` where no version is active, with what to do; `keychain_locked` where an
    /// activation cannot be confirmed; `ledger_unavailable`.
    pub(crate) async fn snapshot(&self, inner: &Inner) -> Result<Arc<ActivePolicy>, Denial> {
        let mut state = self.state.lock().await;
        let active = self.look(&mut state, inner).await?;
        let active = of_today(&mut state, active);
        let (ruling, missing) = profile::laid_over(&mut state, active);
        self.told.lock().unwrap_or_else(PoisonError::into_inner).profile = missing;
        Ok(ruling)
    }

    /// What a caller should know: the file is not in use, or an edit waits.
    pub(crate) fn notices(&self) -> Vec<String> {
        let told = self.told();
        let problem = told.problem.map(|why| format!("{why} The last good version stays active."));
        let waits = told.waits.then(|| {
            "An edit of routing.yaml would allow more than before, so it waits. Open Pointsman to activate or discard it.".to_owned()
        });
        problem.into_iter().chain(waits).chain(told.profile).collect()
    }

    /// Why the file is not in use, where it is not.
    pub(crate) fn file_problem(&self) -> Option<String> {
        self.told().problem
    }

    fn remember(&self, hash: &str, text: &str) {
        let mut shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        if shown.iter().all(|(known, _)| known != hash) {
            shown.push_back((hash.to_owned(), text.to_owned()));
        }
        if shown.len() > REMEMBERED {
            shown.pop_front();
        }
    }

    fn remembered(&self, hash: &str) -> Option<String> {
        let shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        shown.iter().find(|(known, _)| known == hash).map(|(_, text)| text.clone())
    }

    fn told(&self) -> Told {
        self.told.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    async fn look(&self, state: &mut State, inner: &Inner) -> Result<Arc<ActivePolicy>, Denial> {
        let read = |c: &rusqlite::Connection| Ok((rows::last(c)?, setting::get(c, setting::PROFILE)?));
        let (seq, profile) = inner.ledger.glance(read).await?;
        state.profile = profile.filter(|name| !name.is_empty());
        let now = (Stamp::of(&self.path), seq);
        if state.seen.as_ref() == Some(&now)
            && let Some(outcome) = &state.outcome
        {
            return outcome.clone();
        }
        for _ in 0..LOOKS {
            let stamp = Stamp::of(&self.path);
            let Some((outcome, told)) = self.look_once(state, inner, &stamp).await? else { continue };
            // A file that is still young may change again within the resolution of its time.
            let settled = stamp.unsettled().is_none() && stamp == Stamp::of(&self.path);
            state.seen = settled.then_some((stamp, state.chain.seq));
            state.outcome = Some(outcome.clone());
            self.tell(told, inner).await;
            return outcome;
        }
        Err(Denial::new(Code::PolicyInvalid, "routing.yaml changes faster than it can be read. Try again."))
    }

    /// One look at chain and file. `None` where something moved meanwhile.
    async fn look_once(&self, state: &mut State, inner: &Inner, stamp: &Stamp) -> Result<Option<Look>, Denial> {
        let since = state.chain.seq;
        let fresh = inner.ledger.read(move |c| rows::after(c, since)).await?;
        if let Err(denial) = state.chain.advance(fresh, &inner.secrets).await {
            // A version this process has served stays; a process that has served none refuses.
            let told = Told { problem: Some(denial.sentence.clone()), waits: false, profile: None };
            return Ok(Some((state.good.clone().ok_or(denial), told)));
        }
        let active = state.chain.active.clone();
        let (problem, draft) = match disk::read(&self.path) {
            Found::Text(_, hash) if active.as_ref().is_some_and(|active| active.hash == hash) => (None, None),
            Found::Text(text, hash) => {
                let reading = policy::read(&text);
                match reading.policy {
                    None => (Some(broken(&reading.problems)), None),
                    Some(policy) => match self.edited(state, inner, stamp, Edit { policy, text, hash }).await? {
                        Edited::Waits(draft) => (None, Some(draft)),
                        Edited::Moved => return Ok(None),
                    },
                }
            }
            Found::Nothing => (Some(self.missing(active.is_some())), None),
            Found::Trouble(why) => (Some(why), None),
        };
        let told = Told { problem: problem.clone(), waits: draft.is_some(), profile: None };
        state.draft = draft;
        state.good = active.clone().or(state.good.take());
        let why = problem
            .unwrap_or_else(|| "No version of routing.yaml is active. Open Pointsman to activate it.".to_owned());
        Ok(Some((active.ok_or_else(|| Denial::new(Code::PolicyInvalid, why)), told)))
    }

    /// A valid text that is not the active version: it becomes active, or waits.
    async fn edited(&self, state: &State, inner: &Inner, stamp: &Stamp, edit: Edit) -> Result<Edited, Denial> {
        let now_ms = Timestamp::now().as_millisecond();
        let kind = match &state.chain.active {
            None if state.chain.seq == 0 => Kind::First,
            None => return self.waits(inner, edit, vec![NOTHING_RULES.to_owned()], "").await,
            Some(active) => {
                let widens = state.chain.widens(&edit.policy);
                if !widens.is_empty() {
                    return self.waits(inner, edit, widens, &active.text).await;
                }
                Kind::Narrowing
            }
        };
        if let Some(left) = stamp.unsettled() {
            tokio::time::sleep(left).await;
            return Ok(Edited::Moved);
        }
        let previous = state.chain.active.as_ref().map(|active| active.hash.clone());
        let Edit { text, hash, policy: _ } = edit;
        let row = Activation { seq: state.chain.seq + 1, kind, hash, previous, at_ms: now_ms, mac: None };
        inner.ledger.write(move |tx| rows::append(tx, &row, &text)).await?;
        // Whether it was this process or another that moved the chain on: look again.
        Ok(Edited::Moved)
    }

    async fn waits(&self, inner: &Inner, edit: Edit, widens: Vec<String>, active: &str) -> Result<Edited, Denial> {
        let (Edit { text, hash, policy: _ }, now_ms) = (edit, Timestamp::now().as_millisecond());
        let diff = answers::diff(active, &text);
        let named = hash.clone();
        let seen_ms = inner.ledger.write(move |tx| rows::draft_seen(tx, &named, &text, now_ms)).await?;
        Ok(Edited::Waits(Draft { hash, seen_ms, widens, diff }))
    }

    /// Remembers what is said beside answers; the window is told where that changed.
    async fn tell(&self, told: Told, inner: &Inner) {
        let before = std::mem::replace(&mut *self.told.lock().unwrap_or_else(PoisonError::into_inner), told.clone());
        if before.problem != told.problem
            && let Err(error) = inner.ledger.write(|tx| change::note(tx, Topic::Policy)).await
        {
            tracing::warn!(%error, "a problem of routing.yaml could not be noted for the window");
        }
    }

    fn missing(&self, was_there: bool) -> String {
        let path = self.path.display();
        if was_there {
            format!("{path} is gone. Write it again, or open Pointsman.")
        } else {
            format!(
                "There is no {path} yet. Open Pointsman, or run `pointsman policy check`, to have a first one written."
            )
        }
    }
}

/// The version with today's list prices: some change on a day that is known before.
fn of_today(state: &mut State, active: Arc<ActivePolicy>) -> Arc<ActivePolicy> {
    let today = today();
    if active.policy.day == today {
        return active;
    }
    let mut of_today = (*active).clone();
    of_today.policy.day = today;
    let of_today = Arc::new(of_today);
    state.outcome = Some(Ok(of_today.clone()));
    of_today
}

fn today() -> Date {
    Offset::UTC.to_datetime(Timestamp::now()).date()
}

type Look = (Result<Arc<ActivePolicy>, Denial>, Told);

/// A valid text of the file.
struct Edit {
    policy: Policy,
    text: String,
    hash: String,
}

enum Edited {
    Waits(Draft),
    Moved,
}

/// The first error of a broken file, and how many more there are.
fn broken(problems: &[Problem]) -> String {
    let errors: Vec<_> = problems.iter().filter(|problem| problem.severity == Severity::Error).collect();
    match errors.as_slice() {
        [] => "routing.yaml is not valid.".to_owned(),
        [only] => format!("routing.yaml is not valid: {only}"),
        [first, rest @ ..] => format!(
            "routing.yaml is not valid: {first} There are {} more problems; `pointsman policy check` lists them.",
            rest.len()
        ),
    }
}
