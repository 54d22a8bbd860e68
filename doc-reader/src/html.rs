//! HTML, as a browser saves it, to the document model.
//!
//! The page's own content is found in the stream of tokens: headings, `pre`,
//! tables (also those made of `role` attributes), and text. Scripts, styles and
//! the site's navigation are left out.

use html5gum::emitters::default::{DefaultEmitter, StartTag, Token};
use html5gum::{HtmlString, Tokenizer};

use crate::document::{Document, Table};
use crate::words;

/// Whether the site's navigation is read along with the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Chrome {
    Skip,
    Read,
}

/// Open elements that are remembered; deeper ones are read as their parent.
const MAX_OPEN: usize = 256;

const VOID: &[&str] = &[
    "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track",
    "wbr",
];
const NEVER_READ: &[&str] = &[
    "script", "style", "template", "noscript", "svg", "math", "button", "select", "textarea",
    "iframe", "object", "canvas", "audio", "video",
];
const CHROME: &[&str] = &["nav", "aside", "footer"];
/// Elements that don't interrupt a run of text.
const INLINE: &[&str] = &[
    "a", "abbr", "b", "bdi", "bdo", "cite", "code", "data", "del", "dfn", "em", "font", "i", "ins",
    "kbd", "label", "mark", "q", "s", "samp", "small", "span", "strike", "strong", "sub", "sup",
    "time", "tt", "u", "var", "wbr", "img",
];

/// Reads a page or a part of one.
pub(crate) fn document(text: &str, chrome: Chrome) -> Document {
    let mut reader = Reader {
        document: Document::default(),
        chrome,
        open: Vec::new(),
        too_deep: 0,
        text: String::new(),
        title: None,
        table: None,
        skipping: 0,
        in_code: 0,
        foreign: 0,
        single_line_pre: false,
    };
    let mut emitter = DefaultEmitter::default();
    emitter.naively_switch_states(true);
    for Ok(token) in Tokenizer::new_with_emitter(text, emitter) {
        match token {
            Token::StartTag(tag) => reader.start(&tag),
            Token::EndTag(tag) => reader.end(&name(&tag.name)),
            Token::String(text) => reader.characters(&String::from_utf8_lossy(&text)),
            Token::Comment(_) | Token::Doctype(_) | Token::Error(_) => {}
        }
    }
    reader.finish()
}

/// What an open element does with what is inside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    Skip,
    Title,
    Heading(u8),
    Code,
    Table,
    Row,
    HeaderCell,
    Cell,
    Block,
    Inline,
}

struct Reader {
    document: Document,
    chrome: Chrome,
    open: Vec<(String, Role)>,
    too_deep: usize,
    text: String,
    title: Option<String>,
    table: Option<Building>,
    /// How many open elements are skipped, and how many are code.
    skipping: usize,
    in_code: usize,
    foreign: usize,
    /// Whether the last block is a `pre` of one line, as some highlighters make
    /// of every line.
    single_line_pre: bool,
}

#[derive(Default)]
struct Building {
    table: Table,
    row: Vec<String>,
    cell: Option<String>,
    header_cells: usize,
    nested: usize,
}

impl Reader {
    fn start(&mut self, tag: &StartTag<()>) {
        let name = name(&tag.name);
        if name == "br" {
            self.push("\n");
        }
        if VOID.contains(&name.as_str()) || (tag.self_closing && self.foreign > 0) {
            return;
        }
        let role = self.role(&name, tag);
        if self.skipping > 0 {
            self.remember(name, Role::Skip);
            return;
        }
        self.close_implied(&name, role);
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
        self.remember(name, role);
    }

    fn role(&self, name: &str, tag: &StartTag<()>) -> Role {
        let attribute = |wanted: &[u8]| {
            tag.attributes
                .iter()
                .find(|(name, _)| ***name == *wanted)
                .map(|(_, value)| String::from_utf8_lossy(value).to_ascii_lowercase())
                .unwrap_or_default()
        };
        let class = attribute(b"class");
        let numbers = ["linenumber", "line-number", "lineno", "gutter"];
        if NEVER_READ.contains(&name)
            || (self.chrome == Chrome::Skip && CHROME.contains(&name))
            || numbers.iter().any(|number| class.contains(number))
        {
            return Role::Skip;
        }
        match (name, attribute(b"role").as_str()) {
            ("title", _) => Role::Title,
            ("h1", _) => Role::Heading(1),
            ("h2", _) => Role::Heading(2),
            ("h3", _) => Role::Heading(3),
            ("h4", _) => Role::Heading(4),
            ("h5", _) => Role::Heading(5),
            ("h6", _) => Role::Heading(6),
            ("pre", _) => Role::Code,
            ("table", _) | ("div", "table" | "grid") => Role::Table,
            ("tr", _) | ("div", "row") => Role::Row,
            ("th", _) | ("div", "columnheader") => Role::HeaderCell,
            ("td", _) | ("div", "cell" | "gridcell") => Role::Cell,
            (name, _) if INLINE.contains(&name) => Role::Inline,
            _ => Role::Block,
        }
    }

    fn remember(&mut self, name: String, role: Role) {
        if self.open.len() < MAX_OPEN {
            self.skipping += usize::from(role == Role::Skip);
            self.in_code += usize::from(role == Role::Code);
            self.foreign += usize::from(is_foreign(&name));
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
            let (role, foreign) = (*role, is_foreign(name));
            // The text belongs to the element, so it ends while it is open.
            match role {
                Role::Title => {
                    let title = words::squeeze(&std::mem::take(&mut self.text));
                    self.title.get_or_insert(title);
                }
                Role::Heading(_) | Role::Code | Role::Block => self.interrupt(),
                Role::Row => self.end_row(),
                Role::Cell | Role::HeaderCell => self.end_cell(),
                Role::Table => self.end_table(),
                Role::Inline | Role::Skip => {}
            }
            self.open.pop();
            self.skipping -= usize::from(role == Role::Skip);
            self.in_code -= usize::from(role == Role::Code);
            self.foreign -= usize::from(foreign);
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
            None => self.text.push_str(text),
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
            _ => self.document.paragraph(&text),
        }
        self.single_line_pre = false;
    }

    fn code(&mut self, text: String) {
        let text = text.replace('\u{a0}', " ");
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
        self.close_from(0);
        self.flush();
        self.document.title = self.title.filter(|title| !title.is_empty());
        self.document
    }
}

fn is_foreign(name: &str) -> bool {
    name == "svg" || name == "math"
}

fn name(name: &HtmlString) -> String {
    String::from_utf8_lossy(name).into_owned()
}
