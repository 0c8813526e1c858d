//! Whether an edit of routing.yaml from outside widens what may be spent or reached. Pure.
//!
//! An edit that only narrows or reroutes within what was allowed acts at once; one that widens waits
//! for the person. What is not known to be harmless is taken for widening. Every struct of the policy
//! is taken apart by name here, so a new field does not compile until it is decided about.
//!
//! Decided as harmless, because neither spend nor reach grows: texts for people and models,
//! `temperature`, all waiting times (every attempt is held under the caps whatever the wait), the order
//! of classes, and keys that are known and without effect. `context` is not: beyond it some providers
//! charge more than the price says.

use std::collections::BTreeMap;

use super::{ClassRule, ModelRule, Policy, Preflight, Refusal, Retry, Tier};
use crate::catalog::{KeyRef, Provider, Route};
use crate::id::{ModelId, ProviderId, TaskClass};
use crate::money::MicroUsd;
use crate::plan::tier;

mod caps;
mod price;

/// Output tokens of a class without `max_tokens`: the smallest default before the edit and the largest
/// after it, so that neither writing more nor leaving it out slips through.
const DEFAULT_BEFORE: u64 = 4_096;
const DEFAULT_AFTER: u64 = 16_000;

/// One thing an edit would widen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Widening {
    /// What it is, for a person: "The day cap goes from $2.00 to $50.00."
    pub sentence: String,
}

/// What `new` allows that `old` did not, in the order of the file's sections. Empty where the edit only
/// narrows or reroutes within what was allowed.
///
/// Two edits that widen nothing each may widen together: what the first takes away is not there any
/// more to hold the second against. So an edit is held against the last version the person approved as
/// well as against the active one.
pub fn widens(old: &Policy, new: &Policy) -> Vec<Widening> {
    // A list price that another day brings is no edit.
    let of_that_day = Policy { day: old.day, ..new.clone() };
    let new = &of_that_day;
    let mut said = Said { old, new, sentences: Vec::new() };
    let Policy {
        version: _,
        classes,
        chat_default: _,
        providers,
        models: _,
        caps,
        preflight,
        timeouts: _,
        retry,
        refused,
        unknown_keys,
        day: _,
    } = new;
    said.caps(caps);
    said.preflight(preflight);
    said.providers(providers);
    said.models();
    said.classes(classes);
    said.chat_default();
    said.retry(retry);
    said.refused(refused);
    said.unknown_keys(unknown_keys);
    said.sentences.into_iter().map(|sentence| Widening { sentence }).collect()
}

struct Said<'p> {
    old: &'p Policy,
    new: &'p Policy,
    sentences: Vec<String>,
}

impl Said<'_> {
    fn say(&mut self, sentence: String) {
        if !self.sentences.contains(&sentence) {
            self.sentences.push(sentence);
        }
    }

    fn preflight(&mut self, new: &Preflight) {
        let Preflight { enabled, chars_per_token_x100, warn, block } = *new;
        let old = &self.old.preflight;
        let was = (old.enabled, old.chars_per_token_x100, old.warn, old.block);
        if was.0 && !enabled {
            self.say("The check of the likely cost (cost_preflight) is switched off.".to_owned());
        }
        if chars_per_token_x100 > was.1 {
            self.say("The likely cost is reckoned lower: cost_preflight.chars_per_token is raised.".to_owned());
        }
        if warn > was.2 {
            self.say(format!("A warning comes at a likely cost of {} instead of {}.", exact(warn), exact(was.2)));
        }
        if block > was.3 {
            self.say(format!("A call is refused at a likely cost of {} instead of {}.", exact(block), exact(was.3)));
        }
    }

    fn providers(&mut self, providers: &BTreeMap<ProviderId, Provider>) {
        for (id, new) in providers {
            match self.old.providers.get(id) {
                None => self.say(format!("The provider {id} is added, at {}.", new.base_url.as_str())),
                Some(old) => self.provider(id, &old.clone(), new),
            }
        }
    }

    fn provider(&mut self, id: &ProviderId, old: &Provider, new: &Provider) {
        let Provider {
            id: _,
            title: _,
            wire,
            base_url,
            key_header,
            key,
            env,
            local,
            key_prefixes: _,
            keys_page: _,
            check_path,
            reports_cost,
            headers,
            query,
            route,
            timeout: _,
            price_list,
            models_path: _,
        } = new;
        if *base_url != old.base_url {
            self.say(format!(
                "Prompts and the key for {id} go to {} instead of {}.",
                base_url.as_str(),
                old.base_url.as_str()
            ));
        }
        if *key != old.key {
            self.say(format!("The key for {id} comes from {} instead of {}.", source(key), source(&old.key)));
        }
        if *wire != old.wire {
            self.say(format!("{id} is spoken to as {} instead of {}.", wire.name(), old.wire.name()));
        }
        if *local != old.local {
            let word = if *local { "counts as" } else { "no longer counts as" };
            self.say(format!("{id} {word} a free model of this machine."));
        }
        if (env, check_path, key_header, reports_cost, price_list)
            != (&old.env, &old.check_path, &old.key_header, &old.reports_cost, &old.price_list)
        {
            self.say(format!("What is known about the provider {id} changes."));
        }
        if *headers != old.headers || *query != old.query {
            self.say(format!("Requests to {id} carry other headers or another version."));
        }
        if *route != old.route {
            self.say(match route {
                Route::System => format!("Calls to {id} take the system's proxy, if it has one."),
                Route::Direct => format!("Calls to {id} take no proxy any more."),
                Route::Proxy(proxy) => format!("Calls to {id} go through the proxy {}.", proxy.as_str()),
            });
        }
    }

    fn models(&mut self) {
        for id in self.new.callable() {
            let (old, new) = (self.old.model(&id), self.new.model(&id));
            if !old.enabled {
                self.say(format!("{id} can be used again."));
            }
            let ModelRule {
                description: _,
                use_for: _,
                avoid_for: _,
                context,
                max_output,
                price: _,
                price_line: _,
                aliases: _,
                enabled: _,
                tier: _,
            } = new;
            let any = (u64::MAX, u64::MAX);
            self.tokens(&format!("An answer of {id}"), old.max_output, max_output, any);
            self.tokens(&format!("A prompt for {id}"), old.context, context, any);
            self.price(&id);
            self.first_use(&id);
            self.label(&id, &old, &new);
            self.aliases(&id, &new);
        }
    }

    /// A lower label lets a model pass where dearer ones may not. A higher one on a model that a class
    /// uses lets dearer ones take its place by the next edit.
    fn label(&mut self, id: &ModelId, old: &ModelRule, new: &ModelRule) {
        let (was, is) = (tier(self.old, id), tier(self.new, id));
        let lower = is < was && (old.tier.is_some() || new.tier.is_some()) && self.old.price(id).is_some();
        let higher = is > was && self.old.classes.iter().any(|rule| targets(rule).any(|target| target == id));
        if lower || higher {
            self.say(format!("{id} counts as {} instead of {}.", is.as_str(), was.as_str()));
        }
    }

    /// A name that meant a cheaper model must not come to mean a dearer one.
    fn aliases(&mut self, id: &ModelId, new: &ModelRule) {
        for alias in &new.aliases {
            let meant = self.old.models.iter().find(|(other, rule)| *other != id && rule.aliases.contains(alias));
            if let Some((other, _)) = meant
                && tier(self.new, id) > tier(self.old, other)
            {
                self.say(format!("The name {alias} means {id} instead of {other}."));
            }
        }
    }

    fn classes(&mut self, classes: &[ClassRule]) {
        for new in classes {
            let ClassRule {
                class,
                primary: _,
                fallback: _,
                max_tokens,
                temperature: _,
                timeout: _,
                rationale: _,
                line: _,
            } = new;
            let old = self.old.class(class).cloned();
            let most = old.as_ref().and_then(|old| old.max_tokens);
            let defaults = (DEFAULT_BEFORE, DEFAULT_AFTER);
            self.tokens(&format!("An answer of the class {class}"), most, *max_tokens, defaults);
            match old {
                Some(old) => self.rerouted(class, &old, new),
                None => self.added(new),
            }
        }
    }

    /// A class may change among models of at most its tier, at providers it used before.
    fn rerouted(&mut self, name: &TaskClass, old: &ClassRule, new: &ClassRule) {
        let top = self.top(std::iter::once(old));
        for id in targets(new) {
            let first = *id == new.primary;
            let kept = if first { *id == old.primary } else { targets(old).any(|other| other == id) };
            if !kept {
                self.within(name, id, if first { tier(self.old, &old.primary) } else { top });
            }
            let used = targets(old).any(|other| other.provider == id.provider);
            if !used && !self.stays_here(id) {
                self.say(format!("Prompts of {name} may go to {}, which it did not use so far.", id.provider));
            }
        }
    }

    /// A new class may use what classes used before: at most the highest tier, at known providers.
    fn added(&mut self, new: &ClassRule) {
        let top = self.top(&self.old.classes);
        let used: Vec<_> = self.old.callable().into_iter().map(|id| id.provider).collect();
        for id in targets(new) {
            self.within(&new.class, id, top);
            if !used.contains(&id.provider) && !self.stays_here(id) {
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

    fn top<'c>(&self, classes: impl IntoIterator<Item = &'c ClassRule>) -> Tier {
        classes.into_iter().flat_map(targets).map(|id| tier(self.old, id)).max().unwrap_or(Tier::L0)
    }

    /// A prompt to a provider that was local and is the same does not leave the machine.
    fn stays_here(&self, id: &ModelId) -> bool {
        let provider = |policy: &Policy| policy.providers.get(&id.provider).cloned();
        provider(self.old).is_some_and(|old| old.local && provider(self.new) == Some(old))
    }

    /// `chat_completion` without a model is a class of its own.
    fn chat_default(&mut self) {
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

    fn tokens(&mut self, what: &str, old: Option<u64>, new: Option<u64>, defaults: (u64, u64)) {
        let (was, is) = (old.unwrap_or(defaults.0), new.unwrap_or(defaults.1));
        if new != old && is > was {
            let most = if is == u64::MAX { "any number of".to_owned() } else { is.to_string() };
            self.say(format!("{what} may have {most} tokens instead of {was}."));
        }
    }

    /// More retries are more attempts that may be paid. How long is waited between them is not.
    fn retry(&mut self, new: &Retry) {
        let Retry { delays, jitter_x1000: _ } = new;
        let was = self.old.retry.delays.len();
        if delays.len() > was {
            self.say(format!("A failed attempt is repeated up to {} times instead of {was}.", delays.len()));
        }
    }

    /// A refusal that goes away lets calls run that the restraining key held back.
    fn refused(&mut self, refused: &[Refusal]) {
        let held = |list: &[Refusal], of: &Refusal| {
            list.iter().filter(|other| other.class == of.class && bare(&other.key) == bare(&of.key)).count()
        };
        for old in &self.old.refused {
            let Refusal { class, key, line: _ } = old;
            if held(refused, old) < held(&self.old.refused, old) {
                self.say(match class {
                    None => format!("{key} no longer holds back every call."),
                    Some(class) => format!("{key} no longer holds back calls of {class}."),
                });
            }
        }
    }

    fn unknown_keys(&mut self, keys: &BTreeMap<String, String>) {
        let all = keys.keys().chain(self.old.unknown_keys.keys());
        for key in all {
            if keys.get(key) != self.old.unknown_keys.get(key) {
                self.say(format!("{key} changes, which this version does not know."));
            }
        }
    }
}

/// The models of a class in order.
fn targets(rule: &ClassRule) -> impl Iterator<Item = &ModelId> {
    std::iter::once(&rule.primary).chain(&rule.fallback)
}

/// Two digits as a cap is shown, more only where they matter: two amounts never look alike by cutting.
fn exact(amount: MicroUsd) -> String {
    if amount.micros() % 10_000 == 0 { amount.total() } else { format!("${}", amount.decimal()) }
}

fn source(key: &KeyRef) -> String {
    match key {
        KeyRef::Keychain(item) => format!("the keychain item {item}"),
        KeyRef::Env(name) => format!("the variable {name}"),
        KeyRef::None => "nowhere".to_owned(),
    }
}

/// `caps[2].on_hit` as `caps[].on_hit`: another place in a list is not another key.
fn bare(key: &str) -> String {
    key.chars().filter(|c| !c.is_ascii_digit()).collect()
}

#[cfg(test)]
#[path = "widen_tests.rs"]
mod tests;
