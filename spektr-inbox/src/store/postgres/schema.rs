//! Creates and migrates the tables. Several processes may do so at once.

use std::time::Duration;

use tokio::time::timeout;

use super::connect::Address;
use super::error::{Fault, OpenError};
use super::settings::TransactionKind;
use super::{pooler, settings};

/// The statements that make each version from the one before; version 0 is a schema without
/// tables.
pub(super) const MIGRATIONS: [&str; 5] = [
    include_str!("schema.1.sql"),
    include_str!("schema.2.sql"),
    include_str!("schema.3.sql"),
    include_str!("schema.4.sql"),
    include_str!("schema.5.sql"),
];

/// The time limit of a migration, including the wait for another process that migrates.
const LIMIT: Duration = Duration::from_secs(120);

/// "spektr": the lock for migrations.
const LOCK: i64 = 0x7370_656b_7472;

/// The rights of a role that may not create tables: using the schema, reading and writing its
/// tables, and incrementing its sequences.
pub(super) const RIGHTS: [&str; 3] = [
    "USAGE ON SCHEMA spektr_inbox",
    "SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA spektr_inbox",
    "USAGE ON ALL SEQUENCES IN SCHEMA spektr_inbox",
];

/// Returns the statements that make the tables of this version from those of version `from`, or
/// from nothing if `from` is 0. They are for an owner who runs them by hand because the
/// service's role may not. Returns `None` if there is no such version, or nothing to do.
///
/// The statements are one transaction, under the lock of a service that migrates by itself.
/// `spektr_inbox.version` contains the version of a database.
#[must_use]
pub fn migration(from: u32) -> Option<String> {
    let from = usize::try_from(from).ok()?;
    let migrations = MIGRATIONS.get(from..).filter(|migrations| !migrations.is_empty())?;
    let mut script = format!("BEGIN;\nSELECT pg_advisory_xact_lock({LOCK});\n\n");
    if from == 0 {
        script.push_str("CREATE SCHEMA spektr_inbox;\n\n");
    }
    for migration in migrations {
        script.push_str(migration.trim_end());
        script.push_str("\n\n");
    }
    script.push_str(&set_version());
    script.push_str(";\nCOMMIT;\n");
    Some(script)
}

/// Returns the statements that grant a role the rights to run the service without creating
/// tables.
#[must_use]
pub fn grants(role: &str) -> String {
    let role = role.replace('"', "\"\"");
    RIGHTS.map(|rights| format!("GRANT {rights} TO \"{role}\";\n")).concat()
}

fn set_version() -> String {
    let known = MIGRATIONS.len();
    format!("DELETE FROM spektr_inbox.version; INSERT INTO spektr_inbox.version VALUES ({known})")
}

/// Applies the missing migrations within the time limit.
pub(super) async fn migrate(address: &Address) -> Result<(), OpenError> {
    timeout(LIMIT, apply(address)).await.unwrap_or_else(|_| {
        let source = Box::new(Fault::new("the database does not answer in time"));
        Err(OpenError::Database { source })
    })
}

/// Applies the missing migrations. The version is read under a lock and in the transaction of
/// the migration, so that only one of several starting processes migrates.
async fn apply(address: &Address) -> Result<(), OpenError> {
    let session = address.connect().await.map_err(OpenError::connect)?;
    pooler::refuse(address, &session).await?;
    let client = &session.client;
    let database = |fault: Fault| OpenError::Database { source: Box::new(fault) };
    let silence = session.check().await.map_err(database)?;
    let begin = async {
        // No time limit for locks: the process that holds the lock is migrating.
        client
            .batch_execute(&settings::begin(TransactionKind::Operate, silence, LIMIT, None))
            .await?;
        client.execute("SELECT pg_advisory_xact_lock($1)", &[&LOCK]).await?;
        let row = client
            .query_one(
                "SELECT to_regnamespace('spektr_inbox') IS NOT NULL, \
                 to_regclass('spektr_inbox.version') IS NOT NULL, \
                 EXISTS (SELECT FROM pg_class WHERE relnamespace = \
                   to_regnamespace('spektr_inbox')::oid)",
                &[],
            )
            .await?;
        Ok((row.try_get(0)?, row.try_get(1)?, row.try_get(2)?))
    };
    let (has_schema, has_version, has_tables): (bool, bool, bool) =
        begin.await.map_err(|error: tokio_postgres::Error| database(error.into()))?;
    if has_tables && !has_version {
        return Err(OpenError::OtherProgram);
    }
    let known = MIGRATIONS.len() as i32;
    let migrate = async {
        let found: i32 = if has_version {
            client.query_one("SELECT version FROM spektr_inbox.version", &[]).await?.try_get(0)?
        } else {
            0
        };
        if found < known {
            if !has_schema {
                client.batch_execute("CREATE SCHEMA spektr_inbox").await?;
            }
            for script in MIGRATIONS.iter().skip(usize::try_from(found).unwrap_or(0)) {
                client.batch_execute(script).await?;
            }
            client.batch_execute(&set_version()).await?;
        }
        client.batch_execute("COMMIT").await?;
        Ok(found)
    };
    let found = migrate.await.map_err(|error: tokio_postgres::Error| database(error.into()))?;
    if found > known {
        return Err(OpenError::Newer { found, known });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_run_by_hand_begins_with_the_version_that_there_is() {
        let newest = u32::try_from(MIGRATIONS.len()).unwrap_or(0);
        for from in 0..newest {
            let script = migration(from).expect("something is to do");
            for (version, migration) in (0..).zip(MIGRATIONS) {
                assert_eq!(script.contains(migration.trim_end()), version >= from, "{from}");
            }
            assert_eq!(script.contains("CREATE SCHEMA spektr_inbox;"), from == 0);
            assert!(script.starts_with("BEGIN;\n") && script.ends_with(";\nCOMMIT;\n"), "{script}");
            assert!(script.contains(&format!("VALUES ({newest})")), "{script}");
        }
        assert_eq!(migration(newest), None);
        assert_eq!(migration(u32::MAX), None);
    }

    #[test]
    fn the_name_of_a_role_is_a_name_whatever_it_holds() {
        let script = grants(r#"a"; DROP TABLE x; --"#);
        assert_eq!(script.matches(r#" TO "a""; DROP TABLE x; --";"#).count(), RIGHTS.len());
    }
}
