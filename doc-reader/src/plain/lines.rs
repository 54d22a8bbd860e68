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
    let find = |wanted: &[Column]| columns.iter().position(|column| wanted.contains(column));
    let members = words::lists_members(columns);
    let Some(name) = find(&[Column::Event, Column::Name]) else { return rows };
    let mark = find(if members { &[Column::Type] } else { &[Column::Status] }).unwrap_or(name);
    let reader = Reader { lines, columns, members, name, mark };
    let mut seen = HashSet::new();
    while let Some(start) = reader.next(rows.end)
        && let Some((cells, end)) = reader.row(start).or_else(|| reader.positional(start))
        // The name of an event that comes again is a heading.
        && (members || seen.insert(cells[name].clone()))
    {
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

impl Reader<'_> {
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
        let (left, right) = (self.name.min(self.mark), self.name.max(self.mark));
        let first = self.cell(at, left, left)?;
        let next = self.next(first + 1)?;
        if left == right {
            return self.is_text(self.line(next)).then_some((first, first));
        }
        Some((first, self.cell(next, right, right - left - 1)?))
    }

    /// Finds the cell of a column, after at most so many cells of text.
    fn cell(&self, at: usize, column: usize, texts: usize) -> Option<usize> {
        let most = if texts == 0 { 1 } else { texts + LONGEST_CELL };
        let written = (at..self.lines.len()).filter(|&here| !self.line(here).is_empty());
        let fits = |here: &usize| self.fits(column, self.line(*here));
        let mut ahead = written.take(most);
        ahead.find(|here| fits(here) || !self.is_text(self.line(*here))).filter(fits)
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
            let text = |here: &usize| self.is_text(self.line(*here));
            let Some(here) = next.filter(text).filter(|&it| self.anchors(it).is_none()) else {
                break;
            };
            let line = self.line(here);
            if self.columns[column] != Column::Flag || words::flag(line).is_some() {
                *cell = words::squeeze(line);
                end = here + 1;
            }
        }
        // Further lines of the last cell, where another row follows them.
        let begins = |&at: &usize| !self.line(at).is_empty() && self.anchors(at).is_some();
        let mut ahead = end..end + LONGEST_CELL;
        let next = ahead.find(|at| begins(at) || !self.is_text(self.line(*at)));
        if let Some(next) = next.filter(begins)
            && self.positional(end).is_none()
        {
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
