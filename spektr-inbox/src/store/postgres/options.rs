//! How the store is opened: where the database is, and how it is used.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::accept::{PROBE_CONNECTIONS, Queue};
use super::connect::Address;
use super::pool::Pool;
use super::settings::Kind;
use super::settle::Gathering;
use super::{Inspection, OPERATE_TIMEOUT, OpenError, PostgresStore, inspect, schema};
use crate::clock::at_most_a_year;
use crate::store::arrivals::Arrivals;

/// How many connections look after things: figures, lists, deletions.
const OPERATE_CONNECTIONS: usize = 2;

/// How a [`PostgresStore`] is opened.
#[derive(Clone)]
pub struct PostgresOptions {
    url: String,
    queue: usize,
    group: usize,
    accept_connections: usize,
    work_connections: usize,
    timeout: Duration,
    callers_clock: bool,
}

impl PostgresOptions {
    /// How many deliveries may wait, unless configured: 1024.
    pub const DEFAULT_QUEUE: usize = 1024;

    /// How many deliveries are committed together at most, unless configured: 256.
    pub const DEFAULT_GROUP: usize = 256;

    /// How many connections store deliveries, unless configured: 2.
    pub const DEFAULT_ACCEPT_CONNECTIONS: usize = 2;

    /// How many connections the workers share, unless configured: 4.
    pub const DEFAULT_WORK_CONNECTIONS: usize = 4;

    /// How long an operation of a receiver or a worker may take, unless configured: 4 s,
    /// so that a receiver can answer within its own limit for a commit.
    pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(4);

    /// Takes a URL, `postgres://user:password@host:5432/database`, with the parameters
    /// of libpq that [`tokio_postgres::Config`] knows. Several hosts, with commas in
    /// between, are tried in turn until one takes writes.
    ///
    /// `sslmode` is `verify-full` by default, and nothing less but `disable` is taken:
    /// `require` means the same here. `sslrootcert` names a file with the certificates of
    /// authorities, in place of those of the operating system; `sslcert` and `sslkey` name files
    /// with a certificate of this client and its key. All are PEM, and read once. `passwordfile`,
    /// which is no parameter of libpq, names a file that holds the password and nothing else; it is
    /// read for each connection, so that a new password counts without a restart. A Unix socket is
    /// `postgres://user@%2Fvar%2Frun%2Fpostgresql/database`.
    #[must_use]
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            queue: Self::DEFAULT_QUEUE,
            group: Self::DEFAULT_GROUP,
            accept_connections: Self::DEFAULT_ACCEPT_CONNECTIONS,
            work_connections: Self::DEFAULT_WORK_CONNECTIONS,
            timeout: Self::DEFAULT_TIMEOUT,
            callers_clock: false,
        }
    }

    /// Lets leases and due times go by the times that callers give, for tests with a clock
    /// of their own. Otherwise they go by the clock of the database.
    #[cfg(feature = "testing")]
    #[must_use]
    pub fn with_callers_clock(mut self) -> Self {
        self.callers_clock = true;
        self
    }

    /// Sets how many deliveries may wait, at least 1; beyond that, they are refused at
    /// once.
    #[must_use]
    pub fn with_queue(mut self, deliveries: usize) -> Self {
        self.queue = deliveries.max(1);
        self
    }

    /// Sets how many deliveries are committed together at most, at least 1.
    #[must_use]
    pub fn with_group(mut self, deliveries: usize) -> Self {
        self.group = deliveries.max(1);
        self
    }

    /// Sets how many connections store deliveries and how many the workers share, at
    /// least 1 each. One more is for the probes of readiness, and two are for operation. At
    /// the opening there are four for a moment.
    #[must_use]
    pub fn with_connections(mut self, accept: usize, work: usize) -> Self {
        self.accept_connections = accept.max(1);
        self.work_connections = work.max(1);
        self
    }

    /// Sets how long an operation of a receiver or a worker may take, a new connection
    /// included. Deliveries have a millisecond more for each of their entries and each KiB, as
    /// in the receiver; those that are stored together share that time, and are stored even
    /// if the receiver has told the sender to come back by then. Whatever looks at many rows
    /// has a minute.
    #[must_use]
    pub fn with_timeout(mut self, duration: Duration) -> Self {
        self.timeout = at_most_a_year(duration);
        self
    }

    /// Connects; makes the tables where there are none, and migrates them from an
    /// earlier version. Any number of processes may do so at once.
    ///
    /// It spawns tasks, on the runtime on which it is called.
    ///
    /// # Errors
    ///
    /// - [`OpenError::Url`], [`OpenError::Certificates`]
    /// - [`OpenError::Connect`], [`OpenError::Tls`], [`OpenError::Pooler`]
    /// - [`OpenError::Database`]
    /// - [`OpenError::OtherProgram`], [`OpenError::Newer`]: the tables are left as they are
    pub async fn open(self) -> Result<PostgresStore, OpenError> {
        let address = Address::parse(&self.url)?;
        schema::migrate(&address).await?;
        let pool = |kind, connections, limit| {
            Arc::new(Pool::new(address.clone(), kind, connections, limit))
        };
        let work = pool(Kind::Work, self.work_connections, self.timeout);
        let accept = pool(Kind::Accept, self.accept_connections + PROBE_CONNECTIONS, self.timeout);
        Ok(PostgresStore {
            queue: Queue::start(
                &accept,
                self.accept_connections,
                self.queue,
                self.group,
                self.timeout,
            ),
            // Half of the time, so that as much is left for settling alone.
            gathering: Gathering::start(&work, self.timeout / 2),
            work,
            operate: pool(Kind::Operate, OPERATE_CONNECTIONS, OPERATE_TIMEOUT),
            arrivals: Arrivals::new(),
            timeout: self.timeout,
            callers_clock: self.callers_clock,
        })
    }
}

impl PostgresOptions {
    /// Connects and reads what [`open`](Self::open) depends on. Changes nothing in the database.
    ///
    /// # Errors
    ///
    /// - [`OpenError::Url`], [`OpenError::Certificates`]
    /// - [`OpenError::Connect`], [`OpenError::Tls`], [`OpenError::Pooler`]
    ///
    /// # Examples
    ///
    /// ```no_run
    /// use spektr_inbox::store::postgres::PostgresOptions;
    ///
    /// # async fn inspect() -> Result<(), Box<dyn std::error::Error>> {
    /// let url = std::env::var("DATABASE_URL")?;
    /// let inspection = PostgresOptions::new(url).inspect().await?;
    /// println!("rights that are missing: {:?}", inspection.missing_rights);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn inspect(&self) -> Result<Inspection, OpenError> {
        inspect::inspect(&Address::parse(&self.url)?).await
    }
}

impl fmt::Debug for PostgresOptions {
    /// Shows how the store is used, not where it is or who may use it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresOptions")
            .field("queue", &self.queue)
            .field("group", &self.group)
            .field("accept_connections", &self.accept_connections)
            .field("work_connections", &self.work_connections)
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}
