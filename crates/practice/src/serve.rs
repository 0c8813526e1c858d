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

use crate::check;
use crate::model::{LISTED, Model};
use crate::play::{self, Reply, Stamp, Step};
use crate::refusal::Refusal;
use crate::script::{Endpoint, Script};
use crate::socket::End;
use crate::{Options, Received};

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
    let Ok(body) = axum::body::to_bytes(body, LARGEST_REQUEST).await else {
        return respond(Reply::refusal(&Refusal::coded(413, None, "Request too large.")), call);
    };
    let path = head.uri.path().to_owned();
    shared.keep(Received {
        method: head.method.to_string(),
        path: path.clone(),
        headers: head
            .headers
            .iter()
            .map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
            .collect(),
        body: body.clone(),
        at: Instant::now(),
    });
    let mut reply = reply(&shared, &head.method, &path, &head.headers, &body);
    for step in std::mem::take(&mut reply.before_head) {
        if call.step(step).await.is_err() {
            // The connection ends; the head is never sent.
            return std::future::pending().await;
        }
    }
    respond(reply, call)
}

fn reply(shared: &Shared, method: &Method, path: &str, headers: &HeaderMap, body: &Bytes) -> Reply {
    let stamp = shared.stamp();
    let route = path.strip_prefix(shared.options.prefix.as_str()).unwrap_or("");
    if let Err(refusal) = authorised(shared.options.key.as_deref(), headers) {
        return Reply::refusal(&refusal);
    }
    let reply = match (method, route) {
        (&Method::POST, "/chat/completions") => chat(shared, headers, body, stamp),
        (&Method::GET, "/models") => Ok(play::models(&names(shared), &shared.next(Endpoint::Models), stamp)),
        (_, "/chat/completions" | "/models") => {
            let right = if route == "/models" { "GET" } else { "POST" };
            let text =
                format!("Not allowed to {method} on {path}. (HINT: Perhaps you meant to make a {right} request?)");
            Err(Refusal::coded(405, Some("method_not_supported"), text))
        }
        _ => Err(Refusal::coded(404, None, format!("Invalid URL ({method} {path})"))),
    };
    let mut reply = reply.unwrap_or_else(|refusal| Reply::refusal(&refusal));
    reply.headers.push(("x-request-id".into(), format!("req_practice{:06}", stamp.nth)));
    reply.headers.push(("openai-version".into(), "2020-10-01".into()));
    reply
}

fn chat(shared: &Shared, headers: &HeaderMap, body: &[u8], stamp: Stamp) -> Result<Reply, Refusal> {
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if !content_type.starts_with("application/json") {
        return Err(Refusal::plain("you must provide a model parameter"));
    }
    let asked = check::check(body, &shared.options.models)?;
    Ok(play::chat(&asked, &shared.next(Endpoint::Chat), stamp))
}

fn names(shared: &Shared) -> Vec<String> {
    if shared.options.models.is_empty() {
        return LISTED.iter().map(|name| (*name).to_owned()).collect();
    }
    shared.options.models.iter().map(|Model { name, .. }| name.clone()).collect()
}

fn authorised(key: Option<&str>, headers: &HeaderMap) -> Result<(), Refusal> {
    let Some(key) = key else { return Ok(()) };
    let given = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    match given.and_then(|value| value.strip_prefix("Bearer ")) {
        Some(given) if given == key => Ok(()),
        Some(given) if !given.is_empty() => {
            let text = format!(
                "Incorrect API key provided: {}. You can find your API key at https://platform.openai.com/account/api-keys.",
                masked(given)
            );
            Err(Refusal::coded(401, Some("invalid_api_key"), text))
        }
        _ => Err(Refusal::coded(
            401,
            None,
            "You didn't provide an API key. You need to provide your API key in an Authorization header using Bearer auth (i.e. Authorization: Bearer YOUR_KEY), or as the password field (with blank username) if you're accessing the API from your browser and are prompted for a username and password. You can obtain an API key from https://platform.openai.com/account/api-keys.",
        )),
    }
}

/// A key as the real API repeats it: its ends.
fn masked(key: &str) -> String {
    let chars: Vec<char> = key.chars().collect();
    if chars.len() <= 12 {
        return "*".repeat(chars.len());
    }
    let (start, end): (String, String) = (chars[..8].iter().collect(), chars[chars.len() - 4..].iter().collect());
    format!("{start}{}{end}", "*".repeat(chars.len() - 12))
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
