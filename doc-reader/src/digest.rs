//! The normal form of a part of the page, and its digest.
//!
//! Every rendering shows the same words in the same order, and nothing else of a
//! page is the same in all of them: escapes, quotation marks, white space, the
//! borders of cells. So the normal form is the letters and digits of a part, in
//! order. Two texts with one digest have the same words; punctuation is not
//! compared.
//!
//! Where a type is `string | null` unescaped, a browser ends the cell at the bar and
//! drops the last cell of the row, while the Markdown source still has it. What
//! follows such a type therefore has a digest of its own, which may be missing.

use serde::{Serialize, Serializer};
use sha2::{Digest as _, Sha256};

use crate::document::{Block, Table};
use crate::tables::{self, Shape};
use crate::words;

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

/// The words of a section.
#[derive(Debug, Default)]
pub(crate) struct Section {
    words: Normal,
    /// What some renderings lose: the cells after a type that may be null.
    lost: Normal,
}

impl Section {
    /// Adds a block. Captions, which only some renderings have, say nothing.
    pub(crate) fn add(&mut self, block: &Block) {
        match block {
            Block::Heading { text, .. } | Block::Paragraph(text) => {
                if !words::is_caption(text) && !words::is_site_text(text) {
                    self.words.text(text);
                }
            }
            Block::Code(code) => self.words.text(code),
            Block::Table(table) => self.table(table),
        }
    }

    fn table(&mut self, table: &Table) {
        let kind = match tables::shape(table) {
            Shape::Members { kind, .. } => kind,
            _ => None,
        };
        table.header.iter().for_each(|cell| self.words.text(cell));
        for row in &table.rows {
            let mut nullable = false;
            for (at, cell) in row.iter().enumerate() {
                let null = cell.split(|c: char| !c.is_alphanumeric()).any(|word| word == "null");
                // A bar that was not escaped leaves the null in a cell of its own.
                let word = null && (Some(at) == kind || cell == "null");
                if nullable && !word {
                    self.lost.text(cell)
                } else {
                    self.words.text(cell)
                }
                nullable |= word && kind.is_some();
            }
        }
        table.unsplit.iter().for_each(|row| self.words.text(row));
    }

    /// Returns the digest of the words, and of what some renderings lose.
    pub(crate) fn finish(self) -> (Option<Digest>, Option<Digest>) {
        (self.words.finish(), self.lost.finish())
    }
}
