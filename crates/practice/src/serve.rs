//! Takes requests, keeps them, and does the steps of their answers.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use axum::body::Body;
use axum::extract::{ConnectInfo, Request, State};
use axum::response::Response;
use bytes::Bytes;
use futures_util::stream;
use http::{HeaderMap, Method, header};
use tokio::sync::{Semaphore, watch};
use tokio_util::sync::CancellationToken;

use crate::model::Model;
use crate::play::{Reply, Stamp, Step};
use crate::script::{Endpoint, Script};
use crate::socket::End;
use crate::{Company, Options, Received, anthropic, gemini, openai};

/// The largest request, pictures included.
const LARGEST_REQUEST: usize = 64 << 20;

/// What all calls of one server share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) options: Options,
    queue: Mutex<VecDeque<Script>>,
    defaults: Mutex<Vec<Script>>,
    received: Mutex<Vec<Received>>,
    pub(crate) arrived: watch::Sender<usize>,
    pub(crate) left: watch::Sender<usize>,
    pub(crate) gate: Semaphore,
    pub(crate) stop: CancellationToken,
    calls: AtomicUsize,
}

impl Shared {
    pub(crate) fn new(options: Options) -> Self {
        Self {
            options,
            queue: Mutex::default(),
            defaults: Mutex::default(),
            received: Mutex::default(),
            arrived: watch::Sender::new(0),
            left: watch::Sender::new(0),
            gate: Semaphore::new(0),
            stop: CancellationToken::new(),
            calls: AtomicUsize::new(0),
        }
    }

    pub(crate) fn push(&self, script: Script) {
        lock(&self.queue).push_back(script);
    }

    pub(crate) fn set_default(&self, script: Script) {
        let mut defaults = lock(&self.defaults);
        defaults.retain(|other| other.on != script.on);
        defaults.push(script);
    }

    /// What arrived after the first `told` requests.
    pub(crate) fn received_since(&self, told: usize) -> Vec<Received> {
        lock(&self.received).get(told..).unwrap_or_default().to_vec()
    }

    /// The next script for an endpoint: the first of the queue, else the default.
    fn next(&self, on: Endpoint) -> Script {
        let mut queue = lock(&self.queue);
        let Some(at) = queue.iter().position(|script| script.on == on) else {
            let default = lock(&self.defaults).iter().find(|script| script.on == on).cloned();
            return default.unwrap_or_default();
        };
        match queue.get_mut(at) {
            Some(script) if script.times > 1 => {
                script.times -= 1;
                script.clone()
            }
            _ => queue.remove(at).unwrap_or_default(),
        }
    }

    fn keep(&self, received: Received) {
        let count = {
            let mut list = lock(&self.received);
            list.push(received);
            list.len()
        };
        self.arrived.send_replace(count);
    }

    fn stamp(&self) -> Stamp {
        let nth = self.calls.fetch_add(1, Ordering::Relaxed) as u64 + 1;
        let unix_s = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        Stamp { nth, unix_s }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Answers one request. Never fails: what goes wrong is an answer too.
pub(crate) async fn handle(
    State(shared): State<Arc<Shared>>,
    ConnectInfo(end): ConnectInfo<End>,
    request: Request,
) -> Response {
    let (head, body) = request.into_parts();
    let mut call = Call { shared: shared.clone(), end, done: false };
    let path = head.uri.path().to_owned();
    let query = head.uri.query().unwrap_or_default().to_owned();
    // A body beyond the limit is kept as none, and refused.
    let body = axum::body::to_bytes(body, LARGEST_REQUEST).await;
    let kept = body.as_ref().cloned().unwrap_or_default();
    let text = |value: &http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    shared.keep(Received {
        method: head.method.to_string(),
        path: path.clone(),
        query: query.clone(),
        headers: head.headers.iter().map(|(name, value)| (name.to_string(), text(value))).collect(),
        body: kept.clone(),
        at: Instant::now(),
    });
    let arrived = Arrived {
        method: &head.method,
        path: &path,
        query: &query,
        headers: &head.headers,
        body: body.is_ok().then_some(&kept),
        key: shared.options.key.as_deref(),
        models: &shared.options.models,
        company: shared.options.company,
        stamp: shared.stamp(),
        shared: &shared,
    };
    let mut reply = arrived.reply();
    for step in std::mem::take(&mut reply.before_head) {
        if call.step(step).await.is_err() {
            // The connection ends; the head is never sent.
            return std::future::pending().await;
        }
    }
    respond(reply, call)
}

/// A request as the formats see it.
pub(crate) struct Arrived<'a> {
    pub(crate) method: &'a Method,
    pub(crate) path: &'a str,
    pub(crate) query: &'a str,
    headers: &'a HeaderMap,
    /// None where it is larger than any is let in.
    pub(crate) body: Option<&'a [u8]>,
    /// The only key that is let in.
    pub(crate) key: Option<&'a str>,
    pub(crate) models: &'a [Model],
    pub(crate) company: Company,
    pub(crate) stamp: Stamp,
    shared: &'a Shared,
}

impl Arrived<'_> {
    /// Hands it to the format its path, or else a header, belongs to.
    fn reply(&self) -> Reply {
        if self.path.starts_with("/v1beta/") {
            return gemini::reply(self);
        }
        let route = self.path.strip_prefix(self.shared.options.prefix.as_str()).unwrap_or("");
        if route == "/messages" || self.header("anthropic-version").is_some() {
            return anthropic::reply(self, route);
        }
        openai::reply(self, route)
    }

    /// The first header of this name, where it is text.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    pub(crate) fn is_json(&self) -> bool {
        self.header(header::CONTENT_TYPE.as_str()).is_some_and(|value| value.starts_with("application/json"))
    }

    /// Takes the next script for a call that passed.
    pub(crate) fn script(&self, on: Endpoint) -> Script {
        self.shared.next(on)
    }

    /// The models of a list: the server's own, or these names where every name is answered.
    pub(crate) fn listed(&self, names: &[&str]) -> Vec<Model> {
        if self.models.is_empty() { names.iter().copied().map(Model::from).collect() } else { self.models.to_vec() }
    }
}

/// One call that is being answered. Dropped before it is done, its client has gone.
struct Call {
    shared: Arc<Shared>,
    end: End,
    done: bool,
}

/// The answer goes no further.
struct Ended;

impl Call {
    /// Does one step.
    async fn step(&mut self, step: Step) -> Result<Option<Bytes>, Ended> {
        let wait = async {
            match step {
                Step::Wait(time) => tokio::time::sleep(time).await,
                Step::Hold => self.shared.gate.acquire().await.map_or((), tokio::sync::SemaphorePermit::forget),
                Step::Stall => std::future::pending().await,
                Step::Cut { reset } => {
                    // What was sent before must have left first.
                    tokio::task::yield_now().await;
                    return Err(reset);
                }
                Step::Send(bytes) => return Ok(Some(bytes)),
            }
            Ok(None)
        };
        let result = tokio::select! {
            biased;
            () = self.shared.stop.cancelled() => Err(false),
            result = wait => result,
        };
        result.map_err(|reset| {
            self.done = true;
            self.end.now(reset);
            Ended
        })
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        if !self.done {
            self.shared.left.send_modify(|count| *count += 1);
        }
    }
}

fn respond(reply: Reply, call: Call) -> Response {
    let steps = VecDeque::from(reply.body);
    let body = Body::from_stream(stream::unfold((steps, call), next_piece));
    let mut response = Response::new(body);
    *response.status_mut() =
        http::StatusCode::from_u16(reply.status).unwrap_or(http::StatusCode::INTERNAL_SERVER_ERROR);
    for (name, value) in reply.headers {
        if let (Ok(name), Ok(value)) = (http::HeaderName::try_from(name), http::HeaderValue::try_from(value)) {
            response.headers_mut().append(name, value);
        }
    }
    response
}

type Rest = (VecDeque<Step>, Call);

async fn next_piece((mut steps, mut call): Rest) -> Option<(Result<Bytes, Infallible>, Rest)> {
    loop {
        let Some(step) = steps.pop_front() else {
            call.done = true;
            return None;
        };
        match call.step(step).await {
            Ok(Some(bytes)) => {
                if steps.is_empty() {
                    // A client may go as soon as it has the last byte; that is no early leave.
                    call.done = true;
                }
                return Some((Ok(bytes), (steps, call)));
            }
            // Lets what was sent so far leave as a piece of its own.
            Ok(None) => tokio::task::yield_now().await,
            Err(Ended) => return std::future::pending().await,
        }
    }
}
