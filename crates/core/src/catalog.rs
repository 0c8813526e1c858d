//! Providers as data: one TOML file each under `providers/`. A provider is data; a wire format is code.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::LazyLock;
use std::time::Duration;

use serde::Deserialize;
use url::{Host, Url};

use crate::id::{ModelName, ProviderId};
use crate::wire::{KeyHeader, Wire};

/// `scheme://host:port` of an endpoint, in lower case, port always written. A key is bound to it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Origin(String);

impl Origin {
    /// The origin as text, such as `https://api.openai.com:443`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Reads an origin back from its own text.
    ///
    /// # Errors
    /// [`BadUrl`] where it is not an http or https URL.
    pub fn parse(text: &str) -> Result<Self, BadUrl> {
        Ok(BaseUrl::parse(text)?.origin())
    }
}

impl fmt::Display for Origin {
    /// Without the scheme and port where they are https and 443: `api.openai.com`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.strip_prefix("https://").and_then(|rest| rest.strip_suffix(":443")) {
            Some(host) => f.write_str(host),
            None => f.write_str(self.0.strip_prefix("http://").unwrap_or(&self.0)),
        }
    }
}

/// Where a provider's API begins. Always http or https, without user, query or fragment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BaseUrl(Url);

/// Why a text is not a base URL.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadUrl {
    /// Not a URL.
    #[error("is not a URL such as https://api.example.com/v1")]
    Shape,
    /// Another scheme.
    #[error("must begin with https:// (or http:// for this machine)")]
    Scheme,
    /// Plain http to another machine.
    #[error("is http:// to another machine; use https://")]
    PlainRemote,
    /// A user name, password, query or fragment.
    #[error("must not contain a user name, a ? or a #")]
    Extra,
}

impl BaseUrl {
    /// Parses and checks the URL.
    ///
    /// # Errors
    /// [`BadUrl`].
    pub fn parse(text: &str) -> Result<Self, BadUrl> {
        let url = Url::parse(text).map_err(|_| BadUrl::Shape)?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(BadUrl::Scheme);
        }
        if !url.username().is_empty() || url.password().is_some() || url.query().is_some() || url.fragment().is_some() {
            return Err(BadUrl::Extra);
        }
        let base = Self(url);
        if base.0.scheme() == "http" && !base.is_loopback() {
            return Err(BadUrl::PlainRemote);
        }
        Ok(base)
    }

    /// Where keys are bound.
    pub fn origin(&self) -> Origin {
        let host = self.0.host_str().unwrap_or_default().to_ascii_lowercase();
        let port = self.0.port_or_known_default().unwrap_or_default();
        Origin(format!("{}://{host}:{port}", self.0.scheme()))
    }

    /// Whether the host is this machine: a loopback address or `localhost`, which the engine
    /// resolves to loopback itself. A machine on the local network is not local.
    pub fn is_loopback(&self) -> bool {
        match self.0.host() {
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            Some(Host::Domain(name)) => name.eq_ignore_ascii_case("localhost"),
            None => false,
        }
    }

    /// The URL of an endpoint below this base.
    pub fn join(&self, path: &str) -> String {
        format!("{}/{}", self.0.as_str().trim_end_matches('/'), path.trim_start_matches('/'))
    }

    /// The base as text, without a slash at the end.
    pub fn as_str(&self) -> &str {
        self.0.as_str().trim_end_matches('/')
    }
}

/// How calls to a provider leave this machine. Calls to this machine itself never take a proxy.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub enum Route {
    /// As the system and the environment say (`HTTPS_PROXY`, `ALL_PROXY`, `NO_PROXY`).
    #[default]
    System,
    /// Without a proxy, whatever they say.
    Direct,
    /// Through this one, as a tunnel (`CONNECT`): it sees the host's name and no more.
    Proxy(ProxyUrl),
}

/// A proxy: `http://host:port` or `https://host:port`, without a user name, which would be a secret
/// in the file.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ProxyUrl(String);

impl ProxyUrl {
    /// Parses and checks the URL.
    ///
    /// # Errors
    /// What it must be.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let url = Url::parse(text).map_err(|_| "is not a URL such as http://proxy.example.com:3128")?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err("must begin with http:// or https://; a SOCKS proxy cannot be used");
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err("must not contain a user name or password");
        }
        if !matches!(url.path(), "" | "/") || url.query().is_some() || url.fragment().is_some() {
            return Err("must be a host and a port, without a path");
        }
        Ok(Self(url.as_str().trim_end_matches('/').to_owned()))
    }

    /// The URL, without a slash at the end.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Where the key of a provider comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyRef {
    /// An item in the OS keychain, under service `app.pointsman`.
    Keychain(String),
    /// An environment variable by name.
    Env(String),
    /// None is needed.
    None,
}

/// One provider: a built-in one, or one of routing.yaml.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Provider {
    /// Its id.
    pub id: ProviderId,
    /// Its name for people.
    pub title: String,
    /// How it is spoken to.
    pub wire: Wire,
    /// Where.
    pub base_url: BaseUrl,
    /// In which header the key goes.
    pub key_header: KeyHeader,
    /// With which key. A built-in provider's is the keychain item of its own id.
    pub key: KeyRef,
    /// Environment variables its own documentation names for the key.
    pub env: Vec<String>,
    /// Its answers cost nothing because they are made on this machine. Only true together with a
    /// loopback address.
    pub local: bool,
    /// How its keys begin, for telling where a pasted key belongs. Empty where they have no mark.
    pub key_prefixes: Vec<String>,
    /// Where a person makes and revokes keys.
    pub keys_page: Option<String>,
    /// Below the base URL: what answers 200 to a good key and 401 to a bad one. `models` unless the
    /// provider gives its list of models to everybody.
    pub check_path: String,
    /// What it says itself that a call cost is what is charged.
    pub reports_cost: bool,
    /// Headers the person adds to every request, in lower case; never one that carries a key.
    pub headers: Vec<(String, String)>,
    /// Added to every URL, such as `api-version=2026-01-01`.
    pub query: Option<String>,
    /// How calls leave this machine.
    pub route: Route,
    /// The deadline of a call whose class says none.
    pub timeout: Option<Duration>,
}

impl Provider {
    /// The URL of an endpoint below the base.
    pub fn url(&self, path: &str) -> String {
        let url = self.base_url.join(path);
        match &self.query {
            None => url,
            Some(query) => format!("{url}{}{query}", if url.contains('?') { '&' } else { '?' }),
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ProviderToml {
    title: String,
    wire: String,
    base_url: String,
    key_header: Option<String>,
    #[serde(default)]
    env: Vec<String>,
    #[serde(default)]
    local: bool,
    #[serde(default)]
    key_prefixes: Vec<String>,
    keys_page: Option<String>,
    #[serde(default = "check_path")]
    check_path: String,
    #[serde(default)]
    reports_cost: bool,
}

fn check_path() -> String {
    "models".to_owned()
}

const BUILT_IN: &[(&str, &str)] = &[
    ("openai", include_str!("../providers/openai.toml")),
    ("openrouter", include_str!("../providers/openrouter.toml")),
    ("deepseek", include_str!("../providers/deepseek.toml")),
    ("ollama", include_str!("../providers/ollama.toml")),
];

/// The built-in providers by id. A file that does not parse is left out; a test holds that none is.
pub fn built_in() -> &'static BTreeMap<ProviderId, Provider> {
    static ALL: LazyLock<BTreeMap<ProviderId, Provider>> = LazyLock::new(|| {
        BUILT_IN
            .iter()
            .filter_map(|(id, text)| read(id, text))
            .map(|provider| (provider.id.clone(), provider))
            .collect()
    });
    &ALL
}

fn read(id: &str, text: &str) -> Option<Provider> {
    let raw: ProviderToml = toml::from_str(text).ok()?;
    let base_url = BaseUrl::parse(&raw.base_url).ok()?;
    let local = raw.local && base_url.is_loopback();
    let wire = Wire::from_name(&raw.wire)?;
    let key_header = match raw.key_header.as_deref() {
        None => wire.key_header(),
        Some(name) => KeyHeader::from_name(name)?,
    };
    Some(Provider {
        id: ProviderId::parse(id).ok()?,
        title: raw.title,
        wire,
        base_url,
        key_header,
        key: if local { KeyRef::None } else { KeyRef::Keychain(id.to_owned()) },
        env: raw.env,
        local,
        key_prefixes: raw.key_prefixes,
        keys_page: raw.keys_page,
        check_path: raw.check_path,
        reports_cost: raw.reports_cost,
        headers: Vec::new(),
        query: None,
        route: Route::System,
        timeout: None,
    })
}

/// Whether a model reasons before it answers, by its name: OpenAI's o-series and gpt-5 family,
/// DeepSeek's reasoner. Such a model takes longer to its first token and spends output on thought.
pub fn is_reasoning(model: &ModelName) -> bool {
    let name = model.as_str().rsplit('/').next().unwrap_or_default();
    let o_series = name.strip_prefix('o').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
    let gpt = name
        .strip_prefix("gpt-")
        .and_then(|rest| rest.split(['-', '.']).next())
        .and_then(|major| major.parse::<u32>().ok())
        .is_some_and(|major| major >= 5);
    let chat_variant = name.contains("-chat");
    o_series || (gpt && !chat_variant) || name.contains("reasoner") || name.contains("-r1")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_built_in_provider_reads() {
        assert_eq!(built_in().len(), BUILT_IN.len());
        for provider in built_in().values() {
            assert_eq!(provider.local, provider.key == KeyRef::None, "{}", provider.id);
        }
    }

    #[test]
    fn an_origin_is_scheme_host_and_port() {
        let origin = |text| BaseUrl::parse(text).map(|u| u.origin().as_str().to_owned());
        assert_eq!(origin("https://API.OpenAI.com/v1"), Ok("https://api.openai.com:443".into()));
        assert_eq!(origin("http://127.0.0.1:4000"), Ok("http://127.0.0.1:4000".into()));
        assert_eq!(origin("http://example.com"), Err(BadUrl::PlainRemote));
        assert_eq!(origin("http://127.0.0.1.example.com"), Err(BadUrl::PlainRemote));
        assert_eq!(origin("https://user@api.openai.com"), Err(BadUrl::Extra));
        assert_eq!(origin("ftp://api.openai.com"), Err(BadUrl::Scheme));
        assert_eq!(origin("api.openai.com"), Err(BadUrl::Shape));
        assert_eq!(Origin::parse("https://api.openai.com:443").map(|o| o.to_string()), Ok("api.openai.com".into()));
    }

    #[test]
    fn a_proxy_is_a_host_and_a_port_and_no_secret() {
        assert_eq!(ProxyUrl::parse("http://proxy.example:3128/").map(|p| p.0), Ok("http://proxy.example:3128".into()));
        for wrong in
            ["proxy:3128", "socks5://proxy:1080", "http://me:secret@proxy:1", "http://proxy/path", "", "http://p?x"]
        {
            assert!(ProxyUrl::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn an_endpoint_is_joined_without_doubled_slashes() {
        let base = BaseUrl::parse("https://api.openai.com/v1/").expect("valid");
        assert_eq!(base.join("/chat/completions"), "https://api.openai.com/v1/chat/completions");
        let bare = BaseUrl::parse("http://localhost:1").expect("valid");
        assert_eq!(bare.join("models"), "http://localhost:1/models");
    }
}
