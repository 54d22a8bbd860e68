//! Claims entries for a worker: finds entries that can be claimed, reading only a bounded number
//! of rows, and takes leases on them.
//!
//! The reasons are a decision (ARCHITECTURE.md, I28).

use rusqlite::{Connection, OptionalExtension as _, ToSql, params};
use spektr_types::Timestamp;

use super::lease::forget;
use super::pause::is_paused;
use super::row::{COLUMNS, COLUMNS_COUNT, entry};
use crate::clock::{after, from_millis};
use crate::store::{Attempt, Claim, ClaimRequest, Lease, StoreError, StoredEntry};

/// The number of lanes that a claim in order walks if it does not find enough among the entries
/// that are due first. A lane is all entries of one spektr id and source.
const LANES: usize = 500;

/// Conditions for entries that are due, and for entries that a wrong clock has deferred beyond
/// the horizon.
///
/// The rules are those of [`ClaimRequest::is_due`] and [`ClaimRequest::is_waited_for`].
///
/// In all statements, ?1 is now, ?2 the horizon and ?3 the owner.
const WHEN: [&str; 2] = ["due_at <= ?1", "due_at > ?2 AND owner IS NOT ?3"];

/// True if no lease is held on another entry of the lane. An entry that arrives late, or is
/// released, can come before the one being handled.
const LANE_IS_FREE: &str = "NOT EXISTS (\
     SELECT 1 FROM entries AS held INDEXED BY entries_leased \
     WHERE held.state = 'pending' AND held.owner IS NOT NULL \
     AND held.spektr_id = entries.spektr_id AND held.source = entries.source \
     AND held.number <> entries.number AND held.due_at > ?1 \
     AND (held.due_at <= ?2 OR held.owner = ?3))";

/// True if no earlier entry of the lane is pending.
const FIRST_IN_LANE: &str = "NOT EXISTS (\
     SELECT 1 FROM entries AS earlier WHERE earlier.state = 'pending' \
     AND earlier.spektr_id = entries.spektr_id AND earlier.source = entries.source \
     AND (earlier.order_at, earlier.number) < (entries.order_at, entries.number))";

/// True if no dead entry of the lane comes before the entry.
const NONE_BEFORE_IS_DEAD: &str = "NOT EXISTS (\
     SELECT 1 FROM entries AS dead INDEXED BY entries_dead WHERE dead.state = 'dead' \
     AND dead.spektr_id = entries.spektr_id AND dead.source = entries.source \
     AND (dead.order_at, dead.number) < (entries.order_at, entries.number))";

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
    let until = Lease::end(request.now, request.lease).as_millis();
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
            let before = FormerLease {
                owner: row.get(column)?,
                lease: row.get(column + 1)?,
                leased_at: row.get(column + 2)?,
            };
            Ok((entry(row), before))
        })?;
        let mut entry = entry?;
        if let FormerLease { owner: Some(_), lease: Some(expired), leased_at } = before {
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
struct FormerLease {
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
            Attempt::LEASE_EXPIRED
        ])?;
    if ended > 0 { forget(connection, entry.number) } else { Ok(()) }
}

/// Returns the numbers of entries that can be claimed, in the order of due times. In order of
/// spektr ids, most due entries may have to wait for others; the search then walks from lane to
/// lane.
fn find(connection: &Connection, request: &ClaimRequest) -> Result<Vec<i64>, StoreError> {
    let finder = Finder {
        connection,
        now: request.now.as_millis(),
        horizon: after(request.now, request.horizon).as_millis(),
        owner: request.owner,
        lane_is_free: match request.hold_on_dead {
            true => format!("{LANE_IS_FREE} AND {NONE_BEFORE_IS_DEAD}"),
            false => LANE_IS_FREE.to_owned(),
        },
    };
    let limit = request.limit;
    let look = if request.ordered { limit.saturating_mul(4).saturating_add(100) } else { limit };
    let look = look.min(i32::MAX as usize);
    let mut found = Vec::new();
    let mut has_seen_all = true;
    for when in WHEN {
        has_seen_all &= finder.first(when, look, request.ordered, limit, &mut found)?;
    }
    if request.ordered && !has_seen_all && found.len() < limit {
        finder.without_lane(limit, &mut found)?;
        finder.walk(limit, &mut found)?;
    }
    found.truncate(limit);
    Ok(found)
}

struct Finder<'a> {
    connection: &'a Connection,
    now: i64,
    horizon: i64,
    owner: i64,
    /// The condition under which only an earlier pending entry can hold back an entry of its
    /// lane.
    lane_is_free: String,
}

impl Finder<'_> {
    /// Examines the entries that are due first, and adds those that can be claimed, until there
    /// are enough. Returns whether no entry was left to examine.
    fn first(
        &self,
        when: &str,
        look: usize,
        ordered: bool,
        limit: usize,
        found: &mut Vec<i64>,
    ) -> Result<bool, StoreError> {
        let is_free = match ordered {
            true => format!("spektr_id IS NULL OR ({FIRST_IN_LANE} AND {})", self.lane_is_free),
            false => "TRUE".to_owned(),
        };
        // Without `INDEXED BY`, SQLite would read and sort all pending entries. Along this
        // index, it examines rows one by one in the right order.
        let sql = format!(
            "SELECT number, {is_free} FROM entries INDEXED BY entries_due \
             WHERE state = 'pending' AND {when} ORDER BY due_at, number LIMIT ?4"
        );
        let mut statement = self.connection.prepare_cached(&sql)?;
        let mut rows = statement.query(params![self.now, self.horizon, self.owner, look])?;
        let mut seen = 0;
        while found.len() < limit {
            let Some(row) = rows.next()? else { return Ok(seen < look) };
            seen += 1;
            if row.get(1)? {
                found.push(row.get(0)?);
            }
        }
        Ok(false)
    }

    /// Adds due entries without a spektr id, which wait for no other entry.
    fn without_lane(&self, limit: usize, found: &mut Vec<i64>) -> Result<(), StoreError> {
        for when in WHEN {
            let sql = format!(
                "SELECT number FROM entries INDEXED BY entries_without_lane \
                 WHERE state = 'pending' AND spektr_id IS NULL AND {when} \
                 ORDER BY due_at, number LIMIT ?4"
            );
            let mut statement = self.connection.prepare_cached(&sql)?;
            let rows = statement
                .query_map(params![self.now, self.horizon, self.owner, limit], |row| row.get(0))?;
            for number in rows {
                add(found, number?);
            }
        }
        Ok(())
    }

    /// Walks from lane to lane, however many entries wait in each, until there are enough.
    fn walk(&self, limit: usize, found: &mut Vec<i64>) -> Result<(), StoreError> {
        let [due, misdated] = WHEN;
        let sql = format!(
            "SELECT spektr_id, source, number, (({due}) OR ({misdated})) AND {} \
             FROM entries INDEXED BY entries_lane \
             WHERE state = 'pending' AND (spektr_id, source, order_at, number) > (?4, ?5, ?6, ?6) \
             ORDER BY spektr_id, source, order_at, number LIMIT 1",
            self.lane_is_free
        );
        let mut statement = self.connection.prepare_cached(&sql)?;
        let mut lanes = LANES;
        // From a random lane to the end, and then from the beginning, so that each lane has its
        // turn.
        for begin in [self.anywhere()?, Lane::default()] {
            // The next step continues behind the whole lane. With a condition on the lane's
            // columns alone, SQLite would read the whole lane.
            let (mut lane, mut behind) = (begin, i64::MIN);
            while lanes > 0 && found.len() < limit {
                let values: [&dyn ToSql; 6] =
                    [&self.now, &self.horizon, &self.owner, &lane.0, &lane.1, &behind];
                let next = statement
                    .query_row(values, |row| {
                        Ok(((row.get(0)?, row.get(1)?), row.get(2)?, row.get(3)?))
                    })
                    .optional()?;
                let Some((next, number, is_free)) = next else { break };
                if is_free {
                    add(found, number);
                }
                (lane, behind) = (next, i64::MAX);
                lanes -= 1;
            }
        }
        Ok(())
    }

    /// Returns the lane of a random entry, pending or not.
    fn anywhere(&self) -> Result<Lane, StoreError> {
        let last: Option<i64> = self
            .connection
            .prepare_cached("SELECT max(number) FROM entries")?
            .query_row([], |row| row.get(0))?;
        let any = fastrand::i64(1..=last.unwrap_or(1).max(1));
        let lane = self
            .connection
            .prepare_cached(
                "SELECT coalesce(spektr_id, ''), source FROM entries \
                 WHERE number >= ?1 ORDER BY number LIMIT 1",
            )?
            .query_row([any], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?;
        Ok(lane.unwrap_or_default())
    }
}

/// A spektr id and a source.
type Lane = (String, String);

fn add(found: &mut Vec<i64>, number: i64) {
    if !found.contains(&number) {
        found.push(number);
    }
}

#[cfg(test)]
mod tests {
    use rusqlite::StatementStatus;

    use super::*;
    use crate::store::sqlite::schema::MIGRATIONS;

    /// Returns the steps of SQLite's virtual machine to decide whether dead entries hold back
    /// an entry that comes after all of them, or before.
    fn steps(dead: i64, is_held: bool) -> i32 {
        let connection = Connection::open_in_memory().expect("it is in memory");
        for script in MIGRATIONS {
            connection.execute_batch(script).expect("it is correct");
        }
        let insert = "INSERT INTO entries (source, key, content, spektr_id, received_at, order_at, \
                        state, conflict, due_at, raw) \
                      VALUES ('test', ?1, x'00', 's1', 1, ?1, ?2, 0, 1, x'7b7d')";
        let mut insert = connection.prepare(insert).expect("it is correct");
        for index in 0..dead {
            insert.execute(params![index, "dead"]).expect("there is room");
        }
        let place = if is_held { dead } else { -1 };
        insert.execute(params![place, "pending"]).expect("there is room");
        let look =
            format!("SELECT {NONE_BEFORE_IS_DEAD} FROM entries ORDER BY number DESC LIMIT 1");
        let mut look = connection.prepare(&look).expect("it is correct");
        let is_free = look.query_row([], |row| row.get::<_, bool>(0)).expect("a row");
        assert_eq!(is_free, !is_held);
        look.get_status(StatementStatus::VmStep)
    }

    #[test]
    fn many_dead_letters_cost_a_claim_as_much_as_one() {
        for is_held in [true, false] {
            assert_eq!(steps(1000, is_held), steps(1, is_held));
        }
    }
}
