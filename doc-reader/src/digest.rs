//! The normal form of a part of the page, and its digest.
//!
//! Every rendering shows the same words, and nothing else of a page is the same in
//! all of them: escapes, quotation marks, white space, the borders of cells, the
//! order of columns. So the normal form is the letters and digits of a part. Two
//! texts with one digest have the same words; punctuation is not compared.
//!
//! A section has a digest for its text, one for its examples and one for each row of
//! its member tables, so that a report can name what was reworded.
//!
//! Where a type is `string | null` unescaped, a browser ends the cell at the bar and
//! drops the last cell of the row, while the Markdown source still has it. The words
//! beside such a type therefore have a digest of their own, which may be missing.

use std::collections::HashMap;

use serde::{Serialize, Serializer};
use sha2::{Digest as _, Sha256};

use crate::document::{Block, Table, cell};
use crate::tables::{self, Shape};
use crate::words::{self, Column};

/// A digest of the words of a part of the page, in 16 hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Digest(String);

impl Digest {
    /// Returns the digest of the letters and digits of a text.
    ///
    /// # Examples
    ///
    /// ```
    /// use spektr_doc_reader::Digest;
    ///
    /// assert_eq!(Digest::of("| idstring | The id. |"), Digest::of("id string The `id`"));
    /// assert_ne!(Digest::of("The id."), Digest::of("An id."));
    /// ```
    #[must_use]
    pub fn of(text: &str) -> Self {
        let mut normal = Normal::default();
        normal.text(text);
        normal.digest()
    }

    /// Returns the digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

/// A text on its way to its digest.
#[derive(Debug, Default, Clone)]
pub(crate) struct Normal {
    hasher: Sha256,
    letters: usize,
}

impl Normal {
    pub(crate) fn text(&mut self, text: &str) {
        let normal: String = text.chars().filter(|c| c.is_alphanumeric()).collect();
        self.letters += normal.len();
        self.hasher.update(normal.as_bytes());
    }

    fn digest(self) -> Digest {
        let sum = self.hasher.finalize();
        Digest(sum.iter().take(8).map(|byte| format!("{byte:02x}")).collect())
    }

    /// Returns the digest, or `None` where there was no word.
    pub(crate) fn finish(self) -> Option<Digest> {
        (self.letters > 0).then(|| self.digest())
    }
}

/// A text of several paragraphs.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Words {
    /// All of it, in order; absent where there is no word.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub digest: Option<Digest>,
    /// Its paragraphs, headings and rows of tables, as far as the rendering tells
    /// them apart.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub blocks: Vec<Paragraph>,
}

impl Words {
    /// Whether there is no word.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.digest.is_none()
    }
}

/// A paragraph, a heading or a row of a table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Paragraph {
    /// Its words.
    pub digest: Digest,
    /// How it begins, to find it on the page.
    pub start: String,
}

/// The words of one row of a member table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct RowWords {
    /// The path as the table writes it.
    pub path: String,
    /// Name, type and description.
    pub digest: Digest,
    /// The words beside a type that may be null, if the rendering kept them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after_null: Option<Digest>,
}

/// A [`Words`] on its way.
#[derive(Debug, Default)]
pub(crate) struct Text {
    all: Normal,
    blocks: Vec<Paragraph>,
}

impl Text {
    pub(crate) fn add(&mut self, text: &str) {
        self.all.text(text);
        let mut normal = Normal::default();
        normal.text(text);
        if let Some(digest) = normal.finish() {
            self.blocks.push(Paragraph { digest, start: words::clip(&words::squeeze(text), 60) });
        }
    }

    pub(crate) fn finish(self) -> Words {
        Words { digest: self.all.finish(), blocks: self.blocks }
    }
}

/// The words of a section.
#[derive(Debug, Default)]
pub(crate) struct Section {
    text: Text,
    example: Normal,
    /// Path, words, and what some renderings lose: the cells beside a type that may
    /// be null.
    rows: Vec<(String, Normal, Normal)>,
    index: HashMap<String, usize>,
}

/// What a section says.
pub(crate) struct Said {
    pub(crate) text: Words,
    pub(crate) example: Option<Digest>,
    pub(crate) rows: Vec<RowWords>,
}

impl Section {
    /// Adds a block. Captions, which only some renderings have, say nothing.
    pub(crate) fn add(&mut self, block: &Block) {
        match block {
            Block::Heading { text, .. } | Block::Paragraph(text) => {
                if !words::is_caption(text) && !words::is_site_text(text) {
                    self.text.add(text);
                }
            }
            Block::Code(code) => self.example.text(code),
            Block::Table(table) => self.table(table),
        }
    }

    fn table(&mut self, table: &Table) {
        let Shape::Members { name, kind } = table.shape else {
            self.text.add(&table.header.join(" "));
            table.rows.iter().for_each(|row| self.text.add(&row.join(" ")));
            return;
        };
        let columns = table.columns();
        // What a column is for says its kind; other headings are words.
        for (column, heading) in columns.iter().zip(&table.header) {
            if *column == Column::Other {
                self.text.add(heading);
            }
        }
        let mut rest: Vec<usize> =
            (0..table.header.len()).filter(|&at| at != name && Some(at) != kind).collect();
        rest.sort_by_key(|&at| (columns[at], table.header[at].to_ascii_lowercase()));
        for row in &table.rows {
            let Some(path) = tables::path(cell(row, Some(name))) else {
                self.text.add(&row.join(" "));
                continue;
            };
            let at = *self.index.entry(path.0.clone()).or_insert_with(|| {
                self.rows.push((path.0, Normal::default(), Normal::default()));
                self.rows.len() - 1
            });
            let Some((_, words, lost)) = self.rows.get_mut(at) else { continue };
            words.text(cell(row, Some(name)));
            words.text(cell(row, kind));
            // A bar that was not escaped leaves the null in a cell of its own, and
            // moves the cells behind it.
            let after = kind.map(|kind| kind + 1);
            let moved = after.filter(|_| words::bare(cell(row, after)) == "null");
            let nullable = moved.is_some() || kind.is_some() && speaks_of_null(cell(row, kind));
            words.text(cell(row, moved));
            let beyond = table.header.len()..row.len().max(table.header.len());
            for at in rest.iter().copied().chain(beyond).filter(|&at| Some(at) != moved) {
                let content = cell(row, Some(at));
                let flag = columns.get(at) == Some(&Column::Flag);
                if flag && words::flag(content).is_some() {
                    // It is a fact of the member.
                } else if nullable {
                    lost.text(content);
                } else {
                    words.text(content);
                }
            }
        }
        table.unsplit.iter().for_each(|row| self.text.add(row));
    }

    pub(crate) fn finish(self) -> Said {
        let rows = self.rows.into_iter().map(|(path, words, lost)| RowWords {
            path,
            digest: words.digest(),
            after_null: lost.finish(),
        });
        Said { text: self.text.finish(), example: self.example.finish(), rows: rows.collect() }
    }
}

fn speaks_of_null(cell: &str) -> bool {
    cell.split(|c: char| !c.is_alphanumeric()).any(|word| word == "null")
}
