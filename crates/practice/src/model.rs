//! The models a practice server knows. Which of them reason is a list of real names, not a rule:
//! the codec has a rule, and two copies of one rule would be wrong alike.

/// A model that can be asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Model {
    /// Its name.
    pub name: String,
    /// Refuses `max_tokens`, `temperature` and other sampling parameters, as OpenAI's reasoning models do.
    pub reasons: bool,
}

impl From<&str> for Model {
    fn from(name: &str) -> Self {
        Self { name: name.to_owned(), reasons: REASONING.contains(&name) }
    }
}

/// OpenAI's reasoning models by name.
const REASONING: &[&str] = &[
    "o1",
    "o1-pro",
    "o1-2024-12-17",
    "o3",
    "o3-2025-04-16",
    "o3-mini",
    "o3-pro",
    "o4-mini",
    "o4-mini-2025-04-16",
    "gpt-5",
    "gpt-5-2025-08-07",
    "gpt-5-mini",
    "gpt-5-mini-2025-08-07",
    "gpt-5-nano",
    "gpt-5.1",
    "gpt-5.2",
];

/// What `/models` lists where every name is answered.
pub(crate) const LISTED: &[&str] = &[
    "gpt-4.1",
    "gpt-4.1-mini",
    "gpt-4.1-nano",
    "gpt-4o",
    "gpt-4o-mini",
    "gpt-5",
    "gpt-5-mini",
    "gpt-5-nano",
    "o3",
    "o4-mini",
];
