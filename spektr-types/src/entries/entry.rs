//! One entry before decoding.

use std::borrow::Cow;
use std::fmt;

use super::head::{Head, Span};
use super::scan;
use crate::envelope::Key;
use crate::error::{BodyError, EntryError, EntryFault};
use crate::members::{Members, string};
use crate::text::Text;
use crate::{EventId, RawJson, Timestamp};

/// One element of a batch before decoding: its raw JSON, and the places of the members of its
/// head.
#[derive(Clone)]
pub struct Entry<'a> {
    /// The body, or another text that contains the entry.
    pub(super) text: &'a str,
    pub(super) raw: Span,
    /// Whether the pass over the text has found that the entry is not nested too deep.
    pub(crate) is_shallow: bool,
    pub(crate) head: Head,
}

impl<'a> Entry<'a> {
    /// Returns an entry that has no place and no head yet.
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, raw: Span::default(), is_shallow: false, head: Head::default() }
    }

    /// Reads one entry from a JSON text that [`raw`](Self::raw) returned earlier, for example
    /// from a store. A byte order mark before the JSON is skipped.
    ///
    /// # Errors
    ///
    /// Returns [`BodyError::NotJson`] if the text is not one JSON value, or
    /// [`BodyError::TooLarge`].
    pub fn from_json(text: &'a str) -> Result<Self, BodyError> {
        scan::entry(text)
    }

    /// Returns the entry's JSON, byte for byte as it arrived.
    pub fn raw(&self) -> &'a str {
        self.raw.of(self.text).unwrap_or_default()
    }

    /// Returns whether the entry has a member of the head.
    pub(crate) fn has(&self, key: Key) -> bool {
        self.head.get(key).is_some()
    }

    /// Returns the value of a member of the head, for decoding.
    pub(crate) fn text_of(&self, key: Key) -> Option<Text<'a>> {
        let start = self.head.get(key).start()?;
        Some(Text::new(self.text, start))
    }

    /// Returns the whole entry, for decoding.
    pub(crate) fn whole(&self) -> Text<'a> {
        Text::new(self.text, self.raw.start().unwrap_or_default())
    }

    /// Returns the JSON of a member of the head, if the entry has the member.
    pub(crate) fn at(&self, key: Key) -> Option<&'a str> {
        self.head.get(key).of(self.text)
    }

    /// Returns the name by which the entry gives a member, or the schema's name if the entry
    /// does not have the member. The search takes time linear in the size of the entry.
    pub(crate) fn written(&self, key: Key) -> Cow<'a, str> {
        let mut names = Members::of(self.raw()).0.into_iter().map(|(name, _)| name);
        let found = names.find(|name| Key::of(name.as_bytes()) == key);
        found.unwrap_or(Cow::Borrowed(key.name()))
    }

    /// Returns the event's id, if it is a string.
    pub fn id(&self) -> Option<Cow<'a, str>> {
        self.at(Key::Id).and_then(string)
    }

    /// Returns the spektr id, which is the id of the customer, if it is a string.
    pub fn spektr_id(&self) -> Option<Cow<'a, str>> {
        self.at(Key::SpektrId).and_then(string)
    }

    /// Returns the id of the workspace, if it is a string.
    pub fn workspace_id(&self) -> Option<Cow<'a, str>> {
        self.at(Key::WorkspaceId).and_then(string)
    }

    /// Returns the wire type as it arrived, if it is a string.
    pub fn wire_type(&self) -> Option<Cow<'a, str>> {
        self.at(Key::WireType).or_else(|| self.at(Key::EventType)).and_then(string)
    }

    /// Returns the creation time, if present and valid.
    pub fn created_at(&self) -> Option<Timestamp> {
        let time = self.at(Key::CreatedAt).or_else(|| self.at(Key::Timestamp));
        time.and_then(Timestamp::from_json)
    }

    /// Returns the error of a fault, with the entry's id and text.
    #[cold]
    pub(crate) fn error(&self, fault: EntryFault) -> EntryError {
        EntryError {
            id: self.id().map(|id| EventId::from(id.as_ref())),
            pointer: fault.pointer,
            kind: fault.kind,
            raw: RawJson::from_valid(self.raw()),
        }
    }
}

impl fmt::Debug for Entry<'_> {
    /// Shows the id and wire type of the entry, not its contents.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entry")
            .field("id", &self.id())
            .field("wire_type", &self.wire_type())
            .field("bytes", &self.raw().len())
            .finish()
    }
}
