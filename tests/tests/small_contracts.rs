//! Shows the contracts for each feature of the dialect: snapshots of the contracts of a small set
//! of schemas.

use spektr_codegen::{Json, SchemaSet, contracts};
use spektr_tests::fixtures::{Event, Files};

/// Returns a set with each feature: an open enum, a text with an expiry, free keys, a list of
/// objects that contains itself, members beside `data`, aliases, two events of one wire type, an
/// event without members of its own, and a deprecated event.
fn files() -> Files {
    let report = r#""report": {
            "description": "A report.",
            "type": ["string", "null"],
            "x-aliases": ["summary"],
            "x-sensitive": true,
            "x-valid-for-seconds": 60
        },
        "data": {
            "description": "The lamp.",
            "type": "object",
            "title": "LampLitData",
            "properties": {
                "color": { "$ref": "../common/color.schema.json", "description": "Its color." },
                "watt-hours": { "description": "What it used.", "type": "number", "x-aliases": ["wh"] },
                "notes": { "description": "Free notes.", "type": ["object", "null"], "additionalProperties": true },
                "parts": {
                    "description": "What it is made of.",
                    "type": "array",
                    "items": { "$ref": "../common/part.schema.json" }
                }
            },
            "required": ["color", "watt-hours", "parts"]
        }"#;
    Files::colors(&["red", "green"])
        .common(
            "part",
            "Part",
            r#""type": "object",
            "properties": {
                "parts": { "description": "Smaller ones.", "type": "array", "items": { "$ref": "part.schema.json" } }
            },
            "required": ["parts"]"#,
        )
        .event(
            &Event::new("lamp_lit", "LampLit")
                .wire_types(r#""lamp_lit", "lamp_on""#)
                .discriminators(r#""/data/color""#)
                .members(report, r#""data""#),
        )
        .event(
            &Event::new("lamp_out", "LampOut")
                .status("deprecated")
                .wire_types(r#""lamp_out", "lamp_lit""#)
                .discriminators(r#""/reason""#)
                .members(
                    r#""reason": { "description": "Why: */ ends no comment.", "type": "string" }"#,
                    r#""reason""#,
                ),
        )
}

const ENVELOPE: &str =
    r#""id": "1", "spektrId": "s", "workspaceId": "w", "delivered": true, "createdAt": 1"#;

fn examples() -> Vec<(String, String)> {
    let example = |path: &str, members: &str| {
        (format!("examples/{path}.json"), format!("{{ {ENVELOPE}, {members} }}"))
    };
    vec![
        example("ping/full", r#""type": "ping""#),
        example(
            "lamp_lit/full",
            r#""type": "lamp_lit", "report": "lit", "data": {
                "color": "red", "watt-hours": 1.5, "notes": { "a": 1 }, "parts": [{ "parts": [{ "parts": [] }] }]
            }"#,
        ),
        example("lamp_out/full", r#""type": "lamp_out", "reason": "dawn""#),
        ("examples/batch/one.json".into(), r#"{ "results": [{ "type": "ping" }] }"#.into()),
    ]
}

#[test]
fn each_feature_of_the_dialect_is_in_each_contract() {
    let set = SchemaSet::parse(files().list()).unwrap_or_else(|error| panic!("{error}"));
    let files = contracts(&set, examples()).unwrap_or_else(|error| panic!("{error}"));
    for (path, text) in files {
        let name = path.file_name().expect("a file").to_string_lossy().replace('.', "_");
        insta::assert_snapshot!(name, text);
    }
}

#[test]
fn contracts_are_the_same_whenever_they_are_made() {
    let of = |examples: Vec<(String, String)>| {
        let set = SchemaSet::parse(files().list()).unwrap_or_else(|error| panic!("{error}"));
        contracts(&set, examples).unwrap_or_else(|error| panic!("{error}"))
    };
    let mut backwards = examples();
    backwards.reverse();
    assert!(of(examples()) == of(backwards));
}

#[test]
fn a_type_with_a_name_that_the_contracts_need_is_refused() {
    for (title, file) in [
        ("Delivery", "common/thing.schema.json"),
        ("SpektrEvent", "common/thing.schema.json"),
        ("PingByEventType", "common/thing.schema.json"),
        ("LampLitPayload", "common/thing.schema.json"),
    ] {
        let files = files().common("thing", title, r#""type": "string", "x-type": "id""#);
        let set = SchemaSet::parse(files.list()).unwrap_or_else(|error| panic!("{error}"));
        let problems = contracts(&set, examples()).expect_err(title);
        let found: Vec<_> = problems
            .iter()
            .map(|problem| (problem.file.as_str(), problem.pointer.as_str()))
            .collect();
        assert_eq!(found, [(file, "/title")], "{title}: {problems}");
    }
}

#[test]
fn a_member_of_the_contracts_keeps_the_order_of_the_schema() {
    let set = SchemaSet::parse(files().list()).unwrap_or_else(|error| panic!("{error}"));
    let files = contracts(&set, examples()).unwrap_or_else(|error| panic!("{error}"));
    let text = &files[std::path::Path::new("contracts/openapi.json")];
    let json = Json::parse(text.as_bytes()).expect("JSON");
    let members = json.pointer("/components/schemas/LampLitData/properties").expect("it is there");
    let names: Vec<_> = members.members().iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["color", "watt-hours", "notes", "parts"]);
}
