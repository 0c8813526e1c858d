//! `profiles`, and what can only be checked once all classes are known: that no class takes over from
//! itself.

use super::classes::CHAT_DEFAULT;
use super::field::Section;
use super::models::TIERS;
use super::{Cover, Kind, Reader, shown};
use crate::id::{ProfileName, TaskClass};
use crate::policy::yaml::Entry;
use crate::policy::{ClassRule, Profile};

impl Reader {
    pub(super) fn profiles(&mut self, top: &Section<'_>) {
        let Some(section) = self.child(top, "profiles", "profiles") else { return };
        for entry in section.entries {
            match ProfileName::parse(&entry.key) {
                Ok(name) if name.as_str() == "none" => {
                    let sentence = "A profile cannot be called none: that word stands for no profile.".to_owned();
                    self.error(entry.line, entry.column, sentence);
                }
                Ok(name) => self.profile(name, entry),
                Err(why) => {
                    let sentence =
                        format!("The profile {} {}. Use letters, digits, - _ and .", shown(&entry.key), why.why);
                    self.error(entry.line, entry.column, sentence);
                }
            }
        }
    }

    fn profile(&mut self, name: ProfileName, entry: &Entry) {
        let path = format!("profiles.{name}");
        let Some(section) = self.section(&entry.value, &path, "profiles.*", &Cover::All) else { return };
        let mut profile = Profile { line: entry.line, ..Profile::default() };
        if section.get("max_tier").is_some() {
            profile.max_tier = self.one_of(&section, "max_tier", TIERS);
        }
        profile.local_only = self.switch(&section, "local_only").unwrap_or(false);
        if let Some(defaults) = self.child(&section, "defaults", "defaults") {
            // What its classes refuse holds only while it is chosen.
            let refused = std::mem::take(&mut self.policy.refused);
            for entry in defaults.entries.iter().filter(|entry| entry.key != CHAT_DEFAULT) {
                profile.classes.extend(self.profile_class(&defaults, entry));
            }
            profile.refused = std::mem::replace(&mut self.policy.refused, refused);
            profile.chat_default = self.named_default(defaults.entries);
        }
        self.policy.profiles.insert(name, profile);
    }

    fn profile_class(&mut self, defaults: &Section<'_>, entry: &Entry) -> Option<ClassRule> {
        let class = match TaskClass::parse(&entry.key) {
            Ok(class) => class,
            Err(why) => {
                let sentence =
                    format!("The task class {} {}. Use letters, digits, - _ and .", shown(&entry.key), why.why);
                self.error(entry.line, entry.column, sentence);
                return None;
            }
        };
        let base = self.policy.class(&class).cloned();
        self.class_rule(class, entry, &defaults.path_of(&entry.key), base.as_ref())
    }

    /// A class that takes over must be able to answer, and must not lead back to where it began.
    pub(super) fn too_long_leads_on(&mut self, top: &Section<'_>) {
        for rule in self.policy.classes.clone() {
            let Some(next) = &rule.too_long else { continue };
            let (line, column) = place_of(top, &rule);
            if self.policy.class(next).is_none() {
                let sentence = format!("too_long names {next}, which has no single answer, so it does not take over.");
                self.warn(line, column, sentence);
            }
            if leads_back(&self.policy.classes, &rule.class) {
                let sentence = format!(
                    "too_long leads from {} back to {}. Let it end at the largest class.",
                    rule.class, rule.class
                );
                self.error(line, column, sentence);
            }
        }
        let names: Vec<_> = self.policy.profiles.keys().cloned().collect();
        for name in names {
            let Some(policy) = self.policy.with_profile(&name) else { continue };
            let own = &self.policy.profiles[&name].classes;
            let looped =
                own.iter().find(|rule| leads_back(&policy.classes, &rule.class)).map(|rule| rule.class.clone());
            if let Some(class) = looped {
                let line = self.policy.profiles[&name].line;
                let sentence = format!("With the profile {name}, too_long leads from {class} back to {class}.");
                self.error(line, 1, sentence);
            }
        }
    }
}

/// Whether the classes that take over from this one come back to it.
fn leads_back(classes: &[ClassRule], start: &TaskClass) -> bool {
    let next = |class: &TaskClass| classes.iter().find(|rule| rule.class == *class)?.too_long.as_ref();
    // No way without a repetition is longer than there are classes.
    let way = std::iter::successors(next(start), |class| next(class)).take(classes.len());
    way.into_iter().any(|class| class == start)
}

/// Where a class says what takes over; the class where that cannot be found.
fn place_of(top: &Section<'_>, rule: &ClassRule) -> (usize, usize) {
    let mut place = (rule.line, 1);
    let mut entries = top.entries;
    for key in ["defaults", rule.class.as_str(), "too_long"] {
        let Some(entry) = entries.iter().find(|entry| entry.key == key) else { return place };
        place = (entry.value.line, entry.value.column);
        match &entry.value.kind {
            Kind::Map(inner) => entries = inner,
            Kind::List(_) | Kind::Text(_) | Kind::Null => return place,
        }
    }
    place
}
