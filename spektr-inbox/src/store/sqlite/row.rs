//! Reads entries from rows: the columns that a statement selects, and their conversion.

use bytes::Bytes;
use rusqlite::Row;

use crate::clock::from_millis;
use crate::store::{State, StoreError, StoredEntry};

pub(super) const COLUMNS: &str = "number, source, id, spektr_id, wire_type, created_at, \
     received_at, state, conflict, attempts, due_at, reason, raw, trace";

/// The number of [`COLUMNS`].
pub(super) const COLUMNS_COUNT: usize = 14;

/// Reads a row of [`COLUMNS`].
pub(super) fn entry(row: &Row<'_>) -> Result<StoredEntry, StoreError> {
    let number = row.get(0)?;
    let state = state(row, 7, number)?;
    Ok(StoredEntry {
        number,
        source: row.get(1)?,
        id: row.get(2)?,
        spektr_id: row.get(3)?,
        wire_type: row.get(4)?,
        created_at: row.get::<_, Option<i64>>(5)?.map(from_millis),
        received_at: from_millis(row.get(6)?),
        state,
        conflict: row.get(8)?,
        attempts: row.get(9)?,
        due_at: from_millis(row.get(10)?),
        reason: row.get(11)?,
        raw: Bytes::from(row.get::<_, Vec<u8>>(12)?),
        // A trace that cannot be read must not prevent the handling of an event.
        trace: row.get::<_, Option<String>>(13)?.and_then(|text| text.parse().ok()),
    })
}

pub(super) fn state(row: &Row<'_>, index: usize, number: i64) -> Result<State, StoreError> {
    let state: String = row.get(index)?;
    state.parse().map_err(|_| StoreError::Unreadable { column: "state", number })
}
