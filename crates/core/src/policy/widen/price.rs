//! What an edit does to prices, and which models it lets be called for the first time.

use super::{Said, exact};
use crate::id::ModelId;
use crate::money::{MicroUsd, Price, Rates};
use crate::plan::tier;
use crate::policy::{Prices, Refresh, Tier};

impl Said<'_> {
    /// A list from the network says what models cost, though never less than our own: who says it is for the
    /// person. Without one, our own list holds, which is what was there before.
    pub(super) fn list_prices(&mut self, new: &Prices) {
        let Prices { refresh, url } = new;
        let old = &self.old.prices.clone();
        let from = |prices: &Prices| prices.address().map_or_else(String::new, |url| url.as_str().to_owned());
        match (old.refresh, refresh) {
            (_, Refresh::Off) => {}
            (Refresh::Off, Refresh::Daily) => {
                self.say(format!("List prices are fetched once a day, from {}.", from(new)));
            }
            (Refresh::Daily, Refresh::Daily) if *url != old.url => {
                self.say(format!("List prices are fetched from {} instead of {}.", from(new), from(old)));
            }
            (Refresh::Daily, Refresh::Daily) => {}
        }
    }

    /// A lower price counts less than it costs; the first price makes a model callable.
    pub(super) fn price(&mut self, id: &ModelId) {
        let Some(new) = self.new.price(id) else { return };
        match self.old.price(id) {
            Some(old) => {
                if let Some((what, was, is)) = lower(&old, &new) {
                    self.say(format!("The price of {id} goes from {was} to {is} for a million {what}."));
                }
            }
            None => self.say(format!("{id} gets its first price and can be used.")),
        }
    }

    /// A model with a list price can be called as soon as the file names it: at most of the highest tier
    /// that could be called before, at providers that could.
    pub(super) fn first_use(&mut self, id: &ModelId) {
        let before = self.old.callable();
        let told = !self.old.model(id).enabled || self.old.price(id).is_none();
        if told || before.contains(id) || self.new.price(id).is_none() {
            return;
        }
        let top = before.iter().map(|id| tier(self.old, id)).max().unwrap_or(Tier::L0);
        let is = tier(self.new, id);
        if is > top {
            self.say(format!("{id}, which is {}, can be used; so far it is {} at most.", is.as_str(), top.as_str()));
        }
        if !before.iter().any(|other| other.provider == id.provider) && !self.stays_here(id) {
            self.say(format!("{id} can be used, and nothing used {} so far.", id.provider));
        }
    }
}

/// The first part of a price that is lower than before.
fn lower(old: &Price, new: &Price) -> Option<(&'static str, String, String)> {
    let Price { base: _, steps, request } = new;
    // Where a step lies is as much a part of the price as what it costs.
    let sizes = std::iter::once(0).chain(old.steps.iter().chain(steps).map(|step| step.above.saturating_add(1)));
    sizes
        .into_iter()
        .find_map(|size| lower_rates(old.rates(size), new.rates(size)))
        .or_else(|| (*request < old.request).then(|| ("calls", exact_of_calls(old.request), exact_of_calls(*request))))
}

fn exact_of_calls(request: MicroUsd) -> String {
    exact(MicroUsd::from_micros(request.micros().saturating_mul(1_000_000)))
}

fn lower_rates(old: &Rates, new: &Rates) -> Option<(&'static str, String, String)> {
    let Rates { input, output, cached_input, cache_write, cache_write_1h, image, reasoning } = *new;
    let rows = [
        ("input tokens", old.input, input),
        ("output tokens", old.output, output),
        ("cached input tokens", old.cached_input.unwrap_or(old.input), cached_input.unwrap_or(input)),
        ("tokens written to the cache", old.cache_write.unwrap_or(old.input), cache_write.unwrap_or(input)),
        ("tokens written to the cache for an hour", old.hour(), cache_write_1h.unwrap_or_else(|| new.hour())),
        ("tokens of pictures", old.image.unwrap_or(old.input), image.unwrap_or(input)),
        ("tokens of reasoning", old.reasoning.unwrap_or(old.output), reasoning.unwrap_or(output)),
    ];
    let row = rows.into_iter().find(|(_, was, is)| is < was);
    row.map(|(what, was, is)| (what, exact(was), exact(is)))
}
