//! Looks entries up: whether their keys are there, and with which contents.

use super::accept::{hash, known};
use super::pool::Lent;
use super::read::value;
use crate::store::{NewEntry, Presence, StoreError};

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
    let contents: Vec<_> = entries.iter().map(|entry| &entry.content[..]).collect();
    let rows = connection.query(COMPARE, &[&sources, &keys, &contents]).await?;
    let presence = |row| {
        Ok(match value(row, 0)? {
            Some(true) => Presence::Same,
            Some(false) => Presence::OtherContent,
            None => Presence::Absent,
        })
    };
    rows.iter().map(presence).collect()
}
