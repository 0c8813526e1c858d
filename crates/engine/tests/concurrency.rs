//! How many calls one process has under way at once, and who waits for whom. Nobody who waits holds money.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use pointsman_core::code::Code;
use pointsman_engine::reply::Status;
use pointsman_engine::view::{ActivityQuery, RequestState};
use pointsman_engine::{CallContext, Caller, Envelope, Gateway, Home, Priority, Progress, RouteCall};
use pointsman_practice::{Options, Practice, Script};
use rusqlite::Connection;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::task::JoinHandle;

struct Room {
    _folder: tempfile::TempDir,
    one: Practice,
    two: Practice,
    gateway: Gateway,
}

/// The classes `one` and `two`, each with its own provider and the other as fallback; `both` with a retry.
async fn room(more: &str) -> Room {
    let folder = tempfile::tempdir().unwrap();
    let one = Practice::start(Options::default()).await.unwrap();
    let two = Practice::start(Options::default()).await.unwrap();
    let home = Home::at(Some(folder.path().join("home"))).unwrap();
    let text = format!(
        "version: '1'\ndefaults:\n  one: {{ provider: one, model: practice, max_tokens: 100 }}\n\
         \x20 two: {{ provider: two, model: practice, max_tokens: 100 }}\n\
         fallback:\n  one: [{{ provider: two, model: practice }}]\n  two: [{{ provider: one, model: practice }}]\n\
         providers:\n  one: {{ base_url: '{}', local: true }}\n  two: {{ base_url: '{}', local: true }}\n\
         models:\n  one/practice: {{ price: {{ input: 1, output: 2 }} }}\n  two/practice: {{ price: {{ input: 1, output: 2 }} }}\n\
         retry: {{ delays_s: [] }}\nbreaker: {{ failures: 1000 }}\n{more}",
        one.base_url(),
        two.base_url()
    );
    std::fs::write(home.policy_path(), text).unwrap();
    let gateway = Gateway::open(home, Caller::cli()).unwrap();
    Room { _folder: folder, one, two, gateway }
}

/// A call under way, with what it tells.
struct UnderWay {
    call: JoinHandle<Envelope>,
    heard: UnboundedReceiver<Progress>,
    cancel: tokio_util::sync::CancellationToken,
}

impl UnderWay {
    /// Waits until it says that it waits for its turn.
    async fn waits(&mut self) -> String {
        loop {
            match self.heard.recv().await.expect("it is under way") {
                Progress::Waiting { provider } => return provider,
                Progress::Trying { .. } | Progress::Text(_) => {}
            }
        }
    }
}

impl Room {
    fn ask_as(&self, class: &str, priority: Priority) -> UnderWay {
        let (listener, heard) = tokio::sync::mpsc::unbounded_channel();
        let ctx = CallContext { progress: Some(listener), priority, ..CallContext::quiet("llm_route") };
        let cancel = ctx.cancel.clone();
        let call = RouteCall { task_class: class.into(), prompt: "hello".into(), ..RouteCall::default() };
        let gateway = self.gateway.clone();
        UnderWay { call: tokio::spawn(async move { gateway.route(call, ctx).await }), heard, cancel }
    }

    fn ask(&self, class: &str) -> UnderWay {
        self.ask_as(class, Priority::Interactive)
    }

    /// (holds that are open, µ$ held today)
    fn held(&self) -> (i64, i64) {
        let ledger = Connection::open(self.gateway.home().ledger_path()).unwrap();
        let sql = "SELECT (SELECT count(*) FROM reservation WHERE state = 'open'),
                          (SELECT held_micro FROM account WHERE scope = 'all' AND window = 'day')";
        ledger.query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?))).unwrap()
    }

    async fn books_are_right(&self) {
        assert_eq!(self.gateway.audit().await.unwrap(), Vec::<String>::new());
        assert_eq!(self.gateway.overview().await.unwrap().today.held.micros, 0, "nothing stays held");
    }
}

#[tokio::test]
async fn two_calls_at_a_provider_and_four_in_all_are_under_way_and_the_others_wait_without_a_hold() {
    let room = room("").await;
    for server in [&room.one, &room.two] {
        server.default_script(Script::text("yes").held());
    }
    let first = [room.ask("one"), room.ask("one")];
    room.one.arrived(2).await;
    let mut third = room.ask("one");
    assert_eq!(third.waits().await, "one");
    // Another provider has places of its own.
    let other = [room.ask("two"), room.ask("two")];
    room.two.arrived(2).await;
    let mut fifth = room.ask("two");
    assert_eq!(fifth.waits().await, "two");
    let all = room.held();
    assert_eq!(all.0, 4, "who waits holds nothing");
    let rows = room.gateway.activity(ActivityQuery::default()).await.unwrap().rows;
    assert_eq!(rows.iter().filter(|row| row.state == RequestState::Running).count(), 4);

    room.one.release(1);
    room.one.arrived(3).await;
    assert_eq!(room.held(), all, "one has ended and the third has taken its place");
    room.one.release_all();
    room.two.release_all();
    let got = third.call.await.unwrap();
    assert_eq!(got.status, Status::Success, "{got:?}");
    let said = got.meta.warnings.join(" ");
    assert!(said.contains("s for its turn at one"), "{said}");
    for under_way in first.into_iter().chain(other).chain([fifth]) {
        assert_eq!(under_way.call.await.unwrap().status, Status::Success);
    }
    room.books_are_right().await;
}

#[tokio::test]
async fn all_places_together_have_a_limit_too() {
    let room = room("concurrency: { global: 1, per_provider: 5 }\n").await;
    room.one.default_script(Script::text("yes").held());
    let first = room.ask("one");
    room.one.arrived(1).await;
    let mut second = room.ask("two");
    assert_eq!(second.waits().await, "two");
    assert!(room.two.received().is_empty());
    room.one.release_all();
    assert_eq!(first.call.await.unwrap().status, Status::Success);
    assert_eq!(second.call.await.unwrap().meta.provider.as_deref(), Some("two"));
}

#[tokio::test]
async fn a_persons_call_goes_before_a_job_that_has_waited_longer() {
    let room = room("concurrency: { global: 1 }\n").await;
    for server in [&room.one, &room.two] {
        server.default_script(Script::text("yes").held());
    }
    let first = room.ask("one");
    room.one.arrived(1).await;
    let mut job = room.ask_as("two", Priority::Job);
    job.waits().await;
    let mut person = room.ask("one");
    person.waits().await;
    room.one.release(1);
    assert_eq!(first.call.await.unwrap().status, Status::Success);
    room.one.arrived(2).await;
    assert!(room.two.received().is_empty(), "the job still waits");
    room.one.release_all();
    assert_eq!(person.call.await.unwrap().status, Status::Success);
    room.two.release_all();
    assert_eq!(job.call.await.unwrap().status, Status::Success);
    room.books_are_right().await;
}

#[tokio::test]
async fn the_deadline_runs_while_a_call_waits_and_one_that_was_never_sent_costs_nothing() {
    let room = room("concurrency: { global: 1 }\ntimeouts: { total_s: 1, first_token_s: 0.1 }\n").await;
    let path = room.gateway.home().policy_path();
    let text = std::fs::read_to_string(&path).unwrap();
    // The one that is under way has more time.
    std::fs::write(&path, text.replace("max_tokens: 100 }\n  two", "max_tokens: 100, timeout_s: 60 }\n  two")).unwrap();
    room.one.default_script(Script::text("yes").held());
    let first = room.ask("one");
    room.one.arrived(1).await;
    let got = room.ask("two").call.await.unwrap();
    assert_eq!((got.code, got.meta.cost_usd.to_string().as_str()), (Some(Code::Timeout), "0"), "{got:?}");
    assert!(got.error.as_ref().unwrap().contains("concurrency"), "{got:?}");
    assert!(room.two.received().is_empty());
    room.one.release_all();
    assert_eq!(first.call.await.unwrap().status, Status::Success);
    room.books_are_right().await;
}

#[tokio::test]
async fn a_call_that_its_caps_would_not_let_through_is_denied_at_once_and_a_cancelled_one_leaves_the_line() {
    // A call may need 238 µ$: two, and not three.
    let room =
        room("concurrency: { per_provider: 1 }\ncaps:\n  - { scope: all, window: day, limit_usd: 0.0005 }\n").await;
    for server in [&room.one, &room.two] {
        server.default_script(Script::text("yes").held());
    }
    let first = room.ask("one");
    room.one.arrived(1).await;
    let mut gives_up = room.ask("one");
    gives_up.waits().await;
    gives_up.cancel.cancel();
    assert_eq!(gives_up.call.await.unwrap().code, Some(Code::Cancelled));
    let second = room.ask("two");
    room.two.arrived(1).await;
    let got = room.ask("one").call.await.unwrap();
    assert_eq!(got.code, Some(Code::CapExceeded), "it does not wait for a place it could not use: {got:?}");
    room.one.release_all();
    room.two.release_all();
    assert_eq!(first.call.await.unwrap().status, Status::Success);
    assert_eq!(second.call.await.unwrap().status, Status::Success);
    assert_eq!((room.one.received().len(), room.two.received().len()), (1, 1));
    room.books_are_right().await;
}

#[tokio::test]
async fn calls_that_fail_over_to_each_others_providers_do_not_hold_each_other_up() {
    let room = room("concurrency: { global: 2, per_provider: 1 }\n").await;
    // Each fails at its own provider while the other has the place at its fallback.
    for server in [&room.one, &room.two] {
        server.script(Script::status(503).held());
        server.default_script(Script::text("yes"));
    }
    let calls = [room.ask("one"), room.ask("two")];
    room.one.arrived(1).await;
    room.two.arrived(1).await;
    room.one.release_all();
    room.two.release_all();
    for under_way in calls {
        let got = under_way.call.await.unwrap();
        assert_eq!(got.status, Status::Success, "{got:?}");
        assert!(got.meta.route.unwrap().fallback_from.is_some());
    }
    room.books_are_right().await;
}

#[tokio::test]
async fn a_fallback_waits_for_its_turn_and_the_first_failure_is_told_where_none_comes() {
    let room = room("concurrency: { per_provider: 1 }\ntimeouts: { total_s: 1, first_token_s: 0.1 }\n").await;
    let path = room.gateway.home().policy_path();
    let text = std::fs::read_to_string(&path).unwrap();
    // `two` has more time, and keeps its place.
    std::fs::write(&path, text.replace("max_tokens: 100 }\nfallback", "max_tokens: 100, timeout_s: 60 }\nfallback"))
        .unwrap();
    room.two.default_script(Script::text("yes").held());
    room.one.default_script(Script::status(503));
    let keeps = room.ask("two");
    room.two.arrived(1).await;
    let mut waits = room.ask("one");
    assert_eq!(waits.waits().await, "two");
    let got = waits.call.await.unwrap();
    assert_eq!((got.code, got.meta.cost_usd.to_string().as_str()), (Some(Code::Overloaded), "0"), "{got:?}");
    assert!(got.error.as_ref().unwrap().contains("There was no turn at two"), "{got:?}");
    room.two.release_all();
    assert_eq!(keeps.call.await.unwrap().status, Status::Success);
    assert_eq!(room.two.received().len(), 1);
    room.books_are_right().await;
}
