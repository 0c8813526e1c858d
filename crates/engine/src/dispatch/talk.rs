//! One attempt: sends, listens, and says what came of it, within the limits to the first token and
//! between signs of life. What it means for the call is decided in the module above.

use std::pin::Pin;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use pointsman_core::chat::{Answer, Chat, FinishReason, StreamEvent};
use pointsman_core::failure::{Failure, FailureKind};
use pointsman_core::money::Usage;
use pointsman_core::plan::Target;
use pointsman_core::privacy::Restorer;
use pointsman_core::wire::{self, Encoded, StreamDecoder};
use tokio::time::Sleep;

use super::{Run, Tried, UnderWay, form_of};
use crate::ledger::key_check::{self, KeyCheck};
use crate::secrets::Secret;
use crate::transport::{Incoming, Outgoing};
use crate::view::KeyState;
use crate::{Inner, Progress};

/// The most bytes of an error body that are read.
const ERROR_BODY: usize = 64 * 1024;
/// The most bytes of an answer that are read: beyond it the answer is unusable for any client.
const ANSWER: usize = 16 * 1024 * 1024;

/// One HTTP call, within the deadline and the limits to the first token and between signs of life.
/// What the format or model could not take is added to `notes`.
pub(super) async fn attempt_once(
    inner: &Inner,
    run: &Run<'_>,
    target: &Target,
    chat: &Chat,
    key: Option<&Secret>,
    under_way: &UnderWay,
    notes: &mut Vec<String>,
) -> Tried {
    let restorer = target.redacted.clone().map(|redacted| Restorer::new(redacted, form_of(run.chat)));
    let (mut heard, begun) = (Heard { restorer, ..Heard::default() }, Instant::now());
    let encoded = {
        let mut chat = chat.clone();
        chat.params.max_tokens = Some(target.max_tokens);
        wire::encode(target.provider.wire, target.provider.dialect, &chat, &target.model.model, true)
    };
    for note in &encoded.dropped {
        if !notes.contains(note) {
            notes.push(note.clone());
        }
    }
    let talk = converse(inner, run, target, encoded, key, under_way, &mut heard);
    let tried = tokio::select! {
        biased;
        () = run.ctx.cancel.cancelled() => None,
        result = talk => Some(result),
    };
    match tried {
        None => Tried::Cancelled(heard.final_usage()),
        Some(Ok(answer)) => Tried::Answered(answer, heard.first),
        Some(Err(mut failure)) => {
            failure.usage = failure.usage.or(heard.final_usage());
            if failure.kind == FailureKind::Timeout && !under_way.handed().happened() {
                failure.kind = FailureKind::NetworkBeforeSend;
                failure.sentence = format!("{} could not be reached in time.", target.provider.base_url.origin());
            }
            failure.cut_short = failure.kind == FailureKind::Timeout && is_cut_short(run, target, begun, &heard);
            if let Some(key) = key {
                failure.sentence = key.redact(&failure.sentence);
                learn(inner, target, key, &failure);
            }
            Tried::Failed(failure)
        }
    }
}

/// Whether an attempt that ran out of time was ended by the call's deadline while it spoke, or had less than half
/// of the time in which a first word is expected.
fn is_cut_short(run: &Run<'_>, target: &Target, begun: Instant, heard: &Heard) -> bool {
    let had = run.deadline.saturating_duration_since(begun);
    let expected = first_limit(run, target).min(run.plan.deadline);
    run.deadline <= Instant::now() && (heard.alive || had * 2 < expected)
}

/// How long the first word may take.
fn first_limit(run: &Run<'_>, target: &Target) -> Duration {
    if target.slow { run.timeouts.first_token_slow } else { run.timeouts.first_token }
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
    /// When the bytes left.
    sent: Option<Instant>,
    /// From there to the first word.
    first: Option<Duration>,
    /// Anything at all, a ping included: from then on silence is measured by the idle limit.
    alive: bool,
    text: String,
    finish: Option<FinishReason>,
    usage: Option<Usage>,
    /// The usage that came with the reason to finish or after it.
    counted: Option<Usage>,
    model: Option<String>,
    ended: bool,
    /// Puts back what data_policy replaced, for whoever listens.
    restorer: Option<Restorer>,
}

impl Heard {
    /// What the provider counted, once it had finished: some count along while they stream, and such
    /// a number is too low.
    fn final_usage(&self) -> Option<Usage> {
        self.counted
    }

    fn tell(&mut self, run: &Run<'_>, piece: String) {
        let piece = match &mut self.restorer {
            Some(restorer) => restorer.push(&piece),
            None => piece,
        };
        if !piece.is_empty() {
            run.ctx.tell(Progress::Text(piece));
        }
    }

    /// What waited for the rest of a name.
    fn tell_rest(&mut self, run: &Run<'_>) {
        let rest = self.restorer.as_mut().map(Restorer::end).unwrap_or_default();
        if !rest.is_empty() {
            run.ctx.tell(Progress::Text(rest));
        }
    }
}

async fn converse(
    inner: &Inner,
    run: &Run<'_>,
    target: &Target,
    encoded: Encoded,
    key: Option<&Secret>,
    under_way: &UnderWay,
    heard: &mut Heard,
) -> Result<Answer, Failure> {
    let handed = under_way.handed();
    let outgoing = Outgoing {
        provider: &target.provider,
        path: &encoded.path,
        key,
        body: Some(encoded.body),
        connect: run.timeouts.connect,
        handed,
    };
    let first = first_limit(run, target);
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
                heard.sent = Some(sent);
                within(run, first, target, &mut head).await
            }
        }?
    };
    if incoming.head.status != 200 {
        let body = within(run, run.timeouts.idle, target, incoming.all(ERROR_BODY)).await.unwrap_or_default();
        // Before the provider's words are quoted and cut, so that no part of an echoed key is left.
        let body = key.map_or_else(|| body.clone(), |key| key.redact(&String::from_utf8_lossy(&body)).into_bytes());
        return Err(wire::decode_error(&incoming.head, &body));
    }
    if !incoming.head.content_type.starts_with("text/event-stream") {
        let body = within(run, first.saturating_sub(sent.elapsed()), target, incoming.all(ANSWER)).await?;
        let mut answer = wire::decode(target.provider.wire, &incoming.head, &body)?;
        heard.first = Some(sent.elapsed());
        answer.model = answer.model.filter(|model| model != target.model.model.as_str());
        heard.tell(run, answer.text.clone());
        heard.tell_rest(run);
        return Ok(answer);
    }
    listen(run, target, &mut incoming, first.saturating_sub(sent.elapsed()), under_way, heard).await?;
    incoming.finish();
    heard.tell_rest(run);
    Ok(whole(target, heard))
}

/// Reads a stream to its end mark.
async fn listen(
    run: &Run<'_>,
    target: &Target,
    incoming: &mut Incoming,
    first: Duration,
    under_way: &UnderWay,
    heard: &mut Heard,
) -> Result<(), Failure> {
    let mut decoder = StreamDecoder::new(target.provider.wire);
    let mut events = Vec::new();
    let mut patience = Patience::new(run);
    while !heard.ended {
        let limit = if heard.alive { run.timeouts.idle } else { first };
        let Some(bytes) = patience.within(limit, target, incoming.chunk()).await? else {
            decoder.close()?;
            heard.ended = true;
            break;
        };
        let decoded = decoder.push(&bytes, &mut events);
        for event in events.drain(..) {
            take(run, under_way, heard, event);
        }
        decoded?;
        if heard.text.len() > ANSWER {
            return Err(Failure::new(FailureKind::BadResponse, format!("{} sent more than 16 MiB.", target.model)));
        }
    }
    Ok(())
}

fn take(run: &Run<'_>, under_way: &UnderWay, heard: &mut Heard, event: StreamEvent) {
    match event {
        StreamEvent::Text(text) => {
            heard.alive = true;
            if heard.first.is_none() {
                heard.first = heard.sent.map(|sent| sent.elapsed());
            }
            heard.text.push_str(&text);
            under_way.delivers(&text);
            heard.tell(run, text);
        }
        StreamEvent::Alive => heard.alive = true,
        StreamEvent::Usage(usage) => {
            heard.usage = Some(usage);
            heard.counted = heard.finish.as_ref().map(|_| usage);
        }
        StreamEvent::Finish(reason) => heard.finish = Some(reason),
        StreamEvent::Model(model) => heard.model = Some(model),
        StreamEvent::End => heard.ended = true,
    }
}

/// The answer of a stream that ended properly. It has words: the decoder lets no empty one end.
fn whole(target: &Target, heard: &mut Heard) -> Answer {
    let model = heard.model.take().filter(|model| model != target.model.model.as_str());
    Answer { text: std::mem::take(&mut heard.text), finish: heard.finish.take(), usage: heard.usage, model }
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
        Err(_) => Err(silence(target, limit, left)),
    }
}

/// The same for the many steps of one stream, with one timer: each timer that is set anew wakes the thread
/// by a call to the system, once or twice for each piece of an answer.
struct Patience<'r, 'a> {
    run: &'r Run<'a>,
    timer: Pin<Box<Sleep>>,
}

impl<'r, 'a> Patience<'r, 'a> {
    fn new(run: &'r Run<'a>) -> Self {
        Self { run, timer: Box::pin(tokio::time::sleep_until(run.deadline.into())) }
    }

    async fn within<T>(
        &mut self,
        limit: Duration,
        target: &Target,
        step: impl Future<Output = Result<T, Failure>>,
    ) -> Result<T, Failure> {
        let now = Instant::now();
        let left = self.run.deadline.saturating_duration_since(now);
        let until = now + limit.min(left);
        // A timer that is set earlier only looks again when it rings.
        if self.timer.deadline() > until.into() {
            self.timer.as_mut().reset(until.into());
        }
        tokio::pin!(step);
        loop {
            tokio::select! {
                biased;
                result = &mut step => return result,
                () = &mut self.timer => {
                    if Instant::now() >= until {
                        return Err(silence(target, limit, left));
                    }
                    self.timer.as_mut().reset(until.into());
                }
            }
        }
    }
}

/// Nothing was heard within a limit, or until the call's deadline was over.
fn silence(target: &Target, limit: Duration, left: Duration) -> Failure {
    let silence = if left <= limit {
        "before the call's deadline".to_owned()
    } else {
        format!("for {} s", limit.as_secs().max(1))
    };
    Failure::new(FailureKind::Timeout, format!("{} said nothing {silence}.", target.model))
}
