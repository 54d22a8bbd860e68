//! The reception of the store: storing deliveries, looking entries up, and the probe.

use super::{PostgresStore, compare, operate};
use crate::store::{Acceptance, NewEntry, Presence, Reception, StoreFuture};

impl Reception for PostgresStore {
    fn accept(&self, entries: Vec<NewEntry>) -> StoreFuture<'_, Vec<Acceptance>> {
        Box::pin(async move {
            self.deliveries
                .accept(entries)
                .await
                .inspect(|accepted| self.arrivals.accepted(accepted))
        })
    }

    fn compare(&self, entries: Vec<NewEntry>) -> StoreFuture<'_, Vec<Presence>> {
        operate!(self, |one| compare::compare(&mut one, &entries).await)
    }

    fn probe(&self) -> StoreFuture<'_, ()> {
        Box::pin(self.deliveries.probe())
    }

    fn is_alive(&self) -> bool {
        self.deliveries.is_alive() && self.gathering.is_alive()
    }
}
