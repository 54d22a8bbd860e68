//! Checkpoints the log into the database file concurrently with the writer.
//!
//! SQLite's own checkpoint is part of a commit: that commit, and all deliveries queued after
//! it, wait until thousands of pages are written and synced. Here a thread with its own
//! connection checkpoints while commits go on. The writer checkpoints the pages that were
//! appended meanwhile, between two commits; the next commit then restarts the log. If the
//! thread cannot keep up, the writer checkpoints the whole log itself, which bounds the size of
//! the log.
//!
//! A checkpoint syncs the log first. If the sync fails, the system reports the error only once.
//! So the thread does nothing more until the writer has checkpointed the whole log: see
//! [`sync`](super::sync). Otherwise a power cut could leave older pages in place of newer
//! pages.
//!
//! The reasons are a decision (ARCHITECTURE.md, I13).

use std::cell::Cell;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

use rusqlite::Connection;
use rusqlite::ffi::SQLITE_IOERR_FSYNC;

/// The number of pages from which the log is checkpointed: 16 MiB, so that many changes of a
/// page cost one write.
pub(super) const PAGES: i32 = 4096;

/// The number of pages from which the writer does not rely on the thread: 64 MiB.
const MOST: i32 = 4 * PAGES;

/// The number of remaining pages that the writer can checkpoint between two commits.
const SMALL: i64 = 256;

/// How many passes the thread makes to leave only a few pages: under load, the pages written
/// during a pass remain after it.
const PASSES: usize = 4;

thread_local! {
    /// The number of pages in the log after the latest commit of this thread.
    static LOG: Cell<i32> = const { Cell::new(0) };
}

/// A thread that checkpoints the log of a store. Dropping this ends the thread after its pass.
#[derive(Debug)]
pub(super) struct Checkpointer {
    wanted: Option<SyncSender<()>>,
    thread: Option<JoinHandle<()>>,
    shared: Arc<CheckpointState>,
    /// Whether the thread has been asked and has not finished since.
    is_asked: bool,
}

#[derive(Debug, Default)]
struct CheckpointState {
    /// Held during a checkpoint: SQLite refuses a second concurrent one.
    turn: Mutex<()>,
    /// Whether the thread has finished its passes since it was asked.
    is_done: AtomicBool,
    /// Whether a sync of the log has failed: the flag of the [`Syncer`](super::sync::Syncer).
    failed: Arc<AtomicBool>,
}

impl CheckpointState {
    fn turn(&self) -> MutexGuard<'_, ()> {
        self.turn.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Checkpoints the pages that no reader needs, without waiting, and syncs the file. Returns
    /// the number of checkpointed pages of the log; 0 if checkpoints are forbidden.
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
    /// Starts the thread, on a connection of its own. The thread that calls
    /// [`committed`](Self::committed) must own `writer`; from now on, its commits do not
    /// checkpoint the log. `failed` is whether a sync of the log has failed.
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
        let shared = Arc::new(CheckpointState { failed, ..CheckpointState::default() });
        let seen = Arc::clone(&shared);
        let thread = thread::Builder::new()
            .name("inbox-checkpoint".to_owned())
            .spawn(move || serve(&own, &asked, &seen))?;
        Ok(Self { wanted: Some(wanted), thread: Some(thread), shared, is_asked: false })
    }

    /// Asks for a checkpoint if the log is long. The writer's thread calls this after a commit,
    /// once it has answered the callers.
    pub(super) fn committed(&mut self, writer: &Connection) {
        let pages = LOG.get();
        let is_done = self.is_asked && self.shared.is_done.swap(false, Ordering::AcqRel);
        if is_done {
            self.is_asked = false;
        }
        if is_done || pages >= MOST {
            // Errors are ignored here: the thread meets the same errors, and logs them.
            let _moved = self.shared.pass(writer);
        }
        if pages >= PAGES && !self.is_asked && !is_done {
            if let Some(wanted) = &self.wanted {
                self.is_asked = wanted.try_send(()).is_ok();
            }
        }
    }

    /// Prevents checkpoints of the thread as long as the guard lives.
    pub(super) fn hold(&self) -> MutexGuard<'_, ()> {
        self.shared.turn()
    }
}

impl Drop for Checkpointer {
    fn drop(&mut self) {
        self.wanted = None;
        if let Some(thread) = self.thread.take() {
            // If the thread panicked, the panic was reported already.
            let _ended = thread.join();
        }
    }
}

fn serve(connection: &Connection, asked: &Receiver<()>, shared: &CheckpointState) {
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
                        tracing::warn!(error, "cannot checkpoint the log of the store");
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

    /// Commits until the log has this size, or becomes smaller.
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

        // The thread is asked, but cannot begin.
        let shared = Arc::clone(&checkpointer.shared);
        let turn = shared.turn();
        assert!(commit_up_to(2 * PAGES, &writer, &mut checkpointer) >= 2 * PAGES);
        assert!(size() < 1 << 20, "{} bytes are in the file already", size());
        drop(turn);
        while !shared.is_done.load(Ordering::Acquire) {
            thread::yield_now();
        }
        assert!(size() > 24 << 20, "{} bytes are in the file", size());
        // The writer checkpoints the rest, and the next commit restarts the log.
        checkpointer.committed(&writer);
        assert!(commit_up_to(MOST, &writer, &mut checkpointer) < PAGES);

        // Nothing is checkpointed while the log may have a gap.
        checkpointer.shared.failed.store(true, Ordering::Release);
        let moved = size();
        assert!(commit_up_to(2 * PAGES, &writer, &mut checkpointer) >= 2 * PAGES);
        // A request to the thread may still wait, or the thread is done and is not asked again.
        for _ in 0..100 {
            checkpointer.committed(&writer);
            thread::yield_now();
        }
        assert_eq!(size(), moved);
        checkpointer.shared.failed.store(false, Ordering::Release);

        // The log stays bounded even without the thread.
        checkpointer.wanted = None;
        assert!(commit_up_to(i32::MAX, &writer, &mut checkpointer) < PAGES);
        let longest = folder.path().join("moved.db-wal").metadata().unwrap().len();
        assert!(longest < 68 << 20, "{longest} bytes");
    }
}
