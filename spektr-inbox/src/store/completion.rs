//! How a handler says that it records the end of an attempt itself.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::Lease;

/// The right of a handler to record in a transaction of its own that an entry is done.
/// Clones are the same right.
#[derive(Clone, Debug)]
pub struct Completion {
    lease: Lease,
    progress: Arc<Progress>,
}

#[derive(Debug, Default)]
struct Progress {
    begun: AtomicBool,
    lost: AtomicBool,
}

impl Completion {
    pub(crate) fn new(lease: Lease) -> Self {
        Self { lease, progress: Arc::default() }
    }

    /// The lease on the entry.
    #[must_use]
    pub fn lease(&self) -> Lease {
        self.lease
    }

    /// Returns the lease, and leaves it to the caller from now on to record that the
    /// entry is done: the worker does not, even if the handler succeeds.
    ///
    /// For a store of another crate. A store of this crate that can share a transaction has
    /// functions for it: `complete` and `Completing` of `store::postgres`.
    pub fn begin(&self) -> Lease {
        self.progress.begun.store(true, Ordering::Release);
        self.lease
    }

    /// Says that the lease was not held any more, so that nothing can be recorded.
    pub fn lost(&self) {
        self.progress.lost.store(true, Ordering::Release);
    }

    /// Whether the record was left to the handler.
    pub(crate) fn has_begun(&self) -> bool {
        self.progress.begun.load(Ordering::Acquire)
    }

    /// Whether the handler may have recorded it.
    pub(crate) fn may_be_done(&self) -> bool {
        self.has_begun() && !self.progress.lost.load(Ordering::Acquire)
    }
}
