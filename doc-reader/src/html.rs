//! HTML, as a browser saves it, to the document model.
//!
//! The page's own content is found in the stream of tokens: headings, `pre`,
//! tables (also those made of `role` attributes), and text. Scripts, styles and
//! the site's navigation are left out.

mod elements;

use html5gum::emitters::default::{DefaultEmitter, StartTag, Token};
use html5gum::{Error, Tokenizer};

use crate::document::{Document, Table};
use crate::example::starts_json;
use crate::names::looks_like_event;
use crate::words;
pub(crate) use elements::is_inline;
use elements::{Role, VOID, is_struck, name};

/// Whether the site's navigation is read along with the page.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Chrome {
    #[default]
    Skip,
    Read,
}

/// Open elements that are remembered; deeper ones are read as their parent.
const MAX_OPEN: usize = 256;

/// Reads a page or a part of one.
pub(crate) fn document(text: &str, chrome: Chrome) -> Document {
    let mut reader = Reader { chrome, ..Reader::default() };
    let mut emitter = DefaultEmitter::default();
    emitter.naively_switch_states(true);
    for Ok(token) in Tokenizer::new_with_emitter(text, emitter) {
        match token {
            Token::StartTag(tag) => reader.start(&tag),
            Token::EndTag(tag) => reader.end(&name(&tag.name)),
            Token::String(text) => reader.characters(&String::from_utf8_lossy(&text)),
            // A comment or a tag without an end hides everything behind it.
            Token::Error(error) => {
                reader.document.cut_off |=
                    matches!(error.value, Error::EofInComment | Error::EofInTag);
            }
            Token::Comment(_) | Token::Doctype(_) => {}
        }
    }
    reader.finish()
}

#[derive(Default)]
struct Reader {
    document: Document,
    chrome: Chrome,
    open: Vec<(String, Role)>,
    too_deep: usize,
    text: String,
    /// Whether the text begins in bold or opens a folded part of the page.
    emphasized: bool,
    title: Option<String>,
    table: Option<Building>,
    /// How many open elements are skipped, and how many are code.
    skipping: usize,
    in_code: usize,
    /// Whether the last block is a `pre` of one line, as some highlighters make
    /// of every line.
    single_line_pre: bool,
}

#[derive(Default)]
struct Building {
    table: Table,
    row: Vec<String>,
    cell: Option<String>,
    /// Where the code that the cell has begins.
    code: usize,
    header_cells: usize,
    nested: usize,
}

impl Reader {
    fn start(&mut self, tag: &StartTag<()>) {
        let name = name(&tag.name);
        if name == "br" {
            self.push("\n");
        }
        // The words of an image are those that Markdown has for it.
        if let Some(words) = elements::attribute(tag, b"alt").filter(|_| name == "img") {
            self.push(&words);
        }
        if VOID.contains(&name.as_str()) || (tag.self_closing && self.skipping > 0) {
            return;
        }
        let role = elements::role(&name, tag, self.chrome);
        if self.skipping > 0 {
            self.remember(name, Role::Skip);
            return;
        }
        self.close_implied(&name, role);
        if matches!(role, Role::Table | Role::Heading(_)) {
            self.leave_layout();
        }
        match role {
            Role::Table => match &mut self.table {
                Some(outer) => outer.nested += 1,
                None => {
                    self.flush();
                    self.table = Some(Building::default());
                }
            },
            Role::Row => self.end_row(),
            Role::Cell | Role::HeaderCell => self.start_cell(role == Role::HeaderCell),
            Role::Heading(_) | Role::Code | Role::Block | Role::Title => self.interrupt(),
            Role::Inline | Role::Skip => {}
        }
        if let (Role::Code, Some(Building { cell: Some(cell), code, .. })) = (role, &mut self.table)
        {
            *code = cell.len();
        }
        self.mark(&name);
        self.remember(name, role);
    }

    fn remember(&mut self, name: String, role: Role) {
        if self.open.len() < MAX_OPEN {
            self.skipping += usize::from(role == Role::Skip);
            self.in_code += usize::from(role == Role::Code);
            self.open.push((name, role));
        } else {
            self.too_deep += 1;
        }
    }

    /// Closes what the page leaves open, as HTML allows: paragraphs, items,
    /// cells and rows.
    fn close_implied(&mut self, name: &str, starting: Role) {
        let block = |(_, role): &(String, Role)| *role != Role::Inline;
        if let Some(at) = self.open.iter().rposition(block) {
            let open = self.open[at].0.as_str();
            let item = matches!(name, "li" | "dt" | "dd" | "option") && open == name;
            if item || (open == "p" && starting != Role::Inline) {
                self.close_from(at);
            }
        }
        let closes: &[Role] = match starting {
            Role::Cell | Role::HeaderCell => &[Role::Cell, Role::HeaderCell],
            Role::Row => &[Role::Cell, Role::HeaderCell, Role::Row],
            _ => return,
        };
        while let Some(at) = self.open.iter().rposition(|(_, role)| closes.contains(role)) {
            let inner_table = self.open[at..].iter().any(|(_, role)| *role == Role::Table);
            if inner_table {
                return;
            }
            self.close_from(at);
        }
    }

    fn end(&mut self, name: &str) {
        if self.too_deep > 0 {
            self.too_deep -= 1;
            return;
        }
        if let Some(at) = self.open.iter().rposition(|(open, _)| open == name) {
            self.close_from(at);
        }
    }

    fn close_from(&mut self, at: usize) {
        while self.open.len() > at {
            let Some((name, role)) = self.open.last() else {
                return;
            };
            let (name, role) = (name.clone(), *role);
            // The text belongs to the element, so it ends while it is open.
            match role {
                Role::Code if self.table.is_some() => self.code_in_cell(),
                Role::Title => {
                    let title = words::squeeze(&std::mem::take(&mut self.text));
                    self.title.get_or_insert(title);
                }
                Role::Heading(_) | Role::Code | Role::Block => self.interrupt(),
                Role::Row => self.end_row(),
                Role::Cell | Role::HeaderCell => self.end_cell(),
                Role::Table => self.end_table(),
                Role::Inline => self.mark(&name),
                Role::Skip => {}
            }
            self.open.pop();
            self.skipping -= usize::from(role == Role::Skip);
            self.in_code -= usize::from(role == Role::Code);
        }
    }

    fn characters(&mut self, text: &str) {
        if self.skipping == 0 {
            self.push(text);
        }
    }

    fn push(&mut self, text: &str) {
        if self.skipping > 0 {
            return;
        }
        match &mut self.table {
            Some(Building { cell: Some(cell), .. }) => cell.push_str(text),
            // Text between cells is white space, or a mistake of the page.
            Some(_) => {}
            None => {
                if self.text.trim().is_empty() && !text.trim().is_empty() {
                    let marks = |(name, _): &(String, Role)| {
                        matches!(name.as_str(), "b" | "strong" | "summary" | "dt")
                    };
                    self.emphasized = self.open.iter().rev().take(4).any(marks);
                }
                self.text.push_str(text);
            }
        }
    }

    /// Marks where struck text begins or ends, and in a cell where code does, which may be
    /// a value. What is in `pre` is verbatim.
    fn mark(&mut self, name: &str) {
        if self.in_code == 0 && is_struck(name) {
            self.push(words::STRUCK);
        } else if self.in_code == 0 && name == "code" && self.table.is_some() {
            self.push("`");
        }
    }

    /// Ends the run of text before or after an element of its own line.
    fn interrupt(&mut self) {
        if self.table.is_some() {
            self.push(" ");
        } else if self.in_code > 0 {
            // Highlighters give every line an element of its own.
            let inside = !self.open.last().is_some_and(|(_, role)| *role == Role::Code);
            if inside && !self.text.is_empty() && !self.text.ends_with('\n') {
                self.text.push('\n');
            } else if !inside {
                self.flush();
            }
        } else {
            self.flush();
        }
    }

    fn flush(&mut self) {
        let text = std::mem::take(&mut self.text);
        if text.trim().is_empty() {
            return;
        }
        let innermost = self
            .open
            .iter()
            .rev()
            .map(|(_, role)| *role)
            .find(|role| matches!(role, Role::Heading(_) | Role::Code));
        match innermost {
            Some(Role::Heading(level)) => self.document.heading(level, &text),
            Some(Role::Code) => {
                self.code(text);
                return;
            }
            // A line of its own in bold, or what opens a folded part.
            _ if self.emphasized && looks_like_event(words::squeeze(&text).as_str()) => {
                self.document.heading(0, &text);
            }
            // Code outside `pre`, whose lines a style keeps.
            _ if text.trim().contains('\n') && starts_json(first_line(&text)) => {
                self.document.code(text);
            }
            _ => self.document.paragraph(&text),
        }
        self.single_line_pre = false;
    }

    fn code(&mut self, text: String) {
        let single = !text.trim_end().contains('\n');
        if let (true, true, Some(crate::document::Block::Code(last))) =
            (single, self.single_line_pre, self.document.blocks.last_mut())
        {
            last.push('\n');
            last.push_str(&text);
        } else {
            self.document.code(text);
        }
        self.single_line_pre = single;
    }

    /// Reads code that a highlighter put into a table, beside its line numbers.
    fn code_in_cell(&mut self) {
        if let Some(Building { cell: Some(cell), code, .. }) = &mut self.table {
            if let Some(text) = cell.get(*code..).filter(|text| starts_json(first_line(text))) {
                self.document.code(text.to_owned());
                cell.truncate(*code);
            }
        }
    }

    /// Takes a table that only arranges the page for text: a table or a heading is about to
    /// begin in it, and its columns have no headings that are known.
    fn leave_layout(&mut self) {
        let known = |cell: &&String| words::column(cell) != words::Column::Other;
        let lists = |Building { table, .. }: &Building| {
            let mut heads = std::iter::once(&table.header).chain(table.rows.first());
            heads.any(|row| row.iter().filter(known).count() >= 2)
        };
        let layout = self.table.take_if(|building| !lists(building));
        let Some(Building { table, row, cell, .. }) = layout else { return };
        for text in table.header.into_iter().chain(table.rows.into_iter().flatten()).chain(row) {
            self.document.paragraph(&text);
        }
        self.text = cell.unwrap_or_default();
        self.flush();
    }

    fn start_cell(&mut self, header: bool) {
        if let Some(table) = &mut self.table {
            if table.nested == 0 {
                table.header_cells += usize::from(header);
                table.cell = Some(String::new());
            }
        }
    }

    fn end_cell(&mut self) {
        if let Some(table) = &mut self.table {
            if table.nested == 0 {
                if let Some(cell) = table.cell.take() {
                    table.row.push(words::squeeze(&cell));
                }
            }
        }
    }

    fn end_row(&mut self) {
        self.end_cell();
        let Some(table) = self.table.as_mut().filter(|table| table.nested == 0) else {
            return;
        };
        let row = std::mem::take(&mut table.row);
        let headers = std::mem::take(&mut table.header_cells);
        if row.is_empty() {
            return;
        }
        if table.table.header.is_empty() && table.table.rows.is_empty() && headers == row.len() {
            table.table.header = row;
        } else {
            table.table.rows.push(row);
        }
    }

    fn end_table(&mut self) {
        if let Some(table) = &mut self.table {
            if table.nested > 0 {
                table.nested -= 1;
                return;
            }
        }
        self.end_row();
        if let Some(table) = self.table.take() {
            self.document.table(table.table);
            self.single_line_pre = false;
        }
    }

    fn finish(mut self) -> Document {
        // In Markdown, nothing may hide the rest of the page.
        let hidden = self.chrome == Chrome::Read && self.skipping > 0;
        // What a browser saves closes all of its elements. Pages that people write
        // may leave out the ends of some, but not those of code and tables.
        let open =
            |wanted: &[&str]| self.open.iter().any(|(name, _)| wanted.contains(&name.as_str()));
        self.document.cut_off |= hidden
            || self.table.is_some()
            || open(&["pre", "table"])
            || (open(&["html", "body"]) && open(&["main", "article", "section", "div"]));
        self.close_from(0);
        self.flush();
        self.document.title = self.title.filter(|title| !title.is_empty());
        self.document
    }
}

fn first_line(text: &str) -> &str {
    text.trim_start().lines().next().unwrap_or_default()
}
