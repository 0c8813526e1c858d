//! HTTP out: one place that opens connections to providers. It classifies what fails before a
//! response begins, follows no redirect, and sends a key only where the caller says.

use std::collections::HashMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use jiff::Timestamp;
use pointsman_core::catalog::{BaseUrl, Provider, Route};
use pointsman_core::failure::{Failure, FailureKind};
use pointsman_core::wire::{Head, KeyHeader};
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};
use reqwest::redirect;
use tokio::sync::Notify;

use crate::secrets::Secret;

/// How long an idle connection is kept: well below what servers keep theirs, so that a call is not
/// sent into a connection that is being closed.
const IDLE: Duration = Duration::from_secs(20);

/// Connections by the way they take and connect limit; made when first needed, since TLS roots cost
/// memory and start time.
#[derive(Debug, Default)]
pub(crate) struct Transport {
    clients: Mutex<HashMap<(Road, Duration), reqwest::Client>>,
}

/// The way to a provider.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Road {
    /// To this machine: never through a proxy.
    Loopback,
    /// As the provider says.
    Out(Route),
}

/// One request to a provider.
pub(crate) struct Outgoing<'a> {
    pub(crate) provider: &'a Provider,
    pub(crate) path: &'a str,
    pub(crate) key: Option<&'a Secret>,
    /// `None` is a GET.
    pub(crate) body: Option<Vec<u8>>,
    pub(crate) connect: Duration,
    /// Learns when the bytes leave.
    pub(crate) handed: &'a Handed,
}

/// Whether a request's bytes were handed to the connection. Before that nothing can have been spent;
/// from then on it is not known whether the provider has them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Handed(Arc<(AtomicBool, Notify)>);

impl Handed {
    fn now(&self) {
        self.0.0.store(true, Ordering::Release);
        self.0.1.notify_one();
    }

    /// Whether it has happened.
    pub(crate) fn happened(&self) -> bool {
        self.0.0.load(Ordering::Acquire)
    }

    /// Waits for it. For one waiter.
    pub(crate) async fn happens(&self) {
        if !self.happened() {
            self.0.1.notified().await;
        }
    }
}

/// A response whose head has arrived.
pub(crate) struct Incoming {
    pub(crate) head: Head,
    response: reqwest::Response,
}

impl Transport {
    /// Sends a request and waits for the head of its response.
    ///
    /// # Errors
    /// Before the body was handed to the connection: `NetworkBeforeSend`. After: `NetworkAfterSend`.
    pub(crate) async fn send(&self, outgoing: Outgoing<'_>) -> Result<Incoming, Failure> {
        let before = |why: String| Failure::new(FailureKind::NetworkBeforeSend, why);
        let provider = outgoing.provider;
        let road = if provider.base_url.is_loopback() { Road::Loopback } else { Road::Out(provider.route.clone()) };
        let client = self.client(road, outgoing.connect).map_err(|e| before(plain(&e)))?;
        let url = provider.url(outgoing.path);
        let mut request = match outgoing.body {
            None => client.get(url),
            Some(bytes) => client
                .post(url)
                .header(CONTENT_TYPE, "application/json")
                .body(reqwest::Body::wrap(Flagged { bytes: Some(bytes.into()), handed: outgoing.handed.clone() })),
        };
        let mut headers = HeaderMap::new();
        let of_format = provider.wire.headers().iter().copied();
        for (name, value) in of_format.chain(provider.headers.iter().map(|(n, v)| (n.as_str(), v.as_str()))) {
            // Both were checked where they were read; what the person set replaces what the format says.
            if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::from_str(value)) {
                headers.insert(name, value);
            }
        }
        request = request.headers(headers);
        if let Some(key) = outgoing.key {
            let value = key_value(provider.key_header, key);
            request = request.header(
                provider.key_header.name(),
                value.ok_or_else(|| before("The key has characters that cannot be sent.".into()))?,
            );
        }
        match request.send().await {
            Ok(response) => Ok(Incoming { head: head(response.status().as_u16(), response.headers()), response }),
            Err(error) => {
                let kind = if outgoing.handed.happened() && !error.is_connect() {
                    FailureKind::NetworkAfterSend
                } else {
                    FailureKind::NetworkBeforeSend
                };
                Err(Failure::new(
                    kind,
                    format!("{} could not be reached: {}.", provider.base_url.origin(), plain(&error)),
                ))
            }
        }
    }

    /// Fetches a public text and waits for the head of its response. It carries no key and no header of a
    /// provider, and goes the way the system says; to this machine, never through a proxy.
    ///
    /// # Errors
    /// `NetworkBeforeSend`: nothing here costs anything.
    pub(crate) async fn get(&self, url: &BaseUrl, connect: Duration) -> Result<Incoming, Failure> {
        let failed = |error: &reqwest::Error| {
            let sentence = format!("{} could not be reached: {}.", url.origin(), plain(error));
            Failure::new(FailureKind::NetworkBeforeSend, sentence)
        };
        let road = if url.is_loopback() { Road::Loopback } else { Road::Out(Route::System) };
        let client = self.client(road, connect).map_err(|error| failed(&error))?;
        let response = client.get(url.as_str()).send().await.map_err(|error| failed(&error))?;
        Ok(Incoming { head: head(response.status().as_u16(), response.headers()), response })
    }

    fn client(&self, road: Road, connect: Duration) -> Result<reqwest::Client, reqwest::Error> {
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (road, connect);
        if let Some(client) = clients.get(&key) {
            return Ok(client.clone());
        }
        // Fails only where another part installed one already, which is as good.
        drop(rustls::crypto::ring::default_provider().install_default());
        let builder = reqwest::Client::builder()
            .redirect(redirect::Policy::none())
            .connect_timeout(connect)
            .pool_idle_timeout(IDLE)
            .tcp_nodelay(true)
            .user_agent(concat!("pointsman/", env!("CARGO_PKG_VERSION")));
        let builder = match &key.0 {
            // `localhost` is this machine whatever a resolver says.
            Road::Loopback => builder.no_proxy().resolve("localhost", SocketAddr::from((Ipv4Addr::LOCALHOST, 0))),
            // Every address that is not loopback is https, so a proxy only ever tunnels.
            Road::Out(Route::System) => builder,
            Road::Out(Route::Direct) => builder.no_proxy(),
            Road::Out(Route::Proxy(proxy)) => builder.no_proxy().proxy(reqwest::Proxy::https(proxy.as_str())?),
        };
        let client = builder.build()?;
        clients.insert(key, client.clone());
        Ok(client)
    }
}

impl Incoming {
    /// The next bytes of the body; `None` at its proper end.
    ///
    /// # Errors
    /// Where the connection broke: the body is not whole.
    pub(crate) async fn chunk(&mut self) -> Result<Option<Bytes>, Failure> {
        self.response.chunk().await.map_err(|error| Failure {
            status: Some(self.head.status),
            ..Failure::new(
                FailureKind::NetworkAfterSend,
                format!("The connection broke during the answer: {}.", plain(&error)),
            )
        })
    }

    /// All of the body up to `most` bytes; what comes after is not read.
    ///
    /// # Errors
    /// As [`Incoming::chunk`].
    pub(crate) async fn all(&mut self, most: usize) -> Result<Vec<u8>, Failure> {
        let mut body = Vec::new();
        while let Some(bytes) = self.chunk().await? {
            body.extend_from_slice(&bytes);
            if body.len() > most {
                body.truncate(most);
                break;
            }
        }
        Ok(body)
    }

    /// Reads what is left in the background, so that the connection can be used again.
    pub(crate) fn finish(mut self) {
        tokio::spawn(async move {
            let rest = async { while let Ok(Some(_)) = self.response.chunk().await {} };
            drop(tokio::time::timeout(Duration::from_secs(1), rest).await);
        });
    }
}

fn key_value(header: KeyHeader, key: &Secret) -> Option<HeaderValue> {
    let text = match header {
        KeyHeader::Bearer => format!("Bearer {}", key.expose()),
        KeyHeader::XApiKey | KeyHeader::XGoogApiKey | KeyHeader::ApiKey => key.expose().to_owned(),
    };
    let mut value = HeaderValue::from_str(&text).ok()?;
    value.set_sensitive(true);
    Some(value)
}

fn head(status: u16, headers: &HeaderMap) -> Head {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    Head {
        status,
        content_type: text(CONTENT_TYPE).to_ascii_lowercase(),
        retry_after: retry_after(text(RETRY_AFTER), Timestamp::now()),
    }
}

/// Seconds, or an HTTP date (RFC 9110 §10.2.3). A date in the past is no wait.
fn retry_after(text: &str, now: Timestamp) -> Option<Duration> {
    let text = text.trim();
    if text.is_empty() {
        return None;
    }
    if let Ok(seconds) = text.parse::<u64>() {
        return Some(Duration::from_secs(seconds));
    }
    let at = jiff::fmt::rfc2822::parse(text).ok()?.timestamp();
    Some(Duration::try_from(at.duration_since(now)).unwrap_or_default())
}

/// The innermost reason of an error, which names the cause and no URL.
fn plain(error: &reqwest::Error) -> String {
    let mut inner: &dyn std::error::Error = error;
    while let Some(source) = inner.source() {
        inner = source;
    }
    let text = inner.to_string();
    if let Some(scheme) = text.strip_prefix("unsupported scheme ") {
        return format!(
            "the proxy that this system names is of the kind {scheme}, which cannot be used; set proxy: for the provider in routing.yaml"
        );
    }
    if text.contains("unsuccessful") || text.contains("tunnel") || text.contains("proxy auth") {
        return format!("the proxy did not let the call through ({})", text.trim_end_matches('.'));
    }
    if text.is_empty() { "the connection failed".into() } else { text.trim_end_matches('.').to_owned() }
}

/// A body of known length that notes when its bytes were handed to the connection.
struct Flagged {
    bytes: Option<Bytes>,
    handed: Handed,
}

impl Body for Flagged {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        self.handed.now();
        Poll::Ready(self.bytes.take().map(|bytes| Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        self.bytes.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.bytes.as_ref().map_or(0, |bytes| bytes.len() as u64))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let now: Timestamp = "2026-11-21T08:00:00Z".parse().unwrap();
        assert_eq!(retry_after("12", now), Some(Duration::from_secs(12)));
        assert_eq!(retry_after("Sat, 21 Nov 2026 08:01:30 GMT", now), Some(Duration::from_secs(90)));
        assert_eq!(retry_after("Sat, 21 Nov 2026 07:00:00 GMT", now), Some(Duration::ZERO));
        assert_eq!(retry_after("soon", now), None);
        assert_eq!(retry_after("", now), None);
    }
}
