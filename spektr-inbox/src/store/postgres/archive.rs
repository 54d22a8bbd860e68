//! The archive of the store: what operators see of the entries, and what they do with them.

use std::time::Duration;

use spektr_types::Timestamp;

use super::{
    OPERATE_TIMEOUT, PostgresStore, actions, erase, import, lend, operate, page, prune, read,
    release, replace, within,
};
use crate::store::{
    Acceptance, Archive, Attempt, Erased, Erasure, Filter, Imported, NewEntry, Original, Page,
    Record, Recorded, Stats, StoreFuture, StoredEntry, Tally, Tombstone,
};

/// The time limit of a page of entries.
const PAGE_TIMEOUT: Duration = Duration::from_secs(5);

/// The time limit of `VACUUM` after an erasure.
const VACUUM_TIMEOUT: Duration = Duration::from_secs(600);

impl Archive for PostgresStore {
    fn list(&self, filter: Filter, after: i64, limit: usize) -> StoreFuture<'_, Vec<StoredEntry>> {
        operate!(self, |one| read::list(&one, &filter, after, limit).await)
    }

    fn page(&self, filter: Filter, before: Option<i64>, limit: usize) -> StoreFuture<'_, Page> {
        lend!(self.operate, PAGE_TIMEOUT, |one| page::page(&one, &filter, before, limit).await)
    }

    fn count(&self, filter: Filter) -> StoreFuture<'_, u64> {
        operate!(self, |one| read::count(&one, &filter).await)
    }

    fn tally(&self, filter: Filter, now: Timestamp) -> StoreFuture<'_, Vec<Tally>> {
        operate!(self, |one| read::tally(&one, &filter, now).await)
    }

    fn attempts(&self, number: i64) -> StoreFuture<'_, Vec<Attempt>> {
        operate!(self, |one| actions::attempts(&mut one, number).await)
    }

    fn stats(&self) -> StoreFuture<'_, Stats> {
        let depth = self.deliveries.depth();
        operate!(self, |one| read::stats(&mut one, depth).await)
    }

    fn release(
        &self,
        filter: Filter,
        after: i64,
        limit: usize,
        now: Timestamp,
        record: Option<Record>,
    ) -> StoreFuture<'_, Vec<i64>> {
        operate!(self, |one| {
            release::release(&mut one, &filter, after, limit, now, record.as_ref())
                .await
                .inspect(|numbers| self.arrivals.changed(!numbers.is_empty()))
        })
    }

    fn make_due(
        &self,
        filter: Filter,
        after: i64,
        limit: usize,
        now: Timestamp,
        record: Option<Record>,
    ) -> StoreFuture<'_, Vec<i64>> {
        operate!(self, |one| {
            release::make_due(&mut one, &filter, after, limit, now, record.as_ref())
                .await
                .inspect(|numbers| self.arrivals.changed(!numbers.is_empty()))
        })
    }

    fn prune(
        &self,
        filter: Filter,
        limit: usize,
        now: Timestamp,
        record: Option<Record>,
    ) -> StoreFuture<'_, u64> {
        operate!(self, |one| { prune::prune(&mut one, &filter, limit, now, record.as_ref()).await })
    }

    fn resolve(&self, number: i64, reason: String, record: Record) -> StoreFuture<'_, bool> {
        operate!(self, |one| {
            let resolved = release::resolve(&mut one, number, &reason, &record).await;
            resolved.inspect(|is_resolved| self.arrivals.changed(*is_resolved))
        })
    }

    fn replace(
        &self,
        original: Original,
        entries: Vec<NewEntry>,
        record: Record,
    ) -> StoreFuture<'_, Option<Vec<Acceptance>>> {
        operate!(self, |one| {
            let replaced = replace::replace(&mut one, original, &entries, &record).await;
            replaced.inspect(|new| self.arrivals.accepted(new.as_deref().unwrap_or_default()))
        })
    }

    fn erase(&self, erasure: Erasure, record: Option<Record>) -> StoreFuture<'_, Erased> {
        Box::pin(async move {
            let operate = &self.operate;
            let erasing = async {
                let mut one = operate.take().await?;
                let erased = erase::erase(&mut one, &erasure, record.as_ref()).await?;
                one.give_back();
                Ok(erased)
            };
            let mut erased = within(OPERATE_TIMEOUT, erasing).await?;
            let vacuuming = async {
                let one = operate.take().await?;
                // `VACUUM` cannot run in a transaction, so the limits are set for the session.
                one.run("SET statement_timeout = 0; SET lock_timeout = '30s'").await?;
                let tables = "spektr_inbox.entries, spektr_inbox.work, spektr_inbox.quarantine, \
                              spektr_inbox.tombstones, spektr_inbox.actions";
                one.run(&format!("VACUUM {tables}")).await?;
                one.run("RESET statement_timeout; RESET lock_timeout").await?;
                one.give_back();
                Ok(())
            };
            if let Err(error) = within(VACUUM_TIMEOUT, vacuuming).await {
                erased.is_in_files = true;
                let error = &error as &dyn std::error::Error;
                tracing::warn!(error, "erased data stays in the pages until autovacuum");
            }
            Ok(erased)
        })
    }

    fn import(
        &self,
        entries: Vec<Imported>,
        record: Option<Record>,
    ) -> StoreFuture<'_, Vec<Acceptance>> {
        operate!(self, |one| {
            let imported = import::import(&mut one, &entries, record.as_ref()).await;
            imported.inspect(|accepted| self.arrivals.accepted(accepted))
        })
    }

    fn tombstones(
        &self,
        after: Option<Tombstone>,
        limit: usize,
    ) -> StoreFuture<'_, Vec<Tombstone>> {
        operate!(self, |one| { prune::tombstones(&mut one, after.as_ref(), limit).await })
    }

    fn bury(&self, tombstones: Vec<Tombstone>) -> StoreFuture<'_, ()> {
        operate!(self, |one| prune::bury(&one, &tombstones).await)
    }

    fn forget(
        &self,
        pruned_before: Timestamp,
        sources: Vec<(String, Timestamp)>,
        limit: usize,
    ) -> StoreFuture<'_, u64> {
        operate!(self, |one| { prune::forget(&one, pruned_before, &sources, limit).await })
    }

    fn record(&self, record: Record, affected: u64) -> StoreFuture<'_, ()> {
        operate!(self, |one| actions::write(&one, &record, affected).await)
    }

    fn actions(&self, after: i64, limit: usize) -> StoreFuture<'_, Vec<Recorded>> {
        operate!(self, |one| actions::actions(&mut one, after, limit).await)
    }

    fn import_actions(&self, actions: Vec<Recorded>) -> StoreFuture<'_, ()> {
        operate!(self, |one| actions::import(&mut one, &actions).await)
    }
}
