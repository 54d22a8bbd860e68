//! Stores deliveries: a bounded queue, and tasks that commit many of them at once.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use sha2::{Digest as _, Sha256};
use spektr_types::Timestamp;
use tokio::sync::{Mutex, Semaphore, mpsc, oneshot};
use tokio::time::timeout;

use super::compare::{are_former, known};
use super::error::Fault;
use super::notes::take_room;
use super::pool::{Lent, Pool};
use super::row::millis;
use crate::store::operation::hash;
use crate::store::{Acceptance, NewEntry, StoreError, longer_for};

/// The size in bytes from which a group takes no more deliveries.
const GROUP_BYTES: usize = 8 * 1024 * 1024;

/// The number of probes that run at a time.
pub(super) const PROBE_CONNECTIONS: usize = 1;

/// How often a transaction repeats its statement: because another transaction has stored the
/// same key, or because an earlier version may have stored the same content.
const ROUNDS: usize = 6;

/// The queue of deliveries. Tasks take the deliveries out and commit them.
pub(super) struct Queue {
    sender: mpsc::Sender<Job>,
}

struct Job {
    entries: Vec<NewEntry>,
    answer: oneshot::Sender<Result<Vec<Acceptance>, StoreError>>,
    /// Whether the entries are stored only for a probe, and rolled back.
    is_probe: bool,
}

impl Queue {
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
        self.sender.try_send(Job { entries, answer, is_probe }).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => StoreError::Overloaded,
            mpsc::error::TrySendError::Closed(_) => StoreError::Closed,
        })?;
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
    queue: Arc<Mutex<mpsc::Receiver<Job>>>,
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
        // The caller has stopped waiting, and the sender has been asked to retry.
        jobs.retain(|job| !job.answer.is_closed());
        let (probes, jobs): (Vec<_>, Vec<_>) = jobs.into_iter().partition(|job| job.is_probe);
        for job in probes {
            tokio::spawn(answer_probe(Arc::clone(&pool), Arc::clone(&probing), job, limit));
        }
        match commit(&pool, &jobs, limit).await {
            Ok(accepted) => answer(jobs, accepted),
            // Commit each delivery alone, so that none fails because of another.
            Err(fault) if fault.is_of_the_data() && jobs.len() > 1 => {
                for job in jobs {
                    if job.answer.is_closed() {
                        continue;
                    }
                    let one = [job];
                    let committed = commit(&pool, &one, limit).await;
                    let [job] = one;
                    let _gone = job.answer.send(match committed {
                        Ok(accepted) => Ok(accepted.into_iter().flatten().collect()),
                        Err(fault) => Err(fault.into()),
                    });
                }
            }
            // It is unknown whether the group was committed. The sender retries, and the
            // delivery is then stored or found to be a duplicate.
            Err(fault) => {
                for job in jobs {
                    let _gone = job.answer.send(Err(fault.clone().into()));
                }
            }
        }
    }
}

fn size(job: &Job) -> usize {
    job.entries.iter().map(|entry| entry.raw.len()).sum()
}

fn answer(jobs: Vec<Job>, accepted: Vec<Vec<Acceptance>>) {
    for (job, accepted) in jobs.into_iter().zip(accepted) {
        // The caller may have stopped waiting. The commit is still valid.
        let _gone = job.answer.send(Ok(accepted));
    }
}

/// Runs a probe concurrently with deliveries, so that a probe that hangs delays none of them.
async fn answer_probe(pool: Arc<Pool>, probing: Arc<Semaphore>, job: Job, limit: Duration) {
    let Job { entries, mut answer, .. } = job;
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
async fn commit(pool: &Pool, jobs: &[Job], limit: Duration) -> Result<Vec<Vec<Acceptance>>, Fault> {
    if jobs.is_empty() {
        return Ok(Vec::new());
    }
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

/// Stores the entries that are not in the store, in the order of arrival. They are due at once
/// by the database's clock, so that a machine whose clock is ahead delays nothing.
///
/// If a key is in the store with another content, the entry is stored in the next round, once
/// its former hash has been compared with contents of earlier versions. This round reserves its
/// number, so that the entries of a delivery are numbered in their order.
///
/// If another transaction stores the same row at the same time, the unique indexes make the
/// statement wait and then skip the row. Once that transaction has ended, the next round sees
/// its row. Rows are inserted in the order of their keys, so that two transactions with the
/// same events do not deadlock.
const ACCEPT: &str = concat!(
    "WITH given AS MATERIALIZED ( \
      SELECT given.*, \
        ",
    known!(),
    " AS known \
      FROM unnest($1::bytea[], $2::bytea[], $3::bytea[], $4::bytea[], $5::bytea[], \
        $6::bytea[], $7::bytea[], $8::bytea[], $9::bytea[], $10::bigint[], $11::bigint[], \
        $12::text[], $13::boolean[], $14::boolean[], $15::bytea[], $16::bigint[], $17::text[]) \
        WITH ORDINALITY \
        AS given (source, source_hash, key_hash, content, id, spektr_id, spektr_hash, lane, \
        wire_type, created_at, received_at, state, second, compared, raw, reserved, trace, place) \
    ), numbered AS MATERIALIZED ( \
      SELECT coalesce(reserved, nextval('spektr_inbox.numbers')) AS number, fresh.* \
      FROM (SELECT * FROM given WHERE known IS NOT TRUE ORDER BY place) AS fresh \
    ), stored AS ( \
      INSERT INTO spektr_inbox.entries (number, source, source_hash, key_hash, content, id, \
        spektr_id, spektr_hash, wire_type, created_at, conflict, raw, trace) \
      SELECT number, source, source_hash, key_hash, content, id, spektr_id, spektr_hash, \
        wire_type, created_at, known IS NOT NULL OR second, raw, trace \
      FROM numbered WHERE known IS NULL OR compared ORDER BY key_hash, source_hash, content \
      ON CONFLICT DO NOTHING RETURNING number, conflict \
    ), working AS ( \
      INSERT INTO spektr_inbox.work \
        (number, state, received_at, order_at, lane, attempts, due_at) \
      SELECT number, \
        CASE WHEN conflict AND state = 'pending' THEN 'conflict' ELSE state END, \
        received_at, coalesce(created_at, received_at), lane, 0, \
        least(received_at, ",
    millis!("statement_timestamp()"),
    ") \
      FROM numbered JOIN stored USING (number) \
    ) \
    SELECT given.place, given.known, stored.number, stored.conflict, given.compared, \
      numbered.number FROM given \
    LEFT JOIN numbered ON numbered.place = given.place \
    LEFT JOIN stored ON stored.number = numbered.number",
);

pub(super) async fn store(
    connection: &mut Lent<'_>,
    entries: &[&NewEntry],
) -> Result<Vec<Acceptance>, Fault> {
    let mut accepted = vec![None; entries.len()];
    // Duplicates within this group are found here: a statement does not see its own rows.
    let mut contents: HashMap<(&str, &str), HashSet<&[u8; 32]>> = HashMap::new();
    let mut rows = Vec::with_capacity(entries.len());
    for (entry, answer) in entries.iter().zip(&mut accepted) {
        let earlier = contents.entry((&entry.source, &entry.key)).or_default();
        let is_second = !earlier.is_empty();
        if earlier.insert(&entry.content) {
            rows.push(Row::new(entry, answer, is_second));
        } else {
            *answer = Some(Acceptance::Duplicate);
        }
    }
    for _ in 0..ROUNDS {
        if rows.is_empty() {
            break;
        }
        let found = query(connection, &rows).await?;
        let mut others = Vec::new();
        for (place, number, found) in found {
            let Some(row) = rows.get_mut(place) else { continue };
            row.reserved = number;
            match found {
                Found::Accepted(acceptance) => *row.answer = Some(acceptance),
                Found::OtherContent => {
                    row.compared = true;
                    others.push(place);
                }
                Found::Raced => {}
            }
        }
        let compared: Vec<_> =
            others.iter().filter_map(|place| rows.get(*place)).map(|row| row.entry).collect();
        for (place, is_known) in others.into_iter().zip(are_former(connection, &compared).await?) {
            if let Some(row) = rows.get_mut(place).filter(|_| is_known) {
                *row.answer = Some(Acceptance::Duplicate);
            }
        }
        rows.retain(|row| row.answer.is_none());
    }
    drop(rows);
    let accepted: Option<Vec<_>> = accepted.into_iter().collect();
    let accepted =
        accepted.ok_or_else(|| Fault::new("others stored and deleted the same all the time"))?;
    if accepted.iter().all(|acceptance| *acceptance == Acceptance::Duplicate) {
        connection.run(REPLICATE).await?;
    }
    Ok(accepted)
}

/// Writes to the log if commits wait for standbys. A duplicate may have been committed when the
/// server had stopped waiting for the standbys. The commit of a transaction without writes does
/// not wait, so it would acknowledge that duplicate before it is replicated.
const REPLICATE: &str = "SELECT CASE WHEN current_setting('synchronous_standby_names') <> '' \
     THEN pg_logical_emit_message(true, 'spektr_inbox', '') END";

/// An entry with its outcome, and the hashes by which it is indexed.
struct Row<'a> {
    entry: &'a NewEntry,
    answer: &'a mut Option<Acceptance>,
    /// Whether an earlier entry of the group has the same key.
    second: bool,
    /// Whether the entry has been compared with contents of earlier versions, and differs.
    compared: bool,
    /// The number that an earlier round has reserved for the entry.
    reserved: Option<i64>,
    content: [u8; 33],
    source_hash: Vec<u8>,
    key_hash: Vec<u8>,
    spektr_hash: Option<Vec<u8>>,
    lane: Vec<u8>,
}

impl<'a> Row<'a> {
    fn new(entry: &'a NewEntry, answer: &'a mut Option<Acceptance>, second: bool) -> Self {
        let spektr_id = entry.spektr_id.as_deref();
        // Hashes have a fixed length, so no two pairs make the same concatenation. An entry
        // without a spektr id has a lane of its own, and waits for no other entry.
        let of =
            spektr_id.map_or_else(|| [hash(&entry.key), entry.content.to_vec()].concat(), hash);
        let lane = Sha256::digest([hash(&entry.source), of].concat()).to_vec();
        Self {
            entry,
            answer,
            second,
            compared: false,
            reserved: None,
            content: entry.stored_content(),
            source_hash: hash(&entry.source),
            key_hash: hash(&entry.key),
            spektr_hash: spektr_id.map(hash),
            lane,
        }
    }
}

/// The statement's finding about a row.
enum Found {
    Accepted(Acceptance),
    /// The store has the key, but not the content in the present form of the hash.
    OtherContent,
    /// Another transaction is storing the same row.
    Raced,
}

/// Runs the statement. Returns the places of the rows, their numbers, and the findings.
async fn query(
    connection: &mut Lent<'_>,
    rows: &[Row<'_>],
) -> Result<Vec<(usize, Option<i64>, Found)>, Fault> {
    fn column<'a, T>(rows: &'a [Row<'_>], value: impl Fn(&'a Row<'_>) -> T) -> Vec<T> {
        rows.iter().map(value).collect()
    }
    fn bytes(text: &Option<String>) -> Option<&[u8]> {
        text.as_deref().map(str::as_bytes)
    }
    let found = connection
        .query(
            ACCEPT,
            &[
                &column(rows, |row| row.entry.source.as_bytes()),
                &column(rows, |row| &row.source_hash[..]),
                &column(rows, |row| &row.key_hash[..]),
                &column(rows, |row| &row.content[..]),
                &column(rows, |row| bytes(&row.entry.id)),
                &column(rows, |row| bytes(&row.entry.spektr_id)),
                &column(rows, |row| row.spektr_hash.as_deref()),
                &column(rows, |row| &row.lane[..]),
                &column(rows, |row| bytes(&row.entry.wire_type)),
                &column(rows, |row| row.entry.created_at.map(Timestamp::as_millis)),
                &column(rows, |row| row.entry.received_at.as_millis()),
                &column(rows, |row| row.entry.state.as_str()),
                &column(rows, |row| row.second),
                &column(rows, |row| row.compared),
                &column(rows, |row| &row.entry.raw[..]),
                &column(rows, |row| row.reserved),
                &column(rows, |row| row.entry.trace.map(|trace| trace.to_string())),
            ],
        )
        .await?;
    let read = |row: tokio_postgres::Row| {
        let place: i64 = row.try_get(0)?;
        let number: Option<i64> = row.try_get(2)?;
        let known: Option<bool> = row.try_get(1)?;
        let found = match (known, number) {
            (Some(true), _) => Found::Accepted(Acceptance::Duplicate),
            (_, Some(number)) if row.try_get(3)? => Found::Accepted(Acceptance::Conflict(number)),
            (_, Some(number)) => Found::Accepted(Acceptance::Stored(number)),
            (Some(false), None) if !row.try_get(4)? => Found::OtherContent,
            _ => Found::Raced,
        };
        // Places start at 1.
        Ok((usize::try_from(place - 1).unwrap_or(usize::MAX), row.try_get(5)?, found))
    };
    found.into_iter().map(read).collect()
}
