//! A practice server for another process, run by lines of JSON: orders in, reports out.

use std::io;
use std::time::Instant;

use serde::Deserialize;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};

use crate::{Options, Practice, Received, Script};

/// One line in. A line that is a bare [`Script`] goes into the queue too.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Order {
    /// `{"script": {…}}`: one more for the queue.
    Script(Script),
    /// `{"default": {…}}`: what calls get when the queue is empty.
    Default(Script),
    /// `{"release": 2}`: lets that many held calls go on.
    Release(usize),
    /// `"release_all"`: lets all go on, from now on.
    ReleaseAll,
}

/// Runs a server until `orders` end. Writes `{"base_url": …}` first, then one line for each request
/// (`{"received": {…}}`, the body as text), each client that closed early (`{"left": 1}`, how many so
/// far), each order that was done (`{"done": …}`) or not understood (`{"error": …}`).
///
/// # Errors
/// Where the port cannot be had, or reports cannot be written.
pub async fn serve_until_stdin_closes(
    options: Options,
    orders: impl AsyncRead + Unpin,
    mut reports: impl AsyncWrite + Unpin,
) -> io::Result<()> {
    let server = Practice::start(options).await?;
    let started = Instant::now();
    let mut orders = BufReader::new(orders).lines();
    let mut arrived = server.shared.arrived.subscribe();
    let mut left = server.shared.left.subscribe();
    let mut told = 0;
    report(&mut reports, &json!({ "base_url": server.base_url() })).await?;
    loop {
        tokio::select! {
            line = orders.next_line() => match line? {
                None => break,
                Some(line) if line.trim().is_empty() => {}
                Some(line) => report(&mut reports, &obey(&server, &line)).await?,
            },
            _ = arrived.changed() => {
                for one in server.shared.received_since(told) {
                    report(&mut reports, &json!({ "received": as_json(&one, started) })).await?;
                    told += 1;
                }
            }
            _ = left.changed() => {
                let count = *left.borrow_and_update();
                report(&mut reports, &json!({ "left": count })).await?;
            }
        }
    }
    server.stop().await;
    Ok(())
}

fn obey(server: &Practice, line: &str) -> Value {
    let order = match serde_json::from_str::<Order>(line) {
        Ok(order) => order,
        Err(why) => match serde_json::from_str::<Script>(line) {
            Ok(script) => Order::Script(script),
            Err(_) => return json!({ "error": format!("this line is no order: {why}") }),
        },
    };
    match order {
        Order::Script(script) => {
            server.script(script);
            json!({ "done": "script" })
        }
        Order::Default(script) => {
            server.default_script(script);
            json!({ "done": "default" })
        }
        Order::Release(count) => {
            server.release(count);
            json!({ "done": "release" })
        }
        Order::ReleaseAll => {
            server.release_all();
            json!({ "done": "release_all" })
        }
    }
}

fn as_json(received: &Received, started: Instant) -> Value {
    let headers: serde_json::Map<String, Value> =
        received.headers.iter().map(|(name, value)| (name.clone(), value.as_str().into())).collect();
    json!({
        "method": received.method, "path": received.path, "query": received.query, "headers": headers,
        "body": String::from_utf8_lossy(&received.body),
        "at_ms": received.at.duration_since(started).as_millis() as u64,
    })
}

async fn report(reports: &mut (impl AsyncWrite + Unpin), line: &Value) -> io::Result<()> {
    reports.write_all(format!("{line}\n").as_bytes()).await?;
    reports.flush().await
}
