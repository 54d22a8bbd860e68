//! Entries that only an attacker or a defect sends: each is malformed by itself, at a stated place.

use spektr_tests::bodies::{assert_fault, batch, good, parse, wrong_type};
use spektr_types::{Entry, EntryErrorKind, Event, EventType, JsonType, MAX_DEPTH};

#[test]
fn elements_that_are_no_objects_are_malformed_each_on_its_own() {
    let (first, last) = (good("first"), good("last"));
    let body = batch(&[&first, "1", "null", "[]", r#""x""#, "{}", "-0.5", "false", &last]);
    let outcomes: Vec<_> = parse(&body)
        .iter()
        .map(|entry| entry.decode().map(|event| event.event_type()).map_err(|e| e.kind().clone()))
        .collect();
    let no_object = |found| Err(wrong_type(JsonType::Object, found));
    let expected = [
        Ok(EventType::AlertResolved),
        no_object(JsonType::Integer),
        no_object(JsonType::Null),
        no_object(JsonType::Array),
        no_object(JsonType::String),
        Err(EntryErrorKind::Missing),
        no_object(JsonType::Number),
        no_object(JsonType::Boolean),
        Ok(EventType::AlertResolved),
    ];
    assert_eq!(outcomes, expected);
}

/// Returns an entry that is nested to a given depth, in a member that no struct has, or in the free
/// object of `process_run_end`.
fn nested(levels: usize, member: &str) -> String {
    let inside = levels - 2;
    let deep = format!("{}{}", "[".repeat(inside), "]".repeat(inside));
    let data =
        |name: &str| if member == name { format!(r#"{{"deep":{deep}}}"#) } else { "{}".into() };
    format!(
        r#"{{"id":"e","spektrId":"s","type":"process_run_end","createdAt":1,"process_name":"n","process_output":"o","files":{{"clientFiles":[]}},"fields":[],"data":{},"future":{}}}"#,
        data("data"),
        data("future"),
    )
}

#[test]
fn decodes_an_entry_of_the_largest_depth_and_refuses_the_next() {
    for member in ["data", "future"] {
        let deepest = nested(MAX_DEPTH, member);
        let event = Entry::from_json(&deepest).expect("valid JSON").decode();
        let event = event.unwrap_or_else(|error| panic!("{member}: {error}"));
        assert_eq!(event.event_type(), EventType::ProcessRunEnd);
        assert_fault(&nested(MAX_DEPTH + 1, member), "", EntryErrorKind::TooDeep);
    }
}

#[test]
fn the_depth_of_an_entry_does_not_count_what_is_around_it() {
    let deepest = nested(MAX_DEPTH, "data");
    let body = batch(&[&deepest]);
    let entries = parse(&body);
    let event = entries.iter().next().expect("one entry").decode();
    assert_eq!(event.map(|event| event.event_type()), Ok(EventType::ProcessRunEnd));
}

#[test]
fn the_depth_is_bounded_in_the_other_envelope_too() {
    for (levels, expected) in [
        (MAX_DEPTH, Ok(EventType::StepInit)),
        (MAX_DEPTH + 1, Err((String::new(), EntryErrorKind::TooDeep))),
    ] {
        let deep = format!("{}{}", "[".repeat(levels - 1), "]".repeat(levels - 1));
        let entry = format!(
            r#"{{"id":"e","spektrId":"s","eventType":"step_init","timestamp":1,"data":{deep}}}"#
        );
        let found = Entry::from_json(&entry)
            .expect("valid JSON")
            .decode()
            .map(|event| event.event_type())
            .map_err(|error| (error.pointer().to_owned(), error.kind().clone()));
        assert_eq!(found, expected, "{levels} levels");
    }
}

#[test]
fn what_no_value_can_hold_spoils_its_own_entry_only() {
    let (first, last) = (good("first"), good("last"));
    let spoilt = |from: &str, to: &str| {
        let entry = good("spoilt");
        assert!(entry.contains(from), "{from} is not in {entry}");
        entry.replace(from, to)
    };
    for (entry, pointer) in [
        (spoilt(r#""n""#, r#""\ud800""#), "/data/alertName"),
        (spoilt(r#""n""#, r#""\udc00\ud800""#), "/data/alertName"),
        (spoilt(r#""s""#, r#""\ud800x""#), "/spektrId"),
        (spoilt("1672531199000", "1e999"), "/createdAt"),
        (spoilt("1672531199000", "-1e999"), "/createdAt"),
        (spoilt(r#""alert_resolved""#, r#""\udfff""#), "/type"),
    ] {
        let body = batch(&[&first, &entry, &last]);
        let entries = parse(&body);
        let decoded: Vec<_> = entries.iter().map(Entry::decode).collect();
        let Err(error) = &decoded[1] else {
            panic!("{entry} decodes");
        };
        assert_eq!((error.pointer(), error.kind()), (pointer, &EntryErrorKind::Unrepresentable));
        for (index, id) in [(0, "first"), (2, "last")] {
            let event = decoded[index].as_ref().expect("the neighbour decodes");
            assert_eq!(event.id().map(|id| id.as_str()), Some(id));
        }
    }
}

#[test]
fn values_that_nothing_reads_may_be_unrepresentable() {
    let entry = good("e").replace(r#"{"id""#, r#"{"future":["\udc00",1e999,-1e-999],"id""#);
    let body = batch(&[&entry]);
    let entries = parse(&body);
    let entry = entries.iter().next().expect("one entry");
    assert_eq!(entry.id().as_deref(), Some("e"));
    assert_eq!(entry.decode().map(|event| event.event_type()), Ok(EventType::AlertResolved));
}

/// An escaped lone surrogate is valid JSON, but no Rust string can hold it.
#[test]
fn a_name_that_no_text_can_hold_costs_the_event_nothing() {
    let (first, last) = (good("first"), good("last"));
    let other = r#"{"id":"e","spektrId":"s","eventType":"alert_resolved","timestamp":1672531199,"data":{"contextId":"c","processId":"p","userId":"u","alertId":"a","alertName":"n"}}"#;
    let both = r#"{"id":"e","spektrId":"s","type":"alert_resolved","timestamp":1672531199,"data":{"contextId":"c","processId":"p","userId":"u","alertId":"a","alertName":"n"}}"#;
    for entry in [good("e"), other.to_owned(), both.to_owned()] {
        let expected = Entry::from_json(&entry).expect("valid JSON").decode().expect("it decodes");
        for name in [r"\ud800", r"\udfff", r"x\udc00y", r"\udc00\ud800"] {
            for (from, to) in [
                (r#"{"id""#, format!(r#"{{"{name}":1,"id""#)),
                (r#""id":"e""#, format!(r#""id":"e","{name}":{{"{name}":["\ud800"]}}"#)),
                (r#"{"contextId""#, format!(r#"{{"{name}":1,"{name}":"\ud800","contextId""#)),
                (r#""alertName":"n""#, format!(r#""alertName":"n","{name}":null"#)),
            ] {
                assert!(entry.contains(from), "{from} is not in {entry}");
                let entry = entry.replace(from, &to);
                let body = batch(&[&first, &entry, &last]);
                let entries = parse(&body);
                let ids: Vec<_> = entries.iter().filter_map(Entry::id).collect();
                assert_eq!(ids, ["first", "e", "last"]);
                let found: Vec<_> = entries.iter().map(Entry::decode).collect();
                assert_eq!(found[1].as_ref(), Ok(&expected), "{entry}");
                assert!(matches!(found[..], [Ok(_), Ok(_), Ok(Event::AlertResolved(_))]));
            }
        }
    }
}

#[test]
fn a_name_that_no_text_can_hold_does_not_hide_what_is_wrong_beside_it() {
    let entry = good("e").replace(r#""alertId":"a""#, r#""\ud800":1,"alertId":7"#);
    let no_text = wrong_type(JsonType::String, JsonType::Integer);
    assert_fault(&entry, "/data/alertId", no_text);
    let entry = good("e").replace(r#","alertName":"n""#, r#","\udfff":1"#);
    assert_fault(&entry, "/data/alertName", EntryErrorKind::Missing);
    let entry = good("e").replace(r#"{"id""#, r#"{"\ud800":1,"id":"f","id""#);
    assert_fault(&entry, "/id", EntryErrorKind::Duplicate);
}

#[test]
fn a_free_key_that_no_text_can_hold_is_said_of_the_object_that_has_it() {
    let entry = nested(2, "none").replace(r#""data":{}"#, r#""data":{"\ud800":1}"#);
    assert_fault(&entry, "/data", EntryErrorKind::Unrepresentable);
}

#[test]
fn free_values_that_nothing_can_hold_are_said_of_the_object_that_holds_them() {
    let entry =
        |data: &str| nested(2, "none").replace(r#""data":{}"#, &format!(r#""data":{data}"#));
    let unrepresentable = EntryErrorKind::Unrepresentable;
    assert_fault(&entry(r#"{"a":[1,{"b/c":1e999}]}"#), "/data", unrepresentable.clone());
    assert_fault(&entry(r#"{"a":"\ud800"}"#), "/data", unrepresentable);
}

#[test]
fn rejects_times_that_are_none() {
    let entry = |time: &str| good("e").replace("1672531199000", time);
    for time in ["-1", "253402207200001", "9223372036854775808", "1e300", "-0.5"] {
        assert_fault(&entry(time), "/createdAt", EntryErrorKind::TimestampOutOfRange);
    }
    for (time, found) in [
        (r#""1672531199000""#, JsonType::String),
        (r#""2022-12-31T23:59:59Z""#, JsonType::String),
        ("null", JsonType::Null),
        ("[1672531199000]", JsonType::Array),
        (r#"{"$date":1672531199000}"#, JsonType::Object),
        ("true", JsonType::Boolean),
    ] {
        assert_fault(&entry(time), "/createdAt", wrong_type(JsonType::Number, found));
    }
}

#[test]
fn rejects_members_that_stand_there_twice() {
    let doubled = |from: &str, twice: &str| {
        let entry = good("e");
        assert!(entry.contains(from), "{from} is not in {entry}");
        entry.replace(from, &format!("{twice},{from}"))
    };
    for (entry, pointer) in [
        (doubled(r#""type":"#, r#""type":"alert_resolved""#), "/type"),
        (doubled(r#""id":"#, r#""id":"f""#), "/id"),
        (doubled(r#""id":"#, r#""\u0069d":"f""#), "/id"),
        (doubled(r#""createdAt":"#, r#""createdAt":1"#), "/createdAt"),
        (doubled(r#""data":"#, r#""data":{}"#), "/data"),
        (doubled(r#""alertId":"#, r#""alertId":"b""#), "/data/alertId"),
        (doubled(r#""id":"#, r#""delivered":true,"delivered":true"#), "/delivered"),
        (doubled(r#""id":"#, r#""eventType":"a","eventType":"a""#), "/eventType"),
    ] {
        assert_fault(&entry, pointer, EntryErrorKind::Duplicate);
    }
    let unread = doubled(r#""id":"#, r#""future":1,"future":2"#);
    let event = Entry::from_json(&unread).expect("valid JSON").decode();
    assert_eq!(event.map(|event| event.event_type()), Ok(EventType::AlertResolved));
}

/// A null member counts as absent if the other envelope's member is present, but it still may not
/// be repeated.
#[test]
fn rejects_members_of_which_one_is_null_and_that_come_twice() {
    let events = [good("e"), nested(2, "none"), good("e").replace("alert_resolved", "future")];
    for event in &events {
        for name in ["type", "createdAt", "eventType", "timestamp"] {
            let once = format!(r#""{name}":"#);
            let doubled = if event.contains(&once) {
                event.replacen(&once, &format!("{once}null,{once}"), 1)
            } else {
                event.replacen('{', &format!("{{{once}null,{once}null,"), 1)
            };
            assert_fault(&doubled, &format!("/{name}"), EntryErrorKind::Duplicate);
        }
    }
}

#[test]
fn rejects_a_member_and_its_alias_together() {
    // The error lists the names in the order of the entry, and its pointer leads to the second one.
    let with = |names: &str| nested(2, "none").replace(r#""process_name""#, names);
    let entry = with(r#""processName":"m","process_name""#);
    let names = ["processName", "process_name"];
    assert_fault(&entry, "/process_name", EntryErrorKind::DuplicateAlias { names });
    let entry = with(r#""process_name":"m","processName""#);
    let names = ["process_name", "processName"];
    assert_fault(&entry, "/processName", EntryErrorKind::DuplicateAlias { names });
    let entry = with(r#""processName":"m","processName""#);
    assert_fault(&entry, "/processName", EntryErrorKind::Duplicate);
}

/// With a search among all members for each member, this would take minutes.
#[test]
fn members_beside_and_inside_data_cost_no_more_than_their_number() {
    let beside = r#""fields":0,"#.repeat(100_000);
    let inside = r#","other":0"#.repeat(100_000);
    let entry = format!(
        r#"{{{beside}"id":"e","spektrId":"s","eventType":"process_run_end","timestamp":1,"data":{{"process_name":0{inside}}}}}"#
    );
    assert_fault(&entry, "/fields", wrong_type(JsonType::Array, JsonType::Integer));
}

#[test]
fn rejects_an_array_in_the_place_of_an_object() {
    // The array has as many values as the struct has members, so serde's derived code alone would
    // accept it.
    let with = |text: &str| {
        let (before, _) = text.split_at(text.find(r#","data""#).expect("it has data"));
        format!(r#"{before},"data":["c","p","u","a","n"]}}"#)
    };
    let no_object = || wrong_type(JsonType::Object, JsonType::Array);
    assert_fault(&with(&good("e")), "/data", no_object());

    let run = nested(2, "none");
    let files = run.replace(r#"{"clientFiles":[]}"#, "[[]]");
    assert_fault(&files, "/files", no_object());
    let field = run.replace(r#""fields":[]"#, r#""fields":[["k","l","h","p","i",[]]]"#);
    assert_fault(&field, "/fields/0", no_object());
    let child = run.replace(r#""fields":[]"#, r#""fields":[{"children":[["k","l","h","p","i"]]}]"#);
    assert_fault(&child, "/fields/0/children/0", no_object());
    let other_envelope = r#"{"id":"e","spektrId":"s","eventType":"alert_resolved","timestamp":1,"data":["c","p","u","a","n"]}"#;
    assert_fault(other_envelope, "/data", no_object());
}
