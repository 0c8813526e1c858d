//! `caps`: what the person lets be spent, by whom and in which window. A cap that would count nothing
//! because of a slip in a name is an error: it would look like a guard and be none.

use super::field::{Section, near, whole};
use super::providers::Known;
use super::{Cover, Reader, is_null, shown};
use crate::budget::{ALERTS, Cap, OnHit, Scope, Window};
use crate::id::{BadName, ClientId, ModelId, ProjectName, TaskClass};
use crate::policy::yaml::Entry;
use crate::policy::{Problem, Severity};

/// A scope that is still without its name.
#[derive(Clone, Copy, PartialEq, Eq)]
enum ScopeWord {
    All,
    Provider,
    Model,
    Client,
    Class,
    Project,
}

const SCOPES: &[(&str, ScopeWord)] = &[
    ("all", ScopeWord::All),
    ("provider", ScopeWord::Provider),
    ("model", ScopeWord::Model),
    ("client", ScopeWord::Client),
    ("task_class", ScopeWord::Class),
    ("project", ScopeWord::Project),
];

const WINDOWS: &[(&str, Window)] = &[
    ("call", Window::Call),
    ("flow", Window::Flow),
    ("hour", Window::Hour),
    ("day", Window::Day),
    ("week", Window::Week),
    ("month", Window::Month),
    ("total", Window::Total),
];

const ON_HIT: &[(&str, OnHit)] =
    &[("block", OnHit::Block), ("warn", OnHit::Warn), ("local_only", OnHit::LocalOnly), ("ask", OnHit::Ask)];

/// Classes that calls are recorded under without a rule of the file: a named model, and orchestration.
const OWN_CLASSES: [&str; 2] = ["chat", "orchestrate"];

impl Reader {
    /// After classes and models, whose names caps use.
    pub(super) fn caps(&mut self, top: &Section<'_>) {
        let Some(entry) = top.get("caps") else { return };
        for (nth, node) in self.list(entry, "caps").iter().enumerate() {
            let Some(section) = self.section(node, &format!("caps[{nth}]"), "caps[]", &Cover::All) else { continue };
            let cap = self.cap(&section);
            self.policy.caps.extend(cap);
        }
    }

    /// `None` where a problem was told.
    fn cap(&mut self, section: &Section<'_>) -> Option<Cap> {
        for key in ["window", "limit_usd"] {
            if section.get(key).is_none() {
                self.error(section.line, section.column, format!("{} needs a {key}.", section.path));
            }
        }
        let scope = match section.get("scope") {
            Some(_) => self.one_of(section, "scope", SCOPES),
            None => Some(ScopeWord::All),
        };
        let window = self.one_of(section, "window", WINDOWS);
        let limit = self.money(section, "limit_usd");
        let on_hit = match section.get("on_hit") {
            Some(_) => self.one_of(section, "on_hit", ON_HIT),
            None => Some(OnHit::Block),
        };
        let alerts = self.alerts(section);
        let scope = self.scope(section, scope?)?;
        Some(Cap { scope, window: window?, limit: limit?, on_hit: on_hit?, alerts, line: section.line })
    }

    /// What a cap counts. `None` where a problem was told.
    fn scope(&mut self, section: &Section<'_>, scope: ScopeWord) -> Option<Scope> {
        let named = section.get("name").filter(|entry| !is_null(&entry.value));
        let Some(entry) = named else {
            return Some(match scope {
                ScopeWord::All => Scope::All,
                ScopeWord::Provider => Scope::Provider(None),
                ScopeWord::Model => Scope::Model(None),
                ScopeWord::Client => Scope::Client(None),
                ScopeWord::Class => Scope::Class(None),
                ScopeWord::Project => Scope::Project(None),
            });
        };
        let name = self.text(&entry.value, "name")?;
        match scope {
            ScopeWord::All => {
                let sentence = format!(
                    "A cap over all takes no name; it is {}. For one provider, write scope: provider.",
                    shown(name)
                );
                self.error(entry.line, entry.column, sentence);
                None
            }
            ScopeWord::Provider => match self.known_provider(name, entry.value.line, entry.value.column, "caps") {
                Known::Yes(id) | Known::Benched(id, _) => Some(Scope::Provider(Some(id))),
                Known::No => None,
            },
            ScopeWord::Model => self.model_of_cap(entry, name).map(|id| Scope::Model(Some(id))),
            ScopeWord::Client => self.own_name(entry, ClientId::parse(name)).map(|id| Scope::Client(Some(id))),
            ScopeWord::Class => self.class_of_cap(entry, name).map(|id| Scope::Class(Some(id))),
            ScopeWord::Project => self.own_name(entry, ProjectName::parse(name)).map(|id| Scope::Project(Some(id))),
        }
    }

    /// A name that only the entry of a client knows: any that can be one.
    fn own_name<T>(&mut self, entry: &Entry, parsed: Result<T, BadName>) -> Option<T> {
        if let Err(why) = &parsed {
            let sentence = format!("The {} {} {}. Use letters, digits, - _ and .", why.what, shown(&why.text), why.why);
            self.error(entry.value.line, entry.value.column, sentence);
        }
        parsed.ok()
    }

    /// A model that can be called. Where classes are out of use, the models of these are not known: then
    /// it is only told.
    fn model_of_cap(&mut self, entry: &Entry, name: &str) -> Option<ModelId> {
        let (line, column) = (entry.value.line, entry.value.column);
        let known: Vec<String> = self.policy.models.keys().map(ToString::to_string).chain(self.used()).collect();
        let near = near(name, known.iter().map(String::as_str));
        let Ok(id) = ModelId::parse(name) else {
            let sentence = format!("name must be provider/model; it is {}.{near}", shown(name));
            self.error(line, column, sentence);
            self.mended_by(near.word());
            return None;
        };
        match self.known_provider(id.provider.as_str(), line, column, "caps") {
            Known::No => return None,
            Known::Benched(..) => return Some(id),
            Known::Yes(_) => {}
        }
        if !known.iter().any(|known| known == name) {
            let sentence = format!(
                "No class uses the model {} and models does not list it, so this cap would count nothing.{near} List it under models or remove the cap.",
                shown(name)
            );
            let severity = if self.other_classes.is_empty() { Severity::Error } else { Severity::Warning };
            self.problems.push(Problem { severity, line, column, sentence, fix: None });
            self.mended_by(near.word());
            if severity == Severity::Error {
                return None;
            }
        }
        Some(id)
    }

    /// The models that classes use.
    fn used(&self) -> impl Iterator<Item = String> {
        let targets = |rule: &'_ crate::policy::ClassRule| -> Vec<String> {
            std::iter::once(&rule.primary).chain(&rule.fallback).map(ToString::to_string).collect()
        };
        self.policy.classes.iter().flat_map(targets)
    }

    fn class_of_cap(&mut self, entry: &Entry, name: &str) -> Option<TaskClass> {
        let known: Vec<String> = self
            .policy
            .classes
            .iter()
            .map(|rule| &rule.class)
            .chain(&self.other_classes)
            .map(ToString::to_string)
            .chain(OWN_CLASSES.map(str::to_owned))
            .collect();
        if known.iter().any(|known| known == name) {
            return TaskClass::parse(name).ok();
        }
        let near = near(name, known.iter().map(String::as_str));
        let sentence = format!("There is no task class {}.{near}", shown(name));
        self.error(entry.value.line, entry.value.column, sentence);
        self.mended_by(near.word());
        None
    }

    fn alerts(&mut self, section: &Section<'_>) -> Vec<u8> {
        let Some(entry) = section.get("alerts") else { return ALERTS.to_vec() };
        let mut alerts = Vec::new();
        for item in self.list(entry, "alerts") {
            let percent = self.parsed_node(item, "An alert", "a whole number of percent from 1 to 100", |text| {
                whole(text).filter(|percent| (1..=100).contains(percent)).and_then(|percent| u8::try_from(percent).ok())
            });
            alerts.extend(percent);
        }
        alerts.sort_unstable();
        alerts.dedup();
        alerts
    }
}
