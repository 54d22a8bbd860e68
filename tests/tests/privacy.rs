//! Sensitive values appear neither in `Debug` output nor in error texts.
//!
//! The tests plant a marker and search for it. They also search the encoded event, which must
//! contain the marker, to prove that it was planted.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};
use spektr_codegen::examples::ExampleOrigin;
use spektr_codegen::model::{Member, Model, Ty, TypeKind};
use spektr_tests::corpus::{self, Example};
use spektr_tests::places;
use spektr_types::{Entries, Entry, RawJson};

const MARKER: &str = "MARKER-4711";
/// A number that occurs in no example, for integers and fractions.
const NUMBER: &str = "8675309471100";

/// A sensitive member of an event.
struct Planted {
    place: String,
    /// The member's name in the schema.
    name: String,
    /// Puts the marker into the member's value.
    mark: fn(&Value) -> Value,
}

/// Returns the sensitive members that a canonical event contains, each with its pointer and its
/// name in the schema.
fn sensitive(model: &Model, members: &[Member], json: &Value, at: &str) -> Vec<Planted> {
    let mut found = Vec::new();
    for member in members {
        let Some(value) = json.get(&member.name) else {
            continue;
        };
        let place = format!("{at}/{}", member.name);
        let def = member.ty.named().and_then(|name| model.types.get(name));
        if member.sensitive || def.is_some_and(|def| matches!(def.kind, TypeKind::Url)) {
            let is_struct = def.is_some_and(|def| matches!(def.kind, TypeKind::Object(_)));
            let mark = if is_struct && !matches!(member.ty, Ty::Array(_)) {
                marked_members
            } else {
                marked
            };
            found.push(Planted {
                place,
                name: format!("{}#{}", member.name, member.pointer),
                mark,
            });
            continue;
        }
        let Some(TypeKind::Object(members)) = def.map(|def| &def.kind) else {
            continue;
        };
        match (&member.ty, value) {
            (Ty::Array(_), Value::Array(elements)) => {
                for (index, element) in elements.iter().enumerate() {
                    let place = format!("{place}/{index}");
                    found.extend(sensitive(model, members, element, &place));
                }
            }
            _ => found.extend(sensitive(model, members, value, &place)),
        }
    }
    found
}

/// Replaces every text and every key of a value by the marker, every number by the marker number,
/// and inverts booleans.
fn marked(value: &Value) -> Value {
    match value {
        Value::String(_) => MARKER.into(),
        Value::Array(elements) => elements.iter().map(marked).collect(),
        Value::Object(members) => {
            let members = members.values().enumerate();
            let members =
                members.map(|(index, value)| (format!("{MARKER}-{index}"), marked(value)));
            Value::Object(members.collect::<Map<_, _>>())
        }
        Value::Number(_) => serde_json::from_str(NUMBER).expect("a number"),
        Value::Bool(value) => (!value).into(),
        Value::Null => Value::Null,
    }
}

/// Marks the values of an object, but keeps the names of its known members.
fn marked_members(value: &Value) -> Value {
    let Value::Object(members) = value else { return marked(value) };
    let members = members.iter().map(|(name, value)| (name.clone(), marked(value)));
    Value::Object(members.collect::<Map<_, _>>())
}

/// Tells whether a text contains one of the marks.
fn has_mark(text: &str) -> bool {
    text.contains(MARKER) || text.contains(NUMBER)
}

/// Returns the debug output of an event, without lengths.
fn shown(text: &str, place: &str) -> String {
    let entry = Entry::from_json(text).expect("valid JSON");
    let shown = format!("{:?}", corpus::decode(&entry, place));
    shown.chars().filter(|c| !c.is_ascii_digit()).collect()
}

#[track_caller]
fn assert_hidden(shown: &str, what: &str) {
    assert!(!shown.contains(MARKER) && !shown.contains(NUMBER), "{what} shows it: {shown}");
}

#[test]
fn sensitive_members_are_not_in_debug_output() {
    let set = corpus::schema_set();
    let model = set.model();
    let mut planted = BTreeSet::new();
    for example in corpus::event_examples().filter(|example| example.case == "full") {
        let event = model.events.iter().find(|event| event.module == example.folder);
        let event = event.expect("the folder is named after an event");
        let json = serde_json::to_value(example.event()).expect("an event serializes");
        for Planted { place, name, mark } in sensitive(model, &event.members, &json, "") {
            let inside = json.pointer(&place).expect("the place exists");
            let text = places::replaced(&json, &place, mark(inside)).to_string();
            if !has_mark(&text) {
                // A boolean can hold no marker, so both values must be shown the same.
                assert_ne!(&mark(inside), inside, "nothing was planted at {place}");
                assert_eq!(shown(&text, &place), shown(&json.to_string(), &place), "{place}");
                planted.insert((event.file.clone(), name));
                continue;
            }
            let entry = Entry::from_json(&text).expect("valid JSON");
            let decoded = corpus::decode(&entry, &place);
            assert_hidden(&format!("{decoded:?}{decoded:#?}{entry:?}"), &place);
            let encoded = serde_json::to_string(&decoded).expect("an event serializes");
            assert!(has_mark(&encoded), "{place} of {} is lost", example.folder);
            planted.insert((event.file.clone(), name));
        }
    }
    let expected: BTreeSet<_> = model
        .events
        .iter()
        .flat_map(|event| {
            let all = all_sensitive(model, &event.members);
            all.into_iter().map(|name| (event.file.clone(), name))
        })
        .collect();
    assert!(expected.len() >= 8, "only {} sensitive members are known", expected.len());
    assert_eq!(planted, expected, "each sensitive member stands in a full example");
}

/// Returns the names of all sensitive members that an event can have.
fn all_sensitive(model: &Model, members: &[Member]) -> Vec<String> {
    let mut found = Vec::new();
    for member in members {
        let kind = member.ty.named().and_then(|name| model.types.get(name)).map(|def| &def.kind);
        match kind {
            _ if member.sensitive => found.push(format!("{}#{}", member.name, member.pointer)),
            Some(TypeKind::Url) => found.push(format!("{}#{}", member.name, member.pointer)),
            Some(TypeKind::Object(members)) => found.extend(all_sensitive(model, members)),
            _ => {}
        }
    }
    found
}

/// serde's own messages quote a value of the wrong type.
#[test]
fn no_error_text_quotes_a_value_of_the_wrong_type() {
    let planted = [
        json!(MARKER),
        json!({ "key": MARKER }),
        json!([MARKER, MARKER]),
        serde_json::from_str(NUMBER).expect("a number"),
        serde_json::from_str(&format!("{NUMBER}.5")).expect("a number"),
        serde_json::from_str(&format!("-{NUMBER}")).expect("a number"),
    ];
    let mut errors = 0;
    for example in corpus::event_examples() {
        let json = example.json();
        for place in places::pointers(&json) {
            for value in &planted {
                let text = places::replaced(&json, &place, value.clone()).to_string();
                let entry = Entry::from_json(&text).expect("valid JSON");
                let Err(error) = entry.decode() else {
                    continue;
                };
                let shown = format!("{error}{error:?}{:?}{}", error.kind(), error.pointer());
                assert_hidden(&shown, &format!("{}/{} at {place}", example.folder, example.case));
                assert!(error.raw().as_str().contains(MARKER) || text.contains(NUMBER));
                errors += 1;
            }
        }
    }
    assert!(errors > 5_000, "only {errors} values were of the wrong type");
}

/// Unknown keys arrive with the values, and can be as sensitive; a key with a line feed would start
/// a new line in a log.
#[test]
fn no_error_text_quotes_a_key_of_a_free_object() {
    let key = format!("{MARKER}\\n{MARKER}");
    let example = corpus::event_examples().find(|it| it.folder == "process_run_end");
    let mut json = example.expect("the event has examples").json();
    for free in [
        format!(r#"{{"{key}":1e999}}"#),
        format!(r#"{{"{key}":{{"id":["\ud800"]}}}}"#),
        format!(r#"{{"id":[{{"{key}":1e999}}]}}"#),
    ] {
        json["data"] = "FREE".into();
        let text = json.to_string().replace(r#""FREE""#, &free);
        let entry = Entry::from_json(&text).expect("valid JSON");
        let error = entry.decode().expect_err("no value can hold it");
        assert_eq!(error.pointer(), "/data", "{free}");
        assert_hidden(&format!("{error}{error:?}"), &free);
    }
}

#[test]
fn no_error_text_quotes_a_body_that_is_not_json() {
    for body in [
        MARKER.to_owned(),
        format!("{{\"{MARKER}\"}}"),
        format!("{{\"{MARKER}\":{MARKER}}}"),
        format!("{{\"results\":\"{MARKER}\"}}"),
        format!("{{\"results\":{{\"{MARKER}\":1}}}}"),
        format!("[\"{MARKER}\"]"),
        format!("\"{MARKER}"),
        NUMBER.to_owned(),
    ] {
        let error = Entries::parse(body.as_bytes()).expect_err("the body is no delivery");
        assert_hidden(&format!("{error}{error:?}"), &body);
    }
}

#[test]
fn an_unknown_event_shows_its_envelope_and_not_its_payload() {
    let text =
        format!(r#"{{"id":"e","type":"future","data":{{"{MARKER}":"{MARKER}"}},"x":{NUMBER}}}"#);
    let entry = Entry::from_json(&text).expect("valid JSON");
    let event = corpus::decode(&entry, "an unknown event");
    assert_hidden(&format!("{event:?}{event:#?}{entry:?}"), "an unknown event");
    let raw = match &event {
        spektr_types::Event::Unknown(unknown) => unknown.raw(),
        other => panic!("{other:?} is known"),
    };
    assert_eq!(format!("{raw:?}"), format!("RawJson({} bytes)", text.len()));
}

#[test]
fn raw_json_shows_its_length_only() {
    let raw: RawJson =
        serde_json::from_str(&format!("[\"{MARKER}\", {NUMBER}]")).expect("valid JSON");
    assert_hidden(&format!("{raw:?}{raw:#?}"), "raw JSON");
    assert!(raw.as_str().contains(MARKER) && raw.as_str().contains(NUMBER));
}

/// The entries of a split delivery show no more than single entries.
#[test]
fn the_entries_of_a_body_show_no_payload() {
    let example = Example {
        folder: "batch".into(),
        case: "marked".into(),
        body: format!(r#"{{"results":[{{"id":"e","type":"t","data":"{MARKER}"}},"{MARKER}"]}}"#),
        origin: ExampleOrigin::File,
    };
    let entries = example.entries();
    assert_eq!(entries.len(), 2);
    assert_hidden(&format!("{entries:?}{entries:#?}"), "a split body");
}
