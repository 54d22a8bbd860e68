//! Notes: short named texts, stored beside the entries.

use rusqlite::{Connection, OptionalExtension as _};

use super::SqliteStore;
use crate::store::{Notes, StoreError, StoreFuture};

impl Notes for SqliteStore {
    fn notes(&self) -> StoreFuture<'_, Vec<(String, String)>> {
        self.read(notes)
    }

    fn note(&self, name: String) -> StoreFuture<'_, Option<String>> {
        self.read(move |connection| note(connection, &name))
    }

    fn set_note(&self, name: String, text: String) -> StoreFuture<'_, ()> {
        self.write(move |connection| set_note(connection, &name, &text))
    }
}

pub(super) fn note(connection: &Connection, name: &str) -> Result<Option<String>, StoreError> {
    let text = connection
        .prepare_cached("SELECT text FROM notes WHERE name = ?1")?
        .query_row([name], |row| row.get(0))
        .optional()?;
    Ok(text)
}

fn notes(connection: &Connection) -> Result<Vec<(String, String)>, StoreError> {
    let mut statement = connection.prepare_cached("SELECT name, text FROM notes ORDER BY name")?;
    let notes = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(notes.collect::<Result<_, _>>()?)
}

fn set_note(connection: &Connection, name: &str, text: &str) -> Result<(), StoreError> {
    connection
        .prepare_cached(
            "INSERT INTO notes (name, text) VALUES (?1, ?2) \
             ON CONFLICT (name) DO UPDATE SET text = excluded.text",
        )?
        .execute([name, text])?;
    Ok(())
}
