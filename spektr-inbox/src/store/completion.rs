//! Lets a handler record the end of an attempt itself.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::Lease;

/// The right of a handler to record in its own transaction that an entry is done. Clones are
/// the same right.
#[derive(Clone, Debug)]
pub struct Completion {
    lease: Lease,
    progress: Arc<CompletionProgress>,
}

#[derive(Debug, Default)]
struct CompletionProgress {
    begun: AtomicBool,
    lost: AtomicBool,
}

impl Completion {
    pub(crate) fn new(lease: Lease) -> Self {
        Self { lease, progress: Arc::default() }
    }

    /// Returns the lease on the entry.
    #[must_use]
    pub fn lease(&self) -> Lease {
        self.lease
    }

    /// Returns the lease. From now on the caller must record that the entry is done: the worker
    /// does not, even if the handler succeeds.
    ///
    /// This is for a store of another crate. A store of this crate that can share a transaction
    /// has its own functions: `complete` and `Completing` of `store::postgres`.
    pub fn begin(&self) -> Lease {
        self.progress.begun.store(true, Ordering::Release);
        self.lease
    }

    /// Notes that the lease is not held any more, so that nothing can be recorded.
    pub fn lost(&self) {
        self.progress.lost.store(true, Ordering::Release);
    }

    /// Returns whether the handler has taken over the recording.
    pub(crate) fn has_begun(&self) -> bool {
        self.progress.begun.load(Ordering::Acquire)
    }

    /// Returns whether the handler may have recorded that the entry is done.
    pub(crate) fn may_be_done(&self) -> bool {
        self.has_begun() && !self.progress.lost.load(Ordering::Acquire)
    }
}
