//! The daily refresh of list prices. The tray app fetches, or a person at a terminal; a server never does, since
//! nobody asked it to. What is believed of a list is decided in core at each reading, against the table of the
//! program that reads; here it is fetched, signed and put into the ledger.

use std::time::Duration;

use jiff::Timestamp;
use pointsman_core::catalog::prices::{self, Refreshed};
use pointsman_core::catalog::{BaseUrl, published};
use pointsman_core::code::{Code, Denial};
use pointsman_core::policy::{Policy, Refresh};

use crate::ledger::price_list::{self, Row, Tried};
use crate::policy_file::PRICES as PURPOSE;
use crate::{Gateway, Inner, Surface};

/// How long a fetch may take, and to connect.
const LIMIT: Duration = Duration::from_secs(30);
const CONNECT: Duration = Duration::from_secs(10);
/// The longest list that is read: genai-prices' has 0.8 MB.
const LONGEST: usize = 4 * 1024 * 1024;
/// After a list, and after a try that failed.
const DAY: Duration = Duration::from_secs(86_400);
const HOUR: Duration = Duration::from_secs(3_600);
/// The start is put off by up to this, and each next time too, so that no two machines keep step.
const JITTER: Duration = Duration::from_secs(600);
/// The most prices that are named as left alone; more are counted.
const NAMED: usize = 20;

impl Gateway {
    /// Fetches the list of prices now; up to 30 s. Says what came of it. A failure is kept, and shown beside
    /// the models until a later try succeeds; the list that was there stays.
    ///
    /// # Errors
    /// From a server; where `prices.refresh` is off; where the list cannot be had, is none, or cannot be signed.
    pub async fn refresh_prices(&self) -> Result<String, Denial> {
        let inner = self.inner();
        if inner.caller.surface == Surface::Mcp {
            let sentence =
                "List prices are refreshed by the Pointsman app, or with `pointsman models --refresh-prices`.";
            return Err(Denial::new(Code::NeedsApproval, sentence));
        }
        let active = inner.policy.snapshot(inner).await?;
        let (Refresh::Daily, Some(url)) = (active.policy.prices.refresh, active.policy.prices.address()) else {
            let sentence = "prices.refresh is off, so a list would have no effect. Write prices: { refresh: daily } into routing.yaml to use the list prices of the day.";
            return Err(Denial::new(Code::InvalidRequest, sentence));
        };
        let now = Timestamp::now();
        let done = fetch_and_sign(inner, &url, now.as_millisecond()).await;
        match done {
            Ok((row, left_out)) => {
                let list = Refreshed::read(&row.list, active.policy.day, active.policy.day);
                inner.ledger.write(move |tx| price_list::put(tx, &row)).await?;
                Ok(summary(&list, left_out))
            }
            Err(denial) => {
                let kept = denial.clone();
                inner.ledger.write(move |tx| price_list::failed(tx, now.as_millisecond(), &kept)).await?;
                Err(denial)
            }
        }
    }

    /// Fetches the list where that is due: a day after the last one, an hour after a failure. The tray app calls
    /// it every minute; `up` is how long it has been running.
    ///
    /// # Errors
    /// As [`Gateway::refresh_prices`], and where the ledger cannot be read. What failed is kept to be shown.
    pub async fn refresh_prices_when_due(&self, up: Duration) -> Result<(), Denial> {
        let inner = self.inner();
        let jitter = jitter(&inner.instance);
        // Without a policy there is nothing that would want prices.
        let Ok(active) = inner.policy.snapshot(inner).await else { return Ok(()) };
        if up < jitter || active.policy.prices.refresh == Refresh::Off {
            return Ok(());
        }
        let tried = inner.ledger.read(price_list::tried).await?;
        if is_due(tried.as_ref(), Timestamp::now().as_millisecond(), jitter) {
            self.refresh_prices().await?;
        }
        Ok(())
    }
}

/// Whether it is time. A last try in the future was made under a wrong clock, and does not count.
fn is_due(tried: Option<&Tried>, now_ms: i64, jitter: Duration) -> bool {
    let Some(tried) = tried else { return true };
    let wait = if tried.failed.is_some() { HOUR } else { DAY } + jitter;
    let since = now_ms.saturating_sub(tried.at_ms);
    since < 0 || u128::try_from(since).is_ok_and(|since| since >= wait.as_millis())
}

/// A share of [`JITTER`] by the random name of this process.
fn jitter(instance: &str) -> Duration {
    let sum = instance.bytes().fold(0u32, |sum, byte| sum.wrapping_mul(31).wrapping_add(u32::from(byte)));
    JITTER * (sum % 1_000) / 1_000
}

/// The signed row, and how many models of the list were left out.
async fn fetch_and_sign(inner: &Inner, url: &BaseUrl, fetched_ms: i64) -> Result<(Row, usize), Denial> {
    let text = fetch(inner, url).await?;
    // Most of a megabyte of JSON: not on a thread that other calls wait for.
    let read = tokio::task::spawn_blocking(move || published::fetched(&text)).await;
    let read = read.map_err(|_| Denial::new(Code::Internal, "Reading the list of prices was interrupted."))?;
    let fetched = read.map_err(|why| bad(url, &format!("is not one that can be read: {why}.")))?;
    let mut row = Row { fetched_ms, url: url.as_str().to_owned(), list: fetched.table, mac: Vec::new() };
    let signed = inner.secrets.sign(PURPOSE, &row.message()).await;
    let unsigned = |denial: Denial| {
        let sentence =
            format!("A list of prices is signed with a key in the keychain, and that failed. {}", denial.sentence);
        Denial::new(denial.code, sentence)
    };
    row.mac = signed.map_err(unsigned)?.to_vec();
    Ok((row, fetched.left_out))
}

async fn fetch(inner: &Inner, url: &BaseUrl) -> Result<String, Denial> {
    let asked = async {
        let mut incoming =
            inner.transport.get(url, CONNECT).await.map_err(|why| Denial::new(why.kind.code(), why.sentence))?;
        if incoming.head.status != 200 {
            return Err(bad(url, &format!("was answered with HTTP {}.", incoming.head.status)));
        }
        let body = incoming.all(LONGEST + 1).await.map_err(|why| Denial::new(why.kind.code(), why.sentence))?;
        if body.len() > LONGEST {
            return Err(bad(url, "is longer than 4 MiB."));
        }
        String::from_utf8(body).map_err(|_| bad(url, "is not text."))
    };
    let late = Err(Denial::new(Code::Timeout, format!("{} did not answer in 30 seconds.", url.origin())));
    tokio::time::timeout(LIMIT, asked).await.unwrap_or(late)
}

fn bad(url: &BaseUrl, what: &str) -> Denial {
    Denial::new(Code::BadResponse, format!("The list of prices at {} {what}", url.as_str()))
}

fn summary(list: &Refreshed, left_out: usize) -> String {
    let count = |number: usize, one: &str, many: &str| {
        if number == 1 { format!("1 {one}") } else { format!("{number} {many}") }
    };
    let differ =
        count(list.taken(), "price differs from that of this program", "prices differ from those of this program");
    let mut said = format!("The list of prices was fetched: {differ}");
    if !list.left_alone.is_empty() {
        let alone = count(list.left_alone.len(), "was left alone as too far off", "were left alone as too far off");
        said.push_str(&format!(", {alone}"));
    }
    if left_out > 0 {
        said.push_str(&format!(", {}", count(left_out, "could not be read", "could not be read")));
    }
    said.push('.');
    said
}

/// Where list prices are from, and what there is to say about it.
pub(crate) async fn told(inner: &Inner, policy: &Policy) -> (String, Vec<String>) {
    let from = prices::source().to_string();
    if policy.prices.refresh == Refresh::Off {
        return (from, Vec::new());
    }
    let mut notices: Vec<String> = inner.policy.list_problem().into_iter().collect();
    if let Ok(Some(Tried { at_ms, failed: Some(why) })) = inner.ledger.read(price_list::tried).await {
        notices.push(format!("Last refresh of list prices failed, on {}: {why}", instant(at_ms)));
    }
    let Some(list) = &policy.refreshed else { return (format!("{from}; no newer list was fetched yet"), notices) };
    let alone = &list.left_alone;
    notices.extend(alone.iter().take(NAMED).map(ToString::to_string));
    if alone.len() > NAMED {
        notices.push(format!("{} more prices of the refreshed list were left alone.", alone.len() - NAMED));
    }
    let fetched = inner.ledger.read(price_list::fetched).await.ok().flatten();
    let on = fetched.map_or_else(|| list.fetched.to_string(), instant);
    (format!("{from}, refreshed on {on}"), notices)
}

fn instant(ms: i64) -> String {
    let at = Timestamp::from_millisecond(ms).unwrap_or_default();
    at.strftime("%Y-%m-%d %H:%M UTC").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refresh_is_due_a_day_after_a_list_and_an_hour_after_a_failure() {
        let jitter = Duration::from_secs(60);
        let tried = |failed: Option<&str>| Tried { at_ms: 1_000_000, failed: failed.map(str::to_owned) };
        let due = |tried: &Tried, after: Duration| {
            is_due(Some(tried), tried.at_ms + i64::try_from(after.as_millis()).unwrap(), jitter)
        };
        assert!(is_due(None, 0, jitter), "never tried");
        assert!(!due(&tried(None), DAY) && due(&tried(None), DAY + jitter));
        assert!(!due(&tried(Some("why")), HOUR) && due(&tried(Some("why")), HOUR + jitter));
        assert!(is_due(Some(&tried(None)), 999_999, jitter), "made under a clock that was ahead");
        let all: Vec<_> = (0..50).map(|_| self::jitter(&crate::fresh_id("i"))).collect();
        assert!(all.iter().all(|one| *one < JITTER) && all.windows(2).any(|two| two[0] != two[1]), "{all:?}");
    }
}
