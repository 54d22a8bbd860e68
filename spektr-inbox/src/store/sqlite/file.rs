//! Opens the file: whose it is, which version it has, how it is written.

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

/// How long a connection waits for those of other processes.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// Why a file cannot be the store.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The file cannot be created, or its mode cannot be set.
    #[error("cannot open {path}", path = path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// SQLite cannot open the file; it may not be a SQLite database at all.
    #[error("cannot open {path} as an SQLite database", path = path.display())]
    Database {
        /// The file.
        path: PathBuf,
        /// What SQLite says.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The file is an SQLite database of some other program.
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
        /// Its version.
        found: i32,
        /// The newest version that this crate knows.
        known: i32,
    },
}

/// How much of the log stays on the disk once it is folded into the file: a long reader
/// can make it grow to any size.
const LOG_BYTES: i64 = 32 * 1024 * 1024;

/// Opens the file, which [`create`] has made where there was none, for writing; migrates
/// it where needed.
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
        // Anew, because SQLite gives its log the mode that the file has by then.
        drop(connection);
        fs::set_permissions(path, Permissions::from_mode(0o600)).map_err(file)?;
        connection = open(path, OpenFlags::default())?;
    }
    log_ahead(&connection).map_err(database)?;
    // A commit returns after the log is on disk: a power cut loses no answered delivery. Of which
    // commits do not wait for that, `sync.rs` says why.
    connection.pragma_update(None, "synchronous", "FULL").map_err(database)?;
    // What is deleted is overwritten: erasure is meant.
    connection.pragma_update(None, "secure_delete", "ON").map_err(database)?;
    // Ids come without an order, so that the index of a large file is read all
    // over: 32 MiB of it stay in memory.
    connection.pragma_update(None, "cache_size", -32 * 1024).map_err(database)?;
    // Used during migration: the `Checkpointer` then takes the place of SQLite's own checkpoints.
    connection.pragma_update(None, "wal_autocheckpoint", checkpoint::PAGES).map_err(database)?;
    connection.pragma_update(None, "journal_size_limit", LOG_BYTES).map_err(database)?;
    schema::migrate(&mut connection).map_err(database)?;
    // The journal that made the file must not come back after a power cut.
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

/// Opens the file, which [`open_writer`] has opened before, for moving its log.
pub(super) fn open_beside(path: &Path) -> Result<Connection, OpenError> {
    let flags = OpenFlags::default().difference(OpenFlags::SQLITE_OPEN_CREATE);
    let connection = open(path, flags)?;
    let prepare = || {
        // The file is synced before the log is used anew.
        connection.pragma_update(None, "synchronous", "FULL")?;
        // SQLite opens the log with the first look into the file.
        connection.pragma_query_value(None, "user_version", |row| row.get::<_, i32>(0))
    };
    prepare().map_err(|source| database(path, source))?;
    Ok(connection)
}

/// Opens the file, which [`open_writer`] has opened before, for reading.
pub(super) fn open_reader(path: &Path) -> Result<Connection, OpenError> {
    let connection = open(path, OpenFlags::default())?;
    connection.pragma_update(None, "query_only", "ON").map_err(|source| database(path, source))?;
    Ok(connection)
}

/// Opens a store that must be there, as it is.
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

/// Returns the version of a file, and writes nothing to it or beside it.
pub(super) fn version(path: &Path) -> Result<i32, OpenError> {
    // SQLite has the logs beside the file itself, not beside a link to it. Without a file it says so.
    let real = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY
        | OpenFlags::SQLITE_OPEN_NO_MUTEX
        | OpenFlags::SQLITE_OPEN_URI;
    let is_closed = ["-wal", "-journal"].iter().all(|end| !with_suffix(&real, end).exists());
    let connection = if is_closed {
        // Reading makes a log and its index otherwise, which nobody would remove.
        open(&immutable(&real), flags)?
    } else {
        open(path, flags)?
    };
    check(&connection, path)?;
    connection
        .pragma_query_value(None, "user_version", |row| row.get(0))
        .map_err(|source| database(path, source))
}

/// Returns the path of a file beside another one: its path with something behind.
pub(super) fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut path = path.as_os_str().to_owned();
    path.push(suffix);
    path.into()
}

/// Returns the URI by which SQLite reads a file that nobody writes.
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

/// Looks whether pages and indexes go together, which reads the whole file.
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
        // Other processes, such as a command line tool, write now and then.
        connection.busy_timeout(BUSY_TIMEOUT)?;
        connection.pragma_update(None, "temp_store", "MEMORY")?;
        connection.pragma_update(None, "trusted_schema", "OFF")?;
        // Otherwise SQLite plans a statement again for each value that an index could depend on.
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
        connection.set_prepared_statement_cache_capacity(64);
        Ok(())
    };
    prepare().map_err(|source| database(path, source))?;
    Ok(connection)
}

/// Switches the file to a write-ahead log. For this change alone SQLite does not
/// wait for others that open the new file at the same time, so it is tried again.
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

/// Refuses files of other programs and of newer versions, before writing anything.
fn check(connection: &Connection, path: &Path) -> Result<(), OpenError> {
    // In one transaction: another process may be migrating the file just now, and
    // the figures before that don't go with those after it.
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

/// Makes the file, readable by its owner only, where there is none. What is there is
/// left as it is until it is known whose it is.
pub(super) fn create(path: &Path) -> io::Result<()> {
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        // By its path, and never by opening it: closing a file gives up the locks that
        // the other connections of this process hold on it.
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
