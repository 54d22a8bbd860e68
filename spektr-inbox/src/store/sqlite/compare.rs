//! Looks entries up: whether the store has their keys, and with which contents.

use rusqlite::{Connection, OptionalExtension as _, params};

use crate::store::operation::hash;
use crate::store::{NewEntry, Presence, StoreError};

pub(super) fn compare(
    connection: &Connection,
    entries: &[NewEntry],
) -> Result<Vec<Presence>, StoreError> {
    entries.iter().map(|entry| presence(connection, entry)).collect()
}

/// Looks an entry up, also among deleted ones. Two steps in the index, because an id can have
/// any number of contents.
pub(super) fn presence(connection: &Connection, entry: &NewEntry) -> Result<Presence, StoreError> {
    let (key, source) = (hash(&entry.key), hash(&entry.source));
    let is_known: bool = connection
        .prepare_cached(IS_KNOWN)?
        .query_row(params![entry.source, entry.key, source, key], |row| row.get(0))?;
    if !is_known {
        return Ok(Presence::Absent);
    }
    let is_same = connection.prepare_cached(IS_SAME)?.query_row(
        params![entry.source, entry.key, source, key, entry.stored_content()],
        |row| row.get(0),
    )?;
    Ok(if is_same || is_former(connection, entry)? {
        Presence::Same
    } else {
        Presence::OtherContent
    })
}

const IS_KNOWN: &str = "\
    SELECT EXISTS (SELECT 1 FROM entries WHERE source = ?1 AND key = ?2) \
    OR EXISTS (SELECT 1 FROM tombstones WHERE source_hash = ?3 AND key_hash = ?4)";

const IS_SAME: &str = "\
    SELECT EXISTS (SELECT 1 FROM entries WHERE source = ?1 AND key = ?2 AND content = ?5) \
    OR EXISTS (SELECT 1 FROM tombstones \
      WHERE source_hash = ?3 AND key_hash = ?4 AND content = ?5)";

const FORMER: &str = "SELECT raw FROM entries WHERE source = ?1 AND key = ?2 AND content = ?3";

/// Returns whether an earlier version has stored the same content. The JSON decides, because
/// different contents can have the same former hash. For a deleted entry there is no JSON: a
/// tombstone with a former hash shows only that the key is known, not the content.
fn is_former(connection: &Connection, entry: &NewEntry) -> Result<bool, StoreError> {
    let values = params![entry.source, entry.key, entry.former_content()];
    let raw: Option<Vec<u8>> =
        connection.prepare_cached(FORMER)?.query_row(values, |row| row.get(0)).optional()?;
    Ok(raw.is_some_and(|raw| entry.is_content_of(&raw)))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use bytes::Bytes;
    use rusqlite::StatementStatus;
    use spektr_verify::danger;

    use super::*;
    use crate::clock::from_millis;
    use crate::store::sqlite::accept;
    use crate::store::sqlite::schema::MIGRATIONS;

    /// Returns the steps of SQLite's virtual machine for an id with this many contents.
    fn steps(contents: usize) -> i32 {
        let connection = Connection::open_in_memory().expect("it is in memory");
        for script in MIGRATIONS {
            connection.execute_batch(script).expect("it is correct");
        }
        let raws = (0..contents).map(|index| format!(r#"{{"id":"e","type":"x","n":{index}}}"#));
        let body = format!(r#"{{"results":[{}]}}"#, raws.collect::<Vec<_>>().join(","));
        let delivery = danger::assume_verified(Bytes::from(body));
        let intake = crate::intake::intake(&Arc::from("test"), &delivery, from_millis(1));
        accept::accept(&connection, &intake.entries).expect("there is room");
        let steps = |sql| {
            let statement = connection.prepare_cached(sql).expect("it is correct");
            statement.get_status(StatementStatus::VmStep)
        };
        [IS_KNOWN, IS_SAME, FORMER].map(steps).iter().sum()
    }

    #[test]
    fn an_id_with_many_contents_costs_each_the_same() {
        let [few, many] = [101, 1001].map(steps);
        // The lookup of the first content takes one step less.
        assert_eq!((many - steps(1)) / 1000, (few - steps(1)) / 100);
    }
}
