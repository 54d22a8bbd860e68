//! Fetches missed events: the sender drops an event after four attempts, but keeps it in a
//! list.
//!
//! [`Reconciler`] reads that list, `GET /v1/events`, from the position of an earlier run, and
//! stores missing entries through [`Reception::accept`], as deliveries are. An event that was
//! delivered as well stays one entry, in either envelope.
//!
//! [`Reception::accept`]: crate::store::Reception::accept
//!
//! ```no_run
//! use std::sync::Arc;
//! use std::time::Duration;
//! use spektr_inbox::reconcile::{ApiKey, Client, Environment, Reconciler};
//! use spektr_inbox::store::{Store, sqlite::SqliteOptions};
//!
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! let store: Arc<dyn Store> = Arc::new(SqliteOptions::new("inbox.db").open()?);
//! let client = Client::new(Environment::Live, ApiKey::from_env()?)?;
//! let reconciler = Reconciler::new(store, client)
//!     .with_first_reach(Duration::from_secs(24 * 3600));
//!
//! // On demand:
//! let summary = reconciler.run_once(|so_far| println!("{} entries", so_far.seen)).await?;
//! println!("{} were missed", summary.new);
//!
//! // At start, and then every few minutes, until the program ends:
//! reconciler.run(async { tokio::signal::ctrl_c().await.unwrap_or_default() }).await;
//! # Ok(())
//! # }
//! ```
//!
//! # The course of a run
//!
//! A run reads the events that were created after the watermark and up to the start of the run,
//! in ascending order. The server counts pages by offset, so a list that changes would shift
//! them. Therefore a run counts pages as little as it can: it requests the first page, and then
//! the first page of events that are no older than that page's last entry. The new page must
//! contain that entry again. A run counts pages only if more entries share a moment than a page
//! holds, or if the entry does not come again. It then reads the pages again until they stay
//! the same.
//!
//! The watermark in the store moves page by page, once the entries are durable and the next
//! page has joined them. A killed run continues from the watermark. The watermark never moves
//! into the *overlap*, the last minutes before the run. So the next run still finds an event
//! that appears in the list later than its creation, if the delay is at most the overlap.
//!
//! The watermark belongs to a source and a base URL: the same source can be read from another
//! base URL, from the beginning.
//!
//! # Assumptions
//!
//! The API is known only from a third party's transcription. These are assumptions:
//!
//! - *An entry of the list is an event* in either envelope. Another entry is stored all the
//!   same, and found malformed.
//! - *The unit of `createdAfter` and `createdBefore`* is not documented: [`Client::with_unit`].
//!   Each run checks the unit. If most entries of a page were created more than an hour outside
//!   of the requested window, the run ends and does not store the page. With a wrong unit, a
//!   correct server returns nothing. So a run that finds nothing requests the newest entries,
//!   whenever created. If one of them is within the requested window, the unit is wrong. If the
//!   newest entries do not decide the question, the watermark does not move.
//! - *The list is sorted by `createdAt`*, and the bounds refer to it. If a page shows
//!   otherwise, pages are counted.
//! - *`delivered`* is not used as a filter. It can be null, so that `delivered=false` would
//!   leave events out; a delivered event is just a duplicate.
//!
//! The entries have no signature: their authenticity rests on TLS, on the base URL and on the
//! API key. The code states this by [`danger::assume_verified`].
//!
//! # Caveats
//!
//! - Entries that were deleted by age are not stored again for as long as
//!   [`Retention::known`](crate::operate::Retention::known) keeps their tombstones.
//! - Entries that were [erased](crate::operate::erase) come back as new if the sender still
//!   lists them and a run goes back that far: erase them at the sender first.
//! - Each receiver that shares a store may run a reconciler. That is safe, but causes more
//!   requests than necessary.
//!
//! [`danger::assume_verified`]: spektr_verify::danger::assume_verified

mod answer;
mod client;
mod error;
mod fetch;
mod key;
mod place;
mod verify;
mod walk;

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use spektr_types::Timestamp;
use tokio::sync::Mutex;
use tokio::time::sleep;

pub use client::{Client, Probe, parse_retry_after};
pub use error::{AttemptError, ClientError, ReconcileError};
pub use key::{ApiKey, ApiKeyError};
pub use place::{BaseUrl, BaseUrlError, Environment, NoSuchName, TimeUnit};
pub use verify::{Finding, Problem, Verification};

#[cfg(feature = "testing")]
pub(crate) use answer::ListPage;
use fetch::Fetch;
use walk::Walk;

use crate::clock::{at_most_a_year, before, from_millis};
use crate::intake::DEFAULT_SOURCE;
use crate::store::{Store, WATERMARK};
use crate::{Clock, Metrics, SystemClock};

/// Fetches missed events into a store. Clones share the reconciler's state, and only one of
/// them runs at a time.
#[derive(Clone)]
pub struct Reconciler(Arc<ReconcilerInner>);

#[derive(Clone)]
struct ReconcilerInner {
    store: Arc<dyn Store>,
    client: Client,
    source: Arc<str>,
    clock: Arc<dyn Clock>,
    metrics: Metrics,
    overlap: Duration,
    first_reach: Option<Duration>,
    interval: Duration,
    max_requests: u64,
    verification: Option<Duration>,
    turn: Arc<Mutex<()>>,
}

/// The progress or result of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Summary {
    /// The run reads events created after this time.
    pub since: Timestamp,
    /// The run reads events created up to this time.
    pub until: Timestamp,
    /// All events created up to this time have been read.
    pub position: Timestamp,
    /// Entries that were listed, counted each time that they were listed.
    pub seen: u64,
    /// Entries that were not in the store and now are, including conflicts.
    pub new: u64,
    /// Entries that were in the store already.
    pub duplicates: u64,
    /// New entries whose id was in the store with another content.
    pub conflicts: u64,
    /// New entries that this version cannot decode.
    pub malformed: u64,
    /// New entries with a wire type that this version does not know.
    pub unknown: u64,
    /// Requests, including failed attempts.
    pub requests: u64,
    /// The number of times that entries were read again because the list had changed meanwhile.
    pub shifts: u64,
}

impl Reconciler {
    /// How far before the end of the last run the next run begins, unless configured: 15
    /// minutes.
    pub const DEFAULT_OVERLAP: Duration = Duration::from_secs(15 * 60);

    /// The pause between the runs of [`run`](Self::run), unless configured: 5
    /// minutes.
    pub const DEFAULT_INTERVAL: Duration = Duration::from_secs(5 * 60);

    /// The limit of requests per run, unless configured: 100,000, for about 5 million entries.
    pub const DEFAULT_MAX_REQUESTS: u64 = 100_000;

    /// Creates a reconciler that fetches with a client into a store.
    #[must_use]
    pub fn new(store: Arc<dyn Store>, client: Client) -> Self {
        Self(Arc::new(ReconcilerInner {
            store,
            client,
            source: DEFAULT_SOURCE.into(),
            clock: Arc::new(SystemClock::new()),
            metrics: Metrics::new(),
            overlap: Self::DEFAULT_OVERLAP,
            first_reach: None,
            interval: Self::DEFAULT_INTERVAL,
            max_requests: Self::DEFAULT_MAX_REQUESTS,
            verification: None,
            turn: Arc::default(),
        }))
    }

    /// Names the source of the entries. It must be the source of the
    /// [receiver](crate::Receiver::with_source) of the same events; otherwise each event is
    /// stored as two entries.
    #[must_use]
    pub fn with_source(self, source: &str) -> Self {
        self.with(|inner| inner.source = source.into())
    }

    /// Sets the clock for the end of the time range of a run.
    #[must_use]
    pub fn with_clock(self, clock: impl Clock) -> Self {
        self.with(|inner| inner.clock = Arc::new(clock))
    }

    /// Counts into the given metrics, which receivers and workers can share.
    #[must_use]
    pub fn with_metrics(self, metrics: Metrics) -> Self {
        self.with(|inner| inner.metrics = metrics)
    }

    /// Sets how far before the end of the last run the next run begins. An event that appears
    /// in the list later than this after its creation is missed.
    #[must_use]
    pub fn with_overlap(self, duration: Duration) -> Self {
        self.with(|inner| inner.overlap = duration)
    }

    /// Sets how far back the first run goes if there is no watermark. Without this setting, a
    /// first run is an error.
    #[must_use]
    pub fn with_first_reach(self, duration: Duration) -> Self {
        self.with(|inner| inner.first_reach = Some(duration))
    }

    /// Sets the pause between the runs of [`run`](Self::run). Each pause is varied at random by
    /// up to a tenth.
    #[must_use]
    pub fn with_interval(self, duration: Duration) -> Self {
        self.with(|inner| inner.interval = at_most_a_year(duration))
    }

    /// Sets the limit of requests per run, at least 10. Further attempts of the last request can
    /// exceed it. The next run goes on from there.
    #[must_use]
    pub fn with_max_requests(self, requests: u64) -> Self {
        self.with(|inner| inner.max_requests = requests.max(10))
    }

    /// Makes [`run`](Self::run) verify once a day the events created within this time.
    ///
    /// The metrics show the result for two days, as `verification_entries`, and its time for
    /// ever. A verification does not fetch missing entries.
    #[must_use]
    pub fn with_verification(self, reach: Duration) -> Self {
        self.with(|inner| inner.verification = Some(reach))
    }

    /// Fetches the events created since the watermark, and reports the progress after each
    /// page.
    ///
    /// If the future is dropped, stored entries stay, and the next run goes on from there.
    ///
    /// # Errors
    ///
    /// - [`ReconcileError::NoWatermark`]: this is the first run, and
    ///   [`with_first_reach`](Self::with_first_reach) is not set
    /// - any other [`ReconcileError`]
    pub async fn run_once(
        &self,
        progress: impl FnMut(&Summary) + Send,
    ) -> Result<Summary, ReconcileError> {
        self.reconcile(None, progress).await
    }

    /// Fetches the events created after a time, or since the watermark if that is earlier, so
    /// that no gap is left. Reports the progress after each page.
    ///
    /// # Errors
    ///
    /// Any [`ReconcileError`] except [`NoWatermark`](ReconcileError::NoWatermark).
    pub async fn run_since(
        &self,
        since: Timestamp,
        progress: impl FnMut(&Summary) + Send,
    ) -> Result<Summary, ReconcileError> {
        self.reconcile(Some(since), progress).await
    }

    /// Compares the sender's list with the store, and writes nothing: reads the events created
    /// after a time, and reports each entry that is missing in the store, has another content
    /// there, or cannot be decoded by this version.
    ///
    /// Entries created within the [overlap](Self::with_overlap) before now are skipped: their
    /// deliveries may still be in progress.
    ///
    /// # Errors
    ///
    /// Any [`ReconcileError`] except [`NoWatermark`](ReconcileError::NoWatermark). The findings
    /// reported before the error are valid, and the rest of the list was not compared.
    pub async fn verify(
        &self,
        since: Timestamp,
        mut found: impl FnMut(&Finding) + Send,
    ) -> Result<Verification, ReconcileError> {
        let inner = &*self.0;
        let _turn = inner.turn.lock().await;
        inner.verify(since, &mut found).await
    }

    /// Runs now, and again after each interval, until `shutdown` is ready. Errors are logged
    /// and counted, and the next run tries again.
    ///
    /// With a [verification](Self::with_verification), verifies after each successful run if
    /// the last verification is a day old.
    pub async fn run(&self, shutdown: impl Future<Output = ()>) {
        self.0.metrics.begin(&self.0.source);
        let running = async {
            loop {
                // A run logs and counts its result itself.
                let asked = match self.run_once(|_| {}).await {
                    Ok(_) => {
                        let _turn = self.0.turn.lock().await;
                        self.0.verify_if_due().await;
                        None
                    }
                    Err(ReconcileError::Unavailable { retry_after, .. }) => retry_after,
                    Err(_) => None,
                };
                let pause = self.0.interval.mul_f64(0.9 + fastrand::f64() / 5.0);
                sleep(pause.max(asked.unwrap_or_default().min(LONGEST_PAUSE))).await;
            }
        };
        tokio::select! {
            () = shutdown => {}
            () = running => {}
        }
    }

    /// Returns the time up to which all events that had appeared in the list have been read.
    /// The next run begins there.
    ///
    /// # Errors
    ///
    /// - [`ReconcileError::Watermark`], [`ReconcileError::Store`]
    pub async fn watermark(&self) -> Result<Option<Timestamp>, ReconcileError> {
        self.0.watermark().await
    }

    fn with(mut self, change: impl FnOnce(&mut ReconcilerInner)) -> Self {
        change(Arc::make_mut(&mut self.0));
        self
    }

    async fn reconcile(
        &self,
        since: Option<Timestamp>,
        mut progress: impl FnMut(&Summary) + Send,
    ) -> Result<Summary, ReconcileError> {
        let inner = &*self.0;
        let _turn = inner.turn.lock().await;
        let result = inner.reconcile(since, &mut progress).await;
        match &result {
            Ok(summary) => {
                inner.metrics.reconciled("ok");
                inner.metrics.reconciled_at(inner.clock.now());
                let Summary { seen, new, conflicts, malformed, requests, .. } = *summary;
                if new > 0 {
                    tracing::info!(seen, new, conflicts, malformed, requests, "events were missed");
                } else {
                    tracing::debug!(seen, requests, "nothing was missed");
                }
            }
            Err(error) => {
                inner.metrics.reconciled(error.reason());
                let reason = error.reason();
                tracing::error!(
                    reason,
                    error = error as &dyn std::error::Error,
                    "reconciliation failed"
                );
            }
        }
        result
    }
}

/// The longest pause between runs that a server can ask for.
const LONGEST_PAUSE: Duration = Duration::from_secs(24 * 3600);

impl ReconcilerInner {
    async fn reconcile(
        &self,
        since: Option<Timestamp>,
        progress: &mut (dyn FnMut(&Summary) + Send),
    ) -> Result<Summary, ReconcileError> {
        let until = self.client.unit().cut(self.clock.now());
        let watermark = match self.watermark().await {
            Err(ReconcileError::Watermark) if since.is_some() => None,
            watermark => watermark?,
        };
        let first = self.first_reach.map(|reach| before(until, reach));
        let mut after = match (since, watermark) {
            (Some(since), Some(watermark)) => since.min(watermark),
            (one, other) => one.or(other).or(first).ok_or(ReconcileError::NoWatermark)?,
        };
        if watermark.is_some() && after > until {
            tracing::warn!("the watermark is in the future: the clock was wrong, then or now");
            after = before(until, self.overlap);
        }
        let fetch = Fetch::new(self, watermark, progress);
        let (course, fetch) = Walk::new(self, after.min(until), until, fetch).run().await?;
        Ok(fetch.summary(&course))
    }

    /// Returns the name of the watermark's note in the store. A URL has no spaces.
    fn note(&self) -> String {
        format!("{WATERMARK}{} {}", self.source, self.client.base_url())
    }

    async fn watermark(&self) -> Result<Option<Timestamp>, ReconcileError> {
        let Some(text) = self.store.note(self.note()).await? else { return Ok(None) };
        let millis = text.parse::<i64>().map_err(|_| ReconcileError::Watermark)?;
        Ok(Some(from_millis(millis)))
    }

    async fn set_watermark(&self, time: Timestamp) -> Result<(), ReconcileError> {
        Ok(self.store.set_note(self.note(), time.as_millis().to_string()).await?)
    }
}

impl fmt::Debug for Reconciler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reconciler")
            .field("client", &self.0.client)
            .field("source", &self.0.source)
            .finish_non_exhaustive()
    }
}
