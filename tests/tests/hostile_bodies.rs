//! Bodies that only an attacker or a defect sends, and the exact outcome of each.

use spektr_tests::bodies::{assert_body_error, assert_fault, batch, good, parse, wrong_type};
use spektr_types::{BodyError, Entries, Entry, EntryErrorKind, EventType, JsonType, MAX_ENTRIES};

const MIB: usize = 1 << 20;

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
        // Columns include the bytes of a byte order mark; a second mark is no longer one.
        ("\u{feff}{} x", 1, 7),
        ("\u{feff}{\n} x", 2, 3),
        ("\u{feff}\u{feff}{}", 1, 4),
        (" \u{feff}{}", 1, 2),
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
    for (body, offset) in [
        (&b"{\"a\":\"\xff\"}"[..], 6),
        (b"\xff\xfe{\0}\0", 0),
        // An encoded surrogate and an overlong slash are invalid UTF-8 too.
        (b"{\"\xed\xa0\x80\":1}", 2),
        (b"{\"\xc0\xaf\":1}", 2),
        (b"\xef\xbb\xbf\xef\xbb", 3),
    ] {
        assert_body_error(body, BodyError::NotUtf8 { offset });
    }
}

#[test]
fn a_byte_order_mark_before_a_body_is_skipped_and_its_entries_keep_their_bytes() {
    let event = good("e");
    for body in [batch(&[&event]), event.clone(), event.replace(r#""id""#, r#""\u0069d""#)] {
        let marked = format!("\u{feff}{body}");
        let entries = parse(&marked);
        let (with, without): (Vec<_>, Vec<_>) =
            (entries.iter().collect(), parse(&body).into_iter().collect());
        assert_eq!(with.len(), 1);
        assert_eq!(with[0].raw(), without[0].raw());
        assert_eq!(with[0].id().as_deref(), Some("e"));
        assert_eq!(with[0].decode(), without[0].decode());
    }
    let marked = format!("\u{feff}{event}");
    assert_eq!(Entry::from_json(&marked).map(|entry| entry.raw().to_owned()), Ok(event));
}

#[test]
fn rejects_results_that_stand_there_twice() {
    for body in [
        r#"{"results":[],"results":[]}"#,
        r#"{"results":[{"id":"e"}],"other":1,"results":null}"#,
        r#"{"results":1,"results":[]}"#,
        // The second name equals the first, but is written with an escape.
        r#"{"results":[],"\u0072esults":[]}"#,
    ] {
        assert_body_error(body, BodyError::DuplicateResults { names: ["results"; 2] });
    }
}

#[test]
fn rejects_results_that_are_no_list() {
    for (results, found) in [
        ("{}", JsonType::Object),
        ("null", JsonType::Null),
        (r#""[]""#, JsonType::String),
        ("0", JsonType::Integer),
    ] {
        for says_nothing in ["", r#""type":null,"#, r#""id":"e","eventType":null,"#] {
            let body = format!(r#"{{{says_nothing}"results":{results}}}"#);
            assert_body_error(&body, BodyError::ResultsNotAnArray { name: "results", found });
        }
    }
}

/// Values that an event's own member `results` may have, one of them a list of events.
fn own_results() -> Vec<String> {
    let events = format!("[{},{}]", good("first"), good("last"));
    let mut results: Vec<String> =
        ["[]", "null", "{}", "0", r#"[{"list":"pep","hit":true}]"#, "[1,null]"]
            .map(Into::into)
            .into();
    results.push(events);
    results
}

#[test]
fn an_object_that_says_which_event_it_is_is_that_event_whatever_its_results_are() {
    let envelopes = [
        r#""spektrId":"s","type":"$","createdAt":1672531199000"#,
        r#""spektrId":"s","eventType":"$","timestamp":1672531199"#,
        r#""spektrId":"s","type":null,"eventType":"$","createdAt":1672531199000"#,
    ];
    for (wire_type, envelope, results) in each_with_results(&["future", "step_init"], &envelopes) {
        let envelope = envelope.replace('$', wire_type);
        for body in [
            format!(r#"{{"id":"e",{envelope},"results":{results}}}"#),
            format!(r#"{{"results":{results},{envelope},"id":"e"}}"#),
            format!(r#"{{"\u0072esults":{results},{envelope},"id":"e"}}"#),
            format!(r#"{{"results":{results},"results":[],{envelope},"id":"e"}}"#),
        ] {
            let entries = parse(&body);
            let [entry] = entries.iter().collect::<Vec<_>>()[..] else {
                panic!("{} entries: {body:.300}", entries.len());
            };
            assert!(!entries.is_batch() && entries.beside_results().is_empty(), "{body:.300}");
            assert_eq!(entry.raw(), body);
            assert_eq!(entry.id().as_deref(), Some("e"));
            let event = entry.decode().unwrap_or_else(|error| panic!("{error}: {body:.300}"));
            assert_eq!(event.event_type().as_str(), wire_type);
        }
    }
}

#[test]
fn an_event_may_have_more_results_than_a_batch_has_entries() {
    let results = vec!["0"; MAX_ENTRIES + 1].join(",");
    let body = format!(r#"{{"type":"future","results":[{results}]}}"#);
    let entries = parse(&body);
    assert_eq!((entries.is_batch(), entries.len()), (false, 1));
    assert_eq!(entries.iter().next().map(Entry::raw), Some(body.as_str()));
}

/// Returns each combination of a wire type, an envelope and a value of `results`.
fn each_with_results<'t>(
    wire_types: &[&'t str],
    envelopes: &[&'t str],
) -> Vec<(&'t str, &'t str, String)> {
    let mut all = Vec::new();
    for wire_type in wire_types {
        for envelope in envelopes {
            all.extend(own_results().into_iter().map(|results| (*wire_type, *envelope, results)));
        }
    }
    all
}

#[test]
fn a_batch_with_a_type_is_one_entry_that_keeps_its_events() {
    let event = good("e");
    for (head, outcome) in [
        (r#""type":"batch""#, Ok("batch".to_owned())),
        (r#""eventType":"batch""#, Ok("batch".to_owned())),
        (r#""type":"alert_resolved""#, Err(EntryErrorKind::Missing)),
        (r#""type":7"#, Err(wrong_type(JsonType::String, JsonType::Integer))),
        (r#""type":"\ud800""#, Err(EntryErrorKind::Unrepresentable)),
    ] {
        for body in [
            format!(r#"{{{head},"results":[{event}]}}"#),
            format!(r#"{{"results":[{event}],{head}}}"#),
        ] {
            let entries = parse(&body);
            assert_eq!((entries.is_batch(), entries.len()), (false, 1), "{body}");
            let entry = entries.iter().next().expect("one entry");
            assert_eq!(entry.raw(), body);
            let found = entry.decode().map(|event| event.event_type().as_str().to_owned());
            assert_eq!(found.map_err(|error| error.kind().clone()), outcome, "{body}");
        }
    }
}

#[test]
fn an_object_that_says_nothing_of_itself_is_a_batch_whatever_stands_beside_its_results() {
    let (first, last) = (good("first"), good("last"));
    for (body, beside) in [
        (format!(r#"{{"results":[{first},{last}]}}"#), &[][..]),
        (
            format!(r#"{{"id":"b","results":[{first},{last}],"next":null}}"#),
            &[("id", r#""b""#), ("next", "null")],
        ),
        (
            format!(r#"{{"type":null,"results":[{first},{last}],"eventType":null}}"#),
            &[("type", "null"), ("eventType", "null")],
        ),
        (format!(r#"{{"\u0072esults":[{first},{last}],"\u0061":1}}"#), &[("a", "1")]),
        (
            format!("\t{{ \"cursor\": [{{}}],\r\n \"results\" : [ {first} , {last} ] }}\n "),
            &[("cursor", "[{}]")],
        ),
    ] {
        let entries = parse(&body);
        assert!(entries.is_batch(), "{body}");
        let raw: Vec<&str> = entries.iter().map(Entry::raw).collect();
        assert_eq!(raw, [first.as_str(), last.as_str()]);
        let found = entries.beside_results();
        let found: Vec<_> = found.iter().map(|(name, value)| (name.as_ref(), *value)).collect();
        assert_eq!(found, beside, "{body}");
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
