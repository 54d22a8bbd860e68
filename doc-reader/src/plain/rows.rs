//! Table rows in plain text with all cells on one line.
//!
//! Cells that run together are split from left to right. Only the end of a name can be uncertain.
//! The names and words of the page decide; without them, the row is ambiguous.

use lazy_regex::{regex_captures, regex_find, regex_is_match};

use super::knowledge::{Knowledge, LONGEST_NAME, event_run};
use super::{CellLayout, PlainRows, header};
use crate::example::json_start;
use crate::names::{is_event_name, is_wire_type, looks_like_event};
use crate::types;
use crate::words::{self, Column};

/// Reads rows whose cells are separated by tabs, gaps or bars.
pub(super) fn separated(lines: &[&str], from: usize, by: CellLayout, width: usize) -> PlainRows {
    let mut rows = PlainRows { end: from, ..PlainRows::default() };
    while let Some(line) = lines.get(rows.end) {
        let mut cells = by.cells(line);
        let frame = matches!(by, CellLayout::Bars { .. }) && words::is_frame(line);
        if !frame && (cells.len() < 2 || header(lines, rows.end).is_some()) {
            break;
        }
        // `string | null` is one cell despite the bar.
        while let Some(null) =
            cells.iter().skip(1).position(|cell| cell == "null").filter(|_| cells.len() > width)
        {
            cells.remove(null + 1);
            cells[null].push_str(" | null");
        }
        cells.resize(cells.len().max(width), String::new());
        rows.cells.extend((!frame).then_some(cells));
        rows.end += 1;
    }
    rows
}

/// Reads rows whose cells run together.
pub(super) fn run_together(
    lines: &[&str],
    from: usize,
    columns: &[Column],
    knowledge: &Knowledge<'_>,
) -> PlainRows {
    let mut rows = PlainRows { end: from, ..PlainRows::default() };
    let line = |at: usize| lines.get(at).map(|line| line.trim());
    // A blank line after the header means that blank lines separate all rows.
    let spaced = line(from) == Some("");
    while let Some(here) = line(rows.end) {
        let after_blank = here.is_empty();
        let text = if after_blank { line(rows.end + 1).unwrap_or_default() } else { here };
        let row = split(text, columns, knowledge);
        let cells = row.iter().flat_map(|row| &row.cells);
        let filled = cells.filter(|cell| !cell.is_empty()).count();
        // A row after a blank line must have all its cells, unless blank lines separate all rows.
        let whole = filled == columns.len();
        let belongs = !after_blank || whole || (spaced && row.is_some());
        // An upper-case name before an upper-case status looks like one name.
        let apart = after_blank && !(spaced && whole);
        let heading = looks_like_event(text) && (filled < 2 || apart);
        if heading || !belongs || json_start(text).is_some() || header(lines, rows.end).is_some() {
            break;
        }
        rows.end += 1 + usize::from(after_blank);
        rows.cells.push(match row {
            Some(row) => {
                rows.ambiguous.extend(row.ambiguous.then(|| text.to_owned()));
                row.cells
            }
            None => vec![text.to_owned()],
        });
    }
    rows
}

struct RowSplit<'r> {
    columns: &'r [Column],
    knowledge: &'r Knowledge<'r>,
    members: bool,
    /// The column of the name.
    name: usize,
    /// The text not split yet.
    rest: &'r str,
    cells: Vec<String>,
    ambiguous: bool,
}

fn split<'r>(
    line: &'r str,
    columns: &'r [Column],
    knowledge: &'r Knowledge<'r>,
) -> Option<RowSplit<'r>> {
    let name = columns.iter().position(|c| matches!(c, Column::Event | Column::Name))?;
    let members = words::lists_members(columns);
    let cells = vec![String::new(); columns.len()];
    let mut row =
        RowSplit { columns, knowledge, members, name, rest: line.trim(), cells, ambiguous: false };
    // The status is cut off first, because `WIP` could be read as a part of the name. The last row
    // of a page that is cut off may have no status.
    if let [others @ .., Column::Status] = columns {
        let (before, status) =
            row.rest.split_at(words::status_suffix(row.rest).unwrap_or(row.rest.len()));
        row.cells[others.len()] = status.to_owned();
        (row.columns, row.rest) = (others, before.trim_end());
    }
    (0..row.columns.len()).try_for_each(|column| row.take(column))?;
    row.rest.is_empty().then_some(row)
}

impl RowSplit<'_> {
    /// Cuts off the cell of a column; `None` if the text cannot begin with such a cell.
    fn take(&mut self, column: usize) -> Option<()> {
        let rest = self.rest;
        let known = |name: &str| self.knowledge.is_type_name(name);
        let end = match self.columns[column] {
            _ if column == self.name => {
                let (end, ambiguous) =
                    if self.members { self.member_name() } else { self.event_name() }?;
                self.ambiguous = ambiguous;
                end
            }
            Column::Type if !self.members => {
                Some(event_run(rest)).filter(|run| is_wire_type(run)).map_or(0, str::len)
            }
            Column::Type => types::prefix(rest, &known).or_else(|| types::rare_prefix(rest))?,
            Column::Status if rest.is_empty() => 0,
            Column::Status => words::status_prefix(rest)?,
            Column::Flag => flag(rest),
            Column::Event | Column::Name | Column::Text | Column::Other => rest.len(),
        };
        let (cell, rest) = rest.split_at(end);
        self.cells[column] = words::squeeze(cell);
        self.rest = rest.trim_start();
        Some(())
    }

    /// Returns the end of the member's name, and whether the end is uncertain.
    fn member_name(&self) -> Option<(usize, bool)> {
        let Self { rest, knowledge, .. } = *self;
        if self.columns.get(self.name + 1) != Some(&Column::Type) {
            return self.name_before_text();
        }
        let known = |name: &str| knowledge.is_type_name(name);
        let ends = rest.char_indices().map(|(at, _)| at).take_while(|at| *at <= LONGEST_NAME);
        let ends = ends.skip(1).filter(|&end| is_member_name(rest[..end].trim_end()));
        let typed = ends.clone().filter_map(|end| {
            let (name, after) = rest.split_at(end);
            let length = types::prefix(after, &known)?;
            // If the type word is a part of the name, another type word follows.
            let first = after[length..].split(' ').next().unwrap_or_default();
            let torn =
                first.char_indices().any(|(at, _)| types::prefix(&first[at..], &known).is_some());
            Some((knowledge.rank(name.trim_end()), torn, end))
        });
        let typed: Vec<(usize, bool, usize)> = typed.collect();
        if let Some(&(rank, _, end)) = typed.iter().min() {
            return Some((end, typed.len() > 1 && rank > 0));
        }
        // A rare type such as `timestamp` counts only after a name that the example shows.
        let shown = |&end: &usize| {
            knowledge.rank(&rest[..end]) == 0 && types::rare_prefix(&rest[end..]).is_some()
        };
        ends.filter(shown).last().map(|end| (end, false))
    }

    /// Returns the end of the longest name that the examples show, or else the last change to a
    /// capital letter.
    fn name_before_text(&self) -> Option<(usize, bool)> {
        let run = regex_find!(r"^[A-Za-z0-9_.\[\]]{1,128}", self.rest)?;
        let ends = (1..=run.len()).rev().map(|end| (self.knowledge.rank(&run[..end]), end));
        if let Some((0 | 1, end)) = ends.min_by_key(|(rank, _)| *rank) {
            return Some((end, false));
        }
        let hump = run.rfind(|c: char| c.is_ascii_uppercase()).filter(|&at| at > 0);
        let end = hump.unwrap_or(run.len());
        is_member_name(&run[..end]).then_some((end, true))
    }

    /// Returns the end of the event's name, and whether the end is uncertain. `DOOR_OPENEDEvent`
    /// could also contain the name `DOOR_OPENEDE`. A heading with the name decides, and otherwise
    /// the words of the page.
    fn event_name(&self) -> Option<(usize, bool)> {
        let Self { rest: line, knowledge, .. } = *self;
        let (run, next) = (event_run(line), self.columns.get(self.name + 1));
        let rest = &line[run.len()..];
        let mut ends = (1..=run.len()).rev().filter(|&end| is_event_name(&run[..end]));
        if next == Some(&Column::Status) {
            let status = |end: &usize| words::status_prefix(line[*end..].trim_start()).is_some();
            let ends: Vec<usize> = ends.filter(status).collect();
            let known = ends.iter().find(|&&end| knowledge.events.contains(&run[..end]));
            return known.or(ends.first()).map(|end| (*end, false));
        }
        let small = |text: &str| text.starts_with(|c: char| c.is_ascii_lowercase());
        let typed = next == Some(&Column::Type) && small(rest) && is_event_name(event_run(rest));
        if typed || rest.is_empty() || small(run) {
            return ends.next().filter(|&end| end == run.len()).map(|end| (end, false));
        }
        if let Some(end) = knowledge.event_end(line) {
            return Some((end, false));
        }
        // The last letters of the run belong to the description if they begin a word that the page
        // uses. `Event` may also occur as `event`, but the letters `IT` are not `it`.
        let used = |end: &usize| {
            let mut words = line[*end..].split(|c: char| !c.is_alphanumeric());
            let word = words.next().unwrap_or_default();
            let written = regex_is_match!("^.[^A-Z]*$", word).then(|| word.to_ascii_lowercase());
            let is_used = |word: &str| knowledge.words.contains(word);
            !word.is_empty() && (is_used(word) || written.is_some_and(|word| is_used(&word)))
        };
        let ends: Vec<usize> = ends.take_while(|end| end + 4 >= run.len()).collect();
        let by_words: Vec<usize> = ends.iter().copied().filter(used).collect();
        let shorter = Some(run.len().saturating_sub(1)).filter(|end| ends.contains(end));
        let (end, ambiguous) = match (by_words.as_slice(), shorter) {
            ([only], _) => (*only, false),
            // A space ends the name.
            _ if rest.starts_with(char::is_whitespace) => (run.len(), false),
            // `STARTEvent`: descriptions begin with a capital letter.
            (_, Some(end)) if small(rest) => (end, true),
            (some, _) => (*some.first().or(ends.first())?, true),
        };
        Some((end, ambiguous))
    }
}

fn is_member_name(name: &str) -> bool {
    regex_is_match!(r"^[A-Za-z_$\]][A-Za-z0-9_\[\]$-]*(?:\.[A-Za-z0-9_\[\]$-]+)*$", name)
}

/// Returns the length of the yes or no at the beginning of a text.
fn flag(text: &str) -> usize {
    let flag = regex_captures!(r"^((?i:yes|no|true|false|required|optional))(?:[^a-z ]|$)", text);
    flag.map_or(0, |(_, flag)| flag.len())
}
