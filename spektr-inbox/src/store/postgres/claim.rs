//! Claims entries for a worker: finds entries that can be claimed, reading only a bounded number
//! of rows, and takes leases on them.
//!
//! The reasons are decisions (ARCHITECTURE.md, I28 and P4).

use std::collections::HashSet;

use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use super::error::Fault;
use super::lease::{millis, now, record};
use super::pause::not_paused;
use super::pool::Lent;
use super::row::{COLUMNS_COUNT, columns, entry};
use crate::store::{Claim, ClaimRequest, Lease, StoreError};

/// Records the attempts whose leases expired before they were settled. `chosen` has the expired
/// leases.
macro_rules! expired {
    () => {
        concat!(
            "ended AS ( \
               SELECT number, lease, attempts, leased_at, 'lease_expired' AS result, \
                 NULL::integer AS status FROM chosen \
               WHERE owner IS NOT NULL AND lease IS NOT NULL \
             ), ",
            record!()
        )
    };
}

/// The changes that a claim makes to a row of work.
macro_rules! leased {
    () => {
        concat!(
            "SET owner = $3, attempts = work.attempts + 1, due_at = ",
            now!(),
            " + $5, lease = nextval('spektr_inbox.leases'), leased_at = ",
            now!()
        )
    };
}

/// Claims due entries, along one index. Rows that another transaction has locked are skipped.
/// First come due entries, then entries that a wrong clock has deferred beyond the horizon.
///
/// $1 now, $2 horizon from now on, $3 owner, $4 limit, $5 duration of the lease
const CLAIM: &str = concat!(
    "WITH due AS ( \
       SELECT number, due_at, owner, lease, attempts, leased_at FROM spektr_inbox.work \
       WHERE state = 'pending' AND due_at <= ",
    now!(),
    " AND ",
    not_paused!(),
    " ORDER BY due_at, number LIMIT $4 FOR UPDATE SKIP LOCKED \
     ), misdated AS ( \
       SELECT number, due_at, owner, lease, attempts, leased_at FROM spektr_inbox.work \
       WHERE state = 'pending' AND due_at > ",
    now!(),
    " + $2 AND owner IS DISTINCT FROM $3 AND ",
    not_paused!(),
    " ORDER BY due_at, number LIMIT $4 FOR UPDATE SKIP LOCKED \
     ), chosen AS ( \
       SELECT * FROM due UNION ALL SELECT * FROM misdated LIMIT $4 \
     ), ",
    expired!(),
    ", taken AS ( \
       UPDATE spektr_inbox.work ",
    leased!(),
    " FROM chosen WHERE work.number = chosen.number \
       RETURNING work.*, chosen.due_at AS was_due_at \
     ) \
     SELECT ",
    columns!("taken"),
    ", taken.was_due_at, taken.lease \
     FROM taken JOIN spektr_inbox.entries ON entries.number = taken.number"
);

/// True if no lease is held on another entry of the lane. An entry that arrives late, or is
/// released, can come before the one being handled.
macro_rules! lane_is_free {
    () => {
        concat!(
            "NOT EXISTS ( \
           SELECT FROM spektr_inbox.work AS held \
           WHERE held.state = 'pending' AND held.owner IS NOT NULL AND held.lane = work.lane \
           AND held.number <> work.number AND held.due_at > ",
            now!(),
            " \
           AND (held.due_at <= ",
            now!(),
            " + $2 OR held.owner = $3))"
        )
    };
}

/// True for the first pending entry of its lane, if the lane has no held lease.
macro_rules! first_in_lane {
    () => {
        concat!(
            "NOT EXISTS ( \
           SELECT FROM spektr_inbox.work AS earlier \
           WHERE earlier.state = 'pending' AND earlier.lane = work.lane \
           AND (earlier.order_at, earlier.number) < (work.order_at, work.number)) \
         AND ",
            lane_is_free!()
        )
    };
}

/// True if dead entries hold back ($6), and the first dead entry of the lane comes before the
/// entry. `ORDER BY` makes the planner use the index of a lane's dead entries.
macro_rules! held_by_dead {
    () => {
        "($6::boolean AND coalesce(( \
           SELECT (dead.order_at, dead.number) < (work.order_at, work.number) \
           FROM spektr_inbox.work AS dead WHERE dead.state = 'dead' AND dead.lane = work.lane \
           ORDER BY dead.lane, dead.order_at, dead.number LIMIT 1), false))"
    };
}

/// Finds entries that can be claimed in order, among those that are due first. Most of these
/// may have to wait for others of their lanes. So the number of examined entries is bounded,
/// whatever the backlog.
///
/// $1 now, $2 horizon from now on, $3 owner, $4 limit, $5 how many entries to examine, $6
/// whether dead entries hold back
const FIND: &str = concat!(
    "SELECT number FROM ( \
       SELECT number, lane, order_at FROM spektr_inbox.work \
       WHERE state = 'pending' AND due_at <= ",
    now!(),
    " AND ",
    not_paused!(),
    " ORDER BY due_at, number LIMIT $5 \
     ) AS work WHERE ",
    first_in_lane!(),
    " AND NOT ",
    held_by_dead!(),
    " LIMIT $4"
);

/// Walks from lane to lane, however many entries wait in each. Returns the first entry of each
/// lane, and whether it can be claimed: it is due, or was deferred by a wrong clock, and its
/// lane is free.
///
/// $1 now, $2 horizon from now on, $3 owner, $4 how many lanes, $5 the lane to begin after, $6
/// whether dead entries hold back
const WALK: &str = concat!(
    "\
    WITH RECURSIVE first AS ( \
      (SELECT number, lane, order_at, due_at, owner FROM spektr_inbox.work \
        WHERE state = 'pending' AND lane > $5 AND ",
    not_paused!(),
    " ORDER BY lane, order_at, number LIMIT 1) \
      UNION ALL \
      SELECT next.* FROM first CROSS JOIN LATERAL ( \
        SELECT number, lane, order_at, due_at, owner FROM spektr_inbox.work \
        WHERE state = 'pending' AND lane > first.lane ORDER BY lane, order_at, number LIMIT 1 \
      ) AS next \
    ) \
    SELECT number, (due_at <= ",
    now!(),
    " OR (due_at > ",
    now!(),
    " + $2 \
      AND owner IS DISTINCT FROM $3)) AND ",
    lane_is_free!(),
    " AND NOT ",
    held_by_dead!(),
    " FROM (SELECT * FROM first LIMIT $4) AS work"
);

/// Locks entries and their lanes, and skips those that another transaction has locked.
///
/// $1 numbers
const LOCK_LANES: &str = "\
    SELECT number FROM ( \
      SELECT number, lane FROM spektr_inbox.work WHERE number = ANY ($1::bigint[]) \
      FOR UPDATE SKIP LOCKED \
    ) AS free \
    WHERE pg_try_advisory_xact_lock(('x' || encode(substr(lane, 1, 8), 'hex'))::bit(64)::bigint)";

/// Claims the found entries that can still be claimed: under the locks of the lanes, this
/// statement sees every earlier claim of an entry in them.
///
/// $1 now, $2 horizon from now on, $3 owner, $4 numbers, $5 duration of the lease, $6 whether
/// dead entries hold back
const TAKE: &str = concat!(
    "WITH chosen AS MATERIALIZED ( \
       SELECT work.number, work.due_at, work.owner, work.lease, work.attempts, work.leased_at \
       FROM unnest($4::bigint[]) AS found (number) \
       JOIN spektr_inbox.work ON work.number = found.number \
       WHERE ",
    not_paused!(),
    " AND work.state = 'pending' AND (work.due_at <= ",
    now!(),
    " OR (work.due_at > ",
    now!(),
    " + $2 AND work.owner IS DISTINCT FROM $3)) AND ",
    first_in_lane!(),
    " AND NOT ",
    held_by_dead!(),
    " ), ",
    expired!(),
    ", taken AS ( \
       UPDATE spektr_inbox.work ",
    leased!(),
    " FROM chosen WHERE work.number = chosen.number \
       RETURNING work.*, chosen.due_at AS was_due_at \
     ) \
     SELECT ",
    columns!("taken"),
    ", taken.was_due_at, taken.lease \
     FROM taken JOIN spektr_inbox.entries ON entries.number = taken.number"
);

/// The number of lanes that a claim in order walks if it does not find enough among the entries
/// that are due first.
const LANES: i64 = 500;

/// `now` is the caller's time, if callers' times are used.
pub(super) async fn claim(
    connection: &mut Lent<'_>,
    request: &ClaimRequest,
    now: Option<i64>,
) -> Result<Vec<Claim>, StoreError> {
    let rows = if request.ordered {
        claim_ordered(connection, request, now).await?
    } else {
        let horizon = millis(request.horizon);
        let limit = i64::try_from(request.limit).unwrap_or(i64::MAX);
        connection
            .query(CLAIM, &[&now, &horizon, &request.owner, &limit, &millis(request.lease)])
            .await?
    };
    let mut numbers = HashSet::new();
    let claim = |row: Row| {
        let was_due_at: i64 = row.try_get(COLUMNS_COUNT).map_err(Fault::from)?;
        let token: i64 = row.try_get(COLUMNS_COUNT + 1).map_err(Fault::from)?;
        let entry = entry(&row)?;
        let number = entry.number;
        if !numbers.insert(number) {
            return Err(StoreError::Lease { number });
        }
        let lease = Lease { number, owner: request.owner, attempt: entry.attempts, token };
        Ok(((was_due_at, entry.number), Claim { lease, entry }))
    };
    let mut claims = rows.into_iter().map(claim).collect::<Result<Vec<_>, StoreError>>()?;
    claims.sort_by_key(|(place, _)| *place);
    Ok(claims.into_iter().map(|(_, claim)| claim).collect())
}

async fn claim_ordered(
    connection: &mut Lent<'_>,
    request: &ClaimRequest,
    now: Option<i64>,
) -> Result<Vec<Row>, Fault> {
    let found = find(connection, request, now).await?;
    if found.is_empty() {
        return Ok(Vec::new());
    }
    let (horizon, lease) = (millis(request.horizon), millis(request.lease));
    connection.begin().await?;
    let free = connection.query(LOCK_LANES, &[&found]).await?;
    let free = free.iter().map(|row| row.try_get(0)).collect::<Result<Vec<i64>, _>>()?;
    let values: [&(dyn ToSql + Sync); 6] =
        [&now, &horizon, &request.owner, &free, &lease, &request.hold_on_dead];
    let taken = connection.query(TAKE, &values).await?;
    connection.commit().await?;
    Ok(taken)
}

/// Finds entries that may be claimed in order, without locking them.
async fn find(
    connection: &mut Lent<'_>,
    request: &ClaimRequest,
    now: Option<i64>,
) -> Result<Vec<i64>, Fault> {
    let horizon = millis(request.horizon);
    let limit = i64::try_from(request.limit).unwrap_or(i64::MAX);
    let look = limit.saturating_mul(4).saturating_add(100);
    let hold = request.hold_on_dead;
    let values: [&(dyn ToSql + Sync); 6] = [&now, &horizon, &request.owner, &limit, &look, &hold];
    let rows = connection.query(FIND, &values).await?;
    let mut found = rows.iter().map(|row| row.try_get(0)).collect::<Result<Vec<i64>, _>>()?;
    let mut lanes = LANES;
    // From a random lane to the end, and then from the beginning, so that each lane has its
    // turn.
    for begin in [Vec::from(fastrand::u64(..).to_be_bytes()), Vec::new()] {
        if found.len() >= request.limit || lanes <= 0 {
            break;
        }
        let values: [&(dyn ToSql + Sync); 6] =
            [&now, &horizon, &request.owner, &lanes, &begin, &hold];
        let rows = connection.query(WALK, &values).await?;
        lanes -= i64::try_from(rows.len()).unwrap_or(i64::MAX);
        for row in rows {
            let number = row.try_get(0)?;
            if row.try_get(1)? && !found.contains(&number) {
                found.push(number);
            }
        }
    }
    found.truncate(request.limit);
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{Attempt, MAX_ATTEMPTS_KEPT};

    #[test]
    fn the_statements_say_what_the_model_says() {
        assert!(CLAIM.contains(&format!("'{}'", Attempt::LEASE_EXPIRED)));
        assert!(CLAIM.contains(&format!("OFFSET {} ", MAX_ATTEMPTS_KEPT - 1)));
    }
}
