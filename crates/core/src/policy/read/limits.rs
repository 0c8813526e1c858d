//! `caps`, `cost_preflight`, `timeouts` and `retry`: the numbers that bound spend and waiting.

use std::time::Duration;

use super::field::{Section, fixed, near, whole};
use super::{Cover, Reader, is_null, shown};
use crate::budget::{Cap, Scope, Window};
use crate::id::{ModelId, ProviderId, TaskClass};
use crate::policy::yaml::{Entry, Node};

/// Scopes of the documentation; all but the first two are not built.
#[derive(Clone, Copy, PartialEq, Eq)]
enum ScopeWord {
    All,
    Provider,
    Model,
    Client,
    TaskClass,
    Project,
}

const SCOPES: &[(&str, ScopeWord)] = &[
    ("all", ScopeWord::All),
    ("provider", ScopeWord::Provider),
    ("model", ScopeWord::Model),
    ("client", ScopeWord::Client),
    ("task_class", ScopeWord::TaskClass),
    ("project", ScopeWord::Project),
];

/// Windows of the documentation; `None` is not built.
const WINDOWS: &[(&str, Option<Window>)] = &[
    ("call", Some(Window::Call)),
    ("flow", Some(Window::Flow)),
    ("hour", None),
    ("day", Some(Window::Day)),
    ("week", None),
    ("month", Some(Window::Month)),
    ("total", None),
];

/// What happens at a limit; only `block` is built.
const ON_HIT: &[(&str, bool)] = &[("block", true), ("warn", false), ("local_only", false), ("ask", false)];

impl Reader {
    pub(super) fn caps(&mut self, top: &Section<'_>) {
        let Some(entry) = top.get("caps") else { return };
        for (nth, node) in self.list(entry, "caps").iter().enumerate() {
            let Some(section) = self.section(node, &format!("caps[{nth}]"), "caps[]", &Cover::All) else { continue };
            self.cap(&section);
        }
    }

    fn cap(&mut self, section: &Section<'_>) {
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
        let blocks = match section.get("on_hit") {
            Some(_) => self.one_of(section, "on_hit", ON_HIT),
            None => Some(true),
        };
        self.alerts(section);
        let Some(scope) = scope else { return };
        let Some((counted, cover)) = self.scope(section, scope) else { return };
        let (Some(window), Some(limit), Some(blocks)) = (window, limit, blocks) else { return };
        let mut refuse = |key: &str, why: &str| {
            if let Some(entry) = section.get(key) {
                self.refuse(&cover, &section.path_of(key), entry, why);
            }
        };
        if counted.is_none() {
            refuse("scope", "sets a cap that counts in a way nothing here does.");
        }
        if window.is_none() {
            refuse("window", "sets a cap over a span that nothing here counts.");
        }
        if !blocks {
            refuse("on_hit", "asks for something other than block.");
        }
        if let (Some(scope), Some(window), true) = (counted, window, blocks) {
            self.policy.caps.push(Cap { scope, window, limit, line: section.line });
        }
    }

    /// What a cap counts, where that is built, and what it covers. `None` where the problem is told.
    fn scope(&mut self, section: &Section<'_>, scope: ScopeWord) -> Option<(Option<Scope>, Cover)> {
        let name = match section.get("name") {
            Some(entry) if !is_null(&entry.value) => Some((entry, self.text(&entry.value, "name")?)),
            Some(_) | None => None,
        };
        match (scope, name) {
            (ScopeWord::All, None) => Some((Some(Scope::All), Cover::All)),
            (ScopeWord::All, Some((entry, name))) => {
                let sentence = format!(
                    "A cap over all takes no name; it is {}. For one provider, write scope: provider.",
                    shown(name)
                );
                self.error(entry.line, entry.column, sentence);
                None
            }
            (ScopeWord::Provider, None) => Some((Some(Scope::Provider(None)), Cover::All)),
            (ScopeWord::Provider, Some((entry, name))) => {
                let id = self.provider_of_cap(entry, name)?;
                Some((Some(Scope::Provider(Some(id.clone()))), Cover::Provider(id)))
            }
            (ScopeWord::Model, Some((entry, name))) => {
                let id = ModelId::parse(name).ok();
                if id.is_none() {
                    self.error(
                        entry.value.line,
                        entry.value.column,
                        format!("name must be provider/model; it is {}.", shown(name)),
                    );
                }
                Some((None, Cover::Model(id?)))
            }
            (ScopeWord::TaskClass, Some((entry, name))) => {
                let class = self.other_classes.iter().find(|class| class.as_str() == name).cloned();
                if class.is_none() {
                    let names: Vec<_> = self.other_classes.iter().map(|class| class.as_str().to_owned()).collect();
                    let near = near(name, names.iter().map(String::as_str));
                    let sentence = format!("There is no task class {}.{near}", shown(name));
                    self.error(entry.value.line, entry.value.column, sentence);
                }
                let class: TaskClass = class?;
                Some((None, Cover::Class(class)))
            }
            (ScopeWord::Model | ScopeWord::TaskClass, None) | (ScopeWord::Client | ScopeWord::Project, _) => {
                Some((None, Cover::All))
            }
        }
    }

    /// A cap on a provider that is not there would guard nothing: an error.
    fn provider_of_cap(&mut self, entry: &Entry, name: &str) -> Option<ProviderId> {
        match self.known_provider(name, entry.value.line, entry.value.column, "caps") {
            super::providers::Known::Yes(id) | super::providers::Known::Benched(id, _) => Some(id),
            super::providers::Known::No => None,
        }
    }

    fn alerts(&mut self, section: &Section<'_>) {
        let Some(entry) = section.get("alerts") else { return };
        for item in self.list(entry, "alerts") {
            self.parsed_node(item, "An alert", "a whole number of percent from 1 to 100", |text| {
                whole(text).filter(|percent| (1..=100).contains(percent))
            });
        }
    }

    pub(super) fn preflight(&mut self, top: &Section<'_>) {
        let Some(section) = self.child(top, "cost_preflight", "cost_preflight") else { return };
        let enabled = self.switch(&section, "enabled");
        let chars = self.parsed(&section, "chars_per_token", "a number from 0.1 to 100, such as 4", |text| {
            fixed(text, 2).filter(|x100| (10..=10_000).contains(x100)).and_then(|x100| u32::try_from(x100).ok())
        });
        let (warn, block) = (self.money(&section, "warn_usd"), self.money(&section, "block_usd"));
        let preflight = &mut self.policy.preflight;
        preflight.enabled = enabled.unwrap_or(preflight.enabled);
        preflight.chars_per_token_x100 = chars.unwrap_or(preflight.chars_per_token_x100);
        preflight.warn = warn.unwrap_or(preflight.warn);
        preflight.block = block.unwrap_or(preflight.block);
    }

    pub(super) fn timeouts(&mut self, top: &Section<'_>) {
        let Some(section) = self.child(top, "timeouts", "timeouts") else { return };
        let mut timeouts = self.policy.timeouts;
        for (key, value) in [
            ("connect_s", &mut timeouts.connect),
            ("first_token_s", &mut timeouts.first_token),
            ("first_token_slow_s", &mut timeouts.first_token_slow),
            ("idle_s", &mut timeouts.idle),
            ("total_s", &mut timeouts.total),
        ] {
            *value = self.seconds(&section, key).unwrap_or(*value);
        }
        self.policy.timeouts = timeouts;
    }

    pub(super) fn seconds(&mut self, section: &Section<'_>, key: &str) -> Option<Duration> {
        self.parsed(section, key, "a number of seconds from 0.1 to 3600", |text| {
            fixed(text, 3).filter(|ms| (100..=3_600_000).contains(ms)).map(Duration::from_millis)
        })
    }

    pub(super) fn retry(&mut self, top: &Section<'_>) {
        let Some(section) = self.child(top, "retry", "retry") else { return };
        if let Some(entry) = section.get("delays_s") {
            let items = self.list(entry, "delays_s");
            if items.len() > 10 {
                self.error(entry.line, entry.column, "delays_s has more than 10 waits.".to_owned());
            }
            self.policy.retry.delays = items.iter().filter_map(|item| self.delay(item)).collect();
        }
        let jitter = self.parsed(&section, "jitter", "a number from 0 to 1, such as 0.2", |text| {
            fixed(text, 3).filter(|x1000| *x1000 <= 1000).and_then(|x1000| u32::try_from(x1000).ok())
        });
        self.policy.retry.jitter_x1000 = jitter.unwrap_or(self.policy.retry.jitter_x1000);
    }

    pub(super) fn cache(&mut self, top: &Section<'_>) {
        let Some(section) = self.child(top, "cache", "cache") else { return };
        let ttl = self.parsed(&section, "ttl_s", "a whole number of seconds from 1 to 31536000 (a year)", |text| {
            whole(text).filter(|seconds| (1..=31_536_000).contains(seconds)).map(Duration::from_secs)
        });
        let max_mb = self.parsed(&section, "max_mb", "a whole number of MB from 1 to 100000", |text| {
            whole(text).filter(|mb| (1..=100_000).contains(mb))
        });
        let cache = &mut self.policy.cache;
        cache.ttl = ttl.unwrap_or(cache.ttl);
        cache.max_mb = max_mb.unwrap_or(cache.max_mb);
    }

    fn delay(&mut self, item: &Node) -> Option<Duration> {
        self.parsed_node(item, "A wait", "a number of seconds from 0 to 600", |text| {
            fixed(text, 3).filter(|ms| *ms <= 600_000).map(Duration::from_millis)
        })
    }
}
