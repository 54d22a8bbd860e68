//! The envelopes and the batch.

use spektr_codegen::{Named, ProblemKind, RequiredFile};
use spektr_tests::fixtures::{BATCH, ENVELOPE, Event, Files, OTHER_ENVELOPE, PING};

use super::support::{cases, duplicate, keyword, note, with_keywords, wrong_value};

cases! {
    rejects_a_set_without_the_other_envelope_and_the_batch:
        Files::base().without(OTHER_ENVELOPE).without(BATCH)
        => [(BATCH, "", ProblemKind::MissingFile(RequiredFile::Batch)),
            (OTHER_ENVELOPE, "", ProblemKind::MissingFile(RequiredFile::EventTypeEnvelope))];
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
            "references to the two envelopes, the one with `type` first", "common/event_type_envelope.schema.json"))];
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
}
