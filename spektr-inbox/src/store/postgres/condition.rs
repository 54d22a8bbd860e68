//! The SQL of the terms of filters, and the clauses about matching entries.

use std::borrow::Cow;

use spektr_types::Timestamp;
use tokio_postgres::types::ToSql;

use super::row::millis;
use crate::store::Filter;
use crate::store::filter::Term;
use crate::store::operation::hash;
use crate::store::sql::{self, Dialect};

pub(super) type Condition = sql::Condition<Postgres>;

pub(super) enum Postgres {}

impl Dialect for Postgres {
    type Value = Box<dyn ToSql + Sync + Send>;

    const MARK: char = '$';

    fn translate(term: Term<'_>, _: &Filter) -> (Cow<'static, str>, Option<Self::Value>) {
        fn some(value: impl ToSql + Sync + Send + 'static) -> Box<dyn ToSql + Sync + Send> {
            Box::new(value)
        }
        let bytes = |text: &str| some(text.as_bytes().to_vec());
        let (sql, value) = match term {
            Term::Number(number) => ("entries.number = $", some(number)),
            Term::UpTo(number) => ("entries.number <= $", some(number)),
            Term::Key(key) => ("entries.key_hash = $", some(hash(&key))),
            Term::LongId(id) => ("entries.id = $", bytes(id)),
            Term::Source(source) => ("entries.source_hash = $", some(hash(source))),
            Term::SpektrId(spektr_id) => ("entries.spektr_hash = $", some(hash(spektr_id))),
            Term::WireType(wire_type) => (
                "lower(encode(entries.wire_type, 'escape') COLLATE \"C\") = \
                 lower(encode($::bytea, 'escape') COLLATE \"C\")",
                bytes(wire_type),
            ),
            // A literal, because partial indexes cover only some states.
            Term::State(state) => return (format!("work.state = '{state}'").into(), None),
            Term::ReceivedBefore(time) => ("work.received_at < $", some(time.as_millis())),
            Term::ReceivedSince(time) => ("work.received_at >= $", some(time.as_millis())),
            Term::Names(text) => (
                "(position($ in entries.raw) > 0 OR position('\\x5c'::bytea in entries.raw) > 0)",
                bytes(text),
            ),
        };
        (sql.into(), Some(value))
    }
}

impl Condition {
    /// Requires that entries come after a number, in both tables. The planner does not infer
    /// the condition on one table from the other, and would read that table's index from the
    /// beginning for each page.
    pub(super) fn after(&mut self, number: i64) {
        self.and("entries.number > $ AND work.number > $", Box::new(number));
    }

    /// Returns the values as a statement takes them.
    pub(super) fn parameters(&self) -> Vec<&(dyn ToSql + Sync)> {
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
