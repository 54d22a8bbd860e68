//! Plain text, as somebody copied it from a browser, to the document model.
//!
//! The text has lost all mark-up. What stands alone on its line may be a
//! heading, a line that opens an object begins code, and a line of column
//! headings begins a table, whose cells are separated by tabs, gaps or bars, run
//! together or stand one to a line.

mod knowledge;
mod lines;
mod rows;

use crate::document::{Block, Document, Table};
use crate::example::{Examples, opens_json, starts_json};
use crate::facts::Problem;
use crate::names::looks_like_event;
use crate::{types, words};
use knowledge::Knowledge;

/// Bytes that a heading may have.
const LONGEST_HEADING: usize = 80;

pub(crate) fn document(text: &str) -> Document {
    let lines: Vec<&str> = text.lines().collect();
    let knowledge = Knowledge::new(&lines);
    let mut reader = Reader {
        document: Document::default(),
        examples: Examples::default(),
        paragraph: String::new(),
        knowledge,
        heading: None,
    };
    let mut at = 0;
    while let Some(line) = lines.get(at) {
        at = reader.block(&lines, at, line);
    }
    reader.end_paragraph();
    reader.document.title = title(&reader.document, &lines);
    reader.document
}

struct Reader<'a> {
    document: Document,
    /// What the examples since the last heading of an event show.
    examples: Examples,
    paragraph: String,
    knowledge: Knowledge<'a>,
    heading: Option<String>,
}

impl<'a> Reader<'a> {
    /// Reads what begins at this line; returns the first line after it.
    fn block(&mut self, lines: &[&'a str], at: usize, line: &'a str) -> usize {
        if line.trim().is_empty() {
            self.end_paragraph();
            return at + 1;
        }
        if starts_json(line) || opens_json(line).is_some() {
            self.end_paragraph();
            let end = code_end(lines, at);
            let code = lines[at..end].join("\n");
            self.examples.add(&code);
            self.document.code(code);
            return end;
        }
        if let Some(header) = header(lines, at) {
            self.end_paragraph();
            return self.table(lines, header);
        }
        let event = looks_like_event(line.trim());
        if event || (self.paragraph.is_empty() && is_heading(lines, at)) {
            self.end_paragraph();
            if event {
                self.examples = Examples::default();
                self.knowledge.leave();
                self.heading = Some(words::squeeze(line));
            }
            self.document.heading(0, line);
        } else {
            self.paragraph.push_str(line);
            self.paragraph.push('\n');
        }
        at + 1
    }

    /// Whether a line is the beginning of a row whose member the example shows.
    fn begins_member(&self, line: &str) -> bool {
        let begins =
            |path: &str| path.starts_with(line) || (path.len() > 3 && line.starts_with(path));
        let path = |path: &str| begins(path) || begins(path.rsplit('.').next().unwrap_or(path));
        !line.contains(char::is_whitespace)
            && self.examples.members().iter().any(|member| path(&member.path))
    }

    fn end_paragraph(&mut self) {
        let text = std::mem::take(&mut self.paragraph);
        self.document.paragraph(&text);
    }

    fn table(&mut self, lines: &[&'a str], header: Header) -> usize {
        let mut table = Table { header: header.cells, ..Table::default() };
        let columns = table.columns();
        self.knowledge.enter(&self.examples);
        let mut problems = Vec::new();
        let end = match header.layout {
            Layout::Separated(by) => rows::separated(lines, header.end, by, &mut table),
            Layout::RunTogether => rows::run_together(
                lines,
                header.end,
                &columns,
                &self.knowledge,
                &mut table,
                &mut problems,
            ),
            Layout::OnePerLine => lines::one_per_line(lines, header.end, &columns, &mut table),
        };
        // The beginning of a row at the end of the text is no row, and no paragraph.
        let left = lines[end.min(lines.len())..].iter().filter(|line| !line.trim().is_empty());
        let left: Vec<&str> = left.map(|line| line.trim()).take(3).collect();
        self.document.cut_off |= match (left.as_slice(), table.unsplit.last()) {
            ([], Some(line)) => self.begins_member(line),
            // A name that follows a row without a description looks like one.
            ([line], _) => {
                let cells = table.rows.last().into_iter().flatten();
                let last = cells.rev().find(|cell| !cell.is_empty());
                self.begins_member(line)
                    || types::begins(line) && last.is_some_and(|last| self.begins_member(last))
            }
            ([line, kind], _) => self.begins_member(line) && types::begins(kind),
            _ => false,
        };
        let section = self.heading.as_deref();
        let problems = problems.iter().map(|(kind, about)| Problem::new(*kind, section, about));
        self.document.problems.extend(problems);
        self.document.table(table);
        end
    }
}

enum Layout {
    Separated(Separator),
    RunTogether,
    OnePerLine,
}

struct Header {
    cells: Vec<String>,
    layout: Layout,
    /// The first line after the header.
    end: usize,
}

/// Reads the column headings that begin at this line.
fn header(lines: &[&str], at: usize) -> Option<Header> {
    let line = lines.get(at)?;
    let framed = line.trim_start().starts_with('|');
    for by in [Separator::Gap, Separator::Bar { framed }] {
        let cells = separated_cells(line, by);
        if words::is_header(&cells) {
            return Some(Header { cells, layout: Layout::Separated(by), end: at + 1 });
        }
    }
    if let Some(cells) = words::split_header(line) {
        return Some(Header { cells, layout: Layout::RunTogether, end: at + 1 });
    }
    let mut cells = Vec::new();
    let mut end = at;
    for (here, line) in lines.iter().enumerate().skip(at).take(16) {
        let cell = words::squeeze(line);
        if cell.is_empty() {
            continue;
        }
        if cell.len() > 40 || words::column(&cell) == words::Column::Other {
            break;
        }
        // The table's first row may repeat a heading's word; a header doesn't.
        if cells.contains(&cell) {
            break;
        }
        cells.push(cell);
        end = here + 1;
    }
    words::is_header(&cells).then_some(Header { cells, layout: Layout::OnePerLine, end })
}

/// What stands between the cells of a row.
#[derive(Debug, Clone, Copy)]
enum Separator {
    /// A tab, or two or more spaces.
    Gap,
    /// `|`, which may also stand around the row.
    Bar { framed: bool },
}

fn separated_cells(line: &str, by: Separator) -> Vec<String> {
    if let Separator::Bar { framed } = by {
        return words::barred_cells(line, framed).collect();
    }
    let line = line.trim_end_matches(['\n', ' ']);
    let cells: Vec<&str> = if line.contains('\t') {
        line.split('\t').collect()
    } else {
        line.trim_start().split("  ").filter(|cell| !cell.trim().is_empty()).collect()
    };
    cells.into_iter().map(words::squeeze).collect()
}

/// Whether a line is written like a heading and stands like one.
fn is_heading(lines: &[&str], at: usize) -> bool {
    let line = lines[at].trim();
    let alone = |neighbour: Option<&&str>| neighbour.is_none_or(|line| line.trim().is_empty());
    let before = at.checked_sub(1).and_then(|at| lines.get(at));
    let after = lines.get(at + 1);
    let opens = after.is_some_and(|line| starts_json(line)) || header(lines, at + 1).is_some();
    line.len() <= LONGEST_HEADING
        && line.contains(|c: char| c.is_alphabetic())
        && !line.ends_with(['.', ':', ';', ',', '!', '?'])
        && alone(before)
        && (alone(after) || opens)
}

/// The first line after the code that begins here: where its brackets close, or
/// where a line doesn't look like JSON.
fn code_end(lines: &[&str], at: usize) -> usize {
    let mut depth = 0_i64;
    let mut end = at;
    let mut blanks = 0;
    for (here, line) in lines.iter().enumerate().skip(at) {
        let text = line.trim();
        if text.is_empty() {
            blanks += 1;
            // A blank line inside code is rare, two are none.
            if blanks > 1 {
                break;
            }
            continue;
        }
        if here > at && !continues_json(text) {
            break;
        }
        blanks = 0;
        depth += balance(text);
        end = here + 1;
        if depth <= 0 {
            break;
        }
    }
    end
}

/// Opening brackets less closing ones, outside strings.
fn balance(line: &str) -> i64 {
    let mut depth = 0;
    let mut quoted = false;
    let mut escaped = false;
    for byte in line.bytes() {
        match byte {
            b'"' if !escaped => quoted = !quoted,
            b'{' | b'[' if !quoted => depth += 1,
            b'}' | b']' if !quoted => depth -= 1,
            _ => {}
        }
        escaped = byte == b'\\' && !escaped;
    }
    depth
}

fn continues_json(line: &str) -> bool {
    let number = |c: char| c.is_ascii_digit() || c == '-';
    if line.starts_with(['"', '\'', '“', '”', '{', '}', '[', ']', ',', '|', '#', '…', '.'])
        || line.starts_with("//")
        || line.starts_with("/*")
        || line.starts_with('*')
    {
        return true;
    }
    if line.starts_with(number) {
        return line.trim_end_matches(',').parse::<f64>().is_ok();
    }
    let word = line.trim_end_matches(',');
    if matches!(word, "true" | "false" | "null") {
        return true;
    }
    // A name without quotation marks.
    let name = line.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(line.len());
    name > 0 && line[name..].trim_start().starts_with(':')
}

/// The heading that names the page, or the line where nothing stands like a heading.
fn title(document: &Document, lines: &[&str]) -> Option<String> {
    let before_tables = document.blocks.iter().take_while(|it| !matches!(it, Block::Table(_)));
    let headings = before_tables.filter_map(|block| match block {
        Block::Heading { text, .. } if !looks_like_event(text) => Some(text.as_str()),
        _ => None,
    });
    let short = |line: &&str| (1..=LONGEST_HEADING).contains(&line.len());
    let lines = lines.iter().take(200).map(|line| line.trim()).filter(short);
    best_title(headings).or_else(|| best_title(lines)).map(words::squeeze)
}

/// Text has no levels, so it is the first that speaks of events, or else the first one.
fn best_title<'t>(mut texts: impl Iterator<Item = &'t str> + Clone) -> Option<&'t str> {
    texts.clone().find(|text| words::speaks_of_events(text)).or_else(|| texts.next())
}
