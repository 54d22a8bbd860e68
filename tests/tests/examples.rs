//! What the examples decode to, and how the invalid ones are refused: the view
//! of a schema change that its users have.

use spektr_tests::corpus::{self, Example};
use spektr_tests::places;
use spektr_types::{Entries, Event};

/// Shows the full example whole, and every other one by what sets it apart from
/// the full one in the canonical envelope.
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
        for example in examples.iter().filter(|example| example.case != "full") {
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
    for example in corpus::invalid_examples() {
        let entries = Entries::parse(example.body.as_bytes()).expect("the body is one entry");
        let entry = entries.iter().next().expect("the body is one entry");
        let name = format!("{}/{}", example.folder, example.case);
        let error = entry.decode().err().unwrap_or_else(|| panic!("{name} decodes"));
        let id = error.id().map_or("none", |id| id.as_str());
        text.push_str(&format!("{name}\n  {error}\n  {:?}, id {id}\n", error.kind()));
    }
    insta::assert_snapshot!("invalid", text);
}

/// Every folder but two is named after an event, and every event has a folder
/// with the cases that `schema/README.md` asks for.
#[test]
fn every_event_has_the_examples_that_the_readme_asks_for() {
    let examples = corpus::examples();
    let set = corpus::schema_set();
    let mut folders: Vec<&str> =
        set.model().events.iter().map(|event| event.module.as_str()).collect();
    folders.extend(["batch", "unknown"]);
    folders.sort_unstable();
    assert_eq!(examples.keys().map(String::as_str).collect::<Vec<_>>(), folders);
    for event in &set.model().events {
        let has = |case: &str| examples[&event.module].iter().any(|found| found.case == case);
        for case in ["minimal", "full", "unknown_member", "event_type_envelope"] {
            assert!(has(case), "{} has no example `{case}`", event.module);
        }
    }
}

/// An example is there to show something: that its folder's event is what it
/// decodes to is the least.
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
