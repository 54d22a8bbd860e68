//! The reception: deliveries are stored, and entries are looked up.

use spektr_inbox::store::{Acceptance, NewEntry, Presence, Reception, StoreFuture};

use super::MemoryStore;

impl Reception for MemoryStore {
    fn accept(&self, entries: Vec<NewEntry>) -> StoreFuture<'_, Vec<Acceptance>> {
        Box::pin(async move {
            let mut data = self.data()?;
            let accepted: Vec<_> = entries.into_iter().map(|entry| data.accept(entry)).collect();
            self.arrivals.accepted(&accepted);
            Ok(accepted)
        })
    }

    fn compare(&self, entries: Vec<NewEntry>) -> StoreFuture<'_, Vec<Presence>> {
        Box::pin(async move {
            let data = self.data()?;
            Ok(entries.iter().map(|entry| data.presence(entry)).collect())
        })
    }

    /// There is always room, so nothing is tried.
    fn probe(&self) -> StoreFuture<'_, ()> {
        Box::pin(async move { self.data().map(drop) })
    }

    fn is_alive(&self) -> bool {
        !self.data.is_poisoned()
    }
}
