//! Imports entries of another store, with their outcomes there.

use rusqlite::{Connection, params};

use super::accept::accept_one;
use super::actions::record;
use crate::store::operation::hash;
use crate::store::{Acceptance, Imported, Record, StoreError};

pub(super) fn import(
    connection: &Connection,
    entries: &[Imported],
    recorded: Option<&Record>,
) -> Result<Vec<Acceptance>, StoreError> {
    let mut accepted = Vec::with_capacity(entries.len());
    for imported in entries {
        accepted.push(import_one(connection, imported)?);
    }
    let new = accepted.iter().filter(|one| one.is_new()).count();
    record(connection, recorded, new as u64)?;
    Ok(accepted)
}

fn import_one(connection: &Connection, imported: &Imported) -> Result<Acceptance, StoreError> {
    let Imported { entry, conflict, attempts, reason, .. } = imported;
    connection
        .prepare_cached(
            "DELETE FROM tombstones \
             WHERE key_hash = ?1 AND source_hash = ?2 AND content IN (?3, ?4)",
        )?
        .execute(params![
            hash(&entry.key),
            hash(&entry.source),
            entry.stored_content(),
            entry.former_content(),
        ])?;
    let acceptance = accept_one(connection, entry)?;
    let Some(number) = acceptance.number() else { return Ok(acceptance) };
    connection
        .prepare_cached(
            // An entry that was a conflict in the other store keeps its state there: an
            // operator may have released it. An entry that is a conflict only in this store is
            // parked.
            "UPDATE entries SET conflict = conflict OR ?2, attempts = ?3, due_at = ?4, \
             reason = ?5, state = iif(?2, ?6, state) WHERE number = ?1",
        )?
        .execute(params![
            number,
            conflict,
            attempts,
            imported.due().as_millis(),
            reason,
            entry.state.as_str(),
        ])?;
    let mut insert = connection.prepare_cached(
        "INSERT INTO attempts \
         (entry, lease, attempt, began_at, ended_at, result, status) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?;
    for (lease, attempt) in imported.numbered_history() {
        insert.execute(params![
            number,
            lease,
            attempt.attempt,
            attempt.began_at.map(|time| time.as_millis()),
            attempt.ended_at.as_millis(),
            attempt.result,
            attempt.status,
        ])?;
    }
    Ok(acceptance)
}
