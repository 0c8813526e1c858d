//! Step 5 of the journey: targets in order, retries on one target, one deadline over all.
//!
//! Worst case of [`run`]: targets × (retries + 1) attempts within the plan's deadline. No attempt is
//! sent before the ledger has covered it; the first one is covered by the reservation itself.

use std::time::{Duration, Instant};

use jiff::Timestamp;
use pointsman_core::chat::{Answer, Chat, FinishReason, StreamEvent};
use pointsman_core::code::{Code, Denial};
use pointsman_core::failure::{Billing, Failure, FailureKind, Verdict};
use pointsman_core::money::{MicroUsd, Usage};
use pointsman_core::plan::{Plan, Target};
use pointsman_core::policy::{Retry, Timeouts};
use pointsman_core::reservation::Charge;
use pointsman_core::retry;
use pointsman_core::wire::{self, StreamDecoder};

use crate::chat::{Hold, no_room};
use crate::ledger::attempt;
use crate::ledger::key_check::{self, KeyCheck};
use crate::ledger::reservation::{Advance, Cover, Limits, Stopped};
use crate::secrets::Secret;
use crate::transport::{Handed, Incoming, Outgoing};
use crate::view::KeyState;
use crate::{CallContext, Inner, Progress, pause};

/// The most bytes of an error body that are read.
const ERROR_BODY: usize = 64 * 1024;
/// The most bytes of an answer that are read: beyond it the answer is unusable for any client.
const ANSWER: usize = 16 * 1024 * 1024;

/// The least time that must be left for another attempt, unless `first_token_s` is shorter.
const LEAST: Duration = Duration::from_secs(2);

/// What goes into a run.
pub(crate) struct Run<'a> {
    pub(crate) plan: &'a Plan,
    pub(crate) chat: &'a Chat,
    pub(crate) keys: &'a [Option<Secret>],
    pub(crate) limits: &'a Limits,
    pub(crate) timeouts: Timeouts,
    pub(crate) retry: &'a Retry,
    pub(crate) deadline: Instant,
    pub(crate) ctx: &'a CallContext,
}

/// How a run ended: with the last attempt, which is still to be settled, or without one.
pub(crate) struct Ran {
    pub(crate) result: Result<Answer, Denial>,
    /// The target of the last attempt.
    pub(crate) target: usize,
    /// The last attempt, unless the ledger has ended it already.
    pub(crate) last: Option<attempt::End>,
    pub(crate) usage: Option<Usage>,
    /// Attempts beyond the first.
    pub(crate) retries: u32,
    pub(crate) cancelled: bool,
}

/// What one attempt gave.
enum Tried {
    Answered(Answer),
    Failed(Failure),
    /// With what is known of its cost.
    Cancelled(Charge, Option<Usage>),
}

/// Tries targets until one answers, the plan ends, or the deadline passes.
pub(crate) async fn run(inner: &Inner, hold: &Hold, run: &Run<'_>) -> Ran {
    let (mut target, mut on_target, mut nth) = (0, 0, 1);
    let mut first_failure: Option<Failure> = None;
    loop {
        let current = &run.plan.targets[target];
        run.ctx.tell(Progress::Trying { model: current.model.to_string(), nth });
        let tried = attempt_once(inner, run, current, run.keys[target].as_ref()).await;
        let (ended, failure) = match tried {
            Tried::Answered(answer) => {
                let usage = answer.usage;
                let last = end_of(nth, charge(usage, current, Billing::Unknown), None);
                return Ran { result: Ok(answer), target, last: Some(last), usage, retries: nth - 1, cancelled: false };
            }
            Tried::Cancelled(charge, usage) => {
                let last = end_of(nth, charge, None);
                let result = Err(Denial::new(Code::Cancelled, "The caller cancelled the call."));
                return Ran { result, target, last: Some(last), usage, retries: nth - 1, cancelled: true };
            }
            Tried::Failed(failure) => {
                (end_of(nth, charge(failure.usage, current, failure.billing()), Some(&failure)), failure)
            }
        };
        let usage = failure.usage;
        let over = |result, last| Ran { result: Err(result), target, last, usage, retries: nth - 1, cancelled: false };
        let Some((next, wait)) = next_step(run, target, on_target, &failure) else {
            return over(last_word(run, first_failure.as_ref(), &failure), Some(ended));
        };
        if !waited(run, wait).await {
            let denial = Denial::new(Code::Cancelled, "The caller cancelled the call.");
            return Ran { cancelled: true, ..over(denial, Some(ended)) };
        }
        match hold.advance(&ended, run.limits, cover(run.plan, next, nth + 1)).await {
            Ok(Advance::Covered) => {}
            Ok(Advance::Stopped(stopped, charged)) => {
                let mut denial = why_stopped(inner, stopped).await;
                if charged > MicroUsd::ZERO {
                    denial.sentence.push_str(&format!(" {charged} was already charged for this call."));
                }
                return over(denial, None);
            }
            Ok(Advance::Lapsed) => {
                return over(
                    Denial::new(Code::Interrupted, "The call took longer than its hold on the caps, so it was ended."),
                    None,
                );
            }
            Err(denial) => return over(denial, Some(ended)),
        }
        on_target = if next == target { on_target + 1 } else { 0 };
        target = next;
        nth += 1;
        first_failure.get_or_insert(failure);
    }
}

/// The denial of a call that may send nothing more.
pub(crate) async fn why_stopped(inner: &Inner, stopped: Stopped) -> Denial {
    match stopped {
        Stopped::NoRoom(found) => no_room(&found),
        Stopped::Paused => match pause::denial(inner).await {
            Ok(Some(denial)) | Err(denial) => denial,
            Ok(None) => Denial::new(Code::Paused, "Spending was paused by the user."),
        },
    }
}

/// What has to be covered before an attempt on a target.
pub(crate) fn cover(plan: &Plan, target: usize, nth: u32) -> Cover {
    let current = &plan.targets[target];
    Cover {
        attempt: attempt::Start {
            nth,
            model: current.model.clone(),
            price: current.price,
            worst: current.worst,
            at: Timestamp::now(),
        },
        dearest: plan.dearest_from(target),
    }
}

/// The next target and the wait before it; `None` where the call ends.
fn next_step(run: &Run<'_>, target: usize, on_target: usize, failure: &Failure) -> Option<(usize, Duration)> {
    // An attempt that has no time to finish would only be charged for nothing.
    let least = run.timeouts.first_token.min(LEAST);
    let left = run.deadline.saturating_duration_since(Instant::now()).saturating_sub(least);
    let another = || (target + 1 < run.plan.targets.len() && !left.is_zero()).then_some((target + 1, Duration::ZERO));
    match failure.verdict() {
        Verdict::Stop => None,
        Verdict::NextTarget => another(),
        Verdict::Retry => match retry::wait(run.retry, on_target, random(), failure.retry_after, left) {
            Some(wait) => Some((target, wait)),
            None => another(),
        },
    }
}

/// Waits; `false` where the caller cancelled meanwhile.
async fn waited(run: &Run<'_>, wait: Duration) -> bool {
    tokio::select! {
        () = tokio::time::sleep(wait) => true,
        () = run.ctx.cancel.cancelled() => false,
    }
}

fn random() -> u32 {
    let mut bytes = [0u8; 2];
    match getrandom::fill(&mut bytes) {
        Ok(()) => u32::from(u16::from_le_bytes(bytes)) % 1001,
        Err(_) => 500,
    }
}

fn charge(usage: Option<Usage>, target: &Target, billing: Billing) -> Charge {
    match (usage, billing) {
        (Some(usage), _) => Charge::Measured(usage, target.price.cost(&usage)),
        (None, Billing::Unknown) => Charge::Assumed(target.worst),
        (None, Billing::None) => Charge::None,
    }
}

fn end_of(nth: u32, charge: Charge, failure: Option<&Failure>) -> attempt::End {
    attempt::End {
        nth,
        charge,
        failure: failure.map(|failure| failure.kind),
        status: failure.and_then(|failure| failure.status),
        at: Timestamp::now(),
    }
}

/// The error of a call whose every attempt failed: the last failure, and the first where it was
/// another one.
fn last_word(run: &Run<'_>, first: Option<&Failure>, last: &Failure) -> Denial {
    let mut sentence = last.sentence.clone();
    if let Some(first) = first.filter(|first| first.sentence != last.sentence) {
        sentence = format!("{sentence} Before that: {}", first.sentence);
    }
    if run.deadline <= Instant::now() && last.kind != FailureKind::Timeout {
        sentence.push_str(" There was no time left for another try.");
    }
    Denial::new(last.kind.code(), sentence)
}

/// One HTTP call, within the deadline and the limits to the first token and between signs of life.
async fn attempt_once(inner: &Inner, run: &Run<'_>, target: &Target, key: Option<&Secret>) -> Tried {
    let (mut heard, handed) = (Heard::default(), Handed::default());
    let talk = converse(inner, run, target, key, &handed, &mut heard);
    let tried = tokio::select! {
        biased;
        () = run.ctx.cancel.cancelled() => None,
        result = talk => Some(result),
    };
    match tried {
        None => {
            let billing = if handed.happened() { Billing::Unknown } else { Billing::None };
            let usage = heard.final_usage();
            Tried::Cancelled(charge(usage, target, billing), usage)
        }
        Some(Ok(answer)) => Tried::Answered(answer),
        Some(Err(mut failure)) => {
            failure.usage = failure.usage.or(heard.final_usage());
            if failure.kind == FailureKind::Timeout && !handed.happened() {
                failure.kind = FailureKind::NetworkBeforeSend;
                failure.sentence = format!("{} could not be reached in time.", target.provider.base_url.origin());
            }
            if let Some(key) = key {
                failure.sentence = key.redact(&failure.sentence);
                learn(inner, target, key, &failure);
            }
            Tried::Failed(failure)
        }
    }
}

/// A key that a provider refuses is shown on Keys and in Problems, also when no check was asked for.
fn learn(inner: &Inner, target: &Target, key: &Secret, failure: &Failure) {
    let state = match failure.kind {
        FailureKind::Auth => KeyState::Refused,
        FailureKind::Quota => KeyState::NoCredit,
        FailureKind::RateLimit
        | FailureKind::Overloaded
        | FailureKind::Provider5xx
        | FailureKind::Timeout
        | FailureKind::NetworkBeforeSend
        | FailureKind::NetworkAfterSend
        | FailureKind::ContextTooLong
        | FailureKind::ContentFilter
        | FailureKind::InvalidRequest
        | FailureKind::UnknownModel
        | FailureKind::BadResponse => return,
    };
    let row = KeyCheck {
        provider: target.provider.id.to_string(),
        state,
        checked_ms: Timestamp::now().as_millisecond(),
        models: None,
        message: Some(failure.sentence.clone()),
        last4: Some(key.last4()),
        fingerprint: Some(key.fingerprint()),
    };
    inner.ledger.post(move |tx| key_check::fails(tx, &row));
}

/// What a stream has said so far.
#[derive(Default)]
struct Heard {
    /// Anything at all, a ping included: from then on silence is measured by the idle limit.
    alive: bool,
    text: String,
    finish: Option<FinishReason>,
    usage: Option<Usage>,
    model: Option<String>,
    ended: bool,
}

impl Heard {
    /// What the provider counted, once it had finished: some count along while they stream, and such
    /// a number is too low.
    fn final_usage(&self) -> Option<Usage> {
        self.finish.as_ref().and(self.usage)
    }
}

async fn converse(
    inner: &Inner,
    run: &Run<'_>,
    target: &Target,
    key: Option<&Secret>,
    handed: &Handed,
    heard: &mut Heard,
) -> Result<Answer, Failure> {
    let mut chat = run.chat.clone();
    chat.params.max_tokens = Some(target.max_tokens);
    let encoded = wire::encode(target.provider.wire, &chat, &target.model.model, true);
    let outgoing = Outgoing {
        base: &target.provider.base_url,
        path: encoded.path,
        key,
        body: Some(encoded.body),
        connect: run.timeouts.connect,
        handed,
    };
    let first = if target.slow { run.timeouts.first_token_slow } else { run.timeouts.first_token };
    // The wait for the first token begins when the bytes have left; connecting has a limit of its own.
    let mut sent = Instant::now();
    let mut incoming = {
        let head = inner.transport.send(outgoing);
        tokio::pin!(head);
        tokio::select! {
            biased;
            result = within(run, Duration::MAX, target, &mut head) => result,
            () = handed.happens() => {
                sent = Instant::now();
                within(run, first, target, &mut head).await
            }
        }?
    };
    if incoming.head.status != 200 {
        let body = within(run, run.timeouts.idle, target, incoming.all(ERROR_BODY)).await.unwrap_or_default();
        // Before the provider's words are quoted and cut, so that no part of an echoed key is left.
        let body = key.map_or_else(|| body.clone(), |key| key.redact(&String::from_utf8_lossy(&body)).into_bytes());
        return Err(wire::decode_error(target.provider.wire, &incoming.head, &body));
    }
    if !incoming.head.content_type.starts_with("text/event-stream") {
        let body = within(run, first.saturating_sub(sent.elapsed()), target, incoming.all(ANSWER)).await?;
        let mut answer = wire::decode(target.provider.wire, &incoming.head, &body)?;
        answer.model = answer.model.filter(|model| model != target.model.model.as_str());
        run.ctx.tell(Progress::Text(answer.text.clone()));
        return Ok(answer);
    }
    listen(run, target, &mut incoming, first.saturating_sub(sent.elapsed()), heard).await?;
    incoming.finish();
    whole(target, heard)
}

/// Reads a stream to its end mark.
async fn listen(
    run: &Run<'_>,
    target: &Target,
    incoming: &mut Incoming,
    first: Duration,
    heard: &mut Heard,
) -> Result<(), Failure> {
    let mut decoder = StreamDecoder::new(target.provider.wire);
    let mut events = Vec::new();
    while !heard.ended {
        let limit = if heard.alive { run.timeouts.idle } else { first };
        let Some(bytes) = within(run, limit, target, incoming.chunk()).await? else {
            decoder.close()?;
            heard.ended = true;
            break;
        };
        let decoded = decoder.push(&bytes, &mut events);
        for event in events.drain(..) {
            take(run, heard, event);
        }
        decoded?;
        if heard.text.len() > ANSWER {
            return Err(Failure::new(FailureKind::BadResponse, format!("{} sent more than 16 MiB.", target.model)));
        }
    }
    Ok(())
}

fn take(run: &Run<'_>, heard: &mut Heard, event: StreamEvent) {
    match event {
        StreamEvent::Text(text) => {
            heard.alive = true;
            heard.text.push_str(&text);
            run.ctx.tell(Progress::Text(text));
        }
        StreamEvent::Alive => heard.alive = true,
        StreamEvent::Usage(usage) => heard.usage = Some(usage),
        StreamEvent::Finish(reason) => heard.finish = Some(reason),
        StreamEvent::Model(model) => heard.model = Some(model),
        StreamEvent::End => heard.ended = true,
    }
}

/// The answer of a stream that ended properly. An empty one is no answer, but it is paid for.
fn whole(target: &Target, heard: &mut Heard) -> Result<Answer, Failure> {
    if heard.text.is_empty() {
        let why = match &heard.finish {
            Some(FinishReason::Length) => "used all of max_tokens before it wrote a word; raise max_tokens",
            Some(FinishReason::ContentFilter) => "had its answer removed by the provider's content filter",
            Some(FinishReason::Stop | FinishReason::Other(_)) | None => "gave an empty answer",
        };
        let kind = match &heard.finish {
            Some(FinishReason::ContentFilter) => FailureKind::ContentFilter,
            Some(FinishReason::Stop | FinishReason::Length | FinishReason::Other(_)) | None => FailureKind::BadResponse,
        };
        return Err(Failure { begun: true, ..Failure::new(kind, format!("{} {why}.", target.model)) });
    }
    let model = heard.model.take().filter(|model| model != target.model.model.as_str());
    Ok(Answer { text: std::mem::take(&mut heard.text), finish: heard.finish.take(), usage: heard.usage, model })
}

/// Limits a step by its own limit and by the deadline of the call.
async fn within<T>(
    run: &Run<'_>,
    limit: Duration,
    target: &Target,
    step: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    let left = run.deadline.saturating_duration_since(Instant::now());
    match tokio::time::timeout(limit.min(left), step).await {
        Ok(result) => result,
        Err(_) => {
            let silence = if left <= limit {
                "before the call's deadline".to_owned()
            } else {
                format!("for {} s", limit.as_secs().max(1))
            };
            Err(Failure::new(FailureKind::Timeout, format!("{} said nothing {silence}.", target.model)))
        }
    }
}
