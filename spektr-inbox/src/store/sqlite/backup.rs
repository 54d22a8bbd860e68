//! Copies a store while it is in use, and replaces a store that is not in use by a copy.
//!
//! The reasons are a decision (ARCHITECTURE.md, I15).

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use rusqlite::{Connection, ErrorCode};
use thiserror::Error;

use super::file::{self, OpenError, with_suffix};

/// The suffix of the name of a replaced store.
const REPLACED: &str = ".replaced";

/// The suffixes of SQLite's logs. SQLite applies them to any file of the store's name.
const LOGS: [&str; 3] = ["-wal", "-shm", "-journal"];

/// The reason why a store was not copied. No part of a copy remains.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum BackupError {
    /// The store to copy cannot be opened, or is incomplete.
    #[error("cannot read the store")]
    Open(#[from] OpenError),
    /// A file of that name exists already.
    #[error("{path} exists", path = path.display())]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// A process has the store to be replaced open.
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
        /// The system's error.
        #[source]
        source: io::Error,
    },
    /// SQLite cannot write the copy.
    #[error("cannot copy the store to {path}", path = path.display())]
    Copy {
        /// The file.
        path: PathBuf,
        /// SQLite's error.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

/// Copies a store to a new file, readable by its owner only, while receivers and workers use
/// it: the copy is the store at one moment. Returns the copy's size in bytes.
///
/// `cp` cannot do this. The last commits are in the log beside the file (`-wal`), and are
/// missing in a copy of the file alone. A copy of file and log made during writes has pages of
/// different moments.
///
/// Blocks until the copy is complete.
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

/// Replaces a store that no process has open by a copy. The copy is checked and remains. The
/// replaced store is kept beside the new one, with the suffix `.replaced`. Returns the path of the
/// replaced store, if there was one.
///
/// If the process is killed or the power fails, the path leads to the old store or to the whole
/// copy; call the function again. Logs (`-wal`, `-shm`, `-journal`) without a store are renamed
/// with `.replaced` too, because SQLite would apply them to the copy. If a store is so damaged
/// that it cannot be opened, move it away first, with its logs.
///
/// [Reconciliation](crate::reconcile) fetches the entries that arrived after the copy was made,
/// as far back as the sender lists them.
///
/// # Errors
///
/// - [`BackupError::Open`]: the copy is not a whole store, or the store cannot be opened
/// - [`BackupError::InUse`]: the store is open; [`BackupError::Exists`]: a store that was
///   replaced earlier is still there
/// - [`BackupError::Io`], [`BackupError::Copy`]
pub fn restore(copy_of_it: &Path, store: &Path) -> Result<Option<PathBuf>, BackupError> {
    let connection = file::open_existing(copy_of_it)?;
    file::quick_check(&connection, copy_of_it)?;
    if store.try_exists().map_err(io(store))? {
        // SQLite puts the logs beside the file itself, not beside a link to it.
        let store = fs::canonicalize(store).map_err(io(store))?;
        replace(&connection, &store).map(Some)
    } else {
        put_where_none_is(&connection, store).map(|()| None)
    }
}

/// Replaces a store by a copy. The rename is atomic, so the path always leads to the old file
/// or to the new file. Returns the new path of the old file.
fn replace(copy_of_it: &Connection, store: &Path) -> Result<PathBuf, BackupError> {
    let replaced = with_suffix(store, REPLACED);
    // A killed process may have left `.replaced` as a second name of the store still in place.
    if replaced.try_exists().map_err(io(&replaced))? && !is_one_file(store, &replaced)? {
        return Err(BackupError::Exists { path: replaced });
    }
    // No process can open the store, and make a log for it, until this is dropped.
    let _closed = close(store)?;
    let new = copy_beside(copy_of_it, store)?;
    match fs::hard_link(store, &replaced) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        linked => linked.map_err(io(&replaced))?,
    }
    fs::rename(&new, store).map_err(io(store))?;
    file::sync_folder(store).map_err(io(store))?;
    Ok(replaced)
}

/// Puts a copy where there is no store, although its logs may exist.
fn put_where_none_is(copy_of_it: &Connection, store: &Path) -> Result<(), BackupError> {
    let new = copy_beside(copy_of_it, store)?;
    for suffix in LOGS {
        let (log, moved) = (with_suffix(store, suffix), with_suffix(store, REPLACED));
        let moved = with_suffix(&moved, suffix);
        if !log.try_exists().map_err(io(&log))? {
            continue;
        }
        if moved.try_exists().map_err(io(&moved))? {
            return Err(BackupError::Exists { path: moved });
        }
        fs::rename(&log, &moved).map_err(io(&log))?;
    }
    // Make the removal of the logs durable before there is a file that SQLite could apply them
    // to.
    file::sync_folder(store).map_err(io(store))?;
    // Unlike a rename, a link does not replace a store that another process has made meanwhile.
    match fs::hard_link(&new, store) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            return Err(BackupError::Exists { path: store.to_owned() });
        }
        linked => linked.map_err(io(store))?,
    }
    fs::remove_file(&new).map_err(io(&new))?;
    file::sync_folder(store).map_err(io(store))
}

/// Writes a copy beside the place of a store, replacing the rest of an interrupted one.
fn copy_beside(connection: &Connection, store: &Path) -> Result<PathBuf, BackupError> {
    let new = with_suffix(store, ".restoring");
    for suffix in ["", "-journal"] {
        let left = with_suffix(&new, suffix);
        match fs::remove_file(&left) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(BackupError::Io { path: left, source: error });
            }
            _removed => {}
        }
    }
    copy(connection, &new)?;
    Ok(new)
}

/// Checkpoints the log of a store into its file and locks the store. This fails if another
/// process has it open.
fn close(store: &Path) -> Result<Connection, BackupError> {
    let connection = file::open_existing(store)?;
    let failed = |error: rusqlite::Error| match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => in_use(store),
        _ => BackupError::Open(file::database(store, error)),
    };
    let mode: String = connection
        .pragma_update_and_check(None, "journal_mode", "DELETE", |row| row.get(0))
        .map_err(failed)?;
    if mode != "delete" {
        return Err(in_use(store));
    }
    connection.execute_batch("BEGIN EXCLUSIVE").map_err(failed)?;
    Ok(connection)
}

fn in_use(store: &Path) -> BackupError {
    BackupError::InUse { path: store.to_owned() }
}

fn is_one_file(one: &Path, other: &Path) -> Result<bool, BackupError> {
    let identity = |path: &Path| {
        let metadata = fs::metadata(path).map_err(io(path))?;
        Ok::<_, BackupError>((metadata.dev(), metadata.ino()))
    };
    Ok(identity(one)? == identity(other)?)
}

fn io(path: &Path) -> impl FnOnce(io::Error) -> BackupError + use<> {
    let path = path.to_owned();
    move |source| BackupError::Io { path, source }
}

fn copy(connection: &Connection, to: &Path) -> Result<u64, BackupError> {
    let io = |source| BackupError::Io { path: to.to_owned(), source };
    // SQLite accepts an empty file, so its mode is set before it has any content.
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
