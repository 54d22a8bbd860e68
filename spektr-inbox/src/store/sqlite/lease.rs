//! The statements of workers: claim, extend, settle, give back.
//!
//! A worker holds a lease as long as the entry is pending and has the worker's id as its owner
//! and the lease's token. A function that takes or ends a lease first reads the row, and then
//! updates it on the condition that the row has not changed. If the update does not change
//! exactly one row, nothing is committed. The function uses two statements, because `RETURNING`
//! makes a temporary table each time, which takes longer than the change itself.

use rusqlite::{Connection, OptionalExtension as _, params};
use spektr_types::Timestamp;

use super::claim::{WHEN, find};
use super::pause::is_paused;
use super::row::{COLUMNS, COLUMNS_COUNT, entry};
use crate::clock::{after, from_millis};
use crate::store::model::LEASE_EXPIRED;
use crate::store::{
    Claim, ClaimRequest, Lease, MAX_ATTEMPTS_KEPT, Settlement, StoreError, StoredEntry,
};

pub(super) fn claim(
    connection: &Connection,
    request: &ClaimRequest,
) -> Result<Vec<Claim>, StoreError> {
    if is_paused(connection)? {
        return Ok(Vec::new());
    }
    let numbers = find(connection, request)?;
    if numbers.is_empty() {
        return Ok(Vec::new());
    }
    let now = request.now.as_millis();
    let until = after(request.now, request.lease).as_millis();
    let horizon = after(request.now, request.horizon).as_millis();
    let mut token: i64 = connection
        .prepare_cached("SELECT last FROM counters WHERE name = 'lease'")?
        .query_row([], |row| row.get(0))?;
    let look = format!("SELECT {COLUMNS}, owner, lease, leased_at FROM entries WHERE number = ?1");
    let mut look = connection.prepare_cached(&look)?;
    let [due, misdated] = WHEN;
    let take = format!(
        "UPDATE entries SET owner = ?3, attempts = ?7 + 1, due_at = ?5, lease = ?6, \
         leased_at = ?1 WHERE number = ?4 AND state = 'pending' AND (({due}) OR ({misdated})) \
         AND attempts = ?7 AND lease IS ?8"
    );
    let mut take = connection.prepare_cached(&take)?;
    let mut claims = Vec::with_capacity(numbers.len());
    for number in numbers {
        token += 1;
        let (entry, before) = look.query_row([number], |row| {
            let column = COLUMNS_COUNT;
            let before = Before {
                owner: row.get(column)?,
                lease: row.get(column + 1)?,
                leased_at: row.get(column + 2)?,
            };
            Ok((entry(row), before))
        })?;
        let mut entry = entry?;
        if let Before { owner: Some(_), lease: Some(expired), leased_at } = before {
            end_expired(connection, &entry, expired, leased_at, request.now)?;
        }
        let values = params![
            now,
            horizon,
            request.owner,
            number,
            until,
            token,
            entry.attempts,
            before.lease
        ];
        if take.execute(values)? != 1 {
            return Err(StoreError::Lease { number });
        }
        entry.attempts += 1;
        entry.due_at = from_millis(until);
        let lease = Lease { number, owner: request.owner, attempt: entry.attempts, token };
        claims.push(Claim { lease, entry });
    }
    connection
        .prepare_cached("UPDATE counters SET last = ?1 WHERE name = 'lease'")?
        .execute([token])?;
    Ok(claims)
}

/// The lease of an entry before the entry is claimed.
struct Before {
    owner: Option<i64>,
    lease: Option<i64>,
    leased_at: Option<i64>,
}

/// Records that an entry's lease expired before it was settled.
fn end_expired(
    connection: &Connection,
    entry: &StoredEntry,
    lease: i64,
    leased_at: Option<i64>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let ended = connection
        .prepare_cached(
            "INSERT OR IGNORE INTO attempts (entry, lease, attempt, began_at, ended_at, result) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?
        .execute(params![
            entry.number,
            lease,
            entry.attempts,
            leased_at,
            now.as_millis(),
            LEASE_EXPIRED
        ])?;
    if ended > 0 { forget(connection, entry.number) } else { Ok(()) }
}

/// Deletes all but the latest attempts of an entry.
fn forget(connection: &Connection, number: i64) -> Result<(), StoreError> {
    connection
        .prepare_cached(
            "DELETE FROM attempts WHERE entry = ?1 AND lease <= (SELECT lease FROM attempts \
             WHERE entry = ?1 ORDER BY lease DESC LIMIT 1 OFFSET ?2)",
        )?
        .execute(params![number, MAX_ATTEMPTS_KEPT])?;
    Ok(())
}

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
    let (state, due_at, reason) = settlement.parts(now);
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
        state.as_str(),
        due_at.as_millis(),
        reason,
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
