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
use tokio::time::Instant;

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
    last_verification: Gauge,
    accept_seconds: Histogram,
    handle_seconds: Histogram,
    connections: Gauge,
    evicted: Counter,
    destination_up: Gauge,
    destination_opened: Counter,
    store_up: Gauge,
    of_store: OfStore,
    /// Figures of the program around the receiver.
    of_program: Mutex<Registry>,
    of_verification: OfVerification,
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
    behind_dead: Gauge,
    oldest_pending_seconds: Gauge,
}

/// What the last verification has found. Figures of one that is not recent are not shown:
/// they say nothing of what has become of the list and of the store since.
#[derive(Default)]
struct OfVerification {
    registry: Registry,
    missing: Gauge,
    conflicts: Gauge,
    undecodable: Gauge,
    /// Until when they are shown.
    until: Mutex<Option<Instant>>,
}

/// How old a verification becomes whose figures are shown: that of yesterday is, also if
/// the one of today takes long or fails.
#[cfg(feature = "reconcile")]
const VERIFICATION_SHOWN: Duration = Duration::from_secs(48 * 3600);

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
            last_verification: Gauge::default(),
            accept_seconds: histogram(),
            handle_seconds: histogram(),
            connections: Gauge::default(),
            evicted: Counter::default(),
            destination_up: Gauge::default(),
            destination_opened: Counter::default(),
            store_up: Gauge::default(),
            of_store: OfStore {
                registry: Registry::with_prefix("spektr_inbox"),
                ..OfStore::default()
            },
            of_program: Mutex::new(Registry::with_prefix("spektr_inbox")),
            of_verification: OfVerification {
                registry: Registry::with_prefix("spektr_inbox"),
                ..OfVerification::default()
            },
        };
        inner.destination_up.set(1);
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
        let Inner { registry, of_store, of_verification, of_program, .. } = &*self.0;
        let of_program = of_program.lock().unwrap_or_else(PoisonError::into_inner);
        let of_store = Some(&of_store.registry).filter(|_| self.0.store_up.get() == 1);
        let of_verification = Some(of_verification)
            .filter(|them| them.is_recent_at(Instant::now()))
            .map(|them| &them.registry);
        let always = [registry, &*of_program];
        for registry in always.into_iter().chain(of_store).chain(of_verification) {
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

    /// Shows the result of the last verification, as long as it is recent.
    #[cfg(feature = "reconcile")]
    pub(crate) fn verified(&self, verified: &crate::reconcile::Verified, now: Timestamp) {
        let gauge = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
        let them = &self.0.of_verification;
        them.missing.set(gauge(verified.missing));
        them.conflicts.set(gauge(verified.conflicts));
        them.undecodable.set(gauge(verified.undecodable));
        self.0.last_verification.set(verified.at.as_seconds());
        let age = now.as_millis().saturating_sub(verified.at.as_millis());
        let age = Duration::from_millis(u64::try_from(age).unwrap_or_default());
        let shown = VERIFICATION_SHOWN.checked_sub(age);
        let until = shown.and_then(|shown| Instant::now().checked_add(shown));
        *them.until.lock().unwrap_or_else(PoisonError::into_inner) = until;
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

    /// Shows whether the destination of events is up; counts when it goes down.
    pub(crate) fn destination(&self, is_up: bool) {
        self.0.destination_up.set(i64::from(is_up));
        if !is_up {
            self.0.destination_opened.inc();
        }
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
        of_store.behind_dead.set(gauge(stats.behind_dead));
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
        counter(
            "destination_opened",
            "Times that workers have stopped because the destination of events was down",
            &self.destination_opened,
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
        gauge(
            "destination_up",
            "0 while the workers wait for the destination of events",
            &self.destination_up,
        );
        gauge("store_up", "1 if the store has answered within a second", &self.store_up);
        gauge(
            "last_reconciliation_timestamp_seconds",
            "When a reconciliation last ran to its end, 0 before the first",
            &self.last_reconciliation,
        );
        gauge(
            "last_verification_timestamp_seconds",
            "When a verification last ran to its end, 0 before the first",
            &self.last_verification,
        );
        let OfStore {
            registry,
            queue,
            queue_limit,
            pending,
            dead,
            behind_dead,
            oldest_pending_seconds,
        } = &mut self.of_store;
        let mut gauge = |name, help, gauge: &Gauge| registry.register(name, help, gauge.clone());
        gauge("queue_writes", "Writes that wait for the store", queue);
        gauge("queue_limit_writes", "Writes that can wait", queue_limit);
        gauge("pending_entries", "Entries that wait for a worker", pending);
        gauge("dead_entries", "Entries that were given up", dead);
        gauge(
            "behind_dead_entries",
            "Entries that wait after a dead one of their spektr id, held back by hold_on_dead",
            behind_dead,
        );
        gauge(
            "oldest_pending_seconds",
            "Age of the oldest entry that waits",
            oldest_pending_seconds,
        );
        let OfVerification { registry, missing, conflicts, undecodable, .. } =
            &mut self.of_verification;
        let mut gauge = |name, help, gauge: &Gauge| registry.register(name, help, gauge.clone());
        gauge(
            "verify_missing",
            "Listed entries that were not in the store at a verification in the last two days",
            missing,
        );
        gauge(
            "verify_conflicts",
            "Listed entries that had another content in the store at that verification",
            conflicts,
        );
        gauge(
            "verify_undecodable",
            "Listed entries that could not be decoded at that verification",
            undecodable,
        );
    }
}

impl OfVerification {
    fn is_recent_at(&self, now: Instant) -> bool {
        self.until.lock().unwrap_or_else(PoisonError::into_inner).is_some_and(|until| now < until)
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

    #[cfg(feature = "reconcile")]
    #[tokio::test(start_paused = true)]
    async fn the_figures_of_a_verification_are_shown_for_two_days_and_its_time_for_ever() {
        use crate::clock::{after, from_millis};

        let metrics = Metrics::new();
        let shown = || {
            let text = metrics.render();
            let time = text.contains("last_verification_timestamp_seconds 1700000000\n");
            let figures = ["missing 1\n", "conflicts 2\n", "undecodable 3\n"];
            (time, figures.map(|figure| text.contains(&format!("spektr_inbox_verify_{figure}"))))
        };
        assert_eq!(shown(), (false, [false; 3]));
        let at = from_millis(1_700_000_000_000);
        let verified = crate::reconcile::Verified { at, missing: 1, conflicts: 2, undecodable: 3 };
        let hour = Duration::from_secs(3600);
        // Another process has verified a day ago.
        metrics.verified(&verified, after(at, 24 * hour));
        assert_eq!(shown(), (true, [true; 3]));
        tokio::time::advance(24 * hour - Duration::from_millis(1)).await;
        assert_eq!(shown(), (true, [true; 3]));
        tokio::time::advance(Duration::from_millis(1)).await;
        assert_eq!(shown(), (true, [false; 3]));
        metrics.verified(&verified, after(at, 49 * hour));
        assert_eq!(shown(), (true, [false; 3]));
    }

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
