//! Notes: short named texts, stored beside the entries.

use super::error::Fault;
use super::pool::Lent;
use super::row::value;
use super::{PostgresStore, operate};
use crate::store::{Notes, StoreError, StoreFuture};

impl Notes for PostgresStore {
    fn notes(&self) -> StoreFuture<'_, Vec<(String, String)>> {
        operate!(self, |one| notes(&mut one).await)
    }

    fn note(&self, name: String) -> StoreFuture<'_, Option<String>> {
        operate!(self, |one| note(&mut one, &name).await)
    }

    fn set_note(&self, name: String, text: String) -> StoreFuture<'_, ()> {
        operate!(self, |one| { set_note(&mut one, &name, &text).await })
    }
}

async fn notes(connection: &mut Lent<'_>) -> Result<Vec<(String, String)>, StoreError> {
    let sql = "SELECT name, text FROM spektr_inbox.notes ORDER BY name";
    let rows = connection.query(sql, &[]).await?;
    let text = |bytes| {
        String::from_utf8(bytes).map_err(|_| StoreError::from(Fault::new("a note is not UTF-8")))
    };
    rows.iter().map(|row| Ok((text(value(row, 0)?)?, text(value(row, 1)?)?))).collect()
}

pub(super) async fn note(
    connection: &mut Lent<'_>,
    name: &str,
) -> Result<Option<String>, StoreError> {
    let sql = "SELECT text FROM spektr_inbox.notes WHERE name = $1";
    let rows = connection.query(sql, &[&name.as_bytes()]).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    let text = String::from_utf8(value(row, 0)?);
    Ok(Some(text.map_err(|_| Fault::new("a note is not UTF-8"))?))
}

async fn set_note(connection: &mut Lent<'_>, name: &str, text: &str) -> Result<(), StoreError> {
    let sql = "INSERT INTO spektr_inbox.notes (name, text) VALUES ($1, $2) \
               ON CONFLICT (name) DO UPDATE SET text = excluded.text";
    connection.query(sql, &[&name.as_bytes(), &text.as_bytes()]).await?;
    Ok(())
}

/// Writes some data and deletes it again, which fails if the disk is full. Needs an open
/// transaction.
pub(super) async fn take_room(connection: &mut Lent<'_>) -> Result<(), StoreError> {
    // A unique name, because several machines may probe at the same time.
    let name = format!("probe {}", fastrand::u64(..));
    set_note(connection, &name, &"0".repeat(64 * 1024)).await?;
    let sql = "DELETE FROM spektr_inbox.notes WHERE name = $1";
    connection.query(sql, &[&name.as_bytes()]).await?;
    Ok(())
}
