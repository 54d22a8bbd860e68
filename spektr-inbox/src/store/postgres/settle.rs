//! Settles leases: the statement, and the task that gathers settlements. Leases that are
//! settled at about the same time share a statement and a commit.
//!
//! The reasons are a decision (ARCHITECTURE.md, P7).

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use spektr_types::Timestamp;
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;
use tokio_postgres::types::ToSql;

use super::error::Fault;
use super::lease::{now, record};
use super::pool::{Lent, Pool};
use crate::store::{Lease, Settlement};

/// The greatest number of leases that are settled together.
const GROUP: usize = 256;

/// Settles those of the given leases that are held, each identified by number, owner, token and
/// attempt.
///
/// $1 now, $2 numbers, $3 owners, $4 tokens, $5 attempts, $6 states, $7 pauses, $8 reasons, $9
/// results, $10 statuses, $11 numbers of attempts that do not count
macro_rules! settle {
    ($locked:literal) => {
        concat!(
            "WITH given AS MATERIALIZED ( \
               SELECT * FROM unnest($2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], \
                 $6::text[], $7::bigint[], $8::bytea[], $9::text[], $10::integer[], \
                 $11::bigint[]) \
                 AS given (number, owner, lease, attempts, state, pause, reason, result, status, \
                   uncounted) \
             ), held AS MATERIALIZED ( \
               SELECT given.* FROM given JOIN spektr_inbox.work ON work.number = given.number \
               WHERE work.owner = given.owner AND work.lease = given.lease \
               AND work.attempts = given.attempts AND work.state = 'pending' \
               FOR UPDATE OF work",
            $locked,
            " ), ended AS ( \
               UPDATE spektr_inbox.work SET state = held.state, due_at = ",
            now!(),
            " + held.pause, reason = held.reason, owner = NULL, \
                 attempts = work.attempts - held.uncounted \
               FROM held WHERE work.number = held.number \
               RETURNING work.number, work.lease, held.attempts, work.leased_at, held.result, \
                 held.status \
             ), ",
            record!(),
            " SELECT lease FROM ended"
        )
    };
}

/// Skips locked rows: a handler's transaction that completes an entry locks its row, and the
/// other settlements must not wait for it.
const SETTLE_FREE: &str = settle!(" SKIP LOCKED");

/// Waits for locked rows.
const SETTLE: &str = settle!("");

/// The settlement of a lease.
pub(super) struct Ending {
    pub(super) lease: Lease,
    pub(super) settlement: Settlement,
    pub(super) status: Option<u16>,
    /// The time of the settlement by the caller's clock.
    pub(super) at: Timestamp,
    /// The same time, if callers' times are used.
    pub(super) now: Option<i64>,
}

/// Settles one lease, if it is held.
pub(super) async fn settle(connection: &mut Lent<'_>, ending: &Ending) -> Result<bool, Fault> {
    Ok(run(connection, SETTLE, ending.now, &[ending]).await?.contains(&ending.lease.token))
}

/// Runs the statement. Returns the tokens of the leases that it has settled.
async fn run(
    connection: &mut Lent<'_>,
    statement: &'static str,
    now: Option<i64>,
    endings: &[&Ending],
) -> Result<HashSet<i64>, Fault> {
    let leases = |value: fn(&Lease) -> i64| -> Vec<i64> {
        endings.iter().map(|ending| value(&ending.lease)).collect()
    };
    let states: Vec<_> = endings.iter().map(|one| one.settlement.state().as_str()).collect();
    // A pause has the same length by every clock.
    let pause = |one: &&Ending| one.settlement.due_at(one.at).as_millis() - one.at.as_millis();
    let pauses: Vec<_> = endings.iter().map(pause).collect();
    let reasons: Vec<_> =
        endings.iter().map(|one| one.settlement.reason().map(str::as_bytes)).collect();
    let results: Vec<_> = endings.iter().map(|one| one.settlement.result()).collect();
    let statuses: Vec<_> = endings.iter().map(|one| one.status.map(i32::from)).collect();
    let uncounted: Vec<_> =
        endings.iter().map(|one| i64::from(one.settlement.uncounted())).collect();
    let values: [&(dyn ToSql + Sync); 11] = [
        &now,
        &leases(|lease| lease.number),
        &leases(|lease| lease.owner),
        &leases(|lease| lease.token),
        &leases(|lease| i64::from(lease.attempt)),
        &states,
        &pauses,
        &reasons,
        &results,
        &statuses,
        &uncounted,
    ];
    let rows = connection.query(statement, &values).await?;
    Ok(rows.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>()?)
}

/// The queue of leases to be settled.
pub(super) struct Gathering {
    sender: mpsc::Sender<SettlementJob>,
}

struct SettlementJob {
    ending: Arc<Ending>,
    answer: oneshot::Sender<Result<bool, Fault>>,
}

impl Gathering {
    /// Starts the task. It ends when the queue has been dropped and is empty. `limit` is the
    /// time limit of a group.
    pub(super) fn start(pool: &Arc<Pool>, limit: Duration) -> Self {
        let (sender, receiver) = mpsc::channel(GROUP);
        tokio::spawn(serve(Arc::clone(pool), receiver, limit));
        Self { sender }
    }

    pub(super) fn is_alive(&self) -> bool {
        !self.sender.is_closed()
    }

    /// Settles a lease together with others. Returns whether the lease was settled. A lease
    /// that was not settled may have a locked row, or may no longer be held. After an error,
    /// the lease may have been settled.
    pub(super) async fn settle(&self, ending: &Arc<Ending>) -> Result<bool, Fault> {
        let (answer, result) = oneshot::channel();
        let job = SettlementJob { ending: Arc::clone(ending), answer };
        match self.sender.send(job).await {
            Ok(()) => result.await.unwrap_or_else(|_| Err(Fault::new("the task has ended"))),
            Err(_) => Ok(false),
        }
    }
}

async fn serve(pool: Arc<Pool>, mut queue: mpsc::Receiver<SettlementJob>, limit: Duration) {
    while let Some(first) = queue.recv().await {
        let mut jobs = vec![first];
        // Handlers that ended at the same time are about to queue their leases: yield as long
        // as more arrive.
        loop {
            tokio::task::yield_now().await;
            let before = jobs.len();
            while jobs.len() < GROUP {
                let Ok(job) = queue.try_recv() else { break };
                jobs.push(job);
            }
            if jobs.len() == before {
                break;
            }
        }
        let endings: Vec<_> = jobs.iter().map(|job| &*job.ending).collect();
        let late = |_| Err(Fault::new("the database does not answer in time"));
        match timeout(limit, settle_free(&pool, &endings)).await.unwrap_or_else(late) {
            Ok(mut ended) => {
                for job in jobs {
                    // If two settlements have the same lease, the first settlement counts.
                    let _gone = job.answer.send(Ok(ended.remove(&job.ending.lease.token)));
                }
            }
            Err(fault) => {
                for job in jobs {
                    let _gone = job.answer.send(Err(fault.clone()));
                }
            }
        }
    }
}

async fn settle_free(pool: &Pool, endings: &[&Ending]) -> Result<HashSet<i64>, Fault> {
    // A statement has one time (if callers' times are used), and settles each lease once.
    let now = endings.first().and_then(|first| first.now);
    let mut tokens = HashSet::new();
    let together: Vec<_> = endings
        .iter()
        .copied()
        .filter(|one| one.now == now && tokens.insert(one.lease.token))
        .collect();
    let mut connection = pool.take().await?;
    let ended = run(&mut connection, SETTLE_FREE, now, &together).await?;
    connection.give_back();
    Ok(ended)
}
