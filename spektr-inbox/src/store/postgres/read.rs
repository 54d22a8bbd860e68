//! From filters to SQL, and from rows to entries.

use bytes::Bytes;
use spektr_types::Timestamp;
use tokio_postgres::Row;
use tokio_postgres::types::{FromSql, ToSql};

use super::actions::record;
use super::error::Fault;
use super::pool::Lent;
use super::work::columns;
use crate::clock::from_millis;
use crate::intake::MAX_ID_LENGTH;
use crate::store::operation::hash;
use crate::store::pause::Pause;
use crate::store::{Filter, Record, State, Stats, StoreError, StoredEntry, Tally};

/// How many columns `columns!` has.
pub(super) const COLUMNS_COUNT: usize = 13;

/// Reads a row that begins with `columns!`.
pub(super) fn entry(row: &Row) -> Result<StoredEntry, StoreError> {
    let number = value(row, 0)?;
    let unreadable = |column| StoreError::Unreadable { column, number };
    let text = |index, column| text(row, index, column, number);
    let attempts: i64 = value(row, 9)?;
    Ok(StoredEntry {
        number,
        source: text(1, "source")?.unwrap_or_default(),
        id: text(2, "id")?,
        spektr_id: text(3, "spektr_id")?,
        wire_type: text(4, "wire_type")?,
        created_at: value::<Option<i64>>(row, 5)?.map(from_millis),
        received_at: from_millis(value(row, 6)?),
        state: state(row, 7, number)?,
        conflict: value(row, 8)?,
        attempts: u32::try_from(attempts).map_err(|_| unreadable("attempts"))?,
        due_at: from_millis(value(row, 10)?),
        reason: text(11, "reason")?,
        raw: Bytes::from(value::<Vec<u8>>(row, 12)?),
    })
}

pub(super) fn state(row: &Row, index: usize, number: i64) -> Result<State, StoreError> {
    let state: String = value(row, index)?;
    state.parse().map_err(|_| StoreError::Unreadable { column: "state", number })
}

/// Reads a text that is stored as bytes.
pub(super) fn text(
    row: &Row,
    index: usize,
    column: &'static str,
    number: i64,
) -> Result<Option<String>, StoreError> {
    let bytes: Option<Vec<u8>> = value(row, index)?;
    let text = bytes.map(String::from_utf8).transpose();
    text.map_err(|_| StoreError::Unreadable { column, number })
}

pub(super) fn value<'a, T: FromSql<'a>>(row: &'a Row, index: usize) -> Result<T, StoreError> {
    row.try_get(index).map_err(|error| Fault::from(error).into())
}

/// A condition, and the values of its parameters in order.
pub(super) struct Condition {
    sql: String,
    values: Vec<Box<dyn ToSql + Sync + Send>>,
}

impl Condition {
    pub(super) fn new(filter: &Filter) -> Self {
        let mut condition = Self { sql: "TRUE".to_owned(), values: Vec::new() };
        condition.add(filter);
        condition
    }

    /// Adds a filter; returns the text of what was added alone, for another place.
    pub(super) fn add(&mut self, filter: &Filter) -> String {
        let condition = self;
        let start = condition.sql.len();
        condition.and("entries.number = $", filter.number);
        condition.and("entries.number <= $", filter.up_to);
        match &filter.id {
            // What a short id is stored under, which has an index.
            Some(id) if id.len() <= MAX_ID_LENGTH => {
                condition.and("entries.key_hash = $", Some(hash(&format!("id:{id}"))));
            }
            id => condition.and("entries.id = $", id.clone().map(String::into_bytes)),
        }
        condition.and("entries.source_hash = $", filter.source.as_deref().map(hash));
        condition.and("entries.spektr_hash = $", filter.spektr_id.as_deref().map(hash));
        condition.and(
            "lower(encode(entries.wire_type, 'escape') COLLATE \"C\") = \
             lower(encode($::bytea, 'escape') COLLATE \"C\")",
            filter.wire_type.clone().map(String::into_bytes),
        );
        if let Some(state) = filter.state {
            // A literal, because an index is for some states only.
            condition.sql.push_str(&format!(" AND work.state = '{state}'"));
        }
        let millis = |time: Option<Timestamp>| time.map(Timestamp::as_millis);
        condition.and("work.received_at < $", millis(filter.received_before));
        condition.and("work.received_at >= $", millis(filter.received_since));
        condition.and(
            "(position($ in entries.raw) > 0 OR position('\\x5c'::bytea in entries.raw) > 0)",
            filter.names.clone().map(String::into_bytes),
        );
        format!("TRUE{}", &condition.sql[start..])
    }

    pub(super) fn sql(&self) -> &str {
        &self.sql
    }

    /// Adds a condition with one parameter, whose number follows the dollar.
    pub(super) fn and<T: ToSql + Sync + Send + 'static>(&mut self, sql: &str, value: Option<T>) {
        if let Some(value) = value {
            self.values.push(Box::new(value));
            let parameter = format!("${}", self.values.len());
            self.sql.push_str(" AND ");
            self.sql.push_str(&sql.replace('$', &parameter));
        }
    }

    pub(super) fn values(&self) -> Vec<&(dyn ToSql + Sync)> {
        self.values.iter().map(|value| &**value as &(dyn ToSql + Sync)).collect()
    }
}

pub(super) const BOTH: &str =
    "spektr_inbox.entries JOIN spektr_inbox.work ON work.number = entries.number";

pub(super) async fn list(
    connection: &Lent<'_>,
    filter: &Filter,
    after: i64,
    limit: usize,
) -> Result<Vec<StoredEntry>, StoreError> {
    let mut condition = Condition::new(filter);
    condition.and("entries.number > $", Some(after));
    let sql = format!(
        "SELECT {} FROM {BOTH} WHERE {} ORDER BY entries.number LIMIT {limit}",
        columns!("work"),
        condition.sql
    );
    let rows = connection.query_once(&sql, &condition.values()).await?;
    rows.iter().map(entry).collect()
}

pub(super) async fn count(connection: &Lent<'_>, filter: &Filter) -> Result<u64, StoreError> {
    let condition = Condition::new(filter);
    // Most filters need one of the two tables only, and its index at best.
    let needs_entries = filter.source.is_some()
        || filter.id.is_some()
        || filter.spektr_id.is_some()
        || filter.wire_type.is_some()
        || filter.names.is_some();
    let (from, sql) = if needs_entries {
        (BOTH, condition.sql.clone())
    } else {
        ("spektr_inbox.work", condition.sql.replace("entries.number", "work.number"))
    };
    let sql = format!("SELECT count(*) FROM {from} WHERE {sql}");
    let rows = connection.query_once(&sql, &condition.values()).await?;
    count_in(&rows)
}

pub(super) async fn tally(
    connection: &Lent<'_>,
    filter: &Filter,
    now: Timestamp,
) -> Result<Vec<Tally>, StoreError> {
    let condition = Condition::new(filter);
    let sql = format!(
        "SELECT work.state, entries.wire_type, \
         work.state = 'pending' AND work.owner IS NULL AND work.due_at > {}, count(*), \
         min(work.number) FROM {BOTH} WHERE {} GROUP BY 1, 2, 3",
        earlier(now),
        condition.sql
    );
    let rows = connection.query_once(&sql, &condition.values()).await?;
    let read = |row: &Row| {
        let (state, number): (String, i64) = (value(row, 0)?, value(row, 4)?);
        let state = state.parse();
        Ok(Tally {
            state: state.map_err(|_| StoreError::Unreadable { column: "state", number })?,
            wire_type: text(row, 1, "wire_type", number)?,
            is_waiting: value(row, 2)?,
            count: value::<i64>(row, 3)?.unsigned_abs(),
        })
    };
    rows.iter().map(read).collect()
}

/// The time of the caller or that of the database, whichever is earlier: what is due then is
/// due by both.
pub(super) fn earlier(now: Timestamp) -> String {
    let now = now.as_millis();
    format!("least({now}, (extract(epoch FROM statement_timestamp()) * 1000)::bigint)")
}

pub(super) fn count_in(rows: &[Row]) -> Result<u64, StoreError> {
    let count: i64 = rows.first().map_or(Ok(0), |row| value(row, 0))?;
    Ok(count.unsigned_abs())
}

/// The numbers that match, locked: whoever changes them at the same time is waited for,
/// and what does not match any more is left alone.
pub(super) fn chosen(condition: &Condition, but: &str, which: &str) -> String {
    format!(
        "WITH chosen AS (SELECT work.number FROM {BOTH} WHERE {} AND {but} \
         {which} FOR UPDATE OF work)",
        condition.sql
    )
}

/// Ends the work on an entry that somebody has dealt with.
pub(super) async fn resolve(
    connection: &mut Lent<'_>,
    number: i64,
    reason: &str,
    recorded: &Record,
) -> Result<bool, StoreError> {
    let sql = "UPDATE spektr_inbox.work SET state = 'resolved', reason = $2, owner = NULL \
               WHERE number = $1 AND state NOT IN ('done', 'resolved')";
    connection.begin().await?;
    let changed = connection.execute_once(sql, &[&number, &reason.as_bytes()]).await?;
    record(connection, Some(recorded), changed).await?;
    connection.commit().await?;
    Ok(changed == 1)
}

/// The figures of what is pending come from one index, which has all that they need.
pub(super) async fn stats(
    connection: &mut Lent<'_>,
    (queued, queue_limit): (usize, usize),
) -> Result<Stats, StoreError> {
    let rows = connection
        .query(
            "SELECT pending.count, pending.oldest, \
             (SELECT received_at FROM spektr_inbox.work ORDER BY number DESC LIMIT 1), \
             (extract(epoch FROM clock_timestamp()) * 1000)::bigint, \
             (SELECT coalesce(sum(behind.count), 0)::bigint FROM ( \
                 SELECT DISTINCT ON (lane) lane, order_at, number FROM ( \
                   SELECT lane, order_at, number FROM spektr_inbox.work \
                   WHERE state = 'dead' ORDER BY lane, order_at, number LIMIT 1000) AS looked_at \
                 ORDER BY lane, order_at, number) AS dead \
               CROSS JOIN LATERAL (SELECT count(*) AS count FROM spektr_inbox.work AS later \
                 WHERE later.state = 'pending' AND later.lane = dead.lane \
                 AND (later.order_at, later.number) > (dead.order_at, dead.number)) AS behind), \
             (SELECT text FROM spektr_inbox.notes WHERE name = 'paused'::bytea), \
             (SELECT count(*) FROM spektr_inbox.quarantine) \
             FROM (SELECT count(*) AS count, min(received_at) AS oldest \
               FROM spektr_inbox.work WHERE state = 'pending') AS pending",
            &[],
        )
        .await?;
    let Some(row) = rows.first() else { return Ok(Stats::default()) };
    let mut stats = Stats {
        pending: value::<i64>(row, 0)?.unsigned_abs(),
        behind_dead: value::<i64>(row, 4)?.unsigned_abs(),
        quarantined: value::<i64>(row, 6)?.unsigned_abs(),
        paused_since: text(row, 5, "text", 0)?.map(|text| Pause::of(&text).since),
        oldest_pending: value::<Option<i64>>(row, 1)?.map(from_millis),
        newest: value::<Option<i64>>(row, 2)?.map(from_millis),
        clock: Some(from_millis(value::<i64>(row, 3)?)),
        queued,
        queue_limit,
        ..Stats::default()
    };
    let parked = connection
        .query(
            "SELECT state, count(*) FROM spektr_inbox.work \
             WHERE state <> 'pending' AND state <> 'done' AND state <> 'resolved' GROUP BY state",
            &[],
        )
        .await?;
    for row in &parked {
        stats.set_backlog(state(row, 0, 0)?, value::<i64>(row, 1)?.unsigned_abs());
    }
    Ok(stats)
}
