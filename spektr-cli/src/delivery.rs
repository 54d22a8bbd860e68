//! Deliveries made from the schema's examples, as the sender might make them.

use std::hash::{BuildHasher, RandomState};

use clap::ValueEnum;
use spektr_json::{Json, pointer};
use spektr_types::EnvelopeKey as Key;

use crate::catalogue;

/// The envelope of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Envelope {
    /// `type`, `createdAt`, `delivered`: the envelope of the events page
    #[value(name = "type")]
    Type,
    /// `eventType`, `timestamp`, the payload in `data`: the envelope of the signature guide
    #[value(name = "eventType")]
    EventType,
}

impl Envelope {
    /// Reads the name of an envelope.
    pub(crate) fn parse(name: &str) -> Result<Self, String> {
        Self::from_str(name, false).map_err(|_| "expected type or eventType".to_owned())
    }
}

/// A change to every event that is sent.
#[derive(Clone, Debug)]
pub(crate) struct Change {
    path: Vec<String>,
    value: Json,
}

impl Change {
    /// Reads `path=value`. The path has dots, or is a JSON pointer. A value that is not JSON is
    /// read as text.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let (path, value) =
            text.split_once('=').ok_or("expected PATH=VALUE, as data.alertName=Test")?;
        let pointer = Some(path).filter(|path| !path.is_empty()).and_then(pointer::tokens);
        let path = pointer.unwrap_or_else(|| path.split('.').map(str::to_owned).collect());
        if path.iter().any(String::is_empty) {
            return Err("the path has an empty part".to_owned());
        }
        let value = Json::parse(value.as_bytes()).unwrap_or_else(|_| value.into());
        Ok(Self { path, value })
    }

    /// Tells whether an entry has the value at the path.
    pub(crate) fn is_in(&self, entry: &Json) -> bool {
        let place = self.path.iter().fold(String::new(), |above, name| pointer::join(&above, name));
        entry.pointer(&place) == Some(&self.value)
    }

    /// Sets the value at the path. The last member of the path need not exist yet.
    pub(crate) fn apply(&self, entry: &mut Json) -> Result<(), String> {
        let Some((last, above)) = self.path.split_last() else {
            return Err("the path is empty".to_owned());
        };
        let mut place = entry;
        for name in above {
            let missing = no_place(place, name);
            place = place.child_mut(name).ok_or_else(|| format!("{missing} on the way"))?;
        }
        let missing = no_place(place, last);
        match place {
            Json::Object(_) => place.put(last, self.value.clone()),
            _ => *place.child_mut(last).ok_or(missing)? = self.value.clone(),
        }
        Ok(())
    }
}

/// Returns the message that a value has no such member or element.
fn no_place(json: &Json, name: &str) -> String {
    match json {
        Json::Object(_) => format!("there is no `{name}`"),
        Json::Array(_) => format!("there is no element {name}"),
        _ => format!("`{name}` would be a member of {}", json.kind()),
    }
}

/// Converts an entry to an envelope, with the same payload.
pub(crate) fn convert(entry: Json, envelope: Envelope) -> Json {
    let has_type = entry.get(Key::WireType.name()).is_some();
    match envelope {
        Envelope::EventType if has_type => to_event_type(entry),
        Envelope::Type if !has_type => to_type(entry),
        _ => entry,
    }
}

fn to_event_type(entry: Json) -> Json {
    let head = |key: Key| entry.get(key.name()).cloned();
    let millis = head(Key::CreatedAt).and_then(|json| json.as_i64());
    let wire_type = entry.get(Key::WireType.name()).and_then(Json::as_str).unwrap_or_default();
    let members = [
        (Key::Id, head(Key::Id)),
        (Key::WorkspaceId, head(Key::WorkspaceId)),
        (Key::EventType, head(Key::WireType)),
        (Key::Timestamp, millis.map(|millis| Json::from(millis / 1000))),
        (Key::SpektrId, head(Key::SpektrId)),
        (Key::Data, payload(wire_type, entry.members())),
    ];
    Json::object(members.into_iter().filter_map(|(key, value)| Some((key.name(), value?))))
}

/// Returns the payload for `data` of the other envelope. If the event has no own members but
/// `data`, this is the payload. Otherwise the payload is an object of all own members. If the
/// catalogue lists the members of `data`, they are merged into that object. If it lists none, so
/// that `data` can have any keys, the object keeps `data` as one member.
fn payload(wire_type: &str, members: &[(String, Json)]) -> Option<Json> {
    let is_data = |name: &str| name == Key::Data.name();
    let is_own = |name: &str| catalogue::envelope().iter().all(|member| member.name != name);
    let own: Vec<_> = members.iter().filter(|(name, _)| is_own(name)).cloned().collect();
    if own.iter().all(|(name, _)| is_data(name)) {
        return own.into_iter().next().map(|(_, data)| data);
    }
    let has_free_keys = catalogue::find(wire_type).is_ok_and(|event| {
        let members = &event.details.members;
        members.iter().any(|member| is_data(&member.name) && member.members.is_empty())
    });
    let inside = own.into_iter().flat_map(|(name, json)| match json {
        Json::Object(members) if is_data(&name) && !has_free_keys => members,
        json => vec![(name, json)],
    });
    Some(Json::Object(inside.collect()))
}

fn to_type(entry: Json) -> Json {
    let wire_type = entry.get(Key::EventType.name()).and_then(Json::as_str).unwrap_or_default();
    let own: Vec<&str> = catalogue::find(wire_type)
        .map(|event| event.details.members.iter().map(|member| member.name.as_str()).collect())
        .unwrap_or_default();
    let Json::Object(members) = entry else { return entry };
    let mut converted = Vec::new();
    for (name, value) in members {
        let is = |key: Key| name == key.name();
        match value {
            value if is(Key::EventType) => {
                converted.push((Key::WireType.name().to_owned(), value));
            }
            Json::Number(number) if is(Key::Timestamp) => {
                let millis = number.as_i64().unwrap_or_default().saturating_mul(1000);
                converted.push((Key::CreatedAt.name().to_owned(), millis.into()));
            }
            Json::Object(members) if is(Key::Data) && own.len() > 1 => {
                let (beside, data): (Vec<_>, Vec<_>) =
                    members.into_iter().partition(|(name, _)| {
                        name != Key::Data.name() && own.contains(&name.as_str())
                    });
                converted.extend(beside);
                let is_nested =
                    matches!(&data[..], [(name, Json::Object(_))] if name == Key::Data.name());
                if is_nested {
                    converted.extend(data);
                } else {
                    converted.push((name, Json::Object(data)));
                }
            }
            value => converted.push((name, value)),
        }
    }
    Json::Object(converted)
}

/// Gives an entry a new id and the current time, in the members that it has for them.
pub(crate) fn make_new(entry: &mut Json, ids: &mut Ids, now_millis: i64) {
    let new = [
        (Key::Id, Json::String(ids.next_like("evt_"))),
        (Key::CreatedAt, now_millis.into()),
        (Key::Timestamp, (now_millis / 1000).into()),
    ];
    for (key, value) in new {
        if entry.get(key.name()).is_some() {
            entry.put(key.name(), value);
        }
    }
}

/// Returns the creation time in an entry, in milliseconds.
pub(crate) fn created(entry: &Json) -> Option<i64> {
    let number = |key: Key| entry.get(key.name()).and_then(Json::as_i64);
    number(Key::CreatedAt).or_else(|| Some(number(Key::Timestamp)?.saturating_mul(1000)))
}

/// Makes event ids that no other run of the tool has made.
pub(crate) struct Ids {
    random: RandomState,
    made: u64,
}

impl Ids {
    pub(crate) fn new() -> Self {
        Self { random: RandomState::new(), made: 0 }
    }

    /// Makes an id with the prefix of `id`: the text before its last underscore.
    pub(crate) fn next_like(&mut self, id: &str) -> String {
        let kind = id.rsplit_once('_').map(|(kind, _)| format!("{kind}_")).unwrap_or_default();
        self.made += 1;
        // The random keys of the hash differ from run to run.
        let (one, two) = (self.random.hash_one(self.made), self.random.hash_one(!self.made));
        format!("{kind}{:024x}", u128::from(one) << 32 ^ u128::from(two))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::{events, example};

    fn entry(name: &str) -> Json {
        Json::parse(example(name).expect("an example").json.get().as_bytes()).expect("JSON")
    }

    #[test]
    fn a_converted_example_is_the_schemas_own_of_that_envelope() {
        for event in events() {
            let module = &event.details.module;
            let converted = convert(entry(&format!("{module}/full")), Envelope::EventType);
            let expected = entry(&format!("{module}/event_type_envelope"));
            assert_eq!(converted.to_string(), expected.to_string(), "{module}");
        }
    }

    #[test]
    fn an_entry_means_the_same_in_either_envelope() {
        let decode = |json: &Json| {
            let text = json.to_string();
            let entry = spektr_types::Entry::from_json(&text).expect("JSON");
            let event = entry.decode().expect("valid");
            serde_json::to_string(&event).expect("serializes")
        };
        for event in events() {
            let original = entry(&format!("{}/event_type_envelope", event.details.module));
            let converted = convert(original.clone(), Envelope::Type);
            assert!(converted.get("type").is_some());
            assert_eq!(decode(&converted), decode(&original), "{}", event.details.module);
        }
    }

    #[test]
    fn changes_are_read_with_dots_and_pointers_and_values_as_json_or_text() {
        let mut json = entry("alert_resolved");
        for change in ["data.alertName=Test", "/data/userId=7", "note={\"a\":null}"] {
            Change::parse(change).expect(change).apply(&mut json).expect(change);
        }
        assert_eq!(json.get("data").and_then(|data| data.get("alertName")), Some(&"Test".into()));
        assert_eq!(json.get("data").and_then(|data| data.get("userId")), Some(&7.into()));
        assert_eq!(json.get("note").map(Json::to_string), Some(r#"{"a":null}"#.to_owned()));
    }

    #[test]
    fn changes_are_made_at_paths_through_members_and_elements() {
        let mut json = Json::parse(br#"{"a":[{"b":1}],"c":{}}"#).expect("JSON");
        for change in ["a.0.b=null", "c.new=2", "/d=x"] {
            Change::parse(change).expect(change).apply(&mut json).expect(change);
        }
        assert_eq!(json.to_string(), r#"{"a":[{"b":null}],"c":{"new":2},"d":"x"}"#);
    }

    #[test]
    fn says_where_a_path_leads_nowhere() {
        let mut json = Json::parse(br#"{"a":[1]}"#).expect("JSON");
        let mut message = |change| Change::parse(change).expect(change).apply(&mut json);
        assert_eq!(message("b.c=1"), Err("there is no `b` on the way".to_owned()));
        assert_eq!(message("a.7=1"), Err("there is no element 7".to_owned()));
        assert_eq!(message("a.7.b=1"), Err("there is no element 7 on the way".to_owned()));
        assert_eq!(message("a.0.b=1"), Err("`b` would be a member of number".to_owned()));
        assert_eq!(
            message("a.0.b.c=1"),
            Err("`b` would be a member of number on the way".to_owned())
        );
    }

    #[test]
    fn refuses_a_change_without_a_path_or_a_value() {
        let message = |text| Change::parse(text).expect_err(text);
        assert_eq!(message("alertName"), "expected PATH=VALUE, as data.alertName=Test");
        assert_eq!(message("data..x=1"), "the path has an empty part");
        assert_eq!(message("=1"), "the path has an empty part");
    }

    #[test]
    fn ids_do_not_repeat() {
        let (mut one, mut other) = (Ids::new(), Ids::new());
        let ids: std::collections::BTreeSet<_> =
            (0..1000).flat_map(|_| [one.next_like("evt_"), other.next_like("evt_")]).collect();
        assert_eq!(ids.len(), 2000);
    }
}
