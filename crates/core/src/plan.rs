//! Which models may answer a call, in which order, and what that can cost. Pure: whether a provider
//! has a usable key is a parameter.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::catalog::{Provider, is_reasoning};
use crate::chat::Chat;
use crate::code::{Code, Denial};
use crate::estimate;
use crate::id::{ModelId, ProviderId, TaskClass, nearest};
use crate::money::{MicroUsd, Price};
use crate::policy::{ClassRule, Policy, PriceSource, Priced, Tier};

mod tier;

pub use tier::{tier, tier_with_reason};

/// Output tokens where nobody set a limit.
const DEFAULT_MAX_TOKENS: u64 = 4_096;
/// The same for a model that reasons before it answers.
const DEFAULT_MAX_TOKENS_REASONING: u64 = 16_000;
/// A class whose deadline is at least this long is slow: its first token may take long.
const SLOW: Duration = Duration::from_secs(120);

/// What the caller asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// A task class, perhaps with another model in place of its first choice.
    Class {
        /// As the caller wrote it.
        class: String,
        /// As the caller wrote it.
        override_model: Option<String>,
    },
    /// Exactly one model, by id, name or alias; no fallback.
    Model(String),
    /// Nothing: the class of `chat_default`.
    Default,
}

/// The models that may answer, in order, before keys and prices are looked at.
#[derive(Clone, Debug, PartialEq)]
pub struct Candidates<'p> {
    /// In order; at least one.
    pub models: Vec<ModelId>,
    /// The rule of the class; `None` for an explicit model.
    pub class: Option<&'p ClassRule>,
    /// Why these.
    pub reason: String,
}

impl Candidates<'_> {
    /// The class the call is recorded under.
    pub fn class_name(&self) -> TaskClass {
        self.class.map_or_else(TaskClass::chat, |rule| rule.class.clone())
    }
}

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
}

/// What will be tried.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// In order; at least one.
    pub targets: Vec<Target>,
    /// `defaults.summarize`, or `model` where the caller named one.
    pub rule: String,
    /// A sentence: why the first target.
    pub reason: String,
    /// The deadline over all targets and retries.
    pub deadline: Duration,
    /// What the caller should know.
    pub warnings: Vec<String>,
}

impl Plan {
    /// The dearest single attempt from a target on: what is held for all calls.
    pub fn dearest_from(&self, target: usize) -> MicroUsd {
        self.targets.iter().skip(target).map(|target| target.worst).max().unwrap_or_default()
    }
}

/// Finds the models a call may use.
///
/// # Errors
/// A denial that names the nearest class or model, or the line of a guard that is not built.
pub fn candidates<'p>(policy: &'p Policy, wanted: &Wanted) -> Result<Candidates<'p>, Denial> {
    let found = match wanted {
        Wanted::Class { class, override_model } => of_class(policy, class, override_model.as_deref())?,
        Wanted::Model(text) => {
            let model = find_model(policy, text)?;
            Candidates { reason: format!("{model} was asked for by name."), models: vec![model], class: None }
        }
        Wanted::Default => match &policy.chat_default {
            Some(class) => of_class(policy, class.as_str(), None)?,
            None => {
                return Err(Denial::new(
                    Code::InvalidRequest,
                    "routing.yaml has no task class yet, so name a model or add a class under defaults.",
                ));
            }
        },
    };
    unguarded(policy, &found)?;
    Ok(found)
}

/// Refuses what a guard covers that is written in the file and not built in this version.
fn unguarded(policy: &Policy, found: &Candidates<'_>) -> Result<(), Denial> {
    let class = found.class.map(|rule| &rule.class);
    let guard = policy.refused.iter().find(|guard| guard.class.is_none() || guard.class.as_ref() == class);
    match guard {
        None => Ok(()),
        Some(guard) => Err(Denial::new(
            Code::PolicyInvalid,
            format!(
                "routing.yaml line {} sets {}, which this version cannot enforce yet, so the call is refused. Remove the line or wait for a version that has it.",
                guard.line, guard.key
            ),
        )),
    }
}

fn of_class<'p>(policy: &'p Policy, class: &str, wanted: Option<&str>) -> Result<Candidates<'p>, Denial> {
    let Some(rule) = policy.classes.iter().find(|rule| rule.class.as_str() == class) else {
        // A class that is refused as a whole (a panel, say) has no rule but has a line.
        if let Some(guard) = policy.refused.iter().find(|g| g.class.as_ref().is_some_and(|c| c.as_str() == class)) {
            return Err(Denial::new(
                Code::PolicyInvalid,
                format!(
                    "The task class {class} uses {} (routing.yaml line {}), which this version cannot run yet.",
                    guard.key, guard.line
                ),
            ));
        }
        let known = policy.classes.iter().map(|rule| rule.class.as_str());
        let hint = nearest(class, known.clone()).map_or_else(
            || format!("The classes are: {}.", known.collect::<Vec<_>>().join(", ")),
            |near| format!("The nearest is {near}."),
        );
        return Err(Denial::new(Code::InvalidRequest, format!("There is no task class {class:?}. {hint}")));
    };
    let mut models: Vec<ModelId> = std::iter::once(&rule.primary).chain(&rule.fallback).cloned().collect();
    let mut reason = format!("Class {class}: the first choice is {}.", rule.primary);
    if let Some(wanted) = wanted {
        let model = overridden(policy, rule, wanted)?;
        models.retain(|other| *other != model);
        reason = format!("Class {class}: {model} was asked for in place of the first choice.");
        models.insert(0, model);
    }
    let mut seen = Vec::new();
    models.retain(|model| {
        let new = policy.model(model).enabled && !seen.contains(model);
        seen.push(model.clone());
        new
    });
    if models.is_empty() {
        return Err(Denial::new(
            Code::UnknownModel,
            format!("Every model of class {class} is switched off with enabled: false in routing.yaml."),
        ));
    }
    Ok(Candidates { models, class: Some(rule), reason })
}

/// A candidate of the class, or a model of the primary's provider of at most its tier.
fn overridden(policy: &Policy, rule: &ClassRule, wanted: &str) -> Result<ModelId, Denial> {
    let model = find_model(policy, wanted)?;
    let candidate = model == rule.primary || rule.fallback.contains(&model);
    let (tier, most) = (tier(policy, &model), tier(policy, &rule.primary));
    if candidate || (model.provider == rule.primary.provider && tier <= most) {
        return Ok(model);
    }
    if model.provider == rule.primary.provider {
        return Err(Denial::new(
            Code::TierExceeded,
            format!(
                "{model} is {}, above {} of class {}. Add it to the class in routing.yaml to allow it.",
                tier.as_str(),
                most.as_str(),
                rule.class
            ),
        ));
    }
    Err(Denial::new(
        Code::InvalidRequest,
        format!(
            "{model} is no candidate of class {}. Add it under fallback.{} in routing.yaml, or call chat_completion with the model.",
            rule.class, rule.class
        ),
    ))
}

/// The callable model of an id, a bare model name or an alias.
fn find_model(policy: &Policy, text: &str) -> Result<ModelId, Denial> {
    let callable = policy.callable();
    let alias = |id: &&ModelId| policy.model(id).aliases.iter().any(|alias| alias == text);
    let exact = callable.iter().find(|id| id.to_string() == text);
    if let Some(id) = exact.or_else(|| callable.iter().find(alias)) {
        return Ok(id.clone());
    }
    let same_name: Vec<_> = callable.iter().filter(|id| id.model.as_str() == text).collect();
    match same_name.as_slice() {
        [only] => return Ok((*only).clone()),
        [] => {}
        several => {
            let names: Vec<_> = several.iter().map(ToString::to_string).collect();
            return Err(Denial::new(
                Code::UnknownModel,
                format!("{text:?} is offered by several providers: {}. Name one of these.", names.join(", ")),
            ));
        }
    }
    let names: Vec<String> = callable.iter().map(ToString::to_string).collect();
    let bare = callable.iter().map(|id| id.model.as_str());
    let near = nearest(text, names.iter().map(String::as_str).chain(bare));
    let hint = near.map_or_else(
        || "Only models under models: or used by a class can be called; llm_routing_info lists them.".to_owned(),
        |near| format!("The nearest is {near}."),
    );
    Err(Denial::new(Code::UnknownModel, format!("There is no usable model {text:?}. {hint}")))
}

/// Turns candidates into targets. `unusable` names, for a provider without a usable key, why.
///
/// # Errors
/// A denial where no candidate is left: without a key, a price, room for the prompt, or below the
/// preflight gate.
pub fn plan(
    policy: &Policy,
    found: &Candidates<'_>,
    chat: &Chat,
    unusable: &BTreeMap<ProviderId, Denial>,
) -> Result<Plan, Denial> {
    let mut targets = Vec::new();
    let mut skipped: Vec<(ModelId, Denial)> = Vec::new();
    let mut warnings = Vec::new();
    for model in &found.models {
        match target(policy, found, chat, unusable, model, &mut warnings) {
            Ok(target) => targets.push(target),
            Err(denial) => skipped.push((model.clone(), denial)),
        }
    }
    let Some(first) = targets.first() else { return Err(nobody(&skipped)) };
    for (model, denial) in &skipped {
        warnings.push(format!("{model} was skipped: {}", denial.sentence));
    }
    let dearest =
        targets.iter().max_by_key(|target| target.likely).filter(|target| target.likely >= policy.preflight.warn);
    if let Some(dearest) = dearest.filter(|_| policy.preflight.enabled) {
        warnings.push(format!("This call may cost about {}, at most {}.", dearest.likely, dearest.worst));
    }
    let reason = if first.model == found.models[0] {
        found.reason.clone()
    } else {
        format!("{} {} is used instead: the choices before it cannot be used.", found.reason, first.model)
    };
    let deadline = found.class.and_then(|rule| rule.timeout).unwrap_or(policy.timeouts.total);
    let rule = found.class.map_or_else(|| "model".to_owned(), |rule| format!("defaults.{}", rule.class));
    Ok(Plan { targets, rule, reason, deadline, warnings })
}

fn target(
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
    let Some(Priced { price, source: price_source }) = policy.priced(model) else {
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
        price_source,
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

/// Why nobody can answer: the first candidate's reason, and that the others have theirs.
fn nobody(skipped: &[(ModelId, Denial)]) -> Denial {
    match skipped {
        [] => Denial::new(Code::Internal, "The plan has no candidates."),
        [(_, only)] => only.clone(),
        [(_, first), rest @ ..] => {
            let others: Vec<_> = rest
                .iter()
                .filter(|(_, denial)| denial.sentence != first.sentence)
                .map(|(model, denial)| format!("{model}: {}", denial.sentence))
                .collect();
            let others =
                if others.is_empty() { "The same holds for its fallbacks.".to_owned() } else { others.join(" ") };
            Denial::new(first.code, format!("{} No fallback can be used. {others}", first.sentence))
        }
    }
}

#[cfg(test)]
mod tests;
