//! Deletes entries, and keeps what identifies them; or, of a person, nothing.

use spektr_types::Timestamp;

use super::actions::record;
use super::pool::Lent;
use super::read::{Condition, chosen, count_in, value};
use crate::clock::from_millis;
use crate::store::{Erased, Erasure, Filter, Record, StoreError, Tombstone};

/// Deletes what is chosen, and the history of its attempts.
const DELETE: &str = "\
    idle AS ( \
      DELETE FROM spektr_inbox.work USING chosen WHERE work.number = chosen.number \
    ), history AS ( \
      DELETE FROM spektr_inbox.attempts USING chosen WHERE attempts.entry = chosen.number \
    ), gone AS ( \
      DELETE FROM spektr_inbox.entries USING chosen WHERE entries.number = chosen.number \
      RETURNING entries.source_hash, entries.key_hash, entries.content \
    )";

pub(super) async fn prune(
    connection: &mut Lent<'_>,
    filter: &Filter,
    limit: usize,
    now: Timestamp,
    recorded: Option<&Record>,
) -> Result<u64, StoreError> {
    let condition = Condition::new(filter);
    let sql = format!(
        "{}, {DELETE}, buried AS ( \
           INSERT INTO spektr_inbox.tombstones (source_hash, key_hash, content, pruned_at) \
           SELECT source_hash, key_hash, content, {} FROM gone ON CONFLICT DO NOTHING \
         ) SELECT count(*) FROM gone",
        chosen(&condition, "work.state <> 'pending'", &format!("LIMIT {limit}")),
        now.as_millis(),
    );
    connection.begin().await?;
    let count = count_in(&connection.query_once(&sql, &condition.values()).await?)?;
    record(connection, recorded, count).await?;
    connection.commit().await?;
    Ok(count)
}

/// Deletes what belongs to a person.
pub(super) async fn erase(
    connection: &mut Lent<'_>,
    erasure: &Erasure,
    recorded: Option<&Record>,
) -> Result<Erased, StoreError> {
    let mut erased = Erased::default();
    connection.begin().await?;
    if let Some(spektr_id) = &erasure.spektr_id {
        let condition =
            Condition::new(&Filter { spektr_id: Some(spektr_id.clone()), ..Filter::all() });
        let sql = format!("{}, {DELETE} SELECT count(*) FROM gone", chosen(&condition, "TRUE", ""));
        erased.entries = count_in(&connection.query_once(&sql, &condition.values()).await?)?;
    }
    let sql = format!(
        "WITH chosen AS (SELECT number FROM spektr_inbox.work \
           WHERE number = ANY ($1::bigint[]) FOR UPDATE), \
         {DELETE} SELECT count(*) FROM gone"
    );
    erased.mentions = count_in(&connection.query_once(&sql, &[&erasure.mentions]).await?)?;
    erased.bodies = count_in(&connection.query_once(&sql, &[&erasure.bodies]).await?)?;
    let sql = "DELETE FROM spektr_inbox.quarantine WHERE number = ANY ($1::bigint[])";
    erased.rejected = connection.execute_once(sql, &[&erasure.rejected]).await?;
    record(connection, recorded, erased.total()).await?;
    connection.commit().await?;
    Ok(erased)
}

pub(super) async fn bury(
    connection: &Lent<'_>,
    tombstones: &[Tombstone],
) -> Result<(), StoreError> {
    let sources: Vec<_> = tombstones.iter().map(|one| &one.source_hash[..]).collect();
    let keys: Vec<_> = tombstones.iter().map(|one| &one.key_hash[..]).collect();
    let contents: Vec<_> = tombstones.iter().map(|one| &one.content[..]).collect();
    let times: Vec<_> = tombstones.iter().map(|one| one.pruned_at.as_millis()).collect();
    let sql = "INSERT INTO spektr_inbox.tombstones (source_hash, key_hash, content, pruned_at) \
               SELECT * FROM unnest($1::bytea[], $2::bytea[], $3::bytea[], $4::bigint[]) \
               ON CONFLICT DO NOTHING";
    connection.execute_once(sql, &[&sources, &keys, &contents, &times]).await?;
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
            "SELECT source_hash, key_hash, content, pruned_at FROM spektr_inbox.tombstones \
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
            pruned_at: from_millis(value(row, 3)?),
        })
    };
    rows.iter().map(read).collect()
}

pub(super) async fn forget(
    connection: &Lent<'_>,
    pruned_before: Timestamp,
    limit: usize,
) -> Result<u64, StoreError> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let sql = "DELETE FROM spektr_inbox.tombstones WHERE (key_hash, source_hash, content) IN ( \
                 SELECT key_hash, source_hash, content FROM spektr_inbox.tombstones \
                 WHERE pruned_at < $1 ORDER BY pruned_at LIMIT $2 FOR UPDATE SKIP LOCKED)";
    Ok(connection.execute_once(sql, &[&pruned_before.as_millis(), &limit]).await?)
}
