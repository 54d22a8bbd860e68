//! Fetches what was missed: the sender drops an event after four attempts, and
//! keeps it in a list.
//!
//! [`Reconciler`] reads that list, `GET /v1/events`, from where an earlier run came
//! to, and stores what it finds through the same gate as deliveries. An event that
//! was delivered as well is one entry, in whichever envelope it comes.
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
//! # How a run goes
//!
//! It reads what was created after the watermark and up to its own beginning, in
//! ascending order. Pages are counted by offset, so that a list that changes would
//! shift them. A run therefore counts as little as it can: it asks for the first
//! page, and then for the first page of what is no older than that page's last
//! entry, which must come again. Only where more entries share a moment than a page
//! holds, or where what must come again does not, it counts pages, and reads them
//! again until they held still.
//!
//! The watermark in the store moves page by page, once the entries are durable and
//! the next page has joined them. A run that is killed goes on there. The watermark
//! never moves into the *overlap*, the last
//! minutes before the run: events that appear in the list later than they were
//! created are found by the next run, if it is no later than that.
//!
//! The watermark belongs to a source and a base URL: the same source can be read
//! from somewhere else, from the beginning.
//!
//! # What is assumed
//!
//! The API is known from a third party's transcription. These are assumptions:
//!
//! - *An entry of the list is an event* in either envelope. One that is not is
//!   stored all the same, and found malformed.
//! - *The unit of `createdAfter` and `createdBefore`* is not documented:
//!   [`Client::with_unit`]. Each run checks it. A page most of which was created more
//!   than an hour outside of what was asked for ends it, and is not stored. Nothing
//!   at all is what a wrong unit gives on a server that obeys; so a run that finds
//!   nothing asks for the newest entries, whenever created, and if one of those is
//!   of the time that it had asked for, the unit is wrong. Where that question
//!   cannot be decided, the watermark stays.
//! - *`createdAt` is what the list is sorted by* and what the bounds mean. Where that
//!   shows to be otherwise, pages are counted.
//! - *`delivered`* is not asked for. It can be null, so that `delivered=false` would
//!   leave events out; what is there already is a duplicate.
//!
//! The entries have no signature: that they are authentic rests on TLS, on the
//! base URL and on the API key, as [`danger::assume_verified`] says in the code.
//!
//! # What to mind
//!
//! - Entries that were deleted by age are known for as long as
//!   [`Retention::known`](crate::operate::Retention::known) says, and are not stored again.
//! - Entries that were [erased](crate::operate::erase) come back as new while the sender
//!   lists them and a run reaches that far: erase them at the sender first.
//! - Each receiver that shares a store may run this. That is safe, and asks the
//!   server more often than is needed.
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
pub(crate) use answer::Page;
use fetch::Fetch;
pub(crate) use verify::Verified;
use walk::Walk;

use crate::clock::{at_most_a_year, before, from_millis};
use crate::intake::DEFAULT_SOURCE;
use crate::store::{Store, WATERMARK};
use crate::{Clock, Metrics, SystemClock};

/// Fetches what was missed into a store. Clones are the same reconciler, which
/// runs once at a time.
#[derive(Clone)]
pub struct Reconciler(Arc<Inner>);

#[derive(Clone)]
struct Inner {
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

/// What a run did, or has done so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Summary {
    /// It reads what was created after this time.
    pub since: Timestamp,
    /// It reads what was created up to this time.
    pub until: Timestamp,
    /// What was created up to this time has been read.
    pub position: Timestamp,
    /// Entries that were listed, each as often as it was.
    pub seen: u64,
    /// Those that were not there: stored, conflicts included.
    pub new: u64,
    /// Those that were there already.
    pub duplicates: u64,
    /// New ones whose id was there with another content.
    pub conflicts: u64,
    /// New ones that this version cannot decode.
    pub malformed: u64,
    /// New ones with a wire type that this version does not know.
    pub unknown: u64,
    /// Requests, failed attempts included.
    pub requests: u64,
    /// How often something was read again because the list had not held still.
    pub shifts: u64,
}

impl Reconciler {
    /// How far a run goes back behind the end of the one before, unless
    /// configured: 15 minutes.
    pub const DEFAULT_OVERLAP: Duration = Duration::from_secs(15 * 60);

    /// The pause between the runs of [`run`](Self::run), unless configured: 5
    /// minutes.
    pub const DEFAULT_INTERVAL: Duration = Duration::from_secs(5 * 60);

    /// How many requests a run makes at most, unless configured: 100,000, which
    /// are about 5 million entries.
    pub const DEFAULT_MAX_REQUESTS: u64 = 100_000;

    /// Takes where entries go to and where they come from.
    #[must_use]
    pub fn new(store: Arc<dyn Store>, client: Client) -> Self {
        Self(Arc::new(Inner {
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

    /// Names where the entries come from. It must be the source of the
    /// [receiver](crate::Receiver::with_source) of the same events, or each of them is
    /// two.
    #[must_use]
    pub fn with_source(self, source: &str) -> Self {
        self.with(|inner| inner.source = source.into())
    }

    /// Sets the clock that says up to when events are fetched.
    #[must_use]
    pub fn with_clock(self, clock: impl Clock) -> Self {
        self.with(|inner| inner.clock = Arc::new(clock))
    }

    /// Counts into figures that others count into as well.
    #[must_use]
    pub fn with_metrics(self, metrics: Metrics) -> Self {
        self.with(|inner| inner.metrics = metrics)
    }

    /// Sets how far a run goes back behind the end of the one before. An event that
    /// appears in the list later than that after its creation is missed.
    #[must_use]
    pub fn with_overlap(self, duration: Duration) -> Self {
        self.with(|inner| inner.overlap = duration)
    }

    /// Sets how far back the first run goes, where there is no watermark. Without
    /// it that is an error.
    #[must_use]
    pub fn with_first_reach(self, duration: Duration) -> Self {
        self.with(|inner| inner.first_reach = Some(duration))
    }

    /// Sets the pause between the runs of [`run`](Self::run); chance changes each
    /// by up to a tenth.
    #[must_use]
    pub fn with_interval(self, duration: Duration) -> Self {
        self.with(|inner| inner.interval = at_most_a_year(duration))
    }

    /// Sets how many requests a run makes at most, at least 10. The next run goes on
    /// there.
    #[must_use]
    pub fn with_max_requests(self, requests: u64) -> Self {
        self.with(|inner| inner.max_requests = requests.max(10))
    }

    /// Lets [`run`](Self::run) verify once a day what was created within this time.
    ///
    /// The result is in the metrics for two days, as `verification_entries`, and the
    /// time of it for ever; what is missing is not fetched by it.
    #[must_use]
    pub fn with_verification(self, reach: Duration) -> Self {
        self.with(|inner| inner.verification = Some(reach))
    }

    /// Fetches what was created since the watermark, and says after each page what
    /// has been done.
    ///
    /// If it is dropped, what it has stored stays, and the next run goes on there.
    ///
    /// # Errors
    ///
    /// - [`ReconcileError::NoWatermark`]: it is the first run, and has no
    ///   [reach](Self::with_first_reach)
    /// - any other [`ReconcileError`]
    pub async fn run_once(
        &self,
        progress: impl FnMut(&Summary) + Send,
    ) -> Result<Summary, ReconcileError> {
        self.reconcile(None, progress).await
    }

    /// Fetches what was created after some time, and everything after the
    /// watermark in any case, so that no gap is left. Says after each page what has
    /// been done.
    ///
    /// # Errors
    ///
    /// Any [`ReconcileError`] but [`NoWatermark`](ReconcileError::NoWatermark).
    pub async fn run_since(
        &self,
        since: Timestamp,
        progress: impl FnMut(&Summary) + Send,
    ) -> Result<Summary, ReconcileError> {
        self.reconcile(Some(since), progress).await
    }

    /// Compares the sender's list with the store, and writes nothing: reads what was
    /// created after some time, and reports each entry that is missing in the store,
    /// has another content there, or cannot be decoded by this version.
    ///
    /// Entries created within the [overlap](Self::with_overlap) before now are left out:
    /// their deliveries may still be under way.
    ///
    /// # Errors
    ///
    /// Any [`ReconcileError`] but [`NoWatermark`](ReconcileError::NoWatermark). What was
    /// reported until then is true, and nothing is known of the rest.
    pub async fn verify(
        &self,
        since: Timestamp,
        mut found: impl FnMut(&Finding) + Send,
    ) -> Result<Verification, ReconcileError> {
        let inner = &*self.0;
        let _turn = inner.turn.lock().await;
        inner.verify(since, &mut found).await
    }

    /// Runs now, and again after each interval, until `shutdown` is ready. Errors
    /// are traced and counted, and the next run is another attempt.
    ///
    /// With a [verification](Self::with_verification), verifies after a run that came to
    /// its end, if the last verification is a day old.
    pub async fn run(&self, shutdown: impl Future<Output = ()>) {
        self.0.metrics.begin(&self.0.source);
        let running = async {
            loop {
                // A run leaves its traces and figures itself.
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

    /// Up to when everything has been read that had appeared by then: where the
    /// next run begins.
    ///
    /// # Errors
    ///
    /// - [`ReconcileError::Watermark`], [`ReconcileError::Store`]
    pub async fn watermark(&self) -> Result<Option<Timestamp>, ReconcileError> {
        self.0.watermark().await
    }

    fn with(mut self, change: impl FnOnce(&mut Inner)) -> Self {
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
                tracing::error!(reason, error = error as &dyn std::error::Error, "not reconciled");
            }
        }
        result
    }
}

/// The longest that a server is left alone because it asks for it.
const LONGEST_PAUSE: Duration = Duration::from_secs(24 * 3600);

impl Inner {
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

    /// What the watermark is called in the store. A URL has no spaces.
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
