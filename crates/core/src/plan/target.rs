//! One model as a target: whether it can carry the call, with how many tokens, and what that costs.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{Candidates, tier};
use crate::catalog::{Provider, is_reasoning};
use crate::chat::Chat;
use crate::code::{Code, Denial};
use crate::estimate;
use crate::id::{ModelId, ProviderId};
use crate::money::{MicroUsd, Price};
use crate::policy::{Policy, Tier};

/// Output tokens where nobody set a limit.
const DEFAULT_MAX_TOKENS: u64 = 4_096;
/// The same for a model that reasons before it answers.
const DEFAULT_MAX_TOKENS_REASONING: u64 = 16_000;
/// A class whose deadline is at least this long is slow: its first token may take long.
const SLOW: Duration = Duration::from_secs(120);

/// One model that may be asked, with all that is needed to ask it and to pay for it.
#[derive(Clone, Debug, PartialEq)]
pub struct Target {
    /// Which.
    pub model: ModelId,
    /// Whose endpoint.
    pub provider: Provider,
    /// Copied into every attempt: history never changes.
    pub price: Price,
    /// Sent on the wire.
    pub max_tokens: u64,
    /// The most one attempt can cost.
    pub worst: MicroUsd,
    /// What one attempt probably costs.
    pub likely: MicroUsd,
    /// Its first token may take long.
    pub slow: bool,
    /// How dear it is, as a label.
    pub tier: Tier,
}
/// Whether a model can carry the call, and what it costs then.
pub(super) fn target(
    policy: &Policy,
    found: &Candidates<'_>,
    chat: &Chat,
    unusable: &BTreeMap<ProviderId, Denial>,
    model: &ModelId,
    warnings: &mut Vec<String>,
) -> Result<Target, Denial> {
    if let Some(denial) = unusable.get(&model.provider) {
        return Err(denial.clone());
    }
    let Some(provider) = policy.providers.get(&model.provider) else {
        return Err(Denial::new(Code::UnknownModel, format!("There is no provider {}.", model.provider)));
    };
    let Some(price) = policy.price(model) else {
        return Err(Denial::new(
            Code::Unpriced,
            format!("No price is known for {model}, so no cap could hold. Set models.{model}.price in routing.yaml."),
        ));
    };
    // A provider may bill more above a model's context step (OpenAI doubles its price there), which
    // a price without steps would undercount, so the same bound as for the money decides.
    if let Some(context) = policy.model(model).context.filter(|context| estimate::most_input_tokens(chat) > *context)
        && !provider.local
    {
        return Err(Denial::new(
            Code::ContextTooLong,
            format!(
                "The prompt may be longer than the {context} tokens of {model}. Shorten it or use a model with more context."
            ),
        ));
    }
    let max_tokens = max_tokens(policy, found, chat, model, warnings);
    let slow = provider.local
        || is_reasoning(&model.model)
        || found.class.and_then(|rule| rule.timeout).is_some_and(|t| t >= SLOW);
    let likely = estimate::likely_cost(chat, max_tokens, &price, &policy.preflight);
    if policy.preflight.enabled && likely >= policy.preflight.block {
        return Err(Denial::new(
            Code::CapExceeded,
            format!(
                "This call would probably cost {likely} with {model}, and cost_preflight.block_usd is {}. Shorten it, lower max_tokens, or raise the limit in routing.yaml.",
                policy.preflight.block.total()
            ),
        ));
    }
    Ok(Target {
        worst: estimate::worst_cost(chat, max_tokens, &price),
        likely,
        model: model.clone(),
        provider: provider.clone(),
        price,
        max_tokens,
        slow,
        tier: tier(policy, model),
    })
}

/// The least of what the caller, the class and the model allow; the defaults where nobody says.
fn max_tokens(
    policy: &Policy,
    found: &Candidates<'_>,
    chat: &Chat,
    model: &ModelId,
    warnings: &mut Vec<String>,
) -> u64 {
    let asked = chat.params.max_tokens;
    let class = found.class.and_then(|rule| rule.max_tokens);
    if let (Some(asked), Some(class)) = (asked, class)
        && asked > class
    {
        let warning = format!("max_tokens was lowered from {asked} to {class}, the limit of the class.");
        if !warnings.contains(&warning) {
            warnings.push(warning);
        }
    }
    let default = if is_reasoning(&model.model) { DEFAULT_MAX_TOKENS_REASONING } else { DEFAULT_MAX_TOKENS };
    let wanted = match (asked, class) {
        (Some(asked), Some(class)) => asked.min(class),
        (Some(one), None) | (None, Some(one)) => one,
        (None, None) => default,
    };
    wanted.min(policy.model(model).max_output.unwrap_or(u64::MAX)).max(1)
}
