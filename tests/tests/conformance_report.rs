//! Tests the conformance reports of `spektr-verify` on the examples: it reports exactly the drift
//! that an example shows on purpose, and the faults of invalid examples where the decoder finds
//! them.

use serde_json::{Map, Value, json};
use spektr_codegen::examples::ExampleOrigin;
use spektr_tests::corpus;
use spektr_types::{Entries, Entry, EntryErrorKind, catalogue};
use spektr_verify::conformance::{Conformance, Drift};

/// Examples that show members or events that the schema does not know.
const ANNOUNCED: [&str; 4] =
    ["children_two_levels_deep", "unknown_event", "unknown_member", "members_of_a_known_event"];

#[test]
fn valid_examples_conform_but_for_what_they_are_there_to_show() {
    let conformance = Conformance::new();
    for (folder, examples) in corpus::examples() {
        for example in examples {
            let case = &example.case;
            let other =
                matches!(&example.origin, ExampleOrigin::Edited { .. } if case.ends_with("_other"));
            let announced = other || ANNOUNCED.contains(&case.as_str());
            let unknown = folder == "unknown";
            for entry in &example.entries() {
                let report = conformance.check(entry);
                let is_expected = match report.drift().next() {
                    None => !(announced || unknown) || example.entries().is_batch(),
                    Some(Drift::UnknownEvent { .. }) => unknown || announced,
                    Some(Drift::UnexpectedMember { .. }) => announced && !other,
                    // The documentation's examples have placeholders for values.
                    Some(Drift::UnknownValue { .. }) => other || case == "documented",
                    Some(_) => false,
                };
                assert!(is_expected, "{folder}/{case}: {report}");
            }
        }
    }
}

/// Replaces the list indexes in a pointer by `*`.
fn generalized(pointer: &str) -> String {
    let tokens = pointer.split('/').skip(1);
    tokens
        .flat_map(|token| ["/", if token.parse::<usize>().is_ok() { "*" } else { token }])
        .collect()
}

#[test]
fn invalid_examples_differ_where_they_say() {
    let conformance = Conformance::new();
    for example in corpus::invalid_examples() {
        let entry = Entry::from_json(&example.body).expect("the body is an entry");
        let report = conformance.check(&entry);
        let stated = generalized(&example.pointer);
        let differs_there = report.drift().any(|drift| match drift {
            Drift::MissingMember { pointer } | Drift::TypeChanged { pointer, .. } => {
                *pointer == stated
            }
            _ => false,
        });
        assert!(differs_there, "{}/{}: {stated}: {report}", example.folder, example.case);
    }
}

/// Decoder and report apply the same rule of how the two envelopes correspond: if one of the two
/// finds a member missing or of another type, the other finds the same fault at the same place.
#[test]
fn the_report_and_the_decoder_agree_in_either_envelope() {
    let conformance = Conformance::new();
    let mut compared = [0, 0];
    let valid = corpus::examples().into_values().flatten();
    let valid = valid.map(|example| (example.case == "full", example.body));
    let invalid = corpus::invalid_examples().into_iter().map(|example| (false, example.body));
    for (is_full, body) in valid.chain(invalid) {
        let entries = Entries::parse(body.as_bytes()).expect("an example is entries");
        for entry in &entries {
            let Ok(Value::Object(members)) = serde_json::from_str(entry.raw()) else { continue };
            let all = if is_full { spoilt(&members) } else { vec![members] };
            for text in all.iter().flat_map(envelopes) {
                let entry = Entry::from_json(&text).expect("an entry is JSON");
                let report = conformance.check(&entry);
                let broken: Vec<_> = report
                    .drift()
                    .filter_map(|drift| match drift {
                        Drift::MissingMember { pointer } | Drift::TypeChanged { pointer, .. } => {
                            Some(pointer.clone())
                        }
                        _ => None,
                    })
                    .collect();
                match entry.decode() {
                    Ok(event) if event.event_type().info().is_some() => {
                        assert!(broken.is_empty(), "{text}: {report}");
                        compared[0] += 1;
                    }
                    // If several events are possible, the report is about the best match.
                    Err(error)
                        if is_of_one_event(&entry)
                            && matches!(
                                error.kind(),
                                EntryErrorKind::Missing | EntryErrorKind::WrongType { .. }
                            ) =>
                    {
                        let place = generalized(error.pointer());
                        assert!(broken.contains(&place), "{text}: {error}: {report}");
                        compared[1] += 1;
                    }
                    _ => {}
                }
            }
        }
    }
    assert!(compared.iter().all(|count| *count > 200), "{compared:?}");
}

fn is_of_one_event(entry: &Entry<'_>) -> bool {
    entry.wire_type().is_none_or(|wire_type| {
        catalogue().filter(|info| info.has_wire_type(&wire_type)).count() < 2
    })
}

/// Returns the entry unchanged, and with each member of it and of its `data` missing, null or of
/// another type.
fn spoilt(members: &Map<String, Value>) -> Vec<Map<String, Value>> {
    let mut all = vec![members.clone()];
    for name in members.keys() {
        for value in [None, Some(Value::Null), Some(json!(17)), Some(json!({}))] {
            let mut spoilt = members.clone();
            match value {
                Some(value) => _ = spoilt.insert(name.clone(), value),
                None => _ = spoilt.remove(name),
            }
            all.push(spoilt);
        }
    }
    if let Some(Value::Object(data)) = members.get("data") {
        for inner in spoilt(data).into_iter().skip(1) {
            let mut spoilt = members.clone();
            spoilt.insert("data".to_owned(), Value::Object(inner));
            all.push(spoilt);
        }
    }
    all
}

/// Returns the entry's text unchanged, in the other envelope with its payload unmoved, and in the
/// other envelope with the whole payload in `data`.
fn envelopes(members: &Map<String, Value>) -> [String; 3] {
    let mut renamed = members.clone();
    for (from, to) in [("type", "eventType"), ("createdAt", "timestamp")] {
        if let Some(value) = renamed.remove(from) {
            renamed.insert(to.to_owned(), value);
        }
    }
    let is_envelope = |name: &str| {
        matches!(name, "id" | "spektrId" | "workspaceId" | "eventType" | "timestamp" | "delivered")
    };
    let (mut nested, payload): (Map<_, _>, Map<_, _>) =
        renamed.clone().into_iter().partition(|(name, _)| is_envelope(name));
    nested.insert("data".to_owned(), Value::Object(payload));
    [members, &renamed, &nested].map(|members| Value::Object(members.clone()).to_string())
}
