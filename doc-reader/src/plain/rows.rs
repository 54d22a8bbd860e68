//! Rows of tables in plain text whose cells stand on one line.
//!
//! Cells that run together are told apart by what is known: words for types and
//! statuses, the names that the section's example shows, the headings of the
//! page, and the words that the page uses elsewhere.

use std::collections::HashSet;

use crate::document::Table;
use crate::example::Examples;
use crate::facts::ProblemKind;
use crate::names::{is_event_name, looks_like_event, without_status};
use crate::plain::Separator;
use crate::plain::event_row::{event_run, known_event, split_event};
use crate::words::{self, Column};
use crate::{place, types};

/// What is known about the page while a row is split.
#[derive(Debug, Default)]
pub(super) struct Knowledge<'a> {
    /// Words that stand alone somewhere on the page.
    pub(super) words: HashSet<&'a str>,
    /// Names of events that stand on a line of their own.
    pub(super) events: HashSet<&'a str>,
    /// Paths of the section's example, and their last names.
    members: HashSet<String>,
    /// Last names of all examples so far.
    seen: HashSet<String>,
    types: HashSet<String>,
}

/// Bytes that a member's name may take of a line.
pub(super) const LONGEST_NAME: usize = 128;

impl<'a> Knowledge<'a> {
    pub(super) fn new(lines: &[&'a str]) -> Self {
        let mut knowledge = Self::default();
        for line in lines {
            let (name, _) = without_status(line.trim());
            if is_event_name(name) {
                knowledge.events.insert(name);
            }
            let words = line.split(|c: char| !c.is_alphanumeric());
            knowledge.words.extend(words.filter(|word| word.len() <= LONGEST_NAME));
        }
        // How the descriptions begin whose names are known from a heading.
        for line in lines {
            let line = line.trim_start();
            if let Some(name) = known_event(line, event_run(line), &knowledge.events) {
                let mut words = line[name.len()..].split(|c: char| !c.is_alphanumeric());
                knowledge.words.extend(words.next());
            }
        }
        knowledge
    }

    /// Takes over what the section's examples show.
    pub(super) fn enter(&mut self, examples: &Examples) {
        self.members.clear();
        self.types.clear();
        for member in examples.members() {
            let loose = place::loosen(&member.path);
            if let Some(last) = member.path.rsplit('.').next() {
                let last = last.trim_end_matches("[]");
                self.members.insert(last.to_owned());
                self.seen.insert(last.to_owned());
                self.types.insert(last.to_ascii_lowercase());
            }
            self.members.insert(loose);
        }
    }

    /// How well a piece of text serves as a member's name: lower is better.
    fn rank(&self, name: &str) -> usize {
        let last = name.rsplit('.').next().unwrap_or(name);
        if self.members.contains(name) || self.members.contains(&place::loosen(name)) {
            0
        } else if self.members.contains(last) {
            1
        } else if self.seen.contains(last) {
            2
        } else {
            3
        }
    }

    fn is_type_name(&self, name: &str) -> bool {
        let name = name.to_ascii_lowercase();
        self.types.contains(&name) || self.types.contains(&format!("{name}s"))
    }
}

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

struct Split {
    cells: Vec<String>,
    ambiguous: bool,
}

fn split(line: &str, columns: &[Column], knowledge: &Knowledge<'_>) -> Option<Split> {
    let mut cells = vec![String::new(); columns.len()];
    let ambiguous = if words::lists_members(columns) {
        split_member(line, columns, knowledge, &mut cells)?
    } else {
        split_event(line, columns, knowledge, &mut cells)?
    };
    Some(Split { cells, ambiguous })
}

/// Splits a row of a member table around its type.
fn split_member(
    line: &str,
    columns: &[Column],
    knowledge: &Knowledge<'_>,
    cells: &mut [String],
) -> Option<bool> {
    let name_at = columns.iter().position(|c| matches!(c, Column::Name | Column::Event))?;
    let type_at = columns.iter().position(|c| *c == Column::Type)?;
    let known = |name: &str| knowledge.is_type_name(name);
    if type_at < name_at {
        let (_, length) = types::prefix_before_name(line, &known)?;
        let (said, rest) = line.split_at(length);
        let (name, ambiguous) = name_prefix(rest.trim_start(), knowledge)?;
        let rest = rest.trim_start().get(name.len()..)?;
        put(cells, columns, name_at, name);
        put(cells, columns, type_at, said);
        spread(rest, columns, name_at + 1, cells);
        return Some(ambiguous);
    }
    if type_at > name_at + 1 {
        return split_member_type_last(line, columns, (name_at, type_at), knowledge, cells);
    }
    let mut best: Option<((usize, bool, usize), usize, usize)> = None;
    let mut rivals = 0;
    let candidates =
        line.char_indices().map(|(at, _)| at).take_while(|at| *at <= LONGEST_NAME).skip(1);
    for at in candidates {
        let name = line[..at].trim_end();
        if !is_member_name(name) || !types::begins_with_word(&line[at..]) {
            continue;
        }
        let Some((_, length)) = types::prefix(&line[at..], &known) else {
            continue;
        };
        // A type word in the middle of a name leaves another one behind it.
        let first = line[at + length..].split(' ').next().unwrap_or("");
        let torn = first
            .char_indices()
            .any(|(at, _)| types::begins_with_word(&first[at..]) && first.len() > at);
        let score = (knowledge.rank(name), torn, at);
        rivals += usize::from(best.is_some());
        if best.is_none_or(|(known, _, _)| score < known) {
            best = Some((score, at, length));
        }
    }
    let Some(((rank, _, _), at, length)) = best else {
        let (at, length) = rare_type(line, knowledge)?;
        put(cells, columns, name_at, &line[..at]);
        put(cells, columns, type_at, &line[at..at + length]);
        spread(&line[at + length..], columns, type_at + 1, cells);
        return Some(false);
    };
    put(cells, columns, name_at, &line[..at]);
    put(cells, columns, type_at, &line[at..at + length]);
    spread(&line[at + length..], columns, type_at + 1, cells);
    Some(rivals > 0 && rank > 1)
}

/// Finds a type such as `timestamp` after a name that the example shows: where
/// it begins, and its length.
fn rare_type(line: &str, knowledge: &Knowledge<'_>) -> Option<(usize, usize)> {
    let ends = line.char_indices().map(|(at, _)| at).take_while(|at| *at <= LONGEST_NAME).skip(1);
    let named = ends.filter(|&at| is_member_name(&line[..at]) && knowledge.rank(&line[..at]) == 0);
    named.filter_map(|at| Some((at, types::rare_prefix(&line[at..])?))).last()
}

/// Splits `idEvent ID.string`.
fn split_member_type_last(
    line: &str,
    columns: &[Column],
    (name_at, type_at): (usize, usize),
    knowledge: &Knowledge<'_>,
    cells: &mut [String],
) -> Option<bool> {
    let (name, ambiguous) = name_prefix(line, knowledge)?;
    let rest = &line[name.len()..];
    let at = rest.char_indices().map(|(at, _)| at).find(|&at| {
        rest.len() - at <= LONGEST_NAME
            && types::begins_with_word(&rest[at..])
            && types::cell(&rest[at..]).is_some()
    })?;
    put(cells, columns, name_at, name);
    put(cells, columns, type_at, &rest[at..]);
    spread(&rest[..at], columns, name_at + 1, cells);
    Some(ambiguous)
}

/// The member's name that a line begins with: the longest that the examples
/// show, or else up to the last change to a capital letter.
fn name_prefix<'t>(line: &'t str, knowledge: &Knowledge<'_>) -> Option<(&'t str, bool)> {
    let end = line
        .find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '[' | ']')))
        .unwrap_or(line.len())
        .min(LONGEST_NAME);
    let run = line.get(..end).filter(|run| !run.is_empty())?;
    let mut known: Vec<(usize, usize)> = (1..=run.len())
        .map(|end| (knowledge.rank(&run[..end]), end))
        .filter(|(rank, _)| *rank < 3)
        .collect();
    known.sort_by_key(|&(rank, end)| (rank, usize::MAX - end));
    if let Some(&(_, end)) = known.first() {
        return Some((&run[..end], false));
    }
    let hump = run.char_indices().skip(1).filter(|(_, c)| c.is_ascii_uppercase()).last();
    let end = hump.map_or(run.len(), |(at, _)| at);
    is_member_name(&run[..end]).then_some((&run[..end], true))
}

fn is_member_name(name: &str) -> bool {
    let letter = |byte: u8| byte.is_ascii_alphanumeric() || b"_[]-$".contains(&byte);
    let step = |step: &str| !step.is_empty() && step.bytes().all(letter);
    !name.starts_with(|c: char| c.is_ascii_digit() || c == '-' || c == '[')
        && name.split('.').all(step)
}

pub(super) fn put(cells: &mut [String], columns: &[Column], at: usize, text: &str) {
    if let (Some(cell), Some(_)) = (cells.get_mut(at), columns.get(at)) {
        *cell = words::squeeze(text);
    }
}

/// Puts the rest of a line into the columns from this one on: yes-or-no cells
/// first, then everything into the first column of text.
pub(super) fn spread(rest: &str, columns: &[Column], from: usize, cells: &mut [String]) {
    let mut rest = rest.trim();
    for (at, column) in columns.iter().enumerate().skip(from) {
        if *column == Column::Flag {
            let flags = [
                "Yes", "No", "yes", "no", "true", "false", "True", "False", "Required", "Optional",
            ];
            let Some(flag) = flags.iter().find(|flag| {
                rest.strip_prefix(**flag).is_some_and(|after| {
                    !after.starts_with(|c: char| c.is_ascii_lowercase() || c == ' ')
                })
            }) else {
                continue;
            };
            put(cells, columns, at, flag);
            rest = rest[flag.len()..].trim_start();
        }
    }
    let text = columns.iter().enumerate().skip(from).find(|(at, column)| {
        matches!(column, Column::Text | Column::Other)
            && cells.get(*at).is_some_and(String::is_empty)
    });
    let any = columns.iter().position(|column| *column == Column::Text);
    if let Some(at) = text.map(|(at, _)| at).or(any) {
        put(cells, columns, at, rest);
    }
}
