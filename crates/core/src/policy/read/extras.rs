//! `providers.*`: what goes with each request (headers, organization, api_version), the way it takes
//! (proxy), and how long it may last.

use super::field::Section;
use super::{Cover, KEY_IN_FILE, Kind, Reader, is_null, shown};
use crate::catalog::{Provider, ProxyUrl, Route};
use crate::policy::spill::is_key_not_name;
use crate::wire::Wire;

/// Headers that are not the person's to set: they carry the key, or say what the request is.
const TAKEN: &[&str] = &[
    "authorization",
    "proxy-authorization",
    "x-api-key",
    "x-goog-api-key",
    "api-key",
    "cookie",
    "host",
    "content-type",
    "content-length",
    "content-encoding",
    "accept-encoding",
    "transfer-encoding",
    "connection",
    "upgrade",
    "te",
    "trailer",
    "expect",
];

impl Reader {
    pub(super) fn extras(&mut self, section: &Section<'_>, provider: &mut Provider) {
        self.labels(section, provider);
        self.headers(section, provider);
        self.organization(section, provider);
        self.api_version(section, provider);
        if let Some(route) = self.route(section, provider) {
            provider.route = route;
        }
        if let Some(timeout) = self.seconds(section, "timeout_s") {
            provider.timeout = Some(timeout);
        }
    }

    fn headers(&mut self, section: &Section<'_>, provider: &mut Provider) {
        let Some(entry) = section.get("headers") else { return };
        let path = section.path_of("headers");
        let Some(entries) = self.map(&entry.value, &path) else { return };
        for entry in entries {
            let name = entry.key.to_ascii_lowercase();
            let token = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
            let wrong = if name.is_empty() || name.len() > 100 || !name.bytes().all(token) {
                Some("is not the name of a header")
            } else if TAKEN.contains(&name.as_str()) {
                Some("is set by Pointsman itself")
            } else {
                None
            };
            if let Some(wrong) = wrong {
                self.error(entry.line, entry.column, format!("{} {wrong}.", shown(&entry.key)));
                continue;
            }
            let Some(value) = self.text(&entry.value, &entry.key) else { continue };
            let plain = |c: char| c == ' ' || c.is_ascii_graphic();
            if is_key_not_name(value) && !value.contains(' ') {
                self.error(entry.value.line, entry.value.column, KEY_IN_FILE.to_owned());
            } else if value.is_empty() || value.len() > 1_000 || !value.chars().all(plain) {
                let sentence = format!("{} must be a short text of plain characters.", shown(&entry.key));
                self.error(entry.value.line, entry.value.column, sentence);
            } else {
                set(&mut provider.headers, &name, value);
            }
        }
    }

    fn organization(&mut self, section: &Section<'_>, provider: &mut Provider) {
        let Some(name) = self.plain_word(section, "organization") else { return };
        match provider.wire {
            // platform.openai.com/docs/api-reference/authentication
            Wire::OpenAiChat | Wire::OpenAiResponses => set(&mut provider.headers, "openai-organization", &name),
            Wire::AnthropicMessages | Wire::Gemini => {
                let why = "Is a matter of OpenAI; here the key itself says who is billed.";
                self.out_of_use(section, provider, "organization", why);
            }
        }
    }

    fn api_version(&mut self, section: &Section<'_>, provider: &mut Provider) {
        let Some(version) = self.plain_word(section, "api_version") else { return };
        match provider.wire {
            // Azure's way: learn.microsoft.com/azure/ai-foundry/openai/reference
            Wire::OpenAiChat | Wire::OpenAiResponses => provider.query = Some(format!("api-version={version}")),
            // docs.anthropic.com/en/api/versioning
            Wire::AnthropicMessages => set(&mut provider.headers, "anthropic-version", &version),
            Wire::Gemini => {
                let why = "Is a part of Google's address; write it at the end of base_url, such as /v1beta.";
                self.out_of_use(section, provider, "api_version", why);
            }
        }
    }

    /// What a format has no place for would not hold: the provider is not called until it is removed.
    fn out_of_use(&mut self, section: &Section<'_>, provider: &Provider, key: &str, why: &str) {
        if let Some(entry) = section.get(key) {
            self.refuse(&Cover::Provider(provider.id.clone()), &section.path_of(key), entry, why);
        }
    }

    /// A word that can stand in a header and in a URL as it is.
    fn plain_word(&mut self, section: &Section<'_>, key: &str) -> Option<String> {
        self.parsed(section, key, "a word of letters, digits, - _ and .", |text| {
            let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
            (!text.is_empty() && text.len() <= 64 && text.chars().all(plain)).then(|| text.to_owned())
        })
    }

    /// `proxy`: a URL, or `none` for the direct way whatever the system says.
    fn route(&mut self, section: &Section<'_>, provider: &Provider) -> Option<Route> {
        let entry = section.get("proxy").filter(|entry| !is_null(&entry.value))?;
        let Kind::Text(text) = &entry.value.kind else {
            self.error(entry.value.line, entry.value.column, "proxy must be a URL, or none.".to_owned());
            return None;
        };
        if text == "none" {
            return Some(Route::Direct);
        }
        if provider.base_url.is_loopback() {
            let sentence = "proxy has no effect: calls to this machine never take one. Remove it.".to_owned();
            self.error(entry.value.line, entry.value.column, sentence);
            return None;
        }
        match ProxyUrl::parse(text) {
            Ok(proxy) => Some(Route::Proxy(proxy)),
            // The text is not repeated: it may hold a password.
            Err(why) => {
                self.error(entry.value.line, entry.value.column, format!("proxy {why}."));
                None
            }
        }
    }
}

/// A header has one value; the one written last holds.
fn set(headers: &mut Vec<(String, String)>, name: &str, value: &str) {
    headers.retain(|(other, _)| other != name);
    headers.push((name.to_owned(), value.to_owned()));
}
