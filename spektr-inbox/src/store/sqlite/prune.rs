//! Deletes entries, and leaves tombstones.

use rusqlite::types::Value;
use rusqlite::{Connection, params, params_from_iter};
use spektr_types::Timestamp;

use super::actions::record;
use super::condition::Condition;
use crate::clock::from_millis;
use crate::store::model::FORMER_LENGTH;
use crate::store::operation::hash;
use crate::store::{Filter, Record, State, StoreError, Tombstone};

pub(super) fn prune(
    connection: &Connection,
    filter: &Filter,
    limit: usize,
    now: Timestamp,
    recorded: Option<&Record>,
) -> Result<u64, StoreError> {
    let Condition { sql, values } = Condition::new(filter);
    let by_age = filter.received_before.is_some()
        && *filter
            == Filter { received_before: filter.received_before, ..Filter::state(State::Done) };
    let index = if by_age { "INDEXED BY entries_done" } else { "" };
    let sql = format!(
        "DELETE FROM entries WHERE number IN (SELECT number FROM entries {index} WHERE {sql} \
         AND state <> 'pending' LIMIT {limit}) RETURNING key, source, content, \
         spektr_id, CASE WHEN length(content) = {FORMER_LENGTH} THEN raw END"
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let gone = statement.query_map(params_from_iter(values), |row| {
        let tombstone = Tombstone {
            key_hash: hash(&row.get::<_, String>(0)?),
            source_hash: hash(&row.get::<_, String>(1)?),
            content: row.get(2)?,
            spektr_hash: row.get::<_, Option<String>>(3)?.as_deref().map(hash),
            pruned_at: now,
        };
        let raw: Option<Vec<u8>> = row.get(4)?;
        Ok(tombstone.with_present_content(raw.as_deref()))
    })?;
    let gone: Vec<_> = gone.collect::<Result<_, _>>()?;
    bury(connection, &gone)?;
    let count = gone.len() as u64;
    record(connection, recorded, count)?;
    Ok(count)
}

pub(super) fn bury(connection: &Connection, tombstones: &[Tombstone]) -> Result<(), StoreError> {
    let mut insert = connection.prepare_cached(
        "INSERT OR IGNORE INTO tombstones \
         (key_hash, source_hash, content, spektr_hash, pruned_at) VALUES (?1, ?2, ?3, ?4, ?5)",
    )?;
    for Tombstone { key_hash, source_hash, content, spektr_hash, pruned_at } in tombstones {
        let pruned_at = pruned_at.as_millis();
        insert.execute(params![key_hash, source_hash, content, spektr_hash, pruned_at])?;
    }
    Ok(())
}

pub(super) fn tombstones(
    connection: &Connection,
    after: Option<&Tombstone>,
    limit: usize,
) -> Result<Vec<Tombstone>, StoreError> {
    let (key, source, content) = Tombstone::place(after);
    let mut statement = connection.prepare_cached(
        "SELECT key_hash, source_hash, content, spektr_hash, pruned_at FROM tombstones \
         WHERE (key_hash, source_hash, content) > (?1, ?2, ?3) \
         ORDER BY key_hash, source_hash, content LIMIT ?4",
    )?;
    let found = statement.query_map(params![key, source, content, limit], |row| {
        Ok(Tombstone {
            key_hash: row.get(0)?,
            source_hash: row.get(1)?,
            content: row.get(2)?,
            spektr_hash: row.get(3)?,
            pruned_at: from_millis(row.get(4)?),
        })
    })?;
    Ok(found.collect::<Result<_, _>>()?)
}

pub(super) fn forget(
    connection: &Connection,
    pruned_before: Timestamp,
    sources: &[(String, Timestamp)],
    limit: usize,
) -> Result<u64, StoreError> {
    let of_sources = " AND (source_hash <> ? OR pruned_at < ?)".repeat(sources.len());
    let sql = format!(
        "DELETE FROM tombstones WHERE (key_hash, source_hash, content) IN ( \
           SELECT key_hash, source_hash, content FROM tombstones \
           WHERE pruned_at < ?{of_sources} ORDER BY pruned_at LIMIT {limit})"
    );
    let of_sources = sources.iter().flat_map(|(source, before)| {
        [Value::Blob(hash(source)), Value::Integer(before.as_millis())]
    });
    let values = std::iter::once(Value::Integer(pruned_before.as_millis())).chain(of_sources);
    Ok(connection.prepare_cached(&sql)?.execute(params_from_iter(values))? as u64)
}
