//! Imports entries of another store, with their outcomes there.

use super::accept::store;
use super::actions::record;
use super::pool::Lent;
use crate::store::operation::hash;
use crate::store::{Acceptance, Imported, Record, StoreError};

/// An entry that was a conflict in the other store keeps its state there: an operator may have
/// released it. An entry that is a conflict only in this store is parked.
///
/// $1 numbers, $2 flags, $3 attempts, $4 due times, $5 reasons, $6 states
const UPDATE: &str = "\
    WITH given AS ( \
      SELECT * FROM unnest($1::bigint[], $2::boolean[], $3::bigint[], $4::bigint[], $5::bytea[], \
        $6::text[]) AS given (number, conflict, attempts, due_at, reason, state) \
    ), flagged AS ( \
      UPDATE spektr_inbox.entries SET conflict = TRUE FROM given \
      WHERE entries.number = given.number AND given.conflict AND NOT entries.conflict \
    ) \
    UPDATE spektr_inbox.work \
    SET attempts = given.attempts, due_at = given.due_at, reason = given.reason, \
      state = CASE WHEN given.conflict THEN given.state ELSE work.state END \
    FROM given WHERE work.number = given.number";

/// $1 numbers, $2 tokens, $3 attempts, $4 begins, $5 ends, $6 results, $7 statuses
const HISTORY: &str = "\
    INSERT INTO spektr_inbox.attempts \
      (entry, lease, attempt, began_at, ended_at, result, status) \
    SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], \
      $6::text[], $7::integer[])";

pub(super) async fn import(
    connection: &mut Lent<'_>,
    imported: &[Imported],
    recorded: Option<&Record>,
) -> Result<Vec<Acceptance>, StoreError> {
    connection.begin().await?;
    exhume(connection, imported).await?;
    let entries: Vec<_> = imported.iter().map(|one| &one.entry).collect();
    let accepted = store(connection, &entries).await?;
    let stored = imported.iter().zip(&accepted);
    let stored: Vec<(i64, &Imported)> =
        stored.filter_map(|(one, acceptance)| Some((acceptance.number()?, one))).collect();
    update(connection, &stored).await?;
    add_history(connection, &stored).await?;
    record(connection, recorded, stored.len() as u64).await?;
    connection.commit().await?;
    Ok(accepted)
}

/// Removes the tombstones of imported entries.
async fn exhume(connection: &Lent<'_>, imported: &[Imported]) -> Result<(), StoreError> {
    let twice = || imported.iter().chain(imported);
    let keys: Vec<_> = twice().map(|one| hash(&one.entry.key)).collect();
    let sources: Vec<_> = twice().map(|one| hash(&one.entry.source)).collect();
    // Content hashes in the form of this version and in the form of earlier versions.
    let present = imported.iter().map(|one| one.entry.stored_content().to_vec());
    let former = imported.iter().map(|one| one.entry.former_content().to_vec());
    let contents: Vec<_> = present.chain(former).collect();
    let sql = "DELETE FROM spektr_inbox.tombstones \
               USING unnest($1::bytea[], $2::bytea[], $3::bytea[]) \
                 AS given (key_hash, source_hash, content) \
               WHERE tombstones.key_hash = given.key_hash \
               AND tombstones.source_hash = given.source_hash \
               AND tombstones.content = given.content";
    connection.execute_once(sql, &[&keys, &sources, &contents]).await?;
    Ok(())
}

async fn update(connection: &mut Lent<'_>, stored: &[(i64, &Imported)]) -> Result<(), StoreError> {
    let numbers: Vec<_> = stored.iter().map(|(number, _)| *number).collect();
    let conflicts: Vec<_> = stored.iter().map(|(_, one)| one.conflict).collect();
    let attempts: Vec<_> = stored.iter().map(|(_, one)| i64::from(one.attempts)).collect();
    let due: Vec<_> = stored.iter().map(|(_, one)| one.due().as_millis()).collect();
    let reasons: Vec<_> =
        stored.iter().map(|(_, one)| one.reason.as_deref().map(str::as_bytes)).collect();
    let states: Vec<_> = stored.iter().map(|(_, one)| one.entry.state.as_str()).collect();
    connection.query(UPDATE, &[&numbers, &conflicts, &attempts, &due, &reasons, &states]).await?;
    Ok(())
}

async fn add_history(
    connection: &mut Lent<'_>,
    stored: &[(i64, &Imported)],
) -> Result<(), StoreError> {
    let rows = stored.iter().flat_map(|(number, one)| {
        one.numbered_history().map(move |(lease, attempt)| (*number, lease, attempt))
    });
    let rows: Vec<_> = rows.collect();
    if rows.is_empty() {
        return Ok(());
    }
    let numbers: Vec<_> = rows.iter().map(|(number, ..)| *number).collect();
    let leases: Vec<_> = rows.iter().map(|(_, lease, _)| *lease).collect();
    let of = rows.iter().map(|(.., attempt)| *attempt);
    let attempts: Vec<_> = of.clone().map(|one| i64::from(one.attempt)).collect();
    let begins: Vec<_> = of.clone().map(|one| one.began_at.map(|at| at.as_millis())).collect();
    let ends: Vec<_> = of.clone().map(|one| one.ended_at.as_millis()).collect();
    let results: Vec<_> = of.clone().map(|one| one.result.as_str()).collect();
    let statuses: Vec<_> = of.map(|one| one.status.map(i32::from)).collect();
    connection
        .query(HISTORY, &[&numbers, &leases, &attempts, &begins, &ends, &results, &statuses])
        .await?;
    Ok(())
}
