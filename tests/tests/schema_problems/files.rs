//! Keywords that every file must have, and files that must exist.

use spektr_codegen::{Named, ProblemKind, RequiredFile};
use spektr_tests::fixtures::{ENVELOPE, Files, PING};

use super::support::{cases, not_a_name, wrong_value};

cases! {
    rejects_a_file_that_is_not_json:
        Files::base().edit(PING, "\"title\"", "title")
        => [(PING, "", ProblemKind::NotJson("key must be a string at line 4 column 17".into()))];
    rejects_a_member_that_stands_twice:
        Files::base().edit(PING, "\"title\": \"Ping\",", "\"title\": \"Ping\", \"title\": \"Ping\",")
        => [(PING, "", ProblemKind::NotJson("repeated member `title` at line 4 column 48".into()))];
    rejects_a_file_with_a_byte_order_mark:
        Files::base().edit(PING, "{\n                \"$schema\"", "\u{feff}{\n                \"$schema\"")
        => [(PING, "", ProblemKind::NotJson("the file starts with a byte order mark".into()))];
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
        => [(ENVELOPE, "", ProblemKind::MissingFile(RequiredFile::TypeEnvelope))];
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
        => [(PING, "/x-source/captured", wrong_value("a date such as `2026-11-23`", "23.11.2026"))];
    rejects_a_date_that_is_none:
        Files::base().edit(PING, "2026-11-23", "2026-13-01")
        => [(PING, "/x-source/captured", wrong_value("a date such as `2026-11-23`", "2026-13-01"))];
}
