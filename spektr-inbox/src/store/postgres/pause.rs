//! The pause of the store.

use super::actions;
use super::notes::note;
use super::pool::Lent;
use crate::store::pause::{PAUSED, Pause};
use crate::store::{Record, StoreError};

/// A condition that is true unless the store is paused. It is evaluated once per statement.
macro_rules! not_paused {
    () => {
        "NOT EXISTS (SELECT FROM spektr_inbox.notes WHERE name = 'paused'::bytea)"
    };
}

pub(super) use not_paused;

pub(super) async fn pause(connection: &mut Lent<'_>) -> Result<Option<Pause>, StoreError> {
    Ok(note(connection, PAUSED).await?.as_deref().map(Pause::of))
}

pub(super) async fn set(
    connection: &mut Lent<'_>,
    is_paused: bool,
    record: &Record,
) -> Result<bool, StoreError> {
    let (name, text) = (PAUSED.as_bytes(), Pause::text(record));
    connection.begin().await?;
    let changed = if is_paused {
        let sql = "INSERT INTO spektr_inbox.notes (name, text) VALUES ($1, $2) \
                   ON CONFLICT (name) DO NOTHING";
        connection.execute_once(sql, &[&name, &text.as_bytes()]).await?
    } else {
        let sql = "DELETE FROM spektr_inbox.notes WHERE name = $1";
        connection.execute_once(sql, &[&name]).await?
    };
    if changed == 1 {
        actions::write(connection, record, 0).await?;
    }
    connection.commit().await?;
    Ok(changed == 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_statements_look_for_the_note_of_a_pause() {
        assert!(not_paused!().contains(&format!("'{PAUSED}'::bytea")));
    }
}
