//! Rows of tables in plain text whose cells stand on one line.
//!
//! Cells that run together are told apart from left to right. Only a name can end in
//! several places: what the page knows decides, and what it does not is ambiguous.

use super::Separator;
use super::knowledge::{Knowledge, LONGEST_NAME, event_run, known_event};
use crate::document::Table;
use crate::facts::ProblemKind;
use crate::names::{is_event_name, looks_like_event};
use crate::types;
use crate::words::{self, Column};

/// Reads rows with something between their cells.
pub(super) fn separated(lines: &[&str], mut at: usize, by: Separator, table: &mut Table) -> usize {
    while let Some(line) = lines.get(at) {
        if matches!(by, Separator::Bar { .. }) && words::is_frame(line) {
            at += 1;
            continue;
        }
        if line.trim().is_empty() {
            // Only another row goes on after a blank line.
            let next = lines.get(at + 1).copied().unwrap_or_default();
            let goes_on = match by {
                Separator::Gap => next.contains('\t'),
                Separator::Bar { framed } => framed && next.trim_start().starts_with('|'),
            };
            if !goes_on || super::header(lines, at + 1).is_some() {
                break;
            }
            at += 1;
            continue;
        }
        let mut cells = super::separated_cells(line, by);
        if cells.len() < 2 || super::header(lines, at).is_some() {
            break;
        }
        // `string | null` is one cell, whatever stands in it.
        while let Some(null) = cells.iter().position(|cell| cell == "null").filter(|&at| at > 0) {
            if cells.len() <= table.header.len() {
                break;
            }
            cells.remove(null);
            cells[null - 1].push_str(" | null");
        }
        cells.resize(cells.len().max(table.header.len()), String::new());
        table.rows.push(cells);
        at += 1;
    }
    at
}

/// Reads rows whose cells run together.
pub(super) fn run_together<'a>(
    lines: &[&'a str],
    mut at: usize,
    columns: &[Column],
    knowledge: &Knowledge<'_>,
    table: &mut Table,
    problems: &mut Vec<(ProblemKind, &'a str)>,
) -> usize {
    // A blank line after the header is one after every row.
    let spaced = lines.get(at).is_some_and(|line| line.trim().is_empty());
    while let Some(&line) = lines.get(at) {
        let text = line.trim();
        if text.is_empty() {
            // Another row after a blank line has all its cells.
            let next = lines.get(at + 1).map_or("", |next| next.trim());
            let row = split(next, columns, knowledge);
            let whole = |row: &Split| row.cells.iter().all(|cell| !cell.is_empty());
            let goes_on = row.as_ref().is_some_and(|row| spaced || whole(row));
            let heading = looks_like_event(next) && !(spaced && row.as_ref().is_some_and(whole));
            if heading || !goes_on {
                break;
            }
            at += 1;
            continue;
        }
        let row = split(text, columns, knowledge);
        // A name in capitals and a status in capitals look like one name.
        let filled = |row: &Split| row.cells.iter().filter(|cell| !cell.is_empty()).count();
        let heading = looks_like_event(text) && row.as_ref().is_none_or(|row| filled(row) < 2);
        if heading || crate::example::starts_json(text) || super::header(lines, at).is_some() {
            break;
        }
        match row {
            Some(split) => {
                if split.ambiguous {
                    problems.push((ProblemKind::RowAmbiguous, text));
                }
                table.rows.push(split.cells);
            }
            None => {
                problems.push((ProblemKind::RowUnsplit, text));
                table.unsplit.push(text.to_owned());
            }
        }
        at += 1;
    }
    at
}

#[derive(Clone)]
struct Split<'r> {
    columns: &'r [Column],
    knowledge: &'r Knowledge<'r>,
    members: bool,
    name_at: usize,
    /// What is not divided yet.
    rest: &'r str,
    cells: Vec<String>,
    ambiguous: bool,
}

fn split<'r>(
    line: &'r str,
    columns: &'r [Column],
    knowledge: &'r Knowledge<'r>,
) -> Option<Split<'r>> {
    let name_at = columns.iter().position(|c| matches!(c, Column::Event | Column::Name))?;
    let members = words::lists_members(columns);
    let mut cells = vec![String::new(); columns.len()];
    let mut rest = line.trim();
    let mut columns = columns;
    // The status goes first, since `WIP` could be taken for a part of the name. The last row
    // of a page that breaks off may lack it.
    if let [others @ .., Column::Status] = columns {
        let (before, status) = rest.split_at(words::status_suffix(rest).unwrap_or(rest.len()));
        (columns, rest, cells[others.len()]) = (others, before.trim_end(), status.to_owned());
    }
    let mut row = Split { columns, knowledge, members, name_at, rest, cells, ambiguous: false };
    (0..name_at).try_for_each(|at| row.take(at))?;
    let (end, ambiguous) = if members { row.member_name() } else { row.event_name() }?;
    row.put(name_at, end);
    row.ambiguous = ambiguous;
    (name_at + 1..columns.len()).try_for_each(|at| row.take(at))?;
    row.rest.is_empty().then_some(row)
}

impl Split<'_> {
    fn put(&mut self, column: usize, end: usize) {
        let (cell, rest) = self.rest.split_at(end);
        self.cells[column] = words::squeeze(cell);
        self.rest = rest.trim_start();
    }

    /// Takes the cell of a column; `None` where it cannot begin here.
    fn take(&mut self, column: usize) -> Option<()> {
        let rest = self.rest;
        let known = |name: &str| self.knowledge.is_type_name(name);
        let end = match self.columns[column] {
            Column::Type if !self.members => {
                let wire_type = event_run(rest);
                let fits = rest.starts_with(|c: char| c.is_ascii_lowercase());
                if fits && is_event_name(wire_type) { wire_type.len() } else { 0 }
            }
            Column::Type if column < self.name_at => types::prefix_before_name(rest, &known)?.1,
            Column::Type => match types::prefix(rest, &known) {
                Some((_, length)) => length,
                None => types::rare_prefix(rest)?,
            },
            Column::Status if rest.is_empty() => 0,
            Column::Status => words::status_prefix(rest)?,
            Column::Flag => flag(rest),
            Column::Event | Column::Name | Column::Text | Column::Other => self.text(column),
        };
        self.put(column, end);
        Some(())
    }

    /// Where a cell of text ends: where a type begins, if that is the last column.
    fn text(&self, column: usize) -> usize {
        let typed = self.members && self.columns[column..].contains(&Column::Type);
        let begins = |at: &usize| {
            let rest = &self.rest[*at..];
            rest.len() <= LONGEST_NAME
                && types::begins_with_word(rest)
                && types::cell(rest).is_some()
        };
        let mut places = self.rest.char_indices().map(|(at, _)| at);
        typed.then(|| places.find(begins)).flatten().unwrap_or(self.rest.len())
    }

    /// Where the member's name ends, and whether that is not certain.
    fn member_name(&self) -> Option<(usize, bool)> {
        let Self { rest, knowledge, .. } = *self;
        if self.columns.get(self.name_at + 1) != Some(&Column::Type) {
            return self.name_before_text();
        }
        let known = |name: &str| knowledge.is_type_name(name);
        let ends = rest.char_indices().map(|(at, _)| at).take_while(|at| *at <= LONGEST_NAME);
        let ends = ends.skip(1).filter(|&end| is_member_name(rest[..end].trim_end()));
        let typed = ends.clone().filter_map(|end| {
            let (name, after) = rest.split_at(end);
            let (_, length) = Some(after)
                .filter(|it| types::begins_with_word(it))
                .and_then(|it| types::prefix(it, &known))?;
            // A type word in the middle of a name leaves another one behind it.
            let first = after[length..].split(' ').next().unwrap_or_default();
            let torn = first.char_indices().any(|(at, _)| types::begins_with_word(&first[at..]));
            Some((knowledge.rank(name.trim_end()), torn, end))
        });
        let typed: Vec<(usize, bool, usize)> = typed.collect();
        if let Some(&(rank, _, end)) = typed.iter().min() {
            return Some((end, typed.len() > 1 && rank > 1));
        }
        // A type such as `timestamp`, after a name that the example shows.
        let shown = |&end: &usize| {
            knowledge.rank(&rest[..end]) == 0 && types::rare_prefix(&rest[end..]).is_some()
        };
        ends.filter(shown).last().map(|end| (end, false))
    }

    /// The name is the longest that the examples show, or else goes up to the last change
    /// to a capital letter.
    fn name_before_text(&self) -> Option<(usize, bool)> {
        let letter = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '[' | ']');
        let end = self.rest.find(|c: char| !letter(c)).unwrap_or(self.rest.len());
        let run = &self.rest[..end.min(LONGEST_NAME)];
        let known = (1..=run.len()).map(|end| (self.knowledge.rank(&run[..end]), run.len() - end));
        match known.min().filter(|(rank, _)| *rank < 3) {
            Some((_, back)) => Some((run.len() - back, false)),
            None => {
                let hump = run.char_indices().skip(1).filter(|(_, c)| c.is_ascii_uppercase());
                let end = hump.last().map_or(run.len(), |(at, _)| at);
                is_member_name(&run[..end]).then_some((end, true))
            }
        }
    }

    /// Where the event's name ends, and whether that is not certain. `DOOR_OPENEDEvent`
    /// could be read with one more letter: a heading of the name decides, and otherwise
    /// the words that the page uses do.
    fn event_name(&self) -> Option<(usize, bool)> {
        let Self { rest: line, knowledge, .. } = *self;
        let run = event_run(line);
        let rest = &line[run.len()..];
        let next = self.columns.get(self.name_at + 1);
        if next == Some(&Column::Status) {
            let status = |end: usize| words::status_prefix(line[end..].trim_start()).is_some();
            let ends = (1..=run.len()).rev();
            let mut ends = ends.filter(|&end| is_event_name(&run[..end]) && status(end));
            let known = ends.clone().find(|&end| knowledge.events.contains(&run[..end]));
            return known.or_else(|| ends.next()).map(|end| (end, false));
        }
        let small = |text: &str| text.starts_with(|c: char| c.is_ascii_lowercase());
        let typed = next == Some(&Column::Type) && small(rest) && is_event_name(event_run(rest));
        if typed || rest.is_empty() || small(run) {
            return is_event_name(run).then_some((run.len(), false));
        }
        if let Some(name) = known_event(line, run, &knowledge.events) {
            return Some((name.len(), false));
        }
        // A letter of the run belongs to the description where it makes a word that the
        // page uses.
        let used = |back: &usize| {
            let tail = &line[run.len() - back..];
            let word = tail.split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default();
            // `Event` may stand elsewhere as `event`; the letters `IT` are not `it`.
            let capitalised = word.bytes().skip(1).all(|byte| !byte.is_ascii_uppercase());
            let small = || knowledge.words.contains(word.to_ascii_lowercase().as_str());
            !word.is_empty() && (knowledge.words.contains(word) || (capitalised && small()))
        };
        let fits = |back: &usize| is_event_name(&run[..run.len() - back]);
        let fitting = (0..=run.len().saturating_sub(4).min(4)).filter(fits);
        let by_words: Vec<usize> = fitting.clone().filter(used).collect();
        let (back, ambiguous) = match by_words.as_slice() {
            [only] => (*only, false),
            // A space ends the name, unless it ends the article: `DOOR_OPENEDA door`.
            _ if rest.starts_with(char::is_whitespace) => {
                let article = run.ends_with('A') && small(rest.trim_start()) && fits(&1);
                (usize::from(article), false)
            }
            // `STARTEvent`: descriptions begin with a capital letter.
            _ if small(rest) && fits(&1) => (1, true),
            some => (some.first().copied().or(fitting.min())?, true),
        };
        Some((run.len() - back, ambiguous))
    }
}

fn is_member_name(name: &str) -> bool {
    let letter = |byte: u8| byte.is_ascii_alphanumeric() || b"_[]-$".contains(&byte);
    let step = |step: &str| !step.is_empty() && step.bytes().all(letter);
    !name.starts_with(|c: char| c.is_ascii_digit() || c == '-' || c == '[')
        && name.split('.').all(step)
}

/// The length of the yes or no that a text begins with.
fn flag(text: &str) -> usize {
    let flags = ["Yes", "No", "True", "False", "Required", "Optional"];
    let ends = |end: usize| !text[end..].starts_with(|c: char| c.is_ascii_lowercase() || c == ' ');
    let fits =
        |flag: &&&str| words::starts_with(text, &flag.to_ascii_lowercase()) && ends(flag.len());
    flags.iter().find(fits).map_or(0, |flag| flag.len())
}
