//! What a store must do, whichever database it is.
//!
//! Invariants of every store, which `testing` (feature `testing`) checks:
//!
//! - What a method has answered with `Ok` survives a crash and a power cut. In a store of one
//!   machine, a power cut can take away the last claims, extensions and ends of leases: all
//!   that came after one of them goes with it, and so does everybody who had a lease.
//! - Each method is one transaction: all of it happens, or nothing.
//! - An entry is claimed by one worker at a time, until its lease ends.
//! - A lease has a number that no other one in use has or will have, so that nobody can settle
//!   one that another holds.
//! - No method reads the machine's clock: times come from the caller, or, where several
//!   machines share a store, from the database.

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

/// What begins the names of notes that say how far a source was reconciled: the source and
/// the base URL follow, with a space in between.
pub(crate) const WATERMARK: &str = "reconcile ";

/// What the methods of [`Store`] return, so that a store can be chosen while
/// the program runs.
pub type StoreFuture<'a, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'a>>;

/// Keeps entries, and hands them to workers.
pub trait Store: Send + Sync + 'static {
    /// Stores entries in one transaction, and says of each what became of it.
    ///
    /// An entry whose source, key and content are all there already is a
    /// duplicate and not stored again. One whose source and key are there with
    /// another content is stored and flagged, in [`State::Conflict`] where it
    /// would otherwise be pending.
    fn accept(&self, entries: Vec<NewEntry>) -> StoreFuture<'_, Vec<Acceptance>>;

    /// Returns a receiver that changes after this store, this very object, has committed what
    /// can make entries due at once: [`accept`](Self::accept), [`replace`](Self::replace),
    /// [`import`](Self::import), [`release`](Self::release), [`make_due`](Self::make_due),
    /// [`resolve`](Self::resolve), [`give_back`](Self::give_back) and the end of a pause. Workers wait for it, and look now and then for what
    /// others have committed.
    fn arrivals(&self) -> watch::Receiver<()>;

    /// Gives pending entries that are due to a worker, for the time of a lease,
    /// and counts an attempt for each. A lease that nobody has settled ends with it. During a
    /// [`pause`](Self::pause) it gives none.
    fn claim(&self, request: ClaimRequest) -> StoreFuture<'_, Vec<Claim>>;

    /// Lets leases last for some time from now on. Returns those of them that are still
    /// held.
    fn extend(
        &self,
        leases: Vec<Lease>,
        now: Timestamp,
        duration: Duration,
    ) -> StoreFuture<'_, Vec<Lease>>;

    /// Ends leases without any outcome: their entries are due now, and the attempts are not
    /// counted. Returns how many were still held.
    fn give_back(&self, leases: Vec<Lease>, now: Timestamp) -> StoreFuture<'_, u64>;

    /// Ends a lease with what became of the attempt. Returns whether it was still
    /// held; where it was not, nothing changes.
    fn settle(
        &self,
        lease: Lease,
        settlement: Settlement,
        now: Timestamp,
    ) -> StoreFuture<'_, bool> {
        self.settle_with_status(lease, settlement, None, now)
    }

    /// Does what [`settle`](Self::settle) does, and keeps with the attempt the status of the
    /// HTTP response, where events are forwarded.
    fn settle_with_status(
        &self,
        lease: Lease,
        settlement: Settlement,
        status: Option<u16>,
        now: Timestamp,
    ) -> StoreFuture<'_, bool>;

    /// Stops handing out entries to whatever process, or begins again; and records it, if it is
    /// a change. Leases that are held last, and entries are accepted as before. Returns whether
    /// it was a change.
    fn set_paused(&self, is_paused: bool, record: Record) -> StoreFuture<'_, bool>;

    /// Returns since when the store hands out nothing, if that is so.
    fn pause(&self) -> StoreFuture<'_, Option<Pause>> {
        Box::pin(async move { Ok(self.note(PAUSED.to_owned()).await?.as_deref().map(Pause::of)) })
    }

    /// Returns at most `limit` entries in the order of arrival, those after a
    /// number.
    fn list(&self, filter: Filter, after: i64, limit: usize) -> StoreFuture<'_, Vec<StoredEntry>>;

    /// Returns at most `limit` entries that match, the newest first, those before a number, and
    /// where the next page begins. It looks at [`Page::LOOKED_AT`] entries at most and reads the
    /// JSON of none, so that it costs the same however many there are.
    fn page(&self, filter: Filter, before: Option<i64>, limit: usize) -> StoreFuture<'_, Page>;

    /// Tells of entries whether they are there, as [`accept`](Self::accept) would, and
    /// writes nothing.
    fn compare(&self, entries: Vec<NewEntry>) -> StoreFuture<'_, Vec<Presence>>;

    /// Counts entries.
    fn count(&self, filter: Filter) -> StoreFuture<'_, u64>;

    /// Counts entries by state, wire type, and whether they wait for a time after `now`, in no
    /// order.
    fn tally(&self, filter: Filter, now: Timestamp) -> StoreFuture<'_, Vec<Tally>>;

    /// Makes at most `limit` entries pending and due now, with no attempts counted,
    /// in the order of arrival, those after a number; apart from those that are
    /// pending already, and from bodies that could not be read. Returns their
    /// numbers, in no order.
    fn release(
        &self,
        filter: Filter,
        after: i64,
        limit: usize,
        now: Timestamp,
        record: Option<Record>,
    ) -> StoreFuture<'_, Vec<i64>>;

    /// Makes at most `limit` pending entries due now that wait for a later time, in the order of
    /// arrival, those after a number. Their attempts stay counted. An entry with a lease that
    /// lasts is left alone. Returns their numbers, in no order.
    fn make_due(
        &self,
        filter: Filter,
        after: i64,
        limit: usize,
        now: Timestamp,
        record: Option<Record>,
    ) -> StoreFuture<'_, Vec<i64>>;

    /// Deletes at most `limit` entries that match, and leaves a [`Tombstone`] of each.
    /// Returns the number of entries deleted. Pending entries are never deleted by it.
    fn prune(
        &self,
        filter: Filter,
        limit: usize,
        now: Timestamp,
        record: Option<Record>,
    ) -> StoreFuture<'_, u64>;

    /// Ends the work on an entry, in whatever state but done, because somebody has dealt
    /// with it by hand. A lease on it is lost. Returns whether there was such an entry.
    fn resolve(&self, number: i64, reason: String, record: Record) -> StoreFuture<'_, bool>;

    /// Puts entries in the place of what they were read from, in one transaction: stores them
    /// as [`accept`](Self::accept) does, and deletes the other, of which a body leaves a
    /// [`Tombstone`]. Returns what became of the entries; `None` if the other is not there any
    /// more, and then nothing is stored.
    fn replace(
        &self,
        original: Original,
        entries: Vec<NewEntry>,
        record: Record,
    ) -> StoreFuture<'_, Option<Vec<Acceptance>>>;

    /// Deletes what belongs to a person, and leaves no tombstones. Overwrites what it
    /// deletes as far as the database can.
    fn erase(&self, erasure: Erasure, record: Option<Record>) -> StoreFuture<'_, Erased>;

    /// Stores entries of another store, with what became of them there, in one
    /// transaction. Tombstones do not keep them out: those of these entries are removed.
    /// An entry whose source, key and content are there is left alone.
    fn import(
        &self,
        entries: Vec<Imported>,
        record: Option<Record>,
    ) -> StoreFuture<'_, Vec<Acceptance>>;

    /// Returns at most `limit` tombstones, those after one in the order of the store.
    fn tombstones(&self, after: Option<Tombstone>, limit: usize)
    -> StoreFuture<'_, Vec<Tombstone>>;

    /// Adds tombstones that another store has left.
    fn bury(&self, tombstones: Vec<Tombstone>) -> StoreFuture<'_, ()>;

    /// Deletes at most `limit` tombstones of entries that were deleted before a time, and of
    /// the sources that are named, before the time of the source too. Returns the number of
    /// tombstones deleted.
    fn forget(
        &self,
        pruned_before: Timestamp,
        sources: Vec<(String, Timestamp)>,
        limit: usize,
    ) -> StoreFuture<'_, u64>;

    /// Records an action that changes nothing in the store.
    fn record(&self, record: Record, affected: u64) -> StoreFuture<'_, ()>;

    /// Returns at most `limit` recorded actions, those after a number.
    fn actions(&self, after: i64, limit: usize) -> StoreFuture<'_, Vec<Recorded>>;

    /// Adds recorded actions of another store, apart from those that are there.
    fn import_actions(&self, actions: Vec<Recorded>) -> StoreFuture<'_, ()>;

    /// Returns the latest attempts of an entry that have ended, at most
    /// [`MAX_ATTEMPTS_KEPT`] of this store's own, the first one first.
    fn attempts(&self, number: i64) -> StoreFuture<'_, Vec<Attempt>>;

    /// Returns figures for metrics and health.
    fn stats(&self) -> StoreFuture<'_, Stats>;

    /// Does what [`accept`](Self::accept) does, in the same way, and takes it back; and
    /// commits a write of some 64 KiB and its deletion, to learn whether there is room.
    fn probe(&self) -> StoreFuture<'_, ()>;

    /// Whether what works for the store is there: threads, or tasks. Where it is not, only
    /// another start helps.
    fn is_alive(&self) -> bool {
        true
    }

    /// Keeps a delivery that was rejected. The oldest are dropped so that at most
    /// `max_count` with at most `max_bytes` of bodies remain; a body that is there
    /// already is replaced.
    fn quarantine(
        &self,
        rejected: Rejected,
        max_count: usize,
        max_bytes: usize,
    ) -> StoreFuture<'_, ()>;

    /// Returns at most `limit` rejected deliveries, those after a number.
    fn quarantined(&self, after: i64, limit: usize) -> StoreFuture<'_, Vec<Quarantined>>;

    /// Deletes rejected deliveries. Returns how many of them were there.
    fn discard(&self, numbers: Vec<i64>, record: Option<Record>) -> StoreFuture<'_, u64>;

    /// Returns every named text.
    fn notes(&self) -> StoreFuture<'_, Vec<(String, String)>>;

    /// Returns a named text, such as how far a reconciliation came.
    fn note(&self, name: String) -> StoreFuture<'_, Option<String>>;

    /// Keeps a named text in place of the earlier one.
    fn set_note(&self, name: String, text: String) -> StoreFuture<'_, ()>;
}

/// How much longer entries may take to be stored than a delivery of one small event: a
/// millisecond for each entry and for each KiB. A delivery can have 100,000 of them, and one
/// that is never stored in time is lost.
pub(crate) fn longer_for(entries: usize, bytes: usize) -> Duration {
    Duration::from_millis(entries as u64 + bytes as u64 / 1024)
}

/// Why a store did not do what it was asked.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum StoreError {
    /// More is waiting than the queue holds. Nothing was stored; try later.
    #[error("the queue of the store is full")]
    Overloaded,
    /// The store has been closed, or its thread has ended.
    #[error("the store is closed")]
    Closed,
    /// There is no room left. Nothing was stored.
    #[error("the store has no room left")]
    Full {
        /// What the database says.
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
    /// The file that was opened is not where it was: what is written to it would be lost.
    /// Put it back, or restart with what is there.
    #[error("the file of the store is not the one that was opened: {problem}")]
    Gone {
        /// What has happened to it.
        problem: &'static str,
    },
    /// The database failed.
    #[error("the database failed")]
    Database {
        /// What the database says.
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
    /// Two claims have the same entry, or a lease has changed: a fault of the store. Nothing
    /// was changed.
    #[error("the lease of entry {number} is not what it has to be")]
    Lease {
        /// The number of the entry.
        number: i64,
    },
    /// A row holds what this version cannot read.
    #[error("the column {column} of entry {number} holds an unknown value")]
    Unreadable {
        /// The column.
        column: &'static str,
        /// The number of the entry.
        number: i64,
    },
}
