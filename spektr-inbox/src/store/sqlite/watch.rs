//! Detects that the file of the open store is gone.
//!
//! SQLite keeps using the file that it has opened: if the file was removed or replaced, commits
//! still succeed, and all of them are lost when the process ends. So the writer compares the
//! files at the paths with those that were opened, before and after each commit.
//!
//! The reasons are a decision (ARCHITECTURE.md, I14).

use std::fs::{self, File, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use rusqlite::Connection;

use super::file::with_suffix;
use crate::store::StoreError;

/// The files of an open store.
#[derive(Debug)]
pub(super) struct Watch {
    file: WatchedFile,
    log: WatchedFile,
    index: WatchedFile,
    /// The size of the file at the last check. The file shrinks only by `VACUUM`.
    size: u64,
    /// Permanent damage that was found before.
    damage: Option<&'static str>,
}

/// A path, and the identity of the file at it.
#[derive(Debug)]
struct WatchedFile {
    path: PathBuf,
    device: u64,
    inode: u64,
}

impl WatchedFile {
    fn new(path: PathBuf) -> io::Result<Self> {
        let metadata = fs::metadata(&path)?;
        Ok(Self { path, device: metadata.dev(), inode: metadata.ino() })
    }

    /// Returns the metadata of the file at the path, if it is still the same file.
    fn same(&self) -> Option<Metadata> {
        let metadata = fs::metadata(&self.path).ok()?;
        (metadata.dev() == self.device && metadata.ino() == self.inode).then_some(metadata)
    }
}

/// The file at a path before the path is opened.
#[derive(Debug)]
pub(super) struct FileToOpen(WatchedFile);

impl FileToOpen {
    pub(super) fn at(path: &Path) -> io::Result<Self> {
        // An absolute path, because the process may change its working directory.
        Ok(Self(WatchedFile::new(std::path::absolute(path)?)?))
    }

    /// Watches the file that was opened since, and its log and index, which exist from the
    /// first transaction on.
    pub(super) fn opened(self) -> io::Result<Watch> {
        // SQLite puts these files beside the file itself, not beside a link to it.
        let real = fs::canonicalize(&self.0.path)?;
        let beside = |suffix: &str| WatchedFile::new(with_suffix(&real, suffix));
        let (log, index) = (beside("-wal")?, beside("-shm")?);
        let replaced = || io::Error::other("it was replaced while it was opened");
        let size = self.0.same().ok_or_else(replaced)?.len();
        Ok(Watch { file: self.0, log, index, size, damage: None })
    }
}

impl Watch {
    /// Opens the log. Closing it later releases no lock, because SQLite locks parts of the
    /// index instead.
    pub(super) fn open_log(&self) -> io::Result<File> {
        File::open(&self.log.path)
    }

    /// Fails unless the store is still at the path where it was opened.
    pub(super) fn check(&mut self, connection: &Connection) -> Result<(), StoreError> {
        let gone = |problem| Err(StoreError::Gone { problem });
        if let Some(problem) = self.damage {
            return gone(problem);
        }
        let Some(file) = self.file.same() else {
            return gone("it was removed or replaced");
        };
        if self.log.same().is_none() || self.index.same().is_none() {
            return gone("its -wal or -shm was removed or replaced");
        }
        if file.len() < self.size && !is_whole(connection, file.len())? {
            self.damage = Some("it was cut short");
            return gone("it was cut short");
        }
        self.size = file.len();
        Ok(())
    }
}

/// Returns whether a file that has become smaller has all its pages, as after `VACUUM`.
fn is_whole(connection: &Connection, size: u64) -> Result<bool, StoreError> {
    let pragma = |name| connection.pragma_query_value(None, name, |row| row.get::<_, u64>(0));
    Ok(size == pragma("page_count")? * pragma("page_size")?)
}
