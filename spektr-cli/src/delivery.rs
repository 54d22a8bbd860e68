//! Deliveries made from the schema's examples, as the sender might make them.

use std::hash::{BuildHasher, RandomState};

use clap::ValueEnum;

use crate::catalogue;
use crate::json::Json;

/// The form of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Envelope {
    /// `type`, `createdAt`, `delivered`: the one of the events page
    #[value(name = "type")]
    Type,
    /// `eventType`, `timestamp`, the payload in `data`: the one of the signature guide
    #[value(name = "eventType")]
    EventType,
}

impl Envelope {
    pub(crate) fn parse(name: &str) -> Option<Self> {
        match name {
            "type" => Some(Self::Type),
            "eventType" => Some(Self::EventType),
            _ => None,
        }
    }
}

/// A change to every event that is sent.
#[derive(Clone, Debug)]
pub(crate) struct Change {
    path: Vec<String>,
    value: Json,
}

impl Change {
    /// Reads `path=value`. The path has dots, or is a JSON pointer; a value that
    /// is not JSON is a text.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let (path, value) =
            text.split_once('=').ok_or("expected PATH=VALUE, as data.alertName=Test")?;
        let path: Vec<_> = match path.strip_prefix('/') {
            Some(pointer) => pointer
                .split('/')
                .map(|token| token.replace("~1", "/").replace("~0", "~"))
                .collect(),
            None => path.split('.').map(str::to_owned).collect(),
        };
        if path.iter().any(String::is_empty) {
            return Err("the path has an empty part".to_owned());
        }
        let value = Json::parse(value.as_bytes()).unwrap_or_else(|_| value.into());
        Ok(Self { path, value })
    }

    pub(crate) fn apply(&self, entry: &mut Json) -> Result<(), String> {
        let path: Vec<_> = self.path.iter().map(String::as_str).collect();
        entry.put_at(&path, self.value.clone())
    }
}

/// Puts an entry into another envelope, with the same payload.
pub(crate) fn convert(entry: Json, envelope: Envelope) -> Json {
    match envelope {
        Envelope::EventType if entry.get("type").is_some() => to_event_type(entry),
        Envelope::Type if entry.get("type").is_none() => to_type(entry),
        _ => entry,
    }
}

fn to_event_type(entry: Json) -> Json {
    let head = |name: &str| entry.get(name).cloned();
    let millis = head("createdAt").and_then(|json| match json {
        Json::Number(number) => number.as_i64(),
        _ => None,
    });
    let mut converted = Vec::new();
    let mut push = |name: &str, value: Option<Json>| {
        if let Some(value) = value {
            converted.push((name.to_owned(), value));
        }
    };
    push("id", head("id"));
    push("workspaceId", head("workspaceId"));
    push("eventType", head("type"));
    push("timestamp", millis.map(|millis| Json::from(millis / 1000)));
    push("spektrId", head("spektrId"));
    let wire_type = entry.get("type").and_then(Json::as_str).unwrap_or_default();
    push("data", payload(wire_type, entry.members()));
    Json::Object(converted)
}

/// Returns what stands in `data` of the other envelope: the event's `data`, with
/// the members that stand beside it; around it where its keys are free.
fn payload(wire_type: &str, members: &[(String, Json)]) -> Option<Json> {
    let is_own = |name: &str| catalogue::envelope().iter().all(|member| member.name != name);
    let own: Vec<_> = members.iter().filter(|(name, _)| is_own(name)).cloned().collect();
    if own.iter().all(|(name, _)| name == "data") {
        return own.into_iter().next().map(|(_, data)| data);
    }
    let has_free_keys = catalogue::find(wire_type).is_ok_and(|event| {
        let members = &event.details.members;
        members.iter().any(|member| member.name == "data" && member.members.is_empty())
    });
    let inside = own.into_iter().flat_map(|(name, json)| match json {
        Json::Object(members) if name == "data" && !has_free_keys => members,
        json => vec![(name, json)],
    });
    Some(Json::Object(inside.collect()))
}

fn to_type(entry: Json) -> Json {
    let Json::Object(members) = entry else { return entry };
    let wire_type = members.iter().find(|(name, _)| name == "eventType");
    let wire_type = wire_type.and_then(|(_, json)| json.as_str()).unwrap_or_default();
    let own: Vec<&str> = catalogue::find(wire_type)
        .map(|event| event.details.members.iter().map(|member| member.name.as_str()).collect())
        .unwrap_or_default();
    let mut converted = Vec::new();
    for (name, value) in members {
        match (name.as_str(), value) {
            ("eventType", value) => converted.push(("type".to_owned(), value)),
            ("timestamp", Json::Number(number)) => {
                let millis = number.as_i64().unwrap_or_default().saturating_mul(1000);
                converted.push(("createdAt".to_owned(), millis.into()));
            }
            ("data", Json::Object(members)) if own.len() > 1 => {
                let (beside, data): (Vec<_>, Vec<_>) = members
                    .into_iter()
                    .partition(|(name, _)| name != "data" && own.contains(&name.as_str()));
                converted.extend(beside);
                let is_nested = matches!(&data[..], [(name, Json::Object(_))] if name == "data");
                if is_nested {
                    converted.extend(data);
                } else {
                    converted.push((name, Json::Object(data)));
                }
            }
            (_, value) => converted.push((name, value)),
        }
    }
    Json::Object(converted)
}

/// Gives an entry an id of its own and the current time, where it has them.
pub(crate) fn make_new(entry: &mut Json, ids: &mut Ids, now_millis: i64) {
    if entry.get("id").is_some() {
        entry.put("id", Json::String(ids.next()));
    }
    if entry.get("createdAt").is_some() {
        entry.put("createdAt", now_millis.into());
    }
    if entry.get("timestamp").is_some() {
        entry.put("timestamp", (now_millis / 1000).into());
    }
}

/// Returns when an entry says that it was created, in milliseconds.
pub(crate) fn created(entry: &Json) -> Option<i64> {
    let number = |name: &str| match entry.get(name) {
        Some(Json::Number(number)) => number.as_i64(),
        _ => None,
    };
    number("createdAt").or_else(|| Some(number("timestamp")?.saturating_mul(1000)))
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

    pub(crate) fn next(&mut self) -> String {
        self.made += 1;
        // The keys of the hash differ from run to run.
        let (one, two) = (self.random.hash_one(self.made), self.random.hash_one(!self.made));
        format!("evt_{:024x}", u128::from(one) << 32 ^ u128::from(two))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::{events, example};

    fn entry(name: &str) -> Json {
        Json::parse(example(name).expect("an example").json().get().as_bytes()).expect("JSON")
    }

    #[test]
    fn a_converted_example_is_the_schemas_own_of_that_envelope() {
        for event in events() {
            let module = &event.details.module;
            let converted = convert(entry(&format!("{module}/full")), Envelope::EventType);
            let expected = entry(&format!("{module}/event_type_envelope"));
            assert_eq!(converted.to_pretty_text(), expected.to_pretty_text(), "{module}");
        }
    }

    #[test]
    fn an_entry_means_the_same_in_either_envelope() {
        let decode = |json: &Json| {
            let text = json.to_text();
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
        assert_eq!(json.get("note").map(Json::to_text), Some(r#"{"a":null}"#.to_owned()));
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
            (0..1000).flat_map(|_| [one.next(), other.next()]).collect();
        assert_eq!(ids.len(), 2000);
    }
}
