//! Every version of routing.yaml that was ever valid here: listed with who wrote it, compared, and
//! written back. Writing one back is an edit like any other: if it allows more than the active version,
//! it waits for the person.

use jiff::Timestamp;
use pointsman_core::code::{Code, Denial};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::{answers, disk};
use crate::ledger::policy::{self as rows, Kept};
use crate::view::DiffLine;
use crate::{Gateway, Surface};

/// The shortest beginning of a hash that names a version.
const SHORTEST: usize = 4;

/// One version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct PolicyVersion {
    /// SHA-256 of its text, in hex: its name.
    pub hash: String,
    /// Who wrote it.
    pub author: Author,
    /// When it was first seen, in ms since 1970.
    #[ts(type = "number")]
    pub seen_ms: i64,
    /// What became of it.
    pub state: VersionState,
    /// How many lines it has.
    pub lines: u32,
}

/// Who wrote a version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Author {
    /// The first valid file of the home.
    First,
    /// The forms of the window.
    Form,
    /// The text editor of the window.
    Text,
    /// Another program.
    External,
    /// "Use winner as rule".
    Tournament,
}

impl Author {
    /// From the word in the ledger; what is not known was another program.
    pub(super) fn from_word(word: &str) -> Self {
        match word {
            "first" => Self::First,
            "form" => Self::Form,
            "text" => Self::Text,
            "tournament" => Self::Tournament,
            _ => Self::External,
        }
    }

    /// The word for a table.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::First => "first",
            Self::Form => "form",
            Self::Text => "text",
            Self::External => "external",
            Self::Tournament => "tournament",
        }
    }
}

/// What became of a version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum VersionState {
    /// It rules.
    Active,
    /// It ruled before.
    Earlier,
    /// It allows more and waits for an answer.
    Waits,
    /// It waited and was discarded, or replaced before it was answered.
    Unused,
}

impl VersionState {
    /// The word for a table.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Earlier => "earlier",
            Self::Waits => "waits",
            Self::Unused => "unused",
        }
    }
}

impl Gateway {
    /// Every kept version, newest first.
    ///
    /// # Errors
    /// Where the ledger cannot be read.
    pub async fn policy_versions(&self) -> Result<Vec<PolicyVersion>, Denial> {
        let inner = self.inner();
        let (active, waiting) = {
            let mut state = inner.policy.state.lock().await;
            // Without an active version the kept ones can be listed all the same.
            let active = inner.policy.look(&mut state, inner).await.ok().map(|active| active.hash.clone());
            (active, state.draft.as_ref().map(|draft| draft.hash.clone()))
        };
        let kept = inner.ledger.read(rows::versions).await?;
        Ok(kept.iter().map(|row| version(row, active.as_deref(), waiting.as_deref())).collect())
    }

    /// What changes from one version to another, or to the active one. A version is named by its hash or
    /// the beginning of it.
    ///
    /// # Errors
    /// Where a version is not known.
    pub async fn policy_diff(&self, from: &str, to: Option<&str>) -> Result<Vec<DiffLine>, Denial> {
        let from = self.kept(from).await?.text;
        let to = match to {
            Some(to) => self.kept(to).await?.text,
            None => {
                let inner = self.inner();
                let mut state = inner.policy.state.lock().await;
                inner.policy.look(&mut state, inner).await?.text.clone()
            }
        };
        Ok(answers::diff(&from, &to))
    }

    /// Writes a version back to routing.yaml, as an edit of the person. The text it replaces is kept
    /// under `discarded`. For the app and for commands a person runs; a server never writes the file.
    ///
    /// # Errors
    /// From a server; where the version is not known; where the file cannot be written.
    pub async fn policy_restore(&self, hash: &str) -> Result<String, Denial> {
        let inner = self.inner();
        if inner.caller.surface == Surface::Mcp {
            let sentence = "routing.yaml is written in the Pointsman app, or with `pointsman policy restore`.";
            return Err(Denial::new(Code::NeedsApproval, sentence));
        }
        let Kept { hash, text, .. } = self.kept(hash).await?;
        let (path, now) = (&inner.policy.path, Timestamp::now());
        let replaced = match disk::read(path) {
            disk::Found::Text(_, found) if found == hash => {
                return Ok("routing.yaml is this version already.".to_owned());
            }
            disk::Found::Text(_, found) => {
                let name = format!("routing-{}-{}.yaml", now.strftime("%Y%m%d-%H%M%S"), short(&found));
                let kept = inner.home.path().join("discarded").join(name);
                disk::replace(path, &found, &text, Some(&kept))?;
                format!(" The text it had is in {}.", kept.display())
            }
            disk::Found::Nothing if disk::create(path, &text)? => String::new(),
            disk::Found::Nothing => return Err(disk::moved_on()),
            disk::Found::Trouble(why) => return Err(Denial::new(Code::PolicyInvalid, why)),
        };
        let mut state = inner.policy.state.lock().await;
        // Whether it acts is what the person wants to know; why not is told where it does not.
        let outcome = inner.policy.look(&mut state, inner).await;
        let acts = match (&outcome, &state.draft) {
            (Ok(active), _) if active.hash == hash => "It acts with the next call.".to_owned(),
            (_, Some(draft)) if draft.hash == hash => format!(
                "It allows more than the active version, so it waits until you activate it in the Pointsman app: {}",
                draft.widens.join(" ")
            ),
            (Ok(_), _) => "It was changed again meanwhile.".to_owned(),
            (Err(denial), _) => denial.sentence.clone(),
        };
        Ok(format!("routing.yaml is version {} again. {acts}{replaced}", short(&hash)))
    }

    /// The version of a hash or of its beginning. A text that another program put there is none.
    pub(super) async fn kept(&self, hash: &str) -> Result<Kept, Denial> {
        let named = hash.to_ascii_lowercase();
        let all = self.inner().ledger.read(rows::versions).await?;
        let mut found = all.into_iter().filter(|row| row.hash.starts_with(&named) && disk::hash(&row.text) == row.hash);
        match (found.next(), found.next()) {
            (Some(_), Some(_)) => Err(Denial::new(
                Code::InvalidRequest,
                format!(
                    "Several versions begin with {hash:?}. Write more of it; `pointsman policy versions` lists them."
                ),
            )),
            (Some(one), None) if named.len() >= SHORTEST => Ok(one),
            (Some(_) | None, _) => Err(Denial::new(
                Code::NotFound,
                format!(
                    "There is no version {hash:?}. `pointsman policy versions` lists them; {SHORTEST} letters of one are enough."
                ),
            )),
        }
    }
}

/// Enough of a hash to know it by.
pub(super) fn short(hash: &str) -> &str {
    hash.get(..12).unwrap_or(hash)
}

fn version(row: &Kept, active: Option<&str>, waiting: Option<&str>) -> PolicyVersion {
    let state = if active == Some(&row.hash) {
        VersionState::Active
    } else if waiting == Some(&row.hash) {
        VersionState::Waits
    } else if row.was_active {
        VersionState::Earlier
    } else {
        VersionState::Unused
    };
    let author = if row.was_first { Author::First } else { Author::from_word(&row.author) };
    let lines = u32::try_from(row.text.lines().count()).unwrap_or(u32::MAX);
    PolicyVersion { hash: row.hash.clone(), author, seen_ms: row.at_ms, state, lines }
}
