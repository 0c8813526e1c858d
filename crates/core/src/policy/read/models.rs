//! `models`: what the person says about models, above all what they cost.

use super::field::Section;
use super::providers::Known;
use super::{Cover, Reader, is_null, shown};
use crate::id::ModelId;
use crate::money::{Price, Rates};
use crate::policy::yaml::{Entry, Kind};
use crate::policy::{ModelRule, Tier};

/// The tiers by their labels.
pub(super) const TIERS: &[(&str, Tier)] = &[("L0", Tier::L0), ("L1", Tier::L1), ("L2", Tier::L2), ("L3", Tier::L3)];

impl Reader {
    pub(super) fn models(&mut self, top: &Section<'_>) {
        let Some(section) = self.child(top, "models", "models") else { return };
        for entry in section.entries {
            self.model(entry);
        }
    }

    fn model(&mut self, entry: &Entry) {
        let id = match ModelId::parse(&entry.key) {
            Ok(id) => id,
            Err(why) => {
                let sentence = format!("The model {} {}. Write it as provider/model.", shown(&entry.key), why.why);
                self.error(entry.line, entry.column, sentence);
                return;
            }
        };
        let path = format!("models.{id}");
        match self.known_provider(id.provider.as_str(), entry.line, entry.column, &path) {
            Known::Yes(_) => {}
            Known::Benched(provider, _) => {
                let sentence = format!("{id} is left out: this version cannot call {provider}.");
                self.warn(entry.line, entry.column, sentence);
            }
            Known::No => return,
        }
        let Some(section) = self.section(&entry.value, &path, "models.*", &Cover::Model(id.clone())) else { return };
        let rule = ModelRule {
            description: self.prose(&section, "description"),
            use_for: self.prose(&section, "use_for"),
            avoid_for: self.prose(&section, "avoid_for"),
            context: self.tokens(&section, "context"),
            max_output: self.tokens(&section, "max_output"),
            images: self.switch(&section, "images"),
            price: self.price(&section),
            aliases: self.aliases(&section),
            enabled: self.switch(&section, "enabled").unwrap_or(true),
            tier: self.one_of(&section, "tier", TIERS),
        };
        self.policy.models.insert(id, rule);
    }

    /// Both `input` and `output` must be there: half a price would count half the cost.
    fn price(&mut self, of: &Section<'_>) -> Option<Price> {
        if of.get("price").is_none_or(|entry| is_null(&entry.value)) {
            return None;
        }
        let section = self.child(of, "price", "models.*.price")?;
        for key in ["input", "output"] {
            if section.get(key).is_none() {
                let sentence = format!("price needs {key}: US dollars for a million tokens.");
                self.error(section.line, section.column, sentence);
            }
        }
        let (input, output) = (self.money(&section, "input"), self.money(&section, "output"));
        let base = Rates {
            input: input?,
            output: output?,
            cached_input: self.money(&section, "cached_input"),
            cache_write: self.money(&section, "cache_write"),
            ..Rates::default()
        };
        Some(Price { base, ..Price::FREE })
    }

    fn aliases(&mut self, of: &Section<'_>) -> Vec<String> {
        let Some(entry) = of.get("aliases") else { return Vec::new() };
        let mut aliases = Vec::new();
        for item in self.list(entry, "aliases") {
            let name = self.parsed_node(item, "An alias", "a short name without spaces", |text| {
                let shape =
                    !text.is_empty() && text.len() <= 100 && !text.chars().any(|c| c.is_whitespace() || c.is_control());
                shape.then(|| text.to_owned())
            });
            aliases.extend(name);
        }
        aliases
    }

    /// An alias names one model, and is no other model's own name. Looked at after the classes, whose
    /// models have names too.
    pub(super) fn unique_aliases(&mut self, top: &Section<'_>) {
        let Some(Kind::Map(entries)) = top.get("models").map(|entry| &entry.value.kind) else { return };
        let callable = self.policy.callable();
        let mut taken: Vec<(String, ModelId)> = Vec::new();
        for entry in entries {
            let Some(id) = ModelId::parse(&entry.key).ok() else { continue };
            let Some(rule) = self.policy.models.get(&id) else { continue };
            for alias in rule.aliases.clone() {
                let is_name_of =
                    |other: &&ModelId| **other != id && (other.model.as_str() == alias || other.to_string() == alias);
                let named = callable.iter().chain(self.policy.models.keys()).find(is_name_of);
                let other = taken.iter().find(|(name, _)| *name == alias).map(|(_, other)| other).or(named);
                if let Some(other) = other {
                    let sentence = format!("The alias {} already names {other}.", shown(&alias));
                    self.error(entry.line, entry.column, sentence);
                }
                taken.push((alias, id.clone()));
            }
        }
    }
}
