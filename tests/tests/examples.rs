//! Snapshots of decoded examples and of the errors of invalid ones: they show the effect of a
//! schema change on users.

use serde_json::Value;
use spektr_codegen::Json;
use spektr_codegen::examples::{ExampleFault, ExampleOrigin};
use spektr_codegen::model::{Model, TypeKind};
use spektr_tests::corpus::{self, Example};
use spektr_tests::places;
use spektr_types::{Entries, EntryErrorKind, Event};

/// Shows the full example whole, and every other example by its differences from the full one in
/// the canonical envelope.
#[test]
fn every_event_decodes_to_what_was_reviewed() {
    for (folder, examples) in corpus::examples() {
        if folder == "batch" || folder == "unknown" {
            continue;
        }
        let find = |case: &str| examples.iter().find(|example| example.case == case);
        let full = find("full").unwrap_or_else(|| panic!("{folder} has no full example"));
        let canonical = encoded(&full.event());
        let mut text = format!(
            "full, as Debug shows it:\n{:#?}\n\nfull, encoded:\n{}\n",
            full.event(),
            serde_json::to_string_pretty(&canonical).expect("a value serializes"),
        );
        let files = examples.iter().filter(|example| example.origin == ExampleOrigin::File);
        for example in files.filter(|example| example.case != "full") {
            text.push_str(&format!("\n{}:\n", example.case));
            let differences = places::differences(&canonical, &encoded(&example.event()));
            if differences.is_empty() {
                text.push_str("  as full\n");
            }
            for line in differences {
                text.push_str(&format!("  {line}\n"));
            }
        }
        insta::assert_snapshot!(folder, text);
    }
}

#[test]
fn unknown_events_keep_their_envelope_and_text() {
    let mut text = String::new();
    for example in &corpus::examples()["unknown"] {
        let event = example.event();
        let Event::Unknown(unknown) = &event else {
            panic!("{} is a known event: {event:?}", example.case);
        };
        assert_eq!(unknown.raw().as_str(), example.body.trim(), "{}", example.case);
        text.push_str(&format!("{}:\n{event:#?}\n\n", example.case));
    }
    insta::assert_snapshot!("unknown", text);
}

#[test]
fn batches_split_into_what_was_reviewed() {
    let mut text = String::new();
    for example in &corpus::examples()["batch"] {
        let entries = example.entries();
        assert!(entries.is_batch(), "{} is no batch", example.case);
        text.push_str(&format!("{}: {} entries\n", example.case, entries.len()));
        for entry in &entries {
            let event = corpus::decode(entry, &example.case);
            let id = entry.id().expect("the examples have ids");
            let name = event.event_type().info().map_or("unknown", |info| info.name());
            let time = event.created_at().expect("the examples have times").as_millis();
            text.push_str(&format!("  {id}  {name}  {time}\n"));
        }
    }
    insta::assert_snapshot!("batch", text);
}

#[test]
fn invalid_examples_are_refused_with_the_texts_that_were_reviewed() {
    let mut text = String::new();
    let files = corpus::invalid_examples().into_iter().filter(|example| example.fault.is_none());
    for example in files {
        let entries = Entries::parse(example.body.as_bytes()).expect("the body is one entry");
        let entry = entries.iter().next().expect("the body is one entry");
        let name = format!("{}/{}", example.folder, example.case);
        let error = entry.decode().err().unwrap_or_else(|| panic!("{name} decodes"));
        let id = error.id().map_or("none", |id| id.as_str());
        text.push_str(&format!("{name}\n  {error}\n  {:?}, id {id}\n", error.kind()));
    }
    insta::assert_snapshot!("invalid", text);
}

/// One edit of the full example changes exactly one member of the decoded event, or no member if
/// the edit is another form of the same value.
#[test]
fn an_edited_example_decodes_to_the_full_one_but_for_its_edit() {
    let mut tried = 0;
    let set = corpus::schema_set();
    for (folder, examples) in corpus::examples() {
        let Some(full) = examples.iter().find(|example| example.case == "full") else { continue };
        let full = encoded(&full.event());
        for Example { case, origin, .. } in &examples {
            let ExampleOrigin::Edited { pointer, value } = origin else { continue };
            let example = examples.iter().find(|example| example.case == *case).expect("it is");
            let decoded = encoded(&example.event());
            let expected = match value {
                // The edit is the canonical form of another wire type, or of another unit.
                Some(_) if pointer == "/type" || case.ends_with("_seconds") => full.clone(),
                // The encoded form has no null, except for the delivery flag.
                None => places::without(&full, pointer),
                Some(Json::Null) if pointer != "/delivered" => places::without(&full, pointer),
                Some(value) => {
                    let value = serde_json::to_value(value).expect("a value serializes");
                    places::replaced(&full, pointer, value)
                }
            };
            let expected = with_kept_payload(expected, example, set.model());
            assert_eq!(places::differences(&expected, &decoded), [""; 0], "{folder}/{case}");
            tried += 1;
        }
    }
    assert!(tried > 60, "only {tried} edited examples were found");
}

/// Returns an encoded event with the payload of an example, if the schema says that a typed payload
/// keeps its JSON: such a payload is encoded as it arrived.
fn with_kept_payload(mut encoded: Value, example: &Example, model: &Model) -> Value {
    let event = model.events.iter().find(|event| event.module == example.folder);
    let kept = event.and_then(|event| event.members.iter().find(|member| member.keeps_raw));
    if let (Some(kept), Value::Object(members)) = (kept, &mut encoded) {
        let json = example.json();
        let mut payload = json.get(&kept.name);
        if example.case.ends_with("_nested") {
            payload = payload.and_then(|members| members.get(&kept.name));
        }
        match payload {
            Some(payload) if !payload.is_null() => {
                members.insert(kept.name.clone(), payload.clone());
            }
            _ => {
                members.remove(&kept.name);
            }
        }
    }
    encoded
}

/// An example derived for the other envelope decodes to the same event, except for the delivery
/// flag, which that envelope lacks.
#[test]
fn an_example_derived_for_the_other_envelope_decodes_to_the_full_one() {
    let set = corpus::schema_set();
    let mut tried = 0;
    for (folder, examples) in corpus::examples() {
        let find = |case: &str| examples.iter().find(|example| example.case == case);
        let Some(full) = find("full") else { continue };
        let minimal = encoded(&find("minimal").expect("it is derived").event());
        let full = places::without(&encoded(&full.event()), "/delivered");
        let derived = examples.iter().filter(|example| example.origin == ExampleOrigin::Derived);
        for example in derived.filter(|example| example.has_event_type_envelope()) {
            let expected = if example.case.ends_with("_minimal") { &minimal } else { &full };
            let expected = with_kept_payload(expected.clone(), example, set.model());
            assert_eq!(encoded(&example.event()), expected, "{folder}/{}", example.case);
            tried += 1;
        }
    }
    assert!(tried > 30, "only {tried} examples in the other envelope were found");
}

#[test]
fn a_derived_invalid_example_is_refused_for_its_fault() {
    let mut tried = 0;
    for example in corpus::invalid_examples() {
        let name = format!("{}/{}", example.folder, example.case);
        let Some(fault) = example.fault else { continue };
        let entries = Entries::parse(example.body.as_bytes()).expect("the body is one entry");
        let entry = entries.iter().next().expect("the body is one entry");
        let error = entry.decode().err().unwrap_or_else(|| panic!("{name} decodes"));
        assert_eq!(error.pointer(), example.pointer, "{name}");
        let is_it = match (fault, error.kind()) {
            (ExampleFault::Missing, EntryErrorKind::Missing) => true,
            (ExampleFault::WrongType { found }, EntryErrorKind::WrongType { found: kind, .. }) => {
                kind.as_str() == found
            }
            _ => false,
        };
        assert!(is_it, "{name}: {error}, for {fault:?}");
        tried += 1;
    }
    assert!(tried > 100, "only {tried} derived invalid examples were found");
}

/// Tests the derivation of examples, which should ensure this.
#[test]
fn each_optional_member_is_absent_in_one_example_and_null_in_another() {
    let set = corpus::schema_set();
    let examples = corpus::examples();
    for event in &set.model().events {
        let edited = |name: &str, value: &Option<Json>| {
            examples[&event.module].iter().any(|example| match &example.origin {
                ExampleOrigin::Edited { pointer, value: found } => {
                    pointer.rsplit('/').next() == Some(name) && found == value
                }
                _ => false,
            })
        };
        let types = set.model().types.values().filter(|def| def.file == event.file);
        let nested = types.flat_map(|def| match &def.kind {
            TypeKind::Object(members) => members.as_slice(),
            _ => &[],
        });
        let members = set.model().envelope.iter().chain(&event.members).chain(nested);
        for member in members.filter(|member| !member.required) {
            assert!(edited(&member.name, &None), "{}: {} absent", event.module, member.name);
            assert!(
                edited(&member.name, &Some(Json::Null)),
                "{}: {} null",
                event.module,
                member.name
            );
        }
    }
}

/// Every event has a folder, and every folder but two is named after an event.
#[test]
fn every_event_has_a_folder_of_examples() {
    let examples = corpus::examples();
    let set = corpus::schema_set();
    let mut folders: Vec<&str> =
        set.model().events.iter().map(|event| event.module.as_str()).collect();
    folders.extend(["batch", "unknown"]);
    folders.sort_unstable();
    assert_eq!(examples.keys().map(String::as_str).collect::<Vec<_>>(), folders);
}

/// Every example decodes at least as the event of its folder.
#[test]
fn every_example_decodes_as_the_event_of_its_folder() {
    let set = corpus::schema_set();
    for example in corpus::event_examples() {
        let Example { folder, case, .. } = &example;
        let expected = set.model().events.iter().find(|event| event.module == *folder);
        let expected = expected.unwrap_or_else(|| panic!("{folder} is no event"));
        let event_type = example.event().event_type();
        let info = event_type.info().unwrap_or_else(|| panic!("{folder}/{case} is unknown"));
        assert_eq!(info.name(), expected.name, "{folder}/{case}");
    }
}

fn encoded(event: &Event) -> serde_json::Value {
    serde_json::to_value(event).expect("an event serializes")
}
