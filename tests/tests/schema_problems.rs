//! What is wrong with a schema is said with file, pointer and remedy: one case
//! per rule of the dialect, each of which breaks that rule only.

use proptest::prelude::*;
use serde_json::{Value, json};
use spektr_codegen::{
    Named, Nullability, Problem, ProblemKind, Required, SchemaSet, generate, reference,
};
use spektr_tests::corpus;
use spektr_tests::fixtures::{BATCH, ENVELOPE, Event, Files, OTHER_ENVELOPE, PING};

/// Returns the smallest set with one more member of its event.
fn note(keywords: &str) -> Files {
    let member = format!(r#""note": {{ "description": "A note.", {keywords} }}"#);
    Files::base().event(&Event::new("ping", "Ping").members(&member, r#""note""#))
}

fn optional_note(keywords: &str) -> Files {
    let member = format!(r#""note": {{ "description": "A note.", {keywords} }}"#);
    Files::base().event(&Event::new("ping", "Ping").members(&member, ""))
}

fn decision(about: &str) -> Files {
    decisions(&format!(
        r#"{{ "id": "a-name", "about": [{about}], "documented": "This.", "chosen": "That.", "reason": "So.", "state": "accepted" }}"#
    ))
}

fn decisions(list: &str) -> Files {
    let keywords = format!(r#""x-decisions": [{list}]"#);
    Files::base().event(&Event::new("ping", "Ping").keywords(&keywords))
}

fn discriminated(module: &str, title: &str, wire_types: &str, member: &str) -> Event {
    Event::new(module, title)
        .wire_types(wire_types)
        .discriminators(&format!(r#""/{member}""#))
        .members(
            &format!(r#""{member}": {{ "description": "A member.", "type": "string" }}"#),
            &format!(r#""{member}""#),
        )
}

/// Returns two objects of `common/` with a member each that holds the other.
fn two_objects(from_one: &str, from_other: &str) -> Files {
    let object = |member: &str| {
        format!(
            r#""type": "object", "properties": {{ "next": {{ "description": "The next.", {member} }} }}, "required": []"#
        )
    };
    Files::base().common("one", "One", &object(from_one)).common(
        "other",
        "Other",
        &object(from_other),
    )
}

fn keyword(name: &str) -> ProblemKind {
    ProblemKind::Keyword(name.to_owned())
}

fn wrong_value(expected: &str, found: &str) -> ProblemKind {
    ProblemKind::WrongValue { expected: expected.to_owned(), found: found.to_owned() }
}

fn duplicate(named: Named, name: &str, other: &str) -> ProblemKind {
    ProblemKind::Duplicate { named, name: name.to_owned(), other: other.to_owned() }
}

fn not_a_name(named: Named, name: &str) -> ProblemKind {
    ProblemKind::NotAnIdentifier { named, name: name.to_owned() }
}

/// Returns the smallest set with keywords added to a member of a file.
fn with_keywords(file: &str, member: &str, keywords: &str) -> Files {
    let start = format!("\"{member}\": {{");
    Files::base().edit(file, &start, &format!("{start} {keywords},"))
}

/// A rule, a set of files that breaks it, and the problems that are expected.
struct Case {
    name: &'static str,
    files: fn() -> Files,
    expected: fn() -> Vec<(&'static str, &'static str, ProblemKind)>,
}

/// Makes a test of each case, and a list of all.
macro_rules! cases {
    ($($name:ident: $files:expr => [$($expected:expr),+];)+) => {
        const CASES: &[Case] = &[$(Case {
            name: stringify!($name),
            files: || $files,
            expected: || vec![$($expected),+],
        }),+];

        mod rule {
            $(
                #[test]
                fn $name() {
                    super::check(stringify!($name));
                }
            )+
        }
    };
}

fn check(name: &str) {
    let case = CASES.iter().find(|case| case.name == name).expect("the case is in the list");
    let problems = (case.files)().problems();
    let found: Vec<_> = problems.iter().map(parts).collect();
    assert_eq!(found, (case.expected)(), "{problems}");
}

fn parts(problem: &Problem) -> (&str, &str, ProblemKind) {
    (&problem.file, &problem.pointer, problem.kind.clone())
}

cases! {
    // Files.
    rejects_a_file_that_is_not_json:
        Files::base().edit(PING, "\"title\"", "title")
        => [(PING, "", ProblemKind::NotJson("key must be a string at line 4 column 17".into()))];
    rejects_a_member_that_stands_twice:
        Files::base().edit(PING, "\"title\": \"Ping\",", "\"title\": \"Ping\", \"title\": \"Ping\",")
        => [(PING, "", ProblemKind::NotJson("member `title` stands here twice at line 4 column 48".into()))];
    rejects_a_file_with_a_byte_order_mark:
        Files::base().edit(PING, "{\n                \"$schema\"", "\u{feff}{\n                \"$schema\"")
        => [(PING, "", ProblemKind::NotJson("a byte order mark stands before it".into()))];
    rejects_a_file_whose_name_another_could_hide:
        Files::base().common("Other", "Other", r#""type": "string", "x-type": "id""#)
        => [("common/Other.schema.json", "", not_a_name(Named::File, "Other"))];
    rejects_a_file_in_another_folder:
        Files::base().file("events/old/ping.schema.json", "{}")
        => [("events/old/ping.schema.json", "", ProblemKind::Misplaced)];
    rejects_a_file_that_is_no_object:
        Files::base().file("common/a.schema.json", "[]")
        => [("common/a.schema.json", "", ProblemKind::Missing("$schema")),
            ("common/a.schema.json", "", ProblemKind::Missing("$id")),
            ("common/a.schema.json", "", ProblemKind::Missing("title")),
            ("common/a.schema.json", "", ProblemKind::MissingDescription),
            ("common/a.schema.json", "", ProblemKind::Missing("x-source"))];
    rejects_a_set_without_the_envelope:
        Files::base().without(ENVELOPE)
        => [(ENVELOPE, "", ProblemKind::MissingFile(Required::TypeEnvelope))];
    rejects_another_draft:
        Files::base().edit(PING, "draft/2020-12", "draft/2019-09")
        => [(PING, "/$schema", wrong_value("`https://json-schema.org/draft/2020-12/schema`", "https://json-schema.org/draft/2019-09/schema"))];
    rejects_an_id_that_is_not_the_path:
        Files::base().edit(PING, "events/ping.schema.json", "events/pong.schema.json")
        => [(PING, "/$id", wrong_value(
            "`https://spektr-webhooks.invalid/schema/events/ping.schema.json`",
            "https://spektr-webhooks.invalid/schema/events/pong.schema.json"))];
    rejects_a_file_without_title:
        Files::base().edit("common/event_id.schema.json", "\"title\": \"EventId\",", "")
        => [("common/event_id.schema.json", "", ProblemKind::Missing("title"))];
    rejects_a_file_without_description:
        Files::base().edit(PING, "\"description\": \"About Ping.\",", "")
        => [(PING, "", ProblemKind::MissingDescription)];
    rejects_a_file_without_source:
        Files::base().edit("common/event_id.schema.json", "\"x-source\"", "\"$comment\"")
        => [("common/event_id.schema.json", "", ProblemKind::Missing("x-source"))];
    rejects_a_date_in_another_form:
        Files::base().edit(PING, "2026-11-23", "23.11.2026")
        => [(PING, "/x-source/captured", wrong_value("a date as `2026-11-23`", "23.11.2026"))];
    rejects_a_date_that_is_none:
        Files::base().edit(PING, "2026-11-23", "2026-13-01")
        => [(PING, "/x-source/captured", wrong_value("a date as `2026-11-23`", "2026-13-01"))];

    // Events.
    rejects_an_event_whose_name_is_not_its_file_s:
        Files::base().edit(PING, "\"PING\", \"status\"", "\"PONG\", \"status\"")
        => [(PING, "/x-event/name", wrong_value("`PING`, as the file's name has it", "PONG"))];
    rejects_an_event_whose_file_cannot_be_a_module:
        Files::base().event(&Event::new("foo-bar", "FooBar")).edit("events/foo-bar.schema.json", "\"FOO-BAR\"", "\"FOO_BAR\"")
        => [("events/foo-bar.schema.json", "", not_a_name(Named::File, "foo-bar"))];
    rejects_json_that_is_kept_of_anything_but_a_payload_with_members:
        Files::base().event(&Event::new("ping", "Ping").members(
            r#""data": { "description": "D.", "x-type": "raw", "x-keeps-raw": true },
            "note": {
                "description": "N.", "type": "object", "title": "Note", "x-keeps-raw": true, "required": ["data"],
                "properties": { "data": { "description": "D.", "type": "string", "x-keeps-raw": true } }
            }"#,
            r#""note""#,
        ))
        => [
            (PING, "/properties/data/x-keeps-raw", keyword("x-keeps-raw")),
            (PING, "/properties/note/properties/data/x-keeps-raw", keyword("x-keeps-raw")),
            (PING, "/properties/note/x-keeps-raw", keyword("x-keeps-raw"))
        ];
    rejects_an_event_that_is_no_object:
        Files::base().edit(PING, "\"type\": \"object\"", "\"type\": \"string\"")
        => [(PING, "/type", wrong_value("one of `object`", "string"))];
    rejects_a_closed_envelope:
        Files::base().edit(ENVELOPE, "\"x-envelope\": \"type\"", "\"x-envelope\": \"type\", \"additionalProperties\": false")
        => [(ENVELOPE, "/additionalProperties", keyword("additionalProperties"))];
    rejects_a_status_that_is_none:
        Files::base().event(&Event::new("ping", "Ping").status("soon"))
        => [(PING, "/x-event/status", wrong_value("one of `available`, `wip`, `deprecated`", "soon"))];
    rejects_an_event_without_wire_type:
        Files::base().event(&Event::new("ping", "Ping").wire_types(""))
        => [(PING, "/properties/type", ProblemKind::Missing("enum"))];
    rejects_an_event_of_another_envelope:
        Files::base().edit(PING, "../common/type_envelope", "../common/event_type_envelope")
        => [(PING, "/$ref", wrong_value("`../common/type_envelope.schema.json`", "../common/event_type_envelope.schema.json"))];
    rejects_an_envelope_that_lacks_a_member:
        Files::base().edit(ENVELOPE, "\"createdAt\": {", "\"made\": {").edit(ENVELOPE, ", \"createdAt\"]", ", \"made\"]")
        => [(ENVELOPE, "", ProblemKind::Missing("createdAt"))];
    rejects_a_member_that_the_envelope_has:
        Files::base().event(&Event::new("ping", "Ping").members(
            r#""created_at": { "description": "Again.", "type": "number" }"#, r#""created_at""#))
        => [(PING, "/properties/created_at", duplicate(Named::Member, "created_at", "`createdAt` of the envelope"))];
    rejects_a_member_that_every_entry_has:
        Files::base().event(&Event::new("ping", "Ping").members(
            r#""timestamp": { "description": "Again.", "type": "number" }, "wireType": { "description": "Again.", "type": "string" }"#,
            r#""timestamp", "wireType""#))
        => [(PING, "/properties/timestamp", duplicate(Named::Member, "timestamp", "`timestamp` of the other envelope")),
            (PING, "/properties/wireType", duplicate(Named::Member, "wireType", "the field of the wire type"))];
    rejects_an_alias_that_the_envelope_has:
        note(r#""type": "string", "x-aliases": ["spektrId"]"#)
        => [(PING, "/properties/note/x-aliases/0", duplicate(Named::Alias, "spektrId", "`spektrId` of the envelope"))];

    rejects_members_of_names_that_differ_in_what_no_name_can_have:
        Files::base().event(&Event::new("ping", "Ping").members(
            r#""riskScore": { "description": "A.", "type": "string" }, "risk-score": { "description": "B.", "type": "string" }"#,
            r#""riskScore", "risk-score""#))
        => [(PING, "/properties/risk-score", duplicate(Named::Member, "risk-score", "`riskScore`"))];
    rejects_an_alias_that_another_member_has:
        Files::base().event(&Event::new("ping", "Ping").members(
            r#""note": { "description": "A.", "type": "string" }, "memo": { "description": "B.", "type": "string", "x-aliases": ["remark", "note"] }"#,
            r#""note", "memo""#))
        => [(PING, "/properties/memo/x-aliases/1", duplicate(Named::Alias, "note", "`note`"))];

    // Envelopes and batch.
    rejects_a_set_without_the_other_envelope_and_the_batch:
        Files::base().without(OTHER_ENVELOPE).without(BATCH)
        => [(BATCH, "", ProblemKind::MissingFile(Required::Batch)),
            (OTHER_ENVELOPE, "", ProblemKind::MissingFile(Required::EventTypeEnvelope))];
    rejects_a_keyword_on_the_results_of_a_batch:
        with_keywords(BATCH, "results", r#""x-sensitive": true, "nonsense": 1"#)
        => [(BATCH, "/properties/results/nonsense", keyword("nonsense")),
            (BATCH, "/properties/results/x-sensitive", keyword("x-sensitive"))];
    rejects_another_member_of_a_batch:
        Files::base().edit(BATCH, "\"results\": {", "\"page\": { \"description\": \"A page.\", \"type\": \"integer\" }, \"results\": {")
        => [(BATCH, "/properties/page", keyword("page"))];
    rejects_a_batch_of_one_envelope:
        Files::base().edit(BATCH, "{ \"$ref\": \"type_envelope.schema.json\" },", "")
        => [(BATCH, "/properties/results/items/anyOf", wrong_value(
            "references to the two envelopes, that with `type` first", "common/event_type_envelope.schema.json"))];
    rejects_a_batch_whose_results_may_be_missing:
        Files::base().edit(BATCH, "\"required\": [\"results\"]", "\"required\": []")
        => [(BATCH, "/required", wrong_value("`[\"results\"]`", "[]"))];
    rejects_a_keyword_on_a_member_of_the_other_envelope:
        with_keywords(OTHER_ENVELOPE, "eventType", r#""nonsense": 1, "x-valid-for-seconds": 5"#)
        => [(OTHER_ENVELOPE, "/properties/eventType/nonsense", keyword("nonsense")),
            (OTHER_ENVELOPE, "/properties/eventType/x-valid-for-seconds", keyword("x-valid-for-seconds"))];
    rejects_a_flag_that_the_type_envelope_has_to_carry:
        with_keywords(OTHER_ENVELOPE, "spektrId", r#""x-sensitive": true"#)
        => [(OTHER_ENVELOPE, "/properties/spektrId/x-sensitive", keyword("x-sensitive"))];
    rejects_an_expiry_of_a_member_of_the_envelope:
        with_keywords(ENVELOPE, "spektrId", r#""x-valid-for-seconds": 5"#)
        => [(ENVELOPE, "/properties/spektrId/x-valid-for-seconds", keyword("x-valid-for-seconds"))];
    rejects_a_member_that_only_the_other_envelope_has:
        Files::base().edit(OTHER_ENVELOPE, "\"eventType\": {", "\"version\": { \"description\": \"A version.\", \"type\": [\"integer\", \"null\"] }, \"eventType\": {")
        => [(OTHER_ENVELOPE, "/properties/version", keyword("version"))];
    rejects_envelopes_that_differ_in_what_they_share:
        Files::base().edit(OTHER_ENVELOPE, "\"timestamp\", \"spektrId\"]", "\"timestamp\"]")
            .edit(OTHER_ENVELOPE, "\"spektrId\": { \"$ref\": \"spektr_id.schema.json\", \"description\": \"The customer.\" }",
                "\"spektrId\": { \"description\": \"The customer.\", \"anyOf\": [{ \"$ref\": \"spektr_id.schema.json\" }, { \"type\": \"null\" }] }")
        => [(OTHER_ENVELOPE, "/properties/spektrId", ProblemKind::EnvelopesDiffer("spektrId".into()))];
    rejects_an_alias_in_an_envelope_that_is_the_name_of_another_member_there_or_of_the_batch:
        with_keywords(OTHER_ENVELOPE, "timestamp", r#""x-aliases": ["time", "type"]"#)
            .edit(ENVELOPE, "\"createdAt\": {", "\"createdAt\": { \"x-aliases\": [\"time\"],")
            .edit(BATCH, "\"results\": {", "\"results\": { \"x-aliases\": [\"events\", \"data\"],")
        => [(BATCH, "/properties/results/x-aliases/1", duplicate(Named::Alias, "data", "`data` of the other envelope")),
            (OTHER_ENVELOPE, "/properties/timestamp/x-aliases/0", duplicate(Named::Alias, "time", "`createdAt` of the envelope")),
            (OTHER_ENVELOPE, "/properties/timestamp/x-aliases/1", duplicate(Named::Alias, "type", "`type` of the envelope"))];
    rejects_an_alias_that_only_one_of_the_envelopes_has:
        Files::base().edit(ENVELOPE, "\"spektrId\": {", "\"spektrId\": { \"x-aliases\": [\"customerId\"],")
        => [(OTHER_ENVELOPE, "/properties/spektrId", ProblemKind::EnvelopesDiffer("spektrId".into()))];
    rejects_a_member_with_the_envelopes_other_name_for_the_payload:
        with_keywords(OTHER_ENVELOPE, "data", r#""x-aliases": ["payload"]"#).event(&Event::new("ping", "Ping").members(
            r#""payload": { "description": "A.", "type": ["string", "null"] }, "data": { "description": "B.", "x-type": "raw", "x-aliases": ["payload"] }"#, ""))
        => [(PING, "/properties/data/x-aliases/0", duplicate(Named::Alias, "payload", "`payload`")),
            (PING, "/properties/payload", duplicate(Named::Member, "payload", "`data` of the other envelope"))];
    rejects_a_keyword_on_the_elements_of_a_list:
        note(r#""type": "array", "items": { "type": "string", "x-aliases": ["memo"], "x-sensitive": true }"#)
        => [(PING, "/properties/note/items/x-aliases", keyword("x-aliases")),
            (PING, "/properties/note/items/x-sensitive", keyword("x-sensitive"))];
    rejects_a_flag_on_an_id_from_which_nothing_follows:
        Files::base().common("other", "OtherId", r#""type": "string", "x-type": "id", "x-sensitive": true"#)
        => [("common/other.schema.json", "/x-sensitive", keyword("x-sensitive"))];

    // Wire types.
    rejects_a_wire_type_of_two_events:
        Files::base().event(&Event::new("pong", "Pong").wire_types(r#""pong", "PING""#))
        => [("events/pong.schema.json", "/properties/type/enum/1", duplicate(Named::WireType, "PING", PING))];
    rejects_a_wire_type_that_stands_twice:
        Files::base().event(&Event::new("ping", "Ping").wire_types(r#""ping", "Ping""#))
        => [(PING, "/properties/type/enum/1", duplicate(Named::WireType, "Ping", "the same event"))];
    rejects_two_events_that_own_one_wire_type:
        Files::base()
            .event(&discriminated("ping", "Ping", r#""same""#, "left"))
            .event(&discriminated("pong", "Pong", r#""same""#, "right"))
        => [("events/pong.schema.json", "/properties/type/enum/0", duplicate(Named::WireType, "same", PING))];
    rejects_two_events_of_which_none_owns_their_wire_type:
        Files::base()
            .event(&discriminated("ping", "Ping", r#""ping", "same""#, "left"))
            .event(&discriminated("pong", "Pong", r#""pong", "same""#, "right"))
        => [("events/pong.schema.json", "/properties/type/enum/1", duplicate(Named::WireType, "same", PING))];
    rejects_discriminators_that_overlap:
        Files::base()
            .event(&discriminated("ping", "Ping", r#""ping""#, "left"))
            .event(&discriminated("pong", "Pong", r#""pong", "ping""#, "left"))
        => [("events/pong.schema.json", "/properties/type/enum/1", ProblemKind::OverlappingDiscriminators {
            wire_type: "ping".into(), other: PING.into(), discriminator: "/left".into() })];
    rejects_a_discriminator_that_the_other_event_has_too: {
        let both = r#""left": { "description": "A.", "type": "string" }, "right": { "description": "B.", "type": "string" }"#;
        Files::base()
            .event(&discriminated("ping", "Ping", r#""ping""#, "left").members(both, r#""left", "right""#))
            .event(&discriminated("pong", "Pong", r#""pong", "ping""#, "right"))
    } => [("events/pong.schema.json", "/properties/type/enum/1", ProblemKind::OverlappingDiscriminators {
            wire_type: "ping".into(), other: PING.into(), discriminator: "/right".into() })];
    rejects_a_discriminator_that_leads_nowhere:
        Files::base().event(&Event::new("ping", "Ping").discriminators(r#""/data/tag""#))
        => [(PING, "/x-event/discriminators/0", ProblemKind::DanglingPointer { what: "the discriminator", pointer: "/data/tag".into() })];

    // Names.
    rejects_a_title_of_two_types:
        Files::base().common("other", "Ping", r#""type": "string", "x-type": "id""#)
        => [("common/other.schema.json", "/title", duplicate(Named::Type, "Ping", "events/ping.schema.json#/title"))];
    rejects_a_title_of_an_inline_object_that_is_taken:
        note(r#""type": "object", "title": "EventId", "properties": { "a": { "description": "A.", "type": "string" } }, "required": ["a"]"#)
        => [(PING, "/properties/note/title", duplicate(Named::Type, "EventId", "common/event_id.schema.json#/title"))];
    rejects_a_title_that_is_no_rust_name:
        Files::base().common("other", "Other-Id", r#""type": "string", "x-type": "id""#)
        => [("common/other.schema.json", "/title", not_a_name(Named::Type, "Other-Id"))];
    rejects_a_title_with_an_acronym_in_capitals:
        Files::base().common("check", "KYCCheck", r#""type": "string", "x-type": "id""#)
        => [("common/check.schema.json", "/title", not_a_name(Named::Type, "KYCCheck"))];
    rejects_a_member_that_is_no_rust_name:
        Files::base().event(&Event::new("ping", "Ping").members(
            r#""the first": { "description": "The first.", "type": "string" }"#, r#""the first""#))
        => [(PING, "/properties/the first", not_a_name(Named::Member, "the first"))];
    rejects_members_that_become_one_field:
        Files::base().event(&Event::new("ping", "Ping").members(
            r#""userId": { "description": "A.", "type": "string" }, "user_id": { "description": "B.", "type": "string" }"#,
            r#""userId", "user_id""#))
        => [(PING, "/properties/user_id", duplicate(Named::Member, "user_id", "`userId`"))];
    rejects_a_title_that_the_crate_uses_itself:
        Files::base().common("entry", "Entry", r#""type": "string", "x-type": "id""#)
        => [("common/entry.schema.json", "/title", ProblemKind::ReservedName("Entry".into()))];
    rejects_a_title_that_generated_files_import:
        Files::base().common("tag", "Tag", r#""type": "string", "x-type": "id""#)
        => [("common/tag.schema.json", "/title", ProblemKind::ReservedName("Tag".into()))];
    rejects_a_title_that_generated_functions_use:
        Files::base().common("key", "Key", r#""type": "string", "x-type": "id""#)
        => [("common/key.schema.json", "/title", ProblemKind::ReservedName("Key".into()))];
    rejects_titles_that_would_hide_the_prelude:
        Files::base()
            .event(&Event::new("clone", "Clone"))
            .event(&Event::new("into_iterator", "IntoIterator"))
            .common("string", "String", r#""type": "string", "x-type": "id""#)
        => [("common/string.schema.json", "/title", ProblemKind::ReservedName("String".into())),
            ("events/clone.schema.json", "/title", ProblemKind::ReservedName("Clone".into())),
            ("events/into_iterator.schema.json", "/title", ProblemKind::ReservedName("IntoIterator".into()))];
    rejects_the_title_of_an_envelope:
        Files::base().common("a", "TypeEnvelope", r#""type": "string", "x-type": "id""#)
        => [("common/a.schema.json", "/title", duplicate(Named::Type, "TypeEnvelope", "common/type_envelope.schema.json#/title"))];
    rejects_an_event_titled_like_the_unknown_one:
        Files::base().event(&Event::new("unknown", "Unknown"))
        => [("events/unknown.schema.json", "/title", ProblemKind::ReservedName("Unknown".into()))];

    // Members.
    rejects_a_keyword_outside_of_the_dialect:
        note(r#""type": "string", "maxLength": 3"#)
        => [(PING, "/properties/note/maxLength", keyword("maxLength"))];
    rejects_a_closed_object:
        Files::base().event(&Event::new("ping", "Ping").keywords(r#""additionalProperties": false"#))
        => [(PING, "/additionalProperties", keyword("additionalProperties"))];
    rejects_a_closed_free_object:
        note(r#""type": "object", "additionalProperties": false"#)
        => [(PING, "/properties/note/additionalProperties", ProblemKind::WrongType { expected: "true", found: "false" })];
    rejects_a_free_object_that_does_not_say_so:
        note(r#""type": "object""#)
        => [(PING, "/properties/note", ProblemKind::Missing("additionalProperties"))];
    rejects_a_closed_enum:
        note(r#""type": "string", "enum": ["a", "b"]"#)
        => [(PING, "/properties/note/enum", keyword("enum"))];
    rejects_alternatives:
        note(r#""anyOf": [{ "type": "string" }, { "type": "number" }]"#)
        => [(PING, "/properties/note/anyOf", ProblemKind::UnknownForm)];
    rejects_a_schema_of_no_form:
        note(r#""x-sensitive": true"#)
        => [(PING, "/properties/note", ProblemKind::UnknownForm)];
    rejects_a_type_of_three:
        note(r#""type": ["string", "number", "null"]"#)
        => [(PING, "/properties/note/type", wrong_value("a pair of a type and `null`", "string, number, null"))];
    rejects_a_list_of_anything:
        note(r#""type": "array""#)
        => [(PING, "/properties/note", ProblemKind::Missing("items"))];
    rejects_a_list_with_null_in_it:
        note(r#""type": "array", "items": { "type": ["string", "null"] }"#)
        => [(PING, "/properties/note/items", ProblemKind::Nullability(Nullability::NullableElement))];
    rejects_a_member_without_description:
        note(r#""type": "string""#).edit(PING, "A note.", " ")
        => [(PING, "/properties/note", ProblemKind::MissingDescription)];
    rejects_a_reference_that_leads_nowhere:
        note(r#""$ref": "../common/nothing.schema.json""#)
        => [(PING, "/properties/note/$ref", ProblemKind::DanglingRef("../common/nothing.schema.json".into()))];
    rejects_a_reference_that_leaves_the_folder:
        note(r#""$ref": "../../common/event_id.schema.json""#)
        => [(PING, "/properties/note/$ref", ProblemKind::DanglingRef("../../common/event_id.schema.json".into()))];
    rejects_an_alias_that_is_the_name_and_one_that_stands_twice:
        note(r#""type": "string", "x-aliases": ["note", "memo", "memo"]"#)
        => [(PING, "/properties/note/x-aliases/0", duplicate(Named::Alias, "note", "the member itself")),
            (PING, "/properties/note/x-aliases/2", duplicate(Named::Text, "memo", "another element of this list"))];
    rejects_a_reference_to_a_definition_of_another_event: {
        let item = r#""$defs": { "Item": { "title": "Item", "description": "An item.", "type": "object",
            "properties": { "a": { "description": "A.", "type": "string" } }, "required": ["a"] } }"#;
        note(r#""$ref": "pong.schema.json#/$defs/Item""#).event(&Event::new("pong", "Pong").keywords(item))
    } => [(PING, "/properties/note/$ref", ProblemKind::DanglingRef("pong.schema.json#/$defs/Item".into()))];
    rejects_a_reference_to_another_event:
        note(r#""$ref": "ping.schema.json""#)
        => [(PING, "/properties/note/$ref", ProblemKind::DanglingRef("ping.schema.json".into()))];
    rejects_a_member_that_is_required_and_nullable:
        note(r#""type": ["string", "null"]"#)
        => [(PING, "/properties/note", ProblemKind::Nullability(Nullability::RequiredAndNullable))];
    rejects_a_member_that_is_optional_and_never_null:
        optional_note(r#""type": "string""#)
        => [(PING, "/properties/note", ProblemKind::Nullability(Nullability::OptionalAndNeverNull))];
    rejects_a_required_member_that_does_not_exist:
        Files::base().event(&Event::new("ping", "Ping").members(
            r#""note": { "description": "A note.", "type": "string" }"#, r#""note", "nothing""#))
        => [(PING, "/required/1", ProblemKind::RequiredUnknown("nothing".into()))];
    rejects_an_object_without_members:
        note(r#""type": "object", "title": "Empty", "properties": {}, "required": []"#)
        => [(PING, "/properties/note/properties", ProblemKind::WrongType { expected: "at least one member", found: "an empty object" })];
    rejects_a_time_that_is_no_number_of_seconds:
        note(r#""type": "string", "x-valid-for-seconds": -1"#)
        => [(PING, "/properties/note/x-valid-for-seconds", wrong_value("a whole number of seconds", "-1"))];
    rejects_two_expiring_members_of_one_name:
        note(r#""type": "object", "title": "Inner", "properties": {
            "url": { "description": "An address.", "type": "string", "x-valid-for-seconds": 1 } }, "required": ["url"]"#)
            .edit(PING, "\"note\": {", "\"url\": { \"description\": \"An address.\", \"type\": [\"string\", \"null\"], \"x-valid-for-seconds\": 1 }, \"note\": {")
        => [(PING, "", duplicate(Named::ExpiringMember, "url", "another expiring member of this event"))];
    rejects_a_flag_that_is_a_text:
        note(r#""type": "string", "x-sensitive": "yes""#)
        => [(PING, "/properties/note/x-sensitive", ProblemKind::WrongType { expected: "true or false", found: "string" })];

    // Types.
    rejects_known_values_that_become_one_variant:
        Files::base().common("color", "Color", r#""type": "string", "x-known-values": [
            { "value": "dark-red", "description": "One." }, { "value": "DARK_RED", "description": "Other." }]"#)
        => [("common/color.schema.json", "/x-known-values/1", duplicate(Named::KnownValue, "DARK_RED", "another value of this list"))];
    rejects_a_known_value_that_is_no_rust_name:
        Files::base().common("color", "Color", r#""type": "string", "x-known-values": [{ "value": "3d", "description": "One." }]"#)
        => [("common/color.schema.json", "/x-known-values/0", not_a_name(Named::KnownValue, "3d"))];
    rejects_an_id_that_is_no_string:
        Files::base().common("number", "NumberId", r#""type": "integer", "x-type": "id""#)
        => [("common/number.schema.json", "/type", wrong_value("`\"string\"`", "\"integer\""))];
    rejects_a_definition_whose_key_is_not_its_title:
        Files::base().event(&Event::new("ping", "Ping").keywords(
            r#""$defs": { "Item": { "title": "PingItem", "description": "An item.", "type": "object", "properties": { "a": { "description": "A.", "type": "string" } }, "required": ["a"] } }"#))
        => [(PING, "/$defs/Item/title", wrong_value("the definition's key `Item`", "PingItem"))];
    rejects_definitions_that_are_no_object:
        Files::base().event(&Event::new("ping", "Ping").keywords(r#""$defs": []"#))
        => [(PING, "/$defs", ProblemKind::WrongType { expected: "an object", found: "array" })];
    rejects_a_type_that_contains_itself:
        Files::base().common("one", "One", r#""type": "object", "properties": {
            "next": { "description": "The next.", "anyOf": [{ "$ref": "one.schema.json" }, { "type": "null" }] } }, "required": []"#)
        => [("common/one.schema.json", "", ProblemKind::Cycle("One".into()))];
    rejects_types_that_contain_each_other:
        two_objects(
            r#""anyOf": [{ "$ref": "other.schema.json" }, { "type": "null" }]"#,
            r#""anyOf": [{ "$ref": "one.schema.json" }, { "type": "null" }]"#)
        => [("common/one.schema.json", "", ProblemKind::Cycle("Other".into())), ("common/other.schema.json", "", ProblemKind::Cycle("One".into()))];

    // Decisions.
    rejects_a_decision_about_something_that_is_gone:
        decision(r#""/title", "/properties/gone""#)
        => [(PING, "/x-decisions/0/about/1", ProblemKind::DanglingPointer { what: "the decision", pointer: "/properties/gone".into() })];
    rejects_each_element_of_a_list_at_its_own_place:
        decision(r#"7, "/gone""#)
        => [(PING, "/x-decisions/0/about/0", ProblemKind::WrongType { expected: "a string", found: "number" }),
            (PING, "/x-decisions/0/about/1", ProblemKind::DanglingPointer { what: "the decision", pointer: "/gone".into() })];
    rejects_a_decision_about_nothing:
        decision("")
        => [(PING, "/x-decisions/0", ProblemKind::Missing("about"))];
    rejects_a_decision_that_is_named_in_another_style:
        decision(r#""/title""#).edit(PING, "a-name", "aName")
        => [(PING, "/x-decisions/0/id", wrong_value("lower-case words joined by hyphens", "aName"))];
    rejects_a_decision_without_reason:
        decision(r#""/title""#).edit(PING, "\"reason\": \"So.\",", "")
        => [(PING, "/x-decisions/0", ProblemKind::Missing("reason"))];
    rejects_an_explanation_that_is_no_list:
        decision(r#""/title""#).edit(PING, "\"state\": \"accepted\"", "\"state\": \"accepted\", \"explains\": \"all\"")
        => [(PING, "/x-decisions/0/explains", ProblemKind::WrongType { expected: "a list", found: "string" })];
    rejects_an_explanation_with_a_number:
        decision(r#""/title""#).edit(PING, "\"state\": \"accepted\"", "\"state\": \"accepted\", \"explains\": [{ \"kind\": \"member_added\", \"path\": null, \"was\": 1 }]")
        => [(PING, "/x-decisions/0/explains/0/was", ProblemKind::WrongType { expected: "a string", found: "number" })];
    rejects_two_decisions_of_one_name: {
        let one = r#"{ "id": "a-name", "about": ["/title"], "documented": "This.", "chosen": "That.", "reason": "So.", "state": "accepted" }"#;
        decisions(&format!("{one}, {one}"))
    } => [(PING, "/x-decisions/1", duplicate(Named::Decision, "a-name", "another decision of this file"))];

    // All of them.
    rejects_everything_that_is_wrong_at_once_in_the_order_of_the_files:
        note(r#""type": "string", "format": "date", "pattern": "x""#)
            .edit(PING, "\"required\": [\"note\"]", "\"required\": []")
            .common("b", "lower", r#""type": "string", "x-type": "id""#)
            .common("a", "A", r#""type": "string""#)
            .event(&Event::new("pong", "Pong").status("none"))
        => [("common/a.schema.json", "", ProblemKind::UnknownForm), ("common/b.schema.json", "/title", not_a_name(Named::Type, "lower")), (PING, "/properties/note", ProblemKind::Nullability(Nullability::OptionalAndNeverNull)), (PING, "/properties/note/format", keyword("format")), (PING, "/properties/note/pattern", keyword("pattern")), ("events/pong.schema.json", "/x-event/status", wrong_value("one of `available`, `wip`, `deprecated`", "none"))];
}

#[test]
fn each_text_names_file_place_fault_and_remedy() {
    let texts: Vec<_> = CASES
        .iter()
        .map(|case| format!("{}\n{}\n", case.name, (case.files)().problems()))
        .collect();
    insta::assert_snapshot!("texts", texts.join("\n"));
}

#[test]
fn no_remedy_repeats_what_is_wrong() {
    for case in CASES {
        for problem in (case.files)().problems().iter() {
            let (what, remedy) = (problem.kind.to_string(), problem.kind.remedy());
            assert!(!what.contains(&remedy) && !remedy.contains(&what), "{what}: {remedy}");
            let said = remedy.strip_prefix("write ").unwrap_or(&remedy);
            assert!(!what.contains(said), "{what}: {remedy}");
        }
    }
}

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

/// Every value of these files means something: one of another JSON type in its
/// place is never taken for nothing.
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
    let files = Files::base().event(&event).common("color", "Color", color);
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
        for pointer in pointers(&whole, "") {
            for other in
                [json!(null), json!(false), json!(7), json!(""), json!([7]), json!({ "x": 7 })]
            {
                let mut changed = whole.clone();
                let place =
                    changed.pointer_mut(&pointer).expect("the pointer is one of the file's");
                // What is absent may also be null in a copied record.
                if std::mem::discriminant(place) == std::mem::discriminant(&other)
                    || (other.is_null() && pointer.contains("/explains/"))
                {
                    continue;
                }
                *place = other;
                let files = files.clone().file(file, &changed.to_string());
                assert!(
                    SchemaSet::parse(files.list()).is_err(),
                    "{file}#{pointer}: {}",
                    changed.pointer(&pointer).expect("just set")
                );
            }
        }
    }
}

fn pointers(json: &Value, at: &str) -> Vec<String> {
    let inner: Vec<(String, &Value)> = match json {
        Value::Object(members) => members
            .iter()
            .map(|(name, value)| (name.replace('~', "~0").replace('/', "~1"), value))
            .collect(),
        Value::Array(elements) => {
            elements.iter().enumerate().map(|(at, value)| (at.to_string(), value)).collect()
        }
        _ => Vec::new(),
    };
    let below =
        inner.into_iter().flat_map(|(token, value)| pointers(value, &format!("{at}/{token}")));
    std::iter::once(at.to_owned()).chain(below).collect()
}

proptest! {
    // A case reads and generates everything there is.
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever the files hold, they are read or refused.
    #[test]
    fn any_files_are_read_or_refused(
        edits in proptest::collection::vec((any::<proptest::sample::Index>(), any::<proptest::sample::Index>(), any::<proptest::sample::Index>()), 1..6),
    ) {
        let mut files: Vec<(String, Value)> = corpus::schema_files()
            .into_iter()
            .map(|(file, text)| (file, serde_json::from_str(&text).expect("JSON")))
            .collect();
        for (file, from, to) in edits {
            // A part of one file, put into the place of another part.
            let file = file.index(files.len());
            let json = &mut files[file].1;
            let places = pointers(json, "");
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
        prop_assert!(SchemaSet::parse(files.chain([(file.to_owned(), bytes)])).is_err());
    }
}

#[test]
fn problems_do_not_depend_on_the_order_of_the_files() {
    for case in CASES {
        let mut files = (case.files)().list();
        files.reverse();
        let reversed = SchemaSet::parse(files).expect_err("the files are not in order");
        assert_eq!(reversed, (case.files)().problems(), "{}", case.name);
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
    let files = reference(&set, examples).unwrap_or_else(|error| panic!("{error}"));
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

/// The model is what tools other than the generator read.
#[test]
fn the_model_says_what_the_files_say() {
    let files = decision(r#""/x-event/name""#).edit(PING, "accepted", "unreviewed");
    let set = SchemaSet::parse(files.list()).expect("the files are in order");
    let event = set.model().event("PING").expect("the event is there");
    assert_eq!((event.module.as_str(), event.title.as_str()), ("ping", "Ping"));
    assert_eq!(event.decisions.len(), 1);
    assert_eq!(event.decisions[0].about, ["/x-event/name"]);
    assert!(!event.decisions[0].reviewed);
    assert_eq!(set.files().len(), Files::base().list().len());
}
