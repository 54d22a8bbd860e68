//! The pass over a body that finds its entries and their heads.
//!
//! serde_json skips values without building them, and gives slices of the text.
//! A slice of a whole entry would have to be read again for its head, so an
//! entry is read member by member and its own slice is put together from where
//! the first member begins and the last one ends. That works for objects with
//! members, which is all that a sender sends; a batch with anything else in it
//! is read again, slice by slice.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::{Entries, Entry, Head, MAX_DEPTH, MAX_ENTRIES, depth};
use crate::error::{BodyError, JsonType};
use crate::members::{Members, key_text};

/// Splits a body into its entries.
pub(super) fn body(body: &[u8]) -> Result<Entries<'_>, BodyError> {
    let text = std::str::from_utf8(body)
        .map_err(|error| BodyError::NotJson { line: 0, column: error.valid_up_to() })?;
    if let Some(entries) = in_one_pass(text) {
        return Ok(Entries { entries, is_batch: true });
    }
    let raw: &RawValue = serde_json::from_str(text).map_err(not_json)?;
    let found = JsonType::of(raw.get());
    if found != JsonType::Object {
        return Err(BodyError::NotAnObject { found });
    }
    let single = whole(raw);
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
            Ok(Entries { entries: elements.0.into_iter().map(whole).collect(), is_batch: true })
        }
        // An event may have a member of that name.
        _ if single.wire_type().is_some() => Ok(Entries { entries: vec![single], is_batch: false }),
        found => Err(BodyError::ResultsNotAnArray { found }),
    }
}

/// Reads the text of one entry.
pub(super) fn entry(text: &str) -> Result<Entry<'_>, BodyError> {
    serde_json::from_str(text).map(whole).map_err(not_json)
}

fn not_json(error: serde_json::Error) -> BodyError {
    BodyError::NotJson { line: error.line(), column: error.column() }
}

/// Makes an entry of a slice, reading its members for the head.
fn whole(raw: &RawValue) -> Entry<'_> {
    let mut head = Head::default();
    for (key, value) in Members::of(raw.get()).0 {
        head.add(&key, value);
    }
    entry_of(raw.get(), head)
}

fn entry_of<'a>(raw: &'a str, head: Head<'a>) -> Entry<'a> {
    Entry { raw, head, too_deep: depth::exceeds(raw, MAX_DEPTH) }
}

impl<'a> Head<'a> {
    fn add(&mut self, key: &str, value: &'a RawValue) {
        let (name, place) = match key {
            "id" => ("id", &mut self.id),
            "spektrId" => ("spektrId", &mut self.spektr_id),
            "workspaceId" => ("workspaceId", &mut self.workspace_id),
            "type" => ("type", &mut self.wire_type),
            "eventType" => ("eventType", &mut self.event_type),
            "createdAt" => ("createdAt", &mut self.created_at),
            "timestamp" => ("timestamp", &mut self.timestamp),
            "data" => ("data", &mut self.data),
            _ => return,
        };
        if place.replace(value).is_some() && self.duplicate.is_none() {
            self.duplicate = Some(name);
        }
    }
}

/// Splits a batch whose entries are all objects with members, reading each byte
/// once; `None` for any other body, and for one that is not JSON.
fn in_one_pass(text: &str) -> Option<Vec<Entry<'_>>> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let entries = deserializer.deserialize_map(BatchVisitor { text }).ok()?;
    deserializer.end().ok()?;
    entries
}

struct BatchVisitor<'de> {
    text: &'de str,
}

impl<'de> Visitor<'de> for BatchVisitor<'de> {
    type Value = Option<Vec<Entry<'de>>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a batch")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Self::Value, A::Error> {
        let mut entries = None;
        while let Some(key) = access.next_key::<&RawValue>()? {
            if key_text(key) != "results" {
                access.next_value::<IgnoredAny>()?;
            } else if entries
                .replace(access.next_value_seed(EntriesSeed { text: self.text })?)
                .is_some()
            {
                return Err(A::Error::custom("`results` twice"));
            }
        }
        Ok(entries)
    }
}

struct EntriesSeed<'de> {
    text: &'de str,
}

impl<'de> DeserializeSeed<'de> for EntriesSeed<'de> {
    type Value = Vec<Entry<'de>>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for EntriesSeed<'de> {
    type Value = Vec<Entry<'de>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of entries")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Self::Value, A::Error> {
        let mut entries = Vec::new();
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
        let mut bounds: Option<(&str, &str)> = None;
        while let Some((key, value)) = access.next_entry::<&RawValue, &RawValue>()? {
            head.add(&key_text(key), value);
            bounds = Some((bounds.map_or(key.get(), |(first, _)| first), value.get()));
        }
        let raw = bounds.and_then(|(first, last)| enclosing(self.text, first, last));
        raw.map(|raw| entry_of(raw, head))
            .ok_or_else(|| A::Error::custom("an object without members"))
    }
}

/// Returns the object whose first key and last value are these slices of `text`.
/// Between them and its braces only white space can stand.
fn enclosing<'a>(text: &'a str, first: &str, last: &str) -> Option<&'a str> {
    let offset = |slice: &str| (slice.as_ptr() as usize).checked_sub(text.as_ptr() as usize);
    let start = text.get(..offset(first)?)?.rfind('{')?;
    let after = offset(last)? + last.len();
    let end = after + text.get(after..)?.find('}')? + 1;
    text.get(start..end)
}

/// The elements of a list as slices, at most [`MAX_ENTRIES`] of them.
struct Elements<'a>(Vec<&'a RawValue>);

impl<'de> serde::Deserialize<'de> for Elements<'de> {
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
