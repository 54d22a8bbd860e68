//! The handler: its writes and the completion of the event are one transaction of sqlx, so that
//! each event is written exactly once, however often it is handed out.

use spektr_inbox::store::postgres::Completing;
use spektr_inbox::{HandlerError, Received};
use spektr_types::Event;
use sqlx::PgPool;

/// The application's own table, in the same database as the inbox.
pub const SCHEMA: &str = "\
    CREATE TABLE IF NOT EXISTS closed_cases (alert text NOT NULL, event text NOT NULL)";

/// Closes the case of an alert that was resolved.
///
/// # Errors
///
/// Fails with an error of the database, or if the lease is lost: dropping the transaction then
/// rolls it back, and the event is handed out again.
pub async fn handle(pool: &PgPool, received: &Received) -> Result<(), HandlerError> {
    let Event::AlertResolved(alert) = received.event() else { return Ok(()) };
    let mut transaction = pool.begin().await?;
    // Completing comes first, because it locks the entry: no other worker can claim it before the
    // transaction ends.
    let completing = Completing::new(received.completion());
    let [number, owner, token] = completing.values();
    let done = sqlx::query(Completing::SQL)
        .bind(number)
        .bind(owner)
        .bind(token)
        .execute(&mut *transaction)
        .await?;
    completing.changed(done.rows_affected())?;
    sqlx::query("INSERT INTO closed_cases (alert, event) VALUES ($1, $2)")
        .bind(alert.data.alert_id.as_str())
        .bind(alert.id.as_str())
        .execute(&mut *transaction)
        .await?;
    transaction.commit().await?;
    Ok(())
}
