//! Reads entries from rows: the columns that a statement selects, and their conversion.

use bytes::Bytes;
use tokio_postgres::Row;
use tokio_postgres::types::FromSql;

use super::error::Fault;
use crate::clock::from_millis;
use crate::store::{State, StoreError, StoredEntry};

/// The columns of an entry and its work, as [`entry`] reads them.
macro_rules! columns {
    ($work:literal) => {
        concat!(
            "entries.number, entries.source, entries.id, entries.spektr_id, entries.wire_type, \
             entries.created_at, ",
            $work,
            ".received_at, ",
            $work,
            ".state, entries.conflict, ",
            $work,
            ".attempts, ",
            $work,
            ".due_at, ",
            $work,
            ".reason, entries.raw, entries.trace"
        )
    };
}
pub(super) use columns;

/// A clock of the server in milliseconds since 1970, cut and not rounded, as the clocks of this
/// crate are: a rounded time can be a millisecond in the future.
macro_rules! millis {
    ($clock:literal) => {
        concat!("floor(extract(epoch FROM ", $clock, ") * 1000)::bigint")
    };
}
pub(super) use millis;

/// The number of columns of `columns!`.
pub(super) const COLUMNS_COUNT: usize = 14;

/// Reads a row that begins with `columns!`.
pub(super) fn entry(row: &Row) -> Result<StoredEntry, StoreError> {
    let number = value(row, 0)?;
    let unreadable = |column| StoreError::Unreadable { column, number };
    let text = |index, column| text(row, index, column, number);
    let attempts: i64 = value(row, 9)?;
    Ok(StoredEntry {
        number,
        source: text(1, "source")?.unwrap_or_default(),
        id: text(2, "id")?,
        spektr_id: text(3, "spektr_id")?,
        wire_type: text(4, "wire_type")?,
        created_at: value::<Option<i64>>(row, 5)?.map(from_millis),
        received_at: from_millis(value(row, 6)?),
        state: state(row, 7, number)?,
        conflict: value(row, 8)?,
        attempts: u32::try_from(attempts).map_err(|_| unreadable("attempts"))?,
        due_at: from_millis(value(row, 10)?),
        reason: text(11, "reason")?,
        raw: Bytes::from(value::<Vec<u8>>(row, 12)?),
        // A trace that cannot be read must not prevent the handling of an event.
        trace: value::<Option<String>>(row, 13)?.and_then(|text| text.parse().ok()),
    })
}

pub(super) fn state(row: &Row, index: usize, number: i64) -> Result<State, StoreError> {
    let state: String = value(row, index)?;
    state.parse().map_err(|_| StoreError::Unreadable { column: "state", number })
}

/// Reads a text that is stored as bytes.
pub(super) fn text(
    row: &Row,
    index: usize,
    column: &'static str,
    number: i64,
) -> Result<Option<String>, StoreError> {
    let bytes: Option<Vec<u8>> = value(row, index)?;
    let text = bytes.map(String::from_utf8).transpose();
    text.map_err(|_| StoreError::Unreadable { column, number })
}

pub(super) fn value<'a, T: FromSql<'a>>(row: &'a Row, index: usize) -> Result<T, StoreError> {
    row.try_get(index).map_err(|error| Fault::from(error).into())
}
