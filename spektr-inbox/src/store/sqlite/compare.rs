//! Looks entries up: whether their keys are there, and with which contents.

use rusqlite::{Connection, params};

use crate::store::{NewEntry, Presence, StoreError};

pub(super) fn compare(
    connection: &Connection,
    entries: &[NewEntry],
) -> Result<Vec<Presence>, StoreError> {
    entries.iter().map(|entry| presence(connection, entry)).collect()
}

/// Looks an entry up, also among those that were deleted. Two steps in the index, because
/// an id can have any number of contents.
pub(super) fn presence(connection: &Connection, entry: &NewEntry) -> Result<Presence, StoreError> {
    let is_known: bool = connection
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM entries WHERE source = ?1 AND key = ?2) \
             OR EXISTS (SELECT 1 FROM tombstones WHERE source = ?1 AND key = ?2)",
        )?
        .query_row(params![entry.source, entry.key], |row| row.get(0))?;
    if !is_known {
        return Ok(Presence::Absent);
    }
    let is_same: bool = connection
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM entries \
               WHERE source = ?1 AND key = ?2 AND content = ?3) \
             OR EXISTS (SELECT 1 FROM tombstones \
               WHERE source = ?1 AND key = ?2 AND content = ?3)",
        )?
        .query_row(params![entry.source, entry.key, entry.content], |row| row.get(0))?;
    Ok(if is_same { Presence::Same } else { Presence::OtherContent })
}
