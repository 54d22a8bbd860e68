//! Looks entries up: whether the store has their keys, and with which contents.

use super::error::Fault;
use super::pool::Lent;
use super::row::value;
use crate::store::operation::hash;
use crate::store::{NewEntry, Presence, StoreError};

/// An expression about the key of a row of `given`: null if the store does not have the key,
/// otherwise whether the store has the key with the content. A key can have any number of
/// contents. With `LIMIT 1`, each lookup is one step in an index; for `EXISTS` the planner may
/// read the whole index instead.
macro_rules! known {
    () => {
        "CASE WHEN coalesce( \
          (SELECT true FROM spektr_inbox.entries AS known \
            WHERE known.key_hash = given.key_hash AND known.source_hash = given.source_hash \
            LIMIT 1), \
          (SELECT true FROM spektr_inbox.tombstones AS known \
            WHERE known.key_hash = given.key_hash AND known.source_hash = given.source_hash \
            LIMIT 1), \
          false) \
        THEN coalesce( \
          (SELECT true FROM spektr_inbox.entries AS known \
            WHERE known.key_hash = given.key_hash AND known.source_hash = given.source_hash \
            AND known.content = given.content LIMIT 1), \
          (SELECT true FROM spektr_inbox.tombstones AS known \
            WHERE known.key_hash = given.key_hash AND known.source_hash = given.source_hash \
            AND known.content = given.content LIMIT 1), \
          false) \
        END"
    };
}
pub(super) use known;

/// $1 hashes of sources, $2 hashes of keys, $3 contents
const COMPARE: &str = concat!(
    "SELECT ",
    known!(),
    " FROM unnest($1::bytea[], $2::bytea[], $3::bytea[]) WITH ORDINALITY \
      AS given (source_hash, key_hash, content, place) ORDER BY place"
);

pub(super) async fn compare(
    connection: &mut Lent<'_>,
    entries: &[NewEntry],
) -> Result<Vec<Presence>, StoreError> {
    let sources: Vec<_> = entries.iter().map(|entry| hash(&entry.source)).collect();
    let keys: Vec<_> = entries.iter().map(|entry| hash(&entry.key)).collect();
    let contents: Vec<_> = entries.iter().map(|entry| entry.stored_content().to_vec()).collect();
    let rows = connection.query(COMPARE, &[&sources, &keys, &contents]).await?;
    let presence = |row| {
        Ok(match value(row, 0)? {
            Some(true) => Presence::Same,
            Some(false) => Presence::OtherContent,
            None => Presence::Absent,
        })
    };
    let mut presences = rows.iter().map(presence).collect::<Result<Vec<_>, StoreError>>()?;
    let others = presences.iter_mut().zip(entries);
    let (others, entries): (Vec<_>, Vec<_>) =
        others.filter(|(presence, _)| **presence == Presence::OtherContent).unzip();
    let are_former = are_former(connection, &entries).await?;
    for (presence, is_former) in others.into_iter().zip(are_former) {
        if is_former {
            *presence = Presence::Same;
        }
    }
    Ok(presences)
}

/// Selects the JSON that an earlier version has stored under a key and a former content hash.
///
/// $1 hashes of sources, $2 hashes of keys, $3 contents
const FORMER: &str = "\
    SELECT \
      (SELECT known.raw FROM spektr_inbox.entries AS known \
        WHERE known.key_hash = given.key_hash AND known.source_hash = given.source_hash \
        AND known.content = given.content LIMIT 1) \
    FROM unnest($1::bytea[], $2::bytea[], $3::bytea[]) WITH ORDINALITY \
      AS given (source_hash, key_hash, content, place) ORDER BY place";

/// Returns for each entry whether an earlier version has stored the same content. The JSON
/// decides, because different contents can have the same former hash. For a deleted entry there
/// is no JSON: a tombstone with a former hash shows only that the key is known, not the
/// content.
pub(super) async fn are_former(
    connection: &mut Lent<'_>,
    entries: &[&NewEntry],
) -> Result<Vec<bool>, Fault> {
    if entries.is_empty() {
        return Ok(Vec::new());
    }
    let sources: Vec<_> = entries.iter().map(|entry| hash(&entry.source)).collect();
    let keys: Vec<_> = entries.iter().map(|entry| hash(&entry.key)).collect();
    let contents: Vec<_> = entries.iter().map(|entry| entry.former_content().to_vec()).collect();
    let rows = connection.query(FORMER, &[&sources, &keys, &contents]).await?;
    let is_former = |(row, entry): (tokio_postgres::Row, &&NewEntry)| {
        let raw: Option<&[u8]> = row.try_get(0)?;
        Ok(raw.is_some_and(|raw| entry.is_content_of(raw)))
    };
    rows.into_iter().zip(entries).map(is_former).collect()
}
