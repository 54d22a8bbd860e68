//! Copies a store while it is in use, and puts a copy in place of one that is not.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use rusqlite::Connection;
use thiserror::Error;

use super::file::{self, OpenError};

/// Why a store was not copied. There is no part of a copy then.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum BackupError {
    /// What is to be copied cannot be opened, or is not a whole store.
    #[error("cannot read the store")]
    Open(#[from] OpenError),
    /// There is a file of that name already.
    #[error("{path} exists", path = path.display())]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// A process has the store open that is to be replaced.
    #[error("{path} is in use: end every process that has it open", path = path.display())]
    InUse {
        /// The file.
        path: PathBuf,
    },
    /// A file cannot be written.
    #[error("cannot write {path}", path = path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// SQLite cannot write the copy.
    #[error("cannot copy the store to {path}", path = path.display())]
    Copy {
        /// The file.
        path: PathBuf,
        /// What SQLite says.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

/// Copies a store to a new file, readable by its owner only, while receivers and workers
/// use it: the copy is the store as it is at one moment. Returns its size in bytes.
///
/// `cp` does not do that. What was committed last is in the log beside the file (`-wal`)
/// and is not in a copy of the file alone; and a copy that is read while others write, log
/// included, has pages of different moments.
///
/// Blocks for as long as it takes.
///
/// # Errors
///
/// - [`BackupError::Open`]: the store is left as it is
/// - [`BackupError::Exists`], [`BackupError::Io`], [`BackupError::Copy`]
///
/// # Examples
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # let (path, copy) = (folder.path().join("inbox.db"), folder.path().join("copy.db"));
/// use spektr_inbox::store::sqlite::{SqliteOptions, backup, restore};
///
/// let store = SqliteOptions::new(&path).open()?;
/// backup(&path, &copy)?;
/// drop(store);
/// restore(&copy, &path)?;
/// # Ok(())
/// # }
/// ```
pub fn backup(store: &Path, to: &Path) -> Result<u64, BackupError> {
    let connection = file::open_existing(store)?;
    copy(&connection, to)
}

/// Puts a copy in the place of a store that no process has open. The copy is checked and
/// remains; the store that was there is kept beside it, with `.replaced` behind its name.
///
/// Entries that arrived after the copy was made are fetched again by
/// [reconciliation](crate::reconcile), as far back as the sender lists them.
///
/// # Errors
///
/// - [`BackupError::Open`]: the copy is not a whole store
/// - [`BackupError::InUse`]: the store is open; [`BackupError::Exists`]: one that was
///   replaced earlier is still there
/// - [`BackupError::Io`], [`BackupError::Copy`]
pub fn restore(copy_of_it: &Path, store: &Path) -> Result<(), BackupError> {
    let io = |path: &Path| {
        let path = path.to_owned();
        move |source| BackupError::Io { path, source }
    };
    let connection = file::open_existing(copy_of_it)?;
    file::quick_check(&connection, copy_of_it)?;
    let replaced = with_suffix(store, ".replaced");
    let has_store = store.try_exists().map_err(io(store))?;
    if has_store {
        if replaced.try_exists().map_err(io(&replaced))? {
            return Err(BackupError::Exists { path: replaced });
        }
        close(store)?;
    }
    let new = with_suffix(store, ".restoring");
    copy(&connection, &new)?;
    if has_store {
        fs::rename(store, &replaced).map_err(io(store))?;
    }
    fs::rename(&new, store).map_err(io(store))?;
    file::sync_folder(store).map_err(io(store))
}

/// Folds the log of a store into its file, which only works while nobody has it open.
fn close(store: &Path) -> Result<(), BackupError> {
    let connection = file::open_existing(store)?;
    let in_use = || BackupError::InUse { path: store.to_owned() };
    let mode: String = connection
        .pragma_update_and_check(None, "journal_mode", "DELETE", |row| row.get(0))
        .map_err(|_| in_use())?;
    if mode == "delete" { Ok(()) } else { Err(in_use()) }
}

fn copy(connection: &Connection, to: &Path) -> Result<u64, BackupError> {
    let io = |source| BackupError::Io { path: to.to_owned(), source };
    // SQLite takes an empty file, whose mode is set before anything is in it.
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(to) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            return Err(BackupError::Exists { path: to.to_owned() });
        }
        created => drop(created.map_err(io)?),
    }
    let write = || {
        let path = to.to_str().ok_or_else(|| {
            io(io::Error::new(io::ErrorKind::InvalidInput, "the path is not UTF-8"))
        })?;
        connection.execute("VACUUM INTO ?1", [path]).map_err(|source| BackupError::Copy {
            path: to.to_owned(),
            source: Box::new(source),
        })?;
        let file = File::open(to).map_err(io)?;
        file.sync_all().map_err(io)?;
        file::sync_folder(to).map_err(io)?;
        Ok(file.metadata().map_err(io)?.len())
    };
    let written = write();
    if written.is_err() {
        // The first error is the one that matters.
        let _removed = fs::remove_file(to);
    }
    written
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut path = path.as_os_str().to_owned();
    path.push(suffix);
    path.into()
}
