//! Names that become names in Rust, each once.

use spektr_codegen::{Named, ProblemKind};
use spektr_tests::fixtures::{Event, Files, PING};

use super::support::{cases, duplicate, not_a_name, note};

cases! {
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
}
