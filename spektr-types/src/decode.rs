//! From an entry to an event: finds the entry's event, and the fault of a malformed entry.

use std::borrow::Cow;

use crate::catalogue::{candidates, owner};
use crate::depth::{self, MAX_DEPTH};
use crate::entries::Entry;
use crate::envelope::Key;
use crate::error::{EntryError, EntryErrorKind, EntryFault, JsonType};
use crate::members::{Members, string};
use crate::view::{CanonicalEntry, View, lenient};
use crate::{Event, EventInfo, EventType, RawJson, Unknown, UnknownValue, pointer};

impl<'a> Entry<'a> {
    /// Returns the entry's members, valid or not, as they are read for an event: under the
    /// names of the events page, whichever envelope the entry has.
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
    pub fn canonical(&self, event: &'static EventInfo) -> CanonicalEntry<'_, 'a> {
        View::new(self, event).canonical()
    }

    /// Decodes the entry.
    ///
    /// # Errors
    ///
    /// Returns an [`EntryError`] with the place and the kind of the fault, and with the entry.
    /// A wire type that the schema does not know is not an error: it gives [`Event::Unknown`].
    pub fn decode(&self) -> Result<Event, EntryError> {
        let found = self.known_event().map_err(|fault| self.error(fault))?;
        match found {
            // An event is large, so it goes straight to the caller.
            (Some(info), _) => (info.read)(self, info),
            (None, wire_type) => Ok(Event::Unknown(self.unknown(&wire_type))),
        }
    }

    /// Returns the entry's event, if it is known, and the entry's wire type.
    fn known_event(&self) -> Result<(Option<&'static EventInfo>, Cow<'a, str>), EntryFault> {
        if !self.raw().starts_with('{') {
            let (expected, found) = (JsonType::Object, JsonType::of(self.raw()));
            return Err(EntryFault::new("", EntryErrorKind::WrongType { expected, found }));
        }
        if !self.is_shallow && depth::exceeds(self.raw(), MAX_DEPTH) {
            return Err(EntryFault::new("", EntryErrorKind::TooDeep));
        }
        if let Some(key) = self.head.duplicate {
            return Err(self.twice(key));
        }
        let wire_type = self.wire_type_strict()?;
        let info = self.select(&wire_type)?;
        if info.is_some() && self.head.is_delivered_twice {
            return Err(self.twice(Key::Delivered));
        }
        Ok((info, wire_type))
    }

    /// Returns the fault of a member of the head that occurs twice, with the names that it has
    /// in the entry.
    fn twice(&self, key: Key) -> EntryFault {
        let members = Members::of(self.raw()).0.into_iter();
        let mut given = members.filter(|(name, _)| Key::of(name.as_bytes()) == key);
        let mut next = || given.next().map_or(key.name(), |(name, _)| key.known_name(&name));
        let (one, other) = (next(), next());
        let kind = if one == other {
            EntryErrorKind::Duplicate
        } else {
            EntryErrorKind::DuplicateAlias { names: [one, other] }
        };
        EntryFault::new(pointer(other), kind)
    }

    /// Returns the wire type, or the fault of its value.
    fn wire_type_strict(&self) -> Result<Cow<'a, str>, EntryFault> {
        let (key, raw) = match (self.at(Key::WireType), self.at(Key::EventType)) {
            (Some(raw), _) => (Key::WireType, raw),
            (None, Some(raw)) => (Key::EventType, raw),
            (None, None) => {
                return Err(EntryFault::new(
                    pointer(Key::WireType.name()),
                    EntryErrorKind::Missing,
                ));
            }
        };
        string(raw).ok_or_else(|| {
            let (expected, found) = (JsonType::String, JsonType::of(raw));
            let kind = if found == expected {
                EntryErrorKind::Unrepresentable
            } else {
                EntryErrorKind::WrongType { expected, found }
            };
            EntryFault::new(pointer(&self.written(key)), kind)
        })
    }

    /// Returns the event that a wire type means in this entry; none if the schema does not know
    /// it.
    fn select(&self, wire_type: &str) -> Result<Option<&'static EventInfo>, EntryFault> {
        let mut candidates = candidates(wire_type);
        let all = candidates.clone();
        let Some(first) = candidates.next() else {
            return Ok(None);
        };
        if candidates.next().is_none() {
            return Ok(Some(first));
        }
        let mut present = all.clone().filter(|info| View::new(self, info).has_discriminator());
        match (present.next(), present.next()) {
            (Some(info), None) => Ok(Some(info)),
            (Some(one), Some(other)) => {
                let candidates = [one.name(), other.name()];
                Err(EntryFault::new("", EntryErrorKind::Ambiguous { candidates }))
            }
            // No member decides between them: take the event whose canonical wire type it is.
            (None, _) => Ok(owner(all, wire_type)),
        }
    }

    fn unknown(&self, wire_type: &str) -> Unknown {
        Unknown {
            event_type: EventType::Unknown(UnknownValue::new(wire_type)),
            id: lenient(self.at(Key::Id)),
            spektr_id: lenient(self.at(Key::SpektrId)),
            workspace_id: lenient(self.at(Key::WorkspaceId)),
            created_at: self.created_at(),
            raw: RawJson::from_valid(self.raw()),
        }
    }
}

/// Returns the JSON pointer of a member of the entry.
fn pointer(name: &str) -> String {
    let mut place = String::new();
    pointer::push(&mut place, name);
    place
}
