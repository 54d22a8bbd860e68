//! The options for opening the store: the address of the database, and limits.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::connect::Address;
use super::deliveries::{Deliveries, PROBE_CONNECTIONS};
use super::pool::Pool;
use super::settings::TransactionKind;
use super::settle::Gathering;
use super::{Inspection, OPERATE_TIMEOUT, OpenError, PostgresStore, inspect, schema};
use crate::clock::at_most_a_year;
use crate::store::arrivals::Arrivals;

/// The number of connections for operators: figures, lists, deletions.
const OPERATE_CONNECTIONS: usize = 2;

/// The options for opening a [`PostgresStore`].
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
    /// The number of deliveries that may wait, unless configured: 1024.
    pub const DEFAULT_QUEUE: usize = 1024;

    /// The greatest number of deliveries in one commit, unless configured: 256.
    pub const DEFAULT_GROUP: usize = 256;

    /// The number of connections that store deliveries, unless configured: 2.
    pub const DEFAULT_ACCEPT_CONNECTIONS: usize = 2;

    /// The number of connections that the workers share, unless configured: 4.
    pub const DEFAULT_WORK_CONNECTIONS: usize = 4;

    /// The time limit of a receiver's or worker's operation, unless configured: 4 s, so that a
    /// receiver can answer within its own limit for a commit.
    pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(4);

    /// Creates options with a URL, `postgres://user:password@host:5432/database`, with the
    /// parameters of libpq that [`tokio_postgres::Config`] supports. Several hosts, separated
    /// by commas, are tried in turn until one takes writes.
    ///
    /// `sslmode` is `verify-full` by default; the only weaker mode accepted is `disable`.
    /// `require` means `verify-full` here. `sslrootcert` names a file with the certificates of
    /// authorities, in place of those of the operating system. `sslcert` and `sslkey` name
    /// files with this client's certificate and key. All are PEM files, and are read once.
    /// `passwordfile`, which is not a parameter of libpq, names a file that contains only the
    /// password. The file is read for each connection, so that a new password works without a
    /// restart. The form for a Unix socket is
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

    /// Uses the times that callers pass for leases and due times, for tests with a clock of
    /// their own. Without this, the store uses the clock of the database.
    #[cfg(feature = "testing")]
    #[must_use]
    pub fn with_callers_clock(mut self) -> Self {
        self.callers_clock = true;
        self
    }

    /// Sets how many deliveries may wait, at least 1; further deliveries are refused at once.
    #[must_use]
    pub fn with_queue(mut self, deliveries: usize) -> Self {
        self.queue = deliveries.max(1);
        self
    }

    /// Sets the greatest number of deliveries in one commit, at least 1.
    #[must_use]
    pub fn with_group(mut self, deliveries: usize) -> Self {
        self.group = deliveries.max(1);
        self
    }

    /// Sets the numbers of connections that store deliveries and that the workers share, at
    /// least 1 each. One more is for readiness probes, and two are for operators. Opening the
    /// store briefly uses four.
    #[must_use]
    pub fn with_connections(mut self, accept: usize, work: usize) -> Self {
        self.accept_connections = accept.max(1);
        self.work_connections = work.max(1);
        self
    }

    /// Sets the time limit of a receiver's or worker's operation, including a new connection.
    /// Deliveries have a millisecond more for each of their entries and each KiB, as in the
    /// receiver. Deliveries in one commit share that time, and are stored even if the receiver
    /// has meanwhile told the sender to come back. Operations that read many rows have a limit
    /// of a minute.
    #[must_use]
    pub fn with_timeout(mut self, duration: Duration) -> Self {
        self.timeout = at_most_a_year(duration);
        self
    }

    /// Connects, and creates the tables or migrates them from an earlier version. Any number of
    /// processes may do so at the same time.
    ///
    /// Spawns tasks on the current runtime.
    ///
    /// # Errors
    ///
    /// - [`OpenError::Url`], [`OpenError::Certificates`]
    /// - [`OpenError::Connect`], [`OpenError::Tls`], [`OpenError::Pooler`]
    /// - [`OpenError::Database`]
    /// - [`OpenError::OtherProgram`], [`OpenError::Newer`]: the tables are not changed
    pub async fn open(self) -> Result<PostgresStore, OpenError> {
        let address = Address::parse(&self.url)?;
        schema::migrate(&address).await?;
        let pool = |kind, connections, limit| {
            Arc::new(Pool::new(address.clone(), kind, connections, limit))
        };
        let work = pool(TransactionKind::Work, self.work_connections, self.timeout);
        let accept = pool(
            TransactionKind::Accept,
            self.accept_connections + PROBE_CONNECTIONS,
            self.timeout,
        );
        Ok(PostgresStore {
            deliveries: Deliveries::start(
                &accept,
                self.accept_connections,
                self.queue,
                self.group,
                self.timeout,
            ),
            // A third of the limit for each of two tries with a group, and one for settling alone.
            gathering: Gathering::start(&work, self.timeout / 3),
            work,
            operate: pool(TransactionKind::Operate, OPERATE_CONNECTIONS, OPERATE_TIMEOUT),
            arrivals: Arrivals::new(),
            timeout: self.timeout,
            callers_clock: self.callers_clock,
        })
    }

    /// Connects and reads everything that [`open`](Self::open) depends on. Changes nothing in
    /// the database.
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
    /// Shows the limits, but not the address or the credentials.
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
