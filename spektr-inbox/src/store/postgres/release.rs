//! What makes entries due: a replay of what is not pending, and a retry of what waits.

use spektr_types::Timestamp;

use super::actions::record;
use super::pool::Lent;
use super::read::{Condition, chosen, earlier, value};
use crate::store::{Filter, Record, StoreError};

pub(super) async fn release(
    connection: &mut Lent<'_>,
    filter: &Filter,
    after: i64,
    limit: usize,
    now: Timestamp,
    recorded: Option<&Record>,
) -> Result<Vec<i64>, StoreError> {
    let mut condition = Condition::new(filter);
    condition.and("entries.number > $", Some(after));
    let which = format!("ORDER BY work.number LIMIT {limit}");
    let sql = format!(
        "{} UPDATE spektr_inbox.work SET state = 'pending', attempts = 0, \
         due_at = {}, owner = NULL, reason = NULL FROM chosen WHERE work.number = chosen.number \
         RETURNING work.number",
        chosen(&condition, "work.state NOT IN ('pending', 'unreadable')", &which),
        earlier(now),
    );
    connection.begin().await?;
    let rows = connection.query_once(&sql, &condition.values()).await?;
    record(connection, recorded, rows.len() as u64).await?;
    connection.commit().await?;
    rows.iter().map(|row| value(row, 0)).collect()
}

pub(super) async fn make_due(
    connection: &mut Lent<'_>,
    filter: &Filter,
    after: i64,
    limit: usize,
    now: Timestamp,
    recorded: Option<&Record>,
) -> Result<Vec<i64>, StoreError> {
    let mut condition = Condition::new(filter);
    condition.and("entries.number > $", Some(after));
    let now = earlier(now);
    let waits = format!("work.state = 'pending' AND work.owner IS NULL AND work.due_at > {now}");
    let which = format!("ORDER BY work.number LIMIT {limit}");
    let sql = format!(
        "{} UPDATE spektr_inbox.work SET due_at = {now} FROM chosen \
         WHERE work.number = chosen.number RETURNING work.number",
        chosen(&condition, &waits, &which),
    );
    connection.begin().await?;
    let rows = connection.query_once(&sql, &condition.values()).await?;
    record(connection, recorded, rows.len() as u64).await?;
    connection.commit().await?;
    rows.iter().map(|row| value(row, 0)).collect()
}
