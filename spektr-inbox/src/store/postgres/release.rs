//! Changes the states of entries for an operator: replays entries that are not pending, retries
//! entries that wait, and resolves entries that were handled by hand.

use spektr_types::Timestamp;

use super::actions::record;
use super::condition::{Condition, chosen, earlier};
use super::pool::Lent;
use super::row::value;
use crate::store::{Filter, Record, StoreError};

pub(super) async fn release(
    connection: &mut Lent<'_>,
    filter: &Filter,
    after: i64,
    limit: usize,
    now: Timestamp,
    recorded: Option<&Record>,
) -> Result<Vec<i64>, StoreError> {
    let set = format!(
        "state = 'pending', attempts = 0, due_at = {}, owner = NULL, reason = NULL",
        earlier(now)
    );
    let but = "work.state NOT IN ('pending', 'unreadable')";
    change(connection, filter, (after, limit), but, &set, recorded).await
}

pub(super) async fn make_due(
    connection: &mut Lent<'_>,
    filter: &Filter,
    after: i64,
    limit: usize,
    now: Timestamp,
    recorded: Option<&Record>,
) -> Result<Vec<i64>, StoreError> {
    let now = earlier(now);
    let waits = format!("work.state = 'pending' AND work.owner IS NULL AND work.due_at > {now}");
    let set = format!("due_at = {now}");
    change(connection, filter, (after, limit), &waits, &set, recorded).await
}

/// Changes the next entries after a number that match a filter, and records their number.
async fn change(
    connection: &mut Lent<'_>,
    filter: &Filter,
    (after, limit): (i64, usize),
    but: &str,
    set: &str,
    recorded: Option<&Record>,
) -> Result<Vec<i64>, StoreError> {
    let mut condition = Condition::new(filter);
    condition.after(after);
    let which = format!("ORDER BY work.number LIMIT {limit}");
    let sql = format!(
        "{} UPDATE spektr_inbox.work SET {set} FROM chosen WHERE work.number = chosen.number \
         RETURNING work.number",
        chosen(&condition, but, &which),
    );
    connection.begin().await?;
    let rows = connection.query_once(&sql, &condition.parameters()).await?;
    record(connection, recorded, rows.len() as u64).await?;
    connection.commit().await?;
    rows.iter().map(|row| value(row, 0)).collect()
}

/// Marks an entry as resolved because an operator has handled it.
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
