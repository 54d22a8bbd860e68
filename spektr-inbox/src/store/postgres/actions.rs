//! The record of actions, and the attempts of entries.

use super::error::Fault;
use super::pool::Lent;
use super::row::{text, value};
use crate::clock::from_millis;
use crate::store::{Attempt, Record, Recorded, StoreError};

/// Records an action that has affected something, in the transaction of the action.
pub(super) async fn record(
    connection: &Lent<'_>,
    recorded: Option<&Record>,
    affected: u64,
) -> Result<(), Fault> {
    match recorded {
        Some(recorded) if affected > 0 => write(connection, recorded, affected).await,
        _ => Ok(()),
    }
}

pub(super) async fn write(
    connection: &Lent<'_>,
    recorded: &Record,
    affected: u64,
) -> Result<(), Fault> {
    let Record { at, actor, action, filter, details } = recorded;
    let sql = "INSERT INTO spektr_inbox.actions (at, actor, action, filter, affected, details) \
               VALUES ($1, $2, $3, $4, $5, $6)";
    let (filter, details) = (filter.as_deref(), details.as_deref());
    connection
        .execute_once(
            sql,
            &[
                &at.as_millis(),
                &actor.as_bytes(),
                &action.as_str(),
                &filter.map(str::as_bytes),
                &i64::try_from(affected).unwrap_or(i64::MAX),
                &details.map(str::as_bytes),
            ],
        )
        .await?;
    Ok(())
}

pub(super) async fn actions(
    connection: &mut Lent<'_>,
    after: i64,
    limit: usize,
) -> Result<Vec<Recorded>, StoreError> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let rows = connection
        .query(
            "SELECT number, at, actor, action, filter, affected, details \
             FROM spektr_inbox.actions WHERE number > $1 ORDER BY number LIMIT $2",
            &[&after, &limit],
        )
        .await?;
    let read = |row: &tokio_postgres::Row| {
        let number = value(row, 0)?;
        Ok(Recorded {
            number,
            at: from_millis(value(row, 1)?),
            actor: text(row, 2, "actor", number)?.unwrap_or_default(),
            action: value(row, 3)?,
            filter: text(row, 4, "filter", number)?,
            affected: value::<i64>(row, 5)?.unsigned_abs(),
            details: text(row, 6, "details", number)?,
        })
    };
    rows.iter().map(read).collect()
}

pub(super) async fn import(
    connection: &mut Lent<'_>,
    actions: &[Recorded],
) -> Result<(), StoreError> {
    connection.begin().await?;
    for Recorded { number: _, at, actor, action, filter, affected, details } in actions {
        let sql = "INSERT INTO spektr_inbox.actions \
                     (at, actor, action, filter, affected, details) \
                   SELECT $1, $2, $3, $4, $5, $6 WHERE NOT EXISTS ( \
                     SELECT FROM spektr_inbox.actions WHERE at = $1 AND actor = $2 \
                     AND action = $3 AND filter IS NOT DISTINCT FROM $4 AND affected = $5 \
                     AND details IS NOT DISTINCT FROM $6)";
        let affected = i64::try_from(*affected).unwrap_or(i64::MAX);
        let (filter, details) = (filter.as_deref(), details.as_deref());
        let (filter, details) = (filter.map(str::as_bytes), details.map(str::as_bytes));
        let (at, actor) = (at.as_millis(), actor.as_bytes());
        connection.execute_once(sql, &[&at, &actor, action, &filter, &affected, &details]).await?;
    }
    connection.commit().await?;
    Ok(())
}

pub(super) async fn attempts(
    connection: &mut Lent<'_>,
    entry: i64,
) -> Result<Vec<Attempt>, StoreError> {
    let rows = connection
        .query(
            "SELECT attempt, began_at, ended_at, result, status \
             FROM spektr_inbox.attempts WHERE entry = $1 ORDER BY lease",
            &[&entry],
        )
        .await?;
    let read = |row: &tokio_postgres::Row| {
        let unreadable = |column| StoreError::Unreadable { column, number: entry };
        let status: Option<i32> = value(row, 4)?;
        Ok(Attempt {
            attempt: u32::try_from(value::<i64>(row, 0)?).map_err(|_| unreadable("attempt"))?,
            began_at: value::<Option<i64>>(row, 1)?.map(from_millis),
            ended_at: from_millis(value(row, 2)?),
            result: value(row, 3)?,
            status: status.map(u16::try_from).transpose().map_err(|_| unreadable("status"))?,
        })
    };
    rows.iter().map(read).collect()
}
