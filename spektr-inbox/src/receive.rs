//! The receiver of deliveries: it answers 200 only when the entries of a delivery are durable.

mod body;
mod delivery;
mod health;
mod memory;
mod quarantine;
mod refusal;
mod routes;
mod sample;
mod storing;

use std::sync::Arc;
use std::time::Duration;

use spektr_verify::Verifier;

pub use health::Readiness;

use health::Health;
use memory::Memory;
use quarantine::QuarantineBounds;
use sample::Samples;

use crate::server::Servers;
use crate::store::Store;
use crate::trace::Propagation;
use crate::{Clock, Metrics, Server, SystemClock};

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
pub struct Receiver(Arc<ReceiverInner>);

#[derive(Clone)]
struct ReceiverInner {
    store: Arc<dyn Store>,
    verifier: Verifier,
    source: Arc<str>,
    clock: Arc<dyn Clock>,
    metrics: Metrics,
    body_limit: usize,
    body_timeout: Duration,
    commit_timeout: Duration,
    memory: Arc<Memory>,
    quarantine: Option<QuarantineBounds>,
    health: Arc<Health>,
    servers: Arc<Servers>,
    samples: Arc<Samples>,
    propagation: Option<Arc<dyn Propagation>>,
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
        Self(Arc::new(ReceiverInner {
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
        self.with(|inner| inner.quarantine = Some(QuarantineBounds::new(max_count, max_bytes)))
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
        let ReceiverInner { store, servers, .. } = &*self.0;
        if !store.is_alive() {
            Some("the store has ended")
        } else if !servers.are_there() {
            Some("a server has ended")
        } else {
            None
        }
    }

    fn with(mut self, change: impl FnOnce(&mut ReceiverInner)) -> Self {
        change(Arc::make_mut(&mut self.0));
        self
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
