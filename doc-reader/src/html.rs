//! Reads HTML, as a browser saves it, into the document model.
//!
//! The tokens become a tree of limited depth. Headings, `pre` elements, tables (also those built
//! with `role` attributes) and text of this tree become blocks. Scripts, styles and the site's
//! navigation are left out.

mod elements;

use html5gum::emitters::default::{DefaultEmitter, StartTag, Token};
use html5gum::{Error, Tokenizer};

use crate::document::{Block, Document};
use crate::example::json_start;
use crate::names::looks_like_event;
use crate::words::{self, Column};
pub(crate) use elements::is_inline;
use elements::{ElementRole, VOID};

/// The most open elements; the content of deeper elements is added to their parent.
const MAX_OPEN: usize = 256;

/// Reads HTML. If `is_site`, the text is a page of a site, and its navigation is skipped; otherwise
/// the text is a part of a page.
pub(crate) fn document(text: &str, is_site: bool) -> Document {
    let mut builder = TreeBuilder { is_site, open: vec![Element::new("", ElementRole::Block)] };
    let mut cut_off = false;
    let mut emitter = DefaultEmitter::default();
    emitter.naively_switch_states(true);
    for Ok(token) in Tokenizer::new_with_emitter(text, emitter) {
        match token {
            Token::StartTag(tag) => builder.start(&tag),
            Token::EndTag(tag) => builder.end(&String::from_utf8_lossy(&tag.name)),
            Token::String(text) => builder.text(&String::from_utf8_lossy(&text)),
            // An unclosed comment or tag hides the rest of the page.
            Token::Error(error) => {
                cut_off |= matches!(error.value, Error::EofInComment | Error::EofInTag);
            }
            Token::Comment(_) | Token::Doctype(_) => {}
        }
    }
    cut_off |= builder.is_cut_off();
    let mut writer = BlockWriter::default();
    writer.element(&builder.root());
    writer.document.cut_off = cut_off;
    writer.document.title.take_if(|title| title.is_empty());
    writer.document
}

struct Element {
    name: String,
    role: ElementRole,
    content: Vec<HtmlNode>,
}

enum HtmlNode {
    Text(String),
    Element(Element),
}

impl Element {
    fn new(name: &str, role: ElementRole) -> Self {
        Element { name: name.to_owned(), role, content: Vec::new() }
    }

    /// Returns the elements inside this one, except those in nested tables.
    fn inside(&self) -> Vec<&Element> {
        let mut found = Vec::new();
        for node in &self.content {
            let HtmlNode::Element(element) = node else { continue };
            if element.role != ElementRole::Skip {
                found.push(element);
            }
            if !matches!(element.role, ElementRole::Skip | ElementRole::Table) {
                found.extend(element.inside());
            }
        }
        found
    }

    /// Returns the rows of a table, or the cells of a row.
    fn parts(&self, role: ElementRole) -> impl Iterator<Item = &Element> {
        self.inside().into_iter().filter(move |element| element.role == role)
    }
}

/// Builds the tree of elements. `open` lists the open elements, the outermost first.
struct TreeBuilder {
    is_site: bool,
    open: Vec<Element>,
}

impl TreeBuilder {
    fn start(&mut self, tag: &StartTag<()>) {
        let name = String::from_utf8_lossy(&tag.name);
        if name == "br" {
            self.text("\n");
        }
        // Markdown has the alternative text of an image, so HTML must have it too.
        if let Some(words) = elements::attribute(tag, b"alt").filter(|_| name == "img") {
            self.text(&words);
        }
        let skipping = self.is_open(|element| element.role == ElementRole::Skip);
        if VOID.contains(&&*name) || (tag.self_closing && skipping) {
            return;
        }
        let role = elements::role(&name, tag, self.is_site);
        if !skipping {
            self.close_implied(&name, role);
        }
        if self.open.len() <= MAX_OPEN {
            self.open.push(Element::new(&name, role));
        }
    }

    fn is_open(&self, wanted: impl Fn(&Element) -> bool) -> bool {
        self.open.iter().any(wanted)
    }

    /// Closes elements whose end tags HTML makes optional: paragraphs, items, cells and rows.
    fn close_implied(&mut self, name: &str, starting: ElementRole) {
        let in_table = matches!(starting, ElementRole::Cell | ElementRole::Row);
        let item = matches!(name, "li" | "dt" | "dd" | "option");
        let bounds = |it: &Element| match in_table {
            true => it.role == ElementRole::Table,
            false => it.role != ElementRole::Inline,
        };
        let closes = |open: &Element| match starting {
            ElementRole::Cell => open.role == ElementRole::Cell,
            ElementRole::Row => matches!(open.role, ElementRole::Cell | ElementRole::Row),
            ElementRole::Inline => false,
            _ => {
                (item && open.name == name) || (open.name == "p" && open.role == ElementRole::Block)
            }
        };
        let from = self.open.iter().rposition(bounds).unwrap_or(0);
        if let Some(at) = self.open[from..].iter().position(closes) {
            self.close_from(from + at);
        }
    }

    fn end(&mut self, name: &str) {
        if let Some(at) = self.open.iter().rposition(|open| open.name == name) {
            self.close_from(at.max(1));
        }
    }

    fn close_from(&mut self, at: usize) {
        while self.open.len() > at {
            let Some(element) = self.open.pop() else { return };
            match self.open.last_mut() {
                Some(parent) => parent.content.push(HtmlNode::Element(element)),
                None => self.open.push(element),
            }
        }
    }

    /// Adds text. References such as `&nbsp;` have become special spaces and invisible characters
    /// only now, so the text is normalised again.
    fn text(&mut self, text: &str) {
        if let Some(element) = self.open.last_mut() {
            element.content.push(HtmlNode::Text(words::plainly_spaced(text)));
        }
    }

    /// Whether an unclosed element shows that the page is cut off. A page saved by a browser closes
    /// all elements. A hand-written page may omit some end tags, but not those of code and tables.
    /// In Markdown, an unclosed element of a skipped kind would hide the rest of the page.
    fn is_cut_off(&self) -> bool {
        let open = |names: &[&str]| self.is_open(|element| names.contains(&element.name.as_str()));
        let hidden = |element: &Element| match element.role {
            ElementRole::Skip => !self.is_site,
            role => matches!(role, ElementRole::Table | ElementRole::Code),
        };
        self.is_open(hidden)
            || open(&["pre", "table"])
            || (open(&["html", "body"]) && open(&["main", "article", "section", "div"]))
    }

    fn root(mut self) -> Element {
        self.close_from(1);
        self.open.remove(0)
    }
}

/// Turns the tree into blocks. `text` is the text of the current block.
#[derive(Default)]
struct BlockWriter {
    document: Document,
    text: String,
    /// The level of the innermost open heading.
    heading: Option<u8>,
    /// Whether the current text is bold, a defined term or the summary of a fold, and whether the
    /// current block began with such text.
    bold: bool,
    emphasized: bool,
    /// Whether this is a cell. Code in cells keeps its backticks, because it may be a value.
    in_cell: bool,
    /// Whether the last block is a `pre` of one line. Some highlighters wrap each line in its own
    /// `pre`.
    single_line: bool,
}

impl BlockWriter {
    fn content(&mut self, element: &Element) {
        for node in &element.content {
            match node {
                HtmlNode::Text(text) => {
                    if self.text.trim_start().is_empty() {
                        self.emphasized = self.bold;
                    }
                    self.text.push_str(text);
                }
                HtmlNode::Element(element) => self.element(element),
            }
        }
    }

    fn element(&mut self, element: &Element) {
        let (heading, bold) = (self.heading, self.bold);
        self.bold |= matches!(element.name.as_str(), "b" | "strong" | "summary" | "dt");
        match element.role {
            ElementRole::Skip => {}
            ElementRole::Inline => {
                let mark = match element.name.as_str() {
                    "del" | "s" | "strike" => words::STRUCK,
                    "code" if self.in_cell => "`",
                    _ => "",
                };
                self.text.push_str(mark);
                self.content(element);
                self.text.push_str(mark);
            }
            role => {
                self.flush();
                match role {
                    ElementRole::Title => {
                        self.document.title.get_or_insert(cell(element).0);
                    }
                    ElementRole::Code => self.code(element.verbatim()),
                    ElementRole::Table if !is_layout(element) => self.table(element),
                    ElementRole::Heading(level) => {
                        self.heading = Some(level);
                        self.content(element);
                    }
                    _ => self.content(element),
                }
                self.flush();
            }
        }
        (self.heading, self.bold) = (heading, bold);
    }

    fn flush(&mut self) {
        let text = std::mem::take(&mut self.text);
        if text.trim().is_empty() {
            return;
        }
        self.single_line = false;
        match self.heading {
            Some(level) => self.document.heading(level, &text),
            // A separate bold line, or the summary of a fold.
            None if self.emphasized && looks_like_event(&words::squeeze(&text)) => {
                self.document.heading(0, &text);
            }
            // Code outside `pre`, whose lines a style sheet preserves.
            None if text.trim().contains('\n') && begins_json(&text) => self.document.code(text),
            None => self.document.paragraph(&text),
        }
    }

    fn code(&mut self, text: String) {
        let single = !text.trim_end().contains('\n');
        match self.document.blocks.last_mut() {
            Some(Block::Code(last)) if single && self.single_line => {
                last.push('\n');
                last.push_str(&text);
            }
            _ => self.document.code(text),
        }
        self.single_line = single;
    }

    fn table(&mut self, table: &Element) {
        let mut rows = Vec::new();
        for row in table.parts(ElementRole::Row) {
            let (cells, examples): (Vec<_>, Vec<_>) =
                row.parts(ElementRole::Cell).map(cell).unzip();
            examples.concat().into_iter().for_each(|code| self.document.code(code));
            rows.push(cells);
        }
        self.document.table(rows);
        self.single_line = false;
    }
}

/// Returns the text of a cell on one line, and the examples in the cell.
fn cell(element: &Element) -> (String, Vec<String>) {
    let mut writer = BlockWriter { in_cell: true, ..BlockWriter::default() };
    writer.content(element);
    writer.flush();
    let (mut text, mut examples) = (String::new(), Vec::new());
    for block in writer.document.blocks {
        match block {
            Block::Code(code) if begins_json(&code) => examples.push(code),
            Block::Table(_) => text.push_str(&block.texts().join(" ")),
            Block::Heading { text: said, .. } | Block::Paragraph(said) | Block::Code(said) => {
                text.push_str(&said);
            }
        }
        text.push(' ');
    }
    (words::squeeze(&text), examples)
}

/// Whether a table only lays out the page: it contains a table, a heading or code, and has fewer
/// than two known column headings.
fn is_layout(table: &Element) -> bool {
    let arranged =
        |role| matches!(role, ElementRole::Table | ElementRole::Heading(_) | ElementRole::Code);
    let known = |it: &&Element| words::column(&it.verbatim()) != Column::Other;
    table.inside().iter().any(|element| arranged(element.role))
        && !table
            .parts(ElementRole::Row)
            .take(2)
            .any(|row| row.parts(ElementRole::Cell).filter(known).count() >= 2)
}

fn begins_json(text: &str) -> bool {
    json_start(text.trim_start().lines().next().unwrap_or_default()).is_some()
}

impl Element {
    /// Returns the text with its white space. A block element ends its line, because highlighters
    /// may wrap each line of code in an element.
    fn verbatim(&self) -> String {
        let mut out = String::new();
        for node in &self.content {
            let (text, ends_line) = match node {
                HtmlNode::Text(text) => (text.clone(), false),
                HtmlNode::Element(inner) if inner.role == ElementRole::Skip => continue,
                HtmlNode::Element(inner) => (inner.verbatim(), inner.role != ElementRole::Inline),
            };
            let end = |out: &str| ends_line && !out.is_empty() && !out.ends_with('\n');
            out.push_str(if end(&out) { "\n" } else { "" });
            out.push_str(&text);
            out.push_str(if end(&out) { "\n" } else { "" });
        }
        out
    }
}
