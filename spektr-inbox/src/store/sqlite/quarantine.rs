//! The quarantine: rejected deliveries in a table of their own, so that no statement about
//! entries can return one.

use bytes::Bytes;
use rusqlite::{Connection, params};
use sha2::{Digest as _, Sha256};

use super::SqliteStore;
use super::actions::record;
use crate::clock::from_millis;
use crate::store::{Quarantine, Quarantined, Record, Rejected, StoreError, StoreFuture};

impl Quarantine for SqliteStore {
    fn quarantine(
        &self,
        rejected: Rejected,
        max_count: usize,
        max_bytes: usize,
    ) -> StoreFuture<'_, ()> {
        Box::pin(
            self.writer
                .try_write(move |connection| keep(connection, &rejected, max_count, max_bytes)),
        )
    }

    fn quarantined(&self, after: i64, limit: usize) -> StoreFuture<'_, Vec<Quarantined>> {
        self.read(move |connection| list(connection, after, limit))
    }

    fn discard(&self, numbers: Vec<i64>, record: Option<Record>) -> StoreFuture<'_, u64> {
        self.write(move |connection| discard(connection, &numbers, record.as_ref()))
    }
}

fn keep(
    connection: &Connection,
    rejected: &Rejected,
    max_count: usize,
    max_bytes: usize,
) -> Result<(), StoreError> {
    let headers = rejected.headers_to_json()?;
    let digest: [u8; 32] = Sha256::digest(&rejected.body).into();
    connection
        .prepare_cached(
            "INSERT OR REPLACE INTO quarantine (received_at, reason, headers, digest, body) \
             VALUES (?1, ?2, ?3, ?4, ?5)",
        )?
        .execute(params![
            rejected.received_at.as_millis(),
            rejected.reason,
            headers,
            digest,
            &rejected.body[..],
        ])?;
    connection
        .prepare_cached(
            "DELETE FROM quarantine WHERE number IN (SELECT number FROM (SELECT number, \
             count(*) OVER newer AS count, sum(length(body)) OVER newer AS bytes \
             FROM quarantine WINDOW newer AS (ORDER BY number DESC)) \
             WHERE count > ?1 OR bytes > ?2)",
        )?
        .execute(params![max_count, max_bytes])?;
    Ok(())
}

fn list(connection: &Connection, after: i64, limit: usize) -> Result<Vec<Quarantined>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT number, received_at, reason, headers, body FROM quarantine \
         WHERE number > ?1 ORDER BY number LIMIT ?2",
    )?;
    let mut rows = statement.query(params![after, limit])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let number = row.get(0)?;
        let headers: String = row.get(3)?;
        let headers = Rejected::headers_from_json(headers.as_bytes())
            .ok_or(StoreError::Unreadable { column: "headers", number })?;
        let rejected = Rejected {
            received_at: from_millis(row.get(1)?),
            reason: row.get(2)?,
            headers,
            body: Bytes::from(row.get::<_, Vec<u8>>(4)?),
        };
        found.push(Quarantined { number, rejected });
    }
    Ok(found)
}

pub(super) fn discard(
    connection: &Connection,
    numbers: &[i64],
    recorded: Option<&Record>,
) -> Result<u64, StoreError> {
    let mut delete = connection.prepare_cached("DELETE FROM quarantine WHERE number = ?1")?;
    let mut count = 0;
    for number in numbers {
        count += delete.execute([number])? as u64;
    }
    record(connection, recorded, count)?;
    Ok(count)
}
