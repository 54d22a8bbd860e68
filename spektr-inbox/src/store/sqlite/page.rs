//! Pages of entries, the newest first.

use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension as _, Row, params_from_iter};

use super::condition::Condition;
use super::row::state;
use crate::clock::from_millis;
use crate::store::{Filter, Page, StoreError, Summary};

/// The JSON is the last column, and SQLite returns its length without reading it.
const COLUMNS: &str = "number, source, id, spektr_id, wire_type, created_at, received_at, state, \
     conflict, attempts, due_at, owner IS NOT NULL, reason, length(raw)";

pub(super) fn page(
    connection: &Connection,
    filter: &Filter,
    before: Option<i64>,
    limit: usize,
) -> Result<Page, StoreError> {
    let before = before.unwrap_or(i64::MAX);
    let (sql, values) = edge(filter, before);
    let edge: Option<i64> = connection
        .prepare_cached(&sql)?
        .query_row(params_from_iter(values), |row| row.get(0))
        .optional()?;
    let (sql, values) = found(filter, before, edge.unwrap_or_default(), limit);
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query(params_from_iter(values))?;
    let mut entries = Vec::new();
    while let Some(row) = rows.next()? {
        entries.push(summary(row)?);
    }
    Ok(Page::new(entries, limit, edge))
}

/// Returns a statement for the last entry that is examined, if there are that many.
fn edge(filter: &Filter, before: i64) -> (String, Vec<Value>) {
    let mut condition = Condition::new(&filter.indexed());
    condition.and("number < $", Value::Integer(before));
    let (sql, skipped) = (condition.sql, Page::LOOKED_AT - 1);
    let sql = format!(
        "SELECT number FROM entries WHERE {sql} ORDER BY number DESC LIMIT 1 OFFSET {skipped}"
    );
    (sql, condition.values)
}

/// Returns a statement for the matching entries of a page among the examined ones, and one
/// more.
fn found(filter: &Filter, before: i64, edge: i64, limit: usize) -> (String, Vec<Value>) {
    let mut condition = Condition::new(filter);
    condition.and("number < $", Value::Integer(before));
    condition.and("number >= $", Value::Integer(edge));
    let (sql, limit) = (condition.sql, limit.saturating_add(1));
    let sql =
        format!("SELECT {COLUMNS} FROM entries WHERE {sql} ORDER BY number DESC LIMIT {limit}");
    (sql, condition.values)
}

fn summary(row: &Row<'_>) -> Result<Summary, StoreError> {
    let number = row.get(0)?;
    let state = state(row, 7, number)?;
    Ok(Summary {
        number,
        source: row.get(1)?,
        id: row.get(2)?,
        spektr_id: row.get(3)?,
        wire_type: row.get(4)?,
        created_at: row.get::<_, Option<i64>>(5)?.map(from_millis),
        received_at: from_millis(row.get(6)?),
        state,
        conflict: row.get(8)?,
        attempts: row.get(9)?,
        due_at: from_millis(row.get(10)?),
        is_leased: row.get(11)?,
        reason: row.get(12)?,
        bytes: row.get(13)?,
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failed setup is a failed test")]
mod tests {
    use super::*;
    use crate::content::MAX_ID_LENGTH;
    use crate::store::State;
    use crate::store::sqlite::SqliteOptions;
    use crate::store::sqlite::file::open_reader;

    /// Returns SQLite's plan of a statement, one step per line.
    fn plan(connection: &Connection, (sql, values): (String, Vec<Value>)) -> String {
        let mut statement = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
        let steps = statement.query_map(params_from_iter(values), |row| row.get(3)).unwrap();
        steps.collect::<Result<Vec<String>, _>>().unwrap().join("\n")
    }

    #[test]
    fn every_page_is_read_in_the_order_of_one_index() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("inbox.db");
        let _store = SqliteOptions::new(&path).open().unwrap();
        let connection = open_reader(&path).unwrap();
        let wire_type = Some("alert_resolved".to_owned());
        let by_state = "USING INDEX entries_state (state=? AND rowid>? AND rowid<?)";
        let by_number = "USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)";
        let by_spektr_id = "USING INDEX entries_spektr_id (spektr_id=? AND rowid>? AND rowid<?)";
        let of = |name: &str| Filter { spektr_id: Some(name.to_owned()), ..Filter::all() };
        let mut filters = vec![
            (Filter::all(), by_number),
            (Filter { wire_type: wire_type.clone(), ..Filter::all() }, by_number),
            (Filter { id: Some("i".repeat(MAX_ID_LENGTH + 1)), ..Filter::all() }, by_number),
            (of("s1"), by_spektr_id),
        ];
        filters.extend(
            State::ALL.map(|state| (Filter { state: Some(state), ..of("s1") }, by_spektr_id)),
        );
        filters.extend(State::ALL.map(|state| (Filter::state(state), by_state)));
        filters.extend(State::ALL.map(|state| {
            (Filter { wire_type: wire_type.clone(), ..Filter::state(state) }, by_state)
        }));
        for (filter, expected) in filters {
            let page = plan(&connection, found(&filter, 10, 1, 50));
            assert_eq!(page, format!("SEARCH entries {expected}"), "{filter:?}");
            // The statement need not read the table, except in the order of numbers alone.
            let edge = plan(&connection, edge(&filter, 10));
            let expected = expected.replace("rowid>? AND rowid<?", "rowid<?");
            let covering = expected.replace("USING INDEX", "USING COVERING INDEX");
            assert_eq!(edge, format!("SEARCH entries {covering}"), "{filter:?}");
        }
        // An id has few contents, so they may be sorted.
        let by_id = Filter { id: Some("e1".to_owned()), ..Filter::all() };
        let expected = "SEARCH entries USING INDEX entries_content (key=?)\n\
                        USE TEMP B-TREE FOR ORDER BY";
        assert_eq!(plan(&connection, found(&by_id, 10, 1, 50)), expected);
    }
}
