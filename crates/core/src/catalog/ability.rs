//! What a model can take and do, as far as the list of its provider says so. Most lists say nothing: what
//! is not said is unknown, never "no", and no table of names guesses it here.

use serde_json::Value;

/// What is known of a model. `None` is unknown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Abilities {
    /// It reads pictures.
    pub images: Option<bool>,
    /// It calls tools.
    pub tools: Option<bool>,
    /// It reasons before it answers.
    pub reasoning: Option<bool>,
    /// It takes a JSON Schema for its answer.
    pub schema: Option<bool>,
}

impl Abilities {
    /// What is said here, else what is said there.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self {
            images: self.images.or(other.images),
            tools: self.tools.or(other.tools),
            reasoning: self.reasoning.or(other.reasoning),
            schema: self.schema.or(other.schema),
        }
    }
}

/// Reads them from one entry of a list.
///
/// Shapes, each with its source: `architecture.input_modalities` and `supported_parameters` at OpenRouter
/// (openrouter.ai/docs/models), `capabilities.{vision, function_calling}` at
/// Mistral (docs.mistral.ai/api, list models), `thinking` at Google (ai.google.dev/api/models).
pub(super) fn read(entry: &Value) -> Abilities {
    let among = |list: &Value, word: &str| list.as_array().map(|words| words.iter().any(|one| one == word));
    let takes = |parameter| among(&entry["supported_parameters"], parameter);
    let capability = |name: &str| entry["capabilities"][name].as_bool();
    Abilities {
        images: among(&entry["architecture"]["input_modalities"], "image").or_else(|| capability("vision")),
        tools: takes("tools").or_else(|| capability("function_calling")),
        reasoning: takes("reasoning").or_else(|| entry["thinking"].as_bool()),
        schema: takes("structured_outputs"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_a_list_does_not_say_is_unknown() {
        let router = read(&json!({ "id": "x/y",
            "architecture": { "modality": "text+image->text", "input_modalities": ["text", "image"] },
            "supported_parameters": ["max_tokens", "tools", "structured_outputs"] }));
        let all = (router.images, router.tools, router.reasoning, router.schema);
        assert_eq!(all, (Some(true), Some(true), Some(false), Some(true)));
        let mistral = read(
            &json!({ "id": "m", "capabilities": { "completion_chat": true, "function_calling": true, "vision": false } }),
        );
        assert_eq!((mistral.images, mistral.tools, mistral.reasoning), (Some(false), Some(true), None));
        assert_eq!(read(&json!({ "name": "models/g", "thinking": true })).reasoning, Some(true));
        for silent in [json!({ "id": "gpt-6-sol" }), json!({ "capabilities": 3, "architecture": "image" }), json!(null)]
        {
            assert_eq!(read(&silent), Abilities::default(), "{silent}");
        }
    }

    #[test]
    fn the_first_who_says_something_is_heard() {
        let file = Abilities { images: Some(false), ..Abilities::default() };
        let list = Abilities { images: Some(true), tools: Some(true), ..Abilities::default() };
        assert_eq!(file.or(list), Abilities { images: Some(false), tools: Some(true), ..Abilities::default() });
    }
}
