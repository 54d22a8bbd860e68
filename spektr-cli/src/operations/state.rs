//! The state that all pages share: the receiver and its store, the sessions, and recent figures.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use spektr_inbox::store::{Stats, Store};
use spektr_inbox::{Clock as _, Count, Receiver, SystemClock};
use spektr_types::Timestamp;
use tokio::time::{Instant, MissedTickBehavior, interval, timeout};

use super::access::Access;
use super::figures::{MetricsText, Sample};
use super::samples::{Period, Samples};

/// The time limit of the store for its figures.
const FIGURES_TIMEOUT: Duration = Duration::from_secs(1);

/// The age up to which pages reuse figures, so that frequent requests cost little.
const FRESH: Duration = Duration::from_secs(1);

/// The service that the pages describe.
pub(crate) struct ServiceFacts {
    /// Whether the pages are at a loopback address.
    pub(crate) is_local: bool,
    pub(crate) source: String,
    /// The location of the inbox, without a password.
    pub(crate) store: String,
    /// The file, if the inbox is in SQLite.
    pub(crate) file: Option<PathBuf>,
    /// The URL that events are posted to.
    pub(crate) forwarding: Option<String>,
    /// Whether reconciliations fetch missed events.
    pub(crate) is_reconciling: bool,
}

/// The pages of operations. Clones share their state.
#[derive(Clone)]
pub(crate) struct Operations(pub(super) Arc<OperationsState>);

pub(crate) struct OperationsState {
    pub(super) receiver: Receiver,
    pub(super) store: Arc<dyn Store>,
    pub(super) access: Access,
    pub(super) about: ServiceFacts,
    pub(super) started: Instant,
    pub(super) started_at: Timestamp,
    pub(super) samples: Mutex<Samples>,
    /// Counts sign-ins with a wrong token.
    pub(super) refused: Count,
    /// Held while a token is checked. If the token is wrong, it stays held for the pause before
    /// the answer.
    pub(super) sign_ins: tokio::sync::Mutex<()>,
    /// Held while the entries of an action are counted, for one page at a time.
    pub(super) counting: tokio::sync::Mutex<()>,
    /// The latest figures, when they were read, and the metrics text that they were read from.
    pub(super) last: tokio::sync::Mutex<Option<(Instant, Sample, Arc<str>)>>,
}

impl Operations {
    pub(crate) fn new(
        receiver: Receiver,
        store: Arc<dyn Store>,
        access: Access,
        about: ServiceFacts,
    ) -> Self {
        const REFUSED: &str = "Sign-ins at the pages of operations with a wrong token";
        let refused = receiver.metrics().count("operations_sign_ins_refused", REFUSED);
        Self(Arc::new(OperationsState {
            receiver,
            store,
            access,
            about,
            started: Instant::now(),
            started_at: SystemClock::new().now(),
            samples: Mutex::new(Samples::new()),
            refused,
            sign_ins: tokio::sync::Mutex::default(),
            counting: tokio::sync::Mutex::default(),
            last: tokio::sync::Mutex::default(),
        }))
    }

    /// Adds a sample to the rings at regular intervals. Never returns.
    pub(crate) async fn sample(&self) {
        let mut ticks = interval(Period::Hour.interval());
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        // The first tick is immediate.
        ticks.tick().await;
        loop {
            ticks.tick().await;
            let (sample, _) = self.look().await;
            self.0.samples.lock().unwrap_or_else(PoisonError::into_inner).add(&sample);
        }
    }

    /// Returns the figures, at most [`FRESH`] old, and the metrics text that they were read from.
    pub(super) async fn look(&self) -> (Sample, Arc<str>) {
        let inner = &*self.0;
        let mut last = inner.last.lock().await;
        if let Some((at, sample, text)) = &*last {
            if at.elapsed() < FRESH {
                return (sample.clone(), Arc::clone(text));
            }
        }
        let (sample, text) = self.read().await;
        *last = Some((Instant::now(), sample.clone(), Arc::clone(&text)));
        (sample, text)
    }

    /// Reads the figures without the cache. If the store does not answer within a second, its
    /// figures are missing.
    async fn read(&self) -> (Sample, Arc<str>) {
        let inner = &*self.0;
        let stats = timeout(FIGURES_TIMEOUT, inner.store.stats()).await;
        let stats = stats.ok().and_then(Result::ok);
        let text: Arc<str> = inner.receiver.metrics().render().into();
        let mut sample = Sample::read(&MetricsText::new(&text), inner.started.elapsed());
        sample.oldest = stats.map_or(0, |stats| age_of_oldest(&stats));
        sample.store = stats;
        (sample, text)
    }

    /// Logs the totals of this process at the end of the service.
    pub(crate) async fn log_totals(&self) {
        let (Sample { at, accepted, handled, failed, refused, store, .. }, _) = self.read().await;
        let (seconds, pending) = (at.as_secs(), store.map(|stats| stats.pending));
        tracing::info!(
            seconds,
            accepted,
            handled,
            failed,
            refused,
            pending,
            "the service has ended"
        );
    }

    /// Returns the samples of a period that ends with `now`.
    pub(super) fn samples(&self, span: Period, now: &Sample) -> Vec<Sample> {
        self.0.samples.lock().unwrap_or_else(PoisonError::into_inner).of(span, now)
    }

    pub(super) fn is_local(&self) -> bool {
        self.0.about.is_local
    }

    pub(super) fn access(&self) -> &Access {
        &self.0.access
    }

    pub(super) fn store(&self) -> &Arc<dyn Store> {
        &self.0.store
    }
}

fn age_of_oldest(stats: &Stats) -> u64 {
    let now = SystemClock::new().now().as_millis();
    let age = stats.oldest_pending.map_or(0, |oldest| now - oldest.as_millis());
    u64::try_from(age / 1000).unwrap_or_default()
}
