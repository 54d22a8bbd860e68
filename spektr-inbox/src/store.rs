//! The contract of a store, for any database.
//!
//! Invariants of every store, which `testing` (feature `testing`) checks:
//!
//! - A change that a method has answered with `Ok` survives a crash and a power cut. One
//!   exception: in a store of one machine, a power cut can undo the last claims, extensions and
//!   ends of leases. The power cut then also undoes every later change, and ends every worker
//!   that held a lease.
//! - Each method is one transaction: it happens completely or not at all.
//! - One worker at a time holds an entry, until its lease ends.
//! - The number of a lease is unique among all leases in use and all later ones, so that no
//!   worker can settle another worker's lease.
//! - No method reads the machine's clock: times come from the caller or, if several machines
//!   share the store, from the database.

mod arrivals;
mod completion;
mod model;
mod operation;
mod page;
#[cfg(feature = "reconcile")]
mod patient;
mod pause;
#[cfg(feature = "postgres")]
pub mod postgres;
#[cfg(feature = "sqlite")]
pub mod sqlite;

use std::error::Error;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use spektr_types::Timestamp;
use thiserror::Error;
use tokio::sync::watch;

pub use completion::Completion;
pub use model::MAX_ATTEMPTS_KEPT;
pub use model::{
    Acceptance, Claim, ClaimRequest, Filter, Lease, NewEntry, Presence, Quarantined, Rejected,
    Settlement, State, Stats, StoredEntry, Tally,
};
pub use operation::{
    Action, Attempt, Erased, Erasure, Imported, Operator, Original, Record, Recorded, Tombstone,
};
pub use page::{Page, Summary};
#[cfg(feature = "reconcile")]
pub(crate) use patient::accept_patiently;
pub(crate) use pause::PAUSED;
pub use pause::Pause;

/// The prefix of the names of notes that keep a watermark. The source and the base URL follow,
/// with a space in between.
pub(crate) const WATERMARK: &str = "reconcile ";

/// The return type of the methods of [`Store`]. Boxed, so that a program can choose a store at
/// run time.
pub type StoreFuture<'a, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'a>>;

/// Stores entries, and hands them out to workers.
pub trait Store: Send + Sync + 'static {
    /// Stores entries in one transaction. Returns the outcome of each entry.
    ///
    /// An entry whose source, key and content are all in the store is a duplicate and is not
    /// stored again. An entry whose source and key are in the store with another content is
    /// stored and flagged; its state is [`State::Conflict`] if it would otherwise be pending.
    fn accept(&self, entries: Vec<NewEntry>) -> StoreFuture<'_, Vec<Acceptance>>;

    /// Returns a receiver that is notified after this object has committed a change that can
    /// make entries due at once: [`accept`](Self::accept), [`replace`](Self::replace),
    /// [`import`](Self::import), [`release`](Self::release), [`make_due`](Self::make_due),
    /// [`resolve`](Self::resolve), [`give_back`](Self::give_back) and the end of a pause.
    /// Workers wait for the receiver. They also poll at intervals, because other processes
    /// commit too.
    fn arrivals(&self) -> watch::Receiver<()>;

    /// Hands out due pending entries to a worker, for the duration of a lease, and counts an
    /// attempt for each. An expired lease that no worker has settled ends here. During a
    /// [`pause`](Self::pause) it hands out none.
    fn claim(&self, request: ClaimRequest) -> StoreFuture<'_, Vec<Claim>>;

    /// Extends leases to a duration from now. Returns the leases that are still held.
    fn extend(
        &self,
        leases: Vec<Lease>,
        now: Timestamp,
        duration: Duration,
    ) -> StoreFuture<'_, Vec<Lease>>;

    /// Ends leases without an outcome: their entries are due now, and the attempts are not
    /// counted. Returns how many leases were still held.
    fn give_back(&self, leases: Vec<Lease>, now: Timestamp) -> StoreFuture<'_, u64>;

    /// Ends a lease with the outcome of the attempt. Returns whether the lease was still held;
    /// if not, nothing changes.
    fn settle(
        &self,
        lease: Lease,
        settlement: Settlement,
        now: Timestamp,
    ) -> StoreFuture<'_, bool> {
        self.settle_with_status(lease, settlement, None, now)
    }

    /// Does the same as [`settle`](Self::settle), and stores with the attempt the status of the
    /// HTTP response to a forwarded event.
    fn settle_with_status(
        &self,
        lease: Lease,
        settlement: Settlement,
        status: Option<u16>,
        now: Timestamp,
    ) -> StoreFuture<'_, bool>;

    /// Pauses or resumes the handing out of entries to any process; records it, if it is a
    /// change. Held leases continue, and entries are accepted as before. Returns whether it was
    /// a change.
    fn set_paused(&self, is_paused: bool, record: Record) -> StoreFuture<'_, bool>;

    /// Returns the pause of the store, if it is paused.
    fn pause(&self) -> StoreFuture<'_, Option<Pause>> {
        Box::pin(async move { Ok(self.note(PAUSED.to_owned()).await?.as_deref().map(Pause::of)) })
    }

    /// Returns at most `limit` entries with numbers greater than `after`, in the order of
    /// arrival.
    fn list(&self, filter: Filter, after: i64, limit: usize) -> StoreFuture<'_, Vec<StoredEntry>>;

    /// Returns at most `limit` matching entries with numbers less than `before`, the newest
    /// first, and where the next page begins. Examines at most [`Page::LOOKED_AT`] entries and
    /// reads no JSON, so that the cost does not depend on the number of entries.
    fn page(&self, filter: Filter, before: Option<i64>, limit: usize) -> StoreFuture<'_, Page>;

    /// Returns for each entry whether it is in the store, as [`accept`](Self::accept) would
    /// find it. Writes nothing.
    fn compare(&self, entries: Vec<NewEntry>) -> StoreFuture<'_, Vec<Presence>>;

    /// Counts entries.
    fn count(&self, filter: Filter) -> StoreFuture<'_, u64>;

    /// Counts entries by state, wire type, and whether they wait for a time after `now`. The
    /// order is undefined.
    fn tally(&self, filter: Filter, now: Timestamp) -> StoreFuture<'_, Vec<Tally>>;

    /// Makes at most `limit` entries with numbers greater than `after` pending and due now, in
    /// the order of arrival, and resets their attempts. Skips entries that are pending, and
    /// bodies that could not be read. Returns the numbers of the changed entries in no order.
    fn release(
        &self,
        filter: Filter,
        after: i64,
        limit: usize,
        now: Timestamp,
        record: Option<Record>,
    ) -> StoreFuture<'_, Vec<i64>>;

    /// Makes at most `limit` pending entries with numbers greater than `after` due now if they
    /// wait for a later time, in the order of arrival. Their attempts stay counted. An entry
    /// with a current lease is left alone. Returns the numbers of the changed entries in no
    /// order.
    fn make_due(
        &self,
        filter: Filter,
        after: i64,
        limit: usize,
        now: Timestamp,
        record: Option<Record>,
    ) -> StoreFuture<'_, Vec<i64>>;

    /// Deletes at most `limit` entries that match, and leaves a [`Tombstone`] of each. Returns
    /// the number of entries deleted. Never deletes pending entries.
    fn prune(
        &self,
        filter: Filter,
        limit: usize,
        now: Timestamp,
        record: Option<Record>,
    ) -> StoreFuture<'_, u64>;

    /// Marks an entry as resolved because an operator has handled it by hand. The entry may
    /// have any state except done. A lease on it is lost. Returns whether there was such an
    /// entry.
    fn resolve(&self, number: i64, reason: String, record: Record) -> StoreFuture<'_, bool>;

    /// Replaces an original by the entries read from it, in one transaction: stores the entries
    /// as [`accept`](Self::accept) does, and deletes the original. A replaced body leaves a
    /// [`Tombstone`]. Returns the outcomes of the entries; `None` if the original does not
    /// exist any more, and then nothing is stored.
    fn replace(
        &self,
        original: Original,
        entries: Vec<NewEntry>,
        record: Record,
    ) -> StoreFuture<'_, Option<Vec<Acceptance>>>;

    /// Deletes the records of a person, and leaves no tombstones. Overwrites the deleted data
    /// as far as the database can.
    fn erase(&self, erasure: Erasure, record: Option<Record>) -> StoreFuture<'_, Erased>;

    /// Stores entries of another store with their outcomes, in one transaction. Tombstones of
    /// these entries are removed, so that they do not keep the entries out. An entry whose
    /// source, key and content are in the store is left alone.
    fn import(
        &self,
        entries: Vec<Imported>,
        record: Option<Record>,
    ) -> StoreFuture<'_, Vec<Acceptance>>;

    /// Returns at most `limit` tombstones after the given one, in the order of the store.
    fn tombstones(&self, after: Option<Tombstone>, limit: usize)
    -> StoreFuture<'_, Vec<Tombstone>>;

    /// Adds tombstones of another store.
    fn bury(&self, tombstones: Vec<Tombstone>) -> StoreFuture<'_, ()>;

    /// Deletes at most `limit` tombstones of entries that were deleted before a time. For each
    /// source in `sources`, its tombstones must also be older than the source's time. Returns
    /// the number of tombstones deleted.
    fn forget(
        &self,
        pruned_before: Timestamp,
        sources: Vec<(String, Timestamp)>,
        limit: usize,
    ) -> StoreFuture<'_, u64>;

    /// Records an action that does not change the store.
    fn record(&self, record: Record, affected: u64) -> StoreFuture<'_, ()>;

    /// Returns at most `limit` recorded actions with numbers greater than `after`.
    fn actions(&self, after: i64, limit: usize) -> StoreFuture<'_, Vec<Recorded>>;

    /// Adds recorded actions of another store, except those that this store already has.
    fn import_actions(&self, actions: Vec<Recorded>) -> StoreFuture<'_, ()>;

    /// Returns the latest finished attempts of an entry, the earliest first: at most
    /// [`MAX_ATTEMPTS_KEPT`] made in this store, and imported ones.
    fn attempts(&self, number: i64) -> StoreFuture<'_, Vec<Attempt>>;

    /// Returns the figures for metrics and health.
    fn stats(&self) -> StoreFuture<'_, Stats>;

    /// Does what [`accept`](Self::accept) does, on the same path, and rolls it back. Also
    /// commits a write of some 64 KiB and its deletion, to learn whether there is room.
    fn probe(&self) -> StoreFuture<'_, ()>;

    /// Returns whether all threads and tasks of the store are running. If one has ended, only a
    /// restart helps.
    fn is_alive(&self) -> bool {
        true
    }

    /// Keeps a rejected delivery. The oldest are dropped so that at most `max_count` deliveries
    /// with at most `max_bytes` of bodies remain. A delivery with a body that is in the
    /// quarantine already replaces the earlier one.
    fn quarantine(
        &self,
        rejected: Rejected,
        max_count: usize,
        max_bytes: usize,
    ) -> StoreFuture<'_, ()>;

    /// Returns at most `limit` rejected deliveries with numbers greater than `after`.
    fn quarantined(&self, after: i64, limit: usize) -> StoreFuture<'_, Vec<Quarantined>>;

    /// Deletes rejected deliveries. Returns how many of them existed.
    fn discard(&self, numbers: Vec<i64>, record: Option<Record>) -> StoreFuture<'_, u64>;

    /// Returns all notes, as pairs of name and text.
    fn notes(&self) -> StoreFuture<'_, Vec<(String, String)>>;

    /// Returns a note, such as the watermark of a reconciliation.
    fn note(&self, name: String) -> StoreFuture<'_, Option<String>>;

    /// Sets a note, replacing the earlier text.
    fn set_note(&self, name: String, text: String) -> StoreFuture<'_, ()>;
}

/// Returns how much longer entries may take to be stored than a delivery of one small event: a
/// millisecond for each entry and for each KiB. A delivery can have 100,000 entries, and a
/// delivery that is never stored in time is lost.
pub(crate) fn longer_for(entries: usize, bytes: usize) -> Duration {
    Duration::from_millis(entries as u64 + bytes as u64 / 1024)
}

/// The reason why an operation of a store failed.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The queue is full. Nothing was stored; try later.
    #[error("the queue of the store is full")]
    Overloaded,
    /// The store has been closed, or its thread has ended.
    #[error("the store is closed")]
    Closed,
    /// The disk or the database is full. Nothing was stored.
    #[error("the store has no room left")]
    Full {
        /// The database's error.
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
    /// The opened file is not at its path any more: writes to it would be lost. Put it back, or
    /// restart with the file that is at the path now.
    #[error("the file of the store is not the one that was opened: {problem}")]
    Gone {
        /// The change of the file.
        problem: &'static str,
    },
    /// The database failed.
    #[error("the database failed")]
    Database {
        /// The database's error.
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
    /// Two claims have the same entry, or a lease has changed unexpectedly: a bug of the store.
    /// Nothing was changed.
    #[error("the lease of entry {number} is inconsistent, which is a bug of the store")]
    Lease {
        /// The number of the entry.
        number: i64,
    },
    /// A row has a value that this version cannot read.
    #[error("the column {column} of entry {number} has an unknown value")]
    Unreadable {
        /// The column.
        column: &'static str,
        /// The number of the entry.
        number: i64,
    },
}
