//! The quarantine of a store: a bounded number of rejected deliveries.

use super::{Quarantined, Record, Rejected, StoreFuture};

/// Keeps rejected deliveries, apart from the entries.
pub trait Quarantine: Send + Sync + 'static {
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
}
