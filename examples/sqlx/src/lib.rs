//! The handler: what it writes and that the event is done are one transaction of sqlx, so that
//! each event is written exactly once, however often it is handed out.

use spektr_inbox::store::postgres::Completing;
use spektr_inbox::{HandlerError, Received};
use spektr_types::Event;
use sqlx::PgPool;

/// The application's own table. It is in the same database as the inbox.
pub const SCHEMA: &str = "\
    CREATE TABLE IF NOT EXISTS closed_cases (alert text NOT NULL, event text NOT NULL)";

/// Closes the case of an alert that was resolved.
///
/// # Errors
///
/// Those of the database, and a lease that was lost: the transaction is rolled back when it is
/// dropped, and the event is handed out again.
pub async fn handle(pool: &PgPool, received: &Received) -> Result<(), HandlerError> {
    let Event::AlertResolved(alert) = received.event() else { return Ok(()) };
    let mut transaction = pool.begin().await?;
    // First, because it locks the entry: nobody else can claim it before the transaction ends.
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
