//! `models`: what the person says about models, above all what they cost.

use super::field::Section;
use super::providers::Known;
use super::{Cover, Reader, is_null, shown};
use crate::id::ModelId;
use crate::money::{Price, Rates, Step};
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
        let mut id = match ModelId::parse(&entry.key) {
            Ok(id) => id,
            Err(why) => {
                let sentence = format!("The model {} {}. Write it as provider/model.", shown(&entry.key), why.why);
                self.error(entry.line, entry.column, sentence);
                return;
            }
        };
        let path = format!("models.{id}");
        match self.known_provider(id.provider.as_str(), entry.line, entry.column, &path) {
            // Under the name it is built in by, where the file has another.
            Known::Yes(provider) => id.provider = provider,
            Known::Benched(provider, _) => {
                let sentence = format!("{id} is left out: this version cannot call {provider}.");
                self.warn(entry.line, entry.column, sentence);
            }
            Known::No => return,
        }
        let Some(section) = self.section(&entry.value, &path, "models.*", &Cover::Model(id.clone())) else { return };
        let rule = ModelRule {
            key: (id.to_string() != entry.key).then(|| entry.key.clone()),
            description: self.prose(&section, "description"),
            use_for: self.prose(&section, "use_for"),
            avoid_for: self.prose(&section, "avoid_for"),
            context: self.tokens(&section, "context"),
            max_output: self.tokens(&section, "max_output"),
            images: self.switch(&section, "images"),
            price: self.price(&section),
            price_line: section.get("price").map_or(0, |entry| entry.line),
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
        let base = self.rates(&section);
        let request = self.money(&section, "request").unwrap_or_default();
        let steps = self.steps(&section);
        Some(Price { base: base?, steps: steps?, request })
    }

    fn rates(&mut self, of: &Section<'_>) -> Option<Rates> {
        let (input, output) = (self.money(of, "input"), self.money(of, "output"));
        let rates = Rates {
            input: input.unwrap_or_default(),
            output: output.unwrap_or_default(),
            cached_input: self.money(of, "cached_input"),
            cache_write: self.money(of, "cache_write"),
            cache_write_1h: self.money(of, "cache_write_1h"),
            image: self.money(of, "image"),
            reasoning: self.money(of, "reasoning"),
        };
        (input.is_some() && output.is_some()).then_some(rates)
    }

    /// Other rates beyond sizes of input, each a whole price: one left out would be a guess.
    fn steps(&mut self, of: &Section<'_>) -> Option<Vec<Step>> {
        let Some(entry) = of.get("steps") else { return Some(Vec::new()) };
        let mut steps: Vec<Step> = Vec::new();
        let mut whole = true;
        for (nth, item) in self.list(entry, "steps").iter().enumerate() {
            let path = format!("{}[{nth}]", of.path_of("steps"));
            let section = self.section(item, &path, "models.*.price.steps[]", &Cover::All)?;
            for key in ["above", "input", "output"] {
                if section.get(key).is_none() {
                    self.error(section.line, section.column, format!("{path} needs {key}."));
                }
            }
            match (self.tokens(&section, "above"), self.rates(&section)) {
                (Some(above), Some(rates)) => {
                    if steps.last().is_some_and(|last| last.above >= above) {
                        let sentence = format!("{path}.above must be more than that of the step before it.");
                        self.error(section.line, section.column, sentence);
                    }
                    steps.push(Step { above, rates });
                }
                (Some(_) | None, _) => whole = false,
            }
        }
        whole.then_some(steps)
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
