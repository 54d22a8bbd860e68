//! Keywords that only events have.

use spektr_codegen::{Named, ProblemKind};
use spektr_tests::fixtures::{ENVELOPE, Event, Files, PING};

use super::support::{cases, duplicate, keyword, not_a_name, note, wrong_value};

cases! {
    rejects_an_event_whose_name_is_not_its_file_s:
        Files::base().edit(PING, "\"PING\", \"status\"", "\"PONG\", \"status\"")
        => [(PING, "/x-event/name", wrong_value("`PING`, from the file's name", "PONG"))];
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
}
