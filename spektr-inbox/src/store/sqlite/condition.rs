//! The SQL of the terms of filters.

use std::borrow::Cow;

use rusqlite::types::Value;

use crate::store::Filter;
use crate::store::filter::Term;
use crate::store::sql::{self, Dialect};

pub(super) type Condition = sql::Condition<Sqlite>;

pub(super) enum Sqlite {}

impl Dialect for Sqlite {
    type Value = Value;

    const MARK: char = '?';

    fn translate(term: Term<'_>, filter: &Filter) -> (Cow<'static, str>, Option<Value>) {
        let text = |text: &str| Value::Text(text.to_owned());
        let (sql, value) = match term {
            Term::Number(number) => ("number = $", Value::Integer(number)),
            Term::UpTo(number) => ("number <= $", Value::Integer(number)),
            Term::Key(key) => ("key = $", Value::Text(key)),
            Term::LongId(id) => ("id = $", text(id)),
            Term::Source(source) => ("source = $", text(source)),
            Term::SpektrId(spektr_id) => ("spektr_id = $", text(spektr_id)),
            Term::WireType(wire_type) => ("wire_type = $ COLLATE NOCASE", text(wire_type)),
            Term::State(state) => {
                // A literal, because each partial index covers one state only. The plus keeps
                // SQLite from using such an index if another index finds fewer rows.
                let is_narrow = filter.number.is_some() || filter.id.is_some();
                let plus = if is_narrow || filter.spektr_id.is_some() { "+" } else { "" };
                return (format!("{plus}state = '{state}'").into(), None);
            }
            Term::ReceivedBefore(time) => ("received_at < $", Value::Integer(time.as_millis())),
            Term::ReceivedSince(time) => ("received_at >= $", Value::Integer(time.as_millis())),
            Term::Names(text) => {
                ("max(instr(raw, $), instr(raw, x'5c')) > 0", Value::Blob(text.as_bytes().to_vec()))
            }
        };
        (sql.into(), Some(value))
    }
}
