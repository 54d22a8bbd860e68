//! Tests the reports of structural drift: their content, and data that they must not contain.

#![cfg(feature = "conformance")]
#![allow(clippy::unwrap_used, reason = "a failed setup is a failed test")]

use std::iter;

use serde_json::{Value, json};
use spektr_types::{Entry, JsonType};
use spektr_verify::conformance::{Conformance, Drift, Report};

fn check(entry: &Value) -> Report {
    Conformance::new().check(&Entry::from_json(&entry.to_string()).unwrap())
}

fn found(entry: &Value) -> Vec<Drift> {
    check(entry).drift().cloned().collect()
}

fn tag_added() -> Value {
    json!({
        "id": "e1", "spektrId": "s1", "type": "customer_tag_add", "delivered": null,
        "createdAt": 1_731_057_600_000_u64,
        "data": {"tagId": "t1", "action": "add", "userId": null, "processId": "p1"},
    })
}

fn run_end() -> Value {
    json!({
        "id": "e1", "spektrId": "s1", "type": "process_run_end", "createdAt": 1_731_057_600_000_u64,
        "process_name": "KYB", "process_output": "approved",
        "files": {"clientFiles": []},
        "fields": [
            {"key": "a", "label": "A", "children": []},
            {"key": "b", "label": "B", "children": [{"key": "c"}]},
        ],
        "data": {"marker name": "marker-value"},
    })
}

#[test]
fn an_entry_as_documented_conforms() {
    let report = check(&tag_added());
    assert_eq!(report.event(), Some("CUSTOMER_TAG_ADDED"));
    assert!(report.conforms(), "{report}");
    assert!(check(&run_end()).conforms());
}

/// As in [`Entry::decode`], the other envelope decides if a member is null.
#[test]
fn a_member_of_the_envelope_that_is_null_says_nothing() {
    let other = |wire_type: Value, created_at: Value| {
        let mut entry = tag_added();
        entry["eventType"] = std::mem::replace(&mut entry["type"], wire_type);
        let time = std::mem::replace(&mut entry["createdAt"], created_at);
        entry["timestamp"] = (time.as_u64().unwrap() / 1000).into();
        entry
    };
    for entry in [
        other(Value::Null, Value::Null),
        other("customer_tag_add".into(), Value::Null),
        other(Value::Null, 1_731_057_600_000_u64.into()),
    ] {
        assert!(check(&entry).conforms(), "{entry}: {}", check(&entry));
    }

    let missing = |pointer: &str| [Drift::MissingMember { pointer: pointer.to_owned() }];
    assert_eq!(found(&json!({"type": null, "eventType": null})), missing("/type"));
    let mut entry = other(Value::Null, Value::Null);
    entry["timestamp"] = Value::Null;
    assert_eq!(found(&entry), missing("/timestamp"));
}

#[test]
fn names_unexpected_and_missing_members_and_changed_types() {
    let mut entry = tag_added();
    entry["priority"] = json!(1);
    entry["createdAt"] = json!("2024-11-08");
    entry["data"]["processId"] = json!(7);
    entry["data"].as_object_mut().unwrap().remove("tagId");
    let pointer = |text: &str| text.to_owned();
    assert_eq!(
        found(&entry),
        [
            Drift::TypeChanged {
                pointer: pointer("/createdAt"),
                expected: vec![JsonType::Number],
                found: JsonType::String,
            },
            Drift::TypeChanged {
                pointer: pointer("/data/processId"),
                expected: vec![JsonType::String],
                found: JsonType::Integer,
            },
            Drift::MissingMember { pointer: pointer("/data/tagId") },
            Drift::UnexpectedMember { pointer: pointer("/priority"), found: JsonType::Integer },
        ],
    );
}

#[test]
fn names_the_place_of_an_unknown_value_and_not_the_value() {
    let mut entry = tag_added();
    entry["data"]["action"] = json!("marker-archived");
    assert_eq!(found(&entry), [Drift::UnknownValue { pointer: "/data/action".to_owned() }]);
    entry["data"]["action"] = json!(17);
    let expected = vec![JsonType::String];
    assert_eq!(
        found(&entry),
        [Drift::TypeChanged {
            pointer: "/data/action".to_owned(),
            expected,
            found: JsonType::Integer
        }],
    );
}

#[test]
fn what_all_elements_of_a_list_have_is_reported_once() {
    let mut entry = run_end();
    for field in entry["fields"].as_array_mut().unwrap() {
        field["required"] = json!(true);
    }
    assert_eq!(
        found(&entry),
        [Drift::UnexpectedMember {
            pointer: "/fields/*/required".to_owned(),
            found: JsonType::Boolean
        }],
    );
}

#[test]
fn a_member_may_have_any_of_its_names_and_has_to_have_one_if_it_is_required() {
    let mut entry = run_end();
    for (name, alias) in [("process_name", "processName"), ("process_output", "processOutput")] {
        let value = entry.as_object_mut().unwrap().remove(name).unwrap();
        entry[alias] = value;
        assert!(check(&entry).conforms(), "{alias}: {}", check(&entry));
        let value = std::mem::replace(&mut entry[alias], json!(false));
        let expected = vec![JsonType::String];
        let pointer = format!("/{alias}");
        assert_eq!(
            found(&entry),
            [Drift::TypeChanged { pointer, expected, found: JsonType::Boolean }]
        );
        entry.as_object_mut().unwrap().remove(alias);
        assert!(!check(&entry).conforms(), "neither {name} nor {alias}");
        entry[name] = value;
    }
}

#[test]
fn a_name_of_the_envelope_is_no_name_of_the_envelope_further_in() {
    let mut entry = tag_added();
    entry["eventType"] = entry["type"].take();
    entry.as_object_mut().unwrap().remove("createdAt");
    entry["timestamp"] = json!(1_731_057_600);
    entry["data"]["createdAt"] = json!(1);
    let pointer = "/data/createdAt".to_owned();
    let unexpected = Drift::UnexpectedMember { pointer, found: JsonType::Integer };
    assert_eq!(found(&entry), [unexpected]);
}

#[test]
fn an_unknown_event_is_named_if_it_looks_like_one() {
    let mut entry = tag_added();
    entry["type"] = json!("risk_score_changed");
    let wire_type = Some("risk_score_changed".to_owned());
    assert_eq!(found(&entry), [Drift::UnknownEvent { wire_type }]);
    entry["type"] = json!("_internal");
    let wire_type = Some("_internal".to_owned());
    assert_eq!(found(&entry), [Drift::UnknownEvent { wire_type }]);
    entry["type"] = json!("Jane Marker");
    assert_eq!(found(&entry), [Drift::UnknownEvent { wire_type: None }]);
}

#[test]
fn what_is_no_event_at_all_is_said_without_a_value() {
    let object = |found| Drift::TypeChanged {
        pointer: String::new(),
        expected: vec![JsonType::Object],
        found,
    };
    assert_eq!(found(&json!([])), [object(JsonType::Array)]);
    assert_eq!(found(&json!("marker")), [object(JsonType::String)]);
    assert_eq!(found(&json!({})), [Drift::MissingMember { pointer: "/type".to_owned() }]);
    let expected = vec![JsonType::String];
    assert_eq!(
        found(&json!({"eventType": 3})),
        [Drift::TypeChanged {
            pointer: "/eventType".to_owned(),
            expected,
            found: JsonType::Integer
        }],
    );
    let deep = format!(r#"{{"type":{}}}"#, "[".repeat(200) + &"]".repeat(200));
    let report = Conformance::new().check(&Entry::from_json(&deep).unwrap());
    assert!(report.drift().eq([&Drift::Unreadable]));
}

#[test]
fn an_entry_that_cannot_be_compared_is_still_of_its_event() {
    let check = |text: &str| {
        let report = Conformance::new().check(&Entry::from_json(text).unwrap());
        assert!(report.drift().eq([&Drift::Unreadable]), "{text}");
        report.event()
    };
    let nested = "[".repeat(200) + &"]".repeat(200);
    assert_eq!(check(r#"{"type":"step_init","\ud800":1}"#), Some("STEP_INIT"));
    assert_eq!(check(&format!(r#"{{"eventType":"STEP_INIT","x":{nested}}}"#)), Some("STEP_INIT"));
    assert_eq!(check(r#"{"type":"nobody_knows","x":1e999}"#), None);
}

#[test]
fn places_are_those_of_the_envelope_that_arrived() {
    let entry = json!({
        "id": "e1", "workspaceId": "w1", "eventType": "CUSTOMER_TAG_ADDED", "timestamp": "now",
        "spektrId": "s1", "data": {"tagId": "t1", "action": "add", "score": 1.5},
    });
    let mut drift = found(&entry);
    assert_eq!(
        drift.pop(),
        Some(Drift::TypeChanged {
            pointer: "/timestamp".to_owned(),
            expected: vec![JsonType::Number],
            found: JsonType::String,
        }),
    );
    let pointer = "/data/score".to_owned();
    assert_eq!(drift, [Drift::UnexpectedMember { pointer, found: JsonType::Number }]);

    let mut payload = run_end();
    let mut entry = json!({"id": "e1", "spektrId": "s1", "eventType": "process_run_end", "timestamp": 1_731_057_600});
    payload.as_object_mut().unwrap().retain(|name, _| {
        !matches!(name.as_str(), "id" | "spektrId" | "type" | "createdAt" | "process_output")
    });
    payload["files"] = json!([]);
    entry["data"] = payload;
    assert_eq!(
        found(&entry),
        [
            Drift::TypeChanged {
                pointer: "/data/files".to_owned(),
                expected: vec![JsonType::Object],
                found: JsonType::Array,
            },
            Drift::MissingMember { pointer: "/data/process_output".to_owned() },
        ],
    );
}

#[test]
fn no_value_and_no_name_that_somebody_typed_gets_into_a_report() {
    let mut entry = run_end();
    entry["process_name"] = json!({"marker": 1});
    entry["process_output"] = json!(["marker"]);
    entry["marker name"] = json!("marker");
    entry["fields"][0]["Jane's marker"] = json!("marker");
    entry["fields"][1]["label"] = json!(4711);
    let report = check(&entry);
    assert_eq!(report.drift().len(), 5, "{report}");
    for text in [format!("{report}"), format!("{report:?}")] {
        assert!(!text.contains("marker") && !text.contains("4711"), "{text}");
    }
}

#[test]
fn a_report_is_one_line_per_difference() {
    let mut entry = tag_added();
    assert_eq!(check(&entry).to_string(), "CUSTOMER_TAG_ADDED: as documented");
    entry["data"]["action"] = json!("x");
    entry["extra"] = json!({});
    let lines: Vec<_> = iter::once("CUSTOMER_TAG_ADDED: /data/action: not one of the known values")
        .chain(["CUSTOMER_TAG_ADDED: /extra: unexpected member of type object"])
        .collect();
    assert_eq!(check(&entry).to_string(), lines.join("\n"));
}

#[test]
fn what_is_no_part_of_the_payload_is_reported_where_it_stands() {
    let mut payload = run_end();
    payload
        .as_object_mut()
        .unwrap()
        .retain(|name, _| !matches!(name.as_str(), "id" | "spektrId" | "type" | "createdAt"));
    payload["score"] = json!(1);
    payload["spektrId"] = json!("s1");
    let entry = json!({
        "id": "e1", "eventType": "process_run_end", "timestamp": 1_731_057_600, "data": payload,
    });
    assert_eq!(
        found(&entry),
        [
            Drift::UnexpectedMember { pointer: "/data/score".to_owned(), found: JsonType::Integer },
            Drift::UnexpectedMember {
                pointer: "/data/spektrId".to_owned(),
                found: JsonType::String
            },
            Drift::MissingMember { pointer: "/spektrId".to_owned() },
        ],
    );
}

#[test]
fn a_report_lists_a_bounded_number_of_differences_and_counts_the_others() {
    let mut entry = run_end();
    entry["fields"] = vec![json!(17); 100_000].into();
    assert_eq!(
        found(&entry),
        [Drift::TypeChanged {
            pointer: "/fields/*".to_owned(),
            expected: vec![JsonType::Object],
            found: JsonType::Integer,
        }],
    );
    for index in 0..1_000 {
        entry[format!("member_{index}")] = json!(1);
    }
    let report = check(&entry);
    assert_eq!(report.drift().len(), Report::MAX_DRIFT);
    assert!(report.omitted() >= 1_001 - Report::MAX_DRIFT);
    let text = report.to_string();
    assert!(text.ends_with(&format!("{} more findings are not listed", report.omitted())));
}
