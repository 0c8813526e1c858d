//! `cost_preflight`, `timeouts`, `retry`, `breaker`, `concurrency` and `cache`: the numbers that bound calls
//! and their waiting.

use std::time::Duration;

use super::Reader;
use super::field::{Section, fixed, whole};
use crate::policy::yaml::Node;

impl Reader {
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

    pub(super) fn breaker(&mut self, top: &Section<'_>) {
        let Some(section) = self.child(top, "breaker", "breaker") else { return };
        let failures = self.count(&section, "failures", 1_000);
        let cooldown = self.seconds(&section, "cooldown_s");
        let breaker = &mut self.policy.breaker;
        breaker.failures = failures.unwrap_or(breaker.failures);
        breaker.cooldown = cooldown.unwrap_or(breaker.cooldown);
    }

    pub(super) fn concurrency(&mut self, top: &Section<'_>) {
        let Some(section) = self.child(top, "concurrency", "concurrency") else { return };
        let (global, per_provider) =
            (self.count(&section, "global", 1_000), self.count(&section, "per_provider", 1_000));
        let concurrency = &mut self.policy.concurrency;
        concurrency.global = global.unwrap_or(concurrency.global);
        concurrency.per_provider = per_provider.unwrap_or(concurrency.per_provider);
    }

    fn count(&mut self, section: &Section<'_>, key: &str, most: u64) -> Option<u32> {
        self.parsed(section, key, &format!("a whole number from 1 to {most}"), |text| {
            whole(text).filter(|count| (1..=most).contains(count)).and_then(|count| u32::try_from(count).ok())
        })
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
