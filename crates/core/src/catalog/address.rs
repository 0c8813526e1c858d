//! Where a provider is and which way leads there: checked once, where it is written. Guards the binding of a
//! key to the origin it was entered for, and that plain http never leaves this machine.

use std::fmt;

use url::{Host, Url};

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

#[cfg(test)]
mod tests {
    use super::*;

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
