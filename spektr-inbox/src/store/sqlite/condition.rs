//! Translates filters to SQL.

use rusqlite::types::Value;
use spektr_types::Timestamp;

use crate::content::MAX_ID_LENGTH;
use crate::store::Filter;

/// A condition in SQL, and the values of its parameters in order.
pub(super) struct Condition {
    pub(super) sql: String,
    pub(super) values: Vec<Value>,
}

impl Condition {
    pub(super) fn new(filter: &Filter) -> Self {
        let mut condition = Self { sql: "TRUE".to_owned(), values: Vec::new() };
        let text = |text: &Option<String>| text.clone().map(Value::Text);
        let time = |time: Option<Timestamp>| time.map(|time| Value::Integer(time.as_millis()));
        condition.and("number = ?", filter.number.map(Value::Integer));
        condition.and("number <= ?", filter.up_to.map(Value::Integer));
        match &filter.id {
            // The key of an entry with a short id; it has an index.
            Some(id) if id.len() <= MAX_ID_LENGTH => {
                condition.and("key = ?", Some(Value::Text(format!("id:{id}"))));
            }
            id => condition.and("id = ?", text(id)),
        }
        condition.and("source = ?", text(&filter.source));
        condition.and("spektr_id = ?", text(&filter.spektr_id));
        condition.and("wire_type = ? COLLATE NOCASE", text(&filter.wire_type));
        if let Some(state) = filter.state {
            // A literal, because each partial index covers one state only. The plus keeps
            // SQLite from using such an index if another index finds fewer rows.
            let is_narrow = filter.number.is_some() || filter.id.is_some();
            let plus = if is_narrow || filter.spektr_id.is_some() { "+" } else { "" };
            condition.sql.push_str(&format!(" AND {plus}state = '{state}'"));
        }
        condition.and("received_at < ?", time(filter.received_before));
        condition.and("received_at >= ?", time(filter.received_since));
        let bytes = filter.names.clone().map(|text| Value::Blob(text.into_bytes()));
        condition.and("max(instr(raw, ?), instr(raw, x'5c')) > 0", bytes);
        condition
    }

    pub(super) fn and(&mut self, sql: &str, value: Option<Value>) {
        if let Some(value) = value {
            self.sql.push_str(" AND ");
            self.sql.push_str(sql);
            self.values.push(value);
        }
    }
}
