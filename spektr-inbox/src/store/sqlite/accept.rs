//! Stores deliveries.

use rusqlite::{Connection, params};
use spektr_types::Timestamp;

use super::compare::presence;
use crate::store::{Acceptance, NewEntry, Presence, StoreError};

pub(super) fn accept(
    connection: &Connection,
    entries: &[NewEntry],
) -> Result<Vec<Acceptance>, StoreError> {
    entries.iter().map(|entry| accept_one(connection, entry)).collect()
}

pub(super) fn accept_one(
    connection: &Connection,
    entry: &NewEntry,
) -> Result<Acceptance, StoreError> {
    // No other connection writes meanwhile, because the transaction has the write lock already.
    let conflict = match presence(connection, entry)? {
        Presence::Same => return Ok(Acceptance::Duplicate),
        Presence::OtherContent => true,
        Presence::Absent => false,
    };
    connection
        .prepare_cached(
            "INSERT INTO entries (source, key, content, id, spektr_id, wire_type, created_at, \
             received_at, order_at, state, conflict, due_at, raw, trace) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?8, ?12, ?13)",
        )?
        .execute(params![
            entry.source,
            entry.key,
            entry.stored_content(),
            entry.id,
            entry.spektr_id,
            entry.wire_type,
            entry.created_at.map(Timestamp::as_millis),
            entry.received_at.as_millis(),
            entry.order_at().as_millis(),
            entry.state_if(conflict).as_str(),
            conflict,
            &entry.raw[..],
            entry.trace.map(|trace| trace.to_string()),
        ])?;
    Ok(Acceptance::stored(connection.last_insert_rowid(), conflict))
}

/// Accepts an entry and rolls it back. Then writes some data and deletes it again, which fails
/// if the disk is full.
pub(super) fn probe(connection: &Connection) -> Result<(), StoreError> {
    connection.execute_batch("SAVEPOINT probe")?;
    accept_one(connection, &NewEntry::probe())?;
    connection.execute_batch("ROLLBACK TO probe; RELEASE probe")?;
    connection
        .execute("INSERT OR REPLACE INTO notes VALUES ('probe', hex(zeroblob(32768)))", [])?;
    connection.execute("DELETE FROM notes WHERE name = 'probe'", [])?;
    Ok(())
}
