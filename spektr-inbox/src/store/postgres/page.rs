//! Pages of entries, the newest first.
//!
//! A statement first selects a bounded number of candidates. Only those are joined, sorted and
//! returned.

use tokio_postgres::Row;

use super::condition::{BOTH, Condition};
use super::pool::Lent;
use super::row::{state, text, value};
use crate::clock::from_millis;
use crate::store::{Filter, Page, State, StoreError, Summary};

const COLUMNS: &str = "entries.number, entries.source, entries.id, entries.spektr_id, \
     entries.wire_type, entries.created_at, work.received_at, work.state, entries.conflict, \
     work.attempts, work.due_at, work.owner IS NOT NULL, work.reason, \
     octet_length(entries.raw)::bigint";

pub(super) async fn page(
    connection: &Lent<'_>,
    filter: &Filter,
    before: Option<i64>,
    limit: usize,
) -> Result<Page, StoreError> {
    let before = before.unwrap_or(i64::MAX);
    let mut looked = Candidates::new(filter);
    if looked.is_in_order && looked.filter == *filter && limit < Page::LOOKED_AT {
        // The index serves the whole filter, so a page's number of candidates is enough.
        let entries = looked.found(connection, filter, before, limit, limit + 1).await?;
        return Ok(Page::new(entries, limit, None));
    }
    let (mut count, mut ends) = looked.extent(connection, before).await?;
    if !looked.is_in_order && count > Page::LOOKED_AT as u64 {
        // There are too many to sort. Examine the newest of all entries instead.
        looked = Candidates::newest(&Filter::all());
        (count, ends) = looked.extent(connection, before).await?;
    }
    let Some((first, last)) = ends else { return Ok(Page::new(Vec::new(), limit, None)) };
    let is_cut = looked.is_in_order && count == Page::LOOKED_AT as u64;
    // Exclude entries that have arrived since, so that they do not displace others.
    let before = last.saturating_add(1);
    let entries = looked.found(connection, filter, before, limit, Page::LOOKED_AT).await?;
    Ok(Page::new(entries, limit, is_cut.then_some(first)))
}

/// Selects the candidates, the entries that are examined.
struct Candidates {
    filter: Filter,
    /// Whether an index finds the newest candidates. Without such an index, all matching
    /// entries are examined, or the newest of all entries if too many match.
    is_in_order: bool,
}

impl Candidates {
    fn new(filter: &Filter) -> Self {
        let filter = filter.indexed();
        let is_by_another =
            filter.number.is_some() || filter.id.is_some() || filter.spektr_id.is_some();
        // The index of pending entries is in the order of due times; done entries have no
        // index.
        match filter.state {
            _ if is_by_another => Self { filter, is_in_order: false },
            Some(State::Pending) => Self { filter, is_in_order: false },
            Some(State::Done) => Self::newest(&Filter { state: None, ..filter }),
            _ => Self::newest(&filter),
        }
    }

    fn newest(filter: &Filter) -> Self {
        Self { filter: filter.clone(), is_in_order: true }
    }

    /// Returns a clause that selects at most `candidates` entries, to begin another statement,
    /// and its values. Without an order, the clause selects all entries, but at most one more
    /// than the limit of examined entries.
    fn chosen(&self, before: i64, candidates: usize) -> (String, Condition) {
        let mut condition = Condition::new(&self.filter);
        condition.and("entries.number < $", Box::new(before));
        let Filter { number, id, spektr_id, .. } = &self.filter;
        let needs_entries = number.is_some() || id.is_some() || spektr_id.is_some();
        let (table, sql) = match needs_entries {
            true => ("entries", condition.sql.clone()),
            false => ("work", condition.sql.replace("entries.number", "work.number")),
        };
        let end = match self.is_in_order {
            true => format!("ORDER BY {table}.number DESC LIMIT {candidates}"),
            false => format!("LIMIT {}", Page::LOOKED_AT + 1),
        };
        let sql = format!(
            "WITH looked AS MATERIALIZED (SELECT {table}.number FROM spektr_inbox.{table} \
             WHERE {sql} {end})"
        );
        (sql, condition)
    }

    /// Returns the number of candidates, and their smallest and largest number.
    async fn extent(
        &self,
        connection: &Lent<'_>,
        before: i64,
    ) -> Result<(u64, Option<(i64, i64)>), StoreError> {
        let (chosen, condition) = self.chosen(before, Page::LOOKED_AT);
        let sql = format!("{chosen} SELECT count(*), min(number), max(number) FROM looked");
        let rows = connection.query_once(&sql, &condition.parameters()).await?;
        let Some(row) = rows.first() else { return Ok((0, None)) };
        let ends = value::<Option<i64>>(row, 1)?.zip(value(row, 2)?);
        Ok((value::<i64>(row, 0)?.unsigned_abs(), ends))
    }

    /// Returns the candidates that match the filter, at most one more than a page has.
    async fn found(
        &self,
        connection: &Lent<'_>,
        filter: &Filter,
        before: i64,
        limit: usize,
        candidates: usize,
    ) -> Result<Vec<Summary>, StoreError> {
        let (chosen, mut condition) = self.chosen(before, candidates);
        // The planner would multiply the selectivity of a repeated condition, and choose
        // another plan.
        let sql = if self.filter == *filter { "TRUE".to_owned() } else { condition.add(filter) };
        let limit = limit.saturating_add(1);
        let sql = format!(
            "{chosen} SELECT {COLUMNS} FROM looked JOIN ({BOTH}) ON entries.number = looked.number \
             WHERE {sql} ORDER BY entries.number DESC LIMIT {limit}"
        );
        let rows = connection.query_once(&sql, &condition.parameters()).await?;
        rows.iter().map(summary).collect()
    }
}

fn summary(row: &Row) -> Result<Summary, StoreError> {
    let number = value(row, 0)?;
    let unreadable = |column| StoreError::Unreadable { column, number };
    let text = |index, column| text(row, index, column, number);
    let attempts: i64 = value(row, 9)?;
    Ok(Summary {
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
        is_leased: value(row, 11)?,
        reason: text(12, "reason")?,
        bytes: value::<i64>(row, 13)?.unsigned_abs(),
    })
}
