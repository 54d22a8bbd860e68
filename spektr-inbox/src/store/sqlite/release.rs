//! What makes entries due: a replay of what is not pending, and a retry of what waits.

use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};
use spektr_types::Timestamp;

use super::actions::record;
use super::read::Condition;
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
    condition.and("number > ?", Some(Value::Integer(after)));
    let Condition { sql, mut values } = condition;
    values.insert(0, Value::Integer(now.as_millis()));
    let sql = format!(
        "UPDATE entries SET state = 'pending', due_at = ?, attempts = 0, owner = NULL, \
         reason = NULL WHERE number IN (SELECT number FROM entries WHERE {sql} \
         AND state NOT IN ('pending', 'unreadable') ORDER BY number LIMIT {limit}) \
         RETURNING number"
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let numbers = statement.query_map(params_from_iter(values), |row| row.get(0))?;
    let numbers: Vec<_> = numbers.collect::<Result<_, _>>()?;
    record(connection, recorded, numbers.len() as u64)?;
    Ok(numbers)
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
    condition.and("number > ?", Some(Value::Integer(after)));
    // The plus keeps SQLite from finding them by their due time and sorting all of them for
    // each step.
    condition.and("+due_at > ?", Some(Value::Integer(now.as_millis())));
    let Condition { sql, mut values } = condition;
    values.insert(0, Value::Integer(now.as_millis()));
    let sql = format!(
        "UPDATE entries SET due_at = ? WHERE number IN (SELECT number FROM entries WHERE {sql} \
         AND state = 'pending' AND owner IS NULL ORDER BY number LIMIT {limit}) RETURNING number"
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let numbers = statement.query_map(params_from_iter(values), |row| row.get(0))?;
    let numbers: Vec<_> = numbers.collect::<Result<_, _>>()?;
    record(connection, recorded, numbers.len() as u64)?;
    Ok(numbers)
}
