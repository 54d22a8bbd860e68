//! Syncs the log a moment after commits that did not wait for it.
//!
//! A power cut can lose claims and settlements: the entry is then handled again, as after a
//! crash, and no process that held a lease survives the power cut. So the store answers claims
//! and settlements before they are on the disk. The log keeps the order of commits, and a sync
//! covers every earlier commit, so a power cut loses only the last moment.
//!
//! After a failed sync, a later successful sync proves nothing: the system may have dropped the
//! bytes that it could not write, and everything after them in the log is lost with them. So
//! the writer then checkpoints the whole log into the database file before it commits anything.
//!
//! The reasons are a decision (ARCHITECTURE.md, I12).

use std::fs::File;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// How long a sync waits for further commits, so that one sync covers many commits.
pub(super) const PAUSE: Duration = Duration::from_millis(10);

/// A thread that syncs the log of a store. Dropping this syncs the remaining commits.
#[derive(Debug)]
pub(super) struct Syncer {
    committed: Option<SyncSender<()>>,
    thread: Option<JoinHandle<()>>,
    /// Whether a sync has failed since the last checkpoint of the whole log.
    failed: Arc<AtomicBool>,
}

impl Syncer {
    pub(super) fn start(log: File) -> io::Result<Self> {
        Self::start_with(PAUSE, move || log.sync_data())
    }

    pub(super) fn start_with(
        pause: Duration,
        sync: impl FnMut() -> io::Result<()> + Send + 'static,
    ) -> io::Result<Self> {
        let (committed, commits) = sync_channel(1);
        let failed = Arc::<AtomicBool>::default();
        let seen = Arc::clone(&failed);
        let thread = thread::Builder::new()
            .name("inbox-sync".to_owned())
            .spawn(move || serve(&commits, pause, sync, &seen))?;
        Ok(Self { committed: Some(committed), thread: Some(thread), failed })
    }

    /// Returns the flag that tells whether a sync has failed. Others read and set it too.
    pub(super) fn failed(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.failed)
    }

    /// Returns whether commits may be missing in the log on the disk.
    pub(super) fn has_failed(&self) -> bool {
        self.failed.load(Ordering::Acquire)
    }

    /// Notes that a commit has failed, possibly in its sync.
    pub(super) fn fail(&self) {
        self.failed.store(true, Ordering::Release);
    }

    /// Notes that the log is checkpointed into the database file, and empty.
    pub(super) fn mend(&self) {
        if self.failed.swap(false, Ordering::AcqRel) {
            tracing::info!("the log of the store is on the disk again");
        }
    }

    /// Asks for a sync of a commit that was not synced.
    pub(super) fn committed(&self) {
        if let Some(committed) = &self.committed {
            // If a request is waiting already, its sync comes after this commit.
            let _full = committed.try_send(());
        }
    }
}

impl Drop for Syncer {
    fn drop(&mut self) {
        self.committed = None;
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            let _ended = thread.join();
        }
    }
}

fn serve(
    commits: &Receiver<()>,
    pause: Duration,
    mut sync: impl FnMut() -> io::Result<()>,
    failed: &AtomicBool,
) {
    while commits.recv().is_ok() {
        // Dropping the store interrupts this pause.
        thread::park_timeout(pause);
        // This sync covers the commits up to here, and later commits cause another sync.
        let _told = commits.try_recv();
        if let Err(error) = sync() {
            if !failed.swap(true, Ordering::AcqRel) {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(error, "cannot sync the log of the store");
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failed setup is a failed test")]
mod tests {
    use super::*;

    #[test]
    fn each_commit_is_followed_by_a_sync_that_begins_after_it() {
        let (begun, syncs) = std::sync::mpsc::channel();
        let (go, waiting) = std::sync::mpsc::channel();
        let syncer = Syncer::start_with(Duration::ZERO, move || {
            begun.send(()).unwrap();
            waiting.recv().unwrap();
            Err(io::Error::other("as the test wants"))
        });
        let syncer = syncer.unwrap();
        syncer.committed();
        syncs.recv().unwrap();
        // Others commit while that sync runs, so it may not cover them.
        syncer.committed();
        syncer.committed();
        go.send(()).unwrap();
        syncs.recv().unwrap();
        go.send(()).unwrap();
        // The last commit has a sync of its own, although earlier syncs have failed.
        syncer.committed();
        go.send(()).unwrap();
        drop(syncer);
        assert_eq!(syncs.iter().count(), 1);
    }
}
