//! Metrics for Prometheus: counts, durations and gauges, without any payload.
//!
//! Every series with known labels exists from the start, at zero, so that an alert on its
//! increase sees the first increment.

mod label_values;
mod registry;
mod series;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::DescriptorEncoder;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;
use spektr_types::Timestamp;
use spektr_verify::{KeyId, Verifier};
use tokio::time::Instant;

#[cfg(feature = "reconcile")]
use self::label_values::RECONCILIATION_RESULTS;
pub(crate) use self::label_values::type_label;
use self::label_values::{ATTEMPT_RESULTS, OTHER, REJECTION_REASONS, UNSIGNED, type_labels};
use self::series::Series;
use crate::store::{State, Stats};

/// The number of distinct values that arrived for which a label has its own series; further
/// values count as `other`.
const MAX_VALUES: usize = 64;

/// The age up to which the figures of a verification are shown: two days, so that those of
/// yesterday are still shown if today's verification takes long or fails.
#[cfg(feature = "reconcile")]
const VERIFICATION_SHOWN: Duration = Duration::from_secs(48 * 3600);

/// A count that the program defines and adds to the [`Metrics`]. Clones count together.
#[derive(Clone, Debug, Default)]
pub struct Count(Counter);

impl Count {
    /// Adds a number to the count.
    pub fn add(&self, number: u64) {
        self.0.inc_by(number);
    }

    /// Returns the count.
    #[must_use]
    pub fn value(&self) -> u64 {
        self.0.get()
    }
}

/// Counts by one label that the program defines and adds to the [`Metrics`]. Clones count
/// together.
#[derive(Clone, Debug)]
pub struct Counts {
    label: &'static str,
    counts: CounterFamily<1>,
}

impl Counts {
    /// Adds a number to the count of a value of the label. Each value is a series for as long
    /// as the program runs, so use few values.
    pub fn add(&self, value: impl Into<Cow<'static, str>>, number: u64) {
        self.counts.get_or_create(&[(self.label, value.into())]).inc_by(number);
    }
}

type Labels<const N: usize> = [(&'static str, Cow<'static, str>); N];
type CounterFamily<const N: usize> = Family<Labels<N>, Counter>;

/// The metrics of a receiver and its workers. Clones count together.
///
/// [`render`](Self::render) returns the text that Prometheus reads. An application with a
/// registry of its own registers a clone there as a collector instead:
///
/// ```
/// use spektr_inbox::{Metrics, prometheus_client::registry::Registry};
///
/// let metrics = Metrics::new();
/// let mut registry = Registry::default();
/// registry.register_collector(Box::new(metrics.clone()));
/// ```
#[derive(Clone)]
pub struct Metrics(Arc<Series>);

impl Metrics {
    /// Creates metrics that start at zero.
    #[must_use]
    pub fn new() -> Self {
        let inner = Series::new();
        inner.destination_up.set(1);
        for result in ATTEMPT_RESULTS {
            for event_type in type_labels() {
                let _zero = inner.attempts.get_or_create(&attempt(event_type, result));
            }
        }
        for event_type in type_labels() {
            let _zero = inner.undecodable.get_or_create(&[("type", event_type.into())]);
        }
        for reason in REJECTION_REASONS {
            let _zero = inner.rejected.get_or_create(&[("reason", reason.into())]);
        }
        #[cfg(feature = "reconcile")]
        for result in RECONCILIATION_RESULTS {
            let _zero = inner.reconciliations.get_or_create(&[("result", result.into())]);
        }
        Self(Arc::new(inner))
    }

    /// Adds a count of the program's own. [`render`](Self::render) shows it as
    /// `spektr_inbox_NAME_total`. Add each name only once.
    #[must_use]
    pub fn count(&self, name: &'static str, help: &'static str) -> Count {
        Count(lock(&self.0.of_program).add(name, help, Counter::default()))
    }

    /// Adds counts of the program's own by the values of one label. The known values start at
    /// zero. Add each name only once.
    #[must_use]
    pub fn counts(
        &self,
        name: &'static str,
        help: &'static str,
        label: &'static str,
        known: &[&'static str],
    ) -> Counts {
        let counts = Counts {
            label,
            counts: lock(&self.0.of_program).add(name, help, CounterFamily::<1>::default()),
        };
        for value in known {
            counts.add(*value, 0);
        }
        counts
    }

    /// Returns the metrics in the text format of OpenMetrics, which Prometheus reads.
    #[must_use]
    pub fn render(&self) -> String {
        let mut registry = Registry::default();
        registry.register_collector(Box::new(self.clone()));
        let mut text = String::new();
        // Writing to a string does not fail.
        let _written = encode(&mut text, &registry);
        text
    }

    /// Shows the counts of a source from now on, starting at zero.
    pub(crate) fn begin(&self, source: &str) {
        let Series { accepted, duplicates, conflicts, missed, unreadable, .. } = &*self.0;
        for counts in [accepted, duplicates, conflicts, missed] {
            for event_type in type_labels() {
                let _zero = counts.get_or_create(&entry(source, event_type));
            }
        }
        let _zero = unreadable.get_or_create(&of_source(source));
    }

    /// Counts an entry that is stored for the first time.
    pub(crate) fn accepted(&self, source: &str, event_type: &'static str) {
        self.0.accepted.get_or_create(&entry(source, event_type)).inc();
    }

    /// Counts a delivered entry that was stored already.
    pub(crate) fn duplicate(&self, source: &str, event_type: &'static str) {
        self.0.duplicates.get_or_create(&entry(source, event_type)).inc();
    }

    /// Counts an entry whose id was stored with another content.
    pub(crate) fn conflict(&self, source: &str, event_type: &'static str) {
        self.0.conflicts.get_or_create(&entry(source, event_type)).inc();
    }

    /// Counts an entry that a reconciliation found and no delivery had brought.
    #[cfg(feature = "reconcile")]
    pub(crate) fn missed(&self, source: &str, event_type: &'static str) {
        self.0.missed.get_or_create(&entry(source, event_type)).inc();
    }

    pub(crate) fn unreadable(&self, source: &str) {
        self.0.unreadable.get_or_create(&of_source(source)).inc();
    }

    pub(crate) fn malformed(&self, event_type: &'static str) {
        self.0.undecodable.get_or_create(&[("type", event_type.into())]).inc();
    }

    pub(crate) fn unknown(&self, wire_type: &str) {
        let mut types = lock(&self.0.unknown_types);
        let is_short = wire_type.len() <= 64;
        let named = types.contains(wire_type)
            || (is_short && types.len() < MAX_VALUES && types.insert(wire_type.to_owned()));
        let name = if named { wire_type } else { OTHER };
        self.0.unknown.get_or_create(&[("type", name.to_owned().into())]).inc();
    }

    /// Counts a delivery that is answered with 200. Key ids are those of the ring, never text of a
    /// request that was not verified.
    pub(crate) fn delivered(&self, key_id: Option<&KeyId>) {
        let key_id = key_id.map_or(UNSIGNED.into(), |id| id.as_str().to_owned().into());
        self.0.deliveries.get_or_create(&[("key_id", key_id)]).inc();
    }

    pub(crate) fn rejected(&self, reason: &'static str) {
        debug_assert!(REJECTION_REASONS.contains(&reason), "{reason} does not begin at zero");
        self.0.rejected.get_or_create(&[("reason", reason.into())]).inc();
    }

    /// Counts an attempt by its result.
    pub(crate) fn attempted(&self, event_type: &'static str, result: &'static str) {
        debug_assert!(ATTEMPT_RESULTS.contains(&result), "{result} does not begin at zero");
        self.0.attempts.get_or_create(&attempt(event_type, result)).inc();
    }

    /// Counts a reconciliation by its result.
    #[cfg(feature = "reconcile")]
    pub(crate) fn reconciled(&self, result: &'static str) {
        debug_assert!(RECONCILIATION_RESULTS.contains(&result), "{result} does not begin at zero");
        self.0.reconciliations.get_or_create(&[("result", result.into())]).inc();
    }

    #[cfg(feature = "reconcile")]
    pub(crate) fn reconciled_at(&self, now: Timestamp) {
        self.0.last_reconciliation.set(now.as_seconds());
    }

    /// Shows the numbers that the last verification found, with the value of their label
    /// `result`, as long as it is recent.
    #[cfg(feature = "reconcile")]
    pub(crate) fn verified(&self, at: Timestamp, found: [(&'static str, u64); 3], now: Timestamp) {
        for (result, number) in found {
            self.0.verified.get_or_create(&[("result", result.into())]).set(gauge(number));
        }
        self.0.last_verification.set(at.as_seconds());
        let age = now.as_millis().saturating_sub(at.as_millis());
        let age = Duration::from_millis(u64::try_from(age).unwrap_or_default());
        let shown = VERIFICATION_SHOWN.checked_sub(age);
        *lock(&self.0.verification_until) =
            shown.and_then(|shown| Instant::now().checked_add(shown));
    }

    pub(crate) fn delivery_took(&self, duration: Duration) {
        self.0.delivery_seconds.observe(duration.as_secs_f64());
    }

    pub(crate) fn handler_took(&self, duration: Duration) {
        self.0.handler_seconds.observe(duration.as_secs_f64());
    }

    /// Shows whether the destination of events is up, and counts each time that the destination
    /// goes down.
    pub(crate) fn destination(&self, is_up: bool) {
        self.0.destination_up.set(i64::from(is_up));
        if !is_up {
            self.0.destination_opened.inc();
        }
    }

    /// Counts a connection as open until the returned value is dropped.
    pub(crate) fn connected(&self) -> Connected {
        self.0.connections.inc();
        Connected(self.0.connections.clone())
    }

    /// Counts a connection that was closed because another needed its place.
    pub(crate) fn evicted(&self) {
        self.0.evicted.inc();
    }

    /// Shows the end of validity of a verifier's keys, and a count of deliveries for each key.
    pub(crate) fn keys(&self, verifier: &Verifier) {
        let ends = &self.0.key_not_after;
        ends.clear();
        let Some(ring) = verifier.keys() else { return };
        for key in ring.ids().filter_map(|id| ring.key(id.as_str())) {
            let label = [("key_id", key.id().as_str().to_owned().into())];
            let _zero = self.0.deliveries.get_or_create(&label);
            if let Some(end) = key.not_after() {
                ends.get_or_create(&label).set(gauge(end.as_secs()));
            }
        }
    }

    pub(crate) fn stats(&self, stats: &Stats, now: Timestamp) {
        let age = stats.oldest_pending.map_or(0, |oldest| now.as_seconds() - oldest.as_seconds());
        let inner = &*self.0;
        inner.queue.set(gauge(stats.queued as u64));
        inner.queue_limit.set(gauge(stats.queue_limit as u64));
        for state in State::BACKLOG {
            let label = [("state", state.as_str().into())];
            inner.backlog.get_or_create(&label).set(gauge(stats.backlog(state)));
        }
        inner.behind_dead.set(gauge(stats.behind_dead));
        inner.quarantined.set(gauge(stats.quarantined));
        inner.paused.set(i64::from(stats.paused_since.is_some()));
        inner.oldest_pending.set(age.max(0));
        inner.store_up.set(1);
    }

    /// Shows that the store has not answered, and hides the store's figures.
    pub(crate) fn no_stats(&self) {
        self.0.store_up.set(0);
    }
}

fn entry(source: &str, event_type: &'static str) -> Labels<2> {
    [("source", source.to_owned().into()), ("type", event_type.into())]
}

fn of_source(source: &str) -> Labels<1> {
    [("source", source.to_owned().into())]
}

fn attempt(event_type: &'static str, result: &'static str) -> Labels<2> {
    [("type", event_type.into()), ("result", result.into())]
}

fn gauge(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Collector for Metrics {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let inner = &*self.0;
        inner.always.encode(&mut encoder)?;
        lock(&inner.of_program).encode(&mut encoder)?;
        if inner.store_up.get() == 1 {
            inner.of_store.encode(&mut encoder)?;
        }
        if lock(&inner.verification_until).is_some_and(|until| Instant::now() < until) {
            inner.of_verification.encode(&mut encoder)?;
        }
        Ok(())
    }
}

pub(crate) struct Connected(Gauge);

impl Drop for Connected {
    fn drop(&mut self) {
        self.0.dec();
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metrics").finish_non_exhaustive()
    }
}
