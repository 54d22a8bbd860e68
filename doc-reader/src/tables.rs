//! Tables of the page: their rows, and whether they list events or members.

use std::collections::HashSet;

use crate::digest::Digest;
use crate::facts::{EventRow, Problem, ProblemKind};
use crate::terms::EventStatus;
use crate::words::{self, Column};
use crate::{names, types};

#[derive(Debug)]
pub(crate) struct Table {
    pub(crate) header: Vec<String>,
    /// The cells of each row. A row that could not be split has one cell.
    pub(crate) rows: Vec<Vec<String>>,
    /// Set by [`shape`] when all rows are known.
    pub(crate) shape: TableShape,
}

impl Table {
    pub(crate) fn columns(&self) -> Vec<Column> {
        self.header.iter().map(|cell| words::column(cell)).collect()
    }

    /// Whether the row could not be split into cells.
    pub(crate) fn is_unsplit(&self, row: &[String]) -> bool {
        row.len() == 1 && self.header.len() > 1
    }

    /// Returns the cells of one column, with an empty text for short rows.
    pub(crate) fn cells(&self, column: usize) -> impl DoubleEndedIterator<Item = &str> {
        self.rows.iter().map(move |row| cell(row, Some(column)))
    }
}

/// Returns a row's cell, or an empty text if the row has no such cell.
pub(crate) fn cell(row: &[String], column: Option<usize>) -> &str {
    column.and_then(|at| row.get(at)).map_or("", String::as_str)
}

/// The kind of a table, and its columns by position.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum TableShape {
    Events(EventColumns),
    Members {
        name: usize,
        kind: Option<usize>,
    },
    #[default]
    Other,
}

/// The columns of a table of events, by position.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct EventColumns {
    name: usize,
    status: Option<usize>,
    wire_type: Option<usize>,
    /// Whether a column heading mentions events, or a column has known statuses. A table of
    /// upper-case names alone may list error codes or settings.
    pub(crate) sure: bool,
}

/// Determines the kind of a table from its column headings and its cells.
pub(crate) fn shape(table: &Table) -> TableShape {
    let columns = table.columns();
    let find = |wanted: Column| columns.iter().position(|&column| column == wanted);
    let mostly = |at: usize, fits: &dyn Fn(&str) -> bool| {
        let cells = || table.cells(at).filter(|cell| !cell.is_empty());
        let fitting = cells().filter(|cell| fits(cell)).count();
        fitting > 0 && 2 * fitting >= cells().count()
    };
    let is_type = |cell: &str| types::cell(cell).is_some();
    let is_event = |cell: &str| names::is_event_name(event_name(cell).0);
    let is_wire_type = |cell: &str| {
        let cell = words::bare(cell);
        names::is_event_name(cell) && !cell.bytes().any(|byte| byte.is_ascii_uppercase())
    };

    let kind = (0..columns.len())
        .find(|&at| matches!(columns[at], Column::Type | Column::Other) && mostly(at, &is_type));
    let status = find(Column::Status);
    let status_known = status.is_some_and(|at| mostly(at, &|cell| words::status(cell).is_some()));
    if kind.is_none() && status.is_none() && table.header.iter().any(|head| words::is_change(head))
    {
        return TableShape::Other;
    }
    if kind.is_none() {
        let name = find(Column::Event).filter(|&at| mostly(at, &is_event)).or_else(|| {
            // Without a column for events, a status column or a column of upper-case names shows
            // that the table lists events.
            (0..columns.len()).find(|&at| {
                Some(at) != status
                    && matches!(columns[at], Column::Name | Column::Type | Column::Other)
                    && mostly(at, &is_event)
                    && (status.is_some()
                        || mostly(at, &|cell| names::looks_like_event(cell) && !is_wire_type(cell)))
            })
        });
        if let Some(name) = name {
            // Each event has its own wire type. A column with repeated words, such as `real-time`,
            // holds something else.
            let own = |at: usize| {
                let mut seen = HashSet::new();
                table.cells(at).all(|cell| cell.is_empty() || seen.insert(words::bare(cell)))
            };
            let wire_type =
                (0..columns.len()).find(|&at| at != name && mostly(at, &is_wire_type) && own(at));
            let sure = columns[name] == Column::Event || status_known;
            return TableShape::Events(EventColumns { name, status, wire_type, sure });
        }
    }
    let name = find(Column::Name).or_else(|| {
        kind.and_then(|kind| {
            (0..columns.len()).find(|&at| at != kind && columns[at] == Column::Other)
        })
    });
    match name {
        Some(name) => TableShape::Members { name, kind },
        None => TableShape::Other,
    }
}

/// Whether the last row lacks the status or the type that all other rows have, or has only the
/// beginning of the word.
pub(crate) fn ends_within_row(table: &Table) -> bool {
    type Test = fn(&str) -> bool;
    let (column, begins, is_whole): (_, Test, Test) = match table.shape {
        TableShape::Events(EventColumns { status: Some(at), .. }) => {
            (at, words::begins_status, |cell| words::status(cell).is_some())
        }
        TableShape::Members { kind: Some(at), .. } => (at, types::begins, |cell| !cell.is_empty()),
        _ => return false,
    };
    let rows = table.rows.iter().filter(|row| !table.is_unsplit(row));
    let mut cells = rows.map(|row| cell(row, Some(column)));
    let last = cells.next_back().unwrap_or_default();
    let mut others = cells.peekable();
    begins(last) && others.peek().is_some() && others.all(is_whole)
}

/// Removes the mark-up from the name's cell in a table of events; also returns whether the cell
/// calls the event deprecated.
fn event_name(cell: &str) -> (&str, bool) {
    let (name, status) = names::without_status(cell);
    (words::bare(names::without_badge(name)), status == Some(EventStatus::Deprecated))
}

/// Reads the rows of a table of events.
pub(crate) fn events(
    table: &Table,
    columns: EventColumns,
    problems: &mut Vec<Problem>,
) -> Vec<EventRow> {
    let EventColumns { name, status, wire_type, .. } = columns;
    let mut rows = Vec::new();
    let mut texts: Vec<usize> = (0..table.header.len())
        .filter(|&at| at != name && Some(at) != status && Some(at) != wire_type)
        .collect();
    // The digest does not depend on the order of columns.
    texts.sort_by_key(|&at| table.header[at].to_ascii_lowercase());
    for row in &table.rows {
        let said = cell(row, Some(name));
        let (named, deprecated) = event_name(said);
        if !names::is_event_name(named) {
            let kind = unnamed(table, row, ProblemKind::EventUnnamed);
            problems.push(Problem::new(kind, None, &row.join(" ")));
            continue;
        }
        let said_status = cell(row, status);
        let mut known = words::status(said_status);
        if known.is_none() && !said_status.is_empty() {
            let about = format!("{named}: {said_status}");
            problems.push(Problem::new(ProblemKind::StatusUnknown, None, &about));
        }
        if deprecated
            || words::says_deprecated(said_status)
            || texts.iter().any(|&at| words::says_deprecated(cell(row, Some(at))))
        {
            known = Some(EventStatus::Deprecated);
        }
        let wire_type = words::bare(cell(row, wire_type));
        let described: String = texts.iter().map(|&at| cell(row, Some(at))).collect();
        rows.push(EventRow {
            name: named.to_owned(),
            status: known,
            wire_type: (!wire_type.is_empty()).then(|| wire_type.to_owned()),
            digest: Digest::of_words(&described),
        });
    }
    rows
}

/// Returns the problem of a row without a name: `kind`, or `RowUnsplit` if the row could not be
/// split.
pub(crate) fn unnamed(table: &Table, row: &[String], kind: ProblemKind) -> ProblemKind {
    if table.is_unsplit(row) { ProblemKind::RowUnsplit } else { kind }
}
