//! Shows the generated code for each feature of the dialect.
//!
//! One snapshot shows the code of the smallest set of schemas in full. Every feature after that is
//! shown as its difference from this code.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use similar::TextDiff;
use spektr_tests::fixtures::{Event, Files};

/// Shows the changes of the generated types if files are added to the smallest set. The embedded
/// schemas repeat the files, so they are left out.
fn changes(files: &Files) -> String {
    let (before, after) = (types(&Files::base()), types(files));
    let names: BTreeSet<_> = before.keys().chain(after.keys()).collect();
    let mut shown = String::new();
    for name in names {
        let text = |files: &BTreeMap<PathBuf, String>| files.get(name).cloned().unwrap_or_default();
        let (old, new) = (text(&before), text(&after));
        if old == new {
            continue;
        }
        if !before.contains_key(name) {
            shown.push_str(&format!("new file {}\n{new}\n", name.display()));
            continue;
        }
        let diff = TextDiff::from_lines(&old, &new);
        let diff = diff.unified_diff().context_radius(2).to_string();
        shown.push_str(&format!("{}\n{diff}\n", name.display()));
    }
    assert!(!shown.is_empty(), "the feature changes nothing");
    shown
}

fn types(files: &Files) -> BTreeMap<PathBuf, String> {
    let mut files = files.generate();
    let embedded = files.keys().filter(|path| path.starts_with("spektr-verify")).count();
    assert_eq!(embedded, 1, "one file embeds the schemas");
    files.retain(|path, _| path.starts_with("spektr-types/src/generated"));
    files
        .into_iter()
        .map(|(path, text)| {
            let name = path.strip_prefix("spektr-types/src/generated").map(PathBuf::from);
            (name.expect("the file is in the folder"), text)
        })
        .collect()
}

/// Returns the smallest set, with members for its event.
fn ping(members: &str, required: &str) -> Files {
    Files::base().event(&Event::new("ping", "Ping").members(members, required))
}

#[test]
fn the_smallest_set_is_generated_as_reviewed() {
    let mut shown = String::new();
    for (path, text) in types(&Files::base()) {
        shown.push_str(&format!("=== {}\n{text}\n", path.display()));
    }
    insta::assert_snapshot!("smallest_set", shown);
}

#[test]
fn plain_members_have_plain_types() {
    let files = ping(
        r#""text": { "description": "A text.", "type": "string" },
        "flag": { "description": "A flag.", "type": "boolean" },
        "count": { "description": "A whole number.", "type": "integer" },
        "ratio": { "description": "Any number.", "type": "number" }"#,
        r#""text", "flag", "count", "ratio""#,
    );
    insta::assert_snapshot!("plain_members", changes(&files));
}

#[test]
fn optional_members_are_options() {
    let files = ping(
        r#""text": { "description": "A text.", "type": ["string", "null"] },
        "count": { "description": "A number.", "type": ["integer", "null"] },
        "workspace": {
            "description": "An id.",
            "anyOf": [{ "$ref": "../common/workspace_id.schema.json" }, { "type": "null" }]
        }"#,
        "",
    );
    insta::assert_snapshot!("optional_members", changes(&files));
}

#[test]
fn fields_stand_in_the_order_of_the_schema_under_names_of_rust() {
    let files = ping(
        r#""zuluTime": { "description": "Last letter first.", "type": "string" },
        "snake_case": { "description": "As it is.", "type": "string" },
        "match": { "description": "A keyword.", "type": "string" },
        "aHTTPCode": { "description": "An acronym.", "type": "string" }"#,
        r#""zuluTime", "snake_case", "match", "aHTTPCode""#,
    );
    insta::assert_snapshot!("names", changes(&files));
}

#[test]
fn an_inline_object_becomes_a_struct_that_is_read_from_objects_only() {
    let files = ping(
        r#""data": {
            "description": "The payload.",
            "type": "object",
            "title": "PingData",
            "properties": {
                "note": { "description": "A note.", "type": "string" },
                "inner": {
                    "description": "More.",
                    "type": ["object", "null"],
                    "title": "PingInner",
                    "properties": { "deep": { "description": "Deep.", "type": "string" } },
                    "required": ["deep"]
                }
            },
            "required": ["note"]
        }"#,
        r#""data""#,
    );
    insta::assert_snapshot!("inline_objects", changes(&files));
}

#[test]
fn lists_of_objects_and_of_lists_are_vectors() {
    let files = Files::base().event(
        &Event::new("ping", "Ping")
            .keywords(
                r##""$defs": {
                    "PingItem": {
                        "title": "PingItem",
                        "description": "An item.",
                        "type": "object",
                        "properties": {
                            "children": {
                                "description": "Items below; a list may hold its own type.",
                                "type": ["array", "null"],
                                "items": { "$ref": "#/$defs/PingItem" }
                            }
                        },
                        "required": []
                    }
                }"##,
            )
            .members(
                r##""items": {
                    "description": "Items.",
                    "type": "array",
                    "items": { "$ref": "#/$defs/PingItem" }
                },
                "table": {
                    "description": "Rows.",
                    "type": "array",
                    "items": { "type": "array", "items": { "type": "number" } }
                }"##,
                r#""items", "table""#,
            ),
    );
    insta::assert_snapshot!("lists", changes(&files));
}

#[test]
fn free_objects_are_maps_and_raw_members_keep_their_text() {
    let files = ping(
        r#""extra": {
            "description": "Anything by key.",
            "type": "object",
            "additionalProperties": true
        },
        "more": {
            "description": "Anything by key, or nothing.",
            "type": ["object", "null"],
            "additionalProperties": true
        },
        "must": { "description": "Any JSON, null included.", "x-type": "raw" },
        "may": { "description": "Any JSON, or none.", "x-type": "raw" }"#,
        r#""extra", "must""#,
    );
    insta::assert_snapshot!("maps_and_raw", changes(&files));
}

#[test]
fn shared_types_are_generated_once() {
    let files = Files::base()
        .common(
            "color",
            "Color",
            r#""type": "string", "x-known-values": [
                { "value": "dark-red", "description": "Dark red." },
                { "value": "BLUE", "description": "Blue." }
            ]"#,
        )
        .common("photo", "PhotoUrl", r#""type": "string", "x-type": "url", "x-sensitive": true"#)
        .common(
            "car",
            "Car",
            r#""type": "object", "properties": {
                "color": { "$ref": "color.schema.json", "description": "Its color." },
                "photo": { "$ref": "photo.schema.json", "description": "Its photo." }
            }, "required": ["color", "photo"]"#,
        )
        .event(&Event::new("ping", "Ping").members(
            r#""car": { "$ref": "../common/car.schema.json", "description": "A car." },
            "colors": {
                "description": "Colors.",
                "type": "array",
                "items": { "$ref": "../common/color.schema.json" }
            }"#,
            r#""car", "colors""#,
        ));
    insta::assert_snapshot!("shared_types", changes(&files));
}

#[test]
fn sensitive_members_are_left_out_of_debug() {
    let files = ping(
        r#""name": { "description": "A name.", "type": "string", "x-sensitive": true },
        "nickname": { "description": "Another.", "type": ["string", "null"], "x-sensitive": true },
        "open": { "description": "No secret.", "type": "string" }"#,
        r#""name", "open""#,
    );
    insta::assert_snapshot!("sensitive_members", changes(&files));
}

#[test]
fn aliases_are_read_and_stand_in_the_catalogue() {
    let files = ping(
        r#""first_name": {
            "description": "A name.",
            "type": "string",
            "x-aliases": ["firstName", "forename"]
        }"#,
        r#""first_name""#,
    );
    insta::assert_snapshot!("aliases", changes(&files));
}

#[test]
fn a_member_documented_elsewhere_says_where() {
    let files = ping(
        r#""note": {
            "description": "A note with [brackets] and <tags>.",
            "type": "string",
            "x-source": { "page": "webhook-signatures", "section": "example event", "captured": "2026-01-02" }
        }"#,
        r#""note""#,
    );
    insta::assert_snapshot!("member_source", changes(&files));
}

#[test]
fn an_expiring_member_has_a_method_that_says_when() {
    let files = ping(
        r#""link": {
            "description": "A link.",
            "type": "string",
            "x-valid-for-seconds": 60
        },
        "data": {
            "description": "The payload.",
            "type": "object",
            "title": "PingData",
            "properties": {
                "reportUrl": {
                    "description": "A report.",
                    "type": ["string", "null"],
                    "x-valid-for-seconds": 3600
                }
            },
            "required": []
        }"#,
        r#""link", "data""#,
    );
    insta::assert_snapshot!("expiring_members", changes(&files));
}

#[test]
fn a_raw_payload_is_a_method_and_a_typed_one_keeps_it_if_asked() {
    let data = |keywords: &str| {
        ping(&format!(r#""data": {{ "description": "The payload.", {keywords} }}"#), "")
    };
    let typed = r#""type": ["object", "null"], "title": "PingData", "x-keeps-raw": true,
        "properties": { "note": { "description": "A note.", "type": "string" } },
        "required": ["note"]"#;
    insta::assert_snapshot!("raw_payload", changes(&data(r#""x-type": "raw""#)));
    insta::assert_snapshot!("typed_payload_that_was_raw", changes(&data(typed)));
}

#[test]
fn an_event_in_progress_and_a_deprecated_one_say_so() {
    let files = Files::base()
        .event(&Event::new("later", "Later").status("wip"))
        .event(&Event::new("old_ping", "OldPing").status("deprecated"));
    insta::assert_snapshot!("statuses", changes(&files));
}

#[test]
fn events_with_one_wire_type_are_told_apart_by_members() {
    let files = Files::base()
        .event(
            &Event::new("ping", "Ping")
                .discriminators(r#""/left""#)
                .members(r#""left": { "description": "Left.", "type": "string" }"#, r#""left""#),
        )
        .event(
            &Event::new("pong", "Pong")
                .wire_types(r#""pong", "ping""#)
                .discriminators(r#""/data/right", "/data/rights""#)
                .members(
                    r#""data": {
                        "description": "The payload.",
                        "type": "object",
                        "title": "PongData",
                        "properties": {
                            "right": { "description": "Right.", "type": "string" },
                            "rights": { "description": "Rights.", "type": ["string", "null"] }
                        },
                        "required": ["right"]
                    }"#,
                    r#""data""#,
                ),
        );
    insta::assert_snapshot!("discriminators", changes(&files));
}

#[test]
fn decisions_stand_in_the_documentation_of_the_event() {
    let files = Files::base().event(&Event::new("ping", "Ping").keywords(
        r#""x-decisions": [{
            "id": "name-of-the-event",
            "about": ["/x-event/name"],
            "documented": "Nothing is said of <events> like this one, which makes for a text that is long enough to be broken.",
            "chosen": "It has a name.",
            "reason": "A [link] would lead nowhere.",
            "state": "unreviewed",
            "explains": [{ "kind": "event_added", "path": "", "was": "nothing", "now": "PING" }]
        }]"#,
    ));
    insta::assert_snapshot!("decisions", changes(&files));
}
