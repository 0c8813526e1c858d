//! What is said where a cap has no room: the cap, what is used of it, what the call may need, and when the
//! window ends.

use jiff::Timestamp;
use pointsman_core::budget::{OnHit, Window};
use pointsman_core::code::{Code, Denial};
use pointsman_core::id::ModelId;
use pointsman_core::money::MicroUsd;

use crate::ledger::reservation::NoRoom;

/// The denial of a cap without room.
pub(crate) fn denied(found: &NoRoom) -> Denial {
    let (title, used) = (capital(&found.cap.title(&found.account)), used(found));
    let resets = resets(found);
    match found.cap.on_hit {
        OnHit::Ask => Denial::new(
            Code::NeedsApproval,
            format!(
                "{title} has no room: {used}.{resets} It says ask, and this version cannot ask yet, so the call is refused. The user can raise it in routing.yaml."
            ),
        ),
        OnHit::LocalOnly => Denial::new(
            Code::CapExceeded,
            format!(
                "{title} has no room: {used}.{resets} It leaves only models of this machine, and this call has none that can answer. The user can add one or raise the cap in routing.yaml."
            ),
        ),
        OnHit::Block | OnHit::Warn => Denial::new(
            Code::CapExceeded,
            format!("{title} has no room: {used}.{resets} The user can raise it in routing.yaml."),
        ),
    }
}

/// What a cap that did not stop a call has to say of it.
pub(crate) fn warned(found: &NoRoom, model: &ModelId) -> String {
    let title = capital(&found.cap.title(&found.account));
    match found.cap.on_hit {
        OnHit::LocalOnly => {
            format!("{title} has no room: {}. {model} of this machine was asked instead.", used(found))
        }
        OnHit::Warn | OnHit::Ask | OnHit::Block => format!("{title} may be passed: {}.{}", used(found), resets(found)),
    }
}

/// "$1.20 used, $0.30 held, and this call may need $0.60"
fn used(found: &NoRoom) -> String {
    let NoRoom { cap, limit, balance, needed, .. } = found;
    let held = if balance.held > MicroUsd::ZERO { format!(", {} held", balance.held) } else { String::new() };
    let more = limit.minus(cap.limit);
    let raised =
        if more > MicroUsd::ZERO { format!(" of {} with what it was raised by", limit.total()) } else { String::new() };
    format!("{} used{raised}{held}, and this call may need {needed}", balance.charged)
}

fn resets(found: &NoRoom) -> String {
    match &found.resets {
        Some(at) => {
            let today = Timestamp::now().to_zoned(at.time_zone().clone()).date();
            let soon = at.date() <= today.tomorrow().unwrap_or(today);
            format!(" It resets at {}.", at.strftime(if soon { "%H:%M" } else { "%H:%M on %-d %B %Y" }))
        }
        None if found.cap.window == Window::Total => " It never resets.".to_owned(),
        None => String::new(),
    }
}

fn capital(text: &str) -> String {
    let mut text = text.chars();
    text.next().map(|first| first.to_uppercase().collect::<String>() + text.as_str()).unwrap_or_default()
}
