//! An entry seen in the canonical envelope, whichever envelope it has.
//!
//! The only decoder is that of the generated structs, which read the envelope of the events
//! page. It gets the members of an entry under their canonical names. If splitting has found
//! the places of all members, the entry is not read again for them. Only this module knows how
//! the two envelopes correspond.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use crate::KnownEvent;
use crate::catalogue::EventInfo;
use crate::entries::Entry;
use crate::envelope::Key;
use crate::error::{EntryError, EntryFault};
use crate::members::Members;
use crate::text::{Fields, Malformed, Text};
use crate::{locate, pointer};

/// An entry, and the event that it is read as.
#[derive(Debug)]
pub(crate) struct View<'e, 'a> {
    entry: &'e Entry<'a>,
    info: &'static EventInfo,
}

/// A member of an entry, under its name on the events page.
#[derive(Clone)]
pub struct CanonicalMember<'a> {
    name: Cow<'a, str>,
    /// The name in the entry, if it differs.
    written: Option<Cow<'a, str>>,
    /// Whether the member is inside `data`, although the canonical envelope has it beside
    /// `data`.
    is_inside: bool,
    raw: &'a str,
}

impl<'a> CanonicalMember<'a> {
    /// Returns a member under its own name.
    fn new(name: Cow<'a, str>, is_inside: bool, value: &'a RawValue) -> Self {
        Self { name, written: None, is_inside, raw: value.get() }
    }

    /// Returns a member of the envelope under the schema's name for it.
    fn named(key: Key, written: Cow<'a, str>, value: &'a RawValue) -> Self {
        let (name, raw) = (Cow::Borrowed(key.name()), value.get());
        let written = Some(written).filter(|written| *written != name);
        Self { name, written, is_inside: false, raw }
    }

    /// Returns the member's name in the envelope of the events page.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the value's JSON as it arrived.
    pub fn raw(&self) -> &'a str {
        self.raw
    }

    /// Returns whether the member is inside `data`, although the events page shows it beside
    /// `data`.
    pub fn is_inside_data(&self) -> bool {
        self.is_inside
    }
}

impl fmt::Debug for CanonicalMember<'_> {
    /// Shows no value and no name, because an invented name could hold as much as a value.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CanonicalMember").field("bytes", &self.raw().len()).finish_non_exhaustive()
    }
}

/// An entry's members as they are read for an event: under the names of the events page,
/// whichever envelope the entry has. [`Entry::canonical`] makes one.
#[derive(Debug)]
pub struct CanonicalEntry<'e, 'a> {
    view: View<'e, 'a>,
    members: Vec<CanonicalMember<'a>>,
}

impl<'a> CanonicalEntry<'_, 'a> {
    /// Returns the members, duplicates included. It omits members of the other envelope that
    /// repeat a member, and members inside `data` that are not part of the event.
    pub fn members(&self) -> &[CanonicalMember<'a>] {
        &self.members
    }

    /// Returns the JSON pointer of a member of that name in the entry. If the member is
    /// missing, returns the pointer that it should have.
    pub fn pointer(&self, name: &str) -> String {
        self.view.pointer(&self.members, name)
    }
}

impl<'e, 'a> View<'e, 'a> {
    pub(crate) fn new(entry: &'e Entry<'a>, info: &'static EventInfo) -> Self {
        Self { entry, info }
    }

    fn decode<T: DeserializeOwned>(&self) -> Result<T, Malformed> {
        if self.info.is_in_head && self.has(Key::WireType) {
            T::deserialize(Fields::new(self.members_in_head()))
        } else if self.is_canonical() {
            T::deserialize(&mut self.entry.whole())
        } else {
            let members = self.members();
            let members = members.iter().map(|it| (it.name(), Text::new(it.raw, 0)));
            T::deserialize(Fields::new(members))
        }
    }

    /// Decodes the entry again, to find the place and the kind of its fault.
    fn locate<T: DeserializeOwned + KnownEvent>(&self) -> Result<T, EntryFault> {
        let members = self.members();
        let pairs = members.iter().map(|member| (member.name.clone(), member.raw)).collect();
        locate::decode(pairs, T::ALIASES).map_err(|failure| {
            let (tokens, kind) = failure.into_parts();
            let mut place = String::new();
            for (depth, token) in tokens.iter().enumerate() {
                if depth == 0 {
                    place = self.pointer(&members, token);
                } else {
                    pointer::push(&mut place, token);
                }
            }
            EntryFault::new(place, kind)
        })
    }

    /// Returns the members of an event whose members are all in the head, at the places that
    /// splitting has found.
    fn members_in_head(&self) -> impl Iterator<Item = (&'static str, Text<'a>)> {
        let time = if self.has(Key::CreatedAt) { Key::CreatedAt } else { Key::Timestamp };
        let members = [
            ("id", Key::Id),
            ("spektrId", Key::SpektrId),
            ("workspaceId", Key::WorkspaceId),
            ("type", Key::WireType),
            ("delivered", Key::Delivered),
            ("createdAt", time),
            ("data", Key::Data),
        ];
        members.into_iter().filter_map(|(name, key)| Some((name, self.entry.text_of(key)?)))
    }

    pub(crate) fn canonical(self) -> CanonicalEntry<'e, 'a> {
        CanonicalEntry { members: self.members(), view: self }
    }

    fn has(&self, key: Key) -> bool {
        self.entry.has(key)
    }

    /// Returns whether the entry itself has the canonical envelope.
    fn is_canonical(&self) -> bool {
        self.has(Key::WireType) && (self.has(Key::CreatedAt) || !self.has(Key::Timestamp))
    }

    /// Returns the JSON pointer of a canonical member in the entry. If the member is missing,
    /// returns the pointer that it should have.
    fn pointer(&self, members: &[CanonicalMember<'_>], name: &str) -> String {
        let found = members.iter().rev().find(|member| member.name == name);
        let is_inside = match found {
            Some(member) => member.is_inside,
            None => {
                (name == "data" || self.is_beside(name))
                    && !self.has(Key::WireType)
                    && self.entry.at(Key::Data).is_some_and(|it| self.is_nested(&Members::of(it)))
            }
        };
        let written = match found.and_then(|member| member.written.as_deref()) {
            Some(written) => written,
            None if found.is_none() && !self.is_canonical() && name == Key::CreatedAt.name() => {
                Key::Timestamp.name()
            }
            None => name,
        };
        let mut place = String::new();
        if is_inside {
            pointer::push(&mut place, &self.entry.written(Key::Data));
        }
        pointer::push(&mut place, written);
        place
    }

    /// Returns whether a member is beside `data` in the canonical envelope.
    fn is_beside(&self, name: &str) -> bool {
        self.info.beside.iter().any(|beside| beside.is_named(name))
    }

    /// Returns whether `data` holds the whole payload, including the members that are beside
    /// `data` in the canonical envelope.
    fn is_nested(&self, inner: &Members<'_>) -> bool {
        let required = |key: &str| {
            self.info.beside.iter().any(|beside| beside.required && beside.is_named(key))
        };
        inner.0.iter().any(|(key, _)| key == "data" || required(key))
    }

    /// Returns the members under their canonical names.
    fn members(&self) -> Vec<CanonicalMember<'a>> {
        let is_canonical = self.is_canonical();
        let has_type = self.has(Key::WireType);
        let has_time = self.has(Key::CreatedAt);
        let outer = Members::of(self.entry.raw());
        let data = if has_type { None } else { self.entry.at(Key::Data) };
        let inner = data.map_or_else(|| Members(Vec::new()), Members::of);
        let nested = self.is_nested(&inner);
        // The names are few, so they are looked up once each, not for every member of the
        // entry.
        let beside = self.info.beside.iter();
        let beside = beside.flat_map(|it| it.aliases.iter().copied().chain([it.name]));
        let in_both: Vec<&str> = beside.filter(|name| inner.get(name).is_some()).collect();

        let mut placed = Vec::with_capacity(outer.0.len() + inner.0.len());
        for (written, value) in outer.0 {
            let key = match Key::of(written.as_bytes()) {
                Key::EventType if !has_type && self.has(Key::EventType) => Key::WireType,
                Key::Timestamp if !has_time && self.has(Key::Timestamp) => Key::CreatedAt,
                Key::EventType | Key::Timestamp => continue,
                // A null counts as absent.
                Key::WireType if !has_type => continue,
                Key::CreatedAt if !has_time && !is_canonical => continue,
                Key::Data if nested => continue,
                Key::Other | Key::Results => {
                    // A member in both places is read from inside `data`.
                    if !in_both.contains(&written.as_ref()) {
                        placed.push(CanonicalMember::new(written, false, value));
                    }
                    continue;
                }
                key => key,
            };
            placed.push(CanonicalMember::named(key, written, value));
        }
        for (name, value) in inner.0 {
            if self.is_beside(&name) || (nested && name == "data") {
                placed.push(CanonicalMember::new(name, true, value));
            }
        }
        placed
    }

    /// Returns whether a discriminator of the event is present, even as null.
    pub(crate) fn has_discriminator(&self) -> bool {
        let members = self.members();
        self.info.discriminators.iter().any(|path| {
            let Some((first, rest)) = path.split_first() else {
                return false;
            };
            let start = members.iter().find(|member| member.name == *first);
            let end = rest.iter().try_fold(start.map(|member| member.raw), |at, name| {
                Some(Some(Members::of(at?).get(name)?.get()))
            });
            end.flatten().is_some()
        })
    }
}

/// Decodes an entry as an event.
pub(crate) fn read<T: DeserializeOwned + KnownEvent>(
    entry: &Entry<'_>,
    info: &'static EventInfo,
) -> Result<T, EntryError> {
    let view = View::new(entry, info);
    view.decode().or_else(|_| view.locate().map_err(|fault| entry.error(fault)))
}

/// Reads a value leniently: a value that cannot be read is `None`.
pub(crate) fn lenient<'a, T: Deserialize<'a>>(raw: Option<&'a str>) -> Option<T> {
    raw.and_then(|raw| serde_json::from_str(raw).ok())
}
