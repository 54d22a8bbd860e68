//! The endpoint: answers a delivery with 200 only when its entries are durable.

mod body;
mod failure;
mod health;
mod memory;
mod sample;

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{any, get, post};
use axum::{Extension, Router};
use bytes::Bytes;
use spektr_verify::{Verified, Verifier, VerifyError};
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout};
use tracing::field::Empty;
use tracing::{Instrument as _, Span};

pub use health::Readiness;

use failure::Failure;
use health::Health;
use memory::{Held, Memory};
use sample::Samples;

use crate::intake::{self, Intake, Unreadable, intake};
use crate::metrics::type_label;
use crate::server::{Delivered, Peer, Servers};
use crate::store::{
    Acceptance, Action, NewEntry, Operator, Original, Rejected, Store, StoreError, longer_for,
};
use crate::trace::{self, Propagation, TraceParent};
use crate::{Clock, Metrics, Server, SystemClock};

/// How long the store may take to answer `/metrics`. After that, `/metrics` shows the store as
/// down.
const FIGURES_TIMEOUT: Duration = Duration::from_secs(1);

/// Receives deliveries into a store. Clones are the same receiver.
///
/// # Examples
///
/// ```
/// use std::sync::Arc;
/// use axum::{Extension, Router};
/// use spektr_inbox::{Receiver, store::sqlite::SqliteOptions};
/// use spektr_verify::{KeyRing, SignedContent, Verifier};
///
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("inbox.db");
/// let store = Arc::new(SqliteOptions::new(path).open()?);
/// let keys = KeyRing::parse("2026-a=correct horse battery staple")?;
/// let receiver = Receiver::new(store, Verifier::new(keys, SignedContent::TIMESTAMP_DOT_BODY));
/// let app: Router = Router::new().merge(receiver.router("/webhooks/spektr"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Receiver(Arc<Inner>);

#[derive(Clone)]
struct Inner {
    store: Arc<dyn Store>,
    verifier: Verifier,
    source: Arc<str>,
    clock: Arc<dyn Clock>,
    metrics: Metrics,
    body_limit: usize,
    body_timeout: Duration,
    commit_timeout: Duration,
    memory: Arc<Memory>,
    quarantine: Option<Quarantine>,
    health: Arc<Health>,
    servers: Arc<Servers>,
    samples: Arc<Samples>,
    propagation: Option<Arc<dyn Propagation>>,
}

#[derive(Clone)]
struct Quarantine {
    max_count: usize,
    max_bytes: usize,
    /// Permits one write at a time, so that a flood of forged deliveries does not block the
    /// store for authentic deliveries.
    gate: Arc<Semaphore>,
}

impl Receiver {
    /// The largest body, unless configured: 16 MiB.
    pub const DEFAULT_BODY_LIMIT: usize = 16 * 1024 * 1024;

    /// The memory for bodies, unless configured: 256 MiB.
    pub const DEFAULT_MEMORY_LIMIT: usize = 256 * 1024 * 1024;

    /// The time limit for the body of a request, unless configured: 10 s.
    pub const DEFAULT_BODY_TIMEOUT: Duration = Duration::from_secs(10);

    /// The time limit for a commit, unless configured: 5 s, and longer for a [large
    /// delivery](Self::with_commit_timeout). After that, the sender is told to come back.
    pub const DEFAULT_COMMIT_TIMEOUT: Duration = Duration::from_secs(5);

    /// The source of entries, unless configured.
    pub const DEFAULT_SOURCE: &str = crate::intake::DEFAULT_SOURCE;

    /// Creates a receiver of the deliveries that a verifier accepts. Warns, by `tracing`, if
    /// the verifier accepts unsigned deliveries, or rejects all because no signing key is valid
    /// now.
    #[must_use]
    pub fn new(store: Arc<dyn Store>, verifier: Verifier) -> Self {
        if verifier.keys().is_none() {
            tracing::warn!("unsigned deliveries are accepted, from any sender");
        } else if !health::has_valid_key(&verifier) {
            tracing::error!("no signing key is valid now: every delivery is refused with 500");
        }
        Self(Arc::new(Inner {
            store,
            verifier,
            source: Self::DEFAULT_SOURCE.into(),
            clock: Arc::new(SystemClock::new()),
            metrics: Metrics::new(),
            body_limit: Self::DEFAULT_BODY_LIMIT,
            body_timeout: Self::DEFAULT_BODY_TIMEOUT,
            commit_timeout: Self::DEFAULT_COMMIT_TIMEOUT,
            memory: Arc::new(Memory::new(Self::DEFAULT_MEMORY_LIMIT)),
            quarantine: None,
            health: Arc::default(),
            servers: Arc::default(),
            samples: Arc::default(),
            propagation: None,
        }))
    }

    /// Names the source of the deliveries: equal ids of different sources are different events.
    /// Give the sandbox another source than production.
    ///
    /// Do not use the workspace id of entries as the source: only one of the two envelopes has
    /// it, so an event that arrives in both envelopes would be stored as two events.
    #[must_use]
    pub fn with_source(self, source: &str) -> Self {
        self.with(|inner| inner.source = source.into())
    }

    /// Sets the clock for the arrival times of deliveries.
    #[must_use]
    pub fn with_clock(self, clock: impl Clock) -> Self {
        self.with(|inner| inner.clock = Arc::new(clock))
    }

    /// Counts into the given metrics, which workers and other receivers can share.
    #[must_use]
    pub fn with_metrics(self, metrics: Metrics) -> Self {
        self.with(|inner| inner.metrics = metrics)
    }

    /// Sets the limit of a body, in bytes. A larger delivery is lost: the sender repeats it
    /// three times and then drops it.
    #[must_use]
    pub fn with_body_limit(self, bytes: usize) -> Self {
        self.with(|inner| inner.body_limit = bytes)
    }

    /// Sets the memory, in bytes, for bodies and the entries made of them, until they are
    /// stored. Bodies over 64 KiB, with their entries, can use three quarters of it. When the
    /// memory is used up, the receiver gives up the slowest incomplete body for a faster body.
    /// It starts with the bodies of the address that holds most memory. Complete bodies are
    /// never given up.
    #[must_use]
    pub fn with_memory_limit(self, bytes: usize) -> Self {
        self.with(|inner| inner.memory = Arc::new(Memory::new(bytes)))
    }

    /// Sets the time limit for the body of a request. After the first two seconds, a body over
    /// 64 KiB must arrive at an average of 64 KiB a second.
    #[must_use]
    pub fn with_body_timeout(self, duration: Duration) -> Self {
        self.with(|inner| inner.body_timeout = duration)
    }

    /// Sets the time limit for a commit. After that, the sender is told to come back, by 503. A
    /// large delivery has a millisecond more for each of its entries and for each KiB, so that
    /// the largest delivery has two minutes.
    ///
    /// A commit that has begun is not cancelled. The sender's next attempt then finds the
    /// entries stored as harmless duplicates, and is answered with 200.
    #[must_use]
    pub fn with_commit_timeout(self, duration: Duration) -> Self {
        self.with(|inner| inner.commit_timeout = duration)
    }

    /// Keeps rejected deliveries in a quarantine, apart from entries: at most `max_count`
    /// deliveries with `max_bytes` of bodies. Off unless called.
    ///
    /// The quarantine is for the first days: with a wrong signing setting every delivery is
    /// rejected. The quarantine keeps them, so that you can diagnose the setting and then
    /// [recover](Self::recover) the deliveries. Anybody can write into the quarantine, so the
    /// newest deliveries push out the oldest. While the quarantine is on, the receiver also
    /// reads bodies of requests that name no known key.
    #[must_use]
    pub fn with_quarantine(self, max_count: usize, max_bytes: usize) -> Self {
        let gate = Arc::new(Semaphore::new(1));
        self.with(|inner| inner.quarantine = Some(Quarantine { max_count, max_bytes, gate }))
    }

    /// Makes the span of each authentic delivery a child of the span that the header
    /// `traceparent` names. Keeps the span of the acceptance with the entries, so that
    /// [`Workers`](crate::Workers::with_propagation) continue the trace. See
    /// [`trace`](crate::trace).
    ///
    /// The header is not signed: a proxy before the receiver can set it.
    #[must_use]
    pub fn with_propagation(self, propagation: Arc<dyn Propagation>) -> Self {
        self.with(|inner| inner.propagation = Some(propagation))
    }

    /// Returns the metrics that this receiver counts into.
    #[must_use]
    pub fn metrics(&self) -> &Metrics {
        &self.0.metrics
    }

    /// Returns a router with the endpoint, `POST` at a path, to merge into your own. The path
    /// with a trailing slash is the same endpoint.
    ///
    /// Behind [`Server`](crate::Server) the router is safe to expose; any other server needs a
    /// timeout for headers and a limit of connections of its own.
    pub fn router(&self, path: &str) -> Router {
        self.0.metrics.begin(&self.0.source);
        let endpoint = || post(receive).fallback(other_method);
        let mut router = Router::new().route(path, endpoint());
        if !path.ends_with('/') {
            router = router.route(&format!("{path}/"), endpoint());
        }
        router.with_state(self.clone())
    }

    /// Returns the router of a server that does nothing else: the endpoint, and a 404 for every
    /// other path. The 404 is logged and counted, because a sender may be configured to a wrong
    /// path by mistake.
    pub fn router_alone(&self, path: &str) -> Router {
        self.router(path).fallback_service(any(other_path).with_state(self.clone()))
    }

    /// Returns a router for operators: `GET` at `/health/live`, `/health/ready` and `/metrics`.
    /// Do not expose it to the public: a readiness check writes to the disk.
    pub fn operations(&self) -> Router {
        Router::new()
            .route("/health/live", get(live))
            .route("/health/ready", get(ready))
            .route("/metrics", get(metrics))
            .with_state(self.clone())
    }

    /// Stores the entries of a delivery, as the endpoint does after the verification. For
    /// deliveries that arrive in another way.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`Reception::accept`]. After an error, nothing of the delivery is
    /// stored.
    ///
    /// [`Reception::accept`]: crate::store::Reception::accept
    pub async fn accept(&self, delivery: &Verified<Bytes>) -> Result<Vec<Acceptance>, StoreError> {
        let intake = intake(&self.0.source, delivery, self.0.clock.now());
        self.store(intake, delivery.body().len()).await
    }

    async fn store(&self, intake: Intake, bytes: usize) -> Result<Vec<Acceptance>, StoreError> {
        let Intake { mut entries, unreadable } = intake;
        let types = type_labels(&entries);
        let trace = self.acceptance(&mut entries, bytes);
        let accepting = async {
            if entries.is_empty() { Ok(Vec::new()) } else { self.0.store.accept(entries).await }
        };
        let accepted = accepting.instrument(trace.clone()).await.inspect_err(|_| {
            failed(&trace, "store_failed");
        })?;
        if !trace.is_disabled() {
            let count = |is: fn(&Acceptance) -> bool| {
                trace::number(accepted.iter().filter(|one| is(one)).count())
            };
            trace.record("spektr.stored", count(|one| matches!(one, Acceptance::Stored(_))));
            trace.record("spektr.duplicates", count(|one| matches!(one, Acceptance::Duplicate)));
            trace.record("spektr.conflicts", count(|one| matches!(one, Acceptance::Conflict(_))));
        }
        self.count(&accepted, &types, unreadable.as_ref(), bytes);
        Ok(accepted)
    }

    /// Returns the span of an acceptance, and stores it in the entries.
    fn acceptance(&self, entries: &mut [NewEntry], bytes: usize) -> Span {
        let id = match &*entries {
            [one] => one.id.as_deref().map(trace::beginning),
            _ => None,
        };
        let span = tracing::trace_span!(
            target: trace::TARGET,
            "accept",
            otel.name = format_args!("accept {}", self.0.source),
            otel.kind = "producer",
            otel.status_code = Empty,
            error.type = Empty,
            messaging.system = trace::SYSTEM,
            messaging.operation.name = "accept",
            messaging.operation.type = "send",
            messaging.destination.name = &*self.0.source,
            messaging.batch.message_count = trace::number(entries.len()),
            messaging.message.id = id,
            messaging.message.body.size = trace::number(bytes),
            spektr.stored = Empty,
            spektr.duplicates = Empty,
            spektr.conflicts = Empty,
        );
        let propagation = self.0.propagation.as_ref();
        if let Some(context) = propagation.and_then(|propagation| propagation.context(&span)) {
            for entry in entries {
                entry.trace = Some(context);
            }
        }
        span
    }

    /// Counts the outcomes of a delivery's entries.
    fn count(
        &self,
        accepted: &[Acceptance],
        types: &[&'static str],
        unreadable: Option<&Unreadable>,
        bytes: usize,
    ) {
        let inner = &*self.0;
        if let Some(error) = unreadable {
            tracing::error!(%error, bytes, "a body is kept whole");
        }
        let (metrics, source) = (&inner.metrics, &*inner.source);
        for (acceptance, event_type) in accepted.iter().zip(types) {
            match acceptance {
                Acceptance::Stored(_) if unreadable.is_some() => metrics.unreadable(source),
                Acceptance::Stored(_) => metrics.accepted(source, event_type),
                Acceptance::Duplicate => metrics.duplicate(source, event_type),
                Acceptance::Conflict(number) => {
                    metrics.conflict(source, event_type);
                    tracing::warn!(number, "an id was there with another content");
                }
            }
        }
    }

    /// Verifies the deliveries in the quarantine again, whenever they were signed, and stores
    /// the authentic ones. Returns how many deliveries were recovered, and how many remain.
    ///
    /// A captured delivery that somebody sent again passes too. Its entries are duplicates,
    /// unless they have been erased since.
    ///
    /// # Errors
    ///
    /// Returns the errors of the store. Deliveries recovered before the error stay recovered.
    pub async fn recover(&self, operator: &Operator) -> Result<(u64, u64), StoreError> {
        let record = operator.record(Action::Recover, self.0.clock.now());
        let (mut recovered, mut remaining, mut last) = (0, 0, 0);
        loop {
            let page = self.0.store.quarantined(last, 10).await?;
            let Some(end) = page.last() else { return Ok((recovered, remaining)) };
            last = end.number;
            for kept in page {
                let Rejected { headers, body, .. } = kept.rejected;
                match self.0.verifier.verify_ignoring_time_window(&headers, body) {
                    Ok(delivery) => {
                        let intake = intake(&self.0.source, &delivery, self.0.clock.now());
                        let types = type_labels(&intake.entries);
                        let original = Original::Rejected(kept.number);
                        let replacing =
                            self.0.store.replace(original, intake.entries, record.clone());
                        // Another process may have recovered it first.
                        let Some(accepted) = replacing.await? else { continue };
                        let bytes = delivery.body().len();
                        self.count(&accepted, &types, intake.unreadable.as_ref(), bytes);
                        recovered += 1;
                    }
                    Err(_) => remaining += 1,
                }
            }
        }
    }

    /// Returns whether all threads and tasks that deliveries need are running, as
    /// `/health/live` does. If one has ended, only a restart helps.
    #[must_use]
    pub fn is_alive(&self) -> bool {
        self.ended().is_none()
    }

    /// Checks everything that deliveries depend on, as `/health/ready` does: for example, it
    /// stores a probe and deletes it again. The report is reused for a second.
    pub async fn readiness(&self) -> Readiness {
        let inner = &*self.0;
        inner.health.check(&*inner.store, &inner.verifier, inner.clock.now()).await
    }

    fn ended(&self) -> Option<&'static str> {
        let Inner { store, servers, .. } = &*self.0;
        if !store.is_alive() {
            Some("the store has ended")
        } else if !servers.are_there() {
            Some("a server has ended")
        } else {
            None
        }
    }

    /// Counts a request that is not answered with 200, and logs a sample of such requests.
    fn rejected(&self, reason: &'static str, log: impl FnOnce(u64)) {
        self.0.metrics.rejected(reason);
        if let Some(suppressed) = self.0.samples.take(reason) {
            log(suppressed);
        }
    }

    fn with(mut self, change: impl FnOnce(&mut Inner)) -> Self {
        change(Arc::make_mut(&mut self.0));
        self
    }

    async fn receive(&self, request: Request) -> Result<(), Failure> {
        let inner = &*self.0;
        let (head, body) = request.into_parts();
        let verifier = &inner.verifier;
        // Without signatures, requiring JSON keeps out browsers: they can post other types
        // across sites.
        if verifier.keys().is_none() && !is_json(&head.headers) {
            return Err(Failure::MediaType);
        }
        // Without signature headers no body is read. With an unknown key the body is read all
        // the same: otherwise the difference would reveal which key ids exist.
        let now = verifier.now();
        match verifier.check_headers_at(&head.headers, now) {
            Err(error) if inner.quarantine.is_none() => {
                let failure = self.unauthentic(error);
                if !failure.is_about_the_key() {
                    return Err(failure);
                }
            }
            _ => {}
        }
        let peer = head.extensions.get::<Peer>().map(|peer| peer.0);
        let reading = body::read(body, &head.headers, inner.body_limit, &inner.memory, peer);
        let (body, held) =
            timeout(inner.body_timeout, reading).await.map_err(|_| Failure::BodyTimeout)??;
        let delivery = match verifier.verify(&head.headers, body.clone()) {
            Ok(delivery) => {
                inner.health.was_in_time();
                delivery
            }
            Err(error) => {
                if let VerifyError::TimestampInFuture { ahead } = &error {
                    inner.health.was_early(&body, inner.clock.now(), *ahead);
                }
                self.quarantine(&head.headers, body, &error).await;
                return Err(self.unauthentic(error));
            }
        };
        let trace = self.delivery(&head, &delivery);
        let received = self.keep(delivery, &held).instrument(trace.clone()).await;
        let status = received.as_ref().map_or_else(Failure::status, |()| StatusCode::OK);
        trace.record("http.response.status_code", i64::from(status.as_u16()));
        received.inspect_err(|failure| failed(&trace, failure.reason()))
    }

    /// Returns the span of an authentic delivery. A refused delivery has no span, because
    /// anybody can send one and claim that it belongs to a trace.
    fn delivery(&self, head: &Parts, delivery: &Verified<Bytes>) -> Span {
        let path = shown(head.uri.path());
        let span = tracing::trace_span!(
            target: trace::TARGET,
            "delivery",
            otel.name = format_args!("POST {path}"),
            otel.kind = "server",
            otel.status_code = Empty,
            error.type = Empty,
            http.request.method = "POST",
            http.route = path,
            http.request.body.size = trace::number(delivery.body().len()),
            http.response.status_code = Empty,
            spektr.key_id = delivery.key_id().map(tracing::field::display),
        );
        let propagation = self.0.propagation.as_ref();
        if let Some((propagation, parent)) = propagation.zip(TraceParent::of(&head.headers)) {
            propagation.set_parent(&span, parent);
        }
        span
    }

    /// Stores an authentic delivery.
    async fn keep(&self, delivery: Verified<Bytes>, held: &Held) -> Result<(), Failure> {
        let inner = &*self.0;
        // Reserve the memory before entries are made of the body.
        held.grow_by(intake::size(&delivery)).await?;
        let intake = intake(&inner.source, &delivery, inner.clock.now());
        let bytes = delivery.body().len();
        let longer = longer_for(intake.entries.len(), bytes);
        // After a timeout, the commit may still happen: the sender's next attempt is then a
        // duplicate.
        let storing =
            timeout(inner.commit_timeout.saturating_add(longer), self.store(intake, bytes));
        storing.await.map_err(|_| Failure::CommitTimeout)?.map_err(Failure::Store)?;
        inner.metrics.delivered(delivery.key_id());
        Ok(())
    }

    /// Maps an error of the verification: an expired key is the sender's fault only while
    /// another key is valid.
    fn unauthentic(&self, source: VerifyError) -> Failure {
        let verifier = &self.0.verifier;
        match verifier.keys() {
            Some(keys) if !keys.has_valid_key_at(verifier.now()) => Failure::NoValidKey(source),
            _ => Failure::Unauthentic(source),
        }
    }

    async fn quarantine(&self, headers: &HeaderMap, body: Bytes, error: &VerifyError) {
        let Some(quarantine) = &self.0.quarantine else { return };
        let Ok(_permit) = quarantine.gate.try_acquire() else { return };
        if body.len() > quarantine.max_bytes {
            return;
        }
        let rejected = Rejected {
            received_at: self.0.clock.now(),
            reason: error.reason().to_owned(),
            headers: Rejected::signature_headers(headers),
            body,
        };
        let kept =
            self.0.store.quarantine(rejected, quarantine.max_count, quarantine.max_bytes).await;
        let Err(error) = kept else { return };
        if let Some(suppressed) = self.0.samples.take("not_kept") {
            tracing::warn!(
                suppressed,
                error = &error as &dyn std::error::Error,
                "not kept in quarantine"
            );
        }
    }
}

impl Server {
    /// Connects this server with the receiver of its endpoint. Connections count into the
    /// receiver's metrics. The receiver's `/health/live` fails from when this server ends
    /// without a shutdown, because its task was aborted or has panicked, until another server
    /// starts.
    #[must_use]
    pub fn with_receiver(self, receiver: &Receiver) -> Self {
        self.with_metrics(receiver.metrics().clone()).among(Arc::clone(&receiver.0.servers))
    }
}

/// Marks a span as failed.
fn failed(trace: &Span, reason: &'static str) {
    trace.record("otel.status_code", "ERROR");
    trace.record("error.type", reason);
}

fn type_labels(entries: &[NewEntry]) -> Vec<&'static str> {
    entries.iter().map(|entry| type_label(entry.wire_type.as_deref())).collect()
}

/// Returns whether there is exactly one content type and it is JSON.
fn is_json(headers: &HeaderMap) -> bool {
    let mut values = headers.get_all(header::CONTENT_TYPE).into_iter();
    let (Some(value), None) = (values.next(), values.next()) else { return false };
    let media_type = value.to_str().unwrap_or_default().split(';').next().unwrap_or_default();
    media_type.trim().eq_ignore_ascii_case("application/json")
}

async fn receive(State(receiver): State<Receiver>, request: Request) -> Response {
    let began = Instant::now();
    let metrics = receiver.metrics();
    match receiver.receive(request).await {
        Ok(()) => {
            metrics.delivery_took(began.elapsed());
            (StatusCode::OK, Extension(Delivered)).into_response()
        }
        Err(failure) => {
            let (reason, status) = (failure.reason(), failure.status());
            receiver.rejected(reason, |suppressed| {
                tracing::warn!(
                    reason,
                    status = status.as_u16(),
                    error = &failure as &dyn std::error::Error,
                    suppressed,
                    "delivery rejected",
                );
            });
            (status, status.canonical_reason().unwrap_or_default()).into_response()
        }
    }
}

/// Answers a request to the endpoint that is not a POST.
async fn other_method(State(receiver): State<Receiver>, request: Request) -> Response {
    receiver.rejected("method_unknown", |suppressed| {
        tracing::warn!(method = shown(request.method().as_str()), suppressed, "not a POST");
    });
    (StatusCode::METHOD_NOT_ALLOWED, [(header::ALLOW, "POST")]).into_response()
}

/// Answers a request to a path other than the endpoint's.
async fn other_path(State(receiver): State<Receiver>, request: Request) -> Response {
    receiver.rejected("path_unknown", |suppressed| {
        tracing::warn!(
            method = shown(request.method().as_str()),
            path = shown(request.uri().path()),
            suppressed,
            "there is no endpoint at this path",
        );
    });
    StatusCode::NOT_FOUND.into_response()
}

/// Returns the beginning of a text that a client has chosen.
fn shown(text: &str) -> &str {
    const LONGEST: usize = 100;
    let end = (0..=LONGEST).rev().find(|end| text.is_char_boundary(*end)).unwrap_or_default();
    text.get(..end).unwrap_or(text)
}

async fn live(State(receiver): State<Receiver>) -> (StatusCode, &'static str) {
    match receiver.ended() {
        Some(reason) => (StatusCode::SERVICE_UNAVAILABLE, reason),
        None => (StatusCode::OK, "ok"),
    }
}

async fn ready(State(receiver): State<Receiver>) -> Response {
    let report = receiver.readiness().await;
    let status = if report.is_ready() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, [(header::CONTENT_TYPE, "application/json")], report.to_json()).into_response()
}

async fn metrics(State(receiver): State<Receiver>) -> Response {
    let inner = &*receiver.0;
    let stats = timeout(FIGURES_TIMEOUT, inner.store.stats()).await;
    match stats {
        Ok(Ok(stats)) => inner.metrics.stats(&stats, inner.clock.now()),
        Ok(Err(_)) | Err(_) => inner.metrics.no_stats(),
    }
    inner.metrics.keys(&inner.verifier);
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    ([(header::CONTENT_TYPE, kind)], inner.metrics.render()).into_response()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failed setup is a failed test")]
mod tests {
    use std::convert::Infallible;
    use std::pin::Pin;
    use std::task::{Context, Poll, ready};

    use axum::body::Body;
    use hyper::body::Frame;
    use spektr_verify::danger;
    use tokio::time::{Sleep, sleep};

    use super::*;
    use crate::store::sqlite::SqliteOptions;

    const PAUSE: Duration = Duration::from_millis(100);

    /// A body that sends one byte after each pause and never ends.
    struct Drip(Pin<Box<Sleep>>);

    impl hyper::body::Body for Drip {
        type Data = Bytes;
        type Error = Infallible;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            context: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
            ready!(self.0.as_mut().poll(context));
            self.0.as_mut().reset(Instant::now() + PAUSE);
            Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(b" ")))))
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_comes_byte_by_byte_does_not_gain_time() {
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteOptions::new(folder.path().join("inbox.db")).open().unwrap();
        let verifier = danger::verifier_that_accepts_unsigned_deliveries();
        let receiver = Receiver::new(Arc::new(store), verifier);
        let request = Request::post("/")
            .header(header::CONTENT_TYPE, "application/json")
            .body(Body::new(Drip(Box::pin(sleep(PAUSE)))))
            .unwrap();
        let began = Instant::now();
        let refused = receiver.receive(request).await;
        assert!(matches!(refused, Err(Failure::BodyTimeout)), "{refused:?}");
        // By tokio's paused clock, which advances when no task is ready.
        assert_eq!(began.elapsed().as_secs(), Receiver::DEFAULT_BODY_TIMEOUT.as_secs());
    }
}
