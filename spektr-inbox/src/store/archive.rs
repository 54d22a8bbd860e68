//! The archive of a store: what operators see of the entries, and what they do with them.

use spektr_types::Timestamp;

use super::{
    Acceptance, Attempt, Erased, Erasure, Filter, Imported, NewEntry, Original, Page, Record,
    Recorded, Stats, StoreFuture, StoredEntry, Tally, Tombstone,
};

/// Shows, changes, deletes and moves stored entries, and keeps the record of all that.
pub trait Archive: Send + Sync + 'static {
    /// Returns at most `limit` entries with numbers greater than `after`, in the order of
    /// arrival.
    fn list(&self, filter: Filter, after: i64, limit: usize) -> StoreFuture<'_, Vec<StoredEntry>>;

    /// Returns at most `limit` matching entries with numbers less than `before`, the newest
    /// first, and where the next page begins. Examines at most [`Page::LOOKED_AT`] entries and
    /// reads no JSON, so that the cost does not depend on the number of entries.
    fn page(&self, filter: Filter, before: Option<i64>, limit: usize) -> StoreFuture<'_, Page>;

    /// Counts entries.
    fn count(&self, filter: Filter) -> StoreFuture<'_, u64>;

    /// Counts entries by state, wire type, and whether they wait for a time after `now`. The
    /// order is undefined.
    fn tally(&self, filter: Filter, now: Timestamp) -> StoreFuture<'_, Vec<Tally>>;

    /// Returns the latest finished attempts of an entry, the earliest first: at most
    /// [`MAX_ATTEMPTS_KEPT`](super::MAX_ATTEMPTS_KEPT) made in this store, and imported ones.
    fn attempts(&self, number: i64) -> StoreFuture<'_, Vec<Attempt>>;

    /// Returns the figures for metrics and health.
    fn stats(&self) -> StoreFuture<'_, Stats>;

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
    /// as [`accept`](super::Reception::accept) does, and deletes the original. A replaced body leaves a
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
}
