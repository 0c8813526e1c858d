//! One tool call under way: its arguments, its cancellation, and its progress.
//!
//! A call ends early when the client cancels it or goes away. It is never dropped: the gateway is told
//! and given time to settle, so that what was spent is recorded.

use std::time::{Duration, Instant};

use pointsman_core::code::Denial;
use pointsman_engine::{Answered, Ask, CallContext, Delivery, Progress};
use rmcp::RoleServer;
use rmcp::model::{ProgressNotificationParam, ProgressToken};
use rmcp::service::{Peer, RequestContext};
use serde_json::Value;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio_util::sync::CancellationToken;

use crate::door::Door;

/// One tool call.
pub(crate) struct Calling<'a> {
    /// The way to the gateway.
    pub(crate) door: &'a Door,
    /// Cancelled when the client has gone.
    pub(crate) gone: &'a CancellationToken,
    /// How long the client waits for an answer before it gets a job.
    pub(crate) patience: Duration,
    /// What the client sent; `null` where it sent none.
    pub(crate) arguments: Value,
    /// The request.
    pub(crate) context: RequestContext<RoleServer>,
}

/// What progress says of an answer that arrives in pieces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pieces {
    /// Each piece, as it arrives.
    Told,
    /// How many characters there are so far, at most once a second: the client sees life.
    Counted,
}

impl Calling<'_> {
    /// Runs one call of the gateway to its end, or until it goes on as a job, passing on progress and
    /// cancellation.
    pub(crate) async fn drive(&self, tool: &'static str, pieces: Pieces, ask: Ask) -> Result<Answered, Denial> {
        let gateway = self.door.gateway().await?;
        let cancel = self.gone.child_token();
        let (sender, receiver) = unbounded_channel();
        let token = self.context.meta.get_progress_token();
        let progress = token.is_some().then_some(sender);
        let delivery = match pieces {
            Pieces::Told if progress.is_some() => Delivery::Pieces,
            Pieces::Told | Pieces::Counted => Delivery::Whole,
        };
        let context = CallContext { cancel: cancel.clone(), progress, delivery, ..CallContext::quiet(tool) };
        let call = gateway.answer(ask, context, self.patience);
        let told = tell(self.context.peer.clone(), token, receiver, pieces);
        tokio::pin!(call, told);
        let mut telling = true;
        loop {
            tokio::select! {
                answered = &mut call => {
                    // The last pieces are in the channel; the reply comes after them.
                    if telling && matches!(answered, Answered::Done(_)) {
                        tokio::select! {
                            () = &mut told => {}
                            () = self.context.ct.cancelled() => {}
                            () = self.gone.cancelled() => {}
                        }
                    }
                    return Ok(answered);
                }
                () = self.context.ct.cancelled(), if !cancel.is_cancelled() => cancel.cancel(),
                () = &mut told, if telling => telling = false,
            }
        }
    }
}

/// Sends progress until the call has no more to say. One at a time, so that they arrive in order.
async fn tell(
    peer: Peer<RoleServer>,
    token: Option<ProgressToken>,
    mut receiver: UnboundedReceiver<Progress>,
    pieces: Pieces,
) {
    let Some(token) = token else { return };
    let mut step = 0_u32;
    let mut characters = 0;
    let mut counted_at = Instant::now();
    while let Some(progress) = receiver.recv().await {
        let message = match progress {
            Progress::Trying { model, nth: 1 } => format!("Asking {model}"),
            Progress::Trying { model, nth } => format!("Asking {model} (attempt {nth})"),
            Progress::Waiting { provider } => format!("Waiting for a turn at {provider}"),
            Progress::Text(piece) => match pieces {
                Pieces::Told => piece,
                Pieces::Counted => {
                    characters += piece.chars().count();
                    if counted_at.elapsed() < Duration::from_secs(1) {
                        continue;
                    }
                    counted_at = Instant::now();
                    format!("{characters} characters so far")
                }
            },
        };
        step += 1;
        let param = ProgressNotificationParam::new(token.clone(), f64::from(step)).with_message(message);
        if peer.notify_progress(param).await.is_err() {
            return;
        }
    }
}
