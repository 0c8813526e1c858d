//! In which order able candidates are asked, and the sentence that says why the first one is first, whole
//! and as it stands beside what it is about.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::time::Duration;

use super::{Candidates, Ground, Now, Weighed};
use crate::id::ModelId;
use crate::policy::Strategy;

/// Able ones first, by the strategy of the class; the others behind them as written. Where the strategy
/// finds no difference the file's order stays.
pub(super) fn order(found: &Candidates<'_>, now: &Now, weighed: &mut [Weighed]) {
    let strategy = found.strategy();
    weighed.sort_by(|one, other| match (one.able(), other.able()) {
        (None, None) => Ordering::Equal,
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (Some(a), Some(b)) => match strategy {
            Strategy::Fixed => Ordering::Equal,
            Strategy::Cheapest => a.worst.cmp(&b.worst),
            // Those nobody has measured come after all others.
            Strategy::Fastest => speed(now, &a.model).cmp(&speed(now, &b.model)),
        },
    });
}

fn speed(now: &Now, model: &ModelId) -> Duration {
    now.first_token.get(model).copied().unwrap_or(Duration::MAX)
}

/// Why the first of the ordered candidates answers, with its tier, in one sentence or two.
pub(super) fn reason(found: &Candidates<'_>, now: &Now, weighed: &[Weighed]) -> String {
    let Some(first) = weighed.first() else { return String::new() };
    let able: Vec<_> = weighed.iter().filter_map(Weighed::able).collect();
    let (model, class) = (&first.model, found.class_name());
    let among = |most: &str| match able.len() {
        1 => "the only one that can answer".to_owned(),
        count => format!("the {most} of the {count} that can answer"),
    };
    let took_over = found.took_over_from.map_or_else(String::new, |from| {
        format!("The conversation is too long for class {from}, so class {class} takes over. ")
    });
    let fixed = |why: String| {
        if *model == found.models[0] {
            why
        } else {
            format!("{why}. {model} is used instead because the choices before it cannot be")
        }
    };
    let written = &found.models[0];
    let worst = able.first().map(|target| target.worst).unwrap_or_default();
    let why = match (found.ground, found.strategy()) {
        (Ground::Named, _) => format!("{model} was asked for by name"),
        (Ground::Override, _) => fixed(format!("Class {class}: {written} was asked for in place of the first choice")),
        (Ground::Share(percent), _) => {
            fixed(format!("Class {class}: {written} has a share of {percent} %, into which this conversation falls"))
        }
        (Ground::First, Strategy::Fixed) => fixed(format!("Class {class}: the first choice is {written}")),
        (Ground::First, Strategy::Cheapest) => {
            format!("Class {class}: {model} is {}, {worst} at most", among("cheapest"))
        }
        (Ground::First, Strategy::Fastest) => match now.first_token.get(model) {
            Some(time) => {
                format!("Class {class}: {model} is {}, {} ms to its first token", among("fastest"), time.as_millis())
            }
            None => fixed(format!(
                "Class {class}: none that can answer was called 5 times in 7 days, so the first choice is {written}"
            )),
        },
    };
    format!("{took_over}{why} ({}: {}).", first.tier.as_str(), first.tier_reason)
}

/// The part of such a reason that is news beside the class and the model: "the cheapest of the 3 that can
/// answer, $0.0021 at most (L1: …)". A reason that says more stays whole.
pub fn brief<'a>(reason: &'a str, class: &str, model: &str) -> Cow<'a, str> {
    let rest = reason.strip_prefix(&format!("Class {class}: ")).unwrap_or(reason);
    let rest = rest.strip_suffix('.').unwrap_or(rest);
    if let Some(tier) = rest.strip_prefix(&format!("the first choice is {model} ")) {
        return Cow::Owned(format!("first choice {tier}"));
    }
    let says = rest.strip_prefix(&format!("{model} "));
    let said = says.and_then(|says| says.strip_prefix("is ").or_else(|| says.strip_prefix("was ")).or(Some(says)));
    Cow::Borrowed(said.unwrap_or(rest))
}
