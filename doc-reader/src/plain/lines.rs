//! Tables in plain text with one cell to a line.
//!
//! Empty cells may have left no line at all, and a description may take several
//! lines, so rows are found by what is in them: a member's name with a type, or
//! an event's name with a status.

use std::collections::HashSet;

use crate::document::Table;
use crate::example::starts_json;
use crate::names::{is_event_name, looks_like_event, without_status};
use crate::types;
use crate::words::{self, Column};

/// Lines that one cell may take, blank ones included.
const LONGEST_CELL: usize = 4;

/// Bytes that a status may take with what is said of it: `WIP (since May)`.
const LONGEST_STATUS: usize = 32;

/// Reads rows until no further row begins; returns the first line after them.
pub(super) fn one_per_line(
    lines: &[&str],
    from: usize,
    columns: &[Column],
    table: &mut Table,
) -> usize {
    let Some(reader) = Reader::new(lines, columns) else { return from };
    let mut seen = HashSet::new();
    let mut at = from;
    while let Some((cells, end)) =
        reader.next(at).and_then(|start| reader.row(start).or_else(|| reader.positional(start)))
    {
        // The name of an event that comes again is a heading.
        if !reader.members && !seen.insert(cells[reader.name].clone()) {
            break;
        }
        table.rows.push(cells);
        at = end;
    }
    at
}

struct Reader<'a> {
    lines: &'a [&'a str],
    columns: &'a [Column],
    members: bool,
    /// The column of the name.
    name: usize,
    /// The column whose content shows that a line belongs to a row.
    mark: Option<usize>,
}

impl<'a> Reader<'a> {
    fn new(lines: &'a [&'a str], columns: &'a [Column]) -> Option<Self> {
        let find = |wanted: &[Column]| columns.iter().position(|column| wanted.contains(column));
        let members = words::lists_members(columns);
        Some(Reader {
            lines,
            columns,
            members,
            name: find(&[Column::Event, Column::Name])?,
            mark: find(if members { &[Column::Type] } else { &[Column::Status] }),
        })
    }

    fn line(&self, at: usize) -> &str {
        self.lines.get(at).map_or("", |line| line.trim())
    }

    /// The next line that is not blank.
    fn next(&self, from: usize) -> Option<usize> {
        let ahead = from..self.lines.len().min(from + LONGEST_CELL);
        ahead.into_iter().find(|&at| !self.line(at).is_empty())
    }

    fn fits(&self, column: usize, line: &str) -> bool {
        match self.columns.get(column) {
            Some(Column::Type) => types::cell(line).is_some(),
            // A longer text only begins with a status: `Deprecated. Use another one`.
            Some(Column::Status) => line.len() <= LONGEST_STATUS && words::status(line).is_some(),
            Some(Column::Event | Column::Name) if self.members => is_member(line),
            Some(Column::Event | Column::Name) => is_event_name(without_status(line).0),
            _ => false,
        }
    }

    /// Whether a line is the wire type of an event, where there is a column for it.
    fn is_wire_type(&self, line: &str) -> bool {
        self.columns.contains(&Column::Type)
            && is_event_name(words::bare(line))
            && !line.bytes().any(|byte| byte.is_ascii_uppercase())
    }

    /// Whether a line can be a cell of text.
    fn is_text(&self, line: &str) -> bool {
        let heading = if self.members {
            looks_like_event(line)
        } else {
            is_event_name(words::bare(line)) && !self.is_wire_type(line)
        };
        !line.is_empty() && !heading && !starts_json(line)
    }

    /// Finds a row's name and mark from its first line on; both where they are
    /// one, if the table has no mark.
    fn anchors(&self, at: usize) -> Option<(usize, usize)> {
        let mark = self.mark.unwrap_or(self.name);
        let (first, second) = (self.name.min(mark), self.name.max(mark));
        let start = self.cell(at, first, first)?;
        if first == second {
            let next = self.next(start + 1)?;
            return self.is_text(self.line(next)).then_some((start, start));
        }
        let end = self.cell(self.next(start + 1)?, second, second - first - 1)?;
        Some((start, end))
    }

    /// Finds the cell of a column, after at most so many cells of text.
    fn cell(&self, at: usize, column: usize, texts: usize) -> Option<usize> {
        let most = if texts == 0 { 1 } else { texts + LONGEST_CELL };
        for here in (at..)
            .filter(|&here| !self.line(here).is_empty() || here >= self.lines.len())
            .take(most)
        {
            let line = self.line(here);
            if self.fits(column, line) {
                return Some(here);
            }
            if !self.is_text(line) {
                return None;
            }
        }
        None
    }

    fn row(&self, at: usize) -> Option<(Vec<String>, usize)> {
        let (first, second) = self.anchors(at)?;
        let mark = self.mark.unwrap_or(self.name);
        let mut cells = vec![String::new(); self.columns.len()];
        cells[self.name.min(mark)] = words::squeeze(self.line(first));
        cells[self.name.max(mark)] = words::squeeze(self.line(second));
        for (from, to, column) in [(at, first, 0), (first + 1, second, self.name.min(mark) + 1)] {
            for here in from..to {
                self.add_text(&mut cells, column, here);
            }
        }
        let mut end = second + 1;
        // Where no blank line stands between cells, one ends the row.
        let tight = (at..=second).all(|here| !self.line(here).is_empty());
        let next = |end: usize| match tight {
            true => Some(end).filter(|&end| !self.line(end).is_empty()),
            false => self.next(end),
        };
        for (column, cell) in cells.iter_mut().enumerate().skip(self.name.max(mark) + 1) {
            let Some(here) = next(end) else { break };
            let line = self.line(here);
            let flag = self.columns[column] == Column::Flag;
            let fits = if flag { words::flag(line).is_some() } else { self.is_text(line) };
            if fits && self.anchors(here).is_none() {
                *cell = words::squeeze(line);
                end = here + 1;
            }
        }
        // Further lines of the last cell, where another row follows them.
        let other = next(end).is_none_or(|next| self.positional(next).is_some());
        if let Some(next) = self.row_soon(end).filter(|_| !other) {
            for here in end..next {
                self.add_text(&mut cells, 0, here);
            }
            end = next;
        }
        Some((cells, end))
    }

    /// Reads a row whose status or type is in other words, by the order of its
    /// cells; only where the name stands first and another row follows.
    fn positional(&self, at: usize) -> Option<(Vec<String>, usize)> {
        if self.name != 0 || self.mark.is_none() || !self.fits(0, self.line(at)) {
            return None;
        }
        let mut cells = vec![words::squeeze(self.line(at))];
        let mut end = at + 1;
        while let Some(here) = self.next(end).filter(|_| cells.len() < self.columns.len()) {
            if !self.is_text(self.line(here)) {
                break;
            }
            cells.push(words::squeeze(self.line(here)));
            end = here + 1;
        }
        let next = self.next(end);
        let follows = if self.members {
            next.is_some_and(|next| self.anchors(next).is_some())
        } else {
            next.is_none_or(|next| !self.is_text(self.line(next)) || starts_json(self.line(next)))
        };
        (follows && cells.len() == self.columns.len()).then_some((cells, end))
    }

    /// Where the next row begins, if only some lines of text are before it.
    fn row_soon(&self, from: usize) -> Option<usize> {
        for here in from..from + LONGEST_CELL {
            if !self.line(here).is_empty() && self.anchors(here).is_some() {
                return Some(here);
            }
            if !self.is_text(self.line(here)) {
                return None;
            }
        }
        None
    }

    /// Adds a line to the first column of text, from a column on.
    fn add_text(&self, cells: &mut [String], from: usize, line: usize) {
        let line = self.line(line);
        let wire_type = !self.members && self.is_wire_type(line);
        let text = |column: &Column| match column {
            Column::Type => wire_type,
            column => !wire_type && matches!(column, Column::Text | Column::Other),
        };
        let line = words::squeeze(line);
        let column = self.columns.iter().skip(from).position(text).map(|at| at + from);
        if let Some(cell) = column.and_then(|at| cells.get_mut(at)).filter(|_| !line.is_empty()) {
            if !cell.is_empty() {
                cell.push(' ');
            }
            cell.push_str(&line);
        }
    }
}

/// Whether a line can be a member's name: one word, no sentence.
fn is_member(line: &str) -> bool {
    line.len() <= 128
        && line.starts_with(|c: char| c.is_alphabetic() || matches!(c, '_' | '`' | '$'))
        && !line.contains(char::is_whitespace)
        && !line.ends_with(['.', ':', ','])
}
