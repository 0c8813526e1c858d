//! One model as a target: whether it can carry the call, with how many tokens, and what that costs.

use std::time::Duration;

use super::tier::tier_with_reason;
use super::{Candidates, Now};
use crate::catalog::{Provider, is_reasoning};
use crate::chat::{Chat, Part};
use crate::code::{Code, Denial};
use crate::estimate;
use crate::id::ModelId;
use crate::money::{MicroUsd, Price};
use crate::policy::{Policy, PriceSource, Priced, Tier};
use crate::privacy::Redacted;

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
    /// Who says so.
    pub price_source: PriceSource,
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
    /// What is sent in place of the conversation, where a rule of data_policy wants places replaced.
    pub redacted: Option<Redacted>,
}

/// One candidate as it was weighed.
#[derive(Clone, Debug, PartialEq)]
pub struct Weighed {
    /// Which.
    pub model: ModelId,
    /// How dear it is.
    pub tier: Tier,
    /// Why that is its tier.
    pub tier_reason: String,
    /// What a call of it would be; `None` where no price or no provider is known.
    pub target: Option<Target>,
    /// Why it cannot be asked.
    pub why_not: Option<Denial>,
}

impl Weighed {
    /// The target, where it can be asked.
    pub fn able(&self) -> Option<&Target> {
        self.target.as_ref().filter(|_| self.why_not.is_none())
    }
}

/// Whether a model can carry the call, and what it costs then.
pub(super) fn weigh_one(
    policy: &Policy,
    found: &Candidates<'_>,
    chat: &Chat,
    now: &Now,
    model: &ModelId,
    warnings: &mut Vec<String>,
) -> Weighed {
    let (tier, tier_reason) = tier_with_reason(policy, model);
    let keyless = now.unusable.get(&model.provider).cloned();
    let redacted = match kept_back(policy, now, model) {
        Ok(redacted) => redacted,
        Err(denial) => {
            let why_not = Some(keyless.unwrap_or(denial));
            let target = target(policy, found, chat, model, tier, warnings).ok();
            return Weighed { model: model.clone(), tier, tier_reason, target, why_not };
        }
    };
    let chat = redacted.as_ref().map_or(chat, |redacted| &redacted.chat);
    match target(policy, found, chat, model, tier, warnings) {
        Err(denial) => {
            Weighed { model: model.clone(), tier, tier_reason, target: None, why_not: Some(keyless.unwrap_or(denial)) }
        }
        Ok(target) => {
            let why_not = keyless
                .or_else(|| outside(policy, found, &target))
                .or_else(|| blind(policy, chat, model))
                .or_else(|| too_small(policy, chat, &target))
                .or_else(|| too_dear(policy, &target));
            let target = Some(Target { redacted, ..target });
            Weighed { model: model.clone(), tier, tier_reason, target, why_not }
        }
    }
}

/// What a model gets in place of the conversation, by the rules it meets.
fn kept_back(policy: &Policy, now: &Now, model: &ModelId) -> Result<Option<Redacted>, Denial> {
    match (&now.screened, policy.providers.get(&model.provider)) {
        (Some(screened), Some(provider)) => screened.for_provider(provider),
        (None, _) | (_, None) => Ok(None),
    }
}

/// What a call of a model would be, whether or not it may be made.
fn target(
    policy: &Policy,
    found: &Candidates<'_>,
    chat: &Chat,
    model: &ModelId,
    tier: Tier,
    warnings: &mut Vec<String>,
) -> Result<Target, Denial> {
    let Some(provider) = policy.providers.get(&model.provider) else {
        return Err(Denial::new(Code::UnknownModel, format!("There is no provider {}.", model.provider)));
    };
    let Some(Priced { price, source: price_source }) = policy.priced(model) else {
        return Err(Denial::new(
            Code::Unpriced,
            format!("No price is known for {model}, so no cap could hold. Set models.{model}.price in routing.yaml."),
        ));
    };
    let max_tokens = max_tokens(policy, found, chat, model, warnings);
    let slow = provider.local
        || is_reasoning(&model.model)
        || found.class.and_then(|rule| rule.timeout).is_some_and(|t| t >= SLOW);
    Ok(Target {
        worst: estimate::worst_cost(provider.wire, chat, max_tokens, &price),
        likely: estimate::likely_cost(chat, max_tokens, &price, &policy.preflight),
        model: model.clone(),
        provider: provider.clone(),
        price,
        price_source,
        max_tokens,
        slow,
        tier,
        redacted: None,
    })
}

/// Above the tier that the class or the chosen profile allows, or not on this machine where the
/// profile wants that.
fn outside(policy: &Policy, found: &Candidates<'_>, target: &Target) -> Option<Denial> {
    let (model, bounds) = (&target.model, &policy.bounds);
    let profile = bounds.profile.as_ref().map_or_else(String::new, |name| format!(" {name}"));
    if let Some(most) = found.max_tier.filter(|most| target.tier > *most) {
        let sentence = format!("{model} is {}, and the class allows {} at most.", target.tier.as_str(), most.as_str());
        return Some(Denial::new(Code::TierExceeded, sentence));
    }
    if let Some(most) = bounds.max_tier.filter(|most| target.tier > *most) {
        let sentence =
            format!("{model} is {}, and the profile{profile} allows {} at most.", target.tier.as_str(), most.as_str());
        return Some(Denial::new(Code::TierExceeded, sentence));
    }
    (bounds.local_only && !target.provider.local).then(|| {
        let sentence =
            format!("{model} is not on this machine, and the profile{profile} only lets such models answer.");
        Denial::new(Code::DataPolicy, sentence)
    })
}

/// A picture to a model of which the file says that it takes none.
fn blind(policy: &Policy, chat: &Chat, model: &ModelId) -> Option<Denial> {
    let shown = chat.messages.iter().flat_map(|message| &message.parts).any(|part| matches!(part, Part::Image(_)));
    (shown && policy.model(model).images == Some(false)).then(|| {
        let sentence = format!(
            "{model} takes no pictures (models.{model}.images is false). Use a model that does, or leave them out."
        );
        Denial::new(Code::InvalidRequest, sentence)
    })
}

fn too_small(policy: &Policy, chat: &Chat, target: &Target) -> Option<Denial> {
    let model = &target.model;
    let context = policy.context(model).filter(|_| exceeds(policy, chat, target))?;
    let sentence = format!(
        "The prompt may be longer than the {context} tokens of {model}. Shorten it or use a model with more context."
    );
    Some(Denial::new(Code::ContextTooLong, sentence))
}

/// Whether a conversation is longer than a model's context. What is likely decides, since the provider
/// refuses a longer one for nothing; but where the file gives a price without steps, the same bound as for
/// the money decides, because a provider may bill more beyond the context that the file writes.
pub(super) fn exceeds(policy: &Policy, chat: &Chat, target: &Target) -> bool {
    let flat = match target.price_source {
        PriceSource::File(_) => target.price.steps.is_empty() && !target.provider.local,
        PriceSource::Catalogue { .. } | PriceSource::Local => false,
    };
    let tokens = if flat {
        estimate::most_input_tokens(target.provider.wire, chat)
    } else {
        estimate::likely_tokens(chat, &policy.preflight)
    };
    policy.context(&target.model).is_some_and(|context| tokens > context)
}

/// The preflight gate.
fn too_dear(policy: &Policy, target: &Target) -> Option<Denial> {
    let Target { model, likely, .. } = target;
    (policy.preflight.enabled && *likely >= policy.preflight.block).then(|| {
        let sentence = format!(
            "This call would probably cost {likely} with {model}, and cost_preflight.block_usd is {}. Shorten it, lower max_tokens, or raise the limit in routing.yaml.",
            policy.preflight.block.total()
        );
        Denial::new(Code::CapExceeded, sentence)
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
