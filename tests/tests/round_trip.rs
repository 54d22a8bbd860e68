//! Decoding, encoding and decoding again gives the same event.

use spektr_tests::corpus;
use spektr_types::{self as types, CustomerTagAdded, Entry, Event};

include!(concat!(env!("OUT_DIR"), "/event_types.rs"));

#[test]
fn an_encoded_event_decodes_to_an_equal_one() {
    for example in corpus::event_examples() {
        let name = format!("{}/{}", example.folder, example.case);
        let event = example.event();
        let text = serde_json::to_string(&event).expect("an event serializes");
        let entry = Entry::from_json(&text).expect("an encoded event is JSON");
        assert_eq!(corpus::decode(&entry, &name), event, "{name}");
    }
}

/// The encoded form is a fixed point: encoding a decoded event gives the same text again.
#[test]
fn encoding_twice_gives_the_same_text() {
    for example in corpus::event_examples() {
        let once = serde_json::to_string(&example.event()).expect("an event serializes");
        let entry = Entry::from_json(&once).expect("an encoded event is JSON");
        let twice = serde_json::to_string(&corpus::decode(&entry, &example.case));
        assert_eq!(
            twice.expect("an event serializes"),
            once,
            "{}/{}",
            example.folder,
            example.case
        );
    }
}

#[test]
fn an_encoded_event_has_the_canonical_envelope_only() {
    for example in corpus::event_examples() {
        let event = example.event();
        let json = serde_json::to_value(&event).expect("an event serializes");
        let info = event.event_type().info().expect("the event is known");
        assert_eq!(
            json["type"],
            info.wire_types().canonical,
            "{}/{}",
            example.folder,
            example.case
        );
        let time = event.created_at().expect("a known event has a time");
        assert_eq!(json["createdAt"], time.as_millis(), "{}/{}", example.folder, example.case);
        for name in ["eventType", "timestamp"] {
            assert_eq!(json.get(name), None, "{}/{}", example.folder, example.case);
        }
    }
}

#[test]
fn an_unknown_event_is_encoded_as_it_arrived() {
    for example in &corpus::examples()["unknown"] {
        let text = serde_json::to_string(&example.event()).expect("an event serializes");
        assert_eq!(text, example.body.trim(), "{}", example.case);
    }
}

/// An entry split from a body, and an entry read from its stored text, decode to the same event.
#[test]
fn an_entry_read_from_its_text_decodes_to_the_same_event() {
    for example in corpus::examples().values().flatten() {
        for split in &example.entries() {
            let name = format!("{}/{}", example.folder, example.case);
            let read = Entry::from_json(split.raw()).expect("an entry's text is JSON");
            assert_eq!(read.raw(), split.raw(), "{name}");
            assert_eq!(read.decode(), split.decode(), "{name}");
        }
    }
}

/// Users make events for their own tests in this way.
#[test]
#[allow(deprecated, reason = "every event is matched, those that will end too")]
fn an_event_s_struct_reads_its_own_encoding_from_a_value() {
    let mut tried = 0;
    for example in corpus::event_examples() {
        let event = example.event();
        let json = serde_json::to_value(&event).expect("an event serializes");
        macro_rules! read_as_its_struct {
            ($($event:ident),+) => {
                match &event {
                    $(Event::$event(_) => {
                        serde_json::from_value::<types::$event>(json).map(Event::from)
                    })+
                    other => panic!("{:?} has no schema", other.event_type()),
                }
            };
        }
        let read = with_event_types!(read_as_its_struct);
        let read =
            read.unwrap_or_else(|error| panic!("{}/{}: {error}", example.folder, example.case));
        // Raw JSON is compared as text, and the order of members is lost in a value.
        assert_eq!(
            serde_json::to_value(&read).expect("an event serializes"),
            serde_json::to_value(&event).expect("an event serializes"),
            "{}/{}",
            example.folder,
            example.case
        );
        tried += 1;
    }
    assert!(tried > 40, "only {tried} examples were read");
}

/// A struct reads only its own wire types; otherwise one event could be taken for another.
#[test]
fn an_event_s_struct_refuses_the_wire_type_of_another() {
    let examples = corpus::examples();
    let full = |folder: &str| {
        let found = examples[folder].iter().find(|example| example.case == "full");
        found.expect("each event has a full example").body.clone()
    };
    let error = serde_json::from_str::<CustomerTagAdded>(&full("customer_tag_removed"))
        .expect_err("the wire type is another event's");
    assert!(
        error.to_string().starts_with("invalid value: another wire type, expected string with"),
        "{error}"
    );
}
