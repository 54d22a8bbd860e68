//! Erases a person's records.

use rusqlite::Connection;

use super::actions::record;
use crate::store::operation::{ERASED, hash, recorded};
use crate::store::{Erased, Erasure, Record, StoreError};

pub(super) fn erase(
    connection: &Connection,
    erasure: &Erasure,
    record_of_it: Option<&Record>,
) -> Result<Erased, StoreError> {
    let mut erased = Erased::default();
    if let Some(spektr_id) = &erasure.spektr_id {
        let sql = "DELETE FROM entries WHERE spektr_id = ?1";
        erased.entries = connection.execute(sql, [spektr_id])? as u64;
        let sql = "DELETE FROM tombstones WHERE spektr_hash = ?1";
        erased.tombstones = connection.execute(sql, [hash(spektr_id)])? as u64;
        let sql = "UPDATE actions SET filter = replace(filter, ?1, ?2) WHERE instr(filter, ?1) > 0";
        connection.execute(sql, [recorded(spektr_id).as_str(), ERASED])?;
    }
    let each = |sql: &str, numbers: &[i64]| {
        let mut statement = connection.prepare_cached(sql)?;
        let mut count = 0;
        for number in numbers {
            count += statement.execute([number])? as u64;
        }
        Ok::<_, StoreError>(count)
    };
    erased.mentions = each("DELETE FROM entries WHERE number = ?1", &erasure.mentions)?;
    erased.bodies = each("DELETE FROM entries WHERE number = ?1", &erasure.bodies)?;
    erased.rejected = each("DELETE FROM quarantine WHERE number = ?1", &erasure.rejected)?;
    record(connection, record_of_it, erased.total())?;
    Ok(erased)
}

/// Checkpoints the log into the file and empties it, because it contains copies of earlier
/// pages. Returns whether that succeeded.
pub(super) fn empty_log(connection: &Connection) -> Result<bool, StoreError> {
    let busy: bool =
        connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))?;
    if busy {
        tracing::warn!("erased data stays in the log until its readers are gone");
    }
    Ok(!busy)
}
