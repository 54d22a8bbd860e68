//! An entry under the member names of the events page, whichever of the two
//! envelopes it came in, and the way back to where each member really stood.

use std::collections::BTreeMap;

use jsonschema::paths::LocationSegment;
use serde_json::{Map, Value};

use super::schemas::EventSchema;

/// An entry in the canonical envelope.
pub(super) struct Canonical {
    value: Value,
    /// For each canonical member that stood elsewhere: its pointer there.
    moved: BTreeMap<String, String>,
}

impl Canonical {
    /// Reads an entry's members as an event, by the rules of
    /// [`Entry::decode`](spektr_types::Entry::decode).
    pub(super) fn new(
        members: &Map<String, Value>,
        schema: &EventSchema,
        wire_types: &[&str],
    ) -> Self {
        let mut this = Self { value: Value::Null, moved: BTreeMap::new() };
        let mut canonical = members.clone();
        // In these members null says nothing.
        let says = |name| members.get(name).is_some_and(|value| !value.is_null());
        let has_type = says("type");
        for (from, to) in [("eventType", "type"), ("timestamp", "createdAt")] {
            if says(to) {
                continue;
            }
            match canonical.remove(from).filter(|value| !value.is_null()) {
                Some(value) => _ = canonical.insert(to.to_owned(), value),
                None if has_type => continue,
                // It is nowhere, and should be in the other member.
                None => _ = canonical.remove(to),
            }
            this.moved.insert(to.to_owned(), format!("/{from}"));
        }
        // What is there twice, once per envelope, is not drift.
        canonical.remove("eventType");
        canonical.remove("timestamp");
        if !has_type {
            this.lift(&mut canonical, schema);
        }
        // Wire types match in any case; the event was chosen by it already.
        if let Some(first) = wire_types.first() {
            canonical.insert("type".to_owned(), Value::from(*first));
        }
        this.value = Value::Object(canonical);
        this
    }

    pub(super) fn value(&self) -> &Value {
        &self.value
    }

    /// The pointer into the entry as it arrived of a place in the canonical
    /// one, with `*` for the elements of lists.
    pub(super) fn pointer<'p>(&self, path: impl Iterator<Item = LocationSegment<'p>>) -> String {
        let mut pointer = String::new();
        for (depth, segment) in path.enumerate() {
            match segment {
                LocationSegment::Property(name) => match self.moved.get(name.as_ref()) {
                    Some(there) if depth == 0 => pointer.push_str(there),
                    _ => {
                        pointer.push('/');
                        pointer.push_str(&escaped(&name));
                    }
                },
                LocationSegment::Index(_) => pointer.push_str("/*"),
            }
        }
        pointer
    }

    /// In the envelope with `eventType`, `data` is the whole payload: members
    /// that the events page shows beside `data` are inside of it.
    fn lift(&mut self, members: &mut Map<String, Value>, schema: &EventSchema) {
        let Some(Value::Object(inner)) = members.get("data") else { return };
        let mut inner = inner.clone();
        let is_payload = |(name, required): &(String, bool)| *required && inner.contains_key(name);
        let nested = inner.contains_key("data") || schema.beside.iter().any(is_payload);
        for (name, required) in &schema.beside {
            if let Some(value) = inner.remove(name) {
                members.insert(name.clone(), value);
                self.moved.insert(name.clone(), format!("/data/{name}"));
            } else if nested && *required && !members.contains_key(name) {
                self.moved.insert(name.clone(), format!("/data/{name}"));
            }
        }
        if !nested {
            members.insert("data".to_owned(), Value::Object(inner));
            return;
        }
        self.moved.insert("data".to_owned(), "/data/data".to_owned());
        match inner.remove("data") {
            Some(data) => members.insert("data".to_owned(), data),
            None => members.remove("data"),
        };
        // What is left belongs nowhere, and is shown where it stands.
        for (name, value) in inner {
            if !members.contains_key(&name) {
                self.moved.insert(name.clone(), format!("/data/{}", escaped(&name)));
                members.insert(name, value);
            }
        }
    }
}

/// A member's name as a reference token of a JSON pointer.
fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}
