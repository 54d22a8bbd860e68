//! Makes and migrates the tables, whoever else does so at the same time.

use std::time::Duration;

use tokio::time::timeout;

use super::connect::Address;
use super::error::{Fault, OpenError};
use super::settings::Kind;
use super::{pooler, settings};

/// What makes each version out of the one before; version 0 is a schema without tables.
const MIGRATIONS: [&str; 4] = [
    include_str!("schema.1.sql"),
    include_str!("schema.2.sql"),
    include_str!("schema.3.sql"),
    include_str!("schema.4.sql"),
];

/// How long it may take, waiting for another process that migrates included.
const LIMIT: Duration = Duration::from_secs(120);

/// "spektr": the lock that those who migrate take.
const LOCK: i64 = 0x7370_656b_7472;

/// Applies what is missing, within a limit.
pub(super) async fn migrate(address: &Address) -> Result<(), OpenError> {
    timeout(LIMIT, apply(address)).await.unwrap_or_else(|_| {
        let source = Box::new(Fault::new("the database does not answer in time"));
        Err(OpenError::Database { source })
    })
}

/// Applies what is missing. The version is read under a lock and in the transaction of
/// the migration, so that of several processes that start at once only one does it.
async fn apply(address: &Address) -> Result<(), OpenError> {
    let session = address.connect().await.map_err(OpenError::connect)?;
    pooler::refuse(address, &session).await?;
    let client = &session.client;
    let database = |fault: Fault| OpenError::Database { source: Box::new(fault) };
    let silence = session.check().await.map_err(database)?;
    let begin = async {
        // No limit for locks: the process that has the lock is migrating.
        client.batch_execute(&settings::begin(Kind::Operate, silence, LIMIT, None)).await?;
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
            let version = "DELETE FROM spektr_inbox.version; INSERT INTO spektr_inbox.version";
            client.batch_execute(&format!("{version} VALUES ({known})")).await?;
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
