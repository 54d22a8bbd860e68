//! The record of actions, and the attempts of entries.

use rusqlite::{Connection, params};

use crate::clock::from_millis;
use crate::store::{Attempt, Record, Recorded, StoreError};

/// Records an action that has affected something, in the transaction of the action.
pub(super) fn record(
    connection: &Connection,
    recorded: Option<&Record>,
    affected: u64,
) -> Result<(), StoreError> {
    match recorded {
        Some(recorded) if affected > 0 => write(connection, recorded, affected),
        _ => Ok(()),
    }
}

pub(super) fn write(
    connection: &Connection,
    recorded: &Record,
    affected: u64,
) -> Result<(), StoreError> {
    let Record { at, actor, action, filter, details } = recorded;
    connection
        .prepare_cached(
            "INSERT INTO actions (at, actor, action, filter, affected, details) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?
        .execute(params![at.as_millis(), actor, action.as_str(), filter, affected, details])?;
    Ok(())
}

pub(super) fn actions(
    connection: &Connection,
    after: i64,
    limit: usize,
) -> Result<Vec<Recorded>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT number, at, actor, action, filter, affected, details FROM actions \
         WHERE number > ?1 ORDER BY number LIMIT ?2",
    )?;
    let found = statement.query_map(params![after, limit], |row| {
        Ok(Recorded {
            number: row.get(0)?,
            at: from_millis(row.get(1)?),
            actor: row.get(2)?,
            action: row.get(3)?,
            filter: row.get(4)?,
            affected: row.get(5)?,
            details: row.get(6)?,
        })
    })?;
    Ok(found.collect::<Result<_, _>>()?)
}

pub(super) fn import(connection: &Connection, actions: &[Recorded]) -> Result<(), StoreError> {
    let mut insert = connection.prepare_cached(
        "INSERT INTO actions (at, actor, action, filter, affected, details) \
         SELECT ?1, ?2, ?3, ?4, ?5, ?6 WHERE NOT EXISTS (SELECT 1 FROM actions \
           WHERE at = ?1 AND actor = ?2 AND action = ?3 AND filter IS ?4 AND affected = ?5 \
           AND details IS ?6)",
    )?;
    for Recorded { number: _, at, actor, action, filter, affected, details } in actions {
        insert.execute(params![at.as_millis(), actor, action, filter, affected, details])?;
    }
    Ok(())
}

pub(super) fn attempts(connection: &Connection, entry: i64) -> Result<Vec<Attempt>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT attempt, began_at, ended_at, result, status FROM attempts \
         WHERE entry = ?1 ORDER BY lease",
    )?;
    let found = statement.query_map([entry], |row| {
        Ok(Attempt {
            attempt: row.get(0)?,
            began_at: row.get::<_, Option<i64>>(1)?.map(from_millis),
            ended_at: from_millis(row.get(2)?),
            result: row.get(3)?,
            status: row.get(4)?,
        })
    })?;
    Ok(found.collect::<Result<_, _>>()?)
}
