//! Bodies that nobody sends in good faith, and what exactly becomes of them.

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
