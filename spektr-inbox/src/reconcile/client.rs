//! Fetches a page of the list, with retries, within limits of time and size.

use std::error::Error;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use std::{fmt, io};

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, HeaderValue, Request, Response, header};
use http_body_util::{BodyExt as _, Empty};
use hyper::body::Incoming;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rustls::ClientConfig;
use spektr_types::Timestamp;
use tokio::time::{sleep, timeout};

use super::answer::{ListPage, Unusable};
use super::error::{AttemptError, ClientError, ReconcileError};
use super::{ApiKey, BaseUrl, TimeUnit};
use crate::clock::from_millis;
use crate::intake::DEFAULT_SOURCE;
use crate::{Backoff, Clock, SystemClock, tls};

/// A client for one server's list of events, with one API key. Clones share their connection
/// and their key.
///
/// Redirects are not followed, so that the key is sent to no other server. Proxies of the
/// environment are not used.
#[derive(Clone)]
pub struct Client {
    http: legacy::Client<HttpsConnector<HttpConnector>, Empty<Bytes>>,
    base: BaseUrl,
    key: Arc<RwLock<ApiKey>>,
    unit: TimeUnit,
    answer_timeout: Duration,
    body_timeout: Duration,
    body_limit: usize,
    attempts: u32,
    backoff: Backoff,
    longest_wait: Duration,
}

/// The page to request.
#[derive(Clone, Copy)]
pub(super) enum PageQuery {
    /// A page of the entries that were created within a window, the oldest first.
    Window { after: Timestamp, until: Timestamp, page: u64 },
    /// The first page of all entries, the newest first.
    Newest,
}

/// The numbers of entries to request at a time: the next smaller one while a page is larger
/// than the limit of an answer.
pub(super) const PAGE_SIZES: [usize; 3] = [Client::PAGE_SIZE, 10, 1];

/// The result of one probe request.
#[derive(Debug)]
#[non_exhaustive]
pub struct Probe {
    /// The least number of milliseconds by which this machine's clock is ahead of the server's;
    /// negative if it is behind. 0 if the clocks can agree, given the duration of the request
    /// and the truncation of the header `date` to seconds. `None` if the answer has no header
    /// `date`.
    pub clock_ahead_ms: Option<i64>,
    /// The number of entries on the page, at most one.
    pub page: Result<usize, ReconcileError>,
}

/// A failed attempt.
enum RequestFailure {
    Passing { error: AttemptError, retry_after: Option<Duration> },
    Lasting(ReconcileError),
}

impl From<AttemptError> for RequestFailure {
    fn from(error: AttemptError) -> Self {
        Self::Passing { error, retry_after: None }
    }
}

impl Client {
    /// The number of entries requested at a time: the server's maximum. Fewer are requested if
    /// a page would be larger than [the limit of an answer](Self::with_body_limit).
    pub const PAGE_SIZE: usize = 50;

    /// The time limit for connecting, without TLS: 10 s.
    pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

    /// The time limit until an answer begins, unless configured: 30 s.
    pub const DEFAULT_ANSWER_TIMEOUT: Duration = Duration::from_secs(30);

    /// The time limit for the body of an answer, unless configured: 60 s.
    pub const DEFAULT_BODY_TIMEOUT: Duration = Duration::from_secs(60);

    /// The limit of an answer's size, unless configured: 16 MiB.
    pub const DEFAULT_BODY_LIMIT: usize = 16 * 1024 * 1024;

    /// The number of attempts for a page, unless configured: 6. The default pauses spread them
    /// over half a minute.
    pub const DEFAULT_ATTEMPTS: u32 = 6;

    /// The longest pause within a run that a server can ask for, unless configured: 2 minutes.
    /// If the server asks for a longer pause, the run stops.
    pub const DEFAULT_LONGEST_WAIT: Duration = Duration::from_secs(120);

    /// Creates a client for the list of an [`Environment`](super::Environment) or a
    /// [`BaseUrl`]. Reads the operating system's certificates.
    ///
    /// # Errors
    ///
    /// - [`ClientError::NoCertificates`], [`ClientError::Tls`]
    pub fn new(base: impl Into<BaseUrl>, key: ApiKey) -> Result<Self, ClientError> {
        let base = base.into();
        let mut connector = HttpConnector::new();
        connector.enforce_http(false);
        connector.set_nodelay(true);
        connector.set_connect_timeout(Some(Self::CONNECT_TIMEOUT));
        let connector = HttpsConnectorBuilder::new()
            .with_tls_config(encryption(&base)?)
            .https_or_http()
            .enable_http1()
            .wrap_connector(connector);
        let http = legacy::Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(Duration::from_secs(20))
            .pool_max_idle_per_host(1)
            .build(connector);
        Ok(Self {
            http,
            base,
            key: Arc::new(RwLock::new(key)),
            unit: TimeUnit::default(),
            answer_timeout: Self::DEFAULT_ANSWER_TIMEOUT,
            body_timeout: Self::DEFAULT_BODY_TIMEOUT,
            body_limit: Self::DEFAULT_BODY_LIMIT,
            attempts: Self::DEFAULT_ATTEMPTS,
            backoff: Backoff::new(Duration::from_secs(1), Duration::from_secs(60)),
            longest_wait: Self::DEFAULT_LONGEST_WAIT,
        })
    }

    /// Replaces the key of this client and all its clones. Requests in progress keep the old
    /// key.
    pub fn replace_key(&self, key: ApiKey) {
        *self.key.write().unwrap_or_else(PoisonError::into_inner) = key;
    }

    fn key(&self) -> ApiKey {
        self.key.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Sets the unit of `createdAfter` and `createdBefore`.
    #[must_use]
    pub fn with_unit(mut self, unit: TimeUnit) -> Self {
        self.unit = unit;
        self
    }

    /// Sets the time limit of an attempt for connecting and for the head of the answer.
    #[must_use]
    pub fn with_answer_timeout(mut self, duration: Duration) -> Self {
        self.answer_timeout = duration;
        self
    }

    /// Sets the time limit for the body of an answer.
    #[must_use]
    pub fn with_body_timeout(mut self, duration: Duration) -> Self {
        self.body_timeout = duration;
        self
    }

    /// Sets the limit of an answer's size, in bytes. A run takes a small multiple of this
    /// memory. An event that is larger ends each run that reaches it.
    #[must_use]
    pub fn with_body_limit(mut self, bytes: usize) -> Self {
        self.body_limit = bytes;
        self
    }

    /// Sets the number of attempts for a page, at least 1, and the pauses between them.
    #[must_use]
    pub fn with_attempts(mut self, attempts: u32, backoff: Backoff) -> Self {
        self.attempts = attempts.max(1);
        self.backoff = backoff;
        self
    }

    /// Sets the longest pause within a run that a server can ask for.
    #[must_use]
    pub fn with_longest_wait(mut self, duration: Duration) -> Self {
        self.longest_wait = duration;
        self
    }

    /// Returns the URL of the list without `/v1/events`.
    #[must_use]
    pub fn base_url(&self) -> &BaseUrl {
        &self.base
    }

    /// Returns the unit of `createdAfter` and `createdBefore`.
    #[must_use]
    pub fn unit(&self) -> TimeUnit {
        self.unit
    }

    /// Fetches a page of at most `size` entries. Calls `attempted` before each attempt.
    pub(super) async fn fetch(
        &self,
        query: PageQuery,
        size: usize,
        source: &Arc<str>,
        clock: &dyn Clock,
        mut attempted: impl FnMut(),
    ) -> Result<ListPage, ReconcileError> {
        let uri = self.uri(query, size);
        let mut attempt = 0;
        loop {
            attempt += 1;
            attempted();
            let fetching = async { self.page(self.answer(&uri).await?, size, source, clock).await };
            let (source, retry_after) = match fetching.await {
                Ok(page) => return Ok(page),
                Err(RequestFailure::Lasting(error)) => return Err(error),
                Err(RequestFailure::Passing { error, retry_after }) => (error, retry_after),
            };
            let too_long = retry_after.is_some_and(|asked| asked > self.longest_wait);
            if attempt >= self.attempts || too_long {
                let attempts = attempt;
                return Err(ReconcileError::Unavailable { attempts, retry_after, source });
            }
            tracing::debug!(attempt, error = &source as &dyn Error, "will fetch the page again");
            let pause = self.backoff.after(attempt, fastrand::f64());
            // The server's `retry-after` is a minimum, so jitter only lengthens it.
            let asked = retry_after.map_or(Duration::ZERO, |asked| asked + pause / 4);
            sleep(pause.max(asked)).await;
        }
    }

    /// Requests the newest entry once, and stores nothing. Shows whether the server answers,
    /// accepts the key, and has the same time.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// use spektr_inbox::reconcile::{ApiKey, Client, Environment};
    ///
    /// # async fn probe() -> Result<(), Box<dyn std::error::Error>> {
    /// let client = Client::new(Environment::Live, ApiKey::from_env()?)?;
    /// client.probe().await.page?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn probe(&self) -> Probe {
        let clock = SystemClock::new();
        let [.., size] = PAGE_SIZES;
        let before = clock.now();
        let answered = self.answer(&self.uri(PageQuery::Newest, size)).await;
        let after = clock.now();
        let date = answered.as_ref().ok().and_then(|response| date(response.headers()));
        let page = async {
            let source = Arc::from(DEFAULT_SOURCE);
            self.page(answered?, size, &source, &clock).await
        };
        let page = page.await.map(|page| page.entries.len()).map_err(|failure| match failure {
            RequestFailure::Lasting(error) => error,
            RequestFailure::Passing { error, retry_after } => {
                ReconcileError::Unavailable { attempts: 1, retry_after, source: error }
            }
        });
        Probe { clock_ahead_ms: date.map(|date| ahead(before, date, after)), page }
    }

    fn uri(&self, query: PageQuery, limit: usize) -> String {
        let base = &self.base;
        let (page, order, window) = match query {
            PageQuery::Newest => (1, "desc", String::new()),
            PageQuery::Window { after, until, page } => {
                let (after, before) = (self.unit.after(after), self.unit.before(until));
                (page, "asc", format!("&createdAfter={after}&createdBefore={before}"))
            }
        };
        format!(
            "{base}/v1/events?page={page}&limit={limit}&sortBy=createdAt&sortOrder={order}{window}"
        )
    }

    /// Requests a page, and waits until the answer begins.
    async fn answer(&self, uri: &str) -> Result<Response<Incoming>, RequestFailure> {
        let request = Request::get(uri)
            .header("x-api-key", self.key().header())
            .header(header::ACCEPT, HeaderValue::from_static("application/json"))
            .body(Empty::new())
            .map_err(|error| AttemptError::Connection(error.into()))?;
        timeout(self.answer_timeout, self.http.request(request))
            .await
            .map_err(|_| AttemptError::Timeout)?
            .map_err(|error| match is_of_certificate(&error) {
                true => RequestFailure::Lasting(ReconcileError::Untrusted(error.into())),
                false => AttemptError::Connection(error.into()).into(),
            })
    }

    /// Reads and checks an answer.
    async fn page(
        &self,
        response: Response<Incoming>,
        size: usize,
        source: &Arc<str>,
        clock: &dyn Clock,
    ) -> Result<ListPage, RequestFailure> {
        self.check(&response, clock)?;
        let body = timeout(self.body_timeout, self.read(response))
            .await
            .map_err(|_| AttemptError::Timeout)??;
        ListPage::parse(body, size, source, clock.now()).map_err(|error| match error {
            Unusable::Passing(error) => error.into(),
            Unusable::Lasting(error) => RequestFailure::Lasting(error),
        })
    }

    fn check(
        &self,
        response: &Response<Incoming>,
        clock: &dyn Clock,
    ) -> Result<(), RequestFailure> {
        let code = response.status().as_u16();
        Err(match code {
            200 => return Ok(()),
            401 | 403 => RequestFailure::Lasting(ReconcileError::Refused { status: code }),
            400 | 422 => {
                RequestFailure::Lasting(ReconcileError::Query { status: code, unit: self.unit })
            }
            408 | 425 | 429 | 500..=599 => RequestFailure::Passing {
                error: AttemptError::Status(code),
                retry_after: retry_after(response.headers(), clock.now()),
            },
            _ => RequestFailure::Lasting(ReconcileError::Status { status: code }),
        })
    }

    /// Reads a body up to the limit. If the body is larger, the rest is left unread and the
    /// connection closed.
    async fn read(&self, response: Response<Incoming>) -> Result<Bytes, RequestFailure> {
        let limit = self.body_limit;
        let too_large = || RequestFailure::Lasting(ReconcileError::TooLarge { limit });
        let announced = hyper::body::Body::size_hint(response.body()).lower();
        if announced > limit as u64 {
            return Err(too_large());
        }
        let mut body = response.into_body();
        let mut whole = BytesMut::new();
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|error| AttemptError::Broken(error.into()))?;
            let Ok(data) = frame.into_data() else { continue };
            if whole.len() + data.len() > limit {
                return Err(too_large());
            }
            whole.extend_from_slice(&data);
        }
        Ok(whole.freeze())
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("base", &self.base)
            .field("key", &self.key())
            .field("unit", &self.unit)
            .finish_non_exhaustive()
    }
}

/// Returns the TLS configuration. An unencrypted base URL needs no certificates.
fn encryption(base: &BaseUrl) -> Result<ClientConfig, ClientError> {
    let failed = |error: rustls::Error| ClientError::Tls(error.into());
    if !base.is_encrypted() {
        return tls::trusting_nobody().map_err(failed);
    }
    let config = tls::trusting(tls::system_certificates(), None).map_err(failed)?;
    config.ok_or(ClientError::NoCertificates)
}

/// Returns whether the cause of an error is a rejected certificate.
fn is_of_certificate(error: &(dyn Error + 'static)) -> bool {
    let mut error = Some(error);
    while let Some(one) = error {
        if let Some(tls) = one.downcast_ref::<rustls::Error>() {
            return matches!(tls, rustls::Error::InvalidCertificate(_));
        }
        // `io::Error::source` skips the error that it wraps.
        let io = one.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        error = match io {
            Some(wrapped) => Some(wrapped),
            None => one.source(),
        };
    }
    false
}

/// Returns the time of the answer by the server's clock, truncated to seconds.
fn date(headers: &HeaderMap) -> Option<Timestamp> {
    let date = httpdate::parse_http_date(headers.get(header::DATE)?.to_str().ok()?).ok()?;
    let millis = date.duration_since(UNIX_EPOCH).ok()?.as_millis();
    Some(from_millis(i64::try_from(millis).ok()?))
}

/// Returns the least number of milliseconds by which this machine's clock is ahead of the
/// server's. The server took the time `date`, truncated to seconds, between `before` and
/// `after`.
fn ahead(before: Timestamp, date: Timestamp, after: Timestamp) -> i64 {
    let (before, after) = (before.as_millis(), after.as_millis());
    let (first, last) = (date.as_millis(), date.as_millis() + 999);
    if before > last {
        before - last
    } else if after < first {
        after - first
    } else {
        0
    }
}

/// Returns how long the server asks the client to wait.
fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    parse_retry_after(headers.get(header::RETRY_AFTER)?.to_str().ok()?, now)
}

/// Parses a header `retry-after`: a number of seconds or a date.
#[must_use]
pub fn parse_retry_after(text: &str, now: Timestamp) -> Option<Duration> {
    let text = text.trim();
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        // A number of too many digits counts as a very long time.
        return Some(Duration::from_secs(text.parse().unwrap_or(u64::MAX / 4)));
    }
    let date: SystemTime = httpdate::parse_http_date(text).ok()?;
    let now = UNIX_EPOCH + Duration::from_millis(now.as_millis().unsigned_abs());
    Some(date.duration_since(now).unwrap_or_default())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failed setup is a failed test")]
mod tests {
    use super::*;

    #[test]
    fn clocks_agree_if_they_can() {
        let ahead = |before, after| {
            let [before, date, after] = [before, 5_000, after].map(from_millis);
            ahead(before, date, after)
        };
        assert_eq!([ahead(4_000, 5_000), ahead(5_999, 5_999), ahead(4_000, 7_000)], [0; 3]);
        assert_eq!((ahead(6_000, 9_000), ahead(1_000, 4_999)), (1, -1));
    }

    #[test]
    fn a_server_asks_for_a_pause_in_seconds_or_until_a_date() {
        // 2023-11-14T22:13:20Z
        let now = Timestamp::from_millis(1_700_000_000_000).unwrap();
        let asked = |text: &'static str| {
            let headers = [(header::RETRY_AFTER, HeaderValue::from_static(text))];
            retry_after(&headers.into_iter().collect(), now)
        };
        let seconds = |seconds| Some(Duration::from_secs(seconds));
        assert_eq!(asked("0"), seconds(0));
        assert_eq!(asked(" 120 "), seconds(120));
        assert_eq!(asked("Tue, 14 Nov 2023 22:14:20 GMT"), seconds(60));
        assert_eq!(asked("Tue, 14 Nov 2023 22:12:20 GMT"), seconds(0));
        assert_eq!(asked("99999999999999999999999"), seconds(u64::MAX / 4));
        for text in ["", "-1", "1.5", "soon", "Tue, 14 Nov 2023"] {
            assert_eq!(asked(text), None, "{text}");
        }
        assert_eq!(retry_after(&HeaderMap::new(), now), None);
    }
}
