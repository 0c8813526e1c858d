//! Step 2 of the journey: which models will be tried, in which order, for how much. Asks the keychain
//! for keys and the ledger for times; sends nothing and holds nothing. Calls and `policy explain` go the
//! same way through here, so that what is explained is what happens.

use std::collections::BTreeMap;

use jiff::Timestamp;
use pointsman_core::catalog::KeyRef;
use pointsman_core::chat::{Chat, Part};
use pointsman_core::code::{Code, Denial};
use pointsman_core::id::{ClientId, ModelId, ProviderId};
use pointsman_core::plan::{self, Asked, Candidates, Ground, Now, Plan, Relief, Wanted};
use pointsman_core::policy::{Policy, Strategy};
use pointsman_core::privacy::{self, Rule, Screened};
use pointsman_core::structured;

use crate::Inner;
use crate::ledger::speed;
use crate::secrets::Secret;

/// A text up to so many bytes is looked through at once: some hundred microseconds.
const SHORT: usize = 32 * 1024;

/// What was decided.
pub(crate) struct Decided<'p> {
    /// The models of the class that answers in the end, or the named one.
    pub(crate) found: Candidates<'p>,
    /// The conversation as it is sent: with the parameters of the class, perhaps shortened.
    pub(crate) chat: Chat,
    /// What is tried, or why nothing is.
    pub(crate) plan: Result<Plan, Denial>,
    /// What the plan went by.
    pub(crate) now: Now,
    keys: BTreeMap<ProviderId, Secret>,
}

impl Decided<'_> {
    /// The key of each target of the plan, in its order.
    pub(crate) fn keys_of(&self, plan: &Plan) -> Vec<Option<Secret>> {
        plan.targets.iter().map(|target| self.keys.get(&target.model.provider).cloned()).collect()
    }
}

/// Decides a call. Where the conversation is too long for a class, the class that takes over is looked
/// at, and then a shorter conversation; each way ends (see [`plan::relief`]).
///
/// # Errors
/// Where no model was found at all. That none of those found can answer is in [`Decided::plan`].
pub(crate) async fn decide<'p>(
    inner: &Inner,
    policy: &'p Policy,
    wanted: &Wanted,
    client: Option<&ClientId>,
    mut chat: Chat,
) -> Result<Decided<'p>, Denial> {
    if chat.messages.iter().all(|message| message.parts.is_empty()) {
        return Err(Denial::new(Code::InvalidRequest, "There is no message to answer."));
    }
    if let Some(Err(why)) = chat.params.response_format.as_ref().map(structured::usable) {
        let sentence = format!("response_format.json_schema cannot be used: {why}.");
        return Err(Denial::new(Code::InvalidRequest, sentence));
    }
    let by_caller = chat.params.clone();
    let mut found = plan::candidates(policy, wanted, Asked { client, chat: &chat })?;
    let (mut keys, mut now, mut said) = (BTreeMap::new(), Now::default(), Vec::new());
    // A class that takes over switches no rule off that the class before it added.
    let mut rules = policy.data_policy.clone();
    loop {
        rules.extend(found.class.into_iter().flat_map(|rule| rule.data_policy.clone()));
        now.screened = screened(&rules, &chat).await?;
        chat.params = plan::params(&found, &by_caller);
        look_up_keys(inner, policy, &found, &mut keys, &mut now).await;
        if found.class.is_some_and(|rule| rule.strategy == Strategy::Fastest) {
            let models = found.models.clone();
            now.first_token = inner.ledger.read(move |c| speed::first_tokens(c, &models, Timestamp::now())).await?;
        }
        if found.models.len() > 1 && found.ground == Ground::First {
            let models = found.models.clone();
            now.slumps = inner.ledger.glance(move |c| speed::slumps(c, &models, Timestamp::now())).await?;
        }
        let mut plan = plan::plan(policy, &found, &chat, &now);
        let relief = match &plan {
            Ok(_) => None,
            Err(_) => plan::relief(policy, &found, Asked { client, chat: &chat }, &now),
        };
        match relief {
            Some(Relief::Larger(next)) => found = next,
            Some(Relief::Shorter(messages, sentence)) => {
                chat.messages = messages;
                said.push(sentence);
            }
            None => {
                if let Ok(plan) = &mut plan {
                    plan.warnings.splice(0..0, said);
                }
                return Ok(Decided { found, chat, plan, now, keys });
            }
        }
    }
}

/// Which rules a conversation meets. A long one is looked through on a thread of its own, so that the other
/// calls go on.
pub(crate) async fn screened(rules: &[Rule], chat: &Chat) -> Result<Option<Screened>, Denial> {
    if rules.is_empty() || text_bytes(chat) <= SHORT {
        return Ok(privacy::screen(rules, chat));
    }
    let (rules, chat) = (rules.to_vec(), chat.clone());
    let looked = tokio::task::spawn_blocking(move || privacy::screen(&rules, &chat)).await;
    // What was not looked through is not sent.
    looked.map_err(|_| Denial::new(Code::DataPolicy, "The text could not be checked against data_policy. Try again."))
}

fn text_bytes(chat: &Chat) -> usize {
    let text = |part: &Part| match part {
        Part::Text(text) => text.len(),
        Part::Image(_) => 0,
    };
    chat.messages.iter().flat_map(|message| &message.parts).map(text).sum()
}

/// The key of each provider of the candidates, or why there is none.
async fn look_up_keys(
    inner: &Inner,
    policy: &Policy,
    found: &Candidates<'_>,
    keys: &mut BTreeMap<ProviderId, Secret>,
    now: &mut Now,
) {
    for ModelId { provider, .. } in &found.models {
        let Some(about) = policy.providers.get(provider).filter(|p| p.key != KeyRef::None) else { continue };
        if keys.contains_key(provider) || now.unusable.contains_key(provider) {
            continue;
        }
        match inner.secrets.key(about).await {
            Ok(key) => drop(keys.insert(provider.clone(), key)),
            Err(denial) => drop(now.unusable.insert(provider.clone(), denial)),
        }
    }
}
