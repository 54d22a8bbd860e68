//! Syncs the log a moment after commits that did not wait for it.
//!
//! Claims and settlements can be lost in a power cut: the entry is then handled again, as
//! after a crash, and every process that had a lease is gone as well. So they are answered
//! before they are on the disk. The log keeps the order of commits: what is synced later has
//! everything before it, so that a power cut takes the last moment away and no more.
//!
//! After a sync that failed, a later one that succeeds proves nothing: the system may have given
//! up the bytes that it could not write, and what follows them in the log is lost with them.
//! So the writer then moves the whole log into the database file before it commits anything.

use std::fs::File;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// How long a commit waits for others before all of them are synced.
pub(super) const PAUSE: Duration = Duration::from_millis(10);

/// A thread that syncs the log of a store. Dropping it syncs what is left.
#[derive(Debug)]
pub(super) struct Syncer {
    committed: Option<SyncSender<()>>,
    thread: Option<JoinHandle<()>>,
    /// Whether a sync has failed since the log was last moved into the database file.
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

    /// Tells others whether a sync has failed, and is told by them.
    pub(super) fn failed(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.failed)
    }

    /// Whether the log may lack what was committed.
    pub(super) fn has_failed(&self) -> bool {
        self.failed.load(Ordering::Acquire)
    }

    /// Takes note of a commit that has failed, possibly in its sync.
    pub(super) fn fail(&self) {
        self.failed.store(true, Ordering::Release);
    }

    /// Takes note that the log is in the database file, and empty.
    pub(super) fn mend(&self) {
        if self.failed.swap(false, Ordering::AcqRel) {
            tracing::info!("the log of the store is on the disk again");
        }
    }

    /// Tells that something was committed and not synced.
    pub(super) fn committed(&self) {
        if let Some(committed) = &self.committed {
            // If one is there that has not been taken, its sync comes after this commit.
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
        // The end of the store does not wait for it.
        thread::park_timeout(pause);
        // Those that came meanwhile are synced with it; those after this line, once more.
        let _told = commits.try_recv();
        if let Err(error) = sync() {
            if !failed.swap(true, Ordering::AcqRel) {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(error, "the log of the store cannot be synced");
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
        // While that sync runs, others are committed: it may not have them.
        syncer.committed();
        syncer.committed();
        go.send(()).unwrap();
        syncs.recv().unwrap();
        go.send(()).unwrap();
        // One of its own at the end, though the syncs before have failed.
        syncer.committed();
        go.send(()).unwrap();
        drop(syncer);
        assert_eq!(syncs.iter().count(), 1);
    }
}
