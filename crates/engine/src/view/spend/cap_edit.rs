//! A cap is added, edited or removed: the lines of routing.yaml that say it, and no other. A cap is found by its
//! identity in the very text that is edited, so a file that another program changed meanwhile cannot make
//! another cap be edited. Nothing here says yes for the person: what allows more waits, as every edit does.

use pointsman_core::budget::{ALERTS, Cap, Scope};
use pointsman_core::code::{Code, Denial};
use pointsman_core::money::MicroUsd;
use pointsman_core::policy::{self, Policy};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::caps::{CapOnHit, CapScope, CapWindow};
use crate::Gateway;
use crate::policy_file::Author;
use crate::view::{EditEntry, EditValue, PathStep, PolicyEdit, SaveOutcome, SaveState};

/// How often an edit is made anew where another program changed the file meanwhile.
const TRIES: usize = 3;

/// A cap as a form has it: amounts as typed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct CapForm {
    /// What it counts.
    pub scope: CapScope,
    /// Which one; empty for each, and for all.
    pub name: String,
    /// Over which span.
    pub window: CapWindow,
    /// The limit in US dollars, as typed.
    pub limit: String,
    /// What happens at it.
    pub on_hit: CapOnHit,
    /// Percentages, as typed: `50, 80, 100`; empty for none.
    pub alerts: String,
}

/// A field of the form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum CapField {
    /// The name.
    Name,
    /// The limit.
    Limit,
    /// The alerts.
    Alerts,
}

/// What is wrong with a field, and what to write instead.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct CapFault {
    /// Which field.
    pub field: CapField,
    /// The sentence.
    pub sentence: String,
}

/// What became of an edit: faults, and then nothing was written, or what saving did.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct CapEdited {
    /// What is wrong with the fields.
    pub faults: Vec<CapFault>,
    /// What saving did; `None` with faults.
    pub saved: Option<SaveOutcome>,
}

impl Gateway {
    /// Writes a cap into routing.yaml: in place of the one with this identity, or as a new one at the end.
    ///
    /// # Errors
    /// Where the file cannot be read, has errors, or no longer has that cap.
    pub async fn cap_put(&self, identity: Option<&str>, form: &CapForm) -> Result<CapEdited, Denial> {
        self.cap_saved(|text| with_cap(text, identity, form)).await
    }

    /// Takes the cap with this identity out of routing.yaml.
    ///
    /// # Errors
    /// As [`Gateway::cap_put`].
    pub async fn cap_remove(&self, identity: &str) -> Result<CapEdited, Denial> {
        self.cap_saved(|text| without_cap(text, identity).map(Ok)).await
    }

    /// A text made from the one on disk, and saved only if that one is still there.
    async fn cap_saved(
        &self,
        edit: impl Fn(&str) -> Result<Result<String, Vec<CapFault>>, Denial>,
    ) -> Result<CapEdited, Denial> {
        let path = self.home().policy_path();
        let mut outcome = CapEdited::default();
        for _ in 0..TRIES {
            let text = Self::policy_text(&path)?;
            let edited = match edit(&text)? {
                Ok(edited) => edited,
                Err(faults) => return Ok(CapEdited { faults, saved: None }),
            };
            let saved = self.policy_save(&edited, &crate::policy_file::hash(&text), Author::Form).await?;
            let moved = saved.state == SaveState::Moved;
            outcome.saved = Some(saved);
            if !moved {
                break;
            }
        }
        Ok(outcome)
    }
}

/// A text with a cap: in place of the one with this identity, or as a new one at the end. Inside, what is wrong
/// with the form.
///
/// # Errors
/// Where the text has errors or no such cap.
pub fn with_cap(text: &str, identity: Option<&str>, form: &CapForm) -> Result<Result<String, Vec<CapFault>>, Denial> {
    let wanted = match parse(form) {
        Ok(wanted) => wanted,
        Err(faults) => return Ok(Err(faults)),
    };
    let policy = valid(text)?;
    let at = identity.map(|identity| place(&policy, identity)).transpose()?;
    let mut others = policy.caps.iter().enumerate().filter(|(nth, _)| Some(*nth) != at);
    if others.any(|(_, cap)| wanted.is(cap)) {
        let sentence = "There is such a cap already. Edit that one, or choose another limit.".to_owned();
        return Ok(Err(vec![CapFault { field: CapField::Limit, sentence }]));
    }
    let edits = at.map_or_else(|| vec![wanted.added()], |at| wanted.changes(at, &policy.caps[at]));
    Gateway::policy_edited(text, &edits).map(Ok)
}

/// A text without the cap of this identity.
///
/// # Errors
/// Where the text has errors or no such cap.
pub fn without_cap(text: &str, identity: &str) -> Result<String, Denial> {
    let policy = valid(text)?;
    let at = place(&policy, identity)?;
    let path = if policy.caps.len() == 1 { vec![key("caps")] } else { item(at) };
    Gateway::policy_edited(text, &[PolicyEdit::Remove { path }])
}

fn valid(text: &str) -> Result<Policy, Denial> {
    policy::read(text).policy.ok_or_else(|| {
        let why = "routing.yaml has errors, so no cap can be changed by a form. Mend it on the Policy page.";
        Denial::new(Code::PolicyInvalid, why)
    })
}

/// A cap as it is to be, before its name is known to be one.
struct Wanted<'a> {
    form: &'a CapForm,
    name: Option<&'a str>,
    limit: MicroUsd,
    alerts: Vec<u8>,
}

fn parse(form: &CapForm) -> Result<Wanted<'_>, Vec<CapFault>> {
    let mut faults = Vec::new();
    let mut fault = |field, sentence: String| faults.push(CapFault { field, sentence });
    let typed = form.limit.trim().trim_start_matches('$').trim();
    let limit = MicroUsd::parse(typed);
    match &limit {
        Ok(limit) if *limit == MicroUsd::ZERO => {
            fault(
                CapField::Limit,
                "A cap of $0 refuses every call that costs anything. Write an amount above zero.".to_owned(),
            );
        }
        Ok(_) => {}
        Err(why) => fault(CapField::Limit, format!("The limit {why}.")),
    }
    let alerts: Result<Vec<u8>, ()> = form
        .alerts
        .split([',', ';', ' '])
        .map(|part| part.trim().trim_end_matches('%'))
        .filter(|part| !part.is_empty())
        .map(|part| part.parse::<u8>().ok().filter(|percent| (1..=100).contains(percent)).ok_or(()))
        .collect();
    if alerts.is_err() {
        fault(CapField::Alerts, "Alerts are whole numbers of percent from 1 to 100, such as 50, 80, 100.".to_owned());
    }
    let name = Some(form.name.trim()).filter(|name| !name.is_empty() && form.scope != CapScope::All);
    if name.is_some_and(|name| name.len() > 128 || name.chars().any(char::is_control)) {
        fault(CapField::Name, "The name is too long or has characters that cannot be seen.".to_owned());
    }
    match (limit, alerts, faults.is_empty()) {
        (Ok(limit), Ok(mut alerts), true) => {
            alerts.sort_unstable();
            alerts.dedup();
            Ok(Wanted { form, name, limit, alerts })
        }
        (Ok(_) | Err(_), Ok(_) | Err(()), _) => Err(faults),
    }
}

impl Wanted<'_> {
    /// Whether a cap of the file counts the same and stops at the same.
    fn is(&self, cap: &Cap) -> bool {
        self.counts_as(cap) && self.limit == cap.limit && self.form.on_hit.on_hit() == cap.on_hit
    }

    fn counts_as(&self, cap: &Cap) -> bool {
        CapScope::of(&cap.scope) == self.form.scope
            && cap.scope.name().as_deref() == self.name
            && cap.window == self.form.window.window()
    }

    /// The whole as an item at the end. What is usual is not written.
    fn added(&self) -> PolicyEdit {
        let mut entries = vec![entry("scope", text(self.scope()))];
        entries.extend(self.name.map(|name| entry("name", text(name))));
        entries.push(entry("window", text(self.form.window.window().as_str())));
        entries.push(entry("limit_usd", plain(&self.limit.decimal())));
        if self.form.on_hit != CapOnHit::Block {
            entries.push(entry("on_hit", text(self.form.on_hit.on_hit().as_str())));
        }
        if self.alerts != ALERTS {
            entries.push(entry("alerts", self.alerts()));
        }
        PolicyEdit::Insert { path: vec![key("caps")], at: u32::MAX, value: EditValue::Map { entries } }
    }

    /// What differs from the cap that is there.
    fn changes(&self, at: usize, cap: &Cap) -> Vec<PolicyEdit> {
        let set = |name: &str, value| PolicyEdit::Set { path: [item(at), vec![key(name)]].concat(), value };
        let mut edits = Vec::new();
        if CapScope::of(&cap.scope) != self.form.scope {
            edits.push(set("scope", text(self.scope())));
        }
        match (self.name, cap.scope.name()) {
            (Some(name), was) if was.as_deref() != Some(name) => edits.push(set("name", text(name))),
            (None, Some(_)) => edits.push(PolicyEdit::Remove { path: [item(at), vec![key("name")]].concat() }),
            (Some(_) | None, _) => {}
        }
        if cap.window != self.form.window.window() {
            edits.push(set("window", text(self.form.window.window().as_str())));
        }
        if cap.limit != self.limit {
            edits.push(set("limit_usd", plain(&self.limit.decimal())));
        }
        if cap.on_hit != self.form.on_hit.on_hit() {
            edits.push(set("on_hit", text(self.form.on_hit.on_hit().as_str())));
        }
        if cap.alerts != self.alerts {
            edits.push(set("alerts", self.alerts()));
        }
        edits
    }

    const fn scope(&self) -> &'static str {
        match self.form.scope {
            CapScope::All => Scope::All.as_str(),
            CapScope::Provider => Scope::Provider(None).as_str(),
            CapScope::Model => Scope::Model(None).as_str(),
            CapScope::Client => Scope::Client(None).as_str(),
            CapScope::TaskClass => Scope::Class(None).as_str(),
            CapScope::Project => Scope::Project(None).as_str(),
        }
    }

    fn alerts(&self) -> EditValue {
        EditValue::List { items: self.alerts.iter().map(|percent| plain(&percent.to_string())).collect() }
    }
}

/// Where a cap stands in the list of the file. Of two that are the same in all that counts, the first.
fn place(policy: &Policy, identity: &str) -> Result<usize, Denial> {
    policy.caps.iter().position(|cap| cap.identity() == identity).ok_or_else(|| {
        Denial::new(
            Code::NotFound,
            "There is no such cap any more: routing.yaml has changed. Look at the caps again, and at the Policy page for an edit that waits.",
        )
    })
}

fn item(at: usize) -> Vec<PathStep> {
    vec![key("caps"), PathStep::Index(u32::try_from(at).unwrap_or(u32::MAX))]
}

fn key(name: &str) -> PathStep {
    PathStep::Key(name.to_owned())
}

fn entry(name: &str, value: EditValue) -> EditEntry {
    EditEntry { key: name.to_owned(), value }
}

fn plain(text: &str) -> EditValue {
    EditValue::Plain { text: text.to_owned() }
}

fn text(text: &str) -> EditValue {
    EditValue::Text { text: text.to_owned() }
}
