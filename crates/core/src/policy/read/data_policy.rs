//! `data_policy`: rules about what may be sent where. Those of the file hold for every call; a class may
//! name them, which changes nothing, or write further ones, which hold for it alone.

use super::field::{Section, near};
use super::{Cover, Kind, Reader, is_null, shown};
use crate::id::{ProviderId, nearest};
use crate::policy::yaml::{Entry, Node};
use crate::privacy::{Detector, Pattern, Rule, Then};

/// The most rules of one place, and the most texts of one rule: each is looked for in every call.
const MOST_RULES: usize = 100;
const MOST_TEXTS: usize = 200;

impl Reader {
    pub(super) fn data_policy(&mut self, top: &Section<'_>) {
        let Some(entry) = top.get("data_policy") else { return };
        self.policy.data_policy = self.data_rules(entry, "data_policy", "data_policy");
    }

    /// The rules that a class adds; a list names rules of the file.
    pub(super) fn class_data_policy(&mut self, section: &Section<'_>) -> Vec<Rule> {
        let Some(entry) = section.get("data_policy").filter(|entry| !is_null(&entry.value)) else { return Vec::new() };
        match &entry.value.kind {
            Kind::Map(_) => self.data_rules(entry, &section.path_of("data_policy"), "data_policy"),
            Kind::List(items) => {
                for item in items {
                    self.named_rule(item);
                }
                Vec::new()
            }
            Kind::Text(_) | Kind::Null => {
                self.named_rule(&entry.value);
                Vec::new()
            }
        }
    }

    fn named_rule(&mut self, node: &Node) {
        let Some(name) = self.text(node, "data_policy") else { return };
        let known = || self.policy.data_policy.iter().map(|rule| rule.name.as_str());
        if !known().any(|known| known == name) {
            let sentence = format!(
                "There is no rule {} under data_policy. Write it there, or here as a map.{}",
                shown(name),
                near(name, known())
            );
            self.error(node.line, node.column, sentence);
        }
    }

    fn data_rules(&mut self, entry: &Entry, path: &str, place: &'static str) -> Vec<Rule> {
        let Some(section) = self.section(&entry.value, path, place, &Cover::All) else { return Vec::new() };
        if section.entries.len() > MOST_RULES {
            self.error(entry.line, entry.column, format!("{path} has more than {MOST_RULES} rules."));
        }
        section.entries.iter().filter_map(|entry| self.data_rule(&section, entry)).collect()
    }

    /// One rule. One that looks for nothing, or says not what happens, would guard nothing: an error.
    fn data_rule(&mut self, of: &Section<'_>, entry: &Entry) -> Option<Rule> {
        let path = of.path_of(&entry.key);
        let section = self.section(&entry.value, &path, "data_policy.*", &Cover::All)?;
        if section.get("then").is_none() {
            let sentence = format!("{path} needs `then`: block, local_only, redact or ask.");
            self.error(entry.line, entry.column, sentence);
        }
        let then = if section.get("then").is_some() { self.one_of(&section, "then", Then::WORDS) } else { None };
        let errors = self.problems.len();
        let found = self.child(&section, "match", "data_policy.*.match");
        let (keywords, patterns, detectors) = match &found {
            None => (Vec::new(), Vec::new(), Vec::new()),
            Some(found) => (
                self.each(found, "keywords", Pattern::keyword),
                self.each(found, "patterns", Pattern::parse),
                self.each(found, "detectors", detector),
            ),
        };
        if keywords.is_empty() && patterns.is_empty() && detectors.is_empty() && self.problems.len() == errors {
            let sentence = format!("{path} looks for nothing. Write keywords, patterns or detectors under its match.");
            self.error(entry.line, entry.column, sentence);
        }
        let allow_providers =
            self.each(&section, "allow_providers", |text| ProviderId::parse(text).map_err(|why| why.why.to_owned()));
        self.allowed_are_known(&section, &allow_providers);
        Some(Rule {
            name: entry.key.clone(),
            line: entry.line,
            keywords,
            patterns,
            detectors,
            then: then?,
            allow_providers,
            allow_trust: self.each(&section, "allow_trust", label),
            allow_regions: self.each(&section, "allow_regions", label),
        })
    }

    /// An exception for a provider that does not exist is a slip in its name.
    fn allowed_are_known(&mut self, section: &Section<'_>, allowed: &[ProviderId]) {
        let Some(entry) = section.get("allow_providers") else { return };
        for id in allowed {
            if !self.benched_providers.contains_key(id) && !self.policy.providers.contains_key(id) {
                let near = near(id.as_str(), self.policy.providers.keys().map(ProviderId::as_str));
                let sentence = format!("There is no provider {id}, so it cannot be allowed anything.{near}");
                self.error(entry.value.line, entry.value.column, sentence);
            }
        }
    }

    /// The items of a list of texts, or one text alone, each parsed.
    fn each<T>(&mut self, of: &Section<'_>, key: &str, parse: impl Fn(&str) -> Result<T, String>) -> Vec<T> {
        let Some(entry) = of.get(key) else { return Vec::new() };
        let items = match &entry.value.kind {
            Kind::Text(_) => std::slice::from_ref(&entry.value),
            Kind::List(_) | Kind::Map(_) | Kind::Null => self.list(entry, key),
        };
        if items.len() > MOST_TEXTS {
            self.error(entry.line, entry.column, format!("{key} has more than {MOST_TEXTS} items."));
        }
        let mut all = Vec::new();
        for item in items {
            let Some(text) = self.text(item, key) else { continue };
            match parse(text) {
                Ok(one) => all.push(one),
                Err(why) => self.error(item.line, item.column, format!("{} of {key} {why}.", shown(text))),
            }
        }
        all
    }

    /// `trust` and `region` of a provider: words that `allow_trust` and `allow_regions` name.
    pub(super) fn labels(&mut self, section: &Section<'_>, provider: &mut crate::catalog::Provider) {
        for (key, value) in [("trust", &mut provider.trust), ("region", &mut provider.region)] {
            let must = "a word of letters, digits, - _ and .";
            if let Some(word) = self.parsed(section, key, must, |text| label(text).ok()) {
                *value = Some(word);
            }
        }
    }
}

fn label(text: &str) -> Result<String, String> {
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.');
    if text.is_empty() || text.len() > 64 || !text.chars().all(plain) {
        return Err("must be a word of letters, digits, - _ and .".to_owned());
    }
    Ok(text.to_owned())
}

fn detector(text: &str) -> Result<Detector, String> {
    let words = || Detector::WORDS.iter().map(|(word, _)| *word);
    Detector::WORDS.iter().find(|(word, _)| *word == text).map(|(_, detector)| *detector).ok_or_else(|| {
        let all: Vec<_> = words().collect();
        let near = nearest(text, words()).map_or_else(String::new, |near| format!("; the nearest is {near}"));
        format!("must be one of {}{near}", all.join(", "))
    })
}
