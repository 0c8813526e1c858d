//! The models a practice server knows. Which of them reason, or take no temperature, is a list of
//! real names, not a rule: the codec has a rule, and two copies of one rule would be wrong alike.

/// A model that can be asked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Model {
    /// Its name.
    pub name: String,
    /// Refuses sampling parameters: OpenAI's reasoning models (`max_tokens` too), and Claude from 4.7 on.
    pub reasons: bool,
    /// The most tokens it reads, as model lists give it.
    pub context: Option<u64>,
    /// The most tokens it says, as model lists give it. Anthropic's side refuses more.
    pub output: Option<u64>,
    /// Shown in OpenAI's model list as OpenRouter shows them. Without, that list gives names only.
    pub prices: Option<Prices>,
}

/// US dollars for one token, as texts: `0.00000015`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Prices {
    /// Read.
    pub input: String,
    /// Said.
    pub output: String,
    /// Read from the cache.
    pub cache_read: String,
    /// Written to the cache.
    pub cache_write: String,
}

impl From<&str> for Model {
    fn from(name: &str) -> Self {
        let limits = LIMITS.iter().find(|(known, ..)| *known == name);
        Self {
            name: name.to_owned(),
            reasons: REASONING.contains(&name),
            context: limits.map(|(_, context, _)| *context),
            output: limits.map(|(.., output)| *output),
            prices: None,
        }
    }
}

/// OpenAI's reasoning models, and Anthropic's that take no sampling parameter, by name.
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
    "claude-opus-4-7",
    "claude-opus-4-8",
    "claude-opus-5",
    "claude-opus-5-5",
    "claude-sonnet-5",
    "claude-sonnet-5-5",
    "claude-haiku-5-5",
];

/// (name, tokens read, tokens said), as the vendors' model pages give them: Anthropic's
/// <https://platform.claude.com/docs/en/about-claude/models/overview>, Google's
/// <https://ai.google.dev/gemini-api/docs/models>.
const LIMITS: &[(&str, u64, u64)] = &[
    ("claude-haiku-4-5", 200_000, 64_000),
    ("claude-haiku-4-5-20251001", 200_000, 64_000),
    ("claude-sonnet-4-5", 200_000, 64_000),
    ("claude-sonnet-4-5-20250929", 200_000, 64_000),
    ("gemini-2.5-flash", 1_048_576, 65_536),
    ("gemini-2.5-flash-lite", 1_048_576, 65_536),
    ("gemini-2.5-pro", 1_048_576, 65_536),
];
