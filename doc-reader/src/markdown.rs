//! Reads Markdown by converting it to HTML.
//!
//! CommonMark becomes HTML, which [`html`] reads, so that headings, tables and struck-out text are
//! recognised in one place. The extensions of documentation hosts are resolved first: components
//! are replaced by their content, HTML tables keep their blank lines, and blocks of JSON become
//! tables, code, headings and text.

pub(crate) mod blocks;
mod components;

use std::collections::HashSet;

use lazy_regex::regex::Captures;
use lazy_regex::{regex, regex_captures, regex_find, regex_is_match};
use pulldown_cmark::{Event, Options, Parser, html::push_html};

use crate::document::Document;
use crate::facts::Problem;
use crate::{html, words};

pub(crate) fn document(text: &str) -> Document {
    let (title, body) = front_matter(text);
    // The label of a footnote is one short word.
    let labels = regex!(r"(?m)^\s*(\[\^[^\s\[\]\\]{1,32}\]):").captures_iter(body);
    let labels = labels.filter_map(|found| Some(found.get(1)?.as_str())).collect();
    let mut converter = MarkdownConverter { labels, ..MarkdownConverter::default() };
    converter.read(body);
    let mut document = html::document(&converter.html, false);
    document.title = title;
    document.problems = converter.problems;
    document.cut_off |= converter.fence.is_some() || ends_within_row(text);
    document
}

/// Returns the title in a leading `---` block, and the text after the block.
fn front_matter(text: &str) -> (Option<String>, &str) {
    let block = regex_captures!(r"^\s*---\n(?s:(.*?))\n---\n", text);
    let Some((all, matter)) = block else { return (None, text) };
    let title = regex_captures!(r#"(?m)^title: *["']*(.*?)["']*\s*$"#, matter);
    (title.map(|(_, title)| title.to_owned()), &text[all.len()..])
}

/// Whether the last line is a row without its closing bar, while the row before has one.
fn ends_within_row(text: &str) -> bool {
    regex_is_match!(r"(?m)^[ \t]*\|.*\|[ \t]*\n[ \t]*\|(?:.*[^|\s])?\s*\z", text)
}

/// Returns the length of the leading marks of quotes and lists. At most 32 marks count: the
/// parser's work grows with the square of their number.
fn containers(text: &str) -> usize {
    let marked = |c: char| "> \t-+*".contains(c) || c.is_ascii_digit();
    if !text.starts_with(marked) {
        return 0;
    }
    regex_find!(r"^(?:[ \t]*(?:>|(?:[-+*]|[0-9]+[.)])[ \t\n])){0,32}", text).map_or(0, str::len)
}

/// Converts Markdown to HTML.
#[derive(Default)]
struct MarkdownConverter<'a> {
    html: String,
    problems: Vec<Problem>,
    /// Lines not converted yet.
    markdown: String,
    /// The fence that opened the current code block.
    fence: Option<&'static str>,
    /// The number of open components.
    open: usize,
    /// The labels of the page's footnotes.
    labels: HashSet<&'a str>,
}

impl MarkdownConverter<'_> {
    fn read(&mut self, text: &str) {
        let lines: Vec<&str> = text.split_inclusive('\n').collect();
        let mut at = 0;
        while at < lines.len() {
            let special = if self.fence.is_none() { self.special(&lines, at) } else { None };
            at = special.unwrap_or_else(|| {
                self.line(&lines, at);
                at + 1
            });
        }
        self.flush();
    }

    /// Reads an extension (MDX code, component, HTML table or block) that begins at this line;
    /// returns the line after it.
    fn special(&mut self, lines: &[&str], at: usize) -> Option<usize> {
        let start = lines.get(at)?.trim_start();
        let through = |end: &str| {
            let last = lines[at..].iter().position(|line| line.to_ascii_lowercase().contains(end));
            last.map_or(lines.len(), |last| at + last + 1)
        };
        if let Some(end) = components::code_of_mdx(lines, at) {
            self.markdown.push('\n');
            return Some(end);
        }
        if let Some((tag, end)) = components::alone(lines, at) {
            self.component(&tag);
            return Some(end);
        }
        let table = words::starts_with(start, "<table");
        if !table && !blocks::begins(start) {
            return None;
        }
        let end = through(if table { "</table" } else { blocks::CLOSE });
        let text = lines[at..end].concat();
        self.flush();
        if table {
            self.html.push_str(&text);
        } else {
            blocks::read(&text, self);
        }
        Some(end)
    }

    /// Replaces the tag of a component by a blank line and the text of its title.
    fn component(&mut self, tag: &str) {
        if tag.starts_with("</") {
            self.open = self.open.saturating_sub(1);
        } else if !tag.ends_with("/>") {
            self.open += 1;
        }
        self.markdown.push('\n');
        self.markdown.push_str(&components::title(tag));
    }

    fn line(&mut self, lines: &[&str], at: usize) {
        let start = lines[at].trim_start();
        let mark = ["```", "~~~"].into_iter().find(|mark| start.starts_with(mark));
        // A component indents its content, and this indentation is dropped; code keeps its own.
        let outside = self.fence.is_none() || mark == self.fence;
        let line = if self.open > 0 && outside { start } else { lines[at] };
        match self.fence {
            Some(open) if mark == Some(open) => self.fence = None,
            None => self.fence = mark,
            Some(_) => {}
        }
        let (marks, text) = line.split_at(containers(line));
        self.markdown.push_str(marks);
        if self.fence.is_none() && containers(text) > 0 {
            // Further marks are text.
            self.markdown.push('\\');
        }
        self.markdown.push_str(text);
        if self.fence.is_none() {
            self.end_line(lines, at);
        }
    }

    /// Restores lost lines: the line of hyphens below the column headings of a table, and the blank
    /// line below the summary of a fold.
    fn end_line(&mut self, lines: &[&str], at: usize) {
        let line = lines[at];
        if line.trim_end().ends_with("</summary>") {
            self.markdown.push('\n');
        }
        let next = lines.get(at + 1).copied().unwrap_or_default();
        let before = at.checked_sub(1).map_or("", |before| lines[before]);
        if next.contains('|') && !before.contains('|') && !words::is_frame(next.trim()) {
            let framed = line.trim_start().starts_with('|');
            let cells = words::barred_cells(line, framed);
            if words::is_header(&cells) {
                self.markdown.push_str(&format!("|{}\n", "---|".repeat(cells.len())));
            }
        }
    }

    fn flush(&mut self) {
        let markdown = std::mem::take(&mut self.markdown);
        // The labels of footnotes are dropped: a note is read where it is defined, and a reference
        // to it has no text.
        let markdown = regex!(r"(\[\^[^\s\[\]\\]{1,32}\]):?").replace_all(
            &markdown,
            |found: &Captures<'_>| {
                if self.labels.contains(&found[1]) { String::new() } else { found[0].to_owned() }
            },
        );
        let options = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH;
        let events = Parser::new_ext(&markdown, options).filter_map(|event| match event {
            Event::InlineHtml(tag) if components::is_component(&tag) => None,
            // A placeholder in angle brackets, such as `<number>`.
            Event::InlineHtml(tag) if !html::is_inline(&tag) => Some(Event::Text(tag)),
            event => Some(event),
        });
        push_html(&mut self.html, events);
    }
}
