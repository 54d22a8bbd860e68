//! The quarantine: the newest rejected deliveries.

use spektr_inbox::store::{Quarantine, Quarantined, Record, Rejected, StoreFuture};

use super::MemoryStore;

impl Quarantine for MemoryStore {
    fn quarantine(
        &self,
        rejected: Rejected,
        max_count: usize,
        max_bytes: usize,
    ) -> StoreFuture<'_, ()> {
        Box::pin(async move {
            let mut data = self.data()?;
            data.quarantine.retain(|_, kept| kept.body != rejected.body);
            let number = data.next_number();
            data.quarantine.insert(number, rejected);
            let (mut count, mut bytes) = (0, 0);
            let is_surplus = |kept: &Rejected| {
                count += 1;
                bytes += kept.body.len();
                count > max_count || bytes > max_bytes
            };
            let surplus =
                data.quarantine.values().rev().map(is_surplus).filter(|is_one| *is_one).count();
            for _ in 0..surplus {
                data.quarantine.pop_first();
            }
            Ok(())
        })
    }

    fn quarantined(&self, after: i64, limit: usize) -> StoreFuture<'_, Vec<Quarantined>> {
        Box::pin(async move {
            let data = self.data()?;
            let later = data.quarantine.range(after.saturating_add(1)..).take(limit);
            let shown = later.map(|(number, rejected)| Quarantined {
                number: *number,
                rejected: rejected.clone(),
            });
            Ok(shown.collect())
        })
    }

    fn discard(&self, numbers: Vec<i64>, record: Option<Record>) -> StoreFuture<'_, u64> {
        Box::pin(async move {
            let mut data = self.data()?;
            let count = data.discard(&numbers);
            data.record(record, count);
            Ok(count)
        })
    }
}
