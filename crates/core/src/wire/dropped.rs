//! The sentences for what a caller set and a format or a model cannot take: nothing is left out without
//! a word, and every format says it in the same words.

use crate::id::ModelName;

/// The format has no such setting for any model.
pub(super) fn no_such_setting(name: &str) -> String {
    format!("{name} was not sent: the provider has no such setting.")
}

/// This model refuses it.
pub(super) fn refused(name: &str, model: &ModelName) -> String {
    format!("{name} was not sent: {model} does not take it.")
}
