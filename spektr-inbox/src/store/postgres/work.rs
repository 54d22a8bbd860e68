//! The statements of workers: claim, extend, settle, and completion in a transaction
//! of the handler's own.

use spektr_types::Timestamp;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use super::error::Fault;
use super::pool::Lent;
use super::read::{COLUMNS_COUNT, entry};
use crate::clock::after;
use crate::store::{Claim, ClaimRequest, Lease, Settlement, StoreError};

/// The columns of an entry and its work, as [`entry`] reads them.
macro_rules! columns {
    ($work:literal) => {
        concat!(
            "entries.number, entries.source, entries.id, entries.spektr_id, entries.wire_type, \
             entries.created_at, ",
            $work,
            ".received_at, ",
            $work,
            ".state, entries.conflict, ",
            $work,
            ".attempts, ",
            $work,
            ".due_at, ",
            $work,
            ".reason, entries.raw"
        )
    };
}
pub(super) use columns;

/// Takes what is due, along one index. Who is at work on a row has locked it, and is
/// not waited for. What is taken is what is due, and then what a clock that went wrong
/// has put off for too long.
///
/// $1 now, $2 horizon, $3 owner, $4 limit, $5 end of the lease
const CLAIM: &str = concat!(
    "WITH due AS ( \
       SELECT number, due_at FROM spektr_inbox.work \
       WHERE state = 'pending' AND due_at <= $1 \
       ORDER BY due_at, number LIMIT $4 FOR UPDATE SKIP LOCKED \
     ), misdated AS ( \
       SELECT number, due_at FROM spektr_inbox.work \
       WHERE state = 'pending' AND due_at > $2 AND owner IS DISTINCT FROM $3 \
       ORDER BY due_at, number LIMIT $4 FOR UPDATE SKIP LOCKED \
     ), chosen AS ( \
       SELECT * FROM due UNION ALL SELECT * FROM misdated LIMIT $4 \
     ), taken AS ( \
       UPDATE spektr_inbox.work SET owner = $3, attempts = attempts + 1, due_at = $5 \
       FROM chosen WHERE work.number = chosen.number \
       RETURNING work.*, chosen.due_at AS was_due_at \
     ) \
     SELECT ",
    columns!("taken"),
    ", taken.was_due_at \
     FROM taken JOIN spektr_inbox.entries ON entries.number = taken.number"
);

/// The first pending one of its lane, while no lease is held on another. One that comes
/// late, or is released, can be earlier than the one that is being worked on.
macro_rules! first_in_lane {
    () => {
        "NOT EXISTS ( \
           SELECT FROM spektr_inbox.work AS earlier \
           WHERE earlier.state = 'pending' AND earlier.lane = work.lane \
           AND (earlier.order_at, earlier.number) < (work.order_at, work.number)) \
         AND NOT EXISTS ( \
           SELECT FROM spektr_inbox.work AS held \
           WHERE held.state = 'pending' AND held.owner IS NOT NULL AND held.lane = work.lane \
           AND held.number <> work.number AND held.due_at > $1 \
           AND (held.due_at <= $2 OR held.owner = $3))"
    };
}

/// Finds what can be claimed in order among the entries that are due first. Of those,
/// most can have to wait for others: the look is bounded, whatever the backlog is.
///
/// $1 now, $2 horizon, $3 owner, $4 limit, $5 how many to look at
const FIND: &str = concat!(
    "SELECT number FROM ( \
       SELECT number, lane, order_at FROM spektr_inbox.work \
       WHERE state = 'pending' AND due_at <= $1 ORDER BY due_at, number LIMIT $5 \
     ) AS work WHERE ",
    first_in_lane!(),
    " LIMIT $4"
);

/// Walks from lane to lane, however many entries wait in each, and gives the first of
/// each lane if that is due, or was put off by a clock that went wrong.
///
/// $1 now, $2 horizon, $3 owner, $4 how many lanes, $5 the lane to begin after
const WALK: &str = "\
    WITH RECURSIVE first AS ( \
      (SELECT number, lane, due_at, owner FROM spektr_inbox.work \
        WHERE state = 'pending' AND lane > $5 ORDER BY lane, order_at, number LIMIT 1) \
      UNION ALL \
      SELECT next.* FROM first CROSS JOIN LATERAL ( \
        SELECT number, lane, due_at, owner FROM spektr_inbox.work \
        WHERE state = 'pending' AND lane > first.lane ORDER BY lane, order_at, number LIMIT 1 \
      ) AS next \
    ) \
    SELECT number, due_at <= $1 OR (due_at > $2 AND owner IS DISTINCT FROM $3) \
    FROM (SELECT * FROM first LIMIT $4) AS walked";

/// Locks entries and their lanes, or leaves them to who has locked them.
///
/// $1 numbers
const LOCK_LANES: &str = "\
    SELECT number FROM ( \
      SELECT number, lane FROM spektr_inbox.work WHERE number = ANY ($1::bigint[]) \
      FOR UPDATE SKIP LOCKED \
    ) AS free \
    WHERE pg_try_advisory_xact_lock(('x' || encode(substr(lane, 1, 8), 'hex'))::bit(64)::bigint)";

/// Takes what was found, if it still can be: under the locks of the lanes, this
/// statement sees what every earlier claim of them has taken.
///
/// $1 now, $2 horizon, $3 owner, $4 numbers, $5 end of the lease
const TAKE: &str = concat!(
    "WITH taken AS ( \
       UPDATE spektr_inbox.work SET owner = $3, attempts = attempts + 1, due_at = $5 \
       FROM (SELECT work.number, work.due_at FROM unnest($4::bigint[]) AS found (number) \
         JOIN spektr_inbox.work ON work.number = found.number \
         WHERE work.state = 'pending' \
         AND (work.due_at <= $1 OR (work.due_at > $2 AND work.owner IS DISTINCT FROM $3)) AND ",
    first_in_lane!(),
    ") AS chosen WHERE work.number = chosen.number \
       RETURNING work.*, chosen.due_at AS was_due_at \
     ) \
     SELECT ",
    columns!("taken"),
    ", taken.was_due_at \
     FROM taken JOIN spektr_inbox.entries ON entries.number = taken.number"
);

/// How many lanes a claim in order walks at most, where it does not find enough among
/// what is due first.
const LANES: i64 = 500;

pub(super) async fn claim(
    connection: &mut Lent<'_>,
    request: &ClaimRequest,
) -> Result<Vec<Claim>, StoreError> {
    let until = after(request.now, request.lease).as_millis();
    let rows = if request.ordered {
        claim_ordered(connection, request, until).await?
    } else {
        let (now, horizon) = times(request);
        let limit = i64::try_from(request.limit).unwrap_or(i64::MAX);
        connection.query(CLAIM, &[&now, &horizon, &request.owner, &limit, &until]).await?
    };
    let claim = |row: Row| {
        let was_due_at: i64 = row.try_get(COLUMNS_COUNT).map_err(Fault::from)?;
        let entry = entry(&row)?;
        let lease = Lease { number: entry.number, owner: request.owner, attempt: entry.attempts };
        Ok(((was_due_at, entry.number), Claim { lease, entry }))
    };
    let mut claims = rows.into_iter().map(claim).collect::<Result<Vec<_>, StoreError>>()?;
    claims.sort_by_key(|(place, _)| *place);
    Ok(claims.into_iter().map(|(_, claim)| claim).collect())
}

fn times(request: &ClaimRequest) -> (i64, i64) {
    (request.now.as_millis(), after(request.now, request.horizon).as_millis())
}

async fn claim_ordered(
    connection: &mut Lent<'_>,
    request: &ClaimRequest,
    until: i64,
) -> Result<Vec<Row>, Fault> {
    let found = find(connection, request).await?;
    if found.is_empty() {
        return Ok(Vec::new());
    }
    let (now, horizon) = times(request);
    connection.run("BEGIN").await?;
    let free = connection.query(LOCK_LANES, &[&found]).await?;
    let free = free.iter().map(|row| row.try_get(0)).collect::<Result<Vec<i64>, _>>()?;
    let taken = connection.query(TAKE, &[&now, &horizon, &request.owner, &free, &until]).await?;
    connection.run("COMMIT").await?;
    Ok(taken)
}

/// Finds entries that may be claimed in order, without a lock.
async fn find(connection: &mut Lent<'_>, request: &ClaimRequest) -> Result<Vec<i64>, Fault> {
    let (now, horizon) = times(request);
    let limit = i64::try_from(request.limit).unwrap_or(i64::MAX);
    let look = limit.saturating_mul(4).saturating_add(100);
    let values: [&(dyn ToSql + Sync); 5] = [&now, &horizon, &request.owner, &limit, &look];
    let rows = connection.query(FIND, &values).await?;
    let mut found = rows.iter().map(|row| row.try_get(0)).collect::<Result<Vec<i64>, _>>()?;
    let mut lanes = LANES;
    // From anywhere to the end, and then from the beginning, so that each has its turn.
    for begin in [Vec::from(fastrand::u64(..).to_be_bytes()), Vec::new()] {
        if found.len() >= request.limit || lanes <= 0 {
            break;
        }
        let values: [&(dyn ToSql + Sync); 5] = [&now, &horizon, &request.owner, &lanes, &begin];
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

/// Extends the leases that are held. A row that is locked just now is not waited for,
/// since the heartbeats of other attempts would wait as well: it is locked by a
/// transaction of its holder that completes it, and then nobody else can claim it, or
/// by who takes it over, and then the next heartbeat finds it gone.
///
/// $1 numbers, $2 owners, $3 attempts, $4 end
const EXTEND: &str = "\
    WITH given AS ( \
      SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[]) \
        AS given (number, owner, attempts) \
    ), free AS ( \
      SELECT work.number FROM spektr_inbox.work JOIN given ON given.number = work.number \
      WHERE work.owner = given.owner AND work.attempts = given.attempts \
      AND work.state = 'pending' FOR UPDATE OF work SKIP LOCKED \
    ), extended AS ( \
      UPDATE spektr_inbox.work SET due_at = $4 FROM free WHERE work.number = free.number \
    ) \
    SELECT work.number, work.owner, work.attempts \
    FROM spektr_inbox.work JOIN given ON given.number = work.number \
    WHERE work.owner = given.owner AND work.attempts = given.attempts \
    AND work.state = 'pending'";

pub(super) async fn extend(
    connection: &mut Lent<'_>,
    leases: &[Lease],
    until: Timestamp,
) -> Result<Vec<Lease>, StoreError> {
    let numbers: Vec<i64> = leases.iter().map(|lease| lease.number).collect();
    let owners: Vec<i64> = leases.iter().map(|lease| lease.owner).collect();
    let attempts: Vec<i64> = leases.iter().map(|lease| lease.attempt.into()).collect();
    let rows =
        connection.query(EXTEND, &[&numbers, &owners, &attempts, &until.as_millis()]).await?;
    let held = |lease: &&Lease| {
        rows.iter().any(|row| {
            let same = |column, value: i64| row.try_get::<_, i64>(column).ok() == Some(value);
            same(0, lease.number) && same(1, lease.owner) && same(2, lease.attempt.into())
        })
    };
    Ok(leases.iter().filter(held).copied().collect())
}

/// $1 number, $2 owner, $3 attempts, $4 state, $5 due, $6 reason
const SETTLE: &str = "\
    UPDATE spektr_inbox.work SET state = $4, due_at = $5, reason = $6, owner = NULL \
    WHERE number = $1 AND owner = $2 AND attempts = $3 AND state = 'pending' \
    RETURNING number";

pub(super) async fn settle(
    connection: &mut Lent<'_>,
    lease: Lease,
    settlement: &Settlement,
    now: Timestamp,
) -> Result<bool, Fault> {
    let (state, due_at, reason) = settlement.parts(now);
    let attempt = i64::from(lease.attempt);
    let reason = reason.map(str::as_bytes);
    let (state, due_at) = (state.as_str(), due_at.as_millis());
    let settled = connection
        .query(SETTLE, &[&lease.number, &lease.owner, &attempt, &state, &due_at, &reason])
        .await?;
    Ok(settled.len() == 1)
}
