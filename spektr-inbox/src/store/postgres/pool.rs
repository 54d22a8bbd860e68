//! A few connections of one kind, each lent to one at a time.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{Semaphore, SemaphorePermit};
use tokio_postgres::types::ToSql;
use tokio_postgres::{Row, Statement};

use super::connect::{Address, Session};
use super::error::Fault;

/// What a session is for decides how the planner may choose.
///
/// A statement that runs a thousand times a second is planned once, and must not change
/// because the statistics of a table that was empty a minute ago say so. What is turned
/// off leaves one plan, which goes by the index that was made for it.
#[derive(Clone, Copy, Debug)]
pub(super) enum Kind {
    /// Stores deliveries: arrays joined by hash, and each key looked up in an index.
    Accept,
    /// Claims and settles: always along an index, never a sort.
    Work,
    /// All the rest.
    Operate,
}

impl Kind {
    fn settings(self) -> &'static str {
        match self {
            Self::Accept => {
                "SET plan_cache_mode = force_generic_plan; SET enable_seqscan = off; \
                 SET enable_bitmapscan = off; SET enable_nestloop = off"
            }
            Self::Work => {
                "SET plan_cache_mode = force_generic_plan; SET enable_seqscan = off; \
                 SET enable_bitmapscan = off; SET enable_hashjoin = off; \
                 SET enable_mergejoin = off; SET enable_sort = off"
            }
            Self::Operate => "",
        }
    }
}

pub(super) struct Pool {
    address: Address,
    kind: Kind,
    limit: Duration,
    permits: Semaphore,
    idle: Mutex<Vec<Prepared>>,
}

impl Pool {
    /// Makes connections when they are needed, at most so many. `limit` bounds the time
    /// of a statement.
    pub(super) fn new(address: Address, kind: Kind, connections: usize, limit: Duration) -> Self {
        let permits = Semaphore::new(connections);
        Self { address, kind, limit, permits, idle: Mutex::default() }
    }

    /// Lends a connection. It is closed unless it is given back.
    pub(super) async fn take(&self) -> Result<Lent<'_>, Fault> {
        // It is never closed.
        let permit = self.permits.acquire().await.map_err(|_| Fault::new("closed"))?;
        loop {
            let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
            match idle {
                // The server has been restarted since, or has cut the connection.
                Some(idle) if idle.session.is_closed() => {}
                Some(idle) => return Ok(Lent { connection: idle, pool: self, _permit: permit }),
                None => break,
            }
        }
        let session = self.address.connect(self.kind.settings(), self.limit).await?;
        session.check().await?;
        let connection = Prepared { session, statements: HashMap::new() };
        Ok(Lent { connection, pool: self, _permit: permit })
    }
}

/// A connection with the statements that it has prepared.
struct Prepared {
    session: Session,
    statements: HashMap<&'static str, Statement>,
}

pub(super) struct Lent<'a> {
    connection: Prepared,
    pool: &'a Pool,
    _permit: SemaphorePermit<'a>,
}

impl Lent<'_> {
    /// Runs a statement that is prepared once.
    pub(super) async fn query(
        &mut self,
        sql: &'static str,
        values: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>, Fault> {
        let connection = &mut self.connection;
        let statement = match connection.statements.get(sql) {
            Some(statement) => statement.clone(),
            None => {
                let statement = connection.session.client.prepare(sql).await?;
                connection.statements.insert(sql, statement.clone());
                statement
            }
        };
        Ok(connection.session.client.query(&statement, values).await?)
    }

    /// Runs a statement that is put together for the occasion.
    pub(super) async fn query_once(
        &self,
        sql: &str,
        values: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>, Fault> {
        Ok(self.connection.session.client.query(sql, values).await?)
    }

    /// Runs a statement that is put together for the occasion; gives the number of rows.
    pub(super) async fn execute_once(
        &self,
        sql: &str,
        values: &[&(dyn ToSql + Sync)],
    ) -> Result<u64, Fault> {
        Ok(self.connection.session.client.execute(sql, values).await?)
    }

    /// Runs statements without values.
    pub(super) async fn run(&self, sql: &str) -> Result<(), Fault> {
        Ok(self.connection.session.client.batch_execute(sql).await?)
    }

    /// Gives the connection back, in no transaction.
    pub(super) fn give_back(self) {
        let mut idle = self.pool.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.push(self.connection);
    }
}
