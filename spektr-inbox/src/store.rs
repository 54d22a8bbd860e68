//! The contract of a store, for any database.
//!
//! A store has five roles, each a trait: [`Reception`] takes entries in, [`Queue`] hands them out
//! to workers, [`Archive`] is for operators, [`Quarantine`] keeps rejected deliveries, and
//! [`Notes`] keeps short texts. [`Store`] is their sum. Methods of a role need the role in scope,
//! except on `dyn Store`.
//!
//! A store of your own, for another database, implements the five roles with public items alone.
//! `examples/memory` in the repository is one in memory, and passes the tests of the contract. What
//! every store decides alike is written once, in the values: [`Filter::matches`],
//! [`NewEntry::state_if`], [`ClaimRequest::is_due`], [`ClaimRequest::is_waited_for`],
//! [`Settlement`], [`Tombstone`].
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

mod archive;
mod arrivals;
mod completion;
mod filter;
#[cfg(any(feature = "postgres", feature = "sqlite"))]
mod groups;
mod lease;
mod model;
mod notes;
mod operation;
mod page;
#[cfg(feature = "reconcile")]
mod patient;
mod pause;
#[cfg(feature = "postgres")]
pub mod postgres;
mod quarantine;
mod queue;
mod reception;
#[cfg(any(feature = "postgres", feature = "sqlite"))]
mod sql;
#[cfg(feature = "sqlite")]
pub mod sqlite;
mod stats;
mod tombstone;

use std::error::Error;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use thiserror::Error;

pub use archive::Archive;
pub use arrivals::Arrivals;
pub use completion::Completion;
pub use filter::Filter;
pub use lease::{Claim, ClaimRequest, Lease, MAX_ATTEMPTS_KEPT, Settlement};
pub use model::{Acceptance, NewEntry, Presence, State, StoredEntry};
pub use notes::Notes;
pub use operation::{
    Action, Attempt, Erased, Erasure, Imported, Operator, Original, Record, Recorded,
};
pub use page::{Page, Summary};
#[cfg(feature = "reconcile")]
pub(crate) use patient::accept_patiently;
pub(crate) use pause::PAUSED;
pub use pause::Pause;
pub use quarantine::{Quarantine, Quarantined, Rejected};
pub use queue::Queue;
pub use reception::Reception;
pub use stats::{Stats, Tally};
pub use tombstone::Tombstone;

/// The prefix of the names of notes that keep a watermark. The source and the base URL follow,
/// with a space in between.
pub(crate) const WATERMARK: &str = "reconcile ";

/// The return type of the methods of [`Store`]. Boxed, so that a program can choose a store at
/// run time.
pub type StoreFuture<'a, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'a>>;

/// A store: the sum of its five roles. A type with all of them is a store.
pub trait Store: Reception + Queue + Archive + Quarantine + Notes {}

impl<S: Reception + Queue + Archive + Quarantine + Notes> Store for S {}

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
