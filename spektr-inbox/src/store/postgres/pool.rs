//! A few connections of one kind. Each is lent to one operation at a time.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{Semaphore, SemaphorePermit};
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Error, Row, Statement};

use super::connect::{Address, Session};
use super::error::Fault;
use super::settings::{Silence, TransactionKind, begin};

pub(super) struct Pool {
    address: Address,
    kind: TransactionKind,
    limit: Duration,
    permits: Semaphore,
    idle: Mutex<Vec<Prepared>>,
}

impl Pool {
    /// Creates a pool that connects on demand, at most `connections` times. `limit` is the time
    /// limit of a statement.
    pub(super) fn new(
        address: Address,
        kind: TransactionKind,
        connections: usize,
        limit: Duration,
    ) -> Self {
        let permits = Semaphore::new(connections);
        Self { address, kind, limit, permits, idle: Mutex::default() }
    }

    /// Lends a connection. The connection is closed unless it is given back.
    pub(super) async fn take(&self) -> Result<Lent<'_>, Fault> {
        // The semaphore is never closed.
        let permit = self.permits.acquire().await.map_err(|_| Fault::new("closed"))?;
        loop {
            let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
            match idle {
                // The server has been restarted since, or has cut the connection.
                Some(idle) if idle.session.is_closed() => {}
                Some(connection) => {
                    return Ok(Lent { connection, pool: self, is_open: false, _permit: permit });
                }
                None => break,
            }
        }
        let session = self.address.connect().await?;
        let silence = session.check().await?;
        let connection = Prepared { session, silence, statements: HashMap::new() };
        Ok(Lent { connection, pool: self, is_open: false, _permit: permit })
    }
}

/// A connection with its prepared statements.
struct Prepared {
    session: Session,
    silence: Silence,
    statements: HashMap<&'static str, Statement>,
}

/// A lent connection. Every statement runs in a transaction: in the open one, or in one of its
/// own.
pub(super) struct Lent<'a> {
    connection: Prepared,
    pool: &'a Pool,
    /// Whether there is an open transaction.
    is_open: bool,
    _permit: SemaphorePermit<'a>,
}

impl Lent<'_> {
    /// Begins a transaction. It ends with [`commit`](Self::commit), or when the connection is
    /// closed.
    pub(super) async fn begin(&mut self) -> Result<(), Fault> {
        self.begin_within(self.pool.limit).await
    }

    /// Begins a transaction with another limit for its statements.
    pub(super) async fn begin_within(&mut self, limit: Duration) -> Result<(), Fault> {
        self.is_open = true;
        self.run(&self.beginning(limit)).await
    }

    /// Commits the transaction.
    pub(super) async fn commit(&mut self) -> Result<(), Fault> {
        self.run(COMMIT).await?;
        self.is_open = false;
        Ok(())
    }

    /// Runs a statement that is prepared once per connection.
    pub(super) async fn query(
        &mut self,
        sql: &'static str,
        values: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>, Fault> {
        if let Some(statement) = self.connection.statements.get(sql) {
            let client = &self.connection.session.client;
            return self.alone(true, client.query(statement, values)).await;
        }
        let statement = self.prepare(sql).await?;
        let rows = self.alone(false, self.client().query(&statement, values)).await?;
        self.connection.statements.insert(sql, statement);
        Ok(rows)
    }

    /// Runs a statement that is composed for this call.
    pub(super) async fn query_once(
        &self,
        sql: &str,
        values: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>, Fault> {
        let statement = self.prepare(sql).await?;
        self.alone(false, self.client().query(&statement, values)).await
    }

    /// Runs a statement that is composed for this call. Returns the number of rows.
    pub(super) async fn execute_once(
        &self,
        sql: &str,
        values: &[&(dyn ToSql + Sync)],
    ) -> Result<u64, Fault> {
        let statement = self.prepare(sql).await?;
        self.alone(false, self.client().execute(&statement, values)).await
    }

    /// Runs statements without values.
    pub(super) async fn run(&self, sql: &str) -> Result<(), Fault> {
        Ok(self.client().batch_execute(sql).await?)
    }

    /// Gives the connection back. In the middle of a transaction the connection is closed
    /// instead.
    pub(super) fn give_back(self) {
        if !self.is_open {
            let mut idle = self.pool.idle.lock().unwrap_or_else(PoisonError::into_inner);
            idle.push(self.connection);
        }
    }

    fn client(&self) -> &Client {
        &self.connection.session.client
    }

    fn beginning(&self, limit: Duration) -> String {
        let Pool { kind, limit: usual, .. } = self.pool;
        begin(*kind, self.connection.silence, limit, Some(*usual / 2))
    }

    /// Prepares a statement in the transaction in which [`alone`](Self::alone) then runs it,
    /// because preparing takes locks.
    async fn prepare(&self, sql: &str) -> Result<Statement, Fault> {
        let preparing = self.client().prepare(sql);
        let begin = (!self.is_open).then(|| self.beginning(self.pool.limit));
        together(self.client(), begin.as_deref(), preparing, None).await
    }

    /// Runs something in the open transaction, or else in one of its own. `begins` is whether
    /// that transaction must be begun first.
    async fn alone<T>(
        &self,
        begins: bool,
        doing: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Fault> {
        if self.is_open {
            return Ok(doing.await?);
        }
        let begin = begins.then(|| self.beginning(self.pool.limit));
        together(self.client(), begin.as_deref(), doing, Some(COMMIT)).await
    }
}

const COMMIT: &str = "COMMIT";

/// Sends the begin of a transaction, its statement and its end, without waiting for the answers
/// in between. Requests are sent in the order in which they are first polled. If one fails, the
/// server refuses those after it, and the commit rolls back.
async fn together<T>(
    client: &Client,
    begin: Option<&str>,
    doing: impl Future<Output = Result<T, Error>>,
    end: Option<&str>,
) -> Result<T, Fault> {
    let run = async |sql: Option<&str>| match sql {
        Some(sql) => client.batch_execute(sql).await,
        None => Ok(()),
    };
    let (begun, done, ended) = tokio::join!(biased; run(begin), doing, run(end));
    begun?;
    let done = done?;
    ended?;
    Ok(done)
}
