//! A model's form as it is typed: what a caller would read of it, what is wrong with a field, and the edits of
//! routing.yaml that write it. Amounts and sizes are parsed here from the digits; nothing is written.

use pointsman_core::code::Denial;
use pointsman_core::id::ModelId;
use pointsman_core::money::MicroUsd;
use pointsman_core::policy::Policy;

use super::card::{form, named};
use crate::Gateway;
use crate::report::ToolNotes;
use crate::report::notes::{self, BUDGET, LINE};
use crate::view::{EditEntry, EditValue, FieldProblem, ModelForm, ModelLook, PathStep, PolicyEdit};

impl Gateway {
    /// What a form of a model comes to. `told` makes the tool's text from the notes: the one that a caller
    /// is told with.
    ///
    /// # Errors
    /// `not_found` where it is no model of a known provider, or where nothing rules.
    pub async fn model_look(
        &self,
        id: &str,
        typed: &ModelForm,
        told: impl Fn(&ToolNotes) -> String + Send,
    ) -> Result<ModelLook, Denial> {
        let policy = self.ruling().await?;
        let id = named(&policy, id)?;
        Ok(look(policy, &id, typed, told))
    }
}

fn look(mut policy: Policy, id: &ModelId, typed: &ModelForm, told: impl Fn(&ToolNotes) -> String) -> ModelLook {
    let written = form(&policy.model(id));
    let known = policy.models.contains_key(id) || policy.callable().contains(id);
    let key = policy.model(id).key.unwrap_or_else(|| id.to_string());
    let problems = problems(typed);
    let edits = if problems.is_empty() { edits(&key, &written, typed, known) } else { Vec::new() };
    let mut rule = policy.model(id);
    let words = |text: &str| Some(one_line(text)).filter(|text| !text.is_empty());
    rule.description = words(&typed.description);
    rule.use_for = words(&typed.use_for);
    rule.avoid_for = words(&typed.avoid_for);
    rule.enabled = typed.enabled;
    policy.models.insert(id.clone(), rule);
    let fitted = notes::models(&policy);
    let text = told(&notes::of(&policy));
    let own = format!("- {id}");
    let shown = text.lines().any(|line| {
        line.strip_prefix(&own).is_some_and(|rest| rest.is_empty() || rest.starts_with(':') || rest.starts_with(' '))
    });
    let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
    ModelLook {
        text,
        tokens: number(fitted.wanted),
        budget: number(BUDGET),
        left_out: number(fitted.left_out),
        shown,
        cut_at: notes::is_cut(&policy, id).then_some(number(LINE)),
        problems,
        edits,
    }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The names in a list with commas between.
fn names(text: &str) -> Vec<String> {
    text.split(',').map(|name| name.trim().to_owned()).filter(|name| !name.is_empty()).collect()
}

/// Digits, where somebody groups them: `200,000`, `200 000`.
fn digits(text: &str) -> String {
    text.chars().filter(|c| !matches!(c, ',' | '_' | ' ' | '\u{a0}' | '\u{202f}')).collect()
}

/// An amount as it is typed, with or without the sign of the dollar.
fn amount(text: &str) -> &str {
    text.trim().trim_start_matches('$').trim()
}

fn problems(typed: &ModelForm) -> Vec<FieldProblem> {
    let mut problems = Vec::new();
    let mut say = |field: &str, sentence: String| problems.push(FieldProblem { field: field.to_owned(), sentence });
    for (field, text) in sizes(typed) {
        if !text.is_empty() && digits(text).parse::<u64>().ok().is_none_or(|size| size == 0) {
            say(field, "Write a whole number of tokens above 0, such as 200000.".to_owned());
        }
    }
    for (field, text) in prices(typed) {
        if let Err(why) = MicroUsd::parse(amount(text))
            && !amount(text).is_empty()
        {
            say(field, format!("The price {why}."));
        }
    }
    let any = prices(typed).iter().any(|(_, text)| !amount(text).is_empty());
    for (field, text) in prices(typed).into_iter().take(2) {
        if any && amount(text).is_empty() {
            say(field, "A price needs both input and output.".to_owned());
        }
    }
    if !["", "L0", "L1", "L2", "L3"].contains(&typed.tier.as_str()) {
        say("tier", "The tier is one of L0, L1, L2, L3.".to_owned());
    }
    if let Some(name) = names(&typed.aliases).iter().find(|name| name.contains(char::is_whitespace)) {
        say("aliases", format!("{name:?} has a blank inside. Put commas between names."));
    }
    problems
}

fn sizes(form: &ModelForm) -> [(&'static str, &str); 2] {
    [("context", &form.context), ("max_output", &form.max_output)]
}

fn prices(form: &ModelForm) -> [(&'static str, &str); 4] {
    let ModelForm { input, output, cached_input, cache_write, .. } = form;
    [("input", input), ("output", output), ("cached_input", cached_input), ("cache_write", cache_write)]
}

/// What has to be written so that the file says what was typed. A model the file does not know yet is at
/// least named.
fn edits(key: &str, written: &ModelForm, typed: &ModelForm, known: bool) -> Vec<PolicyEdit> {
    let of_model = |step: &str| vec![at("models"), at(key), at(step)];
    let mut edits = Vec::new();
    for (field, was, is) in [
        ("description", &written.description, &typed.description),
        ("use_for", &written.use_for, &typed.use_for),
        ("avoid_for", &written.avoid_for, &typed.avoid_for),
        ("tier", &written.tier, &typed.tier),
    ] {
        let is = one_line(is);
        if *was != is {
            edits.push(written_or_gone(of_model(field), &is, |text| EditValue::Text { text }));
        }
    }
    let (was, is) = (names(&written.aliases), names(&typed.aliases));
    if was != is {
        let text = is.join(", ");
        let items = is.into_iter().map(|text| EditValue::Text { text }).collect();
        edits.push(written_or_gone(of_model("aliases"), &text, |_| EditValue::List { items }));
    }
    for ((field, was), (_, is)) in sizes(written).into_iter().zip(sizes(typed)) {
        let is = digits(is);
        if was != is {
            edits.push(written_or_gone(of_model(field), &is, plain));
        }
    }
    edits.extend(price_edits(key, written, typed));
    if written.enabled != typed.enabled || (!known && edits.is_empty()) {
        edits.push(PolicyEdit::Set { path: of_model("enabled"), value: plain(typed.enabled.to_string()) });
    }
    edits
}

/// The parts of the price that change; a first price as a whole, and none where all is empty.
fn price_edits(key: &str, written: &ModelForm, typed: &ModelForm) -> Vec<PolicyEdit> {
    let path = vec![at("models"), at(key), at("price")];
    let had = prices(written).iter().any(|(_, text)| !text.is_empty());
    let given = |(field, text): (&'static str, &str)| {
        MicroUsd::parse(amount(text)).ok().map(|amount| (field, amount.decimal()))
    };
    let now: Vec<_> = prices(typed).into_iter().filter_map(given).collect();
    if now.is_empty() {
        return if had { vec![PolicyEdit::Remove { path }] } else { Vec::new() };
    }
    if !had {
        let entries = now.into_iter().map(|(field, text)| EditEntry { key: field.to_owned(), value: plain(text) });
        return vec![PolicyEdit::Set { path, value: EditValue::Map { entries: entries.collect() } }];
    }
    let changed = prices(written).into_iter().filter_map(|(field, was)| {
        let is = now.iter().find(|(name, _)| *name == field).map_or("", |(_, text)| text);
        let path = path.iter().cloned().chain([at(field)]).collect();
        (was != is).then(|| written_or_gone(path, is, plain))
    });
    changed.collect()
}

fn at(key: &str) -> PathStep {
    PathStep::Key(key.to_owned())
}

const fn plain(text: String) -> EditValue {
    EditValue::Plain { text }
}

fn written_or_gone(path: Vec<PathStep>, text: &str, value: impl FnOnce(String) -> EditValue) -> PolicyEdit {
    if text.is_empty() {
        return PolicyEdit::Remove { path };
    }
    PolicyEdit::Set { path, value: value(text.to_owned()) }
}

#[cfg(test)]
mod tests;
