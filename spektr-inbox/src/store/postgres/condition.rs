//! Translates filters to SQL.

use spektr_types::Timestamp;
use tokio_postgres::types::ToSql;

use super::row::millis;
use crate::content::MAX_ID_LENGTH;
use crate::store::Filter;
use crate::store::operation::hash;

/// A condition in SQL, and the values of its parameters in order.
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

    /// Adds a filter. Returns the added part as a condition of its own, for use in another
    /// clause of the same statement.
    pub(super) fn add(&mut self, filter: &Filter) -> String {
        let condition = self;
        let start = condition.sql.len();
        condition.and("entries.number = $", filter.number);
        condition.and("entries.number <= $", filter.up_to);
        match &filter.id {
            // The key of an entry with a short id; it has an index.
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
            // A literal, because partial indexes cover only some states.
            condition.sql.push_str(&format!(" AND work.state = '{state}'"));
        }
        let millis = |time: Option<Timestamp>| time.map(Timestamp::as_millis);
        condition.and("work.received_at < $", millis(filter.received_before));
        condition.and("work.received_at >= $", millis(filter.received_since));
        condition.and(
            "(position($ in entries.raw) > 0 OR position('\\x5c'::bytea in entries.raw) > 0)",
            filter.names.clone().map(String::into_bytes),
        );
        let added = condition.sql.split_off(start);
        condition.sql.push_str(&added);
        format!("TRUE{added}")
    }

    /// Requires that entries come after a number, in both tables. The planner does not infer
    /// the condition on one table from the other, and would read that table's index from the
    /// beginning for each page.
    pub(super) fn after(&mut self, number: i64) {
        self.and("entries.number > $ AND work.number > $", Some(number));
    }

    pub(super) fn sql(&self) -> &str {
        &self.sql
    }

    /// Adds a condition with one parameter: `$` stands for the number of the parameter.
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

/// Returns SQL for the earlier of the caller's time and the database's time: an entry with that
/// due time is due by both clocks.
pub(super) fn earlier(now: Timestamp) -> String {
    let now = now.as_millis();
    format!("least({now}, {})", millis!("statement_timestamp()"))
}

/// Returns a clause that selects and locks the numbers of matching entries. It waits for
/// concurrent changes, and skips entries that no longer match after them.
pub(super) fn chosen(condition: &Condition, but: &str, which: &str) -> String {
    format!(
        "WITH chosen AS (SELECT work.number FROM {BOTH} WHERE {} AND {but} \
         {which} FOR UPDATE OF work)",
        condition.sql
    )
}
