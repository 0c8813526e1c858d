//! The classes' part of the widening rule: which models may answer a class, which of them may be asked
//! first, and with how much.
//!
//! A class may change among models of at most its tier, at providers it used before. A strategy or a
//! split changes which of them come first, so what may come first is held against what might before.

use super::{DEFAULT_AFTER, DEFAULT_BEFORE, Said, higher};
use crate::chat::PrefixCache;
use crate::id::{ModelId, TaskClass};
use crate::plan::tier;
use crate::policy::{ClassRule, Policy, Strategy, Tier};

impl Said<'_> {
    pub(super) fn classes(&mut self, classes: &[ClassRule]) {
        for new in classes {
            let ClassRule {
                class,
                primary: _,
                split: _,
                fallback: _,
                strategy: _,
                max_tier,
                max_tokens: _,
                temperature: _,
                timeout: _,
                cache,
                prefix_cache,
                too_long: _,
                truncate_oldest: _,
                data_policy,
                rationale: _,
                line: _,
            } = new;
            let old = self.old.class(class).cloned();
            let most = old.as_ref().and_then(|old| most_tokens(self.old, old));
            let defaults = (DEFAULT_BEFORE, DEFAULT_AFTER);
            self.tokens(&format!("An answer of the class {class}"), most, most_tokens(self.new, new), defaults);
            if let Some((was, is)) = higher(old.as_ref().and_then(|old| old.max_tier), *max_tier) {
                self.say(format!("{class} may use models up to {} instead of {} at most.", is.as_str(), was.as_str()));
            }
            if *cache && !old.as_ref().is_some_and(|old| old.cache) {
                self.say(format!("Answers of {class} are kept on this machine for a while."));
            }
            if let Some(old) = &old {
                let new: Vec<_> = data_policy.iter().chain(&self.new.data_policy).collect();
                self.data_policy(Some(class), &old.data_policy, &new);
            }
            self.prefix_cache(class, old.as_ref().and_then(|old| old.prefix_cache), *prefix_cache);
            match old {
                Some(old) => self.rerouted(class, &old, new),
                None => self.added(new),
            }
        }
    }

    /// Writing to a provider's cache costs more than reading a prompt, and for an hour more than for
    /// five minutes.
    fn prefix_cache(&mut self, class: &TaskClass, old: Option<PrefixCache>, new: Option<PrefixCache>) {
        let rank = |kept: Option<PrefixCache>| match kept {
            None => 0,
            Some(PrefixCache::FiveMinutes) => 1,
            Some(PrefixCache::Hour) => 2,
        };
        if rank(new) > rank(old) {
            self.say(format!(
                "Prompts of {class} may be written to the provider's cache, which costs more than reading them."
            ));
        }
    }

    fn rerouted(&mut self, name: &TaskClass, old: &ClassRule, new: &ClassRule) {
        let before = reach(self.old, old);
        let top = before.iter().map(|id| tier(self.old, id)).max().unwrap_or(Tier::L0);
        let (first_before, first_now) = (firsts(self.old, old), firsts(self.new, new));
        // Where all were switched off, that one can be used again is said of the model itself.
        let first_top = first_before.iter().map(|id| tier(self.old, id)).max().unwrap_or(top);
        for id in reach(self.new, new) {
            let first = first_now.contains(&id);
            let kept = if first { first_before.contains(&id) } else { before.contains(&id) };
            if !kept {
                self.within(name, &id, if first { first_top } else { top });
            }
            let used = before.iter().any(|other| other.provider == id.provider);
            if !used && !self.stays_here(&id) {
                self.say(format!("Prompts of {name} may go to {}, which it did not use so far.", id.provider));
            }
        }
    }

    /// A new class may use what classes used before: at most the highest tier, at known providers.
    fn added(&mut self, new: &ClassRule) {
        let of_all = self.old.classes.iter().flat_map(ClassRule::models);
        let top = of_all.map(|id| tier(self.old, id)).max().unwrap_or(Tier::L0);
        let used: Vec<_> = self.old.callable().into_iter().map(|id| id.provider).collect();
        for id in reach(self.new, new) {
            self.within(&new.class, &id, top);
            if !used.contains(&id.provider) && !self.stays_here(&id) {
                self.say(format!(
                    "Prompts of the new class {} may go to {}, which nothing used so far.",
                    new.class, id.provider
                ));
            }
        }
    }

    fn within(&mut self, name: &TaskClass, id: &ModelId, allowed: Tier) {
        let is = tier(self.new, id);
        // A model without a price is not called, whatever it is.
        if is > allowed && self.new.price(id).is_some() {
            self.say(format!(
                "{name} may use {id}, which is {}; so far it is {} at most.",
                is.as_str(),
                allowed.as_str()
            ));
        }
    }

    /// A prompt to a provider that was local and is the same does not leave the machine.
    pub(super) fn stays_here(&self, id: &ModelId) -> bool {
        let provider = |policy: &Policy| policy.providers.get(&id.provider).cloned();
        provider(self.old).is_some_and(|old| old.local && provider(self.new) == Some(old))
    }

    /// `chat_completion` without a model is a class of its own.
    pub(super) fn chat_default(&mut self) {
        let rule = |policy: &Policy| policy.chat_default.as_ref().and_then(|class| policy.class(class)).cloned();
        let Some(new) = rule(self.new) else { return };
        let Some(old) = rule(self.old) else {
            if self.old.chat_default.is_some() {
                self.say(format!("chat_completion without a model is answered by the class {}.", new.class));
            }
            return;
        };
        if old.class != new.class {
            self.rerouted(&TaskClass::chat(), &old, &new);
        }
    }
}

/// The class and those that take over where a conversation is too long for it.
fn chain<'p>(policy: &'p Policy, rule: &'p ClassRule) -> impl Iterator<Item = &'p ClassRule> {
    let next = |rule: &&'p ClassRule| policy.class(rule.too_long.as_ref()?);
    // A valid file has no way back, so the chain is no longer than there are classes.
    std::iter::successors(Some(rule), next).take(policy.classes.len() + 1)
}

/// Every model that may answer a call of the class.
fn reach(policy: &Policy, rule: &ClassRule) -> Vec<ModelId> {
    chain(policy, rule).flat_map(ClassRule::models).cloned().collect()
}

/// The most tokens of an answer to a call of the class; `None` where one of the classes has no limit.
fn most_tokens(policy: &Policy, rule: &ClassRule) -> Option<u64> {
    chain(policy, rule).map(|rule| rule.max_tokens).collect::<Option<Vec<_>>>()?.into_iter().max()
}

/// The models that may be asked first: where the first choice is switched off, the next one is.
fn firsts(policy: &Policy, rule: &ClassRule) -> Vec<ModelId> {
    let models: Vec<_> = rule.models().filter(|id| policy.model(id).enabled).collect();
    let first = match (rule.split.as_slice(), rule.strategy) {
        ([], Strategy::Fixed) => models.into_iter().take(1).collect(),
        ([], Strategy::Fastest) => models,
        ([], Strategy::Cheapest) => {
            // One that is dearer than another for input and for output is the cheapest of no call.
            let cost = |id: &ModelId| policy.price(id).map(|price| (price.base.input, price.base.output));
            let beaten = |id: &ModelId| {
                let Some((input, output)) = cost(id) else { return true };
                models.iter().filter_map(|other| cost(other)).any(|(other_input, other_output)| {
                    other_input <= input && other_output <= output && (other_input, other_output) != (input, output)
                })
            };
            models.iter().copied().filter(|id| !beaten(id)).collect()
        }
        (shares, _) => shares.iter().map(|share| &share.model).collect(),
    };
    first.into_iter().cloned().collect()
}
