//! Tables in plain text with one cell to a line.
//!
//! Empty cells may have left no line at all, and a description may take several
//! lines, so rows are found by what is in them: a member's name with a type, or
//! an event's name with a status.

use std::collections::HashSet;
use std::ops::Range;

use lazy_regex::regex_is_match;

use super::Rows;
use crate::example::opens_json;
use crate::names::{is_event_name, is_wire_type, looks_like_event, without_status};
use crate::types;
use crate::words::{self, Column};

/// Lines that one cell may take, blank ones included.
const LONGEST_CELL: usize = 4;

/// Bytes that a status may take with what is said of it: `WIP (since May)`.
const LONGEST_STATUS: usize = 32;

/// Reads rows until no further row begins.
pub(super) fn one_per_line(lines: &[&str], from: usize, columns: &[Column]) -> Rows {
    let mut rows = Rows { end: from, ..Rows::default() };
    let Some(reader) = Reader::new(lines, columns) else { return rows };
    let mut seen = HashSet::new();
    let next = |at| {
        let start = reader.next(at)?;
        reader.row(start).or_else(|| reader.positional(start))
    };
    while let Some((cells, end)) = next(rows.end) {
        // The name of an event that comes again is a heading.
        if !reader.members && !seen.insert(cells[reader.name].clone()) {
            break;
        }
        rows.cells.push(cells);
        rows.end = end;
    }
    rows
}

struct Reader<'a> {
    lines: &'a [&'a str],
    columns: &'a [Column],
    members: bool,
    /// The column of the name.
    name: usize,
    /// The column whose content shows that a line belongs to a row: that of the name, if
    /// there is no other.
    mark: usize,
}

impl<'a> Reader<'a> {
    fn new(lines: &'a [&'a str], columns: &'a [Column]) -> Option<Self> {
        let find = |wanted: &[Column]| columns.iter().position(|column| wanted.contains(column));
        let members = words::lists_members(columns);
        let name = find(&[Column::Event, Column::Name])?;
        let mark = find(if members { &[Column::Type] } else { &[Column::Status] });
        Some(Reader { lines, columns, members, name, mark: mark.unwrap_or(name) })
    }

    fn line(&self, at: usize) -> &str {
        self.lines.get(at).map_or("", |line| line.trim())
    }

    /// The next line that is not blank.
    fn next(&self, from: usize) -> Option<usize> {
        (from..from + LONGEST_CELL).find(|&at| !self.line(at).is_empty())
    }

    fn fits(&self, column: usize, line: &str) -> bool {
        match self.columns.get(column) {
            Some(Column::Type) => types::cell(line).is_some(),
            // A longer text only begins with a status: `Deprecated. Use another one`.
            Some(Column::Status) => line.len() <= LONGEST_STATUS && words::status(line).is_some(),
            // One word, no sentence.
            Some(Column::Event | Column::Name) if self.members => {
                regex_is_match!(r"^[\p{Alphabetic}_`$](?:\S{0,126}[^\s.:,])?$", line)
            }
            Some(Column::Event | Column::Name) => is_event_name(without_status(line).0),
            _ => false,
        }
    }

    /// Whether a line is the wire type of an event, where there is a column for it.
    fn is_wire_type(&self, line: &str) -> bool {
        !self.members && self.columns.contains(&Column::Type) && is_wire_type(words::bare(line))
    }

    /// Whether a line can be a cell of text.
    fn is_text(&self, line: &str) -> bool {
        let heading = if self.members {
            looks_like_event(line)
        } else {
            is_event_name(words::bare(line)) && !self.is_wire_type(line)
        };
        !line.is_empty() && !heading && opens_json(line).is_none()
    }

    /// Finds a row's name and mark from its first line on, the first of them first.
    fn anchors(&self, at: usize) -> Option<(usize, usize)> {
        let (first, second) = (self.name.min(self.mark), self.name.max(self.mark));
        let start = self.cell(at, first, first)?;
        let next = self.next(start + 1)?;
        if first == second {
            return self.is_text(self.line(next)).then_some((start, start));
        }
        Some((start, self.cell(next, second, second - first - 1)?))
    }

    /// Finds the cell of a column, after at most so many cells of text.
    fn cell(&self, at: usize, column: usize, texts: usize) -> Option<usize> {
        let most = if texts == 0 { 1 } else { texts + LONGEST_CELL };
        let written = |&here: &usize| !self.line(here).is_empty() || here >= self.lines.len();
        let ahead = (at..).filter(written).take(most);
        let mut ahead = ahead.skip_while(|&here| {
            !self.fits(column, self.line(here)) && self.is_text(self.line(here))
        });
        ahead.next().filter(|&here| self.fits(column, self.line(here)))
    }

    fn row(&self, at: usize) -> Option<(Vec<String>, usize)> {
        let (first, second) = self.anchors(at)?;
        let (left, right) = (self.name.min(self.mark), self.name.max(self.mark));
        let mut cells = vec![String::new(); self.columns.len()];
        cells[left] = words::squeeze(self.line(first));
        cells[right] = words::squeeze(self.line(second));
        self.add_text(&mut cells, at..first, 0);
        self.add_text(&mut cells, first + 1..second, left + 1);
        let mut end = second + 1;
        // Where no blank line stands between cells, one ends the row.
        let tight = (at..=second).all(|here| !self.line(here).is_empty());
        for (column, cell) in cells.iter_mut().enumerate().skip(right + 1) {
            let next = if tight { Some(end) } else { self.next(end) };
            let Some(here) = next.filter(|&here| !self.line(here).is_empty()) else { break };
            let line = self.line(here);
            let flag = self.columns[column] == Column::Flag;
            let fits = if flag { words::flag(line).is_some() } else { self.is_text(line) };
            if fits && self.anchors(here).is_none() {
                *cell = words::squeeze(line);
                end = here + 1;
            }
        }
        // Further lines of the last cell, where another row follows them.
        let other = self.next(end).is_none_or(|next| self.positional(next).is_some());
        if let Some(next) = self.row_soon(end).filter(|_| !other) {
            self.add_text(&mut cells, end..next, 0);
            end = next;
        }
        Some((cells, end))
    }

    /// Reads a row whose status or type is in other words, by the order of its
    /// cells; only where the name stands first and another row follows.
    fn positional(&self, at: usize) -> Option<(Vec<String>, usize)> {
        if self.name != 0 || self.mark == 0 || !self.fits(0, self.line(at)) {
            return None;
        }
        let mut cells = vec![words::squeeze(self.line(at))];
        let mut end = at + 1;
        let text = |at| self.next(at).filter(|&here| self.is_text(self.line(here)));
        while let Some(here) = text(end).filter(|_| cells.len() < self.columns.len()) {
            cells.push(words::squeeze(self.line(here)));
            end = here + 1;
        }
        let follows = match self.next(end) {
            Some(next) if self.members => self.anchors(next).is_some(),
            Some(next) => !self.is_text(self.line(next)),
            None => !self.members,
        };
        (follows && cells.len() == self.columns.len()).then_some((cells, end))
    }

    /// Where the next row begins, if only some lines of text are before it.
    fn row_soon(&self, from: usize) -> Option<usize> {
        let begins = |at: usize| !self.line(at).is_empty() && self.anchors(at).is_some();
        let mut ahead = from..from + LONGEST_CELL;
        let end = ahead.find(|&at| begins(at) || !self.is_text(self.line(at)))?;
        begins(end).then_some(end)
    }

    /// Adds lines to the first column of text, from a column on; wire types to their own.
    fn add_text(&self, cells: &mut [String], lines: Range<usize>, from: usize) {
        for line in lines.map(|at| self.line(at)).filter(|line| !line.is_empty()) {
            let wanted: &[Column] = match self.is_wire_type(line) {
                true => &[Column::Type],
                false => &[Column::Text, Column::Other],
            };
            let column = (from..cells.len()).find(|&at| wanted.contains(&self.columns[at]));
            if let Some(cell) = column.and_then(|at| cells.get_mut(at)) {
                *cell = words::squeeze(&format!("{cell} {line}"));
            }
        }
    }
}
