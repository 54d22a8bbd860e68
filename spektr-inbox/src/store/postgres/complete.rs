//! The completion of an entry in a transaction of the handler's own.

use thiserror::Error;
use tokio_postgres::GenericClient;

use super::error::Fault;
use crate::store::{Completion, Lease};

const COMPLETE: &str = "\
    WITH done AS ( \
      UPDATE spektr_inbox.work SET state = 'done', reason = NULL, owner = NULL \
      WHERE number = $1 AND owner = $2 AND lease = $3 AND state = 'pending' \
      RETURNING number, lease, attempts, leased_at \
    ), forgotten AS ( \
      DELETE FROM spektr_inbox.attempts USING done \
      WHERE attempts.entry = done.number AND attempts.lease <= \
        (SELECT kept.lease FROM spektr_inbox.attempts AS kept \
          WHERE kept.entry = done.number ORDER BY kept.lease DESC LIMIT 1 OFFSET 19) \
    ) \
    INSERT INTO spektr_inbox.attempts (entry, lease, attempt, began_at, ended_at, result) \
    SELECT number, lease, attempts, leased_at, \
      (extract(epoch FROM statement_timestamp()) * 1000)::bigint, 'done' FROM done";

/// What completes an entry in a transaction of the handler's own, as a statement and plain
/// values: for handlers with another client than tokio-postgres. What [`complete`] promises
/// holds of it too, and what it says of the place in the transaction.
///
/// With sqlx it is `query(Completing::SQL)` with the values bound to it; `examples/sqlx` in the
/// repository is a whole program, which its tests run.
#[derive(Debug)]
#[must_use = "the statement has to be run, and `changed` called"]
pub struct Completing<'c> {
    completion: &'c Completion,
    lease: Lease,
}

impl<'c> Completing<'c> {
    /// The statement. `$1`, `$2` and `$3` are the [`values`](Self::values), all `bigint`.
    pub const SQL: &'static str = COMPLETE;

    /// Leaves it to the statement to record that the entry is done: the worker does not, even if
    /// the handler succeeds.
    pub fn new(completion: &'c Completion) -> Self {
        Self { completion, lease: completion.begin() }
    }

    /// The values of the statement, in order.
    #[must_use]
    pub fn values(&self) -> [i64; 3] {
        [self.lease.number, self.lease.owner, self.lease.token]
    }

    /// Takes how many rows the statement has changed.
    ///
    /// # Errors
    ///
    /// [`CompleteError::LeaseLost`] unless it is one: return an error from the handler, and roll
    /// the transaction back.
    pub fn changed(self, rows: u64) -> Result<(), CompleteError> {
        if rows == 1 {
            return Ok(());
        }
        self.completion.lost();
        Err(CompleteError::LeaseLost)
    }
}

/// Why an entry was not completed. Roll the transaction back.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum CompleteError {
    /// The lease was lost: another worker has the entry, or has had it.
    #[error("the lease was lost")]
    LeaseLost,
    /// The database failed.
    #[error("the database failed")]
    Database {
        /// What the database says.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

/// Completes an entry in a transaction of the handler's own, in the same database: what
/// the handler has written and that the event is done are committed together, or not.
/// So the handler's writes happen exactly once.
///
/// The settings of the transaction are the handler's. With `synchronous_commit = off` a crash of
/// the server can lose the writes and the completion, both, and the event is handled again.
///
/// It takes a transaction of tokio-postgres; for other clients there is [`Completing`].
///
/// Call it **first** in the transaction. It locks the entry, so that until the end of
/// the transaction nobody else can claim it, even if the lease runs out; and at
/// `REPEATABLE READ` a heartbeat after the beginning of the transaction makes a later
/// call fail.
///
/// After it, the worker does not mark the entry as done itself. If the handler returns
/// `Ok` and the transaction was rolled back, the event is tried again as after an error.
///
/// # Errors
///
/// - [`CompleteError::LeaseLost`]: return an error from the handler, which drops the
///   transaction
/// - [`CompleteError::Database`]
///
/// # Examples
///
/// ```
/// use spektr_inbox::store::postgres::complete;
/// use spektr_inbox::{HandlerError, Received};
/// use spektr_types::Event;
///
/// async fn handle(
///     client: &mut tokio_postgres::Client,
///     received: Received,
/// ) -> Result<(), HandlerError> {
///     let transaction = client.transaction().await?;
///     complete(&transaction, received.completion()).await?;
///     if let Event::AlertResolved(alert) = received.event() {
///         let alert = alert.data.alert_id.as_ref();
///         let close = "UPDATE cases SET open = false WHERE alert = $1";
///         transaction.execute(close, &[&alert]).await?;
///     }
///     transaction.commit().await?;
///     Ok(())
/// }
/// ```
pub async fn complete(
    transaction: &impl GenericClient,
    completion: &Completion,
) -> Result<(), CompleteError> {
    let completing = Completing::new(completion);
    let [number, owner, token] = completing.values();
    let changed = transaction
        .execute(Completing::SQL, &[&number, &owner, &token])
        .await
        .map_err(|error| CompleteError::Database { source: Box::new(Fault::from(error)) })?;
    completing.changed(changed)
}
