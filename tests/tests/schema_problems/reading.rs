//! The reader reads any files without a panic, and ignores no value.

use proptest::prelude::*;
use serde_json::{Value, json};
use spektr_codegen::{ProblemKind, SchemaSet, generate, reference};
use spektr_tests::fixtures::{BATCH, ENVELOPE, Event, Files, OTHER_ENVELOPE, PING};
use spektr_tests::{corpus, places};

use super::support::{decision, discriminated, note, parts, two_objects};

#[test]
fn more_than_two_events_can_share_a_wire_type() {
    let files = Files::base()
        .event(&discriminated("ping", "Ping", r#""same""#, "left"))
        .event(&discriminated("pong", "Pong", r#""pong", "same""#, "right"))
        .event(&discriminated("peng", "Peng", r#""peng", "Same""#, "above"));
    let set = SchemaSet::parse(files.list()).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(set.model().events.len(), 3);
}

#[test]
fn bytes_that_are_no_text_are_one_problem_among_others() {
    let files = Files::base().edit(PING, "\"x-source\"", "\"$comment\"").list();
    let broken = ("common/broken.schema.json".to_owned(), b"{ \"title\": \"\xff\" }".to_vec());
    let files = files.into_iter().map(|(file, text)| (file, text.into_bytes())).chain([broken]);
    let problems = SchemaSet::parse(files).expect_err("two files are not in order");
    let found: Vec<_> = problems.iter().map(parts).collect();
    assert_eq!(
        found,
        [
            (
                "common/broken.schema.json",
                "",
                ProblemKind::NotJson("invalid unicode code point at line 1 column 13".into())
            ),
            (PING, "", ProblemKind::Missing("x-source")),
        ]
    );
}

/// Every value in these files has a meaning, so a value of another JSON type in its place must be
/// reported.
#[test]
fn no_value_of_another_json_type_is_passed_over() {
    let decision = r#"{ "id": "a-name", "about": ["/title"], "documented": "This.", "chosen": "That.", "reason": "So.",
        "state": "accepted", "explains": [{ "kind": "member_added", "event": "PING", "path": "a", "was": "b", "now": "c" }] }"#;
    let inner = r#""title": "PingItem", "description": "An item.", "type": "object",
        "properties": { "a": { "description": "A.", "type": ["array", "null"], "items": { "type": "string" } } }, "required": []"#;
    let member = r##""note": { "description": "A note.", "type": "string", "x-sensitive": true, "x-aliases": ["memo"],
            "x-valid-for-seconds": 5, "x-source": { "page": "p", "section": "s", "captured": "2026-11-23" } },
        "item": { "description": "An item.", "anyOf": [{ "$ref": "#/$defs/PingItem" }, { "type": "null" }] },
        "free": { "description": "Any.", "type": "object", "additionalProperties": true },
        "raw": { "description": "Raw.", "x-type": "raw" },
        "color": { "description": "A color.", "$ref": "../common/color.schema.json" }"##;
    let event = Event::new("ping", "Ping")
        .discriminators(r#""/note""#)
        .keywords(&format!(
            r#""x-decisions": [{decision}], "$defs": {{ "PingItem": {{ {inner} }} }}"#
        ))
        .members(member, r#""note", "free", "color""#);
    let color =
        r#""type": "string", "x-known-values": [{ "value": "red", "description": "Red." }]"#;
    let files = Files::base()
        .event(&event)
        .event(&discriminated("pong", "Pong", r#""pong", "ping""#, "right"))
        .common("color", "Color", color);
    files.generate();
    for file in [
        PING,
        ENVELOPE,
        OTHER_ENVELOPE,
        BATCH,
        "common/color.schema.json",
        "common/delivered.schema.json",
    ] {
        let list = files.list();
        let text = list.iter().find(|(name, _)| name == file).map(|(_, text)| text.as_str());
        let whole: Value = serde_json::from_str(text.expect("the file is there")).expect("JSON");
        for pointer in places::pointers(&whole) {
            for other in
                [json!(null), json!(false), json!(7), json!(""), json!([7]), json!({ "x": 7 })]
            {
                let mut changed = whole.clone();
                let place =
                    changed.pointer_mut(&pointer).expect("the pointer is one of the file's");
                // In a copied record, an absent text may also be null.
                if std::mem::discriminant(place) == std::mem::discriminant(&other)
                    || (other.is_null() && pointer.contains("/explains/"))
                {
                    continue;
                }
                *place = other;
                let files = files.clone().file(file, &changed.to_string());
                let problems = SchemaSet::parse(files.list()).err();
                assert!(
                    problems.is_some_and(|all| all.iter().any(|problem| problem.file == *file)),
                    "{file}#{pointer}: {}",
                    changed.pointer(&pointer).expect("just set")
                );
            }
        }
    }
}

proptest! {
    // Each case reads and generates all files.
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Any content of the files is either read or refused, without a panic.
    #[test]
    fn any_files_are_read_or_refused(
        edits in proptest::collection::vec((any::<proptest::sample::Index>(), any::<proptest::sample::Index>(), any::<proptest::sample::Index>()), 1..6),
    ) {
        let mut files: Vec<(String, Value)> = corpus::schema_files()
            .into_iter()
            .map(|(file, text)| (file, serde_json::from_str(&text).expect("JSON")))
            .collect();
        for (file, from, to) in edits {
            // Replaces a part of one file by another part.
            let file = file.index(files.len());
            let json = &mut files[file].1;
            let places = places::pointers(json);
            let (from, to) = (from.get(&places), to.get(&places));
            let part = json.pointer(from).cloned().unwrap_or_default();
            if let Some(place) = json.pointer_mut(to) {
                *place = part;
            }
        }
        let files = files.into_iter().map(|(file, json)| (file, json.to_string()));
        if let Ok(set) = SchemaSet::parse(files) {
            let _ = generate(&set);
        }
    }

}

proptest! {
    #[test]
    fn any_bytes_are_a_file_or_none(bytes in proptest::collection::vec(any::<u8>(), 0..200), event: bool) {
        let file = if event { PING } else { "common/a.schema.json" };
        let files = Files::base().list().into_iter().map(|(file, text)| (file, text.into_bytes()));
        let problems = SchemaSet::parse(files.chain([(file.to_owned(), bytes)])).err();
        prop_assert!(problems.is_some_and(|all| all.iter().any(|problem| problem.file == file)));
    }
}

#[test]
fn types_may_contain_each_other_through_a_list() {
    let files = two_objects(
        r#""type": ["array", "null"], "items": { "$ref": "other.schema.json" }"#,
        r#""anyOf": [{ "$ref": "one.schema.json" }, { "type": "null" }]"#,
    );
    let shared = &files.generate()[std::path::Path::new("spektr-types/src/generated/shared.rs")];
    assert!(shared.contains("pub next: Option<Vec<Other>>"), "{shared}");
    assert!(shared.contains("pub next: Option<One>"), "{shared}");
}

#[test]
fn a_type_may_contain_itself_through_a_list() {
    let owner = r#""type": "object", "properties": {
        "name": { "description": "Its name.", "type": "string" },
        "owners": { "description": "Who owns it.", "type": ["array", "null"], "items": { "$ref": "owner.schema.json" } }
    }, "required": ["name"]"#;
    let files =
        Files::base().common("owner", "Owner", owner).event(&Event::new("ping", "Ping").members(
            r#""data": { "description": "The owner.", "$ref": "../common/owner.schema.json" }"#,
            r#""data""#,
        ));
    let shared = &files.generate()[std::path::Path::new("spektr-types/src/generated/shared.rs")];
    assert!(shared.contains("pub owners: Option<Vec<Owner>>"), "{shared}");
    let set = SchemaSet::parse(files.list()).expect("the files are in order");
    let full = r#"{ "id": "e", "spektrId": "s", "workspaceId": "w", "type": "ping", "delivered": true,
        "createdAt": 1, "data": { "name": "a", "owners": [{ "name": "b", "owners": [] }] } }"#;
    let examples = [("examples/ping/full.json".to_owned(), full)];
    let files = reference(&set, examples, []).unwrap_or_else(|error| panic!("{error}"));
    let text = files.values().next().expect("there is one file");
    let json: Value = serde_json::from_str(text).expect("the reference is JSON");
    let owners = &json["events"][0]["members"][0]["members"][1];
    assert_eq!((&owners["name"], &owners["type"]), (&json!("owners"), &json!("array of object")));
    assert_eq!(owners["members"], json!([]), "its members are those above");
}

#[test]
fn comments_are_allowed_anywhere() {
    let files = note(r#""type": "string", "$comment": "here""#).edit(
        PING,
        "\"x-event\": {",
        "\"$comment\": \"there\", \"x-event\": { \"$comment\": 1,",
    );
    assert_eq!(files.generate().keys().len(), Files::base().generate().keys().len());
}

/// Tools other than the generator read the model.
#[test]
fn the_model_says_what_the_files_say() {
    let files = decision(r#""/x-event/name""#).edit(PING, "accepted", "unreviewed");
    let set = SchemaSet::parse(files.list()).expect("the files are in order");
    let event = set.model().event("PING").expect("the event is there");
    assert_eq!((event.module.as_str(), event.title.as_str()), ("ping", "Ping"));
    assert_eq!(event.decisions.len(), 1);
    assert_eq!(event.decisions[0].about, ["/x-event/name"]);
    assert!(!event.decisions[0].reviewed);
    let files = set.model().common.len() + set.model().events.len();
    assert_eq!(files, Files::base().list().len());
}
