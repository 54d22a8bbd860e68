//! Stops attempts while the destination of a handler is down.
//!
//! A failure counts as the destination's if the handler says so. While the breaker is open, one
//! entry at a time is tried, and a failure of the destination does not count as an attempt.
//!
//! The reasons are a decision (ARCHITECTURE.md, I25).

use std::collections::HashSet;
use std::mem;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use spektr_types::Timestamp;

use crate::Metrics;
use crate::clock::after;

/// Stops workers while their destination is down, and tries one entry at a time until it is up
/// again.
///
/// The breaker opens once a number of entries have failed with
/// [`HandlerError::destination`](crate::HandlerError::destination) without a success in
/// between, or once entries have failed like that for a minute. Repeated failures of an entry
/// count once, so an entry that the destination cannot take does not stop the other entries.
/// While the breaker is open, one entry is tried per interval. The first success closes the
/// breaker.
///
/// The state belongs to the process: another process that works on the same store has its own
/// breaker. Clones share the state.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use spektr_inbox::Breaker;
///
/// let breaker = Breaker::new()
///     .with_failures(10)
///     .with_probes(Duration::from_secs(5), Duration::from_secs(300));
/// assert!(!breaker.is_open());
/// ```
#[derive(Clone, Debug)]
pub struct Breaker {
    failures: usize,
    first: Duration,
    longest: Duration,
    shared: Arc<Mutex<Circuit>>,
}

#[derive(Debug)]
struct Circuit {
    /// How often the state has changed: an attempt that began before a change says nothing
    /// about the state after it.
    changes: u64,
    state: CircuitState,
}

#[derive(Debug)]
enum CircuitState {
    Closed {
        /// The entries that have failed since the last success.
        failed: HashSet<i64>,
        /// When the first of these entries failed.
        since: Option<Timestamp>,
    },
    Open {
        since: Timestamp,
        interval: Duration,
        /// When the next entry is tried.
        next: Timestamp,
        is_probing: bool,
    },
}

impl CircuitState {
    fn closed() -> Self {
        Self::Closed { failed: HashSet::new(), since: None }
    }
}

/// A failure of the destination.
pub(super) struct DestinationFailure<'a> {
    /// The number of the entry.
    pub(super) number: i64,
    pub(super) now: Timestamp,
    /// How long the destination asks the workers to wait.
    pub(super) retry_after: Option<Duration>,
    pub(super) reason: &'a str,
}

impl Breaker {
    /// How many entries must fail before the breaker opens, unless configured: 5.
    pub const DEFAULT_FAILURES: usize = 5;

    /// The first pause between two entries that are tried while the breaker is open, unless
    /// configured: 10 s.
    pub const DEFAULT_FIRST_INTERVAL: Duration = Duration::from_secs(10);

    /// The longest pause between two entries that are tried while the breaker is open, unless
    /// configured: 60 s.
    pub const DEFAULT_LONGEST_INTERVAL: Duration = Duration::from_secs(60);

    /// The longest pause that a destination can ask for: an hour.
    pub const LONGEST_RETRY_AFTER: Duration = Duration::from_secs(3600);

    /// How long entries must fail before the breaker opens even if they are few: a minute.
    pub const OPENS_AFTER: Duration = Duration::from_secs(60);

    /// Returns a closed breaker.
    #[must_use]
    pub fn new() -> Self {
        Self {
            failures: Self::DEFAULT_FAILURES,
            first: Self::DEFAULT_FIRST_INTERVAL,
            longest: Self::DEFAULT_LONGEST_INTERVAL,
            shared: Arc::new(Mutex::new(Circuit { changes: 0, state: CircuitState::closed() })),
        }
    }

    /// Sets how many entries must fail before the breaker opens, at least 1.
    #[must_use]
    pub fn with_failures(mut self, entries: usize) -> Self {
        self.failures = entries.max(1);
        self
    }

    /// Sets the pause between two entries that are tried while the breaker is open: it doubles
    /// from the first to the longest.
    #[must_use]
    pub fn with_probes(mut self, first: Duration, longest: Duration) -> Self {
        self.first = first;
        self.longest = longest.max(first);
        self
    }

    /// Returns whether attempts are stopped.
    #[must_use]
    pub fn is_open(&self) -> bool {
        matches!(self.lock().state, CircuitState::Open { .. })
    }

    /// Permits attempts: `free` of them while closed, otherwise one or none.
    pub(super) fn permit(&self, free: usize, now: Timestamp) -> (usize, Permit) {
        let mut shared = self.lock();
        let began = shared.changes;
        let is_probe = match &mut shared.state {
            CircuitState::Closed { .. } => return (free, Permit { breaker: None, began }),
            CircuitState::Open { next, is_probing, .. } => {
                // A later time was set by a clock that has been put back since.
                let furthest = after(now, self.longest.max(Self::LONGEST_RETRY_AFTER));
                let is_due = *next <= now || *next > furthest;
                let is_free = is_due && !*is_probing && free > 0;
                *is_probing |= is_free;
                is_free
            }
        };
        let breaker = is_probe.then(|| self.clone());
        (usize::from(is_probe), Permit { breaker, began })
    }

    /// Returns how long an idle worker may wait before it claims again.
    pub(super) fn shorten(&self, pause: Duration) -> Duration {
        if self.is_open() { pause.min(self.first.min(Duration::from_secs(1))) } else { pause }
    }

    /// Notes a success, which closes the breaker.
    pub(super) fn succeeded(&self, now: Timestamp, metrics: &Metrics) {
        let mut shared = self.lock();
        let was = mem::replace(&mut shared.state, CircuitState::closed());
        let CircuitState::Open { since, .. } = was else { return };
        shared.changes += 1;
        metrics.destination(true);
        let seconds = now.as_seconds().saturating_sub(since.as_seconds());
        tracing::info!(after_seconds = seconds, "the destination is up again: all events go on");
    }

    /// Notes a failure of the destination. Returns whether it counts as an attempt.
    pub(super) fn failed(
        &self,
        permit: &Permit,
        failure: &DestinationFailure<'_>,
        metrics: &Metrics,
    ) -> bool {
        let asked = failure.retry_after.unwrap_or_default().min(Self::LONGEST_RETRY_AFTER);
        let mut shared = self.lock();
        let is_current = permit.began == shared.changes;
        match &mut shared.state {
            CircuitState::Closed { .. } if !is_current => return false,
            CircuitState::Closed { failed, since } => {
                failed.insert(failure.number);
                let since = *since.get_or_insert(failure.now);
                let is_enough =
                    failed.len() >= self.failures || after(since, Self::OPENS_AFTER) <= failure.now;
                if !is_enough {
                    return true;
                }
            }
            CircuitState::Open { interval, next, .. } => {
                if permit.is_probe() && is_current {
                    *interval = interval.saturating_mul(2).min(self.longest);
                    *next = after(failure.now, asked.max(*interval));
                } else {
                    *next = (*next).max(after(failure.now, asked));
                }
                return false;
            }
        }
        let pause = asked.max(self.first);
        shared.state = CircuitState::Open {
            since: failure.now,
            interval: self.first,
            next: after(failure.now, pause),
            is_probing: false,
        };
        shared.changes += 1;
        metrics.destination(false);
        tracing::warn!(
            reason = failure.reason,
            next_attempt_seconds = pause.as_secs(),
            "the destination is down: events wait, and one at a time is tried"
        );
        false
    }

    fn lock(&self) -> MutexGuard<'_, Circuit> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for Breaker {
    fn default() -> Self {
        Self::new()
    }
}

/// The permission for attempts that begin now. A probe is an attempt that tests whether the
/// destination is up again. While a probe has a permit, no other attempt gets a permit.
#[derive(Debug)]
pub(super) struct Permit {
    /// The open breaker, if this is the permit of a probe.
    breaker: Option<Breaker>,
    began: u64,
}

impl Permit {
    fn is_probe(&self) -> bool {
        self.breaker.is_some()
    }

    /// Returns the permit of one of several attempts. Only the first call gives the permit of
    /// the probe.
    pub(super) fn share(&mut self) -> Self {
        Self { breaker: self.breaker.take(), began: self.began }
    }

    /// Notes that the handler begins: the next entry is tried an interval later.
    pub(super) fn begin(&self, now: Timestamp) {
        let Some(breaker) = &self.breaker else { return };
        let mut shared = breaker.lock();
        if let CircuitState::Open { interval, next, .. } = &mut shared.state {
            *next = after(now, *interval);
        }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let Some(breaker) = &self.breaker else { return };
        let mut shared = breaker.lock();
        let is_current = shared.changes == self.began;
        if let (CircuitState::Open { is_probing, .. }, true) = (&mut shared.state, is_current) {
            *is_probing = false;
        }
    }
}
