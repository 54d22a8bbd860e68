//! Bodies that nobody sends in good faith, and what exactly becomes of them.

use spektr_types::{
    BodyError, Entries, Entry, EntryErrorKind, Event, EventType, JsonType, MAX_DEPTH, MAX_ENTRIES,
    Timestamp,
};

const MIB: usize = 1 << 20;

/// A good entry in the envelope of the events page, with an id.
fn good(id: &str) -> String {
    format!(
        r#"{{"id":"{id}","spektrId":"s","type":"alert_resolved","createdAt":1672531199000,"data":{{"contextId":"c","processId":"p","userId":"u","alertId":"a","alertName":"n"}}}}"#
    )
}

fn batch(entries: &[&str]) -> String {
    format!(r#"{{"results":[{}]}}"#, entries.join(","))
}

fn parse(body: &str) -> Entries<'_> {
    Entries::parse(body.as_bytes()).unwrap_or_else(|error| panic!("{error}"))
}

#[track_caller]
fn assert_body_error(body: impl AsRef<[u8]>, expected: BodyError) {
    assert_eq!(Entries::parse(body.as_ref()).err(), Some(expected));
}

/// Reads the only entry of a body, and says where and why it is malformed.
fn fault(entry: &str) -> (String, EntryErrorKind) {
    let error = Entry::from_json(entry)
        .unwrap_or_else(|error| panic!("{error}: {entry}"))
        .decode()
        .expect_err("the entry is malformed");
    (error.pointer().to_owned(), error.kind().clone())
}

#[track_caller]
fn assert_fault(entry: &str, pointer: &str, kind: EntryErrorKind) {
    assert_eq!(fault(entry), (pointer.to_owned(), kind), "{entry}");
}

fn wrong_type(expected: JsonType, found: JsonType) -> EntryErrorKind {
    EntryErrorKind::WrongType { expected, found }
}

// Bodies.

#[test]
fn rejects_a_mebibyte_of_openers_at_its_end() {
    let brackets = "[".repeat(MIB);
    assert_body_error(brackets, BodyError::NotJson { line: 1, column: MIB });
    let braces = r#"{"a":"#.repeat(MIB / 5);
    let column = braces.len();
    assert_body_error(braces, BodyError::NotJson { line: 1, column });
    let in_results = format!(r#"{{"results":[{}"#, "[".repeat(MIB));
    let column = in_results.len();
    assert_body_error(in_results, BodyError::NotJson { line: 1, column });
}

#[test]
fn reads_a_closed_mebibyte_of_nesting_as_one_malformed_entry() {
    let deep = format!("{}{}", "[".repeat(MIB), "]".repeat(MIB));
    assert_body_error(&deep, BodyError::NotAnObject { found: JsonType::Array });
    let entry = format!(r#"{{"type":"step_init","data":{deep}}}"#);
    assert_fault(&entry, "", EntryErrorKind::TooDeep);
    let (first, last) = (good("first"), good("last"));
    let body = batch(&[&first, &deep, &entry, &last]);
    let outcomes: Vec<_> = parse(&body)
        .iter()
        .map(|entry| entry.decode().map(|event| event.event_type()).map_err(|e| e.kind().clone()))
        .collect();
    let expected = [
        Ok(EventType::AlertResolved),
        Err(wrong_type(JsonType::Object, JsonType::Array)),
        Err(EntryErrorKind::TooDeep),
        Ok(EventType::AlertResolved),
    ];
    assert_eq!(outcomes, expected);
}

#[test]
fn rejects_what_is_json_but_no_delivery() {
    for (body, found) in [
        ("[]", JsonType::Array),
        (r#"[{"type":"step_init"}]"#, JsonType::Array),
        ("1", JsonType::Integer),
        ("-1.5e3", JsonType::Number),
        ("null", JsonType::Null),
        ("true", JsonType::Boolean),
        (r#""{}""#, JsonType::String),
    ] {
        assert_body_error(body, BodyError::NotAnObject { found });
    }
}

#[test]
fn rejects_what_is_not_json_where_it_stops_being_so() {
    for (body, line, column) in [
        ("", 1, 0),
        (" \n ", 2, 1),
        ("\u{feff}{}", 1, 1),
        ("{} x", 1, 4),
        ("{}{}", 1, 3),
        (r#"{"results":[]} ]"#, 1, 16),
        (r#"{"results":[{}],}"#, 1, 17),
        ("{\"results\":[\n{\"id\":}\n]}", 2, 7),
        (r#"{"a":01}"#, 1, 7),
        ("{'a':1}", 1, 2),
        ("{\"a\":\"\n\"}", 1, 6),
        ("NaN", 1, 1),
    ] {
        assert_eq!(
            Entries::parse(body.as_bytes()).err(),
            Some(BodyError::NotJson { line, column }),
            "{body:?}"
        );
    }
}

#[test]
fn rejects_a_body_that_is_not_utf_8_at_its_first_wrong_byte() {
    assert_body_error(b"{\"a\":\"\xff\"}", BodyError::NotJson { line: 0, column: 6 });
    assert_body_error(b"\xff\xfe{\0}\0", BodyError::NotJson { line: 0, column: 0 });
    // An encoded surrogate and an overlong slash are no UTF-8 either.
    assert_body_error(b"{\"\xed\xa0\x80\":1}", BodyError::NotJson { line: 0, column: 2 });
    assert_body_error(b"{\"\xc0\xaf\":1}", BodyError::NotJson { line: 0, column: 2 });
}

#[test]
fn rejects_results_that_stand_there_twice() {
    for body in [
        r#"{"results":[],"results":[]}"#,
        r#"{"results":[{"id":"e"}],"other":1,"results":null}"#,
        r#"{"results":1,"results":[]}"#,
        // The same name, written with an escape.
        r#"{"results":[],"\u0072esults":[]}"#,
    ] {
        assert_body_error(body, BodyError::DuplicateResults);
    }
}

#[test]
fn rejects_results_that_are_no_list_unless_the_body_is_an_event() {
    for (results, found) in [
        ("{}", JsonType::Object),
        ("null", JsonType::Null),
        (r#""[]""#, JsonType::String),
        ("0", JsonType::Integer),
    ] {
        let body = format!(r#"{{"results":{results}}}"#);
        assert_body_error(&body, BodyError::ResultsNotAnArray { found });
        let body = format!(r#"{{"type":"future","results":{results}}}"#);
        let entries = parse(&body);
        assert!(!entries.is_batch(), "{body}");
        let event = entries.iter().next().expect("one entry").decode().expect("an unknown event");
        assert_eq!(event.event_type().as_str(), "future");
    }
}

#[test]
fn reads_a_list_of_results_as_a_batch_whatever_stands_beside_it() {
    let (first, last) = (good("first"), good("last"));
    for body in [
        format!(r#"{{"type":"alert_resolved","results":[{first},{last}],"next":null}}"#),
        format!(r#"{{"\u0072esults":[{first},{last}]}}"#),
        format!("\t{{ \"cursor\": [{{}}],\r\n \"results\" : [ {first} , {last} ] }}\n "),
    ] {
        let entries = parse(&body);
        assert!(entries.is_batch(), "{body}");
        let raw: Vec<&str> = entries.iter().map(Entry::raw).collect();
        assert_eq!(raw, [first.as_str(), last.as_str()]);
    }
}

#[test]
fn splits_a_batch_up_to_its_largest_number_of_entries() {
    for element in ["{}", r#"{"id":"e"}"#] {
        let largest = batch(&vec![element; MAX_ENTRIES]);
        assert_eq!(parse(&largest).len(), MAX_ENTRIES);
        let larger = batch(&vec![element; MAX_ENTRIES + 1]);
        assert_body_error(larger, BodyError::TooManyEntries);
    }
}

#[test]
fn an_empty_batch_has_no_entries() {
    let entries = parse(r#"{"results":[]}"#);
    assert!(entries.is_batch());
    assert!(entries.is_empty());
}

// Entries.

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

/// Nests an entry so that it is as deep as asked for, in a member that no struct
/// has or in the free object of `process_run_end`.
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

#[test]
fn rejects_a_key_that_no_text_can_hold_and_reads_the_head_around_it() {
    let (first, last) = (good("first"), good("last"));
    let spoilt = good("e").replace(r#"{"id""#, r#"{"\ud800":1,"id""#);
    let body = batch(&[&first, &spoilt, &last]);
    let entries = parse(&body);
    let ids: Vec<_> = entries.iter().filter_map(Entry::id).collect();
    assert_eq!(ids, ["first", "e", "last"]);
    let outcomes: Vec<_> =
        entries.iter().map(|entry| entry.decode().map_err(|error| error.kind().clone())).collect();
    assert!(matches!(
        outcomes[..],
        [
            Ok(Event::AlertResolved(_)),
            Err(EntryErrorKind::Unrepresentable),
            Ok(Event::AlertResolved(_))
        ]
    ));
}

#[test]
fn free_values_that_nothing_can_hold_are_found_where_they_stand() {
    let entry =
        |data: &str| nested(2, "none").replace(r#""data":{}"#, &format!(r#""data":{data}"#));
    let unrepresentable = EntryErrorKind::Unrepresentable;
    assert_fault(&entry(r#"{"a":[1,{"b/c":1e999}]}"#), "/data/a/1/b~1c", unrepresentable.clone());
    assert_fault(&entry(r#"{"a":"\ud800"}"#), "/data/a", unrepresentable);
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

#[test]
fn rejects_a_member_and_its_alias_together() {
    let entry =
        nested(2, "none").replace(r#""process_name""#, r#""processName":"m","process_name""#);
    assert_fault(&entry, "/process_name", EntryErrorKind::Duplicate);
}

#[test]
fn rejects_an_array_in_the_place_of_an_object() {
    // As many values as members: serde's derived code would take them.
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

// Which event it is.

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
    // Beyond ASCII a case is not folded: a dotless i is another letter.
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
    for (value, found) in [("null", JsonType::Null), ("7", JsonType::Integer)] {
        let entry = good("e").replace(
            r#""type":"alert_resolved""#,
            &format!(r#""type":{value},"eventType":"alert_resolved""#),
        );
        assert_fault(&entry, "/type", wrong_type(JsonType::String, found));
    }
    let entry = r#"{"id":"e","eventType":[]}"#;
    assert_fault(entry, "/eventType", wrong_type(JsonType::String, JsonType::Array));
    assert_fault(r#"{"id":"e"}"#, "/type", EntryErrorKind::Missing);
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

/// An entry of the wire type that two events share, with this in `data`.
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
    // What is there decides, even where its value is wrong.
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
