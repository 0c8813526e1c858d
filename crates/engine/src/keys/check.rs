//! Whether a key works: one GET to the provider, which costs nothing. The key goes to the origin it
//! is bound to, no redirect is followed, and the answer is redacted before anything reads it.

use std::time::Duration;

use pointsman_core::catalog::Provider;
use pointsman_core::failure::{Failure, FailureKind};
use pointsman_core::wire::{self, Head};
use serde_json::Value;

use crate::secrets::Secret;
use crate::transport::{Outgoing, Transport};
use crate::view::KeyState;

/// How long the whole check may take.
const LIMIT: Duration = Duration::from_secs(10);
/// The longest answer that is read: lists of models are up to 1 MiB.
const LONGEST: usize = 4 * 1024 * 1024;
/// The most characters of the provider's words that are kept.
const WORDS: usize = 200;

/// What a check found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) state: KeyState,
    /// How many models the key reaches, where the provider lists them.
    pub(super) models: Option<u32>,
    /// Where it is not valid: what the provider said, without the key.
    pub(super) words: Option<String>,
}

/// Asks the provider. `key` is `None` for one that needs none. Never longer than 10 s.
pub(super) async fn check(transport: &Transport, provider: &Provider, key: Option<&Secret>) -> Found {
    let asked = async {
        let path = provider.check_path.as_str();
        let outgoing = Outgoing { base: &provider.base_url, path, key, body: None, connect: LIMIT };
        let mut incoming = transport.send(outgoing).await?;
        let body = incoming.all(LONGEST).await?;
        Ok::<_, Failure>((incoming.head, body))
    };
    let found = match tokio::time::timeout(LIMIT, asked).await {
        Ok(Ok((head, body))) => {
            let text = String::from_utf8_lossy(&body);
            let text = key.map_or_else(|| text.to_string(), |key| key.redact(&text));
            judge(provider, &head, &text)
        }
        Ok(Err(failure)) => Found { state: KeyState::Unreachable, models: None, words: Some(failure.sentence) },
        Err(_) => {
            let words = format!("{} did not answer in 10 seconds.", provider.base_url.origin());
            Found { state: KeyState::Unreachable, models: None, words: Some(words) }
        }
    };
    let shown = |words: String| shorten(&key.map_or_else(|| words.clone(), |key| key.redact(&words)));
    Found { words: found.words.map(shown), ..found }
}

/// What an answer says about the key.
fn judge(provider: &Provider, head: &Head, text: &str) -> Found {
    if head.status == 200 {
        return match serde_json::from_str::<Value>(text) {
            // A list of models, or OpenRouter's description of the key, whose models are not counted.
            Ok(Value::Object(body)) if body.contains_key("data") => Found {
                state: KeyState::Valid,
                models: body["data"].as_array().and_then(|models| u32::try_from(models.len()).ok()),
                words: None,
            },
            Ok(_) | Err(_) => {
                let words =
                    format!("{} answered, but not with a list of models. Check base_url.", provider.base_url.origin());
                Found { state: KeyState::NotChecked, models: None, words: Some(words) }
            }
        };
    }
    let failure = wire::decode_error(provider.wire, head, text.as_bytes());
    let state = match failure.kind {
        FailureKind::Auth => KeyState::Refused,
        FailureKind::Quota => KeyState::NoCredit,
        FailureKind::RateLimit => KeyState::RateLimited,
        FailureKind::Overloaded
        | FailureKind::Provider5xx
        | FailureKind::Timeout
        | FailureKind::NetworkBeforeSend
        | FailureKind::NetworkAfterSend => KeyState::Unreachable,
        // It answered and did not speak about the key: no list of models there, or a redirect.
        FailureKind::ContextTooLong
        | FailureKind::ContentFilter
        | FailureKind::InvalidRequest
        | FailureKind::UnknownModel
        | FailureKind::BadResponse => KeyState::NotChecked,
    };
    Found { state, models: None, words: Some(failure.sentence) }
}

fn shorten(words: &str) -> String {
    if words.chars().count() <= WORDS {
        return words.to_owned();
    }
    let mut short: String = words.chars().take(WORDS - 1).collect();
    short.push('…');
    short
}
