//! Opens the file: checks its program and version, migrates it, and sets how it is written.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions, Permissions};
use std::io;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags};
use thiserror::Error;

use super::checkpoint;
use super::schema::{self, APPLICATION_ID, MIGRATIONS};

/// How long a connection waits for locks of other processes.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// The reason why a file cannot be used as a store.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The file cannot be created, or its mode cannot be set.
    #[error("cannot open {path}", path = path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// The system's error.
        #[source]
        source: io::Error,
    },
    /// SQLite cannot open the file; it may not be a SQLite database at all.
    #[error("cannot open {path} as an SQLite database", path = path.display())]
    Database {
        /// The file.
        path: PathBuf,
        /// SQLite's error.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The file is an SQLite database of another program.
    #[error("{path} is the database of another program", path = path.display())]
    OtherProgram {
        /// The file.
        path: PathBuf,
    },
    /// Pages or indexes of the file contradict each other. Restore a backup.
    #[error("{path} is damaged", path = path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
    },
    /// A newer version of this crate has written the file.
    #[error("{path} has version {found}, and this program knows {known}: update it", path = path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// The version of the file.
        found: i32,
        /// The newest version that this crate knows.
        known: i32,
    },
}

/// The size of the log that stays on disk after a checkpoint: a long reader can make the log
/// grow to any size.
const LOG_BYTES: i64 = 32 * 1024 * 1024;

/// Opens the file for writing and migrates it if needed. [`create`] has made it if it did not
/// exist.
pub(super) fn open_writer(
    path: &Path,
    max_bytes: Option<u64>,
    is_checked: bool,
) -> Result<Connection, OpenError> {
    let file = |source| OpenError::File { path: path.to_owned(), source };
    let mut connection = open(path, OpenFlags::default())?;
    let database = |source| database(path, source);
    check(&connection, path)?;
    if is_checked {
        quick_check(&connection, path)?;
    }
    if is_open_to_others(path).map_err(file)? {
        // Reopen after `chmod`: SQLite creates the log with the mode that the file then has.
        drop(connection);
        fs::set_permissions(path, Permissions::from_mode(0o600)).map_err(file)?;
        connection = open(path, OpenFlags::default())?;
    }
    log_ahead(&connection).map_err(database)?;
    // A commit returns after the log is on disk, so a power cut loses no acknowledged delivery.
    // `sync.rs` explains which commits do not wait for that.
    connection.pragma_update(None, "synchronous", "FULL").map_err(database)?;
    // Overwrites deleted data, for erasure.
    connection.pragma_update(None, "secure_delete", "ON").map_err(database)?;
    // Ids arrive in random order, so lookups spread over the whole index: 32 MiB of pages stay
    // in memory.
    connection.pragma_update(None, "cache_size", -32 * 1024).map_err(database)?;
    // Used during the migration. Afterwards the `Checkpointer` replaces SQLite's own
    // checkpoints.
    connection.pragma_update(None, "wal_autocheckpoint", checkpoint::PAGES).map_err(database)?;
    connection.pragma_update(None, "journal_size_limit", LOG_BYTES).map_err(database)?;
    schema::migrate(&mut connection).map_err(database)?;
    // The rollback journal of the file's creation must not come back after a power cut.
    sync_folder(path).map_err(file)?;
    if let Some(bytes) = max_bytes {
        let page: u64 = connection
            .pragma_query_value(None, "page_size", |row| row.get::<_, u32>(0))
            .map_err(database)?
            .into();
        let pages = i64::try_from(bytes / page).unwrap_or(i64::MAX);
        connection.pragma_update(None, "max_page_count", pages).map_err(database)?;
    }
    Ok(connection)
}

/// Opens the file for checkpoints. [`open_writer`] has opened it before.
pub(super) fn open_beside(path: &Path) -> Result<Connection, OpenError> {
    let flags = OpenFlags::default().difference(OpenFlags::SQLITE_OPEN_CREATE);
    let connection = open(path, flags)?;
    let prepare = || {
        // With FULL, each checkpoint syncs the file before the log is restarted.
        connection.pragma_update(None, "synchronous", "FULL")?;
        // SQLite opens the log at the first read of the file.
        connection.pragma_query_value(None, "user_version", |row| row.get::<_, i32>(0))
    };
    prepare().map_err(|source| database(path, source))?;
    Ok(connection)
}

/// Opens the file for reading. [`open_writer`] has opened it before.
pub(super) fn open_reader(path: &Path) -> Result<Connection, OpenError> {
    let connection = open(path, OpenFlags::default())?;
    connection.pragma_update(None, "query_only", "ON").map_err(|source| database(path, source))?;
    Ok(connection)
}

/// Opens a store that must exist, without migrating it.
pub(super) fn open_existing(path: &Path) -> Result<Connection, OpenError> {
    let flags = OpenFlags::default().difference(OpenFlags::SQLITE_OPEN_CREATE);
    let connection = open(path, flags)?;
    check(&connection, path)?;
    let version = connection.pragma_query_value(None, "user_version", |row| row.get::<_, i32>(0));
    match version.map_err(|source| database(path, source))? {
        0 => Err(OpenError::OtherProgram { path: path.to_owned() }),
        _ => Ok(connection),
    }
}

/// Returns the version of a file. Writes nothing to the file or beside it.
pub(super) fn version(path: &Path) -> Result<i32, OpenError> {
    // SQLite puts the logs beside the file itself, not beside a link to it. If there is no
    // file, SQLite reports that.
    let real = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY
        | OpenFlags::SQLITE_OPEN_NO_MUTEX
        | OpenFlags::SQLITE_OPEN_URI;
    let is_closed = ["-wal", "-journal"].iter().all(|end| !with_suffix(&real, end).exists());
    let connection = if is_closed {
        // Otherwise reading would create a log and its index, which no process would remove.
        open(&immutable(&real), flags)?
    } else {
        open(path, flags)?
    };
    check(&connection, path)?;
    connection
        .pragma_query_value(None, "user_version", |row| row.get(0))
        .map_err(|source| database(path, source))
}

/// Returns the path of a file beside another one: its path with a suffix.
pub(super) fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut path = path.as_os_str().to_owned();
    path.push(suffix);
    path.into()
}

/// Returns the URI with which SQLite reads a file that no process writes.
fn immutable(path: &Path) -> PathBuf {
    let mut uri = b"file://".to_vec();
    for byte in path.as_os_str().as_bytes() {
        match byte {
            b'%' | b'?' | b'#' => uri.extend(format!("%{byte:02X}").into_bytes()),
            _ => uri.push(*byte),
        }
    }
    uri.extend(b"?immutable=1");
    OsString::from_vec(uri).into()
}

/// Checks that pages and indexes are consistent, which reads the whole file.
pub(super) fn quick_check(connection: &Connection, path: &Path) -> Result<(), OpenError> {
    let found: rusqlite::Result<String> =
        connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0));
    match found {
        Ok(word) if word == "ok" => Ok(()),
        Ok(_) => Err(OpenError::Damaged { path: path.to_owned() }),
        Err(error) => Err(database(path, error)),
    }
}

fn open(path: &Path, flags: OpenFlags) -> Result<Connection, OpenError> {
    let connection =
        Connection::open_with_flags(path, flags).map_err(|source| database(path, source))?;
    let prepare = || {
        // Other processes, such as a command line tool, write occasionally.
        connection.busy_timeout(BUSY_TIMEOUT)?;
        connection.pragma_update(None, "temp_store", "MEMORY")?;
        connection.pragma_update(None, "trusted_schema", "OFF")?;
        // Otherwise SQLite plans a statement again for each value that could select another
        // index.
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
        connection.set_prepared_statement_cache_capacity(64);
        Ok(())
    };
    prepare().map_err(|source| database(path, source))?;
    Ok(connection)
}

/// Switches the file to a write-ahead log. For this change, unlike others, SQLite does not wait
/// for other processes that open the new file, so it is retried.
fn log_ahead(connection: &Connection) -> rusqlite::Result<()> {
    const PAUSE: Duration = Duration::from_millis(5);
    for _ in 0..BUSY_TIMEOUT.as_millis() / PAUSE.as_millis() {
        match connection.pragma_update(None, "journal_mode", "WAL") {
            Err(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) => {
                std::thread::sleep(PAUSE);
            }
            result => return result,
        }
    }
    connection.pragma_update(None, "journal_mode", "WAL")
}

/// Rejects files of other programs and of newer versions, before anything is written.
fn check(connection: &Connection, path: &Path) -> Result<(), OpenError> {
    // In one transaction: another process may be migrating the file, and values from before and
    // after the migration would be inconsistent.
    let read = || {
        let snapshot = connection.unchecked_transaction()?;
        let pragma = |name| snapshot.pragma_query_value(None, name, |row| row.get::<_, i32>(0));
        let count = "SELECT count(*) FROM sqlite_schema";
        let objects: i64 = snapshot.query_row(count, [], |row| row.get(0))?;
        Ok((pragma("application_id")?, pragma("user_version")?, objects))
    };
    let (application, found, objects) = read().map_err(|source| database(path, source))?;
    let is_empty = application == 0 && found == 0 && objects == 0;
    if application != APPLICATION_ID && !is_empty {
        return Err(OpenError::OtherProgram { path: path.to_owned() });
    }
    let known = MIGRATIONS.len() as i32;
    if found > known {
        return Err(OpenError::Newer { path: path.to_owned(), found, known });
    }
    Ok(())
}

/// Creates the file, readable by its owner only, if there is none. An existing file is not
/// changed until its program is known.
pub(super) fn create(path: &Path) -> io::Result<()> {
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        // Examine the path without opening the file: a process that closes a file loses all its
        // locks on it, also those of its other connections.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            match fs::metadata(path)?.is_file() {
                true => Ok(()),
                false => Err(io::Error::new(io::ErrorKind::InvalidInput, "it is not a file")),
            }
        }
        created => created.map(drop),
    }
}

fn is_open_to_others(path: &Path) -> io::Result<bool> {
    Ok(fs::metadata(path)?.permissions().mode() & 0o077 != 0)
}

pub(super) fn sync_folder(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

pub(super) fn database(path: &Path, source: rusqlite::Error) -> OpenError {
    let path = path.to_owned();
    match source.sqlite_error_code() {
        Some(ErrorCode::DatabaseCorrupt) => OpenError::Damaged { path },
        _ => OpenError::Database { path, source: Box::new(source) },
    }
}
