//! Every series: its name, its description, and when it is shown.

use std::collections::HashSet;
use std::sync::Mutex;

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use tokio::time::Instant;

use super::registry::Figures;
use super::{CounterFamily, Labels};

/// Buckets from half a millisecond to ten seconds.
const BUCKETS: [f64; 14] =
    [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

pub(super) struct Series {
    /// Always shown.
    pub(super) always: Figures,
    /// Figures that only the store knows. They are hidden while the store does not answer,
    /// because old figures would look current.
    pub(super) of_store: Figures,
    /// The figures of the last verification. They are hidden when it is not recent, because the
    /// list and the store have changed since.
    pub(super) of_verification: Figures,
    /// The time until which the figures of the last verification are shown.
    pub(super) verification_until: Mutex<Option<Instant>>,
    /// Figures of the program around the receiver.
    pub(super) of_program: Mutex<Figures>,
    pub(super) unknown_types: Mutex<HashSet<String>>,

    pub(super) accepted: CounterFamily<2>,
    pub(super) duplicates: CounterFamily<2>,
    pub(super) conflicts: CounterFamily<2>,
    pub(super) missed: CounterFamily<2>,
    pub(super) unreadable: CounterFamily<1>,
    pub(super) undecodable: CounterFamily<1>,
    pub(super) unknown: CounterFamily<1>,
    pub(super) deliveries: CounterFamily<1>,
    pub(super) rejected: CounterFamily<1>,
    pub(super) delivery_seconds: Histogram,
    pub(super) attempts: CounterFamily<2>,
    pub(super) handler_seconds: Histogram,
    pub(super) destination_up: Gauge,
    pub(super) destination_opened: Counter,
    pub(super) connections: Gauge,
    pub(super) evicted: Counter,
    pub(super) key_not_after: Family<Labels<1>, Gauge>,

    pub(super) store_up: Gauge,
    pub(super) queue: Gauge,
    pub(super) queue_limit: Gauge,
    pub(super) backlog: Family<Labels<1>, Gauge>,
    pub(super) behind_dead: Gauge,
    pub(super) quarantined: Gauge,
    pub(super) paused: Gauge,
    pub(super) oldest_pending: Gauge,

    #[cfg(feature = "reconcile")]
    pub(super) reconciliations: CounterFamily<1>,
    #[cfg(feature = "reconcile")]
    pub(super) last_reconciliation: Gauge,
    #[cfg(feature = "reconcile")]
    pub(super) last_verification: Gauge,
    #[cfg(feature = "reconcile")]
    pub(super) verified: Family<Labels<1>, Gauge>,
}

impl Series {
    pub(super) fn new() -> Self {
        let mut always = Figures::default();
        let build = "The version of the crate spektr-inbox";
        let build: Family<Labels<1>, Gauge> = always.add("build_info", build, Family::default());
        build.get_or_create(&[("version", env!("CARGO_PKG_VERSION").into())]).set(1);
        let figures = &mut always;
        let mut of_store = Figures::default();
        #[cfg_attr(
            not(feature = "reconcile"),
            allow(unused_mut, reason = "the figures are those of reconciliations")
        )]
        let mut of_verification = Figures::default();
        Self {
            accepted: figures.add(
                "entries_accepted",
                "Entries that were stored for the first time, by deliveries and reconciliations",
                CounterFamily::default(),
            ),
            duplicates: figures.add(
                "entries_duplicate",
                "Delivered entries that were in the store already",
                CounterFamily::default(),
            ),
            conflicts: figures.add(
                "entries_conflict",
                "Entries whose id was in the store with another content",
                CounterFamily::default(),
            ),
            missed: figures.add(
                "entries_missed",
                "Entries that a reconciliation has found and no delivery had brought",
                CounterFamily::default(),
            ),
            unreadable: figures.add(
                "bodies_unreadable",
                "Authentic bodies that could not be split into entries and are kept whole",
                CounterFamily::default(),
            ),
            undecodable: figures.add(
                "entries_malformed",
                "Entries that a worker could not decode",
                CounterFamily::default(),
            ),
            unknown: figures.add(
                "entries_unknown",
                "Entries with a wire type that no schema knows, and that no handler asked for",
                CounterFamily::default(),
            ),
            deliveries: figures.add(
                "deliveries_accepted",
                "Deliveries that were answered with 200, by the key that has signed them",
                CounterFamily::default(),
            ),
            rejected: figures.add(
                "deliveries_rejected",
                "Requests that were not answered with 200",
                CounterFamily::default(),
            ),
            delivery_seconds: figures.add(
                "delivery_duration_seconds",
                "From the head of a delivery to its answer 200",
                Histogram::new(BUCKETS),
            ),
            attempts: figures.add("attempts", "Attempts by result", CounterFamily::default()),
            handler_seconds: figures.add(
                "handler_duration_seconds",
                "Time that the handler took for an attempt",
                Histogram::new(BUCKETS),
            ),
            destination_up: figures.add(
                "destination_up",
                "0 while the workers wait for the destination of events",
                Gauge::default(),
            ),
            destination_opened: figures.add(
                "destination_opened",
                "Times that workers have stopped because the destination of events was down",
                Counter::default(),
            ),
            connections: figures.add("connections", "Open connections", Gauge::default()),
            evicted: figures.add(
                "connections_evicted",
                "Connections that waited for their clients and were closed for new ones",
                Counter::default(),
            ),
            key_not_after: figures.add(
                "key_not_after_seconds",
                "The end of a signing key's validity, in seconds since the epoch, if it has one",
                Family::default(),
            ),
            store_up: figures.add(
                "store_up",
                "1 if the store has answered within a second",
                Gauge::default(),
            ),
            #[cfg(feature = "reconcile")]
            reconciliations: figures.add(
                "reconciliations",
                "Reconciliations by result",
                CounterFamily::default(),
            ),
            #[cfg(feature = "reconcile")]
            last_reconciliation: figures.add(
                "last_reconciliation_timestamp_seconds",
                "When a reconciliation last ran to its end, 0 before the first",
                Gauge::default(),
            ),
            #[cfg(feature = "reconcile")]
            last_verification: figures.add(
                "last_verification_timestamp_seconds",
                "When a verification last ran to its end, 0 before the first",
                Gauge::default(),
            ),
            queue: of_store.add(
                "store_queued_writes",
                "Writes that wait for the store",
                Gauge::default(),
            ),
            queue_limit: of_store.add(
                "store_queued_writes_limit",
                "Writes that can wait for the store; 0 without a limit",
                Gauge::default(),
            ),
            backlog: of_store.add(
                "backlog_entries",
                "Entries that wait for a worker or for an operator, by state",
                Family::default(),
            ),
            behind_dead: of_store.add(
                "behind_dead_entries",
                "Pending entries after a dead one of their spektr id, held back by hold_on_dead",
                Gauge::default(),
            ),
            quarantined: of_store.add(
                "quarantined_deliveries",
                "Rejected deliveries that are kept in quarantine",
                Gauge::default(),
            ),
            paused: of_store.add(
                "paused",
                "1 while the store hands out nothing, as an operator has said",
                Gauge::default(),
            ),
            oldest_pending: of_store.add(
                "oldest_pending_age_seconds",
                "Age of the pending entry that arrived first",
                Gauge::default(),
            ),
            #[cfg(feature = "reconcile")]
            verified: of_verification.add(
                "verification_entries",
                "Listed entries that a verification in the last two days has found missing from \
                 the store, with another content there, or not decodable",
                Family::default(),
            ),
            always,
            of_store,
            of_verification,
            verification_until: Mutex::default(),
            of_program: Mutex::default(),
            unknown_types: Mutex::default(),
        }
    }
}
