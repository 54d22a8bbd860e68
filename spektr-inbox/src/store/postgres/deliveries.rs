//! The queue of deliveries, and the tasks that commit many of them at once.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Mutex, Semaphore, mpsc, oneshot};
use tokio::time::timeout;

use super::accept::store;
use super::error::Fault;
use super::notes::take_room;
use super::pool::Pool;
use crate::store::groups::{Awaited, Groups};
use crate::store::{Acceptance, NewEntry, StoreError, longer_for};

/// The size in bytes from which a group takes no more deliveries.
const GROUP_BYTES: usize = 8 * 1024 * 1024;

/// The number of probes that run at a time.
pub(super) const PROBE_CONNECTIONS: usize = 1;

/// The queue of deliveries. Tasks take the deliveries out and commit them.
pub(super) struct Deliveries {
    sender: mpsc::Sender<DeliveryJob>,
}

struct DeliveryJob {
    entries: Vec<NewEntry>,
    answer: oneshot::Sender<Result<Vec<Acceptance>, StoreError>>,
    /// Whether the entries are stored only for a probe, and rolled back.
    is_probe: bool,
}

impl Awaited for DeliveryJob {
    /// A caller that has stopped waiting has asked the sender to retry.
    fn is_wanted(&self) -> bool {
        !self.answer.is_closed()
    }
}

impl Deliveries {
    /// Starts tasks, each of which uses a connection of the pool, plus one connection for
    /// probes. The tasks end when the queue has been dropped and is empty.
    pub(super) fn start(
        pool: &Arc<Pool>,
        tasks: usize,
        length: usize,
        group: usize,
        limit: Duration,
    ) -> Self {
        let (sender, receiver) = mpsc::channel(length);
        let receiver = Arc::new(Mutex::new(receiver));
        let probing = Arc::new(Semaphore::new(PROBE_CONNECTIONS));
        for _ in 0..tasks {
            let (pool, probing) = (Arc::clone(pool), Arc::clone(&probing));
            tokio::spawn(serve(pool, probing, Arc::clone(&receiver), group, limit));
        }
        Self { sender }
    }

    /// Stores a delivery. Fails at once if the queue is full.
    pub(super) async fn accept(
        &self,
        entries: Vec<NewEntry>,
    ) -> Result<Vec<Acceptance>, StoreError> {
        self.run(entries, false).await
    }

    /// Stores an entry on the path of a delivery, and rolls it back.
    pub(super) async fn probe(&self) -> Result<(), StoreError> {
        self.run(vec![NewEntry::probe()], true).await.map(drop)
    }

    /// Returns whether a task that serves the queue is running.
    pub(super) fn is_alive(&self) -> bool {
        !self.sender.is_closed()
    }

    async fn run(
        &self,
        entries: Vec<NewEntry>,
        is_probe: bool,
    ) -> Result<Vec<Acceptance>, StoreError> {
        let (answer, result) = oneshot::channel();
        self.sender.try_send(DeliveryJob { entries, answer, is_probe }).map_err(
            |error| match error {
                mpsc::error::TrySendError::Full(_) => StoreError::Overloaded,
                mpsc::error::TrySendError::Closed(_) => StoreError::Closed,
            },
        )?;
        result.await.unwrap_or(Err(StoreError::Closed))
    }

    /// Returns the number of waiting deliveries, and its limit.
    pub(super) fn depth(&self) -> (usize, usize) {
        (self.sender.max_capacity() - self.sender.capacity(), self.sender.max_capacity())
    }
}

async fn serve(
    pool: Arc<Pool>,
    probing: Arc<Semaphore>,
    queue: Arc<Mutex<mpsc::Receiver<DeliveryJob>>>,
    group: usize,
    limit: Duration,
) {
    loop {
        let mut jobs = Vec::new();
        {
            let mut queue = queue.lock().await;
            let Some(first) = queue.recv().await else { return };
            let mut bytes = size(&first);
            jobs.push(first);
            while jobs.len() < group && bytes < GROUP_BYTES {
                let Ok(job) = queue.try_recv() else { break };
                bytes += size(&job);
                jobs.push(job);
            }
        }
        let (probes, jobs): (Vec<_>, Vec<_>) = jobs.into_iter().partition(|job| job.is_probe);
        for job in probes.into_iter().filter(DeliveryJob::is_wanted) {
            tokio::spawn(answer_probe(Arc::clone(&pool), Arc::clone(&probing), job, limit));
        }
        let mut groups = Groups::new(jobs);
        while let Some(group) = groups.next() {
            match commit(&pool, &group, limit).await {
                Ok(accepted) => answer(group, accepted),
                Err(fault) if fault.is_of_the_data() => {
                    if let Some(job) = groups.failed(group) {
                        let _gone = job.answer.send(Err(fault.into()));
                    }
                }
                // It is unknown whether the group was committed. The sender retries, and the
                // delivery is then stored or found to be a duplicate.
                Err(fault) => {
                    for job in group {
                        let _gone = job.answer.send(Err(fault.clone().into()));
                    }
                }
            }
        }
    }
}

fn size(job: &DeliveryJob) -> usize {
    job.entries.iter().map(|entry| entry.raw.len()).sum()
}

fn answer(jobs: Vec<DeliveryJob>, accepted: Vec<Vec<Acceptance>>) {
    for (job, accepted) in jobs.into_iter().zip(accepted) {
        // The caller may have stopped waiting. The commit is still valid.
        let _gone = job.answer.send(Ok(accepted));
    }
}

/// Runs a probe concurrently with deliveries, so that a probe that hangs delays none of them.
async fn answer_probe(pool: Arc<Pool>, probing: Arc<Semaphore>, job: DeliveryJob, limit: Duration) {
    let DeliveryJob { entries, mut answer, .. } = job;
    let late = |_| Err(Fault::new("the database does not answer in time").into());
    tokio::select! {
        // Dropping the probe closes its connection: nobody waits for the result.
        () = answer.closed() => {}
        probed = timeout(limit, probe(&pool, &probing, &entries)) => {
            let _gone = answer.send(probed.unwrap_or_else(late).map(|()| Vec::new()));
        }
    }
}

/// Stores entries and rolls them back, then commits a write and its deletion.
async fn probe(pool: &Pool, probing: &Semaphore, entries: &[NewEntry]) -> Result<(), StoreError> {
    // The semaphore is never closed.
    let _permit = probing.acquire().await.map_err(|_| StoreError::Closed)?;
    let mut connection = pool.take().await?;
    connection.begin().await?;
    connection.run("SAVEPOINT probe").await?;
    store(&mut connection, &entries.iter().collect::<Vec<_>>()).await?;
    connection.run("ROLLBACK TO probe").await?;
    take_room(&mut connection).await?;
    connection.commit().await?;
    connection.give_back();
    Ok(())
}

/// Commits all jobs or none.
async fn commit(
    pool: &Pool,
    jobs: &[DeliveryJob],
    limit: Duration,
) -> Result<Vec<Vec<Acceptance>>, Fault> {
    let entries: Vec<&NewEntry> = jobs.iter().flat_map(|job| &job.entries).collect();
    let limit =
        limit.saturating_add(longer_for(entries.len(), jobs.iter().map(size).sum::<usize>()));
    let committing = async {
        let mut connection = pool.take().await?;
        connection.begin_within(limit).await?;
        let accepted = store(&mut connection, &entries).await?;
        connection.commit().await?;
        connection.give_back();
        Ok::<_, Fault>(accepted)
    };
    let accepted = timeout(limit, committing)
        .await
        .map_err(|_| Fault::new("the database does not answer in time"))??;
    let mut accepted = accepted.into_iter();
    Ok(jobs.iter().map(|job| accepted.by_ref().take(job.entries.len()).collect()).collect())
}
