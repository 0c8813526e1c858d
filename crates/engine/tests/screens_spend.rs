//! The fixtures of the Spend page, from a real gateway: see `written`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod month;
mod written;

use month::{CAPS, Month, Who, now};
use pointsman_core::id::ModelId;
use pointsman_core::money::{MicroUsd, Price};
use pointsman_engine::view::{LedgerFilter, SpendBy, SpendPeriod};
use pointsman_practice::{Counts, Script};
use written::written_at;

#[tokio::test]
async fn the_spend_page_with_a_month_of_calls() {
    let month = Month::full().await;
    // Today besides: one that nobody counted, one charged more than was held, one answered from the cache,
    // one whose price was corrected, one refused by a cap, and one under way.
    month.server.script(Script::hang_up());
    month.ask(Who::Code, "summarize", "nobody counts this").await;
    month.moved(21, (14, 10));
    month.server.script(Script::text("yes").usage(Counts { input: 9_100, output: 2_600, ..Counts::default() }));
    month.ask(Who::Desktop, "extract_json", "more than was held").await;
    month.moved(21, (14, 12));
    let small = Counts { input: 1_950, output: 410, ..Counts::default() };
    month.server.default_script(Script::text("oui").usage(small));
    for minute in [15, 16] {
        month.ask(Who::Desktop, "translate", "the very same").await;
        month.moved(21, (14, minute));
    }
    let (model, price) =
        (ModelId::parse("xai/grok-5-fast").unwrap(), Price::flat(micros(3_000_000), micros(12_000_000)));
    let at = "2026-11-21T12:00:00Z".parse().unwrap();
    assert_eq!(month.gateway.reprice(model, price, at, now()).await.unwrap().corrected, 1);
    month.server.script(Script::text("later").held());
    let running = month.ask(Who::Code, "code_review", "under way");
    let page = async {
        month.server.arrived(1).await;
        month.moved(21, (14, 23));
        month.accounts_of_clients();
        month.books_are_right().await;
        for by in [SpendBy::Model, SpendBy::Client] {
            let page = month.gateway.spend_page_at(SpendPeriod::Month, by, now()).await.unwrap();
            let name = if by == SpendBy::Model { "spend" } else { "spend-client" };
            written_at(name, &page, &month.swaps(), now());
        }
        let today = month.gateway.spend_page_at(SpendPeriod::Today, SpendBy::Model, now()).await.unwrap();
        written_at("spend-today", &today, &month.swaps(), now());
        let filter = LedgerFilter { period: SpendPeriod::Month, ..LedgerFilter::default() };
        let ledger = month.gateway.ledger_page_at(filter, None, now()).await.unwrap();
        written_at("spend-ledger", &ledger, &month.swaps(), now());
        let period = SpendPeriod::Month;
        let compared = month.gateway.spend_compared_at(period, "anthropic/claude-opus-5", now()).await.unwrap();
        written_at("spend-hypothetical", &compared, &month.swaps(), now());
        month.server.release_all();
    };
    tokio::join!(running, page);
    month.books_are_right().await;
}

#[tokio::test]
async fn the_spend_page_before_the_first_call() {
    let month = Month::empty(CAPS).await;
    let page = month.gateway.spend_page_at(SpendPeriod::Month, SpendBy::Model, now()).await.unwrap();
    written_at("spend-empty", &page, &month.swaps(), now());
}

#[tokio::test]
async fn the_spend_page_without_a_cap() {
    let month = Month::empty("").await;
    month.call(21, (Who::Code, "summarize", 3_790, 398, (9, 12))).await;
    let page = month.gateway.spend_page_at(SpendPeriod::Month, SpendBy::Model, now()).await.unwrap();
    written_at("spend-capless", &page, &month.swaps(), now());
    let ledger = month.gateway.ledger_page_at(LedgerFilter::default(), None, now()).await.unwrap();
    written_at("spend-ledger-one", &ledger, &month.swaps(), now());
}

#[tokio::test]
async fn the_spend_page_with_a_cap_that_is_reached() {
    let month = Month::empty(CAPS).await;
    for day in [17, 18, 19, 20, 21] {
        month.call(day, (Who::Code, "code_review", 5_310, 1_592, (9, 12))).await;
    }
    // Charged in full: what is counted is more than what may be held.
    let counts = Counts { input: 14_000, output: 11_000, ..Counts::default() };
    month.server.default_script(Script::text("yes").usage(counts));
    month.ask(Who::Code, "code_review", "far more than was held").await;
    for _ in 0..2 {
        let refused = month.ask(Who::Code, "code_review", "no room is left").await;
        assert_eq!(refused.code.map(|code| code.as_str()), Some("cap_exceeded"));
    }
    for (back, minute) in [(0, 41), (1, 40), (2, 30)] {
        month.moved_nth(back, 21, (10, minute));
    }
    let page = month.gateway.spend_page_at(SpendPeriod::Month, SpendBy::Model, now()).await.unwrap();
    written_at("spend-reached", &page, &month.swaps(), now());
    let ledger = month.gateway.ledger_page_at(LedgerFilter::default(), None, now()).await.unwrap();
    written_at("spend-reached-ledger", &ledger, &month.swaps(), now());
    month.books_are_right().await;
}

fn micros(amount: i64) -> MicroUsd {
    MicroUsd::from_micros(amount)
}
