//! How many calls one process has under way at once, at all providers and at each (`concurrency` in
//! routing.yaml), and who is next where all places are taken: a person's calls before those of jobs, each in
//! the order in which they came. A job may so wait as long as persons keep asking; its own deadline ends that.
//!
//! A place is taken with the money for an attempt ([`dispatch::enter`](crate::dispatch::enter)), and given back
//! as soon as the attempt has ended: who waits, before a first attempt or between two, has no place and holds no money for
//! what is not yet sent. What is freed goes to the next in line, never to who happens to ask then.
//!
//! Per process on purpose (product.md §9.20): it keeps one program from flooding a provider. What may be
//! spent is held by the ledger, for all processes.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use pointsman_core::id::ProviderId;
use pointsman_core::policy::Concurrency;
use tokio::sync::oneshot;

/// Who waits for a call: decides who is next.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Priority {
    /// A person, or a model that works for one, waits for the answer.
    #[default]
    Interactive,
    /// A job, which nobody waits for.
    Job,
}

/// The places of one process. Clones share them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Lanes(Arc<Mutex<Places>>);

#[derive(Debug, Default)]
struct Places {
    /// As the newest call knew them from the file.
    limits: Concurrency,
    taken: BTreeMap<ProviderId, u32>,
    waiting: VecDeque<Waiting>,
}

#[derive(Debug)]
struct Waiting {
    provider: ProviderId,
    priority: Priority,
    turn: oneshot::Sender<Turn>,
}

/// A place that is taken; dropped, it goes to the next in line.
#[derive(Debug)]
pub(crate) struct Turn {
    lanes: Lanes,
    provider: ProviderId,
}

impl Lanes {
    /// A place at a provider, where one is free.
    pub(crate) fn take(&self, provider: &ProviderId, limits: Concurrency) -> Option<Turn> {
        let mut places = self.lock();
        places.limits = limits;
        let free = places.has_room(provider);
        free.then(|| {
            places.enter(provider);
            Turn { lanes: self.clone(), provider: provider.clone() }
        })
    }

    /// Waits for a place at a provider. Given up when dropped.
    pub(crate) async fn turn(&self, provider: &ProviderId, limits: Concurrency, priority: Priority) -> Turn {
        loop {
            let receiver = {
                let mut places = self.lock();
                places.limits = limits;
                let (turn, receiver) = oneshot::channel();
                let waiting = Waiting { provider: provider.clone(), priority, turn };
                places.waiting.retain(|other| !other.turn.is_closed());
                let behind = places.waiting.iter().position(|other| other.priority > priority);
                let at = behind.unwrap_or(places.waiting.len());
                places.waiting.insert(at, waiting);
                receiver
            };
            // A place may have been freed between the look and the queue.
            self.serve();
            if let Ok(turn) = receiver.await {
                return turn;
            }
        }
    }

    /// Gives free places to those next in line.
    fn serve(&self) {
        loop {
            let (waiting, turn) = {
                let mut places = self.lock();
                let Some(at) = places.waiting.iter().position(|waiting| places.has_room(&waiting.provider)) else {
                    return;
                };
                let Some(waiting) = places.waiting.remove(at) else { return };
                places.enter(&waiting.provider);
                let turn = Turn { lanes: self.clone(), provider: waiting.provider.clone() };
                (waiting, turn)
            };
            // Where the one in line has gone, the place comes back and the next is served by its drop.
            drop(waiting.turn.send(turn));
        }
    }

    fn lock(&self) -> MutexGuard<'_, Places> {
        // Every change leaves the counts whole, so a holder that panicked left them usable.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Places {
    fn all(&self) -> u32 {
        self.taken.values().sum()
    }

    fn has_room(&self, provider: &ProviderId) -> bool {
        let at = self.taken.get(provider).copied().unwrap_or_default();
        self.all() < self.limits.global && at < self.limits.per_provider
    }

    fn enter(&mut self, provider: &ProviderId) {
        *self.taken.entry(provider.clone()).or_default() += 1;
    }

    fn leave(&mut self, provider: &ProviderId) {
        if let Some(taken) = self.taken.get_mut(provider) {
            *taken -= 1;
            if *taken == 0 {
                self.taken.remove(provider);
            }
        }
    }
}

impl Turn {
    /// Whether it is a place at this provider.
    pub(crate) fn is_at(&self, provider: &ProviderId) -> bool {
        self.provider == *provider
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.lanes.lock().leave(&self.provider);
        self.lanes.serve();
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;

    use futures_util::FutureExt;

    use super::*;

    const LIMITS: Concurrency = Concurrency { global: 3, per_provider: 2 };

    fn id(name: &str) -> ProviderId {
        ProviderId::parse(name).unwrap()
    }

    #[test]
    fn no_more_places_are_taken_than_there_are_at_a_provider_and_in_all() {
        let lanes = Lanes::default();
        let first = lanes.take(&id("a"), LIMITS).unwrap();
        let _second = lanes.take(&id("a"), LIMITS).unwrap();
        assert!(lanes.take(&id("a"), LIMITS).is_none(), "two at a provider");
        let _third = lanes.take(&id("b"), LIMITS).unwrap();
        assert!(lanes.take(&id("c"), LIMITS).is_none(), "three in all");
        drop(first);
        assert!(lanes.take(&id("a"), LIMITS).is_some());
        assert!(lanes.take(&id("c"), Concurrency { global: 2, ..LIMITS }).is_none(), "a new limit holds at once");
    }

    #[test]
    fn a_person_is_served_before_a_job_and_each_in_the_order_they_came() {
        let lanes = Lanes::default();
        let one = Concurrency { global: 1, per_provider: 1 };
        let mut taken = lanes.take(&id("a"), one);
        let provider = id("a");
        let wait = |priority| lanes.turn(&provider, one, priority);
        let mut job = pin!(wait(Priority::Job));
        let mut later_job = pin!(wait(Priority::Job));
        let mut person = pin!(wait(Priority::Interactive));
        let mut later_person = pin!(wait(Priority::Interactive));
        for waiting in [&mut job, &mut later_job, &mut person, &mut later_person] {
            assert!(waiting.as_mut().now_or_never().is_none());
        }
        for (at, waiting) in [&mut person, &mut later_person, &mut job, &mut later_job].into_iter().enumerate() {
            assert!(lanes.take(&provider, one).is_none(), "nobody who happens to ask goes before {at}");
            drop(taken.take());
            taken = Some(waiting.as_mut().now_or_never().expect("its turn"));
        }
    }

    #[test]
    fn who_gives_up_holds_up_nobody() {
        let lanes = Lanes::default();
        let one = Concurrency { global: 1, per_provider: 1 };
        let (a, b) = (id("a"), id("b"));
        let taken = lanes.take(&a, one).unwrap();
        let mut next = {
            let mut gone = Box::pin(lanes.turn(&b, one, Priority::Interactive));
            assert!(gone.as_mut().now_or_never().is_none());
            let mut next = Box::pin(lanes.turn(&a, one, Priority::Job));
            assert!(next.as_mut().now_or_never().is_none());
            next
        };
        drop(taken);
        let turn = next.as_mut().now_or_never().expect("its turn");
        assert!(turn.is_at(&a));
        drop(turn);
        assert!(lanes.take(&b, one).is_some(), "all places are free again");
    }

    #[test]
    fn one_provider_that_is_full_keeps_nobody_from_another() {
        let lanes = Lanes::default();
        let _both = [lanes.take(&id("a"), LIMITS).unwrap(), lanes.take(&id("a"), LIMITS).unwrap()];
        let provider = id("a");
        let mut waiting = pin!(lanes.turn(&provider, LIMITS, Priority::Interactive));
        assert!(waiting.as_mut().now_or_never().is_none());
        assert!(lanes.take(&id("b"), LIMITS).is_some());
    }
}
