//! From the bytes of a body to its entries, and from an entry to its event.
//!
//! One pass over the body finds every entry and the members of its head, so
//! that accepting a delivery costs no second look at it. A value is decoded only
//! when it is asked for.

mod depth;
mod json;
mod scan;

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

use crate::error::{BodyError, EntryError, EntryErrorKind, Fault, JsonType};
use crate::members::{Members, string};
use crate::view::{Canonical, View, lenient};
use crate::{
    Event, EventId, EventInfo, EventType, RawJson, Timestamp, Unknown, UnknownValue, catalogue,
};

/// The deepest nesting of an entry that is decoded, which is what serde_json
/// reads. The documented events have five levels.
pub const MAX_DEPTH: usize = 127;

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
    /// [`Event::Unknown`], kept with every byte, and its events can be read from
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
        let beside = members.filter(|(name, _)| name != "results");
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

/// One element of a batch before decoding: its raw JSON, and its head at hand.
#[derive(Clone)]
pub struct Entry<'a> {
    /// The body, or whatever text the entry was found in.
    text: &'a str,
    raw: Span,
    head: Head,
}

/// The members of an entry that say which event it is, as places in its text.
#[derive(Clone, Default)]
pub(crate) struct Head {
    pub(crate) id: Span,
    pub(crate) spektr_id: Span,
    pub(crate) workspace_id: Span,
    pub(crate) wire_type: Span,
    pub(crate) event_type: Span,
    pub(crate) created_at: Span,
    pub(crate) timestamp: Span,
    pub(crate) delivered: Span,
    /// Whether that is there again. It matters to known events only.
    pub(crate) is_delivered_twice: bool,
    pub(crate) data: Span,
    /// Which of the members are null that say nothing then, a bit each.
    nulls: u8,
    /// The first of these that the entry has twice.
    pub(crate) duplicate: Option<&'static str>,
}

/// A place in a text of at most [`MAX_BYTES`], or none. A batch has many of them,
/// and half the size of a slice is half the memory to move.
#[derive(Clone, Copy, Default)]
pub(crate) struct Span {
    start: u32,
    /// No JSON value is empty: 0 is none.
    length: u32,
}

impl Span {
    /// Returns a place; none if it lies beyond [`MAX_BYTES`].
    fn new(place: Range<usize>) -> Self {
        match (u32::try_from(place.start), u32::try_from(place.len())) {
            (Ok(start), Ok(length)) => Self { start, length },
            _ => Self::default(),
        }
    }

    /// Returns the place of a part of a text.
    fn find(text: &str, part: &str) -> Self {
        let start = (part.as_ptr() as usize).wrapping_sub(text.as_ptr() as usize);
        Self::new(start..start.saturating_add(part.len()))
    }

    /// Returns what stands there in a text, if anything does.
    fn of(self, text: &str) -> Option<&str> {
        let start = usize::try_from(self.start).ok()?;
        let length = usize::try_from(self.length).ok()?;
        if length == 0 { None } else { text.get(start..start.checked_add(length)?) }
    }

    pub(crate) fn is_some(self) -> bool {
        self.length > 0
    }

    pub(crate) fn or(self, other: Self) -> Self {
        if self.is_some() { self } else { other }
    }
}

impl<'a> Entry<'a> {
    /// An entry that nothing has been read of yet.
    fn new(text: &'a str) -> Self {
        Self { text, raw: Span::default(), head: Head::default() }
    }

    /// Reads one entry from the JSON text that [`raw`](Self::raw) gave, as a store
    /// does that kept it. A byte order mark before it is skipped.
    ///
    /// # Errors
    ///
    /// [`BodyError::NotJson`], if the text is not one JSON value, or
    /// [`BodyError::TooLarge`].
    pub fn from_json(text: &'a str) -> Result<Self, BodyError> {
        scan::entry(text)
    }

    /// Returns the entry's JSON, byte for byte as it arrived.
    pub fn raw(&self) -> &'a str {
        self.get(self.raw).unwrap_or_default()
    }

    /// Returns the JSON text at a place, if it is one.
    pub(crate) fn get(&self, span: Span) -> Option<&'a str> {
        span.of(self.text)
    }

    /// Returns the event's id, where it is a string.
    pub fn id(&self) -> Option<Cow<'a, str>> {
        self.get(self.head.id).and_then(string)
    }

    /// Returns the id of the end-user, where it is a string.
    pub fn spektr_id(&self) -> Option<Cow<'a, str>> {
        self.get(self.head.spektr_id).and_then(string)
    }

    /// Returns the id of the workspace, where it is a string.
    pub fn workspace_id(&self) -> Option<Cow<'a, str>> {
        self.get(self.head.workspace_id).and_then(string)
    }

    /// Returns the wire type as it arrived, where it is a string.
    pub fn wire_type(&self) -> Option<Cow<'a, str>> {
        self.get(self.head.wire_type.or(self.head.event_type)).and_then(string)
    }

    /// Returns the creation time, if present and valid.
    pub fn created_at(&self) -> Option<Timestamp> {
        self.get(self.head.created_at.or(self.head.timestamp)).and_then(Timestamp::from_json)
    }

    /// Returns the members as they are read for an event, under the names of the
    /// events page, whichever envelope the entry has and whether they are right or
    /// not.
    ///
    /// # Examples
    ///
    /// ```
    /// use spektr_types::{Entry, catalogue};
    ///
    /// let text = r#"{"id":"e1","eventType":"step_init","timestamp":1731057600,"spektrId":"s1"}"#;
    /// let entry = Entry::from_json(text)?;
    /// let event = catalogue().find(|event| event.has_wire_type("step_init")).expect("documented");
    /// let canonical = entry.canonical(event);
    /// let names: Vec<_> = canonical.members().iter().map(|member| member.name()).collect();
    /// assert_eq!(names, ["id", "type", "createdAt", "spektrId"]);
    /// assert_eq!(canonical.pointer("createdAt"), "/timestamp");
    /// # Ok::<(), spektr_types::BodyError>(())
    /// ```
    pub fn canonical(&self, event: &'static EventInfo) -> Canonical<'_, 'a> {
        View::new(self, event).canonical()
    }

    /// Decodes the entry.
    ///
    /// # Errors
    ///
    /// An [`EntryError`] that says where and why, and holds the entry. A wire type
    /// that the schema does not know is no error but [`Event::Unknown`].
    pub fn decode(&self) -> Result<Event, EntryError> {
        self.read().map_err(|fault| EntryError {
            id: self.id().map(|id| EventId::from(id.as_ref())),
            pointer: fault.pointer,
            kind: fault.kind,
            raw: RawJson::from_valid(self.raw()),
        })
    }

    fn read(&self) -> Result<Event, Fault> {
        let found = JsonType::of(self.raw());
        if found != JsonType::Object {
            let expected = JsonType::Object;
            return Err(Fault::new("", EntryErrorKind::WrongType { expected, found }));
        }
        if depth::exceeds(self.raw(), MAX_DEPTH) {
            return Err(Fault::new("", EntryErrorKind::TooDeep));
        }
        if let Some(name) = self.head.duplicate {
            return Err(Fault::new(format!("/{name}"), EntryErrorKind::Duplicate));
        }
        let wire_type = self.wire_type_strict()?;
        match self.select(&wire_type)? {
            Some(info) => (info.read)(&View::new(self, info)),
            None => Ok(Event::Unknown(self.unknown(&wire_type))),
        }
    }

    /// Returns the wire type, or what is wrong with it.
    fn wire_type_strict(&self) -> Result<Cow<'a, str>, Fault> {
        let (name, raw) = match (self.get(self.head.wire_type), self.get(self.head.event_type)) {
            (Some(raw), _) => ("/type", raw),
            (None, Some(raw)) => ("/eventType", raw),
            (None, None) => return Err(Fault::new("/type", EntryErrorKind::Missing)),
        };
        string(raw).ok_or_else(|| {
            let (expected, found) = (JsonType::String, JsonType::of(raw));
            let kind = if found == expected {
                EntryErrorKind::Unrepresentable
            } else {
                EntryErrorKind::WrongType { expected, found }
            };
            Fault::new(name, kind)
        })
    }

    /// Finds the event that a wire type means here; none if it is not known.
    fn select(&self, wire_type: &str) -> Result<Option<&'static EventInfo>, Fault> {
        let mut candidates = catalogue().filter(|info| info.has_wire_type(wire_type));
        let Some(first) = candidates.next() else {
            return Ok(None);
        };
        let others: Vec<_> = candidates.collect();
        if others.is_empty() {
            return Ok(Some(first));
        }
        let all = || std::iter::once(first).chain(others.iter().copied());
        let mut present = all().filter(|info| View::new(self, info).has_discriminator());
        match (present.next(), present.next()) {
            (Some(info), None) => Ok(Some(info)),
            (Some(one), Some(other)) => {
                let candidates = [one.name(), other.name()];
                Err(Fault::new("", EntryErrorKind::Ambiguous { candidates }))
            }
            // Nothing tells them apart: the one whose own name it is.
            (None, _) => Ok(all().find(|info| info.owns_wire_type(wire_type)).or(Some(first))),
        }
    }

    fn unknown(&self, wire_type: &str) -> Unknown {
        Unknown {
            event_type: EventType::Unknown(UnknownValue::new(wire_type)),
            id: lenient(self.get(self.head.id)),
            spektr_id: lenient(self.get(self.head.spektr_id)),
            workspace_id: lenient(self.get(self.head.workspace_id)),
            created_at: self.created_at(),
            raw: RawJson::from_valid(self.raw()),
        }
    }

    pub(crate) fn head(&self) -> &Head {
        &self.head
    }
}

impl fmt::Debug for Entry<'_> {
    /// Shows what identifies the entry, not what it holds.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entry")
            .field("id", &self.id())
            .field("wire_type", &self.wire_type())
            .field("bytes", &self.raw().len())
            .finish()
    }
}
