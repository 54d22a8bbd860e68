//! The store in PostgreSQL, for several machines that receive and work (feature
//! `postgres`).
//!
//! Its tables are in the schema `spektr_inbox` of a database, which may be that of your
//! application: a handler can then [`complete`] an event in a transaction of its own.
//!
//! - **Connections** go by TLS, with a certificate that is verified, unless the URL says
//!   `sslmode=disable` or names a Unix socket.
//! - **Poolers** in between must pool sessions, not transactions or statements: a session
//!   has prepared statements. Others are refused when the store is opened, as far as they can
//!   be noticed. What a transaction depends on is set in that transaction
//!   alone, so that nothing acknowledged is lost to one that was not noticed, and no setting
//!   gets to other clients.
//! - **Durable** is what is committed with `synchronous_commit = on` (or `remote_apply`, where
//!   that is the default), whatever the default of the user or the database.
//! - **The role** makes and migrates the tables if it may. Where it may not, an owner runs [`migration`] and [`grants`]
//!   before, which `spektr inbox schema --role ROLE` prints; the role then needs nothing else.
//! - **A failover** is followed if the URL names several hosts: the first that takes writes is used.
//!   With `synchronous_standby_names` an acknowledged event is on a standby as well. A commit for
//!   which the server has given up to wait counts as failed, and a repeated delivery waits like the
//!   first one. While no such standby answers, deliveries fail, and each commit that was given up
//!   here leaves a session of the server that waits: name a second standby. Without
//!   `synchronous_standby_names`, a failover loses what the primary had alone, until a reconciliation
//!   fetches it. Fence the old primary off: one that comes back takes writes as well.
//! - **Clocks**: leases, and when an entry is due, go by the clock of the database. Times of
//!   arrival are those of the machines that receive. A warning is traced when a connection
//!   is made and the clock of the database differs by more than two seconds.
//! - **Erasure**: what is erased is gone from every query at once. Its bytes stay in the
//!   pages until `VACUUM`, which is run where the user owns the tables, has freed them and
//!   others overwrite them; in the write-ahead log until it is recycled; and in backups,
//!   archives and standbys. Encrypt those disks.
//! - **The server's log** can have the values of statements, for one by
//!   `log_min_duration_statement`, and the rows that errors are about: payloads, that is. Each
//!   transaction sets `log_parameter_max_length` to 0 and `log_error_verbosity` to `terse`
//!   where its user may, which is a superuser's right. To other users an administrator can
//!   grant it in PostgreSQL 15 (`GRANT SET ON PARAMETER log_parameter_max_length TO name`), or
//!   set it for them (`ALTER ROLE name SET log_parameter_max_length = 0`).
//!   `log_parameter_max_length_on_error`, which anybody may set, is set to 0. Extensions that
//!   log statements, such as `auto_explain` and `pgaudit`, have settings of their own.
//! - **Long transactions** on that server, such as a dump or a forgotten session, keep
//!   dead rows alive, whichever tables they read: claims become slower until they end.
//! - **Numbers** count up in the order of arrival, and become visible in the order of
//!   commits: while deliveries arrive, one with a smaller number can show up after one
//!   with a larger.
//!
//! It is tested with PostgreSQL 15 and needs 13 or later.
//!
//! ```no_run
//! use spektr_inbox::store::postgres::PostgresOptions;
//!
//! # async fn open() -> Result<(), Box<dyn std::error::Error>> {
//! let url = std::env::var("DATABASE_URL")?;
//! let store = PostgresOptions::new(url).open().await?;
//! # Ok(())
//! # }
//! ```

mod accept;
mod actions;
mod compare;
mod complete;
mod condition;
mod connect;
mod error;
mod import;
mod inspect;
mod notes;
mod options;
mod page;
mod pause;
mod pool;
mod pooler;
mod prune;
mod quarantine;
mod read;
mod release;
mod replace;
mod row;
mod schema;
mod settings;
mod settle;
mod tls;
mod work;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use spektr_types::Timestamp;
use tokio::sync::watch::Receiver;
use tokio::time::{sleep, timeout};

pub use complete::{CompleteError, Completing, complete};
pub use error::OpenError;
pub use inspect::{Inspection, Standbys, Tables};
pub use options::PostgresOptions;
pub use schema::{grants, migration};

use accept::Queue;
use error::Fault;
use pool::Pool;
use settle::{Ending, Gathering};

use super::arrivals::Arrivals;
use super::{
    Acceptance, Attempt, Claim, ClaimRequest, Erased, Erasure, Filter, Imported, Lease, NewEntry,
    Original, Page, Presence, Quarantined, Record, Recorded, Rejected, Settlement, Stats, Store,
    StoreError, StoreFuture, StoredEntry, Tally, Tombstone,
};

/// How long what looks at many rows may take.
const OPERATE_TIMEOUT: Duration = Duration::from_secs(60);

/// How long a page of entries may take.
const PAGE_TIMEOUT: Duration = Duration::from_secs(5);

/// How long pages may be cleared after an erasure.
const VACUUM_TIMEOUT: Duration = Duration::from_secs(600);

/// How long to wait before a lease is settled again.
const SETTLE_PAUSE: Duration = Duration::from_millis(100);

/// Entries in a PostgreSQL database. What is queued when it is dropped is still stored,
/// for as long as the runtime lives.
///
/// After a failure of the server or the network, the next operation makes a new
/// connection. What fails is not repeated, because it may have been committed: the
/// sender delivers again, and workers claim again. Only a lease is settled again, which
/// does no harm.
pub struct PostgresStore {
    queue: Queue,
    work: Arc<Pool>,
    gathering: Gathering,
    operate: Arc<Pool>,
    arrivals: Arrivals,
    timeout: Duration,
    callers_clock: bool,
}

impl PostgresStore {
    /// A caller's time, if it counts.
    fn given(&self, now: Timestamp) -> Option<i64> {
        self.callers_clock.then_some(now.as_millis())
    }

    /// Settles together with others, and alone what was left out of that. It does so again if
    /// the connection fails: otherwise the event would be handled once more, after each restart
    /// of the server.
    async fn settle_again(&self, ending: Ending) -> Result<bool, StoreError> {
        let ending = Arc::new(ending);
        let mut failed = match self.gathering.settle(&ending).await {
            Ok(true) => return Ok(true),
            Ok(false) => None,
            Err(fault) => fault.is_of_the_connection().then_some(fault),
        };
        loop {
            let mut connection = match self.work.take().await {
                Ok(connection) => connection,
                Err(fault) if !fault.is_of_the_connection() => return Err(fault.into()),
                Err(_) => {
                    sleep(SETTLE_PAUSE).await;
                    continue;
                }
            };
            match settle::settle(&mut connection, &ending).await {
                Ok(held) => {
                    connection.give_back();
                    return match failed {
                        // Whether it was settled before the connection failed, or lost
                        // before that, nobody knows.
                        Some(fault) if !held => Err(StoreError::from(fault)),
                        _ => Ok(held),
                    };
                }
                Err(fault) if !fault.is_of_the_connection() => return Err(fault.into()),
                Err(fault) => failed = Some(fault),
            }
            sleep(SETTLE_PAUSE).await;
        }
    }
}

impl fmt::Debug for PostgresStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresStore").field("queued", &self.queue.depth()).finish_non_exhaustive()
    }
}

/// Bounds what is done with the database: a server can fall silent at any point.
async fn within<T>(
    limit: Duration,
    doing: impl Future<Output = Result<T, StoreError>>,
) -> Result<T, StoreError> {
    let late = |_| StoreError::from(Fault::new("the database does not answer in time"));
    timeout(limit, doing).await.map_err(late)?
}

/// Lends a connection of a pool to a block, within a limit, and takes it back if that
/// ends well.
macro_rules! lend {
    ($pool:expr, $limit:expr, |$connection:ident| $doing:expr) => {
        Box::pin(within($limit, async move {
            #[allow(unused_mut, reason = "some need it mutable")]
            let mut $connection = $pool.take().await?;
            let done = $doing?;
            $connection.give_back();
            Ok(done)
        }))
    };
}

impl Store for PostgresStore {
    fn accept(&self, entries: Vec<NewEntry>) -> StoreFuture<'_, Vec<Acceptance>> {
        Box::pin(async move {
            self.queue.accept(entries).await.inspect(|accepted| self.arrivals.accepted(accepted))
        })
    }

    fn arrivals(&self) -> Receiver<()> {
        self.arrivals.subscribe()
    }

    fn claim(&self, request: ClaimRequest) -> StoreFuture<'_, Vec<Claim>> {
        let now = self.given(request.now);
        lend!(self.work, self.timeout, |one| work::claim(&mut one, &request, now).await)
    }

    fn extend(
        &self,
        leases: Vec<Lease>,
        now: Timestamp,
        duration: Duration,
    ) -> StoreFuture<'_, Vec<Lease>> {
        let now = self.given(now);
        lend!(self.work, self.timeout, |one| {
            work::extend(&mut one, &leases, now, duration).await
        })
    }

    fn give_back(&self, leases: Vec<Lease>, now: Timestamp) -> StoreFuture<'_, u64> {
        let now = self.given(now);
        lend!(self.work, self.timeout, |one| {
            let given_back = work::give_back(&mut one, &leases, now).await;
            given_back.inspect(|count| self.arrivals.changed(*count > 0))
        })
    }

    fn settle_with_status(
        &self,
        lease: Lease,
        settlement: Settlement,
        status: Option<u16>,
        now: Timestamp,
    ) -> StoreFuture<'_, bool> {
        let ending = Ending { lease, settlement, status, at: now, now: self.given(now) };
        Box::pin(within(self.timeout, self.settle_again(ending)))
    }

    fn set_paused(&self, is_paused: bool, record: Record) -> StoreFuture<'_, bool> {
        lend!(self.operate, OPERATE_TIMEOUT, |one| {
            let set = pause::set(&mut one, is_paused, &record).await;
            set.inspect(|is_change| self.arrivals.changed(*is_change && !is_paused))
        })
    }

    fn list(&self, filter: Filter, after: i64, limit: usize) -> StoreFuture<'_, Vec<StoredEntry>> {
        lend!(self.operate, OPERATE_TIMEOUT, |one| read::list(&one, &filter, after, limit).await)
    }

    fn page(&self, filter: Filter, before: Option<i64>, limit: usize) -> StoreFuture<'_, Page> {
        lend!(self.operate, PAGE_TIMEOUT, |one| page::page(&one, &filter, before, limit).await)
    }

    fn compare(&self, entries: Vec<NewEntry>) -> StoreFuture<'_, Vec<Presence>> {
        lend!(self.operate, OPERATE_TIMEOUT, |one| compare::compare(&mut one, &entries).await)
    }

    fn count(&self, filter: Filter) -> StoreFuture<'_, u64> {
        lend!(self.operate, OPERATE_TIMEOUT, |one| read::count(&one, &filter).await)
    }

    fn tally(&self, filter: Filter, now: Timestamp) -> StoreFuture<'_, Vec<Tally>> {
        lend!(self.operate, OPERATE_TIMEOUT, |one| read::tally(&one, &filter, now).await)
    }

    fn release(
        &self,
        filter: Filter,
        after: i64,
        limit: usize,
        now: Timestamp,
        record: Option<Record>,
    ) -> StoreFuture<'_, Vec<i64>> {
        lend!(self.operate, OPERATE_TIMEOUT, |one| {
            release::release(&mut one, &filter, after, limit, now, record.as_ref())
                .await
                .inspect(|numbers| self.arrivals.changed(!numbers.is_empty()))
        })
    }

    fn make_due(
        &self,
        filter: Filter,
        after: i64,
        limit: usize,
        now: Timestamp,
        record: Option<Record>,
    ) -> StoreFuture<'_, Vec<i64>> {
        lend!(self.operate, OPERATE_TIMEOUT, |one| {
            release::make_due(&mut one, &filter, after, limit, now, record.as_ref())
                .await
                .inspect(|numbers| self.arrivals.changed(!numbers.is_empty()))
        })
    }

    fn prune(
        &self,
        filter: Filter,
        limit: usize,
        now: Timestamp,
        record: Option<Record>,
    ) -> StoreFuture<'_, u64> {
        lend!(self.operate, OPERATE_TIMEOUT, |one| {
            prune::prune(&mut one, &filter, limit, now, record.as_ref()).await
        })
    }

    fn resolve(&self, number: i64, reason: String, record: Record) -> StoreFuture<'_, bool> {
        lend!(self.operate, OPERATE_TIMEOUT, |one| {
            let resolved = read::resolve(&mut one, number, &reason, &record).await;
            resolved.inspect(|is_resolved| self.arrivals.changed(*is_resolved))
        })
    }

    fn replace(
        &self,
        original: Original,
        entries: Vec<NewEntry>,
        record: Record,
    ) -> StoreFuture<'_, Option<Vec<Acceptance>>> {
        lend!(self.operate, OPERATE_TIMEOUT, |one| {
            let replaced = replace::replace(&mut one, original, &entries, &record).await;
            replaced.inspect(|new| self.arrivals.accepted(new.as_deref().unwrap_or_default()))
        })
    }

    fn erase(&self, erasure: Erasure, record: Option<Record>) -> StoreFuture<'_, Erased> {
        Box::pin(async move {
            let operate = &self.operate;
            let erasing = async {
                let mut one = operate.take().await?;
                let erased = prune::erase(&mut one, &erasure, record.as_ref()).await?;
                one.give_back();
                Ok(erased)
            };
            let mut erased = within(OPERATE_TIMEOUT, erasing).await?;
            let vacuuming = async {
                let one = operate.take().await?;
                // It cannot be in a transaction, which would have settings of its own.
                one.run("SET statement_timeout = 0; SET lock_timeout = '30s'").await?;
                let tables = "spektr_inbox.entries, spektr_inbox.work, spektr_inbox.quarantine, \
                              spektr_inbox.tombstones, spektr_inbox.actions";
                one.run(&format!("VACUUM {tables}")).await?;
                one.run("RESET statement_timeout; RESET lock_timeout").await?;
                one.give_back();
                Ok(())
            };
            if let Err(error) = within(VACUUM_TIMEOUT, vacuuming).await {
                erased.is_in_files = true;
                let error = &error as &dyn std::error::Error;
                tracing::warn!(error, "what is erased stays in the pages until autovacuum");
            }
            Ok(erased)
        })
    }

    fn import(
        &self,
        entries: Vec<Imported>,
        record: Option<Record>,
    ) -> StoreFuture<'_, Vec<Acceptance>> {
        lend!(self.operate, OPERATE_TIMEOUT, |one| {
            let imported = import::import(&mut one, &entries, record.as_ref()).await;
            imported.inspect(|accepted| self.arrivals.accepted(accepted))
        })
    }

    fn tombstones(
        &self,
        after: Option<Tombstone>,
        limit: usize,
    ) -> StoreFuture<'_, Vec<Tombstone>> {
        lend!(self.operate, OPERATE_TIMEOUT, |one| {
            prune::tombstones(&mut one, after.as_ref(), limit).await
        })
    }

    fn bury(&self, tombstones: Vec<Tombstone>) -> StoreFuture<'_, ()> {
        lend!(self.operate, OPERATE_TIMEOUT, |one| prune::bury(&one, &tombstones).await)
    }

    fn forget(
        &self,
        pruned_before: Timestamp,
        sources: Vec<(String, Timestamp)>,
        limit: usize,
    ) -> StoreFuture<'_, u64> {
        lend!(self.operate, OPERATE_TIMEOUT, |one| {
            prune::forget(&one, pruned_before, &sources, limit).await
        })
    }

    fn record(&self, record: Record, affected: u64) -> StoreFuture<'_, ()> {
        lend!(self.operate, OPERATE_TIMEOUT, |one| actions::write(&one, &record, affected).await)
    }

    fn actions(&self, after: i64, limit: usize) -> StoreFuture<'_, Vec<Recorded>> {
        lend!(self.operate, OPERATE_TIMEOUT, |one| actions::actions(&mut one, after, limit).await)
    }

    fn import_actions(&self, actions: Vec<Recorded>) -> StoreFuture<'_, ()> {
        lend!(self.operate, OPERATE_TIMEOUT, |one| actions::import(&mut one, &actions).await)
    }

    fn attempts(&self, number: i64) -> StoreFuture<'_, Vec<Attempt>> {
        lend!(self.operate, OPERATE_TIMEOUT, |one| actions::attempts(&mut one, number).await)
    }

    fn stats(&self) -> StoreFuture<'_, Stats> {
        let depth = self.queue.depth();
        lend!(self.operate, OPERATE_TIMEOUT, |one| read::stats(&mut one, depth).await)
    }

    fn probe(&self) -> StoreFuture<'_, ()> {
        Box::pin(self.queue.probe())
    }

    fn is_alive(&self) -> bool {
        self.queue.is_alive() && self.gathering.is_alive()
    }

    fn quarantine(
        &self,
        rejected: Rejected,
        max_count: usize,
        max_bytes: usize,
    ) -> StoreFuture<'_, ()> {
        lend!(self.operate, OPERATE_TIMEOUT, |one| {
            quarantine::keep(&mut one, &rejected, max_count, max_bytes).await
        })
    }

    fn quarantined(&self, after: i64, limit: usize) -> StoreFuture<'_, Vec<Quarantined>> {
        lend!(self.operate, OPERATE_TIMEOUT, |one| quarantine::list(&mut one, after, limit).await)
    }

    fn discard(&self, numbers: Vec<i64>, record: Option<Record>) -> StoreFuture<'_, u64> {
        lend!(self.operate, OPERATE_TIMEOUT, |one| {
            quarantine::discard(&mut one, &numbers, record.as_ref()).await
        })
    }

    fn notes(&self) -> StoreFuture<'_, Vec<(String, String)>> {
        lend!(self.operate, OPERATE_TIMEOUT, |one| notes::notes(&mut one).await)
    }

    fn note(&self, name: String) -> StoreFuture<'_, Option<String>> {
        lend!(self.operate, OPERATE_TIMEOUT, |one| notes::note(&mut one, &name).await)
    }

    fn set_note(&self, name: String, text: String) -> StoreFuture<'_, ()> {
        lend!(self.operate, OPERATE_TIMEOUT, |one| {
            notes::set_note(&mut one, &name, &text).await
        })
    }
}
