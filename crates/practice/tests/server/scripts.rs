//! What scripts make of an answer, seen from the other end of the connection.

use std::io::ErrorKind;
use std::time::{Duration, UNIX_EPOCH};

use super::http::{Answer, chat, receive, send};
use pointsman_practice::{Counts, Endpoint, Options, Practice, Script, serve_until_stdin_closes};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};

const WHOLE: &[u8] = br#"{"model":"gpt-4o-mini","messages":[{"role":"user","content":"Hello"}]}"#;
const STREAM: &[u8] = br#"{"model":"gpt-4o-mini","messages":[{"role":"user","content":"Hello"}],"stream":true,"stream_options":{"include_usage":true}}"#;

async fn server() -> Practice {
    Practice::start(Options::default()).await.expect("a port")
}

/// The answer to one call under a script.
async fn play(script: Script, body: &[u8]) -> Option<Answer> {
    let server = server().await;
    server.script(script);
    chat(server.address(), "any", body).await
}

/// The data of a stream's events.
fn events(answer: &Answer) -> Vec<String> {
    answer
        .text()
        .split("\n\n")
        .filter(|event| !event.is_empty())
        .map(|event| event.trim_start_matches("data: ").to_owned())
        .collect()
}

fn content(events: &[String]) -> String {
    let chunks = events.iter().filter_map(|event| serde_json::from_str::<Value>(event).ok());
    chunks.filter_map(|chunk| chunk["choices"][0]["delta"]["content"].as_str().map(str::to_owned)).collect()
}

#[tokio::test]
async fn a_stream_has_the_chunks_of_the_real_one() {
    let usage = Counts { input: 9, cached: 4, output: 5, reasoning: 2, ..Counts::default() };
    let script = Script { reasoning: Some("Hm hm".into()), pings: 1, ..Script::text("One  two\nthree").usage(usage) };
    let answer = play(script, STREAM).await.expect("a head");
    assert_eq!((answer.status, answer.complete, answer.end), (200, true, Ok(())));
    assert_eq!(answer.header("content-type"), Some("text/event-stream; charset=utf-8"));
    let events = events(&answer);
    assert_eq!(events[0], ": PRACTICE PROCESSING");
    assert_eq!(events.last().map(String::as_str), Some("[DONE]"));
    let chunks: Vec<Value> =
        events[1..events.len() - 1].iter().map(|event| serde_json::from_str(event).expect("JSON")).collect();
    let deltas: Vec<&Value> = chunks.iter().map(|chunk| &chunk["choices"][0]["delta"]).collect();
    assert_eq!(deltas[0], &json!({ "role": "assistant", "content": "", "refusal": null }));
    assert_eq!(deltas[1..3], [&json!({ "reasoning_content": "Hm" }), &json!({ "reasoning_content": " hm" })]);
    assert_eq!(
        deltas[3..6],
        [&json!({ "content": "One" }), &json!({ "content": "  two" }), &json!({ "content": "\nthree" })]
    );
    assert_eq!((deltas[6], &chunks[6]["choices"][0]["finish_reason"]), (&json!({}), &json!("stop")));
    assert!(chunks[..7].iter().all(|chunk| chunk["usage"].is_null() && chunk["object"] == "chat.completion.chunk"));
    assert_eq!(chunks[7]["choices"], json!([]));
    assert_eq!(chunks[7]["usage"]["prompt_tokens_details"]["cached_tokens"], 4);
    assert_eq!(chunks[7]["usage"]["completion_tokens_details"]["reasoning_tokens"], 2);
}

#[tokio::test]
async fn a_stream_without_include_usage_says_nothing_of_usage() {
    let body = String::from_utf8_lossy(STREAM).replace(r#","stream_options":{"include_usage":true}"#, "");
    let answer = play(Script::default(), body.as_bytes()).await.expect("a head");
    assert!(!answer.text().contains("usage"));
    assert!(content(&events(&answer)).starts_with("This is a practice answer."));
}

#[tokio::test]
async fn errors_are_the_real_ones() {
    for (script, status, code) in [
        (Script::status(429), 429, json!("rate_limit_exceeded")),
        (Script::no_credit(), 429, json!("insufficient_quota")),
        (Script::status(500), 500, json!(null)),
        (Script { error: Some(json!({ "code": "mine" })), ..Script::status(400) }, 400, json!("mine")),
        (Script { error_after: Some(0), ..Script::default() }, 200, json!(null)),
    ] {
        let answer = play(script, WHOLE).await.expect("a head");
        let body: Value = serde_json::from_slice(&answer.body).expect("JSON");
        assert_eq!((answer.status, &body["error"]["code"]), (status, &code), "{body}");
        assert!(body["error"].is_object());
    }
}

#[tokio::test]
async fn headers_bodies_and_redirects_are_sent_as_told() {
    let answer = play(Script::status(429).retry_after(Duration::from_secs(7)), WHOLE).await.expect("a head");
    assert_eq!(answer.header("retry-after"), Some("7"));
    let answer =
        play(Script::status(503).retry_at(UNIX_EPOCH + Duration::from_secs(784_111_777)), WHOLE).await.expect("a head");
    assert_eq!(answer.header("retry-after"), Some("Sun, 06 Nov 1994 08:49:37 GMT"));
    let answer = play(Script::redirect("http://127.0.0.1:9/"), WHOLE).await.expect("a head");
    assert_eq!((answer.status, answer.header("location")), (307, Some("http://127.0.0.1:9/")));
    let answer = play(Script::html(200), WHOLE).await.expect("a head");
    assert!(
        answer.text().starts_with("<!DOCTYPE html>")
            && answer.header("content-type") == Some("text/html; charset=utf-8")
    );
    let answer = play(Script::invalid_json(), WHOLE).await.expect("a head");
    assert!(serde_json::from_slice::<Value>(&answer.body).is_err() && answer.complete);
}

#[tokio::test]
async fn streams_break_where_they_are_told_to() {
    let text = Script::text("one two three");
    let answer = play(Script { cut_after: Some(2), ..text.clone() }, STREAM).await.expect("a head");
    assert_eq!((content(&events(&answer)).as_str(), answer.complete), ("one two", false));
    let answer = play(Script { cut_after: Some(99), ..text.clone() }, STREAM).await.expect("a head");
    assert_eq!((content(&events(&answer)).as_str(), answer.complete), ("one two three", false));
    assert!(!answer.text().contains("[DONE]") && !answer.text().contains("\"stop\""));
    let answer = play(Script { cut_after_bytes: Some(100), ..text.clone() }, STREAM).await.expect("a head");
    assert_eq!((answer.body.len(), answer.complete), (100, false));
    let answer = play(Script { malformed_after: Some(1), ..text.clone() }, STREAM).await.expect("a head");
    assert!(
        answer.text().contains("one\"") && answer.text().contains("data: {\"id\":\"chatcmpl-\n\n") && answer.complete
    );
    let answer = play(Script { error_after: Some(1), ..text.clone() }, STREAM).await.expect("a head");
    let said = events(&answer);
    assert!(said.last().is_some_and(|event| event.starts_with("{\"error\":")) && answer.complete, "{said:?}");
    let answer = play(Script { no_done: true, ..text.clone() }, STREAM).await.expect("a head");
    assert!(!answer.text().contains("[DONE]") && answer.text().contains("\"stop\"") && answer.complete);
    for body in [WHOLE, STREAM] {
        let answer =
            play(Script { cut_after_bytes: Some(50), reset: true, ..text.clone() }, body).await.expect("a head");
        assert_eq!(answer.end, Err(ErrorKind::ConnectionReset));
        assert!(play(Script::hang_up(), body).await.is_none(), "no head before the hang-up");
    }
    let answer = play(Script { cut_after: Some(1), ..text.clone() }, WHOLE).await.expect("a head");
    assert!(!answer.complete && !answer.body.is_empty());
    assert!(play(Script::cut(0), WHOLE).await.is_none(), "a whole answer cut before its start has no head");
}

#[tokio::test]
async fn a_client_that_goes_away_is_noticed_before_and_after_the_head() {
    let server = server().await;
    let headers = [("content-type", "application/json")];
    server.script(Script { stall_after: Some(1), ..Script::text("one two") });
    let mut stream = send(server.address(), "POST", "/v1/chat/completions", &headers, STREAM).await;
    let mut seen = Vec::new();
    while !seen.windows(5).any(|five| five == b"\"one\"") {
        assert!(stream.read_buf(&mut seen).await.expect("readable") > 0, "the connection stays open");
    }
    assert_eq!(server.left_so_far(), 0);
    drop(stream);
    server.left(1).await;
    server.script(Script::stall(0));
    let stream = send(server.address(), "POST", "/v1/chat/completions", &headers, WHOLE).await;
    server.arrived(2).await;
    drop(stream);
    server.left(2).await;
    // One that stays until the end has not left.
    assert!(chat(server.address(), "any", STREAM).await.expect("a head").complete);
    assert_eq!((server.left_so_far(), server.received().len()), (2, 3));
}

#[tokio::test]
async fn held_calls_wait_until_they_are_released() {
    let server = server().await;
    server.default_script(Script::text("Now.").held());
    let address = server.address();
    let mut calls: Vec<_> = (0..3).map(|_| tokio::spawn(chat(address, "any", WHOLE))).collect();
    server.arrived(3).await;
    assert!(calls.iter().all(|call| !call.is_finished()), "all three are here and none is answered");
    server.release(1);
    let (first, _, rest) = futures_util::future::select_all(calls.drain(..)).await;
    assert!(first.expect("no panic").expect("a head").text().contains("Now."));
    assert!(rest.iter().all(|call| !call.is_finished()), "one was released, not more");
    server.release_all();
    for call in rest {
        assert!(call.await.expect("no panic").expect("a head").complete);
    }
}

#[tokio::test]
async fn scripts_are_taken_in_order_by_their_endpoint() {
    let server = server().await;
    server.script(Script::status(500).on(Endpoint::Models));
    server.script(Script::text("first").times(2));
    server.script(Script::text("second"));
    server.default_script(Script::text("always"));
    for said in ["first", "first", "second", "always", "always"] {
        assert!(chat(server.address(), "any", WHOLE).await.expect("a head").text().contains(&format!("\"{said}\"")));
    }
    for status in [500, 200] {
        let answer = receive(send(server.address(), "GET", "/v1/models", &[], b"").await).await;
        assert_eq!(answer.expect("a head").status, status);
    }
    let received = server.received();
    assert_eq!((received.len(), server.chats().len()), (7, 5));
    assert_eq!(
        (received[0].method.as_str(), received[0].path.as_str(), &received[0].body[..]),
        ("POST", "/v1/chat/completions", WHOLE)
    );
    assert_eq!(
        (received[0].header("Authorization"), &received[0].json()["model"]),
        (Some("Bearer any"), &json!("gpt-4o-mini"))
    );
}

#[tokio::test]
async fn a_stopped_server_cuts_its_answers_and_closes_its_port() {
    let server = server().await;
    server.script(Script { stall_after: Some(1), ..Script::default() });
    let address = server.address();
    let call = tokio::spawn(chat(address, "any", STREAM));
    server.arrived(1).await;
    server.stop().await;
    assert!(call.await.expect("no panic").is_none_or(|answer| !answer.complete));
    assert_eq!(tokio::net::TcpStream::connect(address).await.expect_err("closed").kind(), ErrorKind::ConnectionRefused);
}

#[tokio::test]
async fn another_process_runs_a_server_by_lines() {
    let (mut orders, stdin) = tokio::io::duplex(1 << 16);
    let (stdout, reports) = tokio::io::duplex(1 << 16);
    let task = tokio::spawn(serve_until_stdin_closes(Options::default(), stdin, stdout));
    let mut reports = BufReader::new(reports).lines();
    let mut next = async || -> Value {
        serde_json::from_str(&reports.next_line().await.expect("readable").expect("a line")).expect("JSON")
    };
    let base_url = next().await["base_url"].as_str().expect("a text").to_owned();
    let address = base_url.trim_start_matches("http://").trim_end_matches("/v1").parse().expect("an address");
    for (order, done) in [
        ("{\"text\": \"bare\"}", "script"),
        ("{\"script\": {\"text\": \"held\", \"hold\": true}}", "script"),
        ("{\"default\": {\"status\": 500}}", "default"),
        ("\"release_all\"", "release_all"),
    ] {
        orders.write_all(format!("{order}\n\n").as_bytes()).await.expect("writable");
        assert_eq!(next().await, json!({ "done": done }));
    }
    for order in ["not json", "{\"scrpt\": {}}", "{\"texxt\": 1}"] {
        orders.write_all(format!("{order}\n").as_bytes()).await.expect("writable");
        let report = next().await;
        assert!(report["error"].as_str().is_some_and(|text| text.starts_with("this line is no order")), "{report}");
    }
    for (status, text) in [(200, "bare"), (200, "held"), (500, "error")] {
        let answer = chat(address, "any", WHOLE).await.expect("a head");
        assert_eq!(answer.status, status);
        assert!(answer.text().contains(text));
        let report = next().await;
        assert_eq!(
            (&report["received"]["path"], &report["received"]["body"]),
            (&json!("/v1/chat/completions"), &json!(String::from_utf8_lossy(WHOLE)))
        );
    }
    drop(orders);
    task.await.expect("no panic").expect("it ends well");
    assert!(tokio::net::TcpStream::connect(address).await.is_err());
}
