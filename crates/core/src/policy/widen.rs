//! Whether an edit of routing.yaml from outside widens what may be spent or reached. Pure.
//!
//! An edit that only narrows or reroutes within what was allowed acts at once; one that widens waits
//! for the person. What is not known to be harmless is taken for widening. Every struct of the policy
//! is taken apart by name here, so a new field does not compile until it is decided about.
//!
//! Decided as harmless, because neither spend nor reach grows: texts for people and models,
//! `temperature`, `truncate_oldest`, the sizes of shares, all waiting times and rests (every attempt is held
//! under the caps whatever the wait), the order of classes, and keys that are known and without effect.
//! `context` is not: beyond it some providers charge more than the price says. Nor is keeping answers:
//! it puts texts on the disk.

use std::collections::BTreeMap;

use super::{Bounds, Cache, Concurrency, ModelRule, Policy, Preflight, Refusal, Retry, Tier};
use crate::catalog::{KeyRef, Provider, Route};
use crate::id::{ModelId, ProviderId};
use crate::money::MicroUsd;
use crate::plan::tier;

mod caps;
mod classes;
mod data_policy;
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
    // A list price that another day or a newer list brings is no edit.
    let of_that_day = Policy { day: old.day, refreshed: old.refreshed.clone(), ..new.clone() };
    let new = &of_that_day;
    let mut sentences = compared(old, new);
    // A profile is chosen without another look at it, so each is held against what it was, and one that
    // comes or goes against the file without it.
    let mut names: Vec<_> = old.profiles.keys().chain(new.profiles.keys()).collect();
    names.sort();
    names.dedup();
    for name in names {
        let with = |policy: &Policy| policy.with_profile(name).unwrap_or_else(|| policy.clone());
        for sentence in compared(&with(old), &with(new)) {
            if !sentences.contains(&sentence) {
                sentences.push(format!("With the profile {name}: {sentence}"));
            }
        }
    }
    sentences.into_iter().map(|sentence| Widening { sentence }).collect()
}

/// The same for two policies as they rule, whatever other profiles they have.
fn compared(old: &Policy, new: &Policy) -> Vec<String> {
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
        breaker: _,
        concurrency,
        cache,
        prices,
        profiles: _,
        bounds,
        refused,
        data_policy,
        unknown_keys,
        day: _,
        refreshed: _,
    } = new;
    said.caps(caps);
    said.preflight(preflight);
    said.providers(providers);
    said.models();
    said.classes(classes);
    said.chat_default();
    said.bounds(bounds);
    said.data_policy(None, &old.data_policy, &data_policy.iter().collect::<Vec<_>>());
    said.retry(retry);
    said.concurrency(*concurrency);
    said.cache(cache);
    said.list_prices(prices);
    said.refused(refused);
    said.unknown_keys(unknown_keys);
    said.sentences
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
            // Follows from the id and the address; what differs is said of each answer.
            dialect: _,
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
            trust,
            region,
        } = new;
        self.labels(id, [&old.trust, &old.region], [trust, region]);
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
                key: _,
                description: _,
                use_for: _,
                avoid_for: _,
                context: _,
                max_output,
                images,
                price: _,
                price_line: _,
                aliases: _,
                enabled: _,
                tier: _,
            } = new;
            let any = (u64::MAX, u64::MAX);
            self.tokens(&format!("An answer of {id}"), old.max_output, max_output, any);
            // Where the file says nothing, the list's holds.
            self.tokens(&format!("A prompt for {id}"), self.old.context(&id), self.new.context(&id), any);
            if old.images == Some(false) && images != Some(false) {
                self.say(format!("Pictures may be sent to {id}."));
            }
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
        let higher = is > was && self.old.classes.iter().any(|rule| rule.models().any(|target| target == id));
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

    /// More at once is more that may be under way before anybody looks.
    fn concurrency(&mut self, new: Concurrency) {
        let Concurrency { global, per_provider } = new;
        let old = self.old.concurrency;
        if global > old.global {
            self.say(format!("Up to {global} calls of one program may run at once instead of {}.", old.global));
        }
        if per_provider > old.per_provider {
            let was = old.per_provider;
            self.say(format!(
                "Up to {per_provider} calls of one program may run at once at a provider instead of {was}."
            ));
        }
    }

    /// Kept answers are texts on the disk, so keeping them longer is for the person to say.
    fn cache(&mut self, new: &Cache) {
        let Cache { ttl, max_mb } = *new;
        let old = self.old.cache;
        if ttl > old.ttl {
            self.say(format!("Answers are kept for {} s instead of {} s.", ttl.as_secs(), old.ttl.as_secs()));
        }
        if max_mb > old.max_mb {
            self.say(format!("Kept answers may take {max_mb} MB instead of {} MB.", old.max_mb));
        }
    }

    /// What the profile holds back.
    fn bounds(&mut self, new: &Bounds) {
        let Bounds { profile: _, max_tier, local_only } = new;
        let old = &self.old.bounds;
        if let Some((was, is)) = higher(old.max_tier, *max_tier) {
            self.say(format!("Models up to {} may answer instead of {} at most.", is.as_str(), was.as_str()));
        }
        if old.local_only && !local_only {
            self.say("Prompts may leave this machine, which the profile kept from them.".to_owned());
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

/// The two tiers, where the new limit is higher than the old one. Without a limit it is L3.
fn higher(old: Option<Tier>, new: Option<Tier>) -> Option<(Tier, Tier)> {
    let (was, is) = (old.unwrap_or(Tier::L3), new.unwrap_or(Tier::L3));
    (is > was).then_some((was, is))
}

fn exact(amount: MicroUsd) -> String {
    amount.exact()
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
