//! Filters as SQL: what both databases have in common. The SQL of each term is the database's own.

use std::borrow::Cow;

use super::Filter;
use super::filter::Term;

/// The SQL of a database for the terms of filters.
pub(super) trait Dialect {
    /// The value of a parameter.
    type Value;

    /// The character before the number of a parameter.
    const MARK: char;

    /// Returns the SQL of a term, and the value of its parameter, for which the SQL has `$`.
    fn translate(term: Term<'_>, filter: &Filter) -> (Cow<'static, str>, Option<Self::Value>);
}

/// A condition in SQL, and the values of its parameters in order.
pub(super) struct Condition<D: Dialect> {
    pub(super) sql: String,
    pub(super) values: Vec<D::Value>,
}

impl<D: Dialect> Condition<D> {
    pub(super) fn new(filter: &Filter) -> Self {
        let mut condition = Self { sql: "TRUE".to_owned(), values: Vec::new() };
        condition.add(filter);
        condition
    }

    /// Adds a filter. Returns the added part as a condition of its own, for use in another
    /// clause of the same statement.
    pub(super) fn add(&mut self, filter: &Filter) -> String {
        let start = self.sql.len();
        for term in filter.terms() {
            match D::translate(term, filter) {
                (sql, Some(value)) => self.and(&sql, value),
                (sql, None) => self.and_sql(&sql),
            }
        }
        let added = self.sql.split_off(start);
        self.sql.push_str(&added);
        format!("TRUE{added}")
    }

    /// Adds a condition with one parameter, which is `$` in the SQL.
    pub(super) fn and(&mut self, sql: &str, value: D::Value) {
        let parameter = self.parameter(value);
        self.and_sql(&sql.replace('$', &parameter));
    }

    /// Adds a value for use in another clause of the same statement. Returns the parameter.
    pub(super) fn parameter(&mut self, value: D::Value) -> String {
        self.values.push(value);
        format!("{}{}", D::MARK, self.values.len())
    }

    fn and_sql(&mut self, sql: &str) {
        self.sql.push_str(" AND ");
        self.sql.push_str(sql);
    }
}
