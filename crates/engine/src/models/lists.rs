//! The lists that providers give of their own models: asked for all at once, and kept while this process
//! runs, so that the page shows them until somebody asks again. A list that could not be had leaves the one
//! of before.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::future::join_all;
use jiff::Timestamp;
use pointsman_core::catalog::live::{self, List};
use pointsman_core::failure::{Failure, FailureKind};
use pointsman_core::id::ProviderId;
use pointsman_core::policy::Policy;
use pointsman_core::wire;

use super::Keys;
use crate::Inner;
use crate::keys::check;

pub(super) type Lists = BTreeMap<ProviderId, List>;

/// What came of asking.
#[derive(Debug, Default)]
pub(crate) struct Asked {
    pub(super) lists: Lists,
    /// Why a list could not be had, a sentence each.
    pub(super) failed: Vec<String>,
    /// What was left out of one.
    pub(super) notes: Vec<String>,
    /// When, in ms since 1970.
    pub(super) at_ms: i64,
}

/// The lists of the last time somebody asked.
#[derive(Debug, Default)]
pub(crate) struct Kept(Mutex<Option<Arc<Asked>>>);

impl Kept {
    pub(super) fn last(&self) -> Option<Arc<Asked>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Keeps what came of asking, beside the older lists of those who gave none.
    pub(super) fn keep(&self, mut asked: Asked) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for (provider, list) in kept.iter().flat_map(|older| &older.lists) {
            asked.lists.entry(provider.clone()).or_insert_with(|| list.clone());
        }
        *kept = Some(Arc::new(asked));
    }
}

/// Asks all providers that can be asked for their lists. Up to 10 s.
pub(super) async fn ask(inner: &Inner, policy: &Policy, keys: &Keys) -> Asked {
    let used: BTreeSet<_> = policy.callable().into_iter().map(|id| id.provider).collect();
    let fetched = keys.iter().filter_map(|(id, key)| {
        let (provider, key) = (policy.providers.get(id)?, key.as_ref().ok()?);
        // A server on this machine that nothing uses is most likely not running.
        let worth_asking = !provider.local || used.contains(id) || keys.len() == 1;
        worth_asking.then_some(async move {
            let got = check::fetch(&inner.transport, provider, key.as_ref(), &provider.models_path).await;
            (id.clone(), provider.title.as_str(), got.and_then(|(head, text)| list(&head, &text)))
        })
    });
    let mut asked = Asked { at_ms: Timestamp::now().as_millisecond(), ..Asked::default() };
    for (id, title, got) in join_all(fetched).await {
        match got {
            Ok(list) => {
                if list.left_out > 0 {
                    asked.notes.push(format!("{title}: {} entries of its list were left out.", list.left_out));
                }
                if list.more {
                    asked.notes.push(format!("{title} has more models than it sent."));
                }
                asked.lists.insert(id, list);
            }
            Err(failure) => asked.failed.push(format!("The list of {title} could not be had. {}", failure.sentence)),
        }
    }
    asked
}

fn list(head: &wire::Head, text: &str) -> Result<List, Failure> {
    if head.status != 200 {
        return Err(wire::decode_error(head, text.as_bytes()));
    }
    let none = "It is not a list of models, or longer than 4 MiB.";
    live::read(text.as_bytes()).ok_or_else(|| Failure::new(FailureKind::BadResponse, none))
}
