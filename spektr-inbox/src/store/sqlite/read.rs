//! Reads entries: lists, counts and figures.

use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};
use spektr_types::Timestamp;

use super::condition::Condition;
use super::pause::pause;
use super::row::{COLUMNS, entry, state};
use crate::clock::from_millis;
use crate::store::{Filter, State, Stats, StoreError, StoredEntry, Tally};

pub(super) fn list(
    connection: &Connection,
    filter: &Filter,
    after: i64,
    limit: usize,
) -> Result<Vec<StoredEntry>, StoreError> {
    let mut condition = Condition::new(filter);
    condition.and("number > $", Value::Integer(after));
    let sql = format!(
        "SELECT {COLUMNS} FROM entries WHERE {} ORDER BY number LIMIT {limit}",
        condition.sql
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query(params_from_iter(condition.values))?;
    let mut entries = Vec::new();
    while let Some(row) = rows.next()? {
        entries.push(entry(row)?);
    }
    Ok(entries)
}

pub(super) fn count(connection: &Connection, filter: &Filter) -> Result<u64, StoreError> {
    let condition = Condition::new(filter);
    let sql = format!("SELECT count(*) FROM entries WHERE {}", condition.sql);
    let count = connection
        .prepare_cached(&sql)?
        .query_row(params_from_iter(condition.values), |row| row.get(0))?;
    Ok(count)
}

pub(super) fn tally(
    connection: &Connection,
    filter: &Filter,
    now: Timestamp,
) -> Result<Vec<Tally>, StoreError> {
    let mut condition = Condition::new(filter);
    let now = condition.parameter(Value::Integer(now.as_millis()));
    let Condition { sql, values } = condition;
    let sql = format!(
        "SELECT state, wire_type, state = 'pending' AND owner IS NULL AND due_at > {now}, count(*), \
         min(number) FROM entries WHERE {sql} GROUP BY 1, 2, 3"
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query(params_from_iter(values))?;
    let mut tallies = Vec::new();
    while let Some(row) = rows.next()? {
        let state = state(row, 0, row.get(4)?)?;
        let (wire_type, is_waiting, count) = (row.get(1)?, row.get(2)?, row.get(3)?);
        tallies.push(Tally { state, wire_type, is_waiting, count });
    }
    Ok(tallies)
}

pub(super) fn stats(
    connection: &Connection,
    (queued, queue_limit): (usize, usize),
) -> Result<Stats, StoreError> {
    let paused_since = pause(connection)?.map(|pause| pause.since);
    let mut stats = connection
        .prepare_cached(
            "SELECT (SELECT received_at FROM entries WHERE state = 'pending' ORDER BY number LIMIT 1), \
             (SELECT received_at FROM entries ORDER BY number DESC LIMIT 1), \
             (SELECT coalesce(sum(behind), 0) FROM (SELECT (SELECT count(*) \
               FROM entries INDEXED BY entries_lane WHERE state = 'pending' \
               AND spektr_id = dead.spektr_id AND source = dead.source \
               AND (order_at, number) > (dead.order_at, dead.number)) AS behind \
               FROM (SELECT spektr_id, source, order_at, number \
                 FROM entries INDEXED BY entries_dead WHERE state = 'dead' \
                 ORDER BY spektr_id, source, order_at, number LIMIT 1000) AS dead \
               WHERE NOT EXISTS (SELECT 1 FROM entries AS first INDEXED BY entries_dead \
                 WHERE first.state = 'dead' AND first.spektr_id = dead.spektr_id \
                 AND first.source = dead.source \
                 AND (first.order_at, first.number) < (dead.order_at, dead.number)))), \
             (SELECT count(*) FROM quarantine)",
        )?
        .query_row([], |row| {
            Ok(Stats {
                behind_dead: row.get(2)?,
                quarantined: row.get(3)?,
                paused_since,
                oldest_pending: row.get::<_, Option<i64>>(0)?.map(from_millis),
                newest: row.get::<_, Option<i64>>(1)?.map(from_millis),
                queued,
                queue_limit,
                ..Stats::default()
            })
        })?;
    // Each count reads only its part of an index, and never done entries.
    let mut count = connection.prepare_cached("SELECT count(*) FROM entries WHERE state = ?")?;
    for state in State::BACKLOG {
        stats.set_backlog(state, count.query_row([state.as_str()], |row| row.get(0))?);
    }
    Ok(stats)
}
