//! The refreshed list of prices, laid under the active version where its `prices.refresh` wants one. Looked up
//! by one row of the ledger, read again when another list was fetched or another day begins. A list that is not
//! signed under this home's key was not fetched by Pointsman, and has no effect.

use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::Offset;
use pointsman_core::catalog::prices::Refreshed;
use pointsman_core::policy::Refresh;

use super::{ActivePolicy, State};
use crate::Inner;
use crate::ledger::price_list;

/// What lists are signed as.
pub(crate) const PURPOSE: &str = "prices";

/// When a keychain that could not be asked is asked again.
const AGAIN: Duration = Duration::from_secs(30);

const FORGED: &str = "The refreshed list of prices in the ledger was not fetched by Pointsman, so it has no effect. The next refresh replaces it.";

/// The list as this process knows it.
#[derive(Debug, Default)]
pub(super) struct Known {
    /// Which list was read, and for which day.
    seen: Option<(i64, Date)>,
    list: Option<Arc<Refreshed>>,
    /// Why it has no effect.
    problem: Option<String>,
    /// Not to be told for good: look again then.
    again: Option<Instant>,
}

/// The version with the list under it, and why the list has no effect, where it has none.
pub(super) async fn laid_under(
    state: &mut State,
    inner: &Inner,
    active: Arc<ActivePolicy>,
) -> (Arc<ActivePolicy>, Option<String>) {
    match active.policy.prices.refresh {
        Refresh::Off => return (active, None),
        Refresh::Daily => {}
    }
    // A ledger that cannot be read stops the call by itself.
    let fetched = inner.ledger.glance(price_list::fetched).await.unwrap_or_default();
    let wanted = fetched.map(|ms| (ms, active.policy.day));
    let due = state.list.again.is_some_and(|at| at <= Instant::now());
    if state.list.seen != wanted || due {
        state.list = read(inner, active.policy.day).await;
        state.list.seen = wanted;
    }
    let problem = state.list.problem.clone();
    if active.policy.refreshed.as_ref().map(Arc::as_ptr) == state.list.list.as_ref().map(Arc::as_ptr) {
        return (active, problem);
    }
    let mut with = (*active).clone();
    with.policy.refreshed.clone_from(&state.list.list);
    let with = Arc::new(with);
    state.outcome = Some(Ok(with.clone()));
    (with, problem)
}

async fn read(inner: &Inner, day: Date) -> Known {
    let row = match inner.ledger.read(price_list::get).await {
        Ok(Some(row)) => row,
        Ok(None) => return Known::default(),
        Err(error) => {
            tracing::warn!(%error, "the refreshed list of prices could not be read");
            return Known { again: Some(Instant::now() + AGAIN), ..Known::default() };
        }
    };
    match inner.secrets.verify(PURPOSE, &row.message(), &row.mac).await {
        Ok(true) => {
            let list = Refreshed::read(&row.list, date(row.fetched_ms), day);
            Known { list: Some(Arc::new(list)), ..Known::default() }
        }
        Ok(false) => {
            tracing::warn!("a list of prices is not signed by Pointsman and has no effect");
            Known { problem: Some(FORGED.to_owned()), ..Known::default() }
        }
        Err(denial) => {
            let why =
                format!("The refreshed list of prices cannot be confirmed and has no effect. {}", denial.sentence);
            Known { problem: Some(why), again: Some(Instant::now() + AGAIN), ..Known::default() }
        }
    }
}

/// The day of an instant, everywhere the same.
fn date(ms: i64) -> Date {
    Offset::UTC.to_datetime(Timestamp::from_millisecond(ms).unwrap_or_default()).date()
}
