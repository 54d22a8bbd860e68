//! Tests which event an entry decodes as, and which of its members are read.

use spektr_tests::bodies::{assert_fault, good, wrong_type};
use spektr_types::{Entries, Entry, EntryErrorKind, Event, EventType, JsonType, Timestamp};

#[test]
fn the_case_of_a_wire_type_does_not_matter() {
    for wire_type in ["ALERT_RESOLVED", "Alert_Resolved", "alert_resolveD", r"\u0041lert_resolved"]
    {
        for entry in [
            good("e").replace("alert_resolved", wire_type),
            good("e")
                .replace("alert_resolved", wire_type)
                .replace(r#""type""#, r#""eventType""#)
                .replace(r#""createdAt""#, r#""timestamp""#),
        ] {
            let event = Entry::from_json(&entry).expect("valid JSON").decode();
            assert_eq!(
                event.map(|event| event.event_type()),
                Ok(EventType::AlertResolved),
                "{entry}"
            );
        }
    }
    // Only ASCII letters are folded: a dotted capital I is another letter.
    let entry = good("e").replace("alert_resolved", "STEP_\u{130}N\u{130}T");
    let event = Entry::from_json(&entry).expect("valid JSON").decode().expect("an unknown event");
    assert_eq!(event.event_type().info().map(|info| info.name()), None);
}

#[test]
fn white_space_makes_another_wire_type() {
    let entry = good("e").replace("alert_resolved", "alert_resolved ");
    let event = Entry::from_json(&entry).expect("valid JSON").decode().expect("an unknown event");
    assert_eq!(event.event_type().as_str(), "alert_resolved ");
    assert!(matches!(event, Event::Unknown(_)));
}

#[test]
fn type_wins_over_event_type_in_any_order() {
    let before = good("e").replace(r#"{"id""#, r#"{"eventType":"step_init","id""#);
    let after = good("e").replace("}}", r#"},"eventType":"step_init"}"#);
    for entry in [before, after] {
        let entry = Entry::from_json(&entry).expect("valid JSON");
        assert_eq!(entry.wire_type().as_deref(), Some("alert_resolved"));
        assert_eq!(entry.decode().map(|event| event.event_type()), Ok(EventType::AlertResolved));
    }
}

#[test]
fn a_type_that_is_no_text_is_not_made_up_for_by_event_type() {
    let entry =
        good("e").replace(r#""type":"alert_resolved""#, r#""type":7,"eventType":"alert_resolved""#);
    assert_fault(&entry, "/type", wrong_type(JsonType::String, JsonType::Integer));
    let entry = r#"{"id":"e","eventType":[]}"#;
    assert_fault(entry, "/eventType", wrong_type(JsonType::String, JsonType::Array));
    assert_fault(r#"{"id":"e"}"#, "/type", EntryErrorKind::Missing);
}

#[test]
fn null_in_the_members_of_one_envelope_leaves_the_word_to_the_other() {
    let entry = |from: &str, to: &str| {
        assert!(good("e").contains(from), "{from}");
        good("e").replace(from, to)
    };
    let wire_type = r#""type":"alert_resolved""#;
    let time = r#""createdAt":1672531199000"#;
    for entry in [
        entry(wire_type, r#""type":null,"eventType":"alert_resolved""#),
        entry(wire_type, r#""eventType":"alert_resolved","type":null"#),
        entry(wire_type, r#""type":"alert_resolved","eventType":null"#),
        entry(time, r#""createdAt":null,"timestamp":1672531199"#),
        entry(time, r#""timestamp":1672531199,"createdAt":null"#),
        entry(time, r#""timestamp":null,"createdAt":1672531199000"#),
    ] {
        let event = Entry::from_json(&entry).expect("valid JSON").decode();
        let event = event.unwrap_or_else(|error| panic!("{error}: {entry}"));
        assert_eq!(event.event_type(), EventType::AlertResolved, "{entry}");
        assert_eq!(event.created_at().map(Timestamp::as_millis), Some(1_672_531_199_000));
    }
    let silent = entry(wire_type, r#""type":null,"eventType":null"#);
    assert_fault(&silent, "/type", EntryErrorKind::Missing);
    // If neither member has a value, the fault is in the envelope that the entry has.
    let other = r#"{"id":"e","spektrId":"s","eventType":"step_init","timestamp":null}"#;
    assert_fault(other, "/timestamp", EntryErrorKind::Missing);
}

#[test]
fn created_at_wins_over_timestamp_in_any_order() {
    let before = good("e").replace(r#"{"id""#, r#"{"timestamp":1,"id""#);
    let after = good("e").replace("}}", r#"},"timestamp":"not even a time"}"#);
    for entry in [before, after] {
        let entry = Entry::from_json(&entry).expect("valid JSON");
        let time = Timestamp::from_millis(1_672_531_199_000).expect("in range");
        assert_eq!(entry.created_at(), Some(time));
        assert_eq!(entry.decode().map(|event| event.created_at()), Ok(Some(time)));
    }
}

#[test]
fn a_timestamp_stands_in_for_created_at_beside_type() {
    let entry = good("e").replace(r#""createdAt":1672531199000"#, r#""timestamp":1672531199"#);
    let event = Entry::from_json(&entry).expect("valid JSON").decode().expect("it decodes");
    assert_eq!(event.created_at().map(Timestamp::as_millis), Some(1_672_531_199_000));
    let entry = good("e").replace(r#""createdAt":1672531199000"#, r#""timestamp":"x""#);
    assert_fault(&entry, "/timestamp", wrong_type(JsonType::Number, JsonType::String));
}

#[test]
fn a_member_that_stands_inside_data_and_beside_it_is_taken_from_inside() {
    let entry = r#"{"id":"e","spektrId":"s","eventType":"process_run_start","timestamp":1,"reference":"outside","data":{"reference":"inside","processType":"risk","processName":"n","processId":"p","contextId":"c"}}"#;
    let reference = |text: &str| match Entry::from_json(text).expect("valid JSON").decode() {
        Ok(Event::ProcessRunStart(event)) => event.reference,
        other => panic!("{other:?}"),
    };
    assert_eq!(reference(entry).as_deref(), Some("inside"));
    let outside_only = entry.replace(r#""reference":"inside","#, "");
    assert_eq!(reference(&outside_only).as_deref(), Some("outside"));
    // With `type`, the payload is read only at the place that the events page shows.
    let canonical = entry.replace("eventType", "type").replace("timestamp", "createdAt");
    assert_eq!(reference(&canonical).as_deref(), Some("outside"));
}

#[test]
fn faults_in_the_other_envelope_are_found_where_they_stand_in_it() {
    let run_end = |data: &str| {
        format!(
            r#"{{"id":"e","spektrId":"s","eventType":"process_run_end","timestamp":1,"data":{data}}}"#
        )
    };
    let missing = || EntryErrorKind::Missing;
    // The whole payload is inside `data`, so a missing member is missing there.
    let payload = r#"{"process_name":"n","process_output":"o","files":{"clientFiles":[]},"fields":[],"data":{}}"#;
    let without = |member: &str| {
        assert!(payload.contains(member), "{member} is not in {payload}");
        run_end(&payload.replace(member, ""))
    };
    assert_fault(&without(r#","data":{}"#), "/data/data", missing());
    assert_fault(&without(r#""fields":[],"#), "/data/fields", missing());
    assert_fault(&without(r#""clientFiles":[]"#), "/data/files/clientFiles", missing());
    let list = run_end(&payload.replace("[]}", "[1]}"));
    let no_text = wrong_type(JsonType::String, JsonType::Integer);
    assert_fault(&list, "/data/files/clientFiles/0", no_text.clone());
    let aliased = run_end(&payload.replace(r#""process_name":"n""#, r#""processName":1"#));
    assert_fault(&aliased, "/data/processName", no_text.clone());

    // No member of the payload is inside `data`, so `data` is the event's own member.
    assert_fault(&run_end(r#"{"free":"keys"}"#), "/process_name", missing());
    let entry = r#"{"id":"e","spektrId":"s","eventType":"alert_resolved","timestamp":1,"data":{"alertId":7}}"#;
    assert_fault(entry, "/data/alertId", no_text);
    let entry = r#"{"id":"e","spektrId":"s","eventType":"step_init"}"#;
    assert_fault(entry, "/timestamp", missing());
}

/// Returns entries of the wire type that two events share, with the given `data`.
fn tag_add(data: &str) -> [String; 2] {
    [
        format!(
            r#"{{"id":"e","spektrId":"s","type":"customer_tag_add","createdAt":1,"data":{data}}}"#
        ),
        format!(
            r#"{{"id":"e","spektrId":"s","eventType":"customer_tag_add","timestamp":1,"data":{data}}}"#
        ),
    ]
}

#[test]
fn rejects_an_entry_that_could_be_two_events() {
    let candidates = ["CUSTOMER_STATUS_CHANGED", "CUSTOMER_TAG_ADDED"];
    for data in [
        r#"{"tagId":"t","oldStatus":"o"}"#,
        r#"{"action":null,"newStatus":null}"#,
        r#"{"tagId":"t","action":"add","oldStatus":"o","newStatus":"n","customerName":"c"}"#,
    ] {
        for entry in tag_add(data) {
            assert_fault(&entry, "", EntryErrorKind::Ambiguous { candidates });
        }
    }
}

#[test]
fn an_entry_that_could_be_two_events_is_told_apart_by_one_member() {
    let status = r#"{"oldStatus":"o","newStatus":"n","customerName":"c"}"#;
    let tag = r#"{"tagId":"t","action":"add"}"#;
    for (data, expected) in
        [(status, EventType::CustomerStatusChanged), (tag, EventType::CustomerTagAdded)]
    {
        for entry in tag_add(data) {
            let event = Entry::from_json(&entry).expect("valid JSON").decode();
            assert_eq!(event.map(|event| event.event_type()), Ok(expected.clone()), "{entry}");
        }
    }
    // The presence of a discriminator decides, even if its value is wrong.
    for entry in tag_add(r#"{"oldStatus":null}"#) {
        assert_fault(&entry, "/data/oldStatus", wrong_type(JsonType::String, JsonType::Null));
    }
}

#[test]
fn an_entry_with_the_members_of_neither_event_is_the_one_whose_name_it_has() {
    for data in ["{}", r#"{"userId":"u"}"#] {
        for entry in tag_add(data) {
            assert_fault(&entry, "/data/tagId", EntryErrorKind::Missing);
        }
    }
    for entry in tag_add("[]") {
        assert_fault(&entry, "/data", wrong_type(JsonType::Object, JsonType::Array));
    }
}

#[test]
fn an_unknown_event_keeps_what_can_be_read_of_its_envelope() {
    let raw = r#"{"id":7,"spektrId":"s","workspaceId":"\ud800","type":"future","createdAt":"now"}"#;
    let event = Entry::from_json(raw).expect("valid JSON").decode().expect("an unknown event");
    let Event::Unknown(unknown) = &event else {
        panic!("{event:?} is known");
    };
    assert_eq!(unknown.id(), None);
    assert_eq!(unknown.spektr_id().map(|id| id.as_str()), Some("s"));
    assert_eq!(unknown.workspace_id(), None);
    assert_eq!(unknown.created_at(), None);
    assert_eq!(unknown.raw().as_str(), raw);
}

#[test]
fn an_entry_says_whose_it_is_before_it_is_decoded() {
    let whose = |json: &str| {
        let entry = Entry::from_json(json).expect("valid JSON");
        let [id, customer, workspace] = [entry.id(), entry.spektr_id(), entry.workspace_id()];
        [id, customer, workspace].map(|id| id.map(|id| id.into_owned()))
    };
    let some = |text: &str| Some(text.to_owned());
    let named = r#"{"workspaceId":"w","type":"x","id":"e","spektrId":"s\u0031"}"#;
    assert_eq!(whose(named), [some("e"), some("s1"), some("w")]);
    let empty = r#"{"workspaceId":"","type":"x","id":"","spektrId":""}"#;
    assert_eq!(whose(empty), [some(""), some(""), some("")]);
    let others = r#"{"workspaceId":1,"type":"x","id":null,"spektrId":["s"]}"#;
    assert_eq!(whose(others), [None, None, None]);
    assert_eq!(whose(r#"{"type":"x"}"#), [None, None, None]);
}

#[test]
fn a_body_without_entries_is_empty_and_one_with_entries_is_not() {
    for (body, count) in [
        (r#"{"results":[]}"#, 0),
        (r#"{"results":[7]}"#, 1),
        (r#"{"results":[{},{}]}"#, 2),
        (r#"{"type":"x"}"#, 1),
    ] {
        let entries = Entries::parse(body.as_bytes()).expect("a body");
        assert_eq!((entries.len(), entries.is_empty()), (count, count == 0), "{body}");
    }
}
