//! Names of things as types, parsed once at the edge. Model text and file text never reach a path,
//! an SQL statement or a header through these: the allowed characters are checked here.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Why a text is not a valid name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what} {text:?} {why}")]
pub struct BadName {
    /// What was to be named.
    pub what: &'static str,
    /// The text, cut to 80 characters.
    pub text: String,
    /// What is wrong with it.
    pub why: &'static str,
}

fn check(what: &'static str, text: &str, longest: usize, allowed: fn(char) -> bool) -> Result<String, BadName> {
    let bad = |why| BadName { what, text: text.chars().take(80).collect(), why };
    if text.is_empty() {
        return Err(bad("is empty"));
    }
    if text.len() > longest {
        return Err(bad("is too long"));
    }
    if !text.chars().all(allowed) {
        return Err(bad("has a character that is not allowed"));
    }
    Ok(text.to_owned())
}

macro_rules! name {
    ($(#[$doc:meta])* $name:ident, $what:literal, $longest:literal, $allowed:expr) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// Parses the name.
            ///
            /// # Errors
            /// [`BadName`] where it is empty, too long or has a character that is not allowed.
            pub fn parse(text: &str) -> Result<Self, BadName> {
                check($what, text, $longest, $allowed).map(Self)
            }

            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = BadName;
            fn try_from(text: String) -> Result<Self, BadName> {
                Self::parse(&text)
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> Self {
                name.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

const fn simple(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.')
}

fn printable(c: char) -> bool {
    !c.is_control() && !c.is_whitespace()
}

name!(
    /// A company endpoint with a key: `openai`, `my-vllm`.
    ProviderId, "provider", 64, simple
);
name!(
    /// The name a provider gives its model: `gpt-5-mini`, `openai/gpt-5-mini` at OpenRouter.
    ModelName, "model", 200, printable
);
name!(
    /// What a prompt is for: `code_review`, `summarize`.
    TaskClass, "task class", 64, simple
);
name!(
    /// An MCP client as we wrote it into its entry: `claude-desktop`.
    ClientId, "client", 64, simple
);
name!(
    /// A project as the entry names it.
    ProjectName, "project", 64, simple
);
name!(
    /// A set of choices laid over the policy: `travel`.
    ProfileName, "profile", 64, simple
);
name!(
    /// One call of a model with all its retries and fallbacks.
    RequestId, "request", 40, simple
);
name!(
    /// One tool call with all the requests it makes.
    FlowId, "flow", 40, simple
);

impl FlowId {
    /// The flow of a call that no other belongs to.
    pub fn of_one(call: &RequestId) -> Self {
        Self(call.0.clone())
    }
}

impl TaskClass {
    /// The class under which a call with an explicit model is recorded.
    pub fn chat() -> Self {
        Self("chat".to_owned())
    }
}

/// `provider/model`, the name of a model across providers. The model part may itself contain `/`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ModelId {
    /// Whose endpoint answers.
    pub provider: ProviderId,
    /// What the endpoint calls the model.
    pub model: ModelName,
}

impl ModelId {
    /// Parses `provider/model`.
    ///
    /// # Errors
    /// [`BadName`] where there is no `/` or a part is not a name.
    pub fn parse(text: &str) -> Result<Self, BadName> {
        let Some((provider, model)) = text.split_once('/') else {
            return Err(BadName {
                what: "model",
                text: text.chars().take(80).collect(),
                why: "is not of the form provider/model",
            });
        };
        Ok(Self { provider: ProviderId::parse(provider)?, model: ModelName::parse(model)? })
    }
}

impl TryFrom<String> for ModelId {
    type Error = BadName;
    fn try_from(text: String) -> Result<Self, BadName> {
        Self::parse(&text)
    }
}

impl From<ModelId> for String {
    fn from(id: ModelId) -> Self {
        id.to_string()
    }
}

impl fmt::Display for ModelId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.provider, self.model)
    }
}

/// The known name nearest to a wrong one, where one is near enough to be a slip of the keyboard.
pub fn nearest<'a>(wrong: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let wrong = wrong.to_lowercase();
    known
        .into_iter()
        .map(|name| (strsim::damerau_levenshtein(&wrong, &name.to_lowercase()), name))
        .filter(|(distance, name)| *distance <= (name.len() / 3).max(1))
        .min()
        .map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_id_keeps_the_slashes_of_the_model() {
        let id = ModelId::parse("openrouter/openai/gpt-5-mini").expect("valid");
        assert_eq!((id.provider.as_str(), id.model.as_str()), ("openrouter", "openai/gpt-5-mini"));
        assert_eq!(id.to_string(), "openrouter/openai/gpt-5-mini");
        for bad in ["gpt-5", "/gpt", "openai/", "open ai/gpt", "openai/gpt\n5", ""] {
            assert!(ModelId::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn the_nearest_name_is_offered_only_when_it_is_near() {
        assert_eq!(nearest("sumarize", ["code_review", "summarize"]), Some("summarize"));
        assert_eq!(nearest("poetry", ["code_review", "summarize"]), None);
    }
}
