//! Step 3 of the journey: the exact cache. A class that says `cache: true` answers the very same call from
//! what was answered before, for nothing; a free answer is never denied by a cap. Kept are whole answers
//! of the first choice only, never an error, a part, or what another model said in its place.

use std::time::Duration;

use jiff::Timestamp;
use pointsman_core::chat::{Answer, Chat};
use pointsman_core::fingerprint::{Fingerprint, fingerprint, is_whole, may_keep};
use pointsman_core::money::{MicroUsd, Price};
use pointsman_core::plan::Plan;
use pointsman_core::policy::Cache;
use pointsman_core::wire;
use rusqlite::Transaction;

use crate::Inner;
use crate::ledger::cache::{self, Kept};
use crate::ledger::{LedgerError, request, trace};

/// One in so many new answers looks whether the whole has become too old or too large: looking costs more
/// the more there is.
const LOOK_ONCE_IN: u8 = 32;
const MEGABYTE: u64 = 1_000_000;
/// A larger answer is not kept: writing it would hold up other calls.
const LARGEST: u64 = MEGABYTE;

/// Where the answer of a call is kept.
#[derive(Clone, Debug)]
pub(crate) struct Slot {
    key: Fingerprint,
    rule: Cache,
    model: String,
    /// What an answer would cost anew.
    price: Price,
}

/// An answer that was given before.
#[derive(Clone, Debug)]
pub(crate) struct Again {
    pub(crate) answer: Answer,
    pub(crate) since: Timestamp,
}

impl Slot {
    /// The slot of a call by what its first choice would be sent. `None` where its answers are not kept.
    pub(crate) fn of(tool: &str, class: &str, rule: Cache, plan: &Plan, chat: &Chat) -> Option<Self> {
        if !may_keep(chat) {
            return None;
        }
        let first = plan.targets.first()?;
        // What a name stands for is not kept, so an answer with names in it could not be given again.
        if plan.targets.iter().any(|target| target.redacted.is_some()) {
            return None;
        }
        let mut chat = chat.clone();
        chat.params.max_tokens = Some(first.max_tokens);
        let encoded = wire::encode(first.provider.wire, first.provider.dialect, &chat, &first.model.model, true);
        let key = fingerprint(tool, class, &first.provider, &encoded);
        Some(Self { key, rule, model: first.model.to_string(), price: first.price.clone() })
    }

    /// The answer of the very same call, where one is kept; its use is recorded as a request that cost
    /// nothing. A cache that cannot be read is no cache.
    pub(crate) async fn look(&self, inner: &Inner, start: &request::Start) -> Option<Again> {
        let now = start.at.as_millisecond();
        let oldest = now.saturating_sub(millis(self.rule.ttl));
        let (key, model) = (self.key.to_string(), self.model.clone());
        let kept = inner.ledger.glance(move |c| cache::get(c, &key, oldest)).await.ok()??;
        let again = read(&kept, &model)?;
        let (key, mut start) = (self.key.to_string(), start.clone());
        if let Some(trace) = &mut start.trace {
            trace.kept = trace::Kept::Since(again.since.as_millisecond());
        }
        let saved = again.answer.usage.map_or(MicroUsd::ZERO, |usage| self.price.cost(&usage));
        let recorded = inner.ledger.write(move |tx| {
            cache::used(tx, &key, now)?;
            request::answered_again(tx, &start, saved)
        });
        // An answer that cannot be recorded is not given: Activity shows every one.
        recorded.await.ok()?;
        Some(again)
    }

    /// Keeps the answer, in the transaction that settles it. That it cannot be kept is no reason not to
    /// settle.
    pub(crate) fn keep(&self, tx: &Transaction<'_>, answer: &Answer, now: Timestamp) -> Result<(), LedgerError> {
        tx.execute_batch("SAVEPOINT keep")?;
        match self.put(tx, answer, now) {
            Ok(()) => tx.execute_batch("RELEASE keep")?,
            Err(error) => {
                tracing::warn!(%error, "an answer could not be kept");
                tx.execute_batch("ROLLBACK TO keep; RELEASE keep")?;
            }
        }
        Ok(())
    }

    fn put(&self, tx: &Transaction<'_>, answer: &Answer, now: Timestamp) -> Result<(), LedgerError> {
        let Ok(body) = serde_json::to_vec(answer) else { return Ok(()) };
        let most = self.rule.max_mb.saturating_mul(MEGABYTE).min(LARGEST);
        if !is_whole(answer) || body.len() as u64 > most {
            return Ok(());
        }
        let now = now.as_millisecond();
        cache::put(tx, self.key.as_str(), &Kept { model: self.model.clone(), created_ms: now, body })?;
        if is_time_to_look() {
            prune(tx, &self.rule, now)?;
        }
        Ok(())
    }
}

/// Forgets what is too old and what there is no room for.
pub(crate) fn prune(tx: &Transaction<'_>, rule: &Cache, now_ms: i64) -> Result<(), LedgerError> {
    let most = i64::try_from(rule.max_mb.saturating_mul(MEGABYTE)).unwrap_or(i64::MAX);
    cache::prune(tx, now_ms.saturating_sub(millis(rule.ttl)), most)
}

fn read(kept: &Kept, model: &str) -> Option<Again> {
    let answer = serde_json::from_slice(&kept.body).ok().filter(|_| kept.model == model)?;
    Some(Again { answer, since: Timestamp::from_millisecond(kept.created_ms).ok()? })
}

fn millis(span: Duration) -> i64 {
    i64::try_from(span.as_millis()).unwrap_or(i64::MAX)
}

fn is_time_to_look() -> bool {
    let mut byte = [0u8];
    getrandom::fill(&mut byte).is_ok() && byte[0].is_multiple_of(LOOK_ONCE_IN)
}
