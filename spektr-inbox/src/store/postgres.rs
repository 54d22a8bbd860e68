//! The store in PostgreSQL, for several machines that receive and work (feature `postgres`).
//!
//! Its tables are in the schema `spektr_inbox` of a database. The database may be that of your
//! application: a handler can then [`complete`] an event in its own transaction.
//!
//! - **Connections** use TLS, with a verified certificate, unless the URL has `sslmode=disable`
//!   or names a Unix socket.
//! - **Poolers** in front of the database must pool sessions, not transactions or statements,
//!   because a session has prepared statements. Other poolers are refused at opening, if they
//!   can be detected. Each transaction sets the settings that it depends on, for itself alone.
//!   So an undetected pooler loses nothing acknowledged, and passes no setting on to other
//!   clients.
//! - **Durable** means committed with `synchronous_commit = on` (or `remote_apply`, if that is
//!   the default), whatever the default of the user or the database.
//! - **The role** creates and migrates the tables if it has the right. If it has not, an owner
//!   first runs [`migration`] and [`grants`], which `spektr inbox schema --role ROLE` prints;
//!   the role then needs no other right.
//! - **Failover**: if the URL names several hosts, the store uses the first that takes writes.
//!   With `synchronous_standby_names`, an acknowledged event is on a standby as well. If the
//!   server stops waiting for its standbys, the commit counts as failed, and the repeated
//!   delivery waits again. While no such standby answers, deliveries fail, and each timed-out
//!   commit leaves a session of the server that still waits: configure a second standby.
//!   Without `synchronous_standby_names`, a failover loses the events that only the primary
//!   had, until a reconciliation fetches them. Fence the old primary off: it would take writes
//!   as well if it came back.
//! - **Clocks**: leases and due times use the clock of the database. Times of arrival use the
//!   clocks of the receiving machines. A warning is logged when a connection is made and the
//!   clocks differ by more than two seconds.
//! - **Erasure**: erased data disappears from every query at once. Its bytes remain in the
//!   pages until `VACUUM` has freed them and other data overwrites them; the erasure runs
//!   `VACUUM` if the user owns the tables. The bytes also remain in the write-ahead log until
//!   it is recycled, and in backups, archives and standbys. Encrypt those disks.
//! - **The server's log** can contain the values of statements, for example by
//!   `log_min_duration_statement`, and the rows of failed statements. These values include
//!   payloads. Each transaction sets `log_parameter_max_length` to 0 and `log_error_verbosity`
//!   to `terse` if its user has the right, which superusers have. For other users, an
//!   administrator can grant the right in PostgreSQL 15 (`GRANT SET ON PARAMETER
//!   log_parameter_max_length TO name`), or set the value (`ALTER ROLE name SET
//!   log_parameter_max_length = 0`). Every user may set `log_parameter_max_length_on_error`, so
//!   it is set to 0. Extensions that log statements, such as `auto_explain` and `pgaudit`, have
//!   settings of their own.
//! - **Long transactions** on that server, such as a dump or a forgotten session, keep dead
//!   rows alive, whichever tables they read: claims become slower until they end.
//! - **Numbers** increase in the order of arrival, but become visible in the order of commits:
//!   while deliveries arrive, an entry can appear after another with a larger number.
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

/// The time limit of operations that read many rows.
const OPERATE_TIMEOUT: Duration = Duration::from_secs(60);

/// The time limit of a page of entries.
const PAGE_TIMEOUT: Duration = Duration::from_secs(5);

/// The time limit of `VACUUM` after an erasure.
const VACUUM_TIMEOUT: Duration = Duration::from_secs(600);

/// The pause before a lease is settled again.
const SETTLE_PAUSE: Duration = Duration::from_millis(100);

/// Entries in a PostgreSQL database. Deliveries that are queued when the store is dropped are
/// still stored, as long as the runtime lives.
///
/// After a failure of the server or the network, the next operation makes a new connection. A
/// failed operation is not repeated, because it may have been committed: the sender delivers
/// again, and workers claim again. Only the settlement of a lease is repeated, because that is
/// harmless.
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
    /// Returns the caller's time, if callers' times are used.
    fn given(&self, now: Timestamp) -> Option<i64> {
        self.callers_clock.then_some(now.as_millis())
    }

    /// Settles together with other leases, or alone if the lease was left out of the group.
    /// Tries again if the connection fails: otherwise each restart of the server would make the
    /// event be handled again.
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
                        // It is unknown whether the lease was settled before the connection
                        // failed, or was lost before that.
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

/// Limits the time of an operation on the database: a server can fall silent at any point.
async fn within<T>(
    limit: Duration,
    doing: impl Future<Output = Result<T, StoreError>>,
) -> Result<T, StoreError> {
    let late = |_| StoreError::from(Fault::new("the database does not answer in time"));
    timeout(limit, doing).await.map_err(late)?
}

/// Lends a connection of a pool to a block, within a time limit. Keeps the connection if the
/// block succeeds.
macro_rules! lend {
    ($pool:expr, $limit:expr, |$connection:ident| $doing:expr) => {
        Box::pin(within($limit, async move {
            #[allow(unused_mut, reason = "some blocks need it mutable")]
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
                // `VACUUM` cannot run in a transaction, so the limits are set for the session.
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
                tracing::warn!(error, "erased data stays in the pages until autovacuum");
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
