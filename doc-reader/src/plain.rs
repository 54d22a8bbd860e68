//! Reads plain text, copied from a browser, into the document model.
//!
//! The text has no mark-up. A line between blank lines may be a heading. A line that opens an
//! object begins code. A line of column headings begins a table, whose cells are separated by tabs,
//! gaps or bars, run together, or have one line each.

mod knowledge;
mod lines;
mod rows;

use lazy_regex::{regex, regex_is_match};

use crate::document::{Block, Document};
use crate::example::json_start;
use crate::facts::{Problem, ProblemKind};
use crate::names::looks_like_event;
use crate::words::{self, Column};
use crate::{example::Examples, types};
use knowledge::Knowledge;

/// The longest heading, in bytes.
const LONGEST_HEADING: usize = 80;

pub(crate) fn document(text: &str) -> Document {
    let lines: Vec<&str> = text.lines().collect();
    let mut reader = PlainReader {
        document: Document::default(),
        paragraph: String::new(),
        knowledge: Knowledge::new(&lines),
        heading: None,
    };
    let mut at = 0;
    while at < lines.len() {
        at = reader.block(&lines, at);
    }
    reader.end_paragraph();
    reader.document.title = title(&reader.document, &lines);
    reader.document
}

struct PlainReader<'a> {
    document: Document,
    paragraph: String,
    knowledge: Knowledge<'a>,
    heading: Option<String>,
}

/// The rows of a table.
#[derive(Default)]
struct PlainRows {
    /// The cells of each row. A row that could not be split has one cell.
    cells: Vec<Vec<String>>,
    /// The rows that can be split in several ways.
    ambiguous: Vec<String>,
    /// The first line after the rows.
    end: usize,
}

impl<'a> PlainReader<'a> {
    /// Reads the block that begins at this line; returns the first line after it.
    fn block(&mut self, lines: &[&'a str], at: usize) -> usize {
        let line = lines[at];
        if line.trim().is_empty() {
            self.end_paragraph();
        } else if json_start(line).is_some() {
            self.end_paragraph();
            let end = code_end(lines, at);
            let code = lines[at..end].join("\n");
            self.knowledge.learn(&Examples::new([code.as_str()]));
            self.document.code(code);
            return end;
        } else if let Some(header) = header(lines, at) {
            self.end_paragraph();
            return self.table(lines, header);
        } else if looks_like_event(line.trim()) {
            self.end_paragraph();
            self.knowledge.leave();
            self.heading = Some(words::squeeze(line));
            self.document.heading(0, line);
        } else if self.paragraph.is_empty() && is_heading(lines, at) {
            self.document.heading(0, line);
        } else {
            self.paragraph.push_str(line);
            self.paragraph.push('\n');
        }
        at + 1
    }

    fn end_paragraph(&mut self) {
        let text = std::mem::take(&mut self.paragraph);
        self.document.paragraph(&text);
    }

    fn table(
        &mut self,
        lines: &[&'a str],
        (header, layout, from): (Vec<String>, CellLayout, usize),
    ) -> usize {
        let columns: Vec<Column> = header.iter().map(|cell| words::column(cell)).collect();
        let mut rows = match layout {
            CellLayout::RunTogether => rows::run_together(lines, from, &columns, &self.knowledge),
            CellLayout::OnePerLine => lines::one_per_line(lines, from, &columns),
            by => rows::separated(lines, from, by, columns.len()),
        };
        self.document.cut_off |= self.is_cut_off(&lines[rows.end.min(lines.len())..], &rows);
        let heading = self.heading.as_deref();
        let ambiguous = rows.ambiguous.iter();
        let ambiguous = ambiguous.map(|row| Problem::new(ProblemKind::RowAmbiguous, heading, row));
        self.document.problems.extend(ambiguous);
        rows.cells.insert(0, header);
        self.document.table(rows.cells);
        rows.end
    }

    /// Whether the text ends with an incomplete row.
    fn is_cut_off(&self, rest: &[&str], rows: &PlainRows) -> bool {
        let left = rest.iter().map(|line| line.trim()).filter(|line| !line.is_empty());
        let left: Vec<&str> = left.take(3).collect();
        let begins = |line: &str| self.knowledge.begins_member(line);
        let row = rows.cells.last().map_or([].as_slice(), Vec::as_slice);
        match (left.as_slice(), row) {
            ([], [line]) => begins(line),
            // After a row without a description, the next name was read as the description.
            ([line], row) => {
                let last = row.iter().rfind(|cell| !cell.is_empty());
                begins(line) || types::begins(line) && last.is_some_and(|last| begins(last))
            }
            ([line, kind], _) => begins(line) && types::begins(kind),
            _ => false,
        }
    }
}

/// How the cells of a table are separated.
#[derive(Debug, Clone, Copy)]
enum CellLayout {
    /// By a tab, or by two or more spaces.
    Gaps,
    /// By `|`, which may also begin and end the row.
    Bars {
        framed: bool,
    },
    RunTogether,
    OnePerLine,
}

/// Reads the column headings that begin at this line; also returns the first line after the
/// headings.
fn header(lines: &[&str], at: usize) -> Option<(Vec<String>, CellLayout, usize)> {
    const MOST_LINES: usize = 16;
    let line = lines.get(at)?;
    let framed = line.trim_start().starts_with('|');
    for layout in [CellLayout::Gaps, CellLayout::Bars { framed }] {
        let cells = layout.cells(line);
        if words::is_header(&cells) {
            return Some((cells, layout, at + 1));
        }
    }
    if let Some(cells) = words::split_header(line) {
        return Some((cells, CellLayout::RunTogether, at + 1));
    }
    let mut cells = Vec::new();
    let mut end = at;
    for (here, line) in lines.iter().enumerate().skip(at).take(MOST_LINES) {
        let cell = words::squeeze(line);
        // A header has no word twice, so a repeated word belongs to the first row.
        if !cell.is_empty() && (words::column(&cell) == Column::Other || cells.contains(&cell)) {
            break;
        }
        if !cell.is_empty() {
            cells.push(cell);
            end = here + 1;
        }
    }
    words::is_header(&cells).then_some((cells, CellLayout::OnePerLine, end))
}

impl CellLayout {
    /// Splits a row on one line into its cells.
    fn cells(self, line: &str) -> Vec<String> {
        match self {
            CellLayout::Bars { framed } => words::barred_cells(line, framed),
            _ if line.contains('\t') => line.split('\t').map(words::squeeze).collect(),
            _ => regex!(" {2,}").split(line.trim()).map(words::squeeze).collect(),
        }
    }
}

/// Whether a line has the form and the position of a heading.
fn is_heading(lines: &[&str], at: usize) -> bool {
    let line = lines[at].trim();
    let alone = |neighbour: Option<&&str>| neighbour.is_none_or(|line| line.trim().is_empty());
    let before = at.checked_sub(1).and_then(|at| lines.get(at));
    let after = lines.get(at + 1);
    let opens =
        || after.is_some_and(|it| json_start(it).is_some()) || header(lines, at + 1).is_some();
    line.len() <= LONGEST_HEADING
        && line.contains(char::is_alphabetic)
        && !line.ends_with(['.', ':', ';', ',', '!', '?'])
        && alone(before)
        && (alone(after) || opens())
}

/// Returns the first line after the code that begins here. The code ends where its brackets close,
/// before a line that does not look like JSON, or before two blank lines.
fn code_end(lines: &[&str], at: usize) -> usize {
    let mut depth = 0;
    let mut end = at;
    for (here, line) in lines.iter().enumerate().skip(at) {
        let text = line.trim();
        if text.is_empty() {
            continue;
        }
        // A line of alternatives begins with a bar, like a table row. Of such lines, only column
        // headings end the code.
        let head = || text.starts_with('|') && header(lines, here).is_some();
        if here > end + 1 || here > at && (!continues_json(text) || head()) {
            break;
        }
        // Brackets inside strings do not count.
        let bare = regex!(r#""(?:[^"\\]|\\.)*"?"#).replace_all(text, "");
        depth += bare.matches(['{', '[']).count();
        depth = depth.saturating_sub(bare.matches(['}', ']']).count());
        end = here + 1;
        if depth == 0 {
            break;
        }
    }
    end
}

fn continues_json(line: &str) -> bool {
    regex_is_match!(
        r#"(?x)^(?: ["'“”{}\[\],|\#….*] | //|/\* | -?[0-9][0-9.eE+-]*,*$ | (?:true|false|null),*$
            | \w+\s*: )"#,
        line
    )
}

/// Returns the title: a heading before the first table, or a short line if there is no such
/// heading. Text has no levels, so the first one that mentions events is chosen, or else the first
/// one.
fn title(document: &Document, lines: &[&str]) -> Option<String> {
    const MOST_LINES: usize = 200;
    let before_tables = document.blocks.iter().take_while(|it| !matches!(it, Block::Table(_)));
    let headings = before_tables.filter_map(|block| match block {
        Block::Heading { text, .. } if !looks_like_event(text) => Some(text.as_str()),
        _ => None,
    });
    let headings: Vec<&str> = headings.collect();
    let short = |line: &&str| (1..=LONGEST_HEADING).contains(&line.len());
    let lines: Vec<&str> =
        lines.iter().take(MOST_LINES).map(|it| it.trim()).filter(short).collect();
    let texts = if headings.is_empty() { lines } else { headings };
    let best = texts.iter().find(|text| words::speaks_of_events(text)).or(texts.first());
    best.map(|text| words::squeeze(text))
}
