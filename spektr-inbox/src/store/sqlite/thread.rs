//! The threads that own the connections: one writes, one reads.
//!
//! The writer takes all waiting jobs and commits them in one transaction, so that many
//! deliveries share one sync of the disk. It answers them only after the commit. Jobs whose
//! callers have gone are not begun. If a group contains only operations of workers, the commit
//! does not wait for the disk: see [`sync`](super::sync). Another thread checkpoints the log:
//! see [`checkpoint`](super::checkpoint).

use std::thread::JoinHandle;

use rusqlite::{Connection, TransactionBehavior, TransactionState};
use tokio::sync::{mpsc, oneshot};

use super::checkpoint::Checkpointer;
use super::sync::Syncer;
use super::watch::Watch;
use crate::store::StoreError;
use crate::store::groups::{Awaited, Groups};

/// A thread with a connection, and the queue of its jobs.
#[derive(Debug)]
pub(super) struct StoreThread {
    queue: Option<mpsc::Sender<ThreadJob>>,
    thread: Option<JoinHandle<()>>,
}

enum ThreadJob {
    /// Shares a transaction with others.
    Grouped(Box<dyn Grouped>),
    /// Runs outside of any transaction.
    Alone(Box<dyn FnOnce(&Connection) + Send>),
}

/// A job that runs in a transaction, possibly again after a rollback.
trait Grouped: Awaited + Send {
    /// Returns whether a power cut after the answer must not undo the job.
    fn is_durable(&self) -> bool;
    fn run(&mut self, connection: &Connection) -> Result<(), StoreError>;
    fn answer(self: Box<Self>, committed: Result<(), StoreError>);
}

struct WriteJob<F, T> {
    run: F,
    /// Whether to run the job even if nobody waits for its answer.
    anyway: bool,
    /// Whether the job must be on the disk before the answer.
    durable: bool,
    result: Option<T>,
    answer: oneshot::Sender<Result<T, StoreError>>,
}

impl<F, T> Awaited for WriteJob<F, T> {
    fn is_wanted(&self) -> bool {
        self.anyway || !self.answer.is_closed()
    }
}

impl Awaited for Box<dyn Grouped> {
    fn is_wanted(&self) -> bool {
        (**self).is_wanted()
    }
}

impl<F, T> Grouped for WriteJob<F, T>
where
    F: FnMut(&Connection) -> Result<T, StoreError> + Send,
    T: Send,
{
    fn is_durable(&self) -> bool {
        self.durable
    }

    fn run(&mut self, connection: &Connection) -> Result<(), StoreError> {
        self.result = Some((self.run)(connection)?);
        Ok(())
    }

    fn answer(self: Box<Self>, committed: Result<(), StoreError>) {
        let result = self.result;
        let answer = committed.and_then(|()| result.ok_or(StoreError::Closed));
        // The caller may have stopped waiting. The commit is still valid.
        let _gone = self.answer.send(answer);
    }
}

impl StoreThread {
    /// Starts a thread that commits at most `group` jobs together.
    pub(super) fn start(
        name: &str,
        files: ThreadConnection,
        queue: usize,
        group: usize,
    ) -> std::io::Result<Self> {
        let (sender, receiver) = mpsc::channel(queue);
        let thread = std::thread::Builder::new()
            .name(name.to_owned())
            .spawn(move || serve(files, receiver, group))?;
        Ok(Self { queue: Some(sender), thread: Some(thread) })
    }

    /// Runs a job in a transaction. Fails at once if the queue is full.
    pub(super) async fn try_write<T: Send + 'static>(
        &self,
        run: impl FnMut(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (answer, result) = oneshot::channel();
        let write = WriteJob { run, anyway: false, durable: true, result: None, answer };
        let job = ThreadJob::Grouped(Box::new(write));
        self.queue()?.try_send(job).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => StoreError::Overloaded,
            mpsc::error::TrySendError::Closed(_) => StoreError::Closed,
        })?;
        result.await.unwrap_or(Err(StoreError::Closed))
    }

    /// Runs a job in a transaction. Waits for room in the queue.
    pub(super) async fn write<T: Send + 'static>(
        &self,
        run: impl FnMut(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.queued(false, true, run).await
    }

    /// Runs a job in a transaction. Waits for room in the queue. A power cut soon after the
    /// answer can undo the job. With `anyway`, it runs even if nobody waits for the answer by
    /// then.
    pub(super) async fn work<T: Send + 'static>(
        &self,
        anyway: bool,
        run: impl FnMut(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.queued(anyway, false, run).await
    }

    async fn queued<T: Send + 'static>(
        &self,
        anyway: bool,
        durable: bool,
        run: impl FnMut(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (answer, result) = oneshot::channel();
        let write = WriteJob { run, anyway, durable, result: None, answer };
        self.send(ThreadJob::Grouped(Box::new(write))).await?;
        result.await.unwrap_or(Err(StoreError::Closed))
    }

    /// Runs a job outside of any transaction. Waits for room in the queue.
    pub(super) async fn alone<T: Send + 'static>(
        &self,
        run: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (answer, result) = oneshot::channel();
        let job = move |connection: &Connection| {
            let _gone = answer.send(run(connection));
        };
        self.send(ThreadJob::Alone(Box::new(job))).await?;
        result.await.unwrap_or(Err(StoreError::Closed))
    }

    /// Returns the number of waiting jobs, and its limit.
    pub(super) fn depth(&self) -> (usize, usize) {
        self.queue
            .as_ref()
            .map_or((0, 0), |queue| (queue.max_capacity() - queue.capacity(), queue.max_capacity()))
    }

    pub(super) fn is_alive(&self) -> bool {
        self.thread.as_ref().is_some_and(|thread| !thread.is_finished())
    }

    async fn send(&self, job: ThreadJob) -> Result<(), StoreError> {
        self.queue()?.send(job).await.map_err(|_| StoreError::Closed)
    }

    fn queue(&self) -> Result<&mpsc::Sender<ThreadJob>, StoreError> {
        self.queue.as_ref().ok_or(StoreError::Closed)
    }
}

impl Drop for StoreThread {
    /// Completes the queued jobs and closes the connection.
    fn drop(&mut self) {
        self.queue = None;
        if let Some(thread) = self.thread.take() {
            // If the thread panicked, the panic was reported already.
            let _ended = thread.join();
        }
    }
}

/// The connection of a thread, and its helpers.
pub(super) struct ThreadConnection {
    connection: Connection,
    /// Whether the connection is set to sync the log with each commit.
    is_synced: bool,
    // The other fields belong to the writing thread only.
    watch: Option<Watch>,
    syncer: Option<Syncer>,
    checkpointer: Option<Checkpointer>,
}

impl ThreadConnection {
    /// Makes the connection of a reading thread.
    pub(super) fn reading(connection: Connection) -> Self {
        Self { connection, is_synced: true, watch: None, syncer: None, checkpointer: None }
    }

    /// Makes the connection of the writing thread. `checkpoints` is the connection for checkpoints.
    pub(super) fn writing(
        connection: Connection,
        checkpoints: Connection,
        watch: Watch,
    ) -> std::io::Result<Self> {
        let syncer = Syncer::start(watch.open_log()?)?;
        let checkpointer = Checkpointer::start(&connection, checkpoints, syncer.failed())?;
        Ok(Self {
            connection,
            is_synced: true,
            watch: Some(watch),
            syncer: Some(syncer),
            checkpointer: Some(checkpointer),
        })
    }

    /// Sets whether the next commit waits until it is on the disk.
    fn sync(&mut self, is_wanted: bool) -> Result<(), StoreError> {
        if self.is_synced != is_wanted {
            let level = if is_wanted { "FULL" } else { "NORMAL" };
            self.connection.pragma_update(None, "synchronous", level)?;
            self.is_synced = is_wanted;
        }
        Ok(())
    }

    /// After a failed sync of the log, checkpoints the log into the database file. Nothing is
    /// committed until that has succeeded, because commits after a gap in the log are lost.
    fn mend(&self) -> Result<(), StoreError> {
        let Some(syncer) = self.syncer.as_ref().filter(|syncer| syncer.has_failed()) else {
            return Ok(());
        };
        let _turn = self.checkpointer.as_ref().map(Checkpointer::hold);
        let is_busy: bool =
            self.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))?;
        if is_busy {
            return Err(StoreError::Overloaded);
        }
        syncer.mend();
        Ok(())
    }

    fn check(&mut self) -> Result<(), StoreError> {
        self.watch.as_mut().map_or(Ok(()), |watch| watch.check(&self.connection))
    }
}

fn serve(mut files: ThreadConnection, mut queue: mpsc::Receiver<ThreadJob>, group: usize) {
    let mut next = None;
    while let Some(job) = next.take().or_else(|| queue.blocking_recv()) {
        match job {
            ThreadJob::Alone(run) => {
                // The job may be a checkpoint.
                let _turn = files.checkpointer.as_ref().map(Checkpointer::hold);
                run(&files.connection);
            }
            ThreadJob::Grouped(first) => {
                let mut jobs = vec![first];
                let mut has_yielded = false;
                while jobs.len() < group {
                    match queue.try_recv() {
                        Ok(ThreadJob::Grouped(job)) => {
                            jobs.push(job);
                            has_yielded = false;
                        }
                        Ok(alone) => {
                            next = Some(alone);
                            break;
                        }
                        // Writes that begin at the same time are about to arrive in the queue.
                        Err(_) if !has_yielded => {
                            std::thread::yield_now();
                            has_yielded = true;
                        }
                        Err(_) => break,
                    }
                }
                commit(&mut files, jobs);
                if let Some(checkpointer) = &mut files.checkpointer {
                    checkpointer.committed(&files.connection);
                }
            }
        }
    }
}

/// Commits jobs together, or each alone, and answers them.
fn commit(files: &mut ThreadConnection, jobs: Vec<Box<dyn Grouped>>) {
    let mut groups = Groups::new(jobs);
    while let Some(mut group) = groups.next() {
        match commit_together(files, &mut group) {
            Ok(()) => group.into_iter().for_each(|job| job.answer(Ok(()))),
            Err(error) => {
                if let Some(job) = groups.failed(group) {
                    job.answer(Err(error));
                }
            }
        }
    }
}

fn commit_together(
    files: &mut ThreadConnection,
    jobs: &mut [Box<dyn Grouped>],
) -> Result<(), StoreError> {
    files.check()?;
    files.mend()?;
    // Without a `Syncer`, each commit must sync.
    files.sync(files.syncer.is_none() || jobs.iter().any(|job| job.is_durable()))?;
    // Dropping the transaction rolls it back.
    let transaction = files.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    for job in jobs {
        job.run(&transaction)?;
        // SQLite itself rolls back on some errors. The following statements would then be
        // committed one by one.
        if transaction.transaction_state::<&str>(None)? == TransactionState::None {
            return Err(StoreError::Closed);
        }
    }
    if let Err(error) = transaction.commit() {
        files.syncer.iter().for_each(Syncer::fail);
        return Err(error.into());
    }
    if !files.is_synced {
        files.syncer.iter().for_each(Syncer::committed);
    }
    // The file may have gone before the commit, but after the first check.
    files.check()
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        let code = error.sqlite_error_code();
        let source = Box::new(error);
        match code {
            Some(rusqlite::ErrorCode::DiskFull) => Self::Full { source },
            _ => Self::Database { source },
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failed setup is a failed test")]
mod tests {
    use super::*;

    #[tokio::test]
    async fn after_a_sync_that_failed_the_log_is_in_the_file_before_the_next_answer() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("synced.db");
        let connection = Connection::open(&path).unwrap();
        connection.execute_batch("CREATE TABLE done (name TEXT)").unwrap();
        connection.pragma_update(None, "journal_mode", "WAL").unwrap();
        connection.pragma_update(None, "wal_autocheckpoint", 0).unwrap();
        let (failing, has_failed) = std::sync::mpsc::channel();
        let syncer = Syncer::start_with(std::time::Duration::ZERO, move || {
            failing.send(()).unwrap();
            Err(std::io::Error::other("as the test wants"))
        });
        let files = ThreadConnection {
            syncer: Some(syncer.unwrap()),
            ..ThreadConnection::reading(connection)
        };
        let worker = StoreThread::start("syncs", files, 4, 4).unwrap();
        let insert = |name: &'static str| {
            move |connection: &Connection| -> Result<(), StoreError> {
                connection.execute("INSERT INTO done VALUES (?1)", [name])?;
                Ok(())
            }
        };
        // Returns the rows in the file alone, as after a power cut that loses the log.
        let alone = || {
            let copy = folder.path().join("copy.db");
            std::fs::copy(&path, &copy).unwrap();
            let connection = Connection::open(&copy).unwrap();
            let mut names = connection.prepare("SELECT name FROM done").unwrap();
            let names = names.query_map([], |row| row.get(0)).unwrap();
            names.collect::<Result<Vec<String>, _>>().unwrap()
        };
        worker.work(false, insert("work")).await.unwrap();
        has_failed.recv().unwrap();
        // The failure is noted after the channel was notified.
        const MOST: usize = 10_000;
        let mut written = 0..MOST;
        while alone().is_empty() {
            assert!(written.next().is_some(), "the log is not moved");
            worker.write(insert("delivery")).await.unwrap();
        }
        assert_eq!(alone()[0], "work");
        // A reader of an earlier snapshot keeps the log from being emptied.
        worker.work(false, insert("later")).await.unwrap();
        has_failed.recv().unwrap();
        let reader = Connection::open(&path).unwrap();
        reader.execute_batch("BEGIN; SELECT count(*) FROM done").unwrap();
        while worker.write(insert("another")).await.is_ok() {
            assert!(written.next().is_some(), "the log is taken for whole");
        }
        reader.execute_batch("COMMIT").unwrap();
        worker.write(insert("last")).await.unwrap();
        assert!(alone().contains(&"later".to_owned()));
    }

    #[tokio::test]
    async fn a_thread_that_has_ended_is_noticed() {
        let connection = Connection::open_in_memory().unwrap();
        let worker =
            StoreThread::start("dies", ThreadConnection::reading(connection), 4, 1).unwrap();
        assert!(worker.is_alive());
        let dies = |_: &Connection| -> Result<(), StoreError> { panic!("as the test wants") };
        assert!(matches!(worker.alone(dies).await, Err(StoreError::Closed)));
        while worker.is_alive() {
            tokio::task::yield_now().await;
        }
        assert!(matches!(worker.alone(|_| Ok(())).await, Err(StoreError::Closed)));
    }

    #[tokio::test]
    async fn what_nobody_waits_for_any_more_is_not_tried_alone_after_its_group_failed() {
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch("CREATE TABLE done (name TEXT)").unwrap();
        let worker =
            StoreThread::start("fails", ThreadConnection::reading(connection), 4, 4).unwrap();
        let done = |name: &'static str| {
            worker.write(move |connection| {
                connection.execute("INSERT INTO done VALUES (?1)", [name])?;
                Ok(())
            })
        };
        let (begun, has_begun) = std::sync::mpsc::channel();
        let (go, gone) = std::sync::mpsc::channel::<()>();
        // Blocks the thread until the other jobs are queued.
        let (queued, are_queued) = std::sync::mpsc::channel::<()>();
        let waits = worker.alone(move |_| {
            are_queued.recv().unwrap();
            Ok(())
        });
        let fails = worker.write(move |_| -> Result<(), StoreError> {
            begun.send(()).unwrap();
            // Fails first as a member of the group, then alone.
            let _closed = gone.recv();
            Err(StoreError::Overloaded)
        });
        let mut jobs = [
            Box::pin(fails) as std::pin::Pin<Box<dyn Future<Output = _>>>,
            Box::pin(done("unwanted")),
            Box::pin(done("wanted")),
        ];
        let mut waits = Box::pin(waits);
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        assert!(waits.as_mut().poll(&mut context).is_pending());
        for job in &mut jobs {
            assert!(job.as_mut().poll(&mut context).is_pending());
        }
        queued.send(()).unwrap();
        waits.await.unwrap();
        has_begun.recv().unwrap();
        let [fails, unwanted, wanted] = jobs;
        drop(unwanted);
        drop(go);
        assert!(matches!(fails.await, Err(StoreError::Overloaded)));
        wanted.await.unwrap();
        let names = |connection: &Connection| {
            Ok(connection.query_row("SELECT group_concat(name) FROM done", [], |row| {
                row.get::<_, String>(0)
            })?)
        };
        assert_eq!(worker.alone(names).await.unwrap(), "wanted");
    }
}
