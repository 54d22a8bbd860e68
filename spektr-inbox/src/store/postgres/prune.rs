//! Deletes entries, and leaves tombstones.

use spektr_types::Timestamp;

use super::actions::record;
use super::condition::{Condition, chosen};
use super::pool::Lent;
use super::read::count_in;
use super::row::value;
use crate::clock::from_millis;
use crate::store::model::FORMER_LENGTH;
use crate::store::operation::hash;
use crate::store::{Filter, Record, StoreError, Tombstone};

/// Deletes the chosen entries and their attempts.
pub(super) const DELETE: &str = "\
    idle AS ( \
      DELETE FROM spektr_inbox.work USING chosen WHERE work.number = chosen.number \
    ), history AS ( \
      DELETE FROM spektr_inbox.attempts USING chosen WHERE attempts.entry = chosen.number \
    ), gone AS ( \
      DELETE FROM spektr_inbox.entries USING chosen WHERE entries.number = chosen.number \
      RETURNING entries.source_hash, entries.key_hash, entries.content, entries.spektr_hash, \
        entries.raw \
    )";

pub(super) async fn prune(
    connection: &mut Lent<'_>,
    filter: &Filter,
    limit: usize,
    now: Timestamp,
    recorded: Option<&Record>,
) -> Result<u64, StoreError> {
    connection.begin().await?;
    let count = delete(connection, filter, limit, now).await?;
    record(connection, recorded, count).await?;
    connection.commit().await?;
    Ok(count)
}

/// Deletes entries and leaves tombstones, in an open transaction.
pub(super) async fn delete(
    connection: &Lent<'_>,
    filter: &Filter,
    limit: usize,
    now: Timestamp,
) -> Result<u64, StoreError> {
    let condition = Condition::new(filter);
    let sql = format!(
        "{}, {DELETE}, buried AS ( \
           INSERT INTO spektr_inbox.tombstones \
             (source_hash, key_hash, content, spektr_hash, pruned_at) \
           SELECT source_hash, key_hash, content, spektr_hash, {} FROM gone \
           WHERE length(content) <> {FORMER_LENGTH} ON CONFLICT DO NOTHING \
         ) SELECT counted.count, former.* FROM (SELECT count(*) FROM gone) AS counted \
         LEFT JOIN (SELECT source_hash, key_hash, content, spektr_hash, raw FROM gone \
           WHERE length(content) = {FORMER_LENGTH}) AS former ON TRUE",
        chosen(&condition, "work.state <> 'pending'", &format!("LIMIT {limit}")),
        now.as_millis(),
    );
    let rows = connection.query_once(&sql, &condition.parameters()).await?;
    let count = count_in(&rows)?;
    let mut former = Vec::new();
    for row in &rows {
        let Some(raw) = value::<Option<&[u8]>>(row, 5)? else { continue };
        let tombstone = Tombstone {
            source_hash: value(row, 1)?,
            key_hash: value(row, 2)?,
            content: value(row, 3)?,
            spektr_hash: value(row, 4)?,
            pruned_at: now,
        };
        former.push(tombstone.with_present_content(Some(raw)));
    }
    bury(connection, &former).await?;
    Ok(count)
}

pub(super) async fn bury(
    connection: &Lent<'_>,
    tombstones: &[Tombstone],
) -> Result<(), StoreError> {
    if tombstones.is_empty() {
        return Ok(());
    }
    let sources: Vec<_> = tombstones.iter().map(|one| &one.source_hash[..]).collect();
    let keys: Vec<_> = tombstones.iter().map(|one| &one.key_hash[..]).collect();
    let contents: Vec<_> = tombstones.iter().map(|one| &one.content[..]).collect();
    let persons: Vec<_> = tombstones.iter().map(|one| one.spektr_hash.as_deref()).collect();
    let times: Vec<_> = tombstones.iter().map(|one| one.pruned_at.as_millis()).collect();
    let sql = "INSERT INTO spektr_inbox.tombstones \
                 (source_hash, key_hash, content, spektr_hash, pruned_at) \
               SELECT * FROM unnest($1::bytea[], $2::bytea[], $3::bytea[], $4::bytea[], \
                 $5::bigint[]) ON CONFLICT DO NOTHING";
    connection.execute_once(sql, &[&sources, &keys, &contents, &persons, &times]).await?;
    Ok(())
}

pub(super) async fn tombstones(
    connection: &mut Lent<'_>,
    after: Option<&Tombstone>,
    limit: usize,
) -> Result<Vec<Tombstone>, StoreError> {
    let (key, source, content) = Tombstone::place(after);
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let rows = connection
        .query(
            "SELECT source_hash, key_hash, content, spektr_hash, pruned_at \
             FROM spektr_inbox.tombstones \
             WHERE (key_hash, source_hash, content) > ($1, $2, $3) \
             ORDER BY key_hash, source_hash, content LIMIT $4",
            &[&key, &source, &content, &limit],
        )
        .await?;
    let read = |row| {
        Ok(Tombstone {
            source_hash: value(row, 0)?,
            key_hash: value(row, 1)?,
            content: value(row, 2)?,
            spektr_hash: value(row, 3)?,
            pruned_at: from_millis(value(row, 4)?),
        })
    };
    rows.iter().map(read).collect()
}

pub(super) async fn forget(
    connection: &Lent<'_>,
    pruned_before: Timestamp,
    sources: &[(String, Timestamp)],
    limit: usize,
) -> Result<u64, StoreError> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let (sources, times): (Vec<_>, Vec<_>) =
        sources.iter().map(|(source, before)| (hash(source), before.as_millis())).unzip();
    let sql = "DELETE FROM spektr_inbox.tombstones WHERE (key_hash, source_hash, content) IN ( \
                 SELECT key_hash, source_hash, content FROM spektr_inbox.tombstones AS old \
                 WHERE pruned_at < $1 AND NOT EXISTS ( \
                   SELECT FROM unnest($3::bytea[], $4::bigint[]) AS kept (source_hash, since) \
                   WHERE kept.source_hash = old.source_hash AND old.pruned_at >= kept.since) \
                 ORDER BY pruned_at LIMIT $2 FOR UPDATE OF old SKIP LOCKED)";
    let before = pruned_before.as_millis();
    Ok(connection.execute_once(sql, &[&before, &limit, &sources, &times]).await?)
}
