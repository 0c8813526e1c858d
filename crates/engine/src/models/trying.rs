//! One prompt to one model, from its card: what it would cost, then the call itself, under the same caps and
//! in the same books as any other call.

use std::time::Instant;

use pointsman_core::chat::{Chat, Message, Params, Role};
use pointsman_core::code::Denial;
use pointsman_core::id::ModelId;
use pointsman_core::money::MicroUsd;
use pointsman_core::{catalog, code};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::view::{Money, TryAnswer, TryOutlook};
use crate::{CallContext, ChatCall, EstimateQuery, Gateway, Progress};

/// The most output tokens of a trial: enough for an answer of a page.
const MOST: u64 = 1_000;
/// The same for a model that spends output on thought first.
const MOST_REASONING: u64 = 4_000;

impl Gateway {
    /// What a prompt to a model would cost, without sending it.
    ///
    /// # Errors
    /// Where there is no valid policy, or no prompt.
    pub async fn model_try_outlook(&self, id: &str, prompt: &str) -> Result<TryOutlook, Denial> {
        let query =
            EstimateQuery { prompt: prompt.to_owned(), models: vec![id.to_owned()], max_tokens: Some(most(id)) };
        let line = self.estimate(query).await?.models.into_iter().next();
        let line = line.ok_or_else(|| Denial::new(code::Code::UnknownModel, "There is no such model."))?;
        Ok(TryOutlook {
            likely: line.likely_usd.as_ref().map(money),
            worst: line.worst_usd.as_ref().map(money),
            why_not: line.why_not,
        })
    }

    /// Sends a prompt to a model, as tool `try`. What goes wrong is in the answer.
    pub async fn model_try(&self, id: &str, prompt: &str, cancel: CancellationToken) -> TryAnswer {
        let (teller, mut listener) = mpsc::unbounded_channel();
        let begun = Instant::now();
        let first = tokio::spawn(async move {
            while let Some(progress) = listener.recv().await {
                match progress {
                    Progress::Text(text) if !text.is_empty() => return Some(begun.elapsed()),
                    Progress::Text(_) | Progress::Trying { .. } | Progress::Waiting { .. } => {}
                }
            }
            None
        });
        let params = Params { max_tokens: Some(most(id)), ..Params::default() };
        let chat = Chat { messages: vec![Message::text(Role::User, prompt)], params };
        let context = CallContext { cancel, progress: Some(teller), ..CallContext::quiet("try") };
        let envelope = self.chat(ChatCall { chat, model: Some(id.to_owned()) }, context).await;
        let first = first.await.ok().flatten();
        let took_ms = envelope.meta.latency_ms;
        TryAnswer {
            text: envelope.data.map(|data| data.text),
            sentence: envelope.error,
            code: envelope.code.map(|code| code.as_str().to_owned()),
            cost: money(&envelope.meta.cost_usd),
            assumed: envelope.meta.cost_assumed,
            first_ms: first.and_then(|first| u64::try_from(first.as_millis()).ok()).map(|first| first.min(took_ms)),
            took_ms,
            tokens: envelope.meta.tokens.map(|tokens| tokens.total),
            warnings: envelope.meta.warnings,
        }
    }
}

fn most(id: &str) -> u64 {
    let reasons = ModelId::parse(id).is_ok_and(|id| catalog::is_reasoning(&id.model));
    if reasons { MOST_REASONING } else { MOST }
}

/// A decimal number of dollars, from its digits.
fn money(number: &serde_json::Number) -> Money {
    Money::row(MicroUsd::parse_up(&number.to_string()).unwrap_or_default())
}
