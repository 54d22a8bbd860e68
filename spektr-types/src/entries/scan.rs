//! The pass over a body that finds its entries and their heads.
//!
//! serde_json skips values without building them, and gives slices of the text.
//! A slice of a whole entry would have to be read again for its head, so an
//! entry is read member by member and its own slice is put together from where
//! the first key begins and the last value ends. That works for objects whose
//! first key has no escapes, which is all that a sender sends; a body with
//! anything else in it is read again, slice by slice.

use std::fmt;

use serde::de::{Deserialize, DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::{Entries, Entry, Head, MAX_BYTES, MAX_ENTRIES, Span};
use crate::error::{BodyError, JsonType};
use crate::members::Members;

/// The size of a small event, and the most entries that room is made for before
/// they are seen.
const TYPICAL_BYTES: usize = 256;
const MAX_GUESS: usize = 4096;

/// Splits a body into its entries.
pub(super) fn body(body: &[u8]) -> Result<Entries<'_>, BodyError> {
    if body.len() > MAX_BYTES {
        return Err(BodyError::TooLarge);
    }
    let text = std::str::from_utf8(body)
        .map_err(|error| BodyError::NotJson { line: 0, column: error.valid_up_to() })?;
    if let Some(entries) = in_one_pass(text) {
        return Ok(entries);
    }
    let raw: &RawValue = serde_json::from_str(text).map_err(not_json)?;
    let found = JsonType::of(raw.get());
    if found != JsonType::Object {
        return Err(BodyError::NotAnObject { found });
    }
    let single = whole(text, raw);
    let members = Members::of(raw.get());
    let mut results = members.0.iter().filter(|(key, _)| key == "results").map(|(_, value)| *value);
    let Some(list) = results.next() else {
        return Ok(Entries { entries: vec![single], is_batch: false });
    };
    if results.next().is_some() {
        return Err(BodyError::DuplicateResults);
    }
    match JsonType::of(list.get()) {
        JsonType::Array => {
            let elements: Elements<'_> = serde_json::from_str(list.get()).map_err(|error| {
                if error.is_data() { BodyError::TooManyEntries } else { not_json(error) }
            })?;
            Ok(Entries {
                entries: elements.0.into_iter().map(|raw| whole(text, raw)).collect(),
                is_batch: true,
            })
        }
        // An event may have a member of that name.
        _ if single.wire_type().is_some() => Ok(Entries { entries: vec![single], is_batch: false }),
        found => Err(BodyError::ResultsNotAnArray { found }),
    }
}

/// Reads the text of one entry.
pub(super) fn entry(text: &str) -> Result<Entry<'_>, BodyError> {
    if text.len() > MAX_BYTES {
        return Err(BodyError::TooLarge);
    }
    serde_json::from_str(text).map(|raw| whole(text, raw)).map_err(not_json)
}

fn not_json(error: serde_json::Error) -> BodyError {
    BodyError::NotJson { line: error.line(), column: error.column() }
}

/// Makes an entry of a slice, reading its members for the head.
fn whole<'a>(text: &'a str, raw: &'a RawValue) -> Entry<'a> {
    let mut head = Head::default();
    for (key, value) in Members::of(raw.get()).0 {
        head.add(Key::of(&key), text, value);
    }
    Entry { text, raw: Span::of(text, raw.get()), head }
}

/// Reads a body whose entries are all objects with members, each byte once;
/// `None` for any other body, and for one that is not JSON.
fn in_one_pass(text: &str) -> Option<Entries<'_>> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let entries = deserializer.deserialize_map(BodyVisitor { text }).ok()?;
    deserializer.end().ok()?;
    Some(entries)
}

/// What a member is to an entry's head, or to the body.
#[derive(Clone, Copy)]
enum Key {
    Id,
    SpektrId,
    WorkspaceId,
    WireType,
    EventType,
    CreatedAt,
    Timestamp,
    Data,
    Results,
    Other,
}

impl Key {
    fn of(name: &str) -> Self {
        match name {
            "id" => Self::Id,
            "spektrId" => Self::SpektrId,
            "workspaceId" => Self::WorkspaceId,
            "type" => Self::WireType,
            "eventType" => Self::EventType,
            "createdAt" => Self::CreatedAt,
            "timestamp" => Self::Timestamp,
            "data" => Self::Data,
            "results" => Self::Results,
            _ => Self::Other,
        }
    }
}

impl Head {
    fn add(&mut self, key: Key, text: &str, value: &RawValue) {
        let (name, place) = match key {
            Key::Id => ("id", &mut self.id),
            Key::SpektrId => ("spektrId", &mut self.spektr_id),
            Key::WorkspaceId => ("workspaceId", &mut self.workspace_id),
            Key::WireType => ("type", &mut self.wire_type),
            Key::EventType => ("eventType", &mut self.event_type),
            Key::CreatedAt => ("createdAt", &mut self.created_at),
            Key::Timestamp => ("timestamp", &mut self.timestamp),
            Key::Data => ("data", &mut self.data),
            Key::Results | Key::Other => return,
        };
        // In a member that says what or when it is, null is as good as absent:
        // the other envelope's member may say it.
        let says_nothing =
            matches!(key, Key::WireType | Key::EventType | Key::CreatedAt | Key::Timestamp)
                && value.get() == "null";
        if says_nothing {
            return;
        }
        let before = std::mem::replace(place, Span::of(text, value.get()));
        if before.is_some() && self.duplicate.is_none() {
            self.duplicate = Some(name);
        }
    }
}

/// A key, and where its text is if it stands in the body without escapes.
struct PlacedKey<'de> {
    key: Key,
    text: Option<&'de str>,
}

impl<'de> Deserialize<'de> for PlacedKey<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(KeyVisitor)
    }
}

struct KeyVisitor;

impl<'de> Visitor<'de> for KeyVisitor {
    type Value = PlacedKey<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(PlacedKey { key: Key::of(text), text: Some(text) })
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(PlacedKey { key: Key::of(text), text: None })
    }
}

struct BodyVisitor<'de> {
    text: &'de str,
}

impl<'de> Visitor<'de> for BodyVisitor<'de> {
    type Value = Entries<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a body")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Self::Value, A::Error> {
        let mut head = Head::default();
        let mut batch = None;
        while let Some(PlacedKey { key, .. }) = access.next_key()? {
            if !matches!(key, Key::Results) {
                head.add(key, self.text, access.next_value()?);
            } else if batch.replace(access.next_value_seed(ListSeed { text: self.text })?).is_some()
            {
                return Err(A::Error::custom("`results` twice"));
            }
        }
        let raw = Span::of(self.text, trim(self.text));
        let single = || vec![Entry { text: self.text, raw, head }];
        Ok(Entries { is_batch: batch.is_some(), entries: batch.unwrap_or_else(single) })
    }
}

/// Reads the elements of a list as entries.
struct ListSeed<'de> {
    text: &'de str,
}

impl<'de> DeserializeSeed<'de> for ListSeed<'de> {
    type Value = Vec<Entry<'de>>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for ListSeed<'de> {
    type Value = Vec<Entry<'de>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of entries")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Self::Value, A::Error> {
        // A guess at how many there are, within bounds, saves moving them.
        let mut entries = Vec::with_capacity((self.text.len() / TYPICAL_BYTES).min(MAX_GUESS));
        while let Some(entry) = access.next_element_seed(EntrySeed { text: self.text })? {
            if entries.len() == MAX_ENTRIES {
                return Err(A::Error::custom("too many entries"));
            }
            entries.push(entry);
        }
        Ok(entries)
    }
}

struct EntrySeed<'de> {
    text: &'de str,
}

impl<'de> DeserializeSeed<'de> for EntrySeed<'de> {
    type Value = Entry<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for EntrySeed<'de> {
    type Value = Entry<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an entry")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Self::Value, A::Error> {
        let mut head = Head::default();
        let mut first = None;
        let mut last = "";
        while let Some(PlacedKey { key, text }) = access.next_key()? {
            let value: &RawValue = access.next_value()?;
            head.add(key, self.text, value);
            first.get_or_insert(text);
            last = value.get();
        }
        first
            .flatten()
            .and_then(|first| enclosing(self.text, first, last))
            .map(|raw| Entry { text: self.text, raw: Span::of(self.text, raw), head })
            .ok_or_else(|| A::Error::custom("an entry that begins without a plain key"))
    }
}

/// Returns the object whose first key and last value are these slices of `text`.
/// Only white space stands between its braces and them, and the key's quote.
fn enclosing<'a>(text: &'a str, first: &str, last: &str) -> Option<&'a str> {
    let offset = |slice: &str| (slice.as_ptr() as usize).checked_sub(text.as_ptr() as usize);
    let bytes = text.as_bytes();
    let before = bytes.get(..offset(first)?)?;
    let start = before.iter().rposition(|byte| *byte == b'{')?;
    let after = offset(last)? + last.len();
    let end = after + bytes.get(after..)?.iter().position(|byte| *byte == b'}')?;
    text.get(start..=end)
}

/// Removes what JSON has for white space from both ends.
fn trim(text: &str) -> &str {
    text.trim_matches([' ', '\t', '\n', '\r'])
}

/// The elements of a list as slices, at most [`MAX_ENTRIES`] of them.
struct Elements<'a>(Vec<&'a RawValue>);

impl<'de> Deserialize<'de> for Elements<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(ElementsVisitor)
    }
}

struct ElementsVisitor;

impl<'de> Visitor<'de> for ElementsVisitor {
    type Value = Elements<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Self::Value, A::Error> {
        let mut elements = Vec::new();
        while let Some(element) = access.next_element::<&RawValue>()? {
            if elements.len() == MAX_ENTRIES {
                return Err(A::Error::custom("too many entries"));
            }
            elements.push(element);
        }
        Ok(Elements(elements))
    }
}
