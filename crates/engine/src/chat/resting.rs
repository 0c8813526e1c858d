//! What is said of a model that is not asked because it rests: why, and when it is tried again.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use pointsman_core::breaker::{Gate, Record, Rest, Why, gate};
use pointsman_core::code::{Code, Denial};
use pointsman_core::id::ModelId;
use pointsman_core::policy::Breaker;

use crate::Inner;
use crate::ledger::{breaker, setting};

/// "mine/small rests until 14:03:10: 5 calls in a row failed, the last with overloaded."
pub(crate) fn said(model: &ModelId, rest: &Rest, zone: &TimeZone) -> String {
    let until = rest.until.to_zoned(zone.clone()).strftime("%H:%M:%S");
    let last = rest.last.as_str();
    match rest.why {
        Why::Failed(1) => format!("{model} rests until {until}: the last call failed with {last}."),
        Why::Failed(count) => {
            format!("{model} rests until {until}: {count} calls in a row failed, the last with {last}.")
        }
        Why::Asked => format!("{model} is not asked until {until}: its provider wants no call before ({last})."),
        Why::Probing => {
            format!("{model} rests after failed calls; one call tries it just now, which has until {until}.")
        }
    }
}

/// What is known of a model that has failed lately.
pub(crate) struct Resting {
    pub(crate) record: Record,
    /// `closed`, `open` or `half_open`.
    pub(crate) state: &'static str,
    /// Why it is not asked, where it is not.
    pub(crate) why_not: Option<String>,
}

/// Every model that has failed lately.
pub(crate) async fn all(inner: &Inner, rules: Breaker) -> Result<BTreeMap<ModelId, Resting>, Denial> {
    let looked = inner.ledger.glance(|connection| Ok((breaker::all(connection)?, setting::zone(connection)?)));
    let ((records, zone), now) = (looked.await?, Timestamp::now());
    let known = |(model, record): (ModelId, Record)| {
        let (state, why_not) = match gate(Some(&record), rules, now) {
            Gate::Closed => ("closed", None),
            Gate::HalfOpen => ("half_open", None),
            Gate::Open(rest) => ("open", Some(said(&model, &rest, &zone))),
        };
        (model, Resting { record, state, why_not })
    };
    Ok(records.into_iter().map(known).collect())
}

/// The denial of a call all of whose models rest.
pub(crate) fn denied(rests: &[(ModelId, Rest)], zone: &TimeZone) -> Denial {
    let all: Vec<_> = rests.iter().map(|(model, rest)| said(model, rest, zone)).collect();
    let earliest = rests.iter().map(|(_, rest)| rest.until).min();
    let again = earliest.map_or_else(String::new, |until| {
        format!(" Ask again after {}, or name another model.", until.to_zoned(zone.clone()).strftime("%H:%M:%S"))
    });
    Denial::new(Code::BreakerOpen, format!("{}{again}", all.join(" ")))
}
