//! The reception of a store: takes in what a receiver or a reconciliation brings.

use super::{Acceptance, NewEntry, Presence, StoreFuture};

/// Takes entries in, and tells whether it can.
pub trait Reception: Send + Sync + 'static {
    /// Stores entries in one transaction. Returns the outcome of each entry.
    ///
    /// An entry whose source, key and content are all in the store is a duplicate and is not
    /// stored again. An entry whose source and key are in the store with another content is
    /// stored and flagged; its state is [`State::Conflict`](super::State::Conflict) if it would otherwise be pending.
    fn accept(&self, entries: Vec<NewEntry>) -> StoreFuture<'_, Vec<Acceptance>>;

    /// Returns for each entry whether it is in the store, as [`accept`](Self::accept) would
    /// find it. Writes nothing.
    fn compare(&self, entries: Vec<NewEntry>) -> StoreFuture<'_, Vec<Presence>>;

    /// Does what [`accept`](Self::accept) does, on the same path, and rolls it back. Also
    /// commits a write of some 64 KiB and its deletion, to learn whether there is room.
    fn probe(&self) -> StoreFuture<'_, ()>;

    /// Returns whether all threads and tasks of the store are running. If one has ended, only a
    /// restart helps.
    fn is_alive(&self) -> bool {
        true
    }
}
