//! What is shown where the ledger cannot be used: that, and no amount that nobody knows.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use pointsman_core::budget::{self, Window};

use super::{Lamp, Money, MoneyBar, Overview, ProblemRow, Running, Status};

/// The row of Problems.
pub(super) fn problem(sentence: String) -> ProblemRow {
    ProblemRow {
        id: "ledger".to_owned(),
        lamp: Lamp::Stop,
        title: "The ledger cannot be used".to_owned(),
        detail: sentence,
        action: None,
    }
}

/// The status: stopped, for one problem.
pub(super) fn status(practice: bool) -> Status {
    Status {
        running: Running::Stopped,
        problems: 1,
        key_problems: 0,
        client_problems: 0,
        paused: None,
        practice,
        today: unknown(),
        day_limit: None,
        day_used_bp: 0,
        profiles: Vec::new(),
        profile: None,
        store_name: crate::secrets::store_name().to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
    }
}

/// The first page: the problem alone.
pub(super) fn overview(sentence: String, policy_path: String) -> Overview {
    Overview {
        readable: false,
        today: bar(Window::Day),
        month: bar(Window::Month),
        hours: Vec::new(),
        requests_24h: 0,
        problems: vec![problem(sentence)],
        recent: Vec::new(),
        clients: Vec::new(),
        draft: None,
        policy_path,
    }
}

/// An amount that nobody knows.
fn unknown() -> Money {
    Money { micros: 0, text: "–".to_owned() }
}

pub(super) fn bar(window: Window) -> MoneyBar {
    let now = Timestamp::now();
    let ends = budget::span(window, now, &TimeZone::system()).map_or(now, |span| span.end);
    MoneyBar {
        used: unknown(),
        held: unknown(),
        left: None,
        limit: None,
        raised: None,
        warns_at: None,
        used_bp: 0,
        held_bp: 0,
        resets_ms: ends.as_millisecond(),
    }
}

#[cfg(test)]
mod tests {
    use crate::{Caller, Gateway, Home};

    use super::*;

    const POLICY: &str = "version: \"1\"\ndefaults:\n  ask: {provider: ollama, model: any}\nmodels:\n  ollama/any: {price: {input: 0, output: 0}}\n";

    fn room() -> (tempfile::TempDir, Gateway) {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::at(Some(folder.path().join("home"))).unwrap();
        std::fs::write(home.policy_path(), POLICY).unwrap();
        let gateway = Gateway::open(home, Caller::app()).unwrap();
        (folder, gateway)
    }

    #[tokio::test]
    async fn a_ledger_that_cannot_be_read_is_a_stopped_problem_with_its_sentence() {
        let (_folder, gateway) = room();
        assert!(gateway.overview().await.unwrap().readable);
        gateway.inner().ledger.write(|tx| Ok(tx.execute_batch("DROP TABLE account")?)).await.unwrap();

        let status = gateway.status().await.expect("the header still has an answer");
        assert_eq!((status.running, status.problems), (Running::Stopped, 1));
        assert_eq!((status.today.text.as_str(), status.day_limit), ("–", None), "no number is made up");
        let page = gateway.overview().await.expect("a page");
        assert!(!page.readable);
        let [row] = page.problems.as_slice() else { panic!("{:?}", page.problems) };
        assert_eq!((row.title.as_str(), row.lamp), ("The ledger cannot be used", Lamp::Stop));
        assert!(row.detail.contains("no such table: account"), "{row:?}");
        assert!(page.today.used.text == "–" && page.month.held.text == "–" && page.hours.is_empty());
    }

    #[tokio::test]
    async fn a_ledger_that_takes_no_write_stops_too_until_it_takes_one() {
        let (_folder, gateway) = room();
        let ledger = &gateway.inner().ledger;
        let reader = |least: i64| {
            move |tx: &rusqlite::Transaction<'_>| Ok(tx.execute("UPDATE schema SET min_reader = ?1", [least])?)
        };
        assert_ne!(gateway.status().await.unwrap().running, Running::Stopped, "before");
        ledger.write(reader(99)).await.unwrap();
        gateway.tidy().await.expect_err("an update forbids it");

        let status = gateway.status().await.unwrap();
        assert_eq!(status.running, Running::Stopped);
        let page = gateway.overview().await.unwrap();
        assert!(page.readable && page.problems.len() == usize::try_from(status.problems).unwrap(), "{page:?}");
        assert_eq!(page.problems[0].detail, "Pointsman was updated. Restart Claude to continue.");

        let other = rusqlite::Connection::open(gateway.home().ledger_path()).unwrap();
        other.execute("UPDATE schema SET min_reader = 1", []).unwrap();
        gateway.tidy().await.unwrap();
        assert_ne!(gateway.status().await.unwrap().running, Running::Stopped, "it writes again");
    }
}
