//! Recorded decisions, and several problems at once.

use spektr_codegen::{Named, Nullability, ProblemKind};
use spektr_tests::fixtures::{Event, PING};

use super::support::{
    cases, decision, decisions, duplicate, keyword, not_a_name, note, wrong_value,
};

cases! {
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

    rejects_everything_that_is_wrong_at_once_in_the_order_of_the_files:
        note(r#""type": "string", "format": "date", "pattern": "x""#)
            .edit(PING, "\"required\": [\"note\"]", "\"required\": []")
            .common("b", "lower", r#""type": "string", "x-type": "id""#)
            .common("a", "A", r#""type": "string""#)
            .event(&Event::new("pong", "Pong").status("none"))
        => [("common/a.schema.json", "", ProblemKind::UnknownForm), ("common/b.schema.json", "/title", not_a_name(Named::Type, "lower")), (PING, "/properties/note", ProblemKind::Nullability(Nullability::OptionalAndNeverNull)), (PING, "/properties/note/format", keyword("format")), (PING, "/properties/note/pattern", keyword("pattern")), ("events/pong.schema.json", "/x-event/status", wrong_value("one of `available`, `wip`, `deprecated`", "none"))];
}
