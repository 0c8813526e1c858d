//! Whether an edit lets more be spent than the caps before it: each must be held by one of the new ones.

use super::{Said, exact};
use crate::budget::{Cap, OnHit, Scope};

impl Said<'_> {
    /// Every old cap must be kept by a new one of the same window that counts at least as much on one
    /// account, allows no more, and is as strict when it is hit. Alerts only tell, and hold nothing.
    pub(super) fn caps(&mut self, caps: &[Cap]) {
        for old in &self.old.caps {
            let Cap { scope, window, limit, on_hit, alerts: _, line: _ } = old;
            let counts = |new: &&Cap| new.window == *window && counts_all_of(&new.scope, scope);
            if caps.iter().filter(counts).any(|new| new.limit <= *limit && new.on_hit >= *on_hit) {
                continue;
            }
            let same = || caps.iter().filter(|new| new.window == *window && new.scope == *scope);
            let lowest = same().filter(|new| new.on_hit >= *on_hit).map(|new| new.limit).min();
            let strictest = same().filter(|new| new.limit <= *limit).map(|new| new.on_hit).max();
            let (name, was) = (cap_name(old), exact(*limit));
            self.say(match (lowest, strictest) {
                (Some(limit), _) => format!("The {name} goes from {was} to {}.", exact(limit)),
                (None, Some(now)) => format!("The {name} of {was} {} {}.", does(now), instead_of(*on_hit)),
                (None, None) => format!("The {name} of {was} is removed."),
            });
        }
    }
}

/// Whether each account of `old` lies within one account of `new`.
fn counts_all_of(new: &Scope, old: &Scope) -> bool {
    match (new, old) {
        (Scope::All, _) => true,
        (Scope::Provider(None), Scope::Provider(_) | Scope::Model(_)) => true,
        (Scope::Provider(Some(new)), Scope::Provider(Some(old))) => new == old,
        (Scope::Provider(Some(new)), Scope::Model(Some(old))) => *new == old.provider,
        (Scope::Model(None), Scope::Model(_))
        | (Scope::Client(None), Scope::Client(_))
        | (Scope::Class(None), Scope::Class(_))
        | (Scope::Project(None), Scope::Project(_)) => true,
        (Scope::Model(Some(new)), Scope::Model(Some(old))) => new == old,
        (Scope::Client(Some(new)), Scope::Client(Some(old))) => new == old,
        (Scope::Class(Some(new)), Scope::Class(Some(old))) => new == old,
        (Scope::Project(Some(new)), Scope::Project(Some(old))) => new == old,
        (
            Scope::Provider(_) | Scope::Model(_) | Scope::Client(_) | Scope::Class(_) | Scope::Project(_),
            Scope::All | Scope::Provider(_) | Scope::Model(_) | Scope::Client(_) | Scope::Class(_) | Scope::Project(_),
        ) => false,
    }
}

fn cap_name(cap: &Cap) -> String {
    let window = cap.window.as_str();
    match &cap.scope {
        Scope::All => format!("{window} cap"),
        Scope::Provider(None) => format!("{window} cap of each provider"),
        Scope::Model(None) => format!("{window} cap of each model"),
        Scope::Client(None) => format!("{window} cap of each client"),
        Scope::Class(None) => format!("{window} cap of each task class"),
        Scope::Project(None) => format!("{window} cap of each project"),
        named => format!("{window} cap{}", cap.whom(&named.name().unwrap_or_default())),
    }
}

/// What a cap does when it is hit.
const fn does(on_hit: OnHit) -> &'static str {
    match on_hit {
        OnHit::Block => "blocks",
        OnHit::Ask => "asks",
        OnHit::LocalOnly => "lets models of this machine go on",
        OnHit::Warn => "only warns",
    }
}

const fn instead_of(on_hit: OnHit) -> &'static str {
    match on_hit {
        OnHit::Block => "instead of blocking",
        OnHit::Ask => "instead of asking",
        OnHit::LocalOnly => "instead of leaving only models of this machine",
        OnHit::Warn => "instead of warning",
    }
}
