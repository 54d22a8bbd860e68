//! Tables in plain text with one cell per line.
//!
//! An empty cell may have no line, and a description may have several. Rows are therefore
//! recognised by their contents: a member's name with a type, or an event's name with a status.

use std::collections::HashSet;

use lazy_regex::regex_is_match;

use super::PlainRows;
use crate::example::json_start;
use crate::names::{is_event_name, is_wire_type, looks_like_event, without_status};
use crate::types;
use crate::words::{self, Column};

/// The most lines of one cell, blank lines included.
const LONGEST_CELL: usize = 4;

/// The most lines of text in a cell before a cell of `CellReader::marks`.
const MOST_LINES: usize = 6;

/// The longest status with its remark, in bytes: `WIP (since May)`.
const LONGEST_STATUS: usize = 32;

/// Reads rows until no further row begins.
pub(super) fn one_per_line(lines: &[&str], from: usize, columns: &[Column]) -> PlainRows {
    let mut rows = PlainRows { end: from, ..PlainRows::default() };
    let members = words::lists_members(columns);
    let is_name = |column: &Column| matches!(column, Column::Event | Column::Name);
    let mark = if members { Column::Type } else { Column::Status };
    let Some(name) = columns.iter().position(is_name) else { return rows };
    let shows = |at: &usize| *at == name || columns[*at] == mark;
    let marks = (0..columns.len()).filter(shows).collect();
    let reader = CellReader { lines, columns, members, marks };
    let mut seen = HashSet::new();
    while let Some(start) = reader.next(rows.end)
        && let Some((cells, end)) = reader.row(start).or_else(|| reader.positional(start))
        // A repeated name of an event is a heading.
        && (members || seen.insert(cells[name].clone()))
    {
        rows.cells.push(cells);
        rows.end = end;
    }
    rows
}

struct CellReader<'a> {
    lines: &'a [&'a str],
    columns: &'a [Column],
    members: bool,
    /// The columns whose content identifies a row: the name, and the type or the status.
    marks: Vec<usize>,
}

impl CellReader<'_> {
    fn line(&self, at: usize) -> &str {
        self.lines.get(at).map_or("", |line| line.trim())
    }

    /// Returns the next line that is not blank, if it is near enough to belong to the row.
    fn next(&self, from: usize) -> Option<usize> {
        (from..from + LONGEST_CELL).find(|&at| !self.line(at).is_empty())
    }

    fn fits(&self, column: usize, line: &str) -> bool {
        match self.columns.get(column) {
            Some(Column::Type) => types::cell(line).is_some(),
            // A longer text may only begin with a status: `Deprecated. Use another one`.
            Some(Column::Status) => line.len() <= LONGEST_STATUS && words::status(line).is_some(),
            // One word, not a sentence.
            Some(Column::Event | Column::Name) if self.members => {
                regex_is_match!(r"^[\p{Alphabetic}_`$](?:\S{0,126}[^\s.:,])?$", line)
            }
            Some(Column::Event | Column::Name) => is_event_name(without_status(line).0),
            _ => false,
        }
    }

    /// Whether a line is the wire type of an event, in a table with a column for it.
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
        !line.is_empty() && !heading && json_start(line).is_none()
    }

    /// Reads the cells of a row up to the last of `marks`.
    fn head(&self, at: usize) -> Option<(Vec<String>, usize)> {
        let (mut cells, mut end) = (Vec::new(), at);
        for column in 0..=*self.marks.last()? {
            let mark = *self.marks.iter().find(|mark| **mark >= column)?;
            let typed = self.columns[column] == Column::Type;
            let is_text = |line| self.is_text(line) && self.is_wire_type(line) == typed;
            let mut cell = Vec::new();
            while let Some(here) =
                self.next(end).filter(|_| column < mark && cell.len() < MOST_LINES)
                && let line = self.line(here)
                && !self.fits(mark, line)
                && is_text(line)
            {
                cell.push(line);
                end = here + 1;
            }
            if column == mark {
                let here = self.next(end).filter(|&here| self.fits(mark, self.line(here)))?;
                cell.push(self.line(here));
                end = here + 1;
            }
            cells.push(words::squeeze(&cell.join(" ")));
        }
        // If only the name identifies the row, text must follow.
        let follows = || self.next(end).is_some_and(|next| self.is_text(self.line(next)));
        (self.marks.len() > 1 || follows()).then_some((cells, end))
    }

    fn row(&self, at: usize) -> Option<(Vec<String>, usize)> {
        let (mut cells, mut end) = self.head(at)?;
        // Without blank lines between cells, a blank line ends the row.
        let tight = (at..end).all(|here| !self.line(here).is_empty());
        let begins = |at: usize| !self.line(at).is_empty() && self.head(at).is_some();
        for column in &self.columns[cells.len()..] {
            let next = if tight { Some(end) } else { self.next(end) };
            let next = next.filter(|&at| self.is_text(self.line(at)) && !begins(at));
            let fits =
                |&at: &usize| *column != Column::Flag || words::flag(self.line(at)).is_some();
            let taken = next.filter(fits);
            cells.push(taken.map_or(String::new(), |at| words::squeeze(self.line(at))));
            end = taken.map_or(end, |at| at + 1);
        }
        // Lines before the next row continue the description.
        let mut ahead = end..end + LONGEST_CELL;
        let next = ahead.find(|&at| begins(at) || !self.is_text(self.line(at)));
        let text = self.columns.iter().position(|it| matches!(it, Column::Text | Column::Other));
        if let (Some(next), Some(text)) = (next.filter(|&at| begins(at)), text)
            && self.positional(end).is_none()
        {
            let more = self.lines[end..next].join(" ");
            cells[text] = words::squeeze(&format!("{} {more}", cells[text]));
            end = next;
        }
        Some((cells, end))
    }

    /// Reads a row with an unknown status or type by the order of its cells. The name must come
    /// first, and another row must follow.
    fn positional(&self, at: usize) -> Option<(Vec<String>, usize)> {
        if !matches!(self.marks[..], [0, _, ..]) || !self.fits(0, self.line(at)) {
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
            Some(next) if self.members => self.head(next).is_some(),
            Some(next) => !self.is_text(self.line(next)),
            None => !self.members,
        };
        (follows && cells.len() == self.columns.len()).then_some((cells, end))
    }
}
