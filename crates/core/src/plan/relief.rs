//! What is done where a conversation is too long for every model that could answer it: the larger class
//! that the policy names takes over, else the oldest turns are left out where the class allows it. Never
//! a system message, never the last message of the user, and never without saying so.

use super::candidates::larger;
use super::target::exceeds;
use super::{Asked, Candidates, Now, Target, weigh};
use crate::chat::{Chat, Message, Part, Role};
use crate::code::{Code, Denial};
use crate::policy::Policy;

/// What to try in place of a denial.
#[derive(Clone, Debug, PartialEq)]
pub enum Relief<'p> {
    /// The candidates of the class that takes over.
    Larger(Candidates<'p>),
    /// The messages without the oldest turns, and a sentence about what was left out.
    Shorter(Vec<Message>, String),
}

/// What to try where no candidate could answer. `None` where length is not the reason, or the policy
/// has nothing to offer. Asked again after each try it ends: classes do not lead back to each other, and
/// a shortened conversation fits.
pub fn relief<'p>(policy: &'p Policy, found: &Candidates<'p>, asked: Asked<'_>, now: &Now) -> Option<Relief<'p>> {
    let too_long = |denial: &Denial| denial.code == Code::ContextTooLong;
    let (weighed, _) = weigh(policy, found, asked.chat, now);
    let short = weighed.iter().filter(|one| one.why_not.as_ref().is_some_and(too_long));
    let largest = short.filter_map(|one| one.target.as_ref()).max_by_key(|target| policy.context(&target.model))?;
    if let Some(next) = larger(policy, found, asked) {
        return Some(Relief::Larger(next));
    }
    found.class.filter(|rule| rule.truncate_oldest)?;
    shorten(policy, found, asked.chat, largest).map(|(chat, said)| Relief::Shorter(chat.messages, said))
}

/// The conversation without as many of its oldest turns as it takes to fit a model. `None` where even the
/// last turn alone does not fit.
fn shorten(policy: &Policy, found: &Candidates<'_>, chat: &Chat, model: &Target) -> Option<(Chat, String)> {
    let turns = turns(&chat.messages);
    // The more turns go, the shorter it is.
    let fits = |gone: usize| !exceeds(policy, &without(chat, &turns[..gone]), model);
    let (mut too_few, mut enough) = (0, turns.len());
    if turns.is_empty() || !fits(enough) {
        return None;
    }
    while enough - too_few > 1 {
        let middle = too_few + (enough - too_few) / 2;
        if fits(middle) { enough = middle } else { too_few = middle }
    }
    let gone = &turns[..enough];
    let count: usize = gone.iter().map(Vec::len).sum();
    let characters: usize = gone.iter().flatten().map(|at| characters(&chat.messages[*at])).sum();
    let per_token = policy.preflight.chars_per_token_x100.max(1) as usize;
    let tokens = characters.saturating_mul(100).div_ceil(per_token);
    let (messages, were) =
        if count == 1 { ("message".to_owned(), "was") } else { (format!("{count} messages"), "were") };
    let said = format!(
        "The conversation was too long for the models of class {}, so its oldest {messages} (about {tokens} tokens) {were} left out.",
        found.class_name()
    );
    Some((without(chat, gone), said))
}

/// The places of all messages that may go, by turn, oldest first. A turn begins with a message of the
/// user and goes with its answers; the last one stays.
fn turns(messages: &[Message]) -> Vec<Vec<usize>> {
    let last = messages.iter().rposition(|message| message.role == Role::User).unwrap_or_default();
    let mut turns: Vec<Vec<usize>> = Vec::new();
    for (at, message) in messages.iter().enumerate().take(last) {
        match (message.role, turns.last_mut()) {
            (Role::System, _) => {}
            (Role::Assistant, Some(turn)) => turn.push(at),
            (Role::User, _) | (Role::Assistant, None) => turns.push(vec![at]),
        }
    }
    turns
}

fn without(chat: &Chat, gone: &[Vec<usize>]) -> Chat {
    let kept = chat.messages.iter().enumerate().filter(|(at, _)| !gone.iter().any(|turn| turn.contains(at)));
    Chat { messages: kept.map(|(_, message)| message.clone()).collect(), params: chat.params.clone() }
}

/// A picture counts as a thousand tokens, as for the likely cost.
fn characters(message: &Message) -> usize {
    message
        .parts
        .iter()
        .map(|part| match part {
            Part::Text(text) => text.chars().count(),
            Part::Image(_) => 4_000,
        })
        .sum()
}
