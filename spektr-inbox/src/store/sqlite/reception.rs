//! The reception of the store: storing deliveries, looking entries up, and the probe.

use super::{SqliteStore, accept, compare};
use crate::store::{Acceptance, NewEntry, Presence, Reception, StoreFuture};

impl Reception for SqliteStore {
    fn accept(&self, entries: Vec<NewEntry>) -> StoreFuture<'_, Vec<Acceptance>> {
        Box::pin(async move {
            let accepting = move |connection: &_| accept::accept(connection, &entries);
            let done = self.writer.try_write(accepting).await;
            done.inspect(|accepted| self.arrivals.accepted(accepted))
        })
    }

    fn compare(&self, entries: Vec<NewEntry>) -> StoreFuture<'_, Vec<Presence>> {
        self.read(move |connection| compare::compare(connection, &entries))
    }

    fn probe(&self) -> StoreFuture<'_, ()> {
        Box::pin(self.writer.try_write(accept::probe))
    }

    fn is_alive(&self) -> bool {
        self.writer.is_alive() && self.reader.is_alive()
    }
}
