//! The compared part of a page: the whole page, its table, or one event.

use spektr_doc_reader::letters;

/// The part of a page that is compared with the schema.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Scope {
    Page,
    /// The table of events.
    Table,
    /// The row and the sections of one event.
    Event(String),
}

impl Scope {
    /// Reads the value of `--only`.
    pub(super) fn only(text: &str) -> Self {
        if text == "table" { Scope::Table } else { Scope::Event(text.to_owned()) }
    }

    /// Returns the text that [`only`](Self::only) reads, or `page`.
    pub(super) fn name(&self) -> &str {
        match self {
            Scope::Page => "page",
            Scope::Table => "table",
            Scope::Event(event) => event,
        }
    }

    pub(super) fn has_event(&self, name: &str) -> bool {
        match self {
            Scope::Event(event) => letters(event) == letters(name),
            _ => true,
        }
    }
}
