//! The versions of the tables, and the migration of a file to the newest one.

use rusqlite::{Connection, TransactionBehavior};

/// "spkt": tells the file from those of other programs.
pub(super) const APPLICATION_ID: i32 = 0x7370_6b74;

/// The script at index N turns version N into version N + 1. Version 0 is an empty file.
pub(super) const MIGRATIONS: [&str; 6] = [
    include_str!("schema.1.sql"),
    include_str!("schema.2.sql"),
    include_str!("schema.3.sql"),
    include_str!("schema.4.sql"),
    include_str!("schema.5.sql"),
    include_str!("schema.6.sql"),
];

/// Runs the scripts that the file lacks. The version is read inside the transaction, so that
/// only one of two processes that start together runs them.
pub(super) fn migrate(connection: &mut Connection) -> rusqlite::Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let version: usize = transaction.pragma_query_value(None, "user_version", |row| row.get(0))?;
    for script in MIGRATIONS.iter().skip(version) {
        transaction.execute_batch(script)?;
    }
    if version < MIGRATIONS.len() {
        transaction.pragma_update(None, "user_version", MIGRATIONS.len())?;
        transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    }
    transaction.commit()
}
