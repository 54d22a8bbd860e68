//! Inspects a database without changing it: the server's settings, and the role's rights on the
//! tables.

use std::time::Duration;

use tokio::time::timeout;
use tokio_postgres::Row;

use super::connect::{Address, Session, difference};
use super::error::{Fault, OpenError};
use super::pooler;
use super::row::millis;
use super::schema::{MIGRATIONS, RIGHTS};
use crate::{Clock as _, SystemClock};

/// The time limit for each of the server's answers.
const PATIENCE: Duration = Duration::from_secs(10);

/// Settings, and the clock as [`Session::check`] reads it.
const SERVER: &str = concat!(
    "SELECT ",
    millis!("clock_timestamp()"),
    ", \
     current_user::text, current_setting('fsync') = 'on', \
     current_setting('full_page_writes') = 'on', current_setting('synchronous_commit'), \
     current_setting('synchronous_standby_names') <> '', \
     pg_has_role('pg_read_all_stats', 'USAGE'), \
     (SELECT count(*) FROM pg_stat_replication WHERE sync_state IN ('sync', 'quorum'))"
);

/// The state of the tables, and which of [`RIGHTS`] the role has. Queries the catalogue,
/// because functions that take a name fail without the right to use its schema.
const TABLES: &str = "WITH inbox AS (SELECT oid, nspowner FROM pg_namespace \
       WHERE nspname = 'spektr_inbox'), \
     part AS (SELECT c.oid, c.relname, c.relkind FROM pg_class c, inbox \
       WHERE c.relnamespace = inbox.oid) \
     SELECT EXISTS (SELECT FROM part), \
     (SELECT oid FROM part WHERE relname = 'version' AND relkind = 'r'), \
     CASE WHEN EXISTS (SELECT FROM inbox) \
       THEN (SELECT pg_has_role(nspowner, 'USAGE') FROM inbox) \
       ELSE has_database_privilege(current_database(), 'CREATE') END, \
     coalesce((SELECT has_schema_privilege(oid, 'USAGE') FROM inbox), false), \
     coalesce((SELECT bool_and(has_table_privilege(oid, 'SELECT') \
       AND has_table_privilege(oid, 'INSERT') AND has_table_privilege(oid, 'UPDATE') \
       AND has_table_privilege(oid, 'DELETE')) FROM part WHERE relkind = 'r'), false), \
     coalesce((SELECT bool_and(has_sequence_privilege(oid, 'USAGE')) \
       FROM part WHERE relkind = 'S'), true)";

/// The state of a database, before the store is opened.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Inspection {
    /// The state of the tables.
    pub tables: Tables,
    /// The version of the tables that this program needs.
    pub known: u32,
    /// Whether the role may create missing tables, or migrate existing ones.
    pub may_migrate: bool,
    /// The rights that the role lacks on existing tables, in the words of `GRANT`.
    pub missing_rights: Vec<&'static str>,
    /// The role.
    pub role: String,
    /// The smallest difference of the two clocks that the duration of the request allows, in
    /// milliseconds: positive if this machine is ahead of the server, negative if it is behind, 0
    /// if the clocks can agree.
    pub clock_ahead_ms: i64,
    /// The server's `fsync`: if it is off, a power cut loses acknowledged deliveries.
    pub fsync: bool,
    /// The server's `full_page_writes`: if it is off, a power cut can damage a page, unless the
    /// file system writes pages atomically.
    pub full_page_writes: bool,
    /// The role's default of `synchronous_commit`. Transactions of the store set their own:
    /// `on`, or `remote_apply` if that is the default.
    pub synchronous_commit: String,
    /// The standbys that commits wait for.
    pub standbys: Standbys,
}

/// The store's tables in a database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Tables {
    /// There are no tables.
    Missing,
    /// The schema `spektr_inbox` belongs to another program.
    OfOtherProgram,
    /// The role may not read the version of the tables.
    Unreadable,
    /// The tables have this version, which can be newer than this program.
    Version(u32),
}

/// The standbys that commits wait for, by `synchronous_standby_names`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Standbys {
    /// Commits do not wait for standbys.
    NotAwaited,
    /// Commits wait, and this many of the named standbys are connected. If it is 0, no delivery
    /// is accepted.
    Awaited(u64),
    /// Commits wait, but the role may not see the standbys.
    Hidden,
}

/// Connects and inspects the database.
pub(super) async fn inspect(address: &Address) -> Result<Inspection, OpenError> {
    let session = address.connect().await.map_err(OpenError::connect)?;
    pooler::refuse(address, &session).await?;
    look(&session).await.map_err(OpenError::connect)
}

async fn look(session: &Session) -> Result<Inspection, Fault> {
    let before = SystemClock::new().now().as_millis();
    let server = ask(session, SERVER).await?;
    let after = SystemClock::new().now().as_millis();
    let tables = ask(session, TABLES).await?;
    let (has_any, version, may_migrate): (bool, Option<u32>, bool) =
        (tables.try_get(0)?, tables.try_get(1)?, tables.try_get(2)?);
    let has: [bool; RIGHTS.len()] = [tables.try_get(3)?, tables.try_get(4)?, tables.try_get(5)?];
    let [may_use, may_read, _] = has;
    let tables = match (has_any, version) {
        (false, _) => Tables::Missing,
        (true, None) => Tables::OfOtherProgram,
        (true, Some(_)) if !(may_use && may_read) => Tables::Unreadable,
        (true, Some(_)) => {
            let row = ask(session, "SELECT version FROM spektr_inbox.version").await?;
            Tables::Version(u32::try_from(row.try_get::<_, i32>(0)?).unwrap_or(0))
        }
    };
    let is_ours = matches!(tables, Tables::Unreadable | Tables::Version(_));
    let missing = RIGHTS.into_iter().zip(has).filter(|(_, has)| is_ours && !has);
    let (is_awaited, may_see, connected): (bool, bool, i64) =
        (server.try_get(5)?, server.try_get(6)?, server.try_get(7)?);
    Ok(Inspection {
        tables,
        known: MIGRATIONS.len() as u32,
        may_migrate,
        missing_rights: missing.map(|(rights, _)| rights).collect(),
        role: server.try_get(1)?,
        clock_ahead_ms: difference(before, server.try_get(0)?, after),
        fsync: server.try_get(2)?,
        full_page_writes: server.try_get(3)?,
        synchronous_commit: server.try_get(4)?,
        standbys: match (is_awaited, may_see) {
            (false, _) => Standbys::NotAwaited,
            (true, true) => Standbys::Awaited(u64::try_from(connected).unwrap_or(0)),
            (true, false) => Standbys::Hidden,
        },
    })
}

async fn ask(session: &Session, sql: &str) -> Result<Row, Fault> {
    let late = |_| Fault::new("the server does not answer");
    Ok(timeout(PATIENCE, session.client.query_one(sql, &[])).await.map_err(late)??)
}
