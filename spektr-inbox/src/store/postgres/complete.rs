//! The completion of an entry in a transaction of the handler's own.

use thiserror::Error;
use tokio_postgres::GenericClient;

use super::error::Fault;
use crate::store::Completion;

/// What [`complete`] runs, for handlers with another client: it must change one row.
/// `$1` is the number of the lease, `$2` its owner and `$3` its token, all `bigint`.
pub const COMPLETE: &str = "\
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
    let lease = completion.begin();
    let changed = transaction
        .execute(COMPLETE, &[&lease.number, &lease.owner, &lease.token])
        .await
        .map_err(|error| CompleteError::Database { source: Box::new(Fault::from(error)) })?;
    if changed == 1 {
        Ok(())
    } else {
        completion.lost();
        Err(CompleteError::LeaseLost)
    }
}
