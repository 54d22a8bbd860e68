//! Reads entries: lists, counts and figures.

use spektr_types::Timestamp;
use tokio_postgres::Row;

use super::condition::{BOTH, Condition, earlier};
use super::pool::Lent;
use super::row::{columns, entry, millis, state, text, value};
use crate::clock::from_millis;
use crate::store::pause::Pause;
use crate::store::{Filter, Stats, StoreError, StoredEntry, Tally};

pub(super) async fn list(
    connection: &Lent<'_>,
    filter: &Filter,
    after: i64,
    limit: usize,
) -> Result<Vec<StoredEntry>, StoreError> {
    let mut condition = Condition::new(filter);
    condition.after(after);
    let sql = format!(
        "SELECT {} FROM {BOTH} WHERE {} ORDER BY entries.number LIMIT {limit}",
        columns!("work"),
        condition.sql
    );
    let rows = connection.query_once(&sql, &condition.parameters()).await?;
    rows.iter().map(entry).collect()
}

pub(super) async fn count(connection: &Lent<'_>, filter: &Filter) -> Result<u64, StoreError> {
    let condition = Condition::new(filter);
    // Most filters need only one of the two tables, and often only its index.
    let needs_entries = filter.source.is_some()
        || filter.id.is_some()
        || filter.spektr_id.is_some()
        || filter.wire_type.is_some()
        || filter.names.is_some();
    let (from, sql) = if needs_entries {
        (BOTH, condition.sql.clone())
    } else {
        ("spektr_inbox.work", condition.sql.replace("entries.number", "work.number"))
    };
    let sql = format!("SELECT count(*) FROM {from} WHERE {sql}");
    let rows = connection.query_once(&sql, &condition.parameters()).await?;
    count_in(&rows)
}

pub(super) async fn tally(
    connection: &Lent<'_>,
    filter: &Filter,
    now: Timestamp,
) -> Result<Vec<Tally>, StoreError> {
    let condition = Condition::new(filter);
    let sql = format!(
        "SELECT work.state, entries.wire_type, \
         work.state = 'pending' AND work.owner IS NULL AND work.due_at > {}, count(*), \
         min(work.number) FROM {BOTH} WHERE {} GROUP BY 1, 2, 3",
        earlier(now),
        condition.sql
    );
    let rows = connection.query_once(&sql, &condition.parameters()).await?;
    let read = |row: &Row| {
        let number = value(row, 4)?;
        Ok(Tally {
            state: state(row, 0, number)?,
            wire_type: text(row, 1, "wire_type", number)?,
            is_waiting: value(row, 2)?,
            count: value::<i64>(row, 3)?.unsigned_abs(),
        })
    };
    rows.iter().map(read).collect()
}

pub(super) fn count_in(rows: &[Row]) -> Result<u64, StoreError> {
    let count: i64 = rows.first().map_or(Ok(0), |row| value(row, 0))?;
    Ok(count.unsigned_abs())
}

/// Returns the figures. Those of pending entries need only one index.
pub(super) async fn stats(
    connection: &mut Lent<'_>,
    (queued, queue_limit): (usize, usize),
) -> Result<Stats, StoreError> {
    let rows = connection
        .query(
            concat!(
                "SELECT pending.count, pending.oldest, \
             (SELECT received_at FROM spektr_inbox.work ORDER BY number DESC LIMIT 1), \
             ",
                millis!("clock_timestamp()"),
                ", \
             (SELECT coalesce(sum(behind.count), 0)::bigint FROM ( \
                 SELECT DISTINCT ON (lane) lane, order_at, number FROM ( \
                   SELECT lane, order_at, number FROM spektr_inbox.work \
                   WHERE state = 'dead' ORDER BY lane, order_at, number LIMIT 1000) AS looked_at \
                 ORDER BY lane, order_at, number) AS dead \
               CROSS JOIN LATERAL (SELECT count(*) AS count FROM spektr_inbox.work AS later \
                 WHERE later.state = 'pending' AND later.lane = dead.lane \
                 AND (later.order_at, later.number) > (dead.order_at, dead.number)) AS behind), \
             (SELECT text FROM spektr_inbox.notes WHERE name = 'paused'::bytea), \
             (SELECT count(*) FROM spektr_inbox.quarantine) \
             FROM (SELECT count(*) AS count, min(received_at) AS oldest \
               FROM spektr_inbox.work WHERE state = 'pending') AS pending"
            ),
            &[],
        )
        .await?;
    let Some(row) = rows.first() else { return Ok(Stats::default()) };
    let mut stats = Stats {
        pending: value::<i64>(row, 0)?.unsigned_abs(),
        behind_dead: value::<i64>(row, 4)?.unsigned_abs(),
        quarantined: value::<i64>(row, 6)?.unsigned_abs(),
        paused_since: text(row, 5, "text", 0)?.map(|text| Pause::of(&text).since),
        oldest_pending: value::<Option<i64>>(row, 1)?.map(from_millis),
        newest: value::<Option<i64>>(row, 2)?.map(from_millis),
        clock: Some(from_millis(value::<i64>(row, 3)?)),
        queued,
        queue_limit,
        ..Stats::default()
    };
    let parked = connection
        .query(
            "SELECT state, count(*) FROM spektr_inbox.work \
             WHERE state <> 'pending' AND state <> 'done' AND state <> 'resolved' GROUP BY state",
            &[],
        )
        .await?;
    for row in &parked {
        stats.set_backlog(state(row, 0, 0)?, value::<i64>(row, 1)?.unsigned_abs());
    }
    Ok(stats)
}
