//! One task class as a value: which models may answer it, in which order, and within which limits.

use std::time::Duration;

use super::Tier;
use crate::chat::{Decimal, PrefixCache};
use crate::id::{ModelId, TaskClass};
use crate::privacy::Rule;

/// One task class with a single answer.
#[derive(Clone, Debug, PartialEq)]
pub struct ClassRule {
    /// Its name.
    pub class: TaskClass,
    /// The first choice. With a `split`, one of its models: the base of tiers and overrides.
    pub primary: ModelId,
    /// Shares that take the place of the first choice; empty, or adding up to 100.
    pub split: Vec<Share>,
    /// What is tried next, in order: `fallback.<class>`.
    pub fallback: Vec<ModelId>,
    /// In which order the models are tried.
    pub strategy: Strategy,
    /// `tier`: no model above it answers.
    pub max_tier: Option<Tier>,
    /// The most output tokens of an answer.
    pub max_tokens: Option<u64>,
    /// Passed on where the caller says nothing.
    pub temperature: Option<Decimal>,
    /// The deadline of a call; replaces `timeouts.total_s`. At 120 s or more the class is slow.
    pub timeout: Option<Duration>,
    /// Whether an answer may be kept and given again for the very same call.
    pub cache: bool,
    /// For how long the provider is asked to keep the beginning of a conversation.
    pub prefix_cache: Option<PrefixCache>,
    /// The class that answers where the conversation is too long for every model of this one.
    pub too_long: Option<TaskClass>,
    /// Whether the oldest turns may be left out where the conversation is too long.
    pub truncate_oldest: bool,
    /// Rules about what may be sent where that the class adds to those of the file.
    pub data_policy: Vec<Rule>,
    /// What the class is for, told to the calling model.
    pub rationale: Option<String>,
    /// Where the class stands in the file, from 1.
    pub line: usize,
}

impl ClassRule {
    /// A class that says nothing but its model.
    pub const fn bare(class: TaskClass, primary: ModelId) -> Self {
        Self {
            class,
            primary,
            split: Vec::new(),
            fallback: Vec::new(),
            strategy: Strategy::Fixed,
            max_tier: None,
            max_tokens: None,
            temperature: None,
            timeout: None,
            cache: false,
            prefix_cache: None,
            too_long: None,
            truncate_oldest: false,
            data_policy: Vec::new(),
            rationale: None,
            line: 0,
        }
    }

    /// The first choice, or all among which it is split.
    pub fn first_choices(&self) -> impl Iterator<Item = &ModelId> {
        let first = self.split.is_empty().then_some(&self.primary);
        first.into_iter().chain(self.split.iter().map(|share| &share.model))
    }

    /// Every model that may answer, first choices before fallbacks.
    pub fn models(&self) -> impl Iterator<Item = &ModelId> {
        self.first_choices().chain(&self.fallback)
    }
}

/// One model's part of the calls of a class.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Share {
    /// Which.
    pub model: ModelId,
    /// Percent, from 1.
    pub percent: u8,
}

/// In which order the models of a class are tried: product.md §9.1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Strategy {
    /// As written.
    #[default]
    Fixed,
    /// By what a call can cost at most.
    Cheapest,
    /// By how soon they begin to answer.
    Fastest,
}

impl Strategy {
    /// The word in routing.yaml.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Fixed => "fixed",
            Self::Cheapest => "cheapest",
            Self::Fastest => "fastest",
        }
    }
}
