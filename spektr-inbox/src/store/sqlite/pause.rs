//! The pause of the store.

use rusqlite::{Connection, OptionalExtension as _};

use super::actions;
use super::notes::note;
use crate::store::pause::{PAUSED, Pause};
use crate::store::{Record, StoreError};

pub(super) fn is_paused(connection: &Connection) -> Result<bool, StoreError> {
    let found = connection
        .prepare_cached("SELECT 1 FROM notes WHERE name = ?1")?
        .query_row([PAUSED], |_| Ok(()))
        .optional()?;
    Ok(found.is_some())
}

pub(super) fn pause(connection: &Connection) -> Result<Option<Pause>, StoreError> {
    Ok(note(connection, PAUSED)?.as_deref().map(Pause::of))
}

pub(super) fn set(
    connection: &Connection,
    is_paused: bool,
    record: &Record,
) -> Result<bool, StoreError> {
    let changed = if is_paused {
        connection
            .prepare_cached("INSERT OR IGNORE INTO notes (name, text) VALUES (?1, ?2)")?
            .execute([PAUSED, &Pause::text(record)])?
    } else {
        connection.prepare_cached("DELETE FROM notes WHERE name = ?1")?.execute([PAUSED])?
    };
    if changed == 1 {
        actions::write(connection, record, 0)?;
    }
    Ok(changed == 1)
}
