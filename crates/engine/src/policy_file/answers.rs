//! What a person does about routing.yaml: check a text, have a first file written, and answer an edit
//! that waits.

use std::path::Path;

use jiff::Timestamp;
use pointsman_core::code::{Code, Denial};
use pointsman_core::policy::{self, LineKind, Reading};

use super::NOTHING_RULES;
use super::chain::{Chain, PURPOSE};
use super::disk;
use crate::ledger::policy::{self as rows, Activation, Kind};
use crate::view::{DiffKind, DiffLine, Draft};
use crate::{Gateway, Surface};

/// What would happen to a text if it were saved as routing.yaml.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outlook {
    /// It is the active version.
    Active,
    /// It would act at once.
    Acts,
    /// It would wait, for these reasons.
    Waits(Vec<String>),
}

impl Gateway {
    /// Reads a text as routing.yaml, with all its problems, and uses it for nothing.
    pub fn policy_check(text: &str) -> Reading {
        policy::read(text)
    }

    /// The text of a file, to be checked.
    ///
    /// # Errors
    /// Where there is none, or it cannot be read as text.
    pub fn policy_text(path: &Path) -> Result<String, Denial> {
        match disk::read(path) {
            disk::Found::Text(text, _) => Ok(text),
            disk::Found::Nothing => Err(Denial::new(Code::NotFound, format!("There is no file {}.", path.display()))),
            disk::Found::Trouble(why) => Err(Denial::new(Code::PolicyInvalid, why)),
        }
    }

    /// What would happen to a valid text if it were saved.
    ///
    /// # Errors
    /// Where the active version cannot be told.
    pub async fn policy_outlook(&self, text: &str) -> Result<Outlook, Denial> {
        let inner = self.inner();
        // The chain alone: a look at the file would record what it finds there.
        let mut chain = Chain::default();
        chain.advance(inner.ledger.read(|c| rows::after(c, 0)).await?, &inner.secrets).await?;
        let Some(active) = &chain.active else {
            return Ok(if chain.seq == 0 { Outlook::Acts } else { nothing_rules() });
        };
        if active.hash == disk::hash(text) {
            return Ok(Outlook::Active);
        }
        let Some(policy) = policy::read(text).policy else {
            return Err(Denial::new(Code::PolicyInvalid, "The text is not valid."));
        };
        let widens = chain.widens(&policy);
        Ok(if widens.is_empty() { Outlook::Acts } else { Outlook::Waits(widens) })
    }

    /// Writes the first routing.yaml of a home that has none and never had one. For the app and for
    /// commands a person runs; a server never writes it.
    ///
    /// # Errors
    /// Where the home cannot be written.
    pub async fn ensure_first_file(&self) -> Result<(), Denial> {
        let inner = self.inner();
        if inner.caller.surface == Surface::Mcp || inner.home.is_practice() || inner.ledger.read(rows::last).await? > 0
        {
            return Ok(());
        }
        disk::create(&inner.home.policy_path(), &policy::first_file()).map(drop)
    }

    /// The edit that waits, if one does.
    pub async fn draft(&self) -> Option<Draft> {
        let inner = self.inner();
        let mut state = inner.policy.state.lock().await;
        // A look that fails leaves no draft; why is told where a policy is asked for.
        inner.policy.look(&mut state, inner).await.ok();
        state.draft.clone()
    }

    /// Makes the edit that waits the active version, signed. The app asks the person by a native
    /// dialog first; only the app can.
    ///
    /// # Errors
    /// Where the edit is not the one that was shown, or the keychain cannot sign.
    pub async fn draft_activate(&self, hash: &str) -> Result<String, Denial> {
        let inner = self.inner();
        if inner.caller.surface != Surface::App {
            return Err(Denial::new(
                Code::NeedsApproval,
                "An edit that allows more is activated in the Pointsman app.",
            ));
        }
        let mut state = inner.policy.state.lock().await;
        inner.policy.look(&mut state, inner).await.ok();
        if state.draft.as_ref().is_none_or(|draft| draft.hash != hash) {
            return Err(disk::moved_on());
        }
        let disk::Found::Text(text, now) = disk::read(&inner.policy.path) else { return Err(disk::moved_on()) };
        if now != hash {
            return Err(disk::moved_on());
        }
        let mut row = Activation {
            seq: state.chain.seq + 1,
            kind: Kind::Activated,
            hash: now,
            previous: state.chain.active.as_ref().map(|active| active.hash.clone()),
            at_ms: Timestamp::now().as_millisecond(),
            mac: None,
        };
        let mac = inner.secrets.sign(PURPOSE, &row.message()).await.map_err(|denial| {
            Denial::new(denial.code, format!("An activation is signed with a key in the keychain. {}", denial.sentence))
        })?;
        row.mac = Some(mac.to_vec());
        if !inner.ledger.write(move |tx| rows::append(tx, &row, &text)).await? {
            return Err(disk::moved_on());
        }
        inner.policy.look(&mut state, inner).await?;
        Ok("The edit of routing.yaml is active.".to_owned())
    }

    /// Writes the active version back to routing.yaml. The discarded text is kept under `discarded`.
    ///
    /// # Errors
    /// Where the edit is not the one that was shown, nothing is active, or the file cannot be written.
    pub async fn draft_discard(&self, hash: &str) -> Result<String, Denial> {
        let inner = self.inner();
        if inner.caller.surface == Surface::Mcp {
            return Err(Denial::new(Code::NeedsApproval, "An edit that waits is answered in the Pointsman app."));
        }
        let mut state = inner.policy.state.lock().await;
        let active = inner.policy.look(&mut state, inner).await?;
        if state.draft.as_ref().is_none_or(|draft| draft.hash != hash) {
            return Err(disk::moved_on());
        }
        let now = Timestamp::now();
        let stem: String = hash.chars().take(8).collect();
        let name = format!("routing-{}-{stem}.yaml", now.strftime("%Y%m%d-%H%M%S"));
        let kept = inner.home.path().join("discarded").join(name);
        disk::replace(&inner.policy.path, hash, &active.text, Some(&kept))?;
        let (discarded, at_ms) = (hash.to_owned(), now.as_millisecond());
        inner.ledger.write(move |tx| rows::draft_discarded(tx, &discarded, at_ms)).await?;
        inner.policy.look(&mut state, inner).await?;
        Ok(format!("routing.yaml is as it was. The discarded text is in {}.", kept.display()))
    }
}

fn nothing_rules() -> Outlook {
    Outlook::Waits(vec![NOTHING_RULES.to_owned()])
}

/// What changes between two texts, for the window.
pub(super) fn diff(old: &str, new: &str) -> Vec<DiffLine> {
    policy::diff(old, new)
        .into_iter()
        .map(|line| DiffLine {
            kind: match line.kind {
                LineKind::Same => DiffKind::Same,
                LineKind::Add => DiffKind::Add,
                LineKind::Del => DiffKind::Del,
                LineKind::Gap => DiffKind::Gap,
            },
            number: line.number,
            text: line.text,
        })
        .collect()
}
