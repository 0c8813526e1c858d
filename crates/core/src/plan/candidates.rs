//! The models a call may use by what the caller asked for, before keys, prices and sizes are looked at.

use super::{split, tier};
use crate::chat::Chat;
use crate::code::{Code, Denial};
use crate::id::{ClientId, ModelId, TaskClass, nearest};
use crate::policy::{ClassRule, Policy, Strategy, Tier};

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

/// Whose conversation it is: by both a split is decided.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// The client as our own entry names it.
    pub client: Option<&'a ClientId>,
    /// The conversation.
    pub chat: &'a Chat,
}

/// Why the first of the candidates is the first, before a strategy reorders them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ground {
    /// The caller named it, without a class.
    Named,
    /// It is written first.
    First,
    /// The caller named it in place of the first choice.
    Override,
    /// The conversation falls into its share, in percent.
    Share(u8),
}

/// The models that may answer, before keys, prices and sizes are looked at.
#[derive(Clone, Debug, PartialEq)]
pub struct Candidates<'p> {
    /// As written; at least one.
    pub models: Vec<ModelId>,
    /// The rule of the class; `None` for an explicit model.
    pub class: Option<&'p ClassRule>,
    /// Why the first is the first.
    pub ground: Ground,
    /// No model above it answers: the lowest limit of the class and of those it took over from.
    pub max_tier: Option<Tier>,
    /// The class the caller asked for, where another one took over.
    pub took_over_from: Option<&'p TaskClass>,
}

impl Candidates<'_> {
    /// The class the call is recorded under.
    pub fn class_name(&self) -> TaskClass {
        self.class.map_or_else(TaskClass::chat, |rule| rule.class.clone())
    }

    /// In which order they are tried. A model the caller put first stays first.
    pub(super) fn strategy(&self) -> Strategy {
        match (self.ground, self.class) {
            (Ground::First, Some(rule)) => rule.strategy,
            (Ground::Named | Ground::Override | Ground::Share(_), _) | (Ground::First, None) => Strategy::Fixed,
        }
    }
}

/// Finds the models a call may use.
///
/// # Errors
/// A denial that names the nearest class or model, or the line of a guard that is not built.
pub fn candidates<'p>(policy: &'p Policy, wanted: &Wanted, asked: Asked<'_>) -> Result<Candidates<'p>, Denial> {
    let found = match wanted {
        Wanted::Class { class, override_model } => of_class(policy, class, override_model.as_deref(), asked)?,
        Wanted::Model(text) => {
            let models = vec![find_model(policy, text)?];
            Candidates { models, class: None, ground: Ground::Named, max_tier: None, took_over_from: None }
        }
        Wanted::Default => match &policy.chat_default {
            Some(class) => of_class(policy, class.as_str(), None, asked)?,
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

/// The candidates of the class that takes over where a conversation is too long for all of `found`.
/// `None` where the class names none or the one it names cannot answer. A file in which this leads back
/// is not valid, so it ends.
pub(super) fn larger<'p>(policy: &'p Policy, found: &Candidates<'p>, asked: Asked<'_>) -> Option<Candidates<'p>> {
    let rule = found.class?;
    let next = of_class(policy, rule.too_long.as_ref()?.as_str(), None, asked).ok()?;
    unguarded(policy, &next).ok()?;
    let max_tier = [found.max_tier, next.max_tier].into_iter().flatten().min();
    Some(Candidates { max_tier, took_over_from: found.took_over_from.or(Some(&rule.class)), ..next })
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

fn of_class<'p>(
    policy: &'p Policy,
    class: &str,
    wanted: Option<&str>,
    asked: Asked<'_>,
) -> Result<Candidates<'p>, Denial> {
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
    let share = split::share(&rule.split, asked);
    let (first, mut ground) = match share {
        Some(share) => (&share.model, Ground::Share(share.percent)),
        None => (&rule.primary, Ground::First),
    };
    let mut models: Vec<ModelId> = std::iter::once(first).chain(&rule.fallback).cloned().collect();
    if let Some(wanted) = wanted {
        let model = overridden(policy, rule, wanted)?;
        models.retain(|other| *other != model);
        models.insert(0, model);
        ground = Ground::Override;
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
    Ok(Candidates { models, class: Some(rule), ground, max_tier: rule.max_tier, took_over_from: None })
}

/// A candidate of the class, or a model of the primary's provider of at most its tier.
fn overridden(policy: &Policy, rule: &ClassRule, wanted: &str) -> Result<ModelId, Denial> {
    let model = find_model(policy, wanted)?;
    let candidate = rule.models().any(|other| *other == model);
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
