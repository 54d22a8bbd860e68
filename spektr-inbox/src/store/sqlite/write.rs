//! The statements of the writer except leases: accept, replace, resolve, probe.

use rusqlite::{Connection, params};
use spektr_types::Timestamp;

use super::actions::record;
use super::compare::presence;
use super::prune::prune;
use super::quarantine::discard;
use crate::store::{Acceptance, Filter, NewEntry, Original, Presence, Record, State, StoreError};

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
    let state = match entry.state {
        State::Pending if conflict => State::Conflict,
        state => state,
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
            entry.created_at.unwrap_or(entry.received_at).as_millis(),
            state.as_str(),
            conflict,
            &entry.raw[..],
            entry.trace.map(|trace| trace.to_string()),
        ])?;
    let number = connection.last_insert_rowid();
    Ok(if conflict { Acceptance::Conflict(number) } else { Acceptance::Stored(number) })
}

/// Replaces an original by the entries read from it.
pub(super) fn replace(
    connection: &Connection,
    original: Original,
    entries: &[NewEntry],
    recorded: &Record,
) -> Result<Option<Vec<Acceptance>>, StoreError> {
    let deleted = match original {
        Original::Body(number) => {
            let body = Filter { state: Some(State::Unreadable), ..Filter::number(number) };
            prune(connection, &body, 1, recorded.at, None)?
        }
        Original::Rejected(number) => discard(connection, &[number], None)?,
    };
    if deleted == 0 {
        return Ok(None);
    }
    let accepted = accept(connection, entries)?;
    record(connection, Some(recorded), 1)?;
    Ok(Some(accepted))
}

/// Marks an entry as resolved because an operator has handled it.
pub(super) fn resolve(
    connection: &Connection,
    number: i64,
    reason: &str,
    recorded: &Record,
) -> Result<bool, StoreError> {
    let changed = connection
        .prepare_cached(
            "UPDATE entries SET state = 'resolved', reason = ?2, owner = NULL \
             WHERE number = ?1 AND state NOT IN ('done', 'resolved')",
        )?
        .execute(params![number, reason])?;
    record(connection, Some(recorded), changed as u64)?;
    Ok(changed == 1)
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
