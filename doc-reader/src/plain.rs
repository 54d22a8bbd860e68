//! Plain text, as somebody copied it from a browser, to the document model.
//!
//! The text has lost all mark-up. What stands alone on its line may be a
//! heading, a line that opens an object begins code, and a line of column
//! headings begins a table, whose cells are separated by tabs, gaps or bars, run
//! together or stand one to a line.

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

/// Bytes that a heading may have.
const LONGEST_HEADING: usize = 80;

pub(crate) fn document(text: &str) -> Document {
    let lines: Vec<&str> = text.lines().collect();
    let mut reader = Reader {
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

struct Reader<'a> {
    document: Document,
    paragraph: String,
    knowledge: Knowledge<'a>,
    heading: Option<String>,
}

/// The rows of a table.
#[derive(Default)]
struct Rows {
    /// One whose cells could not be told apart is one cell.
    cells: Vec<Vec<String>>,
    /// Those whose cells could be told apart in several ways.
    ambiguous: Vec<String>,
    /// The first line after them.
    end: usize,
}

impl<'a> Reader<'a> {
    /// Reads what begins at this line; returns the first line after it.
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
        (header, layout, from): (Vec<String>, Layout, usize),
    ) -> usize {
        let columns: Vec<Column> = header.iter().map(|cell| words::column(cell)).collect();
        let mut rows = match layout {
            Layout::RunTogether => rows::run_together(lines, from, &columns, &self.knowledge),
            Layout::OnePerLine => lines::one_per_line(lines, from, &columns),
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

    /// Whether the text ends with the beginning of a row, which is no row, and no paragraph.
    fn is_cut_off(&self, rest: &[&str], rows: &Rows) -> bool {
        let left = rest.iter().map(|line| line.trim()).filter(|line| !line.is_empty());
        let left: Vec<&str> = left.take(3).collect();
        let begins = |line: &str| self.knowledge.begins_member(line);
        let row = rows.cells.last().map_or([].as_slice(), Vec::as_slice);
        match (left.as_slice(), row) {
            ([], [line]) => begins(line),
            // A name that follows a row without a description looks like one.
            ([line], row) => {
                let last = row.iter().rfind(|cell| !cell.is_empty());
                begins(line) || types::begins(line) && last.is_some_and(|last| begins(last))
            }
            ([line, kind], _) => begins(line) && types::begins(kind),
            _ => false,
        }
    }
}

/// How the cells of a table stand.
#[derive(Debug, Clone, Copy)]
enum Layout {
    /// With a tab, or two or more spaces, between them.
    Gaps,
    /// With `|` between them, which may also stand around the row.
    Bars {
        framed: bool,
    },
    RunTogether,
    OnePerLine,
}

/// Reads the column headings that begin at this line; also returns the first line after them.
fn header(lines: &[&str], at: usize) -> Option<(Vec<String>, Layout, usize)> {
    const MOST_LINES: usize = 16;
    let line = lines.get(at)?;
    let framed = line.trim_start().starts_with('|');
    for layout in [Layout::Gaps, Layout::Bars { framed }] {
        let cells = layout.cells(line);
        if words::is_header(&cells) {
            return Some((cells, layout, at + 1));
        }
    }
    if let Some(cells) = words::split_header(line) {
        return Some((cells, Layout::RunTogether, at + 1));
    }
    let mut cells = Vec::new();
    let mut end = at;
    for (here, line) in lines.iter().enumerate().skip(at).take(MOST_LINES) {
        let cell = words::squeeze(line);
        // The table's first row may repeat a heading's word; a header doesn't.
        if !cell.is_empty() && (words::column(&cell) == Column::Other || cells.contains(&cell)) {
            break;
        }
        if !cell.is_empty() {
            cells.push(cell);
            end = here + 1;
        }
    }
    words::is_header(&cells).then_some((cells, Layout::OnePerLine, end))
}

impl Layout {
    /// The cells of a row that stands on one line.
    fn cells(self, line: &str) -> Vec<String> {
        match self {
            Layout::Bars { framed } => words::barred_cells(line, framed),
            _ if line.contains('\t') => line.split('\t').map(words::squeeze).collect(),
            _ => regex!(" {2,}").split(line.trim()).map(words::squeeze).collect(),
        }
    }
}

/// Whether a line is written like a heading and stands like one.
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

/// The first line after the code that begins here: where its brackets close, or
/// where a line doesn't look like JSON. A blank line inside code is rare, two are none.
fn code_end(lines: &[&str], at: usize) -> usize {
    let mut depth = 0;
    let mut end = at;
    for (here, line) in lines.iter().enumerate().skip(at) {
        let text = line.trim();
        if text.is_empty() {
            continue;
        }
        // A row of alternatives looks like one of a table, but not like its head.
        let head = || text.starts_with('|') && header(lines, here).is_some();
        if here > end + 1 || here > at && (!continues_json(text) || head()) {
            break;
        }
        // Brackets in strings are none.
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

/// The heading that names the page, or the line where nothing stands like a heading. Text has
/// no levels, so it is the first that speaks of events, or else the first one.
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
