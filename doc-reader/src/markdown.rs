//! Markdown with tables to the document model.
//!
//! Hosts of documentation mix tables in HTML into their Markdown. Those are cut
//! out first, so that blank lines inside them don't end them, and so are the
//! blocks of JSON that older exports have.

pub(crate) mod blocks;
mod components;

use std::borrow::Cow;

use pulldown_cmark::{CodeBlockKind, Event, HeadingLevel, Options, Parser, Tag, TagEnd};

use crate::document::{Document, Table};
use crate::names::looks_like_event;
use crate::{html, words};

pub(crate) fn document(text: &str) -> Document {
    let mut document = Document::default();
    let mut rest = front_matter(text, &mut document);
    document.cut_off = ends_within_row(text) || ends_within_fence(text);
    while !rest.is_empty() {
        let (part, end) = next_part(rest);
        match part {
            Part::Markdown => commonmark(&rest[..end], &mut document),
            Part::HtmlTable => {
                let inner = html::document(&rest[..end], html::Chrome::Read, html::Tables::Outer);
                document.append(inner);
            }
            Part::Block => blocks::read(&rest[..end], &mut document),
        }
        rest = &rest[end..];
    }
    document
}

/// Whether the last line is a row whose closing bar is missing, unlike that of the
/// row before.
fn ends_within_row(text: &str) -> bool {
    let mut lines = text.trim_end().lines().rev().map(str::trim);
    match (lines.next(), lines.next()) {
        (Some(last), Some(before)) => {
            last.starts_with('|')
                && (last.len() == 1 || !last.ends_with('|'))
                && before.starts_with('|')
                && before.ends_with('|')
        }
        _ => false,
    }
}

/// Whether the text ends in code that a fence has opened.
fn ends_within_fence(text: &str) -> bool {
    let mut fence = None;
    for line in text.lines() {
        let start = line.trim_start();
        let mark = ["```", "~~~"].into_iter().find(|mark| start.starts_with(mark));
        match fence {
            Some(open) if mark == Some(open) => fence = None,
            None => fence = mark,
            Some(_) => {}
        }
    }
    fence.is_some()
}

/// Reads the title out of a leading `---` block, and returns what follows it.
fn front_matter<'a>(text: &'a str, document: &mut Document) -> &'a str {
    let Some((matter, rest)) =
        text.trim_start().strip_prefix("---\n").and_then(|text| text.split_once("\n---\n"))
    else {
        return text;
    };
    document.title = matter
        .lines()
        .find_map(|line| line.strip_prefix("title:"))
        .map(|title| title.trim().trim_matches(['"', '\'']).to_owned());
    rest
}

#[derive(Debug, PartialEq, Eq)]
enum Part {
    Markdown,
    HtmlTable,
    Block,
}

/// Cuts off the longest beginning that is of one kind.
fn next_part(text: &str) -> (Part, usize) {
    let mut fence = None;
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let start = line.trim_start();
        let mark = ["```", "~~~"].into_iter().find(|mark| start.starts_with(mark));
        match fence {
            Some(open) if mark == Some(open) => fence = None,
            None if mark.is_some() => fence = mark,
            None if words::starts_with(start, "<table") => {
                if at > 0 {
                    return (Part::Markdown, at);
                }
                return (Part::HtmlTable, html_table_end(text));
            }
            None if blocks::begins(start) => {
                if at > 0 {
                    return (Part::Markdown, at);
                }
                return (Part::Block, blocks::end(text));
            }
            _ => {}
        }
        at += line.len();
    }
    (Part::Markdown, text.len())
}

/// The end of the line that closes the table, or of the text.
fn html_table_end(text: &str) -> usize {
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        at += line.len();
        if line.to_ascii_lowercase().contains("</table") {
            return at;
        }
    }
    text.len()
}

fn commonmark(text: &str, document: &mut Document) {
    let text = components::unwrap(text);
    let text = &with_delimiters(&text);
    let options =
        Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_FOOTNOTES;
    let mut reader = Reader::default();
    for event in Parser::new_ext(text, options) {
        reader.event(event, document);
    }
    document.paragraph(&reader.text);
}

/// Adds the line of hyphens that a table needs below its column headings, where
/// it was lost.
fn with_delimiters(text: &str) -> Cow<'_, str> {
    let mut out = String::new();
    let mut copied = 0;
    let mut at = 0;
    let mut lines = text.split_inclusive('\n').peekable();
    let mut before = "";
    while let Some(line) = lines.next() {
        at += line.len();
        let next = lines.peek().copied().unwrap_or_default();
        // Below a row it is none, but a row.
        let heads = next.contains('|') && !before.contains('|') && !words::is_frame(next.trim());
        let framed = line.trim_start().starts_with('|');
        let cells: Vec<String> =
            if heads { words::barred_cells(line, framed).collect() } else { Vec::new() };
        if words::is_header(&cells) {
            out.push_str(&text[copied..at]);
            out.push_str(&format!("|{}\n", "---|".repeat(cells.len())));
            copied = at;
        }
        before = line;
    }
    if copied == 0 {
        return Cow::Borrowed(text);
    }
    out.push_str(&text[copied..]);
    Cow::Owned(out)
}

#[derive(Default)]
struct Reader {
    text: String,
    /// The HTML of a block that isn't over.
    html: String,
    /// Whether the text begins in bold: `**A_B** (WIP)` is a heading.
    bold: bool,
    table: Table,
    row: Vec<String>,
}

impl Reader {
    fn event(&mut self, event: Event<'_>, document: &mut Document) {
        match event {
            Event::Text(text) | Event::Code(text) => self.text.push_str(&text),
            Event::InlineHtml(tag) if components::is_component(&tag) => {}
            Event::InlineHtml(tag) => match html::inline(&tag) {
                Some(text) => self.text.push_str(text),
                None => self.text.push_str(&tag),
            },
            Event::Html(html) => self.html.push_str(&html),
            Event::SoftBreak | Event::HardBreak => self.text.push('\n'),
            Event::Start(tag) => self.start(&tag, document),
            Event::End(tag) => self.end(tag, document),
            _ => {}
        }
    }

    fn start(&mut self, tag: &Tag<'_>, document: &mut Document) {
        match tag {
            Tag::Strikethrough => self.text.push_str(words::STRUCK),
            Tag::Strong => self.bold |= self.text.trim().is_empty(),
            Tag::Emphasis | Tag::Link { .. } => {}
            Tag::TableCell => self.text.clear(),
            Tag::Table(_) => {
                self.flush(document);
                self.table = Table::default();
            }
            Tag::CodeBlock(kind) => {
                self.flush(document);
                if let CodeBlockKind::Fenced(_) = kind {
                    self.text.clear();
                }
            }
            _ => self.flush(document),
        }
    }

    fn end(&mut self, tag: TagEnd, document: &mut Document) {
        match tag {
            TagEnd::Heading(level) => {
                let text = std::mem::take(&mut self.text);
                document.heading(number(level), &text);
            }
            TagEnd::CodeBlock => document.code(std::mem::take(&mut self.text)),
            TagEnd::TableCell => {
                let cell = std::mem::take(&mut self.text);
                self.row.push(words::squeeze(&cell));
            }
            TagEnd::TableHead => self.table.header = std::mem::take(&mut self.row),
            TagEnd::TableRow => self.table.rows.push(std::mem::take(&mut self.row)),
            TagEnd::Strikethrough => self.text.push_str(words::STRUCK),
            TagEnd::Table => document.table(std::mem::take(&mut self.table)),
            TagEnd::HtmlBlock => {
                let html = std::mem::take(&mut self.html);
                document.append(html::document(&html, html::Chrome::Read, html::Tables::Outer));
            }
            TagEnd::Paragraph
                if self.bold && looks_like_event(words::squeeze(&self.text).as_str()) =>
            {
                document.heading(0, &std::mem::take(&mut self.text));
                self.bold = false;
            }
            TagEnd::Paragraph | TagEnd::Item => self.flush(document),
            _ => {}
        }
    }

    fn flush(&mut self, document: &mut Document) {
        let text = std::mem::take(&mut self.text);
        document.paragraph(&text);
        self.bold = false;
    }
}

const fn number(level: HeadingLevel) -> u8 {
    match level {
        HeadingLevel::H1 => 1,
        HeadingLevel::H2 => 2,
        HeadingLevel::H3 => 3,
        HeadingLevel::H4 => 4,
        HeadingLevel::H5 => 5,
        HeadingLevel::H6 => 6,
    }
}
