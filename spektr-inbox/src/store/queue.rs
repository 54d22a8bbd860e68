//! The queue of a store: hands out pending entries to workers, under leases.

use std::time::Duration;

use spektr_types::Timestamp;
use tokio::sync::watch;

use super::{Claim, ClaimRequest, Lease, Pause, Record, Settlement, StoreFuture};

/// Hands out pending entries to workers, and takes back the outcomes.
pub trait Queue: Send + Sync + 'static {
    /// Returns a receiver that is notified after this object has committed a change that can
    /// make entries due at once: [`accept`], [`replace`], [`import`], [`release`], [`make_due`],
    /// [`resolve`], [`give_back`](Self::give_back) and the end of a pause. Workers wait for the
    /// receiver. They also poll at intervals, because other processes commit too.
    ///
    /// [`accept`]: super::Reception::accept
    /// [`replace`]: super::Archive::replace
    /// [`import`]: super::Archive::import
    /// [`release`]: super::Archive::release
    /// [`make_due`]: super::Archive::make_due
    /// [`resolve`]: super::Archive::resolve
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
    fn pause(&self) -> StoreFuture<'_, Option<Pause>>;
}
