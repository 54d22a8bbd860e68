//! Figures for Prometheus: counts, durations, and nothing of anybody.

use std::collections::HashSet;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use prometheus_client::encoding::text::{encode_eof, encode_registry};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;
use spektr_types::Timestamp;

use crate::store::Stats;

/// Wire types that get a label of their own; any beyond these count as `other`.
const MAX_TYPES: usize = 64;

/// From half a millisecond to ten seconds.
const BUCKETS: [f64; 14] =
    [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

/// A count of the program's own among the [`Metrics`]. Clones count together.
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

type Label = [(&'static str, String); 1];

/// What a receiver and its workers count. Clones count together.
#[derive(Clone)]
pub struct Metrics(Arc<Inner>);

struct Inner {
    registry: Registry,
    types: Mutex<HashSet<String>>,
    accepted: Counter,
    duplicates: Counter,
    conflicts: Counter,
    unreadable: Counter,
    malformed: Counter,
    unknown: Family<Label, Counter>,
    rejected: Family<Label, Counter>,
    handled: Family<Label, Counter>,
    reconciliations: Family<Label, Counter>,
    missed: Counter,
    last_reconciliation: Gauge,
    verify_missing: Gauge,
    verify_conflicts: Gauge,
    verify_undecodable: Gauge,
    last_verification: Gauge,
    accept_seconds: Histogram,
    handle_seconds: Histogram,
    connections: Gauge,
    evicted: Counter,
    store_up: Gauge,
    of_store: OfStore,
    /// Figures of the program around the receiver.
    of_program: Mutex<Registry>,
}

/// Figures that only the store knows. Without its answer they are not shown: the last ones
/// would look like those of now.
#[derive(Default)]
struct OfStore {
    registry: Registry,
    queue: Gauge,
    queue_limit: Gauge,
    pending: Gauge,
    dead: Gauge,
    oldest_pending_seconds: Gauge,
}

impl Metrics {
    /// Starts to count from zero.
    #[must_use]
    pub fn new() -> Self {
        let histogram = || Histogram::new(BUCKETS);
        let mut inner = Inner {
            registry: Registry::with_prefix("spektr_inbox"),
            types: Mutex::default(),
            accepted: Counter::default(),
            duplicates: Counter::default(),
            conflicts: Counter::default(),
            unreadable: Counter::default(),
            malformed: Counter::default(),
            unknown: Family::default(),
            rejected: Family::default(),
            handled: Family::default(),
            reconciliations: Family::default(),
            missed: Counter::default(),
            last_reconciliation: Gauge::default(),
            verify_missing: Gauge::default(),
            verify_conflicts: Gauge::default(),
            verify_undecodable: Gauge::default(),
            last_verification: Gauge::default(),
            accept_seconds: histogram(),
            handle_seconds: histogram(),
            connections: Gauge::default(),
            evicted: Counter::default(),
            store_up: Gauge::default(),
            of_store: OfStore {
                registry: Registry::with_prefix("spektr_inbox"),
                ..OfStore::default()
            },
            of_program: Mutex::new(Registry::with_prefix("spektr_inbox")),
        };
        inner.register();
        Self(Arc::new(inner))
    }

    /// Adds a count of the program's own, which [`render`](Self::render) shows as
    /// `spektr_inbox_NAME_total`. Each name is added once.
    #[must_use]
    pub fn count(&self, name: &'static str, help: &'static str) -> Count {
        let count = Count::default();
        let mut of_program = self.0.of_program.lock().unwrap_or_else(PoisonError::into_inner);
        of_program.register(name, help, count.0.clone());
        count
    }

    /// The figures in the text format of OpenMetrics, which Prometheus reads.
    #[must_use]
    pub fn render(&self) -> String {
        let mut text = String::new();
        let of_store = Some(&self.0.of_store.registry).filter(|_| self.0.store_up.get() == 1);
        let of_program = self.0.of_program.lock().unwrap_or_else(PoisonError::into_inner);
        for registry in [&self.0.registry, &*of_program].into_iter().chain(of_store) {
            // Writing to a string does not fail.
            let _written = encode_registry(&mut text, registry);
        }
        let _written = encode_eof(&mut text);
        text
    }

    pub(crate) fn accepted(&self) {
        self.0.accepted.inc();
    }

    pub(crate) fn duplicate(&self) {
        self.0.duplicates.inc();
    }

    pub(crate) fn conflict(&self) {
        self.0.conflicts.inc();
    }

    pub(crate) fn unreadable(&self) {
        self.0.unreadable.inc();
    }

    pub(crate) fn malformed(&self) {
        self.0.malformed.inc();
    }

    pub(crate) fn unknown(&self, wire_type: &str) {
        let mut types = self.0.types.lock().unwrap_or_else(PoisonError::into_inner);
        let is_short = wire_type.len() <= 64;
        let named = types.contains(wire_type)
            || (is_short && types.len() < MAX_TYPES && types.insert(wire_type.to_owned()));
        let name = if named { wire_type } else { "other" };
        self.0.unknown.get_or_create(&[("type", name.to_owned())]).inc();
    }

    pub(crate) fn rejected(&self, reason: &'static str) {
        self.0.rejected.get_or_create(&[("reason", reason.to_owned())]).inc();
    }

    pub(crate) fn handled(&self, result: &'static str) {
        self.0.handled.get_or_create(&[("result", result.to_owned())]).inc();
    }

    /// Counts a run of a reconciliation by what became of it.
    #[cfg(feature = "reconcile")]
    pub(crate) fn reconciled(&self, result: &'static str) {
        self.0.reconciliations.get_or_create(&[("result", result.to_owned())]).inc();
    }

    #[cfg(feature = "reconcile")]
    pub(crate) fn reconciled_at(&self, now: Timestamp) {
        self.0.last_reconciliation.set(now.as_seconds());
    }

    /// Shows the result of the last verification.
    #[cfg(feature = "reconcile")]
    pub(crate) fn verified(&self, verified: &crate::reconcile::Verified) {
        let gauge = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
        self.0.verify_missing.set(gauge(verified.missing));
        self.0.verify_conflicts.set(gauge(verified.conflicts));
        self.0.verify_undecodable.set(gauge(verified.undecodable));
        self.0.last_verification.set(verified.at.as_seconds());
    }

    /// Counts an entry that a reconciliation has found and no delivery had brought.
    #[cfg(feature = "reconcile")]
    pub(crate) fn missed(&self) {
        self.0.missed.inc();
    }

    pub(crate) fn accept_took(&self, duration: Duration) {
        self.0.accept_seconds.observe(duration.as_secs_f64());
    }

    pub(crate) fn handler_took(&self, duration: Duration) {
        self.0.handle_seconds.observe(duration.as_secs_f64());
    }

    /// Counts a connection until what it returns is dropped.
    pub(crate) fn connected(&self) -> Connected {
        self.0.connections.inc();
        Connected(self.0.connections.clone())
    }

    /// Counts a connection that was closed because another needed its place.
    pub(crate) fn evicted(&self) {
        self.0.evicted.inc();
    }

    pub(crate) fn stats(&self, stats: &Stats, now: Timestamp) {
        let gauge = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
        let age = stats.oldest_pending.map_or(0, |oldest| now.as_seconds() - oldest.as_seconds());
        let of_store = &self.0.of_store;
        of_store.queue.set(gauge(stats.queued as u64));
        of_store.queue_limit.set(gauge(stats.queue_limit as u64));
        of_store.pending.set(gauge(stats.pending));
        of_store.dead.set(gauge(stats.dead));
        of_store.oldest_pending_seconds.set(age.max(0));
        self.0.store_up.set(1);
    }

    /// Shows that the store has no figures to show.
    pub(crate) fn no_stats(&self) {
        self.0.store_up.set(0);
    }
}

pub(crate) struct Connected(Gauge);

impl Drop for Connected {
    fn drop(&mut self) {
        self.0.dec();
    }
}

impl Inner {
    fn register(&mut self) {
        let registry = &mut self.registry;
        let mut counter = |name, help, counter: &Counter| {
            registry.register(name, help, counter.clone());
        };
        counter("accepted", "Entries stored for the first time", &self.accepted);
        counter("duplicates", "Entries that were there already", &self.duplicates);
        counter("conflicts", "Entries whose id was there with another content", &self.conflicts);
        counter("unreadable", "Bodies that could not be split into entries", &self.unreadable);
        counter("malformed", "Entries that could not be decoded", &self.malformed);
        counter(
            "evicted_connections",
            "Connections that waited for their clients and were closed for new ones",
            &self.evicted,
        );
        counter("missed", "Entries that a reconciliation has found", &self.missed);
        let mut family = |name, help, family: &Family<Label, Counter>| {
            registry.register(name, help, family.clone());
        };
        family("unknown", "Entries with a wire type that is not known", &self.unknown);
        family("rejected", "Deliveries that were not answered with 200", &self.rejected);
        family("handled", "Attempts by what became of them", &self.handled);
        family("reconciliations", "Runs by what became of them", &self.reconciliations);
        let mut histogram = |name, help, histogram: &Histogram| {
            registry.register(name, help, histogram.clone());
        };
        histogram("accept_seconds", "From the head to the answer 200", &self.accept_seconds);
        histogram("handle_seconds", "Time in the handler", &self.handle_seconds);
        let mut gauge = |name, help, gauge: &Gauge| registry.register(name, help, gauge.clone());
        gauge("connections", "Connections that are open", &self.connections);
        gauge("store_up", "1 if the store has answered within a second", &self.store_up);
        gauge(
            "last_reconciliation_timestamp_seconds",
            "When a reconciliation last ran to its end, 0 before the first",
            &self.last_reconciliation,
        );
        gauge(
            "verify_missing",
            "Listed entries that were not in the store at the last verification",
            &self.verify_missing,
        );
        gauge(
            "verify_conflicts",
            "Listed entries that had another content in the store at the last verification",
            &self.verify_conflicts,
        );
        gauge(
            "verify_undecodable",
            "Listed entries that could not be decoded at the last verification",
            &self.verify_undecodable,
        );
        gauge(
            "last_verification_timestamp_seconds",
            "When a verification last ran to its end, 0 before the first",
            &self.last_verification,
        );
        let OfStore { registry, queue, queue_limit, pending, dead, oldest_pending_seconds } =
            &mut self.of_store;
        let mut gauge = |name, help, gauge: &Gauge| registry.register(name, help, gauge.clone());
        gauge("queue_writes", "Writes that wait for the store", queue);
        gauge("queue_limit_writes", "Writes that can wait", queue_limit);
        gauge("pending_entries", "Entries that wait for a worker", pending);
        gauge("dead_entries", "Entries that were given up", dead);
        gauge(
            "oldest_pending_seconds",
            "Age of the oldest entry that waits",
            oldest_pending_seconds,
        );
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_of_the_program_are_shown_among_the_others() {
        let metrics = Metrics::new();
        let count = metrics.count("own", "Something of its own");
        count.add(2);
        count.clone().add(1);
        assert_eq!(count.value(), 3);
        assert!(metrics.render().contains("spektr_inbox_own_total 3\n"), "{}", metrics.render());
    }

    #[test]
    fn the_labels_of_unknown_types_are_bounded() {
        let metrics = Metrics::new();
        for index in 0..1000 {
            metrics.unknown(&format!("type_{index}"));
        }
        metrics.unknown("type_0");
        metrics.unknown(&"x".repeat(65));
        let text = metrics.render();
        let lines = text.lines().filter(|line| line.starts_with("spektr_inbox_unknown_total{"));
        assert_eq!(lines.count(), MAX_TYPES + 1);
        assert!(text.contains("spektr_inbox_unknown_total{type=\"type_0\"} 2\n"), "{text}");
        assert!(text.contains("spektr_inbox_unknown_total{type=\"other\"} 937\n"), "{text}");
    }
}
