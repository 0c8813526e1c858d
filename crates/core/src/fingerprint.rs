//! When two calls are the same call: the key of the exact cache. It covers everything that shapes an
//! answer, by covering the bytes that would be sent, where they would go, and which tool asked for
//! them; whatever is not in it cannot have shaped the answer.

use std::fmt;

use sha2::{Digest, Sha256};

use crate::catalog::Provider;
use crate::chat::{Answer, Chat, FinishReason};
use crate::wire::Encoded;

/// An answer at a higher temperature is meant to differ from the last: it is never kept. The value is
/// ours; providers draw no line.
const HIGHEST_TEMPERATURE: &str = "1";

/// The key of one call.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Fingerprint(String);

impl Fingerprint {
    /// 64 hex digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The key of a call by the tool that asks and what its first choice would be sent.
pub fn fingerprint(tool: &str, class: &str, provider: &Provider, encoded: &Encoded) -> Fingerprint {
    let mut hash = Sha256::new();
    let url = provider.url(&encoded.path);
    let parts = [tool.as_bytes(), class.as_bytes(), provider.id.as_str().as_bytes(), url.as_bytes(), &encoded.body];
    let headers = provider.headers.iter().flat_map(|(name, value)| [name.as_bytes(), value.as_bytes()]);
    for part in parts.into_iter().chain(headers) {
        // The length keeps two parts from being read as others that join to the same bytes.
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    Fingerprint(hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}

/// Whether the answers of a call may be kept at all.
pub fn may_keep(chat: &Chat) -> bool {
    let at_most = |text: &str, most: &str| {
        // Both are plain decimals; a number in another form is not kept.
        let split = |text: &str| {
            let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
            let whole: u64 = whole.parse().ok()?;
            Some((whole, format!("{fraction:0<20}")))
        };
        split(text).zip(split(most)).is_some_and(|(text, most)| text <= most)
    };
    chat.params.temperature.as_ref().is_none_or(|temperature| at_most(&temperature.0.to_string(), HIGHEST_TEMPERATURE))
}

/// Whether an answer is whole: one that was cut by a limit or a filter is not.
pub fn is_whole(answer: &Answer) -> bool {
    match &answer.finish {
        Some(FinishReason::Stop) => true,
        // Without a reason nobody says that it is whole.
        Some(FinishReason::Length | FinishReason::ContentFilter | FinishReason::Other(_)) | None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog;
    use crate::chat::{Decimal, Message, Role};
    use crate::id::{ModelName, ProviderId};
    use crate::wire::{self, Dialect, Wire};

    fn key(tool: &str, class: &str, provider: &str, chat: &Chat) -> Fingerprint {
        let provider = &catalog::built_in()[&ProviderId::parse(provider).expect("an id")];
        let model = ModelName::parse("m").expect("a name");
        fingerprint(tool, class, provider, &wire::encode(Wire::OpenAiChat, provider.dialect, chat, &model, false))
    }

    fn chat(texts: &[&str]) -> Chat {
        let messages = texts.iter().map(|text| Message::text(Role::User, *text)).collect();
        Chat { messages, ..Chat::default() }
    }

    #[test]
    fn only_the_same_call_is_the_same() {
        let base = key("llm_route", "ask", "openai", &chat(&["a", "b"]));
        assert_eq!(base, key("llm_route", "ask", "openai", &chat(&["a", "b"])));
        let mut warm = chat(&["a", "b"]);
        warm.params.temperature = Some(Decimal(serde_json::Number::from(0)));
        for other in [
            key("chat_completion", "ask", "openai", &chat(&["a", "b"])),
            key("llm_route", "other", "openai", &chat(&["a", "b"])),
            key("llm_route", "ask", "deepseek", &chat(&["a", "b"])),
            key("llm_route", "ask", "openai", &chat(&["b", "a"])),
            key("llm_route", "ask", "openai", &chat(&["a\nb"])),
            key("llm_route", "ask", "openai", &warm),
            key("llm_routea", "sk", "openai", &chat(&["a", "b"])),
        ] {
            assert_ne!(base, other);
        }
        assert_eq!(base.as_str().len(), 64);
    }

    #[test]
    fn headers_and_the_version_of_the_api_are_part_of_a_call() {
        let provider = catalog::built_in()[&ProviderId::parse("openai").expect("an id")].clone();
        let headers = vec![("openai-organization".to_owned(), "ours".to_owned())];
        let versioned = Provider { query: Some("api-version=2026-01-01".into()), ..provider.clone() };
        let model = ModelName::parse("m").expect("a name");
        let encoded = wire::encode(Wire::OpenAiChat, Dialect::default(), &chat(&["a"]), &model, false);
        let base = fingerprint("llm_route", "ask", &provider, &encoded);
        for other in [Provider { headers, ..provider.clone() }, versioned] {
            assert_ne!(fingerprint("llm_route", "ask", &other, &encoded), base);
        }
    }

    #[test]
    fn what_is_meant_to_differ_or_is_not_whole_is_not_kept() {
        for (temperature, kept) in [
            ("0", true),
            ("0.7", true),
            ("1", true),
            ("1.0", true),
            ("1.01", false),
            ("2", false),
            ("1e-3", true),
            ("1e-30", false),
        ] {
            let mut chat = chat(&["a"]);
            chat.params.temperature = Some(Decimal(temperature.parse().expect("a number")));
            assert_eq!(may_keep(&chat), kept, "{temperature}");
        }
        assert!(may_keep(&chat(&["a"])));
        let answer = |finish| Answer { text: "x".into(), finish, usage: None, model: None };
        assert!(is_whole(&answer(Some(FinishReason::Stop))));
        for finish in [Some(FinishReason::Length), Some(FinishReason::ContentFilter), None] {
            assert!(!is_whole(&answer(finish)));
        }
    }
}
