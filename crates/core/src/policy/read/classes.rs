//! `defaults`, `fallback` and `visibility`: the task classes and which models answer them.

use super::field::{Near, Section, near};
use super::providers::Known;
use super::{Because, Cover, Reader, is_null, shown};
use crate::id::{ModelId, ModelName, TaskClass};
use crate::policy::settings::SETTINGS;
use crate::policy::yaml::Entry;

pub(super) const CHAT_DEFAULT: &str = "chat_default";

/// The model a class or one item of its fallback names.
pub(super) enum Target {
    /// A model that can be called.
    Model(ModelId),
    /// Known, and out of use.
    Benched(Because),
    /// None; the problem is told.
    No,
}

impl Reader {
    /// All names under `defaults`, so that caps can name classes before these are read.
    pub(super) fn class_names(&mut self, top: &Section<'_>) {
        let Some(section) = self.child(top, "defaults", "defaults") else {
            if top.get("defaults").is_none() {
                let sentence = "There are no task classes. Write at least one under defaults.".to_owned();
                self.warn(top.line, top.column, sentence);
            }
            return;
        };
        for entry in section.entries.iter().filter(|entry| entry.key != CHAT_DEFAULT) {
            match TaskClass::parse(&entry.key) {
                Ok(class) => self.other_classes.push(class),
                Err(why) => {
                    let sentence =
                        format!("The task class {} {}. Use letters, digits, - _ and .", shown(&entry.key), why.why);
                    self.error(entry.line, entry.column, sentence);
                }
            }
        }
    }

    pub(super) fn classes(&mut self, top: &Section<'_>) {
        let Some(entry) = top.get("defaults") else { return };
        let super::Kind::Map(entries) = &entry.value.kind else { return };
        for entry in entries.iter().filter(|entry| entry.key != CHAT_DEFAULT) {
            if let Ok(class) = TaskClass::parse(&entry.key) {
                self.class(class, entry);
            }
        }
    }

    fn class(&mut self, class: TaskClass, entry: &Entry) {
        let path = format!("defaults.{class}");
        if let Some(rule) = self.class_rule(class, entry, &path, None) {
            self.other_classes.retain(|other| *other != rule.class);
            self.policy.classes.push(rule);
        }
    }

    /// The model named by `provider` and `model`.
    pub(super) fn target(&mut self, section: &Section<'_>) -> Target {
        for key in ["provider", "model"] {
            if section.get(key).is_none() {
                self.error(section.line, section.column, format!("{} needs a {key}.", section.path));
            }
        }
        let (provider, model) = (self.word(section, "provider"), self.word(section, "model"));
        let (Some(provider), Some(model)) = (provider, model) else { return Target::No };
        let model = match (ModelName::parse(model), section.get("model")) {
            (Ok(name), _) => Some(name),
            (Err(why), Some(entry)) => {
                self.error(entry.value.line, entry.value.column, format!("The model {} {}.", shown(model), why.why));
                None
            }
            (Err(_), None) => None,
        };
        let Some(place) = section.get("provider").map(|entry| (entry.value.line, entry.value.column)) else {
            return Target::No;
        };
        let path = section.path_of("provider");
        match (self.known_provider(provider, place.0, place.1, &path), model) {
            (Known::Yes(provider), Some(model)) => self.usable(ModelId { provider, model }, section),
            (Known::Benched(_, because), Some(_)) => Target::Benched(because),
            (Known::Yes(_) | Known::Benched(..), None) | (Known::No, _) => Target::No,
        }
    }

    /// What is odd about a model that a class names, though the file is valid.
    fn usable(&mut self, id: ModelId, section: &Section<'_>) -> Target {
        if let Some(because) = self.benched_models.get(&id) {
            return Target::Benched(because.clone());
        }
        let place =
            section.get("model").map_or((section.line, section.column), |entry| (entry.value.line, entry.value.column));
        let rule = self.policy.model(&id);
        if !rule.enabled {
            self.warn(place.0, place.1, format!("{id} is not enabled under models, so calls to it are refused."));
        } else if self.policy.price(&id).is_none() {
            let text = id.to_string();
            let listed: Vec<_> = self.policy.models.keys().map(ToString::to_string).collect();
            let near = if rule.price.is_none() && !self.policy.models.contains_key(&id) {
                near(&text, listed.iter().map(String::as_str))
            } else {
                Near::default()
            };
            let sentence = format!("{id} has no price under models, so calls to it are refused.{near}");
            self.warn(place.0, place.1, sentence);
            // The word at this place is the model alone.
            let meant = near.word().and_then(|near| near.strip_prefix(id.provider.as_str())?.strip_prefix('/'));
            self.mended_by(meant.filter(|_| section.get("model").is_some()));
        }
        Target::Model(id)
    }

    pub(super) fn fallbacks(&mut self, top: &Section<'_>) {
        let Some(section) = self.child(top, "fallback", "fallback") else { return };
        for entry in section.entries {
            let path = section.path_of(&entry.key);
            let Some(at) = self.policy.classes.iter().position(|rule| rule.class.as_str() == entry.key) else {
                self.fallback_of_none(entry);
                continue;
            };
            for (nth, item) in self.list(entry, &path).iter().enumerate() {
                let path = format!("{path}[{nth}]");
                let Some(item) = self.section(item, &path, "fallback.*[]", &Cover::All) else { continue };
                let id = match self.target(&item) {
                    Target::Model(id) => id,
                    Target::Benched(because) => {
                        let sentence = format!(
                            "{path} is skipped: this version cannot call it ({}, line {}).",
                            because.key, because.line
                        );
                        self.warn(item.line, item.column, sentence);
                        continue;
                    }
                    Target::No => continue,
                };
                let Some(rule) = self.policy.classes.get_mut(at) else { continue };
                if rule.models().any(|other| *other == id) {
                    let sentence =
                        format!("{id} is already tried before this in {}; it is not tried again.", shown(&entry.key));
                    self.warn(item.line, item.column, sentence);
                } else {
                    rule.fallback.push(id);
                }
            }
        }
    }

    /// A fallback without a single class: of a panel, of orchestration, or a slip.
    fn fallback_of_none(&mut self, entry: &Entry) {
        if entry.key == "orchestrate" || self.other_classes.iter().any(|class| class.as_str() == entry.key) {
            return;
        }
        let near = near(&entry.key, self.policy.classes.iter().map(|rule| rule.class.as_str()));
        let sentence = format!("There is no task class {}, so this fallback has no effect.{near}", shown(&entry.key));
        self.warn(entry.line, entry.column, sentence);
        self.mended_by(near.word());
    }

    /// Every class it names is refused. A slip in the name would leave a class unguarded: an error.
    pub(super) fn visibility(&mut self, top: &Section<'_>) {
        let Some(section) = self.child(top, "visibility", "visibility") else { return };
        let why = SETTINGS.iter().find(|row| row.path == "visibility.*").map_or("", |row| row.why);
        for entry in section.entries {
            let path = section.path_of(&entry.key);
            let names: Vec<_> = self.other_classes.iter().map(|class| class.as_str().to_owned()).collect();
            match self.other_classes.iter().find(|class| class.as_str() == entry.key).cloned() {
                Some(class) => self.refuse(&Cover::Class(class), &path, entry, why),
                None => {
                    let near = near(&entry.key, names.iter().map(String::as_str));
                    let sentence = format!("There is no task class {}.{near}", shown(&entry.key));
                    match near.word() {
                        None => self.warn(entry.line, entry.column, sentence),
                        Some(near) => {
                            self.error(entry.line, entry.column, sentence);
                            self.mended_by(Some(near));
                        }
                    }
                }
            }
        }
    }

    /// `chat_default`, else the first class.
    pub(super) fn chat_default(&mut self, top: &Section<'_>) {
        let named = match top.get("defaults").map(|entry| &entry.value.kind) {
            Some(super::Kind::Map(entries)) => self.named_default(entries),
            Some(_) | None => None,
        };
        self.policy.chat_default = named.or_else(|| self.policy.classes.first().map(|rule| rule.class.clone()));
    }

    /// The class that `chat_default` among the classes names.
    pub(super) fn named_default(&mut self, entries: &[Entry]) -> Option<TaskClass> {
        let entry = entries.iter().find(|entry| entry.key == CHAT_DEFAULT).filter(|entry| !is_null(&entry.value))?;
        let name = self.text(&entry.value, CHAT_DEFAULT)?;
        let found = self.class_named(name);
        if found.is_none() {
            let near = self.near_class(name);
            let sentence = format!("chat_default names no task class; it is {}.{near}", shown(name));
            self.error(entry.value.line, entry.value.column, sentence);
            self.mended_by(near.word());
        }
        found
    }

    /// A class of `defaults` by its name, single or not.
    pub(super) fn class_named(&self, name: &str) -> Option<TaskClass> {
        self.all_classes().find(|class| class.as_str() == name).cloned()
    }

    /// The nearest class.
    pub(super) fn near_class(&self, name: &str) -> Near {
        near(name, self.all_classes().map(TaskClass::as_str))
    }

    fn all_classes(&self) -> impl Iterator<Item = &TaskClass> {
        self.policy.classes.iter().map(|rule| &rule.class).chain(&self.other_classes)
    }
}
