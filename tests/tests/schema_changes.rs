//! What `cargo xtask schema diff` says of a change, and what `schema new` starts
//! from.

use spektr_codegen::diff::{Impact, bump, diff};
use spektr_codegen::examples::derive;
use spektr_codegen::model::{Event as ModelEvent, Status};
use spektr_codegen::{Json, SchemaSet, generate, scaffold};
use spektr_tests::corpus;
use spektr_tests::fixtures::{Event, Files};

fn set(files: &Files) -> SchemaSet {
    SchemaSet::parse(files.list()).unwrap_or_else(|error| panic!("{error}"))
}

/// Returns the changes as they are shown, and the worst of them.
fn changes(old: &Files, new: &Files) -> (Option<Impact>, Vec<String>) {
    let found = diff(&set(old), &set(new));
    let worst = found.iter().map(|change| change.impact).max();
    (worst, found.iter().map(ToString::to_string).collect())
}

/// The smallest set, with one more member of its event.
fn note(schema: &str, required: bool) -> Files {
    let member = format!(r#""note": {{ "description": "A note.", {schema} }}"#);
    let required = if required { r#""note""# } else { "" };
    Files::base().event(&Event::new("ping", "Ping").members(&member, required))
}

const TEXT: &str = r#""type": "string""#;
const OPTIONAL_TEXT: &str = r#""type": ["string", "null"]"#;
const OBJECT: &str = r#""type": "object", "title": "Note", "properties": { "a": { "description": "A.", "type": "string" } }, "required": ["a"]"#;

fn color(values: &[&str]) -> Files {
    let values: Vec<_> = values
        .iter()
        .map(|value| format!(r#"{{ "value": "{value}", "description": "A color." }}"#))
        .collect();
    let keywords = format!(r#""type": "string", "x-known-values": [{}]"#, values.join(","));
    Files::base().common("color", "Color", &keywords)
}

#[track_caller]
fn assert_change(old: &Files, new: &Files, impact: Impact, shown: &[&str]) {
    let (worst, lines) = changes(old, new);
    assert_eq!(lines, shown);
    assert_eq!(worst, Some(impact));
}

#[test]
fn equal_schemas_have_no_changes() {
    let files = note(TEXT, true);
    assert_eq!(changes(&files, &files), (None, vec![]));
}

#[test]
fn sources_and_decisions_of_common_files_are_documentation() {
    let base = Files::base();
    let id = "common/event_id.schema.json";
    let sourced = base.clone().edit(id, "2026-11-23", "2026-11-24");
    assert_change(
        &base,
        &sourced,
        Impact::Documentation,
        &["documentation  EventId: description or source changed"],
    );
    let decision = r#"{ "id": "a-name", "about": ["/title"], "documented": "This.", "chosen": "That.", "reason": "So.", "state": "accepted" }"#;
    let decided =
        base.clone().edit(id, "\"x-type\"", &format!("\"x-decisions\": [{decision}], \"x-type\""));
    assert_change(
        &base,
        &decided,
        Impact::Documentation,
        &["documentation  EventId: decisions changed"],
    );
    let envelope = "common/type_envelope.schema.json";
    let described = base.clone().edit(envelope, "About TypeEnvelope.", "About every event.");
    assert_change(
        &base,
        &described,
        Impact::Documentation,
        &["documentation  TypeEnvelope: description or source changed"],
    );
}

#[test]
fn an_optional_member_is_additive_and_a_required_one_breaking() {
    let (base, optional) = (Files::base(), note(OPTIONAL_TEXT, false));
    assert_change(
        &base,
        &optional,
        Impact::Additive,
        &["additive       PING note: member added: optional, string"],
    );
    assert_change(
        &base,
        &note(TEXT, true),
        Impact::Breaking,
        &["breaking       PING note: member added: required, string"],
    );
    assert_change(
        &optional,
        &base,
        Impact::Breaking,
        &["breaking       PING note: member removed"],
    );
}

#[test]
fn a_raw_payload_that_becomes_typed_is_breaking() {
    assert_change(
        &note(r#""x-type": "raw""#, true),
        &note(OBJECT, true),
        Impact::Breaking,
        &[
            "breaking       PING note: type changed from any JSON to Note",
            "additive       Note: type added",
        ],
    );
}

#[test]
fn whether_a_member_may_be_absent_is_part_of_its_type() {
    let (required, optional) = (note(TEXT, true), note(OPTIONAL_TEXT, false));
    let lines = ["breaking       PING note: became optional"];
    assert_change(&required, &optional, Impact::Breaking, &lines);
    let lines = ["breaking       PING note: became required"];
    assert_change(&optional, &required, Impact::Breaking, &lines);
}

#[test]
fn names_may_be_added_and_not_taken_away() {
    let (few, many) = (color(&["red"]), color(&["blue", "red"]));
    let lines = ["additive       Color: known value blue added"];
    assert_change(&few, &many, Impact::Additive, &lines);
    let lines = ["breaking       Color: known value blue removed"];
    assert_change(&many, &few, Impact::Breaking, &lines);

    let wire = |names| Files::base().event(&Event::new("ping", "Ping").wire_types(names));
    assert_change(
        &wire(r#""ping""#),
        &wire(r#""ping", "pinged""#),
        Impact::Additive,
        &["additive       PING: wire type pinged added"],
    );
    assert_change(
        &wire(r#""ping", "pinged""#),
        &wire(r#""pinged", "ping""#),
        Impact::Breaking,
        &["breaking       PING: canonical wire type changed from ping to pinged"],
    );

    let aliased = note(r#""type": "string", "x-aliases": ["remark"]"#, true);
    let lines = ["additive       PING note: alias remark added"];
    assert_change(&note(TEXT, true), &aliased, Impact::Additive, &lines);
}

#[test]
fn what_was_sensitive_must_stay_so() {
    let (open, hidden) = (note(TEXT, true), note(r#""type": "string", "x-sensitive": true"#, true));
    let lines = ["additive       PING note: became sensitive"];
    assert_change(&open, &hidden, Impact::Additive, &lines);
    let lines = ["breaking       PING note: is no longer sensitive"];
    assert_change(&hidden, &open, Impact::Breaking, &lines);
}

#[test]
fn events_may_be_added_and_not_taken_away() {
    let (one, two) = (Files::base(), Files::base().event(&Event::new("pong", "Pong")));
    let lines = ["additive       PONG: event added"];
    assert_change(&one, &two, Impact::Additive, &lines);
    let lines = ["breaking       PONG: event removed"];
    assert_change(&two, &one, Impact::Breaking, &lines);
}

#[test]
fn texts_are_documentation() {
    let files = note(TEXT, true);
    let other = files.clone().edit("events/ping.schema.json", "A note.", "A remark.");
    let lines = ["documentation  PING note: description or source changed"];
    assert_change(&files, &other, Impact::Documentation, &lines);
}

#[test]
fn what_breaks_stands_first() {
    let old = note(TEXT, true).event(&Event::new("pong", "Pong"));
    let new = note(OPTIONAL_TEXT, false)
        .edit("events/ping.schema.json", "A note.", "A remark.")
        .event(&Event::new("peng", "Peng"));
    assert_change(
        &old,
        &new,
        Impact::Breaking,
        &[
            "breaking       PING note: became optional",
            "breaking       PONG: event removed",
            "additive       PENG: event added",
            "documentation  PING note: description or source changed",
        ],
    );
}

#[test]
fn versions_go_up_as_cargo_reads_them() {
    for (version, impact, next) in [
        ("0.1.3", Impact::Documentation, Some("0.1.4")),
        ("0.1.3", Impact::Additive, Some("0.1.4")),
        ("0.1.3", Impact::Breaking, Some("0.2.0")),
        ("1.2.3", Impact::Documentation, Some("1.2.4")),
        ("1.2.3", Impact::Additive, Some("1.3.0")),
        ("1.2.3", Impact::Breaking, Some("2.0.0")),
        ("1.2", Impact::Breaking, None),
        ("1.2.3-rc.1", Impact::Breaking, None),
    ] {
        assert_eq!(bump(version, impact).as_deref(), next, "{version}, {impact}");
    }
}

#[test]
fn a_scaffolded_event_fits_into_the_schemas() {
    let files = scaffold::event("CASE_OPENED", "2026-11-23").expect("the name is one");
    let schemas = corpus::schema_files().into_iter();
    let added = files.iter().filter(|(path, _)| path.starts_with("events/"));
    let set =
        SchemaSet::parse(schemas.chain(added.map(|(path, text)| (path.clone(), text.clone()))))
            .unwrap_or_else(|error| panic!("{error}"));
    let event: &ModelEvent = set.model().event("CASE_OPENED").expect("the event is there");
    assert_eq!(event.title, "CaseOpened");
    assert_eq!(event.status, Status::Wip);
    assert!(event.decisions.iter().all(|decision| !decision.reviewed), "nobody has read them");
    let generated = generate(&set).expect("the schemas generate");
    let path = std::path::Path::new("spektr-types/src/generated/events/case_opened.rs");
    assert!(generated[path].contains("pub data: Option<RawJson>"), "{}", generated[path]);
    // The full example is complete: the others can be derived from it.
    let full = files["examples/case_opened/full.json"].as_str();
    let full: Json = serde_json::from_str(full).expect("the example is JSON");
    derive(set.model(), event, &full).unwrap_or_else(|error| panic!("{error}"));
}

#[test]
fn rejects_names_that_no_event_can_have() {
    for name in
        ["", "case_opened", "CaseOpened", "CASE OPENED", "CASE-OPENED", "1CASE", "MOD", "../X"]
    {
        let error = scaffold::event(name, "2026-11-23").expect_err("the name is none");
        assert!(error.to_string().starts_with(&format!("`{name}` is no event name")), "{error}");
    }
}
