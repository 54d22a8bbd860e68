//! The leases of workers: extend, settle, give back.
//!
//! A worker holds a lease as long as the entry is pending and has the worker's id as its owner
//! and the lease's token. A function that takes or ends a lease first reads the row, and then
//! updates it on the condition that the row has not changed. If the update does not change
//! exactly one row, nothing is committed. The function uses two statements, because `RETURNING`
//! makes a temporary table each time, which takes longer than the change itself.

use rusqlite::{Connection, OptionalExtension as _, params};
use spektr_types::Timestamp;

use crate::store::{Lease, MAX_ATTEMPTS_KEPT, Settlement, StoreError};

const HELD: &str = "number = ?1 AND owner = ?2 AND lease = ?3 AND state = 'pending'";

pub(super) fn extend(
    connection: &Connection,
    leases: &[Lease],
    until: Timestamp,
) -> Result<Vec<Lease>, StoreError> {
    let mut update =
        connection.prepare_cached(&format!("UPDATE entries SET due_at = ?4 WHERE {HELD}"))?;
    let mut held = Vec::with_capacity(leases.len());
    for lease in leases {
        let changed =
            update.execute(params![lease.number, lease.owner, lease.token, until.as_millis()])?;
        if changed == 1 {
            held.push(*lease);
        }
    }
    Ok(held)
}

pub(super) fn settle(
    connection: &Connection,
    lease: Lease,
    settlement: &Settlement,
    status: Option<u16>,
    now: Timestamp,
) -> Result<bool, StoreError> {
    // Whether the entry has as many attempts as are kept. Checked also at a first attempt: a
    // replay restarts the count but keeps earlier attempts.
    let look = format!(
        "SELECT attempts, leased_at, EXISTS (SELECT 1 FROM attempts WHERE entry = ?1 \
         LIMIT 1 OFFSET {}) FROM entries WHERE {HELD}",
        MAX_ATTEMPTS_KEPT - 1
    );
    let held: Option<(u32, Option<i64>, bool)> = connection
        .prepare_cached(&look)?
        .query_row([lease.number, lease.owner, lease.token], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        })
        .optional()?;
    let Some((attempt, leased_at, is_full)) = held else { return Ok(false) };
    let sql = format!(
        "UPDATE entries SET state = ?4, due_at = ?5, reason = ?6, owner = NULL, \
         attempts = attempts - ?7 WHERE {HELD}"
    );
    let values = params![
        lease.number,
        lease.owner,
        lease.token,
        settlement.state().as_str(),
        settlement.due_at(now).as_millis(),
        settlement.reason(),
        settlement.uncounted(),
    ];
    let changed = connection.prepare_cached(&sql)?.execute(values)?;
    if changed != 1 || attempt != lease.attempt {
        return Err(StoreError::Lease { number: lease.number });
    }
    connection
        .prepare_cached(
            "INSERT INTO attempts (entry, lease, attempt, began_at, ended_at, result, status) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )?
        .execute(params![
            lease.number,
            lease.token,
            attempt,
            leased_at,
            now.as_millis(),
            settlement.result(),
            status,
        ])?;
    if is_full {
        forget(connection, lease.number)?;
    }
    Ok(true)
}

pub(super) fn give_back(
    connection: &Connection,
    leases: &[Lease],
    now: Timestamp,
) -> Result<u64, StoreError> {
    let sql = format!(
        "UPDATE entries SET owner = NULL, attempts = attempts - 1, due_at = ?4 WHERE {HELD}"
    );
    let mut update = connection.prepare_cached(&sql)?;
    let mut given_back = 0;
    for lease in leases {
        let values = params![lease.number, lease.owner, lease.token, now.as_millis()];
        given_back += update.execute(values)? as u64;
    }
    Ok(given_back)
}

/// Deletes all but the latest attempts of an entry.
pub(super) fn forget(connection: &Connection, number: i64) -> Result<(), StoreError> {
    connection
        .prepare_cached(
            "DELETE FROM attempts WHERE entry = ?1 AND lease <= (SELECT lease FROM attempts \
             WHERE entry = ?1 ORDER BY lease DESC LIMIT 1 OFFSET ?2)",
        )?
        .execute(params![number, MAX_ATTEMPTS_KEPT])?;
    Ok(())
}
