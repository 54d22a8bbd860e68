//! Changes the states of entries for an operator: replays entries that are not pending, retries
//! entries that wait, and resolves entries that were handled by hand.

use rusqlite::types::Value;
use rusqlite::{Connection, params, params_from_iter};
use spektr_types::Timestamp;

use super::actions::record;
use super::condition::Condition;
use crate::store::{Filter, Record, StoreError};

pub(super) fn release(
    connection: &Connection,
    filter: &Filter,
    after: i64,
    limit: usize,
    now: Timestamp,
    recorded: Option<&Record>,
) -> Result<Vec<i64>, StoreError> {
    let mut condition = Condition::new(filter);
    condition.and("number > $", Value::Integer(after));
    let set = "state = 'pending', due_at = $, attempts = 0, owner = NULL, reason = NULL";
    let but = "state NOT IN ('pending', 'unreadable')";
    change(connection, condition, limit, but, (set, now), recorded)
}

pub(super) fn make_due(
    connection: &Connection,
    filter: &Filter,
    after: i64,
    limit: usize,
    now: Timestamp,
    recorded: Option<&Record>,
) -> Result<Vec<i64>, StoreError> {
    let mut condition = Condition::new(filter);
    condition.and("number > $", Value::Integer(after));
    // The plus keeps SQLite from using the index of due times, which would sort all waiting
    // entries at each step.
    condition.and("+due_at > $", Value::Integer(now.as_millis()));
    let but = "state = 'pending' AND owner IS NULL";
    change(connection, condition, limit, but, ("due_at = $", now), recorded)
}

/// Changes the next entries that match a condition, and records their number. In `set`, `$`
/// stands for `now`.
fn change(
    connection: &Connection,
    mut condition: Condition,
    limit: usize,
    but: &str,
    (set, now): (&str, Timestamp),
    recorded: Option<&Record>,
) -> Result<Vec<i64>, StoreError> {
    let set = set.replace('$', &condition.parameter(Value::Integer(now.as_millis())));
    let Condition { sql, values } = condition;
    let sql = format!(
        "UPDATE entries SET {set} WHERE number IN (SELECT number FROM entries WHERE {sql} \
         AND {but} ORDER BY number LIMIT {limit}) RETURNING number"
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let numbers = statement.query_map(params_from_iter(values), |row| row.get(0))?;
    let numbers: Vec<_> = numbers.collect::<Result<_, _>>()?;
    record(connection, recorded, numbers.len() as u64)?;
    Ok(numbers)
}

/// Marks an entry as resolved because an operator has handled it.
pub(super) fn resolve(
    connection: &Connection,
    number: i64,
    reason: &str,
    recorded: &Record,
) -> Result<bool, StoreError> {
    let changed = connection
        .prepare_cached(
            "UPDATE entries SET state = 'resolved', reason = ?2, owner = NULL \
             WHERE number = ?1 AND state NOT IN ('done', 'resolved')",
        )?
        .execute(params![number, reason])?;
    record(connection, Some(recorded), changed as u64)?;
    Ok(changed == 1)
}
