//! Properties of reading any input: no panic, entries that do not affect each other, and the same
//! result for an entry however it is found.
//!
//! Each run tries the same cases, so that a failure can be repeated on any machine. Each property
//! states the share of its cases that must reach the tested code, and fails below that share: most
//! generated inputs are refused by the first checks, and do not test the later ones.

use std::cell::Cell;
use std::fmt::Debug;
use std::sync::LazyLock;

use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::test_runner::{RngSeed, TestCaseError, TestRunner};
use spektr_codegen::Json;
use spektr_tests::corpus::{self, Example};
use spektr_types::{BodyError, Entries, Entry, Event};

/// Runs a property, which returns whether a case reached the tested code, and checks that a minimum
/// percentage of the cases did.
fn check<S: Strategy>(
    cases: u32,
    strategy: S,
    least_percent: u32,
    property: impl Fn(S::Value) -> Result<bool, TestCaseError>,
) where
    S::Value: Debug,
{
    let reached = Cell::new(0);
    let result = TestRunner::new(config(cases)).run(&strategy, |value| {
        reached.set(reached.get() + u32::from(property(value)?));
        Ok(())
    });
    result.unwrap_or_else(|error| panic!("{error}"));
    let percent = reached.get() * 100 / cases;
    assert!(percent >= least_percent, "only {percent} % of the cases reach what is tested");
}

fn config(cases: u32) -> ProptestConfig {
    ProptestConfig {
        cases,
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(0x5bec),
        ..ProptestConfig::default()
    }
}

/// The bodies of all examples, and of all invalid ones.
static BODIES: LazyLock<Vec<String>> = LazyLock::new(|| {
    let valid = corpus::examples().into_values().flatten().map(|example| example.body);
    let invalid = corpus::invalid_examples().into_iter().map(|example| example.body);
    valid.chain(invalid).map(|body| body.trim().to_owned()).collect()
});

/// The same without batches: bodies that can be an entry.
static ENTRIES: LazyLock<Vec<String>> = LazyLock::new(|| {
    let valid = corpus::event_examples().map(|example| example.body);
    let unknown = corpus::examples().remove("unknown").expect("there are unknown events");
    let invalid = corpus::invalid_examples().into_iter().map(|example| example.body);
    let unknown = unknown.into_iter().map(|example| example.body);
    valid.chain(unknown).chain(invalid).map(|body| body.trim().to_owned()).collect()
});

static EVENTS: LazyLock<Vec<Example>> = LazyLock::new(|| corpus::event_examples().collect());

/// White space of JSON, mostly none.
fn space() -> impl Strategy<Value = &'static str> {
    prop_oneof![4 => Just(""), 1 => select(vec![" ", "\n", "\t", "\r\n", " \n\t "])]
}

/// A value without parts; some values are valid JSON that no Rust value can hold.
fn scalar() -> impl Strategy<Value = String> {
    let texts = [
        "null",
        "true",
        "false",
        "0",
        "-0",
        "-1.5",
        "1e999",
        "-1E-999",
        "1672531199000",
        "123456789012345678901234567890",
        r#""""#,
        r#""e""#,
        r#""{[\"\\""#,
        r#""]}""#,
        r#""\ud800""#,
        r#""\u00e9\ud83d\ude00""#,
        "\"é😀\"",
        r#""alert_resolved""#,
        r#""CUSTOMER_TAG_ADD""#,
        r#""step_init""#,
        r#""process_run_end""#,
        r#""future""#,
    ];
    prop_oneof![
        6 => select(texts.map(str::to_owned).to_vec()),
        1 => any::<String>().prop_map(|text| serde_json::Value::from(text).to_string()),
    ]
}

/// A key, often the name of an envelope's member. Some keys are written with escapes, and one
/// contains a lone surrogate.
fn key() -> impl Strategy<Value = &'static str> {
    select(vec![
        "id",
        "spektrId",
        "workspaceId",
        "type",
        "eventType",
        "createdAt",
        "timestamp",
        "data",
        "results",
        "delivered",
        r"\u0069d",
        r"typ\u0065",
        r"dat\u0061",
        r"\ud800",
        "{",
        "}",
        r#"\""#,
        "tagId",
        "oldStatus",
        "files",
        "process_name",
        "processName",
        "é",
        "",
    ])
}

/// Any JSON as text, with repeated keys and white space.
fn json_text() -> impl Strategy<Value = String> {
    scalar().prop_recursive(4, 24, 5, |inner| {
        prop_oneof![
            (space(), prop::collection::vec((space(), inner.clone(), space()), 0..5)).prop_map(
                |(lead, elements)| {
                    let elements: Vec<_> = elements
                        .into_iter()
                        .map(|(a, value, b)| format!("{a}{value}{b}"))
                        .collect();
                    format!("[{lead}{}]", elements.join(","))
                }
            ),
            object_of(inner),
        ]
    })
}

fn object_of(value: impl Strategy<Value = String>) -> impl Strategy<Value = String> {
    let member = (space(), key(), space(), space(), value, space());
    (space(), prop::collection::vec(member, 0..6)).prop_map(|(lead, members)| {
        let members: Vec<_> = members
            .into_iter()
            .map(|(a, key, b, c, value, d)| format!("{a}\"{key}\"{b}:{c}{value}{d}"))
            .collect();
        format!("{{{lead}{}}}", members.join(","))
    })
}

/// An object that names its event, and the text behind the name, which may contain the name again.
fn named_object() -> impl Strategy<Value = (String, String)> {
    let wire_type = select(vec!["alert_resolved", "customer_tag_add", "future", "step_init"]);
    let name = select(vec!["type", "eventType"]);
    (object_of(json_text()), wire_type, name).prop_map(|(object, wire_type, name)| {
        let rest = object.trim_start_matches('{').trim_start();
        let comma = if rest.starts_with('}') { "" } else { "," };
        (format!(r#"{{"{name}":"{wire_type}""#), format!("{comma}{rest}"))
    })
}

/// A change of one value in an example.
#[derive(Clone, Debug)]
enum Change {
    /// The value is removed.
    Delete,
    /// The value is replaced by this text.
    Replace(String),
    /// The member or element is repeated, the second time with this value.
    Double(String),
    /// The value is nested in this number of lists.
    Wrap(usize),
    /// A text becomes another text, and an object gets another member.
    Grow(String),
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        1 => Just(Change::Delete),
        1 => json_text().prop_map(Change::Replace),
        1 => json_text().prop_map(Change::Double),
        1 => (1_usize..160).prop_map(Change::Wrap),
        6 => json_text().prop_map(Change::Grow),
    ]
}

/// An example with one or two values changed, as text.
fn changed(corpus: &'static [String]) -> impl Strategy<Value = String> {
    let changes = prop_oneof![
        3 => prop::collection::vec((any::<Index>(), change()), 1),
        1 => prop::collection::vec((any::<Index>(), change()), 2),
    ];
    (any::<Index>(), changes).prop_map(|(example, changes)| {
        let mut json: Json =
            serde_json::from_str(example.get(corpus).as_str()).expect("an example is JSON");
        // A change can insert JSON that the type `Json` cannot represent. So it first inserts a text
        // that no example has, and the end of this function replaces that text.
        let mut puts = Vec::new();
        for (place, change) in changes {
            let mut count = place.index(size(&json));
            apply(&mut json, &mut count, &change, &mut puts);
        }
        let text = serde_json::to_string(&json).expect("JSON serializes");
        puts.iter().enumerate().fold(text, |text, (index, put)| text.replace(&hole(index), put))
    })
}

fn hole(index: usize) -> String {
    format!("\"hole-{index}-\"")
}

/// Counts the values below a value.
fn size(json: &Json) -> usize {
    let members = json.members().iter().map(|(_, value)| value);
    1 + members.chain(json.elements()).map(size).sum::<usize>()
}

/// Changes the value with the number `count`, in the order of the text.
fn apply(json: &mut Json, count: &mut usize, change: &Change, puts: &mut Vec<String>) -> bool {
    let put = |text: &str, puts: &mut Vec<String>| {
        puts.push(text.to_owned());
        Json::String(hole(puts.len() - 1).trim_matches('"').to_owned())
    };
    if *count == 0 {
        match change {
            Change::Delete => *json = Json::Null,
            Change::Grow(text) => match json {
                Json::Object(members) => members.push(("future".to_owned(), put(text, puts))),
                Json::String(old) => old.push_str(" \u{1F600} \" and more"),
                _ => {}
            },
            Change::Replace(text) | Change::Double(text) => *json = put(text, puts),
            Change::Wrap(levels) => {
                for _ in 0..*levels {
                    *json = Json::Array(vec![std::mem::replace(json, Json::Null)]);
                }
            }
        }
        return true;
    }
    match json {
        Json::Object(members) => {
            for index in 0..members.len() {
                *count -= 1;
                if *count == 0 && matches!(change, Change::Delete) {
                    members.remove(index);
                    return true;
                }
                if let (0, Change::Double(text)) = (*count, change) {
                    let name = members[index].0.clone();
                    members.push((name, put(text, puts)));
                    return true;
                }
                if apply(&mut members[index].1, count, change, puts) {
                    return true;
                }
            }
        }
        Json::Array(elements) => {
            for index in 0..elements.len() {
                *count -= 1;
                if *count == 0 && matches!(change, Change::Delete) {
                    elements.remove(index);
                    return true;
                }
                if apply(&mut elements[index], count, change, puts) {
                    return true;
                }
            }
        }
        _ => {}
    }
    false
}

/// Entries of a batch: examples, changed examples, and any JSON.
fn entry_text() -> impl Strategy<Value = String> {
    prop_oneof![
        2 => any::<Index>().prop_map(|index| index.get(&ENTRIES).clone()),
        3 => changed(&ENTRIES),
        2 => object_of(json_text()),
        2 => named_object().prop_map(|(start, rest)| start + &rest),
        1 => json_text(),
    ]
}

/// Calls every method of an entry.
fn exercise(entry: &Entry<'_>) {
    let head = (entry.id(), entry.spektr_id(), entry.workspace_id());
    let shown = format!("{head:?} {:?} {:?} {entry:?}", entry.wire_type(), entry.created_at());
    assert!(!shown.is_empty());
    match entry.decode() {
        Ok(event) => {
            let text = serde_json::to_string(&event).expect("an event serializes");
            let shown = format!("{event:?} {} {:?}", event.event_type(), event.status());
            assert!(!text.is_empty() && !shown.is_empty());
            assert_eq!(event.id().map(|id| id.as_str()), entry.id().as_deref());
            assert_eq!(event.created_at(), entry.created_at());
        }
        Err(error) => {
            assert_eq!(error.raw().as_str(), entry.raw());
            assert_eq!(error.id().map(|id| id.as_str()), entry.id().as_deref());
            let place = error.pointer();
            assert!(place.is_empty() || place.starts_with('/'), "{place:?} is no JSON pointer");
            assert!(error.to_string().starts_with("malformed entry: "));
        }
    }
}

/// Asserts that all methods of two entries return the same.
fn assert_same(found: &Entry<'_>, alone: &Entry<'_>) {
    assert_eq!(found.raw(), alone.raw());
    assert_eq!(found.id(), alone.id());
    assert_eq!(found.spektr_id(), alone.spektr_id());
    assert_eq!(found.workspace_id(), alone.workspace_id());
    assert_eq!(found.wire_type(), alone.wire_type());
    assert_eq!(found.created_at(), alone.created_at());
    assert_eq!(found.decode(), alone.decode());
}

/// Random bytes are refused, with the error that the standard library and serde_json give.
#[test]
fn any_bytes_are_refused_for_what_is_wrong_with_them() {
    let noise = prop_oneof![
        prop::collection::vec(any::<u8>(), 0..200),
        "[\\[\\]{}:,\"a0\\\\ ]{0,40}|\\PC{0,40}".prop_map(String::into_bytes),
    ];
    let (not_utf8, not_json) = (Cell::new(0), Cell::new(0));
    check(4000, noise, 95, |body| {
        let error = match Entries::parse(&body) {
            Ok(entries) => {
                entries.iter().for_each(exercise);
                return Ok(false);
            }
            Err(error) => error,
        };
        match (std::str::from_utf8(&body), error) {
            (Err(expected), BodyError::NotUtf8 { offset }) => {
                prop_assert_eq!(offset, expected.valid_up_to());
                not_utf8.set(not_utf8.get() + 1);
            }
            (Ok(text), BodyError::NotJson { line, column }) => {
                let expected = serde_json::from_str::<serde::de::IgnoredAny>(text);
                let expected = expected.expect_err("the text is no JSON");
                prop_assert_eq!((line, column), (expected.line(), expected.column()));
                not_json.set(not_json.get() + 1);
            }
            (Ok(text), error) => {
                let is_json = serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok();
                prop_assert!(is_json, "{error}: {text}");
            }
            (Err(_), error) => prop_assert!(false, "{error}"),
        }
        Ok(true)
    });
    let counts = (not_utf8.get(), not_json.get());
    assert!(counts.0 > 1000 && counts.1 > 1000, "{counts:?}");
}

/// Reads a body and calls every method of its entries; tells whether an entry decoded.
fn decodes_any(body: &[u8]) -> bool {
    let Ok(entries) = Entries::parse(body) else { return false };
    entries.iter().for_each(exercise);
    entries.iter().any(|entry| entry.decode().is_ok())
}

#[test]
fn any_json_is_read_without_panic() {
    let known = Cell::new(0);
    let named = named_object().prop_map(|(start, rest)| start + &rest);
    check(4000, prop_oneof![object_of(json_text()), named], 90, |body| {
        let body = body.as_bytes();
        known.set(known.get() + u32::from(decodes_any(body)));
        Ok(Entries::parse(body).is_ok())
    });
    assert!(known.get() > 100, "only {} bodies had an entry that decodes", known.get());
}

#[test]
fn examples_with_other_bytes_are_read_without_panic() {
    let byte = prop_oneof![6 => b' '..=b'~', 1 => any::<u8>()];
    let flips = prop::collection::vec((any::<Index>(), byte), 1..3);
    let end = prop::option::weighted(0.1, any::<Index>());
    check(4000, (any::<Index>(), flips, end), 10, |(example, flips, end)| {
        let mut body = example.get(&BODIES).clone().into_bytes();
        for (place, byte) in flips {
            *place.get_mut(&mut body) = byte;
        }
        if let Some(end) = end {
            body.truncate(end.index(body.len()));
        }
        Ok(decodes_any(&body))
    });
}

#[test]
fn changed_examples_are_read_without_panic() {
    check(2000, changed(&BODIES), 30, |body| Ok(decodes_any(body.as_bytes())));
}

/// Splitting a batch in one pass gives the same entries as reading each entry by itself.
#[test]
fn an_entry_of_a_batch_is_what_it_is_alone() {
    let strategy = (
        prop::collection::vec((space(), entry_text(), space()), 0..5),
        prop::option::of(json_text()),
        prop::option::of(json_text()),
        any::<bool>(),
        (space(), space(), space(), space(), space()),
    );
    check(2000, strategy, 30, |(texts, before, after, escaped, around)| {
        let list: Vec<_> = texts.iter().map(|(a, text, b)| format!("{a}{text}{b}")).collect();
        let member = |name: &str, value: &Option<String>| {
            value.as_ref().map_or(String::new(), |value| format!("{name}{value}"))
        };
        let results = if escaped { r"re\u0073ults" } else { "results" };
        let (a, b, c, d, e) = around;
        let body = format!(
            "{a}{{{}\"{results}\"{b}:{c}[{}]{d}{}}}{e}",
            member("\"before\":", &before.map(|value| format!("{value},"))),
            list.join(","),
            member(",\"after\":", &after),
        );
        let entries = Entries::parse(body.as_bytes());
        let entries = entries.unwrap_or_else(|error| panic!("{error}: {body}"));
        prop_assert!(entries.is_batch());
        prop_assert_eq!(entries.len(), texts.len());
        for (found, (_, text, _)) in entries.iter().zip(&texts) {
            prop_assert_eq!(found.raw(), text.as_str());
            let start = found.raw().as_ptr() as usize - body.as_ptr() as usize;
            prop_assert!(start < body.len(), "the raw text is a slice of the body");
            assert_same(found, &Entry::from_json(text).expect("an entry is JSON"));
        }
        Ok(entries.iter().any(|entry| entry.decode().is_ok()))
    });
}

/// A body that is one event equals the entry read from its text.
#[test]
fn a_body_that_is_no_batch_is_the_entry_of_its_text() {
    let text = prop_oneof![object_of(json_text()), changed(&ENTRIES)];
    check(2000, (text, space(), space()), 80, |(text, lead, trail)| {
        let body = format!("{lead}{text}{trail}");
        let Some(entries) = Entries::parse(body.as_bytes()).ok().filter(|it| !it.is_batch()) else {
            return Ok(false);
        };
        prop_assert_eq!(entries.len(), 1);
        let alone = Entry::from_json(&text).expect("an entry is JSON");
        assert_same(entries.iter().next().expect("one entry"), &alone);
        Ok(true)
    });
}

/// An object that names its event is one entry, whatever other members it has.
#[test]
fn an_object_that_names_its_event_is_kept_whole() {
    let strategy = (named_object(), prop::collection::vec(json_text(), 0..3));
    check(2000, strategy, 100, |((start, rest), results)| {
        let body = format!(r#"{start},"results":[{}]{rest}"#, results.join(","));
        let entries = Entries::parse(body.as_bytes());
        let entries = entries.unwrap_or_else(|error| panic!("{error}: {body}"));
        let raws: Vec<_> = entries.iter().map(Entry::raw).collect();
        prop_assert_eq!(raws, [body.as_str()]);
        Ok(!entries.is_batch())
    });
}

/// Whatever an entry contains, the entries before and behind it decode to the same events as
/// without it.
#[test]
fn a_bad_entry_leaves_its_neighbours_alone() {
    let text = prop_oneof![changed(&ENTRIES), json_text()];
    check(2000, (any::<Index>(), text, any::<Index>()), 40, |(before, text, after)| {
        let (before, after) = (before.get(&EVENTS), after.get(&EVENTS));
        let body = format!(r#"{{"results":[{},{text},{}]}}"#, before.body, after.body);
        let entries = Entries::parse(body.as_bytes()).expect("three entries");
        let decoded: Vec<_> = entries.iter().map(Entry::decode).collect();
        prop_assert_eq!(decoded.len(), 3);
        prop_assert_eq!(&decoded[0], &Ok(before.event()));
        prop_assert_eq!(&decoded[2], &Ok(after.event()));
        Ok(decoded[1].is_err())
    });
}

/// A decoded event is encoded to a form that decodes to the same event.
#[test]
fn a_changed_example_that_decodes_survives_a_round_trip() {
    check(2000, changed(&ENTRIES), 30, |text| {
        let entry = Entry::from_json(&text).expect("a changed example is JSON");
        let Ok(event) = entry.decode() else { return Ok(false) };
        let encoded = serde_json::to_string(&event).expect("an event serializes");
        let again: Event = serde_json::from_str(&encoded).expect("an encoded event is one");
        if let Event::Unknown(_) = &event {
            prop_assert_eq!(&encoded, entry.raw());
        }
        prop_assert_eq!(again, event);
        Ok(true)
    });
}
