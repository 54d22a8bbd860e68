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
mod archive;
mod claim;
mod compare;
mod complete;
mod condition;
mod connect;
mod deliveries;
mod erase;
mod error;
mod import;
mod inspect;
mod lease;
mod notes;
mod options;
mod page;
mod pause;
mod pool;
mod pooler;
mod prune;
mod quarantine;
mod queue;
mod read;
mod reception;
mod release;
mod replace;
mod row;
mod schema;
mod settings;
mod settle;
mod tls;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::timeout;

pub use complete::{CompleteError, Completing, complete};
pub use error::OpenError;
pub use inspect::{Inspection, Standbys, Tables};
pub use options::PostgresOptions;
pub use schema::{grants, migration};

use deliveries::Deliveries;
use error::Fault;
use pool::Pool;
use settle::Gathering;

use super::StoreError;
use super::arrivals::Arrivals;

/// The time limit of operations that read many rows.
const OPERATE_TIMEOUT: Duration = Duration::from_secs(60);

/// Entries in a PostgreSQL database. A commit that has begun when the store is dropped is
/// completed, as long as the runtime lives.
///
/// After a failure of the server or the network, the next operation makes a new connection. A
/// failed operation is not repeated, because it may have been committed: the sender delivers
/// again, and workers claim again. Only the settlement of a lease is repeated, because that is
/// harmless.
pub struct PostgresStore {
    deliveries: Deliveries,
    work: Arc<Pool>,
    gathering: Gathering,
    operate: Arc<Pool>,
    arrivals: Arrivals,
    timeout: Duration,
    callers_clock: bool,
}

impl fmt::Debug for PostgresStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresStore")
            .field("queued", &self.deliveries.depth())
            .finish_non_exhaustive()
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

/// Lends a connection of a pool to an operation, within a time limit. Keeps the connection if the
/// operation succeeds.
macro_rules! lend {
    ($pool:expr, $limit:expr, |$connection:ident| $doing:expr) => {
        Box::pin(crate::store::postgres::within($limit, async move {
            #[allow(unused_mut, reason = "some blocks need it mutable")]
            let mut $connection = $pool.take().await?;
            let done = $doing?;
            $connection.give_back();
            Ok(done)
        }))
    };
}
use lend;

/// Lends a connection to an operation that may read many rows.
macro_rules! operate {
    ($store:expr, |$connection:ident| $doing:expr) => {
        crate::store::postgres::lend!(
            $store.operate,
            crate::store::postgres::OPERATE_TIMEOUT,
            |$connection| $doing
        )
    };
}
use operate;
