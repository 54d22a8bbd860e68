//! Stores deliveries.

use std::collections::{HashMap, HashSet};

use sha2::{Digest as _, Sha256};
use spektr_types::Timestamp;

use super::compare::{are_former, known};
use super::error::Fault;
use super::pool::Lent;
use super::row::millis;
use crate::store::operation::hash;
use crate::store::{Acceptance, NewEntry};

/// How often a transaction repeats its statement: because another transaction has stored the
/// same key, or because an earlier version may have stored the same content.
const ROUNDS: usize = 6;

/// Stores the entries that are not in the store, in the order of arrival. They are due at once
/// by the database's clock, so that a machine whose clock is ahead delays nothing.
///
/// If a key is in the store with another content, the entry is stored in the next round, once
/// its former hash has been compared with contents of earlier versions. This round reserves its
/// number, so that the entries of a delivery are numbered in their order.
///
/// If another transaction stores the same row at the same time, the unique indexes make the
/// statement wait and then skip the row. Once that transaction has ended, the next round sees
/// its row. Rows are inserted in the order of their keys, so that two transactions with the
/// same events do not deadlock.
const ACCEPT: &str = concat!(
    "WITH given AS MATERIALIZED ( \
      SELECT given.*, \
        ",
    known!(),
    " AS known \
      FROM unnest($1::bytea[], $2::bytea[], $3::bytea[], $4::bytea[], $5::bytea[], \
        $6::bytea[], $7::bytea[], $8::bytea[], $9::bytea[], $10::bigint[], $11::bigint[], \
        $12::text[], $13::boolean[], $14::boolean[], $15::bytea[], $16::bigint[], $17::text[], \
        $18::bigint[], $19::text[]) \
        WITH ORDINALITY \
        AS given (source, source_hash, key_hash, content, id, spektr_id, spektr_hash, lane, \
        wire_type, created_at, received_at, state, second, compared, raw, reserved, trace, \
        order_at, state_in_conflict, place) \
    ), numbered AS MATERIALIZED ( \
      SELECT coalesce(reserved, nextval('spektr_inbox.numbers')) AS number, fresh.* \
      FROM (SELECT * FROM given WHERE known IS NOT TRUE ORDER BY place) AS fresh \
    ), stored AS ( \
      INSERT INTO spektr_inbox.entries (number, source, source_hash, key_hash, content, id, \
        spektr_id, spektr_hash, wire_type, created_at, conflict, raw, trace) \
      SELECT number, source, source_hash, key_hash, content, id, spektr_id, spektr_hash, \
        wire_type, created_at, known IS NOT NULL OR second, raw, trace \
      FROM numbered WHERE known IS NULL OR compared ORDER BY key_hash, source_hash, content \
      ON CONFLICT DO NOTHING RETURNING number, conflict \
    ), working AS ( \
      INSERT INTO spektr_inbox.work \
        (number, state, received_at, order_at, lane, attempts, due_at) \
      SELECT number, \
        CASE WHEN conflict THEN state_in_conflict ELSE state END, \
        received_at, order_at, lane, 0, \
        least(received_at, ",
    millis!("statement_timestamp()"),
    ") \
      FROM numbered JOIN stored USING (number) \
    ) \
    SELECT given.place, given.known, stored.number, stored.conflict, given.compared, \
      numbered.number FROM given \
    LEFT JOIN numbered ON numbered.place = given.place \
    LEFT JOIN stored ON stored.number = numbered.number",
);

pub(super) async fn store(
    connection: &mut Lent<'_>,
    entries: &[&NewEntry],
) -> Result<Vec<Acceptance>, Fault> {
    let mut accepted = vec![None; entries.len()];
    // Duplicates within this group are found here: a statement does not see its own rows.
    let mut contents: HashMap<(&str, &str), HashSet<&[u8; 32]>> = HashMap::new();
    let mut rows = Vec::with_capacity(entries.len());
    for (entry, answer) in entries.iter().zip(&mut accepted) {
        let earlier = contents.entry((&entry.source, &entry.key)).or_default();
        let is_second = !earlier.is_empty();
        if earlier.insert(&entry.content) {
            rows.push(NewRow::new(entry, answer, is_second));
        } else {
            *answer = Some(Acceptance::Duplicate);
        }
    }
    for _ in 0..ROUNDS {
        if rows.is_empty() {
            break;
        }
        let found = query(connection, &rows).await?;
        let mut others = Vec::new();
        for (place, number, found) in found {
            let Some(row) = rows.get_mut(place) else { continue };
            row.reserved = number;
            match found {
                RowFinding::Accepted(acceptance) => *row.answer = Some(acceptance),
                RowFinding::OtherContent => {
                    row.compared = true;
                    others.push(place);
                }
                RowFinding::Raced => {}
            }
        }
        let compared: Vec<_> =
            others.iter().filter_map(|place| rows.get(*place)).map(|row| row.entry).collect();
        for (place, is_known) in others.into_iter().zip(are_former(connection, &compared).await?) {
            if let Some(row) = rows.get_mut(place).filter(|_| is_known) {
                *row.answer = Some(Acceptance::Duplicate);
            }
        }
        rows.retain(|row| row.answer.is_none());
    }
    drop(rows);
    let accepted: Option<Vec<_>> = accepted.into_iter().collect();
    let accepted =
        accepted.ok_or_else(|| Fault::new("others stored and deleted the same all the time"))?;
    if !accepted.iter().any(Acceptance::is_new) {
        connection.run(REPLICATE).await?;
    }
    Ok(accepted)
}

/// Writes to the log if commits wait for standbys. A duplicate may have been committed when the
/// server had stopped waiting for the standbys. The commit of a transaction without writes does
/// not wait, so it would acknowledge that duplicate before it is replicated.
const REPLICATE: &str = "SELECT CASE WHEN current_setting('synchronous_standby_names') <> '' \
     THEN pg_logical_emit_message(true, 'spektr_inbox', '') END";

/// An entry with its outcome, and the hashes by which it is indexed.
struct NewRow<'a> {
    entry: &'a NewEntry,
    answer: &'a mut Option<Acceptance>,
    /// Whether an earlier entry of the group has the same key.
    second: bool,
    /// Whether the entry has been compared with contents of earlier versions, and differs.
    compared: bool,
    /// The number that an earlier round has reserved for the entry.
    reserved: Option<i64>,
    content: [u8; 33],
    source_hash: Vec<u8>,
    key_hash: Vec<u8>,
    spektr_hash: Option<Vec<u8>>,
    lane: Vec<u8>,
}

impl<'a> NewRow<'a> {
    fn new(entry: &'a NewEntry, answer: &'a mut Option<Acceptance>, second: bool) -> Self {
        let spektr_id = entry.spektr_id.as_deref();
        // Hashes have a fixed length, so no two pairs make the same concatenation. An entry
        // without a spektr id has a lane of its own, and waits for no other entry.
        let of =
            spektr_id.map_or_else(|| [hash(&entry.key), entry.content.to_vec()].concat(), hash);
        let lane = Sha256::digest([hash(&entry.source), of].concat()).to_vec();
        Self {
            entry,
            answer,
            second,
            compared: false,
            reserved: None,
            content: entry.stored_content(),
            source_hash: hash(&entry.source),
            key_hash: hash(&entry.key),
            spektr_hash: spektr_id.map(hash),
            lane,
        }
    }
}

/// The statement's finding about a row.
enum RowFinding {
    Accepted(Acceptance),
    /// The store has the key, but not the content in the present form of the hash.
    OtherContent,
    /// Another transaction is storing the same row.
    Raced,
}

/// Runs the statement. Returns the places of the rows, their numbers, and the findings.
async fn query(
    connection: &mut Lent<'_>,
    rows: &[NewRow<'_>],
) -> Result<Vec<(usize, Option<i64>, RowFinding)>, Fault> {
    fn column<'a, T>(rows: &'a [NewRow<'_>], value: impl Fn(&'a NewRow<'_>) -> T) -> Vec<T> {
        rows.iter().map(value).collect()
    }
    fn bytes(text: &Option<String>) -> Option<&[u8]> {
        text.as_deref().map(str::as_bytes)
    }
    let found = connection
        .query(
            ACCEPT,
            &[
                &column(rows, |row| row.entry.source.as_bytes()),
                &column(rows, |row| &row.source_hash[..]),
                &column(rows, |row| &row.key_hash[..]),
                &column(rows, |row| &row.content[..]),
                &column(rows, |row| bytes(&row.entry.id)),
                &column(rows, |row| bytes(&row.entry.spektr_id)),
                &column(rows, |row| row.spektr_hash.as_deref()),
                &column(rows, |row| &row.lane[..]),
                &column(rows, |row| bytes(&row.entry.wire_type)),
                &column(rows, |row| row.entry.created_at.map(Timestamp::as_millis)),
                &column(rows, |row| row.entry.received_at.as_millis()),
                &column(rows, |row| row.entry.state_if(false).as_str()),
                &column(rows, |row| row.second),
                &column(rows, |row| row.compared),
                &column(rows, |row| &row.entry.raw[..]),
                &column(rows, |row| row.reserved),
                &column(rows, |row| row.entry.trace.map(|trace| trace.to_string())),
                &column(rows, |row| row.entry.order_at().as_millis()),
                &column(rows, |row| row.entry.state_if(true).as_str()),
            ],
        )
        .await?;
    let read = |row: tokio_postgres::Row| {
        let place: i64 = row.try_get(0)?;
        let number: Option<i64> = row.try_get(2)?;
        let known: Option<bool> = row.try_get(1)?;
        let found = match (known, number) {
            (Some(true), _) => RowFinding::Accepted(Acceptance::Duplicate),
            (_, Some(number)) => RowFinding::Accepted(Acceptance::stored(number, row.try_get(3)?)),
            (Some(false), None) if !row.try_get(4)? => RowFinding::OtherContent,
            _ => RowFinding::Raced,
        };
        // Places start at 1.
        Ok((usize::try_from(place - 1).unwrap_or(usize::MAX), row.try_get(5)?, found))
    };
    found.into_iter().map(read).collect()
}
