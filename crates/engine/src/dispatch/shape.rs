//! Whether an answer is the JSON that was asked for. Checking a large answer against an involved schema
//! may take long, so it has a thread of its own and a limit: the other calls go on.

use std::time::Duration;

use pointsman_core::chat::{Answer, Chat, FinishReason};
use pointsman_core::failure::{Failure, FailureKind};
use pointsman_core::money::Usage;
use pointsman_core::plan::Target;
use pointsman_core::structured;

/// How long an answer may be checked. The schemas that are let in take milliseconds.
const LIMIT: Duration = Duration::from_secs(5);

/// An answer that is not the JSON asked for.
pub(super) struct Misshapen {
    pub(super) text: String,
    pub(super) why: String,
    usage: Option<Usage>,
    /// Another try may do better: it was not cut by max_tokens, and it could be checked.
    pub(super) can_be_mended: bool,
    hint: &'static str,
}

impl Misshapen {
    /// It was made and billed like any answer.
    pub(super) fn failure(&self, target: &Target) -> Failure {
        let sentence = format!("The answer of {} is not the JSON asked for: {}.{}", target.model, self.why, self.hint);
        Failure {
            usage: self.usage,
            begun: true,
            status: Some(200),
            ..Failure::new(FailureKind::BadResponse, sentence)
        }
    }
}

/// The answer with exactly the JSON that was asked for, where JSON was.
pub(super) async fn shaped(chat: &Chat, answer: Answer) -> Result<Answer, Box<Misshapen>> {
    let Some(format) = chat.params.response_format.clone() else { return Ok(answer) };
    let text = answer.text.clone();
    let check = tokio::task::spawn_blocking(move || structured::read(&format, &text).map(str::to_owned));
    let (why, checked) = match tokio::time::timeout(LIMIT, check).await {
        Ok(Ok(Ok(text))) => return Ok(Answer { text, ..answer }),
        Ok(Ok(Err(why))) => (why, true),
        Ok(Err(_)) | Err(_) => ("it could not be checked against the schema in time".to_owned(), false),
    };
    let cut = answer.finish == Some(FinishReason::Length);
    let hint = if cut { " It was cut off by max_tokens; a higher one may help." } else { "" };
    Err(Box::new(Misshapen { text: answer.text, why, usage: answer.usage, can_be_mended: checked && !cut, hint }))
}
