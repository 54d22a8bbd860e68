//! The leases of workers: extend, give back, and what their statements have in common.

use std::collections::HashSet;
use std::time::Duration;

use spektr_types::Timestamp;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use super::error::Fault;
use super::pool::Lent;
use crate::store::{Lease, StoreError};

/// The time of a statement: the caller's time in `$1`, or otherwise the server's, which is the
/// same for all machines.
macro_rules! now {
    () => {
        concat!(
            "coalesce($1::bigint, ",
            crate::store::postgres::row::millis!("statement_timestamp()"),
            ")"
        )
    };
}

pub(super) use now;

/// Records finished attempts, and keeps the latest attempts of each entry. It prunes also at a
/// first attempt, because a replay restarts the count. `ended` has the columns number, lease,
/// attempts, leased_at, result and status.
///
/// The old attempts are selected entry by entry, and deleted by their `ctid`. With a join, the
/// planner would read all attempts whenever it believes that there are few.
macro_rules! record {
    () => {
        concat!(
            "recorded AS ( \
               INSERT INTO spektr_inbox.attempts \
                 (entry, lease, attempt, began_at, ended_at, result, status) \
               SELECT number, lease, attempts, leased_at, ",
            now!(),
            ", result, status FROM ended ON CONFLICT DO NOTHING RETURNING entry \
             ), forgotten AS ( \
               DELETE FROM spektr_inbox.attempts WHERE ctid = ANY (ARRAY( \
                 SELECT old.ctid FROM ended CROSS JOIN LATERAL ( \
                   SELECT attempts.ctid FROM spektr_inbox.attempts \
                   WHERE attempts.entry = ended.number ORDER BY attempts.lease DESC OFFSET 19 \
                 ) AS old)) \
             )"
        )
    };
}

pub(super) use record;

/// Extends the leases that are held. Locked rows are skipped, because waiting would delay the
/// heartbeats of other attempts. Either the holder's own transaction locks the row to complete
/// the entry; then no other worker can claim it. Or another worker is claiming the entry; then
/// the next heartbeat finds the lease lost.
///
/// $1 now, $2 numbers, $3 owners, $4 tokens, $5 duration
const EXTEND: &str = concat!(
    "WITH given AS ( \
       SELECT * FROM unnest($2::bigint[], $3::bigint[], $4::bigint[]) \
         AS given (number, owner, lease) \
     ), free AS ( \
       SELECT work.number FROM spektr_inbox.work JOIN given ON given.number = work.number \
       WHERE work.owner = given.owner AND work.lease = given.lease \
       AND work.state = 'pending' FOR UPDATE OF work SKIP LOCKED \
     ), extended AS ( \
       UPDATE spektr_inbox.work SET due_at = ",
    now!(),
    " + $5 FROM free WHERE work.number = free.number \
     ) \
     SELECT work.number, work.owner, work.lease \
     FROM spektr_inbox.work JOIN given ON given.number = work.number \
     WHERE work.owner = given.owner AND work.lease = given.lease AND work.state = 'pending'"
);

/// Returns the numbers, owners and tokens of leases.
fn columns_of(leases: &[Lease]) -> [Vec<i64>; 3] {
    let column = |value: fn(&Lease) -> i64| leases.iter().map(value).collect();
    [column(|lease| lease.number), column(|lease| lease.owner), column(|lease| lease.token)]
}

pub(super) async fn extend(
    connection: &mut Lent<'_>,
    leases: &[Lease],
    now: Option<i64>,
    duration: Duration,
) -> Result<Vec<Lease>, StoreError> {
    let [numbers, owners, tokens] = columns_of(leases);
    let values: [&(dyn ToSql + Sync); 5] = [&now, &numbers, &owners, &tokens, &millis(duration)];
    let rows = connection.query(EXTEND, &values).await?;
    let parts = |row: &Row| Ok((row.try_get(0)?, row.try_get(1)?, row.try_get(2)?));
    let held = rows.iter().map(parts).collect::<Result<HashSet<(i64, i64, i64)>, Fault>>()?;
    let is_held = |lease: &&Lease| held.contains(&(lease.number, lease.owner, lease.token));
    Ok(leases.iter().filter(is_held).copied().collect())
}

/// $1 now, $2 numbers, $3 owners, $4 tokens
const GIVE_BACK: &str = concat!(
    "UPDATE spektr_inbox.work SET owner = NULL, attempts = attempts - 1, due_at = ",
    now!(),
    " FROM unnest($2::bigint[], $3::bigint[], $4::bigint[]) AS given (number, owner, lease) \
     WHERE work.number = given.number AND work.owner = given.owner \
     AND work.lease = given.lease AND work.state = 'pending' RETURNING work.number"
);

pub(super) async fn give_back(
    connection: &mut Lent<'_>,
    leases: &[Lease],
    now: Option<i64>,
) -> Result<u64, StoreError> {
    let [numbers, owners, tokens] = columns_of(leases);
    let rows = connection.query(GIVE_BACK, &[&now, &numbers, &owners, &tokens]).await?;
    Ok(rows.len() as u64)
}

/// Returns a duration in milliseconds that can be added to any time.
pub(super) fn millis(duration: Duration) -> i64 {
    let longest = Timestamp::MAX.as_millis();
    i64::try_from(duration.as_millis()).map_or(longest, |millis| millis.min(longest))
}
