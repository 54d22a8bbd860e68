//! The store in one SQLite file, for one machine.
//!
//! One thread writes. It commits many waiting deliveries at once, and syncs the log before it
//! answers them. Another thread reads concurrently. Operations of workers are answered before
//! they are synced, which happens some 10 ms later: after a power cut, the work of that moment
//! is done again.
//!
//! Once the file, its `-wal` or its `-shm` has been removed, replaced or truncated, each write
//! fails with [`StoreError::Gone`], so that nothing is acknowledged. A file whose bytes another
//! program overwrites in place is not detected: use [`backup`] and [`restore`], never `cp`.

mod accept;
mod actions;
mod archive;
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
mod queue;
mod read;
mod reception;
mod release;
mod replace;
mod row;
mod schema;
mod sync;
mod thread;
mod watch;

use std::path::{Path, PathBuf};

use rusqlite::Connection;

pub use backup::{BackupError, backup, restore};
pub use file::OpenError;
use thread::{StoreThread, ThreadConnection};
use watch::FileToOpen;

use super::arrivals::Arrivals;
use super::{StoreError, StoreFuture};

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
        let before = FileToOpen::at(&self.path).map_err(file)?;
        let writer = file::open_writer(&self.path, self.max_bytes, self.quick_check)?;
        let checkpoints = file::open_beside(&self.path)?;
        let reader = file::open_reader(&self.path)?;
        let start = || {
            let writing = ThreadConnection::writing(writer, checkpoints, before.opened()?)?;
            let reading = ThreadConnection::reading(reader);
            Ok(SqliteStore {
                writer: StoreThread::start("inbox-write", writing, self.queue, self.group)?,
                reader: StoreThread::start("inbox-read", reading, self.queue, 1)?,
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
    reader: StoreThread,
    writer: StoreThread,
    arrivals: Arrivals,
}

impl SqliteStore {
    /// Reads beside the writer.
    fn read<T: Send + 'static>(
        &self,
        run: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> StoreFuture<'_, T> {
        Box::pin(self.reader.alone(run))
    }

    /// Writes in a transaction.
    fn write<T: Send + 'static>(
        &self,
        run: impl FnMut(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> StoreFuture<'_, T> {
        Box::pin(self.writer.write(run))
    }

    /// Writes in a transaction, and wakes the workers if the outcome says that entries may be
    /// due.
    fn write_and_wake<T: Send + 'static>(
        &self,
        run: impl FnMut(&Connection) -> Result<T, StoreError> + Send + 'static,
        may_be_due: impl FnOnce(&T) -> bool + Send + 'static,
    ) -> StoreFuture<'_, T> {
        Box::pin(async move {
            let done = self.writer.write(run).await;
            done.inspect(|outcome| self.arrivals.changed(may_be_due(outcome)))
        })
    }
}
