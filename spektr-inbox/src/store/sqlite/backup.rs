//! Copies a store while it is in use, and puts a copy in place of one that is not.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use rusqlite::{Connection, ErrorCode};
use thiserror::Error;

use super::file::{self, OpenError, with_suffix};

/// What is behind the name of a store that was replaced.
const REPLACED: &str = ".replaced";

/// What SQLite writes beside a store and applies to any file of that name.
const LOGS: [&str; 3] = ["-wal", "-shm", "-journal"];

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
/// If it is killed or the power fails, the path leads to the store that was there or to the
/// whole copy; call it again. Logs (`-wal`, `-shm`, `-journal`) without a store are moved to
/// `.replaced` too: SQLite would apply them to the copy. A store that is so damaged that it
/// cannot be opened has to be moved away first, with its logs.
///
/// Entries that arrived after the copy was made are fetched again by
/// [reconciliation](crate::reconcile), as far back as the sender lists them.
///
/// # Errors
///
/// - [`BackupError::Open`]: the copy is not a whole store, or the store cannot be opened
/// - [`BackupError::InUse`]: the store is open; [`BackupError::Exists`]: one that was
///   replaced earlier is still there
/// - [`BackupError::Io`], [`BackupError::Copy`]
pub fn restore(copy_of_it: &Path, store: &Path) -> Result<(), BackupError> {
    let connection = file::open_existing(copy_of_it)?;
    file::quick_check(&connection, copy_of_it)?;
    if store.try_exists().map_err(io(store))? {
        // SQLite has the logs beside the file itself, not beside a link to it.
        let store = fs::canonicalize(store).map_err(io(store))?;
        replace(&connection, &store)
    } else {
        put_where_none_is(&connection, store)
    }
}

/// Puts a copy in the place of a store. A rename does it, so that there is always one of both.
fn replace(copy_of_it: &Connection, store: &Path) -> Result<(), BackupError> {
    let replaced = with_suffix(store, REPLACED);
    // One that was killed can have left a second name of the store that is still in place.
    if replaced.try_exists().map_err(io(&replaced))? && !is_one_file(store, &replaced)? {
        return Err(BackupError::Exists { path: replaced });
    }
    // Nobody opens the store, and makes a log for it, until this is dropped.
    let _closed = close(store)?;
    let new = copy_beside(copy_of_it, store)?;
    match fs::hard_link(store, &replaced) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        linked => linked.map_err(io(&replaced))?,
    }
    fs::rename(&new, store).map_err(io(store))?;
    file::sync_folder(store).map_err(io(store))
}

/// Puts a copy where there is no store, but may be the logs of one.
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
    // The logs are away for good before there is a file to which they could be applied.
    file::sync_folder(store).map_err(io(store))?;
    // Unlike a rename, it does not replace a store that somebody has made meanwhile.
    match fs::hard_link(&new, store) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            return Err(BackupError::Exists { path: store.to_owned() });
        }
        linked => linked.map_err(io(store))?,
    }
    fs::remove_file(&new).map_err(io(&new))?;
    file::sync_folder(store).map_err(io(store))
}

/// Writes a copy beside the place of a store, in place of one that was killed half-way.
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

/// Folds the log of a store into its file and locks it, which only works while nobody has it
/// open.
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
