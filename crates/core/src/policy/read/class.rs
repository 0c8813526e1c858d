//! One task class: of `defaults`, or of a profile, which leaves as it is what it does not say.

use std::time::Duration;

use super::classes::Target;
use super::field::{Section, fixed, whole};
use super::models::TIERS;
use super::{Because, Cover, Reader, is_null, shown};
use crate::chat::{Decimal, PrefixCache};
use crate::id::{ModelId, TaskClass};
use crate::policy::yaml::Entry;
use crate::policy::{ClassRule, Share, Strategy, Tier};

/// The words of `strategy`; `None` is a preference that is not built.
const STRATEGIES: &[(&str, Option<Strategy>)] = &[
    ("fixed", Some(Strategy::Fixed)),
    ("cheapest", Some(Strategy::Cheapest)),
    ("fastest", Some(Strategy::Fastest)),
    ("best_rated", None),
    ("cascade", None),
];

/// Which models answer a class.
enum Models {
    /// The first choice, and what is split among several.
    Named(ModelId, Vec<Share>),
    /// One of them is out of use, and where that is written.
    Benched(Because, (usize, usize)),
    /// None; the problem is told, or the class is refused anyway.
    No,
}

/// What a class says beside its models; `None` where it says nothing.
struct Said {
    strategy: Option<Strategy>,
    max_tier: Option<Tier>,
    max_tokens: Option<u64>,
    temperature: Option<Decimal>,
    timeout: Option<Duration>,
    cache: Option<bool>,
    prefix_cache: Option<Option<PrefixCache>>,
    too_long: Option<TaskClass>,
    truncate_oldest: Option<bool>,
    rationale: Option<String>,
}

impl Said {
    /// Lays what is said over a rule.
    fn over(self, rule: ClassRule) -> ClassRule {
        ClassRule {
            // A split written here takes the place of a strategy written below.
            strategy: self.strategy.unwrap_or(if rule.split.is_empty() { rule.strategy } else { Strategy::Fixed }),
            max_tier: self.max_tier.or(rule.max_tier),
            max_tokens: self.max_tokens.or(rule.max_tokens),
            temperature: self.temperature.or(rule.temperature),
            timeout: self.timeout.or(rule.timeout),
            cache: self.cache.unwrap_or(rule.cache),
            prefix_cache: self.prefix_cache.unwrap_or(rule.prefix_cache),
            too_long: self.too_long.or(rule.too_long),
            truncate_oldest: self.truncate_oldest.unwrap_or(rule.truncate_oldest),
            rationale: self.rationale.or(rule.rationale),
            ..rule
        }
    }
}

impl Reader {
    /// Reads one class; `None` where it has no single answer. `base` is the class of the same name that
    /// a profile's is laid over.
    pub(super) fn class_rule(
        &mut self,
        class: TaskClass,
        entry: &Entry,
        path: &str,
        base: Option<&ClassRule>,
    ) -> Option<ClassRule> {
        let refused = self.policy.refused.len();
        let cover = Cover::Class(class.clone());
        let section = self.section(&entry.value, path, "defaults.*", &cover)?;
        let is_refused = self.policy.refused.len() > refused;
        let models = self.class_models(&section, entry, base, is_refused);
        // Everything is read, also of a class without a model, so that all problems are told.
        let said = self.class_values(&section);
        match models {
            Models::Named(primary, split) => {
                let rule = match base {
                    Some(base) => ClassRule { primary, split, line: entry.line, ..base.clone() },
                    None => ClassRule { split, line: entry.line, ..ClassRule::bare(class, primary) },
                };
                if let Some(strategy) = section.get("strategy").filter(|_| !rule.split.is_empty()) {
                    let sentence = "A class has either a strategy or a split. Remove one of the two.".to_owned();
                    self.error(strategy.line, strategy.column, sentence);
                }
                Some(said.over(rule))
            }
            Models::Benched(because, (line, column)) => {
                let sentence = format!(
                    "This version cannot call the model of {} ({}, line {}), so the class is refused.",
                    shown(class.as_str()),
                    because.key,
                    because.line
                );
                self.warn(line, column, sentence);
                self.refuse_class(&class, because);
                None
            }
            Models::No => None,
        }
    }

    fn class_values(&mut self, section: &Section<'_>) -> Said {
        Said {
            strategy: self.strategy(section),
            max_tier: if section.get("tier").is_some() { self.one_of(section, "tier", TIERS) } else { None },
            max_tokens: self.tokens(section, "max_tokens"),
            temperature: self.temperature(section),
            timeout: self.seconds(section, "timeout_s"),
            cache: self.switch(section, "cache"),
            prefix_cache: self.prefix_cache(section),
            too_long: self.too_long(section),
            truncate_oldest: self.switch(section, "truncate_oldest"),
            rationale: self.prose(section, "rationale"),
        }
    }

    /// `split` where there is one, else `provider` and `model`, else those of the base.
    fn class_models(
        &mut self,
        section: &Section<'_>,
        entry: &Entry,
        base: Option<&ClassRule>,
        is_refused: bool,
    ) -> Models {
        let split = section.get("split").filter(|split| !is_null(&split.value));
        let shares = match split.map(|split| self.split(split, section)) {
            Some(Ok(shares)) => shares,
            Some(Err(models)) => return models,
            None => Vec::new(),
        };
        if section.get("provider").is_none() && section.get("model").is_none() {
            return match (shares.first(), base) {
                (Some(first), _) => Models::Named(first.model.clone(), shares),
                (None, Some(base)) => Models::Named(base.primary.clone(), base.split.clone()),
                (None, None) if is_refused => Models::No,
                (None, None) => {
                    let sentence = format!("{} needs a provider and a model.", section.path);
                    self.error(entry.line, entry.column, sentence);
                    Models::No
                }
            };
        }
        let place = section.get("provider").unwrap_or(entry);
        match self.target(section) {
            Target::Model(primary) => {
                if let (Some(first), false) = (shares.first(), shares.iter().any(|share| share.model == primary)) {
                    let sentence = format!(
                        "{primary} is not asked: split names the models of this class, and it is none of them."
                    );
                    self.warn(place.line, place.column, sentence);
                    return Models::Named(first.model.clone(), shares);
                }
                Models::Named(primary, shares)
            }
            Target::Benched(because) => Models::Benched(because, (place.line, place.column)),
            Target::No => Models::No,
        }
    }

    /// The shares; all together 100.
    fn split(&mut self, entry: &Entry, of: &Section<'_>) -> Result<Vec<Share>, Models> {
        let path = of.path_of("split");
        let (mut shares, mut whole_list) = (Vec::new(), true);
        for (nth, item) in self.list(entry, "split").iter().enumerate() {
            let Some(item) = self.section(item, &format!("{path}[{nth}]"), "defaults.*.split[]", &Cover::All) else {
                whole_list = false;
                continue;
            };
            if item.get("share").is_none() {
                self.error(item.line, item.column, format!("{} needs a share in percent.", item.path));
            }
            let percent = self.parsed(&item, "share", "a whole number of percent from 1 to 100", |text| {
                whole(text).filter(|percent| (1..=100).contains(percent)).and_then(|percent| u8::try_from(percent).ok())
            });
            match (self.target(&item), percent) {
                (Target::Model(model), Some(percent)) => shares.push(Share { model, percent }),
                (Target::Benched(because), _) => return Err(Models::Benched(because, (item.line, item.column))),
                (Target::Model(_) | Target::No, _) => whole_list = false,
            }
        }
        let sum: u32 = shares.iter().map(|share| u32::from(share.percent)).sum();
        if whole_list && sum != 100 {
            let sentence = format!("The shares of {path} add up to {sum}; they must add up to 100.");
            self.error(entry.value.line, entry.value.column, sentence);
        }
        Ok(shares)
    }

    fn strategy(&mut self, section: &Section<'_>) -> Option<Strategy> {
        let entry = section.get("strategy")?;
        let built = self.one_of(section, "strategy", STRATEGIES)?;
        if built.is_none() {
            let sentence = format!(
                "{} only reorders the models of a class by how good their answers were, which this version does not know. It goes on as fixed.",
                section.path_of("strategy")
            );
            self.warn(entry.value.line, entry.value.column, sentence);
        }
        Some(built.unwrap_or_default())
    }

    fn temperature(&mut self, section: &Section<'_>) -> Option<Decimal> {
        let millionths = self.parsed(section, "temperature", "a number from 0 to 2", |text| {
            fixed(text, 6).filter(|millionths| *millionths <= 2_000_000)
        })?;
        let digits = format!("{}.{:06}", millionths / 1_000_000, millionths % 1_000_000);
        let digits = digits.trim_end_matches('0').trim_end_matches('.');
        serde_json::from_str(digits).ok().map(Decimal)
    }

    fn prefix_cache(&mut self, section: &Section<'_>) -> Option<Option<PrefixCache>> {
        self.parsed(section, "prefix_cache", "5m, 1h, true (5m) or false", |text| {
            match text.to_ascii_lowercase().as_str() {
                "5m" | "true" | "yes" | "on" => Some(Some(PrefixCache::FiveMinutes)),
                "1h" => Some(Some(PrefixCache::Hour)),
                "false" | "no" | "off" => Some(None),
                _ => None,
            }
        })
    }

    fn too_long(&mut self, section: &Section<'_>) -> Option<TaskClass> {
        let entry = section.get("too_long").filter(|entry| !is_null(&entry.value))?;
        let name = self.text(&entry.value, "too_long")?;
        let found = self.class_named(name);
        if found.is_none() {
            let near = self.near_class(name);
            let sentence = format!("too_long names no task class; it is {}.{near}", shown(name));
            self.error(entry.value.line, entry.value.column, sentence);
            self.mended_by(near.word());
        }
        found
    }
}
