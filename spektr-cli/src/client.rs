//! The HTTP client: one POST at a time, with the given headers.
//!
//! The client follows no redirects, decompresses nothing, and adds no headers that the vendor's
//! sender does not send. A receiver thus sees the same requests as from the sender.

mod connector;
mod encryption;
mod proxy;

use std::error::Error;
use std::fmt;
use std::future::poll_fn;
use std::io;
use std::time::Duration;

use axum::body::Bytes;
use axum::http::{HeaderName, HeaderValue, Request, header};
use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use spektr_inbox::HttpUrl;
use tokio::time::timeout;
use tower_service::Service as _;

use self::connector::Connector;
pub(crate) use self::encryption::{Identity, TlsFiles};
pub(crate) use self::proxy::is_this_machine;
use crate::capture::Headers;
use crate::failure::Failure;
use crate::http;
use crate::terminal::safe;

/// Posts to one URL, and keeps its connections between deliveries. Clones share the connections.
#[derive(Clone)]
pub(crate) struct Client {
    http: legacy::Client<HttpsConnector<Connector>, Full<Bytes>>,
    connector: HttpsConnector<Connector>,
    url: HttpUrl,
    timeout: Duration,
    /// Whether the environment names a proxy for the URL.
    pub(crate) is_proxied: bool,
    /// The `Proxy-Authorization` header for a proxy that reads unencrypted requests.
    proxy_authorization: Option<HeaderValue>,
}

/// The answer of a receiver.
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Headers,
    /// `None` if the body is longer than `LONGEST_ANSWER`.
    pub(crate) body: Option<Bytes>,
}

/// The reason why there was no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum NoAnswer {
    Refused,
    Timeout,
    /// A header that cannot be sent.
    Unsendable(String),
    Other(String),
}

impl fmt::Display for NoAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused => f.write_str("connection refused"),
            Self::Timeout => f.write_str("no answer in time"),
            Self::Unsendable(message) | Self::Other(message) => f.write_str(message),
        }
    }
}

impl Client {
    /// The status that acknowledges a delivery. The sender treats any other status as a failure.
    pub(crate) const ACKNOWLEDGED: u16 = 200;

    /// Takes a URL, the time limit for an answer, and files for encrypted connections.
    pub(crate) fn new(url: HttpUrl, timeout: Duration, tls: &TlsFiles) -> Result<Self, Failure> {
        let proxy = proxy::of(&url)?;
        let is_proxied = proxy.is_some();
        let proxy_authorization = proxy
            .as_ref()
            .filter(|_| !url.is_encrypted())
            .and_then(|proxy| proxy.basic_auth().cloned());
        let connector = HttpsConnectorBuilder::new()
            .with_tls_config(encryption::encryption(&url, tls)?)
            .https_or_http()
            .enable_http1()
            .wrap_connector(Connector::new(proxy, timeout));
        let http = legacy::Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(Duration::from_secs(20))
            .build(connector.clone());
        Ok(Self { http, connector, url, timeout, is_proxied, proxy_authorization })
    }

    /// Connects, through the proxy if there is one, and encrypts the connection if the URL begins
    /// with https. Sends no request.
    pub(crate) async fn connect(&self) -> Result<(), NoAnswer> {
        let mut connector = self.connector.clone();
        let connected = async {
            poll_fn(|context| connector.poll_ready(context)).await?;
            connector.call(self.url.as_uri().clone()).await
        };
        match timeout(self.timeout, connected).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(NoAnswer::of(&*error)),
            Err(_) => Err(NoAnswer::Timeout),
        }
    }

    /// Posts a body and reads the whole answer.
    pub(crate) async fn post(&self, headers: &Headers, body: Bytes) -> Result<Reply, NoAnswer> {
        const LONGEST_ANSWER: usize = 1 << 20;
        let mut request = Request::post(self.url.as_uri().clone());
        for (name, value) in headers {
            let name = HeaderName::try_from(name.as_str()).map_err(unsendable)?;
            let value = HeaderValue::from_bytes(value).map_err(unsendable)?;
            request = request.header(name, value);
        }
        if let Some(authorization) = &self.proxy_authorization {
            request = request.header(header::PROXY_AUTHORIZATION, authorization);
        }
        let request = request.body(Full::new(body)).map_err(unsendable)?;
        let answer = async {
            let response =
                self.http.request(request).await.map_err(|error| NoAnswer::of(&error))?;
            let (parts, body) = response.into_parts();
            let body = match Limited::new(body, LONGEST_ANSWER).collect().await {
                Ok(body) => Some(body.to_bytes()),
                Err(error) if error.is::<LengthLimitError>() => None,
                Err(error) => return Err(NoAnswer::of(&*error)),
            };
            let headers = http::all(&parts.headers);
            Ok(Reply { status: parts.status.as_u16(), headers, body })
        };
        timeout(self.timeout, answer).await.unwrap_or(Err(NoAnswer::Timeout))
    }
}

impl NoAnswer {
    /// Finds the most specific cause.
    fn of(error: &(dyn Error + 'static)) -> Self {
        let mut deepest = error;
        let mut next = Some(error);
        while let Some(one) = next {
            deepest = one;
            if let Some(io) = one.downcast_ref::<io::Error>() {
                match io.kind() {
                    io::ErrorKind::ConnectionRefused => return Self::Refused,
                    io::ErrorKind::TimedOut => return Self::Timeout,
                    _ => {}
                }
            }
            // `source` of an I/O error skips the error that it wraps; `get_ref` returns that error.
            let wrapped = one.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
            next = match wrapped {
                Some(wrapped) => Some(wrapped),
                None => one.source(),
            };
        }
        Self::Other(safe(&deepest.to_string()).into_owned())
    }
}

fn unsendable(error: impl fmt::Display) -> NoAnswer {
    NoAnswer::Unsendable(error.to_string())
}

/// Reads the URL of a receiver.
pub(crate) fn parse_url(text: &str) -> Result<HttpUrl, String> {
    HttpUrl::parse(text).map_err(|error| error.to_string())
}
