//! Moves the log into the database file beside the writer.
//!
//! SQLite's own checkpoint is part of a commit: that commit, and all deliveries behind it, wait
//! until thousands of pages are written and synced. Here a thread with a connection of its own
//! does that while commits go on. What they append meanwhile, the writer moves between two
//! commits; the next commit then begins the log anew. Where the thread cannot keep up, the writer moves
//! the log itself, which bounds its size.
//!
//! A checkpoint syncs the log first. If that fails, the system has told the error for good: nothing
//! is moved any more until the writer has moved the whole log, see [`sync`](super::sync). Otherwise
//! a power cut could leave older pages over newer ones.

use std::cell::Cell;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

use rusqlite::Connection;
use rusqlite::ffi::SQLITE_IOERR_FSYNC;

/// From how many pages on the log is moved: 16 MiB, when many changes of a page have become one.
pub(super) const PAGES: i32 = 4096;

/// From how many pages on the writer does not leave it to the thread: 64 MiB.
const MOST: i32 = 4 * PAGES;

/// A rest that the writer can move between two commits.
const SMALL: i64 = 256;

/// How often the thread tries to leave a small rest: under load, each pass leaves the pages that
/// were written during it.
const PASSES: usize = 4;

thread_local! {
    /// How many pages the log had after the latest commit of this thread.
    static LOG: Cell<i32> = const { Cell::new(0) };
}

/// A thread that moves the log of a store. Dropping it ends the thread after its pass.
#[derive(Debug)]
pub(super) struct Checkpointer {
    wanted: Option<SyncSender<()>>,
    thread: Option<JoinHandle<()>>,
    shared: Arc<Shared>,
    /// Whether the thread was asked and has not been done since.
    is_asked: bool,
}

#[derive(Debug, Default)]
struct Shared {
    /// Held during a checkpoint: SQLite refuses a second one.
    turn: Mutex<()>,
    /// Whether the thread has ended its passes since it was asked.
    is_done: AtomicBool,
    /// Whether a sync of the log has failed: the flag of the [`Syncer`](super::sync::Syncer).
    failed: Arc<AtomicBool>,
}

impl Shared {
    fn turn(&self) -> MutexGuard<'_, ()> {
        self.turn.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Moves what no reader needs, waits for nobody, and syncs the file. Returns how many pages of
    /// the log are moved by now; 0 if nothing may be moved.
    fn pass(&self, connection: &Connection) -> rusqlite::Result<i64> {
        let _turn = self.turn();
        if self.failed.load(Ordering::Acquire) {
            return Ok(0);
        }
        let sql = "PRAGMA wal_checkpoint(PASSIVE)";
        connection.query_row(sql, [], |row| row.get(2)).inspect_err(|error| {
            let is_of_a_sync =
                error.sqlite_error().is_some_and(|error| error.extended_code == SQLITE_IOERR_FSYNC);
            if is_of_a_sync {
                self.failed.store(true, Ordering::Release);
            }
        })
    }
}

impl Checkpointer {
    /// Starts the thread, on a connection of its own. `writer` belongs to the thread that calls
    /// [`committed`](Self::committed); from now on its commits do not move the log.
    /// `failed` tells whether a sync of the log has failed.
    pub(super) fn start(
        writer: &Connection,
        own: Connection,
        failed: Arc<AtomicBool>,
    ) -> std::io::Result<Self> {
        writer.wal_hook(Some(|_, pages| {
            LOG.set(pages);
            Ok(())
        }));
        let (wanted, asked) = sync_channel(1);
        let shared = Arc::new(Shared { failed, ..Shared::default() });
        let seen = Arc::clone(&shared);
        let thread = thread::Builder::new()
            .name("inbox-checkpoint".to_owned())
            .spawn(move || serve(&own, &asked, &seen))?;
        Ok(Self { wanted: Some(wanted), thread: Some(thread), shared, is_asked: false })
    }

    /// Has the log moved if it is long. The writer's thread calls this after a commit, once it has
    /// answered those who waited for it.
    pub(super) fn committed(&mut self, writer: &Connection) {
        let pages = LOG.get();
        let is_done = self.is_asked && self.shared.is_done.swap(false, Ordering::AcqRel);
        if is_done {
            self.is_asked = false;
        }
        if is_done || pages >= MOST {
            // The thread tells of errors, which it meets too.
            let _moved = self.shared.pass(writer);
        }
        if pages >= PAGES && !self.is_asked && !is_done {
            if let Some(wanted) = &self.wanted {
                self.is_asked = wanted.try_send(()).is_ok();
            }
        }
    }

    /// Keeps the thread from a checkpoint for as long as the guard lives.
    pub(super) fn hold(&self) -> MutexGuard<'_, ()> {
        self.shared.turn()
    }
}

impl Drop for Checkpointer {
    fn drop(&mut self) {
        self.wanted = None;
        if let Some(thread) = self.thread.take() {
            // It has logged its own panic, if that is how it ended.
            let _ended = thread.join();
        }
    }
}

fn serve(connection: &Connection, asked: &Receiver<()>, shared: &Shared) {
    let mut has_failed = false;
    while asked.recv().is_ok() {
        let mut before = 0;
        for _ in 0..PASSES {
            match shared.pass(connection) {
                Ok(pages) => {
                    has_failed = false;
                    let rest = pages - before;
                    before = pages;
                    if rest <= SMALL {
                        break;
                    }
                }
                Err(error) => {
                    if !has_failed {
                        let error = &error as &dyn std::error::Error;
                        tracing::warn!(error, "the log of the store cannot be moved into its file");
                    }
                    has_failed = true;
                    break;
                }
            }
        }
        shared.is_done.store(true, Ordering::Release);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failed setup is a failed test")]
mod tests {
    use super::*;

    /// Commits until the log has this size, or is smaller than before.
    fn commit_up_to(pages: i32, writer: &Connection, checkpointer: &mut Checkpointer) -> i32 {
        const KILOBYTES: i64 = 256;
        loop {
            let before = LOG.get();
            let sql = "INSERT INTO kept VALUES (randomblob(?1 * 1024))";
            writer.execute(sql, [KILOBYTES]).unwrap();
            let after = LOG.get();
            checkpointer.committed(writer);
            if after < before || after >= pages {
                return after;
            }
        }
    }

    #[test]
    fn commits_do_not_wait_for_a_checkpoint_and_the_log_stays_bounded() {
        let folder = tempfile::tempdir().unwrap();
        let open = || {
            let connection = Connection::open(folder.path().join("moved.db")).unwrap();
            connection.pragma_update(None, "journal_mode", "WAL").unwrap();
            connection
        };
        let (writer, own) = (open(), open());
        writer.execute_batch("CREATE TABLE kept (bytes BLOB)").unwrap();
        own.query_row("SELECT count(*) FROM kept", [], |row| row.get::<_, i64>(0)).unwrap();
        let size = || folder.path().join("moved.db").metadata().unwrap().len();
        let mut checkpointer = Checkpointer::start(&writer, own, Arc::default()).unwrap();

        // The thread is asked, and cannot begin.
        let shared = Arc::clone(&checkpointer.shared);
        let turn = shared.turn();
        assert!(commit_up_to(2 * PAGES, &writer, &mut checkpointer) >= 2 * PAGES);
        assert!(size() < 1 << 20, "{} bytes are in the file already", size());
        drop(turn);
        while !shared.is_done.load(Ordering::Acquire) {
            thread::yield_now();
        }
        assert!(size() > 24 << 20, "{} bytes are in the file", size());
        // The writer moves the rest, and the next commit begins the log anew.
        checkpointer.committed(&writer);
        assert!(commit_up_to(MOST, &writer, &mut checkpointer) < PAGES);

        // Nothing is moved while the log may have a gap.
        checkpointer.shared.failed.store(true, Ordering::Release);
        let moved = size();
        assert!(commit_up_to(2 * PAGES, &writer, &mut checkpointer) >= 2 * PAGES);
        // The thread may be asked, or be done and not be asked again.
        for _ in 0..100 {
            checkpointer.committed(&writer);
            thread::yield_now();
        }
        assert_eq!(size(), moved);
        checkpointer.shared.failed.store(false, Ordering::Release);

        // However slow the thread is, or if there is none.
        checkpointer.wanted = None;
        assert!(commit_up_to(i32::MAX, &writer, &mut checkpointer) < PAGES);
        let longest = folder.path().join("moved.db-wal").metadata().unwrap().len();
        assert!(longest < 68 << 20, "{longest} bytes");
    }
}
