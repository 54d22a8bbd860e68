//! The normal form of a part of the page, and its digest.
//!
//! Renderings of one page have the same words, but differ in escapes, quotation marks, white space,
//! the borders of cells and the order of columns. The normal form is therefore the letters and
//! digits of a part. Texts with equal digests have the same words; punctuation is not compared.
//!
//! A section has a digest for its text, one for its examples and one for each row of its member
//! tables, so that a report can name the reworded part.
//!
//! An unescaped bar, as in `string | null`, ends the cell: the rendered page then lacks the last
//! cell of the row, while the Markdown source still has it. The words beside such a type therefore
//! have a separate digest, which may be missing.

use serde::Serialize;
use sha2::{Digest as _, Sha256};

use crate::words;

/// A digest of the words of a part of the page, in 16 hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
#[serde(transparent)]
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
        let normal: String = text.chars().filter(|c| c.is_alphanumeric()).collect();
        let sum = Sha256::digest(normal.as_bytes());
        Digest(sum.iter().take(8).map(|byte| format!("{byte:02x}")).collect())
    }

    /// Returns the digest of a text, or `None` if the text has no words.
    pub(crate) fn of_words(text: &str) -> Option<Self> {
        text.contains(char::is_alphanumeric).then(|| Self::of(text))
    }

    /// Returns the digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A text of several paragraphs.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Words {
    /// The digest of the whole text; absent if the text has no words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub digest: Option<Digest>,
    /// The paragraphs, headings and table rows, as far as the rendering separates them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub blocks: Vec<Paragraph>,
}

impl Words {
    pub(crate) fn new(texts: &[String]) -> Self {
        let block = |text: &String| {
            let start = words::clip(&words::squeeze(text), 60);
            Digest::of_words(text).map(|digest| Paragraph { digest, start })
        };
        let blocks = texts.iter().filter_map(block).collect();
        Words { digest: Digest::of_words(&texts.concat()), blocks }
    }

    /// Returns whether the text has no words.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.digest.is_none()
    }
}

/// A paragraph, a heading or a row of a table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Paragraph {
    /// The digest of its words.
    pub digest: Digest,
    /// Its first characters, to find it on the page.
    pub start: String,
}

/// The digests of one row of a member table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RowWords {
    /// The path as written in the table.
    pub path: String,
    /// The digest of name, type and description. If the type may be null, the description is in
    /// [`after_null`](Self::after_null) instead.
    pub digest: Digest,
    /// The digest of the words beside a type that may be null, if the rendering kept them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after_null: Option<Digest>,
}
