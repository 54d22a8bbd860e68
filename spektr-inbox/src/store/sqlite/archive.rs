//! The archive of the store: what operators see of the entries, and what they do with them.

use spektr_types::Timestamp;

use super::{SqliteStore, actions, erase, import, page, prune, read, release, replace};
use crate::store::{
    Acceptance, Archive, Attempt, Erased, Erasure, Filter, Imported, NewEntry, Original, Page,
    Record, Recorded, Stats, StoreFuture, StoredEntry, Tally, Tombstone,
};

impl Archive for SqliteStore {
    fn list(&self, filter: Filter, after: i64, limit: usize) -> StoreFuture<'_, Vec<StoredEntry>> {
        self.read(move |connection| read::list(connection, &filter, after, limit))
    }

    fn page(&self, filter: Filter, before: Option<i64>, limit: usize) -> StoreFuture<'_, Page> {
        self.read(move |connection| page::page(connection, &filter, before, limit))
    }

    fn count(&self, filter: Filter) -> StoreFuture<'_, u64> {
        self.read(move |connection| read::count(connection, &filter))
    }

    fn tally(&self, filter: Filter, now: Timestamp) -> StoreFuture<'_, Vec<Tally>> {
        self.read(move |connection| read::tally(connection, &filter, now))
    }

    fn attempts(&self, number: i64) -> StoreFuture<'_, Vec<Attempt>> {
        self.read(move |connection| actions::attempts(connection, number))
    }

    fn stats(&self) -> StoreFuture<'_, Stats> {
        let queue = self.writer.depth();
        self.read(move |connection| read::stats(connection, queue))
    }

    fn release(
        &self,
        filter: Filter,
        after: i64,
        limit: usize,
        now: Timestamp,
        record: Option<Record>,
    ) -> StoreFuture<'_, Vec<i64>> {
        self.write_and_wake(
            move |connection| {
                release::release(connection, &filter, after, limit, now, record.as_ref())
            },
            |numbers| !numbers.is_empty(),
        )
    }

    fn make_due(
        &self,
        filter: Filter,
        after: i64,
        limit: usize,
        now: Timestamp,
        record: Option<Record>,
    ) -> StoreFuture<'_, Vec<i64>> {
        self.write_and_wake(
            move |connection| {
                release::make_due(connection, &filter, after, limit, now, record.as_ref())
            },
            |numbers| !numbers.is_empty(),
        )
    }

    fn prune(
        &self,
        filter: Filter,
        limit: usize,
        now: Timestamp,
        record: Option<Record>,
    ) -> StoreFuture<'_, u64> {
        self.write(move |connection| prune::prune(connection, &filter, limit, now, record.as_ref()))
    }

    fn resolve(&self, number: i64, reason: String, record: Record) -> StoreFuture<'_, bool> {
        self.write_and_wake(
            move |connection| release::resolve(connection, number, &reason, &record),
            |is_resolved| *is_resolved,
        )
    }

    fn replace(
        &self,
        original: Original,
        entries: Vec<NewEntry>,
        record: Record,
    ) -> StoreFuture<'_, Option<Vec<Acceptance>>> {
        self.write_and_wake(
            move |connection| replace::replace(connection, original, &entries, &record),
            |accepted| accepted.iter().flatten().any(Acceptance::is_new),
        )
    }

    fn erase(&self, erasure: Erasure, record: Option<Record>) -> StoreFuture<'_, Erased> {
        Box::pin(async move {
            let erasing = move |connection: &_| erase::erase(connection, &erasure, record.as_ref());
            let erased = self.writer.write(erasing).await?;
            let is_overwritten = self.writer.alone(erase::empty_log).await?;
            Ok(Erased { is_in_files: !is_overwritten, ..erased })
        })
    }

    fn import(
        &self,
        entries: Vec<Imported>,
        record: Option<Record>,
    ) -> StoreFuture<'_, Vec<Acceptance>> {
        self.write_and_wake(
            move |connection| import::import(connection, &entries, record.as_ref()),
            |accepted| accepted.iter().any(Acceptance::is_new),
        )
    }

    fn tombstones(
        &self,
        after: Option<Tombstone>,
        limit: usize,
    ) -> StoreFuture<'_, Vec<Tombstone>> {
        self.read(move |connection| prune::tombstones(connection, after.as_ref(), limit))
    }

    fn bury(&self, tombstones: Vec<Tombstone>) -> StoreFuture<'_, ()> {
        self.write(move |connection| prune::bury(connection, &tombstones))
    }

    fn forget(
        &self,
        pruned_before: Timestamp,
        sources: Vec<(String, Timestamp)>,
        limit: usize,
    ) -> StoreFuture<'_, u64> {
        self.write(move |connection| prune::forget(connection, pruned_before, &sources, limit))
    }

    fn record(&self, record: Record, affected: u64) -> StoreFuture<'_, ()> {
        self.write(move |connection| actions::write(connection, &record, affected))
    }

    fn actions(&self, after: i64, limit: usize) -> StoreFuture<'_, Vec<Recorded>> {
        self.read(move |connection| actions::actions(connection, after, limit))
    }

    fn import_actions(&self, actions: Vec<Recorded>) -> StoreFuture<'_, ()> {
        self.write(move |connection| actions::import(connection, &actions))
    }
}
