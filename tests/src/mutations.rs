//! States of a small schema folder; each two of them differ.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use spektr_codegen::{SchemaSet, generate};

use crate::api::public_api;
use crate::fixtures::{ENVELOPE, Event, Files, PING};

/// One state of a small schema folder.
pub struct SchemaState {
    /// Name of the state.
    pub name: String,
    /// The schemas.
    pub set: SchemaSet,
    /// The files generated from the schemas.
    pub files: BTreeMap<PathBuf, String>,
    /// The public items of the generated files.
    pub api: BTreeSet<String>,
}

impl SchemaState {
    fn new(name: impl Into<String>, files: &Files) -> Self {
        let name = name.into();
        let set = SchemaSet::parse(files.list()).unwrap_or_else(|error| panic!("{name}: {error}"));
        let files = generate(&set).unwrap_or_else(|error| panic!("{name}: {error}"));
        let api = public_api(&files);
        assert!(api.contains("enum Event"), "{name}: {api:#?}");
        Self { name, set, files, api }
    }
}

const ID: &str = r#""$ref": "../common/case_id.schema.json""#;
const COLOR: &str = r#""$ref": "../common/color.schema.json""#;
const STRUCT: &str = r#""type": "object", "title": "Note", "properties": { "a": { "description": "A.", "type": "string" } }, "required": ["a"]"#;

fn nullable_struct() -> String {
    STRUCT.replacen(r#""type": "object""#, r#""type": ["object", "null"]"#, 1)
}

/// Returns types of a member: a name, and the keywords for a required and for an optional member.
fn types() -> Vec<(&'static str, String, String)> {
    let plain = |ty: &str| (format!(r#""type": "{ty}""#), format!(r#""type": ["{ty}", "null"]"#));
    let reference = |keyword: &str| {
        (keyword.to_owned(), format!(r#""anyOf": [{{ {keyword} }}, {{ "type": "null" }}]"#))
    };
    let nullable = |keywords: &str, ty: &str| {
        let from = format!(r#""type": "{ty}""#);
        let to = format!(r#""type": ["{ty}", "null"]"#);
        (keywords.to_owned(), keywords.replacen(&from, &to, 1))
    };
    let list =
        |items: &str| nullable(&format!(r#""type": "array", "items": {{ {items} }}"#), "array");
    let raw = r#""x-type": "raw""#.to_owned();
    [
        ("string", plain("string")),
        ("boolean", plain("boolean")),
        ("integer", plain("integer")),
        ("number", plain("number")),
        ("id", reference(ID)),
        ("open enum", reference(COLOR)),
        ("struct", nullable(STRUCT, "object")),
        ("map", nullable(r#""type": "object", "additionalProperties": true"#, "object")),
        ("raw", (raw.clone(), raw)),
        ("list of strings", list(r#""type": "string""#)),
        ("list of ids", list(ID)),
    ]
    .into_iter()
    .map(|(name, (required, optional))| (name, required, optional))
    .collect()
}

fn base() -> Files {
    Files::colors(&["red"]).common("case_id", "CaseId", r#""type": "string", "x-type": "id""#)
}

fn with_note(keywords: &str, required: bool) -> Files {
    let member = format!(r#""note": {{ "description": "A note.", {keywords} }}"#);
    let required = if required { r#""note""# } else { "" };
    base().event(&Event::new("ping", "Ping").members(&member, required))
}

/// Returns an event that shares the wire type of `PING`.
fn told_by_cc() -> Event {
    Event::new("pong", "Pong")
        .wire_types(r#""pong", "ping""#)
        .discriminators(r#""/cc""#)
        .members(r#""cc": { "description": "C.", "type": "string" }"#, r#""cc""#)
}

/// Returns states that differ in a member's type, in other properties of a member, and in events
/// and types.
pub fn states() -> Vec<SchemaState> {
    let mut states = vec![SchemaState::new("no member", &base())];
    for (name, required, optional) in types() {
        states.push(SchemaState::new(format!("required {name}"), &with_note(&required, true)));
        states.push(SchemaState::new(format!("optional {name}"), &with_note(&optional, false)));
    }
    let text = |keywords: &str| with_note(&format!(r#""type": "string", {keywords}"#), true);
    let ping = || Event::new("ping", "Ping");
    let wire = |names: &str| base().event(&ping().wire_types(names));
    let two = r#""aa": { "description": "A.", "type": "string" }, "bb": { "description": "B.", "type": "string" }"#;
    let swapped = r#""bb": { "description": "B.", "type": "string" }, "aa": { "description": "A.", "type": "string" }"#;
    let payload = |keywords: &str| {
        let member = format!(r#""data": {{ "description": "The payload.", {keywords} }}"#);
        base().event(&ping().members(&member, ""))
    };
    let typed = nullable_struct();
    let more: [(&str, Files); 26] = [
        ("raw payload", payload(r#""x-type": "raw""#)),
        ("typed payload that was raw", payload(&format!(r#"{typed}, "x-keeps-raw": true"#))),
        ("sensitive member", text(r#""x-sensitive": true"#)),
        ("member with an alias", text(r#""x-aliases": ["remark"]"#)),
        ("member with other aliases", text(r#""x-aliases": ["mark", "remark"]"#)),
        ("member that expires", text(r#""x-valid-for-seconds": 60"#)),
        ("member that expires later", text(r#""x-valid-for-seconds": 90"#)),
        ("struct with another member", with_note(&STRUCT.replace("\"a\"", "\"b\""), true)),
        ("struct of another name", with_note(&STRUCT.replace("Note", "Remark"), true)),
        (
            "two members, and an event of the same wire type",
            base()
                .event(&ping().members(two, r#""aa", "bb""#).discriminators(r#""/bb""#))
                .event(&told_by_cc()),
        ),
        ("two members", base().event(&ping().members(two, r#""aa", "bb""#))),
        ("two members in another order", base().event(&ping().members(swapped, r#""aa", "bb""#))),
        (
            "two members that tell the event",
            base()
                .event(&ping().members(two, r#""aa", "bb""#).discriminators(r#""/aa""#))
                .event(&told_by_cc()),
        ),
        ("second event", base().event(&Event::new("pong", "Pong"))),
        ("second event instead", base().without(PING).event(&Event::new("pong", "Pong"))),
        ("event's type renamed", base().event(&Event::new("ping", "Pinged"))),
        ("in progress", base().event(&ping().status("wip"))),
        ("deprecated", base().event(&ping().status("deprecated"))),
        ("another wire type", wire(r#""pinged""#)),
        ("one more wire type", wire(r#""ping", "pinged""#)),
        ("wire types the other way round", wire(r#""pinged", "ping""#)),
        (
            "one more value",
            Files::colors(&["red", "blue"]).common(
                "case_id",
                "CaseId",
                r#""type": "string", "x-type": "id""#,
            ),
        ),
        (
            "another value",
            Files::colors(&["blue"]).common(
                "case_id",
                "CaseId",
                r#""type": "string", "x-type": "id""#,
            ),
        ),
        (
            "URL instead of id",
            Files::colors(&["red"]).common(
                "case_id",
                "CaseId",
                r#""type": "string", "x-type": "url""#,
            ),
        ),
        ("one type less", Files::colors(&["red"])),
        (
            "sensitive member of the envelope",
            base().edit(
                ENVELOPE,
                r#""description": "The customer.""#,
                r#""description": "The customer.", "x-sensitive": true"#,
            ),
        ),
    ];
    states.extend(more.iter().map(|(name, files)| SchemaState::new(*name, files)));
    states
}
