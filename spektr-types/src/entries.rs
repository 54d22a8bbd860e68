//! From the bytes of a body to its entries.
//!
//! One pass over the body finds every entry and the members of its head, so
//! that accepting a delivery costs no second look at it. A value is decoded only
//! when it is asked for.

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

/// The largest number of bytes that a body has.
pub const MAX_BYTES: usize = u32::MAX as usize;

/// The entries of a body: those of a batch, or the one that the body is.
///
/// Iterating gives each [`Entry`] in the order of the body.
#[derive(Clone)]
pub struct Entries<'a> {
    entries: Vec<Entry<'a>>,
    /// The text of the batch, if the body is one.
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
    /// An object that says which event it is *is* that event, whatever its `results`
    /// hold: nothing, null, search hits, or elements that look like events
    /// themselves. The reverse reading could lose the object, and lose all of it
    /// where the list is empty. So a batch with a `type` of its own, which no
    /// documentation shows, is one entry that contains its events: malformed or
    /// [`Event::Unknown`](crate::Event::Unknown), kept with every byte, and its events can be read from
    /// [`Entry::raw`]. `type` and `eventType` count unless they are null; another
    /// value that is not a string makes the entry malformed.
    ///
    /// Members of a batch beside `results` belong to no entry;
    /// [`beside_results`](Self::beside_results) returns them.
    ///
    /// A UTF-8 byte order mark before the body is skipped.
    ///
    /// # Errors
    ///
    /// - [`BodyError::NotUtf8`]: it is not UTF-8.
    /// - [`BodyError::NotJson`]: it is not JSON.
    /// - [`BodyError::NotAnObject`]: it is some other JSON.
    /// - [`BodyError::ResultsNotAnArray`]: it has `results`, which is no list, null
    ///   included, and neither `type` nor `eventType`.
    /// - [`BodyError::DuplicateResults`]: it has `results` twice, and neither `type`
    ///   nor `eventType`.
    /// - [`BodyError::TooManyEntries`]: it is a batch of more than [`MAX_ENTRIES`].
    /// - [`BodyError::TooLarge`]: it has more than [`MAX_BYTES`].
    ///
    /// A malformed entry is no error here: decoding it reports the fault. But where
    /// the text is not JSON or not UTF-8, if only inside of one entry, the end of that
    /// entry is unknown, and the body has to be kept as a whole.
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

    /// Tells whether the body is a batch, as every delivery is documented to be.
    pub fn is_batch(&self) -> bool {
        self.batch.is_some()
    }

    /// Returns the members of a batch beside `results`: their names, and their JSON
    /// as it arrived. They are read anew by each call, which takes time linear in the
    /// size of the body.
    pub fn beside_results(&self) -> Vec<(Cow<'a, str>, &'a str)> {
        let members = self.batch.map(Members::of).into_iter().flat_map(|members| members.0);
        let beside = members.filter(|(name, _)| Key::of(name.as_bytes()) != Key::Results);
        beside.map(|(name, value)| (name, value.get())).collect()
    }

    /// Returns the number of entries.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Tells whether the batch is empty.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Returns the entries in the order of the body.
    pub fn iter(&self) -> std::slice::Iter<'_, Entry<'a>> {
        self.entries.iter()
    }
}

impl fmt::Debug for Entries<'_> {
    /// Shows what identifies the entries, not what they hold.
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
