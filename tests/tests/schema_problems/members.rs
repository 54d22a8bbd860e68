//! Members and their types.

use spektr_codegen::{Named, Nullability, ProblemKind};
use spektr_tests::fixtures::{Event, Files, PING};

use super::support::{
    cases, duplicate, keyword, not_a_name, note, optional_note, two_objects, wrong_value,
};

cases! {
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
}
