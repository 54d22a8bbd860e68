//! Completes an entry in the handler's own transaction.
//!
//! The reasons are a decision (ARCHITECTURE.md, P8).

use thiserror::Error;
use tokio_postgres::GenericClient;

use super::error::Fault;
use super::row::millis;
use crate::store::{Completion, Lease};

const COMPLETE: &str = concat!(
    "\
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
      ",
    millis!("statement_timestamp()"),
    ", 'done' FROM done"
);

/// The statement that completes an entry in the handler's own transaction, with plain values:
/// for handlers with another client than tokio-postgres. The guarantees and rules of
/// [`complete`] apply to it too, including the place in the transaction.
///
/// With sqlx, use `query(Completing::SQL)` and bind the values; `examples/sqlx` in the
/// repository is a whole program with tests.
#[derive(Debug)]
#[must_use = "run the statement, and call `changed`"]
pub struct Completing<'c> {
    completion: &'c Completion,
    lease: Lease,
}

impl<'c> Completing<'c> {
    /// The statement. `$1`, `$2` and `$3` are the [`values`](Self::values), all `bigint`.
    pub const SQL: &'static str = COMPLETE;

    /// Takes over the record that the entry is done: from now on the worker does not write it,
    /// even if the handler succeeds.
    pub fn new(completion: &'c Completion) -> Self {
        Self { completion, lease: completion.begin() }
    }

    /// Returns the values of the statement, in order.
    #[must_use]
    pub fn values(&self) -> [i64; 3] {
        [self.lease.number, self.lease.owner, self.lease.token]
    }

    /// Checks the number of rows that the statement has changed.
    ///
    /// # Errors
    ///
    /// [`CompleteError::LeaseLost`] unless the number is 1. Then return an error from the
    /// handler, and roll the transaction back.
    pub fn changed(self, rows: u64) -> Result<(), CompleteError> {
        if rows == 1 {
            return Ok(());
        }
        self.completion.lost();
        Err(CompleteError::LeaseLost)
    }
}

/// The reason why an entry was not completed. Roll the transaction back.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum CompleteError {
    /// The lease was lost: another worker holds the entry, or has held it.
    #[error("the lease was lost")]
    LeaseLost,
    /// The database failed.
    #[error("the database failed")]
    Database {
        /// The database's error.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

/// Completes an entry in the handler's own transaction, in the same database. The transaction
/// commits the handler's writes and the completion together, or neither. So the handler's
/// writes happen exactly once.
///
/// The transaction has the handler's settings. With `synchronous_commit = off`, a crash of the
/// server can lose both the writes and the completion; the event is then handled again.
///
/// The function takes a transaction of tokio-postgres; for other clients use [`Completing`].
///
/// Call it **first** in the transaction. The call locks the entry, so that no other worker
/// can claim the entry until the end of the transaction, even if the lease expires. At
/// `REPEATABLE READ`, a heartbeat after the beginning of the transaction would make a later
/// call fail.
///
/// After the call, the worker does not mark the entry as done itself. If the handler returns
/// `Ok` although the transaction was rolled back, the event is tried again as after an error.
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
