//! The workers: claim due entries, run attempts concurrently, wait for more.

use std::fmt;
use std::future::Future;
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};

use super::attempt::attempt;
use super::backoff::Backoff;
use super::breaker::Breaker;
use super::handler::{Handler, HandlerError, Malformed, Received};
use super::outage::Outages;
use super::pausing::log_pauses;
use super::shared::{STOP_LIMIT, WorkerContext, WorkerOptions};
use crate::store::{Store, StoreError};
use crate::trace::Propagation;
use crate::{Clock, Metrics, SystemClock};

/// Hands the entries of a store to a handler.
///
/// Any number of workers can share a store: a lease ensures that only one of them works on an
/// entry at a time, and heartbeats extend the lease while the handler runs. A worker that
/// stalls or dies loses its leases, and others handle its entries again.
///
/// While the store fails, claims are repeated after growing pauses of up to 5 s. An outage of
/// any length causes two log lines for each operation (claim, extend, settle), and one for each
/// lease that is lost by it.
///
/// # Examples
///
/// ```
/// use std::sync::Arc;
/// use spektr_inbox::{HandlerError, Received, Workers, store::Store};
///
/// async fn run(store: Arc<dyn Store>) {
///     Workers::new(store, |received: Received| async move {
///         println!("{} at attempt {}", received.event().event_type(), received.attempt());
///         Ok(())
///     })
///     .with_concurrency(4)
///     .with_ordering(true)
///     .run(async { tokio::signal::ctrl_c().await.unwrap_or_default() })
///     .await;
/// }
/// ```
pub struct Workers<H> {
    shared: WorkerContext<H>,
}

/// How long the workers wait at the end of the shutdown for the results of ended handlers to be
/// recorded.
const RECORD_LIMIT: Duration = Duration::from_secs(10);

/// The least pause after a claim that found nothing before a worker reacts to new entries, as a
/// multiple of the claim's duration. With ordering and many waiting entries, such a claim is
/// expensive, and must not follow every delivery.
const REST: u32 = 4;

/// The divisor of the places that must be free before a full worker claims again: a quarter.
/// Fast handlers end one after the other, and a claim for each would cost more than the
/// handlers.
const SHARE: usize = 4;

/// How long a free place waits at most for others to become free, because handlers can be slow.
const GATHER: Duration = Duration::from_millis(1);

impl<H: Handler> Workers<H> {
    /// The number of events handled at a time, unless configured: 16.
    pub const DEFAULT_CONCURRENCY: usize = 16;

    /// How long a lease lasts without a heartbeat, unless configured: 30 s.
    pub const DEFAULT_LEASE: Duration = Duration::from_secs(30);

    /// The time limit of a handler, unless configured: 60 s.
    pub const DEFAULT_HANDLER_TIMEOUT: Duration = Duration::from_secs(60);

    /// The number of attempts of an entry, unless configured: 20. The default pauses spread
    /// them over four to eight hours: see [`Backoff::horizon`].
    pub const DEFAULT_MAX_ATTEMPTS: u32 = 20;

    /// How often an idle worker looks for entries that have become due or were committed by
    /// other processes, unless configured: 200 ms.
    pub const DEFAULT_POLL: Duration = Duration::from_millis(200);

    /// How long handlers may take to finish after the start of the shutdown, unless configured:
    /// 30 s.
    pub const DEFAULT_SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(30);

    /// Creates workers that hand the entries of a store to a handler.
    #[must_use]
    pub fn new(store: Arc<dyn Store>, handler: H) -> Self {
        let options = WorkerOptions {
            concurrency: Self::DEFAULT_CONCURRENCY,
            ordered: false,
            hold_on_dead: false,
            unknown_events: handler.wants_unknown_events(),
            lease: Self::DEFAULT_LEASE,
            handler_timeout: Self::DEFAULT_HANDLER_TIMEOUT,
            max_attempts: Self::DEFAULT_MAX_ATTEMPTS,
            give_up_after: None,
            backoff: Backoff::default(),
            breaker: Breaker::new(),
            poll: Self::DEFAULT_POLL,
            shutdown_timeout: Self::DEFAULT_SHUTDOWN_TIMEOUT,
        };
        let shared = WorkerContext {
            store,
            handler: Arc::new(handler),
            of_malformed: None,
            clock: Arc::new(SystemClock::new()),
            metrics: Metrics::new(),
            options,
            stop: watch::Sender::new(false),
            outages: Outages::new(),
            propagation: None,
            owner: fastrand::i64(1..),
            idle: Mutex::default(),
        };
        Self { shared }
    }

    /// Sets the number of events handled at a time, at least 1.
    #[must_use]
    pub fn with_concurrency(mut self, events: usize) -> Self {
        self.shared.options.concurrency = events.max(1);
        self
    }

    /// Sets whether events of the same spektr id are handled one at a time, in the order of
    /// `createdAt` among the pending ones, or of arrival if `createdAt` is equal.
    ///
    /// An event that waits for another attempt holds back the later events of its spektr id. A
    /// dead letter does so only [`with_hold_on_dead`](Self::with_hold_on_dead). An entry that
    /// cannot be decoded or is not known does not: later events are handled without it. If
    /// a later event was handled already, an event that arrives then is handled all the same.
    #[must_use]
    pub fn with_ordering(mut self, ordered: bool) -> Self {
        self.shared.options.ordered = ordered;
        self
    }

    /// Sets whether a dead letter holds back the later events of its spektr id, with
    /// [`with_ordering`](Self::with_ordering), until an operator has resolved, replayed or
    /// deleted the dead letter. Without this, a replay delivers the dead letter after the later
    /// events. Off unless configured.
    ///
    /// A [`Retention`](crate::operate::Retention) with an age for dead letters deletes them
    /// too, and so releases the events behind a dead letter that nobody has resolved: set only
    /// one of the two.
    ///
    /// Claiming events of other spektr ids costs the same, however many events wait. While
    /// events of many thousands of spektr ids are held back, several claims may be needed to
    /// find an event that is not held back.
    #[must_use]
    pub fn with_hold_on_dead(mut self, wanted: bool) -> Self {
        self.shared.options.hold_on_dead = wanted;
        self
    }

    /// Sets whether the handler gets events that the schema does not know. Otherwise such
    /// events are kept as unknown, and can be decoded again after an upgrade.
    #[must_use]
    pub fn with_unknown_events(mut self, wanted: bool) -> Self {
        self.shared.options.unknown_events = wanted;
        self
    }

    /// Passes entries that cannot be decoded to a function, with their JSON and the problem, so
    /// that no entry has to wait for an upgrade. The function's success makes an entry done,
    /// its errors count as those of a handler, and with ordering the entry is handled in its
    /// turn.
    ///
    /// Without a function such entries are kept as malformed. Entries that were kept as
    /// malformed before stay so until [`operate::replay`](crate::operate::replay) makes them
    /// pending again.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::sync::Arc;
    /// use spektr_inbox::{Malformed, Received, Workers, store::Store};
    ///
    /// async fn run(store: Arc<dyn Store>) {
    ///     let handler = |_: Received| async { Ok(()) };
    ///     let workers = Workers::new(store, handler).with_malformed(
    ///         |received: Received<Malformed>| async move {
    ///             // received.raw() is the JSON.
    ///             println!("{}: {}", received.number(), received.event().reason());
    ///             Ok(())
    ///         },
    ///     );
    ///     workers.run(std::future::pending()).await;
    /// }
    /// ```
    #[must_use]
    pub fn with_malformed<R>(
        mut self,
        function: impl Fn(Received<Malformed>) -> R + Send + Sync + 'static,
    ) -> Self
    where
        R: Future<Output = Result<(), HandlerError>> + Send + 'static,
    {
        self.shared.of_malformed = Some(Arc::new(move |received| Box::pin(function(received))));
        self
    }

    /// Sets how long a lease lasts without a heartbeat. There are three heartbeats in that
    /// time.
    #[must_use]
    pub fn with_lease(mut self, duration: Duration) -> Self {
        self.shared.options.lease = duration;
        self
    }

    /// Sets the time limit of a handler; a longer attempt has failed.
    #[must_use]
    pub fn with_handler_timeout(mut self, duration: Duration) -> Self {
        self.shared.options.handler_timeout = duration;
        self
    }

    /// Sets the number of attempts after which an entry becomes a dead letter, at least 1.
    #[must_use]
    pub fn with_max_attempts(mut self, attempts: u32) -> Self {
        self.shared.options.max_attempts = attempts.max(1);
        self
    }

    /// Sets the age, counted from its arrival, from which an entry becomes a dead letter when
    /// an attempt fails or is deferred, however few attempts were counted. Without this
    /// setting, age does not matter. An older entry that is replayed has one attempt.
    #[must_use]
    pub fn with_give_up_after(mut self, age: Duration) -> Self {
        self.shared.options.give_up_after = Some(age);
        self
    }

    /// Sets the pauses between attempts. Workers that share a store should use the same pauses.
    #[must_use]
    pub fn with_backoff(mut self, backoff: Backoff) -> Self {
        self.shared.options.backoff = backoff;
        self
    }

    /// Sets the breaker, which stops the workers while their destination is down. Workers with
    /// clones of one breaker stop together.
    #[must_use]
    pub fn with_breaker(mut self, breaker: Breaker) -> Self {
        self.shared.options.breaker = breaker;
        self
    }

    /// Makes the span of each attempt a child of the span that accepted the entry, if the
    /// receiver has a [`Propagation`] too. The spans of further attempts are also linked to
    /// that span. See [`trace`](crate::trace).
    #[must_use]
    pub fn with_propagation(mut self, propagation: Arc<dyn Propagation>) -> Self {
        self.shared.propagation = Some(propagation);
        self
    }

    /// Sets how often an idle worker looks for entries that have become due or were committed
    /// by other processes. Commits through the worker's own store object wake it at once.
    #[must_use]
    pub fn with_poll(mut self, pause: Duration) -> Self {
        self.shared.options.poll = pause;
        self
    }

    /// Sets how long handlers may take to finish after the start of the shutdown.
    #[must_use]
    pub fn with_shutdown_timeout(mut self, duration: Duration) -> Self {
        self.shared.options.shutdown_timeout = duration;
        self
    }

    /// Sets the clock for due times and leases.
    #[must_use]
    pub fn with_clock(mut self, clock: impl Clock) -> Self {
        self.shared.clock = Arc::new(clock);
        self
    }

    /// Counts into the given metrics, which receivers and other workers can share.
    #[must_use]
    pub fn with_metrics(mut self, metrics: Metrics) -> Self {
        self.shared.metrics = metrics;
        self
    }

    /// Works until `shutdown` is ready, then claims nothing more and lets handlers finish.
    /// Handlers that do not finish in time are aborted. Once they have ended, their leases are
    /// given back: other workers can claim the entries at once, and the attempt is not counted.
    /// A handler that does not yield within five seconds keeps its lease until the lease
    /// expires.
    ///
    /// While an operator has [paused](crate::operate::pause) the store, nothing is claimed.
    pub async fn run(self, shutdown: impl Future<Output = ()>) {
        let shared = Arc::new(self.shared);
        let mut shutdown = pin!(shutdown);
        let mut arrivals = shared.store.arrivals();
        let mut attempts = JoinSet::new();
        let mut pauses = pin!(log_pauses(&*shared.store));
        loop {
            while attempts.try_join_next().is_some() {}
            let concurrency = shared.options.concurrency;
            let free = concurrency - attempts.len();
            // The following claim may miss entries that are committed from here on.
            arrivals.mark_unchanged();
            let began = Instant::now();
            let claimed = shared.claim(free).await;
            let took = began.elapsed();
            if !matches!(claimed, Ok(None)) {
                shared.outages.claim.note(&claimed);
            }
            let has_failed = claimed.is_err();
            let claimed = claimed.ok().flatten().unwrap_or_default();
            let found = claimed.len();
            for claim in claimed {
                attempts.spawn(attempt(Arc::clone(&shared), claim));
            }
            let pause = shared.outages.claim.pause(shared.options.poll, fastrand::f64());
            let pause = shared.options.breaker.shorten(pause);
            let is_full = attempts.len() >= concurrency;
            let told = async {
                sleep(took.saturating_mul(REST)).await;
                if arrivals.changed().await.is_err() {
                    std::future::pending::<()>().await;
                }
            };
            tokio::select! {
                biased;
                () = &mut shutdown => break,
                () = &mut pauses => {}
                // With room left and entries found, there may be more at once.
                () = std::future::ready(()), if found > 0 && !is_full => {}
                // A place has become free or, with ordering, a spektr id.
                () = places(&mut attempts, concurrency), if !attempts.is_empty() => {}
                () = told, if !is_full && !has_failed => {}
                () = sleep(pause), if !is_full => {}
            }
        }
        let finishing = async { while attempts.join_next().await.is_some() {} };
        if timeout(shared.options.shutdown_timeout, finishing).await.is_err() {
            tracing::warn!(handlers = attempts.len(), "handlers did not finish in time");
            shared.stop.send_replace(true);
            let ending = async { while attempts.join_next().await.is_some() {} };
            if timeout(STOP_LIMIT + RECORD_LIMIT, ending).await.is_err() {
                // The store does not answer. Nevertheless, try to give back the idle leases.
                attempts.shutdown().await;
            }
        }
        shared.give_back().await;
    }

    /// Works until no entry is due by the clock, without waiting for later due times. Returns
    /// the number of attempts.
    ///
    /// For tests with a clock of their own, and for jobs that run now and then.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`Queue::claim`](crate::store::Queue::claim).
    pub async fn run_due(self) -> Result<usize, StoreError> {
        let shared = Arc::new(self.shared);
        let mut count = 0;
        loop {
            let claims = shared.claim(shared.options.concurrency).await?.unwrap_or_default();
            if claims.is_empty() {
                return Ok(count);
            }
            count += claims.len();
            let attempts = claims.into_iter().map(|claim| attempt(Arc::clone(&shared), claim));
            let attempts: JoinSet<()> = attempts.collect();
            // An attempt never panics here: its handler has a task of its own.
            let _ended = attempts.join_all().await;
        }
    }
}

/// Waits until a place is free, and a moment longer if only a few are.
async fn places(attempts: &mut JoinSet<()>, concurrency: usize) {
    attempts.join_next().await;
    let enough = concurrency - concurrency.div_ceil(SHARE);
    let more = async {
        while attempts.len() > enough {
            attempts.join_next().await;
        }
    };
    let _few = timeout(GATHER, more).await;
}

impl<H> fmt::Debug for Workers<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Workers").field("options", &self.shared.options).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::Semaphore;

    use super::*;

    /// Returns how many of 16 attempts `places` leaves, and how long it waits, when `ended`
    /// attempts can end.
    async fn left_after(ended: usize) -> (usize, Duration) {
        let ends = Arc::new(Semaphore::new(ended));
        let mut attempts: JoinSet<()> = (0..16)
            .map(|_| {
                let ends = Arc::clone(&ends);
                async move {
                    let _end = ends.acquire().await.map(|permit| permit.forget());
                }
            })
            .collect();
        let began = Instant::now();
        places(&mut attempts, 16).await;
        (attempts.len(), began.elapsed())
    }

    #[tokio::test(start_paused = true)]
    async fn a_quarter_of_the_places_is_claimed_for_together_and_one_after_a_millisecond() {
        assert_eq!(left_after(4).await, (12, Duration::ZERO));
        assert_eq!(left_after(16).await, (12, Duration::ZERO));
        let (left, took) = left_after(1).await;
        assert_eq!(left, 15);
        assert!((GATHER..GATHER * 3).contains(&took), "{took:?}");
    }
}
