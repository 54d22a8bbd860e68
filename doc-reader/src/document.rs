//! The document model common to all renderings: headings, paragraphs, code and tables, in the
//! page's order.
//!
//! Invariants: texts have no leading, trailing or doubled white space; code keeps its white space;
//! struck-out text is enclosed in [`words::STRUCK`].

use crate::facts::Problem;
use crate::tables::{self, Table, TableShape};
use crate::words;

/// A page without its mark-up.
#[derive(Debug, Default)]
pub(crate) struct Document {
    /// The title, if the rendering marks a text as the title.
    pub(crate) title: Option<String>,
    pub(crate) blocks: Vec<Block>,
    /// Content that the rendering lost and that could not be restored.
    pub(crate) problems: Vec<Problem>,
    /// Whether the text ends within a tag, an element, a code block or a row.
    pub(crate) cut_off: bool,
}

#[derive(Debug)]
pub(crate) enum Block {
    Heading {
        /// 1 to 6, or 0 if the rendering gives no level.
        level: u8,
        text: String,
    },
    Paragraph(String),
    Code(String),
    Table(Table),
}

impl Block {
    /// Returns the words of the block: its text, its code, or one text for each row. Captions and
    /// texts of the site are left out, because only some renderings have them.
    pub(crate) fn texts(&self) -> Vec<String> {
        match self {
            Block::Heading { text, .. } | Block::Paragraph(text) => {
                let says = !words::is_caption(text) && !words::is_site_text(text);
                says.then(|| text.clone()).into_iter().collect()
            }
            Block::Code(code) => vec![code.clone()],
            Block::Table(table) => {
                let rows = std::iter::once(&table.header).chain(&table.rows);
                rows.map(|row| row.join(" ")).collect()
            }
        }
    }
}

impl Document {
    pub(crate) fn tables(&self) -> impl Iterator<Item = &Table> {
        self.blocks.iter().filter_map(|block| match block {
            Block::Table(table) => Some(table),
            _ => None,
        })
    }

    /// Returns the headings with their levels.
    pub(crate) fn headings(&self) -> impl Iterator<Item = (u8, &str)> {
        self.blocks.iter().filter_map(|block| match block {
            Block::Heading { level, text } => Some((*level, text.as_str())),
            _ => None,
        })
    }

    pub(crate) fn heading(&mut self, level: u8, text: &str) {
        // The sign of a link to the heading is not part of its text.
        let is_link = |c: char| c.is_whitespace() || matches!(c, '#' | '¶' | '🔗' | '§');
        let text = words::squeeze(text).trim_matches(is_link).to_owned();
        if !text.is_empty() {
            self.blocks.push(Block::Heading { level, text });
        }
    }

    pub(crate) fn paragraph(&mut self, text: &str) {
        let text = words::squeeze(text);
        if !text.is_empty() {
            self.blocks.push(Block::Paragraph(text));
        }
    }

    pub(crate) fn code(&mut self, text: String) {
        if !text.trim().is_empty() {
            self.blocks.push(Block::Code(text));
        }
    }

    /// Adds a table. The first row has the column headings. Empty rows are dropped.
    pub(crate) fn table(&mut self, mut rows: Vec<Vec<String>>) {
        rows.retain(|row| row.iter().any(|cell| !cell.is_empty()));
        if !rows.is_empty() {
            let header = rows.remove(0);
            let mut table = Table { header, rows, shape: TableShape::Other };
            table.shape = tables::shape(&table);
            self.blocks.push(Block::Table(table));
        }
    }
}
