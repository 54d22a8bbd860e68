//! The quarantine: rejected deliveries, bounded in number and bytes.

use bytes::Bytes;
use sha2::{Digest as _, Sha256};

use super::actions::record;
use super::pool::Lent;
use super::row::value;
use super::{PostgresStore, operate};
use crate::clock::from_millis;
use crate::store::{Quarantine, Quarantined, Record, Rejected, StoreError, StoreFuture};

/// "spektr" and 1: the lock for trimming the quarantine, so that it stays bounded however many
/// receivers write to it.
const LOCK: i64 = 0x7370_656b_7472_0001;

impl Quarantine for PostgresStore {
    fn quarantine(
        &self,
        rejected: Rejected,
        max_count: usize,
        max_bytes: usize,
    ) -> StoreFuture<'_, ()> {
        operate!(self, |one| { keep(&mut one, &rejected, max_count, max_bytes).await })
    }

    fn quarantined(&self, after: i64, limit: usize) -> StoreFuture<'_, Vec<Quarantined>> {
        operate!(self, |one| list(&mut one, after, limit).await)
    }

    fn discard(&self, numbers: Vec<i64>, record: Option<Record>) -> StoreFuture<'_, u64> {
        operate!(self, |one| { discard(&mut one, &numbers, record.as_ref()).await })
    }
}

async fn keep(
    connection: &mut Lent<'_>,
    rejected: &Rejected,
    max_count: usize,
    max_bytes: usize,
) -> Result<(), StoreError> {
    let headers = rejected.headers_to_json()?;
    let digest = Sha256::digest(&rejected.body).to_vec();
    let max_count = i64::try_from(max_count).unwrap_or(i64::MAX);
    let max_bytes = i64::try_from(max_bytes).unwrap_or(i64::MAX);
    connection.begin().await?;
    connection.query("SELECT pg_advisory_xact_lock($1)", &[&LOCK]).await?;
    connection.query("DELETE FROM spektr_inbox.quarantine WHERE digest = $1", &[&digest]).await?;
    connection
        .query(
            "INSERT INTO spektr_inbox.quarantine (received_at, reason, headers, digest, body) \
             VALUES ($1, $2, $3, $4, $5)",
            &[
                &rejected.received_at.as_millis(),
                &rejected.reason.as_bytes(),
                &headers.as_bytes(),
                &digest,
                &&rejected.body[..],
            ],
        )
        .await?;
    connection
        .query(
            "DELETE FROM spektr_inbox.quarantine WHERE number IN ( \
               SELECT number FROM (SELECT number, count(*) OVER newer AS count, \
                 sum(length(body)) OVER newer AS bytes \
                 FROM spektr_inbox.quarantine WINDOW newer AS (ORDER BY number DESC)) AS kept \
               WHERE count > $1 OR bytes > $2)",
            &[&max_count, &max_bytes],
        )
        .await?;
    connection.commit().await?;
    Ok(())
}

async fn list(
    connection: &mut Lent<'_>,
    after: i64,
    limit: usize,
) -> Result<Vec<Quarantined>, StoreError> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let rows = connection
        .query(
            "SELECT number, received_at, reason, headers, body FROM spektr_inbox.quarantine \
             WHERE number > $1 ORDER BY number LIMIT $2",
            &[&after, &limit],
        )
        .await?;
    let read = |row: &tokio_postgres::Row| {
        let number = value(row, 0)?;
        let unreadable = |column| StoreError::Unreadable { column, number };
        let rejected = Rejected {
            received_at: from_millis(value(row, 1)?),
            reason: String::from_utf8(value(row, 2)?).map_err(|_| unreadable("reason"))?,
            headers: Rejected::headers_from_json(value(row, 3)?)
                .ok_or_else(|| unreadable("headers"))?,
            body: Bytes::from(value::<Vec<u8>>(row, 4)?),
        };
        Ok(Quarantined { number, rejected })
    };
    rows.iter().map(read).collect()
}

async fn discard(
    connection: &mut Lent<'_>,
    numbers: &[i64],
    recorded: Option<&Record>,
) -> Result<u64, StoreError> {
    connection.begin().await?;
    let count = delete(connection, numbers).await?;
    record(connection, recorded, count).await?;
    connection.commit().await?;
    Ok(count)
}

/// Deletes rejected deliveries, in an open transaction.
pub(super) async fn delete(connection: &Lent<'_>, numbers: &[i64]) -> Result<u64, StoreError> {
    let sql = "DELETE FROM spektr_inbox.quarantine WHERE number = ANY ($1::bigint[])";
    Ok(connection.execute_once(sql, &[&numbers]).await?)
}
