//! From the bytes of a body to its entries.
//!
//! One pass over the body finds every entry and the members of its head, so accepting a
//! delivery needs no second pass. A value is decoded only when a caller asks for it.

mod entry;
mod head;
mod scan;

use std::borrow::Cow;
use std::fmt;

use crate::envelope::Key;
use crate::error::BodyError;
use crate::members::Members;

pub use entry::Entry;

/// The largest number of entries that a batch is split into.
pub const MAX_ENTRIES: usize = 100_000;

/// The largest number of bytes of a body.
pub const MAX_BYTES: usize = u32::MAX as usize;

/// The entries of a body: the entries of a batch, or the single event that the body is.
///
/// An iterator over them gives each [`Entry`] in the order of the body.
#[derive(Clone)]
pub struct Entries<'a> {
    entries: Vec<Entry<'a>>,
    /// The text of the batch, if the body is a batch.
    batch: Option<&'a str>,
}

impl<'a> Entries<'a> {
    /// Splits a body into its entries, in one pass.
    ///
    /// | body | entries |
    /// |---|---|
    /// | an object with `type` or `eventType` | the object |
    /// | any other object with a list `results` | the elements of the list |
    /// | any other object without `results` | the object |
    ///
    /// An object with `type` or `eventType` *is* that event, whatever its `results` hold:
    /// nothing, null, search hits, or elements that look like events themselves. The reverse
    /// reading could lose the object, and would lose all of it if the list is empty. So a batch
    /// with a `type` of its own, which no documentation shows, is one entry that contains its
    /// events. That entry is malformed or an [`Event::Unknown`](crate::Event::Unknown); every
    /// byte of it is kept, and its events can be read from [`Entry::raw`]. A `type` or
    /// `eventType` that is null does not count; any other value that is not a string makes the
    /// entry malformed.
    ///
    /// The members of a batch beside `results` belong to no entry.
    /// [`beside_results`](Self::beside_results) returns them.
    ///
    /// A UTF-8 byte order mark before the body is skipped.
    ///
    /// # Errors
    ///
    /// - [`BodyError::NotUtf8`]: the body is not UTF-8.
    /// - [`BodyError::NotJson`]: the body is not JSON.
    /// - [`BodyError::NotAnObject`]: the body is JSON, but not an object.
    /// - [`BodyError::ResultsNotAnArray`]: the body has neither `type` nor `eventType`, and its
    ///   `results` is not a list (null is not a list either).
    /// - [`BodyError::DuplicateResults`]: the body has neither `type` nor `eventType`, and has
    ///   `results` twice.
    /// - [`BodyError::TooManyEntries`]: the body is a batch of more than [`MAX_ENTRIES`].
    /// - [`BodyError::TooLarge`]: the body has more than [`MAX_BYTES`].
    ///
    /// A malformed entry is not an error here: [`Entry::decode`] reports its fault. But a
    /// single byte that is not JSON or not UTF-8 makes the whole body an error, even inside one
    /// entry, because the end of that entry is unknown. Such a body must be kept as a whole.
    ///
    /// # Examples
    ///
    /// ```
    /// use spektr_types::Entries;
    ///
    /// let batch = br#"{"results":[{"id":"e1","type":"step_init"}],"page":1}"#;
    /// let entries = Entries::parse(batch)?;
    /// assert!(entries.is_batch());
    /// assert_eq!(entries.beside_results(), [("page".into(), "1")]);
    ///
    /// let event = br#"{"id":"e1","type":"screening_completed","results":[{"hit":true}]}"#;
    /// let entries = Entries::parse(event)?;
    /// assert!(!entries.is_batch());
    /// assert_eq!(entries.iter().next().map(|entry| entry.raw().len()), Some(event.len()));
    /// # Ok::<(), spektr_types::BodyError>(())
    /// ```
    pub fn parse(body: &'a [u8]) -> Result<Self, BodyError> {
        scan::body(body)
    }

    fn single(entry: Entry<'a>) -> Self {
        Self { entries: vec![entry], batch: None }
    }

    /// Returns whether the body is a batch. According to the documentation, every delivery is a
    /// batch.
    pub fn is_batch(&self) -> bool {
        self.batch.is_some()
    }

    /// Returns the members of a batch beside `results`: their names, and their JSON as it
    /// arrived. Each call reads them again, which takes time linear in the size of the body.
    pub fn beside_results(&self) -> Vec<(Cow<'a, str>, &'a str)> {
        let members = self.batch.map(Members::of).into_iter().flat_map(|members| members.0);
        let beside = members.filter(|(name, _)| Key::of(name.as_bytes()) != Key::Results);
        beside.map(|(name, value)| (name, value.get())).collect()
    }

    /// Returns the number of entries.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Returns whether the batch is empty.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Returns the entries in the order of the body.
    pub fn iter(&self) -> std::slice::Iter<'_, Entry<'a>> {
        self.entries.iter()
    }
}

impl fmt::Debug for Entries<'_> {
    /// Shows the ids and wire types of the entries, not their contents.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entries")
            .field("entries", &self.entries)
            .field("is_batch", &self.is_batch())
            .finish()
    }
}

impl<'e, 'a> IntoIterator for &'e Entries<'a> {
    type Item = &'e Entry<'a>;
    type IntoIter = std::slice::Iter<'e, Entry<'a>>;

    fn into_iter(self) -> Self::IntoIter {
        self.entries.iter()
    }
}

impl<'a> IntoIterator for Entries<'a> {
    type Item = Entry<'a>;
    type IntoIter = std::vec::IntoIter<Entry<'a>>;

    fn into_iter(self) -> Self::IntoIter {
        self.entries.into_iter()
    }
}
