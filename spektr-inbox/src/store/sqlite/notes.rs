//! Notes: short named texts, stored beside the entries.

use rusqlite::{Connection, OptionalExtension as _};

use crate::store::StoreError;

pub(super) fn note(connection: &Connection, name: &str) -> Result<Option<String>, StoreError> {
    let text = connection
        .prepare_cached("SELECT text FROM notes WHERE name = ?1")?
        .query_row([name], |row| row.get(0))
        .optional()?;
    Ok(text)
}

pub(super) fn notes(connection: &Connection) -> Result<Vec<(String, String)>, StoreError> {
    let mut statement = connection.prepare_cached("SELECT name, text FROM notes ORDER BY name")?;
    let notes = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(notes.collect::<Result<_, _>>()?)
}

pub(super) fn set_note(connection: &Connection, name: &str, text: &str) -> Result<(), StoreError> {
    connection
        .prepare_cached(
            "INSERT INTO notes (name, text) VALUES (?1, ?2) \
             ON CONFLICT (name) DO UPDATE SET text = excluded.text",
        )?
        .execute([name, text])?;
    Ok(())
}
