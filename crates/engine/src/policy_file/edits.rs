//! Edits as the window writes them, made on the text by core.

use pointsman_core::code::{Code, Denial};
use pointsman_core::policy::edit::{self, Edit, Step, Written};

use crate::Gateway;
use crate::view::{EditValue, PathStep, PolicyEdit};

impl Gateway {
    /// A text after edits, in their order.
    ///
    /// # Errors
    /// Where an edit names a place that is not there, the text cannot be read, or an edit cannot be made
    /// without touching anything else; then none is made.
    pub fn policy_edited(text: &str, edits: &[PolicyEdit]) -> Result<String, Denial> {
        edits.iter().try_fold(text.to_owned(), |text, one| {
            edit::edited(&text, &of(one)).map_err(|why| Denial::new(Code::InvalidRequest, why.sentence))
        })
    }
}

fn of(one: &PolicyEdit) -> Edit {
    match one {
        PolicyEdit::Set { path, value } => Edit::Set { path: steps(path), value: written(value) },
        PolicyEdit::Remove { path } => Edit::Remove { path: steps(path) },
        PolicyEdit::Insert { path, at, value } => {
            Edit::Insert { path: steps(path), at: place(*at), value: written(value) }
        }
        PolicyEdit::Move { path, from, to } => Edit::Move { path: steps(path), from: place(*from), to: place(*to) },
        PolicyEdit::Rename { path, key } => Edit::Rename { path: steps(path), key: key.clone() },
    }
}

fn steps(path: &[PathStep]) -> Vec<Step> {
    let step = |step: &PathStep| match step {
        PathStep::Key(key) => Step::Key(key.clone()),
        PathStep::Index(at) => Step::Index(place(*at)),
    };
    path.iter().map(step).collect()
}

fn place(at: u32) -> usize {
    usize::try_from(at).unwrap_or(usize::MAX)
}

fn written(value: &EditValue) -> Written {
    match value {
        EditValue::Text { text } => Written::Text(text.clone()),
        EditValue::Plain { text } => Written::Plain(text.clone()),
        EditValue::List { items } => Written::List(items.iter().map(written).collect()),
        EditValue::Map { entries } => {
            Written::Map(entries.iter().map(|entry| (entry.key.clone(), written(&entry.value))).collect())
        }
    }
}
