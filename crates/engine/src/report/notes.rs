//! What the person's policy adds to the descriptions of the tools: each model with its words for
//! `chat_completion`, each task class with its rationale for `llm_route`. Made from a policy alone, so that
//! the window shows what an edit would say by the very functions that say it.

use pointsman_core::code::Denial;
use pointsman_core::id::ModelId;
use pointsman_core::policy::Policy;

use crate::Gateway;

/// The most tokens of model descriptions in a tool's text: product.md §3.
pub(crate) const BUDGET: usize = 300;
/// Bytes in a token, on the safe side for English.
const BYTES_PER_TOKEN: usize = 4;
/// The most characters of one line.
pub(crate) const LINE: usize = 400;
/// Left free for the line that says how many did not fit.
const REST: usize = 40;

/// The lines for the tools, as they are sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ToolNotes {
    /// Models with their words: `- provider/model: what it is for`.
    pub models: String,
    /// Task classes with their rationale.
    pub classes: String,
}

/// Lines within the budget, and what became of the others.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Fitted {
    pub(crate) text: String,
    /// Tokens all lines together would take.
    pub(crate) wanted: usize,
    /// Lines that did not fit.
    pub(crate) left_out: usize,
}

impl Gateway {
    /// What the policy that rules adds to the tools' descriptions; nothing where none rules.
    pub async fn tool_notes(&self) -> ToolNotes {
        match self.ruling().await {
            Ok(policy) => of(&policy),
            Err(_) => ToolNotes::default(),
        }
    }

    /// The policy that rules.
    pub(crate) async fn ruling(&self) -> Result<Policy, Denial> {
        Ok(self.inner().policy.snapshot(self.inner()).await?.policy.clone())
    }
}

/// The notes of a policy.
pub(crate) fn of(policy: &Policy) -> ToolNotes {
    ToolNotes { models: models(policy).text, classes: classes(policy) }
}

/// The models a caller may name, each with the person's words, within [`BUDGET`].
pub(crate) fn models(policy: &Policy) -> Fitted {
    fitted(policy.callable().iter().map(|id| model(policy, id)))
}

/// Whether the words of a model are more than one line may have.
pub(crate) fn is_cut(policy: &Policy, id: &ModelId) -> bool {
    model(policy, id).chars().count() > LINE
}

/// What is said of one model.
fn model(policy: &Policy, id: &ModelId) -> String {
    let rule = policy.model(id);
    let mut line = id.to_string();
    for (mark, text) in [(": ", &rule.description), (" Use for: ", &rule.use_for), (" Not for: ", &rule.avoid_for)] {
        if let Some(text) = text {
            line.push_str(mark);
            line.push_str(&one_line(text));
        }
    }
    line
}

fn classes(policy: &Policy) -> String {
    let lines = policy.classes.iter().map(|rule| match &rule.rationale {
        Some(rationale) => format!("{}: {}", rule.class, one_line(rationale)),
        None => rule.class.to_string(),
    });
    fitted(lines).text
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Whole lines within the budget; says how many did not fit.
fn fitted(lines: impl Iterator<Item = String>) -> Fitted {
    let lines: Vec<String> = lines.map(|line| format!("- {}\n", line.chars().take(LINE).collect::<String>())).collect();
    let wanted = lines.iter().map(String::len).sum::<usize>().div_ceil(BYTES_PER_TOKEN);
    let (mut text, mut left_out) = (String::new(), 0);
    for (at, line) in lines.iter().enumerate() {
        if text.len() + line.len() > BUDGET * BYTES_PER_TOKEN - REST {
            left_out = lines.len() - at;
            text.push_str(&format!("- and {left_out} more: see llm_routing_info\n"));
            break;
        }
        text.push_str(line);
    }
    Fitted { text, wanted, left_out }
}

#[cfg(test)]
mod tests {
    use pointsman_core::policy::read;

    use super::*;

    fn policy(models: &str) -> Policy {
        let text = format!("defaults:\n  a: {{ provider: openai, model: gpt-6-sol }}\nmodels:\n{models}");
        let reading = read(&text);
        reading.policy.unwrap_or_else(|| panic!("{:?}", reading.problems))
    }

    #[test]
    fn each_model_has_one_line_with_all_its_words() {
        let notes = models(&policy(
            "  openai/gpt-6-sol: { description: \"careful\\n and slow\", use_for: [review, plans], avoid_for: bulk }\n  openai/off: { enabled: false, description: no }\n",
        ));
        assert_eq!(notes.text, "- openai/gpt-6-sol: careful and slow Use for: review, plans Not for: bulk\n");
        assert_eq!((notes.wanted, notes.left_out), (notes.text.len().div_ceil(4), 0));
    }

    #[test]
    fn what_passes_the_budget_is_left_out_by_whole_lines_and_counted() {
        let line = |n: usize| format!("  openai/m{n:02}: {{ description: {} }}\n", "word ".repeat(30));
        let many: String = (0..12).map(line).collect();
        let notes = models(&policy(&many));
        assert!(notes.text.len() <= BUDGET * BYTES_PER_TOKEN, "{}", notes.text.len());
        let shown = notes.text.lines().filter(|line| line.starts_with("- openai/")).count();
        assert_eq!(shown + notes.left_out, 13);
        assert!(notes.text.ends_with(&format!("- and {} more: see llm_routing_info\n", notes.left_out)));
        assert!(notes.wanted > BUDGET, "the meter shows what was asked for: {}", notes.wanted);
    }
}
