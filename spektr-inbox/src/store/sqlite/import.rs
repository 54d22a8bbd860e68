//! Imports entries of another store, with their outcomes there.

use rusqlite::{Connection, params};

use super::actions::record;
use super::write::accept_one;
use crate::store::operation::hash;
use crate::store::{Acceptance, Imported, Record, State, StoreError};

pub(super) fn import(
    connection: &Connection,
    entries: &[Imported],
    recorded: Option<&Record>,
) -> Result<Vec<Acceptance>, StoreError> {
    let mut accepted = Vec::with_capacity(entries.len());
    for imported in entries {
        accepted.push(import_one(connection, imported)?);
    }
    let new = accepted.iter().filter(|one| **one != Acceptance::Duplicate).count();
    record(connection, recorded, new as u64)?;
    Ok(accepted)
}

fn import_one(connection: &Connection, imported: &Imported) -> Result<Acceptance, StoreError> {
    let Imported { entry, conflict, attempts, due_at, reason, history } = imported;
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
    let (Acceptance::Stored(number) | Acceptance::Conflict(number)) = acceptance else {
        return Ok(acceptance);
    };
    let due_at = due_at.filter(|_| entry.state == State::Pending).unwrap_or(entry.received_at);
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
            due_at.as_millis(),
            reason,
            entry.state.as_str(),
        ])?;
    let mut insert = connection.prepare_cached(
        "INSERT INTO attempts \
         (entry, lease, attempt, began_at, ended_at, result, status) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?;
    // Negative tokens, below those of this store, in the order of the history.
    let first = -i64::try_from(history.len()).unwrap_or(i64::MAX);
    for (lease, attempt) in (first..).zip(history) {
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
