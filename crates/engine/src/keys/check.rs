//! Whether a key works: one GET to the provider, which costs nothing. The key goes to the origin it
//! is bound to, no redirect is followed, and the answer is redacted before anything reads it.

use std::time::Duration;

use pointsman_core::catalog::{Provider, live};
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

/// Asks the provider for what is at a path below its base URL; the key goes to the origin it is bound
/// to. The text is at most 4 MiB and without the key. Never longer than 10 s.
pub(crate) async fn fetch(
    transport: &Transport,
    provider: &Provider,
    key: Option<&Secret>,
    path: &str,
) -> Result<(Head, String), Failure> {
    let asked = async {
        let handed = crate::transport::Handed::default();
        let outgoing = Outgoing { provider, path, key, body: None, connect: LIMIT, handed: &handed };
        let mut incoming = transport.send(outgoing).await?;
        let body = incoming.all(LONGEST).await?;
        Ok((incoming.head, body))
    };
    let late = || {
        let words = format!("{} did not answer in 10 seconds.", provider.base_url.origin());
        Err(Failure::new(FailureKind::Timeout, words))
    };
    let redacted = |text: &str| key.map_or_else(|| text.to_owned(), |key| key.redact(text));
    match tokio::time::timeout(LIMIT, asked).await.unwrap_or_else(|_| late()) {
        Ok((head, body)) => Ok((head, redacted(&String::from_utf8_lossy(&body)))),
        Err(failure) => Err(Failure { sentence: redacted(&failure.sentence), ..failure }),
    }
}

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
    let found = match fetch(transport, provider, key, &provider.check_path).await {
        Ok((head, text)) => judge(provider, &head, &text),
        Err(failure) => Found { state: KeyState::Unreachable, models: None, words: Some(failure.sentence) },
    };
    let shown = |words: String| shorten(&key.map_or_else(|| words.clone(), |key| key.redact(&words)));
    Found { words: found.words.map(shown), ..found }
}

/// What an answer says about the key.
fn judge(provider: &Provider, head: &Head, text: &str) -> Found {
    if head.status == 200 {
        let list = live::read(text.as_bytes());
        // OpenRouter describes the key instead, and its models are not counted.
        let describes = || serde_json::from_str::<Value>(text).is_ok_and(|body| body["data"].is_object());
        return match list {
            Some(list) => {
                let models = u32::try_from(list.models.len() + list.left_out).ok();
                Found { state: KeyState::Valid, models, words: None }
            }
            None if describes() => Found { state: KeyState::Valid, models: None, words: None },
            None => {
                let words =
                    format!("{} answered, but not with a list of models. Check base_url.", provider.base_url.origin());
                Found { state: KeyState::NotChecked, models: None, words: Some(words) }
            }
        };
    }
    let failure = wire::decode_error(head, text.as_bytes());
    let state = match failure.kind {
        FailureKind::Auth => KeyState::Refused,
        // xAI and Google answer so: there is nothing in a plain GET that could be invalid but its key.
        FailureKind::InvalidRequest if head.status == 400 => KeyState::Refused,
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

#[cfg(test)]
mod tests {
    use pointsman_core::catalog::{BaseUrl, built_in, placed};
    use pointsman_core::id::ProviderId;
    use pointsman_practice::{Endpoint, Options, Practice, Script};

    use super::*;

    const KEY: &str = "sk-proj-CANARY0123456789a1b2";

    fn at(base_url: &str) -> Provider {
        moved("openai", base_url)
    }

    /// A built-in provider, at this address.
    fn moved(id: &str, base_url: &str) -> Provider {
        let (id, base_url) = (ProviderId::parse(id).unwrap(), BaseUrl::parse(base_url).unwrap());
        match built_in().get(&id) {
            Some(provider) => Provider { base_url, ..provider.clone() },
            None => placed(&id, &base_url).unwrap(),
        }
    }

    async fn asked(server: &Practice, provider: &Provider, script: Option<Script>) -> Found {
        if let Some(script) = script {
            server.script(script.on(Endpoint::Models));
        }
        check(&Transport::default(), provider, Some(&Secret::new(KEY.into()))).await
    }

    fn body(status: u16, body: &str) -> Script {
        Script { status: Some(status), body: Some(body.into()), ..Script::default() }
    }

    #[tokio::test]
    async fn every_answer_has_its_meaning() {
        let server = Practice::start(Options { key: Some(KEY.into()), ..Options::default() }).await.unwrap();
        let provider = at(&server.base_url());
        let good = asked(&server, &provider, None).await;
        assert_eq!((good.state, good.words), (KeyState::Valid, None));
        assert!(good.models.is_some());
        assert_eq!(server.received()[0].header("authorization"), Some(format!("Bearer {KEY}").as_str()));

        for (script, state) in [
            (body(200, r#"{"data": []}"#), KeyState::Valid),
            (body(200, r#"{"data": {"label": "sk-or-v1-abc", "limit_remaining": null}}"#), KeyState::Valid),
            (Script::html(200), KeyState::NotChecked),
            (Script::invalid_json(), KeyState::NotChecked),
            (body(200, r#"[{"id": "a/b", "type": "chat"}]"#), KeyState::Valid),
            (body(200, r#"{"models": [{"name": "models/g"}]}"#), KeyState::Valid),
            (Script::status(401), KeyState::Refused),
            (body(400, r#"{"error": "Incorrect API key provided: na***ys."}"#), KeyState::Refused),
            (Script::status(403), KeyState::Refused),
            (Script::status(402), KeyState::NoCredit),
            (Script::no_credit(), KeyState::NoCredit),
            (Script::status(429), KeyState::RateLimited),
            (Script::status(404), KeyState::NotChecked),
            (Script::redirect("http://127.0.0.1:1/"), KeyState::NotChecked),
            (Script::status(500), KeyState::Unreachable),
            (Script::status(503), KeyState::Unreachable),
            (Script::hang_up(), KeyState::Unreachable),
        ] {
            let found = asked(&server, &provider, Some(script.clone())).await;
            assert_eq!(found.state, state, "{script:?}: {found:?}");
            assert_eq!(found.words.is_none(), state == KeyState::Valid, "{script:?}: {found:?}");
        }
        server.stop().await;
        let gone = asked_at(&provider).await;
        assert_eq!(gone.state, KeyState::Unreachable, "{gone:?}");
    }

    async fn asked_at(provider: &Provider) -> Found {
        check(&Transport::default(), provider, Some(&Secret::new(KEY.into()))).await
    }

    #[tokio::test]
    async fn every_format_is_asked_with_the_key_in_its_own_header() {
        let server = Practice::start(Options { key: Some(KEY.into()), ..Options::default() }).await.unwrap();
        let (plain, google) = (server.base_url(), server.gemini_url());
        let bearer = format!("Bearer {KEY}");
        let rows = [
            ("openai", &plain, "authorization", bearer.as_str()),
            ("azure-openai", &plain, "api-key", KEY),
            ("anthropic", &plain, "x-api-key", KEY),
            ("gemini", &google, "x-goog-api-key", KEY),
        ];
        for (at, (id, base_url, header, value)) in rows.into_iter().enumerate() {
            let provider = moved(id, base_url);
            let good = asked(&server, &provider, None).await;
            assert_eq!((good.state, good.words), (KeyState::Valid, None), "{id}");
            assert!(good.models.is_some_and(|models| models > 0), "{id}: its models are counted");
            let sent = &server.received()[2 * at];
            assert_eq!(sent.header(header), Some(value), "{id}");
            let elsewhere = rows.iter().filter(|row| row.2 != header && sent.header(row.2).is_some());
            assert_eq!(elsewhere.count(), 0, "{id}: the key is in one header only");
            assert_eq!(sent.header("anthropic-version").is_some(), id == "anthropic");

            let wrong = Secret::new("sk-WRONG0123456789".into());
            let refused = check(&Transport::default(), &provider, Some(&wrong)).await;
            assert_eq!(refused.state, KeyState::Refused, "{id}: {refused:?}");
            assert!(refused.words.is_some_and(|words| !words.contains("WRONG")), "{id}");
        }
    }

    #[tokio::test]
    async fn i8_what_a_provider_echoes_of_the_key_is_taken_out() {
        let server = Practice::start(Options { key: Some(KEY.into()), ..Options::default() }).await.unwrap();
        let provider = at(&server.base_url());
        let long = "x".repeat(260);
        for echo in [
            format!("Incorrect API key provided: {KEY}."),
            "Incorrect API key provided: sk-proj-*****************a1b2.".to_owned(),
            format!("{long} {KEY}"),
            format!("{}{KEY}", "x ".repeat(140)),
        ] {
            let error = serde_json::json!({ "error": { "message": echo } }).to_string();
            for script in [body(401, &error), body(401, &echo), body(200, &echo)] {
                let found = asked(&server, &provider, Some(script)).await;
                let words = found.words.unwrap();
                assert!(!words.contains("CANARY") && !words.contains("a1b2"), "{words}");
                assert!(words.chars().count() <= WORDS, "{words}");
            }
        }
    }
}
