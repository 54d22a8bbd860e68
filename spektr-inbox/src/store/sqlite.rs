//! The store in one SQLite file, for one machine.
//!
//! One thread writes. It commits many waiting deliveries at once, and syncs the log before it
//! answers them. Another thread reads concurrently. Operations of workers are answered before
//! they are synced, which happens some 10 ms later: after a power cut, the work of that moment
//! is done again.
//!
//! Once the file, its `-wal` or its `-shm` has been removed, replaced or truncated, each write
//! fails with [`StoreError::Gone`](super::StoreError::Gone), so that nothing is acknowledged. A
//! file whose bytes another program overwrites in place is not detected: use [`backup`] and
//! [`restore`], never `cp`.

mod actions;
mod backup;
mod checkpoint;
mod claim;
mod compare;
mod condition;
mod erase;
mod file;
mod import;
mod lease;
mod notes;
mod page;
mod pause;
mod prune;
mod quarantine;
mod read;
mod release;
mod row;
mod schema;
mod sync;
mod thread;
mod watch;
mod write;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use spektr_types::Timestamp;
use tokio::sync::watch::Receiver;

pub use backup::{BackupError, backup, restore};
pub use file::OpenError;
use thread::{Files, Worker};
use watch::Before;

use super::arrivals::Arrivals;
use super::{
    Acceptance, Attempt, Claim, ClaimRequest, Erased, Erasure, Filter, Imported, Lease, NewEntry,
    Original, Page, Presence, Quarantined, Record, Recorded, Rejected, Settlement, Stats, Store,
    StoreFuture, StoredEntry, Tally, Tombstone,
};
use crate::clock::after;

/// The options for opening a [`SqliteStore`].
#[derive(Clone, Debug)]
pub struct SqliteOptions {
    path: PathBuf,
    queue: usize,
    group: usize,
    max_bytes: Option<u64>,
    quick_check: bool,
}

impl SqliteOptions {
    /// The number of writes that may wait, unless configured: 1024.
    pub const DEFAULT_QUEUE: usize = 1024;

    /// The greatest number of writes in one commit, unless configured: 256.
    pub const DEFAULT_GROUP: usize = 256;

    /// Creates options with the path of the file.
    #[must_use]
    pub fn new(path: impl AsRef<Path>) -> Self {
        Self {
            path: path.as_ref().to_owned(),
            queue: Self::DEFAULT_QUEUE,
            group: Self::DEFAULT_GROUP,
            max_bytes: None,
            quick_check: false,
        }
    }

    /// Sets how many writes may wait, at least 1; further deliveries are refused at once.
    #[must_use]
    pub fn with_queue(mut self, writes: usize) -> Self {
        self.queue = writes.max(1);
        self
    }

    /// Sets the greatest number of writes in one commit, at least 1.
    #[must_use]
    pub fn with_group(mut self, writes: usize) -> Self {
        self.group = writes.max(1);
        self
    }

    /// Limits the size of the file, not counting its log. A full file refuses deliveries until
    /// entries are pruned or the limit is raised.
    #[must_use]
    pub fn with_max_bytes(mut self, bytes: u64) -> Self {
        self.max_bytes = Some(bytes);
        self
    }

    /// Sets whether opening reads the whole file to check that its pages and indexes are
    /// consistent. That takes some seconds per gigabyte.
    #[must_use]
    pub fn with_quick_check(mut self, wanted: bool) -> Self {
        self.quick_check = wanted;
        self
    }

    /// Opens the file. Creates it, readable by its owner only, if there is none, and migrates
    /// it from an earlier version. Blocks until that is done.
    ///
    /// # Errors
    ///
    /// - [`OpenError::File`], [`OpenError::Database`]
    /// - [`OpenError::OtherProgram`], [`OpenError::Newer`], [`OpenError::Damaged`]: the file is
    ///   not changed
    pub fn open(self) -> Result<SqliteStore, OpenError> {
        let file = |source| OpenError::File { path: self.path.clone(), source };
        file::create(&self.path).map_err(file)?;
        let before = Before::opening(&self.path).map_err(file)?;
        let writer = file::open_writer(&self.path, self.max_bytes, self.quick_check)?;
        let checkpoints = file::open_beside(&self.path)?;
        let reader = file::open_reader(&self.path)?;
        let start = || {
            let writing = Files::writing(writer, checkpoints, before.opened()?)?;
            let reading = Files::reading(reader);
            Ok(SqliteStore {
                writer: Worker::start("inbox-write", writing, self.queue, self.group)?,
                reader: Worker::start("inbox-read", reading, self.queue, 1)?,
                arrivals: Arrivals::new(),
            })
        };
        start().map_err(file)
    }

    /// Reads the version of the file. Creates, migrates and changes nothing, even while another
    /// process has the store open. Blocks until that is done.
    ///
    /// # Errors
    ///
    /// - [`OpenError::File`], [`OpenError::Database`]: also if there is no file
    /// - [`OpenError::OtherProgram`], [`OpenError::Newer`], [`OpenError::Damaged`]
    ///
    /// # Examples
    ///
    /// ```
    /// use spektr_inbox::store::sqlite::{OpenError, SqliteOptions};
    ///
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("inbox.db");
    /// let options = SqliteOptions::new(path);
    /// assert!(matches!(options.inspect(), Err(OpenError::Database { .. })));
    /// drop(options.clone().open()?);
    /// let inspection = options.inspect()?;
    /// assert_eq!(inspection.version, inspection.known);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn inspect(&self) -> Result<Inspection, OpenError> {
        let version = file::version(&self.path)?;
        Ok(Inspection {
            version: u32::try_from(version).unwrap_or(0),
            known: schema::MIGRATIONS.len() as u32,
        })
    }
}

/// The version of a file, before it is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Inspection {
    /// The version of the file's tables: 0 if the file is empty.
    pub version: u32,
    /// The version to which [`SqliteOptions::open`] migrates the file.
    pub known: u32,
}

/// Entries in one SQLite file. Dropping it completes the queued writes.
#[derive(Debug)]
pub struct SqliteStore {
    // Dropped first: the last connection that closes checkpoints the log into the file, and
    // only the writer's can.
    reader: Worker,
    writer: Worker,
    arrivals: Arrivals,
}

/// Returns the time after a job has waited for its turn, so that no lease is handed out
/// expired. Counts whole seconds: less does not matter to a lease, and a test's clock does not
/// advance by itself.
fn later(now: Timestamp, asked: Instant) -> Timestamp {
    after(now, Duration::from_secs(asked.elapsed().as_secs()))
}

impl Store for SqliteStore {
    fn accept(&self, entries: Vec<NewEntry>) -> StoreFuture<'_, Vec<Acceptance>> {
        Box::pin(async move {
            let accepting = move |connection: &_| write::accept(connection, &entries);
            let done = self.writer.try_write(accepting).await;
            done.inspect(|accepted| self.arrivals.accepted(accepted))
        })
    }

    fn arrivals(&self) -> Receiver<()> {
        self.arrivals.subscribe()
    }

    fn claim(&self, request: ClaimRequest) -> StoreFuture<'_, Vec<Claim>> {
        let asked = Instant::now();
        Box::pin(self.writer.work(false, move |connection| {
            let request = ClaimRequest { now: later(request.now, asked), ..request.clone() };
            lease::claim(connection, &request)
        }))
    }

    fn extend(
        &self,
        leases: Vec<Lease>,
        now: Timestamp,
        duration: Duration,
    ) -> StoreFuture<'_, Vec<Lease>> {
        let asked = Instant::now();
        Box::pin(self.writer.work(false, move |connection| {
            lease::extend(connection, &leases, after(later(now, asked), duration))
        }))
    }

    fn give_back(&self, leases: Vec<Lease>, now: Timestamp) -> StoreFuture<'_, u64> {
        Box::pin(async move {
            let giving = move |connection: &_| lease::give_back(connection, &leases, now);
            let done = self.writer.work(true, giving).await;
            done.inspect(|count| self.arrivals.changed(*count > 0))
        })
    }

    fn settle_with_status(
        &self,
        lease: Lease,
        settlement: Settlement,
        status: Option<u16>,
        now: Timestamp,
    ) -> StoreFuture<'_, bool> {
        Box::pin(self.writer.work(true, move |connection| {
            lease::settle(connection, lease, &settlement, status, now)
        }))
    }

    fn set_paused(&self, is_paused: bool, record: Record) -> StoreFuture<'_, bool> {
        Box::pin(async move {
            let setting = move |connection: &_| pause::set(connection, is_paused, &record);
            let done = self.writer.write(setting).await;
            done.inspect(|is_change| self.arrivals.changed(*is_change && !is_paused))
        })
    }

    fn list(&self, filter: Filter, after: i64, limit: usize) -> StoreFuture<'_, Vec<StoredEntry>> {
        Box::pin(self.reader.alone(move |connection| read::list(connection, &filter, after, limit)))
    }

    fn page(&self, filter: Filter, before: Option<i64>, limit: usize) -> StoreFuture<'_, Page> {
        Box::pin(
            self.reader.alone(move |connection| page::page(connection, &filter, before, limit)),
        )
    }

    fn compare(&self, entries: Vec<NewEntry>) -> StoreFuture<'_, Vec<Presence>> {
        Box::pin(self.reader.alone(move |connection| compare::compare(connection, &entries)))
    }

    fn count(&self, filter: Filter) -> StoreFuture<'_, u64> {
        Box::pin(self.reader.alone(move |connection| read::count(connection, &filter)))
    }

    fn tally(&self, filter: Filter, now: Timestamp) -> StoreFuture<'_, Vec<Tally>> {
        Box::pin(self.reader.alone(move |connection| read::tally(connection, &filter, now)))
    }

    fn release(
        &self,
        filter: Filter,
        after: i64,
        limit: usize,
        now: Timestamp,
        record: Option<Record>,
    ) -> StoreFuture<'_, Vec<i64>> {
        Box::pin(async move {
            let releasing = move |connection: &_| {
                release::release(connection, &filter, after, limit, now, record.as_ref())
            };
            let done = self.writer.write(releasing).await;
            done.inspect(|numbers| self.arrivals.changed(!numbers.is_empty()))
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
        Box::pin(async move {
            let making = move |connection: &_| {
                release::make_due(connection, &filter, after, limit, now, record.as_ref())
            };
            let done = self.writer.write(making).await;
            done.inspect(|numbers| self.arrivals.changed(!numbers.is_empty()))
        })
    }

    fn prune(
        &self,
        filter: Filter,
        limit: usize,
        now: Timestamp,
        record: Option<Record>,
    ) -> StoreFuture<'_, u64> {
        Box::pin(self.writer.write(move |connection| {
            prune::prune(connection, &filter, limit, now, record.as_ref())
        }))
    }

    fn resolve(&self, number: i64, reason: String, record: Record) -> StoreFuture<'_, bool> {
        Box::pin(async move {
            let resolving =
                move |connection: &_| write::resolve(connection, number, &reason, &record);
            let done = self.writer.write(resolving).await;
            done.inspect(|is_resolved| self.arrivals.changed(*is_resolved))
        })
    }

    fn replace(
        &self,
        original: Original,
        entries: Vec<NewEntry>,
        record: Record,
    ) -> StoreFuture<'_, Option<Vec<Acceptance>>> {
        Box::pin(async move {
            let replacing =
                move |connection: &_| write::replace(connection, original, &entries, &record);
            let done = self.writer.write(replacing).await;
            done.inspect(|accepted| self.arrivals.accepted(accepted.as_deref().unwrap_or_default()))
        })
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
        Box::pin(async move {
            let importing =
                move |connection: &_| import::import(connection, &entries, record.as_ref());
            let done = self.writer.write(importing).await;
            done.inspect(|accepted| self.arrivals.accepted(accepted))
        })
    }

    fn tombstones(
        &self,
        after: Option<Tombstone>,
        limit: usize,
    ) -> StoreFuture<'_, Vec<Tombstone>> {
        Box::pin(
            self.reader
                .alone(move |connection| prune::tombstones(connection, after.as_ref(), limit)),
        )
    }

    fn bury(&self, tombstones: Vec<Tombstone>) -> StoreFuture<'_, ()> {
        Box::pin(self.writer.write(move |connection| prune::bury(connection, &tombstones)))
    }

    fn forget(
        &self,
        pruned_before: Timestamp,
        sources: Vec<(String, Timestamp)>,
        limit: usize,
    ) -> StoreFuture<'_, u64> {
        Box::pin(
            self.writer
                .write(move |connection| prune::forget(connection, pruned_before, &sources, limit)),
        )
    }

    fn record(&self, record: Record, affected: u64) -> StoreFuture<'_, ()> {
        Box::pin(self.writer.write(move |connection| actions::write(connection, &record, affected)))
    }

    fn actions(&self, after: i64, limit: usize) -> StoreFuture<'_, Vec<Recorded>> {
        Box::pin(self.reader.alone(move |connection| actions::actions(connection, after, limit)))
    }

    fn import_actions(&self, actions: Vec<Recorded>) -> StoreFuture<'_, ()> {
        Box::pin(self.writer.write(move |connection| actions::import(connection, &actions)))
    }

    fn attempts(&self, number: i64) -> StoreFuture<'_, Vec<Attempt>> {
        Box::pin(self.reader.alone(move |connection| actions::attempts(connection, number)))
    }

    fn stats(&self) -> StoreFuture<'_, Stats> {
        let queue = self.writer.depth();
        Box::pin(self.reader.alone(move |connection| read::stats(connection, queue)))
    }

    fn probe(&self) -> StoreFuture<'_, ()> {
        Box::pin(self.writer.try_write(write::probe))
    }

    fn is_alive(&self) -> bool {
        self.writer.is_alive() && self.reader.is_alive()
    }

    fn quarantine(
        &self,
        rejected: Rejected,
        max_count: usize,
        max_bytes: usize,
    ) -> StoreFuture<'_, ()> {
        Box::pin(self.writer.try_write(move |connection| {
            quarantine::keep(connection, &rejected, max_count, max_bytes)
        }))
    }

    fn quarantined(&self, after: i64, limit: usize) -> StoreFuture<'_, Vec<Quarantined>> {
        Box::pin(self.reader.alone(move |connection| quarantine::list(connection, after, limit)))
    }

    fn discard(&self, numbers: Vec<i64>, record: Option<Record>) -> StoreFuture<'_, u64> {
        Box::pin(
            self.writer.write(move |connection| {
                quarantine::discard(connection, &numbers, record.as_ref())
            }),
        )
    }

    fn notes(&self) -> StoreFuture<'_, Vec<(String, String)>> {
        Box::pin(self.reader.alone(notes::notes))
    }

    fn note(&self, name: String) -> StoreFuture<'_, Option<String>> {
        Box::pin(self.reader.alone(move |connection| notes::note(connection, &name)))
    }

    fn set_note(&self, name: String, text: String) -> StoreFuture<'_, ()> {
        Box::pin(self.writer.write(move |connection| notes::set_note(connection, &name, &text)))
    }
}
