//! Tests the feature `fixtures`, which provides bodies for users' tests.

use std::collections::BTreeSet;

use spektr_tests::corpus;
use spektr_types::fixtures::{FULL, Fixture, FixtureError, NoPlace, UNKNOWN, batch};
use spektr_types::{
    AlertResolved, CustomerTagAdded, Entries, EntryErrorKind, Event, EventType, ProcessRunEnd,
    catalogue,
};

#[test]
fn every_example_is_there_and_is_the_event_whose_name_it_has() {
    let mut full = BTreeSet::new();
    let mut cases = BTreeSet::new();
    for fixture in Fixture::all() {
        let event: Event = fixture.event().unwrap_or_else(|error| panic!("{fixture:?}: {error}"));
        let name = event.event_type().info().map_or(UNKNOWN, |info| info.name());
        assert_eq!(name, fixture.name(), "{fixture:?}");
        let found = Fixture::case(fixture.name(), fixture.case_name());
        assert_eq!(found.json(), fixture.json());
        full.extend((fixture.case_name() == FULL).then_some(name));
        cases.insert((name.to_lowercase(), fixture.case_name().to_owned()));
    }
    assert_eq!(full, catalogue().map(|info| info.name()).collect());
    // The fixtures include every file of the schema folder, and the other envelope of each.
    let texts = corpus::example_texts();
    let files: Vec<_> = texts
        .iter()
        .filter_map(|(path, _)| {
            let (folder, case) =
                path.strip_prefix("examples/")?.strip_suffix(".json")?.split_once('/')?;
            let is_event = folder != "batch" && !case.contains('/');
            is_event.then(|| (folder.to_owned(), case.to_owned()))
        })
        .collect();
    assert!(files.len() > 10, "{files:?}");
    for file in files {
        assert!(cases.contains(&file), "{file:?}");
    }
}

#[test]
fn a_fixture_that_is_not_changed_is_the_text_of_its_example() {
    for example in corpus::event_examples().filter(|example| example.case == FULL) {
        let name = example.folder.to_uppercase();
        let fixture = Fixture::case(&name, FULL);
        let json: serde_json::Value =
            serde_json::from_str(&fixture.json().expect("there is one")).expect("it is JSON");
        assert_eq!(json, example.json());
        assert!(fixture.json().expect("there is one").starts_with(r#"{"id":"#), "{name}");
    }
}

#[test]
fn a_member_is_set_replaced_and_removed_by_its_pointer() {
    let alert: AlertResolved = Fixture::of::<AlertResolved>()
        .set("/data/alertId", "a9")
        .set("/future", 1)
        .set("/a~1b~0c", true)
        .event()
        .expect("it decodes");
    assert_eq!(alert.data.alert_id, "a9");
    let json = Fixture::of::<AlertResolved>().set("/a~1b~0c", true).json().expect("it is there");
    assert!(json.contains(r#""a/b~c":true"#), "{json}");

    let tag: CustomerTagAdded = Fixture::of::<CustomerTagAdded>()
        .set("/data/userId", "u9")
        .remove("/data/processId")
        .event()
        .expect("it decodes");
    assert_eq!(tag.data.user_id.map(String::from).as_deref(), Some("u9"));
    assert_eq!(tag.data.process_id, None);

    let run = Fixture::of::<ProcessRunEnd>();
    let urls = |fixture: &Fixture| {
        let run: ProcessRunEnd = fixture.event().expect("it decodes");
        run.files.client_files.into_iter().map(String::from).collect::<Vec<_>>()
    };
    let before = urls(&run);
    let run = run.set("/files/clientFiles/-", "https://new.example/");
    assert_eq!(urls(&run)[before.len()], "https://new.example/");
    let run = run.set("/files/clientFiles/0", "https://first.example/");
    assert_eq!(urls(&run)[0], "https://first.example/");
    assert_eq!(urls(&run.remove("/files/clientFiles/0")).len(), before.len());
}

#[test]
fn a_slip_in_a_pointer_or_name_is_an_error_that_says_which() {
    let none = |pointer: &str, why| FixtureError::NoSuchPlace { pointer: pointer.to_owned(), why };
    let run = Fixture::of::<ProcessRunEnd>;
    for (pointer, why) in [
        ("", NoPlace::NoPointer),
        ("id", NoPlace::NoPointer),
        ("data/x", NoPlace::NoPointer),
        ("/data2/alertId", NoPlace::NoParent),
        ("/id/x", NoPlace::InNothing),
        ("/files/clientFiles/9", NoPlace::NoElement),
        ("/files/clientFiles/00", NoPlace::NoElement),
    ] {
        let fixture = run().set(pointer, 1).set("/id", "e9");
        assert_eq!(fixture.json(), Err(none(pointer, why)), "{pointer}");
        assert_eq!(fixture.event::<Event>(), Err(none(pointer, why)));
        assert_eq!(run().remove(pointer).json(), Err(none(pointer, why)), "{pointer}");
    }
    let error = none("/future", NoPlace::NoMember);
    assert_eq!(run().remove("/future").json(), Err(error.clone()));
    let said = r#"the example has no place "/future": the object has no such member"#;
    assert_eq!(error.to_string(), said);
    assert_eq!(Fixture::case("ALERT_RESOLVED", "fulll").json(), Err(FixtureError::NoExample));
    assert_eq!(Fixture::case("alert_resolved", FULL).json(), Err(FixtureError::NoExample));
    let other = Fixture::of::<AlertResolved>().event::<ProcessRunEnd>();
    assert_eq!(other, Err(FixtureError::OtherEvent { found: EventType::AlertResolved }));
}

#[test]
fn a_fixture_can_be_made_malformed() {
    let result = Fixture::of::<AlertResolved>().remove("/data/alertId").event::<AlertResolved>();
    let Err(FixtureError::Malformed(error)) = result else { panic!("{result:?}") };
    assert_eq!((error.pointer(), error.kind()), ("/data/alertId", &EntryErrorKind::Missing));
}

#[test]
fn fixtures_make_the_body_of_a_delivery() {
    let first = Fixture::of::<AlertResolved>();
    let second = Fixture::of::<CustomerTagAdded>().set("/id", "e2");
    let body = batch([first.clone(), second.clone()]).expect("both are there");
    let entries = Entries::parse(body.as_bytes()).expect("it is a batch");
    assert!(entries.is_batch());
    let raws: Vec<_> = entries.iter().map(|entry| entry.raw().to_owned()).collect();
    assert_eq!(Ok(raws), [first, second].iter().map(Fixture::json).collect());
    assert_eq!(batch([]).as_deref(), Ok(r#"{"results":[]}"#));
    let none = batch([Fixture::case("no such event", FULL)]);
    assert_eq!(none, Err(FixtureError::NoExample));
}
