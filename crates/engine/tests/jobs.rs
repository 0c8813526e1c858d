//! Calls that outlast the patience of their caller: handed out, fetched, ended, and gone on with by another
//! process, each sent as often as it may be and paid for as often as it was.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod room;

use std::time::Duration;

use pointsman_core::code::Code;
use pointsman_engine::reply::{Envelope, Status};
use pointsman_engine::{Answered, Ask, CallContext, Caller, Gateway, Home, Surface};
use pointsman_practice::{Counts, Script};
use room::{Room, ask, room};

const SHORT: Duration = Duration::from_millis(30);
const LONG: Duration = Duration::from_secs(30);
const COUNTS: Counts = Counts { input: 30, cached: 0, output: 10, reasoning: 0, cache_write_5m: 0, cache_write_1h: 0 };

/// Another process on the same home, as far as the ledger can tell.
fn another(room: &Room, caller: Caller) -> Gateway {
    Gateway::open(Home::at(Some(room.gateway.home().path().to_owned())).unwrap(), caller).unwrap()
}

fn client(name: &str) -> Caller {
    let client = Some(pointsman_core::id::ClientId::parse(name).unwrap());
    Caller { surface: Surface::Mcp, client, project: None, probe: false }
}

/// Asks what is held by the server, and gets a job.
async fn handed_out(gateway: &Gateway, room: &Room, prompt: &str) -> String {
    let before = room.server.chats().len();
    let context = CallContext::quiet("llm_route");
    let asked = tokio::join!(
        gateway.answer(Ask::Route(ask(prompt)), context, Duration::from_millis(100)),
        room.server.arrived(before + 1)
    );
    match asked.0 {
        Answered::Running(job) => job.job_id,
        Answered::Done(envelope) => panic!("{envelope:?}"),
    }
}

fn done(answered: Answered) -> Envelope {
    match answered {
        Answered::Done(envelope) => *envelope,
        Answered::Running(job) => panic!("still running: {job:?}"),
    }
}

#[tokio::test]
async fn what_is_answered_in_time_is_no_job_and_is_not_written_down() {
    let room = room("").await;
    let answered = room.gateway.answer(Ask::Route(ask("hello")), CallContext::quiet("llm_route"), LONG).await;
    assert_eq!(done(answered).status, Status::Success);
    assert_eq!(room.gateway.jobs().await.unwrap(), []);
}

#[tokio::test]
async fn a_job_is_looked_at_and_fetched_as_often_as_one_likes() {
    let room = room("").await;
    room.server.script(Script::text("the answer").usage(COUNTS).held());
    let id = handed_out(&room.gateway, &room, "a secret prompt").await;
    let Answered::Running(job) = room.gateway.job_result(&id, Duration::ZERO, false).await.unwrap() else {
        panic!("it is held");
    };
    assert_eq!((job.job_id.as_str(), job.waiting_for.as_str()), (id.as_str(), "model"));
    assert_eq!(room.gateway.jobs().await.unwrap()[0].state, "running");
    room.server.release_all();
    let first = done(room.gateway.job_result(&id, LONG, false).await.unwrap());
    assert_eq!(first.data.as_ref().unwrap().text, "the answer");
    // 30 × $1 + 10 × $2 for a million tokens
    assert_eq!(first.meta.cost_usd.to_string(), "0.00005");
    let again = done(another(&room, Caller::cli()).job_result(&id, LONG, false).await.unwrap());
    assert_eq!(again, first, "and from any process of the home");
    assert_eq!(room.server.chats().len(), 1, "sent once");
    let asked = rusqlite::Connection::open(room.gateway.home().ledger_path()).unwrap();
    let kept: String = asked.query_row("SELECT ask FROM job", [], |row| row.get(0)).unwrap();
    assert_eq!(kept, "", "what was asked is forgotten with the answer");
    room.books_are_right().await;
    assert_eq!(room.gateway.forget_texts().await.unwrap(), "0 kept answers and 1 finished jobs were deleted.");
    assert_eq!(room.gateway.job_result(&id, LONG, false).await.unwrap_err().code, Code::NotFound);
}

#[tokio::test]
async fn a_cancelled_job_closes_its_connection_and_what_it_cost_stays() {
    let room = room("").await;
    room.server.script(Script::text("never").held());
    let id = handed_out(&room.gateway, &room, "hello").await;
    // From another process, which only has the row.
    let ended = done(another(&room, Caller::cli()).job_result(&id, LONG, true).await.unwrap());
    assert_eq!((ended.status, ended.code), (Status::Error, Some(Code::Cancelled)));
    assert!(ended.meta.cost_assumed, "it was sent: {:?}", ended.meta);
    room.server.left(1).await;
    assert_eq!(room.server.chats().len(), 1);
    room.books_are_right().await;
}

#[tokio::test]
async fn a_job_that_is_let_go_of_goes_on_elsewhere_and_is_sent_once_more() {
    let room = room("").await;
    let server = another(&room, client("claude-desktop"));
    room.server.script(Script::text("never").held());
    let id = handed_out(&server, &room, "hello").await;
    server.let_go_of_jobs().await;
    room.server.left(1).await;
    assert_eq!(room.gateway.jobs().await.unwrap()[0].state, "waiting");
    room.server.script(Script::text("the answer").usage(COUNTS));
    let tray = another(&room, Caller::app());
    tray.take_over_jobs().await.unwrap();
    let got = done(tray.job_result(&id, LONG, false).await.unwrap());
    assert_eq!(got.data.unwrap().text, "the answer");
    assert_eq!(room.server.chats().len(), 2);
    let rows = tray.activity(Default::default()).await.unwrap().rows;
    assert_eq!(rows.len(), 2, "each send is a request of its own");
    assert!(rows.iter().all(|row| row.client == "claude-desktop"), "and counts for whoever asked: {rows:?}");
    assert!(rows.iter().any(|row| row.assumed) && rows.iter().any(|row| !row.assumed), "{rows:?}");
    room.books_are_right().await;
}

#[tokio::test]
async fn a_job_is_never_sent_a_third_time() {
    let room = room("").await;
    room.server.default_script(Script::text("never").held());
    let first = another(&room, client("claude-desktop"));
    let id = handed_out(&first, &room, "hello").await;
    first.let_go_of_jobs().await;
    let second = another(&room, Caller::app());
    second.take_over_jobs().await.unwrap();
    room.server.arrived(2).await;
    second.let_go_of_jobs().await;
    let third = another(&room, Caller::cli());
    let got = done(third.job_result(&id, LONG, false).await.unwrap());
    assert_eq!(got.code, Some(Code::Interrupted), "{got:?}");
    assert_eq!(room.server.chats().len(), 2);
    room.books_are_right().await;
}

#[tokio::test]
async fn two_processes_that_find_a_job_at_once_send_it_once() {
    let room = room("").await;
    room.server.script(Script::text("never").held());
    let first = another(&room, client("claude-desktop"));
    let id = handed_out(&first, &room, "hello").await;
    first.let_go_of_jobs().await;
    let others: Vec<_> = (0..6).map(|_| another(&room, Caller::app())).collect();
    let found = futures_util::future::join_all(others.iter().map(Gateway::take_over_jobs)).await;
    assert!(found.iter().all(Result::is_ok), "{found:?}");
    done(others[0].job_result(&id, LONG, false).await.unwrap());
    assert_eq!(room.server.chats().len(), 2, "once by the first, once by one of the six");
    room.books_are_right().await;
}

#[tokio::test]
async fn a_client_sees_its_own_jobs_only() {
    let room = room("").await;
    let mine = another(&room, client("claude-desktop"));
    room.server.script(Script::text("the answer").held());
    let id = handed_out(&mine, &room, "hello").await;
    let stranger = another(&room, client("cursor"));
    assert_eq!(stranger.job_result(&id, SHORT, true).await.unwrap_err().code, Code::NotFound);
    room.server.release_all();
    assert_eq!(done(mine.job_result(&id, LONG, false).await.unwrap()).status, Status::Success, "and ends no others");
}

#[tokio::test]
async fn a_caller_that_cancels_before_it_is_a_job_ends_the_call() {
    let room = room("").await;
    room.server.script(Script::text("never").held());
    let context = CallContext::quiet("llm_route");
    let cancel = context.cancel.clone();
    let asked = async {
        room.server.arrived(1).await;
        cancel.cancel();
    };
    let (answered, ()) = tokio::join!(room.gateway.answer(Ask::Route(ask("hello")), context, LONG), asked);
    assert_eq!(done(answered).code, Some(Code::Cancelled));
    assert_eq!(room.gateway.jobs().await.unwrap(), []);
    room.books_are_right().await;
}
