//! How long to wait before the same target is tried again.

use std::time::Duration;

use crate::policy::Retry;

/// The wait before retry number `nth` (0 is the first retry), or `None` when there are no more.
/// `random` is 0..=1000 and moves the wait within the jitter. A provider's `Retry-After` replaces a
/// shorter wait. `None` too where the wait would pass what is left until the deadline.
pub fn wait(retry: &Retry, nth: usize, random: u32, retry_after: Option<Duration>, left: Duration) -> Option<Duration> {
    let base = *retry.delays.get(nth)?;
    // From −jitter to +jitter in thousandths of the wait.
    let swing = i64::from(retry.jitter_x1000.min(1000)) * (i64::from(random.min(1000)) - 500) / 500;
    let share = u32::try_from(1000 + swing).unwrap_or(0);
    let wait = (base * share / 1000).max(retry_after.unwrap_or_default());
    (wait < left).then_some(wait)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    #[test]
    fn waits_grow_and_end() {
        let retry = Retry::default();
        let waits: Vec<_> = (0..4).map(|nth| wait(&retry, nth, 500, None, MINUTE)).collect();
        assert_eq!(
            waits,
            [Some(Duration::from_secs(1)), Some(Duration::from_secs(3)), Some(Duration::from_secs(7)), None]
        );
        assert_eq!(wait(&retry, 0, 0, None, MINUTE), Some(Duration::from_millis(800)));
        assert_eq!(wait(&retry, 0, 1000, None, MINUTE), Some(Duration::from_millis(1200)));
    }

    #[test]
    fn the_provider_may_ask_for_longer_but_not_beyond_the_deadline() {
        let retry = Retry::default();
        assert_eq!(wait(&retry, 0, 500, Some(Duration::from_secs(5)), MINUTE), Some(Duration::from_secs(5)));
        assert_eq!(wait(&retry, 0, 500, Some(Duration::from_secs(90)), MINUTE), None);
    }
}
