//! The places of an entry's members that say which event it is.

use std::ops::Range;

use crate::envelope::Key;

/// The number of members that have a place: the keys before [`Key::Results`].
const PLACES: usize = Key::Results as usize;

/// The members of an entry that say which event it is, as places in the entry's text.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Head {
    places: [Span; PLACES],
    /// Of the members whose null means absent: those that are null, a bit each.
    nulls: u16,
    /// The first member that the entry has twice.
    pub(crate) duplicate: Option<Key>,
    /// Whether the entry has `delivered` twice, which matters to known events only.
    pub(crate) is_delivered_twice: bool,
}

impl Head {
    /// Returns the place of a member; none for a null that means absent.
    #[inline]
    pub(crate) fn get(&self, key: Key) -> Span {
        self.places.get(key as usize).copied().unwrap_or_default()
    }

    /// Returns whether the object has a wire type, and so is an event.
    pub(super) fn names_event(&self) -> bool {
        self.get(Key::WireType).is_some() || self.get(Key::EventType).is_some()
    }

    /// Records the place of a member's value in the text.
    #[inline]
    pub(super) fn add(&mut self, key: Key, text: &str, value: Span) {
        let Some(place) = self.places.get_mut(key as usize) else { return };
        let bit = 1 << key as u16;
        if place.is_some() || self.nulls & bit != 0 {
            if key == Key::Delivered {
                self.is_delivered_twice = true;
            } else if self.duplicate.is_none() {
                self.duplicate = Some(key);
            }
        }
        if key.is_absent_as_null() && value.of(text) == Some("null") {
            self.nulls |= bit;
        } else {
            *place = value;
        }
    }
}

/// A place in a text of at most [`MAX_BYTES`](super::MAX_BYTES), or none. It is half the size
/// of a slice, because a batch has many places, and less memory is moved.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Span {
    start: u32,
    /// No JSON value is empty, so length 0 means no place.
    length: u32,
}

impl Span {
    /// Returns a place; none if it lies beyond [`MAX_BYTES`](super::MAX_BYTES).
    pub(super) fn new(place: Range<usize>) -> Self {
        match (u32::try_from(place.start), u32::try_from(place.len())) {
            (Ok(start), Ok(length)) => Self { start, length },
            _ => Self::default(),
        }
    }

    /// Returns the place of a part of a text.
    pub(super) fn find(text: &str, part: &str) -> Self {
        let start = (part.as_ptr() as usize).wrapping_sub(text.as_ptr() as usize);
        Self::new(start..start.saturating_add(part.len()))
    }

    /// Returns the part of a text at this place, if there is a place.
    #[inline]
    pub(super) fn of(self, text: &str) -> Option<&str> {
        let start = usize::try_from(self.start).ok()?;
        let length = usize::try_from(self.length).ok()?;
        if length == 0 { None } else { text.get(start..start.checked_add(length)?) }
    }

    /// Returns the offset of the place, if there is a place.
    #[inline]
    pub(super) fn start(self) -> Option<usize> {
        if self.is_some() { usize::try_from(self.start).ok() } else { None }
    }

    #[inline]
    pub(crate) fn is_some(self) -> bool {
        self.length > 0
    }
}
