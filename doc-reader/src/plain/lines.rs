//! Tables in plain text with one cell to a line.
//!
//! Empty cells may have left no line at all, so rows are found by what is in
//! them: a name with a type after it, or the name of an event with a status.

use crate::document::Table;
use crate::example::starts_json;
use crate::names::{is_event_name, looks_like_event};
use crate::types;
use crate::words::{self, Column};

/// Lines of one description that are looked through for the next row.
const LONGEST_TEXT: usize = 4;

/// Reads rows until no further row begins; returns the first line after them.
pub(super) fn one_per_line(
    lines: &[&str],
    from: usize,
    columns: &[Column],
    table: &mut Table,
) -> usize {
    let reader = Reader { lines, columns, members: columns.contains(&Column::Type) };
    let mut seen = std::collections::HashSet::new();
    let mut at = from;
    while let Some(start) = reader.next(at) {
        let Some((cells, end)) = reader.row(start) else {
            break;
        };
        // A name of the table that comes again is a heading.
        if !reader.members && !seen.insert(cells.first().cloned()) {
            break;
        }
        table.rows.push(cells);
        at = end;
        if reader.next(at).is_none_or(|next| !reader.starts_row(next)) {
            // Further lines of the description, where another row follows them.
            let Some(next) = reader.row_soon(at) else {
                break;
            };
            if let Some(row) = table.rows.last_mut() {
                reader.add_text(row, at, next);
            }
            at = next;
        }
    }
    at
}

struct Reader<'a> {
    lines: &'a [&'a str],
    columns: &'a [Column],
    members: bool,
}

impl Reader<'_> {
    fn line(&self, at: usize) -> &str {
        self.lines.get(at).map_or("", |line| line.trim())
    }

    /// The next line that is not blank.
    fn next(&self, from: usize) -> Option<usize> {
        let lines = self.lines.iter().enumerate().skip(from);
        lines.take(LONGEST_TEXT).find(|(_, line)| !line.trim().is_empty()).map(|(at, _)| at)
    }

    fn fits(&self, column: Column, line: &str) -> bool {
        match column {
            Column::Type => types::cell(line).is_some(),
            Column::Status => words::status(line).is_some(),
            Column::Flag => words::flag(line).is_some(),
            Column::Event | Column::Name if self.members => {
                line.len() <= 128
                    && line.starts_with(|c: char| c.is_alphabetic() || matches!(c, '_' | '`' | '$'))
                    && !line.trim_end_matches('?').contains(char::is_whitespace)
                    && !line.ends_with(['.', ':', ','])
            }
            Column::Event | Column::Name => is_event_name(words::bare(line)),
            Column::Text | Column::Other => !self.ends_table(line),
        }
    }

    fn ends_table(&self, line: &str) -> bool {
        starts_json(line) || (self.members && looks_like_event(line))
    }

    /// Whether a row begins here: its name, and what shows that it is one.
    fn starts_row(&self, at: usize) -> bool {
        let mut here = at;
        let mut wanted = self.columns.iter().enumerate();
        let mark = if self.members { Column::Type } else { Column::Status };
        let has_mark = self.columns.contains(&mark);
        for (index, &column) in wanted.by_ref() {
            let line = self.line(here);
            let named = matches!(column, Column::Event | Column::Name);
            if named || column == mark {
                if line.is_empty() || !self.fits(column, line) {
                    return false;
                }
                let done_marks = column == mark || !self.columns[index..].contains(&mark);
                let done_names = named
                    || !self.columns[index..]
                        .iter()
                        .any(|c| matches!(c, Column::Event | Column::Name));
                if done_marks && done_names && (has_mark || index > 0) {
                    return true;
                }
            } else if self.fits(mark, line) && has_mark && self.columns[index..].contains(&mark) {
                // The cell is empty and has left no line.
                continue;
            }
            match self.next(here + 1) {
                Some(next) => here = next,
                None => return false,
            }
            if !has_mark && named {
                return !self.ends_table(self.line(here))
                    && !is_event_name(words::bare(self.line(here)));
            }
        }
        false
    }

    fn row(&self, at: usize) -> Option<(Vec<String>, usize)> {
        if !self.starts_row(at) {
            return None;
        }
        let mut cells = Vec::with_capacity(self.columns.len());
        let mut here = Some(at);
        let mut end = at;
        for (index, &column) in self.columns.iter().enumerate() {
            let line = here.map_or("", |here| self.line(here));
            let taken = !line.is_empty()
                && self.fits(column, line)
                && (index == 0 || !here.is_some_and(|here| self.starts_row(here)))
                && !(matches!(column, Column::Text | Column::Other)
                    && self.belongs_later(index, line));
            if let (true, Some(at)) = (taken, here) {
                cells.push(words::squeeze(line));
                end = at + 1;
                here = self.next(end);
            } else {
                cells.push(String::new());
            }
        }
        Some((cells, end))
    }

    /// Whether a line is the cell of a later column whose content is known.
    fn belongs_later(&self, index: usize, line: &str) -> bool {
        self.columns[index + 1..].iter().any(|&column| {
            matches!(column, Column::Type | Column::Status) && self.fits(column, line)
        })
    }

    /// Where a row begins within the next lines, before anything else does.
    fn row_soon(&self, from: usize) -> Option<usize> {
        for at in from..from + LONGEST_TEXT {
            let line = self.line(at);
            if line.is_empty() || looks_like_event(line) || self.ends_table(line) {
                return None;
            }
            if at > from && self.starts_row(at) {
                return Some(at);
            }
        }
        None
    }

    fn add_text(&self, row: &mut [String], from: usize, to: usize) {
        let Some(at) = self.columns.iter().position(|column| *column == Column::Text) else {
            return;
        };
        if let Some(cell) = row.get_mut(at) {
            for line in from..to {
                cell.push(' ');
                cell.push_str(&words::squeeze(self.line(line)));
            }
        }
    }
}
