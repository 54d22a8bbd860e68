//! The value of an entry in the canonical envelope, with the original places of its members.
//! [`Entry::canonical`] defines how the envelopes correspond.

use std::collections::{BTreeMap, BTreeSet};

use jsonschema::paths::LocationSegment;
use serde_json::{Map, Value};
use spektr_types::{Entry, EventInfo, pointer};

use super::schemas::EventSchema;

/// An entry in the canonical envelope.
pub(super) struct Canonical {
    value: Value,
    /// For each canonical member with another place in the entry: the pointer to that place.
    moved: BTreeMap<String, String>,
    /// Members inside `data` that are not part of the event, with their values.
    pub(super) rest: Vec<(String, Value)>,
    /// The pointer into the entry to that `data`.
    pub(super) rest_at: String,
}

impl Canonical {
    /// Reads an entry as an event.
    pub(super) fn new(entry: &Entry<'_>, event: &'static EventInfo, schema: &EventSchema) -> Self {
        let canonical = entry.canonical(event);
        let mut moved: BTreeMap<_, _> = schema
            .members
            .iter()
            .map(|name| (name.clone(), canonical.pointer(name)))
            .filter(|(name, pointer)| pointer.strip_prefix('/') != Some(name))
            .collect();
        let mut members = Map::new();
        let mut lifted = BTreeSet::new();
        for member in canonical.members() {
            if member.is_inside_data() {
                lifted.insert(member.name());
                moved.insert(member.name().to_owned(), canonical.pointer(member.name()));
            }
            members.insert(member.name().to_owned(), read(member.raw()));
        }
        // Wire types match in any case, and the event was already chosen by its wire type.
        members.insert("type".to_owned(), Value::from(event.wire_types().canonical));
        let mut rest = Vec::new();
        let payload = canonical.pointer("data");
        let rest_at = payload.strip_suffix("/data").unwrap_or_default().to_owned();
        if !rest_at.is_empty() {
            if let Some(Value::Object(inner)) = read(entry.raw()).pointer(&rest_at) {
                let is_rest = |(name, _): &(&String, _)| !lifted.contains(name.as_str());
                let owned = |(name, value): (&String, &Value)| (name.clone(), value.clone());
                rest = inner.iter().filter(is_rest).map(owned).collect();
            }
        } else if let Some(Value::Object(data)) = members.get_mut("data") {
            data.retain(|name, _| !lifted.contains(name.as_str()));
        }
        Self { value: Value::Object(members), moved, rest, rest_at }
    }

    pub(super) fn value(&self) -> &Value {
        &self.value
    }

    /// Returns the pointer into the entry as it arrived for a place in the canonical one, with
    /// `*` for the elements of lists.
    pub(super) fn pointer<'p>(&self, path: impl Iterator<Item = LocationSegment<'p>>) -> String {
        let mut place = String::new();
        for (depth, segment) in path.enumerate() {
            match segment {
                LocationSegment::Property(name) => match self.moved.get(name.as_ref()) {
                    Some(there) if depth == 0 => place.push_str(there),
                    _ => pointer::push(&mut place, &name),
                },
                LocationSegment::Index(_) => place.push_str("/*"),
            }
        }
        place
    }
}

/// Parses a part of an entry. The whole entry was parsed before.
fn read(raw: &str) -> Value {
    serde_json::from_str(raw).unwrap_or_default()
}
