//! What a text means while it is edited: its problems with their places as the editor counts them, the form,
//! what saving would do, and what changes. Asked at each pause of typing, so it reads the text once and the
//! chain of activations only as far as that is new.

use pointsman_core::code::Denial;
use pointsman_core::policy::{self, Form, Problem, Severity};

use super::{NOTHING_RULES, State, answers, disk};
use crate::Gateway;
use crate::view::{ClassForm, LintProblem, LintSeverity, PolicyForm, PolicyLook, QuickFix, SaveState, ShareForm};

impl Gateway {
    /// What a text means, without saving it. A thousand lines take some milliseconds.
    ///
    /// # Errors
    /// Where the active version cannot be told.
    pub async fn policy_look(&self, text: &str) -> Result<PolicyLook, Denial> {
        let inner = self.inner();
        let (reading, form) = policy::read_with_form(text);
        let mut state = inner.policy.state.lock().await;
        let looked = inner.policy.look(&mut state, inner).await;
        let (outlook, widens) = match &reading.policy {
            None => (SaveState::Invalid, Vec::new()),
            Some(policy) => outlook(&state, text, policy),
        };
        let on_disk = match (disk::read(&inner.policy.path), looked) {
            (disk::Found::Text(text, _), _) => text,
            (disk::Found::Nothing | disk::Found::Trouble(_), Ok(active)) => active.text.clone(),
            (disk::Found::Nothing | disk::Found::Trouble(_), Err(_)) => String::new(),
        };
        drop(state);
        let lines: Vec<&str> = text.lines().collect();
        Ok(PolicyLook {
            problems: reading.problems.iter().map(|problem| lint(problem, &lines)).collect(),
            form: form.map(shown),
            outlook,
            widens,
            diff: answers::diff(&on_disk, text),
        })
    }
}

fn outlook(state: &State, text: &str, policy: &policy::Policy) -> (SaveState, Vec<String>) {
    let Some(active) = &state.chain.active else {
        return match state.chain.seq {
            0 => (SaveState::Acts, Vec::new()),
            _ => (SaveState::Waits, vec![NOTHING_RULES.to_owned()]),
        };
    };
    if active.hash == disk::hash(text) {
        return (SaveState::Same, Vec::new());
    }
    let widens = state.chain.widens(policy);
    (if widens.is_empty() { SaveState::Acts } else { SaveState::Waits }, widens)
}

fn lint(problem: &Problem, lines: &[&str]) -> LintProblem {
    let line = lines.get(problem.line.saturating_sub(1)).copied().unwrap_or_default();
    let place = policy::token(bare(line), problem.column);
    let fixes = problem.fix.iter().map(|fix| {
        let line = lines.get(fix.line.saturating_sub(1)).copied().unwrap_or_default();
        QuickFix {
            title: fix.title.clone(),
            line: number(fix.line),
            column: units(line, fix.column),
            end_column: units(line, fix.end_column),
            text: fix.text.clone(),
        }
    });
    LintProblem {
        severity: match problem.severity {
            Severity::Error => LintSeverity::Error,
            Severity::Warning => LintSeverity::Warning,
        },
        line: number(problem.line),
        column: units(line, place.start),
        end_column: units(line, place.end),
        sentence: problem.sentence.clone(),
        fixes: fixes.collect(),
    }
}

/// The line as the reader counts it, which does not see a byte order mark.
fn bare(line: &str) -> &str {
    line.strip_prefix('\u{feff}').unwrap_or(line)
}

/// A column of characters as one of UTF-16 units, both from 1.
fn units(line: &str, column: usize) -> u32 {
    let mark = line.len() - bare(line).len();
    let before = bare(line).chars().take(column.saturating_sub(1));
    number(before.map(char::len_utf16).sum::<usize>() + 1 + usize::from(mark > 0))
}

fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

fn shown(form: Form) -> PolicyForm {
    PolicyForm {
        chat_default: form.chat_default,
        classes: form.classes.into_iter().map(class).collect(),
        warn_usd: form.warn_usd,
        block_usd: form.block_usd,
        profiles: form.profiles,
        providers: form.providers,
    }
}

fn class(card: policy::ClassCard) -> ClassForm {
    let split = card.split.into_iter().map(|(model, percent)| ShareForm { model, percent });
    ClassForm {
        name: card.name,
        line: number(card.line),
        single: card.single,
        rationale: card.rationale,
        model: card.model,
        fallback: card.fallback,
        split: split.collect(),
        strategy: card.strategy,
        max_tokens: card.max_tokens,
        tier: card.tier,
        temperature: card.temperature,
        timeout_s: card.timeout_s,
        cache: card.cache,
        too_long: card.too_long,
        truncate_oldest: card.truncate_oldest,
        refused: card.refused,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_counts_what_an_editor_counts() {
        assert_eq!(units("a: b", 4), 4);
        assert_eq!(units("🙂: b", 4), 5, "two units");
        assert_eq!(units("\u{feff}a: b", 4), 5, "the mark is a unit");
        assert_eq!(units("", 1), 1);
    }
}
