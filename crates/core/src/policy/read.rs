//! Reads routing.yaml: from text to a [`Policy`] or to all its problems at once, each with its
//! place, what is wrong and the nearest valid name.
//!
//! A file with an error gives no policy. A key that restrains and is not built gives one in which
//! what it covers is refused; [`super::settings`] says which keys those are. Nothing is looked up
//! outside the text: the same text always reads the same.

use std::collections::BTreeMap;

use super::form::{self, Form};
use super::settings;
use super::spill::{column_of_key, shown};
use super::token::token;
use super::yaml::{self, Entry, Kind, Node};
use super::{Bounds, Cache, Fix, Policy, Preflight, Problem, Reading, Refusal, Retry, Severity, Timeouts};
use crate::catalog;
use crate::id::{ModelId, ProviderId, TaskClass, nearest};

mod caps;
mod class;
mod classes;
mod extras;
mod field;
mod limits;
mod models;
mod profiles;
mod providers;

use field::lower_first;

/// Reads the text of a routing.yaml. The worst case is a megabyte of text, refused unread beyond.
pub fn read(text: &str) -> Reading {
    read_with_form(text).0
}

/// The same, and the file as a form: also of a file with errors, as far as it can be told. `None` where the
/// text is not a map of YAML.
pub fn read_with_form(text: &str) -> (Reading, Option<Form>) {
    let mut reader = Reader::new();
    reader.look_for_keys(text);
    let mut form = None;
    match yaml::parse(text, &mut reader.problems) {
        Err(problem) => reader.problems.push(problem),
        Ok(None) => {
            reader.error(1, 1, "The file is empty. Write at least one task class under defaults.".to_owned());
            form = Some(Form::default());
        }
        Ok(Some(root)) => {
            reader.root(&root);
            form = form::form(&root, &reader.policy.refused, &reader.problems);
        }
    }
    (reader.finish(text), form)
}

/// Whether a text holds what looks like an API key. Such a text is kept nowhere (I8).
pub fn holds_key(text: &str) -> bool {
    read(text).problems.iter().any(|problem| problem.sentence == KEY_IN_FILE)
}

/// What a key that is not built covers.
#[derive(Clone, Debug)]
enum Cover {
    /// Every call.
    All,
    /// One class.
    Class(TaskClass),
    /// One provider: it is taken out of use.
    Provider(ProviderId),
    /// One model: it is taken out of use.
    Model(ModelId),
}

/// A key and where it stands: why something is out of use.
#[derive(Clone, Debug)]
struct Because {
    key: String,
    line: usize,
}

struct Reader {
    problems: Vec<Problem>,
    policy: Policy,
    /// Providers and models that a key which is not built takes out of use.
    benched_providers: BTreeMap<ProviderId, Because>,
    benched_models: BTreeMap<ModelId, Because>,
    /// Names under `defaults` that are no single class of the policy, such as panels.
    other_classes: Vec<TaskClass>,
}

impl Reader {
    fn new() -> Self {
        let policy = Policy {
            version: String::new(),
            classes: Vec::new(),
            chat_default: None,
            providers: catalog::built_in().clone(),
            models: BTreeMap::new(),
            caps: Vec::new(),
            preflight: Preflight::default(),
            timeouts: Timeouts::default(),
            retry: Retry::default(),
            cache: Cache::default(),
            profiles: BTreeMap::new(),
            bounds: Bounds::default(),
            refused: Vec::new(),
            unknown_keys: BTreeMap::new(),
            day: catalog::prices::source().date,
        };
        Self {
            problems: Vec::new(),
            policy,
            benched_providers: BTreeMap::new(),
            benched_models: BTreeMap::new(),
            other_classes: Vec::new(),
        }
    }

    /// Sections in the order in which they need each other, not that of the file.
    fn root(&mut self, root: &Node) {
        let Some(top) = self.section(root, "", "", &Cover::All) else { return };
        if let Some(version) = self.word(&top, "version") {
            self.policy.version = version.to_owned();
        }
        self.providers(&top);
        self.models(&top);
        self.class_names(&top);
        self.preflight(&top);
        self.timeouts(&top);
        self.retry(&top);
        self.cache(&top);
        self.visibility(&top);
        self.classes(&top);
        self.fallbacks(&top);
        self.caps(&top);
        self.chat_default(&top);
        self.profiles(&top);
        self.too_long_leads_on(&top);
        self.unique_aliases(&top);
        self.bench();
    }

    /// Takes out of use what a refused key covers, so that no name of it resolves.
    fn bench(&mut self) {
        for provider in self.benched_providers.keys() {
            self.policy.providers.remove(provider);
        }
        let providers = &self.policy.providers;
        self.policy.models.retain(|id, _| providers.contains_key(&id.provider));
        for id in self.benched_models.keys() {
            if providers.contains_key(&id.provider) {
                self.policy.models.entry(id.clone()).or_default().enabled = false;
            }
        }
    }

    fn finish(mut self, text: &str) -> Reading {
        let lines: Vec<&str> = text.strip_prefix('\u{feff}').unwrap_or(text).lines().collect();
        for problem in &mut self.problems {
            let Some(fix) = &mut problem.fix else { continue };
            let line = lines.get(fix.line.saturating_sub(1)).copied().unwrap_or_default();
            if fix.end_column == 0 {
                let place = token(line, fix.column);
                (fix.column, fix.end_column) = (place.start, place.end);
            }
            // A mark of a comment hides the rest of its line: right only where the entry begins it.
            let mut before = line.chars().take(fix.column.saturating_sub(1));
            if fix.text.starts_with('#') && !before.all(char::is_whitespace) {
                problem.fix = None;
            }
        }
        self.problems.sort_by_key(|problem| (problem.line, problem.column, problem.severity));
        let valid = self.problems.iter().all(|problem| problem.severity == Severity::Warning);
        Reading { policy: valid.then_some(self.policy), problems: self.problems }
    }

    /// Also in comments: every version of the file is kept as text.
    fn look_for_keys(&mut self, text: &str) {
        for (number, line) in text.lines().enumerate() {
            if let Some(column) = column_of_key(line) {
                self.error(number + 1, column, KEY_IN_FILE.to_owned());
            }
        }
    }

    fn error(&mut self, line: usize, column: usize, sentence: String) {
        self.problems.push(Problem { severity: Severity::Error, line, column, sentence, fix: None });
    }

    fn warn(&mut self, line: usize, column: usize, sentence: String) {
        self.problems.push(Problem { severity: Severity::Warning, line, column, sentence, fix: None });
    }

    /// The problem told last is mended by another word in its place. Where the word there ends is looked up
    /// in the text at the end (see [`Reader::finish`]).
    fn mended_by(&mut self, word: Option<&str>) {
        let (Some(problem), Some(word)) = (self.problems.last_mut(), word) else { return };
        let (line, column) = (problem.line, problem.column);
        problem.fix = Some(Fix { title: format!("Write {word}"), line, column, end_column: 0, text: word.to_owned() });
    }

    /// A key that restrains and is not built: what it covers is refused, and the person is told.
    fn refuse(&mut self, cover: &Cover, path: &str, entry: &Entry, why: &str) {
        let because = Because { key: path.to_owned(), line: entry.line };
        let whom = match cover {
            Cover::All => "every call is".to_owned(),
            Cover::Class(class) => format!("calls of {} are", shown(class.as_str())),
            Cover::Provider(provider) => format!("calls to {provider} are"),
            Cover::Model(model) => format!("calls to {model} are"),
        };
        let sentence = format!(
            "{path} {} This version does not have it, so {whom} refused until it is removed.",
            lower_first(why)
        );
        self.warn(entry.line, entry.column, sentence);
        match cover {
            Cover::All => self.policy.refused.push(Refusal { class: None, key: because.key, line: because.line }),
            Cover::Class(class) => self.refuse_class(class, because),
            Cover::Provider(provider) => {
                self.benched_providers.entry(provider.clone()).or_insert(because);
            }
            Cover::Model(model) => {
                self.benched_models.entry(model.clone()).or_insert(because);
            }
        }
    }

    fn refuse_class(&mut self, class: &TaskClass, because: Because) {
        self.policy.refused.push(Refusal { class: Some(class.clone()), key: because.key, line: because.line });
    }

    /// Tells a key apart: known and built, known and not built, unknown.
    fn check_key(&mut self, path: &str, place: &'static str, entry: &Entry, cover: &Cover) {
        let full = if path.is_empty() { entry.key.clone() } else { format!("{path}.{}", entry.key) };
        match settings::setting(place, &entry.key) {
            Some(row) => match row.standing {
                settings::Standing::Built | settings::Standing::Guard => {}
                settings::Standing::Refuses => self.refuse(cover, &full, entry, row.why),
                settings::Standing::Ignored => {
                    let sentence = format!("{full} {} This version goes on without it.", lower_first(row.why));
                    self.warn(entry.line, entry.column, sentence);
                }
            },
            None => self.unknown_key(&full, place, entry),
        }
    }

    fn unknown_key(&mut self, full: &str, place: &'static str, entry: &Entry) {
        let near = nearest(&entry.key, settings::keys_of(place).filter_map(|row| settings::below(place, row.path)));
        let meant = near.map_or_else(String::new, |near| format!(" The nearest is {near}."));
        let guards = near
            .and_then(|near| settings::setting(place, near))
            .is_some_and(|row| matches!(row.standing, settings::Standing::Guard | settings::Standing::Refuses));
        let name = shown(&entry.key);
        if settings::is_shared(place) && !guards {
            self.policy.unknown_keys.insert(full.to_owned(), entry.value.flat());
            self.warn(entry.line, entry.column, format!("{name} is not a key of this place and has no effect.{meant}"));
        } else {
            self.error(entry.line, entry.column, format!("{name} is not a key of this place.{meant}"));
        }
        self.mended_by(near);
    }
}

const KEY_IN_FILE: &str = "A key does not belong in this file; store it with `pointsman keys set` or on the Keys page, and revoke it where others could read the file.";

fn is_null(node: &Node) -> bool {
    matches!(node.kind, Kind::Null)
}

#[cfg(test)]
mod class_tests;
#[cfg(test)]
mod tests;
