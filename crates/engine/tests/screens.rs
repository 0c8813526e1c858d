//! The fixtures of the page tests, from a real gateway: see `written`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod room;
mod written;

use pointsman_engine::view::ActivityQuery;
use room::{ask, room};
use written::written;

#[tokio::test]
async fn the_activity_page() {
    let room = room("").await;
    room.route(ask("one")).await;
    let page = room.gateway.activity(ActivityQuery::default()).await.unwrap();
    written("activity", &page, &room.swaps());
}
